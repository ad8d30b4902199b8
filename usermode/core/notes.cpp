#include "usermode/core/notes.hpp"

#include <elf.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "translator/base/pauth.hpp"
#include "translator/runtime/helpers.hpp"
#include "usermode/options/options.hpp"
#include "usermode/process.hpp"
#include "usermode/signals/frame.hpp"

namespace pydbt::usermode {
namespace {

// Types that older headers do not have.
constexpr uint32_t kPacMask = 0x406, kTaggedAddress = 0x409, kPacEnabled = 0x40a;

struct Time {
    int64_t seconds, microseconds;
};

// struct elf_prstatus.
struct Status {
    int32_t signo, code, error;
    int16_t cursig;
    uint16_t pad;
    uint64_t pending, held;
    int32_t pid, ppid, pgrp, sid;
    Time user, system, children_user, children_system;
    uint64_t x[31], sp, pc, pstate;
    int32_t fp_valid;
    uint32_t pad2;
};
static_assert(sizeof(Status) == 392);

// struct elf_prpsinfo.
struct ProcessInfo {
    char state, name, zombie, nice;
    uint32_t pad;
    uint64_t flag;
    uint32_t uid, gid;
    int32_t pid, ppid, pgrp, sid;
    char command[16], arguments[80];
};
static_assert(sizeof(ProcessInfo) == 136);

// struct user_fpsimd_state.
struct FpRegisters {
    uint64_t v[32][2];
    uint32_t fpsr, fpcr;
    uint64_t pad;
};
static_assert(sizeof(FpRegisters) == 528);

class Notes {
   public:
    void add(uint32_t type, const char* owner, const void* data, size_t bytes) {
        Elf64_Nhdr head{static_cast<uint32_t>(std::strlen(owner) + 1), static_cast<uint32_t>(bytes),
                        type};
        put(&head, sizeof head);
        put(owner, head.n_namesz);
        put(data, bytes);
    }
    template <class T>
    void add(uint32_t type, const char* owner, const T& data) {
        add(type, owner, &data, sizeof data);
    }
    std::vector<uint8_t> take() { return std::move(bytes_); }

