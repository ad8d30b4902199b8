"""Options of `pydbt-system-aarch64`: the one place that has them.

Owns: names, arguments and help, as a table and as an argparse parser, from which the reference page
and the man page come. Must not know: what is behind an option's argument (config.py).

Names and syntax are qemu-system-aarch64's; `-x` and `--x` are the same, as there.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

from .keyvals import UsageError, closest

PROGRAM = "pydbt-system-aarch64"


@dataclass(frozen=True, slots=True)
class Option:
    """One option; without `metavar` it takes no argument. `repeats`: each one counts."""

    names: tuple[str, ...]
    metavar: str
    help: str
    repeats: bool = False

    @property
    def key(self) -> str:
        return self.names[0].replace("-", "_")


OPTIONS: tuple[Option, ...] = (
    Option(("help", "h"), "", "print this help"),
    Option(("version",), "", "print the version"),
    Option(
        ("machine", "M"),
        "[type=]virt[,PROP=VALUE]...",
        "the board: gic-version=2|3|max, accel=LIST, dumpdtb=FILE; -machine help lists boards, "
        "-machine virt,help their properties",
        repeats=True,
    ),
    Option(
        ("cpu",),
        "MODEL[,FEATURE=on|off]...",
        "the CPU model (default cortex-a57), features more or less; -cpu help lists models",
    ),
    Option(
        ("accel",),
        "NAME[:NAME]...",
        "how to run: kvm, tcg (the translator); the first one that this host has is taken",
        repeats=True,
    ),
    Option(("enable-kvm",), "", "the same as -accel kvm"),
    Option(
        ("smp",),
        "[cpus=]N[,sockets=N][,cores=N][,threads=N][,maxcpus=N]",
        "how many CPUs (default 1)",
    ),
    Option(("m",), "[size=]SIZE", "RAM, in MiB or with a suffix k, M, G (default 128)"),
    Option(("kernel",), "FILE", "the kernel: an Image, gzip'ed or zboot (gzip, zstd), or ELF"),
    Option(("initrd",), "FILE", "the initial RAM disk"),
    Option(("append",), "TEXT", "the kernel's command line"),
    Option(("dtb",), "FILE", "a device tree to be used instead of the board's own"),
    Option(
        ("device",),
        "DRIVER[,PROP=VALUE]...",
        "a device; -device help lists them, -device DRIVER,help their properties",
        repeats=True,
    ),
    Option(
        ("drive",),
        "file=FILE[,if=none|virtio][,id=ID][,format=raw][,readonly=on|off][,snapshot=on|off]"
        "[,cache=writeback|writethrough|unsafe][,discard=unmap|ignore]",
        "a disk image; with if=none for a -device, with if=virtio (the default) as a disk",
        repeats=True,
    ),
    Option(
        ("blockdev",),
        "driver=file|raw,node-name=NAME,filename=FILE[,...]",
        "a disk image by its parts: a file, and a raw format on it",
        repeats=True,
    ),
    Option(("snapshot",), "", "disks change in temporary files only"),
    Option(
        ("netdev",),
        "user,id=ID[,hostfwd=RULE]...[,restrict=on|off][,net=A/N][,host=A][,...]",
        "a network for a -device: user, by libslirp",
        repeats=True,
    ),
    Option(("nic",), "user[,...] | none", "a network card and its network at once", repeats=True),
    Option(("net",), "none", "no network card"),
    Option(
        ("chardev",),
        "BACKEND,id=ID[,mux=on|off][,...]",
        "a stream of bytes: stdio[,signal=on|off], file,path=FILE[,append=on|off], pty, null, "
        "socket,path=FILE|host=A,port=N[,server=on|off][,wait=on|off]",
        repeats=True,
    ),
    Option(
        ("serial",),
        "DEVICE",
        "the serial port: stdio, mon:stdio, pty, null, none, file:FILE, "
        "unix:PATH[,server][,nowait], tcp:HOST:PORT[,server][,nowait], chardev:ID",
        repeats=True,
    ),
    Option(("monitor",), "DEVICE", "the monitor's place; only none is here yet", repeats=True),
    Option(("display",), "none", "there are no displays"),
    Option(
        ("nographic",), "", "no display, the serial port on the terminal (Ctrl-A h for its keys)"
    ),
    Option(
        ("rtc",),
        "[base=utc|localtime|DATE][,clock=host|rt|vm]",
        "what the real-time clock begins with (default the host's UTC), and what drives it",
    ),
    Option(
        ("fw_cfg",),
        "[name=]NAME,file=FILE|string=TEXT",
        "a piece of data for firmware",
        repeats=True,
    ),
    Option(("object",), "rng-random|rng-builtin,id=ID", "a source for virtio-rng", repeats=True),
    Option(("name",), "NAME", "the machine's name"),
    Option(("nodefaults",), "", "no devices but those that are asked for"),
    Option(("no-user-config",), "", "accepted; there are no configuration files"),
    Option(("no-reboot",), "", "a reset ends the emulator"),
    Option(("no-shutdown",), "", "a power off stops the machine; the emulator stays"),
    Option(("pidfile",), "FILE", "a file for the process's number, removed at the end"),
    Option(("d",), "ITEM[,...]", "log what is translated and run; -d help lists items"),
    Option(("D",), "FILE", "write that log to FILE instead of standard error"),
)
"""In the order of the help."""

NOT_HERE = {
    "bios": "firmware (UEFI) is not here yet; -kernel boots a kernel",
    "pflash": "flash is not here yet; -kernel boots a kernel",
    "qmp": "there is no monitor yet",
    "mon": "there is no monitor yet",
    "S": "there is neither a monitor nor a debugger's stub yet that could start the machine",
    "gdb": "there is no debugger's stub of system mode yet",
    "s": "there is no debugger's stub of system mode yet",
    "vnc": "there are no displays",
    "loadvm": "machines cannot be saved yet",
    "incoming": "machines cannot be moved",
    "daemonize": "the emulator does not go to the background",
}
"""Options of QEMU's that a script may use, and why they are refused."""

