// Feeds damaged ELF files to the loader, in this process.
//
// Owns: mutations of headers, and what must hold of every file that is accepted. Must not know: how
// files are read or mapped.
//
//   fuzz_elf FILE SEED COUNT [FIRST]   COUNT mutants of FILE, from number FIRST on
//   fuzz_elf FILE                      FILE as it is, as libFuzzer would give it
//
// Prints how many were read and mapped. A mutant that breaks something is named by its number; the
// same command with COUNT 1 and that FIRST shows it again. LLVMFuzzerTestOneInput is the same check
// for libFuzzer: compile with -fsanitize=fuzzer -DPYDBT_LIBFUZZER.
#include <elf.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cinttypes>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <span>
#include <vector>

#include "usermode/loader/elf.hpp"

namespace {

using pydbt::usermode::AddressSpace;
using pydbt::usermode::ElfFile;
using pydbt::usermode::kAddressLimit;
using pydbt::usermode::kPageSize;
using pydbt::usermode::LoadedImage;
using pydbt::usermode::page_down;
using pydbt::usermode::page_up;
using pydbt::usermode::Segment;

volatile uint64_t g_case = 0;

[[noreturn]] void fail(const char* what) {
    std::fprintf(stderr, "case %" PRIu64 ": %s\n", g_case, what);
    std::_Exit(1);
}

void require(bool condition, const char* what) {
    if (!condition) fail(what);
}

void on_signal(int number) {
    char text[64];
    int n = std::snprintf(text, sizeof text, "case %" PRIu64 ": signal %d\n", g_case, number);
    [[maybe_unused]] ssize_t written = write(STDERR_FILENO, text, static_cast<size_t>(n));
    std::_Exit(1);
}

// --- what must hold -----------------------------------------------------------------------------

void check_headers(const ElfFile& elf, uint64_t file_size) {
    require(!elf.segments.empty(), "accepted without segments");
    require(elf.interpreter.find('\0') == std::string::npos, "a NUL in the interpreter's name");
    uint64_t last = 0;
    for (const Segment& s : elf.segments) {
        require(s.memory_size != 0 && s.file_size <= s.memory_size, "sizes of a segment");
        require(s.vaddr >= last, "segments overlap");
        require(s.memory_size <= kAddressLimit && s.vaddr <= kAddressLimit - s.memory_size,
                "a segment beyond the address space");
        require(s.file_offset <= file_size && s.file_size <= file_size - s.file_offset,
                "a segment beyond the file");
        last = s.vaddr + s.memory_size;
    }
}

bool shares_page(const ElfFile& elf, size_t index) {
    const Segment& s = elf.segments[index];
    uint64_t begin = page_down(s.vaddr), end = page_up(s.vaddr + s.memory_size);
    for (size_t n = 0; n < elf.segments.size(); n++) {
        const Segment& other = elf.segments[n];
        if (n != index && page_down(other.vaddr) < end &&
            page_up(other.vaddr + other.memory_size) > begin) {
            return true;
        }
    }
    return false;
}

void check_contents(const ElfFile& elf, const LoadedImage& image, std::span<const uint8_t> file) {
    constexpr uint64_t kMostZeroes = 2 * kPageSize;
    for (size_t n = 0; n < elf.segments.size(); n++) {
        const Segment& s = elf.segments[n];
        if (s.prot == 0 || shares_page(elf, n)) continue;
        const auto* at = reinterpret_cast<const uint8_t*>(image.bias + s.vaddr);
        if (at == nullptr) continue;  // the privileged may map it; C++ has no way to look
        require(std::memcmp(at, file.data() + s.file_offset, s.file_size) == 0, "contents differ");
        if ((s.prot & PROT_WRITE) == 0) continue;
        uint64_t zeroes = std::min(s.memory_size - s.file_size, kMostZeroes);
        for (uint64_t i = 0; i < zeroes; i++) require(at[s.file_size + i] == 0, "not cleared");
    }
}

struct Outcome {
    bool read = false, mapped = false;
};

Outcome check_file(int fd, std::span<const uint8_t> file) {
    Outcome outcome;
    ElfFile elf;
    std::string error;
    outcome.read = pydbt::usermode::read_elf(fd, elf, error);
    require(outcome.read == error.empty(), "refused without a reason, or the reverse");
    if (!outcome.read) return outcome;
    check_headers(elf, file.size());
    AddressSpace memory;
    LoadedImage image;
    outcome.mapped = pydbt::usermode::map_elf(fd, elf, 0, memory, image, error);
    require(outcome.mapped == error.empty(), "not mapped without a reason, or the reverse");
    if (outcome.mapped) {
        for (const Segment& s : elf.segments) {
            require(memory.owns(image.bias + s.vaddr, s.memory_size), "a segment is not there");
        }
        require(image.entry == image.bias + elf.entry, "the entry");
        check_contents(elf, image, file);
    }
    memory.unmap(kPageSize, kAddressLimit - kPageSize);
    return outcome;
}

// --- mutants ------------------------------------------------------------------------------------

// SplitMix64.
class Random {
   public:
    explicit Random(uint64_t seed) : state_(seed) {}
    uint64_t next() {
        uint64_t z = state_ += 0x9e3779b97f4a7c15;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return z ^ (z >> 31);
    }
    uint64_t below(uint64_t end) { return next() % end; }

