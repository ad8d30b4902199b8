#include "translator/ir/printer.hpp"

#include <cinttypes>
#include <cstdio>

namespace pydbt::ir {
namespace {

constexpr const char* kConditions[] = {"eq", "ne", "cs", "cc", "mi", "pl", "vs", "vc",
                                       "hi", "ls", "ge", "lt", "gt", "le", "al", "nv"};

class Printer {
   public:
    explicit Printer(const Function& f) : f_(f) {}

    std::string run() {
        say("function 0x%" PRIx64 " key=%" PRIu32 " {\n", f_.pc, f_.key);
        for (uint32_t b = 0; b < f_.blocks.size(); b++) block(b);
        text_ += "}\n";
        return std::move(text_);
    }

   private:
    template <class... Args>
    void say(const char* format, Args... args) {
        char line[128];
        int n = std::snprintf(line, sizeof line, format, args...);
        if (n > 0) text_.append(line, static_cast<size_t>(n));
    }

    void value(Value v) {
        if (v == kNone) {
            text_ += '_';
        } else {
            say("v%" PRIu32, v);
        }
    }

    void block(uint32_t b) {
        say("bb%" PRIu32 "(", b);
        uint32_t at = f_.blocks[b].first;
        for (uint32_t n = 0; n < f_.blocks[b].params; n++) {
            if (n != 0) text_ += ", ";
            value(at);
            say(": %s", kTypeNames[static_cast<unsigned>(f_.insts[at].type)]);
            at = f_.insts[at].next;
        }
        text_ += "):\n";
        uint32_t insn = kNone;
        for (; at != kNone; at = f_.insts[at].next) {
            const Inst& i = f_.insts[at];
            if (i.insn != insn && i.insn < f_.insns.size()) {
                insn = i.insn;
                say("@0x%" PRIx64 ":\n", f_.insns[insn]);
            }
            inst(at, i);
        }
    }

    void inst(Value at, const Inst& i) {
        const OpInfo& op = info(i.op);
        text_ += "  ";
        if (i.type != Type::none) {
            value(at);
            text_ += " = ";
        }
        text_ += op.name;
        if (i.type != Type::none && op.result >= Kind::int_) {
            text_ += '.';
            text_ += kTypeNames[static_cast<unsigned>(i.type)];
        }
        const char* separator = " ";
        for (unsigned n = 0; n < op.args; n++) {
            text_ += separator;
            separator = ", ";
            value(i.args[n]);
        }
        for (unsigned n = 0; n < op.attributes; n++) attribute(i, op.attribute[n], separator);
        if (i.op == Op::jump || i.op == Op::br) edges(i);
        text_ += '\n';
    }

    void attribute(const Inst& i, const Attribute& a, const char*& separator) {
        if (i.op == Op::jump || (i.op == Op::br && a.field == Field::imm)) return;
        int64_t v = 0;
        switch (a.field) {
            case Field::imm: v = i.imm; break;
            case Field::size: v = i.size; break;
            case Field::scale: v = i.scale; break;
            case Field::order: v = i.order; break;
            case Field::flags: v = i.flags; break;
            case Field::cc:
                say("%s%s=%s", separator, a.name, kConditions[static_cast<unsigned>(i.cc)]);
                separator = ", ";
                return;
        }
        if (v == 0 && a.field != Field::imm) return;
        if (v >= -4096 && v < 4096) {
            say("%s%s=%" PRId64, separator, a.name, v);
        } else {
            say("%s%s=0x%" PRIx64, separator, a.name, static_cast<uint64_t>(v));
        }
        separator = ", ";
    }

    void edges(const Inst& i) {
        for (int64_t n = 0; n < (i.op == Op::br ? 2 : 1); n++) {
            const Edge& e = f_.edges[static_cast<size_t>(i.imm + n)];
            say("%sbb%" PRIu32 "(", i.op == Op::br ? ", " : " ", e.block);
            for (uint32_t a = 0; a < e.args_count; a++) {
                if (a != 0) text_ += ", ";
                value(f_.edge_args[e.args_begin + a]);
            }
            text_ += ')';
        }
    }

    const Function& f_;
    std::string text_;
};

}  // namespace

std::string print(const Function& f) { return Printer(f).run(); }

}  // namespace pydbt::ir
