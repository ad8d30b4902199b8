#include "translator/x64/assembler.hpp"

namespace pydbt::x64 {
namespace {

// Longer than the longest instruction with its alignment padding.
constexpr size_t kSlack = 32;

// The recommended multi-byte NOPs (Intel SDM volume 2B, NOP).
constexpr uint8_t kNops[9][9] = {
    {0x90},
    {0x66, 0x90},
    {0x0f, 0x1f, 0x00},
    {0x0f, 0x1f, 0x40, 0x00},
    {0x0f, 0x1f, 0x44, 0x00, 0x00},
    {0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00},
    {0x0f, 0x1f, 0x80, 0x00, 0x00, 0x00, 0x00},
    {0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00},
    {0x66, 0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00},
};

// A field waiting for its label holds the previous one + 1 and, in the low bits, how many bytes of
// the instruction follow the field.
constexpr unsigned kTailBits = 3;

}  // namespace

void AssemblerBase::start(uint8_t* begin, size_t size) {
    begin_ = p_ = begin;
    overflowed_ = false;
    if (size < 2 * kSlack) {
        begin_ = p_ = scratch_;
        size = sizeof scratch_;
        overflowed_ = true;
    }
    limit_ = begin_ + size - kSlack;
}

void AssemblerBase::overflow() {
    overflowed_ = true;
    p_ = begin_;
}

void AssemblerBase::nop(unsigned bytes) {
    while (bytes != 0) {
        unsigned n = bytes < 9 ? bytes : 9;
        room();
        std::memcpy(p_, kNops[n - 1], n);
        p_ += n;
        bytes -= n;
    }
}

void AssemblerBase::align(uint32_t n) { nop(-offset() & (n - 1)); }

void AssemblerBase::resolve(uint32_t field, uint32_t target, unsigned tail) {
    uint32_t rel = target - (field + 4 + tail);
    std::memcpy(begin_ + field, &rel, 4);
}

void AssemblerBase::bind(Label& label) {
    label.at = offset();
    if (overflowed_) return;  // the chains may be broken
    for (uint32_t link = label.pending; link != 0;) {
        uint32_t field = (link >> kTailBits) - 1;
        unsigned tail = link & ((1u << kTailBits) - 1);
        std::memcpy(&link, begin_ + field, 4);
        resolve(field, label.at, tail);
    }
    for (uint32_t link = label.pending_short; link != 0;) {
        uint32_t field = link - 1;
        uint32_t back = begin_[field];
        link = back == 0 ? 0 : link - back;
        begin_[field] = static_cast<uint8_t>(label.at - (field + 1));
    }
    label.pending = label.pending_short = 0;
}

void AssemblerBase::reference(Label& label, unsigned tail) {
    uint32_t field = offset();
    if (label.bound()) {
        put32(0);
        resolve(field, label.at, tail);
    } else {
        put32(label.pending);
        label.pending = (field + 1) << kTailBits | tail;
    }
}

void AssemblerBase::refer(uint32_t field, Label& label) {
    if (overflowed_) return;
    if (label.bound()) {
        resolve(field, label.at, 0);
    } else {
        std::memcpy(begin_ + field, &label.pending, 4);
        label.pending = (field + 1) << kTailBits;
    }
}

void AssemblerBase::jump(unsigned op, unsigned short_op, Label& label) {
    room();
    if (short_op != 0 && label.bound()) {
        int64_t rel = int64_t{label.at} - (offset() + 2);
        if (fits8(rel)) {
            put(short_op);
            put(static_cast<uint8_t>(rel));
            return;
        }
    }
    if (op < 0x90) put(0x0f);
    put(op);
    reference(label, 0);
}

void AssemblerBase::jump_short(unsigned op, Label& label) {
    room();
    put(op);
    uint32_t field = offset();
    if (label.bound()) {
        put(static_cast<uint8_t>(label.at - (field + 1)));
        return;
    }
    uint32_t back = label.pending_short == 0 ? 0 : field + 1 - label.pending_short;
    put(static_cast<uint8_t>(back));
    label.pending_short = field + 1;
}

uint32_t AssemblerBase::patchable(unsigned opcode_bytes, unsigned op0, unsigned op1) {
    nop((0u - (offset() + opcode_bytes)) & 3);
    room();
    put(op0);
    if (opcode_bytes == 2) put(op1);
    uint32_t field = offset();
    put32(0);
    return field;
}

uint32_t AssemblerBase::jmp_rel32() { return patchable(1, 0xe9, 0); }
uint32_t AssemblerBase::call_rel32() { return patchable(1, 0xe8, 0); }
uint32_t AssemblerBase::jcc_rel32(Cond cc) { return patchable(2, 0x0f, 0x80 | code(cc)); }

void AssemblerBase::setcc(Cond cc, Gp d) {
    room();
    legacy(0, 1, false, 0x90 | code(cc), 0, d, num(d) >= 4);
}
void AssemblerBase::setcc(Cond cc, const Mem& d) {
    room();
    legacy(0, 1, false, 0x90 | code(cc), 0, d);
}
void AssemblerBase::cmovcc(Size size, Cond cc, Gp d, Gp s) {
    room();
    legacy(size == Size::b16 ? 1 : 0, 1, size == Size::b64, 0x40 | code(cc), num(d), s);
}
void AssemblerBase::cmovcc(Size size, Cond cc, Gp d, const Mem& s) {
    room();
    legacy(size == Size::b16 ? 1 : 0, 1, size == Size::b64, 0x40 | code(cc), num(d), s);
}

uint32_t AssemblerBase::mov_imm64(Gp d, uint64_t v) {
    room();
    put(0x48 | num(d) >> 3);
    put(0xb8 | (num(d) & 7));
    uint32_t field = offset();
    put64(v);
    return field;
}

void AssemblerBase::mov_imm(Gp d, uint64_t v) {
    room();
    if (v <= 0xffffffffu) {
        if (num(d) >= 8) put(0x41);
        put(0xb8 | (num(d) & 7));
        put32(static_cast<uint32_t>(v));
    } else if (static_cast<int64_t>(v) == static_cast<int32_t>(v)) {
        put(0x48 | num(d) >> 3);
        put(0xc7);
        put(0xc0 | (num(d) & 7));
        put32(static_cast<uint32_t>(v));
    } else {
        mov_imm64(d, v);
    }
}

void AssemblerBase::modrm(unsigned reg, const Mem& m, unsigned tail, unsigned unit) {
    constexpr unsigned kSib = 4, kDisp32 = 5;
    reg <<= 3;
    if (m.label != nullptr) {
        put(reg | kDisp32);
        reference(*m.label, tail);
        return;
    }
    unsigned index = m.index == Gp::none ? 4 : num(m.index) & 7;
    if (m.base == Gp::none) {
        put(reg | kSib);
        put(unsigned{m.scale} << 6 | index << 3 | kDisp32);
        put32(static_cast<uint32_t>(m.disp));
        return;
    }
    unsigned base = num(m.base) & 7;
    bool sib = m.index != Gp::none || base == 4;
    bool short_disp = (m.disp & ((1 << unit) - 1)) == 0 && fits8(m.disp >> unit);
    unsigned mode = m.disp == 0 && base != 5 ? 0 : short_disp ? 0x40 : 0x80;
    put(mode | reg | (sib ? kSib : base));
    if (sib) put(unsigned{m.scale} << 6 | index << 3 | base);
    if (mode == 0x40) put(static_cast<uint8_t>(m.disp >> unit));
    if (mode == 0x80) put32(static_cast<uint32_t>(m.disp));
}

}  // namespace pydbt::x64
