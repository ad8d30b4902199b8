#include "usermode/core/core.hpp"

#include <elf.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <vector>

#include "usermode/core/notes.hpp"
#include "usermode/core/pattern.hpp"
#include "usermode/core/segments.hpp"
#include "usermode/debug/signal_numbers.hpp"
#include "usermode/process.hpp"

namespace pydbt::usermode {
namespace {

constexpr int kCoreSignals[] = {SIGQUIT, SIGILL,  SIGTRAP, SIGABRT, SIGBUS,
                                SIGFPE,  SIGSEGV, SIGXCPU, SIGXFSZ, SIGSYS};

bool dumps(int number) { return (core_signals() & signal_bit(number)) != 0; }

// --- the file -----------------------------------------------------------------------------------

// A file that is written up to a limit, with holes where there is nothing.
class CoreFile {
   public:
    CoreFile(int fd, uint64_t limit) : fd_(fd), limit_(limit) {}
    uint64_t at() const { return at_; }

    void put(const void* data, uint64_t bytes) {
        bytes = std::min(bytes, limit_ - std::min(limit_, at_));
        const auto* from = static_cast<const char*>(data);
        while (bytes > 0 && good_) {
            ssize_t n = pwrite(fd_, from, bytes, static_cast<off_t>(at_));
            if (n < 0 && errno == EINTR) continue;
            good_ = n > 0;
            if (!good_) break;
            from += n;
            at_ += static_cast<uint64_t>(n);
            bytes -= static_cast<uint64_t>(n);
        }
    }
    void skip(uint64_t bytes) { at_ = std::min(limit_, at_ + bytes); }
    void skip_to(uint64_t place) { skip(place - std::min(place, at_)); }
    /// The end. False when the file is not what it should be.
    bool finish() { return good_ && ftruncate(fd_, static_cast<off_t>(at_)) == 0; }

   private:
    int fd_;
    uint64_t limit_, at_ = 0;
    bool good_ = true;
};

// The process's memory as the kernel reads it for a dump: whatever its protection.
class Memory {
   public:
    Memory()
        : memory_(open("/proc/self/mem", O_RDONLY | O_CLOEXEC)),
          pages_(open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC)) {}
    ~Memory() {
        if (memory_ >= 0) close(memory_);
        if (pages_ >= 0) close(pages_);
    }
    Memory(const Memory&) = delete;
    Memory& operator=(const Memory&) = delete;

    bool is_there(uint64_t page) {
        constexpr uint64_t kPresent = uint64_t{3} << 62;  // or in swap
        uint64_t number = page / kPageSize;
        if (number < first_ || number >= first_ + known_) {
            first_ = number;
            ssize_t n = pread(pages_, entries_, sizeof entries_,
                              static_cast<off_t>(number * sizeof entries_[0]));
            known_ = n < 0 ? 0 : static_cast<uint64_t>(n) / sizeof entries_[0];
        }
        return known_ == 0 || (entries_[number - first_] & kPresent) != 0;
    }
    bool read_page(uint64_t page, void* to) const {
        return pread(memory_, to, kPageSize, static_cast<off_t>(page)) == kPageSize;
    }

