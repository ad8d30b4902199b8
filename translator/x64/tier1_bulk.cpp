// Copies and sets of many bytes.
//
// Owns: their loops. Must not know: where counts come from.
//
// What is left is in one register from beginning to end, and the guest's register is bound to it: a
// fault finds how far it came. Each step is one store, so that a copy of ranges that overlap can be
// taken up again behind the last one. A step of 16 bytes over a page's end may fault though some of
// its bytes could be moved.
#include "translator/x64/tier1_impl.hpp"

namespace pydbt::x64 {
namespace {

constexpr unsigned kVector = 4, kWord = 3, kByte = 0;  // log2 of a step's bytes

}  // namespace

// Scratch: rax, xmm15. A set has them full of its byte.
void Compiler::bulk_step(const Bulk& k, unsigned size, bool up) {
    int32_t bytes = 1 << size;
    int32_t disp = up ? 0 : -bytes;
    Mem to = mem(k.to, k.left, 0, disp);
    if (k.from != Gp::none) {
        Mem from = mem(k.from, k.left, 0, disp);
        row();
        if (size == kVector) {
            a_.vmovdqu(kScratch, from);
        } else {
            load_sized(Gp::rax, size, from);
        }
    }
    row();
    if (size == kVector) {
        a_.vmovdqu(to, kScratch);
    } else {
        a_.mov(static_cast<Size>(size), to, Gp::rax);
    }
    if (up) {
        a_.add(Size::b64, k.left, bytes);
    } else {
        a_.sub(Size::b64, k.left, bytes);
    }
}

// Steps of one size while that much is left; vectors, of which there may be many, as long as nobody
// wants the thread to leave.
void Compiler::bulk_steps(const Bulk& k, unsigned size, bool up, Label& done) {
    int32_t bytes = 1 << size;
    Label again, less;
    a_.bind(again);
    a_.cmp(Size::b64, k.left, up ? -bytes : bytes);
    a_.jcc(up ? Cond::g : Cond::l, less);
    bulk_step(k, size, up);
    if (size == kVector) {
        a_.cmp(Size::b32, state_mem(base::kOff_poll), 0);
        a_.jcc(Cond::e, again);
        a_.jmp(done);
    } else if (size == kByte) {
        a_.jmp(again);
    }
    a_.bind(less);
}

void Compiler::bulk_loops(const Bulk& k, bool up, Label& done) {
    for (unsigned size : {kVector, kWord, kByte}) bulk_steps(k, size, up, done);
}

Compiler::Bulk Compiler::begin_bulk(const Inst& i, Gp to, Gp from) {
    Gp left = def_from(i, i.args[2]);
    set_guest(kGuestX + static_cast<unsigned>(i.imm), at(i));
    clobber_flags();
    return {to, from, left};
}

void Compiler::emit_copy_bytes(const Inst& i) {
    Gp to = use(i.args[0]), from = use(i.args[1]);
    Bulk k = begin_bulk(i, to, from);
    Label down, done;
    a_.test(Size::b64, k.left, k.left);
    a_.jcc(Cond::ns, down);
    bulk_loops(k, true, done);
    a_.jmp(done);
    a_.bind(down);
    bulk_loops(k, false, done);
    a_.bind(done);
}

void Compiler::emit_fill_bytes(const Inst& i) {
    constexpr uint64_t kEachByte = 0x0101'0101'0101'0101;
    Gp to = use(i.args[0]), data = use(i.args[1]);
    Bulk k = begin_bulk(i, to, Gp::none);
    a_.movzx8(Size::b32, Gp::rax, data);
    a_.mov_imm(Gp::rcx, kEachByte);
    a_.imul(Size::b64, Gp::rax, Gp::rcx);
    a_.vmovq(kScratch, Gp::rax);
    a_.vpunpcklqdq(kScratch, kScratch, kScratch);
    Label done;
    bulk_loops(k, true, done);
    a_.bind(done);
}

}  // namespace pydbt::x64
