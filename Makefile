# `make` shows what there is. Needs Python 3.11 to 3.13 and Terraform; `make setup` says if one is missing.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.SUFFIXES:
.NOTPARALLEL:

# The environment that plan, deploy and destroy work on: laptop, dev or prod.
ENV ?= laptop
# More words for pytest, for example: make test-unit ARGS="-k ledger -x"
ARGS ?=

# Any Python 3 starts set-up, which looks for one that the project runs on.
# (The redirection makes old makes start a shell, without which `command` is not found.)
PYTHON3 := $(firstword $(foreach name,python3 python3.11 python3.12 python3.13,$(shell command -v $(name) 2>/dev/null)))
PYTHON := .venv/bin/python
TARGET := $(if $(filter laptop,$(ENV)),laptop,aws)

# Set-up leaves it to Python to compile a module when it is imported first; where that may not be kept,
# each of the many processes here would do it again.
unexport PYTHONDONTWRITEBYTECODE

# What set-up makes, side by side; a target adds what it needs besides.
PARTS := dev cloud jars

# Three test processes: while one waits for Terraform or a JVM, the others work.
SIDE_BY_SIDE := --numprocesses 3 --no-loadscope-reorder

.PHONY: help
help: ## Show this list
	@printf 'Albufera: a data lake, on AWS or whole on a laptop. First: make demo\n\n'
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@printf '\nENV=laptop|dev|prod chooses where plan, deploy and destroy work (now: $(ENV)).\n'

.PHONY: setup
setup: ## Prepare this checkout: Python environments and Spark's jars (quick when done)
	@if [ -z "$(PYTHON3)" ]; then \
	  echo "setup: Albufera needs Python 3.11, 3.12 or 3.13 on the PATH: install one, then run make again."; exit 1; fi
	@$(PYTHON3) scripts/setup.py $(PARTS)

.PHONY: build
build: setup ## Check the catalogue and build zips and archives (TARGET from ENV)
	@$(PYTHON) -m scripts.build --target $(TARGET)

.PHONY: check
check: setup ## Lint, types, format of Python and Terraform
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m ruff format --check .
	@$(PYTHON) -m mypy
	@terraform fmt -check -recursive terraform

.PHONY: format
format: setup ## Format Python and Terraform, mend what the linter can
	@$(PYTHON) -m ruff check --fix-only --quiet .
	@$(PYTHON) -m ruff format .
	@terraform fmt -recursive terraform

.PHONY: test
test: PARTS += checkov browser
test: setup ## Everything that CI runs: build, checks, all tests
	@$(MAKE) --no-print-directory check & checked=$$!; \
	  $(MAKE) --no-print-directory build && wait $$checked  # the build waits for downloads
	@$(PYTHON) -m pytest $(SIDE_BY_SIDE) $(ARGS)

.PHONY: test-unit
test-unit: build ## The tests that need neither Spark nor the laptop cloud (about a minute)
	@$(PYTHON) -m pytest -m "not spark and not laptop and not browser" $(ARGS)

.PHONY: test-spark
test-spark: build ## The tests on a local Spark
	@$(PYTHON) -m pytest -m spark $(ARGS)

.PHONY: test-browser
test-browser: PARTS += browser
test-browser: build ## The tests of the page in a real browser (Chrome or Chromium)
	@$(PYTHON) -m pytest -m browser $(ARGS)

.PHONY: test-laptop
test-laptop: build ## The journeys on the laptop cloud
	@$(PYTHON) -m pytest -m laptop $(ARGS)

.PHONY: demo
demo: build ## See it work: cloud up, lake applied, workbooks uploaded, rows queried
	@$(PYTHON) -m scripts.demo

.PHONY: up
up: build ## Start the laptop cloud and apply the lake to it
	@.venv/bin/lake up

.PHONY: down
down: ## Stop the laptop cloud; its data stays
	@if [ -x .venv/bin/lake ]; then .venv/bin/lake down; else echo "Nothing is set up here."; fi

.PHONY: plan
plan: build ## Show what deploy would change
	@$(PYTHON) -m scripts.deploy plan --env $(ENV)

.PHONY: deploy
deploy: build ## Apply the lake to ENV (asks before it changes AWS)
	@$(PYTHON) -m scripts.deploy apply --env $(ENV)

.PHONY: image
image: setup ## Build and push the weather poller's container for ENV (Docker, Podman or Finch)
	@$(PYTHON) -m scripts.deploy image --env $(ENV)

.PHONY: destroy
destroy: build ## Take the lake out of ENV (asks before it changes AWS)
	@$(PYTHON) -m scripts.deploy destroy --env $(ENV)

.PHONY: bench
bench: build ## Measure, each figure beside its yardstick
	@PYTHONPATH=spark $(PYTHON) -m bench $(ARGS)

.PHONY: mutants
mutants: build ## Which small bugs do the tests notice? (ARGS="--number 100 --seed 1 --module lake/")
	@$(PYTHON) -m scripts.mutants $(ARGS)

.PHONY: clean
clean: down ## Remove what was built and the laptop's lake; environments stay
	@rm -rf build .mutants .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@if [ -d .laptop ]; then find .laptop -mindepth 1 -maxdepth 1 ! -name jars -exec rm -rf {} +; fi
