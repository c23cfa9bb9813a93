# make run    first corpus, end to end       make test    everything that needs no vLLM
# make help   the rest
SHELL := /bin/bash
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check
OUT ?= runs/first
DATASET ?= $(OUT)-dataset
VLLM_VENV ?= .venv-vllm
# A worker takes whole files, so that what a file sets up is made once; each wants 1.5 GB.
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help run test test-huge test-vllm lint types docs bench wheel typing clean

help:
	@echo "make run        build a first corpus of 24 documents with the packaged model ($(OUT))"
	@echo "make test       run the tests (sets up what they need)"
	@echo "make test-huge  what takes minutes: a document of 50 MB"
	@echo "make test-vllm  the same corpus through a real vLLM server on the CPU (3.5 GB, own environment)"
	@echo "make lint       ruff"
	@echo "make types      mypy --strict and the direction of imports"
	@echo "make docs       check the documentation against the command line"
	@echo "make bench      measure sampling, checking, screening and export"
	@echo "make wheel      build the wheel, install it into an empty environment, test that"

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

# The stamps carry what was installed; after set-up nothing here asks the network.
$(VENV)/.run-ready: pyproject.toml | $(BIN)/python
	@echo "installing casewright with the embedded engine"
	@$(PIP) -e '.[llamacpp]'
	@touch $@

$(VENV)/.dev-ready: pyproject.toml | $(BIN)/python
	@echo "installing casewright with everything that the tests need"
	@$(PIP) -e '.[llamacpp,hf,kg,dev]'
	@touch $@ $(VENV)/.run-ready

run: $(VENV)/.run-ready
	@$(BIN)/casewright models get default > /dev/null
	@$(BIN)/casewright build examples/first.yaml --out $(OUT)
	@if [ -e $(DATASET)/README.md ]; then true; \
	 else $(BIN)/casewright export $(OUT) $(DATASET) --to hf > /dev/null; fi
	@echo "dataset    $(DATASET)    (datasets.load_dataset(\"$(DATASET)\"))"

test: $(VENV)/.dev-ready
	@$(BIN)/casewright models get default > /dev/null
	$(BIN)/pytest -n $(WORKERS) --dist loadfile -m "not vllm and not huge"

test-huge: $(VENV)/.dev-ready
	$(BIN)/pytest -m huge

test-vllm: $(VENV)/.dev-ready
	VLLM_VENV=$(VLLM_VENV) CASEWRIGHT=$(BIN)/casewright PYTHON=$(PYTHON) bash .ci/vllm.sh
	CASEWRIGHT_VLLM_PYTHON=$(abspath $(VLLM_VENV))/bin/python $(BIN)/pytest -m vllm

lint: $(VENV)/.dev-ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# mypy and import-linter do not follow the editable map: they are given a folder of links.
typing:
	@rm -rf .typing && mkdir -p .typing/casewright
	@for f in src/casewright/* ; do ln -sfn ../../$$f .typing/casewright/$$(basename $$f); done
	@for d in kg prompts generators filters outputs ; do ln -sfn ../../$$d .typing/casewright/$$d; done

types: $(VENV)/.dev-ready typing
	$(BIN)/mypy
	PYTHONPATH=.typing $(BIN)/lint-imports

docs: $(VENV)/.dev-ready
	$(BIN)/pytest tests/test_docs.py

bench: $(VENV)/.dev-ready
	$(BIN)/python tests/bench/run.py
	$(BIN)/python tests/bench/sampling.py
	$(BIN)/python tests/bench/diversity.py
	$(BIN)/python tests/bench/kinds.py
	$(BIN)/python tests/bench/dialogue.py

wheel: $(VENV)/.dev-ready
	WORKERS=$(WORKERS) bash .ci/wheel.sh $(BIN)

clean:
	rm -rf build dist .typing .mypy_cache .pytest_cache .ruff_cache
