// Text of guest instructions, for logs.
//
// Owns: the form `ADD_imm sf=1 sh=0 imm=16 rn=1 rd=0`, the pattern and its fields. (For the
// assembler's text pipe the log through `pydbt disas`, which asks capstone.) Must not know: lifting.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>

#include "translator/a64/features.hpp"

namespace pydbt::a64 {

/// The pattern's name and fields, or `undefined` for a word no pattern of these features takes.
std::string disassemble(uint32_t word, uint64_t pc, const Features& features);

/// What the generated decoder appends names and fields to.
class TextWriter {
   public:
    TextWriter(const Features& features, std::string& text) : features_(features), text_(text) {}
    bool has(Feature f) const { return features_.has(f); }
    void name(const char* text) { text_ += text; }
    void field(const char* name, int32_t value) {
        char part[64];
        int n = std::snprintf(part, sizeof part, " %s=%d", name, value);
        text_.append(part, static_cast<size_t>(n));
    }

   private:
    const Features& features_;
    std::string& text_;
};

/// Generated: appends name and fields; false when unallocated.
bool write_fields(uint32_t word, const Features& features, std::string& text);

}  // namespace pydbt::a64
