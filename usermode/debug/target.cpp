#include "usermode/debug/target.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <utility>

#include "usermode/debug/link.hpp"
#include "usermode/loader/proc_files.hpp"
#include "usermode/memory/guest_memory.hpp"
#include "usermode/options/options.hpp"
#include "usermode/process.hpp"

namespace pydbt::usermode {

using gdbstub::PointKind;
using gdbstub::Stop;
using gdbstub::ThreadId;

Debugger& ProcessTarget::debugger() { return *process_.debugger; }
const a64::Features& ProcessTarget::features() const { return process_.options.cpu.features(); }
void ProcessTarget::wish(const gdbstub::Wishes& wishes) { debugger().wishes = wishes; }

std::vector<ThreadId> ProcessTarget::threads() {
    std::vector<ThreadId> ids;
    auto lock = debugger().lock();
    for (auto& thread : debugger().threads()) ids.push_back(thread->id);
    lock.unlock();
    for (LinkedProcess& linked : linked_) {
        std::string text;
        if (linked.running || !ask(linked, "qfThreadInfo", text)) continue;
        // mpPID.TID,...
        gdbstub::Cursor cursor(text);
        while (cursor.skip("m") || cursor.skip(",")) {
            uint64_t pid, tid;
            if (!cursor.skip("p") || !cursor.number(pid) || !cursor.skip(".") ||
                !cursor.number(tid)) {
                break;
            }
            ids.push_back({static_cast<int64_t>(pid), static_cast<int64_t>(tid)});
        }
    }
    return ids;
}

std::string ProcessTarget::thread_name(const ThreadId& thread) {
    std::string path =
        "/proc/" + std::to_string(thread.pid) + "/task/" + std::to_string(thread.tid) + "/comm";
    char text[64] = {};
    int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
    if (fd >= 0) close(fd);
    return std::string(text, n > 0 ? static_cast<size_t>(n) - 1 : 0);  // it ends a line
}

base::CpuState* ProcessTarget::registers(const ThreadId& thread, bool to_write) {
    auto lock = debugger().lock();
    DebuggedThread* found = debugger().find(thread);
    if (found == nullptr) return nullptr;
    if (to_write && !debugger().break_call(lock, *found)) return nullptr;
    return &found->thread->state();
}

// --- memory -------------------------------------------------------------------------------------

namespace {

// The kernel's way past protections, as its own ptrace has. It is the calling thread's, whose
// memory is the guest's.
class MemoryFile {
   public:
    explicit MemoryFile(int flags) : fd_(open("/proc/thread-self/mem", flags | O_CLOEXEC)) {}
    ~MemoryFile() {
        if (fd_ >= 0) close(fd_);
    }
    MemoryFile(const MemoryFile&) = delete;
    MemoryFile& operator=(const MemoryFile&) = delete;
    int fd() const { return fd_; }

