"""Every option of the launcher, its environment variables, and its messages."""

from __future__ import annotations

import re
import shutil
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.usermode.support import Launcher, Run, lines, message
from tools.guest_toolchain import Compiler
from usermode.cli import OPTIONS, TIERS, Option
from usermode.gen.cli import help_text


@pytest.fixture
def startup(guest: Callable[..., Path]) -> Path:
    return guest("startup", "none")


@pytest.fixture
def exits(guest: Callable[..., Path]) -> Path:
    return guest("exits")


def environment(run: Run) -> list[str]:
    assert run.status == 0, run.stderr
    return [line for line in lines(run.stdout, "env") if "SAN_OPTIONS" not in line]


def by_key(key: str) -> Option:
    return next(option for option in OPTIONS if option.key == key)


# --- information --------------------------------------------------------------------------------


@pytest.mark.parametrize("flag", by_key("help").flags)
def test_help(flag: str, pydbt: Launcher) -> None:
    assert pydbt.run(flag) == Run(0, help_text(), "")


def test_help_names_everything() -> None:
    text = help_text()
    for option in OPTIONS:
        for word in (*option.flags, *option.env, *option.choices):
            assert re.search(rf"(?<!\S){re.escape(word)}(?=[\s,;\]])", text.replace("[", "")), word
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize("flag", by_key("version").flags)
def test_version(flag: str, pydbt: Launcher) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert pydbt.run(flag) == Run(0, f"pydbt-aarch64 {project['version']}\n", "")


@pytest.mark.parametrize("word", ["help", "?"])
def test_lists(word: str, pydbt: Launcher) -> None:
    cpus = pydbt.run("-cpu", word)
    assert cpus.status == 0
    assert {"max", "lse", "crc32", "cortex-a76", "neoverse-n2"} <= set(cpus.stdout.split())
    model = pydbt.run("-cpu", "neoverse-n1,crc32=off,help")
    assert model.status == 0
    assert model.stdout.startswith("neoverse-n1: Armv8.2, r4p1\n")
    assert {"lse", "fp16"} <= set(model.stdout.split())
    assert not {"crc32", "flagm"} & set(model.stdout.split())
    assert "SVE" in pydbt.run("-cpu", "neoverse-v1,help").stdout.split("Not implemented:")[1]
    items = pydbt.run("-d", word)
    assert items.status == 0
    assert [line.split()[0] for line in items.stdout.splitlines()[1:]] == [
        "in_asm", "ir", "ir_opt", "out_asm", "exec",
    ]  # fmt: skip


# --- wrong command lines ------------------------------------------------------------------------

WRONG = [
    ((), "no program given; see -help"),
    (("-bogus",), "unknown option -bogus; see -help"),
    (("--tiers=1", "x"), "unknown option --tiers; see -help"),
    (("-L",), "option -L needs a value"),
    (("-0",), "option -0 needs a value"),
    (("-strace", "-D"), "option -D needs a value"),
    (("-L", "", "x"), "option -L needs a value"),
    (("--tier=", "x"), "option --tier needs a value"),
    (("--help=yes",), "option --help takes no value"),
    (("--tier=2", "x"), "--tier: not 2 but one of interp|1"),
    (("--tier", "fast", "x"), "--tier: not fast but one of interp|1"),
    (("-E", "NAME", "x"), "-E: NAME is not VAR=VALUE"),
    (("-E", "A=1,B", "x"), "-E: B is not VAR=VALUE"),
    (("-s", "lots", "x"), "-s: lots is no size (as 8M)"),
    (("-s", "0", "x"), "-s: 0 is no size (as 8M)"),
    (("-s", "-1", "x"), "-s: -1 is no size (as 8M)"),
    (("-s", "8MB", "x"), "-s: 8MB is no size (as 8M)"),
    (("-s", "99999999999999999999", "x"), "-s: 99999999999999999999 is no size (as 8M)"),
    (("-s", "18014398509481984k", "x"), "-s: 18014398509481984k is no size (as 8M)"),
    (("-d", "asm", "x"), "-d: unknown log item asm; `-d help` lists them"),
    (("-d", "in_asm,,op", "x"), "-d: unknown log item op; `-d help` lists them"),
    (("-D", "/nonexistent/log", "x"), "-D: /nonexistent/log: No such file or directory"),
    (("-D", "/", "x"), "-D: /: Is a directory"),
    (("-g", "0", "x"), "-g: 0 is no port and no IPv4 address with a port"),
    (("-g", "65536", "x"), "-g: 65536 is no port and no IPv4 address with a port"),
    (("-g", "host:1234", "x"), "-g: host:1234 is no port and no IPv4 address with a port"),
    (("-g", "1234,suspend=maybe", "x"), "-g: suspend is y or n, not maybe"),
    (("-g", "/" + "x" * 108, "x"), f"-g: /{'x' * 108}: too long for a socket's path"),
    (("--host-features", "sse9", "x"), "--host-features: unknown feature 'sse9'"),
    (("--host-features", "-avx2", "x"), "--host-features: the baseline cannot be removed: '-avx2'"),
]


