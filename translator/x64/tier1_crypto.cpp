// Rounds of AES, SHA and SM4 with the host's instructions; by_helper() on hosts without.
//
// Owns: their code. Must not know: Arm's instructions.
#include "translator/x64/tier1_impl.hpp"

namespace pydbt::x64 {

#define PYDBT_AES(name)                                                                      \
    void Compiler::emit_##name(const Inst& i) {                                              \
        if (!host_.has(kHostAes)) return by_helper(i);                                       \
        vbinary(i, static_cast<Vop>(&Assembler::name), static_cast<VopM>(&Assembler::name)); \
    }
PYDBT_AES(vaesenc)
PYDBT_AES(vaesenclast)
PYDBT_AES(vaesdec)
PYDBT_AES(vaesdeclast)

// A last round of decryption, undone by one of encryption that mixes columns.
void Compiler::emit_vaesmc(const Inst& i) {
    if (!host_.has(kHostAes)) return by_helper(i);
    Xmm a = use_x(i.args[0]);
    a_.vpxor(kScratch, kScratch, kScratch);
    a_.vaesdeclast(kScratch2, a, kScratch);
    a_.vaesenc(def_x(i), kScratch2, kScratch);
}
void Compiler::emit_vaesimc(const Inst& i) {
    if (!host_.has(kHostAes)) return by_helper(i);
    Xmm a = use_x(i.args[0]);
    a_.vaesimc(def_x(i), a);
}

// x86 has the words the other way round, adds the constants itself and takes E added to the first
// word (Intel SDM volume 2, SHA1RNDS4).
void Compiler::emit_vsha1(const Inst& i) {
    constexpr uint64_t kConstants[] = {0x5a8279995a827999, 0x6ed9eba16ed9eba1, 0x8f1bbcdc8f1bbcdc};
    constexpr uint8_t kReverse = 0x1b, kOnlyFirst = 0x0e;
    if (!host_.has(kHostSha)) return by_helper(i);
    auto function = static_cast<uint8_t>(i.imm);
    uint64_t constant = kConstants[function];
    Xmm h = use_x(i.args[0]), e = use_x(i.args[1]), w = use_x(i.args[2]);
    Xmm d = def_x(i);
    a_.vpsubd(kScratch, w, pool(constant, constant));
    a_.vinsertps(kScratch2, e, e, kOnlyFirst);
    a_.vpaddd(kScratch, kScratch, kScratch2);
    a_.vpshufd(kScratch, kScratch, kReverse);
    a_.vpshufd(d, h, kReverse);
    a_.sha1rnds4(d, kScratch, function);
    a_.vpshufd(d, d, kReverse);
}

// The words to add are in xmm0, which may hold a value.
void Compiler::emit_vsha256r2(const Inst& i) {
    if (!host_.has(kHostSha)) return by_helper(i);
    Xmm c = use_x(i.args[0]), a = use_x(i.args[1]), w = use_x(i.args[2]);
    Xmm d = def_x(i);
    a_.vmovaps(kScratch, c);
    if (w != Xmm::xmm0) {
        a_.vmovaps(kScratch2, Xmm::xmm0);
        a_.vmovaps(Xmm::xmm0, w);
    }
    a_.sha256rnds2(kScratch, a == Xmm::xmm0 && w != Xmm::xmm0 ? kScratch2 : a);
    if (w != Xmm::xmm0) a_.vmovaps(Xmm::xmm0, kScratch2);
    a_.vmovaps(d, kScratch);
}
void Compiler::emit_vsha256su0(const Inst& i) {
    if (!host_.has(kHostSha)) return by_helper(i);
    Xmm b = use_x(i.args[1]);
    a_.sha256msg1(def_from_x(i, i.args[0]), b);
}
void Compiler::emit_vsha256su1(const Inst& i) {
    if (!host_.has(kHostSha)) return by_helper(i);
    Xmm b = use_x(i.args[1]);
    a_.sha256msg2(def_from_x(i, i.args[0]), b);
}

// ---- SM4's substitution: affine, inverse in its own field, affine. With the field mapped to AES's
// by an isomorphism, which is linear, the inverse is the one of AES; the maps are part of the
// matrices, one of which stands for each affine step.

void Compiler::emit_vsm4_sbox(const Inst& i) {
    constexpr uint64_t kBefore = 0x4c287db91a22505d, kBehind = 0xf3ab34a974a6b589;
    constexpr uint8_t kAddBefore = 0x3e, kAddBehind = 0xd3;
    if (!host_.has(kHostGfni) && !host_.has(kHostAes)) return by_helper(i);
    Xmm a = use_x(i.args[0]);
    Xmm d = def_x(i);
    if (!host_.has(kHostGfni)) return sm4_by_aes(d, a);
    a_.vgf2p8affineqb(kScratch, a, pool(kBefore, kBefore), kAddBefore);
    a_.vgf2p8affineinvqb(d, kScratch, pool(kBehind, kBehind), kAddBehind);
}

// kScratch becomes table[0] of its low nibbles xor table[1] of its high ones: an affine map.
void Compiler::by_nibbles(const uint64_t (&table)[2][2], Xmm temporary) {
    constexpr uint64_t kLow = 0x0f0f0f0f0f0f0f0f;
    a_.vmovaps(kScratch3, pool(kLow, kLow));
    a_.vpandn(kScratch2, kScratch3, kScratch);
    a_.vpand(kScratch, kScratch, kScratch3);
    a_.vpsrlw(kScratch2, kScratch2, 4);
    a_.vmovaps(temporary, pool(table[0][0], table[0][1]));
    a_.vpshufb(kScratch, temporary, kScratch);
    a_.vmovaps(temporary, pool(table[1][0], table[1][1]));
    a_.vpshufb(kScratch2, temporary, kScratch2);
    a_.vpxor(kScratch, kScratch, kScratch2);
}

// The same with AES's whole substitution in the middle, whose affine step the second map undoes.
void Compiler::sm4_by_aes(Xmm d, Xmm a) {
    constexpr uint64_t kBefore[2][2] = {{0x078b37bb820eb23e, 0x9814a8241d912da1},
                                        {0x37eb19c5f22edc00, 0x3fe311cdfa26d408}};
    constexpr uint64_t kBehind[2][2] = {{0x2098ea521ea6d46c, 0x47ff8d3579c1b30b},
                                        {0x2dcd7d9db050e000, 0xed0dbd5d709020c0}};
    a_.vmovaps(kScratch, a);
    by_nibbles(kBefore, d);
    // Rows are moved so that vaesenclast moves them back: byte n from n - 4 (n mod 4).
    a_.vpshufb(kScratch, kScratch, pool(0x0b0e0104070a0d00, 0x0306090c0f020508));
    a_.vpxor(kScratch2, kScratch2, kScratch2);
    a_.vaesenclast(kScratch, kScratch, kScratch2);
    by_nibbles(kBehind, d);
    a_.vmovaps(d, kScratch);
}

}  // namespace pydbt::x64
