# Everything runs in a virtual environment of its own, made when it is missing.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
INSTALLED = $(VENV)/installed

.PHONY: demo test test-slow docs bench clean

demo: $(INSTALLED)  ## train VAE+ on the procedural faces, measure it, and write a page about it
	$(BIN)/python train.py --dataset=faces --stage=all --quick --workdir=runs/demo
	$(BIN)/python evaluate.py --workdir=runs/demo --count=1000
	@echo "look at runs/demo/report.html, runs/demo/second/samples.png and runs/demo/vae/reconstructions.png"

test: $(INSTALLED)  ## style, types, and the whole suite, two files at a time
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

test-slow: $(INSTALLED)  ## checks that train for minutes
	$(BIN)/python -m pytest -m slow

docs: $(INSTALLED)  ## docs/ as a site, build/site/index.html; a link that leads nowhere ends it
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[docs]"
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet  # the theme would announce its successor
	@echo "look at build/site/index.html"

bench: $(INSTALLED)  ## speed of training against plain Keras and, where installed, PyTorch
	$(BIN)/python bench/train_steps.py
	$(BIN)/python bench/train_images.py

$(INSTALLED): setup.py constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[serving,test]"
	touch $(INSTALLED)

clean:
	rm -rf $(VENV) build *.egg-info
