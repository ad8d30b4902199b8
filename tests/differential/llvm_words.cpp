// Disassembles words with LLVM, an oracle that is not ours.
//
// Owns: the use of LLVM's C interface (llvm-c/Disassembler.h), whose few declarations stand here so
// that no headers are needed. Must not know: what words mean.
// Built by tests/differential/llvm.py and run with the C library that libLLVM was built for.
//
//   llvm_words LIBRARY FEATURES [--text|--forms]  < 32-bit words, little-endian
//
// FEATURES is LLVM's `+name,-name`; on top of what its generic CPU has. Writes a byte a word, 1
// where LLVM decodes it and 0 where it does not; with --text a line, empty where it does not; with
// --forms a few lines `WORD<TAB>text` of each form, which is a text but for its numbers. What LLVM
// calls a soft failure, a CONSTRAINED UNPREDICTABLE word, is no success in this interface.
#include <dlfcn.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <string>
#include <string_view>
#include <unordered_map>

namespace {

constexpr unsigned kWordsPerForm = 4;

[[noreturn]] void fail(const char* what, const char* detail) {
    std::fprintf(stderr, "llvm_words: %s: %s\n", what, detail);
    std::exit(2);
}

void* library;

template <class Function>
Function* symbol(const char* name) {
    void* found = dlsym(library, name);
    if (found == nullptr) fail("no such function", name);
    return reinterpret_cast<Function*>(found);
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Digits of the mnemonic and of arrangements (`.16b`) count, all others do not.
std::string form_of(std::string_view text) {
    std::string form;
    size_t operands = text.find('\t', 1);
    for (size_t i = 0; i < text.size(); i++) {
        bool number = is_digit(text[i]) && i > operands && form.back() != '.';
        if (!number) {
            form += text[i];
            if (text[i] != '.') continue;
            while (i + 1 < text.size() && is_digit(text[i + 1])) form += text[++i];
            continue;
        }
        while (i + 1 < text.size() && is_digit(text[i + 1])) i++;
        form += 'N';
    }
    return form;
}

}  // namespace

int main(int argc, char** argv) {
    std::string_view mode = argc == 4 ? argv[3] : "";
    bool text = mode == "--text", forms = mode == "--forms";
    if (argc != 3 && !text && !forms) {
        fail("usage", "llvm_words LIBRARY FEATURES [--text|--forms]");
    }
    library = dlopen(argv[1], RTLD_NOW);
    if (library == nullptr) fail("cannot load LLVM", dlerror());
    for (const char* part : {"TargetInfo", "TargetMC", "Disassembler"}) {
        symbol<void()>((std::string("LLVMInitializeAArch64") + part).c_str())();
    }
    auto* create = symbol<void*(const char*, const char*, const char*, void*, int, void*, void*)>(
        "LLVMCreateDisasmCPUFeatures");
    auto* disassemble =
        symbol<size_t(void*, uint8_t*, uint64_t, uint64_t, char*, size_t)>("LLVMDisasmInstruction");
    void* context = create("aarch64-linux-gnu", "generic", argv[2], nullptr, 0, nullptr, nullptr);
    if (context == nullptr) fail("cannot make a disassembler for", argv[2]);

    static uint32_t words[4096];
    std::string out;
    std::unordered_map<std::string, unsigned> seen;
    char line[256];
    while (size_t n = std::fread(words, 4, std::size(words), stdin)) {
        out.clear();
        for (size_t i = 0; i < n; i++) {
            auto* bytes = reinterpret_cast<uint8_t*>(&words[i]);
            bool ok = disassemble(context, bytes, 4, 0, line, sizeof line) == 4;
            if (forms) {
                if (!ok || seen[form_of(line)]++ >= kWordsPerForm) continue;
                char word[16];
                std::snprintf(word, sizeof word, "%08x", words[i]);
                out += std::string(word) + line + '\n';
            } else if (text) {
                if (ok) out += line;
                out += '\n';
            } else {
                out += ok ? '\1' : '\0';
            }
        }
        if (std::fwrite(out.data(), 1, out.size(), stdout) != out.size()) return 1;
    }
    return 0;
}
