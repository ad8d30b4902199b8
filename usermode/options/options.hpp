// The launcher's options, parsed.
//
// Owns: LauncherOptions and its parser. The table of options is generated from usermode/cli.py.
// Must not know: what is done with them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "translator/a64/cpu.hpp"
#include "translator/x64/host_features.hpp"
#include "usermode/debug/session.hpp"

namespace pydbt::usermode {

struct LauncherOptions {
    bool help = false;
    bool version = false;
    std::string cpu_list;         // what -cpu help asks for
    bool list_log_items = false;  // -d help
    std::string prefix;
    std::vector<std::string> set_env, unset_env;
    std::string argv0;
    bool has_argv0 = false;
    std::string cpu_text = "max";
    a64::Cpu cpu;
    uint64_t stack_size = 0;  // bytes; 0: the host's limit
    uint32_t log_items = 0;   // runtime::LogItem
    std::string log_file;
    bool strace = false;
    std::string gdb_text;  // -g; empty: no debugger
    GdbEndpoint gdb;
    int tier = 1;
    int debug_fd = -1;
    int inherit = -1;  // a descriptor; see usermode/syscalls/kept.hpp
    std::string host_features_text;
    x64::HostFeatures host;
    std::string execfn;                // what was executed: a script, where it is not the program
    std::vector<std::string> program;  // the program and its arguments
    // The kernel runs us for the program (binfmt_misc); its descriptor of it, or -1.
    bool by_kernel = false;
    int program_fd = -1;

    /// The options as a command line, for starting another program the same way.
    std::vector<std::string> command_line() const;
};

/// What is wrong with a command line: a sentence, lines of what would have been known there, and
/// the exit status, which is qemu-aarch64's.
struct OptionError {
    std::string message;
    std::string known;
    int status = 2;
};

/// Parses argv and the environment's variables. False when something is wrong. What binfmt_misc has
/// made of argv (the auxiliary vector tells) has no options: a program and its arguments. A set-id
/// program's environment is not believed.
bool parse_options(int argc, char** argv, char** envp, LauncherOptions& options,
                   OptionError& error);

}  // namespace pydbt::usermode
