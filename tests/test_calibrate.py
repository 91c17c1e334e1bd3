"""Scores that are probabilities: the curves, how they are fitted and judged, and their way into a model folder."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from eval import calibrate
from eval.calibrate import Answers
from tests.tiny_model import AUTHORED, authored_texts, make_model
from training.export import complete, export
from yaowen.evaluation.calibration import calibration
from yaowen.extractor import DEFAULT_MODEL
from yaowen.schema import SPAN_LABELS
from yaowen.tagger.confidence import Confidence
from yaowen.tagger.folder import CALIBRATION, ModelError, ModelFolder, write_manifest
from yaowen.tagger.tagger import Tagger

needs_model = pytest.mark.skipif(not (DEFAULT_MODEL / "manifest.json").exists(), reason="no model in the package")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_model(tmp_path_factory.mktemp("model")).path


@pytest.fixture
def copy(folder, tmp_path):
    return shutil.copytree(folder, tmp_path / "copy")


def overconfident(documents: int = 60, seed: int = 0) -> Answers:
    """Spans of two labels whose true odds are known: half the log-odds of the score, and one less for the second label."""
    rng = np.random.default_rng(seed)
    odds, labels = rng.normal(4, 2, documents * 40), rng.integers(0, 2, documents * 40)
    right = rng.random(len(odds)) < 1 / (1 + np.exp(-(0.5 * odds - labels)))
    starts = np.arange(len(odds))
    return Answers(1 / (1 + np.exp(-odds)), labels, right, np.repeat(np.arange(documents), 40), starts, starts + 1)


def test_the_curves_that_made_the_answers_are_found():
    given = overconfident()
    confidence = calibrate.fit(given, np.ones(len(given.scores), bool), 2)
    np.testing.assert_allclose(confidence.curves, [(0.5, 0.0), (0.5, -1.0)], atol=0.2)
    crossed = calibrate.cross_judged(given, 2)
    before, after = (calibration(given.pairs(scores))["ece"] for scores in (given.scores, crossed))
    assert after < 0.03 < before


def test_no_document_is_judged_by_a_curve_it_took_part_in():
    given = overconfident(documents=4)
    crossed = calibrate.cross_judged(given, 2)
    mine = given.documents == 0
    turned = replace(given, right=np.where(mine, ~given.right, given.right))
    np.testing.assert_array_equal(calibrate.cross_judged(turned, 2)[mine], crossed[mine])
    assert not np.array_equal(calibrate.cross_judged(turned, 2)[~mine], crossed[~mine])


def test_the_least_score_is_judged_by_what_is_given_and_what_is_missed():
    scores = np.array([0.9, 0.8, 0.22, 0.12])
    starts = np.arange(4)
    given = Answers(scores, np.zeros(4, int), np.array([True, True, False, True]), starts, starts, starts + 1)
    f1 = calibrate.f1_by_least(given, scores, gold=4)
    assert f1[0.0] == f1[0.1] == round(2 * 3 / (4 + 4), 4)
    assert f1[0.15] == f1[0.2] == round(2 * 2 / (4 + 3), 4)
    assert f1[0.25] == f1[0.5] == round(2 * 2 / (4 + 2), 4)


def test_of_overlapping_spans_the_surest_is_judged():
    scores, starts = np.array([0.6, 0.7, 0.5]), np.array([0, 2, 4])
    given = Answers(scores, np.zeros(3, int), np.ones(3, bool), np.zeros(3, int), starts, starts + 3)
    assert calibrate.shown(given, scores, 0.0).tolist() == [False, True, False]
    assert calibrate.shown(given, 1 - scores, 0.45).tolist() == [False, False, True]


def test_spans_below_the_least_score_are_not_given_unless_asked_for(copy):
    texts = authored_texts()[:20]
    calibrate.write(ModelFolder.load(copy), Confidence(((1.0, 0.0),) * len(SPAN_LABELS), least=0.3))
    some = [s for tagging in Tagger.load(copy).tag(texts) for s in tagging.spans]
    every = [s for tagging in Tagger.load(copy, least_score=0.0).tag(texts) for s in tagging.spans]
    assert 0 < len(some) < len(every)
    assert some == [s for s in every if s.score >= 0.3]
    found = [s for tagging in Tagger.load(copy).candidates(texts) for s in tagging.spans]
    assert len(every) < len(found), "some overlap"
    assert {(s.start, s.end, s.label) for s in every} <= {(s.start, s.end, s.label) for s in found}
    with pytest.raises(ValueError, match="least score"):
        Tagger.load(copy, least_score=1.0)
    (copy / CALIBRATION).unlink()
    write_manifest(copy, "1")
    with pytest.raises(ValueError, match="not calibrated"):
        Tagger.load(copy, least_score=0.5)


def test_spans_that_are_all_right_calibrate_nothing():
    given = overconfident()
    with pytest.raises(ValueError, match="right and wrong"):
        calibrate.fit(given, given.right, 2)


@pytest.mark.parametrize("backend", ["onnx", "torch"])
def test_every_backend_gives_the_scores_of_the_curves(copy, backend):
    texts = list(authored_texts()[:6])
    likely = Tagger.load(copy, backend="onnx").candidates(texts)
    curves = Confidence(tuple((0.5 + i / 20, 1.0 - i / 4) for i in range(len(SPAN_LABELS))), least=0.2)
    calibrate.write(ModelFolder.load(copy), curves)
    assert CALIBRATION in ModelFolder.load(copy).files
    for every, given in zip(likely, Tagger.load(copy, backend=backend).tag(texts), strict=True):
        labels = np.array([SPAN_LABELS.index(s.label) for s in every.spans], int)
        wanted = curves.scores(np.array([s.score for s in every.spans]), labels)
        assert 0 < len(given.spans) < len(wanted)
        for span in given.spans:  # what punctuation was trimmed from may be there more than once
            same = [score for s, score in zip(every.spans, wanted, strict=True) if span == replace(s, score=span.score)]
            assert np.abs(np.array(same) - span.score).min() < 1e-3


@pytest.mark.parametrize("curve", [{"slope": 0.0, "offset": 1.0}, {"slope": 1.0}, {"slope": 1.0, "offset": float("nan")}, 7])
def test_a_calibration_that_is_none_is_told(copy, curve):
    (copy / CALIBRATION).write_text(json.dumps({"labels": dict.fromkeys(SPAN_LABELS, curve)}), "utf-8")
    write_manifest(copy, "0.0.1")
    with pytest.raises(ModelError, match=r"calibration\.json: .*slope"):
        ModelFolder.load(copy)


def test_a_calibration_that_was_changed_is_refused(copy):
    calibrate.write(ModelFolder.load(copy), Confidence(((1.0, 0.0),) * len(SPAN_LABELS)))
    (copy / CALIBRATION).write_text((copy / CALIBRATION).read_text("utf-8").replace("1.0", "2.0"), "utf-8")
    with pytest.raises(ModelError, match="damaged or was changed"):
        ModelFolder.load(copy)


def test_export_takes_what_was_calibrated_for_these_weights_alone(copy, tmp_path):
    calibrate.write(ModelFolder.load(copy), Confidence(((1.0, 0.0),) * len(SPAN_LABELS)))
    assert export(copy, "0.0.1").confidence is not None
    other = make_model(tmp_path / "other", seed=1).path
    shutil.copy(copy / CALIBRATION, other)
    exported = export(other, "0.0.1")
    assert exported.confidence is None


def test_a_model_of_ones_own_begins_with_the_curves_of_its_base(copy, tmp_path):
    (copy / "assembler.safetensors").write_bytes(b"{}")
    (copy / "assembler.json").write_text('{"threshold": 0.4, "least": 0.3}', "utf-8")
    calibrate.write(ModelFolder.load(copy), Confidence(((0.7, 0.1),) * len(SPAN_LABELS), least=0.4))
    own = complete(make_model(tmp_path / "own", seed=1).path, copy, 126)
    assert own.confidence is not None
    assert own.confidence.curves[0] == (0.7, 0.1)
    assert own.confidence.least == 0.4
    assert json.loads((own.path / "assembler.json").read_text("utf-8")) == {"threshold": 0.4, "least": 0.3}
    assert own.window == 126
    assert export(own.path, "own").confidence == own.confidence, "they stay when it is exported again"


@needs_model
def test_the_whole_calibration_of_some_documents(tmp_path):
    model = shutil.copytree(DEFAULT_MODEL, tmp_path / "model")
    lines = (AUTHORED / "dev.jsonl").read_text("utf-8").splitlines(keepends=True)
    for name, some in (("few", lines[:8]), ("rest", lines[8:12])):
        (tmp_path / f"{name}.jsonl").write_text("".join(some), "utf-8")
    record = calibrate.calibrate(model, {"few": tmp_path / "few.jsonl"}, {"rest": tmp_path / "rest.jsonl"})
    loaded = ModelFolder.load(model)
    assert loaded.confidence.least == record["least"]
    assert loaded.window == ModelFolder.load(DEFAULT_MODEL).window
    assert record["after"]["ece"] < record["before"]["ece"]
    assert record["sets"]["few"] == record["after"]
    every = Tagger.load(model).tag(authored_texts()[8:12])
    assert record["test"]["rest"]["answers"] == sum(len(tagging.spans) for tagging in every)
