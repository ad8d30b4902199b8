#include "usermode/memory/map_line.hpp"

#include <cinttypes>
#include <cstdio>

namespace pydbt::usermode {

bool parse_map_line(const std::string& line, MapLine& map) {
    char flags[5], device[32];
    uint64_t inode;
    int name = 0;
    if (std::sscanf(line.c_str(), "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %31s %" SCNu64 " %n",
                    &map.begin, &map.end, flags, &map.offset, device, &inode, &name) < 6) {
        return false;
    }
    map.sharing = flags[3];
    map.device = std::string(device) + " " + std::to_string(inode);
    map.name = line.substr(static_cast<size_t>(name));
    return true;
}

}  // namespace pydbt::usermode
