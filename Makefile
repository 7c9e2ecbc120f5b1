# The front door. `make` alone says what there is. Everything is installed into this checkout, nothing else is touched.

PYTHON ?= python3
# Extra arguments: `make deploy ARGS="-c mode=enforce -c emails=me@example.com"`, `make test ARGS="-k glue"`.
ARGS ?=

BIN := .venv/bin
CDK := node_modules/.bin/cdk --no-notices
PIP := -m pip install --quiet --disable-pip-version-check --no-input
SETUP := .venv/.installed .venv-localcloud/.installed .venv-witness/.installed node_modules/.installed

export CDK_DISABLE_CLI_TELEMETRY := true
export JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION := true
export JSII_SILENCE_WARNING_DEPRECATED_NODE_VERSION := true
# The major versions known to work, though no longer maintained.
export JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION := 20,22

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup demo test soak lint check synth deploy bench shots format clean

help: ## say what there is
	@awk 'BEGIN {FS = ":.*## "} /^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(SETUP) ## install everything into this checkout; does nothing when nothing changed

demo: setup ## run the whole thing on the embedded cloud: about two minutes, needs no account
	@$(BIN)/python -m localcloud.demo $(ARGS)

test: setup ## run every test
	@# The end-to-end tests take longest: named first, they start first, and the others fill the time beside them.
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder --quiet $(wildcard tests/e2e) tests $(ARGS)

soak: .venv/.installed ## simulate days of a world in use for minutes on end: make soak ARGS="--minutes 10 --seed 1"
	@$(BIN)/python -m tests.simulation $(ARGS)

lint: .venv/.installed node_modules/.installed ## check format, style, types and import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	node_modules/.bin/pyright
	$(BIN)/lint-imports

check: lint test synth ## everything that has to hold before a change is merged

synth: .venv/.installed node_modules/.installed ## build the stack's template, checked by cdk-nag; needs no credentials
	$(CDK) synth --quiet $(ARGS)

deploy: .venv/.installed node_modules/.installed ## cdk deploy with your credentials: make deploy ARGS="-c key=value"
	$(CDK) deploy $(ARGS)

bench: setup .venv-bench/.installed ## compare with the alternatives, side by side
	$(BIN)/python -m tests.bench $(ARGS)

shots: setup ## take pictures of every page for people to look at, into build/shots
	@$(BIN)/python -m tests.browser.shots $(ARGS)

format: .venv/.installed ## format the code and fix what can be fixed
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format --quiet .

lock: .venv-lock/.installed ## pin what is deployed anew, with hashes, and list it (SBOM): after a change of lambdas/requirements.in
	.venv-lock/bin/uv pip compile --quiet --generate-hashes --only-binary :all: --python-version 3.14 --python-platform aarch64-manylinux2014 \
	  --custom-compile-command "make lock" --output-file lambdas/requirements.txt lambdas/requirements.in
	.venv-lock/bin/uv venv --quiet --clear build/lock
	.venv-lock/bin/uv pip install --quiet --require-hashes --requirement lambdas/requirements.txt --python build/lock
	.venv-lock/bin/cyclonedx-py environment --output-reproducible --spec-version 1.6 --output-file lambdas/sbom.cdx.json build/lock

clean: ## remove all that make has built and installed here
	rm -rf .venv .venv-localcloud .venv-witness .venv-bench .venv-lock node_modules build cdk.out
	rm -rf .pytest_cache .ruff_cache .hypothesis .import_linter_cache lambdas/session_reaper.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The environments. A stamp in each says that it holds what the files it depends on ask for.

.venv/.installed: requirements.txt constraints.txt lambdas/requirements.in pyproject.toml
	$(call virtualenv,.venv)
	@.venv/bin/python $(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

.venv-localcloud/.installed: localcloud/requirements.txt localcloud/constraints.txt
	$(call virtualenv,.venv-localcloud)
	@touch $@

.venv-witness/.installed: tests/witness/requirements.txt tests/witness/constraints.txt
	$(call virtualenv,.venv-witness)
	@touch $@

.venv-bench/.installed: tests/bench/requirements.txt tests/bench/constraints.txt
	$(call virtualenv,.venv-bench)
	@touch $@

.venv-lock/.installed: infra/lock/requirements.txt infra/lock/constraints.txt
	$(call virtualenv,.venv-lock)
	@touch $@

node_modules/.installed: package.json package-lock.json
	@command -v node >/dev/null && command -v npm >/dev/null || { echo "Node.js and npm are needed for the AWS CDK: install Node.js 20 or newer from https://nodejs.org, then run make again" >&2; exit 1; }
	@echo "installing node_modules"
	@npm ci --no-audit --no-fund --loglevel=error
	@touch $@

# Makes the environment $(1), unless it is there and works, and installs what the first prerequisite lists.
define virtualenv
@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) was not found: install Python 3.11 or newer, or name it: make PYTHON=/path/to/python3" >&2; exit 1; }
@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed, and $(PYTHON) is $$($(PYTHON) -V 2>&1): name another with make PYTHON=/path/to/python3" >&2; exit 1; }
@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "$(PYTHON) lacks the venv module: install it (on Debian and Ubuntu: python3-venv), then run make again" >&2; exit 1; }
@echo "installing $(1)"
@$(1)/bin/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(1)
@$(1)/bin/python $(PIP) --requirement $<
endef
