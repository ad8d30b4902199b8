"""The C++ interpreter, the builder's folding and the passes against the Python oracle.

Owns: the comparison. Must not know: what ops mean (spec/ir.py), which functions are tried
(ir_functions.py).
"""

from __future__ import annotations

import random
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.property import ir_functions
from tests.property.ir_functions import MEMORY, MEMORY_BYTES
from translator.gen.state import count_of
from translator.oracle import interpreter, parser
from translator.oracle.machine import OFFSETS, GuestFault, Machine
from translator.spec.helpers import HELPERS
from translator.spec.ir import OPS
from translator.spec.state import FIELDS

STATE_BYTES = OFFSETS["probe_table"]  # what run_ir takes and gives
IDS = {h.name: n for n, h in enumerate(HELPERS)}
FUNCTIONS_PER_OP = 8
FUNCTIONS_PER_FLOAT_OP = 40  # modes of FPCR times kinds of numbers
MIXED_FUNCTIONS = 400
MASK64 = (1 << 64) - 1


class Guest(Machine):
    """A machine with the helpers of tests/tools/opt/run_ir.cpp."""

    def helper(self, name: str, a: int, b: int, c: int) -> int:
        """A mix of the arguments and of which helper it is."""
        if name == "set_fpcr":
            a &= ~7  # NEP, AH and FIZ: run_ir.cpp
        if name in ("get_fpsr", "set_fpsr", "set_fpcr"):
            return super().helper(name, a, b, c)
        return (a * 3 + b * 5 + c * 7 + IDS[name]) & MASK64

    def vector_helper(self, name: str, imm: int) -> None:
        """The same for vectors."""
        low = [v & MASK64 for v in self.fields["vtmp"]]
        high = [v >> 64 for v in self.fields["vtmp"]]
        lo = low[0] + high[1] * 3 + low[2] + imm & MASK64
        hi = high[0] + low[1] * 5 + high[2] + IDS[name] & MASK64
        self.fields["vtmp"][0] = hi << 64 | lo


@dataclass(slots=True)
class Outcome:
    """How a run ended, and what it left."""

    how: str
    fields: dict[str, list[int]]
    memory: bytes


@dataclass(slots=True)
class Case:
    """A function with a state, and what became of it."""

    text: str
    state: bytes
    memory: bytes
    printed: str = ""
    variants: dict[str, Outcome] = field(default_factory=dict)


def _case(text: str, rng: random.Random) -> Case:
    guest = Guest()
    for n in range(32):
        guest.set_x(n, ir_functions.integer(rng))
        guest.fields["v"][n] = ir_functions.vector(rng)
    guest.nzcv = rng.randrange(16)
    guest.set("fpcr", ir_functions.fpcr(rng))
    for name in ("tpidr_el0", "tpidrro_el0", "tpidr2_el0"):
        guest.set(name, rng.getrandbits(64))
    guest.set("excl_addr", MASK64)
    memory = rng.randbytes(MEMORY_BYTES)
    return Case(text, guest.pack()[:STATE_BYTES], memory)


def _visible(guest: Machine) -> dict[str, list[int]]:
    return {f.name: guest.fields[f.name] for f in FIELDS if OFFSETS[f.name] < STATE_BYTES}


def _oracle(case: Case) -> Outcome:
    guest = Guest()
    guest.unpack(case.state)
    memory = guest.memory.map(MEMORY, case.memory)
    how = "exit"
    try:
        interpreter.run(parser.parse(case.text), guest)
    except GuestFault as fault:
        how = fault.kind
    return Outcome(how, _visible(guest), bytes(memory))


def _run(tool: Path, cases: list[Case]) -> None:
    """Runs all cases in one process."""
    feed = "".join(f"{c.text}run {c.state.hex()} {c.memory.hex()}\n" for c in cases)
    out = subprocess.run([tool], input=feed, capture_output=True, text=True, check=True).stdout
    waiting = iter(cases)
    case = Case("", b"", b"")
    for line in out.splitlines():
        name, _, rest = line.partition(" ")
        if name == "text":
            case = next(waiting)
            case.printed = rest.replace("\\n", "\n")
            continue
        assert name != "error", f"{rest}\n{case.text}"
        how, state, memory = rest.split(" ")
        guest = Guest()
        guest.unpack(bytes.fromhex(state))
        case.variants[name] = Outcome(how, _visible(guest), bytes.fromhex(memory))
    assert next(waiting, None) is None


def _difference(expected: Outcome, got: Outcome) -> str:
    lines = []
    if expected.how != got.how:
        lines.append(f"ends in {got.how}, not {expected.how}")
    for name, values in expected.fields.items():
        for n, (x, y) in enumerate(zip(values, got.fields[name], strict=True)):
            if x != y:
                lines.append(f"{name}[{n}] is {y:#x}, not {x:#x}")
    if expected.memory != got.memory:
        lines.append("memory differs")
    return "\n".join(lines)


def _judge(tool: Path, cases: list[Case]) -> None:
    _run(tool, cases)
    for case in cases:
        expected = _oracle(case)
        assert set(case.variants) == {"plain", "folded", "plain_live", "folded_live"}
        for name, got in case.variants.items():
            wrong = _difference(expected, got)
            assert not wrong, (
                f"{name}:\n{wrong}\n{case.text}\nrun {case.state.hex()} {case.memory.hex()}"
            )


