# make demo | test | lint | bench | app — each sets up what it needs in .venv; a second run starts in seconds.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo test bench app lint clean

# the newest of the Pythons that are here and recent enough; `make PYTHON=/path/to/python3.12 ...` overrides
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3.14 python3; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && command -v "$$p" && break; done)
BIN := .venv/bin
OUT ?= demo-output
BENCHMARKS := $(sort $(wildcard tests/benchmarks/*.py))
# threads that spin while they wait took 25 times as long on a busy machine
export OMP_WAIT_POLICY ?= passive
export PIP_DISABLE_PIP_VERSION_CHECK := 1

help:
	@sed -n '1s/^# //p' Makefile

demo: .venv/ready
	@$(BIN)/phenolens demo --out "$(OUT)" --overwrite

test: lint
	@$(BIN)/pytest -n auto --maxprocesses 4 --dist loadfile --max-worker-restart 0

lint: .venv/ready build/typing/phenolens
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: .venv/ready build/landscape.zarr
	@$(if $(BENCHMARKS),,echo "no programs under tests/benchmarks yet")
	@for program in $(BENCHMARKS); do echo; echo "== $$program"; $(BIN)/python "$$program"; done

# the desktop app; make app WORKSPACE=folder, or SAMPLE=landscape
app: .venv/ready
	@$(BIN)/phenolens app $(if $(WORKSPACE),"$(WORKSPACE)") $(if $(SAMPLE),--sample "$(SAMPLE)")

# the simulated sample, embedded: what several benchmarks read
build/landscape.zarr: .venv/ready
	@mkdir -p build
	@$(BIN)/phenolens embed --sample landscape --dates every:10 --out $@ --overwrite

.venv/ready: pyproject.toml constraints.txt
	@if [ -z "$(PYTHON)" ]; then \
		echo "Python 3.11 or newer is needed and none was found: sudo apt-get install python3 python3-venv" >&2; exit 1; fi
	@if ! "$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null; then \
		echo "$(PYTHON) lacks venv: sudo apt-get install python3-venv" >&2; exit 1; fi
	@echo "setting up .venv with $$("$(PYTHON)" --version); this takes a minute or two, once" >&2
	@"$(PYTHON)" -m venv .venv
	@$(BIN)/python -m pip install -q -c constraints.txt -e ".[dev]"
	@touch $@

# the import name phenolens.engine is a mapping of setuptools; type checkers need to see it as folders
build/typing/phenolens:
	@mkdir -p $@
	@for package in app engine resources; do ln -sfn "../../../$$package" "$@/$$package"; done

clean:
	rm -rf .venv build dist *.egg-info demo-output
