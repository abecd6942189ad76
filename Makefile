# Every target makes what it needs: a fresh machine with Python and make is enough.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
# Older LiteLLM releases that the generated pair is tried on, each in an environment of its own; $(VENV) holds the newest.
OLDER_LITELLM := 1.100.0
OLDER := $(OLDER_LITELLM:%=.venvs/litellm-%/.installed)
# What `make bench-peers` compares with, beside the extra `bench`; it needs node, and is left out where that is missing.
PORTKEY := @portkey-ai/gateway@1.15.2
# Three workers for two cores: who waits for a proxy leaves its core to another.
WORKERS := -n 3
# Bytecode makes every start of the proxy three times faster.
unexport PYTHONDONTWRITEBYTECODE
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# LiteLLM fetches its price list from the network unless told to use its own copy.
export LITELLM_LOCAL_MODEL_COST_MAP := True

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help install demo test test-all slow older older-installed bench bench-peers lint generated clean

help: ## say what the targets do
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: $(INSTALLED) ## make .venv, so that .venv/bin/rulec works

$(INSTALLED): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable '.[proxy,dev]'
	@touch $@

demo: $(INSTALLED) ## watch real requests go through a real proxy to where `rulec explain` says
	@$(BIN)/rulec demo

test: $(INSTALLED) ## the default suite, under 5 minutes
	$(BIN)/python -m pytest -q $(WORKERS) $(if $(SELECTED),-m "$(SELECTED)")

test-all: ## the default suite with the slow part, in one go, and an older LiteLLM
	$(MAKE) test SELECTED="slow or not slow"
	$(MAKE) older

slow:
	$(MAKE) test SELECTED=slow

older-installed: $(OLDER)

older: $(OLDER)
	@for version in $(OLDER_LITELLM); do \
		echo "LiteLLM $$version"; \
		.venvs/litellm-$$version/bin/python -m pytest -q -m "proxy and not slow" $(WORKERS) || exit 1; \
	done

.venvs/litellm-%/.installed: pyproject.toml
	$(PYTHON) -m venv .venvs/litellm-$*
	.venvs/litellm-$*/bin/python -m pip install --quiet --editable '.[proxy,dev]' 'litellm[proxy]==$*'
	@touch $@

bench: $(INSTALLED) ## measure decisions, reading, compile time and cold starts
	$(BIN)/python -m tests.bench

bench-peers: $(VENV)/.peers ## measure the same rules and requests in other engines
	$(BIN)/python -m tests.bench peers

$(VENV)/.peers: $(INSTALLED) Makefile
	$(BIN)/python -m pip install --quiet --editable '.[proxy,dev,bench]'
	npm install --silent --no-save --no-package-lock --ignore-scripts --prefix .bench $(PORTKEY) || echo "no $(PORTKEY): it is skipped"
	@touch $@

fuzz: $(INSTALLED) ## ten minutes of odd texts for each parser; atheris leads them if it is installed
	$(BIN)/python -m tests.fuzz --minutes 10

lint: $(INSTALLED) ## ruff, mypy, and rulec on our own rules
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/rulec fmt --check rules/
	$(BIN)/rulec compile rules/ --check
	$(BIN)/rulec lint rules/
	$(BIN)/rulec test rules/ --coverage --fail-under 100

generated: $(INSTALLED) ## write anew what is made of other files: the reader's table, the schema, the pair
	$(BIN)/python -m rulec.syntax.tabulate
	$(BIN)/rulec schema --output docs/rules.schema.json
	$(BIN)/rulec compile rules/ --out generated

clean: ## remove the environments and caches
	rm -rf $(VENV) .venvs dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis .fuzz .bench
