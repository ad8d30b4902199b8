#include "usermode/options/options.hpp"

#include <sys/auxv.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "translator/runtime/log.hpp"
#include "usermode/options/cli.gen.hpp"

namespace pydbt::usermode {
namespace {

using std::string_view;

std::vector<std::string> split(string_view list, char separator) {
    std::vector<std::string> parts;
    while (!list.empty()) {
        size_t at = list.find(separator);
        if (at != 0) parts.emplace_back(list.substr(0, at));
        list = at == string_view::npos ? string_view{} : list.substr(at + 1);
    }
    return parts;
}

// A guest's execve passes options on, and the guest may be in another folder then.
std::string absolute(const std::string& path) {
    char here[PATH_MAX];
    if (path.starts_with('/') || getcwd(here, sizeof here) == nullptr) return path;
    return std::string(here) + '/' + path;
}

bool is_choice(const char* choices, string_view value) {
    for (const std::string& choice : split(choices, '|')) {
        if (choice == value) return true;
    }
    return false;
}

class Parser {
   public:
    Parser(LauncherOptions& options, OptionError& error) : o_(options), error_(error) {}

    bool environment(char** envp) {
        for (const OptionInfo& option : kOptions) {
            for (const char* name : option.env) {
                const char* value = name == nullptr ? nullptr : find(envp, name);
                if (value == nullptr || *value == '\0') continue;
                bool off = !option.takes_value && string_view(value) == "0";
                if (!off && !apply(option, name, value)) return false;
                break;
            }
        }
        return true;
    }

    // The kernel gave us the program's path and, with flag P of binfmt_misc, the program's own
    // argv[0] behind it; with flag O also a descriptor (fs/binfmt_misc.c, load_misc_binary).
    bool from_kernel(int argc, char** argv) {
        constexpr unsigned long kPreserveArgv0 = 1;  // AT_FLAGS_PRESERVE_ARGV0
        constexpr int kPath = 1, kArgv0 = 2;
        bool preserved = (getauxval(AT_FLAGS) & kPreserveArgv0) != 0 && argc > kArgv0;
        errno = 0;
        auto fd = static_cast<int>(getauxval(AT_EXECFD));
        if (errno == 0) o_.program_fd = fd;
        o_.by_kernel = argc > kPath && (preserved || o_.program_fd >= 0);
        if (!o_.by_kernel) return false;
        o_.program.emplace_back(argv[kPath]);
        if (getauxval(AT_EXECFN) != 0) {
            o_.execfn = reinterpret_cast<const char*>(getauxval(AT_EXECFN));
        }
        for (int n = preserved ? kArgv0 + 1 : kArgv0; n < argc; n++) {
            o_.program.emplace_back(argv[n]);
        }
        o_.has_argv0 = preserved;
        if (preserved) o_.argv0 = argv[kArgv0];
        return true;
    }

    bool arguments(int argc, char** argv) {
        int n = 1;
        for (; n < argc && argv[n][0] == '-' && argv[n][1] != '\0'; n++) {
            string_view text = argv[n];
            if (text == "--") {
                n++;
                break;
            }
            size_t equals = text.substr(0, 2) == "--" ? text.find('=') : string_view::npos;
            string_view name = text.substr(0, equals);
            const OptionInfo* option = find_option(name);
            if (option == nullptr)
                return fail("unknown option " + std::string(name) + "; see -help");
            if (!option->takes_value) {
                if (equals != string_view::npos) {
                    return fail("option " + std::string(name) + " takes no value");
                }
                if (!apply(*option, name, "1")) return false;
                continue;
            }
            if (equals != string_view::npos) {
                if (!apply(*option, name, text.substr(equals + 1))) return false;
                continue;
            }
            if (n + 1 == argc) return fail("option " + std::string(name) + " needs a value");
            if (!apply(*option, name, argv[++n])) return false;
        }
        for (; n < argc; n++) o_.program.emplace_back(argv[n]);
        return true;
    }

   private:
    bool fail(std::string message) {
        error_.message = std::move(message);
        return false;
    }

    static const char* find(char** envp, const char* name) {
        size_t length = std::strlen(name);
        for (; *envp != nullptr; envp++) {
            if (std::strncmp(*envp, name, length) == 0 && (*envp)[length] == '=') {
                return *envp + length + 1;
            }
        }
        return nullptr;
    }

    static const OptionInfo* find_option(string_view name) {
        for (const OptionInfo& option : kOptions) {
            for (const char* flag : option.flags) {
                if (flag != nullptr && name == flag) return &option;
            }
        }
        return nullptr;
    }

