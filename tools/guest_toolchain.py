"""Fetches what builds and checks guest programs: a cross compiler, musl, QEMU, LLVM, GDB, libslirp.

Owns the download and the cache ($PYDBT_CACHE, or pydbt below $XDG_CACHE_HOME or ~/.cache). Needs no
root: Debian packages are downloaded with a private apt state and unpacked, not installed; where
there is no Debian apt, the `ziglang` wheel from PyPI serves as a compiler (musl only). A part is
unpacked beside its place and renamed, so it is there whole or not at all. Must not know which
programs are built with it.

    python -m tools.guest_toolchain [gcc] [qemu] [llvm] [gdb] [qemu-system] [slirp] [zig]

fetches, and prints where.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

# Unpacked layout; a change of it, or of the package lists, starts a new folder in the cache.
LAYOUT = "guest-1"

# Packages the host has anyway (it has a C++ compiler); a second C library would only confuse.
HOST_PACKAGES = ("libc6_", "libgcc-s1_", "libstdc++6_", "gcc-12-base_", "gcc-14-base_")


class ToolchainError(Exception):
    """What could not be fetched, and why, in one line."""


@dataclass(frozen=True)
class Part:
    """One unpackable part: its Debian packages, in which suite, and a file that shows it is whole.

    `keep` limits what is unpacked to these paths (all when empty). `suite` is a Debian suite,
    or empty for the one that the host runs. `whole`: with the C library, to run what needs a newer
    one than the host has.
    """

    packages: tuple[str, ...]
    witness: str
    title: str
    suite: str = ""
    keep: tuple[str, ...] = ()
    whole: bool = False


PARTS = {
    "gcc": Part(
        ("g++-aarch64-linux-gnu", "musl-dev:arm64"),
        "usr/bin/aarch64-linux-gnu-g++",
        "AArch64 cross compiler (gcc, glibc, musl)",
    ),
    "qemu": Part(
        ("qemu-user",),
        "usr/bin/qemu-aarch64",
        "qemu-aarch64",
        suite="trixie-backports",  # a current release, whatever the host runs; it is static
        keep=("usr/bin/qemu-aarch64",),
    ),
    "llvm": Part(
        ("libllvm22",),
        "usr/lib/x86_64-linux-gnu/libLLVM.so.22.1",
        "LLVM's disassembler",
        suite="trixie",  # the newest in Debian's stable release
        whole=True,
    ),
    "gdb": Part(
        ("gdb-multiarch",),
        "usr/bin/gdb-multiarch",
        "gdb-multiarch",
        suite="trixie",
        whole=True,
    ),
    "qemu-system": Part(
        ("qemu-system-arm",),
        "usr/bin/qemu-system-aarch64",
        "qemu-system-aarch64",
        suite="trixie",
        whole=True,
    ),
    "slirp": Part(
        ("libslirp0",),
        "usr/lib/x86_64-linux-gnu/libslirp.so.0",
        "libslirp",  # of the host's suite: it is loaded into a process of the host's
    ),
}


@dataclass(frozen=True)
class Compiler:
    """A compiler for AArch64 Linux.

    `cc` and `cxx` are the commands' first words, `env` what they need in the environment beside the
    caller's. `libc` is "glibc" or "musl". `root` is where the compiler for glibc is unpacked: its
    usr/aarch64-linux-gnu is the root of dynamic guest programs, and musl lies in
    usr/{lib,include}/aarch64-linux-musl; None when `libc` is "musl".
    """

    cc: tuple[str, ...]
    cxx: tuple[str, ...]
    libc: str
    env: dict[str, str] = field(default_factory=dict)
    root: Path | None = None

    def environment(self) -> dict[str, str]:
        """The whole environment to run the compiler in."""
        return {**os.environ, **self.env}


def cache_folder() -> Path:
    """The folder that holds everything fetched; made by the first fetch."""
    if given := os.environ.get("PYDBT_CACHE"):
        return Path(given)
    if given := os.environ.get("XDG_CACHE_HOME"):
        return Path(given) / "pydbt"
    return Path.home() / ".cache" / "pydbt"


def part_folder(name: str) -> Path:
    """Where part `name` lies, or will lie once fetched."""
    return cache_folder() / LAYOUT / name


# ---------------------------------------------------------------------------------------- fetching


class Progress:
    """One line that is rewritten on a terminal; nothing at all elsewhere."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.shown = sys.stderr.isatty()

    def show(self, text: str) -> None:
        if self.shown:
            sys.stderr.write(f"\r\033[K{self.title}: {text}")
            sys.stderr.flush()

    def close(self) -> None:
        if self.shown:
            sys.stderr.write("\r\033[K")
            sys.stderr.flush()


