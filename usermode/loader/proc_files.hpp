// Files of /proc that are about the guest's program, and that the host's kernel fills with the
// launcher's: exe, maps, smaps, cpuinfo.
//
// Owns: which files those are and what the guest reads there. Must not know: system calls.
#pragma once

#include <cstdint>
#include <string>

namespace pydbt::usermode {

class GuestThread;
class Process;

/// The program's path as the guest knows it: what is below -L's folder, without the folder.
std::string shown_path(const Process& process, const std::string& path);

/// The other way: the file below the folder, when it is there, for an absolute path. /proc, /sys
/// and /dev are the kernel's, and there is no other one of them.
std::string host_path(const Process& process, const std::string& path);

/// Follows the links that a path ends with, when one of them names by an absolute path what is
/// below -L's folder, such as that of a Python environment to its interpreter. False: none does.
bool follow_to_prefix(const Process& process, std::string& path);

/// Whether `path` is /proc/self/exe or the same of another guest process; then `program` is the
/// host's path of the program that it runs.
bool is_guest_exe(const Process& process, const std::string& path, std::string& program);

/// What open(2) gives the guest when the host gave `fd`: the guest's own file in place of the
/// host's of /proc, whatever links led there. What was wrong with the call, the host's file has
/// said.
int64_t replace_proc_file(GuestThread& thread, int64_t fd, uint64_t flags);

}  // namespace pydbt::usermode
