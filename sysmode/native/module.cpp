// The Python extension pydbt._system: machines, built and run from Python.
//
// Owns: the functions' Python form and the check of their arguments. Must not know: boards, command
// lines. sysmode/_system.pyi types it.
#include <arpa/inet.h>
#include <nanobind/nanobind.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "sysmode/block/image.hpp"
#include "sysmode/io/chardevs.hpp"
#include "sysmode/machines/machine.hpp"
#include "sysmode/net/user.hpp"
#include "sysmode/virtio/balloon.hpp"
#include "sysmode/virtio/block.hpp"
#include "sysmode/virtio/net.hpp"
#include "sysmode/virtio/rng.hpp"
#include "sysmode/virtio/serial.hpp"
#include "translator/a64/cpu.hpp"

namespace nb = nanobind;

namespace pydbt::sysmode::native {
namespace {

void check(bool good, const std::string& error) {
    if (!good) throw std::runtime_error(error);
}

// References to what a machine keeps. (The classes themselves are compiled without RTTI.)
struct ChardevRef {
    Chardev* chardev;
};
struct MuxRef {
    Mux* mux;
};
struct NetRef {
    NetBackend* backend;
};

class PyMachine {
   public:
    explicit PyMachine(unsigned cpus) : machine_(std::make_unique<Machine>(cpus)) {}

    Machine& get() {
        if (machine_ == nullptr) throw std::runtime_error("the machine is closed");
        return *machine_;
    }
    // Host resources are given back now, not when Python finds the time.
    void close() {
        nb::gil_scoped_release release;  // a thread that ends may want to call Python
        machine_.reset();
    }

    // --- the board
    void add_ram(const std::string& name, uint64_t base, uint64_t size) {
        std::string error;
        check(get().add_ram(name, base, size, error), error);
    }
    void add_gicv2(uint64_t distributor, uint64_t interface) {
        std::string error;
        if (get().cpu_count() > Gicv2::kMostCpus) throw std::invalid_argument("too many CPUs");
        check(get().add_gicv2(distributor, interface, error), error);
    }
    void add_gicv3(uint64_t distributor, uint64_t redistributors) {
        std::string error;
        check(get().add_gicv3(distributor, redistributors, error), error);
    }
    void add_uart(const std::string& name, uint64_t base, unsigned spi, const ChardevRef& chardev) {
        std::string error;
        check(get().add_uart(name, base, spi, *chardev.chardev, error), error);
    }
    void add_rtc(uint64_t base, unsigned spi, int64_t offset_ns, bool with_machine) {
        std::string error;
        check(get().add_rtc(base, spi, {offset_ns, with_machine}, error), error);
    }
    void add_gpio(uint64_t base, unsigned spi, unsigned power_pin) {
        std::string error;
        check(get().add_gpio(base, spi, power_pin, error), error);
    }
    void add_fw_cfg(uint64_t base) {
        std::string error;
        check(get().add_fw_cfg(base, error), error);
    }
    void add_virtio_mmio(uint64_t base, unsigned spi) {
        std::string error;
        check(get().add_virtio_mmio(base, spi, error), error);
    }
    void add_fw_cfg_item(uint16_t key, const nb::bytes& content) {
        get().fw_cfg()->add(key, std::string(content.c_str(), content.size()));
    }
    void add_fw_cfg_file(const std::string& name, const nb::bytes& content) {
        bool good = get().fw_cfg()->add_file(name, std::string(content.c_str(), content.size()));
        check(good, "fw_cfg: the name " + name + " is too long, or there twice");
    }

