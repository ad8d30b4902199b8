// What the dead-state pass removes and what it must leave. That results stay is
// tests/property/test_ir.py's.
#include "translator/opt/dead.hpp"

#include "tests/unit/cpp/testing.hpp"
#include "translator/ir/parser.hpp"
#include "translator/ir/printer.hpp"
#include "translator/ir/verifier.hpp"

namespace {

using namespace pydbt;

std::string function(const std::string& body) {
    return "function 0x0 key=0 {\nbb0():\n@0x0:\n" + body + "  exit_direct target=0\n}\n";
}

// The body after the pass.
std::string live(const std::string& body) {
    ir::Function f;
    CHECK_EQ(ir::parse(function(body), f), "");
    CHECK_EQ(ir::verify(f), "");
    opt::eliminate_dead(f);
    CHECK_EQ(ir::verify(f), "");
    std::string text = ir::print(f);
    std::string head = function("");
    size_t begin = head.find("  exit"), end = text.rfind("  exit");
    return text.substr(begin, end - begin);
}

void check_kept(const std::string& body) { CHECK_EQ(live(body), body); }

TEST(unused_values_go_with_what_only_they_use) {
    CHECK_EQ(live("  v0 = get_x n=1\n  v1 = get_x n=2\n  v2 = add.i64 v0, v1\n  v3 = vzero\n"), "");
    CHECK_EQ(live("  v0 = get_x n=1\n  v1 = not.i64 v0\n  set_x v0, n=2\n"),
             "  v0 = get_x n=1\n  set_x v0, n=2\n");
}

TEST(sets_that_are_overwritten_go) {
    const std::string values = "  v0 = get_x n=1\n  v1 = get_x n=2\n";
    CHECK_EQ(live(values + "  set_x v0, n=3\n  set_x v1, n=3\n"),
             "  v1 = get_x n=2\n  set_x v1, n=3\n");
    CHECK_EQ(live("  v0 = get_v n=1\n  v1 = get_v n=2\n  set_v v0, n=3\n  set_v v1, n=3\n"),
             "  v1 = get_v n=2\n  set_v v1, n=3\n");
    CHECK_EQ(live(values + "  v2 = add_flags v0, v1\n  set_flags v2\n  v4 = sub_flags v0, v1\n"
                           "  set_flags v4\n"),
             values + "  v4 = sub_flags v0, v1\n  set_flags v4\n");
    CHECK_EQ(live("  v0 = get_x n=1\n  set_x v0, n=31\n  set_x v0, n=31\n"),
             "  v0 = get_x n=1\n  set_x v0, n=31\n");
}

TEST(sets_of_different_registers_stay) {
    check_kept("  v0 = get_x n=1\n  set_x v0, n=3\n  set_x v0, n=4\n");
    check_kept("  v0 = get_x n=1\n  v1 = get_v n=3\n  set_x v0, n=3\n  set_v v1, n=3\n");
}

TEST(what_is_read_in_between_stays) {
    check_kept(
        "  v0 = get_x n=1\n  set_x v0, n=3\n  v2 = get_x n=3\n  set_x v2, n=4\n"
        "  set_x v0, n=3\n");
    check_kept(
        "  v0 = get_v n=1\n  set_v v0, n=3\n  v2 = get_v n=3\n  set_v v2, n=4\n"
        "  set_v v0, n=3\n");
    check_kept(
        "  v0 = get_flags\n  v1 = flags_imm nzcv=1\n  set_flags v1\n  v3 = get_flags\n"
        "  set_flags v0\n  v5 = nzcv_from_flags v3\n  set_x v5, n=0\n");
}

// A fault, a call and an exit show all guest state.
TEST(what_may_be_observed_stays) {
    for (const char* between :
         {"  v2 = load.i64 v0, _, disp=0, size=3\n", "  store v0, _, v0, disp=0, size=3\n",
          "  v2 = atomic_add.i64 v0, v0, size=3\n", "  v2 = get_fpsr\n", "  set_fpsr v0\n",
          "  v2 = read_sysreg id=5\n", "  v2 = call_helper _, _, _, id=0\n"}) {
        check_kept(std::string("  v0 = get_x n=1\n  set_x v0, n=3\n") + between +
                   "  set_x v0, n=3\n");
    }
    check_kept("  v0 = get_x n=1\n  set_x v0, n=3\n");
}

TEST(a_fence_shows_nothing) {
    CHECK_EQ(live("  v0 = get_x n=1\n  set_x v0, n=3\n  fence kind=0\n  set_x v0, n=3\n"),
             "  v0 = get_x n=1\n  fence kind=0\n  set_x v0, n=3\n");
}

TEST(effects_stay_though_their_values_are_unused) {
    check_kept("  v0 = get_x n=1\n  v1 = load.i64 v0, _, disp=0, size=3\n");
    check_kept("  v0 = get_x n=1\n  v1 = store_excl v0, v0, size=3\n");
    check_kept("  clear_excl\n");
    check_kept("  v0 = get_x n=1\n  set_state v0, field=248\n  set_state v0, field=248\n");
}

TEST(floating_point_exceptions_are_an_effect) {
    check_kept("  v0 = get_v n=1\n  v1 = v_to_f.f64 v0\n  v2 = fadd.f64 v1, v1\n");
    check_kept("  v0 = get_v n=1\n  v1 = vfmul v0, v0, size=2\n");
    CHECK_EQ(live("  v0 = get_v n=1\n  v1 = v_to_f.f64 v0\n  v2 = fneg.f64 v1\n"), "");
}

TEST(use_counts_are_right_afterwards) {
    ir::Function f;
    REQUIRE(ir::parse(function("  v0 = get_x n=1\n  v1 = add.i64 v0, v0\n  set_x v0, n=2\n"), f)
                .empty());
    CHECK_EQ(f.insts[0].uses, 3);
    opt::eliminate_dead(f);
    CHECK_EQ(f.insts[0].uses, 1);
    CHECK_EQ(f.insts[0].next, 2u);
    CHECK_EQ(f.insts[2].prev, 0u);
}

TEST(every_block_is_cleaned_alone) {
    const std::string text =
        "function 0x0 key=0 {\nbb0():\n@0x0:\n  v0 = get_x n=1\n  set_x v0, n=3\n"
        "  jump bb1(v0)\nbb1(v3: i64):\n@0x4:\n  v4 = const.i64 value=1\n  set_x v4, n=3\n"
        "  exit_direct target=0\n}\n";
    ir::Function f;
    REQUIRE(ir::parse(text, f).empty());
    opt::eliminate_dead(f);
    CHECK_EQ(ir::print(f), text);  // an unused parameter stays, too
}

}  // namespace
