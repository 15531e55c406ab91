# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

INVENTORY = inventory/localhost.yml
ARGS =
SCENARIO =
OPTIONS =

PROVISION = tools/provision
WITH_DOCKER = tools/with_docker

.PHONY: help provision unprovision setup images test lint sanity unit integration artifact molecule bench clean

help: ## Show this
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

provision: ## Make this machine an edge registry and its first client; a fleet: INVENTORY=… ARGS=…
	$(PROVISION) edgeops.registry.site --inventory $(INVENTORY) $(ARGS)

unprovision: ## Take all of that back, the registry's images too
	$(PROVISION) edgeops.registry.decommission --inventory $(INVENTORY) --extra-vars registry_data=remove $(ARGS)
	$(PROVISION) --forget

# Everything below is for who works on the collection

test lint sanity unit integration artifact molecule bench: export PATH := $(CURDIR)/.venv/bin:$(PATH)
test lint sanity unit integration artifact molecule bench: export ANSIBLE_HOME := $(CURDIR)/.ansible
molecule test: export MOLECULE_GLOB := molecule/*/molecule.yml
molecule test: export NO_COLOR := 1

setup: ## Install what the tests need: packages of the system, and .venv
	@tools/system_packages
	@python3 tools/dev_setup.py test

images: setup ## Build the images of the test hosts
	$(WITH_DOCKER) tools/build_images

test: setup ## All of the tests, two parts at a time; a part's output comes when it ends
	$(WITH_DOCKER) $(MAKE) --jobs=2 --output-sync=target lint unit integration molecule

lint: setup ## Every checker, ansible-test sanity among them
	ruff check
	ruff format --check
	mypy
	mypy tools benchmarks
	vermin --quiet --violations --target=3.9- plugins/module_utils plugins/modules
	git grep --untracked --files-with-matches --extended-regexp '^#!(/bin/|/usr/bin/env )(ba)?sh' ':!*.j2' | xargs shellcheck
	reuse lint --quiet
	yamllint --strict .
	antsibull-changelog lint
	antsibull-docs lint-collection-docs --plugin-docs .
	ansible-lint
	tools/import_artifact
	tools/sanity

sanity: setup ## Only ansible-test sanity: OPTIONS=…
	tools/sanity $(OPTIONS)

unit: setup ## Tests of the parts: OPTIONS='-k NAME'
	$(WITH_DOCKER) pytest tests --ignore=tests/integration $(OPTIONS)

integration: images ## Tests of modules, roles and playbooks on real hosts: OPTIONS='-k NAME'
	$(WITH_DOCKER) pytest tests/integration $(OPTIONS)

artifact: images ## The built collection, alone, from its archive
	$(WITH_DOCKER) pytest tests/integration/test_artifact.py $(OPTIONS)

molecule: images ## Scenarios from end to end: SCENARIO=…
	$(WITH_DOCKER) tools/molecule_test $(SCENARIO)

bench: setup ## Compare with what users would do otherwise, on an idle machine; an hour
	$(WITH_DOCKER) python -m benchmarks.fleet --write docs/benchmarks.md
	python -m benchmarks.seeding --write docs/benchmarks.md

clean: ## Remove what make has made in the checkout, but not what it provisioned
	rm -rf .ansible .hypothesis .mypy_cache .pytest_cache .ruff_cache .venv .venv-newest build tests/output
	find . -name __pycache__ -prune -exec rm -rf {} +
