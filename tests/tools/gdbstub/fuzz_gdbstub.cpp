// Hostile clients of GDB's stub: what they send never leaves the target's bounds, and whatever the
// stub answers is packets.
//
//   fuzz_gdbstub SEED COUNT      makes and checks COUNT sessions
//   fuzz_gdbstub FILE            one session, the bytes in the file
//
// With libFuzzer (-fsanitize=fuzzer -DPYDBT_LIBFUZZER) LLVMFuzzerTestOneInput() is the entry.
#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <vector>

#include "translator/gdbstub/server.hpp"

namespace {

using namespace pydbt;
using namespace pydbt::gdbstub;

void require(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "fuzz_gdbstub: %s\n", what);
    std::abort();
}

constexpr uint64_t kBase = 0x10000, kBytes = 0x3000;

class FakeFiles final : public Files {
   public:
    int64_t open(const std::string& path, uint64_t, uint64_t) override {
        return path.empty() ? -2 : 3;
    }
    int64_t close(uint64_t) override { return 0; }
    int64_t read(uint64_t, uint64_t bytes, uint64_t, std::string& data) override {
        require(bytes <= kMostPacket, "a read of a file that no packet can answer");
        data.assign(bytes, '}');
        return static_cast<int64_t>(bytes);
    }
    int64_t write(uint64_t, uint64_t, std::string_view data) override {
        return static_cast<int64_t>(data.size());
    }
    int64_t stat(uint64_t, std::string& data) override {
        data.assign(64, '\0');
        return 0;
    }
    int64_t unlink(const std::string&) override { return -1; }
    int64_t read_link(const std::string& path, std::string& target) override {
        target = path;
        return 0;
    }
};

// Two threads and some memory; it stops as soon as it is looked at.
class FakeTarget final : public Target {
   public:
    FakeTarget() : memory_(kBytes, '\x55') {}

    const a64::Features& features() const override { return features_; }
    void wish(const Wishes&) override {}
    std::vector<ThreadId> threads() override {
        if (gone_) return {};
        return {{7, 7}, {7, 8}};
    }
    std::string thread_name(const ThreadId&) override { return "a<b>&\"c"; }
    base::CpuState* registers(const ThreadId& thread, bool) override {
        if (gone_ || thread.pid != 7 || thread.tid < 7 || thread.tid > 8) return nullptr;
        return &states_[thread.tid - 7];
    }
    size_t read_memory(const ThreadId&, uint64_t address, std::span<char> data) override {
        require(data.size() <= kMostPacket, "a read that no packet can answer");
        if (address < kBase || address >= kBase + kBytes) return 0;
        size_t n = std::min<uint64_t>(data.size(), kBase + kBytes - address);
        std::memcpy(data.data(), memory_.data() + (address - kBase), n);
        return n;
    }
    bool write_memory(const ThreadId&, uint64_t address, std::string_view data) override {
        if (address < kBase || address >= kBase + kBytes ||
            data.size() > kBase + kBytes - address) {
            return false;
        }
        std::memcpy(memory_.data() + (address - kBase), data.data(), data.size());
        return true;
    }
    bool set_point(PointKind kind, uint64_t address, uint64_t) override {
        require(kind <= PointKind::access, "an unknown kind of breakpoint");
        points_[address]++;
        return true;
    }
    bool clear_point(PointKind, uint64_t address, uint64_t) override {
        return points_.erase(address) != 0;
    }
    void resume(const std::vector<Action>&) override {
        require(!running_, "resumed twice");
        running_ = true;
    }
    void interrupt() override { require(running_, "interrupted while it stands"); }
    bool next_stop(Stop& stop) override {
        require(running_, "asked for a stop while it stands");
        running_ = false;
        stop.thread = {7, 7 + (turn_ & 1)};
        stop.kind = static_cast<Stop::Kind>(turn_ % 9);
        stop.point = static_cast<PointKind>(turn_ % 5);
        stop.text = "/x#$}*";
        turn_++;
        return true;
    }
    void detach(int64_t pid) override { gone_ = gone_ || pid == 0 || pid == 7; }
    bool kill(int64_t pid) override { return gone_ = pid == 0 || pid == 7; }
    bool read_object(const ThreadId&, std::string_view name, std::string& data) override {
        if (name != "auxv") return false;
        data.assign(100000, '*');
        return true;
    }
    bool write_object(const ThreadId&, std::string_view, uint64_t, std::string_view) override {
        return true;
    }
    Files* files() override { return &files_; }
    bool has_processes() const override { return true; }
    void pass_signals(const std::set<int>& signals) override {
        require(signals.size() <= 256, "more signals than there are");
    }
    void catch_syscalls(bool, const std::set<uint64_t>&) override {}
    bool forward(int64_t, const std::string&, std::string&) override { return false; }

   private:
    a64::Features features_;
    base::CpuState states_[2] = {};
    std::vector<char> memory_;
    std::map<uint64_t, int> points_;
    FakeFiles files_;
    bool running_ = false, gone_ = false;
    unsigned turn_ = 0;
};

