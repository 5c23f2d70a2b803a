# make quickstart   set up, then train, evaluate and predict on the sample file
# make test         set up, then lint, types and tests
# make check        lint, types and the tests that train nothing and start hardly a process: for use between two edits
# make soak         kill real runs at random moments and go on with them
# make soak-serve   put a service under load for an hour, with hostile clients, kills and restarts
# make fuzz         set up, then put 10,000 broken files through every command, and try properties on 1,000 examples each
# make families     put tiny models of today's encoder families through every kind of task (a quarter of an hour)
# make docs         write docs/settings.md from the declared settings
# make audit        look for known holes in the tested dependencies (needs the network)
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
QUICK  := tests/adapters tests/cards tests/reading tests/scoring tests/writing \
          $(filter-out tests/test_packaging.py tests/test_readme.py tests/test_plan.py,$(wildcard tests/test_*.py))
READY  := $(VENV)/.ready

.PHONY: setup quickstart test soak soak-serve fuzz families docs check audit lint format clean
.DELETE_ON_ERROR:

setup: $(READY)

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt torch
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@

quickstart: setup
	@$(BIN)/bertft train samples/messages/train.csv --validation samples/messages/validation.csv --model minilm -o runs/messages --overwrite
	@$(BIN)/bertft eval runs/messages samples/messages/validation.csv
	@$(BIN)/bertft predict runs/messages samples/messages/unlabelled.csv -o runs/messages/predictions.csv
	@echo "Done. The model, its card and the predictions lie in runs/messages; start with runs/messages/README.md."

test: setup lint
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist worksteal

check: setup lint
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist worksteal -m "not slow" $(QUICK)

fuzz: setup
	OMP_NUM_THREADS=1 $(BIN)/python tests/hostile/fuzz.py --files 10000 --seed 0
	HYPOTHESIS_PROFILE=thorough $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist worksteal -m hypothesis

soak: setup
	OMP_NUM_THREADS=1 $(BIN)/python tests/soak/kills.py --kills 6

soak-serve: setup
	OMP_NUM_THREADS=1 $(BIN)/python tests/soak/serving.py

families: setup
	OMP_NUM_THREADS=1 $(BIN)/python tests/families/matrix.py

docs: setup
	$(BIN)/python docs/write_settings.py

audit: setup
	$(BIN)/python -m pip install --quiet --constraint constraints.txt pip-audit
	@$(BIN)/pip-audit --strict --requirement constraints.txt --no-deps --disable-pip || \
	{ echo "Above stand known holes, or what could not be looked up: pip-audit asks pypi.org itself, a mirror does not know."; exit 1; }

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --num-workers auto

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache
