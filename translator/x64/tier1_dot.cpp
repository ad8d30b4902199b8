// Dot products of bytes, products of polynomials over GF(2), logic of three operands, rotations.
//
// Owns: their code. Must not know: why guests want them.
#include "translator/x64/tier1_impl.hpp"

namespace pydbt::x64 {

namespace {

constexpr uint64_t kSigns = 0x8080808080808080;

}  // namespace

// vpdpbusd multiplies unsigned bytes by signed ones. An operand of the other signedness is moved by
// 128, and 128 times the sum of the other operand's bytes is taken off again.
void Compiler::dot_vnni(const Inst& i) {
    Xmm a = use_x(i.args[1]), b = use_x(i.args[2]);
    Xmm d = def_from_x(i, i.args[0]);
    if (i.op == Op::vusdot) return a_.vpdpbusd(d, a, b);
    a_.vpxor(kScratch2, kScratch2, kScratch2);
    if (i.op == Op::vsdot) {
        a_.vmovaps(kScratch3, pool(kSigns, kSigns));
        a_.vpxor(kScratch, a, kScratch3);
        a_.vpdpbusd(d, kScratch, b);
        a_.vpdpbusd(kScratch2, kScratch3, b);
        a_.vpsubd(d, d, kScratch2);
    } else {
        a_.vpxor(kScratch, b, pool(kSigns, kSigns));
        a_.vpdpbusd(d, a, kScratch);
        a_.vpdpbusd(kScratch2, a, pool(kSigns, kSigns));  // by -128
        a_.vpsubd(d, d, kScratch2);
    }
}

void Compiler::even_bytes(Xmm d, Xmm s, bool is_signed) {
    constexpr uint64_t kLow = 0x00ff00ff00ff00ff;
    if (!is_signed) return a_.vpand(d, s, pool(kLow, kLow));
    a_.vpsllw(d, s, 8);
    a_.vpsraw(d, d, 8);
}
void Compiler::odd_bytes(Xmm d, Xmm s, bool is_signed) {
    is_signed ? a_.vpsraw(d, s, 8) : a_.vpsrlw(d, s, 8);
}

// Even and odd bytes as words, whose products vpmaddwd adds in pairs.
void Compiler::dot_words(const Inst& i) {
    Xmm acc = use_x(i.args[0]), a = use_x(i.args[1]), b = use_x(i.args[2]);
    bool a_signed = i.op == Op::vsdot, b_signed = i.op != Op::vudot;
    even_bytes(kScratch, a, a_signed);
    even_bytes(kScratch2, b, b_signed);
    a_.vpmaddwd(kScratch, kScratch, kScratch2);
    odd_bytes(kScratch2, a, a_signed);
    odd_bytes(kScratch3, b, b_signed);
    a_.vpmaddwd(kScratch2, kScratch2, kScratch3);
    a_.vpaddd(kScratch, kScratch, kScratch2);
    a_.vpaddd(def_x(i), acc, kScratch);
}

#define PYDBT_DOT(name)                                                        \
    void Compiler::emit_##name(const Inst& i) {                                \
        host_.has(kHostAvx512 | kHostAvx512Vnni) ? dot_vnni(i) : dot_words(i); \
    }
PYDBT_DOT(vsdot)
PYDBT_DOT(vudot)
PYDBT_DOT(vusdot)

// ---- polynomials

// Integer products of operands with holes: of three bits at most one is set, so that sums of up to
// three products do not reach the next place that counts. There are nine products of a third of
// one byte with a third of the other; those of a class of places are combined and masked.
void Compiler::emit_vpmull8(const Inst& i) {
    constexpr uint64_t kThirds[] = {0x49, 0x92, 0x24};        // places 0, 1 and 2 modulo 3
    constexpr uint64_t kPlaces[] = {0x9249, 0x2492, 0x4924};  // of the 16-bit product
    constexpr uint64_t kWords = 0x0001000100010001;
    auto all = [&](uint64_t word) { return pool(word * kWords, word * kWords); };
    Xmm a = use_x(i.args[0]), b = use_x(i.args[1]);
    Xmm d = alloc_xmm(), x = alloc_xmm(), y = kScratch3;
    a_.vpmovzxbw(x, a);
    a_.vpmovzxbw(y, b);
    Xmm sum = alloc_xmm();
    for (unsigned place = 0; place < 3; place++) {
        for (unsigned third = 0; third < 3; third++) {
            a_.vpand(kScratch, x, all(kThirds[third]));
            a_.vpand(kScratch2, y, all(kThirds[(place + 3 - third) % 3]));
            a_.vpmullw(third == 0 ? sum : kScratch, kScratch, kScratch2);
            if (third != 0) a_.vpxor(sum, sum, kScratch);
        }
        a_.vpand(place == 0 ? d : sum, sum, all(kPlaces[place]));
        if (place != 0) a_.vpor(d, d, sum);
    }
    define(i, d);
}

void Compiler::emit_vclmul(const Inst& i) {
    if (!host_.has(kHostPclmul)) return by_helper(i);
    Xmm a = use_x(i.args[0]), b = use_x(i.args[1]);
    a_.vpclmulqdq(def_x(i), a, b, i.flags != 0 ? 0x11 : 0x00);
}

// ---- three operands of bits, rotations

void Compiler::emit_veor3(const Inst& i) {
    constexpr uint8_t kXor3 = 0x96;
    Xmm b = use_x(i.args[1]), c = use_x(i.args[2]);
    if (host_.has(kHostAvx512)) {
        a_.vpternlogd(def_from_x(i, i.args[0]), b, c, kXor3);
        return;
    }
    Xmm a = use_x(i.args[0]);
    a_.vpxor(kScratch, b, c);
    a_.vpxor(def_x(i), a, kScratch);
}
void Compiler::emit_vbcax(const Inst& i) {
    constexpr uint8_t kXorAndNot = 0xb4;
    Xmm b = use_x(i.args[1]), c = use_x(i.args[2]);
    if (host_.has(kHostAvx512)) {
        a_.vpternlogd(def_from_x(i, i.args[0]), b, c, kXorAndNot);
        return;
    }
    Xmm a = use_x(i.args[0]);
    a_.vpandn(kScratch, c, b);
    a_.vpxor(def_x(i), a, kScratch);
}

// Whole bytes are a shuffle.
void Compiler::emit_vror(const Inst& i) {
    auto n = static_cast<uint8_t>(i.imm);
    bool wide = i.size == 3;
    unsigned bits = 8u << i.size;
    Xmm a = use_x(i.args[0]);
    Xmm d = def_x(i);
    if (host_.has(kHostAvx512)) {
        wide ? a_.vprorq(d, a, n) : a_.vprord(d, a, n);
    } else if (n % 8 == 0) {
        uint64_t control[2] = {};
        for (unsigned byte = 0; byte < 16; byte++) {
            unsigned start = byte & ~(bits / 8 - 1);
            unsigned from = start + (byte + n / 8) % (bits / 8);
            control[byte / 8] |= uint64_t{from} << byte % 8 * 8;
        }
        a_.vpshufb(d, a, pool(control[0], control[1]));
    } else {
        auto left = static_cast<uint8_t>(bits - n);
        wide ? a_.vpsrlq(kScratch, a, n) : a_.vpsrld(kScratch, a, n);
        wide ? a_.vpsllq(kScratch2, a, left) : a_.vpslld(kScratch2, a, left);
        a_.vpor(d, kScratch, kScratch2);
    }
}

}  // namespace pydbt::x64
