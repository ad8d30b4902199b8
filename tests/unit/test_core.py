"""The Python API: the extension, its stub, its refusal of other specs, and `pydbt explain`."""

from __future__ import annotations

import ast
import importlib.machinery
import importlib.util
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import capstone
import pytest

import pydbt
from pydbt import tool
from pydbt.explain import Code, ExplainError, explain, find_code
from translator.spec.digest import SPEC_FOLDER, spec_digest

ROOT = Path(pydbt.__file__).resolve().parent.parent
ADD, LDR, CMP, RET, UDF = 0x91000400, 0xF9400401, 0xF1000C3F, 0xD65F03C0, 0x00001234


def words(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}I", *values)


@pytest.fixture(scope="module")
def extension(build_folder: Path) -> ModuleType:
    """The build tree's extension."""
    found = list((build_folder / "translator").glob("_core.*.so"))
    if not found:
        pytest.fail("pydbt._core is not built; run `make`", pytrace=False)
    loader = importlib.machinery.ExtensionFileLoader("pydbt._core", str(found[0]))
    spec = importlib.util.spec_from_loader("pydbt._core", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


@pytest.fixture(autouse=True)
def core(extension: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The extension as pydbt._core, whatever is installed."""
    monkeypatch.setitem(sys.modules, "pydbt._core", extension)
    pydbt._extension.cache_clear()
    yield extension
    pydbt._extension.cache_clear()


# --- the functions ------------------------------------------------------------------------------


def test_disassemble() -> None:
    assert pydbt.disassemble(ADD) == "add x0, x0, #1"
    assert pydbt.disassemble(0x14000001, 0x4000) == "b #0x4004"
    assert pydbt.disassemble(0xFFFFFFFF) == "undefined"


def test_block_length() -> None:
    assert pydbt.block_length(words(ADD)) == 4
    assert pydbt.block_length(words(ADD, RET, ADD)) == 8
    assert pydbt.block_length(words(UDF, ADD)) == 4
    assert pydbt.block_length(words(*[ADD] * 100)) == 64 * 4


def test_lift() -> None:
    text = pydbt.lift(words(ADD, RET), 0x1000)
    assert text.startswith("function 0x1000 key=0 {\n")
    assert "@0x1004:" in text
    assert "add.i64" in text
    assert "exit_ret" in text


def test_lift_optimized_removes_what_is_overwritten() -> None:
    code = words(CMP, CMP, RET)  # the first comparison's flags are never seen
    assert pydbt.lift(code).count("set_flags") == 2
    assert pydbt.lift_optimized(code).count("set_flags") == 1


def test_translate() -> None:
    code = pydbt.translate(words(ADD, LDR, RET), 0x1000)
    engine = capstone.Cs(capstone.CS_ARCH_X86, capstone.CS_MODE_64)
    decoded = list(engine.disasm(code, 0))
    assert decoded
    assert decoded[-1].address + decoded[-1].size <= len(code)
    assert "ret" in {insn.mnemonic for insn in decoded}  # RET becomes the host's
    assert pydbt.translate(words(ADD, LDR, RET), 0x1000) == code  # it depends on nothing else


def test_translate_for_other_hosts() -> None:
    assert pydbt.translate(words(ADD, RET), 0, "avx2")
    with pytest.raises(ValueError, match="unknown feature 'sse9'"):
        pydbt.translate(words(ADD, RET), 0, "sse9")


@pytest.mark.parametrize(
    "function", [pydbt.block_length, pydbt.lift, pydbt.lift_optimized, pydbt.translate]
)
def test_wrong_arguments(function: object) -> None:
    assert callable(function)
    for code in (b"", b"\0", b"\0" * 7):
        with pytest.raises(ValueError, match="whole number of 4-byte instructions"):
            function(code)
    with pytest.raises(ValueError, match="pc is not a multiple of 4"):
        function(words(ADD), 2)
    for wrong in ("text", [1], None):
        with pytest.raises(TypeError):
            function(wrong)
    for pc in (-4, 1 << 64, "0"):
        with pytest.raises(TypeError):
            function(words(ADD), pc)


def test_wrong_words() -> None:
    for word in (-1, 1 << 32, "x"):
        with pytest.raises(TypeError):
            pydbt.disassemble(word)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="pc is not a multiple of 4"):
        pydbt.disassemble(ADD, 1)


# --- stub, names, digest ------------------------------------------------------------------------


def test_stub_has_what_the_extension_has(core: ModuleType) -> None:
    stub = ast.parse((ROOT / "pydbt" / "_core.pyi").read_text(encoding="utf-8"))
    functions = {node.name: node for node in stub.body if isinstance(node, ast.FunctionDef)}
    values = {
        node.target.id
        for node in stub.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    }
    assert functions.keys() | values == {name for name in dir(core) if not name.startswith("_")}
    for name, node in functions.items():
        signature = getattr(core, name).__doc__.splitlines()[0]
        assert [arg.arg for arg in node.args.args] == [
            part.split(":")[0].strip() for part in signature.split("(")[1].split(")")[0].split(",")
        ], signature
    assert set(pydbt.__all__) == functions.keys() | {"feature"}  # which the specs answer


def test_public_functions_are_documented() -> None:
    for name in pydbt.__all__:
        assert "Raises:" in getattr(pydbt, name).__doc__, name


def test_spec_hash(core: ModuleType) -> None:
    assert spec_digest() == core.SPEC_HASH


def test_digest_sees_every_change(tmp_path: Path) -> None:
    (tmp_path / "a64").mkdir()
    (tmp_path / "x.py").write_text("1")
    (tmp_path / "a64" / "y.py").write_text("2")
    seen = {spec_digest(tmp_path), spec_digest(SPEC_FOLDER)}
    (tmp_path / "x.py").write_text("12")
    (tmp_path / "a64" / "y.py").write_text("")
    seen.add(spec_digest(tmp_path))
    (tmp_path / "a64" / "y.py").rename(tmp_path / "y.py")
    seen.add(spec_digest(tmp_path))
    assert len(seen) == 4
    (tmp_path / "notes.txt").write_text("not a spec")
    assert spec_digest(tmp_path) in seen


def test_refuses_an_extension_of_other_specs(monkeypatch: pytest.MonkeyPatch) -> None:
    other = ModuleType("pydbt._core")
    other.SPEC_HASH = "0" * 64  # type: ignore[attr-defined]
    other.__file__ = "/somewhere/_core.so"
    monkeypatch.setitem(sys.modules, "pydbt._core", other)
    with pytest.raises(ImportError, match=r"/somewhere/_core\.so was built from other specs"):
        pydbt.disassemble(ADD)


def test_says_that_there_is_no_extension(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delitem(sys.modules, "pydbt._core")
    monkeypatch.setattr(pydbt, "__path__", [])
    with pytest.raises(ImportError, match=r"pydbt\._core is not there"):
        pydbt.disassemble(ADD)
    assert tool.main(["explain", "91000400"]) == 1
    assert capsys.readouterr().err.startswith("pydbt: the extension pydbt._core is not there")


# --- explain ------------------------------------------------------------------------------------


def test_find_code() -> None:
    assert find_code("91000400") == Code(0x1000, words(ADD))
    assert find_code("0xD65F03C0", 0x4000) == Code(0x4000, words(RET))
    assert find_code("add x0, x0, #1; ret") == Code(0x1000, words(ADD, RET))
    assert find_code("b 0x4008", 0x4000) == Code(0x4000, words(0x14000002))


def tiny_program(path: Path, sizes: tuple[int, int]) -> str:
    """An object with two functions, `one` and `two`; returns the file's name."""
    text = words(ADD, RET, CMP, RET)
    names = b"\0one\0two\0"
    symbols = bytes(24)
    for name, value, size in ((1, 0x8000, sizes[0]), (5, 0x8008, sizes[1])):
        symbols += struct.pack("<IBBHQQ", name, 0x12, 0, 1, value, size)
    section_names = b"\0.text\0.symtab\0.strtab\0.shstrtab\0"
    parts, offset = [text, symbols, names, section_names], 64
    rows = [bytes(64)]
    kinds = ((1, 1, 0, 0, 0), (7, 2, 2, 24, 3), (15, 3, 0, 0, 0), (23, 3, 0, 0, 0))
    for part, (name, kind, info, entry, link) in zip(parts, kinds, strict=True):
        address = 0x8000 if name == 1 else 0
        link_to = 3 if link else 0
        rows.append(
            struct.pack(
                "<IIQQQQIIQQ", name, kind, 0, address, offset, len(part), link_to, 1 if info else 0,
                8, entry,
            )
        )  # fmt: skip
        offset += len(part)
    head = struct.pack(
        "<16sHHIQQQIHHHHHH", b"\x7fELF\x02\x01\x01", 2, 183, 1, 0x8000, 0, offset, 0, 64, 56, 0,
        64, len(rows), len(rows) - 1,
    )  # fmt: skip
    path.write_bytes(head + b"".join(parts) + b"".join(rows))
    return str(path)


def test_find_symbol(tmp_path: Path) -> None:
    file = tiny_program(tmp_path / "program", (8, 8))
    assert find_code(f"{file}:one") == Code(0x8000, words(ADD, RET))
    assert find_code(f"{file}:two") == Code(0x8008, words(CMP, RET))
    # Assembly's symbols have no size.
    file = tiny_program(tmp_path / "assembly", (0, 0))
    assert find_code(f"{file}:one") == Code(0x8000, words(ADD, RET))
    assert find_code(f"{file}:two") == Code(0x8008, words(CMP, RET))


def test_find_code_refusals(tmp_path: Path) -> None:
    file = tiny_program(tmp_path / "program", (8, 8))
    host = tmp_path / "host"
    host.write_bytes(Path(file).read_bytes()[:18] + b"\x3e\0" + Path(file).read_bytes()[20:])
    for text, pc, message in (
        ("frobnicate x0", None, "no instruction word, no FILE:SYMBOL, and as assembly: "),
        ("", None, "no instructions"),
        ("nop; +nop", None, "and as assembly: a statement starts with '\\+'"),
        ("label: /nop", None, "and as assembly: a statement starts with '/'"),
        ("nop é", None, "and as assembly: it is not ASCII"),
        (f"{file}:three", None, "no code is named three"),
        (f"{file}:one", 0x1000, "--pc is for words and assembly"),
        (f"{host}:one", None, "not an ELF file for AArch64"),
        (f"{__file__}:one", None, "Magic number does not match"),
        ("/nonexistent/file:main", None, "no instruction word, no FILE:SYMBOL"),
    ):
        with pytest.raises(ExplainError, match=message):
            find_code(text, pc)


def test_explain_shows_every_step_of_every_block() -> None:
    lines = list(explain(Code(0x1000, words(ADD, RET, CMP))))
    heads = [line for line in lines if line and not line.startswith(" ")]
    assert heads == ["guest", "ir", "ir_opt", heads[3], "guest", "ir", "ir_opt", heads[7]]
    assert heads[3].startswith("host (")
    assert lines[1:3] == ["  0x1000: 91000400  add x0, x0, #1", "  0x1004: d65f03c0  ret"]
    assert "  0x1008: f1000c3f  cmp x1, #3" in lines
    assert any("ret" in line for line in lines[lines.index(heads[3]) :])


def test_explain_names_the_feature() -> None:
    """Of instructions that not every CPU model has."""
    lines = list(explain(Code(0x1000, words(0xB8E20020, ADD))))  # ldaddal w2, w0, [x1]
    assert lines[1].endswith("  // FEAT_LSE")
    assert "//" not in lines[2]
    with pytest.raises(ValueError, match="-1 is no 32-bit word"):
        pydbt.feature(-1)
    assert (pydbt.feature(0xB8E20020), pydbt.feature(ADD), pydbt.feature(0)) == ("LSE", "", "")


def test_explain_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert tool.main(["explain", "--pc", "0x2000", "add x0, x0, #1"]) == 0
    out = capsys.readouterr().out
    assert "  0x2000: 91000400  add x0, x0, #1\n" in out
    assert tool.main(["explain", "--host-features", "sse9", "91000400"]) == 1
    assert capsys.readouterr().err == "pydbt: --host-features: unknown feature 'sse9'\n"
    assert tool.main(["explain", "frobnicate"]) == 1
    assert capsys.readouterr().err.count("\n") == 1
    for pc in ("2", "-4", "x", str(1 << 64)):
        with pytest.raises(SystemExit) as stopped:
            tool.main(["explain", f"--pc={pc}", "91000400"])
        assert stopped.value.code == 2
