#include "usermode/signals/signals.hpp"

#include <linux/audit.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <utility>

#include "translator/a64/lifter.hpp"
#include "translator/base/flags.hpp"
#include "translator/base/tags.hpp"
#include "translator/runtime/helpers.hpp"
#include "usermode/core/core.hpp"
#include "usermode/memory/guest_memory.hpp"
#include "usermode/process.hpp"
#include "usermode/signals/frame.hpp"
#include "usermode/signals/host.hpp"
#include "usermode/signals/sent.hpp"
#include "usermode/syscalls/syscall.hpp"
#include "usermode/vdso.gen.hpp"

namespace pydbt::usermode {
namespace {

// signal(7) of Linux on both architectures.
constexpr const char* kNames[] = {
    "0",         "SIGHUP",  "SIGINT",    "SIGQUIT", "SIGILL",   "SIGTRAP", "SIGABRT", "SIGBUS",
    "SIGFPE",    "SIGKILL", "SIGUSR1",   "SIGSEGV", "SIGUSR2",  "SIGPIPE", "SIGALRM", "SIGTERM",
    "SIGSTKFLT", "SIGCHLD", "SIGCONT",   "SIGSTOP", "SIGTSTP",  "SIGTTIN", "SIGTTOU", "SIGURG",
    "SIGXCPU",   "SIGXFSZ", "SIGVTALRM", "SIGPROF", "SIGWINCH", "SIGIO",   "SIGPWR",  "SIGSYS"};

// glibc keeps 32 and 33 for itself and its sigaction() refuses them; the guest's libc wants its
// own.
struct KernelSigaction {
    uint64_t handler;  // a function, kSigDfl or kSigIgn
    uint64_t flags;
    void (*restorer)();
    uint64_t mask;
};

extern "C" void pydbt_signal_restorer();
asm(R"(
.text
.globl pydbt_signal_restorer
.hidden pydbt_signal_restorer
.type pydbt_signal_restorer, @function
pydbt_signal_restorer:
    mov $15, %eax
    syscall
)");

constexpr uint64_t kUnblockable = signal_bit(SIGKILL) | signal_bit(SIGSTOP);

struct Fault {
    uint64_t address = 0;
    uint64_t esr = 0;  // 0: the frame has no record of it
};

void fill_frame(GuestThread& thread, const siginfo_t& info, uint64_t mask, const Fault& fault,
                SignalFrame& frame) {
    base::CpuState& state = thread.state();
    std::memcpy(frame.info, &info, sizeof frame.info);
    frame.uc.stack = thread.signals.alternate;
    frame.uc.sigmask = mask;
    GuestSigcontext& m = frame.uc.mcontext;
    m.fault_address = fault.address;
    std::memcpy(m.regs, state.x, sizeof m.regs);
    m.sp = state.sp;
    m.pc = state.pc;
    m.pstate = pstate_of(state);
    FpsimdContext fp{
        {kFpsimdMagic, sizeof(FpsimdContext)}, runtime::read_fpsr(state), state.fpcr, {}};
    static_assert(sizeof fp.v < sizeof state.v);  // v32 belongs to FPSR
    std::memcpy(fp.v, state.v, sizeof fp.v);
    std::memcpy(m.reserved, &fp, sizeof fp);
    if (fault.esr != 0) {
        EsrContext esr{{kEsrMagic, sizeof(EsrContext)}, fault.esr};
        std::memcpy(m.reserved + sizeof fp, &esr, sizeof esr);
    }
    frame.fp = state.x[29];
    frame.lr = state.x[30];
}

// setup_rt_frame of arch/arm64/kernel/signal.c. False, and nothing has changed, when the frame
// cannot be written.
bool make_frame(GuestThread& thread, const GuestSigaction& action, const siginfo_t& info,
                const Fault& fault) {
    base::CpuState& state = thread.state();
    SignalState& signals = thread.signals;
    uint64_t old_mask = signals.has_saved ? signals.saved_blocked : signals.blocked;
    uint64_t top = state.sp;
    if ((action.flags & kSaOnstack) != 0 && (signals.alternate.flags & SS_DISABLE) == 0 &&
        !on_alternate_stack(signals.alternate, top)) {
        top = signals.alternate.sp + signals.alternate.size;
    }
    constexpr uint64_t kRecord = offsetof(SignalFrame, fp);
    uint64_t at = ((top & ~uint64_t{15}) - sizeof(SignalFrame)) & ~uint64_t{15};
    if (std::exchange(signals.interrupted, false)) {
        state.pc += 4;
        state.x[0] = static_cast<uint64_t>(-EINTR);
    }
    SignalFrame frame{};
    fill_frame(thread, info, old_mask, fault, frame);
    if (!write_guest(at, frame)) return false;
    signals.has_saved = false;
    state.x[0] = static_cast<uint64_t>(info.si_signo);
    state.x[1] = at;
    state.x[2] = at + offsetof(SignalFrame, uc);
    state.x[29] = at + kRecord;
    state.x[30] = (action.flags & kSaRestorer) != 0 ? action.restorer
                                                    : thread.process.memory.vdso() + kVdsoSigreturn;
    state.sp = at;
    state.pc = action.handler;
    state.btype = thread.process.has_bti() ? 2 : 0;  // a handler is called, as by BLR
    state.tco = 0;
    signals.blocked |= action.mask;
    if ((action.flags & kSaNodefer) == 0) signals.blocked |= signal_bit(info.si_signo);
    signals.blocked = allowed_mask(signals.blocked);
    if ((signals.alternate.flags & kSsAutodisarm) != 0) signals.alternate = {0, SS_DISABLE, 0, 0};
    return true;
}

// What came on the host, too, but a handler blocks now that was entered before: the kernel keeps
// it.
void put_back_blocked(SignalState& signals) {
    int number = signals.pending;
    if (number == 0 || (signals.blocked & signal_bit(number)) == 0) return;
    siginfo_t info = signals.pending_info;
    signals.pending = 0;
    send_again(info, is_for_process(info));
}

void enter_handler(GuestThread& thread, GuestSigaction action, const siginfo_t& info,
                   const Fault& fault) {
    if (!make_frame(thread, action, info, fault)) {
        // force_sigsegv() of kernel/signal.c: its handler may have a stack of its own.
        uint64_t bit = signal_bit(SIGSEGV);
        bool blocked = (thread.signals.blocked & bit) != 0 || info.si_signo == SIGSEGV;
        action = thread.group->actions->take(SIGSEGV);
        siginfo_t forced{};
        forced.si_signo = SIGSEGV;
        forced.si_code = SI_KERNEL;
        if (blocked || action.handler == kSigDfl || action.handler == kSigIgn ||
            !make_frame(thread, action, forced, {})) {
            die_of(thread, forced);
        }
    }
    put_back_blocked(thread.signals);
}

}  // namespace

uint64_t pstate_of(const base::CpuState& state) {
    return uint64_t{base::nzcv_from_flags(state.nzcv)} << 28 | state.dit | state.ssbs | state.tco |
           state.btype << kPstateBtypeShift;
}

const char* signal_name(int number) {
    return number > 0 && number < static_cast<int>(std::size(kNames)) ? kNames[number] : "a signal";
}

// sas_ss_flags of include/linux/sched/signal.h.
bool on_alternate_stack(const GuestStack& s, uint64_t sp) {
    return (s.flags & (SS_DISABLE | kSsAutodisarm)) == 0 && sp - s.sp - 1 < s.size;
}

int64_t set_alternate_stack(SignalState& signals, GuestStack wanted, uint64_t sp) {
    constexpr uint64_t kSmallest = 5120;  // arm64's MINSIGSTKSZ
    if (on_alternate_stack(signals.alternate, sp)) return -EPERM;
    int32_t mode = wanted.flags & ~kSsAutodisarm;
    if (mode != 0 && mode != SS_DISABLE && mode != SS_ONSTACK) return -EINVAL;
    if (mode != SS_DISABLE && wanted.size < kSmallest) return -ENOMEM;
    wanted.flags = mode == SS_DISABLE ? SS_DISABLE : wanted.flags & kSsAutodisarm;
    if (mode == SS_DISABLE) wanted.sp = wanted.size = 0;
    signals.alternate = wanted;
    return 0;
}

uint64_t allowed_mask(uint64_t mask) { return mask & ~kUnblockable; }

sigset_t host_mask(uint64_t guest_mask) {
    for (int number : kFaultSignals) guest_mask &= ~signal_bit(number);
    sigset_t set;
    std::memset(&set, 0, sizeof set);
    std::memcpy(&set, &guest_mask, sizeof guest_mask);
    return set;
}

bool apply_mask(GuestThread& thread) {
    SignalState& signals = thread.signals;
    signals.sent.blocked = signals.blocked;
    sigset_t set = host_mask(signals.blocked);
    SyscallArgs args = {SIG_SETMASK, reinterpret_cast<uint64_t>(&set), 0, sizeof(uint64_t)};
    return pydbt_interruptible_syscall(&signals.attention, args.data(), SYS_rt_sigprocmask) == 0;
}

// --- actions ------------------------------------------------------------------------------------

void SignalActions::set_host_action(int number, bool catch_faults) {
    if (number == SIGKILL || number == SIGSTOP) return;
    const GuestSigaction& guest = actions_[number];
    bool ours = (signal_bit(number) & caught_) != 0 && (catch_faults || !is_fault_signal(number));
    KernelSigaction action{};
    action.handler = ours ? reinterpret_cast<uint64_t>(&host_signal_handler) : guest.handler;
    // The kernel decides which calls a signal ends and which go on, and what SIGCHLD is sent for.
    constexpr uint64_t kKernels = kSaRestart | SA_NOCLDSTOP | SA_NOCLDWAIT;
    action.flags = SA_SIGINFO | SA_ONSTACK | kSaRestorer | (guest.flags & kKernels);
    if ((restarting_ & signal_bit(number)) != 0) action.flags |= kSaRestart;
    action.restorer = pydbt_signal_restorer;
    // No others: one that is ignored, but blocked for a moment, would interrupt another thread.
    action.mask = caught_;
    syscall(SYS_rt_sigaction, number, &action, nullptr, 8);
}

void SignalActions::apply(int number) {
    const GuestSigaction& guest = actions_[number];
    uint64_t bit = signal_bit(number), before = caught_;
    bool handled = guest.handler != kSigDfl && guest.handler != kSigIgn;
    bool ours = is_fault_signal(number) || handled ||
                (guest.handler == kSigDfl && (defaults_ & bit) != 0) || catches_all_;
    ours ? caught_ |= bit : caught_ &= ~bit;
    // A debugger may drop one whose default action is ours.
    bool restarts = (guest.flags & kSaRestart) != 0 || (ours && !handled);
    restarts ? restarting_ |= bit : restarting_ &= ~bit;
    set_host_action(number);
    if (caught_ == before) return;
    for (uint64_t others = caught_ & ~bit; others != 0; others &= others - 1) {
        set_host_action(__builtin_ctzll(others) + 1);
    }
}

SignalActions::SignalActions(const SignalActions& other) {
    std::scoped_lock lock(other.mutex_);
    std::copy(std::begin(other.actions_), std::end(other.actions_), std::begin(actions_));
    caught_ = other.caught();
    restarting_ = other.restarting();
    defaults_ = other.defaults_.load();
    catches_all_ = other.catches_all_.load();
}

GuestSigaction SignalActions::get(int number) const {
    std::scoped_lock lock(mutex_);
    return actions_[number];
}

void SignalActions::set(int number, const GuestSigaction& action) {
    std::scoped_lock lock(mutex_);
    actions_[number] = action;
    actions_[number].mask = allowed_mask(action.mask);
    apply(number);
}

void SignalActions::take_back() {
    constexpr int kCancel = 32, kSetxid = 33;  // nptl's, in glibc's internal-signals.h
    std::scoped_lock lock(mutex_);
    for (int number : {kCancel, kSetxid}) set_host_action(number);
}

GuestSigaction SignalActions::take(int number) {
    std::scoped_lock lock(mutex_);
    GuestSigaction action = actions_[number];
    if ((action.flags & kSaResethand) != 0) {
        actions_[number].handler = kSigDfl;
        apply(number);
    }
    return action;
}

void SignalActions::start(uint64_t defaults) {
    uint64_t ours = kFaultBits;
    for (int number = 1; number <= kSignals; number++) {
        KernelSigaction old{};
        syscall(SYS_rt_sigaction, number, nullptr, &old, 8);
        bool ignored = old.handler == kSigIgn;
        actions_[number].handler = ignored ? kSigIgn : kSigDfl;
        if (!ignored) ours |= defaults & signal_bit(number);
    }
    defaults_ = defaults;
    caught_ = ours;
    for (; ours != 0; ours &= ours - 1) apply(__builtin_ctzll(ours) + 1);
}

void SignalActions::take_defaults(uint64_t signals) {
    std::scoped_lock lock(mutex_);
    uint64_t changed = defaults_.exchange(signals) ^ signals;
    for (; changed != 0; changed &= changed - 1) apply(__builtin_ctzll(changed) + 1);
}

void SignalActions::catch_all(bool on) {
    std::scoped_lock lock(mutex_);
    if (catches_all_.exchange(on) == on) return;
    for (int number = 1; number <= kSignals; number++) apply(number);
}

void SignalActions::ignore_faults(bool ignore) {
    std::scoped_lock lock(mutex_);
    for (int number : kFaultSignals) {
        if (actions_[number].handler != kSigIgn) continue;
        set_host_action(number, !ignore);
    }
}

void SignalActions::clear_handlers() {
    std::scoped_lock lock(mutex_);
    for (int number = 1; number <= kSignals; number++) {
        if (actions_[number].handler == kSigIgn) continue;
        actions_[number] = {};
        apply(number);
    }
}

// --- delivery -----------------------------------------------------------------------------------

namespace {

// False when a tracer or a debugger says that nothing is to be delivered.
bool ask_debugger(GuestThread& thread, siginfo_t& info) {
    if (!trace_signal(thread, info)) return false;
    if (thread.debugged == nullptr) return true;
    info.si_signo = thread.process.debugger->signal(thread, info);
    return info.si_signo != 0;
}

// What is to be delivered next: fault signals come first, as with the kernel (next_signal() of
// kernel/signal.c).
bool take_next(GuestThread& thread, siginfo_t& info) {
    if (take_sent(thread, info)) return true;
    SignalState& signals = thread.signals;
    if (signals.pending == 0) return false;
    info = signals.pending_info;
    signals.pending = 0;
    return true;
}

void deliver(GuestThread& thread, siginfo_t info) {
    if (!ask_debugger(thread, info)) return;
    int number = info.si_signo;
    GuestSigaction action = thread.group->actions->take(number);
    if (action.handler == kSigIgn) return;
    if (action.handler != kSigDfl) {
        enter_handler(thread, action, info, {});
    } else if (getpid() ==
               1) {  // SIGNAL_UNKILLABLE of kernel/signal.c: a namespace's first process
    } else if (is_fault_signal(number) || thread.group->actions->has_default(number)) {
        die_of(thread, info);
    } else if (default_is_done(thread, number)) {
        return;
    } else if (thread.group->trace) {
        die_of(thread, info);
    } else {  // changed since it came; the host's is the default, too, which may be to stop
        send_again(info, false);
    }
}

void deliver_all(GuestThread& thread) {
    SignalState& signals = thread.signals;
    do {
        signals.attention = 0;
        serve_pokes(thread);
        share_sent(thread);
        siginfo_t info;
        while (take_next(thread, info)) deliver(thread, info);
    } while (!apply_mask(thread) || signals.attention != 0);
}

}  // namespace

void deliver_signals(GuestThread& thread, bool restart) {
    SignalState& signals = thread.signals;
    if (restart) thread.state().pc -= 4;
    deliver_all(thread);
    if (signals.has_saved) {
        signals.has_saved = false;
        signals.blocked = signals.saved_blocked;
        deliver_all(thread);
    }
    signals.interrupted = false;
}

void give_up_signals(GuestThread& thread) {
    block_all_signals();
    leave_sent(thread);
    SignalState& signals = thread.signals;
    if (signals.pending != 0 && signals.pending_info.si_code != SI_TKILL) {
        send_again(signals.pending_info, true);
    }
    signals.pending = 0;
}

namespace {

// force_sig_info_to_task() of kernel/signal.c: what cannot be handled kills.
void force_signal(GuestThread& thread, const siginfo_t& info, const Fault& fault) {
    int number = info.si_signo;
    GuestSigaction action = thread.group->actions->take(number);
    bool blocked = (thread.signals.blocked & signal_bit(number)) != 0;
    if (action.handler == kSigDfl || action.handler == kSigIgn || blocked) die_of(thread, info);
    enter_handler(thread, action, info, fault);
    apply_mask(thread);
}

}  // namespace

void force_signal(GuestThread& thread, const siginfo_t& info) { force_signal(thread, info, {}); }

namespace {

// arm64_notify_segfault() of arch/arm64/kernel/traps.c.
void no_frame(GuestThread& thread) {
    base::CpuState& state = thread.state();
    state.x[0] = 0;
    siginfo_t info{};
    info.si_signo = SIGSEGV;
    info.si_code = thread.process.memory.prot_at(state.sp) < 0 ? SEGV_MAPERR : SEGV_ACCERR;
    info.si_addr = reinterpret_cast<void*>(state.sp);
    if (ask_debugger(thread, info)) force_signal(thread, info, {});
}

}  // namespace

bool is_sp_misaligned(GuestThread& thread) {
    uint32_t word = 0;
    uint64_t pc = thread.state().pc;
    return (thread.state().sp & 15) != 0 && thread.process.memory.fetch(pc, {&word, 1}) == 1 &&
           a64::is_sp_access(word);
}

namespace {

// ISS.WnR: of an atomic access, what a read would find wrong, too, is no write's fault.
bool is_write_fault(GuestThread& thread, const runtime::Exit& exit) {
    uint32_t word = 0;
    uint64_t pc = thread.state().pc;
    const AddressSpace& memory = thread.process.memory;
    if (!exit.write || memory.fetch(pc, {&word, 1}) != 1 || !a64::is_atomic(word)) {
        return exit.write;
    }
    constexpr int kReads = PROT_READ | PROT_WRITE | PROT_EXEC;
    int prot = memory.prot_at(untag(exit.address));
    return exit.reason == runtime::ExitReason::memory_fault && prot >= 0 && (prot & kReads) != 0;
}

// ESR_EL1 of an exception from EL0 (Arm ARM D24.2.40) and the address, as far as Linux keeps them
// (set_thread_esr(), arm64_notify_die()). What a lookup finds missing it does at level 3.
Fault fault_of(GuestThread& thread, bool denied, uint64_t address, const runtime::Exit& exit) {
    using runtime::ExitReason;
    constexpr uint64_t kFetch = 0x20, kPcAlignment = 0x22, kData = 0x24, kSp = 0x26;
    auto syndrome = [](uint64_t ec, uint64_t iss) { return ec << 26 | uint64_t{1} << 25 | iss; };
    constexpr uint64_t kLevel0 = 4, kTranslation = 7, kPermission = 15, kTag = 0x11, kAlign = 0x21;
    uint64_t status = denied ? kPermission : kTranslation;
    if (exit.reason == ExitReason::alignment_fault) status = kAlign;
    if (exit.reason == ExitReason::tag_check) status = kTag;
    // Of the kernel's half no program hears more.
    if ((address >> 55 & 1) != 0) status = kLevel0;
    bool of_sp = exit.reason == ExitReason::alignment_fault && is_sp_misaligned(thread);
    if (of_sp) return {0, syndrome(kSp, 0)};
    switch (exit.reason) {
        case ExitReason::memory_fault:
        case ExitReason::tag_check:
        case ExitReason::alignment_fault: {
            uint64_t write = is_write_fault(thread, exit) ? 1 << 6 : 0;
            return {untag(address), syndrome(kData, write | status)};
        }
        case ExitReason::fetch_fault: return {untag(address), syndrome(kFetch, status)};
        case ExitReason::pc_alignment: return {0, syndrome(kPcAlignment, 0)};
        default: return {};
    }
}

}  // namespace

void raise_fault(GuestThread& thread, int number, int code, uint64_t address,
                 const runtime::Exit& exit) {
    bool tag = exit.reason == runtime::ExitReason::tag_check;
    // do_tag_check_fault() of arch/arm64/mm/fault.c: of the top byte the tag alone.
    if (tag) address = base::with_tag(untag(address), base::tag_of(address));
    siginfo_t info{};
    info.si_signo = number;
    info.si_code = code;
    info.si_addr = reinterpret_cast<void*>(address);
    if (!ask_debugger(thread, info)) return;
    number = info.si_signo;
    GuestSigaction action = thread.group->actions->get(number);
    bool exposed = (action.flags & kSaExposeTagbits) != 0;
    if (!exposed) info.si_addr = reinterpret_cast<void*>(untag(address));
    bool blocked = (thread.signals.blocked & signal_bit(number)) != 0;
    if (action.handler == kSigDfl || action.handler == kSigIgn || blocked) {
        std::fprintf(stderr, "pydbt-aarch64: %s: %s at pc 0x%" PRIx64,
                     thread.process.program.c_str(), signal_name(number), thread.state().pc);
        switch (exit.reason) {
            case runtime::ExitReason::undefined:
                std::fprintf(stderr, ": undefined instruction 0x%08" PRIx32 "\n", exit.imm);
                break;
            case runtime::ExitReason::tag_check:
            case runtime::ExitReason::alignment_fault:
            case runtime::ExitReason::memory_fault:
                std::fprintf(stderr, ", %s address 0x%" PRIx64 "\n",
                             exit.write ? "writing" : "reading", address);
                break;
            default: std::fputc('\n', stderr); break;
        }
        die_of(thread, info);
    }
    bool denied = number == SIGSEGV && code == SEGV_ACCERR;
    force_signal(thread, info, fault_of(thread, denied, address, exit));
}

siginfo_t sigsys_info(GuestThread& thread, int number, int data) {
    constexpr int kSeccomp = 1;  // SYS_SECCOMP
    siginfo_t info{};
    info.si_signo = SIGSYS;
    info.si_code = kSeccomp;
    info.si_errno = data;
    info.si_call_addr = reinterpret_cast<void*>(thread.state().pc);
    info.si_syscall = number;
    info.si_arch = AUDIT_ARCH_AARCH64;
    return info;
}

void force_sigsys(GuestThread& thread, int number, int data) {
    siginfo_t info = sigsys_info(thread, number, data);
    if (ask_debugger(thread, info)) force_signal(thread, info, {});
}

namespace {

// parse_user_sigframe() of arch/arm64/kernel/signal.c. False when the records are not as the kernel
// makes them.
bool find_fpsimd(const GuestSigcontext& m, FpsimdContext& fp) {
    bool found = false;
    for (size_t at = 0; sizeof m.reserved - at >= sizeof(ContextHeader);) {
        ContextHeader head;
        std::memcpy(&head, m.reserved + at, sizeof head);
        if (head.magic == 0) return head.size == 0 && found;
        bool fits = head.size >= sizeof head && head.size <= sizeof m.reserved - at;
        if (!fits || head.size % 16 != 0) return false;
        if (head.magic == kFpsimdMagic) {
            if (found || head.size != sizeof fp) return false;
            std::memcpy(&fp, m.reserved + at, sizeof fp);
            found = true;
        } else if (head.magic != kEsrMagic) {
            return false;
        }
        at += head.size;
    }
    return false;
}

}  // namespace

// restore_sigframe() of the same file: what it finds wrong it finds after the registers are set.
void return_from_signal(GuestThread& thread) {
    base::CpuState& state = thread.state();
    SignalFrame frame;
    if (state.sp % 16 != 0 || !read_guest(state.sp, frame)) {
        no_frame(thread);
        return;
    }
    const GuestSigcontext& m = frame.uc.mcontext;
    bool valid = (m.pstate & kPstateNotEl0) == 0;
    uint64_t pstate = valid ? m.pstate : m.pstate & kPstateNzcv;
    thread.signals.blocked = allowed_mask(frame.uc.sigmask);
    std::memcpy(state.x, m.regs, sizeof m.regs);
    state.sp = m.sp;
    state.pc = m.pc;
    state.nzcv = base::flags_from_nzcv(static_cast<uint32_t>(pstate >> 28 & 15));
    state.btype = pstate >> kPstateBtypeShift & 3;
    state.dit = pstate & kPstateDit;
    state.ssbs = pstate & kPstateSsbs;
    state.tco = pstate & base::kPstateTco;
    FpsimdContext fp;
    if (!valid || !find_fpsimd(m, fp)) {
        no_frame(thread);
        return;
    }
    std::memcpy(state.v, fp.v, sizeof fp.v);
    runtime::write_fpsr(state, fp.fpsr);
    runtime::write_fpcr(state, fp.fpcr);
    set_alternate_stack(thread.signals, frame.uc.stack, state.sp);  // a bad one changes nothing
    apply_mask(thread);
}

}  // namespace pydbt::usermode
