// Text to IR and back; text that is wrong gets one line that says where.
#include "translator/ir/parser.hpp"

#include "tests/unit/cpp/testing.hpp"
#include "translator/ir/builder.hpp"
#include "translator/ir/printer.hpp"
#include "translator/ir/verifier.hpp"

namespace {

using namespace pydbt::ir;

constexpr const char* kText = R"(function 0x400000 key=7 {
bb0():
@0x400000:
  v0 = get_x n=1
  v1 = const.i64 value=-4096
  v2 = const.i64 value=0xffffffff80000000
  v3 = load_s.i32 v0, _, disp=8, size=1
  v4 = load_v v0, v1, scale=3, disp=0, size=4, order=1, flags=1
  set_v v4, n=31
@0x400004:
  v6 = get_flags
  v7 = select.i64 v6, v0, v1, cc=le
  v8 = bitcast.f64 v7
  v9 = fcvt.f32 v8
  v10 = vins_lane v4, v4, lane=2, from=0, size=2
  v11 = call_helper v0, _, _, id=0
  set_state v3, field=248
  br v6, cc=eq, bb1(), bb2()
bb1():
@0x400008:
  v14 = const.i64 value=3
  jump bb3(v14, v14)
bb2():
@0x40000c:
  exit_exception reason=0x20001
bb3(v17: i64, v18: i64):
@0x400010:
  exit_indirect v17
}
)";

TEST(printing_what_was_parsed_gives_the_text_back) {
    Function f;
    CHECK_EQ(parse(kText, f), "");
    CHECK_EQ(verify(f), "");
    CHECK_EQ(print(f), kText);
}

TEST(parsing_fills_what_the_builder_fills) {
    Function f;
    REQUIRE(parse(kText, f).empty());
    CHECK_EQ(f.pc, 0x400000u);
    CHECK_EQ(f.key, 7u);
    CHECK_EQ(f.blocks.size(), 4u);
    CHECK_EQ(f.insns.size(), 5u);
    CHECK_EQ(f.insns[4], 0x400010u);
    CHECK_EQ(f.insts[0].uses, 4);
    CHECK_EQ(f.insts[14].uses, 2);  // by an edge
    CHECK_EQ(f.insts[1].imm, -4096);
    CHECK_EQ(f.insts[3].args[1], kNone);
    CHECK_EQ(f.insts[3].size, 1);
    CHECK_EQ(f.insts[7].cc, Cond::le);
    CHECK_EQ(f.insts[5].op, Op::set_v);  // an instruction without a result is in the gap
    CHECK_EQ(f.insts[4].next, 5u);
    CHECK_EQ(f.insts[5].next, 6u);
}

TEST(a_built_function_survives) {
    Function f;
    f.pc = 0x1000;
    Builder b(f);
    b.new_block();
    b.new_block();
    b.switch_to(0);
    b.begin_insn(0x1000);
    Value x = b.get_x(3);
    b.set_x(4, b.add(x, b.i64(0x123456789)));
    b.store(x, b.get_x(5), b.trunc(x), 2, -8, 2, kRelease, kAligned);
    b.jump(1, {b.const_(Type::i32, 0xffffffff)});
    b.switch_to(1);
    b.begin_insn(0x1004);
    b.param(Type::i32);
    b.exit_direct(0x2000, kExitPoll | kExitContext);
    REQUIRE(verify(f).empty());
    std::string text = print(f);
    Function again;
    CHECK_EQ(parse(text, again), "");
    CHECK_EQ(print(again), text);
    CHECK_EQ(verify(again), "");
}

// The body of a function of one block; its first line is line 4.
std::string error_of(const std::string& body) {
    Function f;
    std::string wrong = parse("function 0x0 key=0 {\nbb0():\n@0x0:\n" + body + "}\n", f);
    CHECK(f.blocks.empty() || wrong.empty());
    CHECK(wrong.find('\n') == std::string::npos);
    return wrong;
}

