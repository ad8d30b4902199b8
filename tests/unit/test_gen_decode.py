"""What the generators of the decoder and the disassembler refuse, and with which words.

Owns: bad patterns. Must not know: the real ones, but that each has a lift.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from random import Random

import pytest

from translator.gen import decode, disasm
from translator.gen.common import SpecError
from translator.spec.a64 import load
from translator.spec.a64.core import Pattern, PatternError, overlap

A64 = Path(__file__).parents[2] / "translator/a64"
BITS = "sf:1 0000000 00000000 000000 rn:5 rd:5"


@pytest.mark.parametrize(
    ("bits", "when", "message"),
    [
        ("sf:1 0000", "", "X: 5 bits, not 32"),
        ("imm:33", "", "X: 33 bits, not 32"),
        ("imm:30 010", "", "X: 33 bits, not 32"),
        ("imm:30 0a", "", "X: cannot read '0a'"),
        ("imm:t30 00", "", "X: cannot read 'imm:t30'"),
        ("Imm:30 00", "", "X: cannot read 'Imm:30'"),
        ("rd:5 0000000 00000000 0000000 rd:5", "", "X: a field is named twice"),
        (BITS, "rm == 31", "X: condition on rm, which is no field"),
        (BITS, "all(rd)", "X: condition on all, which is no field"),
        (BITS, "rd = 31", "X: cannot read 'rd = 31'"),
        (BITS, "rd ==", "X: cannot read 'rd =='"),
    ],
)
def test_pattern_refuses(bits: str, when: str, message: str) -> None:
    with pytest.raises(PatternError, match=f"^{re.escape(message)}$"):
        Pattern("X", bits, when=when)


@pytest.mark.parametrize("name", ["", "LD1 post", "B.cond", "2X"])
def test_pattern_refuses_a_name_that_no_lift_can_have(name: str) -> None:
    message = f"{name!r}: the name is part of the lift's, an identifier"
    with pytest.raises(PatternError, match=f"^{re.escape(message)}$"):
        Pattern(name, BITS)


@pytest.mark.parametrize(
    ("asm", "message"),
    [
        ("x {r(sf, rd)}, {x(rm)}", "X: template uses rm, which is no field"),
        ("y if rm == 1 | x {rd}, {rn}, {sf}", "X: template uses rm, which is no field"),
        ("x {r(sf, rd)}", "X: template does not use rn"),
        ("x {rd}, {rn}, {sf} | y", "X: the last template, and only that, has no condition"),
        ("x {rd}, {rn}, {sf} if sf == 1", "X: the last template, and only that, has no condition"),
        ("x {r(sf, rd}, {rn}", "X: cannot read 'r(sf, rd'"),
        ("x {rd}, {rn}, {sf", "X: template 'x {rd}, {rn}, {sf' has a brace too many"),
        ("y if rd = | x {rd}, {rn}, {sf}", "X: cannot read 'rd ='"),
    ],
)
def test_template_refuses(asm: str, message: str) -> None:
    with pytest.raises(PatternError, match=f"^{re.escape(message)}$"):
        Pattern("X", BITS, asm=asm)


def test_condition_counts_as_use_of_a_field() -> None:
    Pattern("X", BITS, when="sf == 1", asm="y {rd} if rn == 31 | x {rd}")


def test_decoder_refuses_a_name_twice() -> None:
    patterns = [Pattern("X", "0 a:31"), Pattern("X", "1 a:31")]
    with pytest.raises(SpecError, match=r"^pattern X: defined twice$"):
        decode.check(patterns)


def test_decoder_refuses_an_unknown_feature() -> None:
    with pytest.raises(SpecError, match=r"^pattern X: unknown feature SVE9$"):
        decode.check([Pattern("X", BITS, feature="SVE9")])


@pytest.mark.parametrize(
    ("when", "part"),
    [
        ("rd ** 2 == 4", "rd ** 2"),
        ("rd is 4", "rd is 4"),
        ("rd in rn", "rd in rn"),
        ("-rd == 4", "-rd"),
        ("rd == 1.5", "1.5"),
    ],
)
def test_decoder_refuses_a_condition_that_has_no_cpp(when: str, part: str) -> None:
    message = f"pattern X: {part} is not understood"
    with pytest.raises(SpecError, match=f"^{re.escape(message)}$"):
        decode.check([Pattern("X", BITS, when=when)])


@pytest.mark.parametrize(
    ("a", "b", "at"),
    [
        (Pattern("A", "0 a:31"), Pattern("B", "a:31 0"), "0x00000000"),
        (Pattern("A", "01 a:30"), Pattern("B", "a:30 10"), "0x40000002"),
        (
            Pattern("A", "a:4 b:28", when="a != 3"),
            Pattern("B", "a:4 b:28", when="a in (3, 7)"),
            "0x70000000",
        ),
        (Pattern("A", "a:1 0 b:30", when="a == 1"), Pattern("B", "c:2 b:30"), "0x80000000"),
    ],
)
def test_decoder_refuses_overlap(a: Pattern, b: Pattern, at: str) -> None:
    for first, second in ((a, b), (b, a)):
        message = f"patterns {first.name} and {second.name} overlap, for one at {at}"
        with pytest.raises(SpecError, match=f"^{re.escape(message)}$"):
            decode.check([first, second])


def test_decoder_accepts_patterns_that_conditions_tell_apart() -> None:
    decode.check(
        [
            Pattern("A", "a:4 b:28", when="a != 3"),
            Pattern("B", "a:4 b:28", when="a == 3"),
        ]
    )
    assert overlap(Pattern("A", "0 a:31"), Pattern("B", "1 a:31")) is None


def test_decoder_refuses_conditions_too_wide_to_compare() -> None:
    patterns = [
        Pattern("A", "a:16 b:16", when="a == b"),
        Pattern("B", "a:16 b:16", when="a != b"),
    ]
    message = "A and B: too many bits in their conditions to compare"
    with pytest.raises(SpecError, match=f"^{message}$"):
        decode.check(patterns)


@pytest.mark.parametrize(
    ("asm", "message"),
    [
        ("", "pattern X: no template"),
        ("x {q(rd)}, {rn}, {sf}", "pattern X: unknown operand kind q"),
        ("x {r(rd)}, {rn}, {sf}", "pattern X: r takes 2 arguments, not 1"),
        ("x {r(sf, rn, rd)}", "pattern X: r takes 2 arguments, not 3"),
        ("x {r(sf, w(rd))}, {rn}, {is_wide(1)}", "pattern X: unknown operand kind is_wide"),
        ("y if w(rd) | x {rn}, {sf}", "pattern X: unknown predicate w"),
        ("y if is_wide(rd) | x {rn}, {sf}", "pattern X: is_wide takes 4 arguments, not 1"),
        ("x {rd}, {rn ** sf}", "pattern X: rn ** sf is not understood"),
        ("y if rd is 1 | x {rn}, {sf}", "pattern X: rd is 1 is not understood"),
    ],
)
def test_disassembler_refuses(asm: str, message: str) -> None:
    with pytest.raises(SpecError, match=f"^{re.escape(message)}$"):
        disasm.check([Pattern("X", BITS, asm=asm)])


def test_generator_fails_with_the_message(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    both = [Pattern("A", "0 a:31"), Pattern("B", "a:31 0")]
    monkeypatch.setattr(decode, "load", lambda: both)
    monkeypatch.setattr(sys, "argv", ["decode", "--out", str(tmp_path)])
    assert decode.main() == 1
    assert "patterns A and B overlap, for one at 0x00000000" in capsys.readouterr().err
    assert not (tmp_path / "translator/a64/decode.gen.cpp").exists()


def test_disassembler_fails_without_a_template(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(disasm, "load", lambda: [Pattern("X", BITS)])
    monkeypatch.setattr(sys, "argv", ["disasm", "--out", str(tmp_path)])
    assert disasm.main() == 1
    assert "pattern X: no template" in capsys.readouterr().err


def test_operand_kinds_are_the_members_of_text_writer() -> None:
    text = (A64 / "disassembler.hpp").read_text(encoding="utf-8")
    writer = text[text.index("class TextWriter") : text.index("private:")]
    members = {
        name: len(arguments.split(",")) if arguments else 0
        for name, arguments in re.findall(r"^    void (\w+)\(([^)]*)\)", writer, re.MULTILINE)
    }
    assert members.pop("text") == 1
    assert members == disasm.KINDS
    predicates = re.findall(r"^    static bool (\w+)\(([^)]*)\)", writer, re.MULTILINE)
    assert {n: len(a.split(",")) for n, a in predicates} == disasm.PREDICATES


def test_every_pattern_has_a_lift_and_every_lift_a_pattern() -> None:
    sources = [path.read_text(encoding="utf-8") for path in sorted(A64.glob("*.cpp"))]
    lifts = re.findall(r"^Step Lifter::lift_(\w+)\(", "\n".join(sources), re.MULTILINE)
    assert len(lifts) == len(set(lifts))
    assert set(lifts) == {p.name for p in load()}


def test_drawn_words_are_the_patterns() -> None:
    random = Random("draw")
    for pattern in load():
        words = {pattern.draw(random) for _ in range(20)}
        assert all(map(pattern.matches, words)), pattern.name
        fixed = pattern.mask == 0xFFFFFFFF
        assert (len(words) == 1) == fixed, pattern.name
