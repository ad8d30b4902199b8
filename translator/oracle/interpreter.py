"""Executes IR on a Machine.

Owns: memory, control and helper ops; all others have their semantics in spec/ir.py, floating point
in fp.py. Must not know: the C++.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..spec import semantics as s
from ..spec.helpers import HELPERS
from ..spec.ir import TYPES
from . import fp
from .machine import OPEN, GuestFault, Machine
from .parser import Edge, Function, Inst

MOST_STEPS = 100_000
_PLAIN = {"load", "load_s", "load_v", "store", "store_v"}
_BEHIND = {1, 7}  # exception reasons whose pc is behind the instruction: svc, wait (ir.hpp)
_CLASSES = ("T", "F")


class Step:
    """What semantics get as `e`: attributes by name and the machine.

    A name that is also a method's or a keyword has an underscore behind it.
    """

    def __init__(self, machine: Machine, inst: Inst, width: int) -> None:
        self.machine = machine
        self.w = width
        self._attributes = inst.attributes

    def __getattr__(self, name: str) -> int:
        try:
            return self._attributes[name.removesuffix("_")]
        except KeyError:
            raise AttributeError(name) from None

    def x(self, n: int) -> int:
        """X register."""
        return self.machine.x(n)

    def set_x(self, n: int, value: int) -> None:
        """X register."""
        self.machine.set_x(n, value)

    def v(self, n: int) -> int:
        """V register."""
        return self.machine.fields["v"][n]

    def set_v(self, n: int, value: int) -> None:
        """V register."""
        self.machine.fields["v"][n] = value

    def nzcv(self) -> int:
        """Flags."""
        return self.machine.nzcv

    def set_nzcv(self, value: int) -> None:
        """Flags."""
        self.machine.nzcv = value

    def field(self, offset: int) -> int:
        """Bytes of CpuState."""
        return self.machine.read_bytes(offset, self.w // 8)

    def set_field(self, offset: int, value: int) -> None:
        """Bytes of CpuState."""
        self.machine.write_bytes(offset, self.w // 8, value)


def _bare(kind: str) -> str:
    return kind.strip("[]").rstrip("?")


class Interpreter:
    """One run of one function."""

    def __init__(self, function: Function, machine: Machine) -> None:
        self.function = function
        self.machine = machine
        self.values: dict[int, int] = {}
        self.types: dict[int, str] = {}

    def run(self) -> None:
        """Until an exit.

        Raises:
            GuestFault: a memory access faults; pc is the guest instruction's.
        """
        block, at = self.function.blocks[0], 0
        for _ in range(MOST_STEPS):
            inst = block.insts[at]
            at += 1
            if "end" not in inst.op.effects:
                self._step(inst)
                continue
            edge = self._end(inst)
            if edge is None:
                return
            block, at = self.function.blocks[edge.block], 0
            moved = [self.values[v] for v in edge.args]
            for (number, kind), value in zip(block.params, moved, strict=True):
                self.values[number] = value
                self.types[number] = kind
        raise RuntimeError("the function does not end")

    # ---- instructions

    def _args(self, inst: Inst) -> list[int]:
        return [0 if a is None else self.values[a] for a in inst.args]

    def _width(self, inst: Inst) -> int:
        for kind, arg in zip(inst.op.args, inst.args, strict=True):
            if _bare(kind) in _CLASSES and arg is not None:
                return TYPES[self.types[arg]]
        return TYPES[inst.type]

    def _step(self, inst: Inst) -> None:
        args = self._args(inst)
        effects = inst.op.effects
        if inst.op.semantics is not None:
            step = Step(self.machine, inst, self._width(inst))
            result = inst.op.semantics(step, *args)
        elif effects & {"load", "store"}:
            self.machine.set("pc", inst.pc)
            result = self._access(inst, args)
        elif "fault" in effects:
            self.machine.set("pc", inst.pc)
            if not s.is_canonical(args[0], inst.attributes["data"]):
                raise GuestFault("authentication", args[0])
            result = 0
        elif "pure" in effects:
            result = self._float(inst, args)
        else:
            result = self._system(inst, args)
        if inst.value is not None:
            self.values[inst.value] = int(result or 0) & (1 << TYPES[inst.type]) - 1
            self.types[inst.value] = inst.type

    def _float(self, inst: Inst, args: Sequence[int]) -> int:
        status = fp.Status(self.machine.get("fpcr"))
        result = fp.evaluate(
            inst.op, inst.attributes, self._width(inst), TYPES[inst.type], args, status
        )
        self.machine.set("fpsr", self.machine.get("fpsr") | status.fpsr)
        return result

    # ---- memory

    def _access(self, inst: Inst, args: Sequence[int]) -> int:
        name = inst.op.name
        attributes = inst.attributes
        if name in ("copy_bytes", "fill_bytes"):
            return self._bulk(name == "fill_bytes", attributes["n"], *args)
        size = 1 << (4 if name.endswith("128") else attributes["size"])
        address = args[0]
        aligned = True
        if name in _PLAIN:
            address = (args[0] + (args[1] << attributes["scale"]) + attributes["disp"]) & s.MASK64
            aligned = bool(attributes["flags"] & 1)
        if aligned and address % size != 0:
            raise GuestFault("alignment", address)
        memory = self.machine.memory
        if name in ("load", "load_v"):
            return memory.read(address, size)
        if name == "load_s":
            return s.signed(memory.read(address, size), 8 * size)
        if name in ("store", "store_v"):
            memory.write(address, size, args[2])
            return 0
        if name.startswith("load_excl"):
            return self._load_exclusive(address, size)
        if name.startswith("store_excl"):
            return self._store_exclusive(address, size, args[1])
        old = memory.read(address, size)
        new = _combine(name.removeprefix("atomic_"), old, args, 8 * size)
        memory.write(address, size, new)
        return old

    def _bulk(self, fills: bool, register: int, to: int, source: int, count: int) -> int:
        memory, left = self.machine.memory, s.signed(count, 64)
        while left < 0 or (left > 0 and not fills):
            at = left if left < 0 else left - 1
            byte = source if fills else memory.read(source + at & s.MASK64, 1)
            memory.write(to + at & s.MASK64, 1, byte)
            left += 1 if left < 0 else -1
            self.machine.set_x(register, left & s.MASK64)
            if self.machine.get("poll") != 0:
                break
        return left

    def _load_exclusive(self, address: int, size: int) -> int:
        value = self.machine.memory.read(address, size)
        self.machine.set("excl_addr", address)
        self.machine.set("excl_size", size)
        self.machine.set("excl_lo", value)
        self.machine.set("excl_hi", value >> 64)
        return value

    def _store_exclusive(self, address: int, size: int, value: int) -> int:
        machine = self.machine
        stored = False
        if machine.get("excl_addr") == address and machine.get("excl_size") == size:
            seen = machine.get("excl_hi") << 64 | machine.get("excl_lo")
            stored = machine.memory.read(address, size) == seen & (1 << 8 * size) - 1
            if stored:
                machine.memory.write(address, size, value)
        self._open_monitor()
        return int(not stored)

    def _open_monitor(self) -> None:
        self.machine.set("excl_addr", OPEN)
        self.machine.set("excl_size", 0)

    # ---- calls and the rest of the state

    def _system(self, inst: Inst, args: list[int]) -> int:
        machine, name = self.machine, inst.op.name
        number = inst.attributes.get("id", 0)
        if name == "clear_excl":
            self._open_monitor()
            return 0
        if name == "fence":
            return 0
        if name == "get_fpcr":
            return machine.get("fpcr")
        if name == "read_sysreg":
            return machine.helper(name, number, 0, 0)
        if name == "write_sysreg":
            return machine.helper(name, number, args[0], 0)
        if name in ("get_fpsr", "set_fpsr", "set_fpcr"):
            return machine.helper(name, args[0] if args else 0, 0, 0)
        if name == "call_helper":
            return machine.helper(HELPERS[number].name, args[0], args[1], args[2])
        if name == "call_vhelper":
            for n, arg in enumerate(inst.args):
                if arg is not None:
                    machine.fields["vtmp"][n] = args[n]
            machine.vector_helper(HELPERS[number].name, inst.attributes["small"])
            return machine.fields["vtmp"][0]
        raise NotImplementedError(name)

    # ---- control

    def _end(self, inst: Inst) -> Edge | None:
        machine, name = self.machine, inst.op.name
        args = self._args(inst)
        if name == "jump":
            return inst.edges[0]
        if name == "br":
            return inst.edges[0 if s.holds(inst.attributes["cc"], args[0]) else 1]
        if name in ("exit_direct", "exit_call"):
            machine.set("pc", inst.attributes["target"])
        elif name == "exit_exception":
            reason = inst.attributes["reason"] & 0xFFFF
            machine.set("pc", inst.pc + (4 if reason in _BEHIND else 0))
            machine.set("exit_reason", reason)
            machine.set("exit_imm", inst.attributes["reason"] >> 16)
        else:
            machine.set("pc", args[0])
            if "btype" in inst.attributes:
                machine.set("btype", inst.attributes["btype"])
        return None


def _combine(operation: str, old: int, args: Sequence[int], width: int) -> int:
    if operation in ("cas", "cas128"):
        return args[2] if old == args[1] & (1 << width) - 1 else old
    value = args[1] & (1 << width) - 1
    functions: dict[str, Callable[[int, int], int]] = {
        "add": lambda a, b: a + b,
        "clr": lambda a, b: a & ~b,
        "eor": lambda a, b: a ^ b,
        "set": lambda a, b: a | b,
        "smax": lambda a, b: max(s.signed(a, width), s.signed(b, width)),
        "smin": lambda a, b: min(s.signed(a, width), s.signed(b, width)),
        "umax": max,
        "umin": min,
        "swp": lambda _a, b: b,
    }
    return functions[operation.removesuffix("128")](old, value)


def run(function: Function, machine: Machine) -> None:
    """Runs a function on a machine until it exits; see Interpreter.run()."""
    Interpreter(function, machine).run()
