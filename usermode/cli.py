"""Options of `pydbt-aarch64`: the one place that has them.

Owns: names, arguments, environment variables and help, as an argparse parser. The launcher's table
(gen/cli.py) and the man page (argparse-manpage) come from it. Must not know: what options do.

As with qemu-aarch64, options stand before the program, with one dash, and each that takes a value
has an environment variable: PYDBT_NAME, or QEMU_NAME where QEMU has it.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

TIERS = ("interp", "1")
"""Values of --tier: the IR interpreter, block translation."""


@dataclass(frozen=True, slots=True)
class Option:
    """One option. `key` is its name in C++; `env` the variables that set it, the first one wins."""

    flags: tuple[str, ...]
    key: str
    metavar: str
    help: str
    env: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()


OPTIONS: tuple[Option, ...] = (
    Option(("-h", "-help", "--help"), "help", "", "print this help"),
    Option(("-version", "--version"), "version", "", "print the version"),
    Option(
        ("-L",),
        "prefix",
        "PATH",
        "look for the ELF interpreter, libraries and other files below PATH first",
        ("PYDBT_SYSROOT", "PYDBT_LD_PREFIX", "QEMU_LD_PREFIX"),
    ),
    Option(
        ("-E",),
        "set_env",
        "VAR=VALUE",
        "set a variable in the program's environment; may be repeated, commas separate several",
        ("PYDBT_SET_ENV", "QEMU_SET_ENV"),
    ),
    Option(
        ("-U",),
        "unset_env",
        "VAR",
        "remove a variable from the program's environment; may be repeated",
        ("PYDBT_UNSET_ENV", "QEMU_UNSET_ENV"),
    ),
    Option(
        ("-0",), "argv0", "ARGV0", "what the program sees as argv[0]", ("PYDBT_ARGV0", "QEMU_ARGV0")
    ),
    Option(
        ("-cpu",),
        "cpu",
        "MODEL",
        "CPU model, and features: cortex-a76,lse=off; help and cortex-a76,help list them",
        ("PYDBT_CPU", "QEMU_CPU"),
    ),
    Option(
        ("-s",),
        "stack_size",
        "SIZE",
        "stack size in bytes, with k, M or G",
        ("PYDBT_STACK_SIZE", "QEMU_STACK_SIZE"),
    ),
    Option(
        ("-d",),
        "log",
        "ITEM[,...]",
        "log what is translated and run; `help` lists items",
        ("PYDBT_LOG", "QEMU_LOG"),
    ),
    Option(
        ("-D",),
        "log_file",
        "FILE",
        "write the log and -strace to FILE instead of stderr",
        ("PYDBT_LOG_FILENAME", "QEMU_LOG_FILENAME"),
    ),
    Option(
        ("-g",),
        "gdb",
        "PORT",
        "wait for GDB on a port of this machine, HOST:PORT, or a socket's path; with ,suspend=n "
        "behind it, run until GDB comes",
        ("PYDBT_GDB", "QEMU_GDB"),
    ),
    Option(("-strace",), "strace", "", "log system calls", ("PYDBT_STRACE", "QEMU_STRACE")),
    Option(
        ("--tier",),
        "tier",
        "TIER",
        "how to run: interp, the IR interpreter; 1, block translation (the default)",
        ("PYDBT_TIER",),
        TIERS,
    ),
    Option(
        ("--debug-fd",),
        "debug_fd",
        "FD",
        "where the stub of -g goes on behind a program's execve; for the launcher's own use",
    ),
    Option(
        ("--inherit",),
        "inherit",
        "FD",
        "what a program's execve hands on to the next; for the launcher's own use",
    ),
    Option(
        ("--execfn",),
        "execfn",
        "NAME",
        "the script that the program interprets; for the launcher's own use",
    ),
    Option(
        ("--host-features",),
        "host_features",
        "LIST",
        "host CPU features to use: native (the default), avx2 (the baseline), or avx2,sha,...",
        ("PYDBT_HOST_FEATURES",),
    ),
)

DESCRIPTION = "Runs an AArch64 Linux program on x86-64."
EPILOG = (
    "Exit status: the program's; 128 and the signal's number when a signal ends it; 126 when it "
    "cannot be run, 127 when it is not found, 2 for a wrong option (1 for -cpu). PYDBT_STATS=1 "
    "prints counters of the translator to stderr at the end, as one line of JSON."
)


def parser() -> argparse.ArgumentParser:
    """The options as argparse has them: for the man page."""
    result = argparse.ArgumentParser(
        prog="pydbt-aarch64", description=DESCRIPTION, epilog=EPILOG, add_help=False
    )
    for option in OPTIONS:
        text = option.help + (f" [{', '.join(option.env)}]" if option.env else "")
        text = text.replace("%", "%%")
        if option.metavar:
            repeat = option.key in ("set_env", "unset_env")
            result.add_argument(
                *option.flags,
                dest=option.key,
                metavar=option.metavar,
                help=text,
                choices=option.choices or None,
                action="append" if repeat else "store",
            )
        else:
            result.add_argument(*option.flags, dest=option.key, help=text, action="store_true")
    result.add_argument("program", help="the program, an AArch64 ELF file")
    result.add_argument("arguments", nargs=argparse.REMAINDER, help="its arguments")
    return result
