#include "sysmode/cpu/vcpu.hpp"

#include <sched.h>
#include <sys/mman.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "sysmode/cpu/cpus.hpp"
#include "translator/runtime/helpers.hpp"

namespace pydbt::sysmode {
namespace {

using runtime::ExitReason;

constexpr uint64_t kDaifI = 1 << 7, kDaifF = 1 << 6;
constexpr uint64_t kVectorIrq = 0x80, kVectorFiq = 0x100;
constexpr unsigned kSctlrNtwi = 16, kSctlrNtwe = 18;
constexpr uint32_t kWfe = 2, kWfi = 3, kSev = 4, kSevl = 5;
constexpr uint64_t kDaifReset = 0xf << 6;

// Signal handlers need a stack of their own: rsp is no C stack in translated code.
class SignalStack {
   public:
    SignalStack() {
        stack_t now{};
        sigaltstack(nullptr, &now);
        if ((now.ss_flags & SS_DISABLE) == 0) return;
        memory_ = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        stack_t own{.ss_sp = memory_, .ss_flags = 0, .ss_size = kBytes};
        sigaltstack(&own, nullptr);
    }
    ~SignalStack() {
        if (memory_ == nullptr) return;
        stack_t none{.ss_sp = nullptr, .ss_flags = SS_DISABLE, .ss_size = 0};
        sigaltstack(&none, nullptr);
        munmap(memory_, kBytes);
    }
    SignalStack(const SignalStack&) = delete;
    SignalStack& operator=(const SignalStack&) = delete;

   private:
    static constexpr size_t kBytes = 256 * 1024;
    void* memory_ = nullptr;
};

}  // namespace

Vcpu::Vcpu(Cpus& cpus, unsigned number, std::unique_ptr<runtime::Thread> thread)
    : cpus_(cpus),
      number_(number),
      identity_(cpus.identity()),
      thread_(std::move(thread)),
      state_(&thread_->state()) {
    thread_->user = this;
    tlb_.observer = this;
    reset(0, 0);
}

Vcpu::~Vcpu() { stop(); }

uint64_t Vcpu::mpidr() const {
    constexpr uint64_t kAlwaysOne = uint64_t{1} << 31;
    return kAlwaysOne | affinity_of(number_);
}

void Vcpu::reset(uint64_t entry, uint64_t x0) {
    base::CpuState& s = *state_;
    for (uint64_t& x : s.x) x = 0;
    for (base::V128& v : s.v) v = {};
    s.sp = s.sp_el0 = s.sp_el1 = 0;
    s.x[0] = x0;
    s.pc = entry;
    s.nzcv = 0;
    s.daif = kDaifReset;
    s.btype = s.dit = s.ssbs = s.tco = 0;
    s.current_el = 1 << 2;
    s.tpidr_el0 = s.tpidrro_el0 = s.tpidr_el1 = 0;
    s.elr_el1 = s.spsr_el1 = s.esr_el1 = s.far_el1 = 0;
    s.excl_addr = ~uint64_t{0};
    s.excl_size = 0;
    for (base::V128& key : s.pac_keys) key = {};
    runtime::write_fpcr(s, 0);
    runtime::write_fpsr(s, 0);
    regs_.reset();
    regs_.set(Reg::CNTFRQ_EL0, identity_.cpu().model().counter_hz);
    cycles_ = {};
    sp_el1_ = true;
    pan_ = uao_ = illegal_ = single_step_ = false;
    os_lock_ = true;
    tlb_.clear();
    update_translation();
    update_debug();
}

// --- the host thread ----------------------------------------------------------------------------

void Vcpu::start() {
    if (host_.joinable()) return;
    host_ = std::thread([this] { main(); });
}

void Vcpu::kick() noexcept {
    runtime::Engine::request_exit(*thread_);
    {
        std::lock_guard lock(mutex_);
    }
    changed_.notify_all();
}

// One that has just been turned off may still be on its way out.
void Vcpu::power_on(uint64_t entry, uint64_t x0) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return standing_.load(); });
    reset(entry, x0);
    on_ = true;
    changed_.notify_all();
}

void Vcpu::power_off() {
    on_ = false;
    kick();
}

void Vcpu::pause() {
    paused_ = true;
    kick();
    if (std::this_thread::get_id() == host_.get_id()) return;
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return standing_.load() || !paused_.load(); });
}

void Vcpu::resume() {
    paused_ = false;
    kick();
}

void Vcpu::stop() {
    ending_ = true;
    kick();
    if (host_.joinable() && std::this_thread::get_id() != host_.get_id()) host_.join();
}

// False: the thread is to end.
bool Vcpu::wait_for_work() {
    std::unique_lock lock(mutex_);
    if (on_ && !paused_ && !ending_) {
        standing_ = false;
        return true;
    }
    standing_ = true;
    changed_.notify_all();
    changed_.wait(lock, [this] { return ending_ || (on_ && !paused_); });
    standing_ = false;
    return !ending_;
}

void Vcpu::main() {
    SignalStack stack;
    current_cpu = number_;
    while (wait_for_work()) turn();
    std::lock_guard lock(mutex_);
    standing_ = true;
    changed_.notify_all();
}