   private:
    uint64_t state_;
};

struct Field {
    size_t offset, bytes;
};

std::vector<Field> header_fields(uint16_t headers) {
    std::vector<Field> fields = {{16, 2}, {18, 2}, {20, 4}, {24, 8}, {32, 8}, {40, 8}, {48, 4},
                                 {52, 2}, {54, 2}, {56, 2}, {58, 2}, {60, 2}, {62, 2}};
    for (size_t n = 0; n < EI_NIDENT; n++) fields.push_back({n, 1});
    for (size_t n = 0; n < headers; n++) {
        size_t at = sizeof(Elf64_Ehdr) + n * sizeof(Elf64_Phdr);
        fields.insert(fields.end(), {{at, 4}, {at + 4, 4}});
        for (size_t word = 8; word < sizeof(Elf64_Phdr); word += 8)
            fields.push_back({at + word, 8});
    }
    return fields;
}

uint64_t mutate(uint64_t value, Random& random, uint64_t file_size) {
    const uint64_t interesting[] = {0,
                                    1,
                                    2,
                                    3,
                                    4,
                                    6,
                                    0x38,
                                    0x40,
                                    0xfff,
                                    0x1000,
                                    0x1001,
                                    0x10000,
                                    0x400000,
                                    0x7fff,
                                    0xffff,
                                    0x7fffffff,
                                    0x80000000,
                                    0xffffffff,
                                    kAddressLimit - 1,
                                    kAddressLimit,
                                    kAddressLimit + 1,
                                    uint64_t{1} << 46,
                                    uint64_t{1} << 63,
                                    ~uint64_t{0},
                                    file_size,
                                    file_size - 1,
                                    file_size + 1,
                                    ~uint64_t{0} - 0xfff};
    switch (random.below(5)) {
        case 0: return interesting[random.below(std::size(interesting))];
        case 1: return value + random.below(33) - 16;
        case 2: return value + (random.below(33) - 16) * kPageSize;
        case 3: return value ^ uint64_t{1} << random.below(64);
        default: return random.next() >> random.below(64);
    }
}

class Fuzzer {
   public:
    explicit Fuzzer(std::vector<uint8_t> file) : original_(std::move(file)) {
        Elf64_Ehdr header;
        require(original_.size() >= sizeof header, "the file is too short to start from");
        std::memcpy(&header, original_.data(), sizeof header);
        fields_ = header_fields(std::min<uint16_t>(header.e_phnum, 16));
    }

    Outcome run(uint64_t seed, uint64_t number) {
        Random random(seed * 0x9e3779b97f4a7c15 + number);
        std::vector<uint8_t> file = original_;
        for (uint64_t n = 1 + random.below(4); n != 0; n--) {
            const Field& field = fields_[random.below(fields_.size())];
            if (field.offset + field.bytes > file.size()) continue;
            uint64_t value = 0;
            std::memcpy(&value, file.data() + field.offset, field.bytes);
            value = mutate(value, random, file.size());
            std::memcpy(file.data() + field.offset, &value, field.bytes);
        }
        constexpr uint64_t kOneIn = 16;
        if (random.below(kOneIn) == 0) file.resize(random.below(file.size()));
        int fd = memfd_create("mutant", MFD_CLOEXEC);
        require(fd >= 0 && write(fd, file.data(), file.size()) == static_cast<ssize_t>(file.size()),
                "cannot write the mutant");
        Outcome outcome = check_file(fd, file);
        close(fd);
        return outcome;
    }

   private:
    std::vector<uint8_t> original_;
    std::vector<Field> fields_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    int fd = memfd_create("input", MFD_CLOEXEC);
    require(fd >= 0 && write(fd, data, size) == static_cast<ssize_t>(size),
            "cannot write the input");
    check_file(fd, {data, size});
    close(fd);
    return 0;
}

#ifndef PYDBT_LIBFUZZER
namespace {

std::vector<uint8_t> read_file(const char* path) {
    std::FILE* file = std::fopen(path, "rb");
    if (file == nullptr) {
        std::fprintf(stderr, "fuzz_elf: cannot open %s\n", path);
        std::exit(2);
    }
    std::vector<uint8_t> bytes;
    uint8_t part[4096];
    for (size_t n; (n = std::fread(part, 1, sizeof part, file)) != 0;) {
        bytes.insert(bytes.end(), part, part + n);
    }
    std::fclose(file);
    return bytes;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2 && argc != 4 && argc != 5) {
        std::fputs("usage: fuzz_elf FILE [SEED COUNT [FIRST]]\n", stderr);
        return 2;
    }
    for (int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGALRM}) std::signal(number, on_signal);
    std::vector<uint8_t> file = read_file(argv[1]);
    if (argc == 2) return LLVMFuzzerTestOneInput(file.data(), file.size());
    Fuzzer fuzzer(std::move(file));
    uint64_t seed = std::strtoull(argv[2], nullptr, 0), count = std::strtoull(argv[3], nullptr, 0);
    uint64_t first = argc == 5 ? std::strtoull(argv[4], nullptr, 0) : 0, read = 0, mapped = 0;
    constexpr unsigned kSecondsPerCase = 10;
    for (uint64_t number = first; number < first + count; number++) {
        g_case = number;
        alarm(kSecondsPerCase);
        Outcome outcome = fuzzer.run(seed, number);
        read += outcome.read;
        mapped += outcome.mapped;
    }
    std::printf("%" PRIu64 " cases, %" PRIu64 " read, %" PRIu64 " mapped\n", count, read, mapped);
    return 0;
}
#endif
