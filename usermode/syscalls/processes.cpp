// Processes and threads: clone, execve, exit, identity.
//
// Owns: these calls. Must not know: how programs are loaded.
#include <elf.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/limits.h>
#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstring>
#include <string>
#include <vector>

#include "usermode/memory/guest_memory.hpp"
#include "usermode/options/options.hpp"
#include "usermode/process.hpp"
#include "usermode/signals/host.hpp"
#include "usermode/strace/strace.hpp"
#include "usermode/syscalls/table.gen.hpp"

namespace pydbt::usermode {
namespace {

// --- threads

struct NewThread {
    std::unique_ptr<GuestThread> thread;
    pthread_mutex_t started = PTHREAD_MUTEX_INITIALIZER;
    uint64_t flags = 0, parent_tid = 0, child_tid = 0;
    std::atomic<int> tid = 0;
};

int gettid_raw() { return static_cast<int>(syscall(SYS_gettid)); }

void end_thread(GuestThread& thread) {
    if (thread.clear_child_tid == 0) return;
    uint32_t zero = 0;
    write_guest(thread.clear_child_tid, zero);
    syscall(SYS_futex, untag(thread.clear_child_tid), FUTEX_WAKE, 1, nullptr, nullptr, 0);
}

void* thread_main(void* argument) {
    auto* start = static_cast<NewThread*>(argument);
    std::unique_ptr<GuestThread> thread = std::move(start->thread);
    GuestThread::set_current(thread.get());
    make_signal_stack();
    int tid = gettid_raw();
    // Before the new thread runs, and before the creator does: both may look.
    if ((start->flags & CLONE_PARENT_SETTID) != 0) write_guest(start->parent_tid, tid);
    if ((start->flags & CLONE_CHILD_SETTID) != 0) write_guest(start->child_tid, tid);
    if ((start->flags & CLONE_CHILD_CLEARTID) != 0) thread->clear_child_tid = start->child_tid;
    start->tid.store(tid, std::memory_order_release);
    syscall(SYS_futex, &start->tid, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
    apply_mask(*thread);
    thread->process.run(*thread);
    Process& process = thread->process;
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, nullptr);
    end_thread(*thread);
    GuestThread::set_current(nullptr);
    thread.reset();
    if (process.threads.fetch_sub(1) == 1) process.exit(process.leader_status);
    return nullptr;
}

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
}

int64_t clone_thread(GuestThread& t, uint64_t flags, const SyscallArgs& a) {
    Process& process = t.process;
    std::unique_ptr<runtime::Thread> cpu = process.engine->create_thread();
    if (!cpu) return -ENOMEM;
    NewThread start;
    start.thread = std::make_unique<GuestThread>(process, std::move(cpu));
    GuestThread& child = *start.thread;
    copy_registers(child.state(), t.state());
    child.state().x[0] = 0;
    if (a[1] != 0) child.state().sp = a[1];
    if ((flags & CLONE_SETTLS) != 0) child.state().tpidr_el0 = a[3];
    child.signals.blocked = t.signals.blocked;
    start.flags = flags;
    start.parent_tid = a[2];
    start.child_tid = a[4];
    // The new thread starts with every signal blocked, until it can take them.
    sigset_t all = host_mask(~uint64_t{0}), old;
    pthread_sigmask(SIG_SETMASK, &all, &old);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    constexpr size_t kHostStack = 512 * 1024;
    pthread_attr_setstacksize(&attributes, kHostStack);
    process.threads++;
    pthread_t id;
    int error = pthread_create(&id, &attributes, thread_main, &start);
    pthread_attr_destroy(&attributes);
    if (error == 0) process.actions.take_back();
    if (error == 0) {
        while (start.tid.load(std::memory_order_acquire) == 0) {
            syscall(SYS_futex, &start.tid, FUTEX_WAIT_PRIVATE, 0, nullptr, nullptr, 0);
        }
    } else {
        process.threads--;
    }
    int tid = start.tid.load();
    pthread_sigmask(SIG_SETMASK, &old, nullptr);
    return error == 0 ? tid : -EAGAIN;
}

// --- processes

// fork() through the C library, whose locks are then right in the child.
int64_t fork_process(GuestThread& t, uint64_t flags, const SyscallArgs& a) {
    Process& process = t.process;
    int wait_pipe[2] = {-1, -1};
    bool vfork = (flags & CLONE_VFORK) != 0;
    sigset_t all = host_mask(~uint64_t{0}), old;
    pthread_sigmask(SIG_SETMASK, &all, &old);
    if (t.signals.pending !=
        0) {  // the parent's: it is delivered first, so that no child inherits it
        pthread_sigmask(SIG_SETMASK, &old, nullptr);
        return -kRestart;
    }
    if (vfork && pipe2(wait_pipe, O_CLOEXEC) != 0) {
        int64_t failure = -errno;
        pthread_sigmask(SIG_SETMASK, &old, nullptr);
        return failure;
    }
    for (int& fd : wait_pipe) fd = vfork ? private_descriptor(fd) : fd;
    std::fflush(process.log_file);
    int64_t result = -ENOMEM;
    std::unique_lock trace = hold_trace();
    if (process.engine->prepare_fork()) {
        pid_t pid = fork();
        result = pid < 0 ? -errno : pid;
        bool child = pid == 0;
        if (!process.engine->after_fork(child, *t.cpu) && child) _exit(127);
        if (child) {
            process.threads = 1;
            process.leader = &t;
            int tid = gettid_raw();
            if ((flags & CLONE_CHILD_SETTID) != 0) write_guest(a[4], tid);
            t.clear_child_tid = (flags & CLONE_CHILD_CLEARTID) != 0 ? a[4] : 0;
            if ((flags & CLONE_SETTLS) != 0) t.state().tpidr_el0 = a[3];
            if (a[1] != 0) t.state().sp = a[1];
        } else if (pid > 0 && (flags & CLONE_PARENT_SETTID) != 0) {
            int tid = pid;
            write_guest(a[2], tid);
        }
    }
    trace.unlock();
    pthread_sigmask(SIG_SETMASK, &old, nullptr);
    if (vfork && result != 0) {
        // The child's end closes when it calls execve or exits.
        close(wait_pipe[1]);
        char byte;
        while (result > 0 && read(wait_pipe[0], &byte, 1) < 0 && errno == EINTR) {
        }
        close(wait_pipe[0]);
    } else if (vfork) {
        close(wait_pipe[0]);
    }
    return result;
}

// --- execve

bool read_string_list(uint64_t at, std::vector<std::string>& list) {
    constexpr size_t kMost = 1 << 16, kLongest = 1 << 17;
    for (; at != 0; at += 8) {
        uint64_t item;
        if (!read_guest(at, item)) return false;
        if (item == 0) return true;
        std::string text;
        if (list.size() == kMost || !read_guest_string(item, kLongest, text)) return false;
        list.push_back(std::move(text));
    }
    return true;
}

// Why a path could not be read: not there, or too long.
int64_t path_error(uint64_t at) {
    char text[PATH_MAX];
    return copy_from_guest(text, at, sizeof text) ? -ENAMETOOLONG : -EFAULT;
}

enum class FileKind { guest, script, other };

FileKind look_at(const std::string& path, std::string& interpreter, std::string& argument) {
    int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return FileKind::other;
    char head[256] = {};
    ssize_t n = read(fd, head, sizeof head - 1);
    close(fd);
    Elf64_Ehdr elf;
    if (n >= static_cast<ssize_t>(sizeof elf)) {
        std::memcpy(&elf, head, sizeof elf);
        if (std::memcmp(elf.e_ident, ELFMAG, SELFMAG) == 0) {
            return elf.e_machine == EM_AARCH64 ? FileKind::guest : FileKind::other;
        }
    }
    if (n < 2 || head[0] != '#' || head[1] != '!') return FileKind::other;
    std::string line(head + 2, strcspn(head + 2, "\n"));
    size_t begin = line.find_first_not_of(" \t");
    if (begin == std::string::npos) return FileKind::other;
    size_t end = line.find_first_of(" \t", begin);
    interpreter = line.substr(begin, end == std::string::npos ? end : end - begin);
    if (end == std::string::npos) return FileKind::script;
    size_t rest = line.find_first_not_of(" \t", end), last = line.find_last_not_of(" \t");
    if (rest != std::string::npos) argument = line.substr(rest, last + 1 - rest);
    return FileKind::script;
}

std::vector<char*> pointers(std::vector<std::string>& list) {
    std::vector<char*> result;
    for (std::string& text : list) result.push_back(text.data());
    result.push_back(nullptr);
    return result;
}

// What argv and path to give the host's execve so that the file runs: itself, or under us.
bool resolve(const Process& process, std::string& path, std::vector<std::string>& argv) {
    constexpr int kMostScripts = 5;
    for (int depth = 0; depth < kMostScripts; depth++) {
        std::string interpreter, argument;
        FileKind kind = look_at(path, interpreter, argument);
        if (kind == FileKind::other) return true;
        if (kind == FileKind::guest) {
            std::vector<std::string> line{"pydbt-aarch64"};
            for (std::string& option : process.options.command_line()) line.push_back(option);
            line.insert(line.end(), {"-0", argv.empty() ? path : argv[0], "--", path});
            if (argv.size() > 1) line.insert(line.end(), argv.begin() + 1, argv.end());
            argv = std::move(line);
            path = "/proc/self/exe";
            return true;
        }
        if (access(path.c_str(), X_OK) != 0) return true;
        std::vector<std::string> line{interpreter};
        if (!argument.empty()) line.push_back(argument);
        line.push_back(path);
        if (argv.size() > 1) line.insert(line.end(), argv.begin() + 1, argv.end());
        argv = std::move(line);
        path = interpreter;
    }
    return false;
}

}  // namespace

