// Says of words whether they are instructions, for the decode tests: as fast as they are lifted.
//
// Owns: reading words, one byte each. Must not know: where they come from.
//
//   lift_words < 32-bit words, little-endian
//
// Writes 0 where no pattern takes the word, 1 where one does but the lift says UNDEFINED, 2 for an
// instruction. All features are on.
#include <cstdio>
#include <iterator>
#include <string>

#include "translator/a64/disassembler.hpp"
#include "translator/a64/lifter.hpp"

namespace {

using namespace pydbt;

bool is_undefined(const ir::Function& f) {
    uint32_t first = f.blocks[0].first;
    if (first == ir::kNone || f.insts[first].op != ir::Op::exit_exception) return false;
    auto reason = static_cast<uint16_t>(f.insts[first].imm);
    return reason == static_cast<uint16_t>(ir::Exception::undefined);
}

}  // namespace

int main() {
    const a64::Features features;
    ir::Function f;
    std::string text, out;
    static uint32_t words[4096];
    while (size_t n = std::fread(words, 4, std::size(words), stdin)) {
        out.clear();
        for (size_t i = 0; i < n; i++) {
            f.clear();
            text.clear();
            a64::lift_block(f, 0x400000, {&words[i], 1}, features, 0);
            if (!is_undefined(f)) {
                out += '\2';
            } else {
                bool known = a64::disassemble_to(words[i], 0, features, text) != nullptr;
                out += known ? '\1' : '\0';
            }
        }
        if (std::fwrite(out.data(), 1, out.size(), stdout) != out.size()) return 1;
    }
    return 0;
}
