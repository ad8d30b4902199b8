#include "usermode/debug/debugger.hpp"

#include <linux/futex.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <utility>

#include "usermode/core/core.hpp"
#include "usermode/debug/signal_numbers.hpp"
#include "usermode/process.hpp"
#include "usermode/syscalls/syscall.hpp"

namespace pydbt::usermode {
namespace {

using gdbstub::PointKind;
using gdbstub::Resume;
using gdbstub::Stop;

// Long enough for a thread to reach the gate; one that does not is as good as in a call.
constexpr int kPatience = 5000;

constexpr int kTrapHwbkpt = 4;  // TRAP_HWBKPT, which glibc's headers do not have

// In siginfo's si_value of the signal that breaks calls: an address that nobody else has.
const char kCallBreaker = 0;

}  // namespace

Debugger::Debugger(Process& process, bool stands)
    : process_(process),
      phase_(stands ? Phase::stopped : Phase::running),
      event_fd_(private_descriptor(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK))) {}

Debugger::~Debugger() { close(event_fd_); }

// --- waiting ------------------------------------------------------------------------------------

// A futex of our own: a fork's child finds nobody waiting on it.
void Debugger::wait(Lock& lock, int milliseconds) {
    uint32_t seen = changes_;
    timespec limit = {milliseconds / 1000, milliseconds % 1000 * 1000000L};
    lock.unlock();
    ::syscall(SYS_futex, &changes_, FUTEX_WAIT_PRIVATE, seen, milliseconds < 0 ? nullptr : &limit,
              nullptr, 0);
    lock.lock();
}

