// A line of /proc/PID/maps and smaps.
//
// Owns: reading one. Must not know: what is made of it.
#pragma once

#include <cstdint>
#include <string>

namespace pydbt::usermode {

struct MapLine {
    uint64_t begin, end, offset;
    char sharing;        // p or s
    std::string device;  // major:minor and the inode
    std::string name;    // the rest of the line, from the first character that is not a space
};

/// False for a line of smaps that is not the head of a mapping.
bool parse_map_line(const std::string& line, MapLine& map);

}  // namespace pydbt::usermode
