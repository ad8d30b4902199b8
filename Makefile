# Owns the commands a developer types. Each works on a fresh machine with Python 3.11+, a C++20
# compiler and make, as any user; what is missing is fetched into .venv and the user's cache.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := build
.PHONY: help venv dev build run test check format bench testfloat fuzz fuzz-syscalls stress sweep bless test-distro debian-tree sanitize toolchain testbins docs clean
MAKEFLAGS += --no-print-directory

VENV := .venv
BIN := $(VENV)/bin
BUILD := build/dev
PYTHON ?= $(firstword $(foreach p,python3 python3.14 python3.13 python3.12 python3.11,$(if \
    $(shell $(p) -c 'import sys; print(sys.version_info >= (3, 11) or "")' 2>/dev/null),$(p))))
# Tests and tools find each other here; the venv's cmake and ninja come before the system's.
export PATH := $(CURDIR)/$(BIN):$(PATH)
export PYDBT_BUILD := $(CURDIR)/$(BUILD)
CONFIGURE := cmake -G Ninja -S .
# A line of progress on a terminal, nothing elsewhere.
NINJA = quiet=--quiet; [ -t 1 ] && quiet=; ninja -C $(BUILD) $$quiet

help: ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## */\t/' | expand -t 14

$(BIN)/.ready: pyproject.toml tools/requirements.py
	@if [ -z "$(PYTHON)" ]; then echo "make: pydbt needs Python 3.11 or later as python3" >&2; exit 1; fi
	@echo "Setting up $(VENV)"
	@[ -x $(BIN)/python ] || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python tools/requirements.py dev > $(VENV)/requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r $(VENV)/requirements.txt
	@touch $@

venv: $(BIN)/.ready ## make .venv with everything that building and testing needs

$(BUILD)/build.ninja: | $(BIN)/.ready
	@mkdir -p $(BUILD)
	@$(CONFIGURE) -B $(BUILD) > $(BUILD)/configure.log 2>&1 || { cat $(BUILD)/configure.log >&2; exit 1; }

build: $(BIN)/.ready $(BUILD)/build.ninja ## build the launcher, the extension and the C++ tests (default)
	@$(NINJA)

dev: $(BIN)/.ready ## install pydbt editable in .venv; its launcher is the build tree's
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps \
	    -C build-dir=$(BUILD) -C cmake.define.PYDBT_WERROR=ON --editable .
	@$(BIN)/python -m tools.link_dev $(BUILD)

run: $(BIN)/.ready $(BUILD)/build.ninja ## build the launcher, translate and run a guest program that greets
	@$(NINJA) pydbt-aarch64
	@$(BIN)/python -m tools.demo

toolchain: $(BIN)/.ready ## fetch the AArch64 compiler, qemu-aarch64, LLVM and GDB into the user's cache
	@$(BIN)/python -m tools.guest_toolchain compiler qemu llvm gdb

testbins: $(BIN)/.ready ## build the guest programs of testbins/ into build/testbins
	@$(BIN)/python -m testbins.build

test: build testbins ## build everything and run all tests
	@$(BIN)/python -m pytest -m "not distro" $(PYTEST_ARGS)

debian-tree: $(BIN)/.ready ## fetch Debian trees for arm64 and amd64 into the user's cache
	@$(BIN)/python -m tools.debian_tree quick full rust stress

test-distro: build ## compare programs of a Debian arm64 tree with their amd64 builds; writes docs/distro.md
	@$(BIN)/python -m pytest tests/distro -m "distro or not distro" --distro-table $(PYTEST_ARGS)

check: build ## all that CI runs: build, formatting, lint, types, tests
	@$(BIN)/python -m ruff check .
	@$(BIN)/python -m ruff format --check .
	@$(BIN)/python -m mypy
	@git ls-files -z '*.cpp' '*.hpp' | xargs -0 -r clang-format --dry-run --Werror
	@$(MAKE) test

format: $(BIN)/.ready ## reformat all Python and C++
	@$(BIN)/python -m ruff check --fix-only --quiet .
	@$(BIN)/python -m ruff format --quiet .
	@git ls-files -z '*.cpp' '*.hpp' | xargs -0 -r clang-format -i

bench: build ## compare native, qemu-aarch64 and pydbt side by side (BENCH_ARGS="--before PATH")
	@$(BIN)/python -m tests.bench $(BENCH_ARGS)

testfloat: build ## run Berkeley TestFloat on all functions (TESTFLOAT_ARGS="--level 2 f64_mul")
	@$(BIN)/python -m tests.testfloat $(TESTFLOAT_ARGS)

fuzz: build ## run the differential fuzzer (FUZZ_ARGS="--cases 1000000 --tier 1")
	@$(BIN)/python -m tests.fuzz $(FUZZ_ARGS)

fuzz-syscalls: build ## make random system calls (FUZZ_ARGS="--batches 1000 --tier interp --seed 7")
	@$(BIN)/python -m tests.fuzz.syscalls $(FUZZ_ARGS)

stress: build ## storms of threads, processes and signals for an hour (STRESS_ARGS="--minutes 5")
	@$(BIN)/python -m tests.fuzz.storms $(STRESS_ARGS)

sweep: build ## compare which words are instructions with LLVM, 70 million of them (SWEEP_ARGS="--random N")
	@$(BIN)/python -m tests.differential.conformance $(SWEEP_ARGS)

bless: build testbins ## rewrite the golden files in tests/golden from what the engine does now
	@$(BIN)/python -m pytest tests/golden --bless -q
	@git diff --stat -- tests/golden

docs: $(BIN)/.ready ## rewrite docs/reference from the specs; the man page is build/pydbt-aarch64.1
	@$(BIN)/python -m tools.reference
	@mkdir -p build
	@PYTHONPATH=. $(BIN)/argparse-manpage --module usermode.cli --function parser --project-name pydbt \
	    --manual-section 1 --description "runs AArch64 Linux programs on x86-64" \
	    --output build/pydbt-aarch64.1

sanitize: $(BIN)/.ready testbins ## build with ASan and UBSan, run the C++ tests, cases and programs
	@$(CONFIGURE) -B build/sanitize -DPYDBT_SANITIZE=ON -DPYDBT_PYTHON_MODULE=OFF > build/sanitize.log
	@ninja -C build/sanitize --quiet
	@ASAN_OPTIONS=handle_segv=0:handle_sigbus=0:handle_sigill=0:handle_sigfpe=0:handle_sigtrap=0 \
	    PYDBT_BUILD=$(CURDIR)/build/sanitize $(BIN)/python -m pytest -m sanitize $(PYTEST_ARGS)

clean: ## remove build/ (keeps .venv and the user's cache)
	rm -rf build