   private:
    int memory_, pages_;
    uint64_t entries_[512], first_ = 0, known_ = 0;  // of pagemap
};

void put_memory(CoreFile& file, Memory& memory, const CoreSegment& segment) {
    static const char kZero[kPageSize] = {};
    char page[kPageSize];
    for (uint64_t at = segment.begin; at < segment.begin + segment.dumped; at += kPageSize) {
        bool there = (!segment.sparse || memory.is_there(at)) && memory.read_page(at, page) &&
                     std::memcmp(page, kZero, sizeof page) != 0;
        there ? file.put(page, sizeof page) : file.skip(sizeof page);
    }
}

uint32_t segment_flags(int prot) {
    return ((prot & PROT_READ) != 0 ? uint32_t{PF_R} : 0) |
           ((prot & PROT_WRITE) != 0 ? uint32_t{PF_W} : 0) |
           ((prot & PROT_EXEC) != 0 ? uint32_t{PF_X} : 0);
}

// More program headers than e_phnum can say: section header 0 says it (gABI, "Extended Numbering").
void put_headers(CoreFile& file, const std::vector<CoreSegment>& segments, uint64_t notes,
                 uint64_t data) {
    uint64_t count = segments.size() + 1;
    bool many = count >= PN_XNUM;
    Elf64_Ehdr head{};
    std::memcpy(head.e_ident, ELFMAG, SELFMAG);
    head.e_ident[EI_CLASS] = ELFCLASS64;
    head.e_ident[EI_DATA] = ELFDATA2LSB;
    head.e_ident[EI_VERSION] = EV_CURRENT;
    head.e_type = ET_CORE;
    head.e_machine = EM_AARCH64;
    head.e_version = EV_CURRENT;
    head.e_phoff = sizeof head;
    head.e_ehsize = sizeof head;
    head.e_phentsize = sizeof(Elf64_Phdr);
    head.e_phnum = static_cast<uint16_t>(many ? PN_XNUM : count);
    if (many) {
        head.e_shoff = sizeof head + count * sizeof(Elf64_Phdr);
        head.e_shentsize = sizeof(Elf64_Shdr);
        head.e_shnum = 1;
    }
    file.put(&head, sizeof head);
    Elf64_Phdr note{};
    note.p_type = PT_NOTE;
    note.p_offset = data - notes;
    note.p_filesz = notes;
    note.p_align = 4;
    uint64_t offset = page_up(data);
    file.put(&note, sizeof note);
    for (const CoreSegment& s : segments) {
        Elf64_Phdr load{};
        load.p_type = PT_LOAD;
        load.p_flags = segment_flags(s.prot);
        load.p_offset = offset;
        load.p_vaddr = s.begin;
        load.p_filesz = s.dumped;
        load.p_memsz = s.end - s.begin;
        load.p_align = kPageSize;
        offset += s.dumped;
        file.put(&load, sizeof load);
    }
    if (!many) return;
    Elf64_Shdr zero{};
    zero.sh_size = 1;
    zero.sh_info = static_cast<uint32_t>(count);
    file.put(&zero, sizeof zero);
}

bool write_core(int fd, uint64_t limit, GuestThread& killed,
                const std::vector<GuestThread*>& others, const siginfo_t& info) {
    std::vector<CoreSegment> segments = core_segments(killed.process);
    std::vector<uint8_t> notes = core_notes(killed, others, info, segments);
    uint64_t headers = sizeof(Elf64_Ehdr) + (segments.size() + 1) * sizeof(Elf64_Phdr);
    if (segments.size() + 1 >= PN_XNUM) headers += sizeof(Elf64_Shdr);
    CoreFile file(fd, limit);
    put_headers(file, segments, notes.size(), headers + notes.size());
    file.put(notes.data(), notes.size());
    file.skip_to(page_up(file.at()));
    Memory memory;
    for (const CoreSegment& s : segments) put_memory(file, memory, s);
    return file.finish();
}

// As do_coredump() of fs/coredump.c takes a file: a plain one, with one name, of this user.
int open_core(const std::string& name) {
    constexpr mode_t kMode = 0600;
    int fd = open(name.c_str(), O_CREAT | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, kMode);
    if (fd < 0) return -1;
    struct stat info;
    bool fit = fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_nlink == 1 &&
               info.st_uid == geteuid() && ftruncate(fd, 0) == 0;
    if (fit) return fd;
    close(fd);
    return -1;
}

CoreFacts facts(const GuestThread& thread, int number, uint64_t limit) {
    CoreFacts f;
    f.pid = getpid();
    f.tid = thread.tid;
    f.uid = getuid();
    f.gid = getgid();
    f.signal = number;
    f.cpu = sched_getcpu();
    f.time = std::time(nullptr);
    f.limit = limit;
    utsname name;
    if (uname(&name) == 0) f.host = name.nodename;
    char comm[16] = {};
    prctl(PR_GET_NAME, comm);
    f.comm = comm;
    f.program = thread.process.program;
    return f;
}

// --- the other threads --------------------------------------------------------------------------

// The other threads, standing still. One that is in a call stands behind its SVC until the end; one
// that ends waits for the lock, and is whole until then.
class Others {
   public:
    explicit Others(GuestThread& self) : self_(self), lock_(self.group->members_mutex) {
        constexpr int kRound = 1000, kLongest = 2000, kInCalls = 20;  // us, rounds
        look();
        for (int quiet = 0, n = 0; quiet < kInCalls && n < kLongest; n++) {
            if (std::all_of(threads_.begin(), threads_.end(), is_parked)) break;
            quiet = std::any_of(threads_.begin(), threads_.end(), is_running) ? 0 : quiet + 1;
            lock_.unlock();
            usleep(kRound);
            lock_.lock();
            look();
        }
    }
    const std::vector<GuestThread*>& threads() const { return threads_; }

