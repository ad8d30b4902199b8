// Owns the main function of every C++ unit-test program: runs the registered tests in the order of
// their definition, or those whose names are given, prints "ok NAME" or "FAILED NAME" a test, and
// exits with 1 when one failed, with 2 when there was none to run.
#include "tests/unit/cpp/testing.hpp"

#include <cinttypes>
#include <cstdio>
#include <cstring>

namespace pydbt::testing {
namespace {

Test* first = nullptr;
Test** last = &first;
bool failed = false;

bool selected(const Test& test, int argc, char** argv) {
    if (argc < 2) return true;
    for (int i = 1; i < argc; ++i) {
        if (std::strcmp(argv[i], test.name) == 0) return true;
    }
    return false;
}

}  // namespace

int add(Test& test) {
    *last = &test;
    last = &test.next;
    return 0;
}

void fail(const char* file, int line, std::string_view what) {
    failed = true;
    std::fprintf(stderr, "%s:%d: check failed: %.*s\n", file, line, static_cast<int>(what.size()),
                 what.data());
}

std::string show(bool value) { return value ? "true" : "false"; }

std::string show(std::string_view value) { return "\"" + std::string(value) + "\""; }

std::string show(double value) {
    char text[64];
    std::snprintf(text, sizeof text, "%.17g (%a)", value, value);
    return text;
}

std::string show_integer(uint64_t bits, bool is_negative) {
    char text[64];
    if (is_negative) {
        std::snprintf(text, sizeof text, "%" PRId64 " (0x%" PRIx64 ")", static_cast<int64_t>(bits),
                      bits);
    } else {
        std::snprintf(text, sizeof text, "%" PRIu64 " (0x%" PRIx64 ")", bits, bits);
    }
    return text;
}

}  // namespace pydbt::testing

int main(int argc, char** argv) {
    using namespace pydbt::testing;
    if (argc == 2 && std::strcmp(argv[1], "--list") == 0) {
        for (const Test* test = first; test != nullptr; test = test->next) std::puts(test->name);
        return first == nullptr ? 2 : 0;
    }
    int ran = 0;
    int failures = 0;
    for (const Test* test = first; test != nullptr; test = test->next) {
        if (!selected(*test, argc, argv)) continue;
        failed = false;
        test->run();
        ++ran;
        failures += failed;
        std::printf("%s %s\n", failed ? "FAILED" : "ok", test->name);
        std::fflush(stdout);
    }
    std::printf("%d tests, %d failed\n", ran, failures);
    if (ran == 0) return 2;
    return failures == 0 ? 0 : 1;
}
