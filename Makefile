# The two commands: make demo, make test. Both set up what is missing first, and need no network once that is done.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
export PYTHON
UV := .tools/bin/uv
BIN := .venv/bin

.PHONY: .test-packages help demo test setup lint types unit container bench reference fix clean

help:
	@echo "make demo   a throw-away realm, sample data and the service"
	@echo "make test   linters, types and all tests"
	@echo "make lint | types | unit | container | bench | reference | fix | clean"

setup: .venv/.ready

.tools/.ready: tools/uv.txt
	tools/system-packages.sh run
	$(PYTHON) -m venv .tools
	.tools/bin/pip install --quiet --disable-pip-version-check -r tools/uv.txt
	touch $@

.venv/.ready: .tools/.ready pyproject.toml uv.lock
	tools/system-packages.sh run
	@# From uv's cache if that has everything: then no network is needed, even when the project itself has to be built again.
	$(UV) sync --quiet --frozen --offline --python $(PYTHON) 2>/dev/null || $(UV) sync --quiet --frozen --python $(PYTHON)
	touch $@

.test-packages: setup
	tools/system-packages.sh run test

demo: setup
	tools/system-packages.sh run
	$(BIN)/kerbauth demo

lint: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports

types: setup
	$(BIN)/mypy

unit: .test-packages
	$(BIN)/pytest --cov --cov-report=
	$(BIN)/coverage report --include='kerbauth/core/*' --fail-under=100 --show-missing --skip-covered

# The same tests again, with the KDC in a container.
container: .test-packages
	tests/kdc/container.sh --image
	KERBAUTH_TEST_KDC=container $(BIN)/pytest tests/integration tests/lab_selftest/test_realm.py

test: lint types unit container

bench: setup
	$(BIN)/python -m bench.logins
	$(BIN)/python -m bench.timing
	$(BIN)/python -m bench.metrics

# The pages that are made from the code.
reference: setup
	$(BIN)/python -m tools.reference

fix: setup
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

clean:
	rm -rf .venv .tools .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .coverage
