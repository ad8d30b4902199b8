#include "usermode/loader/elf.hpp"

#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstring>

#include "usermode/memory/guest_memory.hpp"

namespace pydbt::usermode {
namespace {

constexpr uint16_t kMostProgramHeaders = 512;
constexpr uint64_t kLongestInterpreter = 4096;

bool read_at(int fd, uint64_t offset, void* to, size_t bytes) {
    auto* p = static_cast<char*>(to);
    while (bytes != 0) {
        ssize_t n = pread(fd, p, bytes, static_cast<off_t>(offset));
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        p += n;
        offset += static_cast<uint64_t>(n);
        bytes -= static_cast<size_t>(n);
    }
    return true;
}

const char* machine_name(uint16_t machine) {
    switch (machine) {
        case EM_X86_64: return "x86-64";
        case EM_386: return "i386";
        case EM_ARM: return "32-bit Arm";
        case EM_RISCV: return "RISC-V";
        case EM_PPC64: return "PowerPC";
        case EM_S390: return "S/390";
        default: return "another machine";
    }
}

bool check_header(const Elf64_Ehdr& h, std::string& error) {
    auto bad = [&](std::string reason) {
        error = std::move(reason);
        return false;
    };
    if (std::memcmp(h.e_ident, ELFMAG, SELFMAG) != 0) return bad("not an ELF file");
    if (h.e_ident[EI_CLASS] != ELFCLASS64) {
        return bad("a 32-bit ELF file; only AArch64 programs are supported");
    }
    if (h.e_ident[EI_DATA] != ELFDATA2LSB) {
        return bad("a big-endian ELF file; only little-endian AArch64 programs are supported");
    }
    if (h.e_machine != EM_AARCH64) {
        return bad(std::string("an ELF file for ") + machine_name(h.e_machine) +
                   ", not for AArch64");
    }
    if (h.e_ident[EI_VERSION] != EV_CURRENT || h.e_version != EV_CURRENT) {
        return bad("an ELF file of an unknown version");
    }
    if (h.e_type != ET_EXEC && h.e_type != ET_DYN) {
        return bad("an ELF file that is no program (neither ET_EXEC nor ET_DYN)");
    }
    if (h.e_phentsize != sizeof(Elf64_Phdr)) return bad("damaged: wrong size of program headers");
    if (h.e_phnum == 0) return bad("damaged: no program headers");
    if (h.e_phnum > kMostProgramHeaders) return bad("damaged: too many program headers");
    return true;
}

bool add_segment(const Elf64_Phdr& p, uint64_t file_size, ElfFile& elf, std::string& error) {
    auto bad = [&](const char* reason) {
        char text[160];
        std::snprintf(text, sizeof text, "damaged: the segment at 0x%" PRIx64 " %s", p.p_vaddr,
                      reason);
        error = text;
        return false;
    };
    if (p.p_memsz == 0) return true;
    // What is no power of two is ignored, as by maximum_alignment() of fs/binfmt_elf.c.
    if (std::has_single_bit(p.p_align)) elf.alignment = std::max(elf.alignment, p.p_align);
    if (p.p_filesz > p.p_memsz) return bad("is larger in the file than in memory");
    if (p.p_offset > file_size || p.p_filesz > file_size - p.p_offset) {
        return bad("is not all in the file (truncated?)");
    }
    if (p.p_memsz > kAddressLimit || p.p_vaddr > kAddressLimit - p.p_memsz) {
        return bad("is beyond the address space");
    }
    if ((p.p_vaddr ^ p.p_offset) % kPageSize != 0)
        return bad("is not aligned as its file offset is");
    if (!elf.segments.empty()) {
        const Segment& last = elf.segments.back();
        if (p.p_vaddr < last.vaddr + last.memory_size) return bad("overlaps the one before it");
    }
    int prot = ((p.p_flags & PF_R) != 0 ? PROT_READ : 0) |
               ((p.p_flags & PF_W) != 0 ? PROT_WRITE : 0) |
               ((p.p_flags & PF_X) != 0 ? PROT_EXEC : 0);
    elf.segments.push_back({p.p_vaddr, p.p_offset, p.p_filesz, p.p_memsz, prot});
    return true;
}

bool read_interpreter(int fd, const Elf64_Phdr& p, ElfFile& elf, std::string& error) {
    if (p.p_filesz < 2 || p.p_filesz > kLongestInterpreter) {
        error = "damaged: a bad interpreter name";
        return false;
    }
    elf.interpreter.resize(p.p_filesz);
    bool read = read_at(fd, p.p_offset, elf.interpreter.data(), p.p_filesz);
    if (!read || elf.interpreter.back() != '\0') {
        error = "damaged: a bad interpreter name";
        return false;
    }
    elf.interpreter.resize(std::strlen(elf.interpreter.c_str()));
    if (elf.interpreter.empty()) error = "damaged: its interpreter has no name";
    return !elf.interpreter.empty();
}

// The part of a segment behind its file contents: the rest of the last file page is cleared, pages
// behind it are fresh.
bool map_zeroes(const Segment& s, uint64_t bias, AddressSpace& memory) {
    if (s.memory_size == s.file_size) return true;
    uint64_t file_end = bias + s.vaddr + s.file_size;
    uint64_t end = page_up(bias + s.vaddr + s.memory_size);
    uint64_t fresh = s.file_size == 0 ? page_down(file_end) : page_up(file_end);
    if (s.file_size != 0 && (s.prot & PROT_WRITE) != 0) {
        constexpr char kZero[kPageSize] = {};
        if (!copy_to_guest(file_end, kZero, std::min(fresh, end) - file_end)) return false;
    }
    if (fresh >= end) return true;
    constexpr int kFlags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
    return memory.map(fresh, end - fresh, s.prot, kFlags, -1, 0) >= 0;
}

bool map_segment(int fd, const Segment& s, uint64_t bias, AddressSpace& memory) {
    if (s.file_size != 0) {
        uint64_t begin = page_down(bias + s.vaddr);
        uint64_t end = page_up(bias + s.vaddr + s.file_size);
        int64_t got = memory.map(begin, end - begin, s.prot, MAP_PRIVATE | MAP_FIXED, fd,
                                 page_down(s.file_offset));
        if (got < 0) return false;
    }
    return map_zeroes(s, bias, memory);
}

// The property GNU_PROPERTY_AARCH64_FEATURE_1_AND; one that cannot be read is as one that is not
// there.
uint32_t aarch64_features(int fd, const Elf64_Phdr& p) {
    constexpr uint32_t kNoteType = 5, kFeature1And = 0xc0000000;
    constexpr uint64_t kMost = 1024;
    if (p.p_filesz > kMost) return 0;
    std::vector<uint32_t> words(p.p_filesz / 4);
    if (!read_at(fd, p.p_offset, words.data(), words.size() * 4)) return 0;
    // The note's head: sizes of name and content, type, "GNU".
    uint32_t name;
    std::memcpy(&name, "GNU", sizeof name);
    if (words.size() < 4 || words[0] != 4 || words[2] != kNoteType || words[3] != name) return 0;
    for (size_t at = 4; at + 2 < words.size();) {
        uint32_t type = words[at], size = words[at + 1];
        if (type == kFeature1And && size == 4) return words[at + 2];
        if (size > kMost) return 0;
        at += 2 + (size + 7) / 8 * 2;
    }
    return 0;
}

constexpr int kReserve = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;

// Room for a position-independent image whose bias is a multiple of its alignment: more than it
// needs, of which the ends are given back.
int64_t reserve_aligned(const ElfFile& elf, uint64_t hint, AddressSpace& memory) {
    uint64_t begin = elf.begin(), size = elf.end() - begin, mask = elf.alignment - 1;
    uint64_t slack = mask & ~(kPageSize - 1);
    if (slack > kAddressLimit - size) return -ENOMEM;
    int64_t got = memory.map(hint, size + slack, PROT_NONE, kReserve, -1, 0);
    if (got < 0) return got;
    auto from = static_cast<uint64_t>(got);
    uint64_t at = from + ((begin - from) & mask);
    if (at > from) memory.unmap(from, at - from);
    if (from + slack > at) memory.unmap(at + size, from + slack - at);
    return static_cast<int64_t>(at);
}

}  // namespace

uint64_t ElfFile::end() const {
    return page_up(segments.back().vaddr + segments.back().memory_size);
}

bool read_elf(int fd, ElfFile& elf, std::string& error) {
    struct stat status;
    if (fstat(fd, &status) != 0) {
        error = std::strerror(errno);
        return false;
    }
    if (!S_ISREG(status.st_mode)) {
        error = S_ISDIR(status.st_mode) ? "is a directory" : "not a regular file";
        return false;
    }
    auto file_size = static_cast<uint64_t>(status.st_size);
    Elf64_Ehdr header{};
    if (!read_at(fd, 0, &header, std::min<uint64_t>(file_size, sizeof header))) {
        error = "cannot be read";
        return false;
    }
    if (file_size == 0) {
        error = "is empty";
        return false;
    }
    bool magic = std::memcmp(header.e_ident, ELFMAG, SELFMAG) == 0;
    if (magic && file_size < sizeof header) {
        error = "damaged: shorter than an ELF header (truncated?)";
        return false;
    }
    if (!check_header(header, error)) return false;
    uint64_t table = uint64_t{header.e_phnum} * sizeof(Elf64_Phdr);
    if (header.e_phoff > file_size || table > file_size - header.e_phoff) {
        error = "damaged: program headers are not in the file (truncated?)";
        return false;
    }
    std::vector<Elf64_Phdr> headers(header.e_phnum);
    if (!read_at(fd, header.e_phoff, headers.data(), table)) {
        error = "cannot be read";
        return false;
    }
    elf.position_independent = header.e_type == ET_DYN;
    elf.entry = header.e_entry;
    elf.phoff = header.e_phoff;
    elf.phnum = header.e_phnum;
    for (const Elf64_Phdr& p : headers) {
        if (p.p_type == PT_LOAD && !add_segment(p, file_size, elf, error)) return false;
        if (p.p_type == PT_INTERP && !read_interpreter(fd, p, elf, error)) return false;
        if (p.p_type == PT_GNU_PROPERTY) {
            constexpr uint32_t kBti = 1;
            elf.branch_targets = (aarch64_features(fd, p) & kBti) != 0;
        }
        if (p.p_type == PT_GNU_STACK) elf.executable_stack = (p.p_flags & PF_X) != 0;
    }
    if (elf.segments.empty()) {
        error = "damaged: nothing to load";
        return false;
    }
    return true;
}

bool map_elf(int fd, const ElfFile& elf, uint64_t hint, AddressSpace& memory, LoadedImage& image,
             std::string& error) {
    uint64_t begin = elf.begin(), size = elf.end() - begin;
    // The whole range first, so that nothing else comes to lie between the segments.
    int64_t at = elf.position_independent
                     ? reserve_aligned(elf, hint, memory)
                     : memory.map(begin, size, PROT_NONE, kReserve | MAP_FIXED_NOREPLACE, -1, 0);
    if (at < 0) {
        char text[128];
        std::snprintf(
            text, sizeof text, "cannot be mapped at 0x%" PRIx64 " (0x%" PRIx64 " bytes): %s", begin,
            size, at == -EEXIST ? "something else is there" : std::strerror(static_cast<int>(-at)));
        error = text;
        return false;
    }
    image.bias = static_cast<uint64_t>(at) - begin;
    uint64_t mapped = static_cast<uint64_t>(at);
    for (const Segment& s : elf.segments) {
        if (!map_segment(fd, s, image.bias, memory)) {
            error = "cannot be mapped: " + std::string(std::strerror(errno));
            return false;
        }
        uint64_t first = page_down(image.bias + s.vaddr);
        if (first > mapped) memory.unmap(mapped, first - mapped);
        mapped = std::max(mapped, page_up(image.bias + s.vaddr + s.memory_size));
        if (elf.phoff >= s.file_offset && elf.phoff - s.file_offset < s.file_size) {
            image.phdr = image.bias + s.vaddr + (elf.phoff - s.file_offset);
        }
        image.end = std::max(image.end, image.bias + s.vaddr + s.memory_size);
    }
    image.entry = image.bias + elf.entry;
    if (image.entry >= kAddressLimit) {
        error = "damaged: its entry point is beyond the address space";
        return false;
    }
    return true;
}

}  // namespace pydbt::usermode
