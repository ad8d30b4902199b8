// New threads and processes: clone, clone3.
//
// Owns: these calls, for every set of flags. Must not know: how programs are loaded, how a thread's
// code runs.
//
// A thread (CLONE_THREAD) is a host thread of the C library's, so that our own code works in it. A
// process with memory of its own comes from fork(), whose host call is replaced by _Fork() below to
// carry the guest's flags; so the C library's locks are right in the child. A process that shares
// memory runs on the caller's host stack and thread-local storage if the caller waits for it
// (CLONE_VFORK), else on those of a host thread that waits in its place.
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstring>

#include "translator/base/sanitizer.hpp"
#include "usermode/debug/forks.hpp"
#include "usermode/debug/link.hpp"
#include "usermode/memory/guest_memory.hpp"
#include "usermode/options/options.hpp"
#include "usermode/process.hpp"
#include "usermode/signals/host.hpp"
#include "usermode/strace/strace.hpp"
#include "usermode/syscalls/arguments.hpp"
#include "usermode/syscalls/end.hpp"
#include "usermode/syscalls/fork_wait.hpp"
#include "usermode/syscalls/table.gen.hpp"
#include "usermode/syscalls/uring.hpp"

// int64_t pydbt_clone_call(int64_t number, const uint64_t args[5], void (*run)(void*), void* data)
//
// In the child: run(data), which does not return; without run it returns 0 as fork does. A child
// that shares the stack leaves what is above rsp alone.
asm(R"(
.text
.globl pydbt_clone_call
.hidden pydbt_clone_call
.type pydbt_clone_call, @function
pydbt_clone_call:
    push %rbx
    mov %rcx, %rbx
    mov %rdx, %r9
    mov %rdi, %rax
    mov %rsi, %r11
    mov 0(%r11), %rdi
    mov 8(%r11), %rsi
    mov 16(%r11), %rdx
    mov 24(%r11), %r10
    mov 32(%r11), %r8
    syscall
    test %rax, %rax
    jnz 1f
    test %r9, %r9
    jz 1f
    xor %ebp, %ebp
    and $-16, %rsp
    mov %rbx, %rdi
    call *%r9
    hlt
1:
    pop %rbx
    ret
.size pydbt_clone_call, . - pydbt_clone_call
)");

extern "C" int64_t pydbt_clone_call(int64_t number, const uint64_t* args, void (*run)(void*),
                                    void* data);

namespace pydbt::usermode {
namespace {

// Flags of clone3 that older headers do not have.
constexpr uint64_t kClearSighand = 0x1'0000'0000, kIntoCgroup = 0x2'0000'0000;
constexpr uint64_t kNewtime = 0x80, kDetached = 0x0040'0000;
constexpr uint64_t kNamespaces = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
                                 CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | kNewtime;
constexpr uint64_t kKnown = kNamespaces | CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND |
                            CLONE_PIDFD | CLONE_PTRACE | CLONE_VFORK | CLONE_PARENT | CLONE_THREAD |
                            CLONE_SYSVSEM | CLONE_SETTLS | CLONE_PARENT_SETTID |
                            CLONE_CHILD_CLEARTID | kDetached | CLONE_UNTRACED | CLONE_CHILD_SETTID |
                            CLONE_IO | kClearSighand | kIntoCgroup;

// struct clone_args of include/uapi/linux/sched.h, whole; `stack` is where SP is to be.
struct CloneRequest {
    uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid,
        set_tid_size, cgroup;
    bool has(uint64_t flag) const { return (flags & flag) != 0; }
};
static_assert(sizeof(CloneRequest) == 88);

int gettid_raw() { return static_cast<int>(syscall(SYS_gettid)); }

// Blocks what a guest's mask can block on the host.
void hold_signals() {
    sigset_t all = host_mask(~uint64_t{0});  // pthread_sigmask() leaves the C library's out
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, nullptr, sizeof(uint64_t));
}

// While it lives no signal but fault signals is taken by this host thread.
class SignalsHeld {
   public:
    explicit SignalsHeld(GuestThread& thread) : thread_(thread) { hold_signals(); }
    ~SignalsHeld() { apply_mask(thread_); }
    SignalsHeld(const SignalsHeld&) = delete;
    SignalsHeld& operator=(const SignalsHeld&) = delete;

