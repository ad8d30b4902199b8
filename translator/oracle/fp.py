"""Arm floating point on exact fractions.

Owns: the shared pseudocode's FP functions (Arm ARM J1.3.3, `shared/functions/float`) and what the
IR's floating-point ops are in terms of them. Must not know: the C++ soft floating point.

Numbers are bit patterns; a value is a Fraction, so that only FPRound can lose anything.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from ..spec import semantics as s
from ..spec.ir import Op

IOC, DZC, OFC, UFC, IXC, IDC = (1 << bit for bit in (0, 1, 2, 3, 4, 7))
"""FPSR's cumulative exception bits."""
EVEN, UP, DOWN, ZERO, AWAY, FPCRS = range(6)
"""FPRounding; the first four as in FPCR.RMode. FPCRS is the IR's `as FPCR says`."""
_FORMATS = {16: (5, 10), 32: (8, 23), 64: (11, 52)}  # bits of exponent and fraction


class Status:
    """FPCR's fields that matter, and the exceptions raised."""

    def __init__(self, fpcr: int) -> None:
        self.rounding = fpcr >> 22 & 3
        self.ahp = bool(fpcr >> 26 & 1)
        self.dn = bool(fpcr >> 25 & 1)
        self.fz = bool(fpcr >> 24 & 1)
        self.fz16 = bool(fpcr >> 19 & 1)
        self.ah = bool(fpcr >> 1 & 1)
        self.fiz = bool(fpcr & 1)
        self.fpsr = 0

    def flushes(self, w: int) -> bool:
        """Whether denormal results of the format become zero."""
        return self.fz16 if w == 16 else self.fz

    def flushes_input(self, w: int) -> bool:
        """Whether denormal operands of the format count as zero."""
        return self.fz16 if w == 16 else self.fiz or (self.fz and not self.ah)


@dataclass(frozen=True, slots=True)
class Number:
    """FPUnpack's result; `kind` is zero, nonzero, infinity, quiet or signalling."""

    kind: str
    sign: int
    value: Fraction = Fraction(0)
    denormal: bool = False

    @property
    def nan(self) -> bool:
        """Either NaN."""
        return self.kind in ("quiet", "signalling")


def _sign(w: int, sign: int) -> int:
    return sign << w - 1


def _infinity(w: int, sign: int) -> int:
    exponent, fraction = _FORMATS[w]
    return _sign(w, sign) | (1 << exponent) - 1 << fraction


def _default_nan(w: int, status: Status) -> int:
    return _infinity(w, int(status.ah)) | 1 << _FORMATS[w][1] - 1


def _invalid(w: int, status: Status) -> int:
    status.fpsr |= IOC
    return _default_nan(w, status)


def _process_denormals(w: int, numbers: Sequence[Number], status: Status) -> None:
    if status.ah and w != 16 and any(number.denormal for number in numbers):
        status.fpsr |= IDC


def unpack(w: int, a: int, status: Status, convert: bool = False) -> Number:
    """FPUnpack, or FPUnpackCV for conversions between formats."""
    exponent_bits, fraction_bits = _FORMATS[w]
    bias = (1 << exponent_bits - 1) - 1
    sign = a >> w - 1
    exponent = a >> fraction_bits & (1 << exponent_bits) - 1
    fraction = a & (1 << fraction_bits) - 1
    if exponent == 0:
        if fraction and status.flushes_input(w) and not (w == 16 and convert):
            status.fpsr |= IDC if w != 16 and status.fz and not status.ah else 0
            return Number("zero", sign)
        if fraction == 0:
            return Number("zero", sign)
        value = _power(1 - bias - fraction_bits) * _signed(sign, fraction)
        return Number("nonzero", sign, value, denormal=True)
    special = exponent == (1 << exponent_bits) - 1
    if special and not (w == 16 and convert and status.ahp):
        if fraction == 0:
            return Number("infinity", sign)
        return Number("quiet" if fraction >> fraction_bits - 1 else "signalling", sign)
    mantissa = 1 << fraction_bits | fraction
    return Number(
        "nonzero", sign, _power(exponent - bias - fraction_bits) * _signed(sign, mantissa)
    )


