# make figure2c    from a bare clone to the picture (artifacts/figures/figure2c.png)
# make test        every check and test
# make test-fast   the quick tests: arithmetic, labels, stored files
# make test-slurm  the workflow through a real Slurm of one node (root, apt-get install slurm-wlm)
# make audit-lock  known vulnerabilities of the locked packages (asks pypi.org)
# make sbom        what the environment consists of, as CycloneDX (build/sbom.json)
# make licences    licences of the installed packages (build/licences.md)
# make docs        the documentation as a site (site/index.html)
# make notebook    the notebook of the documentation, executed anew
# make clean       what tests, documentation and packaging leave behind; never artifacts
# make pictures    README's pictures, drawn anew from this commit
# Any target of the workflow can be made: `make figure2b`, `make all`, `make clips`.

SHELL := /bin/bash
BIN := .venv/bin
CORES ?= $(shell nproc)
AUDIT := .venv/audit
GPUS ?= $(shell nvidia-smi --list-gpus 2>/dev/null | grep -c '^GPU ')

.PHONY: help setup test test-fast test-slurm lint lock audit-lock sbom licences schema docs notebook clean \
  pictures figure2b figure2c all clips page

help:
	@sed -n 's/^# //p' Makefile

setup:
	@bash envs/setup.sh

figure2b figure2c figure1 figure6 all clips page: setup
	$(BIN)/snakemake $@ --cores $(CORES) --resources gpu=$(GPUS)

# The figures of the documentation carry their recipe; a test compares it with the configuration.
pictures: figure2c figure2b figure6 clips
	install -m 644 artifacts/figures/figure2c.png artifacts/figures/figure2b.png \
	  artifacts/figures/figure6.png docs/images
	install -m 644 artifacts/clips/kubric/velocity/contact_sheet.png docs/images/velocity.png
	install -m 644 artifacts/intphys/intphys_mini/contact_sheet.png docs/images/intphys_mini.png

test: lint
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --ignore tests/workflow --ignore tests/slurm
	$(BIN)/python -m pytest tests/workflow # whole runs: they use every core themselves

test-slurm: setup
	$(BIN)/python -m pytest tests/slurm

FAST := controls datasets emergence estimands evidence features intphys own_clips runtime solvers
FAST := $(FAST:%=tests/%) tests/figures/test_pictures.py tests/figures/test_theme.py \
  tests/probes/test_columns.py tests/probes/test_recipes.py tests/probes/test_probe_targets.py \
  tests/test_declared_tables.py tests/test_environment.py

test-fast: setup
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile -m "not slow" $(FAST) $(PYTEST)

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/snakefmt --check Snakefile rules
	$(BIN)/snakemake --lint

docs: setup
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet

notebook: figure2c
	PYTHONPATH=$(CURDIR)/workflow_scripts $(BIN)/jupyter nbconvert --to notebook --execute --inplace \
	  --ExecutePreprocessor.record_timing=False docs/notebook.ipynb

clean:
	rm -rf site build dist .pytest_cache .mypy_cache .ruff_cache
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +

# After a change of envs/requirements.in or envs/audit.in.
COMPILE := $(BIN)/uv pip compile --generate-hashes --python-version 3.11 \
  --python-platform x86_64-manylinux_2_28 --no-emit-index-url \
  --custom-compile-command "make lock" --quiet
lock: setup
	$(COMPILE) envs/requirements.in --override envs/overrides.txt \
	  --output-file envs/requirements.lock
	$(COMPILE) envs/audit.in --output-file envs/audit.lock

$(AUDIT): envs/audit.lock | setup
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(AUDIT)
	$(BIN)/uv pip install --quiet --system-certs --python $(AUDIT)/bin/python --require-hashes \
	  --no-deps --requirements envs/audit.lock
	touch $(AUDIT)

audit-lock: $(AUDIT)
	$(AUDIT)/bin/pip-audit --strict --disable-pip --require-hashes --requirement envs/requirements.lock

sbom: $(AUDIT)
	mkdir -p build
	$(AUDIT)/bin/cyclonedx-py environment $(BIN)/python --pyproject pyproject.toml \
	  --output-reproducible --output-file build/sbom.json

licences: $(AUDIT)
	mkdir -p build
	$(AUDIT)/bin/pip-licenses --python $(BIN)/python --from mixed --order license \
	  --format markdown --output-file build/licences.md

# After a change of a configuration section or of the ledger.
schema: setup
	PYTHONPATH=workflow_scripts $(BIN)/python -m pez.config > resources/config.schema.json
	PYTHONPATH=workflow_scripts $(BIN)/python -m pez.audit > resources/ledger.schema.json
