"""The man page: every option is in it, and it is roff that renders."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from usermode.cli import DESCRIPTION, EPILOG, OPTIONS
from usermode.man import main, render


@pytest.fixture(scope="module")
def page() -> str:
    return render("1.2.3")


def plain(roff: str) -> str:
    """The text of a page without its markup, words one space apart."""
    text = re.sub(r"\\f[A-Z]|\\[,/]", "", roff).replace("\\-", "-").replace("\\'", "'")
    return " ".join(re.sub(r"^\.(SH|TP|B)\b", "", text, flags=re.MULTILINE).split())


def test_head(page: str) -> None:
    lines = page.splitlines()
    assert re.fullmatch(
        r'\.TH PYDBT\\-AARCH64 "1" "\d{4}\\-\d\d\\-\d\d" "pydbt 1\.2\.3" "User Commands"', lines[0]
    )
    assert "pydbt-aarch64 - run an AArch64 Linux program on x86-64" in plain(page)


def test_every_option_is_there(page: str) -> None:
    text = plain(page)
    body = text[text.index(" OPTIONS ") :]
    for option in OPTIONS:
        head = ", ".join(option.flags) + (f" {option.metavar}" if option.metavar else "")
        variables = f" [{', '.join(option.env)}]" if option.env else ""
        assert f" {head} {option.help}{variables}" in body, head
    assert DESCRIPTION in text
    assert EPILOG in text


def test_is_roff(page: str) -> None:
    for line in page.splitlines():
        if line.startswith((".", "'")):
            assert re.match(r"\.(TH|SH|TP|B)\b", line), line
        # Every escape is one that man(7) knows.
        assert re.fullmatch(r"(?:[^\\]|\\f[BIRP]|\\[-,/'e&])*", line), line
    assert page.count("\\fB") == page.count("\\fR") - page.count("\\fI")


def test_renders(page: str, tmp_path: Path) -> None:
    renderer = next((name for name in ("mandoc", "groff") if shutil.which(name)), None)
    if renderer is None:
        return  # test_is_roff is what can be said without one
    path = tmp_path / "page.1"
    main(path, "1.2.3")
    assert path.read_text(encoding="utf-8") == page
    options = ["-T", "utf8", "-W", "warning"] if renderer == "mandoc" else ["-man", "-Tutf8", "-ww"]
    done = subprocess.run(
        [renderer, *options, str(path)], capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    assert "--host-features" in re.sub(r".\x08", "", done.stdout)


def test_the_build_makes_it(build_folder: Path) -> None:
    built = build_folder / "man" / "pydbt-aarch64.1"
    assert built.read_text(encoding="utf-8").splitlines()[1:] == render("x").splitlines()[1:]
