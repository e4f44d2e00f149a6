# Everything here bootstraps itself: the first target that needs the virtual environment makes it.
# `make help` explains each target.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
NAME   ?= 01-car-loan
export PYTHONDONTWRITEBYTECODE ?= 1

.DEFAULT_GOAL := help
.PHONY: help demo story test check generate verify unit integration e2e scenarios images cluster-up cluster-down cluster-env bench bench-peers lock

help: ## explain each target
	@awk 'BEGIN {FS = ":.*## "} /^[a-z0-9-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Leeboard needs Python 3.11 or newer: set PYTHON=/path/to/python3.11")'
	@$(PYTHON) -m venv $(VENV) || { echo "python3 has no venv module: install the package python3-venv"; exit 1; }
	@echo "installing the locked development environment into $(VENV) ..."
	@PYTHONDONTWRITEBYTECODE= $(BIN)/pip install --quiet --disable-pip-version-check -r requirements/dev.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(READY) ## from nothing to a served model: cluster, images, chart, the car-loan story
	$(BIN)/python -m tests.stories 01-car-loan

story: $(READY) ## one story of examples/: make story NAME=01-car-loan
	$(BIN)/python -m tests.stories $(NAME)

test: check unit integration e2e ## everything: static checks, unit, integration and end-to-end tests

check: $(READY) verify ## lint, types, import contracts, generated files
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/yamllint --strict .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

generate: $(READY) tools ## write everything that is generated: CRDs, chart copies, RBAC, plain manifests, API reference
	$(BIN)/python -m leeboard.generate

verify: $(READY) tools ## fail when a generated file differs from what `make generate` writes
	$(BIN)/python -m leeboard.generate --check

.PHONY: tools
tools: $(READY) # helm, kubectl, kube-apiserver and the rest, built once into a cache outside the checkout
	$(BIN)/python -m tests.cluster prebuild

unit: $(READY) tools ## planners, statistics, server parts: no cluster needed
	$(BIN)/pytest tests/unit --numprocesses 2 --dist loadfile

integration: $(READY) tools ## real API server, real MLflow server, real Prometheus
	$(BIN)/python -m tests.cluster prebuild prometheus
	$(BIN)/pytest tests/integration

# The stories take a rollout through its steps every time; its scenarios take half an hour of two cores more.
e2e: $(READY) ## real pods on the local cluster, through the chart
	$(BIN)/pytest tests/e2e --ignore-glob='*/test_rollout_*.py'

scenarios: $(READY) ## every scenario of a rollout under constant load: splits, what goes wrong, long requests, missing numbers
	$(BIN)/pytest tests/e2e/test_rollout_*.py

images: $(READY) ## build the image targets of the Dockerfile and load them into the cluster
	$(BIN)/python -m tests.cluster images

cluster-up: $(READY) ## a ready single-node cluster: LEEBOARD_KUBECONFIG, kind, or built from Go modules
	$(BIN)/python -m tests.cluster up

cluster-down: $(READY) ## stop the cluster and leave nothing behind
	$(BIN)/python -m tests.cluster down

cluster-env: $(READY) ## print KUBECONFIG and PATH for this cluster: eval "$$(make -s cluster-env)"
	@$(BIN)/python -m tests.cluster env

bench: $(READY) tools ## measure the budgets; writes build/bench/*.json
	$(BIN)/python -m tests.bench

bench-peers: $(READY) ## measure other model servers and drift detectors beside ours; writes build/bench/{serving,drift_peers}.json
	$(BIN)/python -m tests.bench serving drift_peers

lock: ## resolve the lock files again from pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile -q --universal --no-emit-index-url --no-header --python-version 3.11 --extra operator --extra cli --extra server --extra model --group dev pyproject.toml -o requirements/dev.txt
	$(BIN)/uv pip compile -q --universal --no-emit-index-url --no-header --python-version 3.11 --extra operator -c requirements/dev.txt pyproject.toml -o requirements/operator.txt
	$(BIN)/uv pip compile -q --universal --no-emit-index-url --no-header --python-version 3.11 --extra server --extra model -c requirements/dev.txt pyproject.toml -o requirements/runtime.txt
	$(BIN)/uv pip compile -q --universal --no-emit-index-url --no-header --python-version 3.11 --extra seldon --override requirements/seldon-overrides.txt pyproject.toml -o requirements/seldon.txt
