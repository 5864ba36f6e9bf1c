# Every target does its own set-up: a virtual environment in .venv, made anew when the requirements change.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PYTEST = $(BIN)/python -m pytest --numprocesses=auto --dist=worksteal
# For a third of their time tests wait for processes of their own: with a worker more than cores, no core waits too.
ONE_MORE = $$($(BIN)/python -c 'import os; print((os.cpu_count() or 1) + 1)')
# A worker deploys a stage of its own, to an emulator of its own, and then waits more than it works.
BY_FILES = $(BIN)/python -m pytest --numprocesses=2 --dist=loadfile
READY := $(VENV)/.ready
INSTALL = command -v $(PYTHON) >/dev/null || \
	{ echo 'Elephant needs Python 3.11 or newer, and there is no $(PYTHON) here: name one with make PYTHON=…' >&2; \
	exit 1; }; $(PYTHON) tools/install.py
# One lock for every Python and system that Elephant supports.
LOCK = $(BIN)/uv pip compile --quiet --no-config --universal --python-version 3.11 --generate-hashes --no-strip-extras \
	--no-emit-index-url --custom-compile-command 'make lock' $(if $(UPGRADE),--upgrade)
EMULATOR := .venv-ministack
CHROMIUM ?= $(firstword $(wildcard $(addprefix /usr/bin/,chromium chromium-browser google-chrome)))
SCENARIO ?= normal
MEETINGS ?= 2000
INPUTS ?= 100000
SEED ?= 1
WORLD ?=
UPGRADE ?=
VALIDITY ?= 365
# These are taken from the command line alone: an environment may hold such names for its own purposes.
CASE :=
DRAW :=
FORCE :=
STRICT :=
REVOKE :=
CERTIFICATE :=
KEY :=
NAME :=
SCOPE :=
DAILY :=
DAYS :=
FORGET :=
PERSON :=
ROOT :=
ID :=
PRINT :=
VERSION :=
STAGE ?= dev
MEETING ?=
WHY ?=
YES ?=
LEAVE_RECORDINGS ?=
JSON ?=
SHORT ?=
FORCE ?=
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help demo stories run test test-long test-fast coverage check format simulate paid burst crash-points fuzz mutants
.PHONY: bench doctor dns-audit image deploy certificate smoke key ops rotate meeting pause resume upgrade prices
.PHONY: recordings erase destroy policies texts lock browser pictures e2e clean

help: ## Show the targets.
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { \
		line = sprintf("  make %-13s", $$1); count = split($$2, words, " "); \
		for (i = 1; i <= count; i++) { \
			if (length(line) + 1 + length(words[i]) > 80) { print line; line = sprintf("%20s", "") } \
			line = line " " words[i] } \
		print line }' $(MAKEFILE_LIST)

demo: $(READY) ## Run one meeting through its whole life on the embedded cloud (SCENARIO=normal).
	@$(BIN)/python -m localcloud.demo $(SCENARIO)

stories: $(READY) ## Play what people do at the door and lose on the way, and tell how each story ends.
	@$(BIN)/python -m localcloud.stories

run: $(READY) ## Keep the embedded cloud and the app up at http://localhost:8000 until Ctrl-C (SPEED=20).
	@$(BIN)/python -m localcloud.run

test: $(READY) ## Run the tests, on every core.
	@$(PYTEST) --numprocesses=$(ONE_MORE) $(ARGS)

test-long: $(READY) ## Run the tests that play at length what the others play in short.
	@$(PYTEST) -m long $(ARGS)

test-fast: $(READY) ## Run the unit and contract tests, in seconds.
	@$(PYTEST) tests/unit tests/contract $(ARGS)

coverage: $(READY) ## Run the tests of the app and show which lines and branches of it they leave out.
	@$(PYTEST) tests/unit tests/contract tests/app tests/tools/test_slips.py --cov $(ARGS)

check: $(READY) ## Check format, lint and types.
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

format: $(READY) ## Put the code into its format.
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

simulate: $(READY) ## Simulate meetings under faults (MEETINGS=2000 SEED=1, or WORLD=… to see one again).
	@$(BIN)/python -m tests.simulation.simulate --meetings $(MEETINGS) --seed $(SEED) $(if $(WORLD),--world $(WORLD))

