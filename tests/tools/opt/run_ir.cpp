// Runs IR given as text on the interpreter, as it is and after what may change it.
//
// Owns: the variants, the state's way in and out, helpers whose results a test can predict. Must
// not know: what results are right; tests/property/test_ir.py compares with the oracle.
//
//   run_ir   < cases > results
//
// A case is a function as printed, then a line `run STATE MEMORY`: hexadecimal bytes of CpuState's
// beginning and of the memory that ends at kMemoryEnd. Results: `text TEXT` with what the parsed
// function prints (newlines as `\n`), then for each variant `NAME OUTCOME STATE MEMORY`.
// A line `error MESSAGE` stands for a function that is not accepted.
#include <sys/mman.h>

#include <array>
#include <csetjmp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <memory>
#include <string>
#include <utility>

#include "translator/ir/builder.hpp"
#include "translator/ir/interpreter.hpp"
#include "translator/ir/parser.hpp"
#include "translator/ir/printer.hpp"
#include "translator/ir/verifier.hpp"
#include "translator/opt/dead.hpp"

namespace {

using namespace pydbt;
using namespace pydbt::ir;
using base::CpuState;

constexpr uint64_t kMemoryEnd = 0x5000'1000;  // nothing is mapped behind it
constexpr size_t kMostMemory = 4096;
constexpr size_t kStateBytes = offsetof(CpuState, probe_table);

[[noreturn]] void fail(const std::string& message) {
    std::fprintf(stderr, "run_ir: %s\n", message.c_str());
    std::exit(2);
}

// ---- helpers: mixes that depend on every argument and on which helper it is

template <size_t Id>
uint64_t integer_helper(CpuState*, uint64_t a, uint64_t b, uint64_t c) {
    return a * 3 + b * 5 + c * 7 + Id;
}

template <size_t Id>
void vector_helper(CpuState* s, uint64_t imm) {
    base::V128 r = s->vtmp[0];
    r.lo += s->vtmp[1].hi * 3 + s->vtmp[2].lo + imm;
    r.hi += s->vtmp[1].lo * 5 + s->vtmp[2].hi + Id;
    s->vtmp[0] = r;
}

uint64_t get_fpsr(CpuState* s, uint64_t, uint64_t, uint64_t) { return s->fpsr; }
uint64_t set_fpsr(CpuState* s, uint64_t a, uint64_t, uint64_t) {
    s->fpsr = static_cast<uint32_t>(a);
    return 0;
}
uint64_t set_fpcr(CpuState* s, uint64_t a, uint64_t, uint64_t) {
    constexpr uint32_t kAfp = 7;  // NEP, AH and FIZ, which the oracle does not have
    s->fpcr = static_cast<uint32_t>(a) & ~kAfp;
    return 0;
}

// Which of the two kinds a helper is shows in its use.
struct Helpers {
    uint64_t integer[base::kHelperCount];
    uint64_t vector[base::kHelperCount];

    template <size_t... Id>
    explicit Helpers(std::index_sequence<Id...>)
        : integer{reinterpret_cast<uint64_t>(&integer_helper<Id>)...},
          vector{reinterpret_cast<uint64_t>(&vector_helper<Id>)...} {
        auto set = [&](base::HelperId id, base::IntHelper f) {
            integer[static_cast<size_t>(id)] = reinterpret_cast<uint64_t>(f);
        };
        set(base::HelperId::get_fpsr, get_fpsr);
        set(base::HelperId::set_fpsr, set_fpsr);
        set(base::HelperId::set_fpcr, set_fpcr);
    }

    void fill(CpuState& s, const Function& f) const {
        std::memcpy(s.helpers, integer, sizeof integer);
        for (const Inst& i : f.insts) {
            auto id = static_cast<size_t>(i.imm);
            if (i.op == Op::call_vhelper) s.helpers[id] = vector[id];
        }
    }
};

// ---- building again, so that the builder folds and forwards

class Replay {
   public:
    explicit Replay(const Function& from) : from_(from), b_(to_), map_(from.insts.size(), kNone) {}

    Function run() {
        to_.pc = from_.pc;
        to_.key = from_.key;
        for (size_t n = 0; n < from_.blocks.size(); n++) b_.new_block();
        for (uint32_t n = 0; n < from_.blocks.size(); n++) {
            b_.switch_to(n);
            uint32_t insn = kNone;
            for (uint32_t at = from_.blocks[n].first; at != kNone; at = from_.insts[at].next) {
                const Inst& i = from_.insts[at];
                if (i.insn != insn && i.op != Op::param) {
                    insn = i.insn;
                    b_.begin_insn(from_.insns[insn]);
                }
                map_[at] = again(b_, i);
            }
        }
        return std::move(to_);
    }

   private:
    Value mapped(Value v) const { return v == kNone ? kNone : map_[v]; }

    void jump(const Inst& i) {
        const Edge& e = from_.edges[static_cast<size_t>(i.imm)];
        auto arg = [&](uint32_t n) { return mapped(from_.edge_args[e.args_begin + n]); };
        switch (e.args_count) {
            case 0: return b_.jump(e.block);
            case 1: return b_.jump(e.block, {arg(0)});
            case 2: return b_.jump(e.block, {arg(0), arg(1)});
            default: fail("an edge with more than two arguments");
        }
    }

