#include "usermode/strace/strace.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstring>
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

}  // namespace

void trace_call(const GuestThread& thread, uint64_t n, const SyscallInfo& info,
                const SyscallArgs& args) {
    std::string line = number("%" PRId64 " ", static_cast<uint64_t>(syscall(SYS_gettid)));
    line += info.name == nullptr ? number("syscall_%" PRIu64, n) : info.name;
    line += '(';
    for (unsigned i = 0; i < info.count; i++) {
        if (i != 0) line += ", ";
        line += argument(info.kinds[i], args[i], i + 1 < args.size() ? args[i + 1] : 0);
    }
    line += ')';
    std::fputs(line.c_str(), thread.process.log_file);
    std::fflush(thread.process.log_file);
}

void trace_result(const GuestThread& thread, const SyscallInfo& info, int64_t result) {
    std::FILE* file = thread.process.log_file;
    constexpr int64_t kLastErrno = 4095;
    if (result == -kRestart) {
        std::fputs(" = ? (interrupted)\n", file);
    } else if (result < 0 && result >= -kLastErrno) {
        std::fprintf(file, " = -1 errno=%" PRId64 " (%s)\n", -result,
                     std::strerror(static_cast<int>(-result)));
    } else if (info.result == Result::hex_) {
        std::fprintf(file, " = 0x%" PRIx64 "\n", static_cast<uint64_t>(result));
    } else {
        std::fprintf(file, " = %" PRId64 "\n", result);
    }
    std::fflush(file);
}

}  // namespace pydbt::usermode
