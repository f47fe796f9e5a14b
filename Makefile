# Every target sets up what it needs in a virtual environment of its own; Python and make are all it asks for.
# Another interpreter: make test PYTHON=python3.12. Another environment folder: make test VENV=/some/where.
# Some of the notebooks: make notebooks NOTEBOOKS='penguins monte_carlo'.
# Every variable held against its last look after each cell: make notebooks AUDIT=1, make fidelity AUDIT=1.
# More for pytest: make test PYTEST_ARGS='-k planner -x'. A quicker demo: make demo QUICK=1.

PYTHON ?= python3
VENV ?= .venv
PYTEST_ARGS ?=
# Test processes that run side by side; 0: none, which is what a debugger wants.
JOBS ?= 2
QUICK ?=
NOTEBOOKS ?=
AUDIT ?=
BENCH ?=
NAMES ?=
PICTURES ?=
SIZE ?=
WRITE ?=
MIN_PYTHON := 3.11

PY := $(VENV)/bin/python
STAMP := $(VENV)/.ensession-dev

NOTEBOOKS_STAMP := $(VENV)/.ensession-notebooks
FIDELITY_STAMP := $(VENV)/.ensession-fidelity
BROWSER_STAMP := $(VENV)/.ensession-browser
OTHER_PYTHON ?= $(shell .ci/newest-python)
OTHER_VENV ?= $(VENV)-other
OTHER_STAMP := $(OTHER_VENV)/.ensession-versions
COLAB_VENV ?= $(VENV)-colab
COLAB_STAMP := $(COLAB_VENV)/.ensession-colab

.DEFAULT_GOAL := help
.PHONY: help venv demo notebooks fidelity fidelity-here fidelity-table test test-slow test-versions test-colab reliability test-browser lint format types docs bench bench-overhead bench-checkout bench-restore bench-pack bench-sync bench-constants wheel clean

help:
	@echo 'make demo            record, kill, copy and restore the flights notebook (QUICK=1: less training)'
	@echo 'make notebooks       record, kill and restore every notebook of benchmarks/notebooks'
	@echo 'make fidelity        the corpus: every kind of object recorded, killed, restored, compared; tests that need its libraries'
	@echo 'make fidelity-table  the same, and its table into docs/reference/fidelity.md'
	@echo 'make fidelity-here   the corpus, as far as its libraries are in the environment of make test'
	@echo 'make test            all quick tests'
	@echo 'make test-slow       the slow ones as well'
	@echo 'make test-versions   record under this Python, restore under the newest one here, and back'
	@echo 'make test-colab      the oldest IPython, ipykernel and ipywidgets that there are: those of Google Colab'
	@echo 'make test-browser    what %ens shows, in a real JupyterLab in Chromium (PICTURES=DIR: keep pictures of it)'
	@echo 'make reliability     damage, crashes and kills, thousands of them (WRITE=1: the figures into the docs)'
	@echo 'make lint            ruff, import contracts, file and function sizes'
	@echo 'make types           mypy, strict'
	@echo 'make docs            the documentation, into docs/_build/html'
	@echo 'make bench           ensession beside Kishu, ElasticNotebook, dill and pickle (QUICK=1: small, BENCH=names)'
	@echo 'make bench-overhead  what recording costs a trivial cell, one that touches a large value, and a kernel at its start'
	@echo 'make bench-restore   how soon a session of 2 GB is usable again (SIZE=200: of 200 MB; WRITE=1: into the docs)'
	@echo 'make bench-checkout  undo beside 2 GB, checkout of far states, questions to long histories'
	@echo 'make bench-pack      how soon a state runs elsewhere: packed, with everything, with the history only (QUICK=1: small; WRITE=1: into the docs)'
	@echo 'make bench-sync      a session of 1 GB over ssh: against scp, after a small change, interrupted (QUICK=1: small; WRITE=1: into the docs)'
	@echo 'make bench-constants what chunk sizes, page size, zstd level, buffers and prices rest on, in 5 minutes (NAMES="page level": some of them; WRITE=1: into their folders)'
	@echo 'make wheel           build into dist/'
	@echo 'make format          let ruff rewrite the layout'
	@echo 'make clean           remove what the targets above made, the environment included'

venv: $(STAMP)

$(STAMP): pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "No '$(PYTHON)' here. ensession needs Python $(MIN_PYTHON) or newer; name one with: make PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < tuple(map(int, "$(MIN_PYTHON)".split("."))))' || { echo "$$($(PYTHON) --version 2>&1) is too old. ensession needs Python $(MIN_PYTHON) or newer; name one with: make PYTHON=/path/to/python3" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

demo: $(STAMP)
	$(PY) -m benchmarks.demo.run $(if $(QUICK),--quick)

$(NOTEBOOKS_STAMP): $(STAMP)
	$(PY) -m pip install --quiet --disable-pip-version-check --editable '.[notebooks]'
	@touch $@

$(FIDELITY_STAMP): $(STAMP)
	$(PY) -m pip install --quiet --disable-pip-version-check --editable '.[fidelity]'
	@touch $@

# Tests that are skipped where libraries of the corpus are missing: here they are not.
WITH_LIBRARIES := tests/session/test_native.py tests/session/test_hidden.py tests/capture/test_hidden.py tests/capture/test_looking.py tests/e2e/test_random.py

