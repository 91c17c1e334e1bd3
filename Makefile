# make demo    the main job on an example page: needs Python 3.10 or newer and nothing else
# make test    everything that tests need, and the tests
# make check   what CI runs: ruff, mypy, tests, the quality gate
# make wheel   the package as users get it: built, installed alone, run outside this folder
# make encoder pretraining on a GPU: a teacher, and the encoder of the model that ships, which learns to read as it does
# make model   the model that ships, from that encoder and the annotated news
# make behave  the behavioural suite: which capabilities fail how often
# make figures measure the model that ships and render the model card from what was recorded; what compares with other libraries
#              (eval.dates, eval.places, eval.peers) needs them: pip install -e ".[bench]"
# make build/news/train.jsonl build/news/test.jsonl    the news annotated for this project, joined to its texts
# make clean   remove the environment, the demo, packages and joined news; what was trained stays in build/
#
# encoder, model, figures and build/news need the collections in ../shared, which are not ours to publish.

PYTHON ?= python3
VENV   ?= .venv
# Installed before the rest, so that the build can be chosen: any build of PyTorch will do, and without a GPU the CPU build,
# a tenth of the size, is the right one (TORCH takes whatever pip takes: a version, a file, an index).
TORCH  ?= torch==2.13.0

BIN  := $(VENV)/bin
PAGE := examples/daguan-flood.html
DEMO := build/demo
MODEL := model/yaowen/weights/default
RESULTS := eval/results
NEWS := build/news/train.jsonl build/news/test.jsonl

.PHONY: demo test check wheel encoder model behave figures clean
.DELETE_ON_ERROR:

demo: $(VENV)/.user
	@mkdir -p $(DEMO)
	$(BIN)/yaowen predict $(PAGE)
	$(BIN)/yaowen predict $(PAGE) --format html > $(DEMO)/daguan-flood.html
	@echo "The same as a page: open $(DEMO)/daguan-flood.html in a browser."

test: $(VENV)/.dev
	$(BIN)/python -m pytest

check: $(VENV)/.dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/python -m pytest
	$(BIN)/python -m eval.gate

wheel: $(VENV)/.dev
	PYTHON=$(abspath $(BIN))/python .ci/wheel

# News that was annotated for this project is kept without its texts, which are their publishers' (data/standoff.py).
build/news/%.jsonl: data/news/%.jsonl | $(VENV)/.dev
	$(BIN)/python -m data.standoff attach $< --texts ../shared/corpora/unlabelled --out $@

# For a GPU: the budgets are minutes of an H100. The generator of replaced characters is an encoder that guesses masked ones
# well; any with the same vocab.txt will do (training/README.md tells which it was).
GENERATOR ?= training/encoder-4x256

encoder: $(VENV)/.dev build/news/train.jsonl
	mkdir -p build/encoder-8x512 build/encoder-6x320
	cp $(GENERATOR)/vocab.txt build/encoder-8x512
	cp $(GENERATOR)/vocab.txt build/encoder-6x320
	$(BIN)/python -m training.pretrain --device cuda --config training/configs/pretrain-8x512.toml objective.generator=$(GENERATOR)
	$(BIN)/$(TUNE) '$(BESIDE)' output=build/all-8x512 encoder=build/encoder-8x512 device=cuda \
		domain.schedule.epochs=5 domain.schedule.learning_rate=7e-4
	$(BIN)/$(TUNE) output=build/tagger-8x512 encoder=build/all-8x512 device=cuda domain.schedule.epochs=1 \
		domain.schedule.learning_rate=2e-4
	$(BIN)/python -m training.pretrain --device cuda --config training/configs/pretrain-6x320.toml objective.generator=$(GENERATOR)
	$(BIN)/python -m training.pretrain --device cuda --config training/configs/distil-6x320.toml

