#include "usermode/ptrace/tracer.hpp"

#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>
#include <string>

#include "usermode/process.hpp"
#include "usermode/signals/host.hpp"
#include "usermode/syscalls/syscall.hpp"

namespace pydbt::usermode {
namespace {

constexpr int kAnswerSoon = 10;  // ms between two looks for a tracee that has not answered
constexpr int kPatience = 1000;  // looks, of 1 ms, in the call that attaches
constexpr size_t kWatchStack = 256 * 1024;
constexpr uint64_t kEventFd = uint64_t{1} << 32;  // in epoll's data: not a pid

// A field of /proc/PID/status; -1: no such process.
long status_field(int tid, const char* name) {
    char text[4096] = {};
    std::string path = "/proc/" + std::to_string(tid) + "/status";
    int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return -1;
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    const char* at = n <= 0 ? nullptr : std::strstr(text, name);
    return at == nullptr ? -1 : std::strtol(at + std::strlen(name), nullptr, 10);
}

bool is_stopped(int tid) {
    char text[512] = {};
    std::string path = "/proc/" + std::to_string(tid) + "/stat";
    int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
    if (fd >= 0) close(fd);
    const char* behind = n <= 0 ? nullptr : std::strrchr(text, ')');
    return behind != nullptr && behind[1] == ' ' && behind[2] == 'T';
}

// The kernel's own rule of who may trace whom: it is asked for a byte that nobody has.
bool may_trace(int pid) {
    char byte;
    iovec here{&byte, 1}, there{nullptr, 1};
    return process_vm_readv(pid, &here, 1, &there, 1, 0) >= 0 || errno != EPERM;
}

int host_waitid(int idtype, int id, siginfo_t* info, int options) {
    return static_cast<int>(syscall(SYS_waitid, idtype, id, info, options, nullptr));
}

bool is_own_child(int pid) {
    siginfo_t info{};
    return host_waitid(P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) == 0;
}

// siginfo of waitid(2) from a status of wait(2).
void fill_end(siginfo_t& info, int tid, int status) {
    info.si_signo = SIGCHLD;
    info.si_pid = tid;
    info.si_uid = getuid();
    bool exited = WIFEXITED(status);
    info.si_code = exited ? CLD_EXITED : WCOREDUMP(status) ? CLD_DUMPED : CLD_KILLED;
    info.si_status = exited ? WEXITSTATUS(status) : WTERMSIG(status);
}

bool is_told(const Tracer::Entry& entry) {
    return entry.slot != nullptr &&
           (entry.slot->state == TraceState::stopped || entry.slot->state == TraceState::ended);
}

}  // namespace

// --- beginning and end --------------------------------------------------------------------------

Tracer* Tracer::of(Process& process) {
    static std::mutex making;
    std::scoped_lock lock(making);
    if (!process.tracer) {
        auto tracer = std::make_unique<Tracer>(process);
        if (tracer->epoll_fd_ < 0) return nullptr;
        process.tracer = std::move(tracer);
    }
    return process.tracer.get();
}

Tracer::Tracer(Process& process) : process_(process) {
    epoll_fd_ = private_descriptor(epoll_create1(EPOLL_CLOEXEC));
    wake_fd_ = private_descriptor(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    watch_event_fd(wake_fd_);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, kWatchStack);
    pthread_t id;
    GuestThread& thread = *GuestThread::current();
    block_all_signals();  // none is taken by the new thread
    int failure = pthread_create(&id, &attributes, watch_main, this);
    thread.group->actions->take_back();
    apply_mask(thread);
    pthread_attr_destroy(&attributes);
    if (failure == 0) return;
    close(epoll_fd_);
    epoll_fd_ = -1;  // of() sees it
}

// In a fork's child, which has no such thread.
Tracer::~Tracer() {
    for (const Watched& watched : watched_) close(watched.fd);
    for (int fd : {epoll_fd_, wake_fd_}) {
        if (fd >= 0) close(fd);
    }
}

void Tracer::watch_event_fd(int fd) const {
    epoll_event change{};
    change.events = EPOLLIN | EPOLLET;
    change.data.u64 = kEventFd;
    epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &change);
}

bool Tracer::runs_guests(int pid) {
    struct stat own, other;
    std::string path = "/proc/" + std::to_string(pid) + "/exe";
    return stat("/proc/self/exe", &own) == 0 && stat(path.c_str(), &other) == 0 &&
           own.st_dev == other.st_dev && own.st_ino == other.st_ino;
}

