"""What the generators refuse, with which words, and that they write the same every time.

Owns: bad rows of the IR's, state's, assembler's, system registers' and helpers' specs. Must not
know: the real rows; test_gen_decode.py has the decoder's.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from translator.gen import gdb, ir, state, sysregs, x64
from translator.gen import helpers as gen_helpers
from translator.gen.common import SpecError
from translator.spec.gdb import FEATURES, Feature, Register
from translator.spec.helpers import HELPERS, Helper
from translator.spec.ir import OPS, Op
from translator.spec.state import FIELDS, Field
from translator.spec.sysregs import SYSOPS, SYSREGS, SysOp, SysReg
from translator.spec.x64 import FORMS, Form

ROOT = Path(__file__).resolve().parents[2]
GENERATORS = (
    "cpus",
    "decode",
    "disasm",
    "gdb",
    "helpers",
    "ir",
    "spec_hash",
    "state",
    "sysregs",
    "x64",
)


def _exactly(message: str) -> str:
    return f"^{re.escape(message)}$"


# ---- IR
def _op(**changes: Any) -> Op:
    good = Op("thing", "T", ("T", "T"), (("lsb", "imm"),), frozenset({"pure"}), "does it", None)
    return replace(good, **changes)


def test_ir_accepts_the_row_that_the_refused_ones_differ_from() -> None:
    """And all real rows."""
    ir.check([_op()])
    ir.check(OPS)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"doc": ""}, "no documentation"),
        ({"result": "i63"}, "unknown type i63"),
        ({"args": ("T", "x64")}, "unknown type x64"),
        ({"args": ("T", "T", "T", "T")}, "more than three arguments"),
        ({"result": "F"}, "result type F follows from no argument"),
        ({"args": (), "result": "T"}, "result type T follows from no argument"),
        ({"attrs": (("n", "im"),)}, "unknown attribute field in ['im']"),
        ({"attrs": (("n", "imm"), ("m", "imm"))}, "an attribute field is used twice"),
        ({"effects": frozenset({"pure", "magic"})}, "unknown effects ['magic']"),
        ({"effects": frozenset()}, "no effect; pure is one"),
        ({"effects": frozenset({"pure", "load"})}, "pure and ['load']"),
        (
            {"args": ("T", "i32"), "effects": frozenset({"pure", "commutes"})},
            "commutes, but its first two arguments differ in type",
        ),
        (
            {"args": ("T",), "effects": frozenset({"pure", "commutes"})},
            "commutes, but its first two arguments differ in type",
        ),
        ({"semantics": lambda e, a: a}, "semantics take 1 arguments, the row has 2"),
    ],
)
def test_ir_refuses(changes: dict[str, Any], message: str) -> None:
    """One wrong thing in a row."""
    with pytest.raises(SpecError, match=_exactly(f"op thing: {message}")):
        ir.check([_op(**changes)])


def test_ir_refuses_an_op_twice() -> None:
    """Names are the enumeration's."""
    with pytest.raises(SpecError, match=_exactly("op thing: defined twice")):
        ir.check([_op(), _op(doc="another")])


# ---- state
def test_state_layout_has_every_field_aligned() -> None:
    """Offsets grow, each a multiple of the element's size."""
    offsets = state.layout(FIELDS)
    assert list(offsets.values()) == sorted(set(offsets.values()))
    assert list(offsets) == [f.name for f in FIELDS]
    assert state.layout(
        [Field("a", "u32", "a"), Field("b", "u32", "b", 3), Field("c", "v128", "c")]
    ) == {
        "a": 0,
        "b": 4,
        "c": 16,
    }


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ([Field("a", "u32", "x"), Field("a", "u32", "x")], "state field a: defined twice"),
        ([Field("a", "u16", "x")], "state field a: unknown type u16"),
        ([Field("a", "u32", "")], "state field a: no documentation"),
        (
            [Field("a", "u32", "x"), Field("b", "u64", "x")],
            "state field b: not aligned; add an explicit field before",
        ),
    ],
)
def test_state_refuses(fields: list[Field], message: str) -> None:
    """Bad fields."""
    with pytest.raises(SpecError, match=_exactly(message)):
        state.layout(fields)


