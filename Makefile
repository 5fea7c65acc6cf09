# Everything from a fresh clone: `make demo`, `make test`. Each target does the set-up that it needs, once.
.DEFAULT_GOAL := help
.PHONY: help setup build test soak demo fixtures lint tidy format asan tsan bench wheel clean
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

PYTHON := .venv/bin/python
# A tree may share its environment with another: what is run here finds this tree's package first.
export PYTHONPATH := $(CURDIR)/python
# Objects of one tree serve another, wherever it lies.
export CCACHE_BASEDIR := $(CURDIR)
export CCACHE_NOHASHDIR := 1

help: ## List the targets
	@sed -nE 's/^([a-z]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

setup: ## Install system packages (as root, else say which) and make .venv
	@tools/setup.sh

build: setup ## Build the library, the Python module and the C++ tests
	@tools/build.sh dev

test: build ## Build and run every test and check but the sanitizers'
	ctest --preset dev
	$(PYTHON) -m pytest

soak: build ## Ten thousand simulated jobs, each left at any moment and gone on with; minutes
	KLEIN_SEEDS=10000 build/dev/klein_tests --gtest_brief=1 --gtest_filter='Simulation.*'

demo: build fixtures ## Embed real photos with a real model and search them by image
	$(PYTHON) examples/search_by_image

fixtures: setup ## Make the photos and the model of the example and the tests
	$(PYTHON) examples/search_by_image/photos.py
	$(PYTHON) examples/search_by_image/model.py

lint: build ## Format, types and style
	@git ls-files '*.h' '*.cpp' | xargs clang-format-14 --dry-run -Werror
	$(PYTHON) -m ruff format --check --quiet
	$(PYTHON) -m ruff check --quiet
	$(PYTHON) -m mypy

tidy: build ## clang-tidy over every source; minutes, and not yet part of lint
	@cmake --preset lint > build/lint.log 2>&1 || { cat build/lint.log; exit 1; }
	$(PYTHON) tools/check_tidy.py build/lint

format: setup ## Format all code
	git ls-files '*.h' '*.cpp' | xargs clang-format-14 -i
	$(PYTHON) -m ruff format
	$(PYTHON) -m ruff check --fix

asan: setup ## C++ tests under the address and undefined-behaviour sanitizers
	@tools/build.sh asan
	ctest --preset asan

tsan: setup ## The runtime's C++ tests under the thread sanitizer
	@tools/build.sh tsan
	ctest --preset tsan

bench: build fixtures ## Every benchmark, as JSON lines
	@cmake --build --preset dev --target klein_benchmark > build/bench.log || { cat build/bench.log; exit 1; }
	build/dev/klein_benchmark
	@for file in $$(grep -l __main__ benchmarks/*.py); do $(PYTHON) $$file; done

wheel: setup ## A wheel in dist/, tried in an environment of its own
	@tools/wheel.sh

clean: ## Remove what was built; .venv and fixtures stay
	rm -rf build dist out python/pyklein/{*.so,_core.pyi,_verbs.py,include}
