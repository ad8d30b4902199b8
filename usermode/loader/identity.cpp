#include "usermode/loader/identity.hpp"

#include <linux/prctl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

namespace pydbt::usermode {
namespace {

// The fields of /proc/self/stat from the fourth on, which follow the name in parentheses; false
// when they cannot be read.
bool read_stat(std::vector<uint64_t>& fields) {
    std::FILE* file = std::fopen("/proc/self/stat", "re");
    if (file == nullptr) return false;
    char text[2048];
    size_t n = std::fread(text, 1, sizeof text - 1, file);
    std::fclose(file);
    text[n] = 0;
    const char* at = std::strrchr(text, ')');
    if (at == nullptr || std::strlen(at) < 4) return false;
    at += 4;  // the state is a letter
    char* end = nullptr;
    for (;; at = end) {
        uint64_t value = std::strtoull(at, &end, 10);
        if (end == at) break;
        fields.push_back(value);
    }
    return true;
}

}  // namespace

void show_identity(const std::string& path, const StackPlaces& places,
                   const std::vector<uint64_t>& auxv) {
    prctl(PR_SET_NAME, path.substr(path.rfind('/') + 1).c_str());
    // Everything is set in one call, so what stays is said again; the break is the launcher's.
    constexpr size_t kFirst = 4, kStartCode = 26, kEndCode = 27, kStartData = 45, kEndData = 46,
                     kStartBrk = 47;
    std::vector<uint64_t> stat;
    if (!read_stat(stat) || stat.size() <= kStartBrk - kFirst) return;
    prctl_mm_map map{};
    map.start_code = stat[kStartCode - kFirst];
    map.end_code = stat[kEndCode - kFirst];
    map.start_data = stat[kStartData - kFirst];
    map.end_data = stat[kEndData - kFirst];
    map.start_brk = stat[kStartBrk - kFirst];
    map.brk = reinterpret_cast<uint64_t>(sbrk(0));
    map.start_stack = places.sp;
    map.arg_start = places.arguments;
    map.arg_end = map.env_start = places.environment;
    map.env_end = places.end;
    map.auxv = const_cast<__u64*>(reinterpret_cast<const __u64*>(auxv.data()));
    map.auxv_size = static_cast<uint32_t>(auxv.size() * sizeof auxv[0]);
    map.exe_fd = static_cast<uint32_t>(-1);
    prctl(PR_SET_MM, PR_SET_MM_MAP, &map, sizeof map, 0);
}

}  // namespace pydbt::usermode
