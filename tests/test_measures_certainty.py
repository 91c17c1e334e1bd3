"""How far a figure can be trusted: intervals, comparisons, calibration, and what other forms of the same text change."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.planted import DOCUMENTS, GOLD, LABELS, WordFinder, read_spans, reading
from yaowen.evaluation import plots, render, run
from yaowen.evaluation.bootstrap import Table, interval, label_f1, macro_f1, micro_f1, p_value, summary, weights
from yaowen.evaluation.calibration import calibration
from yaowen.evaluation.compare import compare
from yaowen.evaluation.forms import FORMS
from yaowen.evaluation.report import build
from yaowen.evaluation.robustness import robustness
from yaowen.evaluation.spans import Counts, SpanScores
from yaowen.text.normalise import normalise

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


def test_samples_that_do_not_hold_a_label_say_nothing_of_it() -> None:
    right = Counts(2, 0, 0)
    rare = [{"DATE": right, "LOCATION": right}, *[{"LOCATION": right}] * 2, *[{}] * 17]
    documents = [SpanScores(labels | {"PERSON": Counts(3, 1, 0)}) for labels in rare]
    found = summary(documents, weights(20))["labels"]
    assert found["LOCATION"]["interval"] == [1.0, 1.0], "3 % of the samples have none: they are no F1 of 0"
    assert found["DATE"]["interval"] is None, "one document in twenty: 36 % of the samples have none"
    assert found["DATE"]["f1"] == 1.0
    assert found["PERSON"]["interval"] is not None
    wrong = [SpanScores({"DATE": Counts(0, 1, 0)}), *documents[1:]]
    assert summary(wrong, weights(20))["labels"]["DATE"]["f1"] == 0.0


def test_a_measure_that_few_documents_have_is_shown_without_interval() -> None:
    lone = reading("三亚市", read_spans((0, 3, "LOCATION")))
    rest = [replace(g, id=f"{g.id}-{n}", spans=read_spans((0, 1, "PERSON"))) for n in range(5) for g in GOLD]
    gold = [lone, *rest]
    report = build(gold, gold, 200)
    labels = report["measures"]["spans"]["labels"]
    assert (labels["LOCATION"]["interval"], labels["PERSON"]["interval"]) == (None, [1.0, 1.0])
    kept = {"about": [], "notes": [], "robustness": None, "coverage": None, "comparison": None} | report
    assert "| 1.000 | – | 1 | 1 |" in render.markdown(kept)
    both = plots.plots(report)["labels"]
    one = plots.plots(build(rest, rest, 200))["labels"]
    assert both.count('id="labels-LineCollection') == one.count('id="labels-LineCollection') == 1
    whiskers = [part.split('id="labels-LineCollection')[1].split("</g>")[0].count("<path") for part in (both, one)]
    assert whiskers == [1, 1], "the bar without an interval has no whisker"


def test_two_readers_of_what_few_documents_have_are_compared_without_interval() -> None:
    gold = [reading("三亚市", read_spans((0, 3, "LOCATION"))), *[replace(g, spans=()) for g in [*GOLD] * 5]]
    none = [replace(g, spans=()) for g in gold]
    told = compare(gold, gold, none, ["spans"], weights(len(gold)))["measures"]["spans"]
    assert (told["difference"], told["interval"], told["labels"]["LOCATION"]["interval"]) == (1.0, None, None)
    assert told["p"] > 0.5, "one document is no proof, however many samples hold it"


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
