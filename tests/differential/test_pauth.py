"""Codes of pointers as the packaged qemu-aarch64 makes them, with the keys that it has.

Owns: which pointers. Must not know: the algorithms (translator/base/pauth.hpp). unicorn, which has
QARMA5 without FEAT_PAuth2, is compared by the fuzzer.
"""

from __future__ import annotations

import random
import struct
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from tests.differential.gdb_remote import GdbClient
from tests.differential.oracle import TIERS, guest_program, pydbt, run
from tests.differential.record import WINDOW_BYTES, Case, Registers, Result
from tools.guest_toolchain import find_qemu
from translator.spec import semantics_crypto as crypto

KEYS = ("IA", "IB", "DA", "DB", "GA")
COUNT = 3000
# With the pointer in x10 and the modifier in x11; by operation of guest_pauth.cpp.
_PAC = [0xDAC1016A | n << 10 for n in range(4)]
_AUT = [word | 1 << 12 for word in _PAC]
WORDS = [[pac] for pac in _PAC] + [[pac, aut] for pac, aut in zip(_PAC, _AUT, strict=True)]
WORDS += [[0x9ACB314A], [0xDAC143EA], [0xDAC147EA]]  # pacga, xpaci, xpacd
ALGORITHMS = ("pauth-qarma3", "pauth-qarma5")


def _pointer(draw: random.Random, operation: int) -> int:
    """Any, but for what QEMU takes otherwise: with TBI1 off no upper data pointer has a tag, and of
    an instruction's it looks at bit 63 (Arm ARM, AddPAC: at bit 55). Those that are authenticated
    are canonical, or else AUT faults."""
    if operation in (4, 5, 6, 7):
        pointer = draw.getrandbits(47) | draw.getrandbits(8) << 56
        return pointer | 0xFFFF << 48 if operation < 6 and draw.getrandbits(1) else pointer
    pointer = draw.getrandbits(64) if draw.getrandbits(1) else draw.getrandbits(47)
    upper = pointer >> 55 & 1
    if operation == 8 or not upper:
        return pointer
    return pointer & ~(1 << 55) if operation in (2, 3, 10) else pointer | 1 << 63


def _theirs(requests: bytes, algorithm: str, folder: Path) -> tuple[dict[str, int], list[int]]:
    """QEMU's keys, and its results."""
    qemu = find_qemu(fetch=True)
    assert qemu is not None
    socket, given = folder / "gdb", folder / "requests"
    given.write_bytes(requests)
    command = [str(qemu), "-cpu", f"max,{algorithm}=on", "-g", str(socket)]
    with (
        given.open("rb") as stdin,
        subprocess.Popen(
            [*command, str(guest_program("guest_pauth"))], stdin=stdin, stdout=subprocess.PIPE
        ) as process,
    ):
        with closing(GdbClient(socket)) as client:
            keys = client.system_registers(r"AP\w+KEY\w+_EL1")
            assert client.run().startswith("W00")
        results, _ = process.communicate()
    assert process.returncode == 0
    return keys, list(struct.unpack(f"<{len(results) // 8}Q", results))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_codes_are_those_of_qemu(algorithm: str, tmp_path: Path) -> None:
    """FEAT_PAuth2: PAC of any pointer, AUT of what PAC made, PACGA, XPAC."""
    draw = random.Random(algorithm)
    drawn = []
    for n in range(COUNT):
        operation = n % len(WORDS)
        drawn.append((operation, _pointer(draw, operation), draw.getrandbits(64)))
    requests = b"".join(struct.pack("<3Q", *one) for one in drawn)
    keys, theirs = _theirs(requests, algorithm, tmp_path)
    assert len(theirs) == COUNT
    halves = [keys[f"AP{key}KEY{half}_EL1"] for key in KEYS for half in ("LO", "HI")]
    cases = []
    for operation, pointer, modifier in drawn:
        x = [*halves, pointer, modifier, *[0] * 20]
        cases.append(
            Case(WORDS[operation], Registers(x, 0, 0, 0, 0, bytes(512)), bytes(WINDOW_BYTES))
        )
    for tier in TIERS:
        engine = pydbt(tier, cpu=f"max,{algorithm}=on")
        for (operation, pointer, modifier), right, result in zip(
            drawn, theirs, run(engine, [c.pack() for c in cases]), strict=True
        ):
            assert isinstance(result, bytes)
            got = Result.unpack(result)
            what = f"{WORDS[operation]}, {pointer:#x}, {modifier:#x}, {tier}"
            assert (got.outcome, got.registers.x[10]) == ("end", right), what


def test_our_generic_code_is_two_rounds_of_aes() -> None:
    """PACGA by pauth-impdef, which no other emulator has."""
    draw = random.Random("ours")
    cases, codes = [], []
    for _ in range(COUNT // 10):
        x = [*(draw.getrandbits(64) for _ in range(12)), *[0] * 20]
        key, mixed = x[8] | x[9] << 64, x[10] | x[11] << 64
        mixed ^= key
        for _ in range(2):
            mixed = crypto.aes_encrypt(mixed, key, False)
        codes.append(mixed & 0xFFFF_FFFF_0000_0000)
        cases.append(Case(WORDS[8], Registers(x, 0, 0, 0, 0, bytes(512)), bytes(WINDOW_BYTES)))
    for tier in TIERS:
        results = run(pydbt(tier, cpu="max"), [c.pack() for c in cases])
        for code, case, result in zip(codes, cases, results, strict=True):
            assert isinstance(result, bytes)
            got = Result.unpack(result)
            assert (got.outcome, got.registers.x[10]) == ("end", code), (tier, case.registers.x)
