SHELL := /bin/bash
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: dev typing
$(BIN)/casewright-dev: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q --disable-pip-version-check -e '.[llamacpp,hf,kg,dev]'
	touch $@
dev: $(BIN)/casewright-dev typing

# mypy and import-linter do not follow the editable map: give them a folder of links.
typing:
	@mkdir -p .typing/casewright
	@for f in src/casewright/* ; do ln -sfn ../../$$f .typing/casewright/$$(basename $$f); done
	@for d in kg prompts generators filters outputs ; do ln -sfn ../../$$d .typing/casewright/$$d; done

.PHONY: lint types
lint: dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
types: dev
	$(BIN)/mypy
	PYTHONPATH=.typing $(BIN)/lint-imports
