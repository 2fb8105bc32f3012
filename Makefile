# make figure2c    from a bare clone to the picture (artifacts/figures/figure2c.png)
# make test        every check and test
# Any target of the workflow can be made: `make figure2b`, `make all`, `make clips`.

SHELL := /bin/bash
BIN := .venv/bin
CORES ?= $(shell nproc)
GPUS ?= $(shell nvidia-smi --list-gpus 2>/dev/null | wc -l)

.PHONY: help setup test lint lock schema figure2b figure2c all clips

help:
	@sed -n 's/^# //p' Makefile

setup:
	@bash envs/setup.sh

figure2b figure2c all clips: setup
	$(BIN)/snakemake $@ --cores $(CORES) --resources gpu=$(GPUS)

test: lint
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --ignore tests/workflow
	$(BIN)/python -m pytest tests/workflow # whole runs: they use every core themselves

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/snakefmt --check Snakefile rules
	$(BIN)/snakemake --lint

# After a change of envs/requirements.in.
lock: setup
	$(BIN)/uv pip compile envs/requirements.in --override envs/overrides.txt --generate-hashes \
	  --python-version 3.11 --python-platform x86_64-manylinux_2_28 --no-emit-index-url \
	  --custom-compile-command "make lock" --quiet --output-file envs/requirements.lock

# After a change of a configuration section.
schema: setup
	PYTHONPATH=workflow_scripts $(BIN)/python -m pez.config > resources/config.schema.json
