"""The dependency rules of docs/architecture.md, over C++ includes and Python imports.

Owns: how files map to modules, the rule of Python packages. Must not know: the order of the C++
modules, which is read from the page.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CPP_FOLDERS = ("translator", "usermode", "sysmode", "tests")

# What the Python below a package may import from this repository; tests may import anything. The
# longest package that a module is in counts.
PYTHON_RULES = {
    "pydbt": {"pydbt", "translator", "usermode"},
    "sysmode": {"sysmode", "translator"},
    "sysmode.gen": {"sysmode.gen", "translator.gen.common", "translator.spec"},
    "translator.gen": {"translator.gen", "translator.spec"},
    "translator.oracle": {"translator.oracle", "translator.spec", "translator.gen.state"},
    "translator.spec": {"translator.spec"},
    "translator": {"translator"},
    "usermode": {"usermode"},
    "usermode.gen": {"usermode", "translator.gen.common", "translator.spec"},
    "usermode.spec": {"usermode.spec"},
    "tools": {"tools", "testbins"},
    # Pages made from the specs.
    "tools.coverage": {"tools", "translator.spec"},
    "tools.reference": {"tools", "translator.gen.common", "translator.spec", "usermode", "sysmode"},
    "testbins": {"testbins", "tools"},
}
PACKAGES = {name.split(".")[0] for name in PYTHON_RULES} | {"tests"}
STANDARD_LIBRARY_ONLY = (
    *("translator.gen", "translator.spec", "usermode.gen", "usermode.spec", "sysmode.gen"),
)
"""Generators run before anything is installed."""


# ---- C++


def _levels() -> list[set[str]]:
    page = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    match = re.search(r"^`(base ← [^`]+)`", page, re.MULTILINE)
    assert match, "docs/architecture.md has no line of modules"
    return [set(re.findall(r"\w+", level)) for level in match[1].split("←")]


LEVELS = _levels()
LEVEL = {module: n for n, modules in enumerate(LEVELS) for module in modules}


def module_of(path: str) -> str | None:
    """The module a file of that path from the root belongs to; None for what any test may use."""
    if path.startswith("usermode/"):
        return "launcher" if path.startswith("usermode/launcher/") else "usermode"
    if path.startswith("sysmode/"):
        return "sysnative" if path.startswith("sysmode/native/") else "sysmode"
    match = re.match(r"translator/(\w+)/|tests/(?:unit/cpp|tools)/(\w+)/", path)
    return (match[1] or match[2]) if match else None


def include_error(path: str, include: str) -> str:
    """What is wrong with an `#include "include"` in the file `path`, or nothing."""
    module, target = module_of(path), module_of(include)
    if include.split("/")[0] not in CPP_FOLDERS:
        return "an include is written from the repository's root"
    is_test = path.startswith("tests/")
    if include.startswith("tests/"):
        return "" if is_test else "no engine code includes a test's"
    if target not in LEVEL:
        return f"{target} is no module"
    if target == module or (is_test and module is None):
        return ""
    if LEVEL[target] >= LEVEL[module or ""]:
        return f"{module} includes {target}, which is not below it"
    return ""


def cpp_files() -> Iterator[Path]:
    """All C++ of the repository."""
    for folder in CPP_FOLDERS:
        for suffix in ("*.cpp", "*.hpp"):
            yield from (ROOT / folder).rglob(suffix)


def includes() -> Iterator[tuple[str, str]]:
    """Each file's path from the root, and what it includes in quotes."""
    for file in cpp_files():
        path = file.relative_to(ROOT).as_posix()
        for include in re.findall(r'^\s*#\s*include "([^"]+)"', file.read_text(), re.MULTILINE):
            yield path, include


def test_cpp_includes_only_what_is_below() -> None:
    """base ← ir ← {a64, opt, x64} ← {native, runtime} ← gdbstub ← {sysmode, usermode} ← …"""
    found = list(includes())
    assert len(found) > 100
    wrong = [f"{p}: {i}: {error}" for p, i in found if (error := include_error(p, i))]
    assert not wrong, "\n".join(wrong)


