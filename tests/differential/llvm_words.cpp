// Disassembles words with LLVM, an oracle that is not ours.
//
// Owns: the use of LLVM's C interface (llvm-c/Disassembler.h), whose few declarations stand here so
// that no headers are needed. Must not know: what words mean.
// Built by tests/differential/llvm.py and run with the C library that libLLVM was built for.
//
//   llvm_words LIBRARY FEATURES [--text]  < 32-bit words, little-endian
//
// FEATURES is LLVM's `+name,-name`; on top of what its generic CPU has. Writes a byte a word, 1
// where LLVM decodes it and 0 where it does not, or with --text a line, empty where it does not.
// What LLVM calls a soft failure, a CONSTRAINED UNPREDICTABLE word, is no success in this
// interface.
#include <dlfcn.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <string>

namespace {

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

}  // namespace

int main(int argc, char** argv) {
    bool text = argc == 4 && std::strcmp(argv[3], "--text") == 0;
    if (argc != 3 && !text) fail("usage", "llvm_words LIBRARY FEATURES [--text]");
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
    char line[256];
    while (size_t n = std::fread(words, 4, std::size(words), stdin)) {
        out.clear();
        for (size_t i = 0; i < n; i++) {
            auto* bytes = reinterpret_cast<uint8_t*>(&words[i]);
            bool ok = disassemble(context, bytes, 4, 0, line, sizeof line) == 4;
            if (text) {
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
