// The launcher's main path: options, environment, program, run.
//
// Owns: messages about the command line, and their exit statuses. Must not know: how programs are
// loaded or run.
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "usermode/debug/session.hpp"
#include "usermode/loader/loader.hpp"
#include "usermode/options/cli.gen.hpp"
#include "usermode/options/options.hpp"
#include "usermode/process.hpp"

#ifndef PYDBT_VERSION
#define PYDBT_VERSION "unknown"
#endif

namespace pydbt::usermode {
namespace {

constexpr int kUsage = 2, kCannotRun = 126;

// One line, whatever a file's name holds.
int complain(std::string message, int status) {
    for (char& c : message) {
        if (static_cast<unsigned char>(c) < ' ') c = '?';
    }
    std::fprintf(stderr, "pydbt-aarch64: %s\n", message.c_str());
    return status;
}

// For the user to read; what cannot be written is a failure.
int show(const std::string& text) {
    if (std::fputs(text.c_str(), stdout) >= 0 && std::fflush(stdout) == 0) return 0;
    return complain(std::string("standard output: ") + std::strerror(errno), 1);
}

std::string log_items() {
    std::string text = "Log items (comma separated):\n";
    for (const runtime::LogItemInfo& item : runtime::kLogItems) {
        char line[128];
        std::snprintf(line, sizeof line, "  %-8s %s\n", item.name, item.help);
        text += line;
    }
    return text;
}

std::string name_of(const std::string& assignment) {
    return assignment.substr(0, assignment.find('='));
}

std::vector<std::string> guest_environment(char** envp, const LauncherOptions& options) {
    std::vector<std::string> result;
    auto removed = [&](const std::string& name) {
        for (const std::string& unset : options.unset_env) {
            if (name == unset) return true;
        }
        for (const std::string& set : options.set_env) {
            if (name == name_of(set)) return true;
        }
        return false;
    };
    for (; *envp != nullptr; envp++) {
        if (!removed(name_of(*envp))) result.emplace_back(*envp);
    }
    // A later -E of the same name wins.
    for (size_t n = 0; n < options.set_env.size(); n++) {
        bool again = false;
        for (size_t m = n + 1; m < options.set_env.size(); m++) {
            again |= name_of(options.set_env[m]) == name_of(options.set_env[n]);
        }
        if (!again) result.push_back(options.set_env[n]);
    }
    return result;
}

}  // namespace

int launch(int argc, char** argv, char** envp) {
    static LauncherOptions options;  // outlives the process object, which other threads may use
    OptionError wrong;
    if (!parse_options(argc, argv, envp, options, wrong)) {
        complain(wrong.message, wrong.status);
        std::fputs(wrong.known.c_str(), stderr);
        return wrong.status;
    }
    if (options.help) return show(kHelp);
    if (options.version) return show("pydbt-aarch64 " PYDBT_VERSION "\n");
    if (!options.cpu_list.empty()) return show(options.cpu_list);
    if (options.list_log_items) return show(log_items());
    if (options.program.empty()) return complain("no program given; see -help", kUsage);

    static Process process(options);
    std::string error;
    if (!process.open_log(error)) return complain(error, kUsage);
    if (!process.create(error)) return complain(error, kCannotRun);
    LoadRequest request;
    request.path = options.program[0];
    request.fd = options.program_fd;
    request.name = options.execfn.empty() ? request.path : options.execfn;
    request.argv = options.program;
    if (options.has_argv0) request.argv[0] = options.argv0;
    request.envp = guest_environment(envp, options);
    LoadError failure;
    if (!load_program(process, request, failure)) return complain(failure.message, failure.status);
    for (int fd : {process.program_fd, options.program_fd}) {
        if (fd >= 0) close(fd);
    }
    if (options.debug_fd >= 0) {
        join_debugging_after_exec(process, options.debug_fd);
    } else if (!options.gdb_text.empty() && !start_debugging(process, options.gdb, error)) {
        return complain(error, kUsage);
    }
    take_handover(*process.main_thread, process.handover);
    trace_exec(*process.main_thread);
    process.run(*process.main_thread);
    if (process.main_thread->debugged != nullptr) process.debugger->end(*process.main_thread);
    // Only this thread exited; the others go on, and the process ends with the last. Signals for
    // the process are theirs.
    give_up_signals(*process.main_thread);
    for (;;) pause();
}

}  // namespace pydbt::usermode