TEST(wrong_lines_are_named) {
    CHECK_EQ(error_of("  exit_direct target=0\n"), "");
    CHECK_EQ(error_of("  v0 = frobnicate v1\n"), "line 4: unknown op 'frobnicate'");
    CHECK_EQ(error_of("  v0 = get_x n=1\n  v0 = get_x n=2\n"), "line 5: v0 is defined twice");
    CHECK_EQ(error_of("  set_x v9, n=2\n"), "line 4: v9 is not defined");
    CHECK_EQ(error_of("  set_x v0, n=2\n"), "line 4: v0 is not defined");
    CHECK_EQ(error_of("  get_x n=2\n"), "line 4: get_x has a result");
    CHECK_EQ(error_of("  v1 = clear_excl\n"), "line 4: clear_excl has no result");
    CHECK_EQ(error_of("  v1 = const value=0\n"), "line 4: const needs a type");
    CHECK_EQ(error_of("  v1 = const.i65 value=0\n"), "line 4: unknown type 'i65'");
    CHECK_EQ(error_of("  v1 = const.none value=0\n"), "line 4: unknown type 'none'");
    CHECK_EQ(error_of("  v1 = get_x m=0\n"), "line 4: unknown attribute 'm'");
    CHECK_EQ(error_of("  v1 = get_x n\n"), "line 4: expected `=`");
    CHECK_EQ(error_of("  v1 = get_x n=\n"), "line 4: expected a number");
    CHECK_EQ(error_of("  v1 = get_x n=0x\n"), "line 4: expected a number");
    CHECK_EQ(error_of("  v1 = get_x n=0x10000000000000000\n"), "line 4: expected a number");
    CHECK_EQ(error_of("  v1 = vzero\n  v2 = vneg v1, size=256\n"), "line 5: a number out of range");
    CHECK_EQ(error_of("  v1 = vzero\n  v2 = vadd v1\n"), "line 5: expected a comma");
    CHECK_EQ(error_of("  v1 = vzero\n  v2 = vadd v1, 7\n"), "line 5: expected a value");
    CHECK_EQ(error_of("  v1 = get_flags\n  v2 = select.i64 v1, v1, v1, cc=xx\n"),
             "line 5: unknown condition 'xx'");
    CHECK_EQ(error_of("  v1 get_flags\n"), "line 4: expected `=`");
    CHECK_EQ(error_of("  v70000 = get_flags\n"), "line 4: a value number out of range");
    CHECK_EQ(error_of("  v4294967295 = get_flags\n"), "line 4: unknown op 'v4294967295'");
    CHECK_EQ(error_of("  jump bb1\n"), "line 4: expected `bbN(`");
    CHECK_EQ(error_of("  jump bb0(v1\n"), "line 4: expected a comma");
    CHECK_EQ(error_of("  jump bb0(v1)\n"), "line 4: v1 is not defined");
    CHECK_EQ(error_of("  v1 = get_flags\n  br v1, bb0(), bb0()\n"), "line 5: expected `cc=`");
    CHECK_EQ(error_of("  exit_direct target=0 x\n"), "line 4: expected a comma");
    CHECK_EQ(error_of("  v1 = param.i64\n"), "line 4: a parameter outside its block's header");
    CHECK_EQ(error_of("bb2():\n"), "line 4: blocks are out of order");
    CHECK_EQ(error_of("bb1(v1):\n"), "line 4: expected `vN: type`");
    CHECK_EQ(error_of("@12\n"), "line 4: expected `@PC:`");
    CHECK_EQ(error_of("bb1():\n  exit_direct target=0\n"), "line 5: no guest instruction");
}

TEST(wrong_frames_are_named) {
    Function f;
    CHECK_EQ(parse("", f), "line 0: no function");
    CHECK_EQ(parse("\n\n", f), "line 2: no function");
    CHECK_EQ(parse("func 0x0 key=0 {\n}\n", f), "line 1: expected `function PC key=KEY {`");
    CHECK_EQ(parse("function 0x0 key=0 {\n", f), "line 1: the function has no end");
    CHECK_EQ(parse("function 0x0 key=0 {\n}\n}\n", f), "line 3: text behind the function");
    CHECK_EQ(parse("function 0x0 key=0 {\n@0x0:\n}\n", f), "line 2: outside a block");
    CHECK_EQ(parse("function 0x0 key=0 {\n  v0 = vzero\n}\n", f), "line 2: outside a block");
    CHECK_EQ(parse("function 0x0 key=0 { x\n}\n", f), "line 1: unexpected 'x'");
}

// Every prefix, and every text with a byte replaced, is accepted or refused in one line.
TEST(damaged_text_does_no_harm) {
    std::string text = kText;
    Function f;
    for (size_t n = 0; n < text.size(); n++) {
        std::string wrong = parse(text.substr(0, n), f);
        CHECK(n + 1 >= text.size() || !wrong.empty());
        CHECK(wrong.find('\n') == std::string::npos);
        for (char c : {'\0', '9', 'v', '\n', '(', '\xff'}) {
            std::string damaged = text;
            damaged[n] = c;
            if (!parse(damaged, f).empty()) continue;
            std::string again = print(f);  // whatever was accepted prints and verifies safely
            CHECK(!again.empty());
            verify(f);
        }
    }
}

}  // namespace
