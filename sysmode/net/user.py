"""-netdev user: its properties, checked, and as the extension takes them.

Owns: QEMU's names and defaults. Must not know: libslirp beyond where it is found.
"""

from __future__ import annotations

import ipaddress
import os
import re
from dataclasses import dataclass, field

from ..keyvals import KeyVals, number

LIBRARY = "libslirp.so.0"

Forward = tuple[bool, str, int, str, int]


@dataclass
class UserNetwork:
    """The arguments of Machine.user_network."""

    library: str
    restricted: bool
    ipv4: bool
    ipv6: bool
    addresses: list[str]
    names: list[str]
    search: list[str] = field(default_factory=list)
    forwards: list[Forward] = field(default_factory=list)


def user_network(words: KeyVals) -> UserNetwork:
    """UsageError names what is wrong. All of `words` has been asked for then."""
    for later in ("guestfwd", "smb"):
        if words.text(later):
            raise words.error(f"{later}= is not here yet")
    network = _network(words, words.text("net", "10.0.2.0/24"))

    def inside(key: str, default: int) -> str:
        text = words.text(key) or str(network[default])
        try:
            value = ipaddress.IPv4Address(text)
        except ValueError:
            raise words.error(f"{key}={text}: an IPv4 address is expected") from None
        if value not in network:
            raise words.error(f"{key}={text}: not inside {network}")
        return text

    addresses = [
        str(network.network_address),
        str(network.netmask),
        inside("host", 2),
        inside("dhcpstart", 15),
        inside("dns", 3),
    ]
    names = [words.text(key) for key in ("hostname", "tftp", "bootfile", "domainname")]
    search = words.all("dnssearch")
    forwards = [_forward(words, rule, addresses[3]) for rule in words.all("hostfwd")]
    result = UserNetwork(
        os.environ.get("PYDBT_LIBSLIRP") or LIBRARY,
        words.switch("restrict"),
        words.switch("ipv4", True),
        words.switch("ipv6", True),
        addresses,
        names,
        search,
        forwards,
    )
    words.done()
    return result


def _network(words: KeyVals, text: str) -> ipaddress.IPv4Network:
    base, _, mask = text.partition("/")
    try:
        network = ipaddress.IPv4Network(f"{base}/{mask or 24}", strict=False)
    except ValueError:
        raise words.error(f"net={text}: an IPv4 network such as 10.0.2.0/24 is expected") from None
    if network.num_addresses < 32:
        raise words.error(f"net={text}: too small; 32 addresses are needed")
    return network


def _forward(words: KeyVals, rule: str, first: str) -> Forward:
    """[tcp|udp]:[ADDRESS]:PORT-[ADDRESS]:PORT"""
    match = re.fullmatch(r"(tcp|udp)?:([\d.]*):(\d+)-([\d.]*):(\d+)", rule)
    if match is None:
        raise words.error(f"hostfwd={rule}: tcp|udp:[ADDRESS]:PORT-[ADDRESS]:PORT is expected")
    kind, host, host_port, guest, guest_port = match.groups()
    for address in filter(None, (host, guest)):
        try:
            ipaddress.IPv4Address(address)
        except ValueError:
            raise words.error(f"hostfwd={rule}: {address} is no IPv4 address") from None
    ports = [number(port, "hostfwd: port", 0, 65535) for port in (host_port, guest_port)]
    return kind == "udp", host or "0.0.0.0", ports[0], guest or first, ports[1]
