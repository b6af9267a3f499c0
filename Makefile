# make demo   a running archive with demo data on http://127.0.0.1:8000 (PORT=N for another port)
# make test   all tests;  make lint  all checks;  make bench  all measurements
# make bench-adql   one of them, by the name of its file in bench/

SHELL := /bin/sh
PYTHON ?= python3
PORT ?= 8000
VENV := .venv
RUN := $(VENV)/bin/python
STARHAUL := $(VENV)/bin/starhaul
# Tests in half as many processes again as there are cores, for tests wait a lot; four at most, for
# each process has servers of its own. Files stay whole. A test whose process ended is run again.
CORES := $$(getconf _NPROCESSORS_ONLN)
SPREAD := -n $$(( ($(CORES) * 3 + 1) / 2 )) --maxprocesses 4 --dist loadfile --no-loadscope-reorder \
	--max-worker-restart 2
# Where the environment forbids Python to keep compiled modules, each process of the archive would
# compile all of them again (0.6 s).
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test lint bench install python

demo: $(VENV)/.runtime
	exec $(STARHAUL) up --home demo-home --demo --port $(PORT)

install: $(VENV)/.dev

test: $(VENV)/.dev
	$(RUN) -m pytest $(SPREAD)

lint: $(VENV)/.dev
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy
	$(VENV)/bin/lint-imports

bench: $(VENV)/.bench
	@for figure in bench/*.py; do \
		case "$$figure" in */_*) continue ;; esac; \
		echo "== $$figure"; $(RUN) -m "bench.$$(basename "$$figure" .py)" || exit 1; \
	done

bench-%: $(VENV)/.bench
	$(RUN) -m bench.$*

# The stamps say which lock file the environment was made from.
$(VENV)/.runtime: requirements.lock pyproject.toml client/pyproject.toml service/storage/_laying.c | python
	@test -x $(RUN) || $(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --require-hashes -r requirements.lock
	$(RUN) -m pip install --quiet --no-deps --no-build-isolation --editable client --editable .
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.runtime
	$(RUN) -m pip install --quiet --require-hashes -r requirements-dev.lock
	@touch $@

# The peers that figures are measured against; without them the others are still measured.
$(VENV)/.bench: requirements-bench.lock $(VENV)/.dev
	$(RUN) -m pip install --quiet --no-deps --require-hashes -r requirements-bench.lock && touch $@ \
		|| echo "no peers: pip could not install requirements-bench.lock" >&2

python:
	@command -v $(PYTHON) >/dev/null || { \
		echo "$(PYTHON) is not installed: apt install python3 python3-venv" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Starhaul needs Python 3.11 or later, $(PYTHON) is" \
			"$$($(PYTHON) --version 2>&1); name a newer one: make PYTHON=python3.11" >&2; exit 1; }
	@test -x $(RUN) || $(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
		echo "Python's venv module is missing: apt install" \
			"python$$($(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv" >&2; \
		exit 1; }