   private:
    int fd_;
};

// How much from `address` on is the guest's.
size_t owned(const AddressSpace& memory, uint64_t address, size_t bytes) {
    if (address >= kAddressLimit) return 0;
    uint64_t end = std::min(address + bytes, kAddressLimit), at = address;
    for (const GuestRange& range : memory.ranges_in(page_down(address), page_up(end))) {
        if (range.begin > at) break;
        at = std::max(at, std::min(range.end, end));
    }
    return at - address;
}

}  // namespace

size_t ProcessTarget::read_memory(const ThreadId&, uint64_t address, std::span<char> data) {
    address = untag(address);
    MemoryFile file(O_RDONLY);
    size_t wanted = owned(process_.memory, address, data.size()), done = 0;
    while (done < wanted) {
        ssize_t n =
            pread(file.fd(), data.data() + done, wanted - done, static_cast<off_t>(address + done));
        if (n <= 0) break;
        done += static_cast<size_t>(n);
    }
    return done;
}

bool ProcessTarget::write_memory(const ThreadId&, uint64_t address, std::string_view data) {
    address = untag(address);
    if (owned(process_.memory, address, data.size()) != data.size()) return false;
    MemoryFile file(O_WRONLY);
    size_t done = 0;
    while (done < data.size()) {
        ssize_t n = pwrite(file.fd(), data.data() + done, data.size() - done,
                           static_cast<off_t>(address + done));
        if (n <= 0) break;
        done += static_cast<size_t>(n);
    }
    process_.memory.changed(address, data.size());
    return done == data.size();
}

bool ProcessTarget::set_point(PointKind kind, uint64_t address, uint64_t bytes) {
    address = untag(address);
    size_t least = kind >= PointKind::write ? bytes : sizeof(uint32_t);
    if (owned(process_.memory, address, least) != least) return false;
    return debugger().set_point(kind, address, bytes);
}

bool ProcessTarget::clear_point(PointKind kind, uint64_t address, uint64_t bytes) {
    return debugger().clear_point(kind, untag(address), bytes);
}

// --- running ------------------------------------------------------------------------------------

namespace {

// The actions for threads of a process, as vCont has them.
std::string encode(const std::vector<gdbstub::Action>& actions, int64_t pid) {
    std::string text;
    for (const gdbstub::Action& action : actions) {
        const gdbstub::Resume& r = action.resume;
        if ((action.thread.pid > 0 && action.thread.pid != pid) ||
            r.kind == gdbstub::Resume::Kind::stay) {
            continue;
        }
        bool step = r.kind == gdbstub::Resume::Kind::step;
        text += text.empty() ? "vCont;" : ";";
        if (r.end != 0) {
            text += "r";
            gdbstub::append_hex(text, r.begin);
            text += ",";
            gdbstub::append_hex(text, r.end);
        } else if (r.signal != 0) {
            text += step ? "S" : "C";
            gdbstub::append_hex(text, static_cast<uint64_t>(r.signal));
        } else {
            text += step ? "s" : "c";
        }
        if (action.thread.tid > 0) {
            text += ":p";
            gdbstub::append_hex(text, static_cast<uint64_t>(pid));
            text += ".";
            gdbstub::append_hex(text, static_cast<uint64_t>(action.thread.tid));
        }
    }
    return text;
}

}  // namespace

LinkedProcess* ProcessTarget::find_linked(int64_t pid) {
    for (LinkedProcess& linked : linked_) {
        if (linked.pid == pid) return &linked;
    }
    return nullptr;
}

bool ProcessTarget::ask(LinkedProcess& linked, std::string_view packet, std::string& reply) {
    LinkMessage message;
    if (!send_message(linked.fd, LinkMessage::Kind::request, packet) ||
        !receive_message(linked.fd, message)) {
        return false;
    }
    reply = std::move(message.text);
    return message.kind == LinkMessage::Kind::reply;
}

void ProcessTarget::resume(const std::vector<gdbstub::Action>& actions) {
    if (!kept_.empty()) {  // it comes first
        debugger().poke();
        return;
    }
    for (LinkedProcess& linked : linked_) {
        std::string text = encode(actions, linked.pid), reply;
        if (!text.empty()) linked.running = ask(linked, text, reply);
    }
    auto lock = debugger().lock();
    debugger().resume(lock, actions);
}

void ProcessTarget::interrupt() {
    for (LinkedProcess& linked : linked_) {
        if (linked.running) send_message(linked.fd, LinkMessage::Kind::interrupt, {});
    }
    auto lock = debugger().lock();
    if (debugger().threads().empty()) return;
    Stop stop;
    stop.signal = gdbstub::kSigint;
    stop.thread = debugger().threads().front()->id;
    debugger().request_stop(stop);
}

// A stop of a process that another stub serves, which is told as that stub says it.
bool ProcessTarget::take_linked_stop(LinkedProcess& linked, Stop& stop) {
    LinkMessage message;
    bool there = receive_message(linked.fd, message);
    linked.running = false;
    stop.kind = Stop::Kind::foreign;
    stop.text = message.text;
    stop.thread = {linked.pid, 0};
    bool ended = !there || message.text.starts_with("W") || message.text.starts_with("X");
    if (!there) {  // killed, and nobody is left to say so
        stop.text = "X09;process:";
        gdbstub::append_hex(stop.text, static_cast<uint64_t>(linked.pid));
    }
    if (ended) close(std::exchange(linked.fd, -1));
    return true;
}

void ProcessTarget::drop_ended() {
    std::erase_if(linked_, [](const LinkedProcess& linked) { return linked.fd < 0; });
}

// One has stopped: the others do. What they meet meanwhile is told later.
void ProcessTarget::stop_all() {
    Stop stop;
    stop.signal = gdbstub::kSigint;
    for (LinkedProcess& linked : linked_) {
        if (!linked.running) continue;
        send_message(linked.fd, LinkMessage::Kind::interrupt, {});
        Stop other;
        take_linked_stop(linked, other);
        if (!other.text.starts_with("T02")) kept_.push_back(other);
    }
    auto lock = debugger().lock();
    if (!debugger().threads().empty()) stop.thread = debugger().threads().front()->id;
    while (!debugger().stands()) {
        debugger().request_stop(stop);
        Stop other;
        bool taken = debugger().take_stop(lock, other);
        bool asked = other.kind == Stop::Kind::signal && other.signal == gdbstub::kSigint;
        if (taken && !asked) kept_.push_back(other);
    }
}

// A child's end comes before what its parent meets then, which has waited for it.
bool ProcessTarget::next_stop(Stop& stop) {
    bool found = !kept_.empty();
    if (found) {
        stop = kept_.front();
        kept_.pop_front();
    }
    for (LinkedProcess& linked : linked_) {
        pollfd readable{linked.fd, POLLIN, 0};
        if (found || !linked.running || poll(&readable, 1, 0) <= 0) continue;
        found = take_linked_stop(linked, stop);
    }
    {
        auto lock = debugger().lock();
        if (!found) found = debugger().take_stop(lock, stop);
        for (LinkedProcess& child : debugger().take_forked()) linked_.push_back(child);
    }
    if (!found) return false;
    stop_all();
    drop_ended();
    if (stop.is_end()) ended_ = stop.thread.pid;
    return true;
}

bool ProcessTarget::has_own() {
    auto lock = debugger().lock();
    return !debugger().threads().empty();
}

bool ProcessTarget::last_ends() {
    auto lock = debugger().lock();
    auto& threads = debugger().threads();
    return std::all_of(threads.begin(), threads.end(),
                       [&](auto& thread) { return thread->id.pid == ended_; });
}

bool ProcessTarget::stands() {
    auto lock = debugger().lock();
    return debugger().stands();
}

void ProcessTarget::acknowledge_end() {
    int64_t pid = std::exchange(ended_, 0);
    if (pid == 0) return;
    auto lock = debugger().lock();
    debugger().release(pid);
    debugger().acknowledge_end();
}

void ProcessTarget::detach(int64_t pid) {
    for (LinkedProcess& linked : linked_) {
        if (pid != 0 && pid != linked.pid) continue;
        std::string reply;
        ask(linked, "D", reply);
        close(std::exchange(linked.fd, -1));
    }
    drop_ended();
    auto lock = debugger().lock();
    debugger().release(pid);
    bool empty = debugger().threads().empty();
    lock.unlock();
    // A child of vfork has the memory, and so the breakpoints, in common with its parent.
    if (empty) debugger().clear_all_points();
}

bool ProcessTarget::kill(int64_t pid) {
    for (LinkedProcess& linked : linked_) {
        if (pid != 0 && pid != linked.pid) continue;
        ::kill(static_cast<pid_t>(linked.pid), SIGKILL);
        close(std::exchange(linked.fd, -1));
        if (pid != 0) {
            drop_ended();
            return true;
        }
    }
    auto lock = debugger().lock();
    auto& threads = debugger().threads();
    bool any = pid == 0 || std::any_of(threads.begin(), threads.end(),
                                       [&](auto& thread) { return thread->id.pid == pid; });
    if (any) ::kill(pid == 0 ? getpid() : static_cast<pid_t>(pid), SIGKILL);
    return any;
}

void ProcessTarget::pass_signals(const std::set<int>& signals) {
    debugger().passed_signals = signals;
}

void ProcessTarget::catch_syscalls(bool on, const std::set<uint64_t>& numbers) {
    debugger().catch_calls = on;
    debugger().caught_calls = numbers;
}

bool ProcessTarget::forward(int64_t pid, const std::string& packet, std::string& reply) {
    LinkedProcess* linked = find_linked(pid);
    if (linked == nullptr) return false;
    if (!ask(*linked, packet, reply)) reply = gdbstub::error_text("the process is gone");
    return true;
}

// --- objects ------------------------------------------------------------------------------------

siginfo_t* ProcessTarget::signal_info(const ThreadId& thread) {
    auto lock = debugger().lock();
    DebuggedThread* found = debugger().find(thread);
    return found == nullptr ? nullptr : &found->info;
}

bool ProcessTarget::read_object(const ThreadId& thread, std::string_view name, std::string& data) {
    if (name == "auxv") {
        data.assign(reinterpret_cast<const char*>(process_.auxv.data()),
                    process_.auxv.size() * sizeof(uint64_t));
        return true;
    }
    if (name == "exec-file") {
        data = shown_path(process_, process_.program);
        return true;
    }
    if (name == "memory-map") {  // mappings come and go; this is where they can be
        char text[160];
        int n = std::snprintf(text, sizeof text,
                              "<?xml version=\"1.0\"?>\n<memory-map>\n<memory type=\"ram\" "
                              "start=\"0x0\" length=\"0x%llx\"/>\n</memory-map>\n",
                              static_cast<unsigned long long>(kAddressLimit));
        data.assign(text, static_cast<size_t>(n));
        return true;
    }
    siginfo_t* info = name == "siginfo" ? signal_info(thread) : nullptr;
    if (info == nullptr) return false;
    data.assign(reinterpret_cast<const char*>(info), sizeof *info);
    return true;
}

bool ProcessTarget::write_object(const ThreadId& thread, std::string_view name, uint64_t offset,
                                 std::string_view data) {
    siginfo_t* info = name == "siginfo" ? signal_info(thread) : nullptr;
    if (info == nullptr || offset > sizeof *info || data.size() > sizeof *info - offset) {
        return false;
    }
    std::memcpy(reinterpret_cast<char*>(info) + offset, data.data(), data.size());
    return true;
}

}  // namespace pydbt::usermode
