# One command each, the same names everywhere; .ci/run calls only these.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

BIN := .venv/bin
READY := .venv/.setup-done

export UV_SYSTEM_CERTS ?= 1

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  \033[1m%-15s\033[0m %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(READY) ## Make .venv from the lock, with the project installed in it

$(READY): pyproject.toml requirements/dev.txt requirements/uv.txt scripts/setup.sh
	@scripts/setup.sh

.PHONY: check
check: $(READY) ## Check format, lint, types, import contracts and the house rules
	@$(MAKE) --keep-going format lint types imports house
	@echo "check: all good"

.PHONY: format lint types imports house
format: $(READY)
	@$(BIN)/ruff format --check --quiet . || { echo "format: run 'make fix'" >&2; exit 1; }
lint: $(READY)
	@$(BIN)/ruff check --quiet .
types: $(READY)
	@$(BIN)/mypy --no-error-summary
imports: $(READY)
	@$(BIN)/lint-imports --no-cache --no-logo | sed -n '/^Contracts:/,$$p'
house: $(READY)
	@$(BIN)/pytest -q tests/house

.PHONY: fix
fix: $(READY) ## Format and repair what ruff can repair
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format .

.PHONY: test
test: $(READY) ## Run the unit, conformance and house tests
	@$(BIN)/pytest $(ARGS)

.PHONY: conformance
conformance: $(READY) ## Count how much of the reference's behaviour the tests hold us to
	@$(BIN)/pytest -q -p conformance.tally $(ARGS)

.PHONY: manifests
manifests: $(READY) ## List the validated manifests; with CRDS=FOLDER, hold them against definitions of kinds too
	@cd tests && PYTHONPATH=.:.. ../$(BIN)/python -m manifests.validated
	@$(if $(CRDS),cd tests && PYTHONPATH=.:.. ../$(BIN)/python -m manifests.against_definitions "$(abspath $(CRDS))")

.PHONY: lowest
lowest: $(READY) ## Run the tests on the lowest versions that pyproject.toml admits
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(LOWEST)
	@export VIRTUAL_ENV=$(LOWEST); \
	$(BIN)/uv pip install --quiet --require-hashes -r requirements/dev.txt; \
	$(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .; \
	$(BIN)/uv pip install --quiet --no-deps --require-hashes -r requirements/lowest.txt
	@$(LOWEST)/bin/pytest tests/unit tests/conformance $(WHOLE_GRAPHS) $(ARGS)

LOWEST := .cache/lowest
# They start a process for every component, and nothing in them depends on versions.
WHOLE_GRAPHS := --ignore tests/conformance/test_operator.py --ignore tests/conformance/test_agent.py

.PHONY: e2e e2e-heavy
e2e: $(READY) ## Wrap, build, push, pull and run the example as a container (needs root, Docker, Podman and Buildah)
	@$(BIN)/pytest tests/e2e -m "not heavy" $(ARGS)
e2e-heavy: $(READY) ## The same by every builder from every kind of index, the guide's own example, Debian packages
	@$(BIN)/pytest tests/e2e -m heavy $(ARGS)

.PHONY: wrapper-image
wrapper-image: $(READY) ## Build the image core-python-wrapper (ARGS="--build-arg BASE_IMAGE=python:3.13-slim")
	@packaging/core-python-wrapper/build.sh $(ARGS)

.PHONY: demo
demo: $(READY) ## Train, wrap and serve the example without Docker, and compare the answers
	@$(BIN)/python -m demo

.PHONY: examples
examples: $(READY) ## Train, wrap, serve and compare the example of every framework, at its newest version (minutes)
	@$(BIN)/python -m bench.examples $(ARGS)

.PHONY: bench
bench: $(READY) ## Measure this server beside nginx and bare calls of the model (minutes)
	@$(BIN)/python -m bench.serving $(ARGS)

.PHONY: digests registry-faults
digests: $(READY) ## Build the same image in every way of a table and print the digests
	@$(BIN)/pytest -q -p cli.digest_table tests/cli/test_build.py -k "same or whatever_counts" $(ARGS)
registry-faults: $(READY) ## Break the line to a registry in every way of a table and print what comes of it
	@$(BIN)/pytest -q -p registry.fault_table tests/registry/test_faults.py $(ARGS)

.PHONY: state-faults state-stall
state-faults: $(READY) ## Break Redis and processes under load and count what state is lost (minutes)
	@PYTHONPATH=tests $(BIN)/python -m bench.state_faults $(ARGS)
state-stall: $(READY) ## Measure how long saving state holds requests up
	@PYTHONPATH=tests $(BIN)/python -m bench.state_stall

.PHONY: bench-peers
bench-peers: $(READY) ## Measure this server and other servers of Python models in one run
	@$(BIN)/python -m bench.comparison $(ARGS)

.PHONY: bench-image
bench-image: $(READY) ## Measure image building beside Docker, BuildKit with uv and Buildah (needs root; ten minutes)
	@PYTHONPATH=tests $(BIN)/python -m bench.image_building $(ARGS)

.PHONY: profile
profile: $(READY) ## Show where a worker's time goes under load, native code included
	@$(BIN)/python -m bench.hot_path $(ARGS)

.PHONY: responsiveness
responsiveness: $(READY) ## Measure how soon health, metrics and refusals are answered while a long predict runs
	@$(BIN)/python -m bench.responsiveness

.PHONY: decoding
decoding: $(READY) ## Measure how long large JSON takes to become an array, beside the fastest libraries
	@$(BIN)/python -m bench.decoding

.PHONY: startup
startup: $(READY) ## Measure imports, the command line's start and the supervisor's memory
	@$(BIN)/python -m bench.startup

.PHONY: footprint
footprint: $(READY) ## Measure what the runtime adds to the environment of a model
	@$(BIN)/python -m bench.footprint

.PHONY: layer-work
layer-work: $(READY) ## Measure the work of making layers beside tar and zlib, and the memory that 3 GB of wheels take
	@$(BIN)/python -m bench.layer_work

COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --custom-compile-command "make lock"

.PHONY: lock
lock: $(READY) ## Resolve the lock again (UPGRADE=--upgrade for newer versions)
	@$(COMPILE) $(UPGRADE) --all-extras pyproject.toml requirements/dev.in --output-file requirements/dev.txt
	@$(COMPILE) --constraints requirements/dev.txt requirements/uv.in --output-file requirements/uv.txt
	@$(COMPILE) --all-extras --resolution lowest-direct pyproject.toml --output-file requirements/lowest.txt
	@scripts/setup.sh

.PHONY: clean
clean: ## Remove what the other commands made
	@rm -rf .venv .cache .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis dist examples/*/build
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
	@rm -f examples/*/*.{joblib,h5,keras,onnx,pickle,pt2,ubj}
	@rm -rf examples/*/digits
