// Vector ops that shift elements or count bits in them.
//
// Owns: their code. Must not know: floating point, saturating shifts.
#include "translator/x64/tier1_impl.hpp"

namespace pydbt::x64 {
namespace {

constexpr uint64_t kBytes = 0x0101010101010101;

// vgf2p8affineqb's matrix: bit n of a byte becomes what bit source(n) was, or 0 where that is none.
template <class Source>
uint64_t bit_matrix(Source source) {
    uint64_t matrix = 0;
    for (int n = 0; n < 8; n++) {
        int from = source(n);
        if (from >= 0 && from < 8) matrix |= uint64_t{1} << from << (7 - n) * 8;
    }
    return matrix;
}

}  // namespace

// ---- by a constant

void Compiler::vshift_imm(const Inst& i, Shift kind) {
    unsigned bits = 8u << i.size;
    auto n = static_cast<uint8_t>(i.imm);
    if (n >= bits) {
        if (kind != Shift::ashr) return emit_vzero(i);
        n = static_cast<uint8_t>(bits - 1);
    }
    Xmm a = use_x(i.args[0]);
    Xmm d = def_x(i);
    if (i.size == 0) return shift_bytes(kind, d, a, n);
    switch (kind) {
        case Shift::shl:
            i.size == 1   ? a_.vpsllw(d, a, n)
            : i.size == 2 ? a_.vpslld(d, a, n)
                          : a_.vpsllq(d, a, n);
            break;
        case Shift::lshr:
            i.size == 1   ? a_.vpsrlw(d, a, n)
            : i.size == 2 ? a_.vpsrld(d, a, n)
                          : a_.vpsrlq(d, a, n);
            break;
        default:
            i.size == 1   ? a_.vpsraw(d, a, n)
            : i.size == 2 ? a_.vpsrad(d, a, n)
                          : shift_quads(d, a, n);
            break;
    }
}

// x86 has none of bytes: a bit matrix, or words with the neighbour's bits masked off.
void Compiler::shift_bytes(Shift kind, Xmm d, Xmm a, uint8_t n) {
    bool left = kind == Shift::shl;
    if (host_.has(kHostGfni)) {
        uint64_t matrix = bit_matrix([&](int to) {
            int from = left ? to - n : to + n;
            return kind == Shift::ashr && from > 7 ? 7 : from;
        });
        return a_.vgf2p8affineqb(d, a, pool(matrix, matrix), 0);
    }
    uint64_t mask = (left ? (0xff << n & 0xff) : 0xff >> n) * kBytes;
    left ? a_.vpsllw(kScratch, a, n) : a_.vpsrlw(kScratch, a, n);
    a_.vpand(d, kScratch, pool(mask, mask));
    if (kind != Shift::ashr) return;
    // What was the sign is made one again: (x ^ m) - m.
    uint64_t sign = (uint64_t{0x80} >> n) * kBytes;
    a_.vpxor(d, d, pool(sign, sign));
    a_.vpsubb(d, d, pool(sign, sign));
}

// Arithmetic, of 64 bits.
void Compiler::shift_quads(Xmm d, Xmm a, uint8_t n) {
    if (avx512()) return a_.vpsraq(d, a, n);
    constexpr uint8_t kUpper = 0b1010, kUpperTwice = 0xf5;
    if (n < 32) {
        a_.vpsrad(kScratch, a, n);
        a_.vpsrlq(kScratch2, a, n);
        return a_.vpblendd(d, kScratch2, kScratch, kUpper);
    }
    a_.vpsrad(kScratch, a, static_cast<uint8_t>(n - 32));
    a_.vpshufd(kScratch, kScratch, kUpperTwice);
    a_.vpsrad(kScratch2, a, 31);
    a_.vpblendd(d, kScratch, kScratch2, kUpper);
}

void Compiler::emit_vshl(const Inst& i) { vshift_imm(i, Shift::shl); }
void Compiler::emit_vushr(const Inst& i) { vshift_imm(i, Shift::lshr); }
void Compiler::emit_vsshr(const Inst& i) { vshift_imm(i, Shift::ashr); }

// ---- by a register

// The amount is the low byte, signed: its magnitude, at most 128, both ways; right where it is
// negative. x86 takes all bits of an amount, and from the width on gives 0 (or the sign).
void Compiler::shift_by_lanes(const Inst& i, bool is_signed) {
    constexpr uint64_t kLow[] = {0, 0x00ff00ff00ff00ff, 0x000000ff000000ff, 0xff};
    if (i.size == 0) return shift_bytes_by_lanes(i, is_signed);
    if (i.size == 1 && !avx512()) return shift_words_by_lanes(i, is_signed);
    Xmm a = use_x(i.args[0]), b = use_x(i.args[1]);
    Xmm d = def_x(i), amounts = kScratch3, left = avx512() ? d : kScratch;
    a_.vpabsb(amounts, b);
    a_.vpand(amounts, amounts, pool(kLow[i.size], kLow[i.size]));
    switch (i.size) {
        case 1: a_.vpsllvw(left, a, amounts); break;
        case 2: a_.vpsllvd(left, a, amounts); break;
        default: a_.vpsllvq(left, a, amounts); break;
    }
    if (avx512()) {
        constexpr uint64_t kSigns[] = {0, 0x0080008000800080, 0x0000008000000080, 0x80};
        Mem signs = pool(kSigns[i.size], kSigns[i.size]);
        switch (i.size) {
            case 1: a_.vptestmw(Mask::k1, b, signs); break;
            case 2: a_.vptestmd(Mask::k1, b, signs); break;
            default: a_.vptestmq(Mask::k1, b, signs); break;
        }
        return shift_right_k1(i.size, is_signed, d, a, amounts);
    }
    Xmm right = amounts;
    if (i.size == 2) {
        is_signed ? a_.vpsravd(right, a, amounts) : a_.vpsrlvd(right, a, amounts);
        a_.vpslld(kScratch2, b, 24);
        return a_.vblendvps(d, left, right, kScratch2);
    }
    is_signed ? shift_quads_right(right, a, amounts) : a_.vpsrlvq(right, a, amounts);
    a_.vpsllq(kScratch2, b, 56);
    a_.vblendvpd(d, left, right, kScratch2);
}

void Compiler::shift_right_k1(unsigned size, bool is_signed, Xmm d, Xmm a, Xmm amounts) {
    switch (size) {
        case 1: return is_signed ? a_.vpsravw_k1(d, a, amounts) : a_.vpsrlvw_k1(d, a, amounts);
        case 2: return is_signed ? a_.vpsravd_k1(d, a, amounts) : a_.vpsrlvd_k1(d, a, amounts);
        default: return is_signed ? a_.vpsravq_k1(d, a, amounts) : a_.vpsrlvq_k1(d, a, amounts);
    }
}

// Arithmetic, without AVX-512: negative elements are turned round before and after.
void Compiler::shift_quads_right(Xmm d, Xmm a, Xmm amounts) {
    a_.vpxor(kScratch2, kScratch2, kScratch2);
    a_.vpcmpgtq(kScratch2, kScratch2, a);
    a_.vpxor(kMover, a, kScratch2);
    a_.vpsrlvq(kMover, kMover, amounts);
    a_.vpxor(d, kMover, kScratch2);
}

// The upper byte of a word that was shifted left by 8 more, or by none: amounts are limited to -8.
void Compiler::shift_bytes_by_lanes(const Inst& i, bool is_signed) {
    constexpr uint64_t kEight = 8 * kBytes;
    Xmm a = use_x(i.args[0]), b = use_x(i.args[1]);
    Xmm d = def_x(i);
    a_.vpaddsb(kScratch3, b, pool(kEight, kEight));
    a_.vpmaxsb(kScratch3, kScratch3, pool(0, 0));
    if (!avx512()) return shift_bytes_by_products(is_signed, d, a, kScratch3);
    a_.vpmovzxbw_y(kScratch3, kScratch3);
    is_signed ? a_.vpmovsxbw_y(kScratch2, a) : a_.vpmovzxbw_y(kScratch2, a);
    a_.vpsllvw_y(kScratch2, kScratch2, kScratch3);
    a_.vpsrlw_y(kScratch2, kScratch2, 8);
    a_.vpmovwb_y(d, kScratch2);
}

// The same by products with powers of 2, whose bytes vpshufb has; 0 from 2^16 on. b is kScratch3.
void Compiler::shift_bytes_by_products(bool is_signed, Xmm d, Xmm a, Xmm b) {
    constexpr uint64_t kPowers = 0x8040201008040201, kBeyond = 0x7070707070707070;
    a_.vpaddusb(b, b, pool(kBeyond, kBeyond));
    a_.vmovaps(kScratch, pool(kPowers, 0));
    a_.vpshufb(kScratch, kScratch, b);
    a_.vmovaps(kScratch2, pool(0, kPowers));
    a_.vpshufb(kScratch2, kScratch2, b);
    a_.vpunpckhbw(kScratch3, kScratch, kScratch2);
    a_.vpunpcklbw(kScratch, kScratch, kScratch2);
    auto product = [&](Xmm factors, Xmm bytes) {
        is_signed ? a_.vpmovsxbw(kScratch2, bytes) : a_.vpmovzxbw(kScratch2, bytes);
        a_.vpmullw(factors, factors, kScratch2);
        a_.vpsrlw(factors, factors, 8);
    };
    product(kScratch, a);
    a_.vpsrldq(kScratch2, a, 8);
    product(kScratch3, kScratch2);
    a_.vpackuswb(d, kScratch, kScratch3);
}

// As bytes, in doublewords.
void Compiler::shift_words_by_lanes(const Inst& i, bool is_signed) {
    constexpr uint64_t kSixteen = 0x0010001000100010;
    Xmm a = use_x(i.args[0]), b = use_x(i.args[1]);
    Xmm d = def_x(i);
    a_.vpsllw(kScratch, b, 8);
    a_.vpsraw(kScratch, kScratch, 8);
    a_.vpaddw(kScratch, kScratch, pool(kSixteen, kSixteen));
    a_.vpmaxsw(kScratch, kScratch, pool(0, 0));
    a_.vpmovzxwd_y(kScratch, kScratch);
    is_signed ? a_.vpmovsxwd_y(kScratch2, a) : a_.vpmovzxwd_y(kScratch2, a);
    a_.vpsllvd_y(kScratch2, kScratch2, kScratch);
    a_.vpsrld_y(kScratch2, kScratch2, 16);
    a_.vextracti128(kScratch, kScratch2, 1);
    a_.vpackusdw(d, kScratch2, kScratch);
}

void Compiler::emit_vushl(const Inst& i) { shift_by_lanes(i, false); }
void Compiler::emit_vsshl(const Inst& i) { shift_by_lanes(i, true); }

// ---- counts

// Bits of each nibble by table.
void Compiler::emit_vcnt(const Inst& i) {
    Xmm a = use_x(i.args[0]);
    Xmm d = def_x(i);
    if (host_.has(kHostAvx512 | kHostAvx512Bitalg)) return a_.vpopcntb(d, a);
    constexpr uint64_t kLow = 0x0f * kBytes;
    a_.vmovaps(kScratch, pool(kLow, kLow));
    a_.vmovaps(kScratch2, pool(0x0302020102010100, 0x0403030203020201));
    a_.vpand(kScratch3, a, kScratch);
    a_.vpsrlw(d, a, 4);
    a_.vpand(d, d, kScratch);
    a_.vpshufb(kScratch3, kScratch2, kScratch3);
    a_.vpshufb(d, kScratch2, d);
    a_.vpaddb(d, d, kScratch3);
}

// A bit matrix, or each nibble by table.
void Compiler::emit_vrbit(const Inst& i) {
    Xmm a = use_x(i.args[0]);
    Xmm d = def_x(i);
    if (host_.has(kHostGfni)) {
        uint64_t matrix = bit_matrix([](int to) { return 7 - to; });
        return a_.vgf2p8affineqb(d, a, pool(matrix, matrix), 0);
    }
    constexpr uint64_t kLow = 0x0f * kBytes, kTable[] = {0xe060a020c0408000, 0xf070b030d0509010};
    a_.vmovaps(kScratch, pool(kLow, kLow));
    a_.vpand(kScratch2, a, kScratch);
    a_.vpandn(kScratch, kScratch, a);
    a_.vpsrlw(kScratch, kScratch, 4);
    a_.vmovaps(kScratch3, pool(kTable[0], kTable[1]));
    a_.vpshufb(kScratch2, kScratch3, kScratch2);
    a_.vmovaps(kScratch3, pool(kTable[0] >> 4 & kLow, kTable[1] >> 4 & kLow));
    a_.vpshufb(kScratch, kScratch3, kScratch);
    a_.vpor(d, kScratch, kScratch2);
}

// By a table of nibbles; then the count of a low half is added where the high half is all zeros.
void Compiler::emit_vclz(const Inst& i) {
    if (i.size == 3 && !avx512()) return by_helper(i);
    Xmm a = use_x(i.args[0]);
    Xmm d = def_x(i);
    if (i.size == 3) return a_.vplzcntq(d, a);
    if (i.size == 2 && avx512()) return a_.vplzcntd(d, a);
    constexpr uint64_t kLow = 0x0f * kBytes;
    a_.vmovaps(kScratch, pool(kLow, kLow));
    a_.vmovaps(kScratch2, pool(0x0101010102020304, 0));
    a_.vpsrlw(kScratch3, a, 4);
    a_.vpand(kScratch3, kScratch3, kScratch);  // high nibbles
    a_.vpand(d, a, kScratch);
    a_.vpshufb(d, kScratch2, d);
    a_.vpxor(kScratch, kScratch, kScratch);
    a_.vpcmpeqb(kScratch, kScratch3, kScratch);
    a_.vpand(d, d, kScratch);
    a_.vpshufb(kScratch3, kScratch2, kScratch3);
    a_.vpaddb(d, d, kScratch3);
    for (unsigned size = 1; size <= i.size; size++) {
        // In each element: high half + (high half == its width ? low half : 0).
        auto half = static_cast<uint8_t>(4u << size);
        uint64_t width = size == 1 ? 0x0008000800080008 : 0x0000001000000010;
        if (size == 1) {
            a_.vpsrlw(kScratch, d, half);
            a_.vpcmpeqw(kScratch2, kScratch, pool(width, width));
            a_.vpsllw(d, d, half);
            a_.vpsrlw(d, d, half);
        } else {
            a_.vpsrld(kScratch, d, half);
            a_.vpcmpeqd(kScratch2, kScratch, pool(width, width));
            a_.vpslld(d, d, half);
            a_.vpsrld(d, d, half);
        }
        a_.vpand(d, d, kScratch2);
        a_.vpaddd(d, d, kScratch);
    }
}

}  // namespace pydbt::x64