    // --- chardevs and networks
    ChardevRef keep(std::unique_ptr<Chardev> chardev, const std::string& error) {
        check(chardev != nullptr, error);
        return {&get().keep(std::move(chardev))};
    }
    ChardevRef null_chardev() { return keep(std::make_unique<NullChardev>(), ""); }
    ChardevRef stdio(bool signals) {
        return keep(std::make_unique<StdioChardev>(get().loop(), signals), "");
    }
    ChardevRef file(const std::string& path, bool append) {
        std::string error;
        auto chardev = FileChardev::open(get().loop(), path, append, error);
        return keep(std::move(chardev), error);
    }
    std::pair<ChardevRef, std::string> pty() {
        std::string error;
        auto chardev = PtyChardev::open(get().loop(), error);
        check(chardev != nullptr, error);
        std::string name = chardev->name();
        return {keep(std::move(chardev), error), name};
    }
    ChardevRef socket(const std::string& path, const std::string& host, const std::string& port,
                      bool server, bool wait) {
        std::string error;
        std::unique_ptr<SocketChardev> chardev;
        {
            nb::gil_scoped_release release;  // it may wait for somebody
            chardev = SocketChardev::open(get().loop(), {path, host, port}, server, wait, error);
        }
        return keep(std::move(chardev), error);
    }
    MuxRef mux(const ChardevRef& chardev) {
        Machine& machine = get();
        Mux::Actions actions{[&machine] { machine.request(Request::quit); },
                             [&machine] { machine.flush_disks(); }};
        return {&machine.keep(std::make_unique<Mux>(*chardev.chardev, std::move(actions)))};
    }
    // Addresses are IPv4's in text, checked by the caller; a forward is (udp, host, port, guest,
    // port).
    using ForwardRow = std::tuple<bool, std::string, uint16_t, std::string, uint16_t>;
    NetRef user_network(const std::string& library, bool restricted, bool ipv4, bool ipv6,
                        const std::vector<std::string>& addresses,
                        const std::vector<std::string>& names,
                        const std::vector<std::string>& search,
                        const std::vector<ForwardRow>& forwards) {
        if (addresses.size() != 5 || names.size() != 4) throw std::invalid_argument("names");
        UserNetOptions options;
        options.library = library;
        options.restricted = restricted;
        options.ipv4 = ipv4;
        options.ipv6 = ipv6;
        options.network = address(addresses[0]);
        options.mask = address(addresses[1]);
        options.host = address(addresses[2]);
        options.dhcp_start = address(addresses[3]);
        options.dns = address(addresses[4]);
        options.hostname = names[0];
        options.tftp = names[1];
        options.bootfile = names[2];
        options.domain = names[3];
        options.search = search;
        for (const auto& [udp, host, host_port, guest, guest_port] : forwards) {
            options.forwards.push_back({udp, address(host), address(guest), host_port, guest_port});
        }
        std::string error;
        auto network = UserNet::open(options, error);
        check(network != nullptr, error);
        return {&get().keep(std::move(network))};
    }
    static in_addr address(const std::string& text) {
        in_addr result{};
        if (inet_pton(AF_INET, text.c_str(), &result) != 1) {
            throw std::invalid_argument(text + " is no IPv4 address");
        }
        return result;
    }
    NetRef no_network() { return {&get().keep(std::make_unique<NoNetwork>())}; }

    // --- devices
    void check_place(unsigned place) {
        if (place >= get().virtio_places()) throw std::invalid_argument("no such place");
    }
    void plug_block(unsigned place, const std::string& name, const std::string& path,
                    bool read_only, bool snapshot, bool discard, bool locking, bool ignore_flush,
                    bool write_through, const std::string& serial) {
        check_place(place);
        RawOptions options{read_only || snapshot, discard, locking, ignore_flush};
        std::string error;
        std::unique_ptr<Image> image = open_raw(path, options, error);
        if (image != nullptr && snapshot) image = make_snapshot(std::move(image), error);
        check(image != nullptr, error);
        BlockOptions block{serial, write_through};
        get().plug(place, std::make_unique<VirtioBlock>(get().bus(), name, std::move(image),
                                                        std::move(block)));
    }
    void plug_net(unsigned place, const std::string& name, const nb::bytes& mac,
                  const NetRef& network) {
        check_place(place);
        Mac address;
        if (mac.size() != address.size()) throw std::invalid_argument("a MAC has 6 bytes");
        std::copy_n(reinterpret_cast<const uint8_t*>(mac.c_str()), address.size(), address.begin());
        get().plug(place,
                   std::make_unique<VirtioNet>(get().bus(), name, address, *network.backend));
    }
    using SerialPort = std::tuple<ChardevRef, bool, std::string>;
    void plug_serial(unsigned place, const std::string& name,
                     const std::vector<SerialPort>& ports) {
        check_place(place);
        auto device = std::make_unique<VirtioSerial>(get().bus(), name);
        for (const auto& [chardev, console, port_name] : ports) {
            check(device->add_port(*chardev.chardev, console, port_name), "too many ports");
        }
        get().plug(place, std::move(device));
    }
    void plug_rng(unsigned place, const std::string& name) {
        check_place(place);
        get().plug(place, std::make_unique<VirtioRng>(get().bus(), name));
    }
    void plug_balloon(unsigned place, const std::string& name) {
        check_place(place);
        get().plug(place, std::make_unique<VirtioBalloon>(get().bus(), name));
    }

