"""Planted errors give exactly their figures and are told apart; people, dates and places are scored where gold has them."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fake_extractor import page_document
from tests.planted import GOLD, LABELS, planted, read_spans, reading
from yaowen.evaluation.errors import context
from yaowen.evaluation.matching import Kind, match
from yaowen.evaluation.measures import MEASURES, askable
from yaowen.evaluation.reading import Argument, Event, Reading, from_annotated, from_record
from yaowen.evaluation.reading import Span as ReadSpan
from yaowen.evaluation.report import build
from yaowen.evaluation.spans import Counts
from yaowen.formats import annotated


@pytest.fixture(scope="module")
def planted_report() -> dict:
    return build(GOLD, [planted(g) for g in GOLD])


def test_planted_errors_have_exactly_their_figures(planted_report: dict) -> None:
    spans, each = sum(len(g.spans) for g in GOLD), len(GOLD)
    micro = {name: part["micro"] for name, part in planted_report["measures"].items()}
    right = {"spans": spans - 3 * each, "spans lenient": spans - 2 * each, "spans boundaries": spans - 2 * each}
    for name, tp in right.items():
        assert micro[name]["gold"] == micro[name]["predicted"] == spans
        assert micro[name]["precision"] == micro[name]["recall"] == micro[name]["f1"] == round(tp / spans, 4), name
    events = sum(len(g.events) for g in GOLD)
    arguments = sum(len(e.arguments) for g in GOLD for e in g.events)
    assert micro["trigger identification"]["f1"] == 1.0
    assert micro["trigger classification"]["f1"] == round((events - each) / events, 4)
    lost = sum(len(g.events[0].arguments) + 1 for g in GOLD)
    assert micro["arguments"]["f1"] == round((arguments - lost) / arguments, 4)
    assert micro["roster"]["f1"] == 1.0
    assert "dates" not in micro, "the gold says no dates, so there is nothing to measure"


def test_planted_errors_are_told_apart(planted_report: dict) -> None:
    told = [e["kind"] for e in planted_report["errors"] if e["what"] == "span"]
    assert {kind: told.count(kind) for kind in told} == dict.fromkeys(("missed", "spurious", "boundary", "label"), len(GOLD))
    roles = [e for e in planted_report["errors"] if e["what"] == "argument" and e["kind"] == "label"]
    assert {e["found"]["label"] for e in roles} == {"companion"}
    texts = {g.id: g.text for g in GOLD}
    for error in planted_report["errors"]:
        for part in (error["gold"], error["found"]):
            if part:
                assert texts[error["document"]][part["start"] : part["end"]] == part["text"]
                assert any(
                    c["start"] <= part["start"] and part["end"] <= c["start"] + len(c["text"]) for c in error["contexts"]
                )
    scores = [e["score"] for e in planted_report["errors"] if e["score"] is not None]
    assert scores == sorted(scores, reverse=True)
    labels = planted_report["confusion"]["labels"]
    assert planted_report["confusion"]["rows"][labels.index("LOCATION")][labels.index("ORGANIZATION")] == len(GOLD)


def test_planted_scores_have_their_calibration(planted_report: dict) -> None:
    spans, each = sum(len(g.spans) for g in GOLD), len(GOLD)
    expected = (0.85 * 3 * each + 0.05 * (spans - 3 * each)) / spans
    assert planted_report["calibration"]["spans"]["ece"] == pytest.approx(expected, abs=1e-4)
    assert [(b["low"], b["right"]) for b in planted_report["calibration"]["spans"]["curve"]] == [(0.8, 0.0), (0.9, 1.0)]
    assert planted_report["calibration"]["arguments"] is None


def test_a_perfect_prediction_has_no_errors() -> None:
    report = build(GOLD, GOLD)
    assert report["errors"] == []
    assert all(
        part["micro"]["f1"] == 1.0 and part["micro"]["interval"] == [1.0, 1.0] for part in report["measures"].values()
    )


# --- Errors of spans


@pytest.mark.parametrize(
    ("found", "kind", "lenient", "boundaries"),
    [
        ((2, 5, "DATE"), Kind.RIGHT, 1, 1),
        ((2, 5, "LOCATION"), Kind.LABEL, 0, 1),
        ((1, 4, "DATE"), Kind.BOUNDARY, 1, 0),
        ((4, 9, "LOCATION"), Kind.BOTH, 0, 0),
        ((5, 9, "DATE"), Kind.MISSED, 0, 0),
    ],
)
def test_errors_of_spans_are_told_apart(found: tuple, kind: Kind, lenient: int, boundaries: int) -> None:
    gold, other = reading(spans=read_spans((2, 5, "DATE"))), reading(spans=read_spans(found))
    assert match(gold.spans, other.spans)[0].kind is kind
    assert MEASURES["spans lenient"].count(gold, other).micro().tp == lenient
    assert MEASURES["spans boundaries"].count(gold, other).micro().tp == boundaries


spans_of_a_text = st.lists(
    st.tuples(st.integers(0, 12), st.integers(1, 4), st.sampled_from(LABELS)).map(
        lambda t: ReadSpan(t[0], t[0] + t[1], t[2])
    ),
    max_size=6,
)


@given(spans_of_a_text, spans_of_a_text)
def test_every_span_is_in_exactly_one_match(gold: list[ReadSpan], found: list[ReadSpan]) -> None:
    matches = match(gold, found)
    assert sorted(m.gold.key for m in matches if m.gold) == sorted({s.key for s in gold})
    assert sorted(m.found.key for m in matches if m.found) == sorted({s.key for s in found})
    assert sum(m.kind is Kind.RIGHT for m in matches) == len({s.key for s in gold} & {s.key for s in found})


def test_the_context_of_an_error_is_its_sentence() -> None:
    text = "甲。" + "乙" * 300 + "。丙"
    assert context(text, 0, 1) == {"start": 0, "text": "甲。"}
    assert context(text, 100, 101) == {"start": 10, "text": "乙" * 181}


# --- Roster, dates, places


def test_a_pair_of_person_and_office_is_compared_by_its_words() -> None:
    text = "罗平县县长罗一凡讲话。县长罗一凡到三河乡。罗县长说"
    gold = annotated.from_record({
        "id": "a", "text": text, "events": [],
        "spans": [
            {"start": 0, "end": 5, "label": "POSITION", "holder": 5}, {"start": 5, "end": 8, "label": "OFFICIAL"},
            {"start": 11, "end": 13, "label": "POSITION", "holder": 13}, {"start": 13, "end": 16, "label": "OFFICIAL"},
            {"start": 22, "end": 24, "label": "POSITION", "holder": 21}, {"start": 21, "end": 22, "label": "OFFICIAL"},
        ],
    })  # fmt: skip
    # the tail of a longer title says nothing new, the surname is the same person
    assert from_annotated(gold).offices == {("罗一凡", "罗平县县长")}


def test_the_roster_of_a_record_is_read() -> None:
    document = page_document()
    read = from_record(document.to_dict(), document.raw)
    assert ("贺兰川", "县委书记") in read.offices
    assert {(s.start, s.end, s.label) for s in read.spans} == {(s.start, s.end, s.label) for s in document.spans}
    assert read.events[1].arguments[1].role == "measure"


def test_dates_and_places_are_scored_where_gold_has_them() -> None:
    record = {
        "id": "a", "text": "2020年2月5日，三亚市", "events": [],
        "spans": [
            {"start": 0, "end": 9, "label": "DATE", "date": {"start": "2020-02-05", "end": "2020-02-05"}},
            {"start": 10, "end": 13, "label": "LOCATION", "place": {"adcode": "460200"}},
        ],
    }  # fmt: skip
    gold = from_annotated(annotated.from_record(record))
    assert annotated.to_record(annotated.from_record(record))["spans"] == record["spans"]
    assert {"dates", "places"} <= set(askable([gold]))
    off = replace(
        gold, spans=(replace(gold.spans[0], date=("2020-02-06", "2020-02-06")), replace(gold.spans[1], adcode=None))
    )
    assert MEASURES["dates"].count(gold, gold).micro() == Counts(tp=1)
    assert MEASURES["dates"].count(gold, off).micro() == Counts(fp=1, fn=1)
    assert MEASURES["places"].count(gold, off).micro() == Counts(fn=1)


# --- DuEE's measure


def argued(text: str, *words: str) -> Reading:
    """A reading of a meeting whose attendees are these words of the text."""
    places = [(text.index(word), text.index(word) + len(word)) for word in words]
    return reading(text, events=(Event("meeting", 0, 1, tuple(Argument("attendee", *place) for place in places)),))


@pytest.mark.parametrize(
    ("gold", "found", "right"),
    [
        (("罗平县县长",), ("罗平县县长", "罗平县", "县长"), 1.0),  # one gold argument is found once
        (("罗平县县长", "县长陆"), ("县长",), 0.8),  # the best of several
        (("罗平县县长", "县长陆"), ("罗平县县", "县长"), 8 / 9 + 0.8),
    ],
)
def test_several_predictions_share_no_gold_argument(gold: tuple[str, ...], found: tuple[str, ...], right: float) -> None:
    text = "开会：罗平县县长陆知夏"
    counts = MEASURES["arguments DuEE"].count(argued(text, *gold), argued(text, *found)).micro()
    assert counts.tp == pytest.approx(right)
    assert (counts.tp + counts.fn, counts.tp + counts.fp) == pytest.approx((len(gold), len(found)))
    assert max(counts.precision, counts.recall, counts.f1) <= 1
