"""Whose text is guarded (FEAT_BTI) when a program begins: what its ELF property and Linux say.

Owns: the images. Must not know: how landing pads are checked (guests/pauth.c).
"""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import pytest

from tests.usermode.support import SOURCES, Launcher, Run
from tools.guest_toolchain import Compiler

NO_PAD, PAD = "nop", "bti c"
BTI, PAC, BTI_AND_PAC = 1, 2, 3
"""Bits of GNU_PROPERTY_AARCH64_FEATURE_1_AND."""

RETURNED = Run(7, "", "")
STATIC = ("-static", "-no-pie")
STATIC_PIE = ("-static-pie",)


def build(compiler: Compiler, target: Path, pad: str, features: int | None, *options: str) -> Path:
    """An image of guests/bti.S."""
    note = [] if features is None else [f"-DFEATURES={features}"]
    command = [*compiler.cc, "-nostdlib", f"-DPAD={pad}", *note, *options]
    subprocess.run(
        [*command, str(SOURCES / "bti.S"), "-o", str(target)],
        env=compiler.environment(),
        check=True,
    )
    return target


@pytest.mark.parametrize("kind", [STATIC, STATIC_PIE], ids=" ".join)
@pytest.mark.parametrize(
    ("pad", "features", "fails"),
    [
        (NO_PAD, BTI, True),
        (NO_PAD, BTI_AND_PAC, True),
        (NO_PAD, PAC, False),
        (NO_PAD, None, False),
        (PAD, BTI, False),
        (PAD, None, False),
    ],
)
def test_a_static_program(
    pad: str,
    features: int | None,
    fails: bool,
    kind: tuple[str, ...],
    compiler: Compiler,
    tiered: Launcher,
    tmp_path: Path,
) -> None:
    """The kernel guards what has the property (arch_elf_adjust_prot of arch/arm64)."""
    program = build(compiler, tmp_path / "program", pad, features, *kind)
    run = tiered.run(program)
    assert run == RETURNED if not fails else run.status == -signal.SIGILL


def test_without_the_feature(compiler: Compiler, tiered: Launcher, tmp_path: Path) -> None:
    """A CPU without FEAT_BTI guards nothing."""
    program = build(compiler, tmp_path / "program", NO_PAD, BTI, *STATIC)
    assert tiered.with_options("-cpu", "max,bti=off").run(program) == RETURNED


@pytest.mark.parametrize(
    ("interpreter", "features", "fails"),
    [(NO_PAD, BTI, True), (PAD, BTI, False), (NO_PAD, None, False)],
)
def test_an_interpreter_is_guarded_and_not_its_program(
    interpreter: str,
    features: int | None,
    fails: bool,
    compiler: Compiler,
    tiered: Launcher,
    tmp_path: Path,
) -> None:
    """What has an interpreter is guarded by that, if it chooses to: this one does not."""
    ld = build(compiler, tmp_path / "ld", interpreter, features, *STATIC_PIE, "-DENTRY")
    options = ("-pie", "-fPIE", f"-Wl,--dynamic-linker={ld}")
    program = build(compiler, tmp_path / "program", NO_PAD, BTI, *options)
    run = tiered.run(program)
    assert run == RETURNED if not fails else run.status == -signal.SIGILL
