// Disassembles words, for the decode tests and by hand.
//
// Owns: reading words, one line each. Must not know: where they come from.
//
//   disassemble          < lines of `pc word`, hexadecimal
//   disassemble --words  < 32-bit words, little-endian, at addresses 0, 4, ...
//
// Prints `PATTERN<TAB>text`; the pattern is `-` where no pattern takes the word.
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <string>

#include "translator/a64/disassembler.hpp"

namespace {

using pydbt::a64::Features;

void print(uint64_t pc, uint32_t word, const Features& features, std::string& out) {
    size_t start = out.size();
    const char* pattern = pydbt::a64::disassemble_to(word, pc, features, out);
    if (pattern == nullptr) {
        out += "-\tundefined\n";
        return;
    }
    out.insert(start, std::string(pattern) + '\t');
    out += '\n';
}

bool flush(std::string& out) {
    bool ok = std::fwrite(out.data(), 1, out.size(), stdout) == out.size();
    out.clear();
    return ok;
}

}  // namespace

int main(int argc, char** argv) {
    bool words = argc == 2 && std::strcmp(argv[1], "--words") == 0;
    if (argc > 1 && !words) {
        std::fputs("usage: disassemble [--words]\n", stderr);
        return 2;
    }
    const Features features;
    std::string out;
    bool ok = true;
    if (words) {
        uint32_t buffer[4096];
        uint64_t pc = 0;
        while (size_t n = std::fread(buffer, 4, std::size(buffer), stdin)) {
            for (size_t i = 0; i < n; i++, pc += 4) print(pc, buffer[i], features, out);
            ok = flush(out) && ok;
        }
        return ok ? 0 : 1;
    }
    char line[128];
    while (std::fgets(line, sizeof line, stdin) != nullptr) {
        uint64_t pc;
        uint32_t word;
        if (std::sscanf(line, "%" SCNx64 " %" SCNx32, &pc, &word) != 2) {
            flush(out);
            std::fprintf(stderr, "disassemble: not `pc word`: %s", line);
            return 2;
        }
        print(pc, word, features, out);
    }
    return flush(out) ? 0 : 1;
}
