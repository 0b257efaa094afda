# Everything here needs only bash, git, make and some Python >= 3.12 (tools/find_python.sh looks for one).
# Written for make 3.81, which macOS has. Variables:
#   PYTHON=/path/to/python3.13   which Python .venv is made with (after `make clean`, where .venv is there already)
#   ARGS="-k pooling -x"         more arguments for pytest or for the demo
#   JOBS=4                       processes of `make test`, each of some 4 GB; without it two, and 0 is pytest's own

BIN := .venv/bin
JOBS := 2
INSTALL := bash tools/install.sh .venv -c constraints.txt -e
INSTALLED_BY := pyproject.toml constraints.txt tools/install.sh

export PYTHON

.NOTPARALLEL:
.PHONY: help demo install test test-slow notebooks lint format docs dist bench clean

help: ## list the targets (what plain `make` does)
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

# The stamps do not count when .venv was copied or moved here with the checkout, since it runs the other place's code,
# nor when its Python is gone; tools/install.sh then makes it anew.
HERE := $(shell test -x .venv/bin/python && grep -F "`pwd -P`/.venv" .venv/bin/activate >/dev/null 2>&1 && echo yes)
ifneq ($(HERE),yes)
.PHONY: .venv/.package .venv/.tests .venv/.docs
endif

.venv/.package: $(INSTALLED_BY)
	@echo "Installing bayescale into .venv (some minutes the first time) ..."
	@$(INSTALL) .
	@touch .venv/.package

.venv/.tests: $(INSTALLED_BY)
	@echo "Installing bayescale and its test extra into .venv (some minutes the first time) ..."
	@$(INSTALL) '.[test]'
	@touch .venv/.package .venv/.tests

.venv/.docs: .venv/.tests
	@echo "Installing what builds the documentation into .venv ..."
	@$(INSTALL) '.[docs]'
	@touch .venv/.docs

demo: .venv/.package ## install into .venv and run the main job on embedded real data
	$(BIN)/bayescale demo$(if $(ARGS), $(ARGS))

install: .venv/.tests ## install into .venv with the test extra, editable

test: .venv/.tests ## install and run the tests, all but the slow ones
	$(BIN)/python -m pytest -n $(JOBS)$(if $(ARGS), $(ARGS))

test-slow: .venv/.tests ## run the tests that take minutes each
	$(BIN)/python -m pytest -m slow$(if $(ARGS), $(ARGS))

notebooks: .venv/.tests ## run the notebooks from clean kernels; ARGS="--write" keeps their outputs
	$(BIN)/python tools/run_notebooks.py$(if $(ARGS), $(ARGS))

lint: .venv/.tests ## ruff, import rules, types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy

format: .venv/.tests ## let ruff rewrite what it can
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

docs: .venv/.docs ## build the documentation into build/docs; a warning is an error
	@rm -rf build/docs
	$(BIN)/python -m sphinx -b html -q -W --keep-going docs build/docs
	@echo "build/docs/index.html"

dist: .venv/.tests ## build wheel and sdist into dist/, install each in an empty environment and try it
	@$(INSTALL) '.[dist]'
	bash tools/build_dist.sh

bench: .venv/.tests ## run every script of benchmarks/
	@$(INSTALL) '.[bench]'
	@set -e; for script in benchmarks/bench_*.py; do \
	    test -e "$$script" || { echo "no benchmarks/bench_*.py"; exit 1; }; \
	    echo "== $$script"; $(BIN)/python "$$script"; \
	done

clean: ## remove the environments and everything else that was built
	rm -rf .venv .venv-newest .venv-dist build dist docs/generated .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
	find bayescale tests tools benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