   private:
    GuestThread& thread_;
};

void copy_registers(base::CpuState& to, const base::CpuState& from) {
    std::memcpy(to.x, from.x, sizeof to.x);
    std::memcpy(to.v, from.v, sizeof to.v);
    to.sp = from.sp;
    to.pc = from.pc;
    to.nzcv = from.nzcv;
    to.fpcr = from.fpcr;
    to.fpsr = from.fpsr;
    to.mxcsr = from.mxcsr;
    to.tpidr_el0 = from.tpidr_el0;
    std::memcpy(to.pac_keys, from.pac_keys, sizeof to.pac_keys);
    to.pac_off = from.pac_off;
    to.dit = from.dit;
    to.ssbs = from.ssbs;
    to.tco = from.tco;
    to.tags = from.tags;
    to.tag_check = from.tag_check;
    to.tag_exclude = from.tag_exclude;
    to.tag_seed = (from.tag_seed ^ from.sp) | 1;
}

void start_registers(base::CpuState& state, const CloneRequest& request) {
    state.x[0] = 0;
    if (request.stack != 0) state.sp = request.stack;
    if (request.has(CLONE_SETTLS)) state.tpidr_el0 = request.tls;
}

// A guest thread in the caller's state; null when out of memory.
std::unique_ptr<GuestThread> make_child(GuestThread& t, const CloneRequest& request,
                                        std::shared_ptr<ThreadGroup> group) {
    std::unique_ptr<runtime::Thread> cpu = t.process.engine->create_thread();
    if (!cpu) return nullptr;
    auto child = std::make_unique<GuestThread>(t.process, std::move(cpu), std::move(group));
    copy_registers(child->state(), t.state());
    child->tag_control = t.tag_control;
    t.process.engine->share_memory();
    start_registers(child->state(), request);
    child->signals.blocked = t.signals.blocked;
    std::scoped_lock lock(t.group->members_mutex);
    child->seccomp = t.seccomp;
    return child;
}

// --- threads ------------------------------------------------------------------------------------

struct NewThread {
    std::unique_ptr<GuestThread> thread;
    TracedClone* traced;
    const CloneRequest* request;
    bool debugged = false;
    std::atomic<int> result = 0;  // the thread's id, or a negated errno
};

int64_t start_host_thread(void* (*function)(void*), void* argument) {
    constexpr size_t kHostStack = 512 * 1024;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, kHostStack);
    pthread_t id;
    int error = pthread_create(&id, &attributes, function, argument);
    pthread_attr_destroy(&attributes);
    return error == 0 ? 0 : -EAGAIN;
}

