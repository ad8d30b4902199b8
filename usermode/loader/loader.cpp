#include "usermode/loader/loader.hpp"

#include <elf.h>
#include <fcntl.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>

#include "usermode/linux_cpu.hpp"
#include "usermode/loader/elf.hpp"
#include "usermode/loader/identity.hpp"
#include "usermode/loader/proc_files.hpp"
#include "usermode/memory/guest_memory.hpp"
#include "usermode/options/options.hpp"
#include "usermode/process.hpp"

namespace pydbt::usermode {
namespace {

// Where position-independent programs go when there is room: ELF_ET_DYN_BASE is 2/3 of the address
// space, which for the host's 47 bits is here.
constexpr uint64_t kProgramHint = 0x5555'5555'0000;
constexpr uint64_t kSmallestStack = 1 << 20, kLargestStack = uint64_t{1} << 30;
constexpr uint64_t kAtMinsigstksz = 51, kMinsigstksz = 4720;
constexpr uint64_t kAtHwcap3 = 29;
constexpr uint64_t kUserHz = 100;

// O_NONBLOCK: a FIFO is refused, not waited for.
class File {
   public:
    explicit File(const std::string& path, int given = -1)
        : fd_(given >= 0 ? fcntl(given, F_DUPFD_CLOEXEC, 0)
                         : open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
    ~File() {
        if (fd_ >= 0) close(fd_);
    }
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    int fd() const { return fd_; }

   private:
    int fd_;
};

// A program must be executable, as it must for the kernel.
bool check_access(const std::string& path, LoadError& error) {
    if (access(path.c_str(), F_OK) != 0) {
        error = {path + ": " + std::strerror(errno), errno == EACCES ? 126 : 127};
        return false;
    }
    if (access(path.c_str(), X_OK) != 0) {
        error = {path + ": " + std::strerror(errno), 126};
        return false;
    }
    return true;
}

bool load_image(const std::string& path, int fd, uint64_t hint, Process& process, ElfFile& elf,
                LoadedImage& image, LoadError& error) {
    File file(path, fd);
    if (file.fd() < 0) {
        error = {path + ": " + std::strerror(errno), errno == ENOENT ? 127 : 126};
        return false;
    }
    std::string reason;
    if (!read_elf(file.fd(), elf, reason)) {
        error = {path + ": " + reason, 126};
        return false;
    }
    // As Linux does: a program that has an interpreter is guarded by that.
    for (Segment& s : elf.segments) {
        bool guard = elf.branch_targets && elf.interpreter.empty() && (s.prot & PROT_EXEC) != 0;
        if (guard) s.prot |= kProtBti;
    }
    if (!map_elf(file.fd(), elf, hint, process.memory, image, reason)) {
        error = {path + ": " + reason, 126};
        return false;
    }
    return true;
}

bool load_interpreter(const std::string& program, const std::string& name, Process& process,
                      LoadedImage& image, LoadError& error) {
    std::string path = host_path(process, name);
    if (access(path.c_str(), F_OK) != 0) {
        error = {program + ": its interpreter " + name +
                     " is not there; give the folder that has it "
                     "with -L",
                 127};
        return false;
    }
    ElfFile elf;
    if (!load_image(path, -1, 0, process, elf, image, error)) return false;
    if (!elf.interpreter.empty()) {
        error = {path + ": an interpreter that wants an interpreter", 126};
        return false;
    }
    return true;
}

// The initial stack, built downwards in host memory that is the guest's (create_elf_tables of
// fs/binfmt_elf.c).
class StackBuilder {
   public:
    StackBuilder(uint64_t top, uint64_t bottom) : sp_(top), bottom_(bottom) {}

    uint64_t put(const void* data, size_t bytes) {
        if (full_ || bytes > sp_ - bottom_) {
            full_ = true;
            return 0;
        }
        sp_ -= bytes;
        std::memcpy(reinterpret_cast<void*>(sp_), data, bytes);
        return sp_;
    }
    uint64_t put(const std::string& text) { return put(text.c_str(), text.size() + 1); }
    void align(uint64_t bytes) { sp_ &= ~(bytes - 1); }
    uint64_t sp() const { return sp_; }
    bool full() const { return full_; }

