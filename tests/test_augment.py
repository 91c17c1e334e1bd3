"""Training texts that are made to vary keep their spans; names, places, denials and pause marks change as asked."""

import dataclasses
from itertools import pairwise

import numpy as np
import pytest

from tests.training_set import DOCUMENTS, TAGS, VOCABULARY
from training.augment import Augmentation, Augmenter, NameMaker, apply
from training.examples import encode
from yaowen.formats.annotated import AnnotatedDocument, Mark
from yaowen.schema import SPAN_LABELS

EVERYTHING = Augmentation(
    people=0.9, places=0.9, swap=dict.fromkeys(SPAN_LABELS, 0.3),
    run_together=0.5, headline=0.5, end_mark=0.5, join_lines=0.5, denied=0.0, unknown=0.2,
)  # fmt: skip
EAGER = Augmenter(EVERYTHING, DOCUMENTS)
NOTHING = Augmentation(
    people=0, places=0, swap={}, run_together=0, headline=0, end_mark=0, join_lines=0, denied=0, unknown=0
)


@pytest.mark.parametrize("document", DOCUMENTS[:40], ids=lambda d: d.id)
def test_spans_go_with_the_text(document: AnnotatedDocument) -> None:
    bank = {(m.label, d.text[m.start : m.end]) for d in DOCUMENTS for m in d.spans}
    for seed in range(5):
        text, spans = EAGER.text(document.text, document.spans, np.random.default_rng(seed))
        assert [s.label for s in spans] == [s.label for s in document.spans]
        assert all(a.end <= b.start for a, b in pairwise(spans))
        words = [text[s.start : s.end] for s in spans]
        assert all(words)
        assert not any("\n" in w for w in words)
        kept = [(s.label, w) in bank for s, w in zip(spans, words, strict=True) if s.label.startswith("TRIGGER")]
        assert all(kept), "triggers are swapped whole or stay"


def test_text_between_spans_changes_by_its_pause_marks_alone() -> None:
    for document in DOCUMENTS[:40]:
        text, spans = EAGER.text(document.text, document.spans, np.random.default_rng(3))
        between = [_between(document.text, list(document.spans)), _between(text, spans)]
        bare = ["".join(c for c in b if c not in "，、：；！。 \u3000\n") for b in between]
        assert bare[0] == bare[1]


def _between(text: str, spans: list[Mark]) -> str:
    edges = [0, *(p for s in spans for p in (s.start, s.end)), len(text)]
    return "".join(text[a:b] for a, b in zip(edges[::2], edges[1::2], strict=True))


def test_nothing_asked_for_changes_nothing() -> None:
    augmenter, rng = Augmenter(NOTHING, DOCUMENTS), np.random.default_rng(0)
    for document in DOCUMENTS[:20]:
        text, spans = augmenter.text(document.text, document.spans, rng)
        assert text == document.text
        assert [(s.start, s.end) for s in spans] == [(s.start, s.end) for s in document.spans]
        example = encode(VOCABULARY, text, spans, TAGS)
        assert (augmenter.ids(example, rng).ids == example.ids).all()


def test_a_person_has_one_new_name_in_a_document_and_a_bare_surname_follows() -> None:
    text = "罗一凡讲话。罗主任强调，罗一凡来过。"
    spans = [Mark(0, 3, "OFFICIAL"), Mark(6, 7, "OFFICIAL"), Mark(12, 15, "OFFICIAL")]
    augmenter = Augmenter(dataclasses.replace(NOTHING, people=1.0), DOCUMENTS)
    seen = set()
    for seed in range(20):
        new, moved = augmenter.text(text, spans, np.random.default_rng(seed))
        first, surname, last = (new[m.start : m.end] for m in moved)
        assert first == last
        assert surname == first[0]
        seen.add(first)
    assert len(seen) > 15


def test_an_incident_that_is_denied_is_none_and_the_rest_stays() -> None:
    text = "8月3日，大关县8月4日发生山洪，罗一凡要求救援。"
    spans = [Mark(0, 4, "DATE"), Mark(5, 8, "LOCATION"), Mark(8, 12, "DATE"), Mark(12, 14, "TRIGGER:incident"),
             Mark(17, 20, "OFFICIAL"), Mark(20, 22, "TRIGGER:directive")]  # fmt: skip
    augmenter = Augmenter(dataclasses.replace(NOTHING, denied=1.0), DOCUMENTS)
    seen = set()
    for seed in range(200):
        new, moved = augmenter.text(text, spans, np.random.default_rng(seed))
        assert [(new[s.start : s.end], s.label) for s in moved] == [
            (text[s.start : s.end], s.label) for s in spans if s.label != "TRIGGER:incident"
        ]
        seen.add(new.partition("发生")[0].removeprefix("8月3日，大关县8月4日"))
    assert "" not in seen
    assert {"未", "可能", "一旦"} <= seen


def test_names_are_of_the_kind_they_replace() -> None:
    maker, rng = NameMaker(), np.random.default_rng(0)
    assert all(len(maker.name("周", rng)) == 1 for _ in range(50))
    assert sum("·" in maker.name("约翰·史密斯", rng) for _ in range(100)) > 70
    plain = [maker.name("王小明", rng) for _ in range(300)]
    assert sum(2 <= len(name) <= 3 for name in plain) > 250


def test_edits_that_overlap_are_refused() -> None:
    with pytest.raises(ValueError, match="overlaps"):
        apply("一二三四", [], [(0, 2, "x"), (1, 3, "y")])
