// A CPU's addresses: its context in the TLB, loads and stores, where code is.
//
// Owns: what of PSTATE and registers decides which context is used; filling it; accesses that its
// table does not serve. Must not know: walks, what devices do.
#include <algorithm>
#include <cstring>

#include "sysmode/cpu/cpus.hpp"
#include "translator/a64/lifter.hpp"

namespace pydbt::sysmode {
namespace {

constexpr unsigned kSctlrA = 1, kSctlrEnIa = 31, kSctlrEnIb = 30, kSctlrEnDa = 27, kSctlrEnDb = 13;
constexpr unsigned kSctlrDze = 14, kFpenShift = 20, kSctlrSa = 3, kSctlrSa0 = 4;
constexpr auto kMemoryFault = static_cast<uint32_t>(runtime::ExitReason::memory_fault);
constexpr uint64_t kPageMask = 0xfff;

// Sixteen bytes may be a pair of registers that is one access (FEAT_LSE2), whose elements count.
bool is_misaligned_on_device(const ir::Access& access) {
    uint64_t element = access.bytes == 16 && !access.atomic ? 8 : access.bytes;
    return (access.address & (element - 1)) != 0;
}

}  // namespace

// --- the context --------------------------------------------------------------------------------

void Vcpu::update_translation() {
    RegimeRegisters now{regs_[Reg::SCTLR_EL1],
                        regs_[Reg::TCR_EL1],
                        regs_[Reg::MAIR_EL1],
                        {regs_[Reg::TTBR0_EL1], regs_[Reg::TTBR1_EL1]}};
    bool other_rules =
        now.sctlr != regime_of_.sctlr || now.tcr != regime_of_.tcr || now.mair != regime_of_.mair;
    regime_ = make_regime(now, identity_.mmu());
    regime_of_ = now;
    // Another table alone changes nothing that was cached: that is what TLBI is for.
    if (other_rules) tlb_.clear();
    context_stale_ = true;
}

void Vcpu::update_context() {
    if (!context_stale_) return;
    context_stale_ = false;
    base::CpuState& s = *state_;
    bool el0 = is_el0();
    View view = el0 ? View::el0 : pan_ ? View::el1_pan : View::el1;
    context_ = &tlb_.context(regime_.asid, view);
    s.tlb = context_->table();
    s.tlb_unprivileged = s.tlb;
    bool unprivileged = !el0 && !uao_;
    if (unprivileged) s.tlb_unprivileged = tlb_.context(regime_.asid, View::el0).table();
    uint32_t key = a64::kKeySystem;
    if (!el0) key |= a64::kKeyEl1;
    if (!el0 && !sp_el1_) key |= a64::kKeySp0;
    if (unprivileged) key |= a64::kKeyUnprivileged;
    uint64_t fpen = regs_[Reg::CPACR_EL1] >> kFpenShift & 3;
    if ((fpen & 1) == 0 || (fpen == 1 && el0)) key |= a64::kKeyFpTrap;
    if (regs_.bit(Reg::SCTLR_EL1, kSctlrA)) key |= a64::kKeyAlign;
    if (!el0 || regs_.bit(Reg::SCTLR_EL1, kSctlrDze)) key |= a64::kKeyZva;
    if (regs_.bit(Reg::SCTLR_EL1, el0 ? kSctlrSa0 : kSctlrSa)) key |= a64::kKeySpAlign;
    s.system_key = key;
    constexpr unsigned kKeys[] = {kSctlrEnIa, kSctlrEnIb, kSctlrEnDa, kSctlrEnDb};
    s.pac_off = 0;
    for (unsigned n = 0; n < std::size(kKeys); n++) {
        if (!regs_.bit(Reg::SCTLR_EL1, kKeys[n])) s.pac_off |= 1u << n;
    }
}

// --- translation --------------------------------------------------------------------------------

bool Vcpu::read_descriptor(uint64_t pa, uint64_t& value) {
    std::byte* at = cpus_.bus().ram(pa, sizeof value);
    if (at == nullptr) return false;
    value =
        std::atomic_ref<uint64_t>(*reinterpret_cast<uint64_t*>(at)).load(std::memory_order_acquire);
    return true;
}

bool Vcpu::replace_descriptor(uint64_t pa, uint64_t expected, uint64_t desired) {
    std::byte* at = cpus_.bus().ram(pa, sizeof expected);
    return std::atomic_ref<uint64_t>(*reinterpret_cast<uint64_t*>(at))
        .compare_exchange_strong(expected, desired);
}

Fault Vcpu::translate(uint64_t va, const Purpose& purpose, Translation& t) {
    if (regime_.enabled) {
        const Translation* known = tlb_.find(va, regime_.asid);
        bool fits = known != nullptr && known->allows(purpose) && (!purpose.write || known->dirty);
        // A tag that is not ignored makes another address.
        const Half& half = regime_.half[va >> 55 & 1];
        bool ignores = purpose.execute ? half.tbi_code : half.tbi;
        if (fits && (ignores || va == without_tag(va)) && !(half.not_el0 && purpose.el0)) {
            t = *known;
            t.pa |= va & kPageMask;
            return {};
        }
    }
    Fault fault = walk(regime_, va, purpose, *this, t);
    if (!fault && regime_.enabled) tlb_.insert(va, regime_.asid, t);
    return fault;
}

Purpose Vcpu::data_purpose(const ir::Access& access, bool write) const {
    Purpose p;
    p.el0 = is_el0() || (access.unprivileged && !uao_);
    p.write = write;
    p.pan = pan_;
    return p;
}

uint64_t Vcpu::fail(const Fault& fault, const ir::Access& access, bool write) {
    abort_ = {fault, access.address, write, false};
    state_->exit_reason = kMemoryFault;
    return 0;
}

void Vcpu::misaligned(const ir::Access& access) {
    fail({FaultKind::alignment, 0}, access, access.stores && !access.loads);
}

// Translates an access within one page, and checks what depends on the kind of memory. Null and not
// failed: no RAM is there.
std::byte* Vcpu::reach_page(const ir::Access& access, Translation& t, bool& failed) {
    failed = true;
    bool write = access.stores;
    // Of an atomic access, what a load would find wrong is no write's fault.
    if (access.loads && access.stores) {
        if (Fault fault = translate(access.address, data_purpose(access, false), t)) {
            return fail(fault, access, false), nullptr;
        }
    }
    if (Fault fault = translate(access.address, data_purpose(access, write), t)) {
        return fail(fault, access, write), nullptr;
    }
    if (t.is_device() && is_misaligned_on_device(access)) {
        return fail({FaultKind::alignment, 0}, access, write), nullptr;
    }
    if (hits_watch(access, write)) return nullptr;
    std::byte* host = cpus_.bus().ram(t.pa, access.bytes);
    bool rom = host != nullptr && write && !cpus_.bus().find(t.pa)->writable;
    if (rom) host = nullptr;
    if (host == nullptr && access.atomic) {
        FaultKind kind = rom ? FaultKind::external : FaultKind::unsupported_atomic;
        return fail({kind, 0}, access, write), nullptr;
    }
    failed = false;
    return host;
}

uint64_t Vcpu::reach(const ir::Access& access) {
    if ((access.address & kPageMask) + access.bytes > kPageMask + 1) return 0;
    Translation t;
    bool failed = false;
    std::byte* host = reach_page(access, t, failed);
    if (host == nullptr) return 0;
    // Device memory stays out of the table: its accesses must be aligned. And what is watched.
    if (!t.is_device() && !has_watch(access.address)) {
        bool as_el0 = access.unprivileged && !uao_ && !is_el0();
        TlbContext& context = as_el0 ? tlb_.context(regime_.asid, View::el0) : *context_;
        Purpose read = data_purpose(access, false), write = data_purpose(access, true);
        bool writable = cpus_.bus().find(t.pa)->writable && t.dirty && t.allows(write);
        uint64_t page = reinterpret_cast<uint64_t>(host) - (t.pa & kPageMask);
        context.set(access.address, page, t.allows(read), writable, t);
    }
    return reinterpret_cast<uint64_t>(host);
}

// --- what the table does not serve

bool Vcpu::load(const ir::Access& access, base::V128& value) {
    value = {};
    return transfer(access, value, false);
}
bool Vcpu::store(const ir::Access& access, const base::V128& value) {
    base::V128 copy = value;
    return transfer(access, copy, true);
}

// A device's registers, or two pages, of which both are translated before either is touched.
bool Vcpu::transfer(const ir::Access& access, base::V128& value, bool write) {
    auto* data = reinterpret_cast<uint8_t*>(&value);
    uint64_t in_first = kPageMask + 1 - (access.address & kPageMask);
    auto first = static_cast<uint32_t>(std::min<uint64_t>(access.bytes, in_first));
    uint32_t sizes[2] = {first, access.bytes - first};
    uint64_t places[2] = {};
    uint64_t address = access.address;
    for (unsigned n = 0; n < 2 && sizes[n] != 0; n++) {
        Translation t;
        ir::Access part = access;
        part.address = address;
        if (Fault fault = translate(address, data_purpose(access, write), t)) {
            return fail(fault, part, write), false;
        }
        if (t.is_device() && is_misaligned_on_device(access)) {
            return fail({FaultKind::alignment, 0}, access, write), false;
        }
        part.bytes = sizes[n];
        if (hits_watch(part, write)) return false;
        places[n] = t.pa;
        address += sizes[n];
    }
    for (unsigned n = 0; n < 2 && sizes[n] != 0; n++) {
        if (!access_physical(places[n], sizes[n], data, write)) {
            return fail({FaultKind::external, 0}, access, write), false;
        }
        data += sizes[n];
    }
    return true;
}

// Registers are accessed in naturally aligned pieces of at most 8 bytes.
bool Vcpu::access_physical(uint64_t pa, uint32_t bytes, uint8_t* data, bool write) {
    while (bytes != 0) {
        uint32_t piece = 8;
        while (piece > bytes || (pa & (piece - 1)) != 0) piece /= 2;
        uint64_t value = 0;
        if (write) std::memcpy(&value, data, piece);
        bool done =
            write ? cpus_.bus().write(pa, piece, value) : cpus_.bus().read(pa, piece, &value);
        if (!done) return false;
        if (!write) std::memcpy(data, &value, piece);
        pa += piece;
        data += piece;
        bytes -= piece;
    }
    return true;
}

// --- code ---------------------------------------------------------------------------------------

runtime::CodePlace Vcpu::place(uint64_t pc) {
    const TlbContext::Code* known = context_->code(pc);
    if (known != nullptr) return {known->place | (pc & kPageMask), true, known->guarded};
    Purpose purpose;
    purpose.el0 = is_el0();
    purpose.execute = true;
    Translation t;
    Fault fault = translate(pc, purpose, t);
    if (!fault && cpus_.bus().ram(t.pa, 4) == nullptr) fault = {FaultKind::external, 0};
    if (fault) {
        abort_ = {fault, pc, false, false};
        return {};
    }
    // The engine knows addresses of pages that are here, and of no others.
    uint64_t before = context_->set_code(pc, t);
    if (before != base::kTlbNothing) dropped(*context_, before, before + kPageMask);
    return {t.pa, true, t.guarded};
}

bool Vcpu::guarded(uint64_t pc) {
    const TlbContext::Code* known = context_->code(pc);
    if (known != nullptr) return known->guarded;
    runtime::CodePlace place_of_code = place(pc);
    return place_of_code.found && place_of_code.guarded;
}

// Whether that is what the load or store at the program counter ran into: it is looked at first.
bool Vcpu::is_sp_misaligned() {
    if ((state_->system_key & a64::kKeySpAlign) == 0 || (state_->sp & 15) == 0) return false;
    runtime::CodePlace at = place(state_->pc);
    uint32_t word = 0;
    return at.found && cpus_.fetch(at.address, {&word, 1}) == 1 && a64::is_sp_access(word);
}

bool Vcpu::debug_address(uint64_t va, uint64_t& pa) {
    Purpose purpose;
    purpose.no_update = true;
    Translation t;
    if (walk(regime_, va, purpose, *this, t)) return false;
    pa = t.pa;
    return true;
}

// --- invalidation -------------------------------------------------------------------------------

void Vcpu::request_invalidation(const Invalidation& what) {
    {
        std::lock_guard lock(invalidations_mutex_);
        // A CPU that stands still for long has nothing left to lose.
        constexpr size_t kMost = 64;
        if (invalidations_.size() < kMost) {
            invalidations_.push_back(what);
        } else {
            invalidations_.assign(1, {});
        }
        asked_.fetch_add(1);
    }
    runtime::Engine::request_exit(*thread_);
}

bool Vcpu::has_served() const { return !inside_.load() || served_.load() == asked_.load(); }

void Vcpu::serve_invalidations() {
    if (asked_.load() == served_.load()) return;
    std::vector<Invalidation> work;
    uint64_t upto;
    {
        std::lock_guard lock(invalidations_mutex_);
        work.swap(invalidations_);
        upto = asked_.load();
    }
    for (const Invalidation& what : work) tlb_.invalidate(what);
    served_.store(upto);
}

void Vcpu::dropped(TlbContext& context, uint64_t first, uint64_t last) {
    cpus_.engine().forget_code(*thread_, context.table(), first, last);
}
void Vcpu::cleared(TlbContext& context) { dropped(context, 0, ~uint64_t{0}); }

}  // namespace pydbt::sysmode