fidelity: $(FIDELITY_STAMP)
	$(PY) -m tests.fidelity $(if $(AUDIT),--audit)
	ENSESSION_NO_SKIPS=1 $(PY) -m pytest -q -m 'slow or not slow' $(WITH_LIBRARIES) $(PYTEST_ARGS)

# The rest of it takes gigabytes of libraries.
fidelity-here: $(STAMP)
	$(PY) -m pytest -n $(JOBS) -m slow tests/fidelity $(PYTEST_ARGS)

fidelity-table: $(FIDELITY_STAMP)
	$(PY) -m tests.fidelity --write

notebooks: $(NOTEBOOKS_STAMP)
	$(PY) -m benchmarks.notebooks.run $(if $(AUDIT),--audit) $(NOTEBOOKS)

test: $(STAMP)
	$(PY) -m pytest -n $(JOBS) --dist worksteal -m 'not slow' $(PYTEST_ARGS)

test-slow: $(STAMP)
	$(PY) -m pytest -m 'slow or not slow' $(PYTEST_ARGS)

# Takes hours; docs/explanation/reliability.md says what is tried.
# Those that start many processes come first: damage leaves thousands of shells behind, and each fork takes longer for it.
RELIABILITY := tests/crash tests/store/test_crash.py tests/store/test_company.py tests/store/test_migrations.py tests/upkeep tests/e2e/test_kill.py tests/e2e/test_run.py tests/e2e/test_sync.py tests/session/test_outages.py tests/hostile tests/session/test_damage.py

reliability: $(STAMP)
	$(PY) -m benchmarks.reliability.run $(if $(WRITE),--write) $(RELIABILITY) -- $(PYTEST_ARGS)

# Six notebooks' worth of libraries, without torch.
VERSIONS_EXTRA := .[notebooks-light,test]

$(OTHER_STAMP): pyproject.toml
	@test -n '$(OTHER_PYTHON)' || { echo "There is no other Python here; name one with: make test-versions OTHER_PYTHON=/path/to/python3" >&2; exit 1; }
	$(OTHER_PYTHON) -m venv $(OTHER_VENV)
	$(OTHER_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --editable '$(VERSIONS_EXTRA)'
	@touch $@

test-versions: $(STAMP) $(OTHER_STAMP)
	$(PY) -m pip install --quiet --disable-pip-version-check --editable '$(VERSIONS_EXTRA)'
	ENSESSION_OTHER_PYTHON=$(OTHER_VENV)/bin/python $(PY) -m pytest -m 'slow or not slow' tests/versions $(PYTEST_ARGS)

# Colab's own packages ask for exactly these: https://github.com/googlecolab/colabtools, setup.py. The least versions in
# pyproject.toml and in README.md are the same.
COLAB_PINS := ipython==7.34.0 ipykernel==6.17.1 jupyter-client==6.1.12 traitlets==5.7.1 ipywidgets==7.7.1
COLAB_TESTS := $(addprefix tests/e2e/test_,$(addsuffix .py,lazy notebook_ways plain where widgets word)) \
	tests/session/test_lazy.py tests/capture/test_completion.py tests/capture/test_taps.py

$(COLAB_STAMP): pyproject.toml Makefile
	$(PYTHON) -m venv $(COLAB_VENV)
	$(COLAB_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[test]' $(COLAB_PINS)
	@touch $@

# What is deprecated today is what such old packages use.
test-colab: $(COLAB_STAMP)
	ENSESSION_NO_SKIPS=1 $(COLAB_VENV)/bin/python -m pytest -W ignore::DeprecationWarning \
		-n $(JOBS) --dist worksteal -m 'not slow' $(COLAB_TESTS) $(PYTEST_ARGS)

$(BROWSER_STAMP): $(STAMP)
	$(PY) -m pip install --quiet --disable-pip-version-check --editable '.[test-browser]'
	@touch $@

test-browser: $(BROWSER_STAMP)
	$(if $(PICTURES),ENSESSION_PICTURES='$(abspath $(PICTURES))') $(PY) -m pytest -m browser tests/browser $(PYTEST_ARGS)

lint: $(STAMP)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/lint-imports
	$(PY) -m pytest -q tests/unit/test_shape.py

format: $(STAMP)
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

types: $(STAMP)
	$(PY) -m mypy

docs: $(STAMP)
	$(PY) -m sphinx -W --keep-going -b html docs docs/_build/html

bench: $(STAMP)
	$(PY) -m benchmarks.rivals.run $(if $(QUICK),--quick) $(BENCH)

bench-overhead: $(STAMP)
	$(PY) -m benchmarks.overhead.run

bench-restore: $(STAMP)
	$(PY) -m benchmarks.restore.run $(if $(SIZE),--megabytes $(SIZE)) $(if $(WRITE),--write)

bench-pack: $(STAMP)
	$(PY) -m benchmarks.pack.run $(if $(QUICK),--scale 0.02 --rounds 1) $(if $(WRITE),--write)

bench-sync: $(STAMP)
	$(PY) -m benchmarks.sync.run $(if $(QUICK),--megabytes 40 --rounds 1 --kills 3) $(if $(WRITE),--write)

bench-constants: $(STAMP)
	$(PY) -m benchmarks.constants.run $(if $(WRITE),--write) $(NAMES)

bench-checkout: $(STAMP)
	$(PY) -m benchmarks.checkout.run

wheel: $(STAMP)
	rm -rf dist
	$(PY) -m build --wheel

clean:
	rm -rf $(VENV) build dist docs/_build .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
