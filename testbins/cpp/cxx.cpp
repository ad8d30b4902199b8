// The C++ library and runtime: exceptions, RTTI, streams, containers, strings, algorithms.
#include <algorithm>
#include <csignal>
#include <deque>
#include <exception>
#include <fstream>
#include <functional>
#include <iomanip>
#include <iostream>
#include <iterator>
#include <list>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <tuple>
#include <typeinfo>
#include <unordered_map>
#include <variant>
#include <vector>

#include "check.h"

namespace {

int live = 0;

// Counts itself, to see that unwinding destroys what it must.
class Guard {
   public:
    explicit Guard(std::string name) : name_(std::move(name)) { ++live; }
    Guard(const Guard& other) : name_(other.name_) { ++live; }
    Guard& operator=(const Guard&) = delete;
    ~Guard() { --live; }
    [[nodiscard]] const std::string& name() const { return name_; }

   private:
    std::string name_;
};

class Failure : public std::runtime_error {
   public:
    Failure(const std::string& what, int code) : std::runtime_error(what), code_(code) {}
    [[nodiscard]] int code() const { return code_; }

   private:
    int code_;
};

class Worse : public Failure {
   public:
    using Failure::Failure;
};

struct Plain {
    double weight;
    char tag;
};

int descend(int depth, int kind) {
    Guard guard("level " + std::to_string(depth));
    if (depth == 0) {
        switch (kind) {
            case 0: throw Failure("plain failure", 7);
            case 1: throw Worse("worse failure", 8);
            case 2: throw 42;
            case 3: throw Plain{2.5, 'p'};
            case 4: throw std::string("a string");
            case 5: throw std::out_of_range("too far");
            case 6: return static_cast<int>(guard.name().size());
            default: throw &live;
        }
    }
    try {
        return descend(depth - 1, kind) + depth;
    } catch (const Worse& error) {
        Guard inner("handler");
        if (depth % 5 == 0) {
            throw Worse(std::string(error.what()) + " at " + std::to_string(depth),
                        error.code() + 1);
        }
        throw;
    } catch (const std::logic_error&) {
        if (depth == 3) {
            std::throw_with_nested(Failure("wrapped", depth));
        }
        throw;
    }
}

void describe(const std::exception& error, int indent) {
    std::cout << std::string(static_cast<std::size_t>(indent), ' ') << error.what() << '\n';
    try {
        std::rethrow_if_nested(error);
    } catch (const std::exception& nested) {
        describe(nested, indent + 2);
    }
}

void exceptions() {
    for (int kind = 0; kind < 8; ++kind) {
        for (int depth : {0, 1, 4, 20}) {
            std::cout << "kind " << kind << ", depth " << depth << ": ";
            try {
                std::cout << descend(depth, kind) << '\n';
            } catch (const Failure& error) {
                std::cout << error.code() << ' ';
                describe(error, 0);
            } catch (const std::exception& error) {
                std::cout << "exception " << error.what() << '\n';
            } catch (int number) {
                std::cout << "number " << number << '\n';
            } catch (const Plain& plain) {
                std::cout << plain.weight << plain.tag << '\n';
            } catch (const std::string& text) {
                std::cout << text << '\n';
            } catch (...) {
                std::cout << "something else\n";
            }
        }
    }
    std::exception_ptr kept;
    try {
        descend(10, 1);
    } catch (...) {
        kept = std::current_exception();
    }
    try {
        std::rethrow_exception(kept);
    } catch (const Failure& error) {
        std::cout << "kept: " << error.what() << '\n';
    }
    int caught = 0;
    for (int i = 0; i < 500; ++i) {
        try {
            descend(i % 4, i % 3);
        } catch (const Failure&) {
            ++caught;
        } catch (int) {
            caught += 10;
        }
    }
    std::cout << "caught " << caught << ", live " << live << '\n';
}

class Shape {
   public:
    virtual ~Shape() = default;
    [[nodiscard]] virtual double area() const = 0;
};

class Named {
   public:
    virtual ~Named() = default;
    [[nodiscard]] virtual std::string name() const { return "nameless"; }
};

class Square : public Shape, public Named {
   public:
    explicit Square(double side) : side_(side) {}
    [[nodiscard]] double area() const override { return side_ * side_; }
    [[nodiscard]] std::string name() const override { return "square"; }