@pytest.mark.parametrize(("words", "text"), WRONG, ids=[" ".join(words) for words, _ in WRONG])
def test_wrong(words: tuple[str, ...], text: str, pydbt: Launcher) -> None:
    assert message(pydbt.run(*words), 2) == text


# As with qemu-aarch64, these end with 1, and what is known follows the sentence.
WRONG_CPUS = [
    ("cortex-m0", "unknown model cortex-m0", "Models: max "),
    (",lse=on", "unknown model ", "Models: max "),
    ("max,mmx=on", "unknown feature mmx", "Features: fp asimd "),
    ("max,", "unknown feature ", "Features: fp asimd "),
    ("max,lse", "lse is not NAME=on|off", ""),
    ("max,lse=1", "lse=1 is not NAME=on|off", ""),
    ("max,rcpc=off,rcpc2=on", "rcpc2=on needs rcpc, which is off", ""),
    ("max,asimd=on,fp=off", "asimd=on needs fp, which is off", ""),
]


@pytest.mark.parametrize(("text", "sentence", "known"), WRONG_CPUS)
def test_wrong_cpu(text: str, sentence: str, known: str, pydbt: Launcher, startup: Path) -> None:
    for words, env in ways("cpu", text):
        run = pydbt.run(*words, startup, env=env)
        first, *rest = run.stderr.splitlines()
        name = words[0] if words else next(iter(env))
        assert (run.status, run.stdout, first) == (1, "", f"pydbt-aarch64: {name}: {sentence}")
        assert "\n".join(rest).startswith(known)
        assert bool(rest) == bool(known)
        assert all(len(line) < 80 for line in rest)


WRONG_VARIABLES = [
    ("PYDBT_TIER", "x", "PYDBT_TIER: not x but one of interp|1"),
    ("QEMU_STACK_SIZE", "x", "QEMU_STACK_SIZE: x is no size (as 8M)"),
    ("PYDBT_SET_ENV", "x", "PYDBT_SET_ENV: x is not VAR=VALUE"),
    ("QEMU_LOG", "x", "QEMU_LOG: unknown log item x; `-d help` lists them"),
    ("PYDBT_LOG_FILENAME", "/", "-D: /: Is a directory"),
    ("PYDBT_HOST_FEATURES", "x", "--host-features: unknown feature 'x'"),
]


@pytest.mark.parametrize(("name", "value", "text"), WRONG_VARIABLES)
def test_wrong_variable(name: str, value: str, text: str, pydbt: Launcher, startup: Path) -> None:
    assert message(pydbt.run(startup, env={name: value}), 2) == text


# --- what each option does, on the command line and by its variables ----------------------------


def ways(key: str, value: str) -> list[tuple[tuple[str, ...], dict[str, str]]]:
    """Every way to give an option: its flags, its variables; the command line wins over both."""
    option = by_key(key)
    result: list[tuple[tuple[str, ...], dict[str, str]]] = []
    for flag in option.flags:
        result.append(((flag, value) if option.metavar else (flag,), {}))
        if flag.startswith("--") and option.metavar:
            result.append(((f"{flag}={value}",), {}))
    result += [((), {name: value}) for name in option.env]
    assert len(option.env) <= 3
    return result


def without(run: Run, given: dict[str, str]) -> list[str]:
    """The guest's environment but for the variable that was the option."""
    return [line for line in environment(run) if line.split("=", 1)[0] not in given]


def test_argv0(pydbt: Launcher, startup: Path) -> None:
    for words, env in ways("argv0", "other name"):
        run = pydbt.run(*words, startup, "x", env=env)
        assert lines(run.stdout, "arg") == ["other name", "x"]
        # What it is called does not change what is run.
        assert f"auxtext 0x1f {startup}" in run.stdout.splitlines()
    assert lines(pydbt.run("-0", "", startup).stdout, "arg") == [""]


def test_set_env(pydbt: Launcher, startup: Path) -> None:
    for words, given in ways("set_env", "A=new,B=b=b,C="):
        run = pydbt.run(*words, startup, env={"A": "old", "Z": "z", **given})
        assert without(run, given) == ["Z=z", "A=new", "B=b=b", "C="]
    run = pydbt.run("-E", "A=1", "-E", "B=2", "-E", "A=3", startup)
    assert sorted(environment(run)) == ["A=3", "B=2"]


