#include "usermode/strace/strace.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <span>
#include <string>

#include "translator/runtime/log.hpp"
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

std::string name_or_number(std::span<const char* const> names, uint64_t value) {
    value &= 0xffff'ffff;
    if (value < names.size() && *names[value] != '\0') return names[value];
    return number("%" PRId64, static_cast<uint64_t>(int64_t{static_cast<int32_t>(value)}));
}

std::string field_text(const ShownField& field, const uint8_t* bytes) {
    if (field.form == 't') {
        const char* text = reinterpret_cast<const char*>(bytes);
        return quoted(std::string(text, strnlen(text, field.bytes)), false);
    }
    uint64_t value = 0;
    std::memcpy(&value, bytes, field.bytes);
    if (field.form == 'h') return number("0x%" PRIx64, value);
    if (field.form == 'o') return number("0%" PRIo64, value);
    int64_t narrow = field.bytes == 4   ? static_cast<int32_t>(value)
                     : field.bytes == 2 ? static_cast<int16_t>(value)
                                        : static_cast<int64_t>(value);
    return number("%" PRId64, static_cast<uint64_t>(narrow));
}

std::string fields_at(std::span<const ShownField> fields, uint64_t address) {
    uint8_t bytes[512];
    const ShownField& last = fields.back();
    if (!copy_from_guest(bytes, address, last.offset + size_t{last.bytes})) {
        return number("0x%" PRIx64, address);
    }
    std::string text = "{";
    for (const ShownField& field : fields) {
        if (text.size() > 1) text += ", ";
        text += std::string(field.name) + "=" + field_text(field, bytes + field.offset);
    }
    return text + "}";
}

