#include "translator/ir/eval.hpp"

namespace pydbt::ir {
namespace {

uint64_t mask_of(unsigned width) { return width >= 64 ? ~uint64_t{0} : (uint64_t{1} << width) - 1; }

int64_t sign_extend(uint64_t a, unsigned width) {
    unsigned shift = 64 - width;
    return static_cast<int64_t>(a << shift) >> shift;
}

uint64_t divide(uint64_t a, uint64_t b, unsigned width) {
    int64_t x = sign_extend(a, width), y = sign_extend(b, width);
    if (y == 0) return 0;
    if (y == -1) return uint64_t{0} - a;  // also the case that overflows
    return static_cast<uint64_t>(x / y);
}

uint64_t rotate_right(uint64_t a, unsigned n, unsigned width) {
    if (n == 0) return a;
    return a >> n | a << (width - n);
}

uint64_t reverse_bits(uint64_t a) {
    a = (a >> 1 & 0x5555555555555555u) | (a & 0x5555555555555555u) << 1;
    a = (a >> 2 & 0x3333333333333333u) | (a & 0x3333333333333333u) << 2;
    a = (a >> 4 & 0x0f0f0f0f0f0f0f0fu) | (a & 0x0f0f0f0f0f0f0f0fu) << 4;
    return __builtin_bswap64(a);
}

uint64_t reverse16(uint64_t a) {
    return (a >> 8 & 0x00ff00ff00ff00ffu) | (a & 0x00ff00ff00ff00ffu) << 8;
}

uint64_t crc(uint32_t acc, uint64_t value, unsigned size, uint32_t polynomial) {
    acc ^= static_cast<uint32_t>(value & mask_of(std::min(32u, 8u << size)));
    unsigned bits = 8u << size;
    for (unsigned i = 0; i < bits; i++) {
        if (i == 32) acc ^= static_cast<uint32_t>(value >> 32);
        acc = acc >> 1 ^ (polynomial & (0u - (acc & 1)));
    }
    return acc;
}

uint64_t high_signed(uint64_t a, uint64_t b) {
    __extension__ using Wide = __int128;
    return static_cast<uint64_t>(Wide{static_cast<int64_t>(a)} * static_cast<int64_t>(b) >> 64);
}

uint64_t high_unsigned(uint64_t a, uint64_t b) {
    __extension__ using Wide = unsigned __int128;
    return static_cast<uint64_t>(Wide{a} * b >> 64);
}

}  // namespace

uint32_t add_nzcv(uint64_t a, uint64_t b, uint32_t carry_in, unsigned width) {
    uint64_t mask = mask_of(width);
    a &= mask;
    b &= mask;
    uint64_t sum = (a + b + carry_in) & mask;
    uint64_t carries = (a & b) | ((a | b) & ~sum);
    uint64_t overflow = (a ^ sum) & (b ^ sum);
    auto top = [&](uint64_t v) { return static_cast<uint32_t>(v >> (width - 1) & 1); };
    return top(sum) << 3 | uint32_t{sum == 0} << 2 | top(carries) << 1 | top(overflow);
}

uint32_t logic_nzcv(uint64_t a, unsigned width) {
    a &= mask_of(width);
    return static_cast<uint32_t>(a >> (width - 1)) << 3 | uint32_t{a == 0} << 2;
}

bool holds(Cond cc, uint32_t nzcv) {
    bool n = (nzcv & 8) != 0, z = (nzcv & 4) != 0, c = (nzcv & 2) != 0, v = (nzcv & 1) != 0;
    bool base = true;
    switch (static_cast<unsigned>(cc) >> 1) {
        case 0: base = z; break;
        case 1: base = c; break;
        case 2: base = n; break;
        case 3: base = v; break;
        case 4: base = c && !z; break;
        case 5: base = n == v; break;
        case 6: base = n == v && !z; break;
        default: return true;
    }
    return base != ((static_cast<unsigned>(cc) & 1) != 0);
}

bool evaluate(const Inst& i, unsigned w, uint64_t a, uint64_t b, uint64_t c, uint64_t& out) {
    uint64_t mask = mask_of(w);
    auto amount = static_cast<unsigned>(b & (w - 1));
    auto lsb = static_cast<unsigned>(i.imm & 0xff);
    auto field = static_cast<unsigned>(i.imm >> 8 & 0xff);
    auto carry = static_cast<uint32_t>(c >> 1 & 1);
    switch (i.op) {
        case Op::add: out = a + b; break;
        case Op::sub: out = a - b; break;
        case Op::mul: out = a * b; break;
        case Op::mulhu: out = high_unsigned(a, b); break;
        case Op::mulhs: out = high_signed(a, b); break;
        case Op::udiv: out = b == 0 ? 0 : a / b; break;
        case Op::sdiv: out = divide(a, b, w); break;
        case Op::and_: out = a & b; break;
        case Op::or_: out = a | b; break;
        case Op::xor_: out = a ^ b; break;
        case Op::andc: out = a & ~b; break;
        case Op::orc: out = a | ~b; break;
        case Op::not_: out = ~a; break;
        case Op::neg: out = uint64_t{0} - a; break;
        case Op::shl: out = a << amount; break;
        case Op::lshr: out = a >> amount; break;
        case Op::ashr: out = static_cast<uint64_t>(sign_extend(a, w) >> amount); break;
        case Op::ror: out = rotate_right(a, amount, w); break;
        case Op::clz: out = static_cast<unsigned>(std::countl_zero(a)) - (64 - w); break;
        case Op::cls: {
            int64_t x = sign_extend(a, w);
            out = static_cast<unsigned>(std::countl_zero(static_cast<uint64_t>(x < 0 ? ~x : x))) -
                  (64 - w) - 1;
            break;
        }
        case Op::ctz: out = a == 0 ? w : static_cast<unsigned>(std::countr_zero(a)); break;
        case Op::popcnt: out = static_cast<unsigned>(std::popcount(a)); break;
        case Op::rbit: out = reverse_bits(a) >> (64 - w); break;
        case Op::bswap: out = __builtin_bswap64(a) >> (64 - w); break;
        case Op::rev16: out = reverse16(a); break;
        case Op::rev32: out = std::rotl(__builtin_bswap64(a), 32); break;
        case Op::extr: out = lsb == 0 ? b : b >> lsb | a << (w - lsb); break;
        case Op::ubfx: out = a >> lsb & mask_of(field); break;
        case Op::sbfx: out = static_cast<uint64_t>(sign_extend(a >> lsb, field)); break;
        case Op::bfi: {
            uint64_t m = mask_of(field) << lsb;
            out = (a & ~m) | (b << lsb & m);
            break;
        }
        case Op::trunc: out = static_cast<uint32_t>(a); return true;
        case Op::zext: out = a; return true;
        case Op::sext: out = static_cast<uint64_t>(sign_extend(a, 32)); return true;
        case Op::crc32: out = crc(static_cast<uint32_t>(a), b, i.size, 0xedb88320); return true;
        case Op::crc32c: out = crc(static_cast<uint32_t>(a), b, i.size, 0x82f63b78); return true;
        case Op::adc: out = a + b + carry; break;
        case Op::sbc: out = a + ~b + carry; break;
        case Op::add_flags: out = add_nzcv(a, b, 0, w); return true;
        case Op::sub_flags: out = add_nzcv(a, ~b, 1, w); return true;
        case Op::adc_flags: out = add_nzcv(a, b, carry, w); return true;
        case Op::sbc_flags: out = add_nzcv(a, ~b, carry, w); return true;
        case Op::and_flags: out = logic_nzcv(a & b, w); return true;
        case Op::flags_from_nzcv: out = a >> 28 & 15; return true;
        case Op::nzcv_from_flags: out = a << 28; return true;
        default: return false;
    }
    out &= mask;
    return true;
}

}  // namespace pydbt::ir
