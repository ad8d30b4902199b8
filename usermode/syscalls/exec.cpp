// New programs: execve, execveat.
//
// Owns: these calls, and what becomes of a file that they run: a guest's program or a script goes
// to this launcher again, anything else to the host's kernel. Must not know: how programs are
// loaded.
#include <elf.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <tuple>
#include <vector>

#include "usermode/debug/forks.hpp"
#include "usermode/loader/proc_files.hpp"
#include "usermode/memory/guest_memory.hpp"
#include "usermode/options/options.hpp"
#include "usermode/process.hpp"
#include "usermode/strace/strace.hpp"
#include "usermode/syscalls/kept.hpp"
#include "usermode/syscalls/table.gen.hpp"

namespace pydbt::usermode {
namespace {

constexpr const char* kLauncher = "/proc/self/exe";

// What the kernel gives arguments and environment together, the pointers to them included
// (bprm_stack_limits() of fs/exec.c).
uint64_t argument_room(const GuestThread& t) {
    constexpr uint64_t kLeast = 128 << 10, kMost = 6 << 20;
    rlimit stack = t.group->kept.stack.value;
    if (!t.group->kept.stack.set) getrlimit(RLIMIT_STACK, &stack);
    return std::clamp(stack.rlim_cur / 4, kLeast, kMost);
}

// Takes what it reads out of `room`. 0 or a negated errno.
int64_t read_string_list(uint64_t at, std::vector<std::string>& list, uint64_t& room) {
    constexpr size_t kLongest = 1 << 17;  // MAX_ARG_STRLEN
    for (; at != 0; at += 8) {
        uint64_t item;
        if (!read_guest(at, item)) return -EFAULT;
        if (item == 0) return 0;
        std::string text;
        if (!read_guest_string(item, kLongest, text)) {
            return text.size() == kLongest ? -E2BIG : -EFAULT;
        }
        uint64_t taken = text.size() + 1 + sizeof item;
        if (taken > room) return -E2BIG;
        room -= taken;
        list.push_back(std::move(text));
    }
    return 0;
}

// Why a path could not be read: not there, or too long.
int64_t path_error(uint64_t at) {
    char text[PATH_MAX];
    return copy_from_guest(text, at, sizeof text) ? -ENAMETOOLONG : -EFAULT;
}

enum class FileKind { guest, script, other };

FileKind look_at(const std::string& path, std::string& interpreter, std::string& argument) {
    int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // it may be a FIFO
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

// The launcher has no privilege to give to a set-id program; the kernel can run the launcher with
// it where binfmt_misc knows us (flag C). So it does where there is no path to the launcher.
bool is_for_kernel(const GuestThread& t, const std::string& path) {
    struct stat info;
    if (!t.group->kept.by_kernel || stat(path.c_str(), &info) != 0) return false;
    bool set_id = (info.st_mode & S_ISUID) != 0 ||
                  ((info.st_mode & S_ISGID) != 0 && (info.st_mode & S_IXGRP) != 0);
    return set_id || (access(kLauncher, X_OK) != 0 && t.process.launcher_fd < 0);
}

// What argv and path to give the host's execve so that the file runs: itself, or under us.
// `named`: how the program is named, if not by its path.
bool resolve(const GuestThread& t, std::string& path, std::string named,
             std::vector<std::string>& argv) {
    const Process& process = t.process;
    const auto given = std::tuple(path, argv);
    constexpr int kMostScripts = 5;
    for (int depth = 0; depth < kMostScripts; depth++) {
        std::string interpreter, argument;
        FileKind kind = look_at(path, interpreter, argument);
        if (kind == FileKind::other) return true;
        if (kind == FileKind::guest && is_for_kernel(t, path)) {
            // It reads scripts, too, but not below -L.
            if (process.options.prefix.empty()) std::tie(path, argv) = given;
            return true;
        }
        if (kind == FileKind::guest) {
            std::vector<std::string> line{"pydbt-aarch64"};
            for (std::string& option : process.options.command_line()) line.push_back(option);
            if (!named.empty()) line.insert(line.end(), {"--execfn", named});
            line.insert(line.end(), {"-0", argv.empty() ? path : argv[0], "--", path});
            if (argv.size() > 1) line.insert(line.end(), argv.begin() + 1, argv.end());
            argv = std::move(line);
            path = kLauncher;
            return true;
        }
        if (access(path.c_str(), X_OK) != 0) return true;
        std::string script = shown_path(process, path);
        if (depth == 0 && !named.empty()) script = named;
        if (named.empty()) named = script;
        std::vector<std::string> line{interpreter};
        if (!argument.empty()) line.push_back(argument);
        line.push_back(script);
        if (argv.size() > 1) line.insert(line.end(), argv.begin() + 1, argv.end());
        argv = std::move(line);
        path = host_path(process, interpreter);
    }
    return false;
}

// What runs: a path that we can open, and the arguments of the host's execveat if the host is to
// run it.
struct Target {
    int folder;
    std::string path;    // relative to the folder
    std::string opened;  // the same for open(2)
    int flags;
    std::string named{};  // what the program is told, if that is not `path`
};

int64_t find_target(GuestThread& t, Target& target) {
    target.opened = target.path;
    bool relative = target.path.empty() || target.path[0] != '/';
    if (target.path.empty() && target.folder == AT_FDCWD) return -EACCES;  // a folder
    if (relative && target.folder != AT_FDCWD) {
        if (fcntl(target.folder, F_GETFD) < 0) return -EBADF;
        std::string folder = "/proc/self/fd/" + std::to_string(target.folder);
        target.opened = target.path.empty() ? folder : folder + "/" + target.path;
    }
    if (target.path == "/proc/self/exe") target.path = target.opened = t.process.program;
    struct stat link;
    if ((target.flags & AT_SYMLINK_NOFOLLOW) != 0 && !target.path.empty() &&
        lstat(target.opened.c_str(), &link) == 0 && S_ISLNK(link.st_mode)) {
        return -ELOOP;
    }
    std::string followed = target.opened;
    if (follow_to_prefix(t.process, followed)) {
        target.named = target.opened;
        target.path = target.opened = followed;
    }
    if (access(target.opened.c_str(), X_OK) != 0) return -errno;
    return stat(target.opened.c_str(), &link) == 0 && !S_ISREG(link.st_mode) ? -EACCES : 0;
}

// The program begins with the signals ignored that this one ignores; fault signals have our handler
// on the host. Actions that another process shares are left alone: they would stay its own.
class FaultsIgnored {
   public:
    explicit FaultsIgnored(GuestThread& thread) : actions_(thread.group->actions) {
        if (alone()) actions_->ignore_faults(true);
    }
    ~FaultsIgnored() {
        if (alone()) actions_->ignore_faults(false);
    }
    FaultsIgnored(const FaultsIgnored&) = delete;
    FaultsIgnored& operator=(const FaultsIgnored&) = delete;

   private:
    bool alone() const { return actions_.use_count() == 2; }  // the group's and this
    std::shared_ptr<SignalActions> actions_;
};

uint64_t address(const void* p) { return reinterpret_cast<uint64_t>(p); }

// Runs what resolve() made of a file. A descriptor that is the program itself may be closed by the
// execve, so the launcher gets one of its own.
int64_t run_by_path(GuestThread& t, const Target& target, std::string path,
                    std::vector<std::string>& argv, std::vector<std::string>& envp) {
    KeptDescriptors kept;
    int inherit = -1;
    bool ours = path == kLauncher;
    if (ours && target.path.empty()) {
        kept.program = dup(target.folder);
        if (kept.program < 0) return -errno;
        for (std::string& word : argv) {
            if (word == target.opened) word = "/proc/self/fd/" + std::to_string(kept.program);
        }
    }
    if (ours && t.process.launcher_fd >= 0) {
        kept.launcher = dup(t.process.launcher_fd);
        path.clear();  // that descriptor itself
    }
    if (ours && t.process.trace_fd >= 0) kept.trace = dup(t.process.trace_fd);
    TraceHandover traced;
    if (ours) traced = leave_for_exec(t);
    kept.tracer_memory = traced.memory_fd;
    kept.tracer_event = traced.event_fd;
    kept.tracer_slot = traced.slot;
    int64_t result = ours ? send_kept(t.group->kept, t.seccomp, kept, inherit) : 0;
    if (inherit >= 0) argv.insert(argv.begin() + 1, {"--inherit", std::to_string(inherit)});
    DebuggedExec debugged(t, ours && result == 0);
    if (debugged.fd() >= 0) {
        argv.insert(argv.begin() + 1, {"--debug-fd", std::to_string(debugged.fd())});
    }
    std::vector<char*> arguments = pointers(argv), environment = pointers(envp);
    if (result == 0) {
        FaultsIgnored ignored(t);
        int64_t folder = kept.launcher >= 0 ? kept.launcher : AT_FDCWD;
        result =
            host_syscall(t, SYS_execveat,
                         {static_cast<uint64_t>(folder), address(path.c_str()),
                          address(arguments.data()), address(environment.data()), AT_EMPTY_PATH});
    }
    come_back_from_exec(traced);
    for (int fd : {kept.program, kept.launcher, kept.trace, inherit}) {
        if (fd >= 0) close(fd);
    }
    return result;
}

}  // namespace

int64_t sys_execve(GuestThread& t, const SyscallArgs& a) {
    constexpr auto kHere = static_cast<uint64_t>(AT_FDCWD);
    return sys_execveat(t, {kHere, a[0], a[1], a[2], 0});
}

int64_t sys_execveat(GuestThread& t, const SyscallArgs& a) {
    constexpr uint64_t kCheck = 0x10000;  // AT_EXECVE_CHECK, Linux 6.14
    constexpr uint64_t kFlags = AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW;
    if ((a[4] & kCheck) != 0) return host_syscall(t, SYS_execveat, a);
    Target target{static_cast<int>(a[0]), {}, {}, static_cast<int>(a[4])};
    std::vector<std::string> argv, envp;
    if (!read_guest_string(a[1], PATH_MAX, target.path)) return path_error(a[1]);
    if (target.path.empty() && (target.flags & AT_EMPTY_PATH) == 0) return -ENOENT;
    if ((a[4] & 0xffff'ffff & ~kFlags) != 0) return -EINVAL;
    uint64_t room = argument_room(t);
    int64_t failure = read_string_list(a[2], argv, room);
    if (failure == 0) failure = read_string_list(a[3], envp, room);
    if (failure == 0) failure = find_target(t, target);
    if (failure != 0) return failure;
    std::string path = target.opened;
    if (!resolve(t, path, target.named, argv)) return -ELOOP;
    if (t.process.options.strace) trace_leave(t.process);
    if (path == target.opened) {  // the host's own
        std::vector<char*> arguments = pointers(argv), environment = pointers(envp);
        FaultsIgnored ignored(t);
        return host_syscall(t, SYS_execveat,
                            {a[0], address(target.path.c_str()), address(arguments.data()),
                             address(environment.data()), a[4]});
    }
    return run_by_path(t, target, path, argv, envp);
}

}  // namespace pydbt::usermode
