#include "translator/a64/disassembler.hpp"

namespace pydbt::a64 {

std::string disassemble(uint32_t word, uint64_t, const Features& features) {
    std::string text;
    if (!write_fields(word, features, text)) text = "undefined";
    return text;
}

}  // namespace pydbt::a64
