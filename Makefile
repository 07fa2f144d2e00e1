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
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  \033[1m%-10s\033[0m %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(READY) ## Make .venv from the lock, with the project installed in it

$(READY): pyproject.toml requirements/dev.txt requirements/uv.txt scripts/setup.sh
	@scripts/setup.sh

.PHONY: test
test: $(READY) ## Run the unit, conformance and house tests
	@$(BIN)/pytest $(ARGS)

COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --custom-compile-command "make lock" $(UPGRADE)

.PHONY: lock
lock: $(READY) ## Resolve the lock again (UPGRADE=--upgrade for newer versions)
	@$(COMPILE) --all-extras pyproject.toml requirements/dev.in --output-file requirements/dev.txt
	@$(COMPILE) --constraints requirements/dev.txt requirements/uv.in --output-file requirements/uv.txt
	@scripts/setup.sh
