#include "sysmode/mmu/walker.hpp"

#include <algorithm>
#include <iterator>

namespace pydbt::sysmode {
namespace {

constexpr uint64_t kValid = 1, kTable = 2;
constexpr uint64_t kReadOnly = 1 << 7, kAccessFlag = 1 << 10, kNotGlobal = 1 << 11;
constexpr uint64_t kUser = 1 << 6;
constexpr uint64_t kGuarded = uint64_t{1} << 50, kDirtyBit = uint64_t{1} << 51;
constexpr uint64_t kPxn = uint64_t{1} << 53, kUxn = uint64_t{1} << 54;
constexpr uint64_t kTablePxn = uint64_t{1} << 59, kTableUxn = uint64_t{1} << 60;
constexpr uint64_t kTableNoUser = uint64_t{1} << 61, kTableReadOnly = uint64_t{1} << 62;

uint64_t field(uint64_t value, unsigned lsb, unsigned end) {
    return value & ((uint64_t{1} << end) - 1) & ~((uint64_t{1} << lsb) - 1);
}

/// One walk: where it is, and what the tables on the way take away.
class Walk {
   public:
    Walk(const Regime& regime, const Half& half, uint64_t va, const Purpose& purpose,
         TableMemory& memory)
        : regime_(regime), half_(half), va_(va), purpose_(purpose), memory_(memory) {
        stride_ = half.granule - 3;
        unsigned levels = (half.va_bits - half.granule + stride_ - 1) / stride_;
        level_ = 4 - static_cast<int>(levels);
    }

    Fault run(Translation& result) {
        if (half_.table_too_high) return {FaultKind::address_size, 0};
        uint64_t table = half_.table;
        for (;;) {
            uint64_t at = table + index() * 8;
            uint64_t descriptor = 0;
            if (!memory_.read_descriptor(at, descriptor)) {
                return {FaultKind::external_walk, level_};
            }
            bool is_table = level_ < 3 && (descriptor & kTable) != 0;
            bool valid = (descriptor & kValid) != 0 && (is_table || is_leaf(descriptor));
            if (!valid) return {FaultKind::translation, level_};
            uint64_t address = output(descriptor, is_table ? half_.granule : shift());
            if (address >> output_bits() != 0) return {FaultKind::address_size, level_};
            if (!is_table) {
                Fault fault = leaf(at, descriptor, address, result);
                if (!again_) return fault;
                again_ = false;  // the descriptor changed under our hands
                continue;
            }
            table = address;
            if (!half_.flat) from_tables_ |= descriptor;
            level_++;
        }
    }

   private:
    // Bits of the address that are below what this level's descriptors map.
    unsigned shift() const { return half_.granule + stride_ * static_cast<unsigned>(3 - level_); }
    uint64_t index() const {
        unsigned top = std::min(shift() + stride_, half_.va_bits);
        return field(va_, shift(), top) >> shift();
    }

    bool is_leaf(uint64_t descriptor) const {
        if (level_ == 3) return (descriptor & kTable) != 0;
        switch (half_.granule) {
            case 12: return level_ == 1 || level_ == 2 || (level_ == 0 && regime_.wide);
            case 14: return level_ == 2 || (level_ == 1 && regime_.wide);
            default: return level_ == 2 || (level_ == 1 && regime_.high_in_low);
        }
    }

    bool is_wide() const { return half_.granule != 16 && regime_.wide; }
    // 48 bits are the most that descriptors of 4 and 16 KiB granules hold without TCR_EL1.DS.
    unsigned output_bits() const { return regime_.pa_bits; }

    uint64_t output(uint64_t descriptor, unsigned low) const {
        if (is_wide()) return field(descriptor, low, 50) | (descriptor >> 8 & 3) << 50;
        uint64_t address = field(descriptor, low, 48);
        bool high = half_.granule == 16 && regime_.high_in_low;
        return high ? address | (descriptor >> 12 & 0xf) << 48 : address;
    }