// exit_ptrace() of kernel/ptrace.c.
void Tracer::release(int thread) {
    Lock lock(mutex_);
    std::vector<Entry> leaving;
    std::erase_if(entries_, [&](const Entry& e) {
        bool leaves = thread == 0 || e.thread == thread;
        if (leaves && e.slot != nullptr) leaving.push_back(e);
        return leaves;
    });
    for (Entry& entry : leaving) {
        if (entry.slot->state == TraceState::ended) {
            TraceArea::free(*entry.slot);
            wake_word(&entry.slot->state);
            continue;
        }
        if ((entry.slot->options & kOptionExitKill) != 0) ::kill(entry.pid, SIGKILL);
        ask(entry, kAskDetach);
        if (entry.slot->state != TraceState::running) resume(entry, TraceResume::detach, 0);
    }
}

// --- the watching thread ------------------------------------------------------------------------

void* Tracer::watch_main(void* data) {
    static_cast<Tracer*>(data)->watch();
    return nullptr;
}

void Tracer::watch() {
    for (;;) {
        bool waits;
        {
            Lock lock(mutex_);
            waits = std::any_of(entries_.begin(), entries_.end(),
                                [](const Entry& e) { return e.slot == nullptr; });
        }
        epoll_event events[16];
        int n = epoll_wait(epoll_fd_, events, std::size(events), waits ? kAnswerSoon : -1);
        Lock lock(mutex_);
        for (int k = 0; k < n; k++) {
            if (events[k].data.u64 < kEventFd) process_ended(static_cast<int>(events[k].data.u64));
        }
        refresh();
    }
}

void Tracer::add(int tid, int pid, int thread, const std::shared_ptr<TraceArea>& area,
                 TraceSlot* slot) {
    Entry entry;
    entry.tid = tid;
    entry.pid = pid;
    entry.thread = thread;
    entry.area = area;
    entry.slot = slot;
    entries_.push_back(entry);
    watch_process(pid);
}

void Tracer::watch_process(int pid) {
    for (const Watched& watched : watched_) {
        if (watched.pid == pid) return;
    }
    auto fd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
    if (fd < 0) return;
    watched_.push_back({pid, private_descriptor(fd)});
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = static_cast<uint64_t>(pid);
    epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, watched_.back().fd, &event);
}

// Killed, or at the end of its own. Threads, and processes that are not our children, have nobody
// else to tell of it.
void Tracer::process_ended(int pid) {
    bool child = is_own_child(pid);
    for (Entry& entry : entries_) {
        if (entry.pid != pid || (child && entry.tid == pid)) continue;
        if (entry.slot == nullptr || entry.slot->state == TraceState::ended) continue;
        entry.slot->status = SIGKILL;
        entry.slot->state = TraceState::ended;
        entry.reported = false;
    }
    std::erase_if(watched_, [&](const Watched& watched) {
        if (watched.pid == pid) close(watched.fd);
        return watched.pid == pid;
    });
    std::erase_if(entries_, [&](const Entry& e) { return e.pid == pid && e.slot == nullptr; });
}

// What tracees have done, and which are new.
void Tracer::refresh() {
    for (size_t n = 0; n < entries_.size(); n++) {
        if (entries_[n].slot == nullptr) connect(entries_[n]);
    }
    for (size_t n = 0; n < areas_.size(); n++) adopt_slots(areas_[n]);
    bool news = false;
    for (Entry& entry : entries_) {
        if (!is_told(entry) || entry.noticed) continue;
        notice(entry);
        news = true;
    }
    std::erase_if(entries_, [](const Entry& e) {
        return e.slot != nullptr && (e.slot->state == TraceState::none || e.slot->tid != e.tid);
    });
    std::erase_if(areas_, [&](const auto& area) {
        return std::none_of(entries_.begin(), entries_.end(),
                            [&](const Entry& e) { return e.area == area || e.slot == nullptr; });
    });
    if (news) wake();
}

// Children of tracees, and a thread that has the number of its process since an execve.
void Tracer::adopt_slots(const std::shared_ptr<TraceArea>& area) {
    for (size_t n = 0; n < TraceArea::kSlots; n++) {
        TraceSlot& slot = area->at(n);
        TraceState state = slot.state;
        if (state == TraceState::none || state == TraceState::made) continue;
        if (slot.tracer != getpid()) continue;
        bool known = false;
        for (Entry& entry : entries_) {
            if (entry.slot != &slot) continue;
            known = true;
            entry.tid = slot.tid;
            entry.pid = slot.pid;
        }
        if (!known) add(slot.tid, slot.pid, slot.tracer_thread, area, &slot);
    }
}

