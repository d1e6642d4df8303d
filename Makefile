# `make demo` and `make test` set everything up by themselves; `make help` lists the rest.
PYTHON ?= python3
BIN := .venv/bin
MATURIN_TARGET := target/maturin
RUST_SOURCES := $(shell find rust firmware_sim -path firmware_sim/firmware -prune -o \( -name '*.rs' -o -name '*.toml' \) -print) Cargo.toml Cargo.lock
FIRMWARE := firmware_sim/firmware

.DEFAULT_GOAL := help
.PHONY: help demo test test-rust test-python lint bench head-to-head delay-queue asv accuracy sizes mnist grid-bias training-speed firmware firmware-tools fuzz overload mutations docs lock clean setup

help:  ## Say what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

demo: setup  ## Train, compile, run and price a network with learned delays; report in build/demo
	$(BIN)/tarry demo --out build/demo

test: setup firmware-tools lint test-rust test-python  ## All tests: Rust, Python, documentation, lints, types

test-rust: build/networks.bin
	TARRY_NETWORKS=$(CURDIR)/build/networks.bin cargo test --workspace --quiet
	TARRY_NETWORKS=$(CURDIR)/build/networks.bin cargo test --profile checked --quiet -p tarry-core

# All generated networks of the parity tests with what the reference says of them, for debug and optimised builds.
build/networks.bin: .venv/.extension tests/generated.py tests/generated_clocked.py tests/layouts.py tests/golden/regenerate.py python/tarry/reference/event.py
	mkdir -p build
	$(BIN)/python tests/golden/regenerate.py $@

test-python: setup
	$(BIN)/python -m pytest -n 2 --dist loadfile -q

# Targets of the compiler and QEMU, installed where that is possible; without them the tests of the images are skipped, in CI they fail.
firmware-tools:
	@$(FIRMWARE)/setup.sh > /dev/null || [ -z "$$CI" ]

lint: setup  ## Formatting, lints, types, stubs; every warning is an error
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --quiet -- -D warnings
	cd $(FIRMWARE) && cargo fmt --check && ./lint.sh
	$(BIN)/ruff format --check python tests benchmarks conftest.py
	$(BIN)/ruff check -q python tests benchmarks conftest.py
	$(BIN)/mypy
	$(BIN)/python -m mypy.stubtest tarry._core

setup: .venv/.extension  ## Virtual environment, pinned packages, the Rust extension

.venv/bin/python:
	rm -rf .venv
	$(PYTHON) -m venv .venv || { rm -rf .venv && $(PYTHON) -m venv --without-pip .venv && $(PYTHON) -m pip --python .venv/bin/python install -q pip; }

.venv/.packages: .venv/bin/python requirements/dev.txt
	$(BIN)/python -m pip install -q uv==0.13.8
	$(BIN)/uv pip install -q --python .venv/bin/python --require-hashes -r requirements/dev.txt
	touch $@

.venv/.extension: .venv/.packages pyproject.toml $(RUST_SOURCES)
	VIRTUAL_ENV=$(CURDIR)/.venv $(BIN)/maturin develop --release --uv -q --target-dir $(MATURIN_TARGET)
	touch $@

bench: setup  ## The figures of the README, side by side, answers checked; docs/results/bench.json
	$(BIN)/python benchmarks/bench.py
	$(MAKE) head-to-head

head-to-head: setup  ## The fixed workload, Tarry against C and peers in environments of their own; build/bench/head_to_head.json
	cd benchmarks && $(CURDIR)/$(BIN)/python -m head_to_head $(OPTIONS)

# asv wants to know the machine, and writes that into the home directory: here it is one of its own.
asv: setup  ## Every benchmark of the suite once, answers checked, nothing stored
	mkdir -p build/asv
	cd benchmarks && HOME=$(CURDIR)/build/asv PATH=$(CURDIR)/$(BIN):$$PATH sh -c 'asv machine --yes >/dev/null && \
		asv run --python=same --quick --show-stderr --dry-run --set-commit-hash $$(git rev-parse HEAD)'

delay-queue: setup  ## Block widths and layouts of the delay queue: docs/results/delay_queue.json, docs/delay_queue.md
	$(BIN)/python benchmarks/delay_queue

accuracy: setup  ## Accuracies on Yin-Yang, 10 seeds per kind of delay (about 20 minutes); docs/results/yin_yang.json
	$(BIN)/python benchmarks/yin_yang_accuracy.py

firmware: setup firmware-tools build/networks.bin  ## Sizes of the bare-metal images, instructions of every golden inference; docs/results/firmware.json
	$(BIN)/python benchmarks/firmware.py
grid-bias: setup  ## What a grid of ticks does to spike times and gradients; docs/grid_bias.md and its picture
	$(BIN)/python benchmarks/grid_bias.py

training-speed: setup  ## Exact training of many spikes against delays by convolution; docs/results/training_speed.json
	$(BIN)/python benchmarks/training_speed.py

sizes: setup  ## Accuracies on Yin-Yang over hidden sizes and kinds of delay (goes on where it stopped); docs/results/yin_yang_sizes.json
	$(BIN)/python benchmarks/yin_yang_sizes.py

mnist: setup  ## First-spike training on MNIST 784-350-10 (../shared/data/mnist); docs/results/mnist.json
	$(BIN)/python benchmarks/mnist_accuracy.py

fuzz:  ## Ten million damaged programs, snapshots and hostile streams, ten minutes; docs/results/fuzz.json
	cargo run --release --quiet -p tarry-core --example fuzz > docs/results/fuzz.json
	cat docs/results/fuzz.json

overload:  ## 10^8 spikes at twice the load that histories take, every count compared with a model; docs/results/overload.json
	cargo run --release --quiet -p tarry-core --example overload > docs/results/overload.json
	cat docs/results/overload.json

mutations: setup  ## Break the code on purpose and see the tests fail
	$(BIN)/python tests/mutations.py

docs: setup  ## Run every example of README and docs; API pages of the crates in target/doc
	$(BIN)/python -m pytest -q README.md docs
	cargo doc --workspace --no-deps --quiet

lock:  ## Resolve requirements/dev.in into requirements/dev.txt
	$(BIN)/uv pip compile --universal --generate-hashes --python-version 3.11 --no-header -q requirements/dev.in -o requirements/dev.txt

clean:  ## Remove everything that was built
	rm -rf .venv target build dist python/tarry/_core*.so
