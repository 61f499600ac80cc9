# Everything a developer types. `make help` prints this list.
PYTHON ?= python3
VENV ?= .venv
PORT ?= 8000
DATA_DIR ?= .data
export PORT DATA_DIR

# Installs a hashed lock into $(VENV), again only when the lock or the metadata changed.
# venv is made without pip so that Debian's python3 works without python3-venv.
define install
$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "We-Upload needs Python 3.11 or newer; set PYTHON=/path/to/python3")'
test -x $(VENV)/bin/python || $(PYTHON) -m venv --without-pip $(VENV)
$(PYTHON) -m pip --python $(VENV)/bin/python install --quiet --disable-pip-version-check --require-hashes -r requirements/$(1).txt
$(PYTHON) -m pip --python $(VENV)/bin/python install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
touch $@
endef

.PHONY: help run test lint lint-deploy lock clean
help: ## Print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/.embedded: requirements/embedded.txt pyproject.toml
	@echo "Installing into $(VENV) ..."
	@$(call install,embedded)

$(VENV)/.dev: requirements/dev.txt pyproject.toml
	@echo "Installing into $(VENV) ..."
	@$(call install,dev)
	@touch $(VENV)/.embedded

run: $(VENV)/.embedded ## Start PostgreSQL, S3, the API and the worker, here and now
	@exec $(VENV)/bin/we-upload dev

test: $(VENV)/.dev ## Run the whole test suite
	@$(VENV)/bin/python -m pytest

lint: $(VENV)/.dev lint-deploy ## Style, types and import rules
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy
	@$(VENV)/bin/lint-imports

lint-deploy: $(VENV)/.dev ## The image, the compose file and the pipelines
	@$(VENV)/bin/yamllint --strict docker-compose.yml .github
	@$(VENV)/bin/hadolint Dockerfile
	@$(VENV)/bin/check-jsonschema --quiet --builtin-schema vendor.compose-spec docker-compose.yml
	@$(VENV)/bin/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	@$(VENV)/bin/check-jsonschema --quiet --builtin-schema vendor.github-actions .github/actions/*/action.yml
	@$(VENV)/bin/check-jsonschema --quiet --builtin-schema vendor.dependabot .github/dependabot.yml
	@PATH="$(CURDIR)/$(VENV)/bin:$$PATH" actionlint
	@$(VENV)/bin/shellcheck .ci/run requirements/compile scripts/new-env scripts/try-image
	@$(VENV)/bin/zizmor --quiet --offline --pedantic .github

lock: $(VENV)/.dev ## Resolve pyproject.toml into the hashed lock files
	@PATH="$(CURDIR)/$(VENV)/bin:$$PATH" requirements/compile

clean: ## Remove the virtual environment and caches (data stays in DATA_DIR)
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis htmlcov
