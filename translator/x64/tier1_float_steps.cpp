// FMULX and the steps of Newton's iterations: products of which infinity times zero is a number.
//
// Owns: their code. Must not know: what the exact helper makes of infinities and NaNs.
//
// x86 raises Invalid Operation for infinity times zero, which cannot be taken back: operands are
// looked at first.
#include "translator/x64/tier1_float.hpp"

namespace pydbt::x64 {
namespace {

// The least number whose magnitude is too much, in each lane.
constexpr uint64_t kInfinities[] = {0, 0x7c007c007c007c00, 0x7f8000007f800000, 0x7ff0000000000000};

constexpr uint64_t in_both(uint32_t single) { return uint64_t{single} << 32 | single; }

}  // namespace

// Magnitudes are compared as integers, NaNs being the greatest. There is no vpmaxsq in AVX2.
void Compiler::leave_unless_below(unsigned size, Xmm a, Xmm b, uint64_t limit, Cold& c) {
    constexpr uint64_t kOnes[] = {0, 0x0001000100010001, 0x0000000100000001, 1};
    const uint64_t rest = ~sign_bits(size), most = limit - kOnes[size];
    a_.vpand(kScratch, a, pool(rest, rest));
    a_.vpand(kScratch2, b, pool(rest, rest));
    Mem m = pool(most, most);
    if (size == 1) {
        a_.vpmaxsw(kScratch, kScratch, kScratch2);
        a_.vpcmpgtw(kScratch, kScratch, m);
    } else if (size == 2) {
        a_.vpmaxsd(kScratch, kScratch, kScratch2);
        a_.vpcmpgtd(kScratch, kScratch, m);
    } else {
        a_.vpcmpgtq(kScratch, kScratch, m);
        a_.vpcmpgtq(kScratch2, kScratch2, m);
        a_.vpor(kScratch, kScratch, kScratch2);
    }
    leave_if_any(c);
}

void Compiler::emit_vfmulx(const Inst& i) {
    if (slow_fp()) return by_helper(i);
    Xmm a = use_x(i.args[0]), b = use_x(i.args[1]);
    clobber_flags();
    Xmm d = alloc_xmm();
    Cold& c = float_cold(i, {a, b}, d);
    leave_unless_below(i.size, a, b, kInfinities[i.size], c);
    if (i.size == 1) {
        a_.vcvtph2ps_y(kScratch2, a);
        a_.vcvtph2ps_y(kScratch, b);
        a_.vmulps_y(kScratch2, kScratch2, kScratch);
        narrow_halves(true, d, kScratch2);
        leave_if_least(true, d, c);
    } else {
        i.size == 3 ? a_.vmulpd(d, a, b) : a_.vmulps(d, a, b);
        leave_if_least_lanes(i.size == 3, d, c);
    }
    a_.bind(c.back);
    define(i, d);
}

// (whole - a b) factor, singles' bits. Below the square root of what a format holds nothing
// overflows. Nor is anything tiny: a product next to the whole number differs from it by 0 or by a
// unit in its last place, 2 p bits below the first of them.
void Compiler::product_step(const Inst& i, uint32_t whole, uint32_t factor) {
    constexpr int kRootSingle = 63, kRootDouble = 511;
    if (slow_fp()) return by_helper(i);
    if (i.size == 1) return half_product_step(i, whole, factor);
    const bool wide = i.size == 3;
    auto number = [&](uint32_t single) {
        uint64_t bits =
            wide ? std::bit_cast<uint64_t>(double{std::bit_cast<float>(single)}) : in_both(single);
        return pool(bits, bits);
    };
    Xmm a = use_x(i.args[0]), b = use_x(i.args[1]);
    clobber_flags();
    Xmm d = alloc_xmm();
    Cold& c = float_cold(i, {a, b}, d);
    leave_unless_below(i.size, a, b,
                       wide ? power_double(kRootDouble) : in_both(power_single(kRootSingle)), c);
    a_.vmovaps(d, number(whole));
    wide ? a_.vfnmadd231pd(d, a, b) : a_.vfnmadd231ps(d, a, b);
    if (factor != power_single(0)) {
        wide ? a_.vmulpd(d, d, number(factor)) : a_.vmulps(d, d, number(factor));
    }
    a_.bind(c.back);
    define(i, d);
}

// As half_fused_lanes().
void Compiler::half_product_step(const Inst& i, uint32_t whole, uint32_t factor) {
    Xmm a = use_x(i.args[0]), b = use_x(i.args[1]);
    clobber_flags();
    Xmm d = alloc_xmm();
    Cold& c = float_cold(i, {a, b}, d);
    leave_unless_below(i.size, a, b, kInfinities[1], c);
    a_.vcvtph2ps_y(kScratch, a);
    a_.vcvtph2ps_y(kScratch2, b);
    a_.vmovups_y(kMover, pool_singles(true, whole));
    a_.vfnmadd231ps_y(kMover, kScratch, kScratch2);
    if (factor != power_single(0)) a_.vmulps_y(kMover, kMover, pool_singles(true, factor));
    leave_if_rounded_twice(true, kMover, c);
    narrow_halves(true, d, kMover);
    a_.bind(c.back);
    define(i, d);
}

void Compiler::emit_vfrecps(const Inst& i) {
    product_step(i, std::bit_cast<uint32_t>(2.0f), power_single(0));
}
void Compiler::emit_vfrsqrts(const Inst& i) {
    product_step(i, std::bit_cast<uint32_t>(3.0f), power_single(-1));
}

}  // namespace pydbt::x64
