// Writes every form of the assembler with many operands, as text and as bytes.
//
// Owns: the choice of operands and how they look in Intel's syntax. Must not know: encodings;
// tests/unit/test_assembler.py judges them.
//
//   x64_forms   > lines of `text<TAB>hexadecimal bytes`
#include <array>
#include <cinttypes>
#include <cstdio>
#include <string>
#include <vector>

#include "translator/x64/assembler.gen.hpp"

namespace {

using namespace pydbt::x64;

// What an operand is: registers and memory by size (`rs` and `ms` follow the Size argument).
enum class Kind : uint8_t {
    rs,
    r8,
    r16,
    r32,
    r64,
    ms,
    m,
    m8,
    m16,
    m32,
    m64,
    x,
    xk1,
    y,
    k,
    imm8,
    imm,
    imm32
};
enum Sizes : uint8_t { kSize8 = 1, kSize16 = 2, kSize32 = 4, kSize64 = 8 };

struct Operand {
    Gp r = Gp::none;
    Xmm x = Xmm::none;
    Mask k = Mask::k0;
    Mem m = {};
    int32_t i = 0;
};

struct Form {
    const char* mnemonic;
    const char* implied;  // the last operand, where the member has none for it
    uint8_t sizes;        // bits of Sizes; 0: no Size argument
    uint8_t operands;
    Kind kinds[4];
    void (*emit)(Assembler&, Size, const Operand*);
};

const Form kForms[] = {
#include "tests/tools/x64/x64_forms.gen.inc"
};

constexpr const char* kGp[4][16] = {
    {"al", "cl", "dl", "bl", "spl", "bpl", "sil", "dil", "r8b", "r9b", "r10b", "r11b", "r12b",
     "r13b", "r14b", "r15b"},
    {"ax", "cx", "dx", "bx", "sp", "bp", "si", "di", "r8w", "r9w", "r10w", "r11w", "r12w", "r13w",
     "r14w", "r15w"},
    {"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi", "r8d", "r9d", "r10d", "r11d", "r12d",
     "r13d", "r14d", "r15d"},
    {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13",
     "r14", "r15"},
};
constexpr const char* kPointer[4] = {"byte ptr ", "word ptr ", "dword ptr ", "qword ptr "};

// ---- operands to try

std::vector<Mem> addresses() {
    constexpr int32_t kDisps[] = {0, 8, -128, 127, 128, -129, 0x12345678, -0x12345678};
    std::vector<Mem> all;
    unsigned turn = 0;
    for (uint8_t base = 0; base < 16; base++) {
        for (int32_t disp : {0, 0x7f, -0x1000}) all.push_back(mem(Gp{base}, disp));
    }
    for (uint8_t index = 0; index < 16; index++) {
        if (Gp{index} == Gp::rsp) continue;
        for (unsigned scale = 0; scale < 4; scale++) {
            Gp base{static_cast<uint8_t>(turn * 7 % 16)};
            all.push_back(mem(base, Gp{index}, scale, kDisps[turn++ % std::size(kDisps)]));
        }
        Mem alone;
        alone.index = Gp{index};
        alone.scale = static_cast<uint8_t>(index % 4);
        alone.disp = kDisps[index % std::size(kDisps)];
        all.push_back(alone);
    }
    // The bases whose low bits mean something else in ModRM or SIB, with an index.
    for (Gp base : {Gp::rsp, Gp::rbp, Gp::r12, Gp::r13}) {
        for (int32_t disp : {0, 1, 0x100}) all.push_back(mem(base, Gp::r12, 3, disp));
    }
    for (int32_t disp : {0, 0x1000, 0x7fffffff, -0x80}) all.push_back(mem_abs32(disp));
    return all;
}

std::vector<Operand> operands(Kind kind, Size size) {
    static const std::vector<Mem> kAddresses = addresses();
    std::vector<Operand> all;
    auto integers = [&](std::initializer_list<int32_t> values) {
        for (int32_t v : values) {
            bool fits = size == Size::b8    ? v == static_cast<int8_t>(v)
                        : size == Size::b16 ? v == static_cast<int16_t>(v)
                                            : true;
            if (fits || kind == Kind::imm8) all.push_back({.i = v});
        }
    };
    switch (kind) {
        case Kind::rs:
        case Kind::r8:
        case Kind::r16:
        case Kind::r32:
        case Kind::r64:
            for (uint8_t n = 0; n < 16; n++) all.push_back({.r = Gp{n}});
            break;
        case Kind::x:
        case Kind::xk1:
        case Kind::y:
            for (uint8_t n = 0; n < 16; n++) all.push_back({.x = Xmm{n}});
            break;
        case Kind::k:
            for (uint8_t n = 0; n < 8; n++) all.push_back({.k = Mask{n}});
            break;
        case Kind::imm8: integers({0, 1, 2, 7, 0x1f, 0x7f, 0x80, 0xff}); break;
        case Kind::imm:
        case Kind::imm32:
            integers({0, 1, -1, 0x7f, -0x80, 0x80, -0x81, 0x7fff, -0x8000, 0x12345678, 0x7fffffff,
                      -0x7fffffff - 1});
            break;
        default:
            for (const Mem& m : kAddresses) all.push_back({.m = m});
            break;
    }
    return all;
}

// ---- text

std::string number(int64_t v) {
    char text[24];
    auto magnitude = static_cast<uint64_t>(v < 0 ? -v : v);
    std::snprintf(text, sizeof text, "%s0x%" PRIx64, v < 0 ? "-" : "", magnitude);
    return text;
}

std::string text_of(const Mem& m) {
    const auto& names = kGp[3];
    std::string text = "[";
    if (m.base != Gp::none) text += names[static_cast<size_t>(m.base)];
    if (m.index != Gp::none) {
        if (m.base != Gp::none) text += " + ";
        text += names[static_cast<size_t>(m.index)];
        text += "*" + std::to_string(1 << m.scale);
    }
    bool alone = m.base == Gp::none && m.index == Gp::none;
    if (alone) return text + number(m.disp) + "]";
    if (m.disp != 0) text += (m.disp < 0 ? " - " : " + ") + number(std::abs(int64_t{m.disp}));
    return text + "]";
}

std::string text_of(Kind kind, Size size, const Operand& o) {
    auto gp = [&](size_t width) { return std::string(kGp[width][static_cast<size_t>(o.r)]); };
    auto memory = [&](size_t width) { return kPointer[width] + text_of(o.m); };
    switch (kind) {
        case Kind::rs: return gp(static_cast<size_t>(size));
        case Kind::r8: return gp(0);
        case Kind::r16: return gp(1);
        case Kind::r32: return gp(2);
        case Kind::r64: return gp(3);
        case Kind::x: return "xmm" + std::to_string(static_cast<unsigned>(o.x));
        case Kind::xk1: return "xmm" + std::to_string(static_cast<unsigned>(o.x)) + " {k1}";
        case Kind::y: return "ymm" + std::to_string(static_cast<unsigned>(o.x));
        case Kind::k: return "k" + std::to_string(static_cast<unsigned>(o.k));
        case Kind::ms: return memory(static_cast<size_t>(size));
        case Kind::m8: return memory(0);
        case Kind::m16: return memory(1);
        case Kind::m32: return memory(2);
        case Kind::m64: return memory(3);
        case Kind::m: return text_of(o.m);
        default: return number(o.i);
    }
}

// ---- emission

void write(const Form& form, Size size, const Operand* o) {
    uint8_t buffer[128];
    Assembler a(buffer, sizeof buffer);
    form.emit(a, size, o);
    std::string line = form.mnemonic;
    const char* separator = " ";
    for (unsigned n = 0; n < form.operands; n++) {
        line += separator + text_of(form.kinds[n], size, o[n]);
        separator = ", ";
    }
    if (form.implied[0] != 0) line += std::string(separator) + form.implied;
    line += '\t';
    for (uint32_t n = 0; n < a.offset(); n++) {
        char hex[3];
        std::snprintf(hex, sizeof hex, "%02x", buffer[n]);
        line += hex;
    }
    std::puts(line.c_str());
}

// Each operand goes through all its values while the others take theirs in turn.
void write_all(const Form& form, Size size) {
    if (form.operands == 0) return write(form, size, nullptr);
    std::array<std::vector<Operand>, 4> values;
    for (unsigned n = 0; n < form.operands; n++) values[n] = operands(form.kinds[n], size);
    unsigned turn = 0;
    for (unsigned varied = 0; varied < form.operands; varied++) {
        for (const Operand& value : values[varied]) {
            Operand o[4];
            turn++;
            for (unsigned n = 0; n < form.operands; n++) {
                o[n] = n == varied ? value : values[n][turn * (2 * n + 3) % values[n].size()];
            }
            write(form, size, o);
        }
    }
}

}  // namespace

int main() {
    for (const Form& form : kForms) {
        if (form.sizes == 0) write_all(form, Size::b64);
        for (unsigned n = 0; n < 4; n++) {
            if ((form.sizes >> n & 1) != 0) write_all(form, static_cast<Size>(n));
        }
    }
    return 0;
}