def _signed(sign: int, magnitude: int) -> int:
    return -magnitude if sign else magnitude


def _power(exponent: int) -> Fraction:
    return Fraction(2) ** exponent


def _floor_log2(value: Fraction) -> int:
    estimate = value.numerator.bit_length() - value.denominator.bit_length()
    return estimate if _power(estimate) <= value else estimate - 1


def _rounds_up(rounding: int, sign: int, whole: int, error: Fraction) -> bool:
    half = Fraction(1, 2)
    if rounding == EVEN:
        return error > half or (error == half and whole & 1 == 1)
    if rounding == UP:
        return error != 0 and not sign
    if rounding == DOWN:
        return error != 0 and bool(sign)
    return rounding == AWAY and error >= half


def _rounded(magnitude: Fraction, fraction_bits: int, rounding: int, sign: int) -> Fraction:
    scaled = magnitude * (1 << fraction_bits)
    whole = math.floor(scaled)
    return Fraction(whole + _rounds_up(rounding, sign, whole, scaled - whole), 1 << fraction_bits)


def round_to(w: int, value: Fraction, rounding: int, status: Status, convert: bool = False) -> int:
    """FPRound of a value that is not 0, or FPRoundCV."""
    exponent_bits, fraction_bits = _FORMATS[w]
    minimum = 2 - (1 << exponent_bits - 1)
    sign, magnitude = int(value < 0), abs(value)
    exponent = _floor_log2(magnitude)
    tiny = exponent < minimum
    if status.ah and tiny:  # is it still when rounded as if exponents had no limit?
        tiny = _rounded(magnitude / _power(exponent), fraction_bits, rounding, sign) < 2 or (
            exponent + 1 < minimum
        )
    if status.flushes(w) and tiny and not (w == 16 and convert):
        status.fpsr |= UFC | (IXC if status.ah else 0)
        return _sign(w, sign)
    biased = max(exponent - minimum + 1, 0)
    scaled = magnitude / _power(max(exponent, minimum)) * (1 << fraction_bits)
    whole = math.floor(scaled)
    error = scaled - whole
    if tiny and error != 0:
        status.fpsr |= UFC
    if _rounds_up(rounding, sign, whole, error):
        whole += 1
        if whole == 1 << fraction_bits:
            biased = 1
        if whole == 2 << fraction_bits:
            biased, whole = biased + 1, whole // 2
    if w == 16 and convert and status.ahp:
        if biased >= 1 << exponent_bits:
            status.fpsr |= IOC
            return _sign(w, sign) | 0x7FFF
    elif biased >= (1 << exponent_bits) - 1:
        status.fpsr |= OFC | IXC
        infinite = rounding in (EVEN, AWAY) or rounding == (DOWN if sign else UP)
        return _infinity(w, sign) - (0 if infinite else 1)
    if error != 0:
        status.fpsr |= IXC
    return _sign(w, sign) | biased << fraction_bits | whole & (1 << fraction_bits) - 1


def _result(w: int, value: Fraction, status: Status) -> int:
    # What sums do with an exact zero.
    if value == 0:
        return _sign(w, int(status.rounding == DOWN))
    return round_to(w, value, status.rounding, status)


def _process_nan(w: int, a: int, number: Number, status: Status) -> int:
    if number.kind == "signalling":
        status.fpsr |= IOC
        a |= 1 << _FORMATS[w][1] - 1
    return _default_nan(w, status) if status.dn else a


def _process_nans(
    w: int, operands: Sequence[tuple[int, Number]], status: Status, addend_last: bool = False
) -> int | None:
    """FPProcessNaNs. With AH the first NaN counts, and it is signalling if one is."""
    if status.ah:
        nans = [operand for operand in operands if operand[1].nan]
        if addend_last and operands[0][1].nan:
            nans = [*nans[1:], nans[0]]
        kinds = {number.kind for _, number in nans}
        kind = "signalling" if "signalling" in kinds else "quiet"
        return _process_nan(w, nans[0][0], Number(kind, 0), status) if nans else None
    for kind in ("signalling", "quiet"):
        for a, number in operands:
            if number.kind == kind:
                return _process_nan(w, a, number, status)
    return None


