"""Strict span scores against an outside scorer, and the laws of counting."""

import random

import pytest
from seqeval.metrics import classification_report
from seqeval.scheme import IOB2

from yaowen.evaluation.spans import Counts, SpanScores, score

LABELS = ("DATE", "LOCATION", "MEASURE")


def random_spans(rng: random.Random, length: int) -> list[tuple[int, int, str]]:
    spans, at = [], 0
    while (start := at + rng.randrange(4)) < length:
        at = min(start + rng.randrange(1, 4), length)
        spans.append((start, at, rng.choice(LABELS)))
    return spans


def tags(spans: list[tuple[int, int, str]], length: int) -> list[str]:
    result = ["O"] * length
    for start, end, label in spans:
        result[start:end] = [f"B-{label}", *[f"I-{label}"] * (end - start - 1)]
    return result


def test_scores_are_those_of_strict_seqeval() -> None:
    rng = random.Random(5)
    gold, found = [], []
    for _ in range(300):
        truth = random_spans(rng, 20)
        kept = [s for s in truth if rng.random() < 0.7]
        gold.append(truth)
        found.append(kept if rng.random() < 0.5 else random_spans(rng, 20))
    ours = sum((score(g, f) for g, f in zip(gold, found, strict=True)), SpanScores())
    theirs = classification_report(
        [tags(g, 20) for g in gold],
        [tags(f, 20) for f in found],
        mode="strict",
        scheme=IOB2,
        output_dict=True,
        zero_division=0,
    )
    for label in LABELS:
        mine = ours.labels[label]
        expected = theirs[label]
        assert (mine.precision, mine.recall, mine.f1) == pytest.approx(
            (expected["precision"], expected["recall"], expected["f1-score"])
        )
        assert mine.tp + mine.fn == expected["support"]
    assert ours.micro().f1 == pytest.approx(theirs["micro avg"]["f1-score"])
    assert ours.macro_f1() == pytest.approx(theirs["macro avg"]["f1-score"])
    assert 0.2 < ours.micro().f1 < 0.9, "the comparison must not be of all-right or all-wrong predictions"


@pytest.mark.parametrize("wrong", [(0, 3, "DATE"), (1, 2, "DATE"), (0, 2, "MEASURE")])
def test_nothing_but_the_very_span_counts(wrong: tuple[int, int, str]) -> None:
    assert score([(0, 2, "DATE")], [wrong]).micro() == Counts(tp=0, fp=1, fn=1)


def test_a_span_given_twice_counts_once() -> None:
    assert score([(0, 2, "DATE")], [(0, 2, "DATE"), (0, 2, "DATE")]).micro() == Counts(tp=1)


def test_micro_over_some_labels_leaves_the_others_out() -> None:
    scores = score([(0, 1, "DATE"), (2, 3, "MEASURE")], [(0, 1, "DATE"), (5, 6, "LOCATION")])
    assert scores.micro(["DATE"]) == Counts(tp=1)
    assert scores.micro(["MEASURE", "LOCATION"]) == Counts(fp=1, fn=1)
    assert scores.macro_f1(["DATE", "MEASURE", "PERSON"]) == 0.5  # PERSON stands nowhere


def test_nothing_predicted_and_nothing_to_find() -> None:
    assert SpanScores().micro().f1 == SpanScores().macro_f1() == 0.0
    assert score([], []) == SpanScores()
    assert score([(0, 1, "DATE")], []).micro().to_dict() == {
        "precision": 0.0,
        "recall": 0.0,
        "f1": 0.0,
        "gold": 1,
        "predicted": 0,
    }