DESCRIPTION = "Runs a whole AArch64 machine, like QEMU's `virt`, on x86-64."
EPILOG = (
    "Exit status: 0 when the machine was powered off or the emulator was ended by its keys or by a "
    "signal; 1 for a wrong command line or something that cannot be used. SIGINT, SIGTERM and "
    "SIGHUP end the emulator with disks flushed and the terminal as it was."
)


def _by_name() -> dict[str, Option]:
    return {name: option for option in OPTIONS for name in option.names}


def split(words: list[str]) -> list[tuple[str, str]]:
    """The options in their order, by key, with their arguments. UsageError names what is wrong."""
    known = _by_name()
    result: list[tuple[str, str]] = []
    at = 0
    while at < len(words):
        word = words[at]
        at += 1
        name = word.removeprefix("-").removeprefix("-")
        if not word.startswith("-") or not name:
            raise UsageError(
                f"{word}: options begin with -; a disk is -drive file={word or 'FILE'}"
            )
        if name in NOT_HERE:
            raise UsageError(f"-{name}: {NOT_HERE[name]}")
        option = known.get(name)
        if option is None:
            raise UsageError(f"-{name}: no such option{closest(name, [*known], '-')}")
        if not option.metavar:
            result.append((option.key, ""))
        elif at == len(words):
            raise UsageError(f"-{name}: an argument is missing: {option.metavar}")
        else:
            result.append((option.key, words[at]))
            at += 1
    return result


def parser() -> argparse.ArgumentParser:
    """The options as argparse has them: for the help and the man page."""
    result = argparse.ArgumentParser(
        prog=PROGRAM,
        usage=f"{PROGRAM} [options]",
        description=DESCRIPTION,
        epilog=EPILOG,
        add_help=False,
    )
    for option in OPTIONS:
        flags = [f"-{name}" for name in option.names]
        text = option.help.replace("%", "%%")
        if option.metavar:
            result.add_argument(
                *flags,
                dest=option.key,
                metavar=option.metavar,
                help=text,
                action="append" if option.repeats else "store",
            )
        else:
            result.add_argument(*flags, dest=option.key, help=text, action="store_true")
    return result
