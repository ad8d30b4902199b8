#include "translator/runtime/engine.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cinttypes>

#include "translator/base/helpers.gen.hpp"
#include "translator/base/sanitizer.hpp"
#include "translator/base/softfloat.hpp"
#include "translator/runtime/engine_impl.hpp"
#include "translator/runtime/helpers.hpp"

namespace pydbt::runtime {
namespace {

// Constant-initialised and in a static executable: reading it in a signal handler is safe.
thread_local ThreadImpl* t_current = nullptr;

constexpr size_t kMostBlocks = size_t{1} << 21;
// The stubs and any one instruction fit.
constexpr size_t kLeastCacheBytes = 8192;

// FPCR bits that native arithmetic does not honour. It honours DN: NaNs are made out of line.
constexpr uint32_t kSlowFpcr =
    base::kFpcrAhp | base::kFpcrFz | base::kFpcrFz16 | base::kFpcrAh | base::kFpcrFiz;

ThreadImpl& thread_of(base::CpuState* state) {
    return *reinterpret_cast<ThreadImpl*>(state->thread);
}

const uint8_t* link_from_code(base::CpuState* state, uint64_t stub) {
    ThreadImpl& thread = thread_of(state);
    return thread.engine.link(thread, stub);
}

const uint8_t* indirect_from_code(base::CpuState* state, uint64_t target, uint64_t stub) {
    ThreadImpl& thread = thread_of(state);
    return thread.engine.indirect(thread, target, stub);
}

TlbAnswer tlb_miss_from_code(base::CpuState* state, uint64_t address, uint64_t what,
                             uint64_t back) {
    ThreadImpl& thread = thread_of(state);
    return thread.engine.tlb_miss(thread, address, static_cast<uint32_t>(what), back);
}
TlbAnswer store_from_code(base::CpuState* state, uint64_t address, uint64_t what, uint64_t back) {
    ThreadImpl& thread = thread_of(state);
    return thread.engine.finish_store(thread, address, static_cast<uint32_t>(what), back);
}

}  // namespace

uint32_t context_key(const base::CpuState& state) {
    uint32_t key = state.pac_off << a64::kKeyPacOffShift | state.system_key;
    if ((state.fpcr & kSlowFpcr) != 0) key |= ir::kKeySlowFp;
    if ((state.fpcr & base::kFpcrAh) != 0) key |= a64::kKeyAh;
    if ((state.fpcr & base::kFpcrNep) != 0) key |= a64::kKeyNep;
    if (state.tag_check != 0) key |= a64::kKeyTags;
    return key;
}

// --- threads ------------------------------------------------------------------------------------

bool ThreadImpl::create() {
    void* table = mmap(nullptr, kProbeEntries * sizeof(ProbeEntry), PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (table == MAP_FAILED) return false;
    probe = own_probe = static_cast<ProbeEntry*>(table);
    void* stack = mmap(nullptr, kGuardBytes + kReturnStackBytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (stack == MAP_FAILED) return false;
    return_stack = static_cast<uint8_t*>(stack);
    if (mprotect(return_stack, kGuardBytes, PROT_NONE) != 0) return false;
    state.thread = reinterpret_cast<uint64_t>(this);
    state.probe_table = reinterpret_cast<uint64_t>(probe);
    state.rsb_base = reinterpret_cast<uint64_t>(return_stack) + kGuardBytes + kReturnStackBytes - 8;
    state.mxcsr = 0x1f80;  // all exceptions masked, round to nearest, no flag raised
    state.fpcr_mask = fpcr_bits(engine.options.features);
    state.excl_addr = ~uint64_t{0};
    state.tag_exclude = 0xffff;
    state.tag_seed = 1;
    base::fill_helper_table(state.helpers);
    engine.add(this);
    return true;
}

ThreadImpl::~ThreadImpl() {
    if (face != nullptr) engine.drop(this);
    if (own_probe != nullptr) munmap(own_probe, kProbeEntries * sizeof(ProbeEntry));
    if (return_stack != nullptr) munmap(return_stack, kGuardBytes + kReturnStackBytes);
}

void ThreadImpl::forget_code() {
    for (size_t i = 0; i < kProbeEntries; i++) probe[i] = {kNoGuestPc, 0};
    forget_returns();
}

void ThreadImpl::forget_returns() {
    *reinterpret_cast<uint64_t*>(state.rsb_base) = reinterpret_cast<uint64_t>(state.stub_ret_miss);
    state.saved_rsp = state.rsb_base;
}

Space& ThreadImpl::space_of(uint64_t tlb) {
    for (auto& s : spaces) {
        if (s->tlb == tlb) return *s;
    }
    auto made = std::make_unique<Space>();
    made->tlb = tlb;
    // Others go through them with the engine's lock.
    auto lock = engine.lock();
    return *spaces.emplace_back(std::move(made));
}

// Addresses mean other code where CpuState::tlb is another one.
void ThreadImpl::enter_space(uint32_t key) {
    if (space == nullptr || space->tlb != state.tlb) {
        space = &space_of(state.tlb);
        probe = space->probe.data();
        state.probe_table = reinterpret_cast<uint64_t>(probe);
        forget_returns();
    }
    if (state.context_key != key) forget_returns();
    state.context_key = key;
    if (space->key != key) {
        space->key = key;
        forget_code();
    }
}

void ThreadImpl::forget_spaces() {
    for (auto& s : spaces) s->forget();
}

void ThreadImpl::forget_in_space(uint64_t tlb, uint64_t first, uint64_t last) {
    for (auto& s : spaces) {
        if (s->tlb == tlb) s->forget(first, last);
    }
    forget_returns();
}

Space::Space() { forget(); }

void Space::forget() {
    for (ProbeEntry& entry : probe) entry = {kNoGuestPc, 0};
}

void Space::forget(uint64_t first, uint64_t last) {
    constexpr uint64_t kBytes = kProbeEntries * 4;
    if (last - first >= kBytes) return forget();
    for (uint64_t pc = first & ~uint64_t{3}; pc <= last; pc += 4) {
        probe[probe_index(pc)] = {kNoGuestPc, 0};
    }
}

Thread::Thread(std::unique_ptr<ThreadImpl> impl) : impl_(std::move(impl)) { impl_->face = this; }
Thread::~Thread() = default;
base::CpuState& Thread::state() { return impl_->state; }

// --- the public face ----------------------------------------------------------------------------

Engine::Engine(std::unique_ptr<EngineImpl> impl) : impl_(std::move(impl)) {}
Engine::~Engine() = default;

std::unique_ptr<Engine> Engine::create(Environment& environment, const Options& options,
                                       std::string& error) {
    auto impl = std::make_unique<EngineImpl>(environment, options);
    if (!impl->create(error)) return nullptr;
    return std::unique_ptr<Engine>(new Engine(std::move(impl)));
}

std::unique_ptr<Thread> Engine::create_thread() {
    auto impl = std::make_unique<ThreadImpl>(*impl_);
    if (!impl->create()) return nullptr;
    return std::unique_ptr<Thread>(new Thread(std::move(impl)));
}

Exit Engine::run(Thread& thread) {
    ThreadImpl* before = t_current;
    t_current = thread.impl_.get();
    Exit exit = impl_->run(*thread.impl_);
    t_current = before;
    return exit;
}

Exit Engine::step(Thread& thread, bool over) {
    thread.impl_->stepping = over ? kKeyStep | kKeyOver : kKeyStep;
    Exit exit = run(thread);
    thread.impl_->stepping = 0;
    return exit;
}

// A device that a store reaches has changed code: the block is left at the next poll.
static void request_flush(ThreadImpl& thread) {
    std::atomic_ref<uint32_t>(thread.state.poll).fetch_or(kPollFlush);
}

// From inside translated code (IC IVAU) the lock must wait: a flush holds it until this thread is
// out, and takes away the code that it would return to. Such an instruction ends its block.
void Engine::invalidate(uint64_t begin, uint64_t end) {
    ThreadImpl* thread = t_current;
    if (thread != nullptr && &thread->engine == impl_.get() && thread->in_code.load()) {
        thread->stale.emplace_back(begin, end);
        if (impl_->is_system()) request_flush(*thread);
    } else {
        impl_->invalidate(begin, end);
    }
}
void Engine::set_breakpoint(uint64_t pc) { impl_->set_breakpoint(pc, true); }
void Engine::clear_breakpoint(uint64_t pc) { impl_->set_breakpoint(pc, false); }
void Engine::set_watches(std::vector<ir::Watch> watches) { impl_->set_watches(std::move(watches)); }
void Engine::guard_branches() { impl_->add_key(a64::kKeyGuarded); }
void Engine::share_memory() { impl_->add_key(a64::kKeyShared); }
void Engine::flush() { impl_->flush(); }

void Engine::forget_code(Thread& thread, uint64_t tlb, uint64_t first, uint64_t last) {
    thread.impl_->forget_in_space(tlb, first, last);
}

bool Engine::in_code(const Thread& thread) { return thread.impl_->in_code.load(); }
void Engine::request_exit(Thread& thread) {
    std::atomic_ref<uint32_t>(thread.impl_->state.poll).fetch_or(kPollRequest);
}

bool Engine::handle_host_fault(int signal, siginfo_t* info, void* ucontext) {
    ThreadImpl* thread = t_current;
    return thread != nullptr && thread->engine.host_fault(*thread, signal, info, ucontext);
}

Thread* Engine::current() { return t_current == nullptr ? nullptr : t_current->face; }

bool Engine::prepare_fork() { return impl_->prepare_fork(); }
bool Engine::after_fork(bool child, Thread& self) { return impl_->after_fork(child, *self.impl_); }
Stats Engine::stats() const { return impl_->stats(); }

// --- set-up -------------------------------------------------------------------------------------

EngineImpl::EngineImpl(Environment& environment_in, const Options& options_in)
    : environment(environment_in),
      options(options_in),
      tier1_(options_in.host, options_in.most_registers, options_in.memory != nullptr) {}

EngineImpl::~EngineImpl() = default;

bool EngineImpl::create(std::string& error) {
    if (!options.host.baseline_ok()) {
        error =
            "this processor lacks the x86-64-v3 instructions (AVX2, BMI2, FMA, LZCNT) that pydbt "
            "needs; run on a machine that has them";
        return false;
    }
    if (!cache_.create(options.cache_bytes, error)) return false;
    TlbFunctions tlb;
    if (is_system()) tlb = {tlb_miss_from_code, store_from_code};
    if (options.cache_bytes < kLeastCacheBytes ||
        !make_stubs(cache_, link_from_code, indirect_from_code, tlb, stubs_)) {
        error = "the code cache is too small";
        return false;
    }
    stubs_end_ = cache_.used();
    if (!blocks_.create(kMostBlocks)) {
        error = "out of address space for the table of translations";
        return false;
    }
    words_.resize(options.max_block_insns);
    return true;
}

void EngineImpl::add(ThreadImpl* thread) {
    base::CpuState& state = thread->state;
    state.stub_link = reinterpret_cast<uint64_t>(stubs_.link);
    state.stub_indirect = reinterpret_cast<uint64_t>(stubs_.indirect);
    state.stub_ret_miss = reinterpret_cast<uint64_t>(stubs_.ret_miss);
    state.stub_poll = reinterpret_cast<uint64_t>(stubs_.poll);
    state.stub_exception = reinterpret_cast<uint64_t>(stubs_.leave);
    state.stub_helper = reinterpret_cast<uint64_t>(stubs_.helper);
    state.stub_tlb = reinterpret_cast<uint64_t>(stubs_.tlb);
    state.stub_store = reinterpret_cast<uint64_t>(stubs_.store);
    state.environment = reinterpret_cast<uint64_t>(&environment);
    Lock lock(mutex_);
    thread->generation = generation_;
    thread->forget_code();
    threads_.push_back(thread);
}

void EngineImpl::drop(ThreadImpl* thread) {
    Lock lock(mutex_);
    std::erase(threads_, thread);
}

Stats EngineImpl::stats() {
    Lock lock(mutex_);
    return stats_;
}

// --- running ------------------------------------------------------------------------------------

Exit EngineImpl::run(ThreadImpl& thread) {
    base::CpuState& state = thread.state;
    for (;;) {
        if (!thread.stale.empty()) invalidate_stale(thread);
        std::atomic_ref<uint32_t> poll(state.poll);
        if (poll.load(std::memory_order_acquire) != 0) {
            uint32_t bits = poll.exchange(0);
            if ((bits & kPollRequest) != 0) return {.reason = ExitReason::interrupted};
        }
        uint32_t key = context_key(state) | key_.load(std::memory_order_relaxed);
        UncheckedRun unchecked = std::exchange(thread.unchecked, UncheckedRun::no);
        if (unchecked != UncheckedRun::no) key &= ~a64::kKeyTags;
        if (unchecked != UncheckedRun::no) key |= a64::kKeyUnchecked | kKeyStep;
        key |= thread.stepping;
        if (options.check_sp) key |= (state.sp & 15) == 0 ? a64::kKeySpKept : a64::kKeySpAlign;
        if (is_system()) {
            thread.enter_space(key);
        } else if (key != state.context_key) {
            state.context_key = key;
            thread.forget_code();
        }
        state.exit_reason = 0;
        thread.fault = {};
        if (state.btype != 0 && !may_land(state.pc, state.btype)) {
            return {.reason = ExitReason::branch_target};
        }
        enter(thread);
        auto reason = static_cast<ExitReason>(state.exit_reason);
        if (reason == ExitReason::none) {
            if (unchecked == UncheckedRun::reported) return {.reason = ExitReason::tag_checked};
            if (thread.stepping != 0) return {.reason = ExitReason::stepped};
            continue;
        }
        if (thread.tagged_pc != kNoGuestPc && retag(thread)) continue;
        Exit exit = thread.fault;
        exit.reason = reason;
        exit.imm = state.exit_imm;
        bool of_access = reason == ExitReason::tag_check || reason == ExitReason::alignment_fault;
        if (of_access && thread.fault.reason == ExitReason::none) {  // no host fault told
            exit.address = state.fault_address;
            exit.write = exit.imm == ir::kCheckStore;
        }
        // No access was it, but the instruction before.
        bool of_sp = (key & a64::kKeySpKept) != 0 && (state.sp & 15) != 0;
        if (reason == ExitReason::alignment_fault && of_sp) continue;
        if (reason == ExitReason::tag_check && skip_tag_check(thread, exit)) continue;
        return exit;
    }
}

// An access whose tag differs: true when it is to be done all the same, without a check.
bool EngineImpl::skip_tag_check(ThreadImpl& thread, const Exit& exit) {
    switch (environment.tag_fault(thread.state, exit.address, exit.write)) {
        case TagFault::now: return false;
        case TagFault::none: thread.unchecked = UncheckedRun::quietly; break;
        case TagFault::later: thread.unchecked = UncheckedRun::reported; break;
    }
    return true;
}

void EngineImpl::enter(ThreadImpl& thread) {
    const uint8_t* code = nullptr;
    Block* block = nullptr;
    {
        Lock lock(mutex_);
        code = continue_at(thread, thread.state.pc, block);
        if (block == nullptr) return;
        thread.state.btype = 0;
        // Set under the lock: a flush that starts later sees it and waits.
        thread.in_code.store(true, std::memory_order_release);
    }
    if (block->function) {
        interpret(thread, *block);
    } else {
        stubs_.enter(&thread.state, code);
    }
    thread.in_code.store(false, std::memory_order_release);
}

const uint8_t* EngineImpl::leave_with(ThreadImpl& thread, ExitReason reason, uint64_t pc) {
    thread.state.pc = pc;
    thread.state.exit_reason = static_cast<uint32_t>(reason);
    thread.state.exit_imm = 0;
    return stubs_.leave;
}

const uint8_t* EngineImpl::continue_at(ThreadImpl& thread, uint64_t pc, Block*& block) {
    block = nullptr;
    if ((pc & 3) != 0) return leave_with(thread, ExitReason::pc_alignment, pc);
    block = find_or_translate(thread, pc, thread.state.context_key);
    if (block == nullptr) return leave_with(thread, ExitReason::fetch_fault, pc);
    if (thread.generation != generation_) {
        thread.generation = generation_;
        thread.forget_spaces();
        thread.forget_code();
    }
    if (options.log != nullptr && options.log->wants(kLogExec)) log_exec(*block);
    return cache_.executable(block->code);
}

const uint8_t* EngineImpl::link(ThreadImpl& thread, uint64_t stub) {
    // The descriptor cannot go away before in_code says that this thread has left the code.
    SiteRef site = site_at(stub);
    if (site.from == nullptr) {
        return leave_with(thread, ExitReason::internal_error, thread.state.pc);
    }
    uint64_t target = site.from->exits[site.exit].target;
    uint64_t generation = generation_;
    // Out of translated code while it may have to wait for the lock: a flush need not wait for us.
    thread.in_code.store(false, std::memory_order_release);
    Lock lock(mutex_);
    Block* to = nullptr;
    const uint8_t* code = continue_at(thread, target, to);
    if (to != nullptr && may_link() && generation == generation_ && !site.from->dead) {
        set_link(*site.from, site.exit, to);
    }
    thread.in_code.store(true, std::memory_order_release);
    return code;
}

const uint8_t* EngineImpl::indirect(ThreadImpl& thread, uint64_t key, uint64_t stub) {
    SiteRef site = stub == 0 ? SiteRef{} : site_at(stub);
    uint64_t btype = site.from == nullptr ? 0 : site.from->exits[site.exit].btype;
    uint64_t target = x64::target_key(key, btype);
    uint64_t generation = generation_;
    thread.in_code.store(false, std::memory_order_release);
    Lock lock(mutex_);
    Block* to = nullptr;
    const uint8_t* code;
    if (btype != 0 && !may_land(target, btype)) {
        thread.state.btype = btype;
        code = leave_with(thread, ExitReason::branch_target, target);
    } else {
        code = continue_at(thread, target, to);
        if (to == nullptr) thread.state.btype = btype;  // of the instruction that is not there
    }
    if (to != nullptr && may_link()) {
        thread.probe[probe_index(target)] = {key, reinterpret_cast<uint64_t>(code)};
        // The first target a site sees is the one its inline cache keeps.
        bool may_link_there = site.from != nullptr && (!is_system() || same_page(*site.from, *to));
        if (may_link_there && generation == generation_ && !site.from->dead &&
            site.from->links[site.exit] == nullptr) {
            set_link(*site.from, site.exit, to);
        }
    }
    thread.in_code.store(true, std::memory_order_release);
    return code;
}

bool EngineImpl::may_land(uint64_t target, uint64_t btype) {
    uint32_t word;
    if ((target & 3) != 0 || !environment.guarded(target)) return true;
    if (environment.fetch(target, {&word, 1}) == 0) return true;  // another fault
    return a64::is_landing_pad(word, btype, options.features);
}

void EngineImpl::add_key(uint32_t bit) {
    if ((key_.fetch_or(bit) & bit) != 0) return;
    Lock lock(mutex_);
    for (ThreadImpl* thread : threads_) {
        std::atomic_ref<uint32_t>(thread->state.poll).fetch_or(kPollFlush);
    }
}

SiteRef EngineImpl::site_at(uint64_t stub) const {
    uint32_t offset = cache_.offset_of(stub);
    Block* from = blocks_.by_host(offset);
    if (from == nullptr) return {};
    for (uint32_t exit = 0; exit < from->exits.size(); exit++) {
        if (from->exits[exit].stub == offset - from->code) return {from, exit};
    }
    return {};
}

bool EngineImpl::may_link() const {
    return options.log == nullptr || !options.log->wants(kLogExec);
}

void EngineImpl::interpret(ThreadImpl& thread, const Block& block) {
    thread.interpreting = true;
    stubs_.enter_call(
        &thread.state,
        [](base::CpuState* state, void* function) {
            bool over = (state->context_key & kKeyOver) != 0;
            std::span<const ir::Watch> watches;
            if (!over) watches = thread_of(state).engine.watches_;
            ir::interpret(*static_cast<const ir::Function*>(function), *state, watches,
                          thread_of(state).engine.options.memory);
        },
        block.function.get());
    thread.interpreting = false;
    if (thread.fault.reason != ExitReason::none) base::forget_stack_below();
}

void EngineImpl::log_exec(const Block& block) {
    char line[64];
    int n = std::snprintf(line, sizeof line, "exec 0x%016" PRIx64 "\n", block.pc);
    options.log->write({line, static_cast<size_t>(n)});
}

// --- fork ---------------------------------------------------------------------------------------

bool EngineImpl::prepare_fork() {
    mutex_.lock();
    if (cache_.prepare_fork()) return true;
    mutex_.unlock();
    return false;
}

bool EngineImpl::after_fork(bool child, ThreadImpl& self) {
    bool ok = cache_.after_fork(child);
    if (child) std::erase_if(threads_, [&](ThreadImpl* t) { return t != &self; });
    mutex_.unlock();
    return ok;
}

}  // namespace pydbt::runtime