# ---- GDB's registers
def test_gdb_accepts_the_real_rows() -> None:
    """The refused ones differ from them."""
    gdb.check(FEATURES)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([Feature("f", (), "FP99")], "GDB feature f: unknown CPU feature FP99"),
        (
            [Feature("f", (), "FP"), Feature("g", ())],
            "GDB feature g: behind one that some CPUs do not have",
        ),
        (
            [Feature("f", (Register("x", 64, "int", "state x 0"),) * 2)],
            "GDB register x: it is there twice",
        ),
        (
            [Feature("f", (Register("x", 64, "int", "magic"),))],
            "GDB register x: unknown way magic",
        ),
        (
            [Feature("f", (Register("x", 64, "int", "state y"),))],
            "GDB register x: no state field y",
        ),
        (
            [Feature("f", (Register("x", 32, "int", "state x 0"),))],
            "GDB register x: the state field has another size",
        ),
    ],
)
def test_gdb_refuses(rows: list[Feature], message: str) -> None:
    """Each bad row by name."""
    with pytest.raises(SpecError, match=_exactly(message)):
        gdb.check(rows)


# ---- the assembler
@pytest.mark.parametrize(
    ("form", "message"),
    [
        (Form("f", ("r", "r"), "MR", "1.WS 01", "mmx"), "unknown feature mmx"),
        (Form("f", ("r", "q"), "MR", "1.WS 01", "base"), "unknown operand q"),
        (Form("f", ("r", "r"), "M", "1.WS 01", "base"), "op-en M for 2 operands"),
        (Form("f", ("r", "r"), "MM", "1.WS 01", "base"), "op-en MM is not understood"),
        (Form("f", ("r", "r"), "MX", "1.WS 01", "base"), "op-en MX is not understood"),
        (Form("f", ("r", "r"), "MR", "0F39 01", "base"), "cannot read encoding '0F39 01'"),
        (Form("f", ("r", "r"), "MR", "1.WS 1", "base"), "cannot read encoding '1.WS 1'"),
        (Form("f", ("r", "r"), "MR", "1.WS 01 /8", "base"), "cannot read encoding '1.WS 01 /8'"),
        (
            Form("f", ("r", "r"), "MR", "1.WS 01 /2", "base"),
            "both /digit and a register in ModRM.reg",
        ),
        (Form("f", ("x", "x", "x"), "RVM", "0F 58", "avx"), "VEX.vvvv without VEX"),
        (Form("f", ("xk1", "x"), "RM", "EVEX.N16.0F 58", "avx512"), "xk1 and _k1 go together"),
    ],
)
def test_assembler_refuses(form: Form, message: str) -> None:
    """Bad rows."""
    with pytest.raises(
        SpecError, match=_exactly(f"x64 form f {' '.join(form.operands)}: {message}")
    ):
        x64.check([form])


def test_assembler_refuses_two_members_of_one_signature() -> None:
    """`r/m r` has the overload `r r` already."""
    forms = [
        Form("f", ("r/m", "r"), "MR", "1.WS 01", "base"),
        Form("f", ("r", "r"), "RM", "1.WS 03", "base"),
    ]
    x64.check(FORMS)
    x64.check(forms[:1])
    with pytest.raises(SpecError, match=_exactly("x64 form f r r: defined twice")):
        x64.check(forms)


# ---- system registers
REGISTER = SysReg("R", 3, 3, 1, 2, 3, "rw", "state tpidr_el0", "a register")
OPERATION = SysOp("DC X", 3, 7, 1, 1, "clean", "", "an operation")


