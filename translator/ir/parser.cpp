#include "translator/ir/parser.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace pydbt::ir {
namespace {

constexpr std::string_view kConditions[] = {"eq", "ne", "cs", "cc", "mi", "pl", "vs", "vc",
                                            "hi", "ls", "ge", "lt", "gt", "le", "al", "nv"};
constexpr size_t kMostInsns = std::numeric_limits<uint16_t>::max();

std::string quoted(std::string_view text) { return "'" + std::string(text.substr(0, 40)) + "'"; }

// One line of text, read from the left. A failed read leaves everything as it was.
class Cursor {
   public:
    explicit Cursor(std::string_view line) : rest_(line) {}

    bool at_end() {
        skip_spaces();
        return rest_.empty();
    }
    std::string_view rest() const { return rest_; }

    bool take(std::string_view literal) {
        skip_spaces();
        if (!rest_.starts_with(literal)) return false;
        rest_.remove_prefix(literal.size());
        return true;
    }

    // Letters, digits and underscores; may be empty.
    std::string_view word() {
        skip_spaces();
        auto part_of_word = [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
        };
        auto end = std::find_if_not(rest_.begin(), rest_.end(), part_of_word);
        std::string_view found = rest_.substr(0, static_cast<size_t>(end - rest_.begin()));
        rest_.remove_prefix(found.size());
        return found;
    }

    template <class T>
    bool number(T& value) {
        skip_spaces();
        bool hex = rest_.starts_with("0x");
        const char* begin = rest_.data() + (hex ? 2 : 0);
        const char* end = rest_.data() + rest_.size();
        auto [stop, error] = std::from_chars(begin, end, value, hex ? 16 : 10);
        if (error != std::errc()) return false;
        rest_.remove_prefix(static_cast<size_t>(stop - rest_.data()));
        return true;
    }

    // A number of up to 64 bits, signed or not.
    bool bits(int64_t& value) {
        uint64_t pattern = 0;
        if (!take_minus_next() && number(pattern)) {
            value = static_cast<int64_t>(pattern);
            return true;
        }
        return number(value);
    }

    // `v7`
    bool value(Value& v) {
        skip_spaces();
        std::string_view before = rest_;
        if (take("v") && number(v) && v != kNone) return true;
        rest_ = before;
        return false;
    }

   private:
    void skip_spaces() {
        while (rest_.starts_with(' ')) rest_.remove_prefix(1);
    }
    bool take_minus_next() {
        skip_spaces();
        return rest_.starts_with('-');
    }

    std::string_view rest_;
};

// Arguments hold value numbers from the text until link().
struct Statement {
    Inst inst;
    Value number;  // kNone: no result
    uint32_t block;
    unsigned line;
};

class Parser {
   public:
    Parser(std::string_view text, Function& f) : text_(text), f_(f) {}

    std::string run() {
        f_.clear();
        header();
        while (error_.empty() && !closed_) next_statement();
        if (error_.empty() && next_line()) fail("text behind the function");
        if (error_.empty()) link();
        if (!error_.empty()) f_.clear();
        return std::move(error_);
    }

   private:
    void fail(const std::string& what) { fail_at(line_, what); }
    void fail_at(unsigned line, const std::string& what) {
        if (error_.empty()) error_ = "line " + std::to_string(line) + ": " + what;
    }

    // Moves to the next line that is not empty.
    bool next_line() {
        while (!text_.empty()) {
            size_t end = std::min(text_.find('\n'), text_.size());
            cursor_ = Cursor(text_.substr(0, end));
            text_.remove_prefix(std::min(end + 1, text_.size()));
            line_++;
            if (!cursor_.at_end()) return true;
        }
        return false;
    }
    void end_of_line() {
        if (!cursor_.at_end()) fail("unexpected " + quoted(cursor_.rest()));
    }

    void header() {
        if (!next_line()) return fail("no function");
        bool good = cursor_.take("function ") && cursor_.number(f_.pc) && cursor_.take("key=") &&
                    cursor_.number(f_.key) && cursor_.take("{");
        if (!good) return fail("expected `function PC key=KEY {`");
        end_of_line();
    }

    void next_statement() {
        if (!next_line()) return fail("the function has no end");
        if (cursor_.take("}")) {
            closed_ = true;
        } else if (cursor_.take("@")) {
            guest_instruction();
        } else if (cursor_.take("bb")) {
            block();
        } else {
            instruction();
        }
        if (error_.empty()) end_of_line();
    }

