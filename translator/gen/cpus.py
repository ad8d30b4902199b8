"""Generates features and CPU models from spec/features.py, spec/idregs.py and spec/cpus.py.

Owns: their C++ form, refusals. Must not know: instructions, what an OS shows of a CPU.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Mapping, Sequence

from ..spec.cpus import CPUS, NOT_IMPLEMENTED, Cpu
from ..spec.features import ALTERNATIVES, FEATURES, Feature, required
from ..spec.idregs import ID_REGISTERS, WIDTH, IdField, IdRegister, condition, id_fields, split
from .common import SpecError, run

_WORD = 64


def check_registers(registers: Sequence[IdRegister] = ID_REGISTERS) -> None:
    """Refuses an encoding or a field twice, and fields that overlap or leave the register."""
    seen: set[object] = set()
    for r in registers:
        for key in (r.name, (r.crm, r.op2)):
            if key in seen:
                raise SpecError(f"ID register {r.name}: its name or encoding is used twice")
            seen.add(key)
        free = 0
        for f in r.parsed():
            if f.lsb < free or f.lsb + WIDTH > _WORD:
                raise SpecError(f"ID register {r.name}: field {f.name} is out of place")
            free = f.lsb + WIDTH
            if (r.name, f.name) in seen:
                raise SpecError(f"ID register {r.name}: field {f.name} is there twice")
            seen.add((r.name, f.name))


def _check_value(what: str, text: str, fields: Mapping[str, IdField]) -> str:
    key, value = split(text)
    if key not in fields:
        raise SpecError(f"{what}: no ID register field {key}")
    if not 0 <= value < 1 << WIDTH:
        raise SpecError(f"{what}: {text} does not fit the field")
    return key


def check_features(features: Sequence[Feature] = FEATURES) -> None:
    """Refuses names twice, unknown features and fields, cycles but pairs, fields out of order: a
    feature with a higher value than another in the same field must require that one."""
    rows: dict[str, Feature] = {}
    options: set[str] = set()
    for f in features:
        if f.name in rows or f.option in options or not f.doc:
            raise SpecError(f"feature {f.name}: its names are used twice, or no documentation")
        rows[f.name] = f
        options.add(f.option)
    for f in features:
        for other in f.requires:
            if other not in rows or other == f.name:
                raise SpecError(f"feature {f.name}: requires {other}, which is no other feature")
    users: dict[str, list[tuple[int, Feature]]] = {}
    fields = id_fields()
    for f in features:
        needed = required(f.name, features)
        for other in needed:
            mutual = f.name in required(other, features)
            if mutual and not (other in f.requires and f.name in rows[other].requires):
                raise SpecError(f"feature {f.name}: requires itself through {other}")
        for text in f.fields:
            key = _check_value(f"feature {f.name}", text, fields)
            if condition(text) not in {"", *rows}:
                raise SpecError(f"feature {f.name}: {text} names no feature")
            users.setdefault(key, []).append((split(text)[1], f))
    for key, who in users.items():
        who.sort(key=lambda row: row[0])
        for (low, below), (high, above) in itertools.pairwise(who):
            if low == high or below.name not in required(above.name, features):
                raise SpecError(f"features {below.name} and {above.name}: both say {key}")


def check_cpus(cpus: Sequence[Cpu] = CPUS, features: Sequence[Feature] = FEATURES) -> None:
    """Refuses a model with an unknown feature, without one that another needs, or that decides a
    field that features decide."""
    names = {f.name for f in features}
    decided = {split(text)[0] for f in features for text in f.fields}
    seen: set[str] = set()
    for cpu in cpus:
        if cpu.name in seen or not cpu.doc:
            raise SpecError(f"CPU {cpu.name}: is there twice, or no documentation")
        seen.add(cpu.name)
        for name in cpu.all_features:
            if name not in names | set(NOT_IMPLEMENTED):
                raise SpecError(f"CPU {cpu.name}: unknown feature {name}")
        for name in cpu.features:
            if lost := sorted(set(required(name, features)) - set(cpu.features)):
                raise SpecError(f"CPU {cpu.name}: has {name} without {lost[0]}, which it needs")
        for group in ALTERNATIVES:
            if len(set(group) & set(cpu.features)) > 1:
                raise SpecError(f"CPU {cpu.name}: has more than one of {', '.join(group)}")
        for text in cpu.fields:
            key = _check_value(f"CPU {cpu.name}", text, id_fields())
            if key in decided:
                raise SpecError(f"CPU {cpu.name}: {key} follows from its features")
        if cpu.counter_hz <= 0 or 1_000_000_000 % cpu.counter_hz:
            raise SpecError(f"CPU {cpu.name}: its counter's period is no number of nanoseconds")
        if cpu.ctr >> 29 & 1:
            raise SpecError(f"CPU {cpu.name}: CTR_EL0.DIC says that IC IVAU is not needed")


def _check() -> None:
    check_registers()
    check_features()
    check_cpus()


def _mask(names: Sequence[str]) -> str:
    bits = sum(1 << n for n, f in enumerate(FEATURES) if f.name in names)
    words = -(-len(FEATURES) // _WORD)
    return ", ".join(f"{bits >> (_WORD * n) & (1 << _WORD) - 1:#x}" for n in range(words))


def _features_header() -> str:
    _check()
    names = "\n".join(f"    {f.name},  // {f.doc}" for f in FEATURES)
    rows = "\n".join(
        f'    {{Feature::{f.name}, "{f.name}", "{f.option}", "{f.doc}", '
        f"{{{{{_mask(required(f.name))}}}}}}},"
        for f in FEATURES
    )
    groups = "\n".join(
        f"    {{{{{{{_mask(group)}}}}}, Feature::{group[-1]}}}," for group in ALTERNATIVES
    )
    return f"""#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace pydbt::a64 {{

