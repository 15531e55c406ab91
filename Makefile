# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

INVENTORY = inventory/localhost.yml
ARGS =
SCENARIO =
OPTIONS =

PROVISION = tools/provision
WITH_DOCKER = tools/with_docker
WORKERS = --numprocesses=2 --dist=loadfile --durations=15
SCENARIOS = $(patsubst molecule/%/molecule.yml,molecule-%,$(wildcard molecule/*/molecule.yml))

.PHONY: help provision unprovision setup images programs test lint sanity unit integration artifact kubernetes molecule bench clean $(SCENARIOS)

help: ## Show this
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

provision: ## Make this machine an edge registry and its first client; a fleet: INVENTORY=… ARGS=…
	$(PROVISION) edgeops.registry.site --inventory $(INVENTORY) $(ARGS)

unprovision: ## Take all of that back, the registry's images too
	$(PROVISION) edgeops.registry.decommission --inventory $(INVENTORY) --extra-vars registry_data=remove $(ARGS)
	$(PROVISION) --forget

# Everything below is for who works on the collection

unexport PYTHONDONTWRITEBYTECODE # each of the thousands of runs of Ansible would compile the collection anew

programs test lint sanity unit integration artifact kubernetes molecule bench: export PATH := $(CURDIR)/.venv/bin:$(PATH)
test lint sanity unit integration artifact kubernetes molecule bench: export ANSIBLE_HOME := $(CURDIR)/.ansible
molecule test: export MOLECULE_GLOB := molecule/*/molecule.yml
molecule test: export NO_COLOR := 1

setup: ## Install what the tests need: packages of the system, and .venv
	@tools/system_packages
	@python3 tools/dev_setup.py test

images: setup ## Build the images of the test hosts
	$(WITH_DOCKER) tools/build_images

programs: setup ## Build the Kubernetes of the tests from source; minutes the first time
	python -m ansible_collections.edgeops.registry.tests.support.kubernetes_programs

# What takes longest begins first
test: setup ## All of the tests, three parts at a time; a part's output comes when it ends, and what failed at the end
	tools/with_recap $(WITH_DOCKER) $(MAKE) --keep-going --jobs=3 --output-sync=target programs integration lint kubernetes $(SCENARIOS) unit

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
	$(WITH_DOCKER) pytest $(WORKERS) tests --ignore=tests/integration --ignore=tests/kubernetes $(OPTIONS)

integration: images ## Tests of modules, roles and playbooks on real hosts: OPTIONS='-k NAME'
	$(WITH_DOCKER) pytest $(WORKERS) --no-loadscope-reorder tests/integration $(OPTIONS)

artifact: images ## The built collection, alone, from its archive
	$(WITH_DOCKER) pytest tests/integration/test_artifact.py $(OPTIONS)

kubernetes: images $(if $(KUBECONFIG_UNDER_TEST),,programs) ## Tests on a real Kubernetes: OPTIONS='-k NAME'; on yours: KUBECONFIG_UNDER_TEST=FILE
	$(WITH_DOCKER) pytest $(if $(KUBECONFIG_UNDER_TEST),--durations=15,$(WORKERS) --no-loadscope-reorder) tests/kubernetes $(OPTIONS)

molecule: setup ## Scenarios from end to end, two at a time: SCENARIO=…
	$(WITH_DOCKER) $(MAKE) --jobs=2 --output-sync=target $(or $(SCENARIO:%=molecule-%),$(SCENARIOS))

molecule-azure_stack_edge molecule-kubernetes: programs
$(SCENARIOS): molecule-%: images
	molecule test --scenario-name $*
	@echo "molecule: scenario $* passed"

bench: setup ## Compare with what users would do otherwise, on an idle machine; an hour
	$(WITH_DOCKER) python -m benchmarks.fleet --write docs/benchmarks.md
	python -m benchmarks.seeding --write docs/benchmarks.md
	$(WITH_DOCKER) python -m benchmarks.kubernetes --write docs/benchmarks.md

clean: ## Remove what make has made in the checkout, but not what it provisioned
	rm -rf .ansible .hypothesis .mypy_cache .pytest_cache .ruff_cache .venv .venv-newest build tests/output
	find . -name __pycache__ -prune -exec rm -rf {} +
