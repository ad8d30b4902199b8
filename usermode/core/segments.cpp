#include "usermode/core/segments.hpp"

#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "usermode/loader/proc_files.hpp"
#include "usermode/memory/guest_memory.hpp"
#include "usermode/memory/map_line.hpp"
#include "usermode/process.hpp"

namespace pydbt::usermode {
namespace {

// Bits of coredump_filter (core(5)).
constexpr unsigned kAnonPrivate = 1, kAnonShared = 2, kMappedPrivate = 4, kMappedShared = 8,
                   kElfHeaders = 16, kHugePrivate = 32, kHugeShared = 64, kUsual = 0x33;

std::string read_whole(const char* path) {
    std::string text;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return text;
    char part[16384];
    ssize_t n;
    while ((n = read(fd, part, sizeof part)) > 0 || (n < 0 && errno == EINTR)) {
        if (n > 0) text.append(part, static_cast<size_t>(n));
    }
    close(fd);
    return text;
}

unsigned filter() {
    std::string text = read_whole("/proc/self/coredump_filter");
    constexpr int kHex = 16;
    return text.empty() ? kUsual : static_cast<unsigned>(std::strtoul(text.c_str(), nullptr, kHex));
}

// A mapping of the host's with what smaps says below it.
struct Mapping {
    MapLine line;
    bool written = false;  // has pages of its own
    std::string flags;     // two letters each, with spaces around

    bool has(const char* flag) const {
        return flags.find(std::string(" ") + flag + " ") != std::string::npos;
    }
};

std::vector<Mapping> mappings() {
    std::string text = read_whole("/proc/self/smaps");
    std::vector<Mapping> result;
    for (size_t at = 0; at < text.size();) {
        size_t end = std::min(text.find('\n', at), text.size());
        std::string line = text.substr(at, end - at);
        at = end + 1;
        Mapping next;
        if (parse_map_line(line, next.line)) {
            result.push_back(std::move(next));
        } else if (!result.empty() && line.starts_with("Anonymous:")) {
            result.back().written =
                std::strtoul(line.c_str() + std::strlen("Anonymous:"), nullptr, 10) != 0;
        } else if (!result.empty() && line.starts_with("VmFlags:")) {
            result.back().flags = line.substr(std::strlen("VmFlags:")) + " ";
        }
    }
    return result;
}

bool is_file(const MapLine& line) { return line.name.starts_with('/'); }

// Memory that is shared without a file has one that is deleted (shmem, memfd).
bool is_named(const MapLine& line) {
    constexpr char kDeleted[] = " (deleted)";
    return is_file(line) && !line.name.ends_with(kDeleted);
}

// The page of a file that begins like a program is in the dump, so that it can be identified.
bool has_elf_header(uint64_t address) {
    char head[SELFMAG];
    return copy_from_guest(head, address, sizeof head) && std::memcmp(head, ELFMAG, SELFMAG) == 0;
}

uint64_t dumped_bytes(const Mapping& m, const GuestRange& range, unsigned wanted) {
    uint64_t whole = range.end - range.begin;
    auto by = [&](unsigned bit) { return (wanted & bit) != 0 ? whole : 0; };
    if (std::strcmp(range.name, "[vdso]") == 0) return whole;
    if (m.has("dd") || m.has("io")) return 0;
    bool shared = m.line.sharing == 's';
    if (m.has("ht")) return by(shared ? kHugeShared : kHugePrivate);
    if (shared) return by(is_named(m.line) ? kMappedShared : kAnonShared);
    if (m.written && (wanted & kAnonPrivate) != 0) return whole;
    if (!is_file(m.line)) return 0;
    if ((wanted & kMappedPrivate) != 0) return whole;
    bool header = (wanted & kElfHeaders) != 0 && m.line.offset == 0 &&
                  range.begin == m.line.begin && (range.prot & PROT_READ) != 0;
    return header && has_elf_header(range.begin) ? kPageSize : 0;
}

}  // namespace

std::vector<CoreSegment> core_segments(const Process& process) {
    std::vector<CoreSegment> result;
    unsigned wanted = filter();
    for (const Mapping& m : mappings()) {
        bool file = is_file(m.line);
        for (const GuestRange& range : process.memory.ranges_in(m.line.begin, m.line.end)) {
            CoreSegment segment{range.begin,
                                range.end,
                                range.prot,
                                dumped_bytes(m, range, wanted),
                                !file && m.line.sharing == 'p',
                                {},
                                0};
            if (file) {
                segment.name = shown_path(process, m.line.name);
                segment.offset = m.line.offset + (range.begin - m.line.begin);
            }
            result.push_back(std::move(segment));
        }
    }
    return result;
}

}  // namespace pydbt::usermode