// do_notify_parent_cldstop() and do_notify_parent() of kernel/signal.c.
void Tracer::notice(Entry& entry) {
    entry.noticed = true;
    siginfo_t info{};
    if (entry.slot->state == TraceState::ended) {
        fill_end(info, entry.tid, entry.slot->status);
    } else {
        GuestSigaction action = process_.main_thread->group->actions->get(SIGCHLD);
        if (action.handler == kSigIgn || (action.flags & SA_NOCLDSTOP) != 0) return;
        info.si_signo = SIGCHLD;
        info.si_code = entry.slot->stop == TraceStop::group ? CLD_STOPPED : CLD_TRAPPED;
        info.si_pid = entry.tid;
        info.si_uid = getuid();
        info.si_status = entry.slot->code & 0x7f;
    }
    send_again(info, true);
}

// Whoever waits looks again.
void Tracer::wake() {
    changes_++;
    syscall(SYS_futex, &changes_, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
    for (int tid : waiters_) poke(getpid(), tid, Poke::look, 0);
}

// --- attaching ----------------------------------------------------------------------------------

// False: it has not answered, or is another's.
bool Tracer::connect(Entry& entry) {
    int memory_fd, event_fd;
    auto slot_in = [&](const std::shared_ptr<TraceArea>& area) -> TraceSlot* {
        for (size_t n = 0; n < TraceArea::kSlots; n++) {
            TraceSlot& slot = area->at(n);
            if (slot.state == TraceState::running && slot.tid == entry.tid &&
                slot.tracer == getpid()) {
                return &slot;
            }
        }
        return nullptr;
    };
    auto join = [&](const std::shared_ptr<TraceArea>& area, TraceSlot* slot) {
        entry.area = area;
        entry.slot = slot;
        slot->options = entry.options;
        slot->asks |= entry.asks;
        slot->connected = 1;
        wake_word(&slot->connected);
        return true;
    };
    for (const auto& area : areas_) {
        if (TraceSlot* slot = slot_in(area)) return join(area, slot);
    }
    if (!TraceArea::find(entry.pid, memory_fd, event_fd)) return false;
    auto pidfd = static_cast<int>(syscall(SYS_pidfd_open, entry.pid, 0));
    if (pidfd < 0) return false;
    auto memory = static_cast<int>(syscall(SYS_pidfd_getfd, pidfd, memory_fd, 0));
    auto event = static_cast<int>(syscall(SYS_pidfd_getfd, pidfd, event_fd, 0));
    close(pidfd);
    if (memory < 0 || event < 0) return false;
    auto area = TraceArea::adopt(private_descriptor(memory), private_descriptor(event));
    TraceSlot* slot = area ? slot_in(area) : nullptr;
    if (slot == nullptr) return false;
    areas_.push_back(area);
    watch_event_fd(area->event_fd());
    return join(area, slot);
}

int64_t Tracer::attach(GuestThread& self, int tid, bool seize, uint32_t options) {
    long pid = status_field(tid, "Tgid:");
    if (pid < 0) return -ESRCH;
    if (pid == getpid() || !runs_guests(static_cast<int>(pid)) ||
        !may_trace(static_cast<int>(pid))) {
        return -EPERM;
    }
    bool stopped = is_stopped(tid);
    {
        Lock lock(mutex_);
        refresh();
        for (const Entry& entry : entries_) {
            if (entry.tid == tid) return -EPERM;
        }
        Entry entry;
        entry.tid = tid;
        entry.pid = static_cast<int>(pid);
        entry.thread = self.tid;
        entry.options = options;
        entry.seize = seize;
        entries_.push_back(entry);
        watch_process(entry.pid);
    }
    auto what = static_cast<uint64_t>(seize ? Poke::seize : Poke::attach) |
                (stopped ? static_cast<uint64_t>(Poke::stopped) : 0);
    if (!poke(static_cast<int>(pid), tid, static_cast<Poke>(what), self.tid)) return -EPERM;
    if (stopped) ::kill(static_cast<pid_t>(pid), SIGCONT);
    for (int n = 0; n < kPatience; n++) {
        {
            Lock lock(mutex_);
            auto entry = std::find_if(entries_.begin(), entries_.end(),
                                      [&](const Entry& e) { return e.tid == tid; });
            if (entry == entries_.end()) return -ESRCH;
            if (entry->slot != nullptr || connect(*entry)) return 0;
        }
        constexpr useconds_t kShort = 100, kLong = 1000;
        usleep(n < kPatience / 40 ? kShort : kLong);
    }
    // A call that blocks SIGTRAP: it answers when that is over, and watch() looks for it.
    uint64_t one = 1;
    [[maybe_unused]] ssize_t n = write(wake_fd_, &one, sizeof one);
    return 0;
}

void Tracer::take_child(int pid) {
    Lock lock(mutex_);
    for (Entry& entry : entries_) {
        if (entry.tid != pid) continue;
        if (entry.slot == nullptr) connect(entry);
        return;
    }
    Entry entry;
    entry.tid = entry.pid = pid;
    entry.thread = 0;
    entries_.push_back(entry);
    watch_process(pid);
    if (!connect(entries_.back())) entries_.pop_back();  // it asks again
}

// --- requests -----------------------------------------------------------------------------------

Tracer::Entry* Tracer::find(GuestThread& self, int tid) {
    refresh();
    for (Entry& entry : entries_) {
        if (entry.tid != tid || (entry.thread != 0 && entry.thread != self.tid)) continue;
        return &entry;
    }
    return nullptr;
}

void Tracer::resume(Entry& entry, TraceResume how, int signal) {
    TraceSlot& slot = *entry.slot;
    entry.noticed = entry.reported = false;
    slot.resume = how;
    slot.signal = signal;
    if (how == TraceResume::detach) slot.tracer = 0;
    slot.state = TraceState::running;
    wake_word(&slot.state);
    // The area stays mapped: `entry` is gone, and whoever has called does not look at it again.
    if (how == TraceResume::detach)
        std::erase_if(entries_, [&](auto& e) { return e.slot == &slot; });
}

void Tracer::ask(Entry& entry, uint32_t what) {
    if (entry.slot == nullptr) {
        entry.asks |= what;
        return;
    }
    entry.slot->asks |= what;
    if (entry.slot->state == TraceState::listening) {
        wake_word(&entry.slot->state);
    } else if (entry.slot->state == TraceState::running) {
        poke(entry.pid, entry.tid, Poke::look, 0);
    }
}

void Tracer::changed(int pid, uint64_t begin, uint64_t end) {
    for (Entry& entry : entries_) {
        if (entry.pid != pid || entry.slot == nullptr) continue;
        uint32_t n = entry.slot->changes;
        if (n < TraceSlot::kRanges) {
            entry.slot->changed[n][0] = begin;
            entry.slot->changed[n][1] = end;
        }
        if (n <= TraceSlot::kRanges) entry.slot->changes = n + 1;
    }
}

void Tracer::opened_memory(int fd, int pid) {
    Lock lock(mutex_);
    std::erase_if(files_, [&](const File& file) { return file.fd == fd; });
    files_.push_back({fd, pid});
    has_files = true;
}

void Tracer::wrote_memory(int fd, uint64_t begin, uint64_t bytes) {
    Lock lock(mutex_);
    for (const File& file : files_) {
        if (file.fd == fd) changed(file.pid, begin, begin + bytes);
    }
}

// --- waits --------------------------------------------------------------------------------------

bool Tracer::matches(const Entry& entry, const GuestThread& self, const WaitRequest& r) const {
    if ((r.options & __WNOTHREAD) != 0 && entry.thread != self.tid) return false;
    switch (r.idtype) {
        case P_ALL: return true;
        case P_PID: return entry.tid == r.id;
        case P_PGID: return getpgid(entry.pid) == (r.id == 0 ? getpgrp() : r.id);
        default: return false;
    }
}

// What a tracee has to tell; with the lock. `any`: there are some that may have, some time.
bool Tracer::take(GuestThread& self, const WaitRequest& request, WaitResult& result, bool& any) {
    refresh();
    any = false;
    for (size_t n = 0; n < entries_.size(); n++) {
        Entry& entry = entries_[n];
        if (!matches(entry, self, request)) continue;
        any = true;
        if (entry.slot == nullptr || entry.reported) continue;
        TraceState state = entry.slot->state;
        bool keep = (request.options & WNOWAIT) != 0;
        if (state == TraceState::stopped) {
            result.info.si_signo = SIGCHLD;
            result.info.si_code = entry.slot->stop == TraceStop::group ? CLD_STOPPED : CLD_TRAPPED;
            result.info.si_pid = entry.tid;
            result.info.si_uid = getuid();
            result.info.si_status = entry.slot->code;
            if (!keep) entry.reported = true;
            return true;
        }
        if (state != TraceState::ended || (request.options & WEXITED) == 0) continue;
        // A leader's end is told when nothing is left of the process.
        bool others = std::any_of(entries_.begin(), entries_.end(), [&](const Entry& e) {
            return e.pid == entry.pid && e.tid != entry.tid && e.slot != nullptr;
        });
        if (entry.tid == entry.pid && others) continue;
        fill_end(result.info, entry.tid, entry.slot->status);
        if (keep) return true;
        TraceArea::free(*entry.slot);
        wake_word(&entry.slot->state);
        entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(n));
        return true;
    }
    return false;
}

