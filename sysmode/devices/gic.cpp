#include "sysmode/devices/gic.hpp"

#include <algorithm>
#include <bit>

namespace pydbt::sysmode {
namespace {

constexpr uint32_t kSgis = 0xffff;

// ICFGR has two bits an interrupt, of which the upper one says that it is edge-triggered.
uint32_t spread(uint32_t half) {
    uint32_t wide = 0;
    for (unsigned n = 0; n < 16; n++) wide |= (half >> n & 1) << (2 * n + 1);
    return wide;
}

uint32_t gather(uint32_t wide) {
    uint32_t half = 0;
    for (unsigned n = 0; n < 16; n++) half |= (wide >> (2 * n + 1) & 1) << n;
    return half;
}

}  // namespace

void Gic::connect(unsigned cpu, InterruptSink& sink) {
    std::lock_guard guard(lock_);
    cpus_[cpu].sink = &sink;
}

void Gic::set_input(uint32_t input, bool level) {
    std::lock_guard guard(lock_);
    unsigned cpu = input >> kCpuShift, intid = input & ((1u << kCpuShift) - 1);
    Word& w = word(cpu, intid / 32);
    uint32_t mask = bit(intid);
    if (level && (w.edge & mask) != 0 && (w.level & mask) == 0) w.latch |= mask;
    w.level = level ? w.level | mask : w.level & ~mask;
    if (intid < kFirstSpi) {
        update(cpu);
        return;
    }
    for (unsigned n = 0; n < cpus_.size(); n++) {
        if ((cpus_[n].targets[intid / 32] & mask) != 0) update(n);
    }
}

Gic::Best Gic::best(const Cpu& cpu) const {
    Best found;
    for (unsigned n = 0; n < kWords; n++) {
        const Word& w = n == 0 ? cpu.own : shared_[n];
        uint32_t groups = (forwarding_[0] && cpu.enabled[0] ? ~w.group : 0) |
                          (forwarding_[1] && cpu.enabled[1] ? w.group : 0);
        uint32_t ready = w.pending() & w.enabled & ~w.active & cpu.targets[n] & groups;
        for (; ready != 0; ready &= ready - 1) {
            auto at = static_cast<unsigned>(std::countr_zero(ready));
            if (w.priority[at] < found.priority) {
                found = {n * 32 + at, w.priority[at], w.group >> at & 1};
            }
        }
    }
    return found;
}

uint8_t Gic::preemption_mask(const Cpu& cpu, unsigned group) const {
    // The group priority is bits 7 to point + 1; of group 1, by its own register, 7 to point.
    unsigned own = cpu.binary_point[cpu.common_binary_point ? 0 : group];
    unsigned lowest = group == 1 && !cpu.common_binary_point ? own : own + 1;
    return static_cast<uint8_t>(0xff << lowest);
}

void Gic::set_binary_point(Cpu& cpu, unsigned group, uint64_t value) {
    unsigned least = kLeastBinaryPoint + group;
    cpu.binary_point[group] = static_cast<uint8_t>(std::max<uint64_t>(value & 7, least));
}

uint8_t Gic::running_priority(const Cpu& cpu) const {
    uint32_t active = cpu.active[0] | cpu.active[1];
    return active == 0 ? kIdle : static_cast<uint8_t>(std::countr_zero(active) << 3);
}

bool Gic::signals(const Cpu& cpu, const Best& best) const {
    if (best.intid == kSpurious || best.priority >= cpu.priority_mask) return false;
    uint8_t running = running_priority(cpu);
    return running == kIdle || (best.priority & preemption_mask(cpu, best.group)) < running;
}

unsigned Gic::acknowledge(unsigned cpu, unsigned group) {
    Cpu& c = cpus_[cpu];
    Best found = best(c);
    if (!signals(c, found) || found.group != group) return kSpurious;
    Word& w = word(cpu, found.intid / 32);
    w.active |= bit(found.intid);
    w.latch &= ~bit(found.intid);
    uint8_t level = found.priority & preemption_mask(c, group);
    c.active[group] |= uint32_t{1} << (level >> 3);
    update_all();  // of an SPI, other targets have it no longer
    return found.intid;
}

void Gic::drop_priority(Cpu& cpu, unsigned group) {
    cpu.active[group] &= cpu.active[group] - 1;  // the highest: the lowest bit
}

void Gic::deactivate(unsigned cpu, unsigned intid) {
    if (intid >= kFirstSpi + kSpis) return;
    word(cpu, intid / 32).active &= ~bit(intid);
    update_all();
}

void Gic::update(unsigned cpu) {
    Cpu& c = cpus_[cpu];
    Best found = best(c);
    bool signalled = signals(c, found);
    bool fiq = signalled && found.group == 0 && group0_is_fiq(c), irq = signalled && !fiq;
    if (c.sink == nullptr) return;
    if (irq != c.irq) c.sink->irq(c.irq = irq);
    if (fiq != c.fiq) c.sink->fiq(c.fiq = fiq);
}

void Gic::update_all() {
    for (unsigned n = 0; n < cpus_.size(); n++) update(n);
}

void Gic::reset_state() {
    // Inputs have the level that they have; everything else begins anew.
    auto begin = [](Word& w) {
        uint32_t level = w.level;
        w = Word{};
        w.level = level;
    };
    for (Word& w : shared_) begin(w);
    for (Cpu& c : cpus_) {
        Cpu fresh;
        fresh.sink = c.sink;
        fresh.irq = c.irq;
        fresh.fiq = c.fiq;
        fresh.own = c.own;
        begin(fresh.own);
        fresh.own.edge = kSgis;
        fresh.targets[0] = ~uint32_t{0};
        c = fresh;
    }
    forwarding_ = {};
}

Gic::Place Gic::place(uint64_t offset) {
    constexpr unsigned kBits = 0x80;  // bytes of a bank with a bit an interrupt
    constexpr unsigned kGroups = 0x80, kPriorities = 0x400, kTargets = 0x800, kConfig = 0xc00,
                       kEnd = 0xd00;
    auto at = static_cast<unsigned>(offset);
    if (at < kGroups || at >= kEnd || (at >= kTargets && at < kConfig)) return {};
    Place found;
    if (at >= kConfig) {
        found = {Bank::config, (at - kConfig) * 4};
    } else if (at >= kPriorities) {
        found = {Bank::priority, at - kPriorities};
    } else {
        found = {static_cast<Bank>(at / kBits - 1), at % kBits * 8};
    }
    return found.first < kFirstSpi + kSpis ? found : Place{};
}

uint32_t Gic::read_bank(unsigned cpu, Place place) {
    const Word& w = word(cpu, place.first / 32);
    uint32_t value = 0;
    switch (place.bank) {
        case Bank::group: return w.group;
        case Bank::set_enable:
        case Bank::clear_enable: return w.enabled;
        case Bank::set_pending:
        case Bank::clear_pending: return w.pending();
        case Bank::set_active:
        case Bank::clear_active: return w.active;
        case Bank::priority:
            for (unsigned n = 0; n < 4; n++) {
                value |= uint32_t{w.priority[place.first % 32 + n]} << 8 * n;
            }
            return value;
        case Bank::config: return spread(w.edge >> place.first % 32);
        case Bank::none: break;
    }
    return 0;
}

void Gic::write_bank(unsigned cpu, Place place, uint32_t value, uint32_t lanes, bool fixed_sgis) {
    Word& w = word(cpu, place.first / 32);
    if (place.bank == Bank::priority) {
        for (unsigned n = 0; n < 4; n++) {
            if ((lanes >> 8 * n & 0xff) == 0) continue;
            w.priority[place.first % 32 + n] = static_cast<uint8_t>(value >> 8 * n) & kPriorityMask;
        }
        update_all();
        return;
    }
    if (lanes != ~uint32_t{0}) return;  // only the registers of bytes can be written in bytes
    uint32_t change = value & (fixed_sgis && place.first == 0 ? ~kSgis : ~uint32_t{0});
    switch (place.bank) {
        case Bank::group: w.group = value; break;
        case Bank::set_enable: w.enabled |= change; break;
        case Bank::clear_enable: w.enabled &= ~change; break;
        case Bank::set_pending: w.latch |= change; break;
        case Bank::clear_pending: w.latch &= ~change; break;
        case Bank::set_active: w.active |= value; break;
        case Bank::clear_active: w.active &= ~value; break;
        case Bank::config: {
            if (place.first == 0) break;  // SGIs are edge-triggered
            unsigned shift = place.first % 32;
            w.edge = (w.edge & ~(uint32_t{0xffff} << shift)) | gather(value) << shift;
            break;
        }
        case Bank::priority:
        case Bank::none: break;
    }
    update_all();
}

}  // namespace pydbt::sysmode