paid: $(READY) ## Say what is paid against what is used, on a standard mix (MEETINGS=1000 SEED=1).
	@$(BIN)/python -m tests.simulation.paid --meetings $(MEETINGS) --seed $(SEED)

burst: $(READY) ## Let meetings be due at once, under AWS's and Cloudflare's limits (MEETINGS=1000 SEED=1 CASE=due; DRAW=file.svg).
	@$(BIN)/python -m tests.burst $(if $(filter file,$(origin MEETINGS)),,--meetings $(MEETINGS)) --seed $(SEED) \
		$(if $(CASE),--case $(CASE)) $(if $(DRAW),--draw '$(DRAW)')

crash-points: $(READY) ## Kill and fail every call of every scenario (about ten minutes on two cores).
	@$(BIN)/python -m tests.simulation.crash

fuzz: $(READY) ## Try what nobody means, on every route and row (INPUTS=100000 requests, of others to match; SEED=… for others).
	@$(BIN)/python -m tests.fuzz --inputs $(INPUTS) --seed '$(SEED)'

mutants: $(READY) ## Hunt deliberate defects, in some six minutes (SHORT=1 for an eighth of those that a test catches).
	@$(BIN)/python -m tests.simulation.mutants $(if $(SHORT),--short)

bench: $(READY) ## Measure the figures the project claims.
	@$(BIN)/python -m tools.bench

doctor: $(READY) ## Say what is wrong with a stage, and what repairs it (STAGE=dev; JSON=1 for machines).
	@$(BIN)/python -m tools.doctor --stage $(STAGE) $(if $(JSON),--json)

dns-audit: $(READY) ## Show whose records a stage's zone holds, and what the sweep does with them (STAGE=dev; JSON=1).
	@$(BIN)/python -m tools.dns_audit --stage $(STAGE) $(if $(JSON),--json)

image: $(READY) ## Build the desktops' image of a stage and test it (STAGE=dev; FORCE=1 although nothing changed).
	@$(BIN)/python -m tools.image --stage $(STAGE) $(if $(FORCE),--force)

deploy: $(READY) ## Deploy a stage and check it (STAGE=dev).
	@$(BIN)/python -m tools.deploy --stage $(STAGE)

upgrade: $(READY) ## Merge the newest release of Elephant, or VERSION=…, and deploy a stage with it (STAGE=dev).
	@$(BIN)/python -m tools.upgrade --stage $(STAGE) $(if $(VERSION),--version '$(VERSION)')

certificate: $(READY) ## Have desktops' certificate issued, or give your own (STAGE=dev; CERTIFICATE=… KEY=…).
	@$(BIN)/python -m tools.certificate --stage $(STAGE) --days $(VALIDITY) $(if $(FORCE),--force) \
		$(if $(STRICT),--strict $(STRICT)) $(if $(REVOKE),--revoke) $(if $(ROOT),--root "$(ROOT)") \
		$(if $(CERTIFICATE),--certificate "$(CERTIFICATE)") $(if $(KEY),--key "$(KEY)")

key: $(READY) ## Make a key and show it once, list or revoke them (STAGE=dev NAME=… SCOPE=schedule|read|operate).
	@$(BIN)/python -m tools.access --stage $(STAGE) $(if $(NAME),--name '$(NAME)') $(if $(SCOPE),--scope '$(SCOPE)') \
		$(if $(DAILY),--daily '$(DAILY)') $(if $(DAYS),--days '$(DAYS)') $(if $(REVOKE),--revoke)

ops: $(READY) ## Open the operators' board, with a key for an hour (STAGE=dev ID=… for a meeting; PRINT=1 prints its address).
	@$(BIN)/python -m tools.ops --stage $(STAGE) $(if $(ID),--meeting '$(ID)') $(if $(PRINT),--print)

rotate: $(READY) ## Sign links with a new key (STAGE=dev; FORGET=1 ends all that were sent, YES=1 asks nothing).
	@$(BIN)/python -m tools.rotate --stage $(STAGE) $(if $(FORGET),--forget) $(if $(YES),--yes)

prices: $(READY) ## Print what AWS asks for a stage's desktops, for its file (STAGE=dev).
	@$(BIN)/python -m tools.prices --stage $(STAGE)