    // --- memory
    void write(uint64_t pa, const nb::bytes& content) {
        auto bytes = std::as_bytes(std::span(content.c_str(), content.size()));
        check(get().bus().copy_in(pa, bytes), "not in memory");
    }
    nb::bytes read(uint64_t pa, uint64_t size) {
        const std::byte* host = get().bus().ram(pa, size);
        check(host != nullptr, "not in memory");
        return nb::bytes(reinterpret_cast<const char*>(host), size);
    }
    uint64_t read_device(uint64_t pa, unsigned size) {
        uint64_t value = 0;
        check_size(size);
        check(get().bus().read(pa, size, &value), "external abort");
        return value;
    }
    void write_device(uint64_t pa, unsigned size, uint64_t value) {
        check_size(size);
        check(get().bus().write(pa, size, value), "external abort");
    }
    std::vector<std::tuple<std::string, uint64_t, uint64_t>> regions() {
        std::vector<std::tuple<std::string, uint64_t, uint64_t>> result;
        for (const Region& r : get().bus().regions()) result.emplace_back(r.name, r.base, r.size);
        return result;
    }

    // --- CPUs
    void add_cpus(const std::string& model, const std::string& tier, const std::string& log,
                  const std::string& log_file) {
        CpuOptions options{model, tier == "interp" ? 0 : 1, 0, log_file};
        std::string error;
        bool known = runtime::parse_log_items(log, options.log, error);
        check(known, "-d " + error + ": no such item; -d help lists them");
        check(get().add_cpus(options, error), error);
    }
    void go() {
        nb::gil_scoped_release release;
        get().go();
    }
    void stop() {
        nb::gil_scoped_release release;
        get().stop();
    }

    // --- power
    std::string take_request() {
        constexpr const char* kNames[] = {"", "reset", "shutdown", "quit"};
        return kNames[static_cast<size_t>(get().take_request())];
    }
    void reset() {
        nb::gil_scoped_release release;
        get().reset();
    }
    void flush() {
        nb::gil_scoped_release release;
        get().flush();
    }

   private:
    static void check_size(unsigned size) {
        bool good = size == 1 || size == 2 || size == 4 || size == 8;
        if (!good) throw std::invalid_argument("an access has 1, 2, 4 or 8 bytes");
    }

    std::unique_ptr<Machine> machine_;
};

// --- CPU models

a64::Cpu cpu_of(const std::string& text) {
    a64::Cpu cpu;
    a64::CpuError error;
    if (!cpu.select(text, error)) throw std::invalid_argument(error.message);
    return cpu;
}

std::pair<std::string, uint64_t> cpu_model(const std::string& text) {
    a64::Cpu cpu = cpu_of(text);
    return {cpu.model().name, cpu.model().counter_hz};
}

std::string cpu_help(const std::string& text) {
    return text.empty() ? a64::cpu_help() : cpu_of(text).help();
}

std::string log_help() {
    std::string text;
    for (const runtime::LogItemInfo& item : runtime::kLogItems) {
        text += std::string(item.name) + "  " + item.help + "\n";
    }
    return text;
}

}  // namespace
}  // namespace pydbt::sysmode::native

