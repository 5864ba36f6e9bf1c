# Every target does its own set-up: a virtual environment in .venv, made anew when the requirements change.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
SCENARIO ?= normal

.DEFAULT_GOAL := help
.PHONY: help demo run test check format clean

help: ## Show the targets.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(READY) ## Run one meeting through its whole life on the embedded cloud (SCENARIO=normal).
	@$(BIN)/python -m localcloud.demo $(SCENARIO)

run: $(READY) ## Keep the embedded cloud and the app up at http://localhost:8000 until Ctrl-C.
	@$(BIN)/python -m localcloud.run

test: $(READY) ## Run the tests.
	@$(BIN)/python -m pytest

check: $(READY) ## Check format, lint and types.
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

format: $(READY) ## Put the code into its format.
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

clean: ## Remove everything that was made here.
	rm -rf $(VENV) build .mypy_cache .ruff_cache .pytest_cache

$(READY): requirements.txt requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Elephant needs Python 3.11 or newer; name one with make PYTHON=python3.11 …")'
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $(READY)