def _add(w: int, a: int, b: int, status: Status, negate: int = 0) -> int:
    x, y = unpack(w, a, status), unpack(w, b, status)
    nan = _process_nans(w, ((a, x), (b, y)), status)
    if nan is not None:
        return nan
    _process_denormals(w, (x, y), status)
    y = Number(y.kind, y.sign ^ negate, -y.value if negate else y.value)
    if x.kind == y.kind == "infinity" and x.sign != y.sign:
        return _invalid(w, status)
    for number in (x, y):
        if number.kind == "infinity":
            return _infinity(w, number.sign)
    if x.kind == y.kind == "zero" and x.sign == y.sign:
        return _sign(w, x.sign)
    return _result(w, x.value + y.value, status)


def _sub(w: int, a: int, b: int, status: Status) -> int:
    return _add(w, a, b, status, negate=1)


def _mul(w: int, a: int, b: int, status: Status) -> int:
    x, y = unpack(w, a, status), unpack(w, b, status)
    nan = _process_nans(w, ((a, x), (b, y)), status)
    if nan is not None:
        return nan
    _process_denormals(w, (x, y), status)
    kinds = {x.kind, y.kind}
    if kinds == {"infinity", "zero"}:
        return _invalid(w, status)
    if "infinity" in kinds:
        return _infinity(w, x.sign ^ y.sign)
    if "zero" in kinds:
        return _sign(w, x.sign ^ y.sign)
    return round_to(w, x.value * y.value, status.rounding, status)


def _mulx(w: int, a: int, b: int, status: Status) -> int:
    x, y = unpack(w, a, status), unpack(w, b, status)
    if {x.kind, y.kind} != {"infinity", "zero"}:
        return _mul(w, a, b, status)
    _process_denormals(w, (x, y), status)
    exponent_bits, fraction_bits = _FORMATS[w]
    two = 1 << exponent_bits - 1 + fraction_bits
    return _sign(w, x.sign ^ y.sign) | two


def _step(whole: int, scale: int) -> Callable[[int, int, int, Status], int]:
    """FPRecipStepFused and FPRSqrtStepFused: (whole - a * b) * 2^scale."""

    def step(w: int, a: int, b: int, status: Status) -> int:
        own = _own_modes(status)
        result = _step_in_own_modes(w, a, b, own, whole, scale)
        status.fpsr |= 0 if status.ah else own.fpsr
        return result

    return step


def _step_in_own_modes(w: int, a: int, b: int, status: Status, whole: int, scale: int) -> int:
    x = unpack(w, a, status)
    if not (status.ah and x.nan):
        a ^= _sign(w, 1)
        x = unpack(w, a, status)
    y = unpack(w, b, status)
    nan = _process_nans(w, ((a, x), (b, y)), status)
    if nan is not None:
        return nan
    kinds = {x.kind, y.kind}
    if "infinity" in kinds and "zero" not in kinds:
        return _infinity(w, x.sign ^ y.sign)
    product = Fraction(0) if kinds == {"infinity", "zero"} else x.value * y.value
    return _result(w, (whole + product) * _power(scale), status)


def _own_modes(status: Status) -> Status:
    """Those of estimates and steps, which with AH flush, round to nearest and raise nothing."""
    own = copy.copy(status)
    own.fpsr = 0
    if status.ah:
        own.rounding, own.fz, own.fiz = EVEN, True, True
    return own


