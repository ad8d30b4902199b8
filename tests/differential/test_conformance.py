"""A fixed share of the comparison with LLVM of which words are instructions.

Owns: how much of it every test run does, and that it finds what is wrong. Must not know: encodings.
"""

from __future__ import annotations

from itertools import chain

import pytest

from tests.differential import conformance, index, llvm
from tests.differential.conformance import Comparison
from translator.spec.features import FEATURES

RANDOM = 1_000_000


EXAMPLES = (
    *(0x00000000, 0xD4000002, 0xD4000003, 0xD4A00001, 0xD69F03E0, 0xD6BF03E0),  # UDF to DRPS
    *(0xD52B5BBF, 0xD525CB10, 0xD500401F | 5 << 5, 0xD503447F, 0xF857CA10),
    *(0x74000058, 0x9A0023CC, 0xE8800187, 0x7C2003FE, 0x4E801050, 0x0EA0DC4A),  # CBGT to FAMAX
    *(0x0E00FF57, 0x1E6A0294, 0x382092B1, 0xD56003BC, 0xD9005B5D, 0xF820B388),  # FDOT to ST64BV
    *(0xD91F0D22, 0xF3A01D9F, 0x1DDF00A8, 0xD4E003C0, 0xD50B7380, 0xD50B74BF),  # GCSSTR to DC ZGBVA
    *(0xD50B7B1F, 0xD5087800),
)
"""Words that show reasons which random ones may not."""


def test_words_are_instructions_where_llvm_says_so() -> None:
    """Random words, and each pattern's fields one after the other."""
    comparison = Comparison()
    examples = conformance.pack(EXAMPLES)
    chunks = (conformance.random_words("test", RANDOM), conformance.fields(), [examples])
    for words in chain.from_iterable(chunks):
        comparison.compare(words)
    if comparison.failures:
        shown = "\n".join(comparison.failures[:40])
        count = len(comparison.failures)
        pytest.fail(f"{count} words differ without a reason, for one\n{shown}", pytrace=False)
    reasons = {rule.reason for rule in (*conformance.LENIENT, *conformance.UNDEFINED)}
    assert reasons <= set(comparison.met), "a reason that is not needed"


def test_llvm_has_a_name_for_every_feature() -> None:
    assert {f.name for f in FEATURES} <= set(llvm.FEATURES) | llvm.HINTS


def test_the_index_is_what_llvm_decodes() -> None:
    """Every form's word is of its mnemonic, and no two of an instruction's are the same form."""
    rows = [line.split("\t") for line in index.PATH.read_text(encoding="utf-8").splitlines()]
    words = [(row[0], int(word, 16)) for row in rows for word in row[2].split()]
    texts = llvm.texts(conformance.pack(word for _, word in words), index.EVERYTHING)
    shapes = [index.shape(text) for text in texts]
    assert [mnemonic for mnemonic, _ in words] == [mnemonic for mnemonic, _ in shapes]
    assert len(set(shapes)) == len(shapes)


def test_a_wrong_word_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """One verdict turned round, either way, is a failure; and a lift that only says UNDEFINED."""
    add, nothing = bytes.fromhex("2000028b"), bytes.fromhex("ffffffff")
    for word, verdict in ((add, 0), (nothing, 2), (add, 1)):
        monkeypatch.setattr(conformance, "lifted", lambda words, v=verdict: bytes([v]))
        monkeypatch.setattr(conformance, "_names", lambda words: ["HINT"] * (len(words) // 4))
        comparison = Comparison()
        comparison.compare(word)
        assert len(comparison.failures) == 1
