# Everything a developer types. `make help` prints this list.
PYTHON ?= python3
VENV ?= .venv
HOST ?= 127.0.0.1
PORT ?= 8000
DATA_DIR ?= .data
# Terraform with the provider's schema and no network, where a checkout has it beside it.
TERRAFORM_CHECK ?= ../shared/terraform/check
export HOST PORT DATA_DIR

VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
# Made anew when $(PYTHON) becomes another version.
ENVIRONMENT := $(VENV)/.python-$(VERSION)
PIP := $(PYTHON) -m pip --python $(VENV)/bin/python
# The first with --python; the first that runs on Python 3.12 and later. tests/deploy/test_locks.py tries both.
OLDEST_PIP := $(if $(filter 3.11,$(VERSION)),22.3,23.1)

# A lock names everything, so nothing is resolved: pip that resolves refuses a complete lock as soon as the
# index has a newer release of a package that another one wants with an extra (pypa/pip#9644).
INSTALL := install -qq --disable-pip-version-check --no-deps

# Installs a hashed lock into $(VENV), again only when the lock or the metadata changed.
define install
echo "Installing into $(VENV), once; this takes about half a minute ..."
$(PIP) $(INSTALL) --require-hashes -r requirements/$(1).txt
$(PIP) $(INSTALL) --no-build-isolation --editable .
$(PIP) check > /dev/null
touch $@
endef

.PHONY: help run dev test soak bench bench-scale bench-processes bench-compare lint lint-deploy terraform-check openapi lock migration decisions events clean
help: ## Print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# Without pip inside: Debian's python3 makes environments with pip only when python3-venv is installed.
$(ENVIRONMENT):
	@$(if $(filter 3.11 3.12 3.13,$(VERSION)),:,echo "We-Upload needs Python 3.11, 3.12 or 3.13, and $(PYTHON) is $(or $(VERSION),missing): say make PYTHON=/path/to/python3.13"; exit 1)
	@$(PYTHON) -c 'import pip, sys; at = lambda v: [int(n) for n in v.split(".")[:2]]; sys.exit(at(pip.__version__) < at("$(OLDEST_PIP)"))' 2>/dev/null || { echo "We-Upload needs pip $(OLDEST_PIP) or newer for $(PYTHON): install python3-pip, or run $(PYTHON) -m pip install --upgrade pip"; exit 1; }
	@$(PYTHON) -m venv --clear --without-pip $(VENV)
	@touch $@

$(VENV)/.embedded: requirements/embedded.txt pyproject.toml $(ENVIRONMENT)
	@$(call install,embedded)

$(VENV)/.dev: requirements/dev.txt pyproject.toml $(ENVIRONMENT)
	@$(call install,dev)
	@touch $(VENV)/.embedded

run: $(VENV)/.embedded ## Start PostgreSQL, S3, the API and the worker, here and now
	@exec $(VENV)/bin/we-upload dev

dev: $(VENV)/.embedded ## The same, and serve what is saved; with every statement: make dev LOG_SQL=true
	@exec $(VENV)/bin/we-upload dev --reload

test: $(VENV)/.dev ## Run the whole test suite and measure what it covers
	@$(VENV)/bin/python -m pytest -n 2 --cov --cov-report=term --cov-fail-under=90 $(ARGS)

soak: $(VENV)/.dev ## Mixed traffic, every process restarted once, then a verdict: make soak SOAK_MINUTES=10
	@SOAK_MINUTES=$(or $(SOAK_MINUTES),2) $(VENV)/bin/python -m benchmarks.soak

bench: $(VENV)/.dev ## Measure every operation beside its floor (needs wrk, Debian's package)
	@command -v wrk > /dev/null || { echo "Install wrk first: apt-get install wrk"; exit 1; }
	@$(VENV)/bin/python -m benchmarks.run $(ARGS)

bench-scale: $(VENV)/.dev ## The same questions among 1,000 files and among 1,000,000
	@$(VENV)/bin/python -m benchmarks.scale

