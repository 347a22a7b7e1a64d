# make demo   sets up, then codes and decodes real speech with the shipped model
# make test   sets up, then runs the tests but those marked slow; .ci/run runs all
# make check  lint, format and types
# make web    builds the page for browsers and the npm package (Node 20.19 or newer); make web-test tests both in Chromium
# make docs   writes guides and reference as web pages to build/docs

PYTHON ?= python3
VENV ?= .venv
PYTEST ?= -m "not slow"
BIN := $(VENV)/bin

.PHONY: demo test check docs web web-test

demo: $(VENV)/.core
	@mkdir -p demo
	$(BIN)/audiocodec encode tests/sounds/speech.flac demo/speech.fsq --force
	$(BIN)/audiocodec truncate demo/speech.fsq demo/speech-3k.fsq --num-codebooks 6 --force
	$(BIN)/audiocodec info demo/speech.fsq
	$(BIN)/audiocodec verify demo/speech.fsq demo/speech-3k.fsq
	$(BIN)/audiocodec decode demo/speech.fsq demo/speech-6k.wav --force
	$(BIN)/audiocodec decode demo/speech-3k.fsq demo/speech-3k.wav --force
	@echo
	@echo "Done: five seconds of speech went through tokens, at 6 and at 3 kbit/s."
	@echo "Listen: tests/sounds/speech.flac (original), demo/speech-6k.wav, demo/speech-3k.wav"
	@wc -c tests/sounds/speech.flac demo/speech.fsq demo/speech-3k.fsq
	@echo "The environment $(VENV): $$(du -sm $(VENV) | cut -f1) MB in $$($(BIN)/python -m pip list 2>/dev/null | tail -n +3 | wc -l) packages, pip among them"

test: $(VENV)/.dev
	$(BIN)/python -m pytest -n 2 $(PYTEST)

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

web: web/node_modules/.package-lock.json
	cd web && npm run --silent check && npm run --silent build

web-test: web $(VENV)/.core
	$(BIN)/python web/test/fixtures.py build/web-fixtures
	cd web && npm run --silent test && PYTHON=$(abspath $(BIN)/python) npm run --silent test:browser

docs: $(VENV)/.dev
	$(BIN)/python docs/build.py build/docs
	@echo "open build/docs/index.html"

web/node_modules/.package-lock.json: web/package.json web/package-lock.json
	cd web && npm ci --silent --no-audit --no-fund
	@touch $@

$(VENV)/.core: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/.dev: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@ $(VENV)/.core
