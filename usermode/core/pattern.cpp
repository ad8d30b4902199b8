#include "usermode/core/pattern.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

namespace pydbt::usermode {
namespace {

std::string setting(const char* path) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return {};
    char text[256];
    ssize_t n = read(fd, text, sizeof text);
    close(fd);
    std::string result(text, static_cast<size_t>(std::max<ssize_t>(n, 0)));
    return result.substr(0, result.find('\n'));
}

// A name is one component of the path (cn_esc_printf of fs/coredump.c).
std::string component(std::string name) {
    std::replace(name.begin(), name.end(), '/', '!');
    if (name == "." || name == "..") name[0] = '!';
    return name.empty() ? "!" : name;
}

// One specifier; an unknown one is nothing.
std::string expand(char specifier, const CoreFacts& f) {
    switch (specifier) {
        case '%': return "%";
        case 'p':
        case 'P': return std::to_string(f.pid);
        case 'i':
        case 'I': return std::to_string(f.tid);
        case 'u': return std::to_string(f.uid);
        case 'g': return std::to_string(f.gid);
        case 'd': return std::to_string(f.dumpable);
        case 's': return std::to_string(f.signal);
        case 't': return std::to_string(f.time);
        case 'c': return std::to_string(f.limit);
        case 'C': return std::to_string(f.cpu);
        case 'h': return component(f.host);
        case 'e': return component(f.comm);
        case 'f': return component(f.program.substr(f.program.rfind('/') + 1));
        case 'E': return component(f.program);
        default: return {};
    }
}

}  // namespace

bool core_goes_elsewhere(const std::string& pattern) {
    return pattern.starts_with('|') || pattern.starts_with('@');
}

std::string expand_core_pattern(const std::string& pattern, bool uses_pid, const CoreFacts& facts) {
    std::string name;
    bool has_pid = false;
    for (size_t n = 0; n < pattern.size(); n++) {
        if (pattern[n] != '%') {
            name += pattern[n];
        } else if (n + 1 < pattern.size()) {
            n++;
            has_pid |= pattern[n] == 'p' || pattern[n] == 'P';
            name += expand(pattern[n], facts);
        }
    }
    if (name.empty()) name = "core";
    return uses_pid && !has_pid ? name + "." + std::to_string(facts.pid) : name;
}

std::string read_core_pattern() {
    std::string pattern = setting("/proc/sys/kernel/core_pattern");
    return pattern.empty() ? "core" : pattern;
}

bool read_core_uses_pid() { return setting("/proc/sys/kernel/core_uses_pid") == "1"; }

}  // namespace pydbt::usermode
