// Translates one block and prints every step, for the golden tests and by hand.
//
// Owns: the sections of the output. Must not know: where words come from, how text is normalised.
//
//   translate [--pc=0x400000] [--key=0] [--host-features=LIST] [--main]   < words, hexadecimal
//
// Host code is hexadecimal, for the baseline of host features or those in LIST, whatever this
// machine has. After `host` come lines `exit KIND rel32 stub ic_imm target` and `reloc offset
// address`. With --main each line is a block, and of each only the host code is printed that is not
// out of line.
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "translator/a64/disassembler.hpp"
#include "translator/a64/lifter.hpp"
#include "translator/ir/printer.hpp"
#include "translator/ir/verifier.hpp"
#include "translator/opt/passes.hpp"
#include "translator/x64/tier1.hpp"

namespace {

using namespace pydbt;

constexpr size_t kMostCode = size_t{1} << 16;
constexpr const char* kExitKinds[] = {"jump",     "call",          "landing",
                                      "indirect", "indirect_call", "ret"};

[[noreturn]] void fail(const char* what, const char* detail) {
    std::fprintf(stderr, "translate: %s: %s\n", what, detail);
    std::exit(2);
}

void check(const ir::Function& f) {
    std::string wrong = ir::verify(f);
    if (!wrong.empty()) fail("malformed IR", wrong.c_str());
}

std::vector<uint32_t> read_words() {
    std::vector<uint32_t> words;
    uint32_t word;
    while (std::scanf("%" SCNx32, &word) == 1) words.push_back(word);
    if (std::feof(stdin) == 0) fail("stdin", "not a word in hexadecimal");
    if (words.empty()) fail("stdin", "no words");
    return words;
}

void print_guest(const ir::Function& f, const std::vector<uint32_t>& words,
                 const a64::Features& features) {
    std::puts("guest");
    for (size_t n = 0; n < f.insns.size(); n++) {
        std::printf("  0x%" PRIx64 "  %08" PRIx32 "  %s\n", f.insns[n], words[n],
                    a64::disassemble(words[n], f.insns[n], features).c_str());
    }
}

uint8_t buffer[kMostCode] __attribute__((aligned(64)));

x64::CodeBlock compiled(const ir::Function& f, const x64::HostFeatures& host) {
    x64::Tier1 tier1(host);
    x64::CodeBlock code;
    if (!tier1.compile(f, buffer, code)) fail("tier 1", "no room");
    return code;
}

void print_code(uint32_t size) {
    for (uint32_t n = 0; n < size; n++) std::printf("%02x", buffer[n]);
    std::puts("");
}

void print_host(const ir::Function& f, const x64::HostFeatures& host) {
    x64::CodeBlock code = compiled(f, host);
    std::printf("host cold=%" PRIu32 " constants=%" PRIu32 "\n", code.cold, code.constants);
    print_code(code.size);
    for (const x64::ExitSite& e : code.exits) {
        std::printf("exit %s %" PRIu32 " %" PRIu32 " %" PRIu32 " 0x%" PRIx64 "\n",
                    kExitKinds[e.kind], e.rel32, e.stub, e.ic_imm, e.target);
    }
    for (const x64::Reloc& r : code.relocs) {
        std::printf("reloc %" PRIu32 " 0x%" PRIx64 "\n", r.offset, r.address);
    }
}

void print_main_paths(uint64_t pc, uint32_t key, const x64::HostFeatures& host) {
    const a64::Features features;
    char line[4096];
    while (std::fgets(line, sizeof line, stdin) != nullptr) {
        std::vector<uint32_t> words;
        char* at = line;
        for (char* end = nullptr;; at = end) {
            auto word = static_cast<uint32_t>(std::strtoul(at, &end, 16));
            if (end == at) break;
            words.push_back(word);
        }
        if (words.empty()) fail("stdin", "a line without words");
        ir::Function f;
        a64::lift_block(f, pc, words, features, key);
        for (const opt::Pass& pass : opt::kPasses) pass.run(f);
        print_code(compiled(f, host).cold);
    }
}

}  // namespace

int main(int argc, char** argv) {
    uint64_t pc = 0x400000;
    uint32_t key = 0;
    bool main_paths = false;
    x64::HostFeatures host{x64::kHostBaseline};
    for (int n = 1; n < argc; n++) {
        if (std::strncmp(argv[n], "--pc=", 5) == 0) {
            pc = std::strtoull(argv[n] + 5, nullptr, 0);
        } else if (std::strncmp(argv[n], "--key=", 6) == 0) {
            key = static_cast<uint32_t>(std::strtoul(argv[n] + 6, nullptr, 0));
        } else if (std::strncmp(argv[n], "--host-features=", 16) == 0) {
            std::string error;
            host.bits = ~uint32_t{0};
            if (!host.cap(argv[n] + 16, error)) fail("options", error.c_str());
        } else if (std::strcmp(argv[n], "--main") == 0) {
            main_paths = true;
        } else {
            fail("unknown argument", argv[n]);
        }
    }
    if (main_paths) {
        print_main_paths(pc, key, host);
        return 0;
    }
    std::vector<uint32_t> words = read_words();
    const a64::Features features;
    ir::Function f;
    a64::lift_block(f, pc, words, features, key);
    print_guest(f, words, features);
    check(f);
    std::printf("ir\n%s", ir::print(f).c_str());
    for (const opt::Pass& pass : opt::kPasses) {
        pass.run(f);
        check(f);
    }
    std::printf("ir_opt\n%s", ir::print(f).c_str());
    print_host(f, host);
    return 0;
}
