"""The guest's state and memory for the oracle.

Owns: CpuState's fields as Python ints, memory that faults, what helpers do by default. Must not
know: IR.
"""

from __future__ import annotations

from ..gen.state import count_of, layout
from ..spec.state import FIELDS, WIDTHS

OFFSETS = layout()
"""Byte offset of each field of CpuState."""
FIELDS_BY_NAME = {f.name: f for f in FIELDS}
OPEN = (1 << 64) - 1
"""excl_addr while the exclusive monitor is open."""
_HOST_FLAGS = (0, 8, 14, 15)  # bits of the flags word that hold V, C, Z, N (spec/state.py, nzcv)


class GuestFault(Exception):  # noqa: N818
    """An access that faults: `memory` or `alignment`."""

    def __init__(self, kind: str, address: int) -> None:
        super().__init__(f"{kind} fault at {address:#x}")
        self.kind = kind
        self.address = address


class Memory:
    """Mapped regions; what touches anything else faults without an effect."""

    def __init__(self) -> None:
        self.regions: dict[int, bytearray] = {}

    def map(self, base: int, data: bytes) -> bytearray:
        """Maps a copy of `data` at `base`."""
        self.regions[base] = bytearray(data)
        return self.regions[base]

    def _find(self, address: int, size: int) -> tuple[bytearray, int]:
        for base, data in self.regions.items():
            if base <= address and address + size <= base + len(data):
                return data, address - base
        raise GuestFault("memory", address)

    def read(self, address: int, size: int) -> int:
        """Little-endian bytes as an int."""
        data, at = self._find(address, size)
        return int.from_bytes(data[at : at + size], "little")

    def write(self, address: int, size: int, value: int) -> None:
        """The low `size` bytes of `value`."""
        data, at = self._find(address, size)
        data[at : at + size] = (value & (1 << 8 * size) - 1).to_bytes(size, "little")


class Machine:
    """State by field name (lists of ints, one an element) and memory."""

    def __init__(self) -> None:
        self.fields = {f.name: [0] * count_of(f) for f in FIELDS}
        self.memory = Memory()

    # ---- registers
    def x(self, n: int) -> int:
        """X register n; 31 is SP."""
        return self.fields["sp"][0] if n == 31 else self.fields["x"][n]

    def set_x(self, n: int, value: int) -> None:
        """Writes X register n; 31 is SP."""
        if n == 31:
            self.fields["sp"][0] = value
        else:
            self.fields["x"][n] = value

    def get(self, name: str) -> int:
        """A field that has one element."""
        return self.fields[name][0]

    def set(self, name: str, value: int) -> None:
        """Writes a field that has one element."""
        self.fields[name][0] = value & (1 << 8 * WIDTHS[FIELDS_BY_NAME[name].type]) - 1

    @property
    def nzcv(self) -> int:
        """NZCV in bits 3:0."""
        return sum((self.get("nzcv") >> bit & 1) << i for i, bit in enumerate(_HOST_FLAGS))

    @nzcv.setter
    def nzcv(self, value: int) -> None:
        self.set("nzcv", sum((value >> i & 1) << bit for i, bit in enumerate(_HOST_FLAGS)))

    # ---- bytes
    def pack(self) -> bytes:
        """CpuState as bytes in memory."""
        return b"".join(
            element.to_bytes(WIDTHS[f.type], "little")
            for f in FIELDS
            for element in self.fields[f.name]
        )

    def unpack(self, data: bytes) -> None:
        """Fields from (the beginning of) CpuState's bytes; the rest stays."""
        for f in FIELDS:
            width = WIDTHS[f.type]
            for n in range(len(self.fields[f.name])):
                at = OFFSETS[f.name] + n * width
                if at + width <= len(data):
                    self.fields[f.name][n] = int.from_bytes(data[at : at + width], "little")

    def read_bytes(self, offset: int, size: int) -> int:
        """`size` bytes of CpuState as an int."""
        return int.from_bytes(self.pack()[offset : offset + size], "little")

    def write_bytes(self, offset: int, size: int, value: int) -> None:
        """Writes `size` bytes of CpuState."""
        data = bytearray(self.pack())
        data[offset : offset + size] = value.to_bytes(size, "little")
        self.unpack(bytes(data))

    # ---- what the environment and C++ helpers are for translated code
    def helper(self, name: str, a: int, b: int, c: int) -> int:
        """An integer helper of spec/helpers.py; those that are only state are here."""
        if name == "get_fpsr":
            return self.get("fpsr")
        if name in ("set_fpsr", "set_fpcr"):
            self.set(name.removeprefix("set_"), a)
            return 0
        raise NotImplementedError(f"helper {name}({a:#x}, {b:#x}, {c:#x})")

    def vector_helper(self, name: str, imm: int) -> None:
        """A vector helper: operands in the field vtmp, result in its element 0."""
        raise NotImplementedError(f"vector helper {name}({imm})")
