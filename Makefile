# make quickstart: set up and run the study `quickstart` on the embedded data.
# make tensorboard: open TensorBoard on a study, STUDY=quickstart.
# make test:       set up and run lint, types, the import rule and the tests.
# make results:    the study, then its table and figures into docs/results/.
# make docs:       the site of docs/ into build/docs/, links checked.
# make cluster:    a SLURM of one machine, for trying; `python -m slurm demo-cluster stop` ends it.
# make lowest:     the tests on the lowest versions that requirements.txt allows.

PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
WORKERS ?= 2
# One thread a process: the work is spread over processes, and results do not depend on the machine's cores.
export OMP_NUM_THREADS ?= 1

.PHONY: quickstart tensorboard cluster results test lint tests docs lowest

quickstart: $(VENV)/.installed
	$(BIN)/python -m studies run quickstart

cluster: $(VENV)/.installed
	$(BIN)/python -m slurm demo-cluster start

STUDY ?= quickstart
RUNS ?= runs
tensorboard: $(VENV)/.installed
	$(BIN)/python -m studies tensorboard $(STUDY) --runs $(RUNS)
	$(BIN)/tensorboard --logdir $(RUNS)/$(STUDY)/tensorboard

RESULTS = docs/results
results: quickstart
	mkdir -p $(RESULTS)/quickstart
	$(BIN)/python -m analysis table quickstart --format markdown > $(RESULTS)/quickstart/table.md
	for space in nasbench201 blox blox-small macro; do \
	  $(BIN)/python -m studies truth show $$space-digits > $(RESULTS)/$$space-digits.txt || exit 2; done
	cp runs/quickstart/figures/*.png $(RESULTS)/quickstart/
	$(BIN)/python -m studies run quickstart --all
	$(BIN)/python -m analysis table quickstart --format markdown > $(RESULTS)/quickstart/table-all.md

test: lint tests

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

tests: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup

$(VENV)/.installed: requirements.txt pyproject.toml setup.py
	@echo "Setting up $(VENV): the first time this downloads PyTorch, which takes some minutes."
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet -e .
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	$(BIN)/python -m pip install --quiet -r requirements-dev.txt
	@touch $@

docs: $(VENV)/.installed-docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet
	@echo "build/docs/index.html"

$(VENV)/.installed-docs: requirements-docs.txt $(VENV)/.installed
	$(BIN)/python -m pip install --quiet -r requirements-docs.txt
	@touch $@

lowest:
	$(PYTHON) -m venv .venv-lowest
	sed 's/>=/==/' requirements.txt > .venv-lowest/requirements.txt
	sed '/^-r/d' requirements-dev.txt > .venv-lowest/tools.txt
	.venv-lowest/bin/python -m pip install --quiet -r .venv-lowest/requirements.txt -r .venv-lowest/tools.txt
	.venv-lowest/bin/python -m pytest -n $(WORKERS) --dist loadgroup
