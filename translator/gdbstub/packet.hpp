// GDB's remote protocol below its commands: packets in a stream of bytes, numbers in a packet.
//
// Owns: framing, checksums, escapes, checked parsing. Must not know: any command.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace pydbt::gdbstub {

/// What a client may send in one packet, and what we answer in one.
inline constexpr size_t kMostPacket = 0x8000;

/// Cuts what comes from the client into packets.
class PacketReader {
   public:
    enum class Item : uint8_t { nothing, packet, damaged, acknowledged, refused, interrupt };

    void feed(std::string_view bytes) { waiting_.append(bytes); }
    /// The next item in what was fed; `payload` is a packet's, without escapes. One that is longer
    /// than kMostPacket, or whose checksum is wrong, is damaged.
    Item next(std::string& payload);

   private:
    enum class State : uint8_t { outside, inside, escaped, first_digit, second_digit };
    Item take(char byte, std::string& payload);

    std::string waiting_;
    State state_ = State::outside;
    std::string packet_;
    bool too_long_ = false;
    uint8_t sum_ = 0, digit_ = 0;
};

/// A packet around a payload.
std::string frame(std::string_view payload);

void append_hex(std::string& text, uint64_t value);
void append_hex_bytes(std::string& text, std::string_view bytes);
std::string hex_bytes(std::string_view bytes);

/// Reads a packet from its start to its end; nothing is read that is not there.
class Cursor {
   public:
    explicit Cursor(std::string_view text) : text_(text) {}

    bool at_end() const { return text_.empty(); }
    /// Takes a prefix if it is there.
    bool skip(std::string_view prefix);
    /// A hexadecimal number of at most 64 bits.
    bool number(uint64_t& value);
    /// Everything before the separator, which is taken too, or the rest.
    std::string_view until(char separator);
    std::string_view rest() const { return text_; }
    /// The rest as pairs of hexadecimal digits. False when it is something else.
    bool bytes(std::string& out) const;

   private:
    std::string_view text_;
};

bool from_hex(std::string_view text, std::string& out);

}  // namespace pydbt::gdbstub
