// Arm floating point in integer arithmetic: exact in every mode of FPCR.
//
// Owns: the shared pseudocode's FP functions (Arm ARM J1.3.3, `shared/functions/float`) for half,
// single and double precision, and the exception flags they raise. Must not know: the host's
// floating point, CpuState, IR.
//
// Numbers are bit patterns in the low bits of a uint64_t, upper bits zero. `w` is the format's
// width: 16, 32 or 64. All functions are pure but for `fp.fpsr`, into which cumulative flags are
// ORed.
#pragma once

#include <cstdint>

namespace pydbt::base {

/// FPCR bits.
inline constexpr uint32_t kFpcrAhp = 1u << 26, kFpcrDn = 1u << 25, kFpcrFz = 1u << 24,
                          kFpcrFz16 = 1u << 19, kFpcrEbf = 1u << 13, kFpcrNep = 1u << 2,
                          kFpcrAh = 1u << 1, kFpcrFiz = 1u << 0;
/// FPSR's cumulative exception bits.
inline constexpr uint32_t kFpsrIoc = 1u << 0, kFpsrDzc = 1u << 1, kFpsrOfc = 1u << 2,
                          kFpsrUfc = 1u << 3, kFpsrIxc = 1u << 4, kFpsrIdc = 1u << 7;

/// What an operation depends on and adds to.
struct FpStatus {
    uint32_t fpcr;
    uint32_t fpsr;
    bool fine_estimates = false;  // FEAT_RPRES
};

/// The format BFloat16, for fp_convert() and fp_mul_add_long(), whose `w` else is a width.
inline constexpr unsigned kBf16 = 17;

/// FPRounding, numbered as FPCR.RMode for the first four.
enum class Rounding : uint8_t { even, up, down, zero, away, odd };

/// FPCR.RMode.
inline Rounding fpcr_rounding(uint32_t fpcr) { return static_cast<Rounding>(fpcr >> 22 & 3); }

bool fp_is_nan(unsigned w, uint64_t a);

uint64_t fp_add(unsigned w, uint64_t a, uint64_t b, FpStatus& fp);
uint64_t fp_sub(unsigned w, uint64_t a, uint64_t b, FpStatus& fp);
uint64_t fp_mul(unsigned w, uint64_t a, uint64_t b, FpStatus& fp);
uint64_t fp_div(unsigned w, uint64_t a, uint64_t b, FpStatus& fp);
uint64_t fp_sqrt(unsigned w, uint64_t a, FpStatus& fp);
/// FPMulAdd: addend + a * b with one rounding.
uint64_t fp_mul_add(unsigned w, uint64_t addend, uint64_t a, uint64_t b, FpStatus& fp);
/// FPMulAddH: the factors of a narrower format.
uint64_t fp_mul_add_long(unsigned from, unsigned to, uint64_t addend, uint64_t a, uint64_t b,
                         FpStatus& fp);
/// FPMulX: FPMul but 0 times infinity is 2 with the product's sign.
uint64_t fp_mulx(unsigned w, uint64_t a, uint64_t b, FpStatus& fp);
/// FPMax, FPMin.
uint64_t fp_max(unsigned w, uint64_t a, uint64_t b, FpStatus& fp);
uint64_t fp_min(unsigned w, uint64_t a, uint64_t b, FpStatus& fp);
/// FPMaxNum, FPMinNum: a quiet NaN loses against a number.
uint64_t fp_max_num(unsigned w, uint64_t a, uint64_t b, FpStatus& fp);
uint64_t fp_min_num(unsigned w, uint64_t a, uint64_t b, FpStatus& fp);
/// FPRecipStepFused (2 - a * b), FPRSqrtStepFused ((3 - a * b) / 2).
uint64_t fp_recip_step(unsigned w, uint64_t a, uint64_t b, FpStatus& fp);
uint64_t fp_rsqrt_step(unsigned w, uint64_t a, uint64_t b, FpStatus& fp);
/// FPRecipEstimate, FPRSqrtEstimate, FPRecpX.
uint64_t fp_recip_estimate(unsigned w, uint64_t a, FpStatus& fp);
uint64_t fp_rsqrt_estimate(unsigned w, uint64_t a, FpStatus& fp);
uint64_t fp_recpx(unsigned w, uint64_t a, FpStatus& fp);

/// FPCompare: NZCV as bits 3:0. `signal`: quiet NaNs raise Invalid Operation too.
uint32_t fp_compare(unsigned w, uint64_t a, uint64_t b, bool signal, FpStatus& fp);
/// FPCompareEQ, GE, GT.
bool fp_compare_eq(unsigned w, uint64_t a, uint64_t b, FpStatus& fp);
bool fp_compare_ge(unsigned w, uint64_t a, uint64_t b, FpStatus& fp);
bool fp_compare_gt(unsigned w, uint64_t a, uint64_t b, FpStatus& fp);

/// FPRoundInt. `exact`: raise Inexact when the value changes.
uint64_t fp_round_int(unsigned w, uint64_t a, Rounding rounding, bool exact, FpStatus& fp);
/// FPRoundIntN: to an integral number that a signed integer of `bits` (32 or 64) bits has.
uint64_t fp_round_int_n(unsigned w, uint64_t a, unsigned bits, Rounding rounding, FpStatus& fp);
/// FPConvert between formats, under FPCR's rounding or a given one (FCVTXN: odd).
uint64_t fp_convert(unsigned from, unsigned to, uint64_t a, FpStatus& fp);
uint64_t fp_convert(unsigned from, unsigned to, uint64_t a, Rounding rounding, FpStatus& fp);
/// FPToFixed: a * 2^fbits as an integer of `int_w` (16, 32 or 64) bits, saturated.
uint64_t fp_to_fixed(unsigned w, uint64_t a, unsigned int_w, unsigned fbits, bool is_unsigned,
                     Rounding rounding, FpStatus& fp);
/// FPToFixedJS of a double: toward zero, modulo 2^32; `exact` is the Z flag.
uint32_t fp_to_fixed_js(uint64_t a, bool& exact, FpStatus& fp);
/// FixedToFP: the integer of `int_w` bits in the low bits of `a`, divided by 2^fbits.
uint64_t fp_from_fixed(unsigned int_w, uint64_t a, unsigned w, unsigned fbits, bool is_unsigned,
                       FpStatus& fp);

/// BFAdd and BFMulH, of which BFDOT and BFMMLA are made: singles of fixed modes (round to odd,
/// flushes denormals, default NaNs, raises nothing); the factors are BFloat16. FPCR.AH is the
/// default NaN's sign.
uint32_t bf_add(uint32_t a, uint32_t b, uint32_t fpcr);
uint32_t bf_mul(uint32_t a, uint32_t b, uint32_t fpcr);
/// BFDotAdd with FPCR.EBF: addend + (a0 * b0 + a1 * b1), rounded twice.
struct BfPairs {
    uint32_t a0, a1, b0, b1;
};
uint32_t bf_dot_add(uint32_t addend, const BfPairs& pairs, uint32_t fpcr);

}  // namespace pydbt::base
