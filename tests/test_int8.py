"""The 8-bit graph of the shipped model against its float form, on our dev documents."""

import json
import shutil
from pathlib import Path

import pytest

import yaowen
from yaowen.evaluation.spans import SpanScores, score
from yaowen.extractor import DEFAULT_MODEL
from yaowen.formats.annotated import read
from yaowen.schema import SPAN_LABELS
from yaowen.tagger.folder import INT8, ModelError, ModelFolder, digest, write_manifest
from yaowen.tagger.tagger import Tagger

WORST_LOSS = 0.003  # of span F1, over all dev documents
WORST_LOSS_HERE = 0.01  # over ours alone, which are few: five spans are half of it


def test_eight_bits_cost_little() -> None:
    documents = read(Path("data/authored/dev.jsonl"))
    gold = [[(m.start, m.end, m.label) for m in d.spans] for d in documents]
    found = {}
    for backend in ("onnx", "onnx-int8"):
        taggings = Tagger.load(DEFAULT_MODEL, backend).tag([d.text for d in documents])
        found[backend] = [[(s.start, s.end, s.label) for s in tagging.spans] for tagging in taggings]

    def f1(wanted: list, predicted: list) -> float:
        return sum(map(score, wanted, predicted), SpanScores()).micro(SPAN_LABELS).f1

    assert f1(gold, found["onnx-int8"]) > f1(gold, found["onnx"]) - WORST_LOSS_HERE
    assert f1(found["onnx"], found["onnx-int8"]) > 0.95


def test_the_recorded_loss_is_of_these_weights_and_small() -> None:
    recorded = json.loads(Path("eval/results/int8.json").read_text("utf-8"))
    assert recorded["model"] == digest(DEFAULT_MODEL / "model.safetensors")
    assert recorded["all"]["onnx-int8"] >= recorded["all"]["onnx"] - WORST_LOSS


def test_a_model_without_the_graph_says_how_to_make_it(tmp_path) -> None:
    model = ModelFolder.load(shutil.copytree(DEFAULT_MODEL, tmp_path / "model"))
    (model.path / INT8).unlink()
    write_manifest(model.path, model.version, model.window)
    assert yaowen.load(model.path)
    with pytest.raises(ModelError, match=r"training\.export FOLDER"):
        yaowen.load(model.path, backend="onnx-int8")


def test_the_backend_is_chosen_by_name() -> None:
    text = "2月8日，三亚市委副书记、市长阿东主持召开会议。"
    whole, small = (yaowen.load(backend=backend).extract(text) for backend in ("onnx", "onnx-int8"))
    assert [s.text for s in whole.spans] == [s.text for s in small.spans]
    assert [s.score for s in whole.spans] != [s.score for s in small.spans]
