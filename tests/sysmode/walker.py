"""An independent walker of translation tables, written after the manual's pseudocode.

Owns: AArch64.S1Translate and its callees (Arm ARM J1, aarch64/translation) for the EL1&0 regime.
Must not know: the C++.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Features:
    """What an implementation has; the order is that of walk_tables' bits."""

    asid16: bool = True
    granule16k: bool = True
    lpa2_4k: bool = False
    lpa2_16k: bool = False
    lva: bool = False
    small_tables: bool = False
    access_flag: bool = False
    dirty_state: bool = False
    hierarchical_off: bool = False
    pan: bool = True
    epan: bool = False
    e0pd: bool = False

    def bits(self) -> int:
        names = self.__dataclass_fields__
        return sum(1 << n for n, name in enumerate(names) if getattr(self, name))


@dataclass
class Machine:
    """Registers and memory."""

    sctlr: int
    tcr: int
    mair: int
    ttbr: tuple[int, int]
    pa_bits: int
    features: Features
    memory: dict[int, int] = field(default_factory=dict)


def _bits(value: int, high: int, low: int) -> int:
    return value >> low & (1 << high - low + 1) - 1


PA_SIZES = (32, 36, 40, 42, 44, 48, 52, 52)


def walk(m: Machine, va: int, el0: bool, write: bool, execute: bool, pan: bool) -> str:
    """What walk_tables prints."""
    fs = m.features
    upper = _bits(va, 55, 55)
    tbi = _bits(m.tcr, 37 + upper, 37 + upper)
    if execute and _bits(m.tcr, 51 + upper, 51 + upper):
        tbi = 0
    if not m.sctlr & 1:
        address = va & (1 << 56) - 1 if tbi else va
        if address >> m.pa_bits:
            return "fault 0"
        return f"{address:x} 12 {0xFF if execute else 0:x} 2 1 0"
    ps = min(PA_SIZES[_bits(m.tcr, 34, 32)], m.pa_bits)
    tg = _bits(m.tcr, 31, 30) if upper else _bits(m.tcr, 15, 14)
    page = {0: 12, 1: 16, 2: 14}.get(tg, 12) if not upper else {2: 12, 3: 16, 1: 14}.get(tg, 12)
    if page == 14 and not fs.granule16k:
        page = 12
    ds = bool(_bits(m.tcr, 59, 59)) and (fs.lpa2_4k or fs.lpa2_16k)
    wide = ds and page != 16
    txsz = _bits(m.tcr, 21, 16) if upper else _bits(m.tcr, 5, 0)
    least = 12 if (page == 16 and fs.lva) or wide else 16
    most = (47 if page == 16 else 48) if fs.small_tables else 39
    if _bits(m.tcr, 23 if upper else 7, 23 if upper else 7) or not least <= txsz <= most:
        return "fault 4"
    if fs.e0pd and el0 and _bits(m.tcr, 55 + upper, 55 + upper):
        return "fault 4"
    ia = 64 - txsz
    top = 55 if tbi else 63
    if _bits(va, top, ia) != (((1 << top - ia + 1) - 1) if upper else 0):
        return "fault 4"
    stride = page - 3
    level = 4 - -(-(ia - page) // stride)
    ttbr = m.ttbr[upper]
    base_high = ps == 52 and (page == 16 or ds)
    base = _bits(ttbr, 47, 1) << 1
    if base_high:
        base = _bits(ttbr, 47, 6) << 6 | _bits(ttbr, 5, 2) << 48
    entries = 1 << ia - page - stride * (3 - level)
    align = max(entries * 8, 64 if base_high else 16)
    base = base // align * align
    if base >> ps:
        return "fault 0"
    table_flags = 0
    while True:
        low = page + stride * (3 - level)
        at = base + _bits(va, min(low + stride, ia) - 1, low) * 8
        if at not in m.memory:
            return f"fault {0x13 if level < 0 else 0x14 + level:x}"
        d = m.memory[at]
        kind = d & 3
        is_table = kind == 3 and level < 3
        if level == 3:
            leaf = kind == 3
        else:
            blocks = {12: {1, 2} | ({0} if wide else set()), 14: {2} | ({1} if wide else set())}
            leaf = kind == 1 and level in blocks.get(page, {2} | ({1} if ps == 52 else set()))
        if not (leaf or is_table):
            return f"fault {0x2B if level < 0 else 4 + level:x}"
        oa_low = page if is_table else low
        if wide:
            oa = _bits(d, 49, oa_low) << oa_low | _bits(d, 9, 8) << 50
        else:
            oa = _bits(d, 47, oa_low) << oa_low
            if page == 16 and ps == 52:
                oa |= _bits(d, 15, 12) << 48
        if oa >> ps:
            return f"fault {0x29 if level < 0 else level:x}"
        if leaf:
            break
        if not (fs.hierarchical_off and _bits(m.tcr, 41 + upper, 41 + upper)):
            table_flags |= d
        base = oa
        level += 1
    new = d
    if not d >> 10 & 1:
        if not (fs.access_flag and m.tcr >> 39 & 1):
            return f"fault {8 + level:x}"
        new |= 1 << 10
    dirties = fs.access_flag and fs.dirty_state and m.tcr >> 39 & 1 and m.tcr >> 40 & 1
    read_only = bool(d >> 7 & 1)
    if dirties and d >> 51 & 1:
        read_only = False
    read_only |= bool(table_flags >> 62 & 1)
    user = bool(d >> 6 & 1) and not table_flags >> 61 & 1
    uxn = bool((d >> 54 | table_flags >> 60) & 1)
    pxn = bool((d >> 53 | table_flags >> 59) & 1)
    wxn = bool(m.sctlr >> 19 & 1)
    if execute:
        if el0:
            allowed = not uxn and not (wxn and user and not read_only)
        else:
            writable_by_user = user and not read_only
            allowed = not pxn and not writable_by_user and not (wxn and not read_only)
    else:
        allowed = (user or not el0) and not (write and read_only)
        epan = fs.epan and m.sctlr >> 57 & 1
        if not el0 and pan and (user or (epan and not uxn)):
            allowed = False
    if not allowed:
        return f"fault {0xC + level:x}"
    if write and dirties and d >> 51 & 1 and d >> 7 & 1:
        new &= ~(1 << 7)
    prefix = ""
    if new != d:
        m.memory[at] = new
        prefix = f"update {at:x} {new:x} "
    pa = oa | _bits(va, low - 1, 0)
    attributes = m.mair >> 8 * _bits(d, 4, 2) & 0xFF
    ng, guarded = d >> 11 & 1, d >> 50 & 1
    return f"{prefix}{pa:x} {low} {attributes:x} {_bits(d, 9, 8)} {1 - ng} {guarded}"
