# One short command each; every one does its own set-up. `make` alone lists them.

PYTHON ?= $(firstword $(foreach name,python3 python3.13 python3.12 python3.11,\
	$(shell $(name) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && echo $(name))))
VENV ?= .venv
RUN := $(VENV)/bin
READY := $(VENV)/.ready
PEERS := .venv-bench/.ready
COMPILED := .compiled/.ready
AS_COMPILED := PYTHONPATH=$(CURDIR)/.compiled
PYTEST := $(RUN)/pytest -q --numprocesses 2 --dist loadgroup
PIP := -m pip install --quiet --disable-pip-version-check
COMPILED_TESTS := tests/core tests/stream tests/contract tests/scenarios tests/cases tests/ledger tests/test_joint_replay.py tests/test_compiled.py
UV := uv==0.13.9
COMPILE := .venv-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-fast test-kafka test-compiled compiled lint format types dashboards bench contracts pictures docs release lock kafka messages clean

help:  ## list the commands
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | while IFS="$$(printf '\t')" read -r name text; do printf '  make %-14s %s\n' "$$name" "$$text"; done

setup: $(READY)  ## make .venv, with the versions of requirements.lock

$(READY): pyproject.toml requirements.lock
	@test -n "$(PYTHON)" || { echo 'no Python 3.11, 3.12 or 3.13 was found; name one: make PYTHON=/path/to/python3' >&2; exit 1; }
	@echo 'setting up $(VENV); the first time takes a minute'
	@$(PYTHON) -m venv $(VENV)
	@$(RUN)/python $(PIP) --require-hashes -r requirements.lock
	@$(RUN)/python $(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: tools manifests
tools: .tools/.ready  ## Helm and what else reads deploy/, for its tests; needs Go, or brings one along

.tools/.ready: scripts/make_tools.sh $(wildcard scripts/composecheck/*)
	@echo 'building tools in .tools; the first time takes some minutes'
	@PYTHON=$(PYTHON) scripts/make_tools.sh
	@touch $@

manifests: $(READY) .tools/.ready  ## write what deploy/ has from the code and the chart, and what the tests compare it with
	@$(RUN)/python scripts/write_manifests.py

demo: $(READY)  ## a local Kafka, a simulated help desk and the worker, for about a minute
	@$(RUN)/slawatch demo

test: $(READY)  ## all tests, those on a real Kafka too
	@$(PYTEST)

test-fast: $(READY)  ## the tests that need no Kafka
	@$(PYTEST) -m 'not kafka'

test-kafka: $(READY)  ## the tests that need one
	@$(PYTEST) -m kafka

test-compiled: $(COMPILED)  ## the tests of what is compiled, on it
	@$(AS_COMPILED) $(PYTEST) -m 'not kafka' $(COMPILED_TESTS)

compiled: $(COMPILED)  ## the package with its hot modules compiled, in .compiled; needs a C compiler

# Never beside the sources, where they would go on as they were. Without a C compiler it is the package as it is.
$(COMPILED): $(READY) hatch_build.py scripts/rehearse.py $(shell find src -name '*.py')
	@echo 'compiling into .compiled, twice; it takes some minutes'
	@rm -rf .compiled
	@SLAWATCH_COMPILE=$(if $(CI),1,auto) $(RUN)/python $(PIP) --no-deps --no-build-isolation --target .compiled .
	@ls .compiled/*.so >/dev/null 2>&1 || echo 'nothing is compiled: that needs a C compiler and the headers of Python' >&2
	@touch $@

lint: $(READY)  ## style, format, types and import contracts
	@$(RUN)/ruff check .
	@$(RUN)/ruff format --check .
	@$(RUN)/mypy
	@$(RUN)/lint-imports

format: $(READY)  ## put the code into the house's form
	@$(RUN)/ruff check --quiet --fix-only .
	@$(RUN)/ruff format .

types: $(READY)  ## types alone
	@$(RUN)/mypy

bench: $(READY) $(PEERS) $(COMPILED)  ## measure what is compiled, beside QuixStreams and Faust; some minutes
	@$(AS_COMPILED) $(RUN)/python -m bench

$(PEERS): bench/requirements.txt
	@echo 'setting up the peers in .venv-bench'
	@$(PYTHON) -m venv .venv-bench
	@.venv-bench/bin/python $(PIP) -r bench/requirements.txt
	@touch $@

dashboards: $(READY)  ## make the JSON of Grafana's dashboards anew
	@$(RUN)/python deploy/grafana/source

kafka: $(READY)  ## a local Kafka on port 9092, kept in .kafka, until Ctrl-C
	@$(RUN)/python -m slawatch.local_kafka --folder .kafka --port 9092

contracts: $(READY)  ## write contracts/ anew from the code
	@$(RUN)/python scripts/write_contracts.py

pictures: $(READY)  ## draw the timelines of the documentation anew
	@$(RUN)/python scripts/draw_pictures.py

docs: $(READY)  ## build the documentation in build/site, every link checked
	@$(RUN)/python -m mkdocs build --quiet

release: $(READY)  ## build and check the packages; VERSION=0.2.0 makes a release of that version
	@$(RUN)/python scripts/release.py $(VERSION)

lock:  ## write the lock files anew from pyproject.toml; UPGRADE=1 takes the newest versions
	@$(PYTHON) -m venv .venv-lock
	@.venv-lock/bin/python $(PIP) $(UV)
	@$(COMPILE) --all-extras $(if $(UPGRADE),--upgrade) pyproject.toml --output-file requirements.lock
	@$(COMPILE) --extra rocksdb --constraint requirements.lock pyproject.toml --output-file deploy/image/requirements.lock
	@$(PYTHON) -c 'import tomllib; hooks = tomllib.load(open("pyproject.toml", "rb"))["tool"]["hatch"]["build"]["targets"]["wheel"]["hooks"]; \
		print("hatchling", *hooks["custom"]["needs"], sep="\n")' | $(COMPILE) --constraint requirements.lock - --output-file deploy/image/build.lock

messages: $(READY)  ## bring the message catalogues up to date with the source
	@mkdir -p build
	@$(RUN)/pybabel --quiet extract --mapping-file pyproject.toml --keyword text --keyword counted:1,2 --no-location \
		--output-file build/messages.pot src/slawatch/sheet
	@for language in src/slawatch/sheet/locale/*; do \
		$(RUN)/pybabel --quiet update --locale $${language##*/} --domain slawatch --no-fuzzy-matching --omit-header --width 120 \
			--input-file build/messages.pot --output-dir src/slawatch/sheet/locale; \
	done

clean:  ## take away what the other commands have made
	rm -rf .venv .compiled .tools .venv-bench .venv-lock .kafka .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist bench-results
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