   private:
    uint64_t sp_, bottom_;
    bool full_ = false;
};

struct Images {
    const ElfFile& elf;
    const LoadedImage& program;
    const LoadedImage* interpreter;
};

void add_auxiliary(std::vector<uint64_t>& words, const Images& images, Process& process,
                   uint64_t random, uint64_t platform, uint64_t filename) {
    const uint64_t rows[][2] = {
        {AT_SYSINFO_EHDR, process.memory.vdso()},
        {kAtMinsigstksz, kMinsigstksz},
        {AT_HWCAP, hwcap(process.options.cpu, 0)},
        {AT_PAGESZ, kPageSize},
        {AT_CLKTCK, kUserHz},
        {AT_PHDR, images.program.phdr},
        {AT_PHENT, sizeof(Elf64_Phdr)},
        {AT_PHNUM, images.elf.phnum},
        {AT_BASE, images.interpreter == nullptr ? 0 : images.interpreter->bias},
        {AT_FLAGS, 0},
        {AT_ENTRY, images.program.entry},
        {AT_UID, getuid()},
        {AT_EUID, geteuid()},
        {AT_GID, getgid()},
        {AT_EGID, getegid()},
        {AT_SECURE, getauxval(AT_SECURE)},
        {AT_RANDOM, random},
        {AT_HWCAP2, hwcap(process.options.cpu, 1)},
        {kAtHwcap3, hwcap(process.options.cpu, 2)},
        {AT_EXECFN, filename},
        {AT_PLATFORM, platform},
        {AT_NULL, 0},
    };
    for (const auto& row : rows) process.auxv.insert(process.auxv.end(), {row[0], row[1]});
    words.insert(words.end(), process.auxv.begin(), process.auxv.end());
}

uint64_t stack_size(const Process& process) {
    if (process.options.stack_size != 0) return page_up(process.options.stack_size);
    rlimit limit{};
    getrlimit(RLIMIT_STACK, &limit);
    constexpr uint64_t kUsual = 8 << 20;
    if (limit.rlim_cur == RLIM_INFINITY) return kUsual;
    return page_up(std::clamp<uint64_t>(limit.rlim_cur, kSmallestStack, kLargestStack));
}

bool build_stack(Process& process, const LoadRequest& request, const Images& images,
                 LoadError& error) {
    uint64_t size = stack_size(process);
    int prot = PROT_READ | PROT_WRITE | (images.elf.executable_stack ? PROT_EXEC : 0);
    constexpr int kFlags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK;
    int64_t at = process.memory.map(0, size, prot, kFlags, -1, 0);
    if (at < 0) {
        error = {request.path + ": no memory for the stack", 126};
        return false;
    }
    auto bottom = static_cast<uint64_t>(at);
    process.memory.protect(bottom, kPageSize, PROT_NONE);
    StackBuilder stack(bottom + size, bottom + kPageSize);
    uint64_t zero = 0;
    stack.put(&zero, sizeof zero);
    uint64_t filename = stack.put(shown_path(process, request.name));
    std::vector<uint64_t> argv, envp;
    for (auto it = request.envp.rbegin(); it != request.envp.rend(); ++it)
        envp.push_back(stack.put(*it));
    for (auto it = request.argv.rbegin(); it != request.argv.rend(); ++it)
        argv.push_back(stack.put(*it));
    uint64_t platform = stack.put("aarch64");
    uint8_t seed[16];
    if (getrandom(seed, sizeof seed, 0) != sizeof seed) std::memset(seed, 0x5a, sizeof seed);
    stack.align(16);
    uint64_t random = stack.put(seed, sizeof seed);

    std::vector<uint64_t> words{request.argv.size()};
    words.insert(words.end(), argv.rbegin(), argv.rend());
    words.push_back(0);
    words.insert(words.end(), envp.rbegin(), envp.rend());
    words.push_back(0);
    add_auxiliary(words, images, process, random, platform, filename);
    if (words.size() % 2 != 0) stack.put(&zero, sizeof zero);
    stack.put(words.data(), words.size() * sizeof(uint64_t));
    if (stack.full()) {
        error = {request.path + ": arguments and environment are too long for the stack", 126};
        return false;
    }
    uint64_t environment = envp.empty() ? filename : envp.back();
    uint64_t arguments = argv.empty() ? environment : argv.back();
    show_identity(request.name, {stack.sp(), arguments, environment, filename}, process.auxv);
    base::CpuState& state = process.main_thread->state();
    state.sp = stack.sp();
    process.memory.set_stack(bottom, state.sp);
    state.pc = images.interpreter == nullptr ? images.program.entry : images.interpreter->entry;
    return true;
}

std::string absolute(const std::string& path) {
    char resolved[PATH_MAX];
    return realpath(path.c_str(), resolved) == nullptr ? path : resolved;
}

// What the kernel opened may lie below folders that this user cannot look into.
std::string link_of(int fd) {
    char text[PATH_MAX];
    std::string link = "/proc/self/fd/" + std::to_string(fd);
    ssize_t n = readlink(link.c_str(), text, sizeof text);
    return n < 0 ? link : std::string(text, static_cast<size_t>(n));
}

}  // namespace

bool load_program(Process& process, const LoadRequest& request, LoadError& error) {
    if (request.fd < 0 && !check_access(request.path, error)) return false;
    ElfFile elf;
    LoadedImage program, interpreter;
    if (!load_image(request.path, request.fd, kProgramHint, process, elf, program, error)) {
        return false;
    }
    bool dynamic = !elf.interpreter.empty();
    if (dynamic && !load_interpreter(request.path, elf.interpreter, process, interpreter, error)) {
        return false;
    }
    process.program = absolute(request.path);
    if (process.program[0] != '/' && request.fd >= 0) process.program = link_of(request.fd);
    const std::string& prefix = process.options.prefix;
    if (!prefix.empty()) process.real_prefix = absolute(prefix);
    process.memory.set_brk(program.end);
    Images images{elf, program, dynamic ? &interpreter : nullptr};
    return build_stack(process, request, images, error);
}

}  // namespace pydbt::usermode