    void guest_instruction() {
        uint64_t pc = 0;
        if (f_.blocks.empty()) return fail("outside a block");
        if (!cursor_.number(pc) || !cursor_.take(":")) return fail("expected `@PC:`");
        if (f_.insns.size() == kMostInsns) return fail("too many guest instructions");
        insn_ = static_cast<uint32_t>(f_.insns.size());
        f_.insns.push_back(pc);
    }

    void block() {
        size_t number = 0;
        if (!cursor_.number(number) || !cursor_.take("(")) return fail("expected `bbN(`");
        if (number != f_.blocks.size()) return fail("blocks are out of order");
        f_.blocks.push_back({kNone, kNone, 0});
        insn_ = kNone;
        while (error_.empty() && !cursor_.take("):")) {
            Statement s = start(Op::param);
            if (f_.blocks.back().params++ != 0 && !cursor_.take(","))
                return fail("expected a comma");
            if (!cursor_.value(s.number) || !cursor_.take(":")) return fail("expected `vN: type`");
            type(s.inst);
            statements_.push_back(s);
        }
    }

    Statement start(Op op) const {
        Inst inst = {op, Type::none, Cond::al, 0,     0,    0, 0, {kNone, kNone, kNone},
                     0,  0,          0,        kNone, kNone};
        return {inst, kNone, static_cast<uint32_t>(f_.blocks.size() - 1), line_};
    }

    void type(Inst& i) {
        std::string_view name = cursor_.word();
        auto known = std::find(std::begin(kTypeNames) + 1, std::end(kTypeNames), name);
        if (known == std::end(kTypeNames)) return fail("unknown type " + quoted(name));
        i.type = static_cast<Type>(known - std::begin(kTypeNames));
    }

    void instruction() {
        if (f_.blocks.empty()) return fail("outside a block");
        Value number = kNone;
        if (cursor_.value(number) && !cursor_.take("=")) return fail("expected `=`");
        std::string_view name = cursor_.word();
        auto known = std::find_if(std::begin(kOps), std::end(kOps),
                                  [&](const OpInfo& op) { return name == op.name; });
        if (known == std::end(kOps)) return fail("unknown op " + quoted(name));
        Statement s = start(static_cast<Op>(known - std::begin(kOps)));
        s.number = number;
        s.inst.insn = static_cast<uint16_t>(insn_ == kNone ? 0 : insn_);
        if (insn_ == kNone && first_bare_line_ == 0) first_bare_line_ = line_;
        if (s.inst.op == Op::param) return fail("a parameter outside its block's header");
        result(s, *known);
        first_ = true;
        for (unsigned n = 0; error_.empty() && n < known->args; n++) argument(s.inst.args[n]);
        if (s.inst.op == Op::jump || s.inst.op == Op::br) {
            branch(s.inst);
        } else {
            while (error_.empty() && !cursor_.at_end()) attribute(s.inst, *known);
        }
        statements_.push_back(s);
    }

    void result(Statement& s, const OpInfo& op) {
        bool has_result = op.result != Kind::none;
        if (has_result != (s.number != kNone)) {
            return fail(std::string(op.name) + (has_result ? " has a result" : " has no result"));
        }
        if (op.result < Kind::int_) {
            s.inst.type = static_cast<Type>(op.result);  // the enumerations begin alike
        } else if (cursor_.take(".")) {
            type(s.inst);
        } else {
            fail(std::string(op.name) + " needs a type");
        }
    }

    void separator() {
        if (!first_ && !cursor_.take(",")) fail("expected a comma");
        first_ = false;
    }

    void argument(Value& v) {
        separator();
        if (!cursor_.take("_") && !cursor_.value(v)) fail("expected a value");
    }

    void attribute(Inst& i, const OpInfo& op) {
        separator();
        std::string_view name = cursor_.word();
        const Attribute* end = op.attribute + op.attributes;
        const Attribute* known =
            std::find_if(op.attribute, end, [&](const Attribute& a) { return name == a.name; });
        if (known == end) return fail("unknown attribute " + quoted(name));
        if (!cursor_.take("=")) return fail("expected `=`");
        if (known->field == Field::cc) return condition(i);
        int64_t v = 0;
        if (!cursor_.bits(v)) return fail("expected a number");
        if (known->field != Field::imm && (v < 0 || v > 255)) return fail("a number out of range");
        auto byte = static_cast<uint8_t>(v);
        switch (known->field) {
            case Field::imm: i.imm = v; break;
            case Field::size: i.size = byte; break;
            case Field::scale: i.scale = byte; break;
            case Field::order: i.order = byte; break;
            case Field::flags: i.flags = byte; break;
            case Field::cc: break;
        }
    }

