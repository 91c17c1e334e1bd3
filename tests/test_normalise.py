"""Normalisation: cases found and made up and generated text, all under the same laws; the type keeps its alignment."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.normalised import check_laws, check_spans
from yaowen.text.edits import Action, replay
from yaowen.text.normalise import NormalisedText, normalise, normalise_view

ROOT = Path(__file__).parent.parent
CASES: dict[str, list[dict[str, Any]]] = json.loads((ROOT / "tests/cases/normalise.json").read_text(encoding="utf-8"))


def cases(*kinds: str, expect_failures: bool = True) -> list[Any]:
    """The cases of some kinds as parameters; known failures must fail, so that one that is mended is noticed."""
    failing = pytest.mark.xfail(strict=True) if expect_failures else ()
    return [
        pytest.param(case, id=f"{kind}: {case['why']}", marks=failing if kind == "known_failure" else ())
        for kind in kinds
        for case in CASES[kind]
    ]


@pytest.mark.parametrize("case", cases(*CASES))
def test_case(case: dict[str, Any]) -> None:
    page = normalise(case["raw"])
    assert page.text == case["text"]
    for text, raw in case.get("spans", ()):
        start = page.text.index(text)
        raw_start, raw_end = page.raw_span(start, start + len(text))
        assert page.raw[raw_start:raw_end] == raw


@pytest.mark.parametrize("case", cases(*CASES, expect_failures=False))
def test_case_laws(case: dict[str, Any]) -> None:
    page = normalise(case["raw"])
    check_laws(page)
    check_spans(page, ((i, j) for i in range(len(page.text)) for j in range(i + 1, len(page.text) + 1)))


@pytest.mark.parametrize("case", cases("negative"))
def test_negative_cases_leave_no_trace(case: dict[str, Any]) -> None:
    corrected = {Action.SIMPLIFY, Action.VARIANT}  # undo each other in words that the tables cut wrongly
    assert {step.action for step in normalise(case["raw"]).trace} <= corrected


# Generated text

DAMAGED = ["領(lǐng)", "導(dǎo)", "(jì)", "?chē)?yán)", "嚴(yán)", "揹著", "藉著", "甚麼", "瞭解", "\r\n"]
WORDS = [*DAMAGED, "（km）", "乾隆", "重覆", "覆盖", "三重", "神祇", "沈默", "1,000", "12:30", "9.5%"]
NASTY = (
    "領导国麵製誌瞭覆藉著乾祇甚麼么干书，,：:；;！!？?（(）)「」『』“”。…—[lǐngāa1lǚüv4０Ａ％～．\ufffd'’-"
    "\r\n\u2028\u0085\t \u3000\u00a0\u200b\ufeff\u00ad\ufe0f\ud83d\ue000\ue5e5\u030c⻄⼯\uf902\U0002f800\U000e0100①Ⅲ㎡"
)
nasty_text = st.lists(st.one_of(st.sampled_from(WORDS), st.sampled_from(NASTY), st.characters()), max_size=40).map("".join)


@given(nasty_text)
@settings(max_examples=1500, deadline=None)
@example("揹著")
@example("終日乾乾")
@example("薴麻")
@example("領(lǐng(lǐng))")
def test_laws_hold_for_any_text(raw: str) -> None:
    page = normalise(raw)
    check_laws(page)
    check_spans(page, ((i, min(i + k, len(page.text))) for i in range(len(page.text)) for k in (1, 2, 7)))


@given(nasty_text)
@settings(max_examples=300, deadline=None)
def test_explanation_points_into_the_raw_text(raw: str) -> None:
    page = normalise(raw)
    explained = page.explain()
    assert [e["count"] for e in explained] == [len(step.starts) for step in page.trace]
    for entry in explained:
        for shown in entry["examples"]:
            assert 0 <= shown["start"] <= shown["end"] <= len(raw)
            if entry is explained[0]:
                assert raw[shown["start"] : shown["end"]] == shown["before"]


@st.composite
def views(draw: st.DrawFn) -> NormalisedText:
    """A view of a raw source in which pieces are kept, dropped, replaced by one or two characters, or inserted."""
    raw, text = "", ""
    starts: list[int] = []
    ends: list[int] = []
    for piece in draw(st.lists(st.text("a領導(dǎo)&<>", min_size=1, max_size=4), max_size=12)):
        how = draw(st.sampled_from(["keep", "drop", "one", "two", "insert"]))
        at = len(raw)
        if how == "insert":
            text, starts, ends = text + "\n", [*starts, at], [*ends, at]
        raw += piece
        if how in ("keep", "insert"):
            text += piece
            starts += range(at, len(raw))
            ends += range(at + 1, len(raw) + 1)
        elif how != "drop":
            size = 1 if how == "one" else 2
            text, starts, ends = text + "國，"[:size], starts + [at] * size, ends + [len(raw)] * size
    return NormalisedText.from_pieces(raw, text, starts, ends)


@given(views())
@settings(max_examples=500, deadline=None)
def test_views_replay_and_compose(view: NormalisedText) -> None:
    assert replay(view.raw, view.trace) == view.text
    page = normalise_view(view)
    alone = normalise(view.text)
    assert page.text == alone.text
    assert replay(view.raw, page.trace) == page.text
    for i in range(len(page.text)):
        start, end = alone.raw_span(i, i + 1)
        assert page.raw_span(i, i + 1) == view.raw_span(start, end)


# Long runs of one thing


def test_annotations_one_after_the_other_are_taken_out_at_once() -> None:
    page = normalise("张" + "(zhāng)" * 2_000 + "三")
    assert page.text == "张三"
    assert [step.action for step in page.trace] == [Action.PINYIN]


def test_brackets_agree_along_a_chain_of_any_length() -> None:
    length = 100_000  # handed on from pair to pair, the verdict on the last took hours to reach the first
    assert normalise("(1)" * length + "中").text == "（1）" * length + "中"


# The type


@pytest.mark.parametrize(
    ("starts", "ends"),
    [([0], [1]), ([0, 1], [1, 9]), ([1, 0], [2, 1]), ([1, 1], [1, 0]), ([0, 0], [2, 1]), ([-1, 0], [0, 1])],
    ids=["too few", "outside", "backwards", "reversed", "overlapping", "negative"],
)
def test_a_wrong_alignment_is_refused(starts: list[int], ends: list[int]) -> None:
    with pytest.raises(ValueError, match="alignment"):
        NormalisedText.from_pieces("abc", "ab", starts, ends)


def test_a_normalised_text_cannot_be_changed() -> None:
    page = normalise("張(zhāng)三")
    with pytest.raises(ValueError, match="read-only"):
        page.starts[0] = 5
    with pytest.raises(AttributeError):
        page.text = ""  # type: ignore[misc]


def test_spans_out_of_range_are_refused() -> None:
    page = normalise("张三")
    for start, end in [(0, 0), (1, 1), (-1, 1), (0, 3), (2, 1)]:
        with pytest.raises(ValueError, match="expected 0 <= start < end"):
            page.raw_span(start, end)


def test_a_raw_range_that_was_removed_has_an_empty_span() -> None:
    page = normalise("張(zhāng)三")
    assert page.normalised_span(1, 8) == (1, 1)
    assert page.normalised_span(0, 4) == (0, 1)
    assert page.normalised_span(3, 9) == (1, 2)
