#include "usermode/process.hpp"

#include <fcntl.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "translator/a64/sysregs.gen.hpp"
#include "translator/base/tags.hpp"
#include "usermode/core/core.hpp"
#include "usermode/linux_cpu.hpp"
#include "usermode/memory/guest_memory.hpp"
#include "usermode/options/options.hpp"
#include "usermode/signals/frame.hpp"
#include "usermode/signals/host.hpp"
#include "usermode/strace/strace.hpp"
#include "usermode/syscalls/syscall.hpp"

namespace pydbt::usermode {
namespace {

bool wants_statistics() {
    const char* wanted = std::getenv("PYDBT_STATS");
    return wanted != nullptr && std::strcmp(wanted, "1") == 0;
}

thread_local GuestThread* t_thread = nullptr;

}  // namespace

GuestThread::GuestThread(Process& process_in, std::unique_ptr<runtime::Thread> cpu_in,
                         std::shared_ptr<ThreadGroup> group_in)
    : process(process_in), cpu(std::move(cpu_in)), group(std::move(group_in)) {
    cpu->user = this;
    std::scoped_lock lock(group->members_mutex);
    group->members.push_back(this);
}

GuestThread::~GuestThread() {
    std::scoped_lock lock(group->members_mutex);
    std::erase(group->members, this);
}

GuestThread* GuestThread::current() { return t_thread; }
void GuestThread::set_current(GuestThread* thread) { t_thread = thread; }

void renew_pac_keys(base::CpuState& state, uint64_t keys) {
    decltype(state.pac_keys) fresh;
    while (getrandom(fresh, sizeof fresh, 0) != sizeof fresh) {
    }
    for (unsigned n = 0; n < std::size(state.pac_keys); n++) {
        if ((keys >> n & 1) != 0) state.pac_keys[n] = fresh[n];
    }
}

int private_descriptor(int fd) {
    constexpr int kLowest = 1000;
    int high = fcntl(fd, F_DUPFD_CLOEXEC, kLowest);
    if (high < 0) return fd;  // the limit is lower
    close(fd);
    return high;
}

void forget_robust_list() { syscall(SYS_set_robust_list, nullptr, sizeof(robust_list_head)); }

bool Process::open_log(std::string& error) {
    if (options.log_file.empty()) return true;
    constexpr mode_t kMode = 0666;
    int fd = open(options.log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, kMode);
    if (fd >= 0) log_file = fdopen(private_descriptor(fd), "a");
    if (fd >= 0 && log_file != nullptr) return true;
    error = "-D: " + options.log_file + ": " + std::strerror(errno);
    return false;
}

bool Process::create(std::string& error) {
    if (options.log_items != 0) log = std::make_unique<runtime::Log>(options.log_items, log_file);
    runtime::Options engine_options;
    engine_options.tier = options.tier;
    engine_options.features = options.cpu.features();
    engine_options.host = options.host;
    engine_options.log = log.get();
    engine_options.check_sp = true;
    engine_options.times = wants_statistics();
    engine = runtime::Engine::create(*this, engine_options, error);
    if (!engine) return false;
    if (options.cpu.features().has(a64::Feature::MTE2)) memory.allow_tags();
    if (has_bti()) memory.on_guard([this] { engine->guard_branches(); });
    memory.on_code_change([this](uint64_t begin, uint64_t end) { engine->invalidate(begin, end); });
    std::unique_ptr<runtime::Thread> cpu = engine->create_thread();
    if (!cpu || !make_signal_stack() || !map_vdso(memory)) {
        error = "no memory";
        return false;
    }
    main_thread =
        std::make_unique<GuestThread>(*this, std::move(cpu), std::make_shared<ThreadGroup>());
    main_thread->group->leader = main_thread.get();
    main_thread->tid = getpid();
    if (options.inherit >= 0 && !take_inherited(options.inherit, error)) return false;
    main_thread->group->kept.by_kernel |= options.by_kernel;
    if (options.strace && trace_fd < 0) trace_fd = private_descriptor(make_trace_file());
    renew_pac_keys(main_thread->state(), kAllPacKeys);
    main_thread->state().ssbs = kPstateSsbs;  // as Linux starts programs that ask for nothing
    GuestThread::set_current(main_thread.get());
    main_thread->group->actions->start(core_signals());
    forget_robust_list();
    sigset_t mask;
    sigprocmask(SIG_SETMASK, nullptr, &mask);
    std::memcpy(&main_thread->signals.blocked, &mask, sizeof(uint64_t));
    apply_mask(*main_thread);
    return true;
}

uint64_t Process::read_sysreg(base::CpuState& state, uint32_t id, bool&) {
    if (id >= a64::kOwnAnswers) return answer_vdso(state, id - a64::kOwnAnswers);
    switch (id) {
        case a64::kCTR_EL0: {
            constexpr uint64_t kTminLine = uint64_t{0x3f} << 32;
            bool tags = options.cpu.features().has(a64::Feature::MTE2);
            return options.cpu.model().ctr & ~(tags ? 0 : kTminLine);
        }
        case a64::kDCZID_EL0: return static_cast<uint64_t>(__builtin_ctz(a64::kZvaBytes / 4));
        case a64::kPMUSERENR_EL0: return 0;  // none, but for a perf event's owner
        case a64::kCNTFRQ_EL0: return options.cpu.model().counter_hz;
        case a64::kCNTPCT_EL0:
        case a64::kCNTVCT_EL0:
        case a64::kCNTPCTSS_EL0:
        case a64::kCNTVCTSS_EL0: {
            timespec now;
            clock_gettime(CLOCK_MONOTONIC, &now);
            uint64_t hz = options.cpu.model().counter_hz;
            return static_cast<uint64_t>(now.tv_sec) * hz +
                   static_cast<uint64_t>(now.tv_nsec) / (1'000'000'000 / hz);
        }
        default: return read_id_register(options.cpu, id & 0x3f);
    }
}

// Async: Linux hears of it when the kernel is entered next, which may be at once.
// What may not be accessed at all faults without a check, and for that.
runtime::TagFault Process::tag_fault(const base::CpuState& state, uint64_t address, bool write) {
    if (!memory.tagged(untag(address))) return runtime::TagFault::none;
    int prot = memory.prot_at(untag(address)), wanted = PROT_READ | PROT_WRITE | PROT_EXEC;
    if (write) wanted = PROT_WRITE;
    if (prot < 0 || (prot & wanted) == 0) return runtime::TagFault::none;
    bool now = state.tag_check == base::kTagCheckSync;
    return now ? runtime::TagFault::now : runtime::TagFault::later;
}

bool Process::has_bti() const { return options.cpu.features().has(a64::Feature::BTI); }
bool Process::guarded(uint64_t pc) { return has_bti() && memory.guarded(pc); }

void Process::write_sysreg(base::CpuState&, uint32_t id, uint64_t value, bool& undefined) {
    constexpr uint32_t kSysSpace = 1u << 14;
    for (const a64::SysOpInfo& op : a64::kSysOps) {
        if (op.way != a64::SysOpWay::invalidate || (kSysSpace | op.id) != id) continue;
        constexpr uint64_t kLine = 64;
        uint64_t line = untag(value) & ~(kLine - 1);
        engine->invalidate(line, line + kLine);
        return;
    }
    undefined = true;
}

void Process::run(GuestThread& thread) {
    if (thread.debugged != nullptr) debugger->run(thread);
    while (!thread.exiting) {
        if (thread.tracee && thread.tracee->steps()) {
            run_one_step(thread);
        } else {
            serve(thread, engine->run(*thread.cpu));
        }
    }
}

void Process::serve(GuestThread& thread, const runtime::Exit& exit) {
    using runtime::ExitReason;
    base::CpuState& state = thread.state();
    thread.syscall = exit.reason == ExitReason::svc ? static_cast<int>(state.x[8]) : -1;
    wait_for_dump(thread);
    switch (exit.reason) {
        case ExitReason::svc: serve_syscall(thread); return;
        case ExitReason::interrupted: deliver_signals(thread, false); return;
        case ExitReason::wait: return;
        case ExitReason::brk: raise_fault(thread, SIGTRAP, TRAP_BRKPT, state.pc, exit); return;
        case ExitReason::authentication:
            raise_fault(thread, SIGILL, ILL_ILLOPN, state.pc, exit);
            return;
        case ExitReason::branch_target:
        case ExitReason::undefined:
        case ExitReason::hlt: raise_fault(thread, SIGILL, ILL_ILLOPC, state.pc, exit); return;
        case ExitReason::pc_alignment:
            raise_fault(thread, SIGBUS, BUS_ADRALN, state.pc, exit);
            return;
        case ExitReason::fetch_fault: fetch_fault(thread, exit); return;
        case ExitReason::memory_fault: {
            // x86 has no address in the fault for one that no mapping can have.
            int code = exit.host_code == SI_KERNEL ? SEGV_MAPERR : exit.host_code;
            raise_fault(thread, exit.host_signal, code, exit.address, exit);
            return;
        }
        case ExitReason::tag_check:
            raise_fault(thread, SIGSEGV, kSegvMteSync, exit.address, exit);
            return;
        case ExitReason::tag_checked: raise_fault(thread, SIGSEGV, kSegvMteAsync, 0, exit); return;
        case ExitReason::alignment_fault: {
            uint64_t address = is_sp_misaligned(thread) ? state.sp : exit.address;
            raise_fault(thread, SIGBUS, BUS_ADRALN, address, exit);
            return;
        }
        // A debugger's of another thread: nobody looks at this one.
        case ExitReason::breakpoint:
        case ExitReason::watchpoint: serve(thread, engine->step(*thread.cpu, true)); return;
        case ExitReason::stepped: return;
        case ExitReason::none:
        case ExitReason::internal_error: break;
    }
    std::fprintf(
        stderr,
        "pydbt-aarch64: internal error: a host fault in translated code at 0x%" PRIx64
        ", guest pc 0x%" PRIx64 ", address 0x%" PRIx64
        "\n"
        "pydbt-aarch64: this is a defect of pydbt; please report it with the program and the "
        "output of `pydbt-aarch64 -version`\n",
        exit.host_pc, state.pc, exit.address);
    finish();
    std::abort();
}

void Process::fetch_fault(GuestThread& thread, const runtime::Exit& exit) {
    uint64_t pc = thread.state().pc;
    if (pc != untag(pc)) {  // branches ignore the top byte too (Arm ARM, AArch64.BranchAddr)
        thread.state().pc = untag(pc);
        return;
    }
    int prot = memory.prot_at(pc);
    if (prot >= 0 && (prot & PROT_EXEC) != 0) {  // behind the end of the mapped file
        raise_fault(thread, SIGBUS, BUS_ADRERR, pc, exit);
    } else {
        raise_fault(thread, SIGSEGV, prot >= 0 ? SEGV_ACCERR : SEGV_MAPERR, pc, exit);
    }
}

bool Process::take_inherited(int fd, std::string& error) {
    GuestThread& thread = *main_thread;
    KeptDescriptors others;
    if (receive_kept(fd, thread.group->kept, thread.seccomp, others)) {
        program_fd = others.program;
        if (others.launcher >= 0) launcher_fd = private_descriptor(others.launcher);
        if (others.trace >= 0) trace_fd = private_descriptor(others.trace);
        handover = {others.tracer_memory, others.tracer_event, others.tracer_slot};
        return true;
    }
    error = "--inherit: descriptor " + std::to_string(fd) + " has nothing of ours";
    return false;
}

std::array<int, 11> Process::own_descriptors() const {
    int log_fd = log_file == stderr ? -1 : fileno(log_file);
    std::array<int, 11> all = {log_fd, launcher_fd, waited_fd, trace_fd};
    std::fill(all.begin() + 4, all.end(), -1);
    if (debugger) {
        all[4] = debugger->event_fd();
        all[5] = debugger->client;
        all[6] = debugger->link;
    }
    if (const GuestThread* self = GuestThread::current(); self != nullptr && self->group->trace) {
        all[7] = self->group->trace->memory_fd();
        all[8] = self->group->trace->event_fd();
    }
    if (tracer) {
        all[9] = tracer->epoll_fd();
        all[10] = tracer->wake_fd();
    }
    std::sort(all.begin(), all.end());
    return all;
}

void Process::keep_launcher() {
    if (launcher_fd >= 0) return;
    int fd = open("/proc/self/exe", O_PATH | O_CLOEXEC);
    if (fd >= 0) launcher_fd = private_descriptor(fd);
}

void Process::exit(int status) {
    GuestThread* self = GuestThread::current();
    if (self != nullptr && self->debugged != nullptr) {
        gdbstub::Stop stop;
        stop.kind = gdbstub::Stop::Kind::exited;
        stop.number = static_cast<uint64_t>(status);
        debugger->process_ends(*self, stop);
    }
    finish();
    if (tracer && (self == nullptr || !self->group->borrowed)) tracer->release(0);
    if (self != nullptr) trace_process_end(*self, status << 8);
    _exit(status);
}

void Process::finish() {
    GuestThread* self = GuestThread::current();
    if (self != nullptr && self->group->borrowed) return;  // the process that lent its memory does
    if (finished_.exchange(true)) return;
    if (engine && wants_statistics()) {
        runtime::Stats s = engine->stats();
        std::fprintf(stderr,
                     "{\"guest_insns_translated\": %" PRIu64 ", \"host_bytes\": %" PRIu64
                     ", \"blocks\": %" PRIu64 ", \"translate_ns\": %" PRIu64
                     ", \"flushes\": %" PRIu64 ", \"invalidations\": %" PRIu64 "}\n",
                     s.guest_insns_translated, s.host_bytes, s.blocks, s.translate_ns, s.flushes,
                     s.invalidations);
    }
    std::fflush(nullptr);
}

}  // namespace pydbt::usermode
