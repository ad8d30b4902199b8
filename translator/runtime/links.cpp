// Linking of blocks, and taking translations away: unlinking, invalidation, flush.
//
// Owns: what patching a link writes, and the order of the writes. Must not know: why code changed.
#include <sched.h>

#include <algorithm>

#include "translator/runtime/engine_impl.hpp"

namespace pydbt::runtime {
namespace {

// An odd address is no instruction's: an inline cache with this key never matches.
constexpr uint64_t kEmptyInlineCache = 1;

// What an inline cache that was emptied is linked to: never filled again, since a thread that has
// passed the comparison with the old key may be about to take the jump.
Block* retired() {
    static Block block;
    return &block;
}

bool has_inline_cache(const x64::ExitSite& site) {
    return site.kind == x64::ExitSite::indirect || site.kind == x64::ExitSite::indirect_call;
}

}  // namespace

void EngineImpl::set_link(Block& from, uint32_t exit, Block* to) {
    const x64::ExitSite& site = from.exits[exit];
    if (site.loop != 0 && to != &from) return;  // its registers are this block's
    from.links[exit] = to;
    auto* incoming =
        static_cast<Incoming*>(blocks_.arena().allocate(sizeof(Incoming), alignof(Incoming)));
    *incoming = {&from, exit, to->incoming};
    to->incoming = incoming;
    cache_.patch_rel32(from.code + site.rel32, to->code + site.loop);
    // The key last: until it matches nobody takes the jump.
    if (has_inline_cache(site)) {
        cache_.patch64(from.code + site.ic_imm, x64::target_key(to->pc, site.btype));
    }
}

void EngineImpl::clear_link(Block& from, uint32_t exit) {
    const x64::ExitSite& site = from.exits[exit];
    bool cached = has_inline_cache(site);
    if (cached) cache_.patch64(from.code + site.ic_imm, kEmptyInlineCache);
    cache_.patch_rel32(from.code + site.rel32, from.code + site.stub);
    from.links[exit] = cached ? retired() : nullptr;
}

void EngineImpl::forget_probe(const Block& block) {
    for (ThreadImpl* thread : threads_) {
        forget_probe(block, thread->own_probe);
        for (auto& space : thread->spaces) forget_probe(block, space->probe.data());
    }
}

void EngineImpl::forget_probe(const Block& block, ProbeEntry* probe) {
    ProbeEntry& entry = probe[probe_index(block.pc)];
    std::atomic_ref<uint64_t> guest_pc(entry.guest_pc);
    uint64_t key = guest_pc.load(std::memory_order_relaxed);
    if (x64::target_key(key, (key ^ block.pc) >> 60 & 3) == block.pc) {
        guest_pc.store(kNoGuestPc, std::memory_order_release);
    }
}

void EngineImpl::kill(Block* block) {
    for (Incoming* in = block->incoming; in != nullptr; in = in->next) {
        if (in->from->links[in->exit] == block) clear_link(*in->from, in->exit);
    }
    block->incoming = nullptr;
    forget_probe(*block);
    blocks_.remove(block);
}

void EngineImpl::invalidate(uint64_t begin, uint64_t end) {
    Lock lock(mutex_);
    std::vector<Block*> blocks;
    blocks_.overlapping(begin, end, blocks);
    for (Block* block : blocks) kill(block);
    stats_.invalidations += blocks.size();
}

void EngineImpl::set_breakpoint(uint64_t pc, bool on) {
    {
        Lock lock(mutex_);
        if (!(on ? breakpoints_.insert(pc).second : breakpoints_.erase(pc) != 0)) return;
    }
    // Where blocks of a guest's address are is not known of every address space.
    is_system() ? flush() : invalidate(pc, pc + 4);
}

void EngineImpl::set_watches(std::vector<ir::Watch> watches) {
    watches_ = std::move(watches);
    if (watches_.empty()) {
        key_ &= ~uint32_t{kKeyWatch};
    } else {
        key_ |= kKeyWatch;
    }
}

void EngineImpl::invalidate_stale(ThreadImpl& thread) {
    for (auto [begin, end] : thread.stale) invalidate(begin, end);
    thread.stale.clear();
}

void EngineImpl::flush() {
    Lock lock(mutex_);
    flush_locked(nullptr);
}

void EngineImpl::flush_locked(ThreadImpl* self) {
    for (ThreadImpl* thread : threads_) {
        if (thread == self) continue;
        while (thread->in_code.load(std::memory_order_acquire)) {
            std::atomic_ref<uint32_t>(thread->state.poll).fetch_or(kPollFlush);
            sched_yield();
        }
    }
    generation_++;
    blocks_.reset();
    cache_.reset(stubs_end_);
    stats_.flushes++;
}

}  // namespace pydbt::runtime
