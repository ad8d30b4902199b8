#include "translator/a64/disassembler.hpp"

#include <bit>
#include <charconv>
#include <cstdio>

#include "translator/a64/bit_masks.hpp"
#include "translator/a64/fp_immediate.hpp"
#include "translator/a64/sysregs.gen.hpp"

namespace pydbt::a64 {
namespace {

constexpr const char* kConditions[] = {"eq", "ne", "hs", "lo", "mi", "pl", "vs", "vc",
                                       "hi", "ls", "ge", "lt", "gt", "le", "al", "nv"};
constexpr const char* kShifts[] = {"lsl", "lsr", "asr", "ror"};
constexpr const char* kExtends[] = {"uxtb", "uxth", "uxtw", "uxtx", "sxtb", "sxth", "sxtw", "sxtx"};

bool is_move_wide(uint64_t value, unsigned width) {
    for (unsigned lsb = 0; lsb < width; lsb += 16) {
        if ((value & ~(uint64_t{0xffff} << lsb)) == 0) return true;
    }
    return false;
}

uint64_t low(uint64_t value, bool sf) { return sf ? value : value & 0xffffffff; }

}  // namespace

std::string disassemble(uint32_t word, uint64_t pc, const Features& features) {
    std::string text;
    if (disassemble_to(word, pc, features, text) == nullptr) text = "undefined";
    return text;
}

void TextWriter::decimal(uint64_t value) {
    char digits[20];
    auto end = std::to_chars(digits, digits + sizeof digits, value);
    out_.append(digits, end.ptr);
}

void TextWriter::hex(uint64_t value) {
    if (value > 9) out_ += "0x";
    char digits[16];
    auto end = std::to_chars(digits, digits + sizeof digits, value, 16);
    out_.append(digits, end.ptr);
}

// ---- immediates

void TextWriter::imm(int64_t value) {
    out_ += value < 0 ? "#-" : "#";
    auto bits = static_cast<uint64_t>(value);
    hex(value < 0 ? 0 - bits : bits);
}

void TextWriter::dec(uint32_t value) {
    out_ += '#';
    decimal(value);
}

void TextWriter::offset(int64_t value) {
    if (value == 0) return;
    out_ += ", ";
    imm(value);
}

void TextWriter::bitmask(uint32_t sf, uint32_t n, uint32_t immr, uint32_t imms) {
    out_ += '#';
    hex(low(bit_mask(n, immr, imms), sf));
}

void TextWriter::wide(uint32_t sf, uint32_t invert, uint32_t hw, uint32_t value) {
    uint64_t bits = uint64_t{value} << 16 * hw;
    if (invert) bits = ~bits;
    imm(sf ? static_cast<int64_t>(bits) : static_cast<int32_t>(static_cast<uint32_t>(bits)));
}

void TextWriter::bytemask(uint32_t imm8) {
    uint64_t value = 0;
    for (unsigned i = 0; i < 8; i++) value |= (imm8 >> i & 1 ? uint64_t{0xff} : 0) << 8 * i;
    out_ += '#';
    hex(value);
}

void TextWriter::target(int32_t words) {
    out_ += '#';
    hex(pc_ + static_cast<uint64_t>(int64_t{words} * 4));
}

void TextWriter::address(int32_t immhi, uint32_t immlo) {
    out_ += '#';
    hex(pc_ + static_cast<uint64_t>(int64_t{immhi} * 4 + immlo));
}

void TextWriter::page(int32_t immhi, uint32_t immlo) {
    out_ += '#';
    auto offset = static_cast<uint64_t>(int64_t{immhi} * 4 + immlo);
    hex((pc_ & ~uint64_t{0xfff}) + (offset << 12));
}

bool TextWriter::is_wide(uint32_t sf, uint32_t n, uint32_t immr, uint32_t imms) {
    uint64_t value = bit_mask(n, immr, imms);
    unsigned width = sf ? 64 : 32;
    return is_move_wide(low(value, sf), width) || is_move_wide(low(~value, sf), width);
}

// ---- general registers

void TextWriter::reg(char kind, uint32_t n) {
    out_ += kind;
    decimal(n);
}

void TextWriter::r(bool sf, uint32_t n) {
    if (n == 31) {
        out_ += sf ? "xzr" : "wzr";
    } else {
        reg(sf ? 'x' : 'w', n);
    }
}

void TextWriter::rsp(bool sf, uint32_t n) {
    if (n == 31) {
        out_ += sf ? "sp" : "wsp";
    } else {
        r(sf, n);
    }
}

void TextWriter::shift(uint32_t kind, uint32_t amount) {
    if (kind == 0 && amount == 0) return;
    out_ += ", ";
    out_ += kShifts[kind];
    out_ += ' ';
    dec(amount);
}

void TextWriter::extend(bool sf, uint32_t rm, uint32_t option, uint32_t amount, bool sp) {
    r(sf && (option & 3) == 3, rm);
    if (sp && option == (sf ? 3u : 2u)) return shift(0, amount);
    out_ += ", ";
    out_ += kExtends[option];
    if (amount == 0) return;
    out_ += ' ';
    imm(amount);
}

void TextWriter::index(uint32_t rm, uint32_t option, uint32_t scaled, uint32_t size) {
    r(option & 1, rm);
    if (option == 3 && scaled == 0) return;
    out_ += ", ";
    out_ += option == 3 ? "lsl" : kExtends[option];
    if (scaled == 0) return;
    out_ += ' ';
    imm(size);
}

void TextWriter::cond(uint32_t code) { out_ += kConditions[code]; }

// ---- loads and stores

void TextWriter::transfer(std::string_view infix, uint32_t size, uint32_t opc) {
    out_ += opc == 0 ? "st" : "ld";
    out_ += infix;
    if (opc > 1) out_ += 's';
    if (size < 2 || opc > 1) out_ += "bhw"[size];
}

void TextWriter::prefetch(uint32_t rt) {
    constexpr const char* kTypes[] = {"pld", "pli", "pst"};
    unsigned type = rt >> 3, level = rt >> 1 & 3;
    if (type == 3 || level == 3) return imm(rt);
    out_ += kTypes[type];
    out_ += 'l';
    decimal(level + 1);
    out_ += rt & 1 ? "strm" : "keep";
}

// ---- system

void TextWriter::hint(uint32_t number) {
    // Arm ARM C4.1.94, "Hints"; null: no name.
    constexpr const char* kNames[40] = {
        "nop",       "yield",     "wfe",    "wfi",       "sev",       "sevl",      "dgh",
        "xpaclri",   "pacia1716", nullptr,  "pacib1716", nullptr,     "autia1716", nullptr,
        "autib1716", nullptr,     "esb",    "psb csync", "tsb csync", nullptr,     "csdb",
        nullptr,     nullptr,     nullptr,  "paciaz",    "paciasp",   "pacibz",    "pacibsp",
        "autiaz",    "autiasp",   "autibz", "autibsp",   "bti",       nullptr,     "bti c",
        nullptr,     "bti j",     nullptr,  "bti jc",    nullptr};
    if (number < std::size(kNames) && kNames[number] != nullptr) {
        out_ += kNames[number];
        return;
    }
    out_ += "hint ";
    imm(number);
}

void TextWriter::barrier(uint32_t crm) {
    constexpr const char* kDomains[] = {"osh", "nsh", "ish", ""};
    constexpr const char* kKinds[] = {"", "ld", "st", ""};
    if ((crm & 3) == 0) return imm(crm);
    if (crm == 15) {
        out_ += "sy";
        return;
    }
    out_ += kDomains[crm >> 2];
    out_ += kKinds[crm & 3];
}

void TextWriter::sysreg(uint32_t o0, uint32_t op1, uint32_t crn, uint32_t crm, uint32_t op2) {
    uint32_t id = (2 | o0) << 14 | op1 << 11 | crn << 7 | crm << 3 | op2;
    for (const SysRegInfo& row : kSysRegs) {
        if (row.id == id) {
            for (const char* c = row.name; *c != 0; c++) {
                out_ += *c >= 'A' && *c <= 'Z' ? static_cast<char>(*c + 32) : *c;
            }
            return;
        }
    }
    char name[32];
    int n = std::snprintf(name, sizeof name, "s%u_%u_c%u_c%u_%u", 2 | o0, op1, crn, crm, op2);
    out_.append(name, static_cast<size_t>(n));
}

void TextWriter::sys(uint32_t op1, uint32_t crn, uint32_t crm, uint32_t op2, uint32_t rt) {
    uint32_t id = op1 << 11 | crn << 7 | crm << 3 | op2;
    for (const SysOpInfo& row : kSysOps) {
        if (row.id == id) {
            for (const char* c = row.name; *c != 0; c++) {
                out_ += *c >= 'A' && *c <= 'Z' ? static_cast<char>(*c + 32) : *c;
            }
            out_ += ", ";
            return x(rt);
        }
    }
    char operation[32];
    int n =
        std::snprintf(operation, sizeof operation, "sys #%u, c%u, c%u, #%u", op1, crn, crm, op2);
    out_.append(operation, static_cast<size_t>(n));
    if (rt == 31) return;
    out_ += ", ";
    x(rt);
}

// ---- SIMD and FP

void TextWriter::fp(uint32_t size, uint32_t n) { reg("bhsdq"[size], n); }

void TextWriter::v(uint32_t q, uint32_t size, uint32_t n) {
    reg('v', n);
    out_ += '.';
    decimal((q ? 16u : 8u) >> size);
    out_ += "bhsdq"[size];
}

void TextWriter::pair(uint32_t n) {
    reg('v', n);
    out_ += ".2h";
}

void TextWriter::pairs(uint32_t n, uint32_t number) {
    pair(n);
    out_ += '[';
    hex(number);
    out_ += ']';
}

void TextWriter::lane(uint32_t size, uint32_t n, uint32_t number) {
    reg('v', n);
    out_ += '.';
    out_ += "bhsd"[size];
    out_ += '[';
    hex(number);
    out_ += ']';
}

void TextWriter::quad(uint32_t n, uint32_t number) {
    reg('v', n);
    out_ += ".4b[";
    hex(number);
    out_ += ']';
}

void TextWriter::list(uint32_t count, uint32_t q, uint32_t size, uint32_t n) {
    for (uint32_t i = 0; i < count; i++) {
        out_ += i == 0 ? "{" : ", ";
        v(q, size, (n + i) & 31);
    }
    out_ += '}';
}

void TextWriter::lanes(uint32_t count, uint32_t size, uint32_t n, uint32_t number) {
    for (uint32_t i = 0; i < count; i++) {
        out_ += i == 0 ? "{" : ", ";
        reg('v', (n + i) & 31);
        out_ += '.';
        out_ += "bhsd"[size];
    }
    out_ += "}[";
    hex(number);
    out_ += ']';
}

void TextWriter::fpimm(uint32_t imm8) {
    const uint64_t bits = expand_float(imm8, 3);
    char number[32];
    int n = std::snprintf(number, sizeof number, "#%.8f", std::bit_cast<double>(bits));
    out_.append(number, static_cast<size_t>(n));
}

}  // namespace pydbt::a64
