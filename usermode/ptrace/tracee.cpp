#include "usermode/ptrace/tracee.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <utility>
#include <vector>

#include "usermode/process.hpp"
#include "usermode/ptrace/registers.hpp"
#include "usermode/ptrace/tracer.hpp"
#include "usermode/signals/signals.hpp"

namespace pydbt::usermode {
namespace {

constexpr int kPokeAgain = 10, kLookAgain = 100;  // ms

constexpr uint64_t kStopping =
    signal_bit(SIGSTOP) | signal_bit(SIGTSTP) | signal_bit(SIGTTIN) | signal_bit(SIGTTOU);
constexpr uint64_t kNothing =
    signal_bit(SIGCHLD) | signal_bit(SIGCONT) | signal_bit(SIGURG) | signal_bit(SIGWINCH);

// How a stop ended, and what became of its siginfo.
struct Resumed {
    int signal = 0;
    siginfo_t info{};
};

// --- being traced -------------------------------------------------------------------------------

void set_tracee(GuestThread& thread, std::unique_ptr<Tracee> tracee) {
    std::scoped_lock lock(thread.group->members_mutex);
    thread.tracee = std::move(tracee);
}

// Every signal comes to us while a tracer wants to hear of it.
void catch_all(GuestThread& thread) { thread.group->actions->catch_all(true); }

void let_go(GuestThread& thread) {
    TraceSlot& slot = thread.tracee->slot;
    std::shared_ptr<TraceArea> area = thread.tracee->area;
    set_tracee(thread, nullptr);
    TraceArea::free(slot);
    std::unique_lock lock(thread.group->members_mutex);
    auto& members = thread.group->members;
    bool others = std::any_of(members.begin(), members.end(),
                              [](const GuestThread* m) { return m->tracee != nullptr; });
    if (others) return;
    thread.group->trace.reset();
    lock.unlock();
    thread.group->actions->catch_all(false);
}

bool tracer_is_gone(const TraceSlot& slot) { return process_is_gone(slot.tracer); }

// Until the tracer has the area. False: it is gone.
bool await_tracer(GuestThread& thread, TraceSlot& slot) {
    for (int n = 0; slot.connected == 0; n++) {
        bool child = slot.seized == 0 && slot.tracer == getppid();
        if (child) poke(slot.tracer, 0, Poke::child, thread.tid);
        if (n % (kLookAgain / kPokeAgain) == 0 && tracer_is_gone(slot)) return false;
        wait_word(&slot.connected, 0, kPokeAgain);
    }
    return true;
}

std::shared_ptr<TraceArea> area_of(GuestThread& thread) {
    std::scoped_lock lock(thread.group->members_mutex);
    std::shared_ptr<TraceArea>& area = thread.group->trace;
    if (!area) area = TraceArea::make();
    if (area && thread.group->borrowed) area->leave_descriptors();
    return area;
}

// A slot for this thread, not yet `running`; null when there is none.
TraceSlot* become_tracee(GuestThread& thread, int tracer, int tracer_thread, bool seized) {
    std::shared_ptr<TraceArea> area = area_of(thread);
    TraceSlot* slot = area ? area->take() : nullptr;
    if (slot == nullptr) return nullptr;
    slot->tid = thread.tid;
    slot->pid = getpid();
    slot->tracer = tracer;
    slot->tracer_thread = tracer_thread;
    slot->seized = seized ? 1 : 0;
    catch_all(thread);
    set_tracee(thread, std::unique_ptr<Tracee>(new Tracee{area, *slot}));
    slot->state = TraceState::running;
    return slot;
}

// --- stops --------------------------------------------------------------------------------------

void apply_changes(GuestThread& thread, TraceSlot& slot) {
    uint32_t count = slot.changes.exchange(0);
    if (count > TraceSlot::kRanges) {
        thread.process.memory.changed(0, kAddressLimit);
        return;
    }
    for (uint32_t n = 0; n < count; n++) {
        auto [begin, end] = slot.changed[n];
        thread.process.memory.changed(begin, end - begin);
    }
}

// Before the next guest instruction, or call.
void look_soon(GuestThread& thread) {
    thread.pokes.any = true;
    thread.signals.attention = 1;
    runtime::Engine::request_exit(*thread.cpu);
}

// SIGCONT: who is to stop does not, who stands in a group stop traps once more
// (ptrace_trap_notify() of kernel/signal.c).
void continue_group(GuestThread& thread) {
    std::scoped_lock lock(thread.group->members_mutex);
    for (GuestThread* member : thread.group->members) {
        if (!member->tracee) continue;
        TraceSlot& slot = member->tracee->slot;
        slot.asks &= ~(kAskSigstop | kAskGroup);
        if (slot.seized == 0 || (slot.asks & kInGroup) == 0) continue;
        slot.asks |= kAskNotify;
        wake_word(&slot.state);
    }
}

// PTRACE_LISTEN: until something else is to be told of, or the tracer lets it go on.
void listen(TraceSlot& slot, const TraceArea& area) {
    if ((slot.asks & (kAskTrap | kAskNotify)) == 0) return;
    TraceState listening = TraceState::listening;
    slot.asks &= ~(kAskTrap | kAskNotify);
    slot.stop = TraceStop::trap;
    slot.code = SIGTRAP | kEventStop << 8;
    slot.info = {};
    slot.info.si_signo = SIGTRAP;
    slot.info.si_code = slot.code;
    slot.has_info = 1;
    if (slot.state.compare_exchange_strong(listening, TraceState::stopped)) area.tell();
}

// The slot says `stopped`: until it does not.
Resumed stand(GuestThread& thread) {
    TraceSlot& slot = thread.tracee->slot;
    std::shared_ptr<TraceArea> area = thread.tracee->area;
    for (;;) {
        if (thread.pokes.continued.exchange(false)) continue_group(thread);
        TraceState state = slot.state;
        if (state == TraceState::listening) listen(slot, *area);
        if (state != TraceState::stopped && state != TraceState::listening) break;
        bool waited = wait_word(&slot.state, static_cast<uint32_t>(state), kLookAgain);
        if (waited || !tracer_is_gone(slot)) continue;
        if ((slot.options & kOptionExitKill) != 0) ::kill(getpid(), SIGKILL);
        slot.resume = TraceResume::detach;
        slot.signal = 0;
        slot.state = TraceState::running;
    }
    Resumed how{slot.signal, slot.info};
    apply_changes(thread, slot);
    if (std::exchange(slot.set_registers, 0) != 0) load_registers(thread, slot.registers);
    if (std::exchange(slot.set_blocked, 0) != 0) {
        thread.signals.blocked = allowed_mask(slot.blocked);
        apply_mask(thread);
    }
    if ((slot.asks & ~kInGroup) != 0) look_soon(thread);  // nobody pokes a thread that stands
    if (slot.resume == TraceResume::detach) let_go(thread);
    return how;
}

// Fills what every stop has.
void describe(GuestThread& thread, TraceSlot& slot, TraceStop stop, int code) {
    save_registers(thread, slot.registers);
    slot.stop = stop;
    slot.code = code;
    slot.blocked = thread.signals.has_saved ? thread.signals.saved_blocked : thread.signals.blocked;
    slot.has_info = 1;
    slot.info = {};  // ptrace_do_notify() of kernel/signal.c
    slot.info.si_signo = code & 0x7f;
    slot.info.si_code = code;
    slot.info.si_pid = thread.tid;
    slot.info.si_uid = getuid();
}

Resumed stop_described(GuestThread& thread) {
    TraceSlot& slot = thread.tracee->slot;
    if (!await_tracer(thread, slot)) {
        if ((slot.options & kOptionExitKill) != 0) ::kill(getpid(), SIGKILL);
        let_go(thread);
        return {slot.code & 0x7f, slot.info};
    }
    // ptrace_stop() of kernel/signal.c: any stop is what was asked for.
    bool trap = (slot.code >> 8) == kEventStop;
    slot.asks &= ~(kAskTrap | (trap ? kAskNotify : 0));
    slot.state = TraceState::stopped;
    thread.tracee->area->tell();
    return stand(thread);
}

void stop_for_event(GuestThread& thread, int event, uint64_t message) {
    TraceSlot& slot = thread.tracee->slot;
    describe(thread, slot, TraceStop::event, SIGTRAP | event << 8);
    slot.message = message;
    stop_described(thread);
}

void send_to_self(GuestThread& thread, int number) {
    siginfo_t info{};
    info.si_signo = number;
    info.si_pid = getpid();
    info.si_uid = getuid();
    syscall(SYS_rt_tgsigqueueinfo, getpid(), thread.tid, number, &info);
}

// --- group stops --------------------------------------------------------------------------------

void stop_in_group(GuestThread& thread, int number) {
    TraceSlot& slot = thread.tracee->slot;
    uint32_t asks = slot.asks;
    do {
        if ((asks & kAskGroup) == 0) return;  // it goes on already
    } while (!slot.asks.compare_exchange_weak(asks, (asks & ~kAskGroup) | kInGroup));
    std::shared_ptr<TraceArea> area = thread.tracee->area;
    bool seized = slot.seized != 0;
    describe(thread, slot, TraceStop::group, seized ? number | kEventStop << 8 : number);
    slot.has_info = slot.seized;
    stop_described(thread);
    slot.asks &= ~kInGroup;
}

// All threads of the process stop.
void stop_group(GuestThread& thread, int number) {
    {
        std::scoped_lock lock(thread.group->members_mutex);
        for (GuestThread* member : thread.group->members) {
            if (!member->tracee) continue;
            member->tracee->slot.stop_signal = number;
            member->tracee->slot.asks |= kAskGroup;
            if (member != &thread) poke(getpid(), member->tid, Poke::look, thread.tid);
        }
    }
    if (thread.tracee) stop_in_group(thread, number);
}

}  // namespace

// --- pokes --------------------------------------------------------------------------------------

void keep_continue(GuestThread& thread) {
    thread.pokes.continued = true;
    thread.pokes.any = true;
}

void keep_poke(GuestThread& thread, const siginfo_t& info, Poke what) {
    PokeState& pokes = thread.pokes;
    auto bits = static_cast<uint64_t>(what);
    if (what == Poke::child) {
        pokes.child = info.si_pid;
    } else if (what != Poke::look) {
        pokes.tracer = info.si_pid;
        pokes.tracer_thread = static_cast<int>(info.si_uid);
        pokes.attach = bits;
    }
    pokes.any = true;
}

namespace {

// PTRACE_ATTACH or PTRACE_SEIZE by another process.
void attached(GuestThread& thread, uint64_t bits) {
    PokeState& pokes = thread.pokes;
    if (thread.tracee || thread.debugged != nullptr) return;
    auto stopped = static_cast<uint64_t>(Poke::stopped);
    bool seized = (bits & ~stopped) == static_cast<uint64_t>(Poke::seize);
    TraceSlot* slot = become_tracee(thread, pokes.tracer, pokes.tracer_thread, seized);
    if (slot == nullptr) return;
    if (!await_tracer(thread, *slot)) {
        let_go(thread);
    } else if ((bits & stopped) != 0) {
        slot->stop_signal = SIGSTOP;
        slot->asks |= kAskGroup;
    } else if (!seized) {
        slot->stop_info = {};
        slot->stop_info.si_signo = SIGSTOP;
        slot->stop_info.si_code = SI_KERNEL;
        slot->asks |= kAskSigstop;
    }
}

void do_what_is_asked(GuestThread& thread) {
    while (thread.tracee) {
        TraceSlot& slot = thread.tracee->slot;
        uint32_t asks = slot.asks;
        if ((asks & kAskDetach) != 0) {
            let_go(thread);
        } else if ((asks & kAskSigstop) != 0) {
            slot.asks &= ~kAskSigstop;
            siginfo_t info = slot.stop_info;
            if (trace_signal(thread, info) && info.si_signo == SIGSTOP) {
                stop_group(thread, SIGSTOP);
            } else if (info.si_signo != SIGSTOP && info.si_signo != 0) {
                send_to_self(thread, info.si_signo);
            }
        } else if ((asks & kAskGroup) != 0) {
            stop_in_group(thread, slot.stop_signal);
        } else if ((asks & (kAskTrap | kAskNotify)) != 0) {
            describe(thread, slot, TraceStop::trap, SIGTRAP | kEventStop << 8);
            stop_described(thread);
        } else {
            return;
        }
    }
}

}  // namespace

void serve_pokes(GuestThread& thread) {
    PokeState& pokes = thread.pokes;
    if (!pokes.any.exchange(false)) return;
    if (int child = pokes.child.exchange(0); child != 0) {
        if (Tracer* tracer = Tracer::of(thread.process)) tracer->take_child(child);
    }
    if (pokes.continued.exchange(false)) continue_group(thread);
    if (uint64_t bits = pokes.attach.exchange(0); bits != 0) attached(thread, bits);
    do_what_is_asked(thread);
}

int64_t trace_me(GuestThread& thread) {
    if (thread.tracee || thread.debugged != nullptr) return -EPERM;
    int parent = getppid();
    if (!Tracer::runs_guests(parent)) return -EPERM;
    TraceSlot* slot = become_tracee(thread, parent, 0, false);
    if (slot == nullptr) return -ENOMEM;
    // A parent that waits for its vfork's child answers when that has left its memory.
    if (thread.group->borrowed) return poke(parent, 0, Poke::child, thread.tid) ? 0 : -EPERM;
    if (await_tracer(thread, *slot)) return 0;
    let_go(thread);
    return -EPERM;
}

void begin_traced(GuestThread& thread) {
    if (!thread.tracee) return;
    TraceSlot& slot = thread.tracee->slot;
    slot.stop_info = {};
    slot.stop_info.si_signo = SIGSTOP;
    slot.asks |= slot.seized != 0 ? kAskTrap : kAskSigstop;
    look_soon(thread);
}

// --- signals ------------------------------------------------------------------------------------

bool trace_signal(GuestThread& thread, siginfo_t& info) {
    if (!thread.tracee) return true;
    TraceSlot& slot = thread.tracee->slot;
    describe(thread, slot, TraceStop::signal, info.si_signo);
    slot.info = info;
    int tracer = slot.tracer;
    Resumed how = stop_described(thread);
    int before = info.si_signo;
    info = how.info;
    if (how.signal != before) {  // ptrace_signal() of kernel/signal.c
        info = {};
        info.si_signo = how.signal;
        info.si_pid = tracer;
        info.si_uid = getuid();
    }
    if (info.si_signo == 0) return false;
    if (how.signal == before || (thread.signals.blocked & signal_bit(how.signal)) == 0) return true;
    send_to_self(thread, how.signal);
    return false;
}

bool default_is_done(GuestThread& thread, int number) {
    if (!thread.group->trace) return false;
    if ((signal_bit(number) & kNothing) != 0) return true;
    if ((signal_bit(number) & kStopping) == 0) return false;
    stop_group(thread, number);
    return true;
}

bool stop_traced(GuestThread& thread, const siginfo_t& info) {
    std::scoped_lock lock(thread.group->members_mutex);
    if (!thread.tracee) return false;
    TraceSlot& slot = thread.tracee->slot;
    slot.stop_info = info;
    slot.asks |= kAskSigstop;
    poke(getpid(), thread.tid, Poke::look, thread.tid);
    return true;
}

// --- calls --------------------------------------------------------------------------------------

namespace {

bool calls_stop(const TraceSlot& slot) { return slot.resume == TraceResume::call; }
bool emulates(const TraceSlot& slot) {
    return slot.resume == TraceResume::emulate || slot.resume == TraceResume::emulate_step;
}

// report_syscall() of arch/arm64/kernel/ptrace.c: x7 tells the way, and is not the tracer's to set.
void stop_at_call(GuestThread& thread, bool entry, int64_t shown) {
    constexpr int kWay = 7;
    base::CpuState& state = thread.state();
    uint64_t saved = state.x[kWay], result = state.x[0];
    state.x[kWay] = entry ? 0 : 1;
    if (!entry) state.x[0] = static_cast<uint64_t>(shown);
    TraceSlot& slot = thread.tracee->slot;
    bool good = (slot.options & kOptionSysgood) != 0;
    describe(thread, slot, entry ? TraceStop::call_entry : TraceStop::call_exit,
             SIGTRAP | (good ? 0x80 : 0));
    slot.message = entry ? 1 : 2;  // PTRACE_EVENTMSG_SYSCALL_ENTRY, EXIT
    Resumed how = stop_described(thread);
    state.x[kWay] = saved;
    if (!entry && state.x[0] == static_cast<uint64_t>(shown)) state.x[0] = result;
    if (how.signal != 0 && how.signal != SIGTRAP) send_to_self(thread, how.signal);
}

}  // namespace

bool trace_call_entry(GuestThread& thread, uint64_t& number) {
    if (!thread.tracee) return true;
    TraceSlot& slot = thread.tracee->slot;
    bool skip = emulates(slot);
    if (!skip && !calls_stop(slot)) return true;
    stop_at_call(thread, true, 0);
    number = static_cast<uint64_t>(int64_t{thread.syscall});
    return !skip && thread.syscall >= 0;
}

void trace_call_exit(GuestThread& thread, int64_t shown) {
    if (thread.tracee && calls_stop(thread.tracee->slot)) stop_at_call(thread, false, shown);
}

bool trace_seccomp(GuestThread& thread, uint16_t data, uint64_t& number) {
    if (!thread.tracee) return false;
    TraceSlot& slot = thread.tracee->slot;
    if ((slot.options & event_option(kEventSeccomp)) == 0) return false;
    describe(thread, slot, TraceStop::seccomp, SIGTRAP | kEventSeccomp << 8);
    slot.message = data;
    stop_described(thread);
    number = static_cast<uint64_t>(int64_t{thread.syscall});
    return true;
}

void run_one_step(GuestThread& thread) {
    using runtime::ExitReason;
    uint64_t from = thread.state().pc;
    runtime::Exit exit = thread.process.engine->step(*thread.cpu);
    if (exit.reason != ExitReason::stepped) thread.process.serve(thread, exit);
    bool done = exit.reason == ExitReason::stepped || exit.reason == ExitReason::svc ||
                exit.reason == ExitReason::wait || thread.state().pc != from;
    if (!done || thread.exiting || !thread.tracee || !thread.tracee->steps()) return;
    siginfo_t info{};
    info.si_signo = SIGTRAP;
    info.si_code = TRAP_TRACE;
    info.si_addr = reinterpret_cast<void*>(thread.state().pc);
    if (trace_signal(thread, info)) force_signal(thread, info);
}

// --- new threads and processes ------------------------------------------------------------------

TracedClone::TracedClone(GuestThread& parent, uint64_t flags, uint64_t exit_signal)
    : parent_(parent) {
    if (!parent.tracee) return;
    const TraceSlot& slot = parent.tracee->slot;
    if ((flags & CLONE_UNTRACED) == 0) {
        int event = (flags & CLONE_VFORK) != 0 ? kEventVfork
                    : exit_signal == SIGCHLD   ? kEventFork
                                               : kEventClone;
        if ((slot.options & event_option(event)) != 0) event_ = event;
    }
    if (event_ == 0 && (flags & CLONE_PTRACE) == 0) return;
    area_ = parent.tracee->area;
    child_ = area_->take();
    if (child_ == nullptr) return;
    child_->tracer = slot.tracer;
    child_->tracer_thread = slot.tracer_thread;
    child_->options = slot.options;
    child_->seized = slot.seized;
    child_->connected = 1;
}

TracedClone::~TracedClone() {
    if (child_ != nullptr) TraceArea::free(*child_);
}

void TracedClone::join(GuestThread& child) {
    TraceSlot* slot = std::exchange(child_, nullptr);
    if (slot == nullptr) {
        set_tracee(child, nullptr);
        bool other = child.group != parent_.group || &child == &parent_;
        if (other) child.group->trace.reset();
        if (other) child.group->actions->catch_all(false);
        return;
    }
    slot->tid = child.tid;
    slot->pid = getpid();
    child.group->trace = area_;
    catch_all(child);
    set_tracee(child, std::unique_ptr<Tracee>(new Tracee{area_, *slot}));
    TraceState made = TraceState::made;
    slot->state.compare_exchange_strong(made, TraceState::running);
    area_->tell();
}

void TracedClone::hand_over(GuestThread& child) {
    if (child_ == nullptr) return;
    child.group->trace = area_;
    set_tracee(child, std::unique_ptr<Tracee>(new Tracee{area_, *child_}));
}

void TracedClone::start(GuestThread& child) {
    if (!child.tracee) {
        if (child.group->actions.use_count() == 1) child.group->actions->catch_all(false);
        return;
    }
    TraceSlot& slot = child.tracee->slot;
    slot.tid = child.tid;
    slot.pid = getpid();
    catch_all(child);
    TraceState made = TraceState::made;
    slot.state.compare_exchange_strong(made, TraceState::running);
    child.tracee->area->tell();
}

void TracedClone::fill_event(int64_t tid) {
    TraceSlot& slot = parent_.tracee->slot;
    describe(parent_, slot, TraceStop::event, SIGTRAP | event_ << 8);
    slot.message = static_cast<uint64_t>(tid);
}

void TracedClone::made(int64_t tid) {
    if (tid <= 0) return;
    if (TraceSlot* slot = std::exchange(child_, nullptr)) {
        // A fork's child may not be that far. The tracer knows of it when it hears of the event.
        slot->tid = slot->pid = static_cast<int>(tid);
        TraceState made = TraceState::made;
        slot->state.compare_exchange_strong(made, TraceState::running);
    }
    if (event_ == 0 || !parent_.tracee) return;
    stop_for_event(parent_, event_, static_cast<uint64_t>(tid));
}

void TracedClone::made_by_child(int64_t tid) {
    if (event_ == 0) return;
    TraceSlot& slot = parent_.tracee->slot;
    fill_event(tid);
    stands_ = true;
    slot.state = TraceState::stopped;
    area_->tell();
}

void TracedClone::woken(int64_t result) {
    if (result > 0) child_ = nullptr;
    if (stands_) stand(parent_);
    if (result <= 0 || !parent_.tracee) return;
    const TraceSlot& slot = parent_.tracee->slot;
    if ((slot.options & event_option(kEventVforkDone)) == 0) return;
    stop_for_event(parent_, kEventVforkDone, static_cast<uint64_t>(result));
}

// --- new programs -------------------------------------------------------------------------------

TraceHandover leave_for_exec(GuestThread& thread) {
    if (!thread.tracee) return {};
    const TraceArea& area = *thread.tracee->area;
    TraceHandover h{area.memory_fd(), area.event_fd(),
                    static_cast<int>(area.index(thread.tracee->slot))};
    for (int fd : {h.memory_fd, h.event_fd}) fcntl(fd, F_SETFD, 0);
    return h;
}

void come_back_from_exec(const TraceHandover& h) {
    if (h.slot < 0) return;
    for (int fd : {h.memory_fd, h.event_fd}) fcntl(fd, F_SETFD, FD_CLOEXEC);
}

void take_handover(GuestThread& thread, const TraceHandover& h) {
    if (h.slot < 0) return;
    for (int fd : {h.memory_fd, h.event_fd}) fcntl(fd, F_SETFD, FD_CLOEXEC);
    std::shared_ptr<TraceArea> area = TraceArea::adopt(h.memory_fd, h.event_fd);
    if (!area) return;
    TraceSlot& slot = area->at(static_cast<size_t>(h.slot));
    thread.group->trace = area;
    thread.tracee = std::unique_ptr<Tracee>(new Tracee{area, slot});
}

// ptrace_event() in begin_new_exec() and what follows: of the other threads nothing is left, and
// this one has the process's number.
void trace_exec(GuestThread& thread) {
    if (!thread.tracee) return;
    catch_all(thread);
    TraceSlot& slot = thread.tracee->slot;
    int before = slot.tid;
    slot.tid = slot.pid = getpid();
    slot.asks &= ~kAskGroup;
    for (size_t n = 0; n < TraceArea::kSlots; n++) {
        TraceSlot& other = thread.tracee->area->at(n);
        if (&other == &slot || other.pid != slot.pid || other.state == TraceState::none) continue;
        other.status = 0;
        other.state = other.tid == slot.tid ? TraceState::none : TraceState::ended;
    }
    constexpr int kExecve = 221;
    thread.syscall = kExecve;
    if ((slot.options & event_option(kEventExec)) != 0) {
        stop_for_event(thread, kEventExec, static_cast<uint64_t>(before));
    } else if (slot.seized == 0) {
        send_to_self(thread, SIGTRAP);
    }
    trace_call_exit(thread, 0);
}

// --- ends ---------------------------------------------------------------------------------------

namespace {

void stop_at_end(GuestThread& thread, int status) {
    if (!thread.tracee) return;
    TraceSlot& slot = thread.tracee->slot;
    if ((slot.options & event_option(kEventExit)) == 0) return;
    stop_for_event(thread, kEventExit, static_cast<uint64_t>(status));
}

}  // namespace

void trace_thread_end(GuestThread& thread, int status) {
    stop_at_end(thread, status);
    if (!thread.tracee || thread.tid == getpid()) return;  // the leader's end is the process's
    std::shared_ptr<TraceArea> area = thread.tracee->area;
    TraceSlot& slot = thread.tracee->slot;
    set_tracee(thread, nullptr);
    slot.status = status;
    slot.state = TraceState::ended;
    area->tell();
}

void trace_process_end(GuestThread& thread, int status) {
    if (!thread.group->trace) return;
    stop_at_end(thread, status);
    std::shared_ptr<TraceArea> area = thread.group->trace;
    if (!area) return;
    TraceSlot* leader = nullptr;
    for (size_t n = 0; n < TraceArea::kSlots; n++) {
        TraceSlot& slot = area->at(n);
        bool live = slot.state == TraceState::running || slot.state == TraceState::stopped ||
                    slot.state == TraceState::listening;
        if (!live || slot.pid != getpid()) continue;
        slot.status = status;
        if (slot.tid == getpid()) {
            leader = &slot;
        } else {
            slot.state = TraceState::ended;
        }
    }
    // The tracer's own child is told of by the kernel. The parent of another one hears of the end
    // when the tracer has.
    if (leader != nullptr && leader->tracer == getppid()) leader = nullptr;
    if (leader != nullptr) leader->state = TraceState::ended;
    area->tell();
    while (leader != nullptr && leader->state == TraceState::ended) {
        bool waited =
            wait_word(&leader->state, static_cast<uint32_t>(TraceState::ended), kLookAgain);
        if (!waited && tracer_is_gone(*leader)) return;
    }
}

}  // namespace pydbt::usermode
