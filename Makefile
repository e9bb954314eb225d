# make demo   set up and run the main job        make test   set up and pass the tests
# make check  what CI runs: lint, types, tests   make bench  ratios against the peers

VENV ?= .venv
PYTHON ?= python3
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -q
FROM := Durrës,Bar,Ploče
TO := Constanța,Burgas
ASK := --from $(FROM) --to $(TO) --vehicle wheeled-ifv --share 0.3

.PHONY: demo test test-slow test-min test-browser lint types docs readme pictures notebooks notebooks-check notebooks-run web web-packages web-check check bench wheel clean

$(VENV)/.base: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install -c constraints.txt -e .
	touch $@

$(VENV)/.dev: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install -c constraints.txt -e ".[dev]"
	touch $@ $(VENV)/.base

demo: $(VENV)/.base
	mkdir -p out
	$(BIN)/mobility routes $(ASK) -k 4 --distinct 0.7
	$(BIN)/mobility redundancy $(ASK)
	$(BIN)/mobility throughput $(ASK)
	$(BIN)/mobility map flow $(ASK) --out out/throughput.png --overwrite

test: $(VENV)/.dev
	$(BIN)/python -m pytest -n auto -m "not slow"

test-slow: $(VENV)/.dev
	MOBILITY_HYPOTHESIS=thorough $(BIN)/python -m pytest -n auto -m slow

# The oldest releases that pyproject.toml allows, in an environment of their own.
test-min:
	test -x $(VENV)-min/bin/python || $(PYTHON) -m venv $(VENV)-min
	$(PYTHON) tools/minimum.py > $(VENV)-min/floors.txt
	$(VENV)-min/bin/python -m pip --disable-pip-version-check -q install -c $(VENV)-min/floors.txt -e ".[dev]"
	$(VENV)-min/bin/python -m pytest -n auto -m "not slow" -W default

# The interactive map in Debian's chromium (apt-get install chromium); axe-core comes with `make web`.
test-browser: $(VENV)/.dev
	$(PIP) install -c constraints.txt -e ".[browser]"
	MOBILITY_BROWSER=1 $(BIN)/python -m pytest tests/test_browser.py

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy

docs: $(VENV)/.base
	$(BIN)/python -c "from mobility.schema import data_dictionary as d; print(d())" > docs/data-dictionary.md

check: lint types test

readme: $(VENV)/.base
	$(BIN)/python tools/readme.py

pictures: $(VENV)/.dev
	$(BIN)/python tests/pictures.py

# Executes the notebooks and writes the pairs; the check writes nothing, and fails where a pair says something else; the
# run only tells of it.
notebooks notebooks-check notebooks-run: $(VENV)/.base
	$(PIP) install -c constraints.txt -e ".[notebooks]"
	$(BIN)/python tools/notebooks.py $(if $(filter %-check,$@),--check)$(if $(filter %-run,$@),--run)

# The page of the interactive map, src/mobility/web/explore.html, from web/; the same bytes each time.
web: web-packages
	cd web && npm run --silent build

web-packages:
	cd web && npm ci --ignore-scripts --silent --no-audit --no-fund

# The page is what web/ builds, and works in Debian's chromium, which root installs where it is missing. What cannot be
# checked here is said, and left out; the types of web/ are checked by `make web`.
QUICK := quiet or routes_shown or little_is_drawn or without_webgl or hostile
web-check: $(VENV)/.dev
	if command -v npm > /dev/null && $(MAKE) web-packages; then (cd web && npm run --silent bundle) \
	  && { git diff --quiet src/mobility/web || { echo "src/mobility/web is not what web/ builds; run make web and commit it" >&2; exit 1; }; }; \
	else echo "NOT CHECKED: there is no npm, or nothing to get from it, so the page of the interactive map was not built again and compared" >&2; fi
	test -x /usr/bin/chromium || test "$$(id -u)" != 0 || ! command -v apt-get > /dev/null \
	  || { apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -qy install --no-install-recommends chromium; } > /dev/null || true
	if test -x /usr/bin/chromium; then $(PIP) install -c constraints.txt -e ".[browser]" \
	  && MOBILITY_BROWSER=1 $(BIN)/python -m pytest -q tests/test_browser.py -k "$(QUICK)"; \
	else echo "NOT CHECKED: there is no chromium, and no root with apt-get to install it; the page was not opened" >&2; fi

bench: $(VENV)/.base
	$(BIN)/python benchmarks/run.py

wheel: $(VENV)/.dev
	$(PIP) wheel --no-deps -w dist .

clean:
	rm -rf $(VENV) $(VENV)-min out dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
