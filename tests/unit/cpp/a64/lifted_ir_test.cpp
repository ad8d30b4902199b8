// What any lift must be, whatever the instruction: IR that the verifier accepts and that survives
// its text form. PYDBT_LIFTED_WORDS: how many words to try.
#include <cstdio>
#include <cstdlib>
#include <random>

#include "tests/unit/cpp/testing.hpp"
#include "translator/a64/lifter.hpp"
#include "translator/ir/parser.hpp"
#include "translator/ir/printer.hpp"
#include "translator/ir/verifier.hpp"

namespace {

using namespace pydbt;

// Words whose top byte goes through all values, so that every class of instructions is met.
uint32_t next_word(std::mt19937& random, uint32_t n) { return (random() & 0x00ffffff) | n << 24; }

TEST(lifts_are_well_formed) {
    a64::Features features;
    const char* wanted = std::getenv("PYDBT_LIFTED_WORDS");
    unsigned long count = wanted == nullptr ? 100'000 : std::strtoul(wanted, nullptr, 0);
    std::mt19937 random(1);
    ir::Function f;
    unsigned undefined = 0, complaints = 0;
    for (uint32_t n = 0; n < count && complaints < 20; n++) {
        uint32_t word = next_word(random, n);
        f.clear();
        constexpr uint32_t kKeys[] = {0, ir::kKeySlowFp, 0, a64::kKeyTags};
        a64::lift_block(f, 0x400000, {&word, 1}, features, kKeys[n % 4]);
        std::string wrong = ir::verify(f);
        if (!wrong.empty()) {
            char text[32];
            std::snprintf(text, sizeof text, "%08x: ", word);
            pydbt::testing::fail(__FILE__, __LINE__, text + wrong);
            complaints++;
        }
        undefined += f.insts[f.blocks[0].last].op == ir::Op::exit_exception;
        if (n % 16 != 0) continue;
        std::string text = ir::print(f);
        ir::Function again;
        CHECK_EQ(ir::parse(text, again), "");
        CHECK_EQ(ir::print(again), text);
    }
    CHECK(undefined < count / 4 * 3);  // most words mean nothing; enough must
}

}  // namespace