// The kernel has told of a process's end.
void Tracer::forget(int pid) {
    Lock lock(mutex_);
    for (const Entry& entry : entries_) {
        if (entry.pid == pid && entry.slot != nullptr) TraceArea::free(*entry.slot);
    }
    std::erase_if(entries_, [&](const Entry& e) { return e.pid == pid; });
}

int64_t Tracer::wait_on_host(GuestThread& self, const WaitRequest& request, int options,
                             bool blocking, WaitResult& result) {
    uint64_t args[6] = {
        static_cast<uint64_t>(request.idtype),     static_cast<uint64_t>(request.id),
        reinterpret_cast<uint64_t>(&result.info),  static_cast<uint64_t>(options),
        reinterpret_cast<uint64_t>(&result.usage), 0};
    result = {};
    volatile int nothing = 0;
    volatile int* attention = blocking ? &self.signals.attention : &nothing;
    int64_t status = pydbt_interruptible_syscall(attention, args, SYS_waitid);
    if (status != 0) return status;
    int pid = result.info.si_pid;
    bool ends = result.info.si_code == CLD_EXITED || result.info.si_code == CLD_KILLED ||
                result.info.si_code == CLD_DUMPED;
    if (ends && (options & WNOWAIT) == 0) forget(pid);
    return pid;
}