def test_unset_env(pydbt: Launcher, startup: Path) -> None:
    for words, given in ways("unset_env", "A,C"):
        run = pydbt.run(*words, startup, env={"A": "1", "B": "2", "C": "3", "AA": "4", **given})
        assert without(run, given) == ["B=2", "AA=4"]
    run = pydbt.run("-U", "A", "-U", "B", startup, env={"A": "1", "B": "2", "C": "3"})
    assert environment(run) == ["C=3"]


def test_stack_size(pydbt: Launcher, exits: Path) -> None:
    for words, env in ways("stack_size", "32M"):
        run = pydbt.run(*words, exits, "stack", str(30 << 20), env=env)
        assert run == Run(0, "enough\n", "")
    assert pydbt.run("-s", "1M", exits, "stack", str(30 << 20)).status == -11
    for size in ("65536", "0x20000", "300k", "1m", "1M", "1G"):
        run = pydbt.run("-s", size, exits, "stack", "20000")
        if size == "1m":
            assert message(run, 2) == "-s: 1m is no size (as 8M)"
        else:
            assert run == Run(0, "enough\n", "")


def test_cpu(pydbt: Launcher, guest: Callable[..., Path]) -> None:
    memory = guest("memory")
    for words, env in ways("cpu", "max,lse=off"):
        run = pydbt.run(*words, memory, "tagged_atomics", env=env)  # compiled with LSE: CAS, LDADD
        assert run.status == -4
        assert re.search(
            r"SIGILL at pc 0x[0-9a-f]+: undefined instruction 0x[0-9a-f]{8}\n", run.stderr
        )
    assert pydbt.run("-cpu", "cortex-a53", memory, "tagged_atomics").status == -4
    for model in ("max", "any", "max,lse=off,lse=on", "cortex-a76", "cortex-a53,lse=on"):
        assert pydbt.run("-cpu", model, memory, "tagged_atomics").status == 0


def test_strace(pydbt: Launcher, exits: Path) -> None:
    for words, env in ways("strace", "1"):
        run = pydbt.run(*words, exits, "3", env=env)
        assert run.status == 3
        assert re.search(r"^\d+ exit_group\(3\) = \?$", run.stderr, re.MULTILINE)
    for off in ("", "0"):
        assert pydbt.run(exits, "3", env={"PYDBT_STRACE": off}) == Run(3, "", "")


def test_log_and_log_file(pydbt: Launcher, exits: Path, tmp_path: Path) -> None:
    for words, env in ways("log", "in_asm"):
        run = pydbt.run(*words, exits, "3", env=env)
        assert run.status == 3
        assert run.stderr.startswith("in_asm\n  0x0000000000")
    for number, (words, env) in enumerate(ways("log_file", "LOG")):
        log = tmp_path / f"log-{number}"
        given = [str(log) if word == "LOG" else word for word in words]
        run = pydbt.run(
            "-d", "in_asm", "-strace", *given, exits, "3", env={k: str(log) for k in env}
        )
        assert run == Run(3, "", "")
        text = log.read_text(encoding="utf-8")
        assert text.startswith("in_asm\n")
        assert "exit_group(3) = ?\n" in text


@pytest.mark.parametrize("tier", TIERS)
def test_tier(tier: str, pydbt: Launcher, exits: Path) -> None:
    for words, env in ways("tier", tier):
        run = pydbt.run("-d", "ir_opt,out_asm", *words, exits, "3", env=env)
        assert run.status == 3
        assert ("\nout_asm " in run.stderr) == (tier != "interp")


def test_host_features(pydbt: Launcher, exits: Path) -> None:
    for value in ("native", "avx2", "avx2,sha", "native,-avx512"):
        for words, env in ways("host_features", value):
            assert pydbt.run(*words, exits, "3", env=env) == Run(3, "", "")


def test_prefix(pydbt: Launcher, guest: Callable[..., Path], compiler: Compiler) -> None:
    if compiler.root is None:
        pytest.skip("this compiler has no glibc for dynamic programs")
    dynamic = guest("exits", "dynamic")
    for words, env in ways("prefix", str(compiler.root / "usr/aarch64-linux-gnu")):
        run = pydbt.run(*words, dynamic, "echo", "hello", env=env, stdin="a\nb\n")
        assert run == Run(0, "hello\na\nb\n", "to stderr\n")
    run = pydbt.run("-L", "/nonexistent", dynamic)
    assert message(run, 127) == (
        f"{dynamic}: its interpreter /lib/ld-linux-aarch64.so.1 is not there; give the folder that "
        "has it with -L"
    )


