// Vectors as arrays of elements.
//
// Owns: splitting and joining. Must not know: ops.
#pragma once

#include <cstring>

#include "translator/base/state.gen.hpp"

namespace pydbt::ir {

using base::V128;

template <class T>
struct Lanes {
    static constexpr unsigned kCount = 16 / sizeof(T);
    T e[kCount];

    static Lanes of(const V128& v) {
        Lanes l;
        std::memcpy(l.e, &v, sizeof v);
        return l;
    }
    V128 pack() const {
        V128 v;
        std::memcpy(&v, e, sizeof v);
        return v;
    }
};

template <class T, class F>
V128 each(const V128& a, const V128& b, F f) {
    auto x = Lanes<T>::of(a), y = Lanes<T>::of(b);
    for (unsigned n = 0; n < x.kCount; n++) x.e[n] = static_cast<T>(f(x.e[n], y.e[n]));
    return x.pack();
}

}  // namespace pydbt::ir
