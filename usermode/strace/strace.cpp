#include "usermode/strace/strace.hpp"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <span>
#include <string>

#include "usermode/memory/guest_memory.hpp"
#include "usermode/process.hpp"
#include "usermode/syscalls/table.gen.hpp"

namespace pydbt::usermode {
namespace {

constexpr size_t kShownBytes = 32;

std::string number(const char* format, uint64_t value) {
    char text[40];
    std::snprintf(text, sizeof text, format, value);
    return text;
}

std::string quoted(const std::string& bytes, bool cut) {
    std::string text = "\"";
    for (char c : bytes) {
        auto u = static_cast<unsigned char>(c);
        if (c == '\n') {
            text += "\\n";
        } else if (c == '\t') {
            text += "\\t";
        } else if (c == '"' || c == '\\') {
            text += '\\', text += c;
        } else if (u < 32 || u > 126) {
            text += number("\\x%02" PRIx64, u);
        } else {
            text += c;
        }
    }
    return text + (cut ? "\"..." : "\"");
}

std::string flags(uint64_t value, std::span<const FlagName> names) {
    std::string text;
    for (const FlagName& flag : names) {
        if ((value & flag.value) != flag.value) continue;
        if (!text.empty()) text += '|';
        text += flag.name;
        value &= ~flag.value;
    }
    if (value != 0 || text.empty()) text += (text.empty() ? "" : "|") + number("0x%" PRIx64, value);
    if (text == "0x0") text = "0";
    return text;
}

std::string string_at(uint64_t address) {
    std::string text;
    constexpr size_t kLimit = 4096;
    if (address == 0) return "NULL";
    if (!read_guest_string(address, kLimit, text)) return number("0x%" PRIx64, address);
    return quoted(text, false);
}

std::string bytes_at(uint64_t address, uint64_t count) {
    std::string bytes(std::min<uint64_t>(count, kShownBytes), '\0');
    if (!copy_from_guest(bytes.data(), address, bytes.size())) return number("0x%" PRIx64, address);
    return quoted(bytes, count > kShownBytes);
}

std::string argument(Kind kind, uint64_t value, uint64_t next) {
    constexpr int kAtFdcwd = -100;
    switch (kind) {
        case Kind::int_:
        case Kind::pid_:
        case Kind::fd_:
        case Kind::clock_:
            return number("%" PRId64, static_cast<uint64_t>(int64_t{static_cast<int32_t>(value)}));
        case Kind::atfd_:
            if (static_cast<int32_t>(value) == kAtFdcwd) return "AT_FDCWD";
            return number("%" PRId64, static_cast<uint64_t>(int64_t{static_cast<int32_t>(value)}));
        case Kind::uint_: return number("%" PRIu64, value & 0xffffffff);
        case Kind::long_:
        case Kind::off_: return number("%" PRId64, value);
        case Kind::size_: return number("%" PRIu64, value);
        case Kind::mode_: return number("0%" PRIo64, value & 07777777);
        case Kind::str_:
        case Kind::path_: return string_at(value);
        case Kind::buf_: return bytes_at(value, next);
        case Kind::sig_: return signal_name(static_cast<int>(value));
        case Kind::prot_: return flags(value, kNames_prot);
        case Kind::map_: return flags(value, kNames_map);
        case Kind::open_: return flags(value, kNames_open);
        case Kind::clone_: return flags(value & ~uint64_t{0xff}, kNames_clone);
        default: return value == 0 ? "NULL" : number("0x%" PRIx64, value);
    }
}

// The thread whose call has begun a line that no result has ended; 0: none. Forked children write
// to the same file, so they share it.
std::atomic<pid_t>& open_line() {
    static void* memory = mmap(nullptr, sizeof(std::atomic<pid_t>), PROT_READ | PROT_WRITE,
                               MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    static std::atomic<pid_t> own = 0;
    return memory == MAP_FAILED ? own : *static_cast<std::atomic<pid_t>*>(memory);
}

std::mutex g_mutex;

pid_t own_id() { return static_cast<pid_t>(syscall(SYS_gettid)); }

// One write, which other threads and processes do not come between. `now` is whose line is open
// then.
void write_part(const Process& process, const std::string& text, pid_t now) {
    bool of_other = open_line().exchange(now) != 0;
    std::string all = of_other ? " <unfinished ...>\n" + text : text;
    std::fwrite(all.data(), 1, all.size(), process.log_file);
    std::fflush(process.log_file);
}

std::string result_text(const SyscallInfo& info, int64_t result) {
    constexpr int64_t kLastErrno = 4095;
    if (result == -kRestart) return " = ? (interrupted)\n";
    if (result < 0 && result >= -kLastErrno) {
        return number(" = -1 errno=%" PRId64, static_cast<uint64_t>(-result)) + " (" +
               std::strerror(static_cast<int>(-result)) + ")\n";
    }
    const char* format = info.result == Result::hex_ ? " = 0x%" PRIx64 "\n" : " = %" PRId64 "\n";
    return number(format, static_cast<uint64_t>(result));
}

bool does_not_return(uint64_t n) {
    return n == static_cast<uint64_t>(SyscallNumber::exit_) ||
           n == static_cast<uint64_t>(SyscallNumber::exit_group_);
}

}  // namespace

std::unique_lock<std::mutex> hold_trace() { return std::unique_lock(g_mutex); }
void trace_leave(const Process& process) {
    std::scoped_lock lock(g_mutex);
    if (open_line() != 0) write_part(process, "", 0);
}

void trace_call(const GuestThread& thread, uint64_t n, const SyscallInfo& info,
                const SyscallArgs& args) {
    std::string line = number("%" PRId64 " ", static_cast<uint64_t>(own_id()));
    line += info.name == nullptr ? number("syscall_%" PRIu64, n) : info.name;
    line += '(';
    for (unsigned i = 0; i < info.count; i++) {
        if (i != 0) line += ", ";
        line += argument(info.kinds[i], args[i], i + 1 < args.size() ? args[i + 1] : 0);
    }
    line += ')';
    bool ends = does_not_return(n);
    std::scoped_lock lock(g_mutex);
    write_part(thread.process, line + (ends ? " = ?\n" : ""), ends ? 0 : own_id());
}

void trace_result(const GuestThread& thread, const SyscallInfo& info, int64_t result) {
    std::string text = result_text(info, result);
    std::scoped_lock lock(g_mutex);
    pid_t self = own_id();
    if (open_line() == self) {
        open_line() = 0;
    } else {
        const char* name = info.name == nullptr ? "?" : info.name;
        text =
            number("%" PRId64, static_cast<uint64_t>(self)) + " <... " + name + " resumed>" + text;
    }
    write_part(thread.process, text, 0);
}

}  // namespace pydbt::usermode
