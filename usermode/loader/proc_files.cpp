#include "usermode/loader/proc_files.hpp"

#include <elf.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "usermode/linux_cpu.hpp"
#include "usermode/memory/map_line.hpp"
#include "usermode/options/options.hpp"
#include "usermode/process.hpp"

namespace pydbt::usermode {
namespace {

std::string read_link(const std::string& path) {
    char text[PATH_MAX];
    ssize_t n = readlink(path.c_str(), text, sizeof text);
    return n < 0 ? std::string() : std::string(text, static_cast<size_t>(n));
}

std::string read_whole(int fd) {
    std::string text;
    char part[65536];
    for (;;) {
        ssize_t n = read(fd, part, sizeof part);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return text;
        text.append(part, static_cast<size_t>(n));
    }
}

std::string read_path(const std::string& path) {
    int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return {};
    std::string text = read_whole(fd);
    close(fd);
    return text;
}

// The program of another process that this launcher runs: the file that its program headers are in,
// by the auxiliary vector and the mappings that the kernel shows.
std::string program_of(pid_t pid) {
    std::string folder = "/proc/" + std::to_string(pid) + "/";
    std::string auxv = read_path(folder + "auxv"), maps = read_path(folder + "maps");
    uint64_t row[2], headers = 0;
    for (size_t at = 0; at + sizeof row <= auxv.size(); at += sizeof row) {
        std::memcpy(row, auxv.data() + at, sizeof row);
        if (row[0] == AT_PHDR) headers = row[1];
    }
    for (size_t at = 0; at < maps.size();) {
        size_t end = std::min(maps.find('\n', at), maps.size());
        MapLine map;
        bool there = parse_map_line(maps.substr(at, end - at), map) && map.begin <= headers &&
                     headers < map.end && map.name.starts_with('/');
        if (there) return map.name;
        at = end + 1;
    }
    return {};
}

// Folders that the kernel fills.
bool is_kernels(const std::string& path) {
    for (const char* folder : {"/proc", "/sys", "/dev"}) {
        size_t n = std::strlen(folder);
        if (path.starts_with(folder) && (path.size() == n || path[n] == '/')) return true;
    }
    return false;
}

// Splits /proc/WHO/... and /proc/WHO/task/TID/...: who, and the file. False for other paths.
bool split_proc(const std::string& path, std::string& who, std::string& file) {
    constexpr char kProc[] = "/proc/";
    if (!path.starts_with(kProc)) return false;
    size_t begin = sizeof kProc - 1, end = path.find('/', begin);
    if (end == std::string::npos) return false;
    who = path.substr(begin, end - begin);
    file = path.substr(end + 1);
    constexpr char kTask[] = "task/";
    if (!file.starts_with(kTask)) return true;
    size_t tid = file.find('/', sizeof kTask - 1);
    if (tid == std::string::npos) return false;
    file = file.substr(tid + 1);
    return true;
}

bool is_own(const std::string& who) {
    return who == "self" || who == "thread-self" || who == std::to_string(getpid());
}

// One line as the kernel writes it: names begin at column 73.
std::string print(const MapLine& map, int prot) {
    char text[160];
    int n = std::snprintf(
        text, sizeof text, "%08" PRIx64 "-%08" PRIx64 " %c%c%c%c %08" PRIx64 " %s ", map.begin,
        map.end, (prot & PROT_READ) != 0 ? 'r' : '-', (prot & PROT_WRITE) != 0 ? 'w' : '-',
        (prot & PROT_EXEC) != 0 ? 'x' : '-', map.sharing, map.offset, map.device.c_str());
    std::string line(text, static_cast<size_t>(n));
    constexpr size_t kNames = 73;
    if (!map.name.empty()) {
        if (line.size() < kNames) line.resize(kNames, ' ');
        line += map.name;
    }
    return line + "\n";
}

// What smaps says below a line, with the flags that only Arm's mappings have: `bt` for PROT_BTI,
// `mt` for PROT_MTE (show_smap_vma_flags() of fs/proc/task_mmu.c goes by bits of vm_flags).
std::string with_flags(const std::string& below, int prot) {
    constexpr char kFlags[] = "VmFlags:";
    size_t begin = below.find(kFlags), end = below.find('\n', begin);
    if (begin == std::string::npos || (prot & (kProtBti | kProtMte)) == 0) return below;
    std::string flags = below.substr(begin, end - begin);
    if ((prot & kProtBti) != 0) {
        size_t at = flags.size();
        for (const char* behind : {" wf", " dd", " sd", " mm", " hg", " nh", " mg"}) {
            at = std::min(at, flags.find(behind));
        }
        flags.insert(at == flags.size() ? at - 1 : at, " bt");
    }
    if ((prot & kProtMte) != 0) flags += "mt ";
    return below.substr(0, begin) + flags + below.substr(end);
}

// The guest's mappings: the host's lines cut to what is the guest's, with the guest's permissions.
// What smaps says below a line follows each of its parts.
std::string guest_maps(const Process& process, const std::string& host) {
    std::string result, below;
    std::vector<GuestRange> ranges;
    MapLine map{};
    auto finish = [&] {
        for (const GuestRange& range : ranges) {
            MapLine part = map;
            part.begin = range.begin;
            part.end = range.end;
            if (!map.name.empty() && map.name[0] == '/') part.offset += range.begin - map.begin;
            if (range.name[0] != 0) part.name = range.name;
            part.name = shown_path(process, part.name);
            result += print(part, range.prot) + with_flags(below, range.prot);
        }
        ranges.clear();
        below.clear();
    };
    for (size_t at = 0; at < host.size();) {
        size_t end = std::min(host.find('\n', at), host.size() - 1);
        std::string line = host.substr(at, end - at);
        at = end + 1;
        MapLine next;
        if (parse_map_line(line, next)) {
            finish();
            map = next;
            ranges = process.memory.ranges_in(map.begin, map.end);
        } else {
            below += line + "\n";
        }
    }
    finish();
    return result;
}

// A file that cannot be written, with this text.
int64_t text_file(const std::string& text, uint64_t flags) {
    int file = memfd_create("proc", MFD_CLOEXEC);
    if (file < 0) return -errno;
    bool written = write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    std::string path = "/proc/self/fd/" + std::to_string(file);
    int fd = written ? open(path.c_str(), static_cast<int>(flags & ~uint64_t{O_NOFOLLOW})) : -1;
    int64_t result = fd < 0 ? -errno : fd;
    close(file);
    return result;
}

}  // namespace

std::string shown_path(const Process& process, const std::string& path) {
    const std::string& prefix = process.real_prefix;
    bool below = !prefix.empty() && path.size() > prefix.size() && path.starts_with(prefix) &&
                 path[prefix.size()] == '/';
    return below ? path.substr(prefix.size()) : path;
}

std::string host_path(const Process& process, const std::string& path) {
    const std::string& prefix = process.options.prefix;
    if (prefix.empty() || !path.starts_with('/') || is_kernels(path)) return path;
    std::string below = prefix + path;
    return access(below.c_str(), F_OK) == 0 ? below : path;
}

bool follow_to_prefix(const Process& process, std::string& path) {
    if (process.options.prefix.empty()) return false;
    constexpr int kMostLinks = 40;
    bool below = false;
    std::string at = path;
    for (int n = 0; n < kMostLinks; n++) {
        std::string link = read_link(at);
        if (link.empty() || is_kernels(at)) break;
        std::string next = host_path(process, link);
        below |= next != link;
        at = next.starts_with('/') ? next : at.substr(0, at.rfind('/') + 1) + next;
    }
    if (below) path = at;
    return below;
}

bool is_guest_exe(const Process& process, const std::string& path, std::string& program) {
    std::string who, file;
    if (!split_proc(path, who, file) || file != "exe") return false;
    if (is_own(who)) {
        program = process.program;
        return true;
    }
    char* end = nullptr;
    auto pid = static_cast<pid_t>(std::strtol(who.c_str(), &end, 10));
    if (*end != 0 || read_link(path) != read_link("/proc/self/exe")) return false;
    program = program_of(pid);
    return !program.empty();
}

int64_t replace_proc_file(GuestThread& t, int64_t fd, uint64_t flags) {
    if (fd < 0 || (flags & O_PATH) != 0) return fd;
    auto file = static_cast<int>(fd);
    struct statfs system;
    if (fstatfs(file, &system) != 0 || system.f_type != PROC_SUPER_MAGIC) return fd;
    // Links may have led there.
    std::string reached = read_link("/proc/self/fd/" + std::to_string(file));
    std::string name = reached.substr(reached.rfind('/') + 1);
    bool maps = name == "maps" || name == "smaps";
    if (name != "cpuinfo" && !maps) return fd;
    if (name == "cpuinfo") {
        close(file);
        return open_cpuinfo(t.process.options.cpu, static_cast<int>(flags));
    }
    std::string who, rest;
    if (!split_proc(reached, who, rest) || !is_own(who)) return fd;
    std::string text = guest_maps(t.process, read_whole(file));
    close(file);
    return text_file(text, flags);
}

}  // namespace pydbt::usermode