// How many packets the stub has answered.
uint64_t session(std::string_view bytes) {
    FakeTarget target;
    PacketReader answers;
    uint64_t count = 0;
    Stop stop;
    stop.thread = {7, 7};
    Server server(target, stop, [&](std::string_view sent) {
        answers.feed(sent);
        std::string payload;
        for (;;) {
            PacketReader::Item item = answers.next(payload);
            if (item == PacketReader::Item::nothing) break;
            require(item != PacketReader::Item::damaged, "a damaged answer");
            count += item == PacketReader::Item::packet ? 1 : 0;
        }
    });
    while (!bytes.empty() && !server.done()) {
        size_t n = std::min<size_t>(bytes.size(), 97);
        server.receive(bytes.substr(0, n));
        bytes.remove_prefix(n);
    }
    return count;
}

// --- mutants ------------------------------------------------------------------------------------

constexpr const char* kSeeds[] = {"qSupported:multiprocess+;swbreak+;hwbreak+;fork-events+",
                                  "QStartNoAckMode",
                                  "?",
                                  "g",
                                  "p20",
                                  "P0=0011223344556677",
                                  "Hgp7.8",
                                  "Hc-1",
                                  "Tp7.7",
                                  "m10000,40",
                                  "x10100,2000",
                                  "M10000,2:aabb",
                                  "X10010,3:abc",
                                  "Z0,10000,4",
                                  "z0,10000,4",
                                  "Z2,10010,8",
                                  "vCont?",
                                  "vCont;c",
                                  "vCont;s:p7.7;c",
                                  "vCont;r10000,10010:7",
                                  "vCont;C05:p7.8",
                                  "c",
                                  "s10000",
                                  "C05;10000",
                                  "S0b",
                                  "D;7",
                                  "vKill;7",
                                  "qXfer:features:read:target.xml:0,ffb",
                                  "qXfer:threads:read::0,1000",
                                  "qXfer:auxv:read::8000,8000",
                                  "qXfer:siginfo:write::0:abc",
                                  "qfThreadInfo",
                                  "qsThreadInfo",
                                  "qThreadExtraInfo,p7.7",
                                  "qSearch:memory:10000;2000;\x55\x56",
                                  "QPassSignals:1;2;3e",
                                  "QCatchSyscalls:1;40;41",
                                  "QNonStop:1",
                                  "vFile:open:2f78,0,0",
                                  "vFile:pread:3,1000,0",
                                  "vFile:pwrite:3,0,data",
                                  "vFile:fstat:3",
                                  "vFile:readlink:2f78",
                                  "vFile:setfs:0",
                                  "vCtrlC",
                                  "G00112233",
                                  "qC",
                                  "qAttached:7",
                                  "k",
                                  "vMustReplyEmpty"};

class Random {
   public:
    explicit Random(uint64_t seed) : state_(seed) {}
    uint64_t next() {  // SplitMix64
        uint64_t z = state_ += 0x9e3779b97f4a7c15;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return z ^ (z >> 31);
    }
    uint64_t below(uint64_t end) { return next() % end; }

   private:
    uint64_t state_;
};

void mutate(std::string& text, Random& random) {
    constexpr std::string_view kLetters = "0123456789abcdef,;:-.p#$}*=";
    constexpr const char* kNumbers[] = {
        "0", "-1", "ffffffffffffffff", "8000000000000000", "10000000000000000", "7fffffff", "fff0"};
    size_t at = random.below(text.size() + 1);
    switch (random.below(5)) {
        case 0: text.insert(at, 1, kLetters[random.below(kLetters.size())]); break;
        case 1: text.insert(at, 1, static_cast<char>(random.next())); break;
        case 2: text.insert(at, kNumbers[random.below(std::size(kNumbers))]); break;
        case 3: text.erase(at, random.below(8)); break;
        default: text.resize(at);
    }
}

std::string mutant(Random& random) {
    std::string bytes;
    for (uint64_t n = 1 + random.below(12); n != 0; n--) {
        std::string text = kSeeds[random.below(std::size(kSeeds))];
        for (uint64_t m = random.below(4); m != 0; m--) mutate(text, random);
        std::string packet = frame(text);
        constexpr uint64_t kOneIn = 20;
        if (random.below(kOneIn) == 0) mutate(packet, random);
        bytes += packet;
    }
    return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    session({reinterpret_cast<const char*>(data), size});
    return 0;
}

#ifndef PYDBT_LIBFUZZER
int main(int argc, char** argv) {
    if (argc == 2) {
        std::FILE* file = std::fopen(argv[1], "rb");
        require(file != nullptr, "cannot open the file");
        std::string bytes;
        char part[4096];
        for (size_t n; (n = std::fread(part, 1, sizeof part, file)) != 0;) bytes.append(part, n);
        std::fclose(file);
        session(bytes);
        return 0;
    }
    if (argc != 3) {
        std::fputs("usage: fuzz_gdbstub FILE | SEED COUNT\n", stderr);
        return 2;
    }
    uint64_t seed = std::strtoull(argv[1], nullptr, 0), count = std::strtoull(argv[2], nullptr, 0);
    uint64_t answers = 0;
    for (uint64_t n = 0; n < count; n++) {
        Random random(seed * 0x9e3779b97f4a7c15 + n);
        answers += session(mutant(random));
    }
    std::printf("%" PRIu64 " sessions, %" PRIu64 " answers\n", count, answers);
    return 0;
}
#endif
