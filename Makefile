# The two commands: make demo, make test. Both set up what is missing first, and need no network once that is done.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
export PYTHON
UV := .tools/bin/uv
BIN := .venv/bin
KDC_DECIDES := scenarios_identity.py scenarios_passwords.py scenarios_permission.py scenarios_start.py scripts.py sso.py outages.py commands.py

.PHONY: .test-packages help demo test setup lint types unit integration container bench reference fix clean

help:
	@echo "make demo   a throw-away realm, sample data and the service"
	@echo "make test   linters, types and all tests"
	@echo "make lint | types | unit | integration | container | bench | reference | fix | clean"

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

# Most of what a test waits for is somebody's deadline. Each process has realms of its own, and the tests of a file stay together.
PARALLEL := --numprocesses=auto --dist=loadfile

# The files that take longest, to be begun first: one that is begun last is waited for by everybody else.
LONGEST := schemathesis.py engine_bits.py reload.py

unit: .test-packages
	$(BIN)/pytest $(PARALLEL) --ignore tests/integration --ignore tests/ad --cov --cov-report=
	$(BIN)/coverage report --include='kerbauth/core/*,kerbauth/kdc/pac/*' --fail-under=100 --show-missing --skip-covered

integration: .test-packages
	$(BIN)/pytest $(PARALLEL) $(addprefix tests/integration/test_,$(LONGEST)) tests/ad tests/integration

# What a KDC decides, again with the KDC in a container. How processes, listeners, proxies, counters and files behave does not depend on it.
container: .test-packages
	tests/kdc/container.sh --image
	KERBAUTH_TEST_KDC=container $(BIN)/pytest $(PARALLEL) $(addprefix tests/integration/test_,$(KDC_DECIDES)) tests/lab_selftest/test_realm.py

test: lint types unit integration container

bench: setup
	tools/system-packages.sh run bench
	$(BIN)/python -m bench.logins
	$(BIN)/python -m bench.peers
	$(BIN)/python -m bench.failover
	$(BIN)/python -m bench.waiting
	$(BIN)/python -m bench.timing
	$(BIN)/python -m bench.metrics
	$(BIN)/python -m bench.audit
	$(BIN)/python -m bench.soak

# The pages that are made from the code.
reference: setup
	$(BIN)/python -m tools.reference

fix: setup
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

clean:
	rm -rf .venv .tools .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .coverage
