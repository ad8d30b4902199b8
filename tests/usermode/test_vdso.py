"""The vDSO's image: what its generator refuses, that tools can read it, that it is like Linux's."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import capstone
import pytest

from tests.usermode.support import Launcher, build_guest
from tools.guest_toolchain import Compiler
from translator.gen.common import SpecError
from usermode.gen.vdso import Object, assemble
from usermode.spec.vdso import FUNCTIONS, SIGRETURN, SONAME, VERSION, Ask, I, Row

LINUX = {
    "__kernel_rt_sigreturn",
    "__kernel_gettimeofday",
    "__kernel_clock_gettime",
    "__kernel_clock_getres",
    "__kernel_getrandom",
}
"""What arch/arm64/kernel/vdso/vdso.lds.S of Linux 6.12 exports."""


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ((I("NO_SUCH"),), "no pattern NO_SUCH"),
        ((I("RET", rx=1),), "RET has no field rx"),
        ((I("B", imm="away"),), "B names no label: away"),
        ((I("MOVZ", imm=1 << 16, rd=0),), "MOVZ: imm=65536 does not fit"),
        ((I("MOVZ", hw=2, rd=0),), "MOVZ: 52c00000 is not one"),
        ((Ask("why"),), "no question why"),
        (("here", "here"), "label here is there twice"),
    ],
)
def test_refusals(rows: tuple[Row, ...], message: str) -> None:
    with pytest.raises(SpecError, match=f"^{re.escape('vDSO: ' + message)}$"):
        assemble(rows)


def test_labels() -> None:
    code = assemble(("top", I("HINT"), I("B", imm="top"), I("CBZ", rt=3, imm="end"), "end"))
    engine = capstone.Cs(capstone.CS_ARCH_ARM64, capstone.CS_MODE_ARM)
    text = [f"{i.mnemonic} {i.op_str}".strip() for i in engine.disasm(code, 0x1000)]
    assert text == ["nop", "b #0x1000", "cbz w3, #0x100c"]


def test_symbols_are_linuxs() -> None:
    assert {*FUNCTIONS, SIGRETURN} == LINUX


def test_image_is_the_same_every_time() -> None:
    assert Object().build() == Object().build()


def test_readelf(tmp_path: Path) -> None:
    """binutils finds nothing to complain of, and sees what is there."""
    image = tmp_path / "vdso.so"
    image.write_bytes(Object().build())
    done = subprocess.run(
        ["readelf", "--all", "--wide", "--lint", "--debug-dump=frames", image],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    assert "Warning" not in done.stdout
    assert f"soname: [{SONAME}]" in done.stdout
    for name in LINUX:
        assert f" {name}@@{VERSION}" in done.stdout
    assert done.stdout.count(" FDE ") == len(FUNCTIONS)


def test_loader_shows_it(compiler: Compiler, pydbt: Launcher) -> None:
    """The dynamic loader takes it for a library: LD_SHOW_AUXV, and the list of what is loaded."""
    if compiler.root is None:
        pytest.skip("the compiler's libraries are not Debian's")
    guest = build_guest(compiler, "places", "dynamic")
    root = compiler.root / "usr/aarch64-linux-gnu"
    shown = pydbt.run("-L", root, guest, env={"LD_SHOW_AUXV": "1"}).stdout
    where = re.search(r"^AT_SYSINFO_EHDR: +0x[0-9a-f]+000$", shown, re.MULTILINE)
    assert where is not None, shown
    traced = pydbt.run("-L", root, guest, env={"LD_TRACE_LOADED_OBJECTS": "1"}).stdout
    assert re.search(rf"^\t{re.escape(SONAME)} \(0x[0-9a-f]+\)$", traced, re.MULTILINE), traced
