# `make` prints the tasks. Each is a few lines that can be run by hand.
.DEFAULT_GOAL := help
.PHONY: help demo test test-scaled scaled unit lint bench assets docs openapi wheel pins clean
SHELL := /bin/bash

PYTHON ?= python3
PORT ?= 8000
VENV ?= .venv
BIN := $(VENV)/bin
WORKERS ?= 2
PYTEST := $(BIN)/python -m pytest
# Most tests side by side, each file in one process; then, one after the other, those that want the machine.
TEST = failed=0; \
	$(PYTEST) -n $(WORKERS) --dist loadfile -m "not alone" || failed=1; \
	$(PYTEST) -m alone || failed=1; \
	exit $$failed
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check

help: ## print this list
	@echo "Tasks (make TASK):"
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  \1\t\2/' | expand -t 14

demo: $(VENV)/.run assets-quiet ## fill the portal with the demo city and serve it: make demo [PORT=8000]
	@export OPENDATA_CONFIG=$${OPENDATA_CONFIG:-config/development.toml} OPENDATA_BASE_URL=http://127.0.0.1:$(PORT); \
	$(BIN)/opendata demo load --as-of today && exec $(BIN)/opendata serve --port $(PORT)

test: $(VENV)/.dev ## run every test that this machine can run
	@tools/install_test_programs
	@$(BIN)/python tools/build_static.py --dev
	@$(TEST)

# Every test that depends on the mode: that asks for the fixture `engines`. All others are in `make test`.
test-scaled: $(VENV)/.dev ## run the tests again on PostgreSQL, Elasticsearch, Redis and S3
	@tools/install_test_programs
	@$(BIN)/python tools/build_static.py --dev
	@export OPENDATA_TEST_MODE=scaled; $(TEST)

scaled: $(VENV)/.dev assets-quiet ## serve the demo city on real servers on this machine: make scaled [PORT=8000]
	OPENDATA_TEST_INSTALL=$${OPENDATA_TEST_INSTALL:-1} $(BIN)/python tools/scaled.py --port $(PORT)

unit: $(VENV)/.dev ## run the unit tests alone (under a minute)
	$(PYTEST) -q -n $(WORKERS) tests/unit tests/architecture

lint: $(VENV)/.dev ## check format, style, types and the floors of the house
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.dev assets-quiet ## measure and write bench/results
	$(BIN)/python -m bench own

assets: $(VENV)/.run ## build style sheets, scripts, fonts and icons of the pages
	$(BIN)/python tools/build_static.py

.PHONY: assets-quiet
assets-quiet: $(VENV)/.run
	@$(BIN)/python tools/build_static.py >/dev/null

docs: $(VENV)/.dev ## write the generated pages of docs/ anew
	$(BIN)/python tools/write_references.py

openapi: $(VENV)/.dev ## write the snapshot of the API's document anew, for a change made on purpose
	OPENDATA_UPDATE_SNAPSHOTS=1 $(BIN)/python -m pytest -q tests/doors/api/test_openapi.py

wheel: $(VENV)/.dev ## build the wheel into dist/
	$(PIP) wheel --no-deps --wheel-dir dist .

pins: ## renew constraints.txt from the ranges of pyproject.toml
	rm -rf build/pins && $(PYTHON) -m venv build/pins
	build/pins/bin/pip install --quiet --upgrade "pip>=25.1"
	build/pins/bin/pip install --quiet -e . --group dev
	(head -n 1 constraints.txt; build/pins/bin/pip freeze --exclude-editable) > build/constraints.txt
	mv build/constraints.txt constraints.txt && rm -rf build/pins

clean: ## remove the demo's data and everything built
	rm -rf var build dist opendata/doors/web/static $(VENV)/.run $(VENV)/.dev

# The environment, and a stamp for what was installed into it from which pins.
$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed: make PYTHON=python3.12 …" if sys.version_info < (3, 11) else 0)'
	@echo "preparing $(VENV) …"
	@$(PYTHON) -m venv $(VENV) || tools/install_venv $(PYTHON) $(VENV)
	@$(PIP) install --upgrade "pip>=25.1"

$(VENV)/.run: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "installing packages …"
	@$(PIP) install -c constraints.txt -e .
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt $(VENV)/.run
	@echo "installing what tests and checks need …"
	@$(PIP) install -c constraints.txt -e . --group dev
	@touch $@