    Value again(Builder& b, const Inst& i) {
        Value a0 = mapped(i.args[0]), a1 = mapped(i.args[1]), a2 = mapped(i.args[2]);
        auto n = static_cast<unsigned>(i.imm);
        switch (i.op) {
            case Op::get_x: return b.get_x(n);
            case Op::set_x: return b.set_x(n, a0), kNone;
            case Op::get_v: return b.get_v(n);
            case Op::set_v: return b.set_v(n, a0), kNone;
            case Op::get_flags: return b.get_flags();
            case Op::set_flags: return b.set_flags(a0), kNone;
            case Op::param: return b.param(i.type);
            case Op::const_: return b.const_(i.type, static_cast<uint64_t>(i.imm));
            case Op::guest_addr: return b.guest_addr(static_cast<uint64_t>(i.imm));
            case Op::load: return b.load(i.type, a0, a1, i.scale, i.imm, i.size, i.order, i.flags);
            case Op::load_s:
                return b.load_s(i.type, a0, a1, i.scale, i.imm, i.size, i.order, i.flags);
            case Op::load_v: return b.load_v(a0, a1, i.scale, i.imm, i.size, i.order, i.flags);
            case Op::store:
                return b.store(a0, a1, a2, i.scale, i.imm, i.size, i.order, i.flags), kNone;
            case Op::store_v:
                return b.store_v(a0, a1, a2, i.scale, i.imm, i.size, i.order, i.flags), kNone;
            case Op::copy_bytes: return b.copy_bytes(a0, a1, a2, i.imm);
            case Op::fill_bytes: return b.fill_bytes(a0, a1, a2, i.imm);
            case Op::jump: return jump(i), kNone;
            case Op::br: {
                const Edge* edges = &from_.edges[static_cast<size_t>(i.imm)];
                return b.br(i.cc, a0, edges[0].block, edges[1].block), kNone;
            }
#include "tests/tools/opt/replay.gen.inc"
        }
        fail("an op that is none");
    }

    const Function& from_;
    Function to_;
    Builder b_;
    std::vector<Value> map_;
};

// ---- runs

sigjmp_buf fault;

void on_fault(int signal) { siglongjmp(fault, signal); }

// How an access that is not aligned is reported is no part of what the oracle says.
const char* interpret_caught(const Function& f, CpuState& s) {
    uint32_t reason = s.exit_reason, payload = s.exit_imm;
    uint64_t address = s.fault_address;
    if (sigsetjmp(fault, 1) != 0) return "memory";
    interpret(f, s);
    if (s.exit_reason != static_cast<uint32_t>(Exception::alignment_fault)) return "exit";
    s.exit_reason = reason;
    s.exit_imm = payload;
    s.fault_address = address;
    return "alignment";
}

std::string hex(const void* data, size_t bytes) {
    constexpr char kDigits[] = "0123456789abcdef";
    auto from = static_cast<const uint8_t*>(data);
    std::string text;
    for (size_t n = 0; n < bytes; n++) {
        text += kDigits[from[n] >> 4];
        text += kDigits[from[n] & 15];
    }
    return text;
}

std::string unhex(const std::string& text) {
    std::string data;
    for (size_t n = 0; n + 1 < text.size(); n += 2) {
        data += static_cast<char>(std::stoi(text.substr(n, 2), nullptr, 16));
    }
    return data;
}

void run_variant(const char* name, const Function& f, const std::string& state,
                 const std::string& memory) {
    static const Helpers helpers(std::make_index_sequence<base::kHelperCount>{});
    static CpuState s;
    std::string wrong = verify(f);
    if (!wrong.empty()) {
        std::printf("error %s: %s\n", name, wrong.c_str());
        return;
    }
    s = {};
    std::memcpy(static_cast<void*>(&s), state.data(), std::min(state.size(), kStateBytes));
    helpers.fill(s, f);
    auto* window = reinterpret_cast<uint8_t*>(kMemoryEnd - memory.size());
    std::memcpy(window, memory.data(), memory.size());
    const char* outcome = interpret_caught(f, s);
    std::printf("%s %s %s %s\n", name, outcome, hex(&s, kStateBytes).c_str(),
                hex(window, memory.size()).c_str());
}

std::string one_line(const std::string& text) {
    std::string result;
    for (char c : text) result += c == '\n' ? std::string("\\n") : std::string(1, c);
    return result;
}

void run_case(const std::string& text, const std::string& state, const std::string& memory) {
    Function f;
    std::string wrong = parse(text, f);
    if (wrong.empty()) wrong = verify(f);
    if (wrong.empty() && f.insts.size() > kMostValues) wrong = "too many instructions";
    if (!wrong.empty()) {
        std::printf("error %s\n", wrong.c_str());
        return;
    }
    std::printf("text %s\n", one_line(print(f)).c_str());
    Function folded = Replay(f).run();
    run_variant("plain", f, state, memory);
    run_variant("folded", folded, state, memory);
    opt::eliminate_dead(f);
    run_variant("plain_live", f, state, memory);
    opt::eliminate_dead(folded);
    run_variant("folded_live", folded, state, memory);
}

}  // namespace

int main() {
    void* at = reinterpret_cast<void*>(kMemoryEnd - kMostMemory);
    if (mmap(at, kMostMemory, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != at) {
        fail("cannot map memory");
    }
    for (int signal : {SIGSEGV, SIGBUS}) std::signal(signal, on_fault);
    std::string text, line;
    while (std::getline(std::cin, line)) {
        if (!line.starts_with("run ")) {
            text += line + '\n';
            continue;
        }
        size_t space = line.find(' ', 4);
        if (space == std::string::npos) fail("a `run` line without memory");
        std::string memory = unhex(line.substr(space + 1));
        if (memory.size() > kMostMemory) fail("too much memory");
        run_case(text, unhex(line.substr(4, space - 4)), memory);
        text.clear();
    }
    std::fflush(stdout);
    return 0;
}
