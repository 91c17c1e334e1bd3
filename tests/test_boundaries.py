import pytest

from data.annotated import read
from tests.tiny_model import AUTHORED
from yaowen.tagger.boundaries import CLAUSE_END, SENTENCE_END, strengths, trim
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
