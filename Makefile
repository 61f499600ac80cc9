# Everything a developer types. `make help` prints this list.
PYTHON ?= python3
VENV ?= .venv
PORT ?= 8000
DATA_DIR ?= .data
# Terraform with the provider's schema and no network, where a checkout has it beside it.
TERRAFORM_CHECK ?= ../shared/terraform/check
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

.PHONY: help run test lint lint-deploy terraform-check lock clean
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

# checkov pins old versions of what the product uses, so it lives in an environment of its own.
.venv-checkov/.installed: requirements/checkov.txt
	@echo "Installing into .venv-checkov ..."
	@test -x .venv-checkov/bin/python || $(PYTHON) -m venv --without-pip .venv-checkov
	@$(PYTHON) -m pip --python .venv-checkov/bin/python install --quiet --disable-pip-version-check --require-hashes -r requirements/checkov.txt
	@touch $@

terraform-check: .venv-checkov/.installed ## The infrastructure: checkov, formatting, validation, tests
	@.venv-checkov/bin/checkov --directory terraform --config-file terraform/.checkov.yaml
	@if test -x $(TERRAFORM_CHECK); then $(TERRAFORM_CHECK) terraform; \
	else echo "$(TERRAFORM_CHECK) is not here: Terraform's own checks did not run (terraform/README.md tells how to run them)"; fi

lock: $(VENV)/.dev ## Resolve pyproject.toml into the hashed lock files
	@PATH="$(CURDIR)/$(VENV)/bin:$$PATH" requirements/compile

clean: ## Remove the virtual environments and caches (data stays in DATA_DIR)
	rm -rf $(VENV) .venv-checkov .mypy_cache .ruff_cache .pytest_cache .hypothesis htmlcov