smoke: $(READY) ## Prove a stage with a first meeting, in half an hour (STAGE=dev; BROWSER=/path/to/chromium).
	@$(BIN)/python -m tools.smoke --stage $(STAGE) $(if $(filter command,$(firstword $(origin BROWSER))),--browser "$(BROWSER)")

meeting: $(READY) ## Show a meeting and its history (STAGE=dev ID=…, a link or a desktop; JSON=1 for machines).
	@$(BIN)/python -m tools.life --stage $(STAGE) --meeting '$(ID)' $(if $(JSON),--json)

pause: $(READY) ## Launch and schedule nothing new on a stage; what lives goes on (STAGE=dev WHY=…).
	@$(BIN)/python -m tools.pausing --stage $(STAGE) --why '$(WHY)'

resume: $(READY) ## Let a paused stage go on (STAGE=dev).
	@$(BIN)/python -m tools.pausing --stage $(STAGE) --resume

recordings: $(READY) ## Show links to a meeting's recordings, for five minutes (STAGE=dev MEETING=… WHY=…).
	@$(BIN)/python -m tools.recordings --stage $(STAGE) --meeting '$(MEETING)' --why '$(WHY)'

erase: $(READY) ## Erase a meeting's recordings, or a person's meetings, for good (STAGE=dev MEETING=… or PERSON=…, WHY=… YES=1 to be asked nothing).
	@$(BIN)/python -m tools.erase --stage $(STAGE) --meeting '$(MEETING)' --person "$$PERSON" --why "$$WHY" $(if $(YES),--yes)

destroy: $(READY) ## Take a stage away, unless desktops are alive (STAGE=dev LEAVE_RECORDINGS=1).
	@$(BIN)/python -m tools.destroy --stage $(STAGE) $(if $(LEAVE_RECORDINGS),--leave-recordings)

policies: $(READY) ## Write the functions' IAM policies from what their code calls.
	@$(BIN)/python -m tools.policies

texts: $(READY) ## Write what the docs show from the code.
	@$(BIN)/python -m tools.texts

lock: $(READY) ## Lock what ships and what develops it, with hashes (UPGRADE=1 for newer releases).
	@$(LOCK) requirements.in --output-file requirements.txt
	@$(LOCK) requirements-dev.in --output-file requirements-dev.txt
	@$(LOCK) tests/e2e/requirements.in --output-file tests/e2e/requirements.txt
	@$(LOCK) desktop/requirements.in --output-file desktop/requirements.txt

browser: $(READY) ## Test the pages in a real browser (CHROMIUM=/path/to/chromium).
	@test -x "$(CHROMIUM)" || { echo 'No Chromium is found here; install one (Debian: apt-get install chromium), or name it with make browser CHROMIUM=…'; exit 1; }
	@CHROMIUM=$(CHROMIUM) $(PYTEST) tests/browser $(ARGS)

pictures: $(READY) ## Show in docs/images what each state of the pages looks like (CHROMIUM=/path/to/chromium).
	@test -x "$(CHROMIUM)" || { echo 'No Chromium is found here; install one (Debian: apt-get install chromium), or name it with make pictures CHROMIUM=…'; exit 1; }
	@PICTURES=docs/images CHROMIUM=$(CHROMIUM) $(PYTEST) tests/browser/test_story*.py $(ARGS)

e2e: $(READY) $(EMULATOR)/.ready ## Deploy to an emulator and drive meetings through it.
	@MINISTACK=$(CURDIR)/$(EMULATOR)/bin/python $(BY_FILES) tests/e2e $(ARGS)

clean: ## Remove everything that was made here; stages and the records of their deploys stay.
	@rm -rf .venv .venv-* build .chalice/deployments .mypy_cache .ruff_cache .pytest_cache .coverage .coverage.*
	@find . -name .git -prune -o -type d -name __pycache__ -prune -exec rm -rf {} +
	@! test -e .chalice/deployed || echo '· .chalice/deployed stays: it records what is deployed'

$(READY): requirements-dev.txt
	@$(INSTALL) $(VENV) $<

$(EMULATOR)/.ready: tests/e2e/requirements.txt
	@$(INSTALL) $(EMULATOR) $<
