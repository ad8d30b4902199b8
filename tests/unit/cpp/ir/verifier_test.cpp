// What the verifier refuses: each text is well formed as text, and breaks one rule.
#include "translator/ir/verifier.hpp"

#include "tests/unit/cpp/testing.hpp"
#include "translator/ir/parser.hpp"

namespace {

using namespace pydbt::ir;

// Of a function whose first block has this body.
std::string verdict(const std::string& body, bool local_values = true) {
    Function f;
    std::string wrong = parse("function 0x0 key=0 {\nbb0():\n@0x0:\n" + body + "}\n", f);
    CHECK_EQ(wrong, "");
    return verify(f, local_values);
}

std::string with_exit(const std::string& body) {
    return verdict(body + "  exit_direct target=0\n");
}

TEST(blocks_end_with_their_only_terminator) {
    CHECK_EQ(with_exit(""), "");
    CHECK_EQ(verify(Function{}), "no blocks");
    CHECK_EQ(verdict("  v0 = vzero\n"), "bb0: terminator not last or missing");
    CHECK_EQ(with_exit("  exit_direct target=0\n"), "bb0: terminator not last or missing");
    CHECK_EQ(verdict("  exit_direct target=0\nbb1():\n"), "bb1: empty");
}

TEST(types_fit) {
    constexpr const char* kValues =
        "  v0 = const.i64 value=1\n  v1 = const.i32 value=1\n  v2 = vzero\n  v3 = get_flags\n";
    auto check = [&](const char* line) { return with_exit(std::string(kValues) + line); };
    CHECK_EQ(check("  v4 = add.i64 v0, v0\n"), "");
    CHECK_EQ(check("  v4 = add.i64 v0, v1\n"), "v4: add with arguments of different types");
    CHECK_EQ(check("  v4 = add.i32 v0, v0\n"), "v4: add whose type is not its arguments'");
    CHECK_EQ(check("  v4 = add.f32 v0, v0\n"), "v4: add with a wrong type");
    CHECK_EQ(check("  v4 = vadd v2, v0, size=0\n"), "v4: vadd with a wrong argument 1");
    CHECK_EQ(check("  v4 = add.i64 v0, _\n"), "v4: add lacks an argument");
    CHECK_EQ(check("  v4 = select.i64 v3, v0, v1, cc=eq\n"),
             "v4: select with arguments of different types");
    CHECK_EQ(check("  v4 = select.i64 v0, v0, v0, cc=eq\n"), "v4: select with a wrong argument 0");
    CHECK_EQ(check("  v4 = load.i64 v0, _, disp=0, size=3\n"), "");
    CHECK_EQ(check("  v4 = load.i64 v0, v1, disp=0, size=3\n"), "v4: load with a wrong argument 1");
    CHECK_EQ(check("  v4 = bitcast.f64 v0\n"), "");
    CHECK_EQ(check("  v4 = fcvt_s.i32 v0, mode=3\n"), "v4: fcvt_s with a wrong argument 0");
}

TEST(an_argument_too_many) {
    Function f;
    REQUIRE(parse("function 0x0 key=0 {\nbb0():\n@0x0:\n  v0 = get_x n=0\n  v1 = not.i64 v0\n"
                  "  exit_indirect v1\n}\n",
                  f)
                .empty());
    f.insts[1].args[1] = 0;
    CHECK_EQ(verify(f), "v1: not has too many arguments");
}

TEST(values_are_defined_before_use) {
    CHECK_EQ(with_exit("  v0 = not.i64 v1\n  v1 = get_x n=0\n"), "v0: uses v1 out of place");
    CHECK_EQ(with_exit("  v0 = not.i64 v0\n"), "v0: uses v0 out of place");
    const std::string across =
        "  v0 = get_x n=0\n  jump bb1()\nbb1():\n@0x4:\n  exit_indirect v0\n";
    CHECK_EQ(verdict(across), "v2: uses v0 out of place");
    CHECK_EQ(verdict(across, false), "");
    const std::string constant =
        "  v0 = const.i64 value=8\n  jump bb1()\nbb1():\n@0x4:\n  exit_indirect v0\n";
    CHECK_EQ(verdict(constant), "");
}

TEST(edges_fit_parameters) {
    CHECK_EQ(verdict("  v0 = get_x n=0\n  jump bb1(v0)\nbb1(v1: i64):\n@0x4:\n"
                     "  exit_indirect v1\n"),
             "");
    CHECK_EQ(verdict("  jump bb1()\nbb1(v1: i64):\n@0x4:\n  exit_indirect v1\n"),
             "bb0: edge and parameters differ in number");
    CHECK_EQ(verdict("  v0 = vzero\n  jump bb1(v0)\nbb1(v1: i64):\n@0x4:\n  exit_indirect v1\n"),
             "bb0: an edge argument of a wrong type");
    CHECK_EQ(verdict("  jump bb1(v1)\nbb1(v1: i64):\n@0x4:\n  exit_indirect v1\n"),
             "bb0: an edge argument out of place");
    CHECK_EQ(verdict("  jump bb7()\n"), "bb0: to a block that is not there");
}

TEST(damaged_edges) {
    Function f;
    const char* text =
        "function 0x0 key=0 {\nbb0():\n@0x0:\n  v0 = get_x n=0\n  jump bb1(v0)\nbb1(v2: i64):\n"
        "@0x4:\n  exit_indirect v2\n}\n";
    REQUIRE(parse(text, f).empty());
    f.edges[0].args_begin = 5;
    CHECK_EQ(verify(f), "bb0: edge arguments that are not there");
    REQUIRE(parse(text, f).empty());
    f.insts[f.blocks[0].last].imm = 3;
    CHECK_EQ(verify(f), "bb0: an edge that is not there");
}

TEST(parameters_are_counted) {
    CHECK_EQ(verdict("  jump bb1()\nbb1():\n@0x4:\n  exit_direct target=0\n"), "");
    Function f;
    REQUIRE(
        parse("function 0x0 key=0 {\nbb0(v0: i64):\n@0x0:\n  exit_indirect v0\n}\n", f).empty());
    CHECK_EQ(verify(f), "bb0: too many parameters");
    std::string params = "v1: i64";
    std::string args = "v0";
    for (int n = 2; n <= 9; n++) {
        params += ", v" + std::to_string(n) + ": i64";
        args += ", v0";
    }
    CHECK_EQ(verdict("  v0 = get_x n=0\n  jump bb1(" + args + ")\nbb1(" + params +
                     "):\n@0x4:\n  exit_direct target=0\n"),
             "bb1: too many parameters");
    REQUIRE(parse("function 0x0 key=0 {\nbb0():\n@0x0:\n  v0 = get_x n=0\n  jump bb1(v0)\n"
                  "bb1(v2: i64):\n@0x4:\n  exit_indirect v2\n}\n",
                  f)
                .empty());
    f.blocks[1].params = 0;
    CHECK_EQ(verify(f), "bb0: edge and parameters differ in number");
    f.edges[0].args_count = 0;
    CHECK_EQ(verify(f), "v2: parameters are not what the block's count says");
}

TEST(lists_hold_together) {
    Function f;
    const char* text =
        "function 0x0 key=0 {\nbb0():\n@0x0:\n  v0 = get_x n=0\n  exit_indirect v0\n}\n";
    REQUIRE(parse(text, f).empty());
    f.insts[0].next = 77;
    CHECK_EQ(verify(f), "bb0: broken list");
    f.insts[0].next = 0;
    CHECK_EQ(verify(f), "v0: in two places");
}

TEST(attributes_are_in_range) {
    auto refused = [](const std::string& line) {
        const char* values =
            "  v0 = get_x n=0\n  v1 = const.i32 value=1\n  v2 = vzero\n  v3 = bitcast.f64 v0\n";
        std::string wrong = with_exit(values + line);
        if (wrong.empty()) return false;
        CHECK(wrong.find("attribute out of range") != std::string::npos);
        return true;
    };
    // The largest that is accepted, and one that is not.
    struct Row {
        const char *good, *bad;
    };
    const Row rows[] = {
        {"v4 = get_x n=31", "v4 = get_x n=32"},
        {"v4 = get_v n=31", "v4 = get_v n=-1"},
        {"set_x v0, n=0", "set_x v0, n=99"},
        {"v4 = get_state.i64 field=8", "v4 = get_state.i64 field=4"},
        {"set_state v1, field=4", "set_state v1, field=0x100000"},
        {"v4 = const.i32 value=0xffffffff", "v4 = const.i32 value=-1"},
        {"v4 = flags_imm nzcv=15", "v4 = flags_imm nzcv=16"},
        {"v4 = extr.i32 v1, v1, lsb=31", "v4 = extr.i32 v1, v1, lsb=32"},
        {"v4 = ubfx.i64 v0, field=0x4000", "v4 = ubfx.i64 v0, field=0x4001"},
        {"v4 = sbfx.i32 v1, field=0x11f", "v4 = sbfx.i32 v1, field=0x1f"},
        {"v4 = bfi.i32 v1, v1, field=0x2000", "v4 = bfi.i32 v1, v1, field=0x2100"},
        {"v4 = crc32 v1, v0, size=3", "v4 = crc32 v1, v1, size=3"},
        {"v4 = load.i32 v0, _, disp=0, size=2", "v4 = load.i32 v0, _, disp=0, size=3"},
        {"v4 = load_v v0, _, disp=0, size=4", "v4 = load_v v0, _, disp=0, size=5"},
        {"v4 = load_v v0, v0, scale=4, disp=0", "v4 = load_v v0, v0, scale=5, disp=0"},
        {"store v0, _, v1, disp=0, size=2", "store v0, _, v1, disp=0, size=3"},
        {"v4 = atomic_add.i32 v0, v1, size=2", "v4 = atomic_add.i32 v0, v1, size=3"},
        {"v4 = load_excl.i64 v0, size=3", "v4 = load_excl.i64 v0, size=4"},
        {"fence kind=2", "fence kind=3"},
        {"v4 = call_helper v0, _, _, id=0", "v4 = call_helper v0, _, _, id=0xffff"},
        {"v4 = frint.f64 v3, mode=5", "v4 = frint.f64 v3, mode=6"},
        {"v4 = fcvt_s.i32 v3, mode=0x2005", "v4 = fcvt_s.i32 v3, mode=0x2105"},
        {"v4 = s_cvt_f.f64 v1, fbits=32", "v4 = s_cvt_f.f64 v1, fbits=33"},
        {"v4 = bitcast.f32 v1", "v4 = bitcast.f64 v1"},
        {"v4 = vadd v2, v2, size=3", "v4 = vadd v2, v2, size=4"},
        {"v4 = vfadd v2, v2, size=2", "v4 = vfadd v2, v2, size=0"},
        {"v4 = vfneg v2, size=1", "v4 = vfneg v2"},
        {"v4 = vrev32 v2, size=1", "v4 = vrev32 v2, size=2"},
        {"v4 = vxtn v2, size=2", "v4 = vxtn v2, size=3"},
        {"v4 = vget_u v2, lane=7, size=1", "v4 = vget_u v2, lane=8, size=1"},
        {"v4 = vins_lane v2, v2, from=1, size=3", "v4 = vins_lane v2, v2, from=2, size=3"},
        {"v4 = vshl v2, amount=15, size=1", "v4 = vshl v2, amount=16, size=1"},
        {"v4 = vsshr v2, amount=16, size=1", "v4 = vsshr v2, amount=17, size=1"},
        {"v4 = vext v2, v2, bytes=15", "v4 = vext v2, v2, bytes=16"},
    };
    for (const Row& row : rows) {
        CHECK_EQ(with_exit(std::string("  v0 = get_x n=0\n  v1 = const.i32 value=1\n  v2 = vzero\n"
                                       "  v3 = bitcast.f64 v0\n  ") +
                           row.good + "\n"),
                 "");
        if (!refused(std::string("  ") + row.bad + "\n")) {
            pydbt::testing::fail(__FILE__, __LINE__, row.bad);
        }
    }
}

TEST(what_may_leave_belongs_to_a_guest_instruction) {
    Function f;
    REQUIRE(parse("function 0x0 key=0 {\nbb0():\n  exit_direct target=0\n}\n", f).empty());
    CHECK_EQ(verify(f), "");
    REQUIRE(parse("function 0x0 key=0 {\nbb0():\n  exit_exception reason=1\n}\n", f).empty());
    CHECK_EQ(verify(f), "v0: exit_exception belongs to no guest instruction");
    REQUIRE(
        parse("function 0x0 key=0 {\nbb0():\n  v0 = get_fpsr\n  exit_indirect v0\n}\n", f).empty());
    CHECK_EQ(verify(f), "v0: get_fpsr belongs to no guest instruction");
}

}  // namespace