void Vcpu::run() {
    SignalStack stack;
    current_cpu = number_;
    standing_ = false;
    on_ = true;
    while (on_ && !ending_) turn();
    standing_ = true;
}

// --- the run loop -------------------------------------------------------------------------------

void Vcpu::turn() {
    serve_invalidations();
    if (take_interrupt()) return;
    if (illegal_) return take_at(ExceptionClass::illegal_state, 0, state_->far_el1);
    if (step_pending()) return;
    update_context();
    // Who asks for an invalidation and sees this unset need not wait: it is seen here.
    inside_.store(true);
    if (asked_.load() != served_.load()) {
        inside_.store(false);
        return;
    }
    runtime::Engine& engine = cpus_.engine();
    runtime::Exit exit = single_step_ ? engine.step(*thread_) : engine.run(*thread_);
    inside_.store(false);
    handle(exit);
}

void Vcpu::handle(const runtime::Exit& exit) {
    base::CpuState& s = *state_;
    switch (exit.reason) {
        case ExitReason::svc:
            single_step_ = false;
            return take(ExceptionClass::svc, exit.imm, s.pc);
        case ExitReason::brk: return take(ExceptionClass::brk, exit.imm, s.pc);
        case ExitReason::hlt: return undefined();
        case ExitReason::undefined: return execute(exit.imm);
        case ExitReason::wait: return wait(exit.imm);
        case ExitReason::pc_alignment: return take_at(ExceptionClass::pc_alignment, 0, s.pc);
        case ExitReason::fetch_fault: return abort(abort_.fault, abort_.address, true, 0);
        case ExitReason::memory_fault:
            if (abort_.watched) return hit_watchpoint();
            if (is_sp_misaligned()) return take(ExceptionClass::sp_alignment, 0, s.pc);
            return abort(abort_.fault, abort_.address, false, abort_.write ? kIssWrite : 0);
        case ExitReason::alignment_fault:
            if (is_sp_misaligned()) return take(ExceptionClass::sp_alignment, 0, s.pc);
            return abort({FaultKind::alignment, 0}, exit.address, false,
                         exit.write ? kIssWrite : 0);
        case ExitReason::authentication:
            return take(ExceptionClass::pointer_authentication, exit.imm, s.pc);
        case ExitReason::branch_target: return take(ExceptionClass::branch_target, s.btype, s.pc);
        case ExitReason::breakpoint: return hit_breakpoint();
        case ExitReason::stepped: single_step_ = false; return;
        case ExitReason::none:
        case ExitReason::interrupted: return;
        case ExitReason::watchpoint:
        case ExitReason::tag_check:
        case ExitReason::tag_checked:
        case ExitReason::internal_error: break;
    }
    std::fprintf(stderr, "pydbt: internal error: CPU %u left translated code at %#llx (%u)\n",
                 number_, static_cast<unsigned long long>(exit.host_pc),
                 static_cast<unsigned>(exit.reason));
    std::abort();
}

// --- interrupts and waiting ---------------------------------------------------------------------

void Vcpu::set_line(uint32_t line, bool level) noexcept {
    std::atomic_ref<uint32_t> pending(state_->pending);
    if (!level) {
        pending.fetch_and(~line);
    } else if ((pending.fetch_or(line) & line) == 0) {
        kick();
    }
}

bool Vcpu::take_interrupt() {
    uint32_t pending = std::atomic_ref<uint32_t>(state_->pending).load(std::memory_order_acquire);
    if ((pending & kFiq) != 0 && (state_->daif & kDaifF) == 0) {
        enter_el1(kVectorFiq);
        return true;
    }
    if ((pending & kIrq) != 0 && (state_->daif & kDaifI) == 0) {
        enter_el1(kVectorIrq);
        return true;
    }
    return false;
}

void Vcpu::event() {
    event_ = true;
    kick();
}

// The program counter is behind the instruction.
void Vcpu::wait(uint32_t hint) {
    bool is_wfi = hint == kWfi;
    if (hint == kSev) return cpus_.send_event();
    if (hint == kSevl) {
        event_ = true;
        return;
    }
    if (!is_wfi && event_.exchange(false)) return;
    auto* pending = &state_->pending;
    auto ready = [&] {
        return std::atomic_ref<uint32_t>(*pending).load() != 0 || !on_ || paused_ || ending_;
    };
    if (ready()) return;
    if (is_el0() && !regs_.bit(Reg::SCTLR_EL1, is_wfi ? kSctlrNtwi : kSctlrNtwe)) {
        return take(ExceptionClass::wait, kIssAlways | (is_wfi ? 0 : 1), state_->pc - 4);
    }
    // A store of another CPU that opens the monitor is an event too, which nobody tells of.
    if (!is_wfi && state_->excl_size != 0) {
        sched_yield();
        return;
    }
    std::unique_lock lock(mutex_);
    if (is_wfi) {
        changed_.wait(lock, ready);
        return;
    }
    // The event stream, or what stands for it: WFE may end at any time.
    uint64_t period = links_.timer == nullptr ? 0 : links_.timer->event_period();
    constexpr uint64_t kLongest = 1'000'000;
    if (period == 0 || period > kLongest) period = kLongest;
    changed_.wait_for(lock, std::chrono::nanoseconds(period),
                      [&] { return event_.exchange(false) || ready(); });
}

}  // namespace pydbt::sysmode
