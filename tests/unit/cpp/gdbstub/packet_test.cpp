// Packets in a stream: framing, escapes, damage; numbers that are no numbers.
#include "translator/gdbstub/packet.hpp"

#include "tests/unit/cpp/testing.hpp"

namespace {

using namespace pydbt::gdbstub;
using Item = PacketReader::Item;

TEST(a_packet_comes_in_any_pieces) {
    std::string bytes = "+" + frame("vCont;c");
    PacketReader reader;
    std::string payload;
    Item last = Item::nothing;
    for (char c : bytes) {
        reader.feed({&c, 1});
        while (true) {
            Item item = reader.next(payload);
            if (item == Item::nothing) break;
            last = item;
        }
    }
    CHECK_EQ(last, Item::packet);
    CHECK_EQ(payload, std::string("vCont;c"));
}

TEST(every_byte_goes_through) {
    std::string all;
    for (int n = 0; n < 256; n++) all.push_back(static_cast<char>(n));
    PacketReader reader;
    reader.feed(frame(all));
    std::string payload;
    CHECK_EQ(reader.next(payload), Item::packet);
    CHECK_EQ(payload, all);
    CHECK_EQ(reader.next(payload), Item::nothing);
}

TEST(damaged_packets_are_told_apart) {
    PacketReader reader;
    std::string payload;
    reader.feed("$g#68");
    CHECK_EQ(reader.next(payload), Item::damaged);
    reader.feed("$g#zz");
    CHECK_EQ(reader.next(payload), Item::damaged);
    reader.feed(frame(std::string(kMostPacket + 1, 'a')));
    CHECK_EQ(reader.next(payload), Item::damaged);
    reader.feed(frame(std::string(kMostPacket, 'a')));
    CHECK_EQ(reader.next(payload), Item::packet);
    reader.feed("noise$g#67");
    CHECK_EQ(reader.next(payload), Item::packet);
    reader.feed("-\x03");
    CHECK_EQ(reader.next(payload), Item::refused);
    CHECK_EQ(reader.next(payload), Item::interrupt);
}

TEST(numbers_are_checked) {
    uint64_t value;
    CHECK_EQ(Cursor("ffffffffffffffff").number(value), true);
    CHECK_EQ(value, ~uint64_t{0});
    CHECK_EQ(Cursor("10000000000000000").number(value), false);
    CHECK_EQ(Cursor("").number(value), false);
    CHECK_EQ(Cursor("-1").number(value), false);
    std::string bytes;
    CHECK_EQ(Cursor("00fF").bytes(bytes), true);
    CHECK_EQ(bytes, std::string("\x00\xff", 2));
    CHECK_EQ(Cursor("0").bytes(bytes), false);
    CHECK_EQ(Cursor("0g").bytes(bytes), false);
}

TEST(numbers_are_written) {
    std::string text;
    append_hex(text, 0);
    append_hex(text, 0x1230);
    append_hex(text, ~uint64_t{0});
    CHECK_EQ(text, std::string("01230ffffffffffffffff"));
}

}  // namespace
