// Saturating, doubling and pairwise vector ops.
//
// Owns: their code, with AVX-512 where the host has it. Must not know: FPSR.QC, which the lifter
// makes of ordinary ops.
#include "translator/x64/tier1_impl.hpp"

namespace pydbt::x64 {

#define PYDBT_V(name) static_cast<Vop>(&Assembler::name), static_cast<VopM>(&Assembler::name)

// ---- sums and differences

// Words and doublewords are lifted to ordinary ops.
void Compiler::emit_vsqadd(const Inst& i) {
    i.size == 0 ? vbinary(i, PYDBT_V(vpaddsb)) : vbinary(i, PYDBT_V(vpaddsw));
}
void Compiler::emit_vsqsub(const Inst& i) {
    i.size == 0 ? vbinary(i, PYDBT_V(vpsubsb)) : vbinary(i, PYDBT_V(vpsubsw));
}
void Compiler::emit_vuqadd(const Inst& i) {
    i.size == 0 ? vbinary(i, PYDBT_V(vpaddusb)) : vbinary(i, PYDBT_V(vpaddusw));
}
void Compiler::emit_vuqsub(const Inst& i) {
    i.size == 0 ? vbinary(i, PYDBT_V(vpsubusb)) : vbinary(i, PYDBT_V(vpsubusw));
}

// The first operand stays in its register, which vpternlogd wants.
void Compiler::emit_vdiffs(const Inst& i) {
    constexpr uint8_t kOrDifference = 0xf6;
    Xmm b = use_x(i.args[1]), c = use_x(i.args[2]);
    if (host_.has(kHostAvx512)) {
        a_.vpternlogd(def_from_x(i, i.args[0]), b, c, kOrDifference);
        return;
    }
    Value acc = i.args[0];
    if (in_memory_whole(acc) && loc(acc).uses == 1) {
        Mem m = memory_of(loc(acc));
        a_.vpxor(kScratch, b, c);
        a_.vpor(def_x(i), kScratch, m);
        return;
    }
    Xmm a = use_x(acc);
    a_.vpxor(kScratch, b, c);
    a_.vpor(def_x(i), a, kScratch);
}

// ---- narrowing

void Compiler::saturating_narrow(const Inst& i) {
    Xmm a = use_x(i.args[0]);
    Xmm d = def_x(i, 8);
    bool words = i.size == 0;
    if (i.size == 2) return narrow_doublewords(i.op, d, a);
    if (i.op == Op::vuqxtn) {  // x86 packs signed elements
        uint64_t most = words ? 0x00ff00ff00ff00ff : 0x0000ffff0000ffff;
        words ? a_.vpminuw(kScratch2, a, pool(most, most))
              : a_.vpminud(kScratch2, a, pool(most, most));
        a = kScratch2;
    }
    a_.vpxor(kScratch, kScratch, kScratch);
    if (i.op == Op::vsqxtn) {
        words ? a_.vpacksswb(d, a, kScratch) : a_.vpackssdw(d, a, kScratch);
    } else {
        words ? a_.vpackuswb(d, a, kScratch) : a_.vpackusdw(d, a, kScratch);
    }
}

void Compiler::narrow_doublewords(Op op, Xmm d, Xmm a) {
    if (!host_.has(kHostAvx512)) return narrow_doublewords_avx2(op, d, a);
    if (op == Op::vsqxtn) return a_.vpmovsqd(d, a);
    if (op == Op::vsqxtun) {
        a_.vpxor(kScratch, kScratch, kScratch);
        a_.vpmaxsq(kScratch, kScratch, a);
        a = kScratch;
    }
    a_.vpmovusqd(d, a);
}

// The low words, but the limit where the high ones are not what they extend to.
void Compiler::narrow_doublewords_avx2(Op op, Xmm d, Xmm a) {
    constexpr uint8_t kLow = 0x08, kHigh = 0x0d;  // words 0 and 2, 1 and 3
    if (op == Op::vsqxtun) {
        a_.vpxor(kScratch, kScratch, kScratch);
        a_.vpcmpgtq(kScratch, kScratch, a);
        a_.vpandn(kScratch, kScratch, a);
        a = kScratch;
    }
    a_.vpshufd(kScratch2, a, kHigh);
    a_.vpshufd(kScratch, a, kLow);
    if (op == Op::vsqxtn) {
        constexpr uint64_t kMost = 0x7fffffff7fffffff;
        a_.vpsrad(kScratch3, kScratch, 31);
        a_.vpcmpeqd(kScratch3, kScratch3, kScratch2);
        a_.vpsrad(kScratch2, kScratch2, 31);
        a_.vpxor(kScratch2, kScratch2, pool(kMost, kMost));
        a_.vblendvps(kScratch, kScratch2, kScratch, kScratch3);
    } else {
        a_.vpxor(kScratch3, kScratch3, kScratch3);
        a_.vpcmpeqd(kScratch2, kScratch2, kScratch3);
        a_.vpcmpeqd(kScratch3, kScratch3, kScratch3);
        a_.vpxor(kScratch2, kScratch2, kScratch3);
        a_.vpor(kScratch, kScratch, kScratch2);
    }
    a_.vmovq(d, kScratch);
}
void Compiler::emit_vsqxtn(const Inst& i) { saturating_narrow(i); }
void Compiler::emit_vuqxtn(const Inst& i) { saturating_narrow(i); }
void Compiler::emit_vsqxtun(const Inst& i) { saturating_narrow(i); }

// ---- doubling products

// Words: two 16-bit halves put together. Doublewords: even and odd ones as 64-bit products.
void Compiler::doubling_high(const Inst& i, bool round) {
    constexpr uint8_t kOddWords = 0b1010;
    Xmm a = use_x(i.args[0]), b = use_x(i.args[1]);
    Xmm d = def_x(i);
    if (i.size == 1) {
        a_.vpmullw(kScratch, a, b);
        a_.vpmulhw(kScratch2, a, b);
        a_.vpsrlw(kScratch, kScratch, 15);
        a_.vpaddw(kScratch2, kScratch2, kScratch2);
        a_.vpor(d, kScratch, kScratch2);
        return;
    }
    a_.vpsrlq(kScratch, a, 32);
    a_.vpsrlq(kScratch2, b, 32);
    a_.vpmuldq(kScratch2, kScratch, kScratch2);
    a_.vpmuldq(kScratch, a, b);
    a_.vpaddq(kScratch, kScratch, kScratch);
    a_.vpaddq(kScratch2, kScratch2, kScratch2);
    if (round) {
        a_.vmovaps(kScratch3, pool(uint64_t{1} << 31, uint64_t{1} << 31));
        a_.vpaddq(kScratch, kScratch, kScratch3);
        a_.vpaddq(kScratch2, kScratch2, kScratch3);
    }
    a_.vpsrlq(kScratch, kScratch, 32);
    a_.vpblendd(d, kScratch, kScratch2, kOddWords);
}
void Compiler::emit_vdmulh(const Inst& i) { doubling_high(i, false); }
void Compiler::emit_vrdmulh(const Inst& i) {
    if (i.size == 1) return vbinary(i, PYDBT_V(vpmulhrsw));
    doubling_high(i, true);
}

// ---- averages and sums of neighbours

void Compiler::emit_vurhadd(const Inst& i) {
    i.size == 0 ? vbinary(i, PYDBT_V(vpavgb)) : vbinary(i, PYDBT_V(vpavgw));
}

// Products with ones add neighbours. vpmaddubsw's first operand is unsigned, its second signed; no
// sum of two bytes saturates.
void Compiler::emit_vsaddlp(const Inst& i) {
    constexpr uint64_t kBytes = 0x0101010101010101, kWords = 0x0001000100010001;
    Xmm a = use_x(i.args[0]);
    Xmm d = def_x(i);
    switch (i.size) {
        case 0:
            a_.vmovaps(kScratch, pool(kBytes, kBytes));
            a_.vpmaddubsw(d, kScratch, a);
            break;
        case 1: a_.vpmaddwd(d, a, pool(kWords, kWords)); break;
        default:
            a_.vpshufd(kScratch, a, 0x08);
            a_.vpshufd(kScratch2, a, 0x0d);
            a_.vpmovsxdq(kScratch, kScratch);
            a_.vpmovsxdq(kScratch2, kScratch2);
            a_.vpaddq(d, kScratch, kScratch2);
            break;
    }
}
void Compiler::emit_vuaddlp(const Inst& i) {
    constexpr uint64_t kBytes = 0x0101010101010101;
    Xmm a = use_x(i.args[0]);
    Xmm d = def_x(i);
    if (i.size == 0) {
        a_.vpmaddubsw(d, a, pool(kBytes, kBytes));
        return;
    }
    a_.vpxor(kScratch, kScratch, kScratch);
    a_.vpblendw(kScratch, a, kScratch, i.size == 1 ? 0xaa : 0xcc);
    i.size == 1 ? a_.vpsrld(kScratch2, a, 16) : a_.vpsrlq(kScratch2, a, 32);
    i.size == 1 ? a_.vpaddd(d, kScratch, kScratch2) : a_.vpaddq(d, kScratch, kScratch2);
}
void Compiler::emit_vsum8(const Inst& i) {
    Xmm a = use_x(i.args[0]);
    a_.vpxor(kScratch, kScratch, kScratch);
    a_.vpsadbw(def_x(i), a, kScratch);
}

}  // namespace pydbt::x64