@pytest.fixture
def run_ir(build_folder: Path) -> Path:
    """The tool that runs IR in C++."""
    return build_folder / "tests/run_ir"


@pytest.mark.sanitize
@pytest.mark.parametrize("name", [op.name for op in ir_functions.STRAIGHT])
def test_op(name: str, run_ir: Path) -> None:
    """One op on edge values, in small functions."""
    rng = random.Random(name)
    op = ir_functions.BY_NAME[name]
    is_float = op.semantics is None and "pure" in op.effects
    count = FUNCTIONS_PER_FLOAT_OP if is_float else FUNCTIONS_PER_OP
    texts = [ir_functions.focused(rng, op) for _ in range(count)]
    _judge(run_ir, [_case(text, rng) for text in texts])


@pytest.mark.sanitize
@pytest.mark.parametrize("name", [op.name for op in ir_functions.STRAIGHT if "F" in op.args])
def test_special_numbers(name: str, run_ir: Path) -> None:
    """All combinations of special numbers, under several FPCRs."""
    rng = random.Random(name)
    texts = ir_functions.corners(rng, ir_functions.BY_NAME[name])
    _judge(run_ir, [_case(text, rng) for text in texts for _ in range(3)])


@pytest.mark.sanitize
def test_mixed_functions(run_ir: Path) -> None:
    """Random functions of random ops."""
    rng = random.Random("mixed")
    texts = [ir_functions.mixed(rng, rng.randint(1, 25)) for _ in range(MIXED_FUNCTIONS)]
    _judge(run_ir, [_case(text, rng) for text in texts])


def test_printing_what_was_parsed_gives_the_text_back(run_ir: Path) -> None:
    """Text in the printer's form survives parse and print; so does what the generator writes."""
    rng = random.Random("text")
    cases = [_case(ir_functions.mixed(rng, 20), rng) for _ in range(100)]
    _run(run_ir, cases)
    again = [Case(c.printed, c.state, c.memory) for c in cases]
    _run(run_ir, again)
    for first, second in zip(cases, again, strict=True):
        assert second.printed == first.printed
        assert second.variants["plain"] == first.variants["plain"]


LOOP = """function 0x1000 key=3 {
bb0():
@0x1000:
  v0 = const.i64 value=0
  v1 = const.i64 value=10
  jump bb1(v0, v1)
bb1(v2: i64, v3: i64):
@0x1004:
  v4 = const.i64 value=1
  v5 = sub.i64 v3, v4
  v6 = add.i64 v2, v3
  set_x v6, n=0
  set_x v5, n=1
  v7 = sub_flags v5, v0
  br v7, cc=ne, bb2(), bb3()
bb2():
@0x1008:
  v8 = get_x n=0
  v9 = get_x n=1
  jump bb1(v8, v9)
bb3():
@0x100c:
  exit_exception reason=0x50001
}
"""
SWAP = """function 0x1000 key=0 {
bb0():
@0x1000:
  v0 = get_x n=1
  v1 = get_x n=2
  jump bb1(v0, v1)
bb1(v2: i64, v3: i64):
@0x1004:
  v4 = get_x n=3
  v5 = const.i64 value=1
  v6 = sub.i64 v4, v5
  set_x v6, n=3
  v7 = sub_flags v6, v5
  set_x v2, n=1
  set_x v3, n=2
  v8 = select.i64 v7, v2, v3, cc=gt
  set_x v8, n=4
  jump bb2(v3, v2)
bb2(v9: i64, v10: i64):
@0x1008:
  set_x v9, n=5
  set_x v10, n=6
  exit_direct target=0x2000
}
"""


@pytest.mark.parametrize("text", [LOOP, SWAP], ids=["loop", "swap"])
def test_control_flow(text: str, run_ir: Path) -> None:
    """Branches, block parameters that are assigned at once, a loop."""
    rng = random.Random(text)
    case = _case(text, rng)
    _judge(run_ir, [case])
    assert case.printed == text


def test_the_loop_adds_up() -> None:
    """A known answer, independent of both sides."""
    case = _case(LOOP, random.Random(0))
    expected = _oracle(case)
    assert expected.fields["x"][0] == sum(range(11))
    assert expected.fields["pc"] == [0x1010]
    assert expected.fields["exit_imm"] == [5]


def test_every_op_is_tried() -> None:
    """The generator leaves out nothing but control, which has tests of its own."""
    tried = {op.name for op in ir_functions.STRAIGHT + ir_functions.EXITS}
    control = {"jump", "br", "param", "check_pointer", "check_address"}
    assert {op.name for op in OPS} - tried == control


def test_fields_are_what_run_ir_shows() -> None:
    """State beyond what the tool shows is the engine's own."""
    hidden = [f.name for f in FIELDS if OFFSETS[f.name] >= STATE_BYTES]
    assert hidden[0] == "probe_table"
    assert sum(count_of(f) for f in FIELDS) > len(FIELDS)
