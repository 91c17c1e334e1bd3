"""The scores of spans and events are those of an outside and of an independent scorer."""

import random
import re

import pytest

from tests.planted import LABELS, reading
from yaowen.evaluation.measures import MEASURES
from yaowen.evaluation.reading import Argument, Event, Reading
from yaowen.evaluation.spans import SpanScores, score
from yaowen.schema import ROLES

TAGS = ["O", "O", *(f"{kind}-{label}" for label in LABELS for kind in "BI")]


def strictly(tags: list[str]) -> list[tuple[int, int, str]]:
    """The spans of IOB2 tags, read by a pattern: B and the I of its label that follow; an I elsewhere is none."""
    line = "".join("oo" if t == "O" else t[0] + t[2] if t[0] == "B" else (t[0] + t[2]).lower() for t in tags)
    spans = []
    for label in LABELS:
        found = re.finditer(rf"(?:B{label[0]})(?:i{label[0].lower()})*", line)
        spans += [(m.start() // 2, m.end() // 2, label) for m in found if m.start() % 2 == 0]
    return spans


def test_our_scorer_is_strict_seqeval_on_ten_thousand_random_tag_sequences() -> None:
    seqeval = pytest.importorskip("seqeval.metrics")
    from seqeval.scheme import IOB2

    rng = random.Random(11)
    gold, found = [], []
    for _ in range(10_000):
        tags = [rng.choice(TAGS) for _ in range(rng.randrange(1, 14))]
        gold.append(tags)
        found.append([t if rng.random() < 0.8 else rng.choice(TAGS) for t in tags])
    ours = sum((score(strictly(g), strictly(f)) for g, f in zip(gold, found, strict=True)), SpanScores())
    theirs = seqeval.classification_report(gold, found, mode="strict", scheme=IOB2, output_dict=True, zero_division=0)
    for label in LABELS:
        mine, other = ours.labels[label], theirs[label]
        assert (mine.precision, mine.recall, mine.f1) == pytest.approx(
            tuple(other[k] for k in ("precision", "recall", "f1-score"))
        )
        assert mine.tp + mine.fn == other["support"]
    assert ours.micro().f1 == pytest.approx(theirs["micro avg"]["f1-score"])
    assert ours.macro_f1() == pytest.approx(theirs["macro avg"]["f1-score"])


def random_events(rng: random.Random, text: str) -> tuple[Event, ...]:
    events = []
    for start in rng.sample(range(0, len(text) - 1, 2), rng.randrange(1, 4)):
        kind = rng.choice(("meeting", "talks", "incident"))
        arguments = {
            (rng.choice(list(ROLES[kind])), low, low + rng.randrange(1, 3))
            for low in rng.sample(range(len(text) - 3), rng.randrange(4))
        }
        events.append(Event(kind, start, start + 1, tuple(Argument(*a) for a in sorted(arguments))))
    return tuple(events)


def oracle(gold: Reading, found: Reading) -> dict[str, tuple[float, int, int]]:
    """Right, gold and predicted of the event measures, by loops over lists and nothing shared with the package."""

    def flat(r: Reading) -> dict[str, list]:
        answers: dict[str, list] = {n: [] for n in ("trigger identification", "trigger classification",
                                                   "argument identification", "argument classification", "arguments")}  # fmt: skip
        for e in r.events:
            rows = [("trigger identification", [e.start, e.end]), ("trigger classification", [e.start, e.end, e.type])]
            for a in e.arguments:
                rows.append(("argument identification", [e.type, a.start, a.end]))
                rows.append(("argument classification", [e.type, a.role, a.start, a.end]))
                rows.append(("arguments", [e.start, e.end, e.type, a.role, a.start, a.end]))
            for name, row in rows:
                if row not in answers[name]:
                    answers[name].append(row)
        return answers

    one, other = flat(gold), flat(found)
    result = {n: (float(sum(row in one[n] for row in other[n])), len(one[n]), len(other[n])) for n in one}
    words = []
    for r in (gold, found):
        rows = []
        for e in r.events:
            for a in e.arguments:
                row = (e.type, a.role, r.text[a.start : a.end])
                if row not in rows:
                    rows.append(row)
        words.append(rows)
    return result | {"arguments DuEE": (duee(*words), len(words[0]), len(words[1]))}


def duee(wanted: list[tuple[str, str, str]], given_: list[tuple[str, str, str]]) -> float:
    """The agreement of the best pair that is left, again and again; of equal pairs the first in the order of the words."""
    left, right, total = sorted(wanted), sorted(given_), 0.0
    while True:
        best = (0.0, left[:1], right[:1])
        for one in left:
            for other in right:
                if one[:2] == other[:2]:
                    letters, common = list(one[2]), 0
                    for letter in other[2]:
                        if letter in letters:
                            letters.remove(letter)
                            common += 1
                    if common:
                        p, r = common / len(other[2]), common / len(one[2])
                        if 2 * p * r / (p + r) > best[0] + 1e-12:
                            best = (2 * p * r / (p + r), [one], [other])
        if not best[0]:
            return total
        total += best[0]
        left.remove(best[1][0])
        right.remove(best[2][0])


def test_event_scores_are_those_of_an_independent_oracle() -> None:
    rng = random.Random(3)
    partly = 0
    for _ in range(400):
        text = "".join(rng.choice("三亚市海口人") for _ in range(14))
        gold = reading(text, events=random_events(rng, text))
        mixed = (*(e for e in gold.events if rng.random() < 0.7), *random_events(rng, text))
        found = reading(text, events=tuple({(e.start, e.end): e for e in mixed}.values()))
        for name, (right, wanted, given_) in oracle(gold, found).items():
            counts = MEASURES[name].count(gold, found).micro()
            assert (counts.tp, counts.tp + counts.fn, counts.tp + counts.fp) == pytest.approx((right, wanted, given_)), name
            partly += 0 < right < wanted
    assert partly > 200, "the comparison must not be of all-right or all-wrong predictions"
