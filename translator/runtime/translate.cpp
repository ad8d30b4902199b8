// The pipeline: fetch, lift, optimize, compile, keep; and the log of each step.
//
// Owns: the order of the passes. Must not know: what any of them does.
#include <algorithm>
#include <cinttypes>
#include <cstdlib>
#include <ctime>

#include "translator/a64/disassembler.hpp"
#include "translator/ir/printer.hpp"
#include "translator/ir/verifier.hpp"
#include "translator/opt/passes.hpp"
#include "translator/runtime/engine_impl.hpp"

namespace pydbt::runtime {
namespace {

uint64_t now_ns() {
    timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return static_cast<uint64_t>(t.tv_sec) * 1'000'000'000u + static_cast<uint64_t>(t.tv_nsec);
}

template <class... Args>
void append(std::string& text, const char* format, Args... args) {
    char line[256];
    int n = std::snprintf(line, sizeof line, format, args...);
    if (n > 0) text.append(line, std::min(static_cast<size_t>(n), sizeof line - 1));
}

[[noreturn]] void internal_error(const std::string& what, const ir::Function& f) {
    std::fprintf(stderr, "pydbt: internal error: %s\n%s", what.c_str(), ir::print(f).c_str());
    std::abort();
}

#ifdef NDEBUG
void check(const ir::Function&, const char*) {}
#else
// A function that does not hold together is a defect of the step before; nothing after it is right.
void check(const ir::Function& f, const char* step) {
    std::string wrong = ir::verify(f);
    if (!wrong.empty()) internal_error(std::string("IR after ") + step + ": " + wrong, f);
}
#endif

}  // namespace

Block* EngineImpl::find_or_translate(ThreadImpl& thread, uint64_t pc, uint32_t key) {
    CodePlace place{pc, true, false};
    if (is_system()) place = environment.place(thread.state, pc);
    if (!place.found) return nullptr;
    // Two translations of a page that is guarded for some and not for others are told apart by a
    // bit that no place has.
    if (is_system() && place.guarded) place.address |= 1;
    if (Block* block = blocks_.find(pc, place.address, key)) return block;
    return translate(thread, pc, place, key);
}

Block* EngineImpl::translate(ThreadImpl& thread, uint64_t pc, const CodePlace& place,
                             uint32_t key) {
    uint64_t start = options.times ? now_ns() : 0;
    size_t count = environment.fetch(place.address & ~uint64_t{1}, words_);
    if (count == 0) return nullptr;
    std::span<const uint32_t> words(words_.data(), block_limit(pc, key, count));
    bool guarded = is_system() ? place.guarded : environment.guarded(pc);
    words = build(pc, guarded, key, words);
    bool interpreted = is_interpreted(key);
    while (!interpreted && !compile(thread)) {
        // More code than a whole cache: a small one, or instructions that need much at once.
        if (words.size() == 1) internal_error("no room for one instruction", function_);
        words = build(pc, guarded, key, words.first(words.size() / 2));
    }
    Block* block = blocks_.make();
    if (block == nullptr) {
        flush_locked(&thread);
        return translate(thread, pc, place, key);
    }
    block->pc = pc;
    block->place = place.address;
    block->key = key;
    block->guest_bytes = static_cast<uint32_t>(words.size_bytes());
    Arena& arena = blocks_.arena();
    block->insns = arena.copy(std::span<const uint64_t>(function_.insns));
    if (interpreted) {
        block->function = std::make_unique<ir::Function>(function_);
        block->code = cache_.used();
    } else {
        block->exits = arena.copy(std::span<const x64::ExitSite>(code_.exits));
        block->links = arena.zeroed<Block*>(code_.exits.size());
        block->rows = arena.copy(std::span<const x64::RecoveryRow>(code_.rows));
        block->entries = arena.copy(std::span<const x64::RecoveryEntry>(code_.entries));
        block->code_bytes = code_.size;
        block->code = cache_.commit(code_.size);
        log_host(*block);
    }
    blocks_.insert(block);
    stats_.blocks++;
    stats_.guest_insns_translated += words.size();
    stats_.host_bytes += block->code_bytes;
    if (options.times) stats_.translate_ns += now_ns() - start;
    return block;
}

size_t EngineImpl::block_limit(uint64_t pc, uint32_t key, size_t count) const {
    if ((key & kKeyStep) != 0) return 1;
    auto next = breakpoints_.upper_bound(pc);
    if (next == breakpoints_.end()) return count;
    return std::min<uint64_t>(count, (*next - pc + 3) / 4);
}

// Leaves in function_ what tiers run; returns the words that are in it.
std::span<const uint32_t> EngineImpl::build(uint64_t pc, bool guarded, uint32_t key,
                                            std::span<const uint32_t> words) {
    lift(pc, guarded, key, words, false);
    if (uses_tags()) lift(pc, guarded, key, words, true);
    words = words.first(function_.insns.size());
    if (options.log != nullptr) log_guest(words);
    log_ir("ir");
    check(function_, "lifting");
    for (const opt::Pass& pass : opt::kPasses) {
        pass.run(function_);
        check(function_, pass.name);
    }
    log_ir("ir_opt");
    return words;
}

void EngineImpl::lift(uint64_t pc, bool guarded, uint32_t key, std::span<const uint32_t> words,
                      bool mask_addresses) {
    function_.clear();
    function_.mask_addresses = mask_addresses;
    if ((key & kKeyOver) == 0 && breakpoints_.contains(pc)) {
        a64::lift_breakpoint(function_, pc, key);
        return;
    }
    a64::lift_block(function_, pc, words, options.features, key, {guarded, environment.own(pc)});
}

bool EngineImpl::uses_tags() const {
    if (tagged_.empty()) return false;
    return std::any_of(function_.insns.begin(), function_.insns.end(),
                       [&](uint64_t pc) { return tagged_.contains(pc); });
}

bool EngineImpl::compile(ThreadImpl& thread) {
    if (tier1_.compile(function_, cache_.space(), code_)) return true;
    flush_locked(&thread);
    return tier1_.compile(function_, cache_.space(), code_);
}

// --- the log ------------------------------------------------------------------------------------

void EngineImpl::log_guest(std::span<const uint32_t> words) {
    if (!options.log->wants(kLogInAsm)) return;
    std::string text = "in_asm\n";
    for (size_t i = 0; i < words.size(); i++) {
        uint64_t pc = function_.insns[i];
        append(text, "  0x%016" PRIx64 ":  %08" PRIx32 "  ", pc, words[i]);
        text += a64::disassemble(words[i], pc, options.features);
        text += '\n';
    }
    options.log->write(text);
}

void EngineImpl::log_ir(const char* title) {
    if (options.log == nullptr) return;
    bool optimized = title[2] != '\0';
    if (!options.log->wants(optimized ? kLogIrOpt : kLogIr)) return;
    options.log->write(std::string(title) + "\n" + ir::print(function_));
}

void EngineImpl::log_host(const Block& block) {
    if (options.log == nullptr || !options.log->wants(kLogOutAsm)) return;
    std::string text;
    const uint8_t* code = cache_.executable(block.code);
    append(text, "out_asm 0x%016" PRIx64 " host 0x%016" PRIx64 " bytes %" PRIu32 "\n", block.pc,
           reinterpret_cast<uint64_t>(code), block.code_bytes);
    for (uint32_t at = 0; at < block.code_bytes;) {
        append(text, "  %06" PRIx32 ": ", at);
        for (uint32_t end = std::min(at + 32, block.code_bytes); at < end; at++) {
            append(text, "%02x", code[at]);
        }
        text += '\n';
    }
    options.log->write(text);
}

}  // namespace pydbt::runtime
