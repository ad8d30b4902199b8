"""Builds the guest programs into build/testbins, and their amd64 twins into build/testbins/native.

    python -m testbins.build [NAME...]

Owns compiler options and what is up to date: a program is built again when its command, a source, a
header or a compiler differs from what its stamp says. A result is renamed into place, so it is
whole or not there. Must not know how programs are run. Prints nothing but a progress line on a
terminal, and what the compilers say.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path

from testbins.programs import (
    BARE,
    BARE_ALONE,
    BENCH,
    BUILD,
    FOLDER,
    PROGRAMS,
    GuestBuild,
    Program,
    bare_path,
    guest_builds,
    native_path,
)
from tools.guest_toolchain import Compiler, Progress, ToolchainError, find_compiler

STAMPS = BUILD / ".stamps"

# -ffp-contract=off: a compiler that fuses a multiplication and an addition changes what is printed.
COMMON = ("-g0", "-Wall", "-Wextra", "-ffp-contract=off", "-I", str(FOLDER / "include"))
STANDARD = {"asm": (), "c": ("-std=gnu17",), "cpp": ("-std=c++20",)}


class BuildError(Exception):
    """A program that does not build, or no compiler to build it with."""


@dataclass(frozen=True)
class Step:
    """One compiler run: `command` gets `-o` and a temporary file that becomes `target`."""

    target: Path
    command: tuple[str, ...]
    sources: tuple[Path, ...]
    env: dict[str, str] = field(default_factory=dict)

    @property
    def stamp(self) -> Path:
        return STAMPS / "-".join(self.target.relative_to(BUILD).parts)

    def fingerprint(self) -> str:
        """A digest of all that the result depends on."""
        digest = hashlib.sha256("\0".join(self.command).encode())
        headers = [*(FOLDER / "include").glob("*.h")]
        headers += [header for folder in self.folders() for header in folder.glob("*.h")]
        for file in (*self.sources, *sorted(headers)):
            digest.update(file.read_bytes())
        compiler = Path(shutil.which(self.command[0]) or self.command[0]).resolve()
        if compiler.exists():
            status = compiler.stat()
            digest.update(f"{compiler} {status.st_size} {status.st_mtime_ns}".encode())
        return digest.hexdigest()

    def folders(self) -> list[Path]:
        return sorted({source.parent for source in self.sources})

    def up_to_date(self) -> bool:
        try:
            known = self.stamp.read_text(encoding="ascii")
        except OSError:
            return False
        return self.target.exists() and known == self.fingerprint()

    def run(self) -> str:
        """Builds; returns the compiler's warnings. BuildError with its words."""
        self.target.parent.mkdir(parents=True, exist_ok=True)
        temporary = self.target.with_name(f".{self.target.name}.{os.getpid()}")
        command = (*self.command, "-o", str(temporary))
        env = {**os.environ, **self.env}
        try:
            done = subprocess.run(
                command,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
            if done.returncode != 0:
                raise BuildError(f"{self.target.name} does not build:\n{done.stdout.rstrip()}")
            temporary.rename(self.target)
        except OSError as error:
            raise BuildError(f"{self.command[0]}: {error.strerror}") from error
        finally:
            temporary.unlink(missing_ok=True)
        STAMPS.mkdir(parents=True, exist_ok=True)
        self.stamp.write_text(self.fingerprint(), encoding="ascii")
        return done.stdout


# ----------------------------------------------------------------------------------------- commands


def musl_command(compiler: Compiler, sources: Sequence[str], options: Sequence[str]) -> list[str]:
    """The glibc cross compiler, told to use the musl that is unpacked beside it."""
    assert compiler.root is not None
    library = compiler.root / "usr/lib/aarch64-linux-musl"
    headers = compiler.root / "usr/include/aarch64-linux-musl"
    own = compiler_file(compiler, "include")
    start = [
        str(library / "crt1.o"),
        str(library / "crti.o"),
        compiler_file(compiler, "crtbeginT.o"),
    ]
    end = [compiler_file(compiler, "crtend.o"), str(library / "crtn.o")]
    return [
        *compiler.cc,
        *options,
        *("-nostdinc", "-isystem", str(headers), "-isystem", own),
        *("-static", "-no-pie", "-nostdlib", *start, *sources, f"-L{library}"),
        *("-Wl,--start-group", "-lc", "-lm", "-lgcc", "-lgcc_eh", "-Wl,--end-group", *end),
    ]


def compiler_file(compiler: Compiler, name: str) -> str:
    """Where the compiler keeps a file of its own."""
    done = subprocess.run(
        (*compiler.cc, f"-print-file-name={name}"),
        env=compiler.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise BuildError(f"{compiler.cc[0]} -print-file-name={name}: {done.stderr.strip()}")
    return done.stdout.strip()


def sources_of(program: Program) -> tuple[Path, ...]:
    return tuple(FOLDER / source for source in program.sources)


def guest_step(build: GuestBuild, compiler: Compiler) -> Step:
    program = build.program
    paths = sources_of(program)
    sources = [str(path) for path in paths]
    options = [f"-{build.level}", *STANDARD[program.language], *COMMON, *program.flags]
    if compiler.libc == "musl":
        options.append("-fno-sanitize=undefined")  # `zig cc` instruments what is not optimized
    if program.language == "asm":
        command = [*compiler.cc, "-nostdlib", "-static", "-no-pie", *sources]
    elif build.libc == "musl" and compiler.libc == "glibc":
        command = musl_command(compiler, sources, options)
    else:
        driver = compiler.cxx if program.language == "cpp" else compiler.cc
        link = ["-static", "-no-pie", "-fno-pie"]
        if build.pie:  # zig links statically anyway, and knows no -static-pie
            link = ["-fPIE", "-static-pie" if compiler.libc == "glibc" else "-pie"]
        command = [*driver, *options, *link, *sources, "-lm"]
    return Step(build.path, tuple(command), paths, compiler.env)


def native_step(program: Program, level: str) -> Step:
    variable, names = ("CXX", ("c++", "g++", "clang++"))
    if program.language == "c":
        variable, names = ("CC", ("cc", "gcc", "clang"))
    driver = os.environ.get(variable, "").split() or [
        next((name for name in names if shutil.which(name)), names[0])
    ]
    paths = sources_of(program)
    options = [f"-{level}", *STANDARD[program.language], *COMMON, *program.flags]
    command = (*driver, *options, *(str(path) for path in paths), "-lm")
    return Step(native_path(program, level), command, paths)


def bare_step(name: str, compiler: Compiler) -> Step:
    """A program for EL1: nothing but what is in testbins/bare, and no access that is misaligned."""
    folder = FOLDER / "bare"
    paths = (folder / "start.S", folder / "bare.c", folder / f"{name}.c")
    options = ("-ffreestanding", "-fno-stack-protector", "-mgeneral-regs-only", "-mstrict-align")
    link = ("-nostdlib", "-static", "-no-pie", "-fno-pie", "-Wl,--build-id=none")
    script = (f"-Wl,-T,{folder / 'link.ld'}", "-Wl,--no-warn-rwx-segments")
    level = ("-O2", "-g0", "-Wall", "-Wextra", "-march=armv8.2-a", *STANDARD["c"])
    command = (*compiler.cc, *level, *options, *link, *script, *(str(path) for path in paths))
    return Step(bare_path(name), command, paths, compiler.env)


def all_steps(compiler: Compiler) -> list[Step]:
    """Everything there is to build with this compiler."""
    steps = [bare_step(name, compiler) for name in (*BARE, *BARE_ALONE)]
    for program in (*PROGRAMS, BENCH):
        steps += [guest_step(build, compiler) for build in guest_builds(program, compiler.libc)]
        if not program.golden:
            steps += [native_step(program, level) for level in program.levels]
    return steps


# ------------------------------------------------------------------------------------------ running


def build(steps: Sequence[Step]) -> None:
    """Runs the steps that are not up to date, as many at a time as there are processors."""
    wanted = [step for step in steps if not step.up_to_date()]
    progress = Progress("guest programs")
    try:
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            running = {pool.submit(step.run): step for step in wanted}
            progress.show(f"0 of {len(wanted)}")
            for number, done in enumerate(as_completed(running), 1):
                try:
                    words = done.result()
                except BuildError:
                    pool.shutdown(cancel_futures=True)
                    raise
                target = running[done].target
                if words:
                    progress.close()
                    print(f"{target.relative_to(BUILD)}:\n{words}", file=sys.stderr, end="")
                progress.show(f"{number} of {len(wanted)}, {target.name}")
    finally:
        progress.close()


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m testbins.build", description="Build the guest programs and their twins."
    )
    parser.add_argument("name", nargs="*", help="build only the programs so named")
    names = parser.parse_args(arguments).name
    try:
        steps = all_steps(find_compiler(fetch=True))
        if names:
            known = {program.name for program in (*PROGRAMS, BENCH)}
            if unknown := sorted(set(names) - known):
                parser.error(f"no program is named {', '.join(unknown)}")
            chosen = {FOLDER / s for p in (*PROGRAMS, BENCH) if p.name in names for s in p.sources}
            steps = [step for step in steps if chosen & set(step.sources)]
        build(steps)
    except (BuildError, ToolchainError) as error:
        print(f"testbins: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
