// The Python extension pydbt._core: the translator's steps on a piece of guest code.
//
// Owns: the functions' Python form and the check of their arguments. Must not know: how programs
// are run. pydbt/_core.pyi types it; pydbt/__init__.py is its public face.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>

#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "translator/a64/disassembler.hpp"
#include "translator/a64/lifter.hpp"
#include "translator/ir/printer.hpp"
#include "translator/native/spec_hash.gen.hpp"
#include "translator/opt/passes.hpp"
#include "translator/x64/host_features.hpp"
#include "translator/x64/tier1.hpp"

namespace nb = nanobind;

namespace pydbt::native {
namespace {

constexpr size_t kMostInstructions = 64;  // of a block, as runtime::Options has it

void check_pc(uint64_t pc) {
    if (pc % 4 != 0) throw std::invalid_argument("pc is not a multiple of 4");
}

ir::Function lift_words(const nb::bytes& code, uint64_t pc) {
    check_pc(pc);
    if (code.size() == 0 || code.size() % 4 != 0) {
        throw std::invalid_argument(
            "code is not a whole number of 4-byte instructions, one or more");
    }
    std::vector<uint32_t> words(std::min(code.size() / 4, kMostInstructions));
    std::memcpy(words.data(), code.c_str(), words.size() * 4);
    ir::Function function;
    a64::lift_block(function, pc, words, a64::Features{}, 0);
    return function;
}

ir::Function optimize(ir::Function function) {
    for (const opt::Pass& pass : opt::kPasses) pass.run(function);
    return function;
}

std::string disassemble(uint32_t word, uint64_t pc) {
    check_pc(pc);
    return a64::disassemble(word, pc, a64::Features{});
}

size_t block_length(const nb::bytes& code, uint64_t pc) {
    return lift_words(code, pc).insns.size() * 4;
}

std::string lift(const nb::bytes& code, uint64_t pc) { return ir::print(lift_words(code, pc)); }

std::string lift_optimized(const nb::bytes& code, uint64_t pc) {
    return ir::print(optimize(lift_words(code, pc)));
}

nb::bytes translate(const nb::bytes& code, uint64_t pc, std::string_view host_features) {
    x64::HostFeatures host = x64::HostFeatures::detect();
    std::string error;
    if (!host.cap(host_features, error)) throw std::invalid_argument(error);
    ir::Function function = optimize(lift_words(code, pc));
    x64::Tier1 tier(host);
    x64::CodeBlock block;
    constexpr size_t kAlignment = 16, kRoom = size_t{1} << 20;
    std::vector<uint8_t> memory(kRoom + kAlignment);
    size_t skip = -reinterpret_cast<uintptr_t>(memory.data()) % kAlignment;
    std::span<uint8_t> buffer(memory.data() + skip, kRoom);
    if (!tier.compile(function, buffer, block)) throw std::length_error("too much host code");
    return nb::bytes(reinterpret_cast<const char*>(buffer.data()), block.size);
}

}  // namespace
}  // namespace pydbt::native

NB_MODULE(_core, m) {
    using namespace pydbt::native;
    using nb::literals::operator""_a;
    m.attr("SPEC_HASH") = kSpecHash;
    m.def("disassemble", &disassemble, "word"_a, "pc"_a = 0);
    m.def("block_length", &block_length, "code"_a, "pc"_a = 0);
    m.def("lift", &lift, "code"_a, "pc"_a = 0);
    m.def("lift_optimized", &lift_optimized, "code"_a, "pc"_a = 0);
    m.def("translate", &translate, "code"_a, "pc"_a = 0, "host_features"_a = "native");
}
