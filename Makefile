# Set-up, tests and the demo. Needs Python >= 3.11 and git; Java is fetched if there is none.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

BIN := .venv/bin
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	"$$p" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && { echo "$$p"; break; }; done)
# Processes that integration tests run in: half of them wait for servers most of the time. End to end
# the files share what takes minutes to load, so one process is quicker.
WORKERS ?= 2
SEEDS ?= 20
KILLS ?= 100
SEED ?= 1
UV_VERSION := 0.13.9
READY := .venv/.ready

.PHONY: help docs setup demo up down run check report test lint unit integration end_to_end faults kill bench fix lock clean

help: ## Show this list
	@grep -hE '^[a-z_]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

setup: $(READY) ## Create .venv with the pinned dependencies; fetch Java if there is none

# uv installs ten times quicker than pip; where it can't be had or can't reach the index, pip does it.
$(READY): requirements.lock pyproject.toml
	@[ -n "$(PYTHON)" ] || { echo "Python 3.11, 3.12 or 3.13 is needed and none was found on PATH; install one, or say make PYTHON=/path/to/python3"; exit 2; }
	@echo "── setting up .venv (once; a minute or two) ──"
	@[ -x $(BIN)/python ] || "$(PYTHON)" -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION) || echo "no uv, using pip"
	@index="$$($(BIN)/python -m pip config get global.index-url 2>/dev/null || true)"; \
	if [ -n "$$index" ] && [ -z "$${UV_DEFAULT_INDEX:-}" ]; then export UV_DEFAULT_INDEX="$$index"; fi; \
	UV_HTTP_TIMEOUT=120 $(BIN)/uv pip install --quiet --compile-bytecode --require-hashes --python $(BIN)/python -r requirements.lock \
		|| $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --config-settings editable_mode=compat --editable .
	@$(BIN)/python -m transform.java
	@touch $@

demo: setup ## Load the demo company end to end and print its DORA metrics
	@$(BIN)/sei demo

up: setup ## Dagster UI and daemon on http://localhost:3000, nightly schedule on
	@$(BIN)/sei up

down: ## Stop whatever was started: Dagster, the demo server, the embedded PostgreSQL
	@[ ! -x $(BIN)/sei ] || $(BIN)/sei down

run: setup ## One run over your own sei.toml
	@$(BIN)/sei run

check: setup ## Test settings and credentials before a load
	@$(BIN)/sei check

report: setup ## Print the DORA metrics of the last run
	@$(BIN)/sei report

test: setup lint unit integration end_to_end ## Everything, in rising order

lint: setup ## Format, lint, import rules, types, dbt parse, SQL
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(BIN)/dbt parse --quiet --project-dir dbt_project --profiles-dir dbt_project
	$(BIN)/sqlfluff lint --processes 2 dbt_project/models dbt_project/tests

unit: setup ## Unit tests (under a minute)
	$(BIN)/python -m pytest -q -m "not integration and not end_to_end"

integration: setup ## Tests with a real Postgres, real HTTP and real Spark
	$(BIN)/python -m pytest -q -m integration -n $(WORKERS) --dist loadfile --durations 15

end_to_end: setup ## Tests that run the whole pipeline
	$(BIN)/python -m pytest -q -m end_to_end -n $(WORKERS) --dist loadfile --durations 10

faults: setup ## Long: each fault at each kind of request, SEEDS=20 loads with faults at random
	SEI_FAULT_SEEDS=$(SEEDS) $(BIN)/python -m pytest -q tests/ingestion/integration/test_any_fault.py

kill: setup ## Long: KILLS=100 processes of loads and of refreshes killed by chance (SEED=1), repeated and compared
	SEI_KILL_SEEDS=$$(( ($(KILLS) + 2) / 3 )) $(BIN)/python -m pytest -q tests/ingestion/integration/test_killed_loads.py
	$(BIN)/python -m tests.orchestration.kill_anything --kills $(KILLS) --seed $(SEED)
	$(BIN)/python -m tests.orchestration.kill_services --kills $$(( ($(KILLS) + 9) / 10 )) --seed $(SEED)

bench: setup ## Long: what loading takes, also beside other collectors; tables in .sei/benchmarks.md (QUICK=1: small sizes)
	$(BIN)/python -m bench $(if $(QUICK),--quick)

fix: setup ## Format and fix what can be fixed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/sqlfluff fix --processes 2 dbt_project/models dbt_project/tests

docs: setup ## Renew docs/warehouse.md
	$(BIN)/python -m orchestration.warehouse_docs > docs/warehouse.md

lock: setup ## Renew requirements.lock from pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --all-extras --no-header --no-emit-index-url --no-annotate --python-version 3.11 pyproject.toml -o requirements.lock

clean: down ## Remove .venv and all local data (.sei), the embedded warehouse included
	rm -rf .venv .sei build ./*.egg-info dbt_project/target dbt_project/logs
