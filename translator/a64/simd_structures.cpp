#include "translator/a64/simd_structures.hpp"

#include <array>

namespace pydbt::a64::simd {
namespace {

using ir::Builder;
using ir::kNone;
using ir::Type;
using ir::Value;

using Vectors = std::array<Value, 4>;

Value load_bytes(Builder& b, Value base, unsigned disp, unsigned log2) {
    return b.load_v(base, kNone, 0, disp, log2);
}

void store_bytes(Builder& b, Value base, Value v, unsigned disp, unsigned log2) {
    b.store_v(base, kNone, v, 0, disp, log2);
}

void set_registers(Builder& b, const MultipleStructures& s, const Vectors& v) {
    for (unsigned i = 0; i < s.registers; i++) b.set_v((s.rt + i) % 32, v[i]);
}

Vectors get_registers(Builder& b, const MultipleStructures& s) {
    Vectors v{};
    for (unsigned i = 0; i < s.registers; i++) v[i] = b.get_v((s.rt + i) % 32);
    return v;
}

// The bytes of the structures as 16-byte vectors, in memory's order. `bytes` is a multiple of 8.
Vectors load_memory(Builder& b, Value base, unsigned bytes) {
    Vectors v{};
    for (unsigned at = 0; at < bytes; at += 16) {
        v[at / 16] = load_bytes(b, base, at, bytes - at >= 16 ? 4 : 3);
    }
    return v;
}

void store_memory(Builder& b, Value base, const Vectors& v, unsigned bytes) {
    for (unsigned at = 0; at < bytes; at += 16) {
        store_bytes(b, base, v[at / 16], at, bytes - at >= 16 ? 4 : 3);
    }
}

// A byte vector as a constant.
Value constant(Builder& b, const std::array<uint8_t, 16>& bytes) {
    uint64_t half[2] = {0, 0};
    for (unsigned i = 0; i < 16; i++) half[i / 8] |= uint64_t{bytes[i]} << (i % 8 * 8);
    return b.v_concat(b.i64(half[0]), b.i64(half[1]));
}

// Result byte i is byte from[i] of the 48 bytes of v; 255 is zero.
Value gather(Builder& b, const Vectors& v, const std::array<uint8_t, 16>& from) {
    Value result = kNone;
    for (unsigned k = 0; k < 3; k++) {
        std::array<uint8_t, 16> index;
        bool used = false;
        for (unsigned i = 0; i < 16; i++) {
            const bool here = from[i] != 255 && from[i] / 16 == k;
            index[i] = here ? from[i] % 16 : 255;
            used |= here;
        }
        if (!used) continue;
        const Value part = b.vtbl1(v[k], constant(b, index));
        result = result == kNone ? part : b.vor(result, part);
    }
    return result;
}

// LD3: element e of register r is element 3 e + r in memory.
Vectors deinterleave3(Builder& b, const Vectors& memory, const MultipleStructures& s) {
    Vectors v{};
    const unsigned bytes = s.q ? 16 : 8;
    for (unsigned r = 0; r < 3; r++) {
        std::array<uint8_t, 16> from;
        from.fill(255);
        for (unsigned i = 0; i < bytes; i++) {
            const unsigned element = i >> s.size;
            const unsigned within = i & ((1u << s.size) - 1);
            from[i] = static_cast<uint8_t>(((3 * element + r) << s.size) + within);
        }
        v[r] = gather(b, memory, from);
    }
    return v;
}

// ST3: the reverse, memory's 16-byte vectors from the registers.
Vectors interleave3(Builder& b, const Vectors& registers, const MultipleStructures& s) {
    Vectors v{};
    const unsigned bytes = s.q ? 48 : 24;
    for (unsigned at = 0; at < bytes; at += 16) {
        std::array<uint8_t, 16> from;
        from.fill(255);
        for (unsigned i = 0; i < 16 && at + i < bytes; i++) {
            const unsigned element = (at + i) >> s.size;
            const unsigned within = (at + i) & ((1u << s.size) - 1);
            from[i] = static_cast<uint8_t>(16 * (element % 3) + (element / 3 << s.size) + within);
        }
        v[at / 16] = gather(b, registers, from);
    }
    return v;
}

// In the 64-bit form two registers' worth of bytes fit one vector: the same steps on fewer vectors.
Vectors deinterleave2(Builder& b, const Vectors& m, const MultipleStructures& s) {
    const Value upper = s.q ? m[1] : m[0];
    Vectors v{b.vuzp1(m[0], upper, s.size), b.vuzp2(m[0], upper, s.size), 0, 0};
    if (!s.q) {
        for (unsigned i = 0; i < 2; i++) v[i] = b.vlow64(v[i]);
    }
    return v;
}

Vectors deinterleave4(Builder& b, const Vectors& m, const MultipleStructures& s) {
    // Elements of registers 0 and 2, then those of 1 and 3.
    const Value even0 = b.vuzp1(m[0], m[1], s.size);
    const Value odd0 = b.vuzp2(m[0], m[1], s.size);
    const Value even1 = s.q ? b.vuzp1(m[2], m[3], s.size) : even0;
    const Value odd1 = s.q ? b.vuzp2(m[2], m[3], s.size) : odd0;
    Vectors v{b.vuzp1(even0, even1, s.size), b.vuzp1(odd0, odd1, s.size),
              b.vuzp2(even0, even1, s.size), b.vuzp2(odd0, odd1, s.size)};
    if (!s.q) {
        for (Value& value : v) value = b.vlow64(value);
    }
    return v;
}

Vectors interleave2(Builder& b, const Vectors& r, const MultipleStructures& s) {
    return {b.vzip1(r[0], r[1], s.size), s.q ? b.vzip2(r[0], r[1], s.size) : kNone, 0, 0};
}

Vectors interleave4(Builder& b, const Vectors& r, const MultipleStructures& s) {
    const Value even0 = b.vzip1(r[0], r[2], s.size);
    const Value odd0 = b.vzip1(r[1], r[3], s.size);
    Vectors v{b.vzip1(even0, odd0, s.size), b.vzip2(even0, odd0, s.size), kNone, kNone};
    if (s.q) {
        const Value even1 = b.vzip2(r[0], r[2], s.size);
        const Value odd1 = b.vzip2(r[1], r[3], s.size);
        v[2] = b.vzip1(even1, odd1, s.size);
        v[3] = b.vzip2(even1, odd1, s.size);
    }
    return v;
}

}  // namespace

void load_multiple(Builder& b, Value base, const MultipleStructures& s) {
    const unsigned register_bytes = s.q ? 16 : 8;
    if (s.elements == 1) {
        Vectors v{};
        for (unsigned i = 0; i < s.registers; i++) {
            v[i] = load_bytes(b, base, i * register_bytes, s.q ? 4 : 3);
        }
        set_registers(b, s, v);
        return;
    }
    const Vectors memory = load_memory(b, base, s.registers * register_bytes);
    switch (s.elements) {
        case 2: set_registers(b, s, deinterleave2(b, memory, s)); break;
        case 3: set_registers(b, s, deinterleave3(b, memory, s)); break;
        default: set_registers(b, s, deinterleave4(b, memory, s)); break;
    }
}

void store_multiple(Builder& b, Value base, const MultipleStructures& s) {
    const unsigned register_bytes = s.q ? 16 : 8;
    const Vectors registers = get_registers(b, s);
    const unsigned bytes = s.registers * register_bytes;
    switch (s.elements) {
        case 1:
            for (unsigned i = 0; i < s.registers; i++) {
                store_bytes(b, base, registers[i], i * register_bytes, s.q ? 4 : 3);
            }
            break;
        case 2: store_memory(b, base, interleave2(b, registers, s), bytes); break;
        case 3: store_memory(b, base, interleave3(b, registers, s), bytes); break;
        default: store_memory(b, base, interleave4(b, registers, s), bytes); break;
    }
}

void load_single(Builder& b, Value base, const SingleStructure& s) {
    const Type type = s.size == 3 ? Type::i64 : Type::i32;
    Vectors v{};
    for (unsigned i = 0; i < s.elements; i++) {
        v[i] = b.load(type, base, kNone, 0, static_cast<int64_t>(i) << s.size, s.size);
    }
    for (unsigned i = 0; i < s.elements; i++) {
        const unsigned rt = (s.rt + i) % 32;
        b.set_v(rt, b.vset_lane(b.get_v(rt), v[i], s.index, s.size));
    }
}

void store_single(Builder& b, Value base, const SingleStructure& s) {
    for (unsigned i = 0; i < s.elements; i++) {
        const Value element = b.vget_u(b.get_v((s.rt + i) % 32), s.index, s.size);
        b.store(base, kNone, element, 0, static_cast<int64_t>(i) << s.size, s.size);
    }
}

void load_replicate(Builder& b, Value base, const SingleStructure& s, bool q) {
    const Type type = s.size == 3 ? Type::i64 : Type::i32;
    Vectors v{};
    for (unsigned i = 0; i < s.elements; i++) {
        v[i] = b.load(type, base, kNone, 0, static_cast<int64_t>(i) << s.size, s.size);
    }
    for (unsigned i = 0; i < s.elements; i++) {
        const Value all = b.vdup(v[i], s.size);
        b.set_v((s.rt + i) % 32, q ? all : b.vlow64(all));
    }
}

}  // namespace pydbt::a64::simd