// Until a child or a tracee has something to tell: 0 then.
int64_t Tracer::sleep(GuestThread& self, const WaitRequest& request, bool children, uint32_t ticket,
                      WaitResult& result) {
    {
        Lock lock(mutex_);
        if (changes_ != ticket) return 0;
        waiters_.push_back(self.tid);
    }
    int64_t status;
    if (children) {
        // WNOWAIT: what is there is taken by the next look, which finds tracees' news first.
        status = wait_on_host(self, request, request.options | WNOWAIT, true, result);
        if (status > 0) status = 0;
        if (status == -ECHILD) status = 0;
    } else {
        uint64_t args[6] = {
            reinterpret_cast<uint64_t>(&changes_), FUTEX_WAIT_PRIVATE, ticket, 0, 0, 0};
        status = pydbt_interruptible_syscall(&self.signals.attention, args, SYS_futex);
        if (status == -EAGAIN) status = 0;
    }
    Lock lock(mutex_);
    waiters_.erase(std::find(waiters_.begin(), waiters_.end(), self.tid));
    return status;
}

int64_t Tracer::wait(GuestThread& self, const WaitRequest& request, WaitResult& result) {
    for (;;) {
        bool tracees;
        uint32_t ticket;
        {
            Lock lock(mutex_);
            ticket = changes_;
            result = {};
            if (take(self, request, result, tracees)) return result.info.si_pid;
        }
        int64_t host = wait_on_host(self, request, request.options | WNOHANG, false, result);
        bool children = host != -ECHILD;
        if (host > 0 || (host < 0 && children) || (!children && !tracees)) return host;
        result = {};
        if ((request.options & WNOHANG) != 0) return 0;
        int64_t status = sleep(self, request, children, ticket, result);
        if (status == 0) continue;
        // Only a signal of the guest's ends the call.
        bool guests = self.signals.pending != 0 || sent_is_ready(self);
        return status == -EINTR && !guests ? -kRestart : status;
    }
}

}  // namespace pydbt::usermode