   private:
    double side_;
};

class Circle : public Shape {
   public:
    explicit Circle(double radius) : radius_(radius) {}
    [[nodiscard]] double area() const override { return 3 * radius_ * radius_; }

   private:
    double radius_;
};

struct Base {
    virtual ~Base() = default;
    int base = 1;
};
struct Left : virtual Base {
    int left = 2;
};
struct Right : virtual Base {
    int right = 3;
};
struct Bottom : Left, Right {
    int bottom = 4;
};

void throw_number(int number) {
    Guard guard("handler");
    throw number;
}

// Through the signal's frame, to whoever was interrupted.
void from_handlers() {
    void (*volatile interrupt)() = [] { std::raise(SIGUSR1); };
    for (int flags : {0, SA_ONSTACK}) {
        static char stack[65536];
        stack_t alternate{};
        alternate.ss_sp = stack;
        alternate.ss_size = sizeof stack;
        sigaltstack(&alternate, nullptr);
        struct sigaction action{};
        action.sa_handler = throw_number;
        action.sa_flags = flags | SA_NODEFER;
        sigaction(SIGUSR1, &action, nullptr);
        try {
            Guard guard("interrupted");
            interrupt();
        } catch (int number) {
            std::cout << "thrown by a handler: " << (number == SIGUSR1) << ' ' << live << '\n';
        }
    }
}

void types() {
    std::vector<std::unique_ptr<Shape>> shapes;
    for (int i = 1; i < 6; ++i) {
        if (i % 2 == 0) {
            shapes.push_back(std::make_unique<Square>(i));
        } else {
            shapes.push_back(std::make_unique<Circle>(i));
        }
    }
    for (const auto& shape : shapes) {
        const Shape& known = *shape;
        const auto* named = dynamic_cast<const Named*>(&known);
        std::cout << shape->area() << ' ' << (named == nullptr ? "no name" : named->name()) << ' '
                  << (typeid(known) == typeid(Square)) << '\n';
    }
    Bottom bottom;
    Base& base = bottom;
    Left* left = &bottom;
    std::cout << base.base << ' ' << dynamic_cast<Right&>(base).right << ' '
              << dynamic_cast<Right*>(left)->right << ' '
              << (dynamic_cast<void*>(left) == static_cast<void*>(&bottom)) << '\n';
    try {
        std::cout << dynamic_cast<Square&>(*shapes[0]).area() << '\n';
    } catch (const std::bad_cast&) {
        std::cout << "bad cast\n";
    }
}

void containers() {
    std::map<std::string, int> counts;
    std::unordered_map<int, std::string> names;
    std::istringstream text("the cat and the dog and the bird saw the other cat");
    for (std::string word; text >> word;) {
        ++counts[word];
    }
    for (const auto& [word, count] : counts) {
        std::cout << std::setw(6) << word << ' ' << count << '\n';
    }
    std::uint64_t state = 9;
    std::set<unsigned> numbers;
    std::deque<unsigned> queue;
    std::list<unsigned> list;
    for (int i = 0; i < 2000; ++i) {
        const auto number = random_below(&state, 10000);
        numbers.insert(number);
        names[static_cast<int>(number)] = std::to_string(number * 3);
        (number % 2 == 0 ? queue.push_back(number) : queue.push_front(number));
        if (i % 20 == 0) {
            list.push_back(number);
        }
    }
    for (unsigned i = 0; i < 10000; i += 3) {
        numbers.erase(i);
        names.erase(static_cast<int>(i));
    }
    list.sort(std::greater<>());
    list.unique();
    std::cout << numbers.size() << ' ' << names.size() << ' ' << *numbers.lower_bound(5000) << ' '
              << queue.front() << ' ' << queue.back() << ' ' << list.front() << ' ' << list.back()
              << '\n';
    std::uint64_t sum = 0;
    for (const auto& [key, value] : names) {
        sum += static_cast<std::uint64_t>(key) * value.size();
    }
    std::cout << "sum " << sum << '\n';
}

void algorithms() {
    std::uint64_t state = 10;
    std::vector<std::string> words(400);
    for (auto& word : words) {
        word.resize(1 + random_below(&state, 30));
        std::generate(word.begin(), word.end(),
                      [&] { return static_cast<char>('a' + random_below(&state, 4)); });
    }
    std::sort(words.begin(), words.end());
    std::cout << std::is_sorted(words.begin(), words.end()) << ' ' << words.front() << ' '
              << words[200] << '\n';
    std::stable_sort(words.begin(), words.end(),
                     [](const auto& a, const auto& b) { return a.size() < b.size(); });
    std::cout << words[100] << ' ' << words[399] << '\n';
    std::vector<int> numbers(1000);
    std::iota(numbers.begin(), numbers.end(), -500);
    std::rotate(numbers.begin(), numbers.begin() + 333, numbers.end());
    std::partial_sort(numbers.begin(), numbers.begin() + 10, numbers.end(),
                      [](int a, int b) { return std::tuple(a % 100, a) < std::tuple(b % 100, b); });
    std::copy_n(numbers.begin(), 10, std::ostream_iterator<int>(std::cout, " "));
    std::cout << std::accumulate(numbers.begin(), numbers.end(), 0L) << '\n';
    std::string permutation = "abcd";
    int permutations = 0;
    while (std::next_permutation(permutation.begin(), permutation.end())) {
        ++permutations;
    }
    std::function<int(int)> twice = [&](int x) { return x < 1 ? 0 : twice(x / 2) + x; };
    std::variant<int, std::string, double> variant = 2.5;
    std::optional<int> none;
    std::cout << permutations << ' ' << twice(1000) << ' ' << variant.index() << ' '
              << none.value_or(-1) << '\n';
}

void streams() {
    std::ostringstream out;
    out << std::hex << std::showbase << 255 << ' ' << std::oct << 8 << std::dec << ' '
        << std::setfill('*') << std::setw(8) << 42 << ' ' << std::left << std::setw(6) << true
        << std::boolalpha << false << ' ' << std::setprecision(3) << 3.14159 << ' ' << std::fixed
        << 2.0 << ' ' << std::scientific << 12345.678;
    std::cout << out.str() << '\n';
    std::istringstream in("12 3.5 word 0x1f rest of it");
    int integer = 0;
    double real = 0;
    std::string word;
    int hex = 0;
    in >> integer >> real >> word >> std::hex >> hex;
    std::string rest;
    std::getline(in, rest);
    std::cout << integer << ' ' << real << ' ' << word << ' ' << hex << rest << '\n';
    in.clear();
    std::cout << static_cast<bool>(std::istringstream("abc") >> integer) << '\n';
    {
        std::ofstream file("stream.txt");
        for (int i = 0; i < 3000; ++i) {
            file << i << ' ' << i * 0.5 << '\n';
        }
    }
    std::ifstream file("stream.txt");
    double total = 0;
    for (double value = 0; file >> value;) {
        total += value;
    }
    std::cout << std::setprecision(2) << std::fixed << total << ' '
              << std::ifstream("absent").good() << '\n';
    std::string text = "hello";
    text.insert(2, "--").append(5, '!').replace(0, 1, "J");
    std::cout << text << ' ' << text.find("lo") << ' ' << text.rfind('!') << ' '
              << text.substr(3, 4) << ' ' << (text.compare("Jello") < 0) << ' ' << std::stoi("-17")
              << ' ' << std::stod("2.25e2") << '\n';
    std::cerr << "Standard error, " << 1 << '\n';
}

struct Announcer {
    explicit Announcer(const char* text) : text(text) {}
    ~Announcer() { std::cout << text << std::endl; }
    const char* text;
};

const Announcer at_exit("destroyed at exit");

}  // namespace

int main() {
    exceptions();
    from_handlers();
    types();
    containers();
    algorithms();
    streams();
    return live + 21;
}