@pytest.mark.parametrize(
    ("registers", "operations", "message"),
    [
        (
            (REGISTER, replace(REGISTER, name="S")),
            (),
            "system register S: its encoding is used twice",
        ),
        (
            (replace(REGISTER, how="state nothing"),),
            (),
            "system register R: no state field nothing",
        ),
        ((replace(REGISTER, how="magic"),), (), "system register R: unknown way magic"),
        (
            (replace(REGISTER, doc=""),),
            (),
            "system register R: no documentation or bad access",
        ),
        (
            (replace(REGISTER, access="w"),),
            (),
            "system register R: no documentation or bad access",
        ),
        (
            (),
            (replace(OPERATION, how="flush"),),
            "operation DC X: unknown way or feature, or no documentation",
        ),
        (
            (),
            (replace(OPERATION, feature="NONE"),),
            "operation DC X: unknown way or feature, or no documentation",
        ),
        (
            (),
            (replace(OPERATION, doc=""),),
            "operation DC X: unknown way or feature, or no documentation",
        ),
    ],
)
def test_system_registers_refuse(
    registers: tuple[SysReg, ...], operations: tuple[SysOp, ...], message: str
) -> None:
    """Bad rows, among the real ones."""
    sysregs.check()
    sysregs.check((*SYSREGS, REGISTER), (*SYSOPS, OPERATION))
    with pytest.raises(SpecError, match=_exactly(message)):
        sysregs.check(registers, operations)


# ---- helpers
@pytest.mark.parametrize(
    ("row", "message"),
    [
        (Helper(HELPERS[0].name, "int", "a::b", "x"), f"helper {HELPERS[0].name}: defined twice"),
        (Helper("new", "float", "a::b", "x"), "helper new: unknown kind float"),
        (Helper("new", "int", "a::b", ""), "helper new: no documentation"),
    ],
)
def test_helpers_refuse(row: Helper, message: str) -> None:
    """Bad rows, behind the real ones."""
    gen_helpers.check(HELPERS)
    with pytest.raises(SpecError, match=_exactly(message)):
        gen_helpers.check([*HELPERS, row])


# ---- all of them
def _generate(name: str, out: Path, seed: str) -> dict[str, str]:
    subprocess.run(
        [sys.executable, "-m", f"translator.gen.{name}", "--out", out],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
        check=True,
    )
    return {p.relative_to(out).as_posix(): p.read_text() for p in out.rglob("*") if p.is_file()}


@pytest.mark.parametrize("name", GENERATORS)
def test_output_is_the_same_every_time(name: str, tmp_path: Path) -> None:
    """Whatever the order of sets; `--list` names the files; a second run leaves them alone."""
    first = _generate(name, tmp_path / "a", "1")
    assert first
    assert _generate(name, tmp_path / "b", "2") == first
    listed = subprocess.run(
        [sys.executable, "-m", f"translator.gen.{name}", "--list"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(listed.stdout.split()) == set(first)
    times = {p: p.stat().st_mtime_ns for p in (tmp_path / "a").rglob("*") if p.is_file()}
    _generate(name, tmp_path / "a", "3")
    assert {p: p.stat().st_mtime_ns for p in times} == times


def test_generators_of_the_list_are_all_that_there_are() -> None:
    """A new generator gets tested."""
    sources = (ROOT / "translator/gen").glob("*.py")
    assert {p.stem for p in sources if "__main__" in p.read_text()} == set(GENERATORS)


def test_a_bad_spec_is_one_line_and_an_exit_code(tmp_path: Path) -> None:
    """What the build shows when a generator refuses."""
    script = (
        "import sys\n"
        "from translator.gen import common\n"
        "def refuse():\n"
        "    raise common.SpecError('op x: no')\n"
        "sys.exit(common.run('some.generator', {'a.hpp': refuse}))\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", script, "--out", tmp_path],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stderr) == (1, "some.generator: op x: no\n")
    assert not list(tmp_path.iterdir())
