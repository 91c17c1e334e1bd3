import numpy as np
import pytest

from tests.tiny_model import AUTHORED
from yaowen.formats.annotated import read
from yaowen.tagger.boundaries import CLAUSE_END, SENTENCE_END, gaps, strengths, trim
from yaowen.text.edits import to_codes


@pytest.mark.parametrize(
    ("span", "kept"),
    [
        ("，市委书记。", "市委书记"),
        ("（代县长", "代县长"),
        ("“只进不出”管控方案", "“只进不出”管控方案"),
        ("“只进不出", "只进不出"),
        ("”方案“", "方案"),
        ("管控（试行）", "管控（试行）"),
        ("99.5%", "99.5%"),
        (" \n 州卫健委、", "州卫健委"),
        ("。\n——", None),
    ],
)
def test_edges_of_a_span_are_no_punctuation_unless_it_is_one_of_a_pair(span, kept):
    for before, after in (("", ""), ("会议，", "。会议")):
        text = before + span + after
        edges = trim(text, len(before), len(before) + len(span))
        assert (edges and text[slice(*edges)]) == kept


@pytest.mark.parametrize("part", ["train", "dev", "test"])
def test_annotated_spans_are_within_the_bounds(part):
    documents = read(AUTHORED / f"{part}.jsonl")
    moved, crossing = [], []
    for document in documents:
        grades = strengths(to_codes(document.text))
        for span in document.spans:
            if trim(document.text, span.start, span.end) != (span.start, span.end):
                moved.append(document.text[span.start : span.end])
            if (grades[span.start : span.end] == SENTENCE_END).any():
                crossing.append(document.text[span.start : span.end])
    assert sum(len(document.spans) for document in documents) > 1000
    assert (moved, crossing) == ([], [])


def test_a_line_end_ends_a_sentence_and_a_comma_a_clause():
    assert strengths(to_codes("会，。\n")).tolist() == [0, CLAUSE_END, SENTENCE_END, SENTENCE_END]


@pytest.mark.parametrize(
    ("text", "parted"),
    [
        ("苗远山 成立文", [2]),
        ("总 指 挥", []),
        ("2022-03-03 14:17", []),
        ("苗远山\n成立文", []),
        ("出席 3月2日", []),
        ("县 长 乔永山 到场", [6]),
    ],
)
def test_white_space_that_no_span_reaches_over(text, parted):
    kept = [(i, ord(c)) for i, c in enumerate(text) if c != " "]
    offsets, codes = np.array([i for i, _ in kept], np.int32), np.array([c for _, c in kept], np.uint32)
    assert [int(offsets[i]) for i in np.flatnonzero(gaps(offsets, codes))] == parted