void report(std::atomic<int>& to, int value) {
    to.store(value, std::memory_order_release);
    syscall(SYS_futex, &to, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
}
int await(std::atomic<int>& value) {
    while (value.load(std::memory_order_acquire) == 0) {
        syscall(SYS_futex, &value, FUTEX_WAIT_PRIVATE, 0, nullptr, nullptr, 0);
    }
    return value.load(std::memory_order_acquire);
}

// What a host thread shares with the others but the guest's flags do not say.
int stop_sharing(const CloneRequest& request) {
    constexpr uint64_t kShared = CLONE_FS | CLONE_FILES | CLONE_SYSVSEM;
    uint64_t apart = (kShared & ~request.flags) | (request.flags & kNamespaces);
    // The kernel refuses what makes no difference to a thread alone; SYSVSEM has no state yet.
    apart &= ~uint64_t{CLONE_SYSVSEM};
    return apart == 0 || syscall(SYS_unshare, apart) == 0 ? 0 : -errno;
}

void end_host_thread() {
    block_all_signals();
    drop_signal_stack();
}

void* thread_main(void* argument) {
    auto* start = static_cast<NewThread*>(argument);
    const CloneRequest& request = *start->request;
    int failure = make_signal_stack() ? stop_sharing(request) : -ENOMEM;
    if (failure != 0) {
        end_host_thread();
        report(start->result, failure);
        return nullptr;
    }
    std::unique_ptr<GuestThread> thread = std::move(start->thread);
    GuestThread::set_current(thread.get());
    forget_robust_list();
    int tid = thread->tid = gettid_raw();
    // Before the new thread runs, and before the creator does: both may look.
    if (request.has(CLONE_PARENT_SETTID)) write_guest(request.parent_tid, tid);
    if (request.has(CLONE_CHILD_SETTID)) write_guest(request.child_tid, tid);
    if (request.has(CLONE_CHILD_CLEARTID)) thread->clear_child_tid = request.child_tid;
    if (start->debugged) thread->process.debugger->begin(*thread);
    start->traced->join(*thread);
    report(start->result, tid);
    begin_traced(*thread);
    deliver_signals(*thread, false);
    thread->process.run(*thread);
    if (thread->debugged != nullptr) thread->process.debugger->end(*thread);
    end_thread(*thread);  // it touches guest memory, so a fault must reach us
    give_up_signals(*thread);
    end_host_thread();
    std::shared_ptr<ThreadGroup> group = thread->group;
    Process& process = thread->process;
    GuestThread::set_current(nullptr);
    thread.reset();
    if (group->threads.fetch_sub(1) == 1) process.exit(group->leader_status);
    return nullptr;
}

int64_t write_thread_pidfd(const CloneRequest& request, int tid) {
    constexpr unsigned kPidfdThread = O_EXCL;
    auto fd = static_cast<int>(syscall(SYS_pidfd_open, tid, kPidfdThread));
    if (fd < 0) return -errno;
    return write_guest(request.pidfd, fd) ? 0 : -EFAULT;
}

int64_t clone_thread(GuestThread& t, const CloneRequest& request, TracedClone& traced) {
    if (request.has(CLONE_NEWUSER | CLONE_NEWPID)) return -EINVAL;
    // Only the kernel's own clone() can choose a thread's id or its cgroup.
    if (request.set_tid_size != 0 || request.has(kIntoCgroup)) return -EOPNOTSUPP;
    NewThread start;
    start.request = &request;
    start.traced = &traced;
    start.debugged = t.debugged != nullptr;
    start.thread = make_child(t, request, t.group);
    if (!start.thread) return -ENOMEM;
    // The new thread starts with every signal blocked, until it can take them.
    SignalsHeld held(t);
    t.group->threads++;
    int64_t result = start_host_thread(thread_main, &start);
    if (result == 0) {
        t.group->actions->take_back();
        result = await(start.result);
    }
    if (result < 0) t.group->threads--;
    if (result > 0 && request.has(CLONE_PIDFD)) {
        write_thread_pidfd(request, static_cast<int>(result));
    }
    traced.made(result);
    return result;
}

// --- the host's clone ---------------------------------------------------------------------------

// What is the kernel's to do for a new process; registers and signal actions are ours.
constexpr uint64_t kOurs = CLONE_SETTLS | kClearSighand | kDetached;

int64_t host_clone(const CloneRequest& request, void (*run)(void*), void* data) {
    clone_args args{};
    static_assert(sizeof args == sizeof request);
    std::memcpy(&args, &request, sizeof args);
    uint64_t words[5] = {reinterpret_cast<uint64_t>(&args), sizeof args};
    int64_t result = pydbt_clone_call(SYS_clone3, words, run, data);
    if (result != -ENOSYS) return result;
    // An old kernel, or a container that hides clone3.
    bool only_new = request.has(kNewtime | kIntoCgroup) || request.set_tid_size != 0;
    if (only_new || (request.has(CLONE_PIDFD) && request.has(CLONE_PARENT_SETTID))) return -ENOSYS;
    uint64_t parent = request.has(CLONE_PIDFD) ? request.pidfd : request.parent_tid;
    uint64_t old[5] = {request.flags | request.exit_signal, request.stack + request.stack_size,
                       parent, request.child_tid, 0};
    return pydbt_clone_call(SYS_clone, old, run, data);
}

// --- processes with memory of their own ---------------------------------------------------------

// What fork() of this thread is to be; null: as the C library wants it.
thread_local const CloneRequest* t_fork = nullptr;

// What the child of a fork makes its own. The C library keeps no thread's id but in the place that
// the kernel writes.
void become_process(GuestThread& t, const CloneRequest& request) {
    ThreadGroup& group = *t.group;
    group.threads = 1;
    group.leader = &t;
    group.dumper = nullptr;
    group.members = {&t};
    group.borrowed = false;
    if (request.has(kClearSighand)) group.actions->clear_handlers();
    int tid = t.tid = gettid_raw();
    if (request.has(CLONE_CHILD_SETTID)) write_guest(request.child_tid, tid);
    t.clear_child_tid = request.has(CLONE_CHILD_CLEARTID) ? request.child_tid : 0;
    t.robust_list = 0;
    t.random = {};
    start_registers(t.state(), request);
}

int64_t fork_locked(GuestThread& t, const CloneRequest& request) {
    Process& process = t.process;
    std::fflush(process.log_file);
    int64_t result = -ENOMEM;
    std::unique_lock trace = hold_trace();
    std::unique_lock members(t.group->members_mutex);
    std::unique_lock<std::mutex> tracer;
    if (process.tracer) tracer = process.tracer->lock();
    std::unique_lock rings = hold_rings();
    std::unique_lock actions = t.group->actions->hold();
    if (process.engine->prepare_fork()) {
        process.memory.prepare_fork();
        t_fork = &request;
        block_all_signals();  // what comes to the child must find that nothing waits there
        pid_t pid = fork();
        result = pid < 0 ? -errno : pid;
        t_fork = nullptr;
        bool child = pid == 0;
        if (child) forget_sent(t);
        hold_signals();
        process.memory.after_fork(child);
        if (!process.engine->after_fork(child, *t.cpu) && child) _exit(127);
        actions.unlock();
        if (tracer.owns_lock()) tracer.unlock();
        if (child) process.tracer.reset();
        if (child) become_process(t, request);
    }
    return result;
}

int64_t fork_process(GuestThread& t, CloneRequest request, TracedClone& traced) {
    ForkWait wait;
    bool request_waits = request.has(CLONE_VFORK);
    // A child that shares descriptors cannot have one of its own to be told by.
    bool ours = request.has(CLONE_VFORK) && !request.has(CLONE_FILES) && wait.open();
    if (ours) request.flags &= ~uint64_t{CLONE_VFORK};
    DebuggedFork debugged(t, !request.has(CLONE_VFORK));
    int64_t result = fork_locked(t, request);
    debugged.finish(result);
    if (result == 0) {
        traced.join(t);
        wait.finish(t.process, result);
        begin_traced(t);
        return result;
    }
    traced.made(result);
    wait.finish(t.process, result);
    if (request_waits) traced.woken(result);
    return result;
}

// --- processes that share memory ----------------------------------------------------------------

struct Borrower {
    std::unique_ptr<GuestThread> thread;
    TracedClone* traced = nullptr;    // while the parent waits
    GuestThread* debugged = nullptr;  // the thread that vforks, if a debugger has it
    int link[2] = {-1, -1};           // for what the child executes
    CloneRequest request;
    std::atomic<int> result = 0;     // of the host's clone
    std::atomic<uint32_t> life = 1;  // the kernel clears it when the process leaves the memory
};

// The new process's whole life but for execve.
[[noreturn]] void borrower_main(void* data) {
    auto* self = static_cast<Borrower*>(data);
    GuestThread& thread = *self->thread;
    GuestThread::set_current(&thread);
    thread.tid = gettid_raw();
    if (!self->request.has(CLONE_VFORK) && !make_signal_stack()) _exit(127);
    if (self->request.has(kClearSighand)) thread.group->actions->clear_handlers();
    if (self->request.has(CLONE_VFORK)) {
        self->traced->join(thread);
        self->traced->made_by_child(thread.tid);
    } else {
        TracedClone::start(thread);
    }
    begin_traced(thread);
    deliver_signals(thread, false);
    if (self->debugged != nullptr)
        thread.process.debugger->vforked(*self->debugged, thread, self->link);
    thread.process.run(thread);
    if (thread.debugged != nullptr) thread.process.debugger->end(thread);
    end_thread(thread);
    give_up_signals(thread);
    if (thread.group->threads.fetch_sub(1) == 1) {
        trace_process_end(thread, thread.group->leader_status << 8);
        _exit(thread.group->leader_status);
    }
    syscall(SYS_exit, 0);
    __builtin_unreachable();
}

// The caller sleeps in the kernel until the child has left its memory.
int64_t clone_and_wait(GuestThread& t, Borrower& borrower) {
    CloneRequest request = borrower.request;
    request.flags &= ~kOurs;
    request.stack = request.stack_size = 0;
    borrower.thread->clear_child_tid = 0;  // the kernel's own, in request
    if (t.debugged != nullptr && make_link(borrower.link)) borrower.debugged = &t;
    DebuggedCall call(t);
    int64_t result = host_clone(request, borrower_main, &borrower);
    base::forget_stack_below();
    GuestThread::set_current(&t);
    call.finish();
    for (int end : borrower.link) {
        if (end >= 0) close(end);
    }
    if (result > 0 && t.debugged != nullptr) t.process.debugger->vfork_done(t);
    borrower.traced->woken(result);
    return result;
}

constexpr size_t kBorrowerStack = 512 * 1024;

// Waits in place of the caller: until then its thread-local storage is the child's.
void* lender_main(void* data) {
    auto* handed = static_cast<std::shared_ptr<Borrower>*>(data);
    std::shared_ptr<Borrower> borrower = *handed;
    delete handed;
    CloneRequest request = borrower->request;
    void* stack = mmap(nullptr, kBorrowerStack, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    request.flags = (request.flags & ~kOurs) | CLONE_CHILD_CLEARTID;
    request.stack = reinterpret_cast<uint64_t>(stack);
    request.stack_size = kBorrowerStack;
    request.child_tid = reinterpret_cast<uint64_t>(&borrower->life);
    int64_t result =
        stack == MAP_FAILED ? -ENOMEM : host_clone(request, borrower_main, borrower.get());
    report(borrower->result, static_cast<int>(result));
    if (result > 0) {
        uint64_t wait[6] = {reinterpret_cast<uint64_t>(&borrower->life), FUTEX_WAIT, 1, 0, 0, 0};
        volatile int nothing = 0;
        while (borrower->life.load(std::memory_order_acquire) != 0) {
            pydbt_interruptible_syscall(&nothing, wait, SYS_futex);
        }
        if (borrower->request.has(CLONE_CHILD_CLEARTID)) {
            borrower->thread->clear_child_tid = borrower->request.child_tid;
            end_thread(*borrower->thread);
        }
    }
    GuestThread::set_current(nullptr);
    if (stack != MAP_FAILED) {
        munmap(stack, kBorrowerStack);
        base::forget_stack(stack, kBorrowerStack);
    }
    return nullptr;
}

int64_t share_process(GuestThread& t, const CloneRequest& request, TracedClone& traced) {
    auto group = std::make_shared<ThreadGroup>();
    group->borrowed = true;
    group->tagged_addresses = t.group->tagged_addresses.load();
    group->kept = t.group->kept;
    group->actions = request.has(CLONE_SIGHAND)
                         ? t.group->actions
                         : std::make_shared<SignalActions>(*t.group->actions);
    auto borrower = std::make_shared<Borrower>();
    borrower->request = request;
    borrower->traced = &traced;
    borrower->thread = make_child(t, request, group);
    if (!borrower->thread) return -ENOMEM;
    group->leader = borrower->thread.get();
    if (request.has(CLONE_VFORK)) return clone_and_wait(t, *borrower);
    traced.hand_over(*borrower->thread);
    auto* handed = new std::shared_ptr<Borrower>(borrower);
    int64_t result = start_host_thread(lender_main, handed);
    if (result < 0) {
        delete handed;
        return result;
    }
    t.group->actions->take_back();
    result = await(borrower->result);
    traced.made(result);
    return result;
}

// --- the calls ----------------------------------------------------------------------------------

// What copy_process() of kernel/fork.c refuses.
bool contradicts(const CloneRequest& r) {
    if (r.has(CLONE_THREAD) && !r.has(CLONE_SIGHAND)) return true;
    if (r.has(CLONE_SIGHAND) && !r.has(CLONE_VM)) return true;
    if (r.has(CLONE_FS) && r.has(CLONE_NEWNS | CLONE_NEWUSER)) return true;
    return r.has(CLONE_PIDFD) && r.has(kDetached);
}

int64_t clone_any(GuestThread& t, CloneRequest& request) {
    if (contradicts(request)) return -EINVAL;
    for (uint64_t* address : {&request.pidfd, &request.child_tid, &request.parent_tid}) {
        *address = untag(*address);
    }
    TracedClone traced(t, request.flags, request.exit_signal);
    if (request.has(CLONE_THREAD)) return clone_thread(t, request, traced);
    SignalsHeld held(t);
    // The parent's: it is delivered first, so that no child inherits it.
    if (t.signals.attention != 0) return -kRestart;
    return request.has(CLONE_VM) ? share_process(t, request, traced)
                                 : fork_process(t, request, traced);
}

// clone_args_valid() and copy_clone_args_from_user() of kernel/fork.c.
int64_t check_clone3(CloneRequest& r, uint64_t size) {
    constexpr uint64_t kSignalMask = 0xff, kVersion2 = 88;
    if ((r.flags & ~kKnown) != 0 || r.has(kDetached)) return -EINVAL;
    if ((r.flags & (kSignalMask & ~kNewtime)) != 0) return -EINVAL;
    if (r.exit_signal > kSignals) return -EINVAL;
    if (r.has(CLONE_THREAD | CLONE_PARENT) && r.exit_signal != 0) return -EINVAL;
    if (r.has(CLONE_SIGHAND) && r.has(kClearSighand)) return -EINVAL;
    if ((r.set_tid == 0) != (r.set_tid_size == 0)) return -EINVAL;
    if ((r.stack == 0) != (r.stack_size == 0)) return -EINVAL;
    if (r.has(kIntoCgroup) && (r.cgroup > INT_MAX || size < kVersion2)) return -EINVAL;
    r.stack += r.stack_size;
    r.stack_size = 0;
    return 0;
}

}  // namespace

int64_t sys_clone(GuestThread& t, const SyscallArgs& a) {
    constexpr uint64_t kSignalMask = 0xff;
    CloneRequest request{};
    request.flags = a[0] & 0xffff'ffff & ~kSignalMask;
    request.exit_signal = a[0] & kSignalMask;
    if (request.has(CLONE_PIDFD) && request.has(CLONE_PARENT_SETTID)) return -EINVAL;
    if (request.exit_signal > kSignals && !request.has(CLONE_THREAD)) return -EINVAL;
    request.stack = a[1];
    request.parent_tid = request.pidfd = a[2];
    request.tls = a[3];
    request.child_tid = a[4];
    // copy_process() takes the group's and the parent's then.
    if (request.has(CLONE_THREAD | CLONE_PARENT)) request.exit_signal = 0;
    return clone_any(t, request);
}

int64_t sys_clone3(GuestThread& t, const SyscallArgs& a) {
    constexpr uint64_t kVersion0 = 64;
    CloneRequest request{};
    int64_t failure = read_versioned(a[0], a[1], kVersion0, &request, sizeof request);
    if (failure == 0) failure = check_clone3(request, a[1]);
    return failure != 0 ? failure : clone_any(t, request);
}

}  // namespace pydbt::usermode

// The C library's fork() calls it with its locks held. It is the host's clone with the guest's
// flags, and the thread's id is kept where the C library has it.
extern "C" pid_t _Fork() {
    using namespace pydbt::usermode;
    CloneRequest request{};
    request.exit_signal = SIGCHLD;
    if (t_fork != nullptr) request = *t_fork;
    request.flags &= ~(kOurs | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID);
    request.stack = request.stack_size = 0;
    uint64_t own_id = 0;
    constexpr int kGetTidAddress = 40;
    // In borrowed memory that place is the guest's, or the lender's.
    GuestThread* self = GuestThread::current();
    bool borrowed = self != nullptr && self->group->borrowed;
    if (!borrowed && prctl(kGetTidAddress, &own_id) == 0 && own_id != 0) {
        request.flags |= CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID;
        request.child_tid = own_id;
    }
    int64_t result = host_clone(request, nullptr, nullptr);
    if (result >= 0) return static_cast<pid_t>(result);
    errno = static_cast<int>(-result);
    return -1;
}