def test_every_module_of_the_page_is_there() -> None:
    """The page names modules that exist, and all of them."""
    modules = {module_of(p.relative_to(ROOT).as_posix()) for p in cpp_files()} - {None}
    assert modules == set(LEVEL)


def test_included_files_exist() -> None:
    """What is included from the repository is there or is generated."""
    missing = {i for _, i in includes() if not (ROOT / i).exists() and ".gen." not in i}
    assert not missing


@pytest.mark.parametrize(
    ("path", "include"),
    [
        ("translator/base/a.cpp", "translator/ir/ir.hpp"),
        ("translator/a64/a.cpp", "translator/x64/assembler.hpp"),
        ("translator/opt/a.cpp", "translator/a64/lifter.hpp"),
        ("translator/x64/a.cpp", "translator/runtime/engine.hpp"),
        ("translator/runtime/a.cpp", "usermode/process.hpp"),
        ("usermode/a.cpp", "usermode/launcher/main.hpp"),
        ("usermode/a.cpp", "sysmode/bus/bus.hpp"),
        ("sysmode/a.cpp", "usermode/process.hpp"),
        ("usermode/a.cpp", "tests/tools/case_format.hpp"),
        ("translator/ir/a.cpp", "ir.hpp"),
        ("translator/ir/a.cpp", "translator/nowhere/ir.hpp"),
        ("tests/unit/cpp/ir/a_test.cpp", "translator/opt/dead.hpp"),
        ("tests/tools/opt/run_ir.cpp", "translator/x64/assembler.hpp"),
    ],
)
def test_the_include_rule_refuses(path: str, include: str) -> None:
    """The rule can fail."""
    assert include_error(path, include)


# ---- Python


def python_files() -> Iterator[Path]:
    """All Python of the repository but tests."""
    for package in sorted(PACKAGES - {"tests"}):
        yield from (ROOT / package).rglob("*.py")


def _module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(source: str, module: str, is_package: bool = False) -> set[str]:
    """Absolute names of the modules and names that a module's source imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = module.split(".")
                up = node.level - is_package
                base = ".".join([*parts[: len(parts) - up], *([base] if base else [])])
            names |= {f"{base}.{alias.name}" for alias in node.names}
    return names


def _inside(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


def import_error(module: str, imported: str) -> str:
    """What is wrong with a module's import, or nothing."""
    package = max((p for p in PYTHON_RULES if _inside(module, p)), key=len)
    top = imported.split(".")[0]
    if top not in PACKAGES:
        alien = top not in sys.stdlib_module_names and top != "__future__"
        standard = any(_inside(module, p) for p in STANDARD_LIBRARY_ONLY)
        return f"{module} imports {imported}: standard library only" if standard and alien else ""
    if any(_inside(imported, allowed) for allowed in PYTHON_RULES[package]):
        return ""
    return f"{module} imports {imported}"


def test_python_imports_only_what_it_may() -> None:
    """Specs know nothing, generators know specs, nothing knows tests."""
    wrong: list[str] = []
    count = 0
    for path in python_files():
        module = _module_name(path)
        for imported in imports(path.read_text(), module, path.name == "__init__.py"):
            count += 1
            if error := import_error(module, imported):
                wrong.append(error)
    assert count > 100
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("translator.spec.ir", "from ..gen import common"),
        ("translator.gen.ir", "from ..oracle import machine"),
        ("translator.gen.ir", "import capstone"),
        ("translator.spec.a64.core", "import translator.gen.common"),
        ("translator.oracle.machine", "from ..gen.decode import check"),
        ("usermode.cli", "from translator.spec.ir import OPS"),
        ("usermode.gen.cli", "from translator.gen.ir import check"),
        ("tools.demo", "from tests.bench import main"),
        ("pydbt.tool", "import tools.demo"),
        ("sysmode.cli", "from usermode.cli import OPTIONS"),
        ("usermode.cli", "from sysmode.cli import OPTIONS"),
    ],
)
def test_the_import_rule_refuses(module: str, source: str) -> None:
    """The rule can fail."""
    assert any(import_error(module, name) for name in imports(source, module))
