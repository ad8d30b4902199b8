"""LLVM as an oracle of which words are instructions, and how they are written.

Owns: building and running llvm_words, LLVM's names of features. Must not know: what pydbt decodes.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterable
from functools import cache

from tools.guest_toolchain import Llvm, ToolchainError, find_llvm

from .oracle import RunnerError, built

FEATURES = {
    "FP": "fp-armv8",
    "AdvSIMD": "neon",
    "CRC32": "crc",
    "LSE": "lse",
    "LSE2": "lse2",
    "LSE128": "lse128",
    "LOR": "lor",
    "LRCPC": "rcpc",
    "LRCPC2": "rcpc-immo",
    "LRCPC3": "rcpc3",
    "RDM": "rdm",
    "FP16": "fullfp16",
    "FHM": "fp16fml",
    "FCMA": "complxnum",
    "JSCVT": "jsconv",
    "FRINTTS": "fptoint",
    "BF16": "bf16",
    "EBF16": "bf16",
    "AFP": "fp-armv8",  # brings no instructions, nor does the next
    "RPRES": "fp-armv8",
    "DotProd": "dotprod",
    "I8MM": "i8mm",
    "AES": "aes",
    "PMULL": "aes",
    "SHA1": "sha2",
    "SHA256": "sha2",
    "SHA512": "sha3",
    "SHA3": "sha3",
    "SM3": "sm4",
    "SM4": "sm4",
    "FlagM": "flagm",
    "FlagM2": "altnzcv",
    "SB": "sb",
    "DPB": "ccpp",
    "DPB2": "ccdp",
    "SSBS": "ssbs",
    "SSBS2": "ssbs",
    "DIT": "dit",
    "BTI": "bti",
    "PAuth": "pauth",
    "PAuth2": "pauth",
    "FPAC": "pauth",
    "FPACCOMBINE": "pauth",
    "PACIMP": "pauth",
    "PACQARMA3": "pauth",
    "PACQARMA5": "pauth",
    "MTE": "mte",
    "MTE2": "mte",
    "MTE3": "mte",
    "RNG": "rand",
    "ECV": "ecv",
    "WFxT": "wfxt",
    "XS": "xs",
    "SPECRES": "predres",
    "SPECRES2": "specres2",
    "CSSC": "cssc",
    "MOPS": "mops",
    "HBC": "hbc",
    "CLRBHB": "clrbhb",
    "CHK": "chk",
    "GCS": "gcs",
    "LS64": "ls64",
    "THE": "the",
    "D128": "d128",
    "ITE": "ite",
}
"""LLVM's names of features by the manual's (spec/features.py), up to Armv9.4 without SVE and SME.
Not every one has instructions."""

HINTS = frozenset({"DGH", "RPRFM"})
"""Features of hints only, which LLVM decodes always."""

PRIVILEGED = (
    *(
        "CONTEXTIDREL2",
        "am",
        "amvs",
        "brbe",
        "ccidx",
        "el2vmsa",
        "el3",
        "ete",
        "fgt",
        "fpac",
        "hcx",
    ),
    *("mec", "mpam", "nmi", "nv", "pan", "pan-rwv", "perfmon", "prfm-slc-target", "ras", "rasv2"),
    *("rme", "sel2", "spe", "spe-eef", "specrestrict", "tlb-rmi", "tracev8.4", "trbe", "uaops"),
    "vh",
)
"""LLVM's other features up to Armv9.4: what they add, EL0 has not."""


@cache
def _command() -> tuple[str, ...]:
    try:
        llvm: Llvm = find_llvm(fetch=True)
    except ToolchainError as error:
        raise RunnerError(str(error)) from error
    compiler = [os.environ.get("CXX", "g++"), "-std=c++20", "-O2"]
    return (*llvm.loader, str(built("llvm_words", compiler, ["-ldl"])), str(llvm.library))


def _run(words: bytes, *arguments: str) -> bytes:
    done = subprocess.run([*_command(), *arguments], input=words, capture_output=True, check=False)
    if done.returncode != 0 or done.stderr:
        raise RunnerError(done.stderr.decode(errors="replace").strip() or "llvm_words fails")
    return done.stdout


def accepts(words: bytes, features: str) -> bytes:
    """A byte for each packed word: 1 where LLVM with these features (`+a,-b`) decodes it."""
    return _run(words, features)


def forms(chunks: Iterable[bytes], features: str) -> list[tuple[int, str]]:
    """A few words of each form, and their texts: texts that differ in numbers only are one."""
    with tempfile.TemporaryFile() as given:
        for chunk in chunks:
            given.write(chunk)
        given.seek(0)
        command = [*_command(), features, "--forms"]
        done = subprocess.run(command, stdin=given, stdout=subprocess.PIPE, check=True)
    rows = (line.split("\t", 1) for line in done.stdout.decode().splitlines())
    return [(int(word, 16), text.replace("\t", " ")) for word, text in rows]


def texts(words: bytes, features: str) -> list[str]:
    """What LLVM writes for each packed word; empty where it does not decode it."""
    lines = _run(words, features, "--text").decode().split("\n")[:-1]
    return [line.strip().replace("\t", " ") for line in lines]
