// The guest's CPU: a model and the features it has.
//
// Owns: Cpu, the syntax of `-cpu`, what ID registers say at EL1. The models come from spec/cpus.py.
// Must not know: what an OS shows of the CPU.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "translator/a64/cpus.gen.hpp"
#include "translator/a64/features.hpp"

namespace pydbt::a64 {

/// Why a `-cpu` text is refused: a sentence, and what would have been known there ("" or lines).
struct CpuError {
    std::string message;
    std::string known;
};

class Cpu {
   public:
    /// The first model, with all it has.
    Cpu() : model_(&kCpuModels[0]), features_(model_->features) {}

    /// Sets what `MODEL[,FEATURE=on|off]...` says. A feature that is turned off takes those along
    /// that need it, one that is turned on brings what it needs; of the same feature the last word
    /// counts. False, with *this unchanged, when the text says no such thing.
    bool select(std::string_view text, CpuError& error);

    /// Takes a feature away, and those that need it.
    void remove(Feature feature);

    /// What `-cpu MODEL,help` prints: the features it has.
    std::string help() const;

    const CpuModel& model() const { return *model_; }
    const Features& features() const { return features_; }

    /// ID register op0 3, op1 0, CRn 0, `id` = CRm << 3 | op2, for CRm 4 to 7: 0 if it has none.
    uint64_t id_register(uint32_t id) const;

   private:
    const CpuModel* model_;
    Features features_;
};

/// What `-cpu help` prints: models with a line each, features.
std::string cpu_help();

}  // namespace pydbt::a64
