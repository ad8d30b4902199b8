#include "sysmode/devices/gicv2.hpp"

#include <bit>

#include "sysmode/devices/words.hpp"

namespace pydbt::sysmode {
namespace {

enum Distributor : unsigned {
    kDistributorControl = 0x000,
    kType = 0x004,
    kImplementer = 0x008,
    kTargets = 0x800,
    kTargetsEnd = kTargets + 0x120,
    kSend = 0xf00,
    kClearSources = 0xf10,
    kSetSources = 0xf20,
    kSourcesEnd = 0xf30,
    kIdentification = 0xfd0,
    kDistributorEnd = 0x1000,
};
enum Interface : unsigned {
    kControl = 0x00,
    kMask = 0x04,
    kBinaryPoint = 0x08,
    kAcknowledge = 0x0c,
    kEnd = 0x10,
    kRunning = 0x14,
    kHighest = 0x18,
    kAliasedBinaryPoint = 0x1c,
    kAliasedAcknowledge = 0x20,
    kAliasedEnd = 0x24,
    kAliasedHighest = 0x28,
    kActivePriorities0 = 0xd0,
    kActivePriorities1 = 0xe0,
    kInterfaceImplementer = 0xfc,
    kDeactivate = 0x1000,
};

// GICC_CTLR.
constexpr uint32_t kGroup0 = 1, kGroup1 = 2, kCommonAcknowledge = 4, kFiqEnable = 8,
                   kCommonBinaryPoint = 16, kSplitEnd = 1 << 9;

constexpr unsigned kOtherGroup = 1022;

// A GIC-400's (its TRM, 3.2 and 3.3).
constexpr uint32_t kGic400 = 0x0200143b, kGic400Interface = 0x0202143b;
constexpr uint8_t kIdBytes[] = {0x04, 0x00, 0x00, 0x00, 0x90, 0xb4,
                                0x2b, 0x00, 0x0d, 0xf0, 0x05, 0xb1};

}  // namespace

Gicv2::Gicv2(unsigned cpus) : Gic(cpus) { reset(); }

void Gicv2::reset() {
    std::lock_guard guard(lock_);
    reset_state();
    sources_ = {};
    common_acknowledge_ = fiq_enable_ = {};
    for (Cpu& c : cpus_) c.own.enabled = 0xffff;  // SGIs, always
    if (cpus_.size() == 1) cpus_[0].targets.fill(~uint32_t{0});
    update_all();
}

bool Gicv2::group0_is_fiq(const Cpu& cpu) const {
    return fiq_enable_[static_cast<size_t>(&cpu - cpus_.data())];
}

// --- the distributor

uint8_t Gicv2::targets(unsigned cpu, unsigned intid) const {
    if (cpus_.size() == 1) return 0;  // the register of a uniprocessor's is RAZ/WI
    if (intid < kFirstSpi) return static_cast<uint8_t>(1u << cpu);
    uint8_t mask = 0;
    for (unsigned n = 0; n < cpus_.size(); n++) {
        if ((cpus_[n].targets[intid / 32] & bit(intid)) != 0) mask |= static_cast<uint8_t>(1u << n);
    }
    return mask;
}

void Gicv2::set_sources(unsigned cpu, unsigned sgi, uint8_t sources) {
    sources_[cpu][sgi] = sources;
    uint32_t& latch = cpus_[cpu].own.latch;
    latch = sources != 0 ? latch | bit(sgi) : latch & ~bit(sgi);
}

void Gicv2::send(unsigned cpu, uint32_t value) {
    enum : unsigned { by_list, others, self };
    unsigned sgi = value & 15, filter = value >> 24 & 3;
    uint32_t list = value >> 16 & 0xff, me = 1u << cpu;
    if (filter == others) list = 0xff & ~me;
    if (filter == self) list = me;
    if (filter > self) return;
    for (unsigned n = 0; n < cpus_.size(); n++) {
        if ((list >> n & 1) != 0) {
            set_sources(n, sgi, sources_[n][sgi] | static_cast<uint8_t>(me));
        }
    }
    update_all();
}

uint32_t Gicv2::read_distributor(unsigned cpu, unsigned offset) {
    if (offset == kDistributorControl) return forwarding_[0] | forwarding_[1] << 1;
    if (offset == kType) {
        return (kWords - 1) | static_cast<uint32_t>(cpus_.size() - 1) << 5;
    }
    if (offset == kImplementer) return kGic400;
    uint32_t value = 0;
    for (unsigned n = 0; n < 4; n++) {
        unsigned at = offset + n;
        uint8_t byte = 0;
        if (at >= kTargets && at < kTargetsEnd) byte = targets(cpu, at - kTargets);
        if (at >= kClearSources && at < kSourcesEnd) byte = sources_[cpu][at % 16];
        if (at >= kIdentification && n == 0) byte = kIdBytes[(at - kIdentification) / 4];
        value |= uint32_t{byte} << 8 * n;
    }
    return value | read_bank(cpu, place(offset));
}

void Gicv2::write_distributor(unsigned cpu, unsigned offset, uint32_t value, uint32_t lanes) {
    if (offset == kDistributorControl) {
        forwarding_ = {(value & 1) != 0, (value & 2) != 0};
        update_all();
        return;
    }
    if (offset == kSend) return send(cpu, value);
    Place at = place(offset);
    if (at.bank != Bank::none) return write_bank(cpu, at, value, lanes, true);
    for (unsigned n = 0; n < 4; n++) {
        if ((lanes >> 8 * n & 0xff) == 0) continue;
        unsigned byte_at = offset + n, sgi = byte_at % 16;
        auto byte = static_cast<uint8_t>(value >> 8 * n);
        if (byte_at >= kTargets + kFirstSpi && byte_at < kTargetsEnd && cpus_.size() > 1) {
            unsigned intid = byte_at - kTargets;
            for (unsigned c = 0; c < cpus_.size(); c++) {
                uint32_t& mask = cpus_[c].targets[intid / 32];
                mask = (byte >> c & 1) != 0 ? mask | bit(intid) : mask & ~bit(intid);
            }
        } else if (byte_at >= kClearSources && byte_at < kSetSources) {
            set_sources(cpu, sgi, sources_[cpu][sgi] & static_cast<uint8_t>(~byte));
        } else if (byte_at >= kSetSources && byte_at < kSourcesEnd) {
            set_sources(cpu, sgi, sources_[cpu][sgi] | byte);
        }
    }
    update_all();
}

bool Gicv2::Distributor::read(uint64_t offset, unsigned size, uint64_t* value) {
    std::lock_guard guard(gic.lock_);
    return read_words(offset, size, value, [&](uint64_t at) {
        return at < kDistributorEnd ? gic.read_distributor(current_cpu, static_cast<unsigned>(at))
                                    : 0;
    });
}

bool Gicv2::Distributor::write(uint64_t offset, unsigned size, uint64_t value) {
    std::lock_guard guard(gic.lock_);
    return write_words(offset, size, value, [&](uint64_t at, uint32_t word, uint32_t lanes) {
        if (at >= kDistributorEnd) return;
        gic.write_distributor(current_cpu, static_cast<unsigned>(at), word, lanes);
    });
}

void Gicv2::Distributor::reset() { gic.reset(); }

// --- the CPU interface

uint32_t Gicv2::control(const Cpu& cpu, unsigned number) const {
    return (cpu.enabled[0] ? kGroup0 : 0) | (cpu.enabled[1] ? kGroup1 : 0) |
           (common_acknowledge_[number] ? kCommonAcknowledge : 0) |
           (fiq_enable_[number] ? kFiqEnable : 0) |
           (cpu.common_binary_point ? kCommonBinaryPoint : 0) | (cpu.split_eoi ? kSplitEnd : 0);
}

void Gicv2::set_control(unsigned cpu, uint32_t value) {
    Cpu& c = cpus_[cpu];
    c.enabled = {(value & kGroup0) != 0, (value & kGroup1) != 0};
    common_acknowledge_[cpu] = (value & kCommonAcknowledge) != 0;
    fiq_enable_[cpu] = (value & kFiqEnable) != 0;
    c.common_binary_point = (value & kCommonBinaryPoint) != 0;
    c.split_eoi = (value & kSplitEnd) != 0;
}

unsigned Gicv2::take(unsigned cpu, unsigned group) {
    unsigned intid = acknowledge(cpu, group);
    if (intid >= kFirstPpi) return intid;
    uint8_t sources = sources_[cpu][intid];
    auto source = static_cast<unsigned>(std::countr_zero(sources));
    set_sources(cpu, intid, sources & static_cast<uint8_t>(sources - 1));
    update(cpu);
    return source << 10 | intid;
}

unsigned Gicv2::highest_pending(unsigned cpu, unsigned group) const {
    const Cpu& c = cpus_[cpu];
    Best found = best(c);
    if (found.intid == kSpurious) return kSpurious;
    if (found.group != group) return group == 0 ? kOtherGroup : kSpurious;
    if (found.intid >= kFirstPpi) return found.intid;
    return static_cast<unsigned>(std::countr_zero(sources_[cpu][found.intid])) << 10 | found.intid;
}

void Gicv2::end(unsigned cpu, uint32_t value) {
    unsigned intid = value & 0x3ff;
    if (intid >= kFirstSpi + kSpis) return;
    Cpu& c = cpus_[cpu];
    drop_priority(c, word(cpu, intid / 32).group >> intid % 32 & 1);
    if (!c.split_eoi) deactivate(cpu, intid);
}

uint32_t Gicv2::read_interface(unsigned cpu, unsigned offset) {
    Cpu& c = cpus_[cpu];
    switch (offset) {
        case kControl: return control(c, cpu);
        case kMask: return c.priority_mask;
        case kBinaryPoint: return c.binary_point[0];
        case kAliasedBinaryPoint: return c.binary_point[1];
        case kAcknowledge: {
            Best found = best(c);
            if (found.group == 1 && signals(c, found)) {
                return common_acknowledge_[cpu] ? take(cpu, 1) : kOtherGroup;
            }
            return take(cpu, 0);
        }
        case kAliasedAcknowledge: return take(cpu, 1);
        case kRunning: return running_priority(c);
        case kHighest: {
            unsigned found = highest_pending(cpu, 0);
            bool other = found == kOtherGroup && common_acknowledge_[cpu];
            return other ? highest_pending(cpu, 1) : found;
        }
        case kAliasedHighest: return highest_pending(cpu, 1);
        case kActivePriorities0: return c.active[0];
        case kActivePriorities1: return c.active[1];
        case kInterfaceImplementer: return kGic400Interface;
        default: return 0;
    }
}

void Gicv2::write_interface(unsigned cpu, unsigned offset, uint32_t value) {
    Cpu& c = cpus_[cpu];
    switch (offset) {
        case kControl: set_control(cpu, value); break;
        case kMask: c.priority_mask = value & kPriorityMask; break;
        case kBinaryPoint: set_binary_point(c, 0, value); break;
        case kAliasedBinaryPoint: set_binary_point(c, 1, value); break;
        case kEnd:
        case kAliasedEnd: end(cpu, value); break;
        case kActivePriorities0: c.active[0] = value; break;
        case kActivePriorities1: c.active[1] = value; break;
        case kDeactivate:
            if (c.split_eoi) deactivate(cpu, value & 0x3ff);
            break;
        default: return;
    }
    update(cpu);
}

bool Gicv2::CpuInterface::read(uint64_t offset, unsigned size, uint64_t* value) {
    std::lock_guard guard(gic.lock_);
    return read_words(offset, size, value, [&](uint64_t at) {
        return gic.read_interface(current_cpu, static_cast<unsigned>(at));
    });
}

bool Gicv2::CpuInterface::write(uint64_t offset, unsigned size, uint64_t value) {
    std::lock_guard guard(gic.lock_);
    return write_words(offset, size, value, [&](uint64_t at, uint32_t word, uint32_t lanes) {
        if (lanes == ~uint32_t{0})
            gic.write_interface(current_cpu, static_cast<unsigned>(at), word);
    });
}

}  // namespace pydbt::sysmode
