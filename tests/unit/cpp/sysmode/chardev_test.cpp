// Chardevs and the mux: real files, sockets and pseudo terminals.
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <mutex>

#include "sysmode/io/chardevs.hpp"
#include "sysmode/io/mux.hpp"
#include "tests/unit/cpp/sysmode/devices_harness.hpp"

namespace {

using namespace pydbt::sysmode;

class Sink : public CharSink {
   public:
    size_t receive(Bytes bytes) override {
        std::lock_guard guard(lock);
        size_t taken = std::min(bytes.size(), room);
        room -= taken;
        text.append(reinterpret_cast<const char*>(bytes.data()), taken);
        return taken;
    }
    void writable() override { writables++; }
    void event(CharEvent what) override {
        if (what == CharEvent::opened) opened++;
        if (what == CharEvent::closed) closed++;
        if (what == CharEvent::serial_break) breaks++;
    }
    std::string got() {
        std::lock_guard guard(lock);
        return text;
    }
    std::mutex lock;
    std::string text;
    size_t room = ~size_t{0};
    std::atomic<int> writables{0}, opened{0}, closed{0}, breaks{0};
};

Bytes bytes(std::string_view text) {
    return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

std::string read_some(int fd, size_t count) {
    std::string text;
    comes([&] {
        char part[256];
        ssize_t n = read(fd, part, std::min(sizeof part, count - text.size()));
        if (n > 0) text.append(part, static_cast<size_t>(n));
        return text.size() >= count || n == 0;
    });
    return text;
}

struct Folder {
    Folder() { CHECK(mkdtemp(name) != nullptr); }
    ~Folder() {
        unlink(path().c_str());
        rmdir(name);
    }
    std::string path() const { return std::string(name) + "/x"; }
    char name[32] = "/tmp/chardev-XXXXXX";
};

int client(const std::string& path) {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    path.copy(name.sun_path, sizeof name.sun_path - 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    CHECK_EQ(connect(fd, reinterpret_cast<sockaddr*>(&name), sizeof name), 0);
    return fd;
}

TEST(a_file_is_written) {
    Folder folder;
    IoLoop loop;
    std::string error;
    auto file = FileChardev::open(loop, folder.path(), false, error);
    REQUIRE(file != nullptr);
    CHECK_EQ(file->write(bytes("hello ")), 6u);
    CHECK_EQ(file->write(bytes("world")), 5u);
    file->flush();
    int fd = open(folder.path().c_str(), O_RDONLY);
    CHECK_EQ(read_some(fd, 11), std::string("hello world"));
    close(fd);
    CHECK(FileChardev::open(loop, "/nowhere/x", false, error) == nullptr);
    CHECK_EQ(error, std::string("/nowhere/x: No such file or directory"));
}

TEST(a_socket_serves_one_client_after_another) {
    Folder folder;
    IoLoop loop;
    Sink sink;
    std::string error;
    auto server = SocketChardev::open(loop, {folder.path(), "", ""}, true, false, error);
    REQUIRE(server != nullptr);
    server->connect(&sink);
    CHECK_EQ(server->write(bytes("nobody")), 6u);
    for (int n = 1; n <= 2; n++) {
        int fd = client(folder.path());
        CHECK(comes([&] { return sink.opened == n; }));
        CHECK_EQ(write(fd, "ab", 2), 2);
        CHECK(comes([&] { return sink.got().size() == 2u * static_cast<size_t>(n); }));
        CHECK_EQ(server->write(bytes("xyz")), 3u);
        CHECK_EQ(read_some(fd, 3), std::string("xyz"));
        close(fd);
        CHECK(comes([&] { return sink.closed == n; }));
    }
    server->connect(nullptr);
}

TEST(flow_is_controlled_both_ways) {
    Folder folder;
    IoLoop loop;
    Sink sink;
    std::string error;
    auto server = SocketChardev::open(loop, {folder.path(), "", ""}, true, false, error);
    REQUIRE(server != nullptr);
    server->connect(&sink);
    int fd = client(folder.path());
    CHECK(comes([&] { return sink.opened == 1; }));
    sink.room = 3;
    CHECK_EQ(write(fd, "abcdef", 6), 6);
    CHECK(comes([&] { return sink.got() == "abc"; }));
    {
        std::lock_guard guard(sink.lock);
        sink.room = 100;
    }
    server->resume();
    CHECK(comes([&] { return sink.got() == "abcdef"; }));
    size_t written = 0;
    std::string much(10000, 'm');
    for (size_t n; (n = server->write(bytes(much))) != 0 || written == 0;) written += n;
    size_t before = written;
    CHECK_EQ(read_some(fd, before / 2), std::string(before / 2, 'm'));
    CHECK(comes([&] { return sink.writables > 0; }));
    read_some(fd, before - before / 2);
    close(fd);
    server->connect(nullptr);
}

TEST(a_pty_loses_what_nobody_reads) {
    IoLoop loop;
    Sink sink;
    std::string error;
    auto pty = PtyChardev::open(loop, error);
    REQUIRE(pty != nullptr);
    pty->connect(&sink);
    std::string much(1 << 20, 'm');
    CHECK_EQ(pty->write(bytes(much)), much.size());
    int fd = open(pty->name().c_str(), O_RDWR | O_NOCTTY);
    REQUIRE(fd >= 0);
    CHECK_EQ(write(fd, "in", 2), 2);
    CHECK(comes([&] { return sink.got() == "in"; }));
    close(fd);
    pty->connect(nullptr);
}

TEST(the_mux_has_keys) {
    KeepingChardev host;
    Sink first, second;
    int ended = 0, saved = 0;
    Mux mux(host, {[&] { ended++; }, [&] { saved++; }});
    Chardev& a = mux.add();
    Chardev& b = mux.add();
    a.connect(&first);
    b.connect(&second);
    host.type("x\1c1\1c2");
    CHECK_EQ(first.text, std::string("x2"));
    CHECK_EQ(second.text, std::string("1"));
    host.type("\1\1\1s\1b\1z");
    CHECK_EQ(first.text, std::string("x2\1"));
    CHECK_EQ(saved, 1);
    CHECK_EQ(first.breaks.load(), 1);
    host.type("\1");
    host.type("x");
    CHECK_EQ(ended, 1);
    first.room = 0;
    CHECK_EQ(host.type("ab"), 0u);
    first.room = 1;
    CHECK_EQ(host.type("\1\1"), 2u);
    CHECK_EQ(host.type("\1\1"), 1u);  // the second one again, once there is room
    first.room = 1;
    CHECK_EQ(host.type("\1"), 1u);
    CHECK_EQ(first.text, std::string("x2\1\1\1"));
    host.text.clear();
    host.type("\1t");
    a.write(bytes("l\nm"));
    CHECK_EQ(host.text, std::string("[00:00:00.000] l\n[00:00:00.000] m"));
}

}  // namespace