def _div(w: int, a: int, b: int, status: Status) -> int:
    x, y = unpack(w, a, status), unpack(w, b, status)
    nan = _process_nans(w, ((a, x), (b, y)), status)
    if nan is not None:
        return nan
    if y.kind != "zero":
        _process_denormals(w, (x, y), status)
    sign = x.sign ^ y.sign
    if x.kind == y.kind and x.kind in ("infinity", "zero"):
        return _invalid(w, status)
    if x.kind == "infinity" or y.kind == "zero":
        status.fpsr |= 0 if x.kind == "infinity" else DZC
        return _infinity(w, sign)
    if x.kind == "zero" or y.kind == "infinity":
        return _sign(w, sign)
    return round_to(w, x.value / y.value, status.rounding, status)


def _sqrt(w: int, a: int, status: Status) -> int:
    x = unpack(w, a, status)
    if x.nan:
        return _process_nan(w, a, x, status)
    if x.kind == "zero":
        return _sign(w, x.sign)
    if x.sign:
        return _invalid(w, status)
    if x.kind == "infinity":
        return _infinity(w, 0)
    _process_denormals(w, (x,), status)
    # A root with far more bits than any format; one bit more stands for what is cut off.
    scale = 1300
    square = x.value * 4**scale
    root = math.isqrt(math.floor(square))
    inexact = root * root != square
    return round_to(w, Fraction(2 * root + inexact, 2 << scale), status.rounding, status)


def _scaled(magnitude: Fraction) -> tuple[Fraction, int]:
    """A number from 1 to 2, and the exponent."""
    exponent = _floor_log2(magnitude)
    return magnitude / _power(exponent), exponent