int64_t sys_clone(GuestThread& t, const SyscallArgs& a) {
    uint64_t flags = a[0];
    if ((flags & CLONE_THREAD) != 0) {
        constexpr uint64_t kNeeded = CLONE_VM | CLONE_SIGHAND;
        if ((flags & kNeeded) != kNeeded) return -EINVAL;
        return clone_thread(t, flags, a);
    }
    constexpr uint64_t kServed = CLONE_VM | CLONE_VFORK | CLONE_CHILD_SETTID |
                                 CLONE_CHILD_CLEARTID | CLONE_PARENT_SETTID | CLONE_SETTLS | 0xff;
    bool shares = (flags & CLONE_VM) != 0 && (flags & CLONE_VFORK) == 0;
    if ((flags & ~kServed) != 0 || shares || (flags & 0xff) != SIGCHLD) return -EINVAL;
    return fork_process(t, flags, a);
}

int64_t sys_execve(GuestThread& t, const SyscallArgs& a) {
    std::string path;
    std::vector<std::string> argv, envp;
    if (!read_guest_string(a[0], PATH_MAX, path)) return path_error(a[0]);
    if (!read_string_list(a[1], argv) || !read_string_list(a[2], envp)) return -EFAULT;
    if (path == "/proc/self/exe") path = t.process.program;
    if (access(path.c_str(), X_OK) != 0) return -errno;
    if (!resolve(t.process, path, argv)) return -ELOOP;
    if (t.process.options.strace) trace_leave(t.process);
    SyscallArgs host = {reinterpret_cast<uint64_t>(path.c_str())};
    std::vector<char*> arguments = pointers(argv), environment = pointers(envp);
    host[1] = reinterpret_cast<uint64_t>(arguments.data());
    host[2] = reinterpret_cast<uint64_t>(environment.data());
    return host_syscall(t, SYS_execve, host);
}