   private:
    void put(const void* data, size_t count) {
        constexpr size_t kAlign = 4;
        const auto* from = static_cast<const uint8_t*>(data);
        bytes_.insert(bytes_.end(), from, from + count);
        bytes_.resize((bytes_.size() + kAlign - 1) / kAlign * kAlign);
    }
    std::vector<uint8_t> bytes_;
};

size_t read_file(const std::string& path, char* text, size_t bytes) {
    int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return 0;
    ssize_t n = read(fd, text, bytes);
    close(fd);
    return n < 0 ? 0 : static_cast<size_t>(n);
}

// A thread's times, from fields 14 and 15 of its stat.
void thread_times(int tid, Status& status) {
    char text[1024] = {};
    read_file("/proc/self/task/" + std::to_string(tid) + "/stat", text, sizeof text - 1);
    const char* behind = std::strrchr(text, ')');
    unsigned long user = 0, system = 0;
    if (behind == nullptr ||
        std::sscanf(behind + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
                    &system) != 2) {
        return;
    }
    auto ticks = static_cast<unsigned long>(sysconf(_SC_CLK_TCK));
    auto time = [&](unsigned long value) {
        return Time{static_cast<int64_t>(value / ticks),
                    static_cast<int64_t>(value % ticks * 1'000'000 / ticks)};
    };
    status.user = time(user);
    status.system = time(system);
}

void add_status(Notes& notes, GuestThread& thread, const siginfo_t& info) {
    const base::CpuState& state = thread.state();
    Status status{};
    status.signo = info.si_signo;
    status.code = info.si_code;
    status.error = info.si_errno;
    status.cursig = static_cast<int16_t>(info.si_signo);
    status.held = thread.signals.blocked;
    status.pid = thread.tid;
    status.ppid = getppid();
    status.pgrp = getpgrp();
    status.sid = getsid(0);
    thread_times(thread.tid, status);
    std::copy(std::begin(state.x), std::end(state.x), status.x);
    status.sp = state.sp;
    status.pc = state.pc;
    status.pstate = pstate_of(state);
    status.fp_valid = 1;
    notes.add(NT_PRSTATUS, "CORE", status);
}

void add_process(Notes& notes) {
    ProcessInfo p{};
    p.name = 'R';
    p.nice = static_cast<char>(getpriority(PRIO_PROCESS, 0));
    p.uid = getuid();
    p.gid = getgid();
    p.pid = getpid();
    p.ppid = getppid();
    p.pgrp = getpgrp();
    p.sid = getsid(0);
    char name[sizeof p.command] = {};
    prctl(PR_GET_NAME, name);
    std::memcpy(p.command, name, sizeof name);
    size_t n = read_file("/proc/self/cmdline", p.arguments, sizeof p.arguments - 1);
    if (n > 0 && p.arguments[n - 1] == 0) n--;  // the end, not a separator
    std::replace(p.arguments, p.arguments + n, '\0', ' ');
    notes.add(NT_PRPSINFO, "CORE", p);
}

void add_files(Notes& notes, const std::vector<CoreSegment>& segments) {
    std::vector<uint64_t> words{0, kPageSize};
    std::string names;
    for (const CoreSegment& s : segments) {
        if (s.name.empty()) continue;
        words[0]++;
        words.insert(words.end(), {s.begin, s.end, s.offset / kPageSize});
        names += s.name + '\0';
    }
    std::string all(reinterpret_cast<const char*>(words.data()), words.size() * sizeof words[0]);
    all += names;
    notes.add(NT_FILE, "CORE", all.data(), all.size());
}

// The bits of pointers that a code takes: from the address space's end, of 48 bits, to bit 54
// (ptrauth_user_pac_mask of asm/pointer_auth.h); of data and of code.
void add_pauth(Notes& notes, GuestThread& thread) {
    const base::CpuState& state = thread.state();
    constexpr uint64_t kMask = (uint64_t{1} << 55) - (uint64_t{1} << 48);
    const uint64_t masks[2] = {kMask, kMask};
    notes.add(kPacMask, "LINUX", masks);
    constexpr uint64_t kAll = 0xf;
    notes.add(kPacEnabled, "LINUX", kAll & ~uint64_t{state.pac_off});
}

void add_registers(Notes& notes, GuestThread& thread) {
    const base::CpuState& state = thread.state();
    FpRegisters fp{};
    std::memcpy(fp.v, state.v, sizeof fp.v);
    fp.fpsr = runtime::read_fpsr(state);
    fp.fpcr = state.fpcr;
    notes.add(NT_FPREGSET, "CORE", fp);
    notes.add(NT_ARM_TLS, "LINUX", state.tpidr_el0);
    notes.add(NT_ARM_SYSTEM_CALL, "LINUX", thread.syscall);
    if (thread.process.options.cpu.features().has(a64::Feature::PAuth)) add_pauth(notes, thread);
    uint64_t tagged = thread.group->tagged_addresses ? 1 : 0;  // PR_TAGGED_ADDR_ENABLE
    notes.add(kTaggedAddress, "LINUX", tagged);
}

}  // namespace

std::vector<uint8_t> core_notes(GuestThread& killed, const std::vector<GuestThread*>& others,
                                const siginfo_t& info, const std::vector<CoreSegment>& segments) {
    Notes notes;
    add_status(notes, killed, info);
    add_process(notes);
    notes.add(NT_SIGINFO, "CORE", info);
    const std::vector<uint64_t>& auxv = killed.process.auxv;
    notes.add(NT_AUXV, "CORE", auxv.data(), auxv.size() * sizeof auxv[0]);
    add_files(notes, segments);
    add_registers(notes, killed);
    for (GuestThread* thread : others) {
        add_status(notes, *thread, info);
        add_registers(notes, *thread);
    }
    return notes.take();
}

}  // namespace pydbt::usermode