def run(
    command: Sequence[str], what: str, env: dict[str, str] | None = None, cwd: Path | None = None
) -> str:
    """Runs a command to its end and returns its output; ToolchainError with its last words."""
    try:
        done = subprocess.run(
            command,
            env=env,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError as error:
        raise ToolchainError(f"{what}: {error}") from error
    if done.returncode != 0:
        raise ToolchainError(f"{what}: {last_words(done.stderr) or last_words(done.stdout)}")
    return done.stdout


def last_words(text: str) -> str:
    """The line of a tool's output that says what went wrong."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if re.match(r"(E|ERROR|error)\b", line)]
    return (errors or lines or [""])[-1]


def debian_codename() -> str:
    """The Debian suite the host runs, or "" where this is no Debian with apt."""
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        return ""
    try:
        text = Path("/etc/os-release").read_text(encoding="utf-8")
    except OSError:
        return ""
    words = dict(re.findall(r'^(\w+)="?([^"\n]*)"?$', text, re.MULTILINE))
    return words.get("VERSION_CODENAME", "") if words.get("ID") == "debian" else ""


def debian_mirror() -> str:
    """The mirror the host's own apt uses for Debian's main archive."""
    texts = []
    for place in (
        Path("/etc/apt/sources.list"),
        *sorted(Path("/etc/apt/sources.list.d").glob("*")),
    ):
        with contextlib.suppress(OSError, UnicodeDecodeError):
            texts.append(place.read_text(encoding="utf-8"))
    lines = [line for text in texts for line in text.splitlines() if not line.startswith("#")]
    found = re.search(r"https?://\S*/debian/?(?=\s|$)", "\n".join(lines))
    return found.group(0) if found else "http://deb.debian.org/debian"


class Apt:
    """apt-get with a state of its own below `folder`: asks for nothing that is installed, and
    leaves the host's apt alone. The first of `architectures` is that of packages named without one.
    """

    def __init__(
        self,
        folder: Path,
        suite: str,
        kind: str = "deb",
        architectures: Sequence[str] = ("amd64", "arm64"),
    ) -> None:
        self.archives = folder / "archives"
        for name in ("state/lists/partial", "archives/partial", "cache", "sources"):
            (folder / name).mkdir(parents=True)
        (folder / "status").touch()
        keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"
        (folder / "sources" / "debian.sources").write_text(
            f"Types: {kind}\nURIs: {debian_mirror()}\nSuites: {suite}\nComponents: main\n"
            f"Architectures: {' '.join(architectures)}\nSigned-By: {keyring}\n",
            encoding="utf-8",
        )
        every = " ".join(f'"{name}";' for name in architectures)
        config = folder / "apt.conf"
        config.write_text(
            f'Dir::State "{folder}/state";\n'
            f'Dir::State::status "{folder}/status";\n'
            f'Dir::Cache "{folder}/cache";\n'
            f'Dir::Cache::archives "{self.archives}";\n'
            'Dir::Etc::sourcelist "/dev/null";\n'
            f'Dir::Etc::sourceparts "{folder}/sources";\n'
            f'APT::Architecture "{architectures[0]}";\n'
            f"APT::Architectures {{ {every} }};\n"
            'APT::Install-Recommends "false";\n'
            'APT::Sandbox::User "";\n'  # no change of user: the folder is private
            'Acquire::Languages "none";\n'
            'Acquire::Retries "3";\n'
            'Acquire::http::Timeout "60";\n',
            encoding="utf-8",
        )
        self.env = {**os.environ, "APT_CONFIG": str(config), "LC_ALL": "C"}

    def update(self) -> None:
        command = ("apt-get", "update", "-qq", "-o", "APT::Update::Error-Mode=any")
        run(command, "apt-get update", self.env)

    def source(self, package: str, folder: Path) -> None:
        """Downloads the upstream archive of a source package (of kind deb-src) into a folder."""
        command = ("apt-get", "source", "-qq", "--download-only", "--tar-only", package)
        run(command, f"apt-get source {package}", self.env, folder)

    def download(self, packages: Sequence[str], progress: Progress) -> list[Path]:
        """Downloads the packages and all they depend on."""
        install = ("apt-get", "install", "-qq", "-y")
        what = f"apt-get download of {' '.join(packages)}"
        uris = run((*install, "--print-uris", *packages), what, self.env)
        rows = re.findall(r"^'[^']+' (\S+) (\d+)", uris, re.MULTILINE)
        total = sum(int(size) for _, size in rows) or 1
        with subprocess.Popen(
            (*install, "--download-only", *packages),
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            while process.poll() is None:
                have = sum(file.stat().st_size for file in self.files())
                progress.show(f"{have / 1e6:.0f} of {total / 1e6:.0f} MB")
                time.sleep(0.1)
            output = process.stdout.read() if process.stdout else ""
        if process.returncode != 0:
            raise ToolchainError(f"{what}: {last_words(output)}")
        return [self.archives / unquote(name).replace(":", "%3a") for name, _ in rows]

    def files(self) -> Iterator[Path]:
        """What is downloaded so far, partly or whole."""
        for folder in (self.archives, self.archives / "partial"):
            for file in folder.glob("*.deb"):
                if file.exists():
                    yield file


def unpack(package: Path, into: Path, keep: Sequence[str]) -> None:
    """Unpacks a Debian package's files below `into`, or only the paths in `keep`."""
    if not keep:
        run(("dpkg-deb", "-x", str(package), str(into)), f"unpacking {package.name}")
        return
    with subprocess.Popen(
        ("dpkg-deb", "--fsys-tarfile", str(package)), stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        with tarfile.open(fileobj=process.stdout, mode="r|") as archive:
            for member in archive:
                name = member.name.removeprefix("./")
                stream = archive.extractfile(member) if member.isfile() else None
                if name in keep and stream is not None:
                    place = into / name
                    place.parent.mkdir(parents=True, exist_ok=True)
                    with place.open("wb") as out:
                        shutil.copyfileobj(stream, out)
                    place.chmod(0o755)


def make_relative(root: Path) -> None:
    """Rewrites what names absolute folders: linker scripts, and symbolic links from the root."""
    for script in (root / "usr").rglob("lib*.so"):
        if script.is_symlink() or script.stat().st_size > 4096:
            continue
        with contextlib.suppress(UnicodeDecodeError):
            text = script.read_text(encoding="ascii")
            if "GROUP" in text:
                script.write_text(re.sub(r"/[\w/.-]*/(?=[\w.-]+)", "", text), encoding="ascii")
    for link in (root / "usr").rglob("*"):
        if link.is_symlink() and (target := link.readlink()).is_absolute():
            link.unlink()
            link.symlink_to(os.path.relpath(root / target.relative_to("/"), link.parent))


def fetch_part(name: str) -> Path:
    """Returns the folder of a Debian part, fetching it when it is not there."""
    part = PARTS[name]
    place = part_folder(name)
    if (place / part.witness).exists():
        return place
    suite = part.suite or debian_codename()
    if not debian_codename():
        raise ToolchainError(f"{part.title} needs Debian's apt-get, which this host does not have")
    with locked(), tempfile.TemporaryDirectory(dir=place.parent, prefix=".tmp-") as temporary:
        if (place / part.witness).exists():
            return place
        progress = Progress(part.title)
        try:
            progress.show("reading the package lists")
            apt = Apt(Path(temporary) / "apt", suite)
            apt.update()
            files = apt.download(part.packages, progress)
            root = Path(temporary) / "root"
            root.mkdir()
            for number, file in enumerate(files):
                progress.show(f"unpacking {number + 1} of {len(files)}")
                if part.whole or not file.name.startswith(HOST_PACKAGES):
                    unpack(file, root, part.keep)
            make_relative(root)
            if not (root / part.witness).exists():
                raise ToolchainError(f"{part.title}: the packages hold no {part.witness}")
            shutil.rmtree(place, ignore_errors=True)
            root.rename(place)
        finally:
            progress.close()
    return place


def fetch_zig() -> Path:
    """Returns the folder of the ziglang wheel, fetching it from PyPI when it is not there."""
    place = part_folder("zig")
    if (place / "ziglang" / "__main__.py").exists():
        return place
    with locked(), tempfile.TemporaryDirectory(dir=place.parent, prefix=".tmp-") as temporary:
        progress = Progress("AArch64 compiler (ziglang)")
        try:
            progress.show("installing the wheel")
            root = Path(temporary) / "root"
            pip = (sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "-q")
            run((*pip, "--no-deps", "--target", str(root), "ziglang>=0.13"), "pip install ziglang")
            shutil.rmtree(place, ignore_errors=True)
            root.rename(place)
        finally:
            progress.close()
    return place


@contextlib.contextmanager
def locked() -> Iterator[None]:
    """One fetch at a time a cache; a second process waits and then finds the part there."""
    folder = cache_folder() / LAYOUT
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / ".lock").open("w")
    except OSError as error:
        raise ToolchainError(f"cannot use the cache {folder}: {error.strerror}") from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


# ------------------------------------------------------------------------------------ what is there


def gcc_compiler(root: Path) -> Compiler:
    """The unpacked Debian cross compiler; it finds its own parts relative to itself."""
    libraries = f"{root}/usr/lib/x86_64-linux-gnu"
    if given := os.environ.get("LD_LIBRARY_PATH"):
        libraries += f":{given}"
    command = f"{root}/usr/bin/aarch64-linux-gnu-"
    return Compiler(
        cc=(command + "gcc",),
        cxx=(command + "g++",),
        libc="glibc",
        env={"LD_LIBRARY_PATH": libraries},
        root=root,
    )


def zig_compiler(root: Path) -> Compiler:
    """The compiler in the ziglang wheel."""
    zig = (sys.executable, "-m", "ziglang")
    target = ("-target", "aarch64-linux-musl")
    return Compiler(
        cc=(*zig, "cc", *target),
        cxx=(*zig, "c++", *target),
        libc="musl",
        env={
            "PYTHONPATH": str(root),
            "ZIG_GLOBAL_CACHE_DIR": str(cache_folder() / "zig-cache"),
            "ZIG_LOCAL_CACHE_DIR": str(cache_folder() / "zig-cache"),
        },
    )


def find_compiler(*, fetch: bool) -> Compiler:
    """An AArch64 compiler: what the cache has, else (with `fetch`) what can be fetched.

    ToolchainError when there is none.
    """
    if (part_folder("gcc") / PARTS["gcc"].witness).exists():
        return gcc_compiler(part_folder("gcc"))
    if (part_folder("zig") / "ziglang" / "__main__.py").exists():
        return zig_compiler(part_folder("zig"))
    if not fetch:
        raise ToolchainError("no AArch64 compiler is there; `make toolchain` fetches one")
    if debian_codename():
        try:
            return gcc_compiler(fetch_part("gcc"))
        except ToolchainError as error:
            print(f"{error}; trying the ziglang wheel", file=sys.stderr)
    return zig_compiler(fetch_zig())


def find_qemu(*, fetch: bool) -> Path | None:
    """A packaged qemu-aarch64 to compare with, or None."""
    packaged = part_folder("qemu") / PARTS["qemu"].witness
    if packaged.exists():
        return packaged
    if fetch:
        with contextlib.suppress(ToolchainError):
            return fetch_part("qemu") / PARTS["qemu"].witness
    for name in ("qemu-aarch64", "qemu-aarch64-static"):
        if found := shutil.which(name):
            return Path(found)
    return None


def system_qemu(*, fetch: bool) -> tuple[str, ...]:
    """The first words of a command that runs a packaged qemu-system-aarch64. ToolchainError when it
    is not there and cannot be fetched."""
    root = part_folder("qemu-system")
    program = root / PARTS["qemu-system"].witness
    if not program.exists():
        if not fetch:
            raise ToolchainError(
                "no qemu-system-aarch64 is there; `python -m tools.guest_toolchain qemu-system` "
                "fetches one"
            )
        fetch_part("qemu-system")
    libraries = root / "usr/lib/x86_64-linux-gnu"
    loader = (str(libraries / "ld-linux-x86-64.so.2"), "--library-path", str(libraries))
    return (*loader, str(program), "-L", f"{root}/usr/share/qemu")


def find_slirp(*, fetch: bool) -> Path:
    """libslirp for a process of the host's. ToolchainError as above."""
    library = part_folder("slirp") / PARTS["slirp"].witness
    if not library.exists():
        if not fetch:
            raise ToolchainError("no libslirp is there")
        fetch_part("slirp")
    return library


@dataclass(frozen=True)
class Llvm:
    """A libLLVM, and the first words of a command that runs a program in its environment: it has a
    C library of its own."""

    library: Path
    loader: tuple[str, ...]


def find_llvm(*, fetch: bool) -> Llvm:
    """LLVM as a shared library. ToolchainError when it is not there and cannot be fetched."""
    root = part_folder("llvm")
    library = root / PARTS["llvm"].witness
    if not library.exists():
        if not fetch:
            raise ToolchainError("no LLVM is there; `make toolchain` fetches one")
        fetch_part("llvm")
    libraries = root / "usr/lib/x86_64-linux-gnu"
    return Llvm(
        library, (str(libraries / "ld-linux-x86-64.so.2"), "--library-path", str(libraries))
    )


@dataclass(frozen=True)
class Gdb:
    """A GDB that knows AArch64: the first words of its command, and its environment."""

    command: tuple[str, ...]
    env: dict[str, str]


def find_gdb(*, fetch: bool) -> Gdb:
    """gdb-multiarch. ToolchainError when it is not there and cannot be fetched."""
    root = part_folder("gdb")
    program = root / PARTS["gdb"].witness
    if not program.exists():
        if not fetch:
            raise ToolchainError("no gdb-multiarch is there; `make toolchain` fetches one")
        fetch_part("gdb")
    libraries = root / "usr/lib/x86_64-linux-gnu"
    loader = (str(libraries / "ld-linux-x86-64.so.2"), "--library-path", str(libraries))
    data = f"--data-directory={root}/usr/share/gdb"
    return Gdb((*loader, str(program), data, "-nx", "-q"), {"PYTHONHOME": f"{root}/usr"})


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tools.guest_toolchain",
        description="Fetch what builds and checks guest programs, without root.",
    )
    parser.add_argument(
        "part",
        nargs="*",
        help="gcc, qemu, llvm, gdb, qemu-system, slirp, zig, or compiler (default: the best one "
        "this host can have)",
    )
    arguments = parser.parse_args()
    try:
        for name in arguments.part or ["compiler"]:
            if name == "compiler":
                print("compiler", " ".join(find_compiler(fetch=True).cc))
            elif name == "zig":
                print(name, fetch_zig())
            elif name in PARTS:
                print(name, fetch_part(name))
            else:
                parser.error(f"no part is named {name}")
    except ToolchainError as error:
        print(f"guest_toolchain: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