def test_a_log_that_cannot_be_written(pydbt: Launcher, exits: Path) -> None:
    """Said once; the program runs all the same."""
    run = pydbt.run("-D", "/dev/full", "-strace", "-d", "exec", exits, "3")
    assert run == Run(3, "", "pydbt: the log cannot be written: No space left on device\n")


def test_relative_paths_are_the_starting_folders(
    pydbt: Launcher, guest: Callable[..., Path], compiler: Compiler, tmp_path: Path
) -> None:
    """A program that changes its folder and executes another still has its log and libraries."""
    run = pydbt.run("-D", "log", "-d", "exec", guest("places"), "elsewhere", cwd=tmp_path)
    assert run == Run(0, "aligned\n", "")
    assert "exec 0x" in (tmp_path / "log").read_text()
    if compiler.root is not None:
        words = ("-L", "aarch64-linux-gnu", guest("places", "dynamic"), "elsewhere")
        assert pydbt.run(*words, cwd=compiler.root / "usr") == Run(0, "aligned\n", "")


def test_prefix_is_for_files_that_are_there(
    pydbt: Launcher, guest: Callable[..., Path], tmp_path: Path
) -> None:
    # /dev/null is not below the prefix: the host's is opened.
    assert pydbt.run("-L", tmp_path, guest("processes"), "descriptors").status == 0


def test_links_into_the_prefix(
    pydbt: Launcher, guest: Callable[..., Path], startup: Path, tmp_path: Path
) -> None:
    """A program's links to files that are below -L's folder, by the names it knows them by."""
    tree, own = tmp_path / "tree", tmp_path / "own"
    (tree / "there").mkdir(parents=True)
    own.mkdir()
    shutil.copy(startup, tree / "there/startup")
    (own / "link").symlink_to("/there/startup")
    (own / "links").symlink_to("link")
    (own / "none").symlink_to("/there/none")
    run = pydbt.run("-L", tree, guest("places"), "follow", own / "links", own / "none")
    assert run.status == 0, run.stderr
    assert f"0x1f {own}/links" in lines(run.stdout, "auxtext")  # AT_EXECFN
    assert lines(run.stdout, "arg") == ["name"]


# --- precedence ---------------------------------------------------------------------------------


def test_command_line_wins(pydbt: Launcher, startup: Path) -> None:
    run = pydbt.run("-0", "line", startup, env={"PYDBT_ARGV0": "ours", "QEMU_ARGV0": "theirs"})
    assert lines(run.stdout, "arg") == ["line"]


def test_our_variable_wins_over_qemus(pydbt: Launcher, startup: Path) -> None:
    run = pydbt.run(startup, env={"QEMU_ARGV0": "theirs", "PYDBT_ARGV0": "ours"})
    assert lines(run.stdout, "arg") == ["ours"]
    run = pydbt.run(startup, env={"QEMU_ARGV0": "theirs", "PYDBT_ARGV0": ""})
    assert lines(run.stdout, "arg") == ["theirs"]


def test_last_flag_wins(pydbt: Launcher, startup: Path) -> None:
    assert lines(pydbt.run("-0", "a", "-0", "b", startup).stdout, "arg") == ["b"]


def test_options_end_at_the_program(pydbt: Launcher, startup: Path, tmp_path: Path) -> None:
    run = pydbt.run(startup, "-strace", "-help", "--")
    assert lines(run.stdout, "arg") == [str(startup), "-strace", "-help", "--"]
    assert run.stderr == ""
    dashed = tmp_path / "-x"
    dashed.write_bytes(startup.read_bytes())
    dashed.chmod(0o755)
    assert lines(pydbt.run("--", "-x", "y", cwd=tmp_path).stdout, "arg") == ["-x", "y"]


# --- children -----------------------------------------------------------------------------------


def test_children_run_with_the_same_options(
    pydbt: Launcher, guest: Callable[..., Path], tmp_path: Path
) -> None:
    log = tmp_path / "log"
    words = (
        "-D",
        str(log),
        "-strace",
        "-d",
        "exec",
        "--tier=interp",
        "-s",
        "4M",
        "-cpu",
        "max,lse=on",
    )
    run = pydbt.run(*words, guest("processes"), "vfork_and_exec")
    assert run == Run(0, "ok\n", "")
    text = log.read_text(encoding="utf-8")
    assert (
        len(set(re.findall(r"^(\d+) [a-z]", text, re.MULTILINE))) == 3
    )  # parent, child, child's child
    assert len(re.findall(r"\d+ brk\(NULL\) = ", text)) >= 2  # the C library started twice
