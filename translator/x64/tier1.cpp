#include "translator/x64/tier1.hpp"
namespace pydbt::x64 {
class Compiler {};
Tier1::Tier1(const HostFeatures&) {}
Tier1::~Tier1() = default;
bool Tier1::compile(const ir::Function&, std::span<uint8_t>, CodeBlock&) { return false; }
uint64_t recover(const RecoveryRow&, std::span<const RecoveryEntry>, const HostContext&, base::CpuState&) { return 0; }
}
