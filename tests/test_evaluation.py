"""Scores by planted errors, the samples' alignment, the offset law, the model card, training of the argument model."""

import json
import random
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from huggingface_hub import ModelCard, ModelCardData

import yaowen
from eval import card, evaluate, offsets, samples
from eval.plots import draw
from tests.test_plots import records
from tests.tiny_model import AUTHORED
from training import arguments, config
from yaowen.assemble import ArgumentModel
from yaowen.evaluation.arguments import argument_scores, canonical, gold_arguments, gold_spans
from yaowen.extractor import DEFAULT_MODEL
from yaowen.formats import annotated
from yaowen.formats.annotated import read
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


def test_a_set_that_is_not_there_is_left_out_and_told(tmp_path, capsys):
    (tmp_path / "a.jsonl").touch()
    found = evaluate.present({"here": tmp_path / "a.jsonl", "gone": tmp_path / "b.jsonl"})
    assert found == {"here": tmp_path / "a.jsonl"}
    assert "gone is left out" in capsys.readouterr().err


def test_test_documents_and_others_are_not_scored_together(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["evaluate", "--tests", "--set", "a=b.jsonl"])
    with pytest.raises(SystemExit):
        evaluate.main()
    assert "not allowed with" in capsys.readouterr().err


@needs_model
def test_unsure_arguments_are_given_to_who_asks_for_all(documents):
    def scores(extractor):
        found = extractor.extract_many(d.text for d in documents[:6])
        return [a.score for document in found for event in document.events for a in event.arguments]

    least = ArgumentModel.load(DEFAULT_MODEL).least
    assert 0 < least <= min(scores(yaowen.load()))
    assert min(scores(yaowen.load(least_score=0))) < least


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


def test_an_event_with_a_part_that_is_no_span_is_told_before_anything_is_written(documents, tmp_path):
    document = next(d for d in documents if d.events)
    event = document.events[0]
    annotated.write([replace(document, spans=tuple(m for m in document.spans if m.start != event.start))], tmp_path / "a")
    choice = [f"output={tmp_path}/model", f"data.train={tmp_path}/a"]
    settings = config.load(arguments.Settings, Path("training/configs/arguments.toml"), choice)
    told = rf"document '{document.id}': the event {event.type} has a part at \[{event.start}, {event.end}\) '.*' that is no"
    with pytest.raises(ValueError, match=told):
        arguments.train(settings)
    assert not (tmp_path / "model").exists()


def test_a_missing_file_of_arguments_is_told_without_a_traceback(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["arguments", f"output={tmp_path}", f'data.train=["{tmp_path}/none.jsonl"]'])
    with pytest.raises(SystemExit):
        arguments.main()
    assert "none.jsonl" in capsys.readouterr().err


recorded = pytest.mark.skipif(not (card.RESULTS / "scores.json").exists(), reason="no recorded results")


@needs_model
@recorded
def test_the_metadata_of_the_card_are_those_that_the_hub_reads():
    metadata = ModelCard(Path("model_card.md").read_text("utf-8"), ignore_metadata_errors=False).data
    assert (metadata.language, metadata.license, metadata.library_name) == ("zh", "apache-2.0", "transformers")
    assert metadata.pipeline_tag == "token-classification"
    assert all(isinstance(name, str) for name in (*metadata.tags, *metadata.datasets, *metadata.metrics))
    assert metadata.eval_results
    scores = json.loads((card.RESULTS / "scores.json").read_text("utf-8"))["sets"]["annotated dev"]
    told = {r.task_name: r.metric_value for r in metadata.eval_results if r.dataset_name == "annotated dev"}
    assert told["entities"] == scores["entities"]["f1"]
    for result in metadata.eval_results:
        assert result.task_type == "token-classification"
        assert 0 < result.metric_value <= 1
    again = ModelCardData(**metadata.to_dict() | {"model_index": None})
    assert again.to_dict()["datasets"] == metadata.datasets


@needs_model
@recorded
def test_a_card_without_a_set_that_it_tells_of_is_refused(tmp_path):
    results = shutil.copytree(card.RESULTS, tmp_path / "results")
    record = json.loads((results / "test.json").read_text("utf-8"))
    record["sets"].pop("news test", None)
    (results / "test.json").write_text(json.dumps(record), "utf-8")
    with pytest.raises(ValueError, match="no figures of news test"):
        card.render(DEFAULT_MODEL, results)


@needs_model
@recorded
def test_a_section_stands_where_its_record_is(tmp_path):
    results = shutil.copytree(card.RESULTS, tmp_path / "results")
    for name in card.OPTIONAL:
        (results / f"{name}.json").unlink(missing_ok=True)
    titles = ("The encoder on public sets", "What each part is worth", "What more documents would bring", "eval/plots/")
    bare = card.render(DEFAULT_MODEL, results, tmp_path / "none")
    assert not any(title in bare for title in titles)
    draw(records(results), tmp_path / "plots")
    for file in ("pretrain.jsonl", "calibration.json", "speed.json"):
        shutil.copy(card.RESULTS / file, results)
    msra = {"split": "test", "texts": 9, "gold": 7, "mean": 94.93, "deviation": None, "seeds": {"1": 94.93}, "published": []}
    public = {"minutes": {"1": 8.0}, "steps": {"1": 70}, "data": {"msra": "digest"}, "sets": {"msra": msra}}
    (results / "public.json").write_text(json.dumps(public), "utf-8")
    full = card.render(DEFAULT_MODEL, results, tmp_path / "plots")
    assert all(title in full for title in titles)
    assert "| msra | test | 94.9 |" in full
    assert "| 4 documents | -10.0 |" in full
    found = ModelCard(full, ignore_metadata_errors=False).data
    assert ("msra", 0.9493) in [(r.dataset_name, r.metric_value) for r in found.eval_results]


@needs_model
@recorded
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
