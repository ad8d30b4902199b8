#include "sysmode/devices/gicv3.hpp"

#include <algorithm>

#include "sysmode/devices/words.hpp"

namespace pydbt::sysmode {
namespace {

// GICD_*, GICR_* of RD_base, and those of SGI_base where they are not GICD's.
enum Offset : unsigned {
    kControl = 0x0000,
    kType = 0x0004,
    kImplementer = 0x0008,
    kRouter = 0x6000,
    kIdentification = 0xffd0,
    kRedistributorImplementer = 0x0004,
    kRedistributorType = 0x0008,
    kWaker = 0x0014,
    kSgiFrame = 0x10000,
};

// GICD_CTLR: affinity routing and one security state, both of them fixed.
constexpr uint32_t kAffinityRouting = 1 << 4, kOneSecurityState = 1 << 6;

constexpr uint32_t kArm = 0x43b;  // JEP106, in GICD_IIDR and GICR_IIDR
constexpr uint64_t kAffinityBits = 0xff'00ff'ffff;
constexpr unsigned kSelectorCpus = 16;  // CPUs that one target list reaches

// CoreSight's registers PIDR4 to CIDR3; PIDR2 says GICv3.
constexpr uint8_t kIdBytes[] = {0x44, 0x00, 0x00, 0x00, 0x92, 0xb4,
                                0x3b, 0x00, 0x0d, 0xf0, 0x05, 0xb1};

// ICC_CTLR_EL1: 5 bits of priority, 16 of INTID (coded 0), Aff3 is valid.
constexpr uint64_t kCommonBinaryPoint = 1, kSplitEnd = 2;
constexpr uint64_t kFixedControl = 4 << 8 | 1 << 15;

uint32_t id_byte(unsigned offset) {
    return offset >= kIdentification ? kIdBytes[(offset - kIdentification) / 4] : 0;
}

}  // namespace

Gicv3::Gicv3(std::span<const uint64_t> affinities)
    : Gic(static_cast<unsigned>(affinities.size())),
      affinities_(affinities.begin(), affinities.end()),
      routes_(kSpis),
      asleep_(affinities.size()) {
    reset();
}

void Gicv3::reset() {
    std::lock_guard guard(lock_);
    reset_state();
    asleep_.assign(asleep_.size(), true);
    routes_.assign(kSpis, 0);
    for (unsigned n = 0; n < kSpis; n++) route(kFirstSpi + n);
    update_all();
}

// --- the distributor

void Gicv3::route(unsigned intid) {
    for (unsigned n = 0; n < cpus_.size(); n++) {
        uint32_t& mask = cpus_[n].targets[intid / 32];
        bool here = affinities_[n] == routes_[intid - kFirstSpi];
        mask = here ? mask | bit(intid) : mask & ~bit(intid);
    }
}

uint32_t Gicv3::read_distributor(unsigned offset) {
    constexpr unsigned kRouterEnd = kRouter + 8 * (kFirstSpi + kSpis);
    if (offset == kControl) {
        return forwarding_[0] | forwarding_[1] << 1 | kAffinityRouting | kOneSecurityState;
    }
    // INTIDs of 16 bits, Aff3 is valid, no 1 of N.
    if (offset == kType) return (kWords - 1) | 15 << 19 | 1 << 24 | 1 << 25;
    if (offset == kImplementer) return kArm;
    if (offset >= kRouter + 8 * kFirstSpi && offset < kRouterEnd) {
        uint64_t value = routes_[(offset - kRouter) / 8 - kFirstSpi];
        return static_cast<uint32_t>(offset % 8 == 0 ? value : value >> 32);
    }
    Place at = place(offset);
    if (at.bank != Bank::none) return at.first < kFirstSpi ? 0 : read_bank(0, at);
    return id_byte(offset);
}

void Gicv3::write_distributor(unsigned offset, uint32_t value, uint32_t lanes) {
    constexpr unsigned kRouterEnd = kRouter + 8 * (kFirstSpi + kSpis);
    if (offset == kControl) {
        forwarding_ = {(value & 1) != 0, (value & 2) != 0};
        update_all();
    } else if (offset >= kRouter + 8 * kFirstSpi && offset < kRouterEnd) {
        unsigned intid = (offset - kRouter) / 8;
        uint64_t& entry = routes_[intid - kFirstSpi];
        unsigned shift = offset % 8 * 8;
        uint64_t written = entry & ~(uint64_t{0xffff'ffff} << shift);
        entry = (written | uint64_t{value} << shift) & kAffinityBits;
        route(intid);
        update_all();
    } else if (Place at = place(offset); at.bank != Bank::none && at.first >= kFirstSpi) {
        write_bank(0, at, value, lanes, false);
    }
}

bool Gicv3::Distributor::read(uint64_t offset, unsigned size, uint64_t* value) {
    std::lock_guard guard(gic.lock_);
    return read_words(offset, size, value,
                      [&](uint64_t at) { return gic.read_distributor(static_cast<unsigned>(at)); });
}

bool Gicv3::Distributor::write(uint64_t offset, unsigned size, uint64_t value) {
    std::lock_guard guard(gic.lock_);
    return write_words(offset, size, value, [&](uint64_t at, uint32_t word, uint32_t lanes) {
        gic.write_distributor(static_cast<unsigned>(at), word, lanes);
    });
}

void Gicv3::Distributor::reset() { gic.reset(); }

// --- the redistributors

uint32_t Gicv3::read_redistributor(unsigned cpu, unsigned offset) {
    constexpr uint32_t kLast = 1 << 4;
    switch (offset) {
        case kRedistributorImplementer: return kArm;
        case kRedistributorType: return (cpu + 1 == cpus_.size() ? kLast : 0) | cpu << 8;
        case kRedistributorType + 4: {
            uint64_t affinity = affinities_[cpu];
            return static_cast<uint32_t>(affinity & 0xff'ffff) |
                   static_cast<uint32_t>(affinity >> 32) << 24;
        }
        case kWaker: return asleep_[cpu] ? 6 : 0;  // ChildrenAsleep follows at once
        default: break;
    }
    if (offset >= kSgiFrame) {
        Place at = place(offset - kSgiFrame);
        if (at.bank != Bank::none && at.first < kFirstSpi) return read_bank(cpu, at);
    }
    return id_byte(offset % kSgiFrame);
}

void Gicv3::write_redistributor(unsigned cpu, unsigned offset, uint32_t value, uint32_t lanes) {
    if (offset == kWaker) {
        asleep_[cpu] = (value & 2) != 0;
    } else if (offset >= kSgiFrame) {
        Place at = place(offset - kSgiFrame);
        if (at.first < kFirstSpi) write_bank(cpu, at, value, lanes, false);
    }
}

bool Gicv3::Redistributors::read(uint64_t offset, unsigned size, uint64_t* value) {
    std::lock_guard guard(gic.lock_);
    return read_words(offset, size, value, [&](uint64_t at) {
        return gic.read_redistributor(static_cast<unsigned>(at / kRedistributorSize),
                                      static_cast<unsigned>(at % kRedistributorSize));
    });
}

bool Gicv3::Redistributors::write(uint64_t offset, unsigned size, uint64_t value) {
    std::lock_guard guard(gic.lock_);
    return write_words(offset, size, value, [&](uint64_t at, uint32_t word, uint32_t lanes) {
        gic.write_redistributor(static_cast<unsigned>(at / kRedistributorSize),
                                static_cast<unsigned>(at % kRedistributorSize), word, lanes);
    });
}

// --- the CPU interface

void Gicv3::end(unsigned cpu, unsigned group, uint64_t value) {
    auto intid = static_cast<unsigned>(value & 0xff'ffff);
    if (intid >= kFirstSpi + kSpis) return;
    // Of another group than the interrupt's: ignored (IHI 0069 12.2.10).
    if ((word(cpu, intid / 32).group >> intid % 32 & 1) != group) return;
    drop_priority(cpus_[cpu], group);
    if (!cpus_[cpu].split_eoi) deactivate(cpu, intid);
}

// ICC_SGI0R and ICC_SGI1R: to those of the listed CPUs that have the SGI in that group.
void Gicv3::send(unsigned cpu, unsigned group, uint64_t value) {
    auto sgi = static_cast<unsigned>(value >> 24 & 15);
    bool all_others = (value >> 40 & 1) != 0;
    uint64_t cluster =
        (value >> 16 & 0xff) << 8 | (value >> 32 & 0xff) << 16 | (value >> 48 & 0xff) << 32;
    uint64_t first = (value >> 44 & 15) * kSelectorCpus;
    for (unsigned n = 0; n < cpus_.size(); n++) {
        uint64_t low = affinities_[n] & 0xff;
        bool listed = (affinities_[n] & ~uint64_t{0xff}) == cluster && low >= first &&
                      low < first + kSelectorCpus && (value >> (low - first) & 1) != 0;
        Word& w = cpus_[n].own;
        if ((all_others ? n != cpu : listed) && (w.group >> sgi & 1) == group) {
            w.latch |= bit(sgi);
            update(n);
        }
    }
}

uint64_t Gicv3::control(const Cpu& cpu) const {
    return kFixedControl | (cpu.common_binary_point ? kCommonBinaryPoint : 0) |
           (cpu.split_eoi ? kSplitEnd : 0);
}

void Gicv3::set_control(Cpu& cpu, uint64_t value) {
    cpu.common_binary_point = (value & kCommonBinaryPoint) != 0;
    cpu.split_eoi = (value & kSplitEnd) != 0;
}

bool Gicv3::read_register(unsigned cpu, IccRegister which, uint64_t* value) {
    constexpr uint64_t kSystemRegisters = 7;  // SRE; no bypass of IRQ and FIQ
    std::lock_guard guard(lock_);
    Cpu& c = cpus_[cpu];
    auto highest = [&](unsigned group) {
        Best found = best(c);
        return found.group == group ? found.intid : kSpurious;
    };
    switch (which) {
        case IccRegister::ap0r0: *value = c.active[0]; return true;
        case IccRegister::ap1r0: *value = c.active[1]; return true;
        case IccRegister::bpr0: *value = c.binary_point[0]; return true;
        case IccRegister::bpr1:
            *value = c.common_binary_point ? std::min(c.binary_point[0] + 1, 7) : c.binary_point[1];
            return true;
        case IccRegister::ctlr: *value = control(c); return true;
        case IccRegister::hppir0: *value = highest(0); return true;
        case IccRegister::hppir1: *value = highest(1); return true;
        case IccRegister::iar0: *value = acknowledge(cpu, 0); return true;
        case IccRegister::iar1: *value = acknowledge(cpu, 1); return true;
        case IccRegister::igrpen0: *value = c.enabled[0]; return true;
        case IccRegister::igrpen1: *value = c.enabled[1]; return true;
        case IccRegister::pmr: *value = c.priority_mask; return true;
        case IccRegister::rpr: *value = running_priority(c); return true;
        case IccRegister::sre: *value = kSystemRegisters; return true;
        default: return false;
    }
}

bool Gicv3::write_register(unsigned cpu, IccRegister which, uint64_t value) {
    std::lock_guard guard(lock_);
    Cpu& c = cpus_[cpu];
    switch (which) {
        case IccRegister::ap0r0: c.active[0] = static_cast<uint32_t>(value); break;
        case IccRegister::ap1r0: c.active[1] = static_cast<uint32_t>(value); break;
        case IccRegister::asgi1r: break;  // the other security state's, which is not there
        case IccRegister::bpr0: set_binary_point(c, 0, value); break;
        case IccRegister::bpr1:
            if (!c.common_binary_point) set_binary_point(c, 1, value);
            break;
        case IccRegister::ctlr: set_control(c, value); break;
        case IccRegister::dir:
            if (c.split_eoi) deactivate(cpu, static_cast<unsigned>(value & 0xff'ffff));
            break;
        case IccRegister::eoir0: end(cpu, 0, value); break;
        case IccRegister::eoir1: end(cpu, 1, value); break;
        case IccRegister::igrpen0: c.enabled[0] = (value & 1) != 0; break;
        case IccRegister::igrpen1: c.enabled[1] = (value & 1) != 0; break;
        case IccRegister::pmr: c.priority_mask = value & kPriorityMask; break;
        case IccRegister::sgi0r: send(cpu, 0, value); break;
        case IccRegister::sgi1r: send(cpu, 1, value); break;
        case IccRegister::sre: break;  // RAO/WI
        default: return false;
    }
    update(cpu);
    return true;
}

}  // namespace pydbt::sysmode
