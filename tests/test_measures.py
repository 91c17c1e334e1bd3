"""Scores, errors, intervals, calibration and forms: planted errors give exactly their figures, oracles agree."""

import random
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fake_extractor import page_document
from tests.planted import DOCUMENTS, GOLD, WordFinder, planted, read_spans, reading
from yaowen.evaluation import run
from yaowen.evaluation.bootstrap import Table, interval, label_f1, macro_f1, micro_f1, p_value, weights
from yaowen.evaluation.calibration import calibration
from yaowen.evaluation.compare import compare
from yaowen.evaluation.errors import context
from yaowen.evaluation.forms import FORMS
from yaowen.evaluation.matching import Kind, match
from yaowen.evaluation.measures import MEASURES, askable
from yaowen.evaluation.reading import Argument, Event, Reading, from_annotated, from_record
from yaowen.evaluation.reading import Span as ReadSpan
from yaowen.evaluation.report import build
from yaowen.evaluation.robustness import robustness
from yaowen.evaluation.spans import Counts, SpanScores, score
from yaowen.formats import annotated
from yaowen.schema import ROLES
from yaowen.text.normalise import normalise


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


# --- Outside and independent scorers


LABELS = ("DATE", "LOCATION", "MEASURE")
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
    total = 0.0
    for kind, role, said in words[1]:
        best = 0.0
        for other_kind, other_role, wanted in words[0]:
            if (kind, role) == (other_kind, other_role):
                left, common = list(wanted), 0
                for letter in said:
                    if letter in left:
                        left.remove(letter)
                        common += 1
                if common:
                    p, r_ = common / len(said), common / len(wanted)
                    best = max(best, 2 * p * r_ / (p + r_))
        total += best
    return result | {"arguments DuEE": (total, len(words[0]), len(words[1]))}


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


# --- Intervals and comparison


def scores_of(*pairs: tuple[int, int, int]) -> list[SpanScores]:
    return [SpanScores({"DATE": Counts(*pair)}) for pair in pairs]


def test_intervals_hold_the_figure_and_narrow_with_more_documents() -> None:
    few, many = (scores_of(*[(3, 1, 0), (1, 2, 2)] * n) for n in (4, 100))
    widths = []
    for documents in (few, many):
        table = Table.of(documents)
        low, high = interval(micro_f1(table, weights(len(documents))))
        assert low < float(micro_f1(table)) < high
        widths.append(high - low)
    assert widths[1] < widths[0] / 3
    same = Table.of(scores_of(*[(3, 1, 0)] * 20))
    assert interval(micro_f1(same, weights(20))) == [round(6 / 7, 4)] * 2


@given(st.lists(st.tuples(*[st.integers(0, 4)] * 3), min_size=1, max_size=5))
def test_the_table_of_counts_says_what_the_counter_says(pairs: list) -> None:
    documents = [SpanScores({label: Counts(*pair)}) for pair, label in zip(pairs, [*LABELS, *LABELS], strict=False)]
    total, table = sum(documents, SpanScores()), Table.of(documents)
    assert float(micro_f1(table)) == pytest.approx(total.micro().f1)
    assert label_f1(table).tolist() == pytest.approx([total.labels[name].f1 for name in table.labels])
    present = [name for name, c in total.labels.items() if c.tp + c.fp + c.fn]
    assert float(macro_f1(table)) == pytest.approx(total.macro_f1(present))


def test_the_same_readings_do_not_differ_and_worse_ones_do() -> None:
    gold = [replace(g, id=f"{g.id}-{n}") for n in range(5) for g in GOLD]
    worse = [replace(g, spans=g.spans[:-1]) for g in gold]
    drawn = weights(len(gold))
    same = compare(gold, gold, gold, ["spans"], drawn)
    assert same["measures"]["spans"]["p"] == 1.0
    assert same["documents"] == []
    one = compare(gold, gold, worse, ["spans"], drawn)
    assert one["measures"]["spans"]["difference"] > 0
    assert one["measures"]["spans"]["p"] < 0.01
    assert one["measures"]["spans"]["interval"][0] > 0
    assert [row["better"] for row in one["documents"]] == [1] * 20
    assert compare(gold, worse, gold, ["spans"], drawn)["measures"]["spans"]["difference"] < 0


def test_p_is_small_only_where_samples_agree() -> None:
    import numpy as np

    assert p_value(np.full(999, 0.1)) == 0.002
    assert p_value(np.array([-1.0, 1.0] * 50)) == 1.0


def test_scores_that_are_probabilities_are_calibrated() -> None:
    answers = [(level / 10 + 0.05, i < level + 0.5) for level in range(10) for i in range(10)]
    assert calibration(answers)["ece"] == pytest.approx(0.05, abs=1e-6)
    assert calibration([]) is None


# --- Forms of the same text


@given(st.text(st.sampled_from("罗一凡县長3a，。“·%\n <&"), min_size=1, max_size=30), st.integers(0, 9))
def test_every_character_of_a_form_knows_its_place(text: str, seed: int) -> None:
    for name, make in FORMS.items():
        form = make(text, seed)
        assert len(form.starts) == len(form.ends) == len(text), name
        for i in range(len(text)):
            if form.starts[i] < form.ends[i]:
                assert form.original(form.starts[i], form.ends[i]) == (i, i + 1), name


def test_forms_are_read_as_the_text() -> None:
    text = DOCUMENTS[0].text
    assert normalise(FORMS["traditional"](text, 1).raw).text == text
    assert normalise(FORMS["pinyin"](text, 1).raw).text == text
    assert normalise(FORMS["full-width"](text, 1).raw).text == normalise(text).text
    assert not set("，。、；") & set(FORMS["no punctuation"](text, 1).raw)
    assert text.split("\n")[0] not in FORMS["pinyin"](text, 1).raw


def test_robustness_sees_what_a_form_hides() -> None:
    text = "县长讲话，县长强调"
    gold = [reading(text, read_spans((0, 2, "POSITION"), (5, 7, "POSITION")))]
    finder = WordFinder()
    found = list(run.predict(finder, gold))
    result = robustness(gold, found, lambda texts: run.predict(finder, texts), weights(1))
    assert result["as it is"] == {"identical": 1.0, "f1": 1.0, "interval": [1.0, 1.0]}
    assert result["full-width"]["identical"] == result["no punctuation"]["identical"] == 1.0
    assert result["traditional"]["identical"] == result["traditional"]["f1"] == 0.0  # 縣長


def test_the_context_of_an_error_is_its_sentence() -> None:
    text = "甲。" + "乙" * 300 + "。丙"
    assert context(text, 0, 1) == {"start": 0, "text": "甲。"}
    assert context(text, 100, 101) == {"start": 10, "text": "乙" * 181}
