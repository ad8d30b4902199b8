// Where core files go, by core(5).
#include "tests/unit/cpp/testing.hpp"
#include "usermode/core/pattern.hpp"

namespace {

using namespace pydbt::usermode;

CoreFacts facts() {
    CoreFacts f;
    f.pid = 12;
    f.tid = 13;
    f.uid = 1000;
    f.gid = 100;
    f.signal = 6;
    f.cpu = 3;
    f.time = 1'700'000'000;
    f.limit = 4096;
    f.host = "host";
    f.comm = "a/b";
    f.program = "/usr/bin/prog";
    return f;
}

std::string name(const char* pattern, bool uses_pid = false) {
    return expand_core_pattern(pattern, uses_pid, facts());
}

TEST(every_specifier) {
    CHECK_EQ(name("core"), "core");
    CHECK_EQ(name("%p %P %i %I %u %g"), "12 12 13 13 1000 100");
    CHECK_EQ(name("%d %s %t %c %C"), "1 6 1700000000 4096 3");
    CHECK_EQ(name("%h.%e.%f.%E"), "host.a!b.prog.!usr!bin!prog");
    CHECK_EQ(name("/var/%%/%q.%"), "/var/%/.");
}

TEST(the_id_is_appended_when_it_is_not_there) {
    CHECK_EQ(name("core", true), "core.12");
    CHECK_EQ(name("%p-core", true), "12-core");
    CHECK_EQ(name("", true), "core.12");
    CHECK_EQ(name("x%", true), "x.12");
}

TEST(names_do_not_leave_their_folder) {
    CoreFacts f = facts();
    f.comm = "..";
    CHECK_EQ(expand_core_pattern("d/%e", false, f), "d/!.");
    f.comm = "";
    CHECK_EQ(expand_core_pattern("d/%e", false, f), "d/!");
}

TEST(programs_and_sockets_are_no_files) {
    CHECK_EQ(core_goes_elsewhere("|/usr/lib/systemd/systemd-coredump %P"), true);
    CHECK_EQ(core_goes_elsewhere("@/run/coredump.socket"), true);
    CHECK_EQ(core_goes_elsewhere("core"), false);
    CHECK_EQ(core_goes_elsewhere(read_core_pattern()),
             read_core_pattern()[0] == '|' || read_core_pattern()[0] == '@');
}

}  // namespace
