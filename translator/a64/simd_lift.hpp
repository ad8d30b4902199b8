// Building blocks of the Advanced SIMD lifts: what several patterns compute, as IR.
//
// Owns: lane-wise idioms over 128-bit values (halving, absolute difference, pairwise widening,
// rounding shifts, narrowing) and the calls of the saturating helpers.
// Must not know: encodings, guest register numbers but that of QC, the back end.
//
// `size` is log2 of the element's bytes (0..3) everywhere. `uns` selects the unsigned operation.
#pragma once

#include <cstdint>

#include "translator/ir/builder.hpp"

namespace pydbt::a64::simd {

using ir::Builder;
using ir::Value;

// Bits in an element.
constexpr unsigned element_bits(unsigned size) { return 8u << size; }

// `value`'s low element repeated over 64 bits.
uint64_t replicate(uint64_t value, unsigned size);

// A vector with `value` in every element.
Value splat(Builder& b, uint64_t value, unsigned size);

// The least signed number, a one in the sign bit, in every element.
Value least(Builder& b, unsigned size);

// The upper half of v in the lower half (the rest is not to be used).
Value high_half(Builder& b, Value v);

// Vm[index] everywhere: index is H:L:M and the register is four bits for 16-bit elements; index is
// H:L and the register M:Rm for 32-bit ones.
template <typename Args>
Value indexed_element(Builder& b, const Args& a) {
    if (a.size == 1) return b.vdup_lane(b.get_v(a.rm), a.h << 2 | a.l << 1 | a.m, 1);
    return b.vdup_lane(b.get_v(a.m << 4 | a.rm), a.h << 1 | a.l, 2);
}

// x ^ y; a round of AES that either is, and that has no key, takes the other as its key.
Value exclusive_or(Builder& b, Value x, Value y);

// Element 0 of v, all other bits zero.
Value only_lane0(Builder& b, Value v, unsigned size);

// The low 64 bits of v widened to elements of twice the size.
Value widen(Builder& b, Value v, unsigned size, bool uns);

// The low 64 bits of n times those of m, in elements of twice the size.
Value multiply_long(Builder& b, Value n, Value m, unsigned size, bool uns);

// SHADD UHADD SRHADD URHADD; SHSUB UHSUB.
Value halving_add(Builder& b, Value n, Value m, unsigned size, bool uns, bool round);
Value halving_sub(Builder& b, Value n, Value m, unsigned size, bool uns);

// SABD UABD (sizes 0..2).
Value absolute_difference(Builder& b, Value n, Value m, unsigned size, bool uns);

// SADDLP UADDLP: sums of neighbours, in elements of twice the size.
Value pairwise_long(Builder& b, Value v, unsigned size, bool uns);

// SSHR USHR SRSHR URSHR by 1..element_bits(size).
Value shift_right(Builder& b, Value v, unsigned amount, unsigned size, bool uns, bool round);

// ADDHN family's last step: the upper halves of the elements (of twice the size), rounded or cut.
Value narrow_high_part(Builder& b, Value wide, unsigned size, bool round);

// CLS.
Value count_leading_sign(Builder& b, Value v, unsigned size);

// What follows up to SQSHLU may saturate, and then sets FPSR.QC: any bit of this V register
// that is one. Lanes past a 64-bit or scalar form are zero in all operands; zeros never saturate.
inline constexpr unsigned kSaturation = 32;

// SQADD UQADD, SQSUB UQSUB.
Value saturating_add(Builder& b, Value n, Value m, unsigned size, bool uns);
Value saturating_sub(Builder& b, Value n, Value m, unsigned size, bool uns);

// SUQADD USQADD: d plus n of the other signedness.
Value saturating_accumulate(Builder& b, Value d, Value n, unsigned size, bool uns);

// SQABS, SQNEG.
Value saturating_abs(Builder& b, Value v, unsigned size, bool negate);

// SQDMULH SQRDMULH (sizes 1 and 2), SQDMULL of the low 64 bits.
Value doubling_multiply_high(Builder& b, Value n, Value m, unsigned size, bool round);
Value doubling_multiply_long(Builder& b, Value n, Value m, unsigned size);

// Shift by the signed low byte of each element of m: SSHL USHL SRSHL URSHL SQSHL UQSHL SQRSHL
// UQRSHL.
Value shift_by_register(Builder& b, Value n, Value m, unsigned size, bool uns, bool round,
                        bool saturate);

// SQRDMLAH, SQRDMLSH (sizes 1 and 2): d plus or minus 2nm, of which the high half, rounded.
Value rounding_multiply_accumulate(Builder& b, Value d, Value n, Value m, unsigned size,
                                   bool subtract);

// SQSHL UQSHL by 0..element_bits(size)-1.
Value saturating_shift_left(Builder& b, Value v, unsigned amount, unsigned size, bool uns);

// SQSHLU by 0..element_bits(size)-1.
Value saturating_shift_left_unsigned(Builder& b, Value v, unsigned amount, unsigned size);

// What is narrowed from and to: SQXTN and SQSHRN, UQXTN and UQSHRN, SQXTUN and SQSHRUN.
enum class Narrowing { signed_, unsigned_, signed_to_unsigned };

// Elements of twice the size shifted right by `amount` (0: none), saturated to `size`; in the low
// 64 bits, the rest zero.
Value saturating_narrow(Builder& b, Value v, unsigned amount, unsigned size, Narrowing kind,
                        bool round);

// PMUL.
Value polynomial_multiply(Builder& b, Value n, Value m);

// URECPE, URSQRTE.
Value unsigned_estimate(Builder& b, Value v, bool square_root);

// SMMLA UMMLA USMMLA, of the dot product.
Value matrix_multiply(Builder& b, Value d, Value n, Value m,
                      Value (Builder::*dot)(Value, Value, Value));

// TBL with 1..4 table registers: bytes whose index is past the table are zero.
Value table_lookup(Builder& b, const Value* table, unsigned registers, Value index);

}  // namespace pydbt::a64::simd
