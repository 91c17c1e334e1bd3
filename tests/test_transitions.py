"""A model folder with learned scores of neighbouring tags: read in the scheme's order, refused where it does not fit."""

import json

import numpy as np
import pytest

from tests.tiny_model import TAGS, authored_texts, make_model
from yaowen.tagger.folder import ModelError, ModelFolder, write_manifest
from yaowen.tagger.tagger import Tagger


@pytest.fixture
def folder(tmp_path):
    return make_model(tmp_path / "model").path


def write(folder, **changes):
    legal = [[None if b.startswith("I-") and a[2:] != b[2:] else 0.0 for b in TAGS] for a in TAGS]
    record = {"tags": TAGS, "start": [None if t.startswith("I-") else 0.0 for t in TAGS], "steps": legal} | changes
    (folder / "transitions.json").write_text(json.dumps(record))
    write_manifest(folder, "0.0.1")


def test_scores_of_nothing_change_nothing(folder):
    texts = authored_texts()[:5]
    before = [t.spans for t in Tagger.load(folder).tag(texts)]
    write(folder)
    assert [t.spans for t in Tagger.load(folder).tag(texts)] == before


def test_a_label_that_may_not_begin_does_not_come_out(folder):
    texts = authored_texts()[:5]
    spans = [s for t in Tagger.load(folder).tag(texts) for s in t.spans]
    label = spans[0].label
    begin = TAGS.index(f"B-{label}")
    steps = [
        [None if b.startswith("I-") and a[2:] != b[2:] else -1e3 * (j == begin) for j, b in enumerate(TAGS)] for a in TAGS
    ]
    start = [None if t.startswith("I-") else -1e3 * (j == begin) for j, t in enumerate(TAGS)]
    write(folder, start=start, steps=steps)
    assert label not in {s.label for t in Tagger.load(folder).tag(texts) for s in t.spans}


@pytest.mark.parametrize(
    "changes",
    [{"tags": TAGS[::-1]}, {"start": [0.0]}, {"steps": [[0.0]]}, {"steps": None}, {"start": ["x"] * len(TAGS)},
     {"start": [None] * len(TAGS)}],
)  # fmt: skip
def test_scores_that_do_not_fit_are_refused(folder, changes):
    write(folder, **changes)
    with pytest.raises(ModelError, match=r"transitions\.json"):
        ModelFolder.load(folder)


def test_the_order_is_that_of_the_scheme(folder):
    write(folder, start=[None if t.startswith("I-") else float(j) for j, t in enumerate(TAGS)])
    checked = ModelFolder.load(folder)
    expected = [float(TAGS.index(t)) for t in ["O", *(f"B-{label}" for label in checked.scheme.labels)]]
    assert checked.chain.start[: len(expected)].tolist() == expected
    assert np.isinf(checked.chain.start[len(expected) :]).all()