int64_t sys_exit(GuestThread& t, const SyscallArgs& a) {
    t.exiting = true;
    if (&t == t.process.leader) t.process.leader_status = static_cast<int>(a[0]) & 0xff;
    bool main = &t == t.process.main_thread.get();
    if (main) {
        end_thread(t);
        if (t.process.threads.fetch_sub(1) == 1) t.process.exit(t.process.leader_status);
    }
    return 0;
}

int64_t sys_exit_group(GuestThread& t, const SyscallArgs& a) {
    t.process.exit(static_cast<int>(a[0]) & 0xff);
}

int64_t sys_set_tid_address(GuestThread& t, const SyscallArgs& a) {
    t.clear_child_tid = a[0];
    return gettid_raw();
}

int64_t sys_set_robust_list(GuestThread& t, const SyscallArgs& a) {
    return host_syscall(t, SYS_set_robust_list, a);
}

int64_t sys_uname(GuestThread&, const SyscallArgs& a) {
    utsname name;
    if (uname(&name) != 0) return -errno;
    std::strcpy(name.machine, "aarch64");
    return copy_to_guest(a[0], &name, sizeof name) ? 0 : -EFAULT;
}

int64_t sys_personality(GuestThread& t, const SyscallArgs& a) {
    // READ_IMPLIES_EXEC and its like would change our own mappings too.
    constexpr uint64_t kQuery = 0xffffffff, kLinux = 0;
    if (a[0] == kQuery) return host_syscall(t, SYS_personality, a);
    return (a[0] & 0xff) == kLinux ? 0 : -EINVAL;
}

int64_t sys_prctl(GuestThread& t, const SyscallArgs& a) {
    constexpr int kSveGetVl = 51, kSveSetVl = 50, kSetTaggedAddress = 55, kGetTaggedAddress = 56;
    switch (static_cast<int>(a[0])) {
        case PR_SET_SECCOMP:
        case PR_SET_MM:
        case kSveGetVl:
        case kSveSetVl: return -EINVAL;
        case kSetTaggedAddress:
            if (a[1] > 1 || a[2] != 0 || a[3] != 0 || a[4] != 0) return -EINVAL;  // no MTE
            t.process.tagged_addresses = a[1] != 0;
            return 0;
        case kGetTaggedAddress: return t.process.tagged_addresses ? 1 : 0;
        default: return host_syscall(t, SYS_prctl, a);
    }
}

// A limit on memory would hit the translator, not the guest; such limits are kept apart.
int64_t sys_setrlimit(GuestThread& t, const SyscallArgs& a) {
    if (a[0] == RLIMIT_AS || a[0] == RLIMIT_DATA || a[0] == RLIMIT_STACK) return 0;
    return host_syscall(t, SYS_setrlimit, a);
}

int64_t sys_prlimit64(GuestThread& t, const SyscallArgs& a) {
    bool ours = a[1] == RLIMIT_AS || a[1] == RLIMIT_DATA || a[1] == RLIMIT_STACK;
    if (a[2] == 0 || !ours) return host_syscall(t, SYS_prlimit64, a);
    SyscallArgs query = a;
    query[2] = 0;
    return host_syscall(t, SYS_prlimit64, query);
}

}  // namespace pydbt::usermode