bench-processes: $(VENV)/.dev ## One API process and two (needs wrk)
	@$(VENV)/bin/python -m benchmarks.processes

bench-compare: $(VENV)/.dev ## Ratios between this tree and another commit: make bench-compare REF=main
	@test -n "$(REF)" || { echo "Say which commit: make bench-compare REF=main"; exit 1; }
	@$(VENV)/bin/python -m benchmarks.compare $(REF) $(ARGS)

# What looks like a credential of a known kind; the pipeline looks for the rest, in the history too.
SECRETS = --disable-plugin KeywordDetector --disable-plugin BasicAuthDetector \
	--disable-plugin Base64HighEntropyString --disable-plugin HexHighEntropyString

lint: $(VENV)/.dev ## Style, types, import rules, unsafe code, secrets
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy
	@$(VENV)/bin/lint-imports
	@$(VENV)/bin/bandit --quiet --configfile pyproject.toml -ll -ii --recursive backend alembic scripts
	@git ls-files -z -- ':!requirements' | xargs -0 $(VENV)/bin/detect-secrets-hook $(SECRETS)

lint-deploy: $(VENV)/.dev ## The image, the compose file and the pipelines
	@$(VENV)/bin/yamllint --strict docker-compose.yml docker-compose.dev.yml .github monitoring
	@$(VENV)/bin/hadolint Dockerfile
	@$(VENV)/bin/check-jsonschema --quiet --builtin-schema vendor.compose-spec docker-compose.yml docker-compose.dev.yml
	@$(VENV)/bin/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	@$(VENV)/bin/check-jsonschema --quiet --builtin-schema vendor.github-actions .github/actions/*/action.yml
	@$(VENV)/bin/check-jsonschema --quiet --builtin-schema vendor.dependabot .github/dependabot.yml
	@PATH="$(CURDIR)/$(VENV)/bin:$$PATH" actionlint
	@$(VENV)/bin/shellcheck .ci/run requirements/compile scripts/new-env scripts/try-image
	@$(VENV)/bin/zizmor --quiet --offline --pedantic .github

# checkov pins old versions of what the product uses, so it lives in an environment of its own.
.venv-checkov/.installed: requirements/checkov.txt
	@echo "Installing into .venv-checkov ..."
	@test -x .venv-checkov/bin/python || $(PYTHON) -m venv --without-pip .venv-checkov
	@$(PYTHON) -m pip --python .venv-checkov/bin/python $(INSTALL) --require-hashes -r requirements/checkov.txt
	@touch $@

terraform-check: .venv-checkov/.installed ## The infrastructure: checkov, formatting, validation, tests
	@.venv-checkov/bin/checkov --directory terraform --config-file terraform/.checkov.yaml
	@if test -x $(TERRAFORM_CHECK); then $(TERRAFORM_CHECK) terraform; \
	else echo "$(TERRAFORM_CHECK) is not here: Terraform's own checks did not run (terraform/README.md tells how to run them)"; fi

openapi: $(VENV)/.dev ## Write the contract with clients into openapi.json
	@$(VENV)/bin/we-upload openapi > openapi.json.new
	@mv openapi.json.new openapi.json

lock: $(VENV)/.dev ## Resolve pyproject.toml into the hashed lock files
	@PATH="$(CURDIR)/$(VENV)/bin:$$PATH" requirements/compile

migration: $(VENV)/.dev ## Begin a migration: make migration NAME="what it adds"
	@test -n "$(NAME)" || { echo 'Say what it does: make migration NAME="what it adds"'; exit 1; }
	@$(VENV)/bin/alembic revision --message "$(NAME)" \
	--rev-id "$$(printf %04d $$(($$(ls alembic/versions/*.py | wc -l) + 1)))"

decisions: ## Write the index of the decision records
	@$(PYTHON) scripts/decisions.py

events: $(VENV)/.dev ## Write the page of all events from their catalogue
	@$(VENV)/bin/python -m scripts.events

clean: ## Remove the virtual environments and caches (data stays in DATA_DIR)
	rm -rf $(VENV) .venv-checkov .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage .coverage.* htmlcov