    Fault leaf(uint64_t at, uint64_t descriptor, uint64_t address, Translation& result) {
        bool can_be_dirtied = regime_.sets_dirty_state && (descriptor & kDirtyBit) != 0;
        uint64_t updated = descriptor;
        if ((descriptor & kAccessFlag) == 0) {
            if (!regime_.sets_access_flag) return {FaultKind::access_flag, level_};
            updated |= kAccessFlag;
        }
        result = describe(descriptor, address);
        if (can_be_dirtied && (descriptor & kReadOnly) != 0) {
            Translation writable = describe(descriptor & ~kReadOnly, address);
            std::copy(std::begin(writable.write), std::end(writable.write), result.write);
            std::copy(std::begin(writable.execute), std::end(writable.execute), result.execute);
            bool stores = purpose_.write && writable.allows(purpose_);
            result.dirty = stores;
            if (stores) updated &= ~kReadOnly;
        }
        if (!result.allows(purpose_)) return {FaultKind::permission, level_};
        if (updated != descriptor && !purpose_.no_update) {
            again_ = !memory_.replace_descriptor(at, descriptor, updated);
        }
        return {};
    }

    Translation describe(uint64_t descriptor, uint64_t address) const {
        Translation t;
        unsigned low = shift();
        t.pa = address | field(va_, 0, low);
        t.size = static_cast<uint8_t>(low);
        t.level = static_cast<int8_t>(level_);
        t.attributes = static_cast<uint8_t>(regime_.mair >> (8 * (descriptor >> 2 & 7)));
        t.shareability = static_cast<uint8_t>(descriptor >> 8 & 3);
        t.global = (descriptor & kNotGlobal) == 0;
        t.guarded = (descriptor & kGuarded) != 0;
        bool user = (descriptor & kUser) != 0 && (from_tables_ & kTableNoUser) == 0;
        bool writable = (descriptor & kReadOnly) == 0 && (from_tables_ & kTableReadOnly) == 0;
        t.read[0] = user;
        t.read[1] = true;
        t.write[0] = user && writable;
        t.write[1] = writable;
        bool uxn = (descriptor & kUxn) != 0 || (from_tables_ & kTableUxn) != 0;
        bool pxn = (descriptor & kPxn) != 0 || (from_tables_ & kTablePxn) != 0;
        // What EL0 may write EL1 does not run.
        t.execute[0] = !uxn && !(regime_.wxn && t.write[0]);
        t.execute[1] = !pxn && !t.write[0] && !(regime_.wxn && t.write[1]);
        t.pan_forbids = user || (regime_.epan && !uxn);
        return t;
    }

    const Regime& regime_;
    const Half& half_;
    uint64_t va_;
    const Purpose& purpose_;
    TableMemory& memory_;
    unsigned stride_;
    int level_;
    uint64_t from_tables_ = 0;
    bool again_ = false;
};

// While translation is off: data is Device-nGnRnE, code is Normal.
Fault flat(const Regime& regime, uint64_t va, const Purpose& purpose, Translation& result) {
    if (va >> regime.pa_bits_off != 0) return {FaultKind::address_size, 0};
    result = {};
    result.pa = va;
    result.attributes = purpose.execute ? 0xff : 0;
    result.shareability = 2;
    return {};
}

}  // namespace

uint32_t Fault::status() const {
    auto at = static_cast<uint32_t>(level);
    switch (kind) {
        case FaultKind::address_size: return level < 0 ? 0x29 : 0x00 | at;
        case FaultKind::translation: return level < 0 ? 0x2b : 0x04 | at;
        case FaultKind::access_flag: return 0x08 | at;
        case FaultKind::permission: return 0x0c | at;
        case FaultKind::external_walk: return level < 0 ? 0x13 : 0x14 | at;
        case FaultKind::external: return 0x10;
        case FaultKind::alignment: return 0x21;
        case FaultKind::unsupported_atomic: return 0x35;
        case FaultKind::none: break;
    }
    return 0;
}

Fault walk(const Regime& regime, uint64_t va, const Purpose& purpose, TableMemory& memory,
           Translation& result) {
    bool upper = (va >> 55 & 1) != 0;
    const Half& half = regime.half[upper ? 1 : 0];
    bool ignores = purpose.execute ? half.tbi_code : half.tbi;
    if (!regime.enabled) {
        // Without translation there is no upper half: what is left is too large.
        return flat(regime, ignores ? va << 8 >> 8 : va, purpose, result);
    }
    uint64_t address = ignores ? without_tag(va) : va;
    if (half.off || (half.not_el0 && purpose.el0)) return {FaultKind::translation, 0};
    auto above = static_cast<int64_t>(address) >> half.va_bits;
    if (above != (upper ? -1 : 0)) return {FaultKind::translation, 0};
    return Walk(regime, half, address, purpose, memory).run(result);
}

}  // namespace pydbt::sysmode
