"""Scores by planted errors, the samples' alignment, the offset law, the model card, training of the argument model."""

import json
import random
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

import yaowen
from data.annotated import read
from eval import card, evaluate, offsets, samples
from tests.tiny_model import AUTHORED
from training import arguments, config
from yaowen.assemble import ArgumentModel
from yaowen.evaluation.arguments import argument_scores, canonical, gold_arguments, gold_spans
from yaowen.extractor import DEFAULT_MODEL
from yaowen.text.normalise import normalise

needs_model = pytest.mark.skipif(not (DEFAULT_MODEL / "manifest.json").exists(), reason="no model in the package")
needs_samples = pytest.mark.skipif(not (samples.SHARED / "samples").is_dir(), reason="the sample pages are not here")


@pytest.fixture(scope="module")
def documents():
    return read(AUTHORED / "dev.jsonl")


def test_arguments_with_planted_errors_have_exactly_those_scores(documents):
    gold = [gold_arguments(d) for d in documents]
    found = [set(g) for g in gold]
    (lost,) = random.Random(0).sample(sorted(found[0]), 1)
    found[0].remove(lost)
    trigger, filler, role = sorted(found[1])[0]
    found[1].remove((trigger, filler, role))
    found[1].add((trigger, (filler[0], filler[1] + 1), role))
    counts = argument_scores(gold, found).micro()
    total = sum(map(len, gold))
    assert (counts.tp, counts.fp, counts.fn) == (total - 2, 1, 2)


def test_canonical_documents_keep_their_spans(documents):
    document = documents[0]
    wide = replace(document, text="".join(chr(ord(c) + 0xFEE0) if c.isascii() and c.isdigit() else c for c in document.text))
    assert wide.text != document.text
    assert canonical(wide).text == normalise(document.text).text
    assert gold_spans(canonical(wide)) == gold_spans(canonical(document))


@needs_samples
def test_gold_of_the_samples_stands_in_the_raw_pages():
    for sample in samples.read():
        for mark in sample.gold.spans:
            start, end = sample.gold_places(mark.start, mark.end)
            said = "".join(normalise(sample.gold.text[mark.start : mark.end]).text.split())
            assert sample.raw_places.text[start:end] == said


def test_the_offset_law_on_some_generated_documents():
    counts = offsets.measure(300, seed=7)
    assert counts["documents"] == 300
    assert counts["violations"] == 0
    assert counts["restored"] == 300
    assert counts["exact raw range"] == counts["spans of restored texts"] == counts["spans"]


def test_the_offset_check_sees_a_wrong_offset():
    clean = "县长乔永山"
    case = offsets.damage(clean, clean, random.Random(1))
    broken = replace(case, ranges=[(start + 1, end + 1) for start, end in case.ranges])
    counts = offsets.check(broken, random.Random(1))
    assert counts["exact raw range"] < counts["spans of restored texts"]


@needs_model
def test_the_whole_chain_is_scored(documents):
    model = ArgumentModel.load(DEFAULT_MODEL)
    scores = evaluate.score_documents(documents[:4], yaowen.load(), model).to_dict()
    assert scores["documents"] == 4
    assert scores["entities"]["gold"] == sum(not m.label.startswith("TRIGGER") for d in documents[:4] for m in d.spans)
    assert scores["entities"]["f1"] > 0.5
    result = {"sets": {"a": scores}}
    assert f"{scores['entities']['f1']:.3f}" in evaluate.summary(result)


def test_a_small_argument_model_learns_its_documents(tmp_path):
    lines = (AUTHORED / "dev.jsonl").read_text("utf-8").splitlines(keepends=True)[:8]
    (tmp_path / "some.jsonl").write_text("".join(lines), "utf-8")
    some = f'["{tmp_path}/some.jsonl"]'
    settings = config.load(arguments.Settings, Path("training/configs/arguments.toml"), [
        f"output={tmp_path}/model", f"data.train={some}", f"data.dev={some}", "model.min_count=1", "optimiser.epochs=40",
        "optimiser.batch=64", "optimiser.dropout=0.0", "optimiser.feature_dropout=0.0",
    ])  # fmt: skip
    assert arguments.train(settings)["dev_f1"] > 0.9
    assert ArgumentModel.load(tmp_path / "model").threshold == settings.model.threshold


@needs_model
@pytest.mark.skipif(not (card.RESULTS / "scores.json").exists(), reason="no recorded results")
def test_the_card_is_what_the_results_say(tmp_path):
    text = card.render(DEFAULT_MODEL)
    assert Path("model_card.md").read_text("utf-8") == text
    results = shutil.copytree(card.RESULTS, tmp_path / "results")
    scores = json.loads((results / "scores.json").read_text())
    scores["sets"]["annotated dev"]["entities"]["f1"] = 0.123456
    (results / "scores.json").write_text(json.dumps(scores))
    assert "0.123" in card.render(DEFAULT_MODEL, results)
    (results / "scores.json").write_text(json.dumps(scores | {"model": "other"}))
    with pytest.raises(ValueError, match="different weights"):
        card.render(DEFAULT_MODEL, results)
