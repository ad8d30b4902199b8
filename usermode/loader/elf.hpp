// AArch64 ELF images: checking and mapping.
//
// Owns: what of a file's headers is believed, and the mappings made of it. Must not know: the
// stack, syscalls. A file is hostile until checked: every number is tested for range and overflow
// first.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "usermode/memory/address_space.hpp"

namespace pydbt::usermode {

struct Segment {
    uint64_t vaddr, file_offset, file_size, memory_size;
    int prot;
};

/// A file's headers, checked.
struct ElfFile {
    bool position_independent = false;
    uint64_t entry = 0;  // before relocation
    uint64_t phoff = 0;
    uint16_t phnum = 0;
    std::string interpreter;        // empty: none
    std::vector<Segment> segments;  // ascending, without overlap
    bool executable_stack = false;
    bool branch_targets = false;     // a property says that its code may be guarded (FEAT_BTI)
    uint64_t alignment = kPageSize;  // of a position-independent image: the largest p_align

    uint64_t begin() const { return page_down(segments.front().vaddr); }
    uint64_t end() const;
};

/// Where an image was put.
struct LoadedImage {
    uint64_t bias = 0;  // added to the file's addresses
    uint64_t entry = 0;
    uint64_t phdr = 0;  // 0: not in memory
    uint64_t end = 0;   // first byte behind the last segment
};

/// Reads and checks the headers of the open file. False and the reason otherwise.
bool read_elf(int fd, ElfFile& elf, std::string& error);

/// Maps the image: at its own addresses, or at `hint` or wherever there is room when it is position
/// independent. False and the reason otherwise.
bool map_elf(int fd, const ElfFile& elf, uint64_t hint, AddressSpace& memory, LoadedImage& image,
             std::string& error);

}  // namespace pydbt::usermode
