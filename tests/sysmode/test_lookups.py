"""What translated code does to look an address up: six instructions and two loads.

Owns: finding lookups in the log of host code. Must not know: how they are emitted.
"""

from __future__ import annotations

import subprocess
from collections import Counter
from pathlib import Path

import capstone
import pytest

from pydbt.listing import LogError, host_blocks
from testbins.programs import bare_path

MOST_INSTRUCTIONS, MOST_LOADS = 6, 2


@pytest.fixture(scope="module")
def lookups(build_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> list[list[str]]:
    """Of every access in the code of a program: the instructions of its lookup."""
    log = tmp_path_factory.mktemp("lookups") / "log"
    runner = build_folder / "tests" / "run_bare"
    subprocess.run([runner, f"--out_asm={log}", bare_path("mmu")], check=True, capture_output=True)
    engine = capstone.Cs(capstone.CS_ARCH_X86, capstone.CS_MODE_64)
    found = []
    with log.open(encoding="ascii") as lines:
        for block in host_blocks(lines):
            texts = [f"{i.mnemonic} {i.op_str}" for i in engine.disasm(block.code, 0)]
            for n, text in enumerate(texts):
                if text.startswith("bextr"):
                    end = next(k for k in range(n, n + 10) if texts[k].startswith("jne"))
                    found.append(texts[n : end + 2])
    return found


def test_lookups_are_short(lookups: list[list[str]]) -> None:
    """From the index to the difference that is added to the guest's address."""
    assert len(lookups) > 100
    loads = Counter[int]()
    for lookup in lookups:
        assert len(lookup) <= MOST_INSTRUCTIONS, lookup
        assert lookup[-1].startswith("mov "), lookup
        memory = [t for t in lookup if "[" in t and not t.startswith("lea")]
        loads[len(memory)] += 1
    assert set(loads) == {MOST_LOADS}


def test_a_log_that_is_cut_is_refused() -> None:
    with pytest.raises(LogError):
        list(host_blocks(["out_asm 0x0000000000001000 host 0x0000000000002000 bytes 8\n"]))
