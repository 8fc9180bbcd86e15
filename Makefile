# make demo and make test are all that a new user needs; both install into .venv by themselves.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

.PHONY: demo test judge check opponents bench bench-large soak mutants lock docs fixtures clean

demo: $(VENV)/core.stamp  ## install, then the whole of it on the built-in incident
	test ! -d demo || { chmod -R u+w demo && rm -rf demo; }
	$(BIN)/butfor demo demo

test: $(VENV)/dev.stamp  ## install, lint, type-check, run every test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -n 2

# Programs of others that judge what we write: each lives in an environment of its own, because its
# dependencies are its own. With these names set the tests run; a judge that is missing is an error.
JUDGES := $(VENV)/judges
judge: $(VENV)/dev.stamp $(JUDGES)/aws.stamp $(JUDGES)/custody.stamp  ## judges: aws validate-logs, case_validate, prov
	BUTFOR_AWS_CLI=$(CURDIR)/$(JUDGES)/aws/bin/aws \
	  BUTFOR_CASE_VALIDATE=$(CURDIR)/$(JUDGES)/custody/bin/case_validate \
	  BUTFOR_PROV_PYTHON=$(CURDIR)/$(JUDGES)/custody/bin/python \
	  $(BIN)/python -m pytest -n 2 tests/collector/seal/test_aws_validate_logs.py \
	  tests/collector/seal/test_case_graph.py

$(JUDGES)/%.stamp: requirements/judge-%.lock
	test -x $(JUDGES)/$*/bin/python || $(PYTHON) -m venv $(JUDGES)/$*
	$(JUDGES)/$*/bin/python -m pip install -q --disable-pip-version-check --require-hashes \
	  --only-binary :all: -r $<
	touch $@

soak: $(VENV)/dev.stamp  ## the long runs: kill -9 at 100 points, larger property runs
	BUTFOR_SOAK=1 $(BIN)/python -m pytest -n 2 -k "kill or soak or properties"

MUTATION := $(VENV)/mutation
SHARE ?= 0.1
SEED ?= 1
mutants:  ## mutation testing of the policy evaluator on a drawn share of the mutants; 1 for all of them
	test -x $(MUTATION)/bin/mutmut || $(PYTHON) -m venv $(MUTATION)
	$(MUTATION)/bin/pip install -q --disable-pip-version-check mutmut==3.8.1 msgspec==0.22.0
	$(MUTATION)/bin/python tests/timeline/policy/mutate.py . $(MUTATION)/tree $(SHARE) $(SEED)

# Programs of others that make bench measures ours against, each in an environment of its own too.
# plaso and its libraries come as source and are built here, with what opponent-build.lock has pinned.
OPPONENTS := $(VENV)/opponents
opponents: $(OPPONENTS)/trailscraper.stamp $(OPPONENTS)/plaso.stamp  ## programs to measure against, for make bench

$(OPPONENTS)/%.stamp: requirements/opponent-%.lock requirements/opponent-build.lock
	test -x $(OPPONENTS)/$*/bin/python || $(PYTHON) -m venv $(OPPONENTS)/$*
	$(OPPONENTS)/$*/bin/python -m pip install -q --disable-pip-version-check --require-hashes \
	  --only-binary :all: -r requirements/opponent-build.lock
	$(OPPONENTS)/$*/bin/python -m pip install -q --disable-pip-version-check --require-hashes \
	  --no-build-isolation -r $<
	touch $@

bench: $(VENV)/dev.stamp  ## timings, as ratios taken in one run; never a test
	$(BIN)/python -m benchmarks

bench-large: $(VENV)/dev.stamp  ## import and verify of 10 GB, as ratios; needs 40 GB of room in TMPDIR
	BUTFOR_BENCH_ROUNDS=2 $(BIN)/python -m benchmarks.preserve 10240 large
	BUTFOR_BENCH_ROUNDS=2 $(BIN)/python -m benchmarks.fixity 10240 large

docs: $(VENV)/dev.stamp  ## regenerate what is generated: docs/schema.md, docs/sources.md, docs/errors.md
	$(BIN)/python -m tests.architecture.generated

fixtures: $(VENV)/dev.stamp  ## regenerate the built-in incident and the worked traps
	$(BIN)/python fixtures/scenarios/northwind/make.py
	$(BIN)/python -m fixtures.scenarios.traps.make

LOCK := $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header \
  --no-annotate --no-emit-index-url
lock: $(VENV)/dev.stamp  ## resolve again and pin by hash; no addresses
	$(BIN)/pip install -q uv
	$(LOCK) pyproject.toml --extra aws --extra dev -o requirements/dev.lock
	$(LOCK) pyproject.toml --extra aws -c requirements/dev.lock -o requirements/core.lock
	echo awscli | $(LOCK) -o requirements/judge-aws.lock -
	printf 'case-utils\nprov\n' | $(LOCK) -o requirements/judge-custody.lock -
	echo trailscraper | $(LOCK) -o requirements/opponent-trailscraper.lock -
	echo plaso | $(LOCK) -o requirements/opponent-plaso.lock -
	printf 'setuptools\nwheel\n' | $(LOCK) -o requirements/opponent-build.lock -

$(VENV)/core.stamp: requirements/core.lock requirements/build.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes --only-binary :all: \
	  -r requirements/core.lock -r requirements/build.lock
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

# Judges that come as source only are built in place, with what dev.lock has pinned.
$(VENV)/dev.stamp: requirements/dev.lock requirements/judges.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes --only-binary :all: \
	  -r requirements/dev.lock
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes \
	  --no-build-isolation -r requirements/judges.lock
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

clean:
	rm -rf $(VENV) demo
