// Advanced SIMD structure loads and stores (DDI 0487, C4.1.95).
//
// Owns: lifts of the patterns of spec/a64/simd_loads_stores.py.
// Must not know: the host, the encodings, how structures are taken apart (simd_structures.hpp).
#include "translator/a64/lifter.hpp"
#include "translator/a64/simd_structures.hpp"

namespace pydbt::a64 {
namespace {

using ir::Builder;
using ir::Value;

// The post-index forms add Xm, or with Rm = 31 the bytes transferred, to the base.
template <typename Args>
void write_back(Builder& b, const Args& a, Value base, unsigned bytes) {
    if constexpr (requires { a.rm; }) {
        b.set_x(a.rn, b.add(base, a.rm == 31 ? b.i64(bytes) : b.get_x(a.rm)));
    }
}

// LD1 and ST1 of several registers say how many in opcode.
unsigned registers_of(unsigned opcode) {
    switch (opcode) {
        case 2: return 4;
        case 6: return 3;
        case 7: return 1;
        default: return 2;
    }
}

template <typename Args>
simd::MultipleStructures multiple(const Args& a, unsigned elements) {
    unsigned registers = elements;
    if constexpr (requires { a.opcode; }) registers = registers_of(a.opcode);
    return {a.rt, registers, elements, a.size, a.q != 0};
}

template <typename Args>
Step load_multiple(Builder& b, const Args& a, unsigned elements) {
    const Value base = b.get_x(a.rn);
    const simd::MultipleStructures s = multiple(a, elements);
    simd::load_multiple(b, base, s);
    write_back(b, a, base, s.registers * (s.q ? 16 : 8));
    return Step::next;
}

template <typename Args>
Step store_multiple(Builder& b, const Args& a, unsigned elements) {
    const Value base = b.get_x(a.rn);
    const simd::MultipleStructures s = multiple(a, elements);
    simd::store_multiple(b, base, s);
    write_back(b, a, base, s.registers * (s.q ? 16 : 8));
    return Step::next;
}

// The lane's number is Q:S:size without the low bits that tell its size.
template <typename Args>
simd::SingleStructure single(const Args& a, unsigned elements) {
    const unsigned number = a.q << 3 | a.s << 2 | a.size;
    const unsigned size = a.scale == 2 ? 2 + (a.size & 1) : a.scale;
    return {a.rt, elements, size, number >> size};
}

template <typename Args>
Step load_single(Builder& b, const Args& a, unsigned elements) {
    const Value base = b.get_x(a.rn);
    const simd::SingleStructure s = single(a, elements);
    simd::load_single(b, base, s);
    write_back(b, a, base, elements << s.size);
    return Step::next;
}

template <typename Args>
Step store_single(Builder& b, const Args& a, unsigned elements) {
    const Value base = b.get_x(a.rn);
    const simd::SingleStructure s = single(a, elements);
    simd::store_single(b, base, s);
    write_back(b, a, base, elements << s.size);
    return Step::next;
}

template <typename Args>
Step load_replicate(Builder& b, const Args& a, unsigned elements) {
    const Value base = b.get_x(a.rn);
    simd::load_replicate(b, base, {a.rt, elements, a.size, 0}, a.q != 0);
    write_back(b, a, base, elements << a.size);
    return Step::next;
}

}  // namespace

Step Lifter::lift_LD1_multiple(const Args_LD1_multiple& a) { return load_multiple(b, a, 1); }

Step Lifter::lift_LD1_multiple_post(const Args_LD1_multiple_post& a) {
    return load_multiple(b, a, 1);
}

Step Lifter::lift_LD2_multiple(const Args_LD2_multiple& a) { return load_multiple(b, a, 2); }

Step Lifter::lift_LD2_multiple_post(const Args_LD2_multiple_post& a) {
    return load_multiple(b, a, 2);
}

Step Lifter::lift_LD3_multiple(const Args_LD3_multiple& a) { return load_multiple(b, a, 3); }

Step Lifter::lift_LD3_multiple_post(const Args_LD3_multiple_post& a) {
    return load_multiple(b, a, 3);
}

Step Lifter::lift_LD4_multiple(const Args_LD4_multiple& a) { return load_multiple(b, a, 4); }

Step Lifter::lift_LD4_multiple_post(const Args_LD4_multiple_post& a) {
    return load_multiple(b, a, 4);
}

Step Lifter::lift_LD1_single(const Args_LD1_single& a) { return load_single(b, a, 1); }

Step Lifter::lift_LD1_single_post(const Args_LD1_single_post& a) { return load_single(b, a, 1); }

Step Lifter::lift_LD2_single(const Args_LD2_single& a) { return load_single(b, a, 2); }

Step Lifter::lift_LD2_single_post(const Args_LD2_single_post& a) { return load_single(b, a, 2); }

Step Lifter::lift_LD3_single(const Args_LD3_single& a) { return load_single(b, a, 3); }

Step Lifter::lift_LD3_single_post(const Args_LD3_single_post& a) { return load_single(b, a, 3); }

Step Lifter::lift_LD4_single(const Args_LD4_single& a) { return load_single(b, a, 4); }

Step Lifter::lift_LD4_single_post(const Args_LD4_single_post& a) { return load_single(b, a, 4); }

Step Lifter::lift_LD1R(const Args_LD1R& a) { return load_replicate(b, a, 1); }

Step Lifter::lift_LD1R_post(const Args_LD1R_post& a) { return load_replicate(b, a, 1); }

Step Lifter::lift_LD2R(const Args_LD2R& a) { return load_replicate(b, a, 2); }

Step Lifter::lift_LD2R_post(const Args_LD2R_post& a) { return load_replicate(b, a, 2); }

Step Lifter::lift_LD3R(const Args_LD3R& a) { return load_replicate(b, a, 3); }

Step Lifter::lift_LD3R_post(const Args_LD3R_post& a) { return load_replicate(b, a, 3); }

Step Lifter::lift_LD4R(const Args_LD4R& a) { return load_replicate(b, a, 4); }

Step Lifter::lift_LD4R_post(const Args_LD4R_post& a) { return load_replicate(b, a, 4); }

Step Lifter::lift_ST1_multiple(const Args_ST1_multiple& a) { return store_multiple(b, a, 1); }

Step Lifter::lift_ST1_multiple_post(const Args_ST1_multiple_post& a) {
    return store_multiple(b, a, 1);
}

Step Lifter::lift_ST2_multiple(const Args_ST2_multiple& a) { return store_multiple(b, a, 2); }

Step Lifter::lift_ST2_multiple_post(const Args_ST2_multiple_post& a) {
    return store_multiple(b, a, 2);
}

Step Lifter::lift_ST3_multiple(const Args_ST3_multiple& a) { return store_multiple(b, a, 3); }

Step Lifter::lift_ST3_multiple_post(const Args_ST3_multiple_post& a) {
    return store_multiple(b, a, 3);
}

Step Lifter::lift_ST4_multiple(const Args_ST4_multiple& a) { return store_multiple(b, a, 4); }

Step Lifter::lift_ST4_multiple_post(const Args_ST4_multiple_post& a) {
    return store_multiple(b, a, 4);
}

Step Lifter::lift_ST1_single(const Args_ST1_single& a) { return store_single(b, a, 1); }

Step Lifter::lift_ST1_single_post(const Args_ST1_single_post& a) { return store_single(b, a, 1); }

Step Lifter::lift_ST2_single(const Args_ST2_single& a) { return store_single(b, a, 2); }

Step Lifter::lift_ST2_single_post(const Args_ST2_single_post& a) { return store_single(b, a, 2); }

Step Lifter::lift_ST3_single(const Args_ST3_single& a) { return store_single(b, a, 3); }

Step Lifter::lift_ST3_single_post(const Args_ST3_single_post& a) { return store_single(b, a, 3); }

Step Lifter::lift_ST4_single(const Args_ST4_single& a) { return store_single(b, a, 4); }

Step Lifter::lift_ST4_single_post(const Args_ST4_single_post& a) { return store_single(b, a, 4); }

}  // namespace pydbt::a64
