# Every target does its own set-up: virtual environment, Python and npm packages, database.
# All state lives under var/, or under AMANA_HOME when that is set.

PORT ?= 8000
HOUSEHOLDS ?= 5000
SERVE ?= 1
BENCH_HOUSEHOLDS ?= 100000
PYTHON ?= python3

BIN := .venv/bin
UV_OWN := .uv/bin/uv
UV := $(shell uv --version >/dev/null 2>&1 && echo uv || echo $(UV_OWN))
PYTEST_ARGS ?=

.PHONY: demo serve test check bench docs lock install clean

install: .venv/.installed node_modules/.installed

demo: install
	$(BIN)/amana demo --households $(HOUSEHOLDS) $(if $(filter 0,$(SERVE)),--no-serve,--port $(PORT))

serve: install
	$(BIN)/amana serve --port $(PORT)

test: install
	$(BIN)/pytest $(PYTEST_ARGS)

check: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	AMANA_DB_ROLE=owner DJANGO_SETTINGS_MODULE=amana.config.settings $(BIN)/python -m django makemigrations --check --dry-run
	$(BIN)/pytest -n0 -q tests/architecture/test_docs.py

bench: install
	$(BIN)/amana bench import --households $(BENCH_HOUSEHOLDS)
	$(BIN)/amana bench snapshot --households $(BENCH_HOUSEHOLDS)
	$(BIN)/amana bench target --households $(BENCH_HOUSEHOLDS)
	$(BIN)/amana bench payroll --households $(BENCH_HOUSEHOLDS)

# Write the reference pages that are made from the code; a test fails when they are out of date.
docs: install
	$(BIN)/amana write-reference

# Renew the lock. We keep requirements.lock and no uv.lock: docs/decisions/0001.
lock: $(filter $(UV_OWN),$(UV))
	$(UV) pip compile --universal --generate-hashes --no-emit-index-url --no-header \
		--python-version 3.11 --group pyproject.toml:dev --upgrade pyproject.toml -o requirements.lock

clean:
	rm -rf .venv .uv node_modules .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

.uv/bin/uv:
	$(PYTHON) -m venv .uv
	.uv/bin/pip install --quiet uv

.venv/.installed: requirements.lock pyproject.toml $(filter $(UV_OWN),$(UV))
	test -x $(BIN)/python || $(UV) venv --python '>=3.11' .venv
	$(UV) pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements.lock
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --editable .
	touch $@

node_modules/.installed: package.json package-lock.json $(wildcard src/amana/web/styles/*)
	npm ci --silent
	npm run --silent build
	touch $@