   private:
    static bool is_parked(const GuestThread* t) { return t->parked.load(); }
    static bool is_running(const GuestThread* t) {
        return !is_parked(t) && runtime::Engine::in_code(*t->cpu);
    }
    void look() {
        threads_ = self_.group->members;
        std::erase(threads_, &self_);
        for (GuestThread* t : threads_) {
            if (!is_parked(t)) runtime::Engine::request_exit(*t->cpu);
        }
    }

    GuestThread& self_;
    std::unique_lock<std::mutex> lock_;
    std::vector<GuestThread*> threads_;
};

// --- the parent's view --------------------------------------------------------------------------

// Removes the files of a folder, and it. Makes no use of the heap, whose locks others may hold.
void remove_folder(const char* folder) {
    char names[4096];
    int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (long n; (n = syscall(SYS_getdents64, dir, names, sizeof names)) > 0;) {
        for (long at = 0; at < n;) {
            struct Entry {
                uint64_t inode, offset;
                uint16_t length;
                uint8_t type;
                char name[1];
            };
            const auto* entry = reinterpret_cast<const Entry*>(names + at);
            unlinkat(dir, entry->name, 0);
            at += entry->length;
        }
    }
    close(dir);
    rmdir(folder);
}

// The bit of the wait status that tells of a dump is set by the host's kernel when it has made one
// itself. It makes one in a folder that nobody sees, of nothing but headers, which a process of
// ours removes as soon as this one is gone. `folders`: the innermost last.
[[noreturn]] void remove_when_gone(int pidfd, const std::vector<std::string>& folders) {
    block_all_signals();
    setsid();
    int high = fcntl(pidfd, F_DUPFD, 0);
    close_range(0, static_cast<unsigned>(high - 1), 0);
    close_range(static_cast<unsigned>(high + 1), ~0u, 0);
    pollfd gone{high, POLLIN, 0};
    while (poll(&gone, 1, -1) < 0 && errno == EINTR) {
    }
    for (auto folder = folders.rbegin(); folder != folders.rend(); ++folder) {
        remove_folder(folder->c_str());
    }
    _exit(0);
}

// What a name has before its last slash, made below `root`; all folders, `root` first.
std::vector<std::string> make_folders(const std::string& root, const std::string& name) {
    std::vector<std::string> made{root};
    for (size_t begin = 0, end; (end = name.find('/', begin)) != std::string::npos;
         begin = end + 1) {
        std::string part = name.substr(begin, end - begin);
        if (part.empty() || part == ".") continue;
        made.push_back(made.back() + "/" + part);
        mkdir(made.back().c_str(), 0700);
    }
    return made;
}

// Makes the kernel's dump possible, and harmless. `name` is what the kernel will call it.
bool hide_hosts_dump(const std::string& name) {
    // Another process's memory has our filter; the end of the first process ends all others.
    if (GuestThread::current()->group->borrowed || getpid() == 1) return false;
    if (("/" + name).find("/../") != std::string::npos) return false;  // leads out
    char folder[64];
    bool made = false;
    for (const char* place : {"/dev/shm", "/tmp"}) {
        std::snprintf(folder, sizeof folder, "%s/pydbt-core-%d-XXXXXX", place, getpid());
        made = mkdtemp(folder) != nullptr;
        if (made) break;
    }
    if (!made) return false;
    std::vector<std::string> folders = make_folders(folder, name);
    auto pidfd = static_cast<int>(syscall(SYS_pidfd_open, getpid(), 0));
    // No exit signal, and nothing shared.
    long child = pidfd < 0 ? -1 : syscall(SYS_clone, 0, nullptr, nullptr, nullptr, 0);
    if (child == 0) remove_when_gone(pidfd, folders);
    int filter = open("/proc/self/coredump_filter", O_WRONLY | O_CLOEXEC);
    bool ready = child > 0 && filter >= 0 && write(filter, "0", 1) == 1 && unshare(CLONE_FS) == 0 &&
                 chdir(folder) == 0;
    if (child <= 0) {
        for (auto f = folders.rbegin(); f != folders.rend(); ++f) rmdir(f->c_str());
    }
    return ready && (name[0] != '/' || chroot(".") == 0);
}

void forbid_hosts_dump() {
    rlimit limit{};
    getrlimit(RLIMIT_CORE, &limit);
    limit.rlim_cur = std::min<rlim_t>(1, limit.rlim_max);  // 1: not to a program either
    setrlimit(RLIMIT_CORE, &limit);
}

// Writes the guest's core. True when the host's dump tells of it.
bool dump(GuestThread& thread, const siginfo_t& info) {
    rlimit limit{};
    getrlimit(RLIMIT_CORE, &limit);
    std::string pattern = read_core_pattern();
    bool wanted = limit.rlim_cur >= kPageSize && prctl(PR_GET_DUMPABLE) == 1;
    if (!wanted || core_goes_elsewhere(pattern)) return false;
    CoreFacts known = facts(thread, info.si_signo, limit.rlim_cur);
    bool uses_pid = read_core_uses_pid();
    std::string name = expand_core_pattern(pattern, uses_pid, known);
    Others others(thread);
    int fd = open_core(name);
    if (fd < 0) return false;
    bool written = write_core(fd, limit.rlim_cur, thread, others.threads(), info);
    close(fd);
    char launcher[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", launcher, sizeof launcher);
    known.program.assign(launcher, static_cast<size_t>(std::max<ssize_t>(length, 0)));
    return written && hide_hosts_dump(expand_core_pattern(pattern, uses_pid, known));
}

void park(GuestThread& thread) {
    thread.parked = true;
    for (;;) pause();
}

}  // namespace

uint64_t core_signals() {
    uint64_t bits = 0;
    for (int number : kCoreSignals) bits |= signal_bit(number);
    return bits;
}

void wait_for_dump(GuestThread& thread) {
    GuestThread* dumper = thread.group->dumper.load();
    if (dumper != nullptr && dumper != &thread) park(thread);
}

void die_of(GuestThread& thread, const siginfo_t& info) {
    int number = info.si_signo;
    if (thread.debugged != nullptr) {
        gdbstub::Stop stop;
        stop.kind = gdbstub::Stop::Kind::killed;
        stop.signal = gdb_signal(number);
        thread.process.debugger->process_ends(thread, stop);
    }
    GuestThread* none = nullptr;
    if (!thread.group->dumper.compare_exchange_strong(none, &thread) && none != &thread) {
        park(thread);
    }
    thread.process.finish();
    constexpr int kCore = 0x80;
    bool core = dumps(number) && dump(thread, info);
    if (!core) forbid_hosts_dump();
    if (thread.process.tracer && !thread.group->borrowed) thread.process.tracer->release(0);
    trace_process_end(thread, number | (core ? kCore : 0));
    struct {
        uint64_t handler, flags, restorer, mask;
    } action{};
    uint64_t mask = ~signal_bit(number);
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, nullptr, sizeof mask);
    // A thread that sets actions at this moment may put our handler back.
    constexpr int kEnough = 1000;
    for (int n = 0; n < kEnough; n++) {
        syscall(SYS_rt_sigaction, number, &action, nullptr, sizeof action.mask);
        syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), number);
    }
    constexpr int kShells = 128;
    _exit(kShells + number);
}

void die_of(GuestThread& thread, int number) {
    siginfo_t info{};
    info.si_signo = number;
    info.si_code = SI_KERNEL;
    die_of(thread, info);
}

}  // namespace pydbt::usermode
