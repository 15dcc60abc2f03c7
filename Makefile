# The one door: `make run` and `make test` work on a fresh machine that has
# Python 3.11 or newer and nothing else. Everything lands in .venv and var.

SHELL  := bash
PYTHON ?= $(shell tools/find-python)
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check --no-input
LOCKED := $(PIP) install --quiet --require-hashes -r
ARGS   ?=
# Whole files side by side: what a file boots, it boots once.
BESIDE := -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

# The sandboxes' own constants: they guard two small products on loopback that
# hold nothing. A real system's token comes from its environment the same way.
export SANDBOX_DESK_TOKEN ?= 1-20-sandbox
export SANDBOX_DEV_KEY    ?= dev-sandbox-key

.DEFAULT_GOAL := help
.PHONY: help run test coverage lint types laws simulate crash faults real bench docs lock wheel-check clean

help:  ## What can be asked for
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1|/' | \
	  while IFS='|' read -r name what; do printf '  make %-12s %s\n' "$$name" "$$what"; done

run: $(VENV)/.ready  ## Run the daemon with sdsync.toml and the two sandboxes
	@exec $(BIN)/sdsync run --with-sandbox $(ARGS)

test: $(VENV)/.dev  ## All tests that this machine can run; ARGS="-k trace" narrows
	@$(BIN)/python -m pytest -m "not real" $(BESIDE) $(ARGS)

coverage: $(VENV)/.dev  ## The same, slower, and what they reach of each file
	@$(BIN)/python -m pytest -m "not real" $(BESIDE) -q --cov --cov-report=term:skip-covered $(ARGS)

lint: $(VENV)/.dev  ## ruff: rules and format
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: $(VENV)/.dev  ## mypy --strict and pyright
	@$(BIN)/mypy && $(BIN)/pyright

laws: $(VENV)/.dev  ## Break each law on purpose; its test must go red
	@$(BIN)/python -m tests.laws $(ARGS)

simulate: $(VENV)/.dev  ## Seeded schedules on a virtual clock; ARGS="--schedules 2000"
	@$(BIN)/python -m tests.simulation $(ARGS)

real: $(VENV)/.dev  ## A real RT and Redmine, synced; the long form: SDSYNC_REAL_RECORDS=5000
	@$(BIN)/python -m pytest -m real $(if $(findstring tests/real,$(ARGS)),,tests/real) $(ARGS)

crash: $(VENV)/.dev  ## Kill the daemon 100 times during 2,000 changes; ARGS="--seed 7"
	@$(BIN)/python -m tests.crash $(ARGS)

faults: $(VENV)/.dev  ## Every fault of the catalogue in its long form, hours; ARGS="R5 S15"
	@$(BIN)/python -m tests.faults --long $(ARGS)

bench: $(VENV)/.dev  ## The benchmarks, each a ratio within one run
	@$(BIN)/python -m benchmarks $(ARGS)

docs: $(VENV)/.dev  ## Build the site into site/
	@$(BIN)/mkdocs build --strict --quiet

wheel-check: $(VENV)/.dev  ## Build the wheel, install it elsewhere, run a copy of the tests there
	@$(BIN)/python tests/wheel/check.py $(ARGS)

lock: $(VENV)/.dev  ## Compile requirements/*.txt again, with hashes; ARGS=--upgrade
	@tools/lock $(ARGS)

clean:  ## Remove what make made, except var (the store)
	rm -rf $(VENV) site dist build coverage.xml .coverage htmlcov .mypy_cache .ruff_cache .pytest_cache

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "sdsync needs Python 3.11 or newer; none was found on PATH. Set PYTHON=/path/to/python3." >&2; exit 2; }
	@$(PYTHON) -m venv $(VENV) || { echo "$(PYTHON) cannot make virtual environments; on Debian: apt-get install python3-venv" >&2; rm -rf $(VENV); exit 2; }

$(VENV)/.ready: requirements/runtime.txt requirements/build.txt pyproject.toml | $(VENV)/bin/python
	@echo "setting up $(VENV) from the locked requirements ..." >&2
	@$(LOCKED) requirements/runtime.txt
	@$(LOCKED) requirements/build.txt
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.ready
	@echo "adding what tests and checks take ..." >&2
	@$(LOCKED) requirements/dev.txt
	@touch $@