    void condition(Inst& i) {
        std::string_view name = cursor_.word();
        auto known = std::find(std::begin(kConditions), std::end(kConditions), name);
        if (known == std::end(kConditions)) return fail("unknown condition " + quoted(name));
        i.cc = static_cast<Cond>(known - std::begin(kConditions));
    }

    void branch(Inst& i) {
        bool two_ways = i.op == Op::br;
        if (error_.empty() && two_ways) {
            separator();
            if (!cursor_.take("cc=")) fail("expected `cc=`");
            if (error_.empty()) condition(i);
        }
        i.imm = static_cast<int64_t>(f_.edges.size());
        for (int n = 0; error_.empty() && n < (two_ways ? 2 : 1); n++) edge();
    }

    void edge() {
        Edge e{0, static_cast<uint32_t>(f_.edge_args.size()), 0};
        separator();
        if (!cursor_.take("bb") || !cursor_.number(e.block) || !cursor_.take("(")) {
            return fail("expected `bbN(`");
        }
        while (error_.empty() && !cursor_.take(")")) {
            Value v = kNone;
            if (e.args_count != 0 && !cursor_.take(",")) return fail("expected a comma");
            if (!cursor_.value(v)) return fail("expected a value");
            f_.edge_args.push_back(v);
            edge_lines_.push_back(line_);
            e.args_count++;
        }
        f_.edges.push_back(e);
    }

    // ---- values have numbers of their own; instructions without a result go into the gaps

    void link() {
        if (first_bare_line_ != 0 && !f_.insns.empty()) {
            return fail_at(first_bare_line_, "no guest instruction");
        }
        number_values();
        if (!error_.empty()) return;
        for (size_t n = 0; n < statements_.size(); n++) append(index_[n], statements_[n]);
        for (size_t n = 0; n < f_.edge_args.size(); n++) use(f_.edge_args[n], edge_lines_[n]);
    }

    void number_values() {
        for (const Statement& s : statements_) {
            if (s.number == kNone) continue;
            if (s.number >= kMostParsedValues)
                return fail_at(s.line, "a value number out of range");
            if (s.number >= defined_.size()) defined_.resize(s.number + 1, false);
            if (defined_[s.number]) {
                return fail_at(s.line, "v" + std::to_string(s.number) + " is defined twice");
            }
            defined_[s.number] = true;
        }
        Value gap = 0;
        for (const Statement& s : statements_) {
            if (s.number == kNone) {
                while (gap < defined_.size() && defined_[gap]) gap++;
            }
            index_.push_back(s.number == kNone ? gap++ : s.number);
        }
        Inst nothing = start(Op::const_).inst;  // what stands in the gaps that are left
        f_.insts.assign(std::max<size_t>(defined_.size(), gap), nothing);
    }

    void append(Value at, const Statement& s) {
        Block& block = f_.blocks[s.block];
        uint16_t uses = f_.insts[at].uses;
        Inst& i = f_.insts[at] = s.inst;
        i.uses = uses;
        i.prev = block.last;
        if (block.last == kNone) {
            block.first = at;
        } else {
            f_.insts[block.last].next = at;
        }
        block.last = at;
        for (Value arg : s.inst.args) {
            if (arg != kNone) use(arg, s.line);
        }
    }

    void use(Value v, unsigned line) {
        if (v >= defined_.size() || !defined_[v]) {
            return fail_at(line, "v" + std::to_string(v) + " is not defined");
        }
        f_.insts[v].uses++;
    }

    std::string_view text_;
    Function& f_;
    Cursor cursor_{""};
    unsigned line_ = 0;
    std::string error_;
    bool closed_ = false;
    bool first_ = true;             // nothing stands behind the op's name yet
    uint32_t insn_ = kNone;         // the guest instruction that lines belong to
    unsigned first_bare_line_ = 0;  // of an instruction without one
    std::vector<Statement> statements_;
    std::vector<unsigned> edge_lines_;  // of each edge argument
    std::vector<bool> defined_;         // value numbers
    std::vector<Value> index_;          // of each statement in Function::insts
};

}  // namespace

std::string parse(std::string_view text, Function& f) { return Parser(text, f).run(); }

}  // namespace pydbt::ir
