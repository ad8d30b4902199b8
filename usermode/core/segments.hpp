// Which of the guest's memory is in a core file.
//
// Owns: the rules of vma_dump_size() of fs/coredump.c. Must not know: the file's form.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace pydbt::usermode {

class Process;

/// A part of the guest's memory, and how much of it, from its beginning, is in the file.
struct CoreSegment {
    uint64_t begin, end;
    int prot;
    uint64_t dumped;
    bool sparse;       // private memory without a file: pages that are not there are zero
    std::string name;  // of the file that is mapped; empty: none
    uint64_t offset;   // in that file
};

/// What is mapped, in order, as /proc/self/coredump_filter and MADV_DONTDUMP want it.
std::vector<CoreSegment> core_segments(const Process& process);

}  // namespace pydbt::usermode