    bool apply(const OptionInfo& option, string_view name, string_view value) {
        std::string text(value);
        if (option.takes_value && value.empty() && option.key != OptionKey::argv0) {
            return fail("option " + std::string(name) + " needs a value");
        }
        if (option.choices != nullptr && !is_choice(option.choices, value)) {
            return fail(std::string(name) + ": not " + text + " but one of " + option.choices);
        }
        switch (option.key) {
            case OptionKey::help: o_.help = true; break;
            case OptionKey::version: o_.version = true; break;
            case OptionKey::prefix: o_.prefix = absolute(text); break;
            case OptionKey::set_env: return set_env(name, value);
            case OptionKey::unset_env:
                for (std::string& part : split(value, ',')) o_.unset_env.push_back(std::move(part));
                break;
            case OptionKey::argv0:
                o_.argv0 = text;
                o_.has_argv0 = true;
                break;
            case OptionKey::cpu: return cpu(name, text);
            case OptionKey::stack_size: return stack_size(name, text);
            case OptionKey::log: return log(name, text);
            case OptionKey::log_file: o_.log_file = absolute(text); break;
            case OptionKey::strace: o_.strace = true; break;
            case OptionKey::gdb: return gdb(name, text);
            case OptionKey::tier: o_.tier = text == "interp" ? 0 : std::atoi(text.c_str()); break;
            case OptionKey::debug_fd: return descriptor(name, text, o_.debug_fd);
            case OptionKey::inherit: return descriptor(name, text, o_.inherit);
            case OptionKey::execfn: o_.execfn = text; break;
            case OptionKey::host_features: o_.host_features_text = text; break;
        }
        return true;
    }

    bool set_env(string_view name, string_view value) {
        for (std::string& part : split(value, ',')) {
            if (part.find('=') == std::string::npos) {
                return fail(std::string(name) + ": " + part + " is not VAR=VALUE");
            }
            o_.set_env.push_back(std::move(part));
        }
        return true;
    }

    bool cpu(string_view name, const std::string& text) {
        if (text == "help" || text == "?") {
            o_.cpu_list = a64::cpu_help();
            return true;
        }
        constexpr string_view kHelpToo = ",help";
        bool help = text.ends_with(kHelpToo);
        o_.cpu_text = text.substr(0, text.size() - (help ? kHelpToo.size() : 0));
        a64::CpuError wrong;
        if (!o_.cpu.select(o_.cpu_text, wrong)) {
            error_ = {std::string(name) + ": " + wrong.message, wrong.known, 1};
            return false;
        }
        if (help) o_.cpu_list = o_.cpu.help();
        return true;
    }

    bool stack_size(string_view name, const std::string& text) {
        char* end = nullptr;
        unsigned long long value = std::strtoull(text.c_str(), &end, 0);
        unsigned shift = *end == 'k' || *end == 'K' ? 10 : *end == 'M' ? 20 : *end == 'G' ? 30 : 0;
        if (shift != 0) end++;
        constexpr unsigned long long kMost = 1ull << 40;
        if (end == text.c_str() || *end != '\0' || value == 0 || value > kMost >> shift) {
            return fail(std::string(name) + ": " + text + " is no size (as 8M)");
        }
        o_.stack_size = value << shift;
        return true;
    }

    bool descriptor(string_view name, const std::string& text, int& fd) {
        char* end = nullptr;
        long value = std::strtol(text.c_str(), &end, 10);
        if (*end != '\0' || value < 0 || value > INT_MAX) {
            return fail(std::string(name) + ": " + text + " is no descriptor");
        }
        fd = static_cast<int>(value);
        return true;
    }

    bool gdb(string_view name, const std::string& text) {
        std::string wrong;
        o_.gdb_text = text;
        return parse_gdb_endpoint(text, o_.gdb, wrong) || fail(std::string(name) + ": " + wrong);
    }

    bool log(string_view name, const std::string& text) {
        if (text == "help" || text == "?") {
            o_.list_log_items = true;
            return true;
        }
        std::string unknown;
        if (runtime::parse_log_items(text, o_.log_items, unknown)) return true;
        return fail(std::string(name) + ": unknown log item " + unknown + "; `-d help` lists them");
    }

    LauncherOptions& o_;
    OptionError& error_;
};

}  // namespace

bool parse_options(int argc, char** argv, char** envp, LauncherOptions& options,
                   OptionError& error) {
    Parser parser(options, error);
    if (getauxval(AT_SECURE) == 0 && !parser.environment(envp)) return false;
    if (!parser.from_kernel(argc, argv) && !parser.arguments(argc, argv)) return false;
    options.host = x64::HostFeatures::detect();
    if (options.host_features_text.empty()) return true;
    return options.host.cap(options.host_features_text, error.message);
}

std::vector<std::string> LauncherOptions::command_line() const {
    std::vector<std::string> line;
    auto add = [&](const char* flag, const std::string& value) {
        if (value.empty()) return;
        line.emplace_back(flag);
        line.push_back(value);
    };
    add("-L", prefix);
    if (cpu_text != "max") add("-cpu", cpu_text);
    if (stack_size != 0) add("-s", std::to_string(stack_size));
    add("-D", log_file);
    std::string items;
    for (const runtime::LogItemInfo& item : runtime::kLogItems) {
        if ((log_items & item.bit) != 0)
            items += (items.empty() ? "" : ",") + std::string(item.name);
    }
    add("-d", items);
    if (strace) line.emplace_back("-strace");
    if (tier != 1) add("--tier", tier == 0 ? "interp" : std::to_string(tier));
    add("--host-features", host_features_text);
    return line;
}

}  // namespace pydbt::usermode
