# make demo    set everything up and run umed on studies that it makes itself
# make test    set everything up and run every check: ruff, mypy, import contracts, pytest
# make lint    the checks without pytest     make bench   the benchmarks     make clean   back to a fresh clone
# make translations   reads the window's words out of the sources and packs the catalogues (docs/TRANSLATING.md)
# make test-xvfb   the window's tests once more, drawn by X11 on a screen that nobody sees (Linux, with Xvfb)
#
# PYTHON=python3.12 chooses the interpreter (3.11 or later), VENV=dir where the packages go, WORKERS=n how many processes
# test at once.

SHELL := /bin/sh
VENV ?= .venv
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)

ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
else
BIN := $(VENV)/bin
endif
PY := $(BIN)/python
PIP := $(PY) -m pip --disable-pip-version-check install --quiet --constraint constraints.txt

DEMO := demo-out
WORKERS ?= 2
INPUTS := pyproject.toml constraints.txt
SOURCES := umed_core umed_desktop cli assets tests benchmarks packaging

.PHONY: demo test test-xvfb lint bench translations setup setup-dev python-version clean

# ---- set-up: skipped while pyproject.toml and constraints.txt are older than the stamp

setup: $(VENV)/.umed-demo
setup-dev: $(VENV)/.umed-dev

$(VENV)/.umed-venv:
	@test -n "$(PYTHON)" && $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "umed needs Python 3.11 or later, and found none. Install one, or name it: make demo PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { \
		echo "This Python cannot make virtual environments. On Debian or Ubuntu: apt install python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

# A full development set-up serves the demo as well.
$(VENV)/.umed-demo: $(VENV)/.umed-venv $(INPUTS)
	@echo "Installing umed without torch into $(VENV) ..."
	@$(PIP) --editable ".[cpu,desktop]"
	@touch $@

$(VENV)/.umed-dev: $(VENV)/.umed-venv $(INPUTS)
	@echo "Installing umed with its development tools and torch into $(VENV) (2 GB on disk) ..."
	@$(PIP) --editable ".[dev]"
	@touch $@ $(VENV)/.umed-demo

# ---- the main job

demo: setup
	@sh .ci/demo "$(BIN)" "$(DEMO)"

# ---- checks

test: lint
	@sh .ci/qt-libraries offscreen
	$(PY) -m pytest -n $(WORKERS) --dist loadfile

test-xvfb: setup-dev
	@sh .ci/qt-libraries xcb
	QT_QPA_PLATFORM=xcb xvfb-run -a -s "-screen 0 1600x1000x24" $(PY) -m pytest tests/desktop

lint: setup-dev
	$(PY) -m ruff format --check $(SOURCES)
	$(PY) -m ruff check $(SOURCES)
	$(PY) -m mypy
	$(BIN)/lint-imports --no-logo

bench: setup-dev
	@for script in benchmarks/*.py benchmarks/desktop; do echo "== $$script"; $(PY) $$script || exit 1; done

translations: setup
	$(PY) packaging/translations.py

clean:
	rm -rf $(VENV) $(DEMO) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
