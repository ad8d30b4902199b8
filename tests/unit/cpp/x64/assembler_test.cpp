// Labels, jumps, rip-relative operands, patchable branches and the buffer's end: what
// tests/unit/test_assembler.py, which looks at one instruction at a time, cannot see.
#include <cstring>
#include <vector>

#include "tests/unit/cpp/testing.hpp"
#include "translator/x64/assembler.gen.hpp"

namespace {

using namespace pydbt::x64;

struct Code {
    alignas(16) uint8_t bytes[4096];
    Assembler a{bytes, sizeof bytes};

    int32_t rel32(uint32_t field) const {
        int32_t v;
        std::memcpy(&v, bytes + field, 4);
        return v;
    }
    // Where the branch whose rel32 is its last field goes.
    uint32_t target32(uint32_t field) const {
        return field + 4 + static_cast<uint32_t>(rel32(field));
    }
    uint32_t target8(uint32_t field) const {
        return field + 1 + static_cast<uint32_t>(static_cast<int8_t>(bytes[field]));
    }
};

TEST(backward_jump_is_short_while_it_reaches) {
    Code c;
    Label top;
    c.a.bind(top);
    c.a.nop(126);
    c.a.jmp(top);  // 126 + 2 = 128 bytes back
    CHECK_EQ(c.bytes[126], 0xeb);
    CHECK_EQ(c.target8(127), 0u);
    uint32_t at = c.a.offset();
    c.a.jmp(top);
    CHECK_EQ(c.bytes[at], 0xe9);
    CHECK_EQ(c.target32(at + 1), 0u);
    CHECK_EQ(c.a.offset(), at + 5);
}

TEST(backward_conditional_jump_is_short_while_it_reaches) {
    Code c;
    Label top;
    c.a.bind(top);
    c.a.nop(126);
    c.a.jcc(Cond::ne, top);
    CHECK_EQ(c.bytes[126], 0x75);
    CHECK_EQ(c.target8(127), 0u);
    uint32_t at = c.a.offset();
    c.a.jcc(Cond::g, top);
    CHECK_EQ(c.bytes[at], 0x0f);
    CHECK_EQ(c.bytes[at + 1], 0x8f);
    CHECK_EQ(c.target32(at + 2), 0u);
}

TEST(forward_references_of_one_label_form_a_chain) {
    Code c;
    Label end;
    std::vector<uint32_t> fields;
    for (int n = 0; n < 3; n++) {
        c.a.jmp(end);
        fields.push_back(c.a.offset() - 4);
        c.a.jcc(Cond::b, end);
        fields.push_back(c.a.offset() - 4);
        c.a.call(end);
        fields.push_back(c.a.offset() - 4);
        c.a.nop(50);
    }
    CHECK(!end.bound());
    uint32_t at = c.a.offset();
    c.a.bind(end);
    CHECK(end.bound());
    for (uint32_t field : fields) CHECK_EQ(c.target32(field), at);
}

TEST(short_forward_references_form_a_chain) {
    Code c;
    Label end;
    c.a.nop(3);
    c.a.jmp_short(end);
    uint32_t first = c.a.offset() - 1;
    c.a.jcc_short(Cond::s, end);
    uint32_t second = c.a.offset() - 1;
    c.a.nop(100);
    c.a.jcc_short(Cond::ns, end);
    uint32_t third = c.a.offset() - 1;
    c.a.nop(7);
    uint32_t at = c.a.offset();
    c.a.bind(end);
    CHECK_EQ(c.bytes[first - 1], 0xeb);
    CHECK_EQ(c.bytes[second - 1], 0x78);
    CHECK_EQ(c.bytes[third - 1], 0x79);
    for (uint32_t field : {first, second, third}) CHECK_EQ(c.target8(field), at);
}

TEST(short_jump_backward) {
    Code c;
    Label top;
    c.a.nop(1);
    c.a.bind(top);
    c.a.nop(10);
    c.a.jmp_short(top);
    CHECK_EQ(c.target8(c.a.offset() - 1), 1u);
    c.a.jcc_short(Cond::le, top);
    CHECK_EQ(c.target8(c.a.offset() - 1), 1u);
}

TEST(near_and_short_references_of_one_label_do_not_mix) {
    Code c;
    Label end;
    c.a.jmp(end);
    uint32_t near = c.a.offset() - 4;
    c.a.jmp_short(end);
    uint32_t small = c.a.offset() - 1;
    c.a.call(end);
    uint32_t call = c.a.offset() - 4;
    uint32_t at = c.a.offset();
    c.a.bind(end);
    CHECK_EQ(c.target32(near), at);
    CHECK_EQ(c.target8(small), at);
    CHECK_EQ(c.target32(call), at);
}

TEST(a_call_of_a_bound_label_is_near) {
    Code c;
    Label top;
    c.a.bind(top);
    c.a.call(top);
    CHECK_EQ(c.bytes[0], 0xe8);
    CHECK_EQ(c.target32(1), 0u);
    CHECK_EQ(c.a.offset(), 5u);
}

// The displacement counts from the instruction's end, so what follows the field matters.
TEST(rip_relative_operands_know_the_immediate_behind_them) {
    Code c;
    Label data;
    struct Use {
        uint32_t field, end;
    };
    std::vector<Use> uses;
    auto used = [&](uint32_t tail) { uses.push_back({c.a.offset() - tail - 4, c.a.offset()}); };
    for (int round = 0; round < 2; round++) {
        c.a.mov(Size::b64, Gp::r9, mem_rip(data)), used(0);
        c.a.lea(Size::b64, Gp::rax, mem_rip(data)), used(0);
        c.a.add(Size::b32, mem_rip(data), 1), used(1);
        c.a.add(Size::b32, mem_rip(data), 1000), used(4);
        c.a.add(Size::b16, mem_rip(data), 1000), used(2);
        c.a.mov(Size::b8, mem_rip(data), 1), used(1);
        c.a.test(Size::b64, mem_rip(data), 1), used(4);
        c.a.imul(Size::b64, Gp::rax, mem_rip(data), 1000), used(4);
        c.a.vpaddb(Xmm::xmm1, Xmm::xmm2, mem_rip(data)), used(0);
        c.a.vpshufd(Xmm::xmm9, mem_rip(data), 0x1b), used(1);
        c.a.vpblendvb(Xmm::xmm1, Xmm::xmm2, mem_rip(data), Xmm::xmm3), used(1);
        c.a.setcc(Cond::e, mem_rip(data)), used(0);
        c.a.jmp(mem_rip(data)), used(0);
        if (round == 0) c.a.bind(data);  // the first round refers forward, the second back
    }
    CHECK_EQ(uses.size(), 26u);
    for (const Use& use : uses) {
        CHECK_EQ(use.end + static_cast<uint32_t>(c.rel32(use.field)), data.at);
    }
}

TEST(patchable_branches_have_aligned_fields) {
    for (unsigned before = 0; before < 8; before++) {
        Code c;
        c.a.nop(before);
        uint32_t jmp = c.a.jmp_rel32();
        CHECK_EQ(jmp % 4, 0u);
        CHECK_EQ(c.bytes[jmp - 1], 0xe9);
        CHECK_EQ(c.rel32(jmp), 0);
        CHECK_EQ(c.a.offset(), jmp + 4);
        c.a.nop(before);
        uint32_t call = c.a.call_rel32();
        CHECK_EQ(call % 4, 0u);
        CHECK_EQ(c.bytes[call - 1], 0xe8);
        CHECK_EQ(c.a.offset(), call + 4);
        c.a.nop(before);
        uint32_t jcc = c.a.jcc_rel32(Cond::ae);
        CHECK_EQ(jcc % 4, 0u);
        CHECK_EQ(c.bytes[jcc - 2], 0x0f);
        CHECK_EQ(c.bytes[jcc - 1], 0x83);
        CHECK_EQ(c.rel32(jcc), 0);
    }
}

TEST(patchable_branches_can_refer_to_labels) {
    Code c;
    Label stub, top;
    c.a.bind(top);
    uint32_t jmp = c.a.jmp_rel32();
    uint32_t call = c.a.call_rel32();
    uint32_t back = c.a.jcc_rel32(Cond::e);
    c.a.refer(jmp, stub);
    c.a.refer(call, stub);
    c.a.refer(back, top);
    c.a.jmp(stub);
    uint32_t field = c.a.offset() - 4;
    uint32_t at = c.a.offset();
    c.a.bind(stub);
    CHECK_EQ(c.target32(jmp), at);
    CHECK_EQ(c.target32(call), at);
    CHECK_EQ(c.target32(field), at);
    CHECK_EQ(c.target32(back), 0u);
}

TEST(align_pads_to_a_power_of_two) {
    for (uint32_t n : {1u, 2u, 4u, 16u, 32u}) {
        for (unsigned before = 0; before < 40; before++) {
            Code c;
            for (unsigned i = 0; i < before; i++) c.a.db(0xcc);
            c.a.align(n);
            CHECK_EQ(c.a.offset() % n, 0u);
            CHECK(c.a.offset() - before < n);
        }
    }
}

TEST(nop_has_the_length_asked_for) {
    for (unsigned n = 0; n < 40; n++) {
        Code c;
        c.a.nop(n);
        CHECK_EQ(c.a.offset(), n);
    }
}

TEST(data_is_little_endian) {
    Code c;
    c.a.db(0x11);
    c.a.dd(0x55443322);
    c.a.dq(0x8877665544332211);
    const uint8_t expected[] = {0x11, 0x22, 0x33, 0x44, 0x55, 0x11, 0x22,
                                0x33, 0x44, 0x55, 0x66, 0x77, 0x88};
    CHECK_EQ(c.a.offset(), sizeof expected);
    CHECK(std::memcmp(c.bytes, expected, sizeof expected) == 0);
}

bool is(const Code& c, std::initializer_list<uint8_t> expected) {
    return c.a.offset() == expected.size() &&
           std::memcmp(c.bytes, expected.begin(), expected.size()) == 0;
}

TEST(mov_imm_takes_the_shortest_form) {
    Code zero, small, high, negative, wide, extended;
    zero.a.mov_imm(Gp::rax, 0);  // no xor: that would change EFLAGS
    CHECK(is(zero, {0xb8, 0, 0, 0, 0}));
    small.a.mov_imm(Gp::r9, 0x12345678);
    CHECK(is(small, {0x41, 0xb9, 0x78, 0x56, 0x34, 0x12}));
    high.a.mov_imm(Gp::rdi, 0xffffffff);
    CHECK(is(high, {0xbf, 0xff, 0xff, 0xff, 0xff}));
    negative.a.mov_imm(Gp::r12, ~uint64_t{0});
    CHECK(is(negative, {0x49, 0xc7, 0xc4, 0xff, 0xff, 0xff, 0xff}));
    wide.a.mov_imm(Gp::rdx, 0x100000000);
    CHECK(is(wide, {0x48, 0xba, 0, 0, 0, 0, 1, 0, 0, 0}));
    CHECK_EQ(extended.a.mov_imm64(Gp::r15, 1), 2u);
    CHECK(is(extended, {0x49, 0xbf, 1, 0, 0, 0, 0, 0, 0, 0}));
}

TEST(setcc_and_cmovcc) {
    Code low, legacy, high, memory, move, word, load;
    low.a.setcc(Cond::o, Gp::rbx);
    CHECK(is(low, {0x0f, 0x90, 0xc3}));
    legacy.a.setcc(Cond::e, Gp::rsi);  // sil, not dh
    CHECK(is(legacy, {0x40, 0x0f, 0x94, 0xc6}));
    high.a.setcc(Cond::g, Gp::r11);
    CHECK(is(high, {0x41, 0x0f, 0x9f, 0xc3}));
    memory.a.setcc(Cond::p, mem(Gp::r13, Gp::r9, 2, 8));
    CHECK(is(memory, {0x43, 0x0f, 0x9a, 0x44, 0x8d, 0x08}));
    move.a.cmovcc(Size::b64, Cond::ne, Gp::r8, Gp::rcx);
    CHECK(is(move, {0x4c, 0x0f, 0x45, 0xc1}));
    word.a.cmovcc(Size::b16, Cond::l, Gp::rax, Gp::r15);
    CHECK(is(word, {0x66, 0x41, 0x0f, 0x4c, 0xc7}));
    load.a.cmovcc(Size::b32, Cond::a, Gp::rdx, mem(Gp::rsp, 4));
    CHECK(is(load, {0x0f, 0x47, 0x54, 0x24, 0x04}));
}

TEST(fixed_instructions) {
    Code c;
    c.a.rep_movsb();
    c.a.rep_stosb();
    c.a.mfence();
    c.a.lfence();
    c.a.sfence();
    CHECK(is(c, {0xf3, 0xa4, 0xf3, 0xaa, 0x0f, 0xae, 0xf0, 0x0f, 0xae, 0xe8, 0x0f, 0xae, 0xf8}));
}

TEST(inverted_conditions) {
    CHECK_EQ(invert(Cond::e), Cond::ne);
    CHECK_EQ(invert(Cond::ge), Cond::l);
    CHECK_EQ(invert(Cond::a), Cond::be);
}

// What stands behind the buffer stays as it was, whatever is emitted.
TEST(overflow_is_reported_and_stays_inside_the_buffer) {
    constexpr size_t kSize = 256, kGuard = 64;
    uint8_t memory[kSize + kGuard];
    std::memset(memory, 0xa5, sizeof memory);
    Assembler a(memory, kSize);
    Label ahead, behind;
    a.bind(behind);
    CHECK(!a.overflowed());
    for (int n = 0; n < 200; n++) {
        a.mov_imm64(Gp::rax, 0x1122334455667788);
        a.lock_add(Size::b64, mem(Gp::r12, Gp::r13, 3, 0x12345678), 0x12345678);
        a.vpblendvb(Xmm::xmm9, Xmm::xmm10, mem_rip(ahead), Xmm::xmm11);
        a.jmp(ahead);
        a.jcc_short(Cond::e, behind);
        a.refer(a.jcc_rel32(Cond::ne), ahead);
        a.refer(a.jmp_rel32(), behind);
        a.nop(100);
        a.align(64);
        a.dq(0);
    }
    CHECK(a.overflowed());
    a.bind(ahead);
    CHECK(a.overflowed());
    for (size_t n = kSize; n < sizeof memory; n++) CHECK_EQ(memory[n], 0xa5);
}

TEST(a_buffer_that_is_filled_to_its_limit_has_not_overflowed) {
    uint8_t memory[256];
    Assembler a(memory, sizeof memory);
    while (a.offset() < 220) a.db(0x90);
    CHECK(!a.overflowed());
    for (int n = 0; n < 64; n++) a.db(0x90);
    CHECK(a.overflowed());
}

TEST(a_buffer_that_is_too_small_is_left_alone) {
    uint8_t memory[16];
    std::memset(memory, 0xa5, sizeof memory);
    Assembler a(memory, sizeof memory);
    CHECK(a.overflowed());
    Label l;
    for (int n = 0; n < 50; n++) a.jmp(l);
    a.bind(l);
    for (uint8_t b : memory) CHECK_EQ(b, 0xa5);
}

}  // namespace