def _recip_estimate(w: int, a: int, status: Status) -> int:
    x = unpack(w, a, status)
    bias = (1 << _FORMATS[w][0] - 1) - 1
    if x.nan:
        return _process_nan(w, a, x, status)
    if x.kind == "infinity":
        return _sign(w, x.sign)
    if x.kind == "zero":
        status.fpsr |= DZC
        return _infinity(w, x.sign)
    if abs(x.value) < _power(-bias - 1):
        return round_to(w, _signed(x.sign, 1) * _power(bias + 2), status.rounding, status)
    if status.flushes(w) and abs(x.value) >= _power(bias - 1):
        status.fpsr |= UFC
        return _sign(w, x.sign)
    number, exponent = _scaled(abs(x.value))
    middle = 2 * math.floor(number * 256) + 1
    estimate = Fraction(((1 << 19) // middle + 1) // 2, 512)
    return _sign(w, x.sign) | round_to(w, estimate * _power(-exponent), ZERO, Status(0))


def _rsqrt_estimate(w: int, a: int, status: Status) -> int:
    x = unpack(w, a, status)
    if x.nan:
        return _process_nan(w, a, x, status)
    if x.kind == "zero":
        status.fpsr |= DZC
        return _infinity(w, x.sign)
    if x.sign:
        return _invalid(w, status)
    if x.kind == "infinity":
        return 0
    number, exponent = _scaled(x.value)
    if exponent % 2 == 0:
        middle = 2 * math.floor(number * 128) + 1
    else:
        middle = 4 * math.floor(number * 128) + 2
    root = 512
    while middle * (root + 1) ** 2 < 1 << 28:
        root += 1
    return round_to(w, Fraction((root + 1) // 2, 256) * _power((-1 - exponent) // 2), ZERO, status)


def _estimate(name: str, w: int, a: int, status: Status) -> int:
    own = _own_modes(status)
    result = (_recip_estimate if name == "frecpe" else _rsqrt_estimate)(w, a, own)
    status.fpsr |= 0 if status.ah else own.fpsr
    return result


def _mul_add_long(addend: int, a: int, b: int, status: Status) -> int:
    """FPMulAddH: factors of half the addend's precision."""
    x, y = (unpack(16, factor, status) for factor in (a, b))
    return _sum_of_product(32, addend, (_widened_nan(a), x), (_widened_nan(b), y), status, 16)


def _widened_nan(a: int) -> int:
    fraction = _FORMATS[32][1] - _FORMATS[16][1]
    return _infinity(32, a >> 15) | (a & (1 << _FORMATS[16][1]) - 1) << fraction


def _mul_add(w: int, addend: int, a: int, b: int, status: Status) -> int:
    x, y = (unpack(w, factor, status) for factor in (a, b))
    return _sum_of_product(w, addend, (a, x), (b, y), status)


def _sum_of_product(
    w: int,
    addend: int,
    a_x: tuple[int, Number],
    b_y: tuple[int, Number],
    status: Status,
    factors: int = 0,
) -> int:
    c, (_, x), (_, y) = unpack(w, addend, status), a_x, b_y
    invalid = {x.kind, y.kind} == {"infinity", "zero"}
    nan = _process_nans(w, ((addend, c), a_x, b_y), status, addend_last=True)
    if c.kind == "quiet" and invalid and not status.ah:
        return _invalid(w, status)
    if nan is not None:
        return nan
    sign = x.sign ^ y.sign
    infinite = "infinity" in (x.kind, y.kind)
    if invalid or (c.kind == "infinity" and infinite and c.sign != sign):
        return _invalid(w, status)
    _process_denormals(w, (c,), status)
    _process_denormals(factors or w, (x, y), status)
    if c.kind == "infinity" or infinite:
        return _infinity(w, c.sign if c.kind == "infinity" else sign)
    if c.kind == "zero" and "zero" in (x.kind, y.kind) and c.sign == sign:
        return _sign(w, sign)
    return _result(w, c.value + x.value * y.value, status)


def _order(x: Number) -> tuple[int, Fraction]:
    infinite = x.kind == "infinity"
    return (_signed(x.sign, 1) if infinite else 0, x.value)


def _extremum(w: int, a: int, b: int, status: Status, largest: bool) -> int:
    x, y = unpack(w, a, status), unpack(w, b, status)
    nan = _process_nans(w, ((a, x), (b, y)), status)
    if nan is not None:
        return nan
    _process_denormals(w, (x, y), status)
    first = _order(x) > _order(y) if largest else _order(x) < _order(y)
    bits, chosen = (a, x) if first else (b, y)
    if chosen.kind == "zero":
        return _sign(w, x.sign & y.sign if largest else x.sign | y.sign)
    return round_to(w, chosen.value, ZERO, status) if chosen.kind == "nonzero" else bits


def _alternate_extremum(w: int, a: int, b: int, status: Status, largest: bool) -> int:
    """FPMax and FPMin with AH, as x86 has them."""
    x, y = unpack(w, a, status), unpack(w, b, status)
    second = _sign(w, y.sign) if y.kind == "zero" else b
    if x.nan or y.nan:
        status.fpsr |= IOC
        return second
    _process_denormals(w, (x, y), status)
    first = _order(x) > _order(y) if largest else _order(x) < _order(y)
    if not first:
        return second
    return _sign(w, x.sign) if x.kind == "zero" else a


def _max(w: int, a: int, b: int, status: Status) -> int:
    return (_alternate_extremum if status.ah else _extremum)(w, a, b, status, largest=True)


def _min(w: int, a: int, b: int, status: Status) -> int:
    return (_alternate_extremum if status.ah else _extremum)(w, a, b, status, largest=False)


def _numeric(w: int, a: int, b: int, status: Status, largest: bool) -> int:
    x, y = unpack(w, a, status), unpack(w, b, status)
    if status.ah and x.nan and y.nan:
        return _extremum(w, a, b, status, largest)
    if x.kind == "quiet" and y.kind != "quiet":
        a = _infinity(w, int(largest))
    elif y.kind == "quiet" and x.kind != "quiet":
        b = _infinity(w, int(largest))
    return _extremum(w, a, b, status, largest)


def _max_num(w: int, a: int, b: int, status: Status) -> int:
    return _numeric(w, a, b, status, largest=True)


def _min_num(w: int, a: int, b: int, status: Status) -> int:
    return _numeric(w, a, b, status, largest=False)


def compare(w: int, a: int, b: int, signal: bool, status: Status) -> int:
    """FPCompare's NZCV."""
    x, y = unpack(w, a, status), unpack(w, b, status)
    if x.nan or y.nan:
        if signal or "signalling" in (x.kind, y.kind):
            status.fpsr |= IOC
        return 0b0011
    _process_denormals(w, (x, y), status)
    if _order(x) == _order(y):
        return 0b0110
    return 0b1000 if _order(x) < _order(y) else 0b0010


def _round_int(w: int, a: int, rounding: int, exact: bool, status: Status) -> int:
    x = unpack(w, a, status)
    if x.nan:
        return _process_nan(w, a, x, status)
    if x.kind == "infinity":
        return _infinity(w, x.sign)
    whole, inexact = _integer(x.value, rounding)
    if inexact and exact:
        status.fpsr |= IXC
    return round_to(w, Fraction(whole), ZERO, status) if whole else _sign(w, x.sign)


def _integer(value: Fraction, rounding: int) -> tuple[int, bool]:
    """A value rounded to an integer, and whether that changed it."""
    whole = math.floor(abs(value))
    error = abs(value) - whole
    whole += _rounds_up(rounding, int(value < 0), whole, error)
    return _signed(int(value < 0), whole), error != 0


def _convert(w: int, to: int, a: int, status: Status) -> int:
    x = unpack(w, a, status, convert=True)
    alternative = to == 16 and status.ahp
    if x.nan:
        if alternative or x.kind == "signalling":
            status.fpsr |= IOC
        if alternative:
            return _sign(to, x.sign)
        if status.dn:
            return _default_nan(to, status)
        # FPConvertNaN: the top bits of the fraction stay.
        source, target = _FORMATS[w][1], _FORMATS[to][1]
        fraction = (a & (1 << source - 1) - 1) << target >> source
        return _infinity(to, 0) | 1 << _FORMATS[to][1] - 1 | _sign(to, x.sign) | fraction
    if x.kind == "infinity":
        if not alternative:
            return _infinity(to, x.sign)
        status.fpsr |= IOC
        return _sign(to, x.sign) | 0x7FFF
    if x.kind == "zero":
        return _sign(to, x.sign)
    _process_denormals(w, (x,), status)
    return round_to(to, x.value, status.rounding, status, convert=True)


def _to_fixed(
    w: int, a: int, bits: int, fbits: int, unsigned: bool, rounding: int, status: Status
) -> int:
    x = unpack(w, a, status)
    if x.nan:
        status.fpsr |= IOC
        return 0
    low, high = (0, (1 << bits) - 1) if unsigned else (-(1 << bits - 1), (1 << bits - 1) - 1)
    if x.kind == "infinity":
        whole, inexact = _signed(x.sign, 1 << bits), False
    else:
        whole, inexact = _integer(x.value * (1 << fbits), rounding)
    if not low <= whole <= high:
        status.fpsr |= IOC
        whole = max(low, min(high, whole))
    elif inexact:
        status.fpsr |= IXC
    return whole & (1 << bits) - 1


def _to_fixed_js(a: int, status: Status) -> int:
    x = unpack(64, a, status)
    if x.nan or x.kind == "infinity":
        status.fpsr |= IOC
        return 0
    whole, inexact = _integer(x.value, ZERO)
    if not -(1 << 31) <= whole < 1 << 31:
        status.fpsr |= IOC
    elif inexact:
        status.fpsr |= IXC
    return whole & (1 << 32) - 1


def _from_fixed(bits: int, a: int, w: int, fbits: int, unsigned: bool, status: Status) -> int:
    value = a if unsigned else s.signed(a, bits)
    if value == 0:
        return 0
    return round_to(w, Fraction(value, 1 << fbits), status.rounding, status)


# ---- the IR's ops
_BINARY: dict[str, Callable[[int, int, int, Status], int]] = {
    "fadd": _add, "fsub": _sub, "fmul": _mul, "fdiv": _div, "fmin": _min, "fmax": _max,
    "fminnm": _min_num, "fmaxnm": _max_num,
    "fmulx": _mulx, "frecps": _step(2, 0), "frsqrts": _step(3, -1),
    "fcmp_flags": lambda w, a, b, status: compare(w, a, b, False, status),
    "fcmpe_flags": lambda w, a, b, status: compare(w, a, b, True, status),
    "fcmeq": lambda w, a, b, status: -int(compare(w, a, b, False, status) == 0b0110),
    "fcmge": lambda w, a, b, status: -int(compare(w, a, b, True, status) in (0b0110, 0b0010)),
    "fcmgt": lambda w, a, b, status: -int(compare(w, a, b, True, status) == 0b0010),
}  # fmt: skip


def _mode(mode: int, status: Status) -> int:
    return status.rounding if mode == FPCRS else mode


def _negated_mul_add(w: int, negate: int, c: int, a: int, b: int, status: Status) -> int:
    return _mul_add(w, c ^ _sign(w, negate >> 1 & 1), a ^ _sign(w, negate & 1), b, status)


def _vector(name: str, attributes: Mapping[str, int], args: Sequence[int], status: Status) -> int:
    if name == "fmlal":
        addends = s.split(args[0], 2)
        factors = zip(*(s.split(a, 1)[:4] for a in args[1:]), strict=True)
        both = zip(addends, factors, strict=True)
        return s.join([_mul_add_long(c, a, b, status) for c, (a, b) in both], 2)
    size = attributes["size"]
    w = 8 << size
    if name == "fcvtl":
        low = s.split(args[0], size)[: 8 >> size]
        return s.join([_convert(w, 2 * w, a, status) for a in low], size + 1)
    if name == "fcvtn":
        wide = s.split(args[0], size + 1)
        return s.join([_convert(2 * w, w, a, status) for a in wide], size)
    if name == "faddp":
        numbers = s.split(args[0], size) + s.split(args[1], size)
        sums = zip(numbers[::2], numbers[1::2], strict=True)
        return s.join([_add(w, a, b, status) for a, b in sums], size)
    lanes = list(zip(*(s.split(a, size) for a in args), strict=True))
    if name == "fmla":
        negate = attributes["negate"]
        return s.join([_negated_mul_add(w, negate, c, a, b, status) for c, a, b in lanes], size)
    if name in _BINARY:
        return s.join([_BINARY[name](w, a, b, status) for a, b in lanes], size)
    return s.join([_unary(name, attributes, w, w, a, status) for (a,) in lanes], size)


def _unary(
    name: str, attributes: Mapping[str, int], w: int, to: int, a: int, status: Status
) -> int:
    if name == "fsqrt":
        return _sqrt(w, a, status)
    if name in ("frecpe", "frsqrte"):
        return _estimate(name, w, a, status)
    if name == "frint":
        rounding = _mode(attributes["mode"], status)
        return _round_int(w, a, rounding, bool(attributes["exact"] & 1), status)
    if name in ("fcvt_s", "fcvt_u"):
        rounding, fbits = _mode(attributes["mode"] & 0xFF, status), attributes["mode"] >> 8
        return _to_fixed(w, a, to, fbits, name == "fcvt_u", rounding, status)
    if name in ("s_cvt_f", "u_cvt_f"):
        return _from_fixed(w, a, to, attributes["fbits"], name == "u_cvt_f", status)
    raise NotImplementedError(name)


def evaluate(
    op: Op, attributes: Mapping[str, int], w: int, to: int, args: Sequence[int], status: Status
) -> int:
    """The floating-point op on operands of `w` bits, with a result of `to` bits."""
    name = op.name
    if op.result == "v128":
        return _vector(name.removeprefix("v"), attributes, args, status)
    if name in _BINARY:
        return _BINARY[name](w, args[0], args[1], status)
    if name == "fmadd":
        return _negated_mul_add(w, attributes["negate"], args[2], args[0], args[1], status)
    if name == "fcvt":
        return _convert(w, to, args[0], status)
    if name == "fcvt_js":
        return _to_fixed_js(args[0], status)
    return _unary(name, attributes, w, to, args[0], status)
