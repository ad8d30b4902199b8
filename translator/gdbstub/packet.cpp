#include "translator/gdbstub/packet.hpp"

namespace pydbt::gdbstub {
namespace {

constexpr char kEscape = '}', kEscapeBit = 0x20, kInterrupt = 3;
constexpr char kDigits[] = "0123456789abcdef";

int digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

}  // namespace

PacketReader::Item PacketReader::take(char byte, std::string& payload) {
    switch (state_) {
        case State::outside:
            if (byte == '+') return Item::acknowledged;
            if (byte == '-') return Item::refused;
            if (byte == kInterrupt) return Item::interrupt;
            if (byte != '$') return Item::nothing;
            state_ = State::inside;
            packet_.clear();
            sum_ = 0;
            too_long_ = false;
            return Item::nothing;
        case State::inside:
        case State::escaped:
            if (byte == '#') {
                state_ = State::first_digit;
                return Item::nothing;
            }
            sum_ = static_cast<uint8_t>(sum_ + static_cast<uint8_t>(byte));
            if (state_ == State::inside && byte == kEscape) {
                state_ = State::escaped;
                return Item::nothing;
            }
            if (state_ == State::escaped) byte ^= kEscapeBit;
            state_ = State::inside;
            if (packet_.size() == kMostPacket) {
                too_long_ = true;
            } else {
                packet_.push_back(byte);
            }
            return Item::nothing;
        case State::first_digit:
            digit_ = static_cast<uint8_t>(digit(byte));
            state_ = State::second_digit;
            return Item::nothing;
        case State::second_digit: {
            state_ = State::outside;
            int sum = digit_ > 15 || digit(byte) < 0 ? -1 : digit_ * 16 + digit(byte);
            if (too_long_ || sum != sum_) return Item::damaged;
            payload = packet_;
            return Item::packet;
        }
    }
    return Item::nothing;
}

PacketReader::Item PacketReader::next(std::string& payload) {
    size_t at = 0;
    Item item = Item::nothing;
    while (item == Item::nothing && at < waiting_.size()) item = take(waiting_[at++], payload);
    waiting_.erase(0, at);
    return item;
}

std::string frame(std::string_view payload) {
    std::string text = "$";
    uint8_t sum = 0;
    auto add = [&](char c) {
        text.push_back(c);
        sum = static_cast<uint8_t>(sum + static_cast<uint8_t>(c));
    };
    for (char c : payload) {
        // A star would be read as a count of repetitions.
        if (c == '$' || c == '#' || c == kEscape || c == '*') {
            add(kEscape);
            c ^= kEscapeBit;
        }
        add(c);
    }
    text.push_back('#');
    text.push_back(kDigits[sum >> 4]);
    text.push_back(kDigits[sum & 15]);
    return text;
}

void append_hex(std::string& text, uint64_t value) {
    int shift = 60;
    while (shift > 0 && value >> shift == 0) shift -= 4;
    for (; shift >= 0; shift -= 4) text.push_back(kDigits[value >> shift & 15]);
}

void append_hex_bytes(std::string& text, std::string_view bytes) {
    for (char c : bytes) {
        text.push_back(kDigits[static_cast<uint8_t>(c) >> 4]);
        text.push_back(kDigits[c & 15]);
    }
}

std::string hex_bytes(std::string_view bytes) {
    std::string text;
    append_hex_bytes(text, bytes);
    return text;
}

bool Cursor::skip(std::string_view prefix) {
    if (!text_.starts_with(prefix)) return false;
    text_.remove_prefix(prefix.size());
    return true;
}

bool Cursor::number(uint64_t& value) {
    constexpr size_t kMostDigits = 16;
    size_t n = 0;
    value = 0;
    while (n < text_.size() && digit(text_[n]) >= 0) {
        if (n == kMostDigits) return false;
        value = value << 4 | static_cast<uint64_t>(digit(text_[n++]));
    }
    text_.remove_prefix(n);
    return n != 0;
}

std::string_view Cursor::until(char separator) {
    size_t n = text_.find(separator);
    std::string_view part = text_.substr(0, n);
    text_.remove_prefix(n == std::string_view::npos ? text_.size() : n + 1);
    return part;
}

bool from_hex(std::string_view text, std::string& out) {
    if (text.size() % 2 != 0) return false;
    out.clear();
    out.reserve(text.size() / 2);
    for (size_t n = 0; n < text.size(); n += 2) {
        int high = digit(text[n]), low = digit(text[n + 1]);
        if (high < 0 || low < 0) return false;
        out.push_back(static_cast<char>(high << 4 | low));
    }
    return true;
}

bool Cursor::bytes(std::string& out) const { return from_hex(text_, out); }

}  // namespace pydbt::gdbstub
