// Walks translation tables that a test describes, one line a command:
//
//     regime SCTLR TCR MAIR TTBR0 TTBR1 PA_BITS FEATURES    FEATURES: bits as below
//     memory ADDRESS VALUE
//     walk VA PURPOSE                                       1 EL0, 2 write, 4 execute, 8 PAN
//
// Each walk prints a line: `fault STATUS`, or `PA SIZE ATTRIBUTES SHAREABILITY GLOBAL GUARDED`, and
// which descriptor has become what.
//
// Owns: that format. Must not know: what is right.
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <map>

#include "sysmode/mmu/walker.hpp"

namespace pydbt::sysmode {
namespace {

class Tables final : public TableMemory {
   public:
    bool read_descriptor(uint64_t pa, uint64_t& value) override {
        auto found = words.find(pa);
        if (found == words.end()) return false;
        value = found->second;
        return true;
    }
    bool replace_descriptor(uint64_t pa, uint64_t expected, uint64_t desired) override {
        uint64_t& word = words[pa];
        if (word != expected) return false;
        word = desired;
        std::printf("update %" PRIx64 " %" PRIx64 " ", pa, desired);
        return true;
    }
    std::map<uint64_t, uint64_t> words;
};

MmuFeatures features_of(uint64_t bits, unsigned pa_bits) {
    auto bit = [&](unsigned n) { return (bits >> n & 1) != 0; };
    MmuFeatures f;
    f.pa_bits = pa_bits;
    f.asid16 = bit(0);
    f.granule16k = bit(1);
    f.lpa2_4k = bit(2);
    f.lpa2_16k = bit(3);
    f.lva = bit(4);
    f.small_tables = bit(5);
    f.access_flag = bit(6);
    f.dirty_state = bit(7);
    f.hierarchical_off = bit(8);
    f.pan = bit(9);
    f.epan = bit(10);
    f.e0pd = bit(11);
    return f;
}

void walk_and_print(const Regime& regime, uint64_t va, uint64_t bits, Tables& tables) {
    Purpose purpose;
    purpose.el0 = (bits & 1) != 0;
    purpose.write = (bits & 2) != 0;
    purpose.execute = (bits & 4) != 0;
    purpose.pan = (bits & 8) != 0;
    Translation t;
    if (Fault fault = walk(regime, va, purpose, tables, t)) {
        std::printf("fault %x\n", fault.status());
    } else {
        std::printf("%" PRIx64 " %u %x %u %d %d\n", t.pa, t.size, t.attributes, t.shareability,
                    t.global, t.guarded);
    }
}

int main_loop() {
    Tables tables;
    Regime regime;
    char line[512];
    while (std::fgets(line, sizeof line, stdin) != nullptr) {
        uint64_t v[7] = {};
        if (std::sscanf(line,
                        "regime %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64
                        " %" SCNu64 " %" SCNx64,
                        &v[0], &v[1], &v[2], &v[3], &v[4], &v[5], &v[6]) == 7) {
            MmuFeatures features = features_of(v[6], static_cast<unsigned>(v[5]));
            regime = make_regime({v[0], v[1], v[2], {v[3], v[4]}}, features);
            tables.words.clear();
        } else if (std::sscanf(line, "memory %" SCNx64 " %" SCNx64, &v[0], &v[1]) == 2) {
            tables.words[v[0]] = v[1];
        } else if (std::sscanf(line, "walk %" SCNx64 " %" SCNx64, &v[0], &v[1]) == 2) {
            walk_and_print(regime, v[0], v[1], tables);
        } else {
            std::fprintf(stderr, "walk_tables: what is %s", line);
            return 2;
        }
    }
    return 0;
}

}  // namespace
}  // namespace pydbt::sysmode

int main() { return pydbt::sysmode::main_loop(); }
