// What GDB's stub debugs: user mode's processes, or system mode's processors.
//
// Owns: the Target interface and its words. Must not know: packets, processes, machines.
//
// All threads stop and go together. Between a stop that next_stop() has told and resume(), no
// thread runs and everything here may be asked; signals are in GDB's numbers.
#pragma once

#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "translator/a64/features.hpp"
#include "translator/base/state.gen.hpp"

namespace pydbt::gdbstub {

/// 0: any; kAll: all.
struct ThreadId {
    int64_t pid = 0, tid = 0;
    bool operator==(const ThreadId&) const = default;
};
inline constexpr int64_t kAll = -1;
bool matches(const ThreadId& pattern, const ThreadId& thread);

/// The Z packets, by their digit.
enum class PointKind : uint8_t { software, hardware, write, read, access };

/// GDB's numbers of signals that the stub itself speaks of.
inline constexpr int kSigint = 2, kSigtrap = 5;

struct Stop {
    enum class Kind : uint8_t {
        signal,
        point,  // `point` and, for a watchpoint, `address`
        syscall_entry,
        syscall_return,
        fork,  // `child`
        vfork,
        vfork_done,
        exec,     // `text` is the program's path
        foreign,  // of another stub's process: `text` is what it says
        exited,   // of the process, with `number`
        killed,   // of the process, by `signal`
    };
    Kind kind = Kind::signal;
    ThreadId thread;
    int signal = kSigtrap;
    PointKind point = PointKind::software;
    uint64_t address = 0;
    uint64_t number = 0;  // of the call; the exit status
    ThreadId child;
    std::string text;
    bool is_end() const { return kind == Kind::exited || kind == Kind::killed; }
};

struct Resume {
    enum class Kind : uint8_t { stay, go, step };
    Kind kind = Kind::stay;
    int signal = 0;               // delivered first; 0: none
    uint64_t begin = 0, end = 0;  // steps are made while pc is inside
};

/// The first action whose thread matches counts.
struct Action {
    ThreadId thread;
    Resume resume;
};
Resume resume_of(const std::vector<Action>& actions, const ThreadId& thread);

/// Files of the target, for GDB's "target:" file system. Results are GDB's: what the call gives, or
/// a negated error number of its File-I/O protocol.
class Files {
   public:
    virtual ~Files() = default;
    virtual int64_t open(const std::string& path, uint64_t flags, uint64_t mode) = 0;
    virtual int64_t close(uint64_t fd) = 0;
    virtual int64_t read(uint64_t fd, uint64_t bytes, uint64_t offset, std::string& data) = 0;
    virtual int64_t write(uint64_t fd, uint64_t offset, std::string_view data) = 0;
    /// `data` is GDB's struct stat.
    virtual int64_t stat(uint64_t fd, std::string& data) = 0;
    virtual int64_t unlink(const std::string& path) = 0;
    virtual int64_t read_link(const std::string& path, std::string& target) = 0;
};

/// What the client understands, that the target has to know.
struct Wishes {
    bool fork_events = false, vfork_events = false, exec_events = false;
    bool operator==(const Wishes&) const = default;
};

class Target {
   public:
    virtual ~Target() = default;

    virtual const a64::Features& features() const = 0;
    virtual void wish(const Wishes& wishes) = 0;

    virtual std::vector<ThreadId> threads() = 0;
    virtual std::string thread_name(const ThreadId& thread) = 0;

    /// Null when there is no such thread or, `to_write`, it cannot be changed now.
    virtual base::CpuState* registers(const ThreadId& thread, bool to_write) = 0;
    /// How many bytes from `address` on could be read; all or nothing is written.
    virtual size_t read_memory(const ThreadId& thread, uint64_t address, std::span<char> data) = 0;
    virtual bool write_memory(const ThreadId& thread, uint64_t address, std::string_view data) = 0;
    /// False when it cannot be, or is not there.
    virtual bool set_point(PointKind kind, uint64_t address, uint64_t bytes) = 0;
    virtual bool clear_point(PointKind kind, uint64_t address, uint64_t bytes) = 0;

    virtual void resume(const std::vector<Action>& actions) = 0;
    /// Asks for a stop, which next_stop() tells: a signal's, kSigint.
    virtual void interrupt() = 0;
    /// Whether the threads have stopped, and why. False while they run.
    virtual bool next_stop(Stop& stop) = 0;
    /// Lets go of a process; 0: of all.
    virtual void detach(int64_t pid) = 0;
    virtual bool kill(int64_t pid) = 0;

    /// qXfer objects but for those the stub makes itself: auxv, exec-file, siginfo, memory-map.
    /// False when there is no such object.
    virtual bool read_object(const ThreadId& thread, std::string_view name, std::string& data) = 0;
    virtual bool write_object(const ThreadId& thread, std::string_view name, uint64_t offset,
                              std::string_view data) = 0;
    /// Null when the target has no files.
    virtual Files* files() = 0;

    /// Whether there are signals and system calls; the next two are for those.
    virtual bool has_processes() const = 0;
    /// Signals that need no stop.
    virtual void pass_signals(const std::set<int>& signals) = 0;
    /// Calls whose begin and end are stops; without numbers, all.
    virtual void catch_syscalls(bool on, const std::set<uint64_t>& numbers) = 0;

    /// A process that another stub serves: has it answer a packet. False when `pid` is none such.
    virtual bool forward(int64_t pid, const std::string& packet, std::string& reply) = 0;
};

}  // namespace pydbt::gdbstub