enum class Feature : uint8_t {{
{names}
}};

inline constexpr size_t kFeatureCount = {len(FEATURES)};
/// A set of features, one bit each.
using FeatureMask = std::array<uint64_t, (kFeatureCount + {_WORD - 1}) / {_WORD}>;

struct FeatureInfo {{
    Feature feature;
    const char* name;    // the manual's, without FEAT_
    const char* option;  // its name in `-cpu model,option=on|off`
    const char* doc;
    FeatureMask required;  // all that it needs
}};

inline constexpr FeatureInfo kFeatures[kFeatureCount] = {{
{rows}
}};

/// Groups of which a CPU has one: `any` are its members. The last one
/// is there when no other is wanted.
struct FeatureGroup {{
    FeatureMask any;
    Feature last;
}};
inline constexpr FeatureGroup kAlternatives[{len(ALTERNATIVES)}] = {{
{groups}
}};

}}  // namespace pydbt::a64
"""


def _value(text: str, keys: Mapping[str, tuple[int, int]]) -> str:
    key, value = split(text)
    number, lsb = keys[key]
    return f"{{{number:#x}, {lsb}, {value}}}"


def _places() -> dict[str, tuple[int, int]]:
    numbers = {r.name: r.crm << 3 | r.op2 for r in ID_REGISTERS}
    return {key: (numbers[f.register], f.lsb) for key, f in id_fields().items()}


def _cpus_header() -> str:
    _check()
    places = _places()
    by_feature = [
        f"    {{Feature::{f.name}, Feature::{condition(text) or f.name}, {_value(text, places)}}},"
        # Rows that require others come later and win: values grow with what is required.
        for f in sorted(FEATURES, key=lambda f: len(required(f.name)))
        for text in f.fields
    ]
    absent = [
        f"    {_value(f'{key}={f.absent}', places)},  // {key}"
        for key, f in id_fields().items()
        if f.absent
    ]
    models, rows = [], []
    for n, cpu in enumerate(CPUS):
        values = [f"    {_value(text, places)},  // {text}" for text in cpu.fields]
        if values:
            models += [f"inline constexpr IdValue kFields{n}[] = {{", *values, "};"]
        rows.append(
            f'    {{"{cpu.name}", "{cpu.doc}", {cpu.midr:#010x}, {cpu.counter_hz}, {cpu.ctr:#x}, '
            f"{{{{{_mask(cpu.features)}}}}}, {f'kFields{n}' if values else '{}'}, "
            f'"{" ".join(cpu.lacks)}"}},'
        )
    return "\n".join(
        [
            "#pragma once",
            "",
            "#include <span>",
            "",
            '#include "translator/a64/features.gen.hpp"',
            "",
            "namespace pydbt::a64 {",
            "",
            f"/// What a field of an ID register, {WIDTH} bits wide, says.",
            "struct IdValue {",
            "    uint8_t id;  // CRm << 3 | op2; op0 is 3, op1 and CRn are 0",
            "    uint8_t lsb;",
            "    uint8_t value;",
            "};",
            f"inline constexpr unsigned kIdFieldBits = {WIDTH};",
            "",
            "struct FeatureField {",
            "    Feature feature, too;  // both must be there",
            "    IdValue value;",
            "};",
            "/// A later row of the same field wins.",
            f"inline constexpr FeatureField kFeatureFields[{len(by_feature)}] = {{",
            *by_feature,
            "};",
            "/// Fields that are not 0 where there is no such thing.",
            f"inline constexpr IdValue kAbsentFields[{len(absent)}] = {{",
            *absent,
            "};",
            "",
            "struct CpuModel {",
            "    const char* name;",
            "    const char* doc;",
            "    uint32_t midr;",
            "    uint32_t counter_hz;  // CNTFRQ_EL0",
            "    uint64_t ctr;",
            "    FeatureMask features;",
            "    std::span<const IdValue> fields;  // what no feature decides",
            "    const char* lacks;  // features of the core that are not implemented",
            "};",
            "",
            *models,
            f"inline constexpr CpuModel kCpuModels[{len(CPUS)}] = {{",
            *rows,
            "};",
            "",
            "}  // namespace pydbt::a64",
            "",
        ]
    )


if __name__ == "__main__":
    sys.exit(
        run(
            "translator.gen.cpus",
            {
                "translator/a64/features.gen.hpp": _features_header,
                "translator/a64/cpus.gen.hpp": _cpus_header,
            },
        )
    )