void Debugger::announce() {
    changes_++;
    ::syscall(SYS_futex, &changes_, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
}

// --- guest threads ------------------------------------------------------------------------------

void Debugger::begin(GuestThread& thread) {
    Lock lock(mutex_);
    auto debugged = std::make_unique<DebuggedThread>();
    debugged->thread = &thread;
    debugged->id = {getpid(), thread.tid};
    thread.debugged = debugged.get();
    threads_.push_back(std::move(debugged));
}

void Debugger::end(GuestThread& thread) {
    Lock lock(mutex_);
    std::erase_if(threads_, [&](const auto& t) { return t.get() == thread.debugged; });
    thread.debugged = nullptr;
    announce();
}

Resume Debugger::wait_at_gate(Lock& lock, DebuggedThread& thread) {
    thread.where = DebuggedThread::Where::waiting;
    announce();
    GuestThread& guest = *thread.thread;
    // Letting go takes the DebuggedThread away.
    while (guest.debugged != nullptr && !thread.leave_call &&
           (phase_ != Phase::running || thread.action.kind == Resume::Kind::stay)) {
        wait(lock);
    }
    if (guest.debugged == nullptr) return {.kind = Resume::Kind::go};
    thread.where = DebuggedThread::Where::running;
    return thread.action;
}

Resume Debugger::gate(GuestThread& thread) {
    Lock lock(mutex_);
    DebuggedThread* debugged = thread.debugged;
    if (debugged == nullptr) return {.kind = Resume::Kind::go};
    if (phase_ == Phase::running && debugged->action.kind != Resume::Kind::stay) {
        return debugged->action;
    }
    return wait_at_gate(lock, *debugged);
}

void Debugger::tell(const Stop& stop) {
    stop_ = stop;
    phase_ = Phase::stopping;
    for (auto& thread : threads_) runtime::Engine::request_exit(*thread->thread->cpu);
    poke();
}

void Debugger::poke() {
    uint64_t one = 1;
    [[maybe_unused]] ssize_t n = write(event_fd_, &one, sizeof one);
}

Resume Debugger::stop(GuestThread& thread, const Stop& stop, bool keep) {
    Lock lock(mutex_);
    while (thread.debugged != nullptr && phase_ != Phase::running) {
        Resume resume = wait_at_gate(lock, *thread.debugged);
        if (!keep) return resume;
    }
    if (thread.debugged == nullptr) return {.kind = Resume::Kind::go};
    tell(stop);
    return wait_at_gate(lock, *thread.debugged);
}

Stop Debugger::stop_of(GuestThread& thread, Stop::Kind kind) const {
    Stop stop;
    stop.kind = kind;
    if (thread.debugged != nullptr) stop.thread = thread.debugged.load()->id;
    return stop;
}

void Debugger::run(GuestThread& thread) {
    while (!thread.exiting) {
        Resume now = gate(thread);
        if (thread.debugged == nullptr) return;
        uint64_t from = thread.state().pc;
        bool step = now.kind == Resume::Kind::step;
        runtime::Exit exit =
            step ? process_.engine->step(*thread.cpu) : process_.engine->run(*thread.cpu);
        if (exit.reason == runtime::ExitReason::breakpoint ||
            exit.reason == runtime::ExitReason::watchpoint) {
            stop_at_point(thread, exit);
            continue;
        }
        if (!step) from = thread.state().pc;
        if (exit.reason != runtime::ExitReason::stepped) process_.serve(thread, exit);
        if (!thread.exiting) step_done(thread, from, exit);
    }
}

void Debugger::step_done(GuestThread& thread, uint64_t from, const runtime::Exit& exit) {
    Lock lock(mutex_);
    if (thread.debugged == nullptr || thread.debugged.load()->action.kind != Resume::Kind::step)
        return;
    Resume action = thread.debugged.load()->action;
    uint64_t pc = thread.state().pc;
    bool done = exit.reason == runtime::ExitReason::stepped ||
                exit.reason == runtime::ExitReason::svc ||
                exit.reason == runtime::ExitReason::wait || pc != from;
    if (!done || (pc >= action.begin && pc < action.end)) return;
    Stop stop = stop_of(thread, Stop::Kind::signal);
    lock.unlock();
    trap(thread, TRAP_TRACE, pc);
    this->stop(thread, stop, false);
}

// siginfo of a stop that no signal of the program's is behind.
void Debugger::trap(GuestThread& thread, int code, uint64_t address) {
    Lock lock(mutex_);
    DebuggedThread* debugged = thread.debugged;
    if (debugged == nullptr) return;
    debugged->info = {};
    debugged->info.si_signo = SIGTRAP;
    debugged->info.si_code = code;
    debugged->info.si_addr = reinterpret_cast<void*>(address);
}

void Debugger::stop_at_point(GuestThread& thread, const runtime::Exit& exit) {
    Stop stop = stop_of(thread, Stop::Kind::point);
    uint64_t pc = thread.state().pc;
    bool hit = false;
    size_t watch = 0;
    for (const Point& point : points_) {
        bool is_watch = point.kind >= PointKind::write;
        bool here = exit.reason == runtime::ExitReason::watchpoint
                        ? is_watch && watch++ == exit.imm
                        : !is_watch && point.address == pc;
        if (!here) continue;
        hit = true;
        stop.point = point.kind;
        stop.address = point.address;
    }
    if (!hit) return;  // taken away since: the instruction is as it was
    bool is_watch = exit.reason == runtime::ExitReason::watchpoint;
    trap(thread, is_watch ? kTrapHwbkpt : TRAP_BRKPT, is_watch ? stop.address : pc);
    this->stop(thread, stop, false);
}

int Debugger::signal(GuestThread& thread, siginfo_t& info) {
    int number = info.si_signo;
    DebuggedThread* debugged = thread.debugged;
    if (debugged == nullptr) return number;
    {
        Lock lock(mutex_);
        if (std::exchange(debugged->passed, 0) == number) return number;
    }
    if (passed_signals.contains(gdb_signal(number))) return number;
    Stop stop = stop_of(thread, Stop::Kind::signal);
    stop.signal = gdb_signal(number);
    debugged->info = info;
    debugged->in_signal = true;
    Resume resume = this->stop(thread, stop, true);
    if (thread.debugged == nullptr) {
        // The debugger is gone. What it is about is not the program's business.
        return number == SIGTRAP || number == SIGINT ? 0 : number;
    }
    debugged->in_signal = false;
    info = debugged->info;
    int wanted = linux_signal(resume.signal);
    if (wanted != 0 && wanted != number) {
        info = {};
        info.si_signo = wanted;
    }
    return wanted;
}

void Debugger::syscall(GuestThread& thread, uint64_t number, bool entry) {
    if (!catch_calls || (!caught_calls.empty() && !caught_calls.contains(number))) return;
    Stop stop = stop_of(thread, entry ? Stop::Kind::syscall_entry : Stop::Kind::syscall_return);
    stop.number = number;
    this->stop(thread, stop, true);
}

void Debugger::process_ends(GuestThread& thread, const Stop& end) {
    Lock lock(mutex_);
    while (thread.debugged != nullptr && phase_ != Phase::running) {
        wait_at_gate(lock, *thread.debugged);
    }
    if (thread.debugged == nullptr) return;
    Stop stop = end;
    stop.thread = thread.debugged.load()->id;
    // Others may go on until the process ends; nobody needs to wait for this one.
    thread.debugged.load()->where = DebuggedThread::Where::waiting;
    end_is_told_ = false;
    tell(stop);
    announce();
    while (thread.debugged != nullptr && !end_is_told_) wait(lock);
}

// --- new processes and programs -----------------------------------------------------------------

// The parent's thread is in its call; the child tells in its place.
void Debugger::vforked(GuestThread& parent, GuestThread& child, const int (&link)[2]) {
    if (parent.debugged == nullptr || !wishes.vfork_events) return;
    begin(child);
    std::copy(std::begin(link), std::end(link), std::begin(child.debugged.load()->link));
    Stop stop = stop_of(parent, Stop::Kind::vfork);
    stop.child = child.debugged.load()->id;
    this->stop(child, stop, true);
}

void Debugger::vfork_done(GuestThread& parent) {
    if (parent.debugged == nullptr || !wishes.vfork_events) return;
    stop(parent, stop_of(parent, Stop::Kind::vfork_done), true);
}

void Debugger::become_child(GuestThread& thread, bool followed) {
    close(event_fd_);  // the parent's, too
    event_fd_ = private_descriptor(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    for (LinkedProcess& other : std::exchange(forked_, {})) close(other.fd);
    for (auto& other : threads_) {
        if (other->thread != &thread || !followed) other->thread->debugged = nullptr;
        if (other->thread != &thread || !followed) released_.push_back(std::move(other));
    }
    std::erase(threads_, nullptr);
    phase_ = followed ? Phase::stopped : Phase::running;
    if (DebuggedThread* debugged = thread.debugged) debugged->id = {getpid(), thread.tid};
}

void Debugger::forked(GuestThread& thread, int64_t pid, int link) {
    {
        Lock lock(mutex_);
        forked_.push_back({pid, link});
    }
    Stop stop = stop_of(thread, Stop::Kind::fork);
    stop.child = {pid, pid};
    this->stop(thread, stop, true);
}

void Debugger::begin_exec(GuestThread& thread, int link) {
    Lock lock(mutex_);
    while (thread.debugged != nullptr && phase_ != Phase::running) {
        wait_at_gate(lock, *thread.debugged);
    }
    DebuggedThread* debugged = thread.debugged;
    if (debugged == nullptr) {
        close(link);
        return;
    }
    debugged->where = DebuggedThread::Where::waiting;
    exec_ = {debugged->id.pid, link, true};
    exec_state_ = Exec::asked;
    poke();
    while (exec_state_ == Exec::asked && thread.debugged != nullptr) wait(lock);
}

void Debugger::end_exec(GuestThread& thread) {
    Lock lock(mutex_);
    exec_state_ = Exec::failed;
    if (DebuggedThread* debugged = thread.debugged) {
        debugged->where = DebuggedThread::Where::running;
    } else {  // it was let go for the program that has not come
        auto kept = std::find_if(released_.begin(), released_.end(),
                                 [&](const auto& t) { return t->thread == &thread; });
        if (kept != released_.end() && (*kept)->link[0] >= 0) {
            failed_exec_ = (*kept)->id.pid;
            thread.debugged = kept->get();
            (*kept)->where = DebuggedThread::Where::running;
            threads_.push_back(std::move(*kept));
            released_.erase(kept);
        }
    }
    announce();
    poke();
}

LinkedProcess Debugger::take_exec() {
    if (exec_state_ != Exec::asked) return {};
    return std::exchange(exec_, {});
}

void Debugger::exec_is_ready() {
    exec_state_ = Exec::ready;
    announce();
}

void Debugger::wait_for_failed_exec(Lock& lock) {
    while (exec_state_ == Exec::ready) wait(lock);
}

void Debugger::tell_exec(const std::string& path) {
    Lock lock(mutex_);
    Stop stop;
    stop.kind = Stop::Kind::exec;
    stop.thread = threads_.front()->id;
    stop.text = path;
    phase_ = Phase::running;
    tell(stop);
}

// --- calls --------------------------------------------------------------------------------------

// The kernel shows a debugger a thread in a call as being at its SVC when the call is to be made
// again (do_signal() of arch/arm64/kernel/signal.c), which is what we can always do.
bool Debugger::enter_call(GuestThread& thread) {
    Lock lock(mutex_);
    if (thread.debugged == nullptr) return false;
    thread.state().pc -= 4;
    thread.debugged.load()->in_call = true;
    announce();
    return true;
}

bool Debugger::leave_call(GuestThread& thread) {
    Lock lock(mutex_);
    DebuggedThread* debugged = thread.debugged;
    if (debugged != nullptr) {
        bool stands = phase_ != Phase::running || debugged->action.kind == Resume::Kind::stay;
        if (stands && !debugged->leave_call) wait_at_gate(lock, *debugged);
    }
    thread.state().pc += 4;
    debugged = thread.debugged;
    if (debugged == nullptr) return false;
    debugged->in_call = false;
    announce();
    return std::exchange(debugged->leave_call, false);
}

bool Debugger::is_call_breaker(const siginfo_t& info) {
    return info.si_code == SI_QUEUE && info.si_value.sival_ptr == &kCallBreaker;
}

bool Debugger::break_call(Lock& lock, DebuggedThread& thread) {
    if (!thread.in_call) return true;
    thread.leave_call = true;
    announce();
    siginfo_t info{};
    info.si_signo = SIGTRAP;
    info.si_code = SI_QUEUE;
    info.si_value.sival_ptr = const_cast<char*>(&kCallBreaker);
    ::syscall(SYS_rt_tgsigqueueinfo, thread.id.pid, thread.id.tid, SIGTRAP, &info);
    for (int n = 0; n < kPatience / 1000 && thread.in_call; n++) wait(lock, 1000);
    while (!thread.in_call && thread.where == DebuggedThread::Where::running) wait(lock, 1000);
    thread.leave_call = false;
    return !thread.in_call;
}

DebuggedCall::DebuggedCall(GuestThread& thread)
    : thread_(thread.debugged == nullptr ? nullptr : &thread) {
    if (thread_ != nullptr && !thread.process.debugger->enter_call(thread)) thread_ = nullptr;
}

DebuggedCall::~DebuggedCall() { finish(); }

bool DebuggedCall::finish() {
    GuestThread* thread = std::exchange(thread_, nullptr);
    return thread != nullptr && thread->process.debugger->leave_call(*thread);
}

// --- the stub -----------------------------------------------------------------------------------

DebuggedThread* Debugger::find(const gdbstub::ThreadId& id) {
    for (auto& thread : threads_) {
        if (thread->id == id) return thread.get();
    }
    return nullptr;
}

bool Debugger::take_stop(Lock& lock, Stop& stop) {
    uint64_t count;
    [[maybe_unused]] ssize_t n = read(event_fd_, &count, sizeof count);
    if (phase_ != Phase::stopping) return false;
    auto runs = [](const auto& t) {
        return t->where == DebuggedThread::Where::running && !t->in_call;
    };
    for (int left = kPatience; left > 0; left -= 10) {
        bool any = std::any_of(threads_.begin(), threads_.end(), runs);
        if (stop_.is_end() || !any) break;
        wait(lock, 10);
    }
    phase_ = Phase::stopped;
    stop = stop_;
    return true;
}

void Debugger::request_stop(const Stop& stop) {
    if (phase_ == Phase::running) tell(stop);
}

void Debugger::resume(Lock&, const std::vector<gdbstub::Action>& actions) {
    for (auto& thread : threads_) {
        thread->action = resume_of(actions, thread->id);
        int number = linux_signal(thread->action.signal);
        if (number == 0 || thread->in_signal) continue;
        thread->passed = number;
        ::syscall(SYS_tgkill, thread->id.pid, thread->id.tid, number);
    }
    phase_ = Phase::running;
    announce();
}

void Debugger::release(int64_t pid) {
    auto others = std::partition(threads_.begin(), threads_.end(), [&](const auto& thread) {
        return pid != 0 && thread->id.pid != pid;
    });
    for (auto thread = others; thread != threads_.end(); ++thread) {
        (*thread)->thread->debugged = nullptr;
        released_.push_back(std::move(*thread));
    }
    threads_.erase(others, threads_.end());
    announce();
}

void Debugger::acknowledge_end() {
    end_is_told_ = true;
    announce();
}

void Debugger::catch_signals(bool on) {
    uint64_t signals = on ? ~uint64_t{0} : core_signals();
    // signal(7): what is ignored or stops by default is the kernel's to do.
    constexpr int kOthers[] = {SIGCHLD, SIGCONT, SIGSTOP, SIGTSTP,
                               SIGTTIN, SIGTTOU, SIGURG,  SIGWINCH};
    for (int number : kOthers) signals &= ~signal_bit(number);
    process_.main_thread->group->actions->take_defaults(signals);
}

// --- breakpoints and watchpoints ----------------------------------------------------------------

bool Debugger::set_point(PointKind kind, uint64_t address, uint64_t bytes) {
    Point point{kind, address, bytes};
    if (std::find(points_.begin(), points_.end(), point) != points_.end()) return true;
    bool is_watch = kind >= PointKind::write;
    if (is_watch ? bytes == 0 : address % 4 != 0) return false;
    points_.push_back(point);
    if (is_watch) {
        update_watches();
    } else {
        process_.engine->set_breakpoint(address);
    }
    return true;
}

bool Debugger::clear_point(PointKind kind, uint64_t address, uint64_t bytes) {
    if (std::erase(points_, Point{kind, address, bytes}) == 0) return false;
    bool other = std::any_of(points_.begin(), points_.end(), [&](const Point& p) {
        return p.kind < PointKind::write && p.address == address;
    });
    if (kind >= PointKind::write) {
        update_watches();
    } else if (!other) {
        process_.engine->clear_breakpoint(address);
    }
    return true;
}

void Debugger::clear_all_points() {
    while (!points_.empty()) {
        Point last = points_.back();
        clear_point(last.kind, last.address, last.bytes);
    }
}

void Debugger::update_watches() {
    std::vector<ir::Watch> watches;
    for (const Point& p : points_) {
        if (p.kind < PointKind::write) continue;
        watches.push_back({p.address, p.address + p.bytes, p.kind != PointKind::write,
                           p.kind != PointKind::read});
    }
    process_.engine->set_watches(std::move(watches));
}

}  // namespace pydbt::usermode
