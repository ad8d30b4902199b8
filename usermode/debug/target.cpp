#include "usermode/debug/target.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

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

void ProcessTarget::resume(const std::vector<gdbstub::Action>& actions) {
    auto lock = debugger().lock();
    debugger().resume(lock, actions);
}

void ProcessTarget::interrupt() {
    auto lock = debugger().lock();
    if (debugger().threads().empty()) return;
    Stop stop;
    stop.signal = gdbstub::kSigint;
    stop.thread = debugger().threads().front()->id;
    debugger().request_stop(stop);
}

bool ProcessTarget::next_stop(Stop& stop) {
    auto lock = debugger().lock();
    if (!debugger().take_stop(lock, stop)) return false;
    ended_ = stop.is_end();
    return true;
}

bool ProcessTarget::stands() {
    auto lock = debugger().lock();
    return debugger().stands();
}

bool ProcessTarget::acknowledge_end() {
    if (!ended_) return false;
    auto lock = debugger().lock();
    debugger().acknowledge_end();
    return true;
}

bool ProcessTarget::detach(int64_t pid) {
    debugger().clear_all_points();
    auto lock = debugger().lock();
    return debugger().release(pid);
}

bool ProcessTarget::kill(int64_t pid) {
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

bool ProcessTarget::forward(int64_t, const std::string&, std::string&) { return false; }

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
