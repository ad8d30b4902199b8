// CPU models: what `-cpu` makes of a text, and ID registers at EL1.
#include "translator/a64/cpu.hpp"
#include "tests/unit/cpp/testing.hpp"

namespace {

using namespace pydbt::a64;

constexpr uint32_t kPfr0 = 4 << 3, kDfr0 = 5 << 3, kIsar1 = 6 << 3 | 1, kMmfr0 = 7 << 3,
                   kMmfr1 = 7 << 3 | 1, kMmfr2 = 7 << 3 | 2;

Cpu cpu(const char* text) {
    Cpu result;
    CpuError error;
    CHECK(result.select(text, error));
    CHECK_EQ(error.message, "");
    return result;
}

// From the cores' manuals, but for what pydbt does not implement: AArch32 (PFR0.EL0 and EL1).
TEST(id_registers) {
    CHECK_EQ(cpu("cortex-a57").id_register(kPfr0), 0x11u);
    CHECK_EQ(cpu("cortex-a57").id_register(kDfr0), 0x10305106u);
    CHECK_EQ(cpu("cortex-a57").id_register(kMmfr0), 0x1124u);
    CHECK_EQ(cpu("cortex-a57").id_register(kMmfr1), 0u);
    CHECK_EQ(cpu("cortex-a76").id_register(kPfr0), 0x1100000010110011u);
    CHECK_EQ(cpu("cortex-a76").id_register(kDfr0), 0x10305408u);
    CHECK_EQ(cpu("cortex-a76").id_register(kIsar1), 0x100001u);
    CHECK_EQ(cpu("cortex-a76").id_register(kMmfr0), 0x101122u);
    CHECK_EQ(cpu("cortex-a76").id_register(kMmfr1), 0x10212122u);
    CHECK_EQ(cpu("cortex-a76").id_register(kMmfr2), 0x1011u);
    CHECK_EQ(cpu("neoverse-n1").id_register(kMmfr0), 0x101125u);
}

// Of features with the same field the highest counts; 0b1111 where there is no floating point.
TEST(id_registers_follow_features) {
    CHECK_EQ(cpu("cortex-a76,rcpc2=on").id_register(kIsar1), 0x200001u);
    CHECK_EQ(cpu("cortex-a76,rcpc=off").id_register(kIsar1), 0x1u);
    CHECK_EQ(cpu("cortex-a76,dpb=off,dpb2=on,dpb=on").id_register(kIsar1), 0x100002u);
    CHECK_EQ(cpu("cortex-a76,fp16=off").id_register(kPfr0), 0x1100000010000011u);
    CHECK_EQ(cpu("cortex-a76,asimd=off").id_register(kPfr0), 0x1100000010ff0011u);
    CHECK_EQ(cpu("cortex-a57").id_register(1 << 3), 0u);
}

TEST(features_come_and_go_with_what_they_need) {
    Features most;
    most.remove(Feature::PACQARMA3);
    most.remove(Feature::PACQARMA5);
    CHECK(cpu("max").features() == most);
    CHECK(cpu("any").features() == most);
    CHECK(!cpu("max,fp=off").features().has(Feature::AdvSIMD));
    CHECK(!cpu("max,asimd=off").features().has(Feature::FP));
    CHECK(!cpu("max,asimd=off").features().has(Feature::FP16));
    CHECK(cpu("max,asimd=off,asimd=on").features() == most);
    CHECK(!cpu("cortex-a53").features().has(Feature::LRCPC));
    CHECK(cpu("cortex-a53,rcpc2=on").features().has(Feature::LRCPC));
}

// Pointer authentication has one algorithm, and each has ID register fields of its own.
TEST(alternatives) {
    constexpr uint32_t kIsar2 = 6 << 3 | 2;
    constexpr uint64_t kOfIsar1 = 0xff000ff0, kOfIsar2 = 0xff00;
    auto shows = [&](const char* text, uint64_t isar1, uint64_t isar2) {
        CHECK_EQ(cpu(text).id_register(kIsar1) & kOfIsar1, isar1);
        CHECK_EQ(cpu(text).id_register(kIsar2) & kOfIsar2, isar2);
    };
    shows("max", 0x10000500, 0);
    shows("neoverse-v1", 0x10000300, 0);
    shows("cortex-a76", 0, 0);
    shows("max,pauth-impdef=off", 0x01000050, 0);
    shows("max,pauth-qarma5=on", 0x01000050, 0);
    shows("max,pauth-qarma3=on,fpaccombine=off", 0, 0x4100);
    shows("max,pauth-qarma3=on,pauth-qarma5=off,pauth2=off", 0, 0x1100);
    shows("max,pauth=off", 0, 0);
    shows("cortex-a76,pauth-impdef=on", 0x10000100, 0);
    Cpu cpu;
    CpuError error;
    CHECK(!cpu.select("max,pauth-qarma3=on,pauth-impdef=on", error));
    CHECK_EQ(error.message, "pauth-qarma3=on and pauth-impdef=on exclude each other");
    CHECK(!cpu.select("max,pauth-impdef=off,pauth-qarma5=off", error));
    CHECK_EQ(error.message, "pauth-qarma5=off leaves none of its alternatives");
}

TEST(a_wrong_text_changes_nothing) {
    Cpu cpu;
    CpuError error;
    CHECK(cpu.select("cortex-a53", error));
    for (const char* text : {"", "cortex", "max,", "max,lse", "max,lse=", "max,lse=ON",
                             "max,LSE=on", "max,rcpc=off,rcpc2=on", "help"}) {
        error = {};
        CHECK(!cpu.select(text, error));
        CHECK(!error.message.empty());
        CHECK_EQ(cpu.model().name, std::string("cortex-a53"));
    }
    CHECK(!cpu.features().has(Feature::LSE));
}

}  // namespace