std::string by_text(const KindText& text, uint64_t value) {
    if (!text.flags.empty()) return flags(value & 0xffff'ffff, text.flags);
    if (!text.names.empty()) return name_or_number(text.names, value);
    if (value == 0) return "NULL";
    // What the call will write is shown behind its result.
    if (text.fields.empty() || text.after) return number("0x%" PRIx64, value);
    return fields_at(text.fields, value);
}

std::string signal_text(uint64_t value) {
    constexpr uint64_t kFirstRealTime = 32;
    if (value > kSignals) return number("%" PRId64, value);
    if (value >= kFirstRealTime) return number("SIGRT_%" PRIu64, value - kFirstRealTime);
    return signal_name(static_cast<int>(value));
}

std::string clone_flags(uint64_t value) {
    uint64_t signal = value & 0xff;
    std::string text = flags(value & ~uint64_t{0xff}, kNames_clone);
    if (signal == 0) return text;
    return (text == "0" ? "" : text + "|") + signal_text(signal);
}

std::string list_at(uint64_t address) {
    constexpr size_t kShown = 16;
    if (address == 0) return "NULL";
    std::string text = "[";
    for (size_t n = 0;; n++) {
        uint64_t item;
        if (!read_guest(address + 8 * n, item)) return number("0x%" PRIx64, address);
        if (item == 0) return text + "]";
        if (n != 0) text += ", ";
        if (n == kShown) return text + "...]";
        text += string_at(item);
    }
}

std::string socket_type(uint64_t value) {
    constexpr const char* kTypes[] = {"",         "SOCK_STREAM", "SOCK_DGRAM",
                                      "SOCK_RAW", "SOCK_RDM",    "SOCK_SEQPACKET"};
    constexpr uint64_t kType = 0xf;
    constexpr FlagName kFlags[] = {{04000, "SOCK_NONBLOCK"}, {02000000, "SOCK_CLOEXEC"}};
    std::string text = (value & kType) == 0 ? "" : name_or_number(kTypes, value & kType);
    if ((value & ~kType) == 0) return text.empty() ? "0" : text;
    return text + (text.empty() ? "" : "|") + flags(value & ~kType, kFlags);
}

std::string futex_operation(uint64_t value) {
    constexpr const char* kOperations[] = {
        "FUTEX_WAIT",           "FUTEX_WAKE",        "FUTEX_FD",          "FUTEX_REQUEUE",
        "FUTEX_CMP_REQUEUE",    "FUTEX_WAKE_OP",     "FUTEX_LOCK_PI",     "FUTEX_UNLOCK_PI",
        "FUTEX_TRYLOCK_PI",     "FUTEX_WAIT_BITSET", "FUTEX_WAKE_BITSET", "FUTEX_WAIT_REQUEUE_PI",
        "FUTEX_CMP_REQUEUE_PI", "FUTEX_LOCK_PI2"};
    constexpr FlagName kFlags[] = {{128, "FUTEX_PRIVATE_FLAG"}, {256, "FUTEX_CLOCK_REALTIME"}};
    constexpr uint64_t kOperation = 0x7f;
    std::string text = name_or_number(kOperations, value & kOperation);
    return (value & ~kOperation) == 0 ? text : text + "|" + flags(value & ~kOperation, kFlags);
}

std::string address_at(uint64_t address, uint64_t length) {
    sockaddr_storage storage{};
    if (address == 0) return "NULL";
    if (length < sizeof(sa_family_t) || length > sizeof storage ||
        !copy_from_guest(&storage, address, length)) {
        return number("0x%" PRIx64, address);
    }
    std::string text = "{sa_family=" + by_text(kind_text(Kind::family_), storage.ss_family);
    char host[INET6_ADDRSTRLEN] = "";
    if (storage.ss_family == AF_UNIX) {
        const char* path = reinterpret_cast<sockaddr_un*>(&storage)->sun_path;
        size_t bytes = length - offsetof(sockaddr_un, sun_path);
        // An abstract name begins with a NUL and may hold others.
        if (bytes != 0 && path[0] != '\0') bytes = strnlen(path, bytes);
        text += ", sun_path=" + quoted(std::string(path, bytes), false);
    } else if (storage.ss_family == AF_INET || storage.ss_family == AF_INET6) {
        auto& four = reinterpret_cast<sockaddr_in&>(storage);
        auto& six = reinterpret_cast<sockaddr_in6&>(storage);
        bool is_six = storage.ss_family == AF_INET6;
        const void* in = is_six ? static_cast<void*>(&six.sin6_addr) : &four.sin_addr;
        inet_ntop(storage.ss_family, in, host, sizeof host);
        text += number(", port=%" PRIu64, ntohs(four.sin_port)) + ", addr=\"" + host + "\"";
    }
    return text + "}";
}

std::string argument(Kind kind, uint64_t value, uint64_t next) {
    constexpr int kAtFdcwd = -100;
    switch (kind) {
        case Kind::int_:
        case Kind::pid_:
        case Kind::fd_:
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
        case Kind::sig_: return signal_text(value & 0xffff'ffff);
        case Kind::clone_: return clone_flags(value);
        case Kind::argv_: return list_at(value);
        case Kind::sockaddr_: return address_at(value, next);
        case Kind::socktype_: return socket_type(value & 0xffff'ffff);
        case Kind::futex_: return futex_operation(value & 0xffff'ffff);
        case Kind::ioctl_: return number("0x%" PRIx64, value & 0xffff'ffff);
        default: return by_text(kind_text(kind), value);
    }
}

// First of the two locks: a fork holds it, so that the child finds it free.
std::mutex g_mutex;

// The thread whose call has begun a line that no result has ended; 0: none. Processes that write to
// one file share it.
pid_t* g_open = nullptr;

// The file is this thread's until the end of the block.
class OpenLine {
   public:
    // The kernel takes the lock from a process that is killed while it writes.
    explicit OpenLine(const Process& process) : lock_(g_mutex), fd_(process.trace_fd) {
        static pid_t own = 0;
        if (g_open == nullptr) {
            void* memory = mmap(nullptr, sizeof own, PROT_READ | PROT_WRITE, MAP_SHARED, fd_, 0);
            g_open = memory == MAP_FAILED ? &own : static_cast<pid_t*>(memory);
        }
        while (lock_file(F_WRLCK) != 0 && errno == EINTR) {
        }
    }
    ~OpenLine() { lock_file(F_UNLCK); }
    OpenLine(const OpenLine&) = delete;
    OpenLine& operator=(const OpenLine&) = delete;
    pid_t owner() const { return *g_open; }
    void close() { *g_open = 0; }
    // `now`: whose line is open then.
    void write(const Process& process, const std::string& text, pid_t now) {
        std::string all = *g_open != 0 ? " <unfinished ...>\n" + text : text;
        *g_open = now;
        runtime::write_log(process.log_file, all);
    }

   private:
    int lock_file(short type) const {
        struct flock whole{};
        whole.l_type = type;
        whole.l_whence = SEEK_SET;
        return fcntl(fd_, F_SETLKW, &whole);
    }
    std::scoped_lock<std::mutex> lock_;
    int fd_;
};

pid_t own_id() { return static_cast<pid_t>(syscall(SYS_gettid)); }

std::string result_text(const SyscallInfo& info, int64_t result) {
    constexpr int64_t kLastErrno = 4095;
    if (result == -kRestart) return " = ? (interrupted)";
    if (result < 0 && result >= -kLastErrno) {
        return number(" = -1 errno=%" PRId64, static_cast<uint64_t>(-result)) + " (" +
               std::strerror(static_cast<int>(-result)) + ")";
    }
    const char* format = info.result == Result::hex_ ? " = 0x%" PRIx64 : " = %" PRId64;
    return number(format, static_cast<uint64_t>(result));
}

// The structures that the kernel has filled.
std::string written(const SyscallInfo& info, const SyscallArgs& args) {
    std::string text;
    for (unsigned n = 0; n < info.count; n++) {
        const KindText& kind = kind_text(info.kinds[n]);
        if (kind.after && args[n] != 0) text += " " + fields_at(kind.fields, args[n]);
    }
    return text;
}

bool does_not_return(uint64_t n) {
    return n == static_cast<uint64_t>(SyscallNumber::exit_) ||
           n == static_cast<uint64_t>(SyscallNumber::exit_group_);
}

}  // namespace

std::unique_lock<std::mutex> hold_trace() { return std::unique_lock(g_mutex); }
int make_trace_file() {
    int fd = memfd_create("pydbt-trace", MFD_CLOEXEC);
    return fd >= 0 && ftruncate(fd, sizeof(pid_t)) != 0 ? (close(fd), -1) : fd;
}
void trace_leave(const Process& process) {
    OpenLine line(process);
    if (line.owner() != 0) line.write(process, "", 0);
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
    OpenLine(thread.process)
        .write(thread.process, line + (ends ? " = ?\n" : ""), ends ? 0 : own_id());
}

void trace_result(const GuestThread& thread, const SyscallInfo& info, const SyscallArgs& args,
                  int64_t result) {
    std::string text = result_text(info, result) + (result < 0 ? "" : written(info, args)) + "\n";
    pid_t self = own_id();
    OpenLine line(thread.process);
    if (line.owner() == self) {
        line.close();
    } else {
        const char* name = info.name == nullptr ? "?" : info.name;
        text =
            number("%" PRId64, static_cast<uint64_t>(self)) + " <... " + name + " resumed>" + text;
    }
    line.write(thread.process, text, 0);
}

}  // namespace pydbt::usermode
