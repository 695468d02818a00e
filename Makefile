# The commands of Jieli. Needs Python 3.11 to 3.13 and make; everything else is installed from the lock.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
	$$p -c 'import sys; sys.exit(not (3,11) <= sys.version_info[:2] <= (3,13))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
READY := .venv/.ready

.PHONY: up test check bench demo install lock clean

up: $(READY)            ## everything runs, with a sample shop; Ctrl-C stops it
	$(BIN)/jieli up

test: $(READY)          ## all tests
	$(BIN)/pytest -n 2 -m "not stack"
	$(BIN)/pytest -m stack

check: $(READY)         ## style, types, import direction, shipped definitions
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/jieli check

bench: $(READY)         ## the figures of the README, measured here
	$(BIN)/python -m bench $(BENCH)

demo: $(READY)          ## three days of a shop, told in the terminal
	$(BIN)/jieli demo

install: $(READY)

# --no-deps: the lock is complete, and older pips refuse extras in a lock with hashes.
$(READY): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is needed / 需要 Python 3.11 到 3.13"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --no-deps --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

lock:                   ## renew requirements.lock from pyproject.toml (needs uv)
	uv pip compile pyproject.toml --extra dev --universal --no-strip-extras --generate-hashes \
		--no-emit-index-url --no-emit-find-links --python-version 3.11 \
		--custom-compile-command "make lock" -o requirements.lock

clean:                  ## forget the environment and the local data
	rm -rf .venv .jieli
