# Boka's commands. `make up` and `make test` work on a machine that has nothing but apt, Python 3.11+ and make.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
STACK ?= local
PROFILE ?=
LIVE ?=
VENV := .venv/bin
# ansible-lint and the syntax check need an inventory; this sample stack file stands in for a raised stack.
SAMPLE := PATH="$(CURDIR)/$(VENV):$$PATH" BOKA_HOME=$(CURDIR)/tests/fixtures/home BOKA_STACK=local
YES_FLAG := $(if $(filter 1,$(YES)),--yes,)

.PHONY: help up down test check lint unit service roles cloud platform bench test-cloud clean

help: ## Say what each command does
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

up: ## Raise the local stack, configure it, deploy, check it from outside (some 2 minutes; the first run builds tools and images too)
	@tools/bootstrap.sh up
	@$(VENV)/boka up --stack $(STACK) $(if $(PROFILE),--profile $(PROFILE),)

down: ## Remove the stack, its state, secrets and hosts (asks; YES=1 for scripts)
	@tools/bootstrap.sh up
	@$(VENV)/boka down --stack $(STACK) $(YES_FLAG)

check: ## Lint, types, unit and template tests: no hosts, no root
	@tools/bootstrap.sh check
	@$(MAKE) --no-print-directory lint unit

test: ## Everything: check, the service on its real database, role tests, the platform test on a throwaway stack
	@tools/bootstrap.sh test
	@tests/run.sh

lint: ## Findings of every linter; zero wanted
	@$(VENV)/ruff format --check --quiet .
	@$(VENV)/ruff check --quiet .
	@$(VENV)/basedpyright
	@$(VENV)/shellcheck tools/bootstrap.sh infra/local/launch.sh infra/policy/pulumi-analyzer-policy-boka tests/run.sh .ci/run
	@$(VENV)/yamllint --strict .
	@$(SAMPLE) $(VENV)/ansible-lint -qq

unit: ## Fast tests: no hosts
	@$(VENV)/pytest -q -n 2 -m "not hosts and not postgresql and not engine" tests

service: ## The booking service against PostgreSQL 17 on a host of its own, and what of it the tests reach (90 % or more)
	@$(VENV)/python tests/service

roles: ## Role tests on real hosts (ROLES="base nginx" for some)
	@$(VENV)/python tests/roles/run.py $(ROLES)

cloud: ## The cloud programs under the real pulumi, with doubles in the place of the providers (no account, no hosts)
	@$(VENV)/python -m tools ensure pulumi
	@timeout --signal=INT 1800 $(VENV)/pytest -q -n 2 --dist loadfile -m engine tests/infra tests/live

platform: ## The whole platform on a throwaway stack
	@$(VENV)/pytest -q -m hosts tests/platform

bench: ## Speed of the service, the cloud programs and the platform, one JSON line a figure (throwaway hosts, some 20 minutes)
	@tools/bootstrap.sh test
	@$(VENV)/python tests/service $(VENV)/python tests/bench/bench_app.py
	@$(VENV)/python -m tools ensure pulumi
	@$(VENV)/python tests/bench/bench_cloud.py
	@$(VENV)/python tests/bench/bench_platform.py

test-cloud: ## Raise, book on and destroy a throwaway stack in an account of yours: costs money, says what it wants to be told
	@PYTHONPATH=tests/platform $(VENV)/python tests/live $(LIVE)

clean: ## Remove caches: tools, images, packages, artefacts
	@rm -rf -- "$${BOKA_CACHE:-/var/cache/boka}" .cache
