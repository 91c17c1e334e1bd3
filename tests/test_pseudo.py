"""Self-training: which unlabelled texts are taken, and which spans of several readings stay."""

import json
from pathlib import Path

import numpy as np
import pytest

from data.leakage import shingles
from eval import evaluate
from tests.tiny_model import authored_texts, make_model
from training import config
from training.pseudo import Committee, Settings, committee, documents, label, main, run, sample
from yaowen.formats import annotated
from yaowen.tagger.folder import write_manifest


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


def test_nothing_that_is_scored_on_is_taken():
    avoided = config.load(Settings, Path("training/configs/pseudo.toml")).avoid
    scored = {**evaluate.DEFAULT_SETS, **evaluate.TEST_SETS}.values()
    assert {path.resolve() for path in scored} <= {path.resolve() for path in avoided}


def test_a_source_that_is_not_there_is_told(tmp_path):
    with pytest.raises(ValueError, match=r"sources\.news"):
        sample(settings(tmp_path))


@pytest.mark.parametrize(
    ("override", "complaint"), [("avoid=none.jsonl", "none.jsonl"), ("avoid=[]", "sources.news"), ("speed=1", "unknown key")]
)
def test_the_command_tells_what_is_wrong_without_a_traceback(tmp_path, monkeypatch, capsys, override, complaint):
    config.save(settings(tmp_path), tmp_path / "pseudo.toml")
    monkeypatch.setattr("sys.argv", ["pseudo", "--config", str(tmp_path / "pseudo.toml"), override])
    with pytest.raises(SystemExit):
        main()
    assert complaint in capsys.readouterr().err


def test_what_is_labelled_is_written(tmp_path):
    texts = authored_texts()[:3]
    (tmp_path / "news.txt").write_text("\n\n".join(texts), "utf-8")
    told = run(settings(tmp_path, models=(make_model(tmp_path / "model").path,)))
    assert told["kept"] == len(annotated.read(tmp_path / "out.jsonl")) > 0


class Fixed:
    """A backend that gives the same logits for every token."""

    batch_tokens = 64

    def __init__(self, probabilities):
        self.row = np.log(np.array(probabilities, np.float32))

    def logits(self, ids, mask):
        return np.broadcast_to(self.row, (*ids.shape, len(self.row))) + 3.0  # a constant changes no probability


def test_a_committee_has_the_mean_probabilities_of_its_members():
    together = Committee([Fixed([0.9, 0.1]), Fixed([0.3, 0.7])])
    ids = np.ones((2, 5), np.int64)
    assert np.exp(together.logits(ids, ids)) == pytest.approx(np.broadcast_to([0.6, 0.4], (2, 5, 2)), abs=1e-6)


def test_a_committee_of_one_model_twice_reads_as_that_model(tmp_path):
    folder, texts = make_model(tmp_path / "model").path, authored_texts()[:3]
    alone = [[(s.start, s.end, s.label) for s in t.spans] for t in committee([folder]).tag(texts)]
    assert [[(s.start, s.end, s.label) for s in t.spans] for t in committee([folder, folder]).tag(texts)] == alone


def test_models_of_other_vocabularies_are_no_committee(tmp_path):
    first, second = (make_model(tmp_path / name).path for name in ("first", "second"))
    vocabulary = (second / "vocab.txt").read_text("utf-8").split("\n")
    vocabulary[-2], vocabulary[-3] = vocabulary[-3], vocabulary[-2]
    (second / "vocab.txt").write_text("\n".join(vocabulary), "utf-8")
    write_manifest(second, "0")
    with pytest.raises(ValueError, match="another vocabulary"):
        committee([first, second])


def test_labels_are_those_of_the_tagger_and_can_be_trained_on(tmp_path):
    folder = make_model(tmp_path / "model").path
    found = list(label(authored_texts()[:3], [folder], 0.0))
    assert found
    assert not list(label(authored_texts()[:3], [folder], 1.1))
    line = json.dumps({"id": "p", "text": found[0][0], "spans": [
        {"start": s.start, "end": s.end, "label": s.label} for s in found[0][1]]})  # fmt: skip
    assert next(annotated.parse([line], "test")).text == found[0][0]
