// Tier 1's contract: buffers, addresses, relocations, and the guest's state at faults, which is
// compared with the interpreter's on random functions with more live values than registers.
#include "translator/x64/tier1.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "tests/unit/cpp/testing.hpp"
#include "tests/unit/cpp/x64/random_function.hpp"
#include "tests/unit/cpp/x64/tier1_harness.hpp"
#include "translator/base/flags.hpp"
#include "translator/ir/parser.hpp"
#include "translator/ir/verifier.hpp"

namespace {

using namespace pydbt;
using namespace pydbt::testing;
using x64::CodeBlock;
using x64::ExitSite;
using x64::RecoveryEntry;
using x64::Reloc;

constexpr uint64_t kPc = 0x400000;
constexpr size_t kMostCode = size_t{1} << 16;

struct Compiled {
    std::vector<uint8_t> bytes;
    CodeBlock block;
};

x64::Tier1& tier1() {
    static x64::Tier1 compiler(x64::HostFeatures{x64::kHostBaseline});
    return compiler;
}

// Has to do with few registers.
x64::Tier1& poor_tier1() {
    static x64::Tier1 compiler(x64::HostFeatures{x64::kHostBaseline}, x64::kFewestRegisters);
    return compiler;
}

Compiled compile(const ir::Function& f, x64::Tier1& compiler = tier1()) {
    alignas(64) static uint8_t buffer[kMostCode];
    Compiled c;
    std::memset(buffer, 0, sizeof buffer);
    if (!compiler.compile(f, buffer, c.block)) fail(__FILE__, __LINE__, "no room");
    c.bytes.assign(buffer, buffer + c.block.size);
    return c;
}

// ---- functions

// Two guest instructions at `pc`; the second ends the block as `what` says.
struct Ending {
    const char* name;
    void (*end)(ir::Builder& b, uint64_t pc);
};

void branch(ir::Builder& b, uint64_t pc, ir::Value flags, ir::Cond cc, uint64_t taken) {
    uint32_t yes = b.new_block(), no = b.new_block();
    b.br(cc, flags, yes, no);
    b.switch_to(yes);
    b.exit_direct(static_cast<int64_t>(taken), taken <= pc ? ir::kExitPoll : 0);
    b.switch_to(no);
    b.exit_direct(static_cast<int64_t>(pc + 8));
}

const Ending kEndings[] = {
    {"direct", [](ir::Builder& b, uint64_t pc) { b.exit_direct(static_cast<int64_t>(pc + 64)); }},
    {"poll",
     [](ir::Builder& b, uint64_t pc) { b.exit_direct(static_cast<int64_t>(pc), ir::kExitPoll); }},
    {"context", [](ir::Builder& b,
                   uint64_t pc) { b.exit_direct(static_cast<int64_t>(pc + 8), ir::kExitContext); }},
    {"call",
     [](ir::Builder& b, uint64_t pc) {
         b.set_x(30, b.guest_addr(pc + 8));
         b.exit_call(static_cast<int64_t>(pc), ir::kExitPoll);
     }},
    {"indirect", [](ir::Builder& b, uint64_t) { b.exit_indirect(b.get_x(7)); }},
    {"call_indirect",
     [](ir::Builder& b, uint64_t pc) {
         b.set_x(30, b.guest_addr(pc + 8));
         b.exit_call_indirect(b.get_x(8));
     }},
    {"ret", [](ir::Builder& b, uint64_t) { b.exit_ret(b.get_x(30)); }},
    {"svc", [](ir::Builder& b, uint64_t) { b.exit_exception(1); }},
    {"brk", [](ir::Builder& b, uint64_t) { b.exit_exception(2 | 77 << 16); }},
    {"branch",
     [](ir::Builder& b, uint64_t pc) {
         branch(b, pc, b.sub_flags(b.get_x(1), b.get_x(2)), ir::Cond::lt, pc);
     }},
    {"branch_float",
     [](ir::Builder& b, uint64_t pc) {
         ir::Value n = b.v_to_f(ir::Type::f64, b.get_v(1));
         branch(b, pc, b.fcmp_flags(n, b.v_to_f(ir::Type::f64, b.get_v(2))), ir::Cond::eq, pc + 32);
     }},
    {"faults",
     [](ir::Builder& b, uint64_t pc) {
         b.set_x(3, b.guest_addr(pc + 40));
         b.begin_insn(pc + 8);
         ir::Value place = b.get_x(kBase);
         b.set_x(5, b.load(ir::Type::i64, place, ir::kNone, 0, 0, 3, 0, ir::kAligned));
         b.store(b.guest_addr(pc + 128), ir::kNone, b.guest_addr(pc), 0, 0, 3);
         b.exit_indirect(b.guest_addr(pc + 16));
     }},
};

void make(ir::Function& f, uint64_t pc, const Ending& ending) {
    f.clear();
    f.pc = pc;
    ir::Builder b(f);
    b.switch_to(b.new_block());
    b.begin_insn(pc);
    b.set_x(0, b.add(b.get_x(0), b.get_x(1)));
    b.set_v(0, b.vadd(b.get_v(1), b.vmov_imm(0x0123456789abcdef), 2));
    b.begin_insn(pc + 4);
    ending.end(b, pc);
    CHECK_EQ(ir::verify(f), "");
}

constexpr unsigned kRandomFunctions = 8;

// Calls back with every ending and some large functions.
template <class F>
void for_each_function(uint64_t pc, F&& each) {
    ir::Function f;
    for (const Ending& ending : kEndings) {
        make(f, pc, ending);
        each(f, std::string(ending.name));
    }
    for (unsigned seed = 0; seed < kRandomFunctions; seed++) {
        RandomFunction(f, pc, seed).build(64);
        each(f, "random " + std::to_string(seed));
    }
}

// ---- buffers

// A buffer whose end is at most 15 bytes before a page that cannot be touched.
class Guarded {
   public:
    Guarded() {
        void* memory = mmap(nullptr, kMostCode + kPage, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        begin_ = static_cast<uint8_t*>(memory);
        mprotect(begin_ + kMostCode, kPage, PROT_NONE);
    }
    ~Guarded() { munmap(begin_, kMostCode + kPage); }
    Guarded(const Guarded&) = delete;
    Guarded& operator=(const Guarded&) = delete;

    std::span<uint8_t> last(size_t bytes) {
        size_t aligned = (bytes + 15) & ~size_t{15};
        uint8_t* at = begin_ + kMostCode - aligned;
        std::memset(at, kUntouched, aligned);
        return {at, bytes};
    }
    bool untouched_behind(std::span<uint8_t> buffer) const {
        return std::all_of(buffer.data() + buffer.size(), begin_ + kMostCode,
                           [](uint8_t byte) { return byte == kUntouched; });
    }

   private:
    static constexpr uint8_t kUntouched = 0xcc;
    uint8_t* begin_;
};

TEST(no_buffer_is_too_small_to_be_safe) {
    Guarded guarded;
    CodeBlock block;
    for_each_function(kPc, [&](const ir::Function& f, const std::string& name) {
        Compiled whole = compile(f);
        size_t step = whole.bytes.size() < 1024 ? 1 : 13;
        bool fitted = false;
        for (size_t size = 0; size < whole.bytes.size() + 128; size += step) {
            std::span<uint8_t> buffer = guarded.last(size);
            bool fits = tier1().compile(f, buffer, block);
            if (!guarded.untouched_behind(buffer)) fail(__FILE__, __LINE__, name + ": beyond");
            if (fits && size < block.size)
                fail(__FILE__, __LINE__, name + ": larger than its room");
            if (fitted && !fits) fail(__FILE__, __LINE__, name + ": more room is less");
            if (fits && !std::equal(whole.bytes.begin(), whole.bytes.end(), buffer.begin())) {
                fail(__FILE__, __LINE__, name + ": the room changes the code");
            }
            fitted = fits;
        }
        if (!fitted) fail(__FILE__, __LINE__, name + ": wants much more room than it uses");
    });
}

// ---- addresses

TEST(the_same_bytes_wherever_it_is_compiled) {
    Guarded guarded;
    CodeBlock block;
    for_each_function(kPc, [&](const ir::Function& f, const std::string& name) {
        Compiled whole = compile(f);
        for (size_t extra : {64, 80, 4096 + 16}) {
            std::span<uint8_t> buffer = guarded.last(whole.bytes.size() + extra);
            if (!tier1().compile(f, buffer, block) ||
                !std::equal(whole.bytes.begin(), whole.bytes.end(), buffer.begin())) {
                fail(__FILE__, __LINE__, name);
            }
        }
    });
}

void patch(Compiled& c, uint64_t delta) {
    for (const Reloc& r : c.block.relocs) {
        uint64_t to = r.address + delta;
        size_t size = r.kind == Reloc::imm32 ? 4 : 8;
        uint64_t was = 0;
        std::memcpy(&was, c.bytes.data() + r.offset, size);
        CHECK_EQ(was, r.address);
        std::memcpy(c.bytes.data() + r.offset, &to, size);
    }
}

bool moved(const RecoveryEntry& from, const RecoveryEntry& to, uint64_t delta) {
    bool is_address = from.kind == RecoveryEntry::address;
    return from.kind == to.kind && from.guest == to.guest && from.host == to.host &&
           from.slot == to.slot && from.value + (is_address ? delta : 0) == to.value;
}

void check_relocation(uint64_t from, uint64_t to) {
    std::vector<std::pair<std::string, Compiled>> before;
    for_each_function(from, [&](const ir::Function& f, const std::string& name) {
        before.emplace_back(name, compile(f));
    });
    size_t n = 0;
    for_each_function(to, [&](const ir::Function& f, const std::string& name) {
        Compiled there = compile(f);
        Compiled& here = before[n++].second;
        auto complain = [&](const char* what) { fail(__FILE__, __LINE__, name + ": " + what); };
        patch(here, to - from);
        if (here.bytes != there.bytes) complain("a guest address without a relocation");
        if (here.block.exits.size() != there.block.exits.size()) return complain("exits");
        for (size_t e = 0; e < here.block.exits.size(); e++) {
            const ExitSite &a = here.block.exits[e], &b = there.block.exits[e];
            uint64_t target = a.target == 0 ? 0 : a.target + (to - from);
            bool same = a.kind == b.kind && a.rel32 == b.rel32 && a.stub == b.stub &&
                        a.ic_imm == b.ic_imm && target == b.target;
            if (!same) complain("an exit");
        }
        if (here.block.entries.size() != there.block.entries.size()) return complain("entries");
        for (size_t e = 0; e < here.block.entries.size(); e++) {
            if (!moved(here.block.entries[e], there.block.entries[e], to - from)) complain("entry");
        }
    });
}

TEST(relocations_name_every_guest_address) {
    check_relocation(kPc, 0x00abc000);
    check_relocation(0x10000, 0x7ffe'0000);
    check_relocation(0x7f12'3456'7000, 0x5555'0000'4000);
    check_relocation(0x8000'0000, 0xffff'f000);
    check_relocation(0xffff'0000, 0x1'0000'0000);
}

// ---- tables

void check_tables(const ir::Function& f, const Compiled& c, const std::string& name) {
    auto complain = [&](const char* what) { fail(__FILE__, __LINE__, name + ": " + what); };
    const CodeBlock& b = c.block;
    for (size_t n = 0; n < b.rows.size(); n++) {
        if (n != 0 && b.rows[n - 1].host_offset >= b.rows[n].host_offset) complain("rows' order");
        if (b.rows[n].host_offset >= b.constants) complain("a row outside the code");
        if (b.rows[n].insn >= f.insns.size()) complain("a row's instruction");
        if (b.rows[n].first + b.rows[n].count > b.entries.size()) complain("a row's entries");
    }
    for (const ExitSite& e : b.exits) {
        bool indirect = e.kind == ExitSite::indirect || e.kind == ExitSite::indirect_call;
        if (e.rel32 % 4 != 0) complain("an unaligned branch field");
        if (indirect && e.ic_imm % 8 != 0) complain("an unaligned cache key");
        int32_t relative;
        std::memcpy(&relative, c.bytes.data() + e.rel32, 4);
        auto leads_to = static_cast<uint32_t>(static_cast<int64_t>(e.rel32) + 4 + relative);
        if (leads_to != e.stub) complain("an exit that does not lead to its stub");
        if (e.stub < b.cold || e.stub >= b.constants) complain("a stub that is not out of line");
    }
    for (size_t n = 1; n < b.insn_map.size(); n++) {
        if (b.insn_map[n - 1].host_offset > b.insn_map[n].host_offset) complain("map's order");
    }
    if (b.cold > b.constants || b.constants > b.size) complain("parts");
}

TEST(tables_are_in_order) {
    for_each_function(kPc, [&](const ir::Function& f, const std::string& name) {
        check_tables(f, compile(f), name);
    });
}

// ---- what code does, against the interpreter

class Bench {
   public:
    Bench() {
        void* memory =
            mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        memory_ = static_cast<uint8_t*>(memory);
    }
    ~Bench() { munmap(memory_, kBytes); }
    Bench(const Bench&) = delete;
    Bench& operator=(const Bench&) = delete;

    uint8_t* page(unsigned n) { return memory_ + n * kPage; }

    base::CpuState first_state(unsigned seed, uint64_t misalignment) {
        std::mt19937_64 random(seed);
        base::CpuState state{};
        for (uint64_t& x : state.x) x = random() >> (random() % 60);
        state.sp = random();
        for (base::V128& v : state.v) v = {random(), random()};
        constexpr uint64_t kNumbers[] = {0x3ff0000000000000, 0x7ff8000000000001, 0x7ff0000000000000,
                                         0xbff8000000000000};
        for (unsigned n = 0; n < 32; n += 2) state.v[n].lo = kNumbers[n / 2 % 4];
        state.nzcv = base::flags_from_nzcv(random() % 16);
        state.x[kBase] = reinterpret_cast<uint64_t>(memory_);
        state.x[kAlignedBase] = state.x[kBase] + misalignment;
        host.prepare(state);
        return state;
    }

    // Both from the same state; `forbidden`: a page that faults, or kMostAccesses for none.
    void compare(const ir::Function& f, const Compiled& c, unsigned seed, unsigned forbidden,
                 uint64_t misalignment, const std::string& name) {
        auto wanted = std::make_unique<base::CpuState>(first_state(seed, misalignment));
        auto got = std::make_unique<base::CpuState>(*wanted);
        fill(seed);
        protect(forbidden, PROT_NONE);
        bool faults = host.interpret(f, *wanted);
        protect(forbidden, PROT_READ | PROT_WRITE);
        std::vector<uint8_t> memory = contents();
        fill(seed);
        const uint8_t* at = host.place(c.bytes.data(), c.bytes.size(), 16 * (seed % 100));
        protect(forbidden, PROT_NONE);
        left = host.run(f, c.block, at, *got);
        protect(forbidden, PROT_READ | PROT_WRITE);
        CHECK_EQ(left.way, faults ? Way::fault : Way::exception);
        bool same = same_state(*got, *wanted) && contents() == memory;
        if (!same) {
            fail(__FILE__, __LINE__, name + " page " + std::to_string(forbidden) + difference_);
        }
    }

    Tier1Host host;
    Left left;

   private:
    static constexpr size_t kBytes = kMostAccesses * kPage;

    void fill(unsigned seed) {
        std::mt19937_64 random(seed + 1);
        for (unsigned n = 0; n < kMostAccesses; n++) {
            for (size_t at = 0; at < kAccessed; at += 8) {
                uint64_t word = random();
                std::memcpy(page(n) + at, &word, 8);
            }
        }
    }
    std::vector<uint8_t> contents() {
        std::vector<uint8_t> all;
        for (unsigned n = 0; n < kMostAccesses; n++) {
            all.insert(all.end(), page(n), page(n) + kAccessed);
        }
        return all;
    }
    void protect(unsigned n, int protection) {
        if (n < kMostAccesses) mprotect(page(n), kPage, protection);
    }
    bool same_state(const base::CpuState& got, const base::CpuState& wanted) {
        difference_ = ": memory";
        for (unsigned n = 0; n < 31; n++) {
            if (got.x[n] != wanted.x[n]) difference_ = ": x" + std::to_string(n);
            if (got.x[n] != wanted.x[n]) return false;
        }
        for (unsigned n = 0; n < 32; n++) {
            if (!(got.v[n] == wanted.v[n])) difference_ = ": v" + std::to_string(n);
            if (!(got.v[n] == wanted.v[n])) return false;
        }
        bool flags = ((got.nzcv ^ wanted.nzcv) & base::kFlagsMask) == 0;
        if (!flags) difference_ = ": nzcv";
        if (got.pc != wanted.pc) difference_ = ": pc";
        return flags && got.sp == wanted.sp && got.pc == wanted.pc;
    }

    uint8_t* memory_;
    std::string difference_;
};

constexpr unsigned kFaultFunctions = 150;

TEST(state_at_every_fault_is_the_interpreters) {
    Bench bench;
    ir::Function f;
    uint32_t kinds = 0, flags_modes = 0;
    unsigned alignment = 0;
    for (unsigned seed = 0; seed < kFaultFunctions; seed++) {
        RandomFunction random(f, kPc, 1000 + seed);
        random.build(64);
        REQUIRE(ir::verify(f).empty());
        bool poor = seed % 2 != 0;
        Compiled c = compile(f, poor ? poor_tier1() : tier1());
        std::string name = (poor ? "poor function " : "function ") + std::to_string(seed);
        check_tables(f, c, name);
        for (unsigned page = 0; page <= random.accesses(); page++) {
            // The last round takes no page away.
            unsigned forbidden = page == random.accesses() ? kMostAccesses : page;
            bench.compare(f, c, seed, forbidden, 0, name);
            kinds |= bench.left.kinds;
            flags_modes |= bench.left.flags_modes;
        }
        bench.compare(f, c, seed, kMostAccesses, 1, name + " misaligned");
        if (bench.left.way == Way::fault) {
            CHECK(bench.left.row_kind == x64::RecoveryRow::alignment_of_load ||
                  bench.left.row_kind == x64::RecoveryRow::alignment_of_store);
            CHECK_EQ(bench.left.address % 8, 1u);
            alignment++;
        }
    }
    // Every place a register may be in has been met, or this test would test less than it says.
    for (unsigned kind : {RecoveryEntry::gp, RecoveryEntry::xmm, RecoveryEntry::constant,
                          RecoveryEntry::address, RecoveryEntry::spill, RecoveryEntry::eflags,
                          RecoveryEntry::home_x, RecoveryEntry::home_v}) {
        if ((kinds >> kind & 1) == 0) fail(__FILE__, __LINE__, "never: " + std::to_string(kind));
    }
    CHECK_EQ(flags_modes, 7u);  // add, sub, fcmp
    CHECK(alignment > kFaultFunctions / 2);
}

TEST(a_block_runs_wherever_it_is) {
    Bench bench;
    ir::Function f;
    RandomFunction random(f, kPc, 5);
    random.build(64);
    Compiled c = compile(f);
    // compare() places it by the seed.
    for (unsigned seed = 0; seed < 100; seed++) {
        bench.compare(f, c, seed, seed % (random.accesses() + 1), 0,
                      "seed " + std::to_string(seed));
    }
}

constexpr const char* kParameters = R"(function 0x400000 key=0 {
bb0():
@0x400000:
  v0 = get_x n=0
  v1 = get_x n=1
  v2 = trunc v0
  v3 = get_v n=0
  v4 = v_to_f.f64 v3
  v5 = get_v n=1
  v6 = v_to_f.f32 v5
  v7 = sub_flags v0, v1
  v8 = add.i64 v0, v1
  jump bb1(v0, v8, v2, v3, v4, v6, v7, v1)
bb1(v10: i64, v11: i64, v12: i32, v13: v128, v14: f64, v15: f32, v16: flags, v17: i64):
@0x400000:
  v18 = add.i32 v12, v12
  jump bb2(v11, v10, v18, v17, v14, v13, v15, v16)
bb2(v20: i64, v21: i64, v22: i32, v23: i64, v24: f64, v25: v128, v26: f32, v27: flags):
@0x400000:
  set_x v20, n=2
  set_x v21, n=3
  v30 = zext v22
  set_x v30, n=4
  set_x v23, n=5
  v33 = f_to_v v24
  set_v v33, n=2
  set_v v25, n=3
  v36 = f_to_v v26
  set_v v36, n=4
  set_flags v27
  exit_exception reason=1
}
)";

TEST(edges_carry_parameters_of_every_type_at_once) {
    Bench bench;
    ir::Function f;
    std::string text = kParameters;
    std::string wrong = ir::parse(text, f);
    CHECK_EQ(wrong, "");
    REQUIRE(wrong.empty());
    CHECK_EQ(ir::verify(f), "");
    Compiled c = compile(f);
    for (unsigned seed = 0; seed < 20; seed++) {
        bench.compare(f, c, seed, kMostAccesses, 0, "seed " + std::to_string(seed));
        CHECK_EQ(bench.left.way, Way::exception);
    }
}

TEST(endings_leave_where_they_say) {
    Tier1Host host;
    ir::Function f;
    auto state = std::make_unique<base::CpuState>();
    auto run = [&](const char* name, uint32_t poll) {
        const Ending* ending =
            std::find_if(std::begin(kEndings), std::end(kEndings),
                         [&](const Ending& e) { return e.name == std::string(name); });
        make(f, kPc, *ending);
        Compiled c = compile(f);
        *state = {};
        host.prepare(*state);
        state->poll = poll;
        state->x[7] = state->x[8] = state->x[30] = 0x1230;
        state->x[2] = 1;  // x1 < x2: the branch is taken
        const uint8_t* at = host.place(c.bytes.data(), c.bytes.size(), 0);
        Left left = host.run(f, c.block, at, *state);
        if (left.way == Way::link) {
            // The guest pc of the exit whose stub it was.
            uint64_t stub = left.rax - reinterpret_cast<uint64_t>(at);
            left.rax = 0;
            for (const ExitSite& e : c.block.exits) {
                if (e.stub == stub) left.rax = e.target;
            }
        }
        return left;
    };
    auto check = [&](const char* name, uint32_t poll, Way way, uint64_t pc) {
        Left left = run(name, poll);
        bool ok = CHECK_EQ(left.way, way);
        ok = CHECK_EQ(left.rax, pc) && ok;
        if (!ok) fail(__FILE__, __LINE__, name);
    };
    check("direct", 0, Way::link, kPc + 64);
    check("direct", 1, Way::link, kPc + 64);
    check("poll", 0, Way::link, kPc);
    check("poll", 1, Way::poll, kPc);
    check("context", 0, Way::poll, kPc + 8);
    check("call", 0, Way::link, kPc);
    CHECK_EQ(state->x[30], kPc + 8);
    check("call", 1, Way::poll, kPc);
    check("indirect", 0, Way::indirect, 0x1230);
    check("indirect", 1, Way::poll, 0x1230);
    check("call_indirect", 0, Way::indirect, 0x1230);
    check("call_indirect", 1, Way::poll, 0x1230);
    check("ret", 1, Way::returned, 0x1230);
    check("svc", 1, Way::exception, kPc + 8);
    CHECK_EQ(state->pc, kPc + 8);
    CHECK_EQ(state->exit_reason, 1u);
    check("brk", 0, Way::exception, kPc + 4);
    CHECK_EQ(state->exit_imm, 77u);
    check("branch", 0, Way::link, kPc);
    check("branch", 1, Way::poll, kPc);
    check("branch_float", 1, Way::link, kPc + 32);
}

}  // namespace
