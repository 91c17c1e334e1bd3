"""Self-training: which unlabelled texts are taken, and which spans of several readings stay."""

import json

import pytest

from data.leakage import shingles
from tests.tiny_model import authored_texts, make_model
from training.pseudo import Settings, documents, label, sample, vote
from yaowen.formats import annotated
from yaowen.spans import TaggedSpan


def settings(tmp_path, **changes):
    made = {
        "output": tmp_path / "out.jsonl", "models": (), "folder": tmp_path, "sources": {"news": 10_000}, "shortest": 20,
        "longest": 1200, "doubt": 0.0, "avoid": (), "seed": 1,
    } | changes  # fmt: skip
    return Settings(**made)


def test_documents_are_cut_at_line_ends(tmp_path):
    (tmp_path / "news.txt").write_text("甲乙丙\n丁戊\n\n己\n\n庚辛壬癸\n子丑寅卯\n", "utf-8")
    assert list(documents(tmp_path / "news.txt", 3, 8)) == ["甲乙丙\n丁戊", "庚辛壬癸", "子丑寅卯"]


def test_a_text_that_is_scored_on_is_left_out(tmp_path):
    texts = authored_texts()[:4]
    (tmp_path / "news.txt").write_text("\n\n".join(texts), "utf-8")
    record = {"id": "a", "text": "另一个开头。" + texts[2][10:80], "spans": [], "events": []}
    (tmp_path / "dev.jsonl").write_text(json.dumps(record), "utf-8")
    everything = sample(settings(tmp_path))
    left = sample(settings(tmp_path, avoid=(tmp_path / "dev.jsonl",)))
    assert len(everything) == len(left) + 1
    assert not any(shingles(texts[2][10:80]) & shingles(text) for text in left)


def test_a_source_that_is_not_there_is_told(tmp_path):
    with pytest.raises(ValueError, match=r"sources\.news"):
        sample(settings(tmp_path))


def test_most_readings_decide():
    first, second, third = TaggedSpan(0, 2, "DATE", 0.9), TaggedSpan(0, 3, "DATE", 0.5), TaggedSpan(5, 6, "DATE", 0.7)
    assert vote([[first, third], [second, third]]) == [third]
    assert vote([[first], [first, third], [second]]) == [TaggedSpan(0, 2, "DATE", 0.9)]


def test_labels_are_those_of_the_tagger_and_can_be_trained_on(tmp_path):
    folder = make_model(tmp_path / "model").path
    found = list(label(authored_texts()[:3], [folder], 0.0))
    assert found
    assert not list(label(authored_texts()[:3], [folder], 1.1))
    line = json.dumps({"id": "p", "text": found[0][0], "spans": [
        {"start": s.start, "end": s.end, "label": s.label} for s in found[0][1]]})  # fmt: skip
    assert next(annotated.parse([line], "test")).text == found[0][0]
