// FRECPE and FRSQRTE: estimates of 8 bits, from x86's of 11, which differ from processor to
// processor, put right by integer products.
//
// Owns: their code. Must not know: what the exact helper does for zeros, infinities, NaNs and where
// a number or its reciprocal is denormal.
//
// Arm's estimate is the middle of an interval of inputs, of 8 bits of fraction, its reciprocal or
// root rounded to 9 bits. x86's is off by less than a quarter of the last of them, and so by one or
// none when it is cut off; nothing of it raises anything. The pieces are in 32-bit lanes as singles
// have them: bit 23 the exponent's last, bits 22:15 the fraction's first.
#include "translator/x64/tier1_float.hpp"

namespace pydbt::x64 {
namespace {

constexpr uint32_t kFraction = 0x007f8000, kUnit = 0x00008000;
constexpr uint8_t kToEven = 14;  // from the fraction's first bits to twice what they count
constexpr uint8_t kUpperWords = 0xf5;
constexpr uint8_t kLessBits = 3;  // that the exponent of a single has than that of a double
constexpr uint8_t kFractionSingle = 23, kFractionDouble = 20;

}  // namespace

// Jumps out of line unless first <= bits < end, unsigned: compared as signed, from the least.
void Compiler::leave_unless_near(Xmm bits, uint32_t first, uint32_t end, Cold& c) {
    constexpr uint32_t kLeastInteger = 0x80000000;
    a_.vpaddd(kScratch, bits, pool_singles(false, kLeastInteger - first));
    a_.vpcmpgtd(kScratch, kScratch, pool_singles(false, kLeastInteger + (end - first) - 1));
    leave_if_any(c);
}

// Twice the input's middle is 513 + 2 m of 512; the estimate 256 + r of 512 is one more if the
// middle between the two, 513 + 2 r of 1024, times that is not past 1.
void Compiler::recip_fraction(Xmm d, Xmm bits) {
    constexpr uint32_t kMiddle = 0x3f804000;
    a_.vpand(kScratch, bits, pool_singles(false, kFraction));
    a_.vpor(d, kScratch, pool_singles(false, kMiddle));
    a_.vrcpps(d, d);
    a_.vpand(d, d, pool_singles(false, kFraction));
    a_.vpsrld(kScratch, kScratch, kToEven);
    a_.vpsrld(kScratch2, d, kToEven);
    a_.vpaddd(kScratch, kScratch, pool_singles(false, 513));
    a_.vpaddd(kScratch2, kScratch2, pool_singles(false, 513));
    a_.vpmaddwd(kScratch, kScratch, kScratch2);
    a_.vpcmpgtd(kScratch, kScratch, pool_singles(false, 1 << 19));
    a_.vpandn(kScratch, kScratch, pool_singles(false, kUnit));
    a_.vpaddd(d, d, kScratch);
}

// The input's middle is 257 + m of 256, m even, twice that where the exponent is even; the rest as
// above, with the square of what is between.
void Compiler::rsqrt_fraction(Xmm d, Xmm bits) {
    constexpr uint32_t kEven = 0xfe;
    a_.vpsrld(kScratch, bits, 15);
    a_.vpand(kScratch, kScratch, pool_singles(false, kEven));
    a_.vpaddd(kScratch, kScratch, pool_singles(false, 257));
    a_.vpslld(kScratch2, bits, 8);
    a_.vpsrad(kScratch2, kScratch2, 31);
    a_.vpandn(kScratch2, kScratch2, kScratch);
    a_.vpaddd(kScratch, kScratch, kScratch2);
    a_.vcvtdq2ps(d, kScratch);
    a_.vrsqrtps(d, d);
    a_.vpand(d, d, pool_singles(false, kFraction));
    a_.vpsrld(kScratch2, d, kToEven);
    a_.vpaddd(kScratch2, kScratch2, pool_singles(false, 513));
    a_.vpmaddwd(kScratch2, kScratch2, kScratch2);
    a_.vpmulld(kScratch, kScratch, kScratch2);
    a_.vpcmpgtd(kScratch, kScratch, pool_singles(false, (1 << 28) - 1));
    a_.vpandn(kScratch, kScratch, pool_singles(false, kUnit));
    a_.vpaddd(d, d, kScratch);
}

// Doubles by their upper words, twice each, in kMover; their pieces where singles have them in d.
Xmm Compiler::estimate_operand(bool wide, Xmm d, Xmm a) {
    if (!wide) return a;
    a_.vpshufd(kMover, a, kUpperWords);
    a_.vpslld(d, kMover, kLessBits);
    return kMover;
}
void Compiler::estimate_result(bool wide, Xmm d) {
    if (wide) a_.vpsllq(d, d, 32);
}

void Compiler::emit_vfrecpe(const Inst& i) {
    constexpr uint32_t kRest = 0x7fffffff, kSign = 0x80000000;
    if (slow_fp() || i.size == 1) return by_helper(i);
    const bool wide = i.size == 3;
    const uint8_t fraction = wide ? kFractionDouble : kFractionSingle;
    const uint32_t ones = wide ? 2047 : 255;
    Xmm a = use_x(i.args[0]);
    clobber_flags();
    Xmm d = alloc_xmm();
    Cold& c = float_cold(i, {a}, d);
    Xmm bits = estimate_operand(wide, d, a);
    a_.vpand(kScratch, bits, pool_singles(false, kRest));
    leave_unless_near(kScratch, 1u << fraction, (ones - 2) << fraction, c);
    recip_fraction(kScratch3, wide ? d : bits);
    if (wide) a_.vpsrld(kScratch3, kScratch3, kLessBits);
    // All but the fraction inverted is the sign inverted, and an exponent too great by two.
    a_.vpandn(kScratch, bits, pool_singles(false, ~((1u << fraction) - 1)));
    a_.vpaddd(kScratch3, kScratch3, pool_singles(false, kSign - (2u << fraction)));
    a_.vpaddd(d, kScratch, kScratch3);
    estimate_result(wide, d);
    a_.bind(c.back);
    define(i, d);
}

void Compiler::emit_vfrsqrte(const Inst& i) {
    if (slow_fp() || i.size == 1) return by_helper(i);
    const bool wide = i.size == 3;
    const uint8_t fraction = wide ? kFractionDouble : kFractionSingle;
    const uint32_t ones = wide ? 2047 : 255;
    const uint32_t most =
        (3 * (ones / 2) - 1) / 2;  // the exponent, from which half of a's is taken
    Xmm a = use_x(i.args[0]);
    clobber_flags();
    Xmm d = alloc_xmm();
    Cold& c = float_cold(i, {a}, d);
    Xmm bits = estimate_operand(wide, d, a);
    leave_unless_near(bits, 1u << fraction, ones << fraction, c);
    rsqrt_fraction(kScratch3, wide ? d : bits);
    if (wide) a_.vpsrld(kScratch3, kScratch3, kLessBits);
    // Half of the exponent, rounded up.
    a_.vpaddd(kScratch, bits, pool_singles(false, 1u << fraction));
    a_.vpsrld(kScratch, kScratch, fraction + 1);
    a_.vpslld(kScratch, kScratch, fraction);
    a_.vpaddd(kScratch3, kScratch3, pool_singles(false, most << fraction));
    a_.vpsubd(d, kScratch3, kScratch);
    estimate_result(wide, d);
    a_.bind(c.back);
    define(i, d);
}

}  // namespace pydbt::x64
