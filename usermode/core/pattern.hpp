// Where a core file goes: /proc/sys/kernel/core_pattern, as core(5) and fs/coredump.c have it.
//
// Owns: the pattern's meaning. Must not know: what is in the file.
#pragma once

#include <cstdint>
#include <string>

namespace pydbt::usermode {

/// What a pattern's specifiers stand for.
struct CoreFacts {
    int pid = 0, tid = 0;
    unsigned uid = 0, gid = 0;
    int dumpable = 1, signal = 0, cpu = 0;
    int64_t time = 0;  // seconds
    uint64_t limit = 0;
    std::string host, comm, program;  // the program's path
};

/// Whether the kernel gives cores to a program or a socket, not to a file.
bool core_goes_elsewhere(const std::string& pattern);

/// The file's name. `uses_pid` is core_uses_pid: ".PID" behind a pattern without %p.
std::string expand_core_pattern(const std::string& pattern, bool uses_pid, const CoreFacts& facts);

/// The host's settings. Without /proc: "core" and false.
std::string read_core_pattern();
bool read_core_uses_pid();

}  // namespace pydbt::usermode
