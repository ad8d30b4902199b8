// The engine's log (-d): what is translated and run, as text.
//
// Owns: the items, their names and the sink. Must not know: who asked for it.
#pragma once

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>

namespace pydbt::runtime {

/// Items of -d, as bits. Names are QEMU's where QEMU has the item.
enum LogItem : uint32_t {
    kLogInAsm = 1u << 0,
    kLogIr = 1u << 1,
    kLogIrOpt = 1u << 2,
    kLogOutAsm = 1u << 3,
    kLogExec = 1u << 4,
};

struct LogItemInfo {
    uint32_t bit;
    const char* name;
    const char* help;
};

inline constexpr LogItemInfo kLogItems[] = {
    {kLogInAsm, "in_asm", "guest instructions of each translated block"},
    {kLogIr, "ir", "IR as lifted"},
    {kLogIrOpt, "ir_opt", "IR after the optimizer"},
    {kLogOutAsm, "out_asm", "host code of each block (hex; `pydbt disas` shows instructions)"},
    {kLogExec, "exec", "each block run (blocks are not linked then)"},
};

/// Parses a comma-separated list of item names into bits. False and the offending name in
/// `unknown` when one is not known.
inline bool parse_log_items(std::string_view list, uint32_t& bits, std::string& unknown) {
    while (!list.empty()) {
        size_t comma = list.find(',');
        std::string_view name = list.substr(0, comma);
        list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
        if (name.empty()) continue;
        bool found = false;
        for (const LogItemInfo& item : kLogItems) {
            if (name == item.name) {
                bits |= item.bit;
                found = true;
            }
        }
        if (!found) {
            unknown = std::string(name);
            return false;
        }
    }
    return true;
}

/// Writes a whole piece of text to a log at once; says on stderr, once a process, when it cannot.
inline void write_log(std::FILE* file, std::string_view text) {
    static std::atomic_flag told;
    if (std::fwrite(text.data(), 1, text.size(), file) == text.size() && std::fflush(file) == 0) {
        return;
    }
    int error = errno;
    if (!told.test_and_set()) {
        std::fprintf(stderr, "pydbt: the log cannot be written: %s\n", std::strerror(error));
    }
}

/// A sink for whole pieces of text; each piece is written at once, so that threads do not mix.
class Log {
   public:
    explicit Log(uint32_t items, std::FILE* file) : items_(items), file_(file) {}
    bool wants(uint32_t items) const { return (items_ & items) != 0; }
    uint32_t items() const { return items_; }
    void write(std::string_view text) { write_log(file_, text); }

   private:
    uint32_t items_;
    std::FILE* file_;
};

}  // namespace pydbt::runtime
