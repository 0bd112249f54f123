# `make demo` and `make test` do their own set-up. `make help` lists the rest.
.DEFAULT_GOAL := help
.PHONY: help system-packages setup demo up test test-unit test-postgres test-browser test-orchestration screenshots lint types imports sql-lint wheel bench faults clean

VENV  := .venv
BIN   := $(VENV)/bin
STAMP := $(VENV)/.pgfleet-installed
PIP   := $(BIN)/python -m pip --quiet --disable-pip-version-check --no-input
# Looked for only when it is needed; `make PYTHON=/path/to/python` chooses another.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null && echo $$python && break; done)

export PREFECT_SERVER_ANALYTICS_ENABLED := false
export DO_NOT_TRACK := 1
# Each worker has its servers, and a file its worker. `make test WORKERS=` is one after another.
WORKERS ?= --numprocesses=auto --maxprocesses=4 --dist=loadfile --no-loadscope-reorder
# Tests meet neither the Prefect server nor the profiles of who runs them.
PYTEST = home=$$(mktemp -d) && trap 'rm -rf "$$home"' EXIT && trap 'exit 130' INT TERM && \
	env -u PREFECT_API_URL -u PREFECT_PROFILE PREFECT_HOME="$$home" $(BIN)/python -m pytest $(WORKERS) $(ARGS)

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-20s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# What CI has besides Debian's PostgreSQL: each package is named after its command. Lists of packages are fetched only
# where apt does not know one.
SYSTEM_PACKAGES := pgbouncer chromium
APT := DEBIAN_FRONTEND=noninteractive apt-get --quiet=2 --yes --no-install-recommends

system-packages:  ## what the tests use of the system: PgBouncer and Chromium; installed where missing and we are root
	@missing=; for package in $(SYSTEM_PACKAGES); do \
		command -v $$package >/dev/null || test -x /usr/sbin/$$package || missing="$$missing $$package"; done; \
	if test -z "$$missing"; then exit 0; fi; \
	if ! command -v apt-get >/dev/null || test "$$(id -u)" -ne 0; then \
		echo "not here:$$missing; as root: apt-get install$$missing" >&2; exit 1; fi; \
	$(APT) install $$missing >/dev/null 2>&1 || { $(APT) update >/dev/null && $(APT) install $$missing >/dev/null; }

setup: $(STAMP)  ## .venv with pgfleet and its tools, as constraints.txt pins them

$(STAMP): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "pgfleet needs Python 3.11 to 3.14: none on the PATH; try make PYTHON=/path/to/python" >&2; exit 2; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || { echo "setup 1/3: $(VENV), with $$($(PYTHON) --version)"; $(PYTHON) -m venv --clear $(VENV); }
	@echo "setup 2/3: dependencies (a minute or two, once)"
	@$(PIP) install --constraint constraints.txt pip
	@$(PIP) install --constraint constraints.txt --group dev editables
	@echo "setup 3/3: pgfleet"
	@$(PIP) install --constraint constraints.txt --no-build-isolation --editable .
	@touch $@

UP ?= --demo

demo: setup  ## a fleet made on the spot: audit, rollout, audit, repair
	@$(BIN)/pgfleet demo $(ARGS)

up: setup  ## Prefect on this machine, with a fleet made on the spot; make up UP= for your own fleet file
	@$(BIN)/pgfleet up $(UP) $(ARGS)

test: setup  ## every test; make test ARGS="-k name" for some
	@$(PYTEST)

test-unit: setup  ## the pure core: no database, no Prefect
	@$(PYTEST) tests/unit

test-postgres: setup  ## what talks to PostgreSQL, on real servers
	@$(PYTEST) tests/postgres

test-browser: setup  ## the pages, in Chromium
	@$(PYTEST) tests/browser

test-orchestration: setup  ## the flows, on a Prefect server of their own
	@$(PYTEST) tests/orchestration

screenshots: setup  ## the pictures of Prefect's web interface in docs/images, anew
	@SCREENSHOTS=$(CURDIR)/docs/images && export SCREENSHOTS && $(PYTEST) tests/browser/test_prefect_walk.py

lint: setup  ## ruff: rules and format
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: setup  ## mypy, strict
	@$(BIN)/mypy

imports: setup  ## the layers of docs/architecture.md
	@$(BIN)/lint-imports

sql-lint: setup  ## what is unsafe on a live table
	@$(BIN)/squawk --config sql/.squawk.toml sql/migrations/*.sql

wheel: setup  ## build it, install it in an empty place, use it there
	@rm -rf dist && $(BIN)/pyproject-build --no-isolation --wheel
	@there=$$(mktemp -d) && trap 'rm -rf "$$there"' EXIT && trap 'exit 130' INT TERM && $(BIN)/python -m venv "$$there/venv" && \
	"$$there/venv/bin/python" -m pip --quiet --disable-pip-version-check install --constraint constraints.txt dist/*.whl && \
	cd "$$there" && venv/bin/pgfleet manifest

bench: setup  ## against the raw limit, in one run
	@$(BIN)/python -m benchmarks $(ARGS)

faults: setup  ## faults at random moments of rollouts, and what came of them
	@PYTHONPATH=tests $(BIN)/python -m benchmarks.faults $(ARGS)

clean:  ## everything that make made
	@rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