NB_MODULE(_system, m) {
    using namespace pydbt::sysmode;
    using namespace pydbt::sysmode::native;
    using nb::literals::operator""_a;
    nb::class_<ChardevRef>(m, "Chardev");
    nb::class_<NetRef>(m, "Network");
    nb::class_<MuxRef>(m, "Mux").def("add",
                                     [](MuxRef& mux) { return ChardevRef{&mux.mux->add()}; });
    nb::class_<PyMachine>(m, "Machine")
        .def(nb::init<unsigned>(), "cpus"_a)
        .def("close", &PyMachine::close)
        .def("add_ram", &PyMachine::add_ram, "name"_a, "base"_a, "size"_a)
        .def("add_gicv2", &PyMachine::add_gicv2, "distributor"_a, "interface"_a)
        .def("add_gicv3", &PyMachine::add_gicv3, "distributor"_a, "redistributors"_a)
        .def(
            "add_timers",
            [](PyMachine& machine, uint64_t frequency, unsigned physical, unsigned virtual_) {
                machine.get().add_timers(frequency, physical, virtual_);
            },
            "frequency"_a, "physical"_a, "virtual_"_a)
        .def("add_uart", &PyMachine::add_uart, "name"_a, "base"_a, "spi"_a, "chardev"_a)
        .def("add_rtc", &PyMachine::add_rtc, "base"_a, "spi"_a, "offset_ns"_a, "with_machine"_a)
        .def("add_gpio", &PyMachine::add_gpio, "base"_a, "spi"_a, "power_pin"_a)
        .def("add_fw_cfg", &PyMachine::add_fw_cfg, "base"_a)
        .def("add_virtio_mmio", &PyMachine::add_virtio_mmio, "base"_a, "spi"_a)
        .def("add_fw_cfg_item", &PyMachine::add_fw_cfg_item, "key"_a, "content"_a)
        .def("add_fw_cfg_file", &PyMachine::add_fw_cfg_file, "name"_a, "content"_a)
        .def("null_chardev", &PyMachine::null_chardev)
        .def("stdio", &PyMachine::stdio, "signals"_a)
        .def("file", &PyMachine::file, "path"_a, "append"_a)
        .def("pty", &PyMachine::pty)
        .def("socket", &PyMachine::socket, "path"_a, "host"_a, "port"_a, "server"_a, "wait"_a)
        .def("mux", &PyMachine::mux, "chardev"_a)
        .def("no_network", &PyMachine::no_network)
        .def("user_network", &PyMachine::user_network, "library"_a, "restricted"_a, "ipv4"_a,
             "ipv6"_a, "addresses"_a, "names"_a, "search"_a, "forwards"_a)
        .def("plug_block", &PyMachine::plug_block, "place"_a, "name"_a, "path"_a, "read_only"_a,
             "snapshot"_a, "discard"_a, "locking"_a, "ignore_flush"_a, "write_through"_a,
             "serial"_a)
        .def("plug_net", &PyMachine::plug_net, "place"_a, "name"_a, "mac"_a, "network"_a)
        .def("plug_serial", &PyMachine::plug_serial, "place"_a, "name"_a, "ports"_a)
        .def("plug_rng", &PyMachine::plug_rng, "place"_a, "name"_a)
        .def("plug_balloon", &PyMachine::plug_balloon, "place"_a, "name"_a)
        .def("write", &PyMachine::write, "pa"_a, "content"_a)
        .def("read", &PyMachine::read, "pa"_a, "size"_a)
        .def("read_device", &PyMachine::read_device, "pa"_a, "size"_a)
        .def("write_device", &PyMachine::write_device, "pa"_a, "size"_a, "value"_a)
        .def("regions", &PyMachine::regions)
        .def("request_fd", [](PyMachine& machine) { return machine.get().request_fd(); })
        .def("take_request", &PyMachine::take_request)
        .def("press_power_key", [](PyMachine& machine) { machine.get().press_power_key(); })
        .def("add_cpus", &PyMachine::add_cpus, "model"_a, "tier"_a, "log"_a, "log_file"_a)
        .def(
            "boot",
            [](PyMachine& machine, uint64_t entry, uint64_t x0) { machine.get().boot(entry, x0); },
            "entry"_a, "x0"_a)
        .def("go", &PyMachine::go)
        .def("stop", &PyMachine::stop)
        .def("reset", &PyMachine::reset)
        .def("flush", &PyMachine::flush);
    m.def("cpu_model", &cpu_model, "text"_a);
    m.def("log_help", &log_help);
    m.def("cpu_help", &cpu_help, "text"_a);
    m.def("restore_terminal", &StdioChardev::restore);
}