# All documents, those of other annotators with a head of their own, then the older ones alone; of each the mean of the seeds.
# With what `make encoder` made: make model ENCODER=build/distilled-6x320/tagger
ENCODER ?= training/encoder-6x320
SEEDS   ?= 7 8
OLDER   := data.train=["data/authored/train.jsonl","data/authored/train-more.jsonl","../shared/corpora/annotated/train.jsonl"]
BESIDE  := data.beside=["build/news/train.jsonl"]
TUNE    := python -m training.finetune --config training/configs/finetune.toml '$(OLDER)'
BUDGET  := domain.schedule.minutes=600 domain.schedule.epochs=1 domain.schedule.batch=1600

model: $(VENV)/.dev $(NEWS)
	rm -rf build/all-mean build/tagger-mean
	for seed in $(SEEDS); do $(BIN)/$(TUNE) '$(BESIDE)' $(BUDGET) output=build/all-$$seed encoder=$(ENCODER) seed=$$seed \
		domain.schedule.learning_rate=3e-4 || exit; done
	$(BIN)/python -m training.average $(SEEDS:%=build/all-%) --out build/all-mean
	for seed in $(SEEDS); do $(BIN)/$(TUNE) $(BUDGET) output=build/tagger-$$seed encoder=build/all-mean seed=$$seed \
		domain.schedule.learning_rate=2e-4 || exit; done
	$(BIN)/python -m training.average $(SEEDS:%=build/tagger-%) --out build/tagger-mean
	cp $(addprefix build/tagger-mean/,config.json model.safetensors vocab.txt transitions.json) $(MODEL)
	$(BIN)/python -m eval.stages $(foreach seed,$(SEEDS),"all documents, seed $(seed)=build/all-$(seed)") \
		$(foreach seed,$(SEEDS),"older documents, seed $(seed)=build/tagger-$(seed)") --out $(RESULTS)/finetune.json
	cp build/tagger-$(firstword $(SEEDS))/finetune.toml $(RESULTS)/finetune.toml
	$(BIN)/python -m training.arguments --config training/configs/arguments.toml
	cp build/arguments/assembler.json build/arguments/assembler.safetensors $(MODEL)
	$(BIN)/python -m training.export $(MODEL) --half --window 126
	$(BIN)/python -m eval.calibrate --model $(MODEL)

behave: $(VENV)/.dev
	$(BIN)/python -m eval.behave --out $(RESULTS)/behaviour.json

figures: $(VENV)/.dev $(NEWS)
	$(BIN)/python -m eval.evaluate --out $(RESULTS)/scores.json
	$(BIN)/python -m eval.evaluate --tests --out $(RESULTS)/test.json
	$(BIN)/python -m eval.speed --out $(RESULTS)/speed.json
	$(BIN)/python -m eval.windows --out $(RESULTS)/windows.json
	$(BIN)/python -m eval.limits --out $(RESULTS)/limits.json
	$(BIN)/python -m eval.int8 --out $(RESULTS)/int8.json
	$(BIN)/python -m eval.offices --out $(RESULTS)/offices.json
	$(BIN)/python -m eval.offsets --out $(RESULTS)/offsets.json
	$(BIN)/python -m eval.plots
	$(BIN)/python -m eval.resume --out $(RESULTS)/resume.json
	$(BIN)/python -m eval.archives --out $(RESULTS)/archives.json
	$(BIN)/python -m eval.archives --render
	$(BIN)/python -m eval.card

clean:
	rm -rf $(VENV) $(DEMO) dist build/news

# A stamp says what a virtual environment holds; a changed pyproject.toml makes it install again.
$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 10) or sys.exit("yaowen needs Python 3.10 or newer, this is " + sys.version.split()[0] + ": make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.user: pyproject.toml | $(VENV)/.made
	$(BIN)/python -m pip install --quiet --editable ".[html]"
	@touch $@

$(VENV)/.dev: pyproject.toml | $(VENV)/.made
	$(BIN)/python -m pip install --quiet $(TORCH)
	$(BIN)/python -m pip install --quiet --editable ".[dev]"
	@touch $@ $(VENV)/.user
