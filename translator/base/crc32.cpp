#include "translator/base/crc32.hpp"

#include <array>

namespace pydbt::base {
namespace {

constexpr uint32_t kReflected = 0xedb88320;

constexpr std::array<uint32_t, 256> make_table() {
    std::array<uint32_t, 256> table{};
    for (uint32_t n = 0; n < table.size(); n++) {
        uint32_t v = n;
        for (int bit = 0; bit < 8; bit++) v = (v >> 1) ^ ((v & 1) != 0 ? kReflected : 0);
        table[n] = v;
    }
    return table;
}
constexpr std::array<uint32_t, 256> kTable = make_table();

}  // namespace

uint64_t helper_crc32(CpuState*, uint64_t crc, uint64_t data, uint64_t size) {
    auto v = static_cast<uint32_t>(crc);
    for (unsigned n = 0; n < 1u << size; n++) v = (v >> 8) ^ kTable[(v ^ data >> 8 * n) & 0xff];
    return v;
}

}  // namespace pydbt::base
