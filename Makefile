# One place for what one can do here; `make help` lists it.
SHELL := bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CORES ?= $(shell nproc)
TESTERS ?= $(CORES)
READY := $(VENV)/.ready
STUDY ?=
PAGE := $(if $(STUDY),studies/$(STUDY),report)

# Snakemake keeps a cache below the home folder: where that can't be written, below this one.
CACHE := $(shell cache="$${XDG_CACHE_HOME:-$$HOME/.cache}"; \
  mkdir -p "$$cache" 2>/dev/null && test -w "$$cache" && echo "$$cache" || echo "$$PWD/.snakemake/cache")
export XDG_CACHE_HOME := $(CACHE)

.DEFAULT_GOAL := help
.PHONY: help report open docs site ship show config doctor explain test test-faults test-slurm check format clean

help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' Makefile
	@echo '  report, open and docs of one study alone: make report STUDY=scg_to_ecg, into results/studies'

$(READY): pyproject.toml envs/constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c envs/constraints.txt -e '.[test]'
	touch $@

report: $(READY) ## the demo on simulated recordings: results/report.html
	PATH="$(abspath $(BIN)):$$PATH" snakemake --cores $(CORES) --workflow-profile workflow/profiles/local -- results/$(PAGE).html

open: $(READY) ## the studies on the real recordings of a directory mirror: results/open/report.html
	PATH="$(abspath $(BIN)):$$PATH" snakemake --cores $(CORES) --workflow-profile workflow/profiles/local --configfile workflow/config/open.yaml -- results/open/$(PAGE).html

docs: $(READY) ## the measured tables of `make open`, into docs/results and the README
	PATH="$(abspath $(BIN)):$$PATH" snakemake --cores $(CORES) --workflow-profile workflow/profiles/local --configfile workflow/config/open.yaml -- $(if $(STUDY),docs/results/$(STUDY).csv,docs)

site: $(READY) ## the documents as a site, every link checked: build/site/index.html
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c envs/constraints.txt -e '.[site]'
	PATH="$(abspath $(BIN)):$$PATH" python -m mkdocs build --strict --quiet --config-file .github/mkdocs.yml

ship: $(READY) ## a trained network among those that come along: make ship ENTRY=... NAME=... [CONFIG=...]
	@PATH="$(abspath $(BIN)):$$PATH" python -m cardiograft.use.ship '$(ENTRY)' '$(NAME)' $(if $(CONFIG),--configfile '$(CONFIG)')

show: $(READY) ## a run as config has it in the end: make show ENTRY=scg-cae-scratch-A [CONFIG=workflow/config/open.yaml]
	@PATH="$(abspath $(BIN)):$$PATH" python -m cardiograft.config.show '$(ENTRY)' --configfile $(CONFIG)

doctor: $(READY) ## what a run would stumble over: environment, versions, config, mirror, disk, memory, GPU
	@PATH="$(abspath $(BIN)):$$PATH" python -m cardiograft.use.command doctor $(if $(CONFIG),--configfile '$(CONFIG)')

explain: $(READY) ## why jobs would run: which option, which file, what changed [CONFIG=workflow/config/open.yaml]
	@PATH="$(abspath $(BIN)):$$PATH" python -m cardiograft.use.command explain $(if $(CONFIG),--configfile '$(CONFIG)')

config: $(READY) ## what is wrong in config, in one line, before Snakemake reads it: make config [CONFIG=mine.yaml]
	@PATH="$(abspath $(BIN)):$$PATH" python -m cardiograft.config.lint $(CONFIG)

test-faults: $(READY) ## kills, flipped bits, full disks, mutated files, in numbers: a table
	PATH="$(abspath $(BIN)):$$PATH" PYTHONPATH=tests python -m faults

# Beside what $(READY) has installed: the plug-in that submits jobs.
test-slurm: $(READY) ## on a real one-node SLURM that is started for it; as root, minutes
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c envs/constraints.txt -e '.[test,slurm]'
	PATH="$(abspath $(BIN)):$$PATH" CARDIOGRAFT_SLURM=1 python -m pytest -q -rs tests/slurm

test: $(READY) ## every test
	PATH="$(abspath $(BIN)):$$PATH" python -m pytest -n $(TESTERS) --dist worksteal -q

check: $(READY) ## what CI runs: format, lint, types, tests
	PATH="$(abspath $(BIN)):$$PATH" bash -euc 'ruff format --check .; ruff check .; mypy; \
	  snakefmt --check Snakefile workflow/rules; snakemake --lint; $(MAKE) test'

format: $(READY) ## put layout right
	PATH="$(abspath $(BIN)):$$PATH" bash -euc 'ruff check --fix .; ruff format .; snakefmt Snakefile workflow/rules'

clean: ## forget results, not downloads, and not who has looked at test parts (looks.jsonl)
	test ! -d results || find results -depth -mindepth 1 ! -name looks.jsonl \( ! -type d -o -empty \) -delete
	rm -rf .snakemake
