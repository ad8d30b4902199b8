// Owns the tiny test harness of the C++ unit tests: registration, checks, and the report that
// tests/unit/test_cpp.py reads. Must not know what it tests. Built without exceptions: a failed
// REQUIRE leaves the test function, a failed CHECK goes on.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

namespace pydbt::testing {

struct Test {
    const char* name;
    void (*run)();
    Test* next;
};

// Adds a test to the list; called before main by TEST.
int add(Test& test);

// Reports one failed check of the running test on stderr and marks the test as failed.
void fail(const char* file, int line, std::string_view what);

// Text of a value for a report: integers in decimal and hexadecimal, text quoted.
std::string show(bool value);
std::string show(std::string_view value);
std::string show(double value);
std::string show_integer(uint64_t bits, bool is_negative);

template <typename T>
std::string show_any(const T& value) {
    if constexpr (std::is_same_v<T, bool>) {
        return show(value);
    } else if constexpr (std::is_enum_v<T>) {
        return show_any(static_cast<std::underlying_type_t<T>>(value));
    } else if constexpr (std::is_integral_v<T>) {
        return show_integer(static_cast<uint64_t>(value), value < T{});
    } else if constexpr (std::is_floating_point_v<T>) {
        return show(static_cast<double>(value));
    } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
        return show(std::string_view(value));
    } else {
        return "(a value with no text form)";
    }
}

template <typename A, typename B>
bool check_equal(const A& got, const B& expected, const char* file, int line, const char* text) {
    bool equal;
    if constexpr (std::is_integral_v<A> && std::is_integral_v<B> && !std::is_same_v<A, bool> &&
                  !std::is_same_v<B, bool>) {
        // Compares as mathematical integers, whatever the signedness and the width.
        equal = (got < A{}) == (expected < B{}) &&
                static_cast<uint64_t>(got) == static_cast<uint64_t>(expected);
    } else {
        equal = got == expected;
    }
    if (!equal) {
        fail(file, line,
             std::string(text) + "\n    got      " + show_any(got) + "\n    expected " +
                 show_any(expected));
    }
    return equal;
}

}  // namespace pydbt::testing

#define PYDBT_TEST_(name, id)                                                            \
    static void pydbt_test_##id();                                                       \
    static ::pydbt::testing::Test pydbt_test_entry_##id{name, pydbt_test_##id, nullptr}; \
    [[maybe_unused]] static const int pydbt_test_added_##id =                            \
        ::pydbt::testing::add(pydbt_test_entry_##id);                                    \
    static void pydbt_test_##id()

// TEST(name_of_what_holds) { ... }
#define TEST(name) PYDBT_TEST_(#name, name)

#define CHECK(condition)                                                          \
    do {                                                                          \
        if (!(condition)) ::pydbt::testing::fail(__FILE__, __LINE__, #condition); \
    } while (false)

#define REQUIRE(condition)                                          \
    do {                                                            \
        if (!(condition)) {                                         \
            ::pydbt::testing::fail(__FILE__, __LINE__, #condition); \
            return;                                                 \
        }                                                           \
    } while (false)

#define CHECK_EQ(got, expected) \
    ::pydbt::testing::check_equal((got), (expected), __FILE__, __LINE__, #got " == " #expected)
