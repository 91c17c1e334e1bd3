import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from yaowen.tagger.boundaries import CLAUSE_END, SENTENCE_END
from yaowen.tagger.vocabulary import CLS, PAD, SEP, Tokens
from yaowen.tagger.windows import Window, batches, cut_windows, place, shards, stack

GRADES = st.lists(st.sampled_from([0] * 12 + [CLAUSE_END, SENTENCE_END]), max_size=400).map(lambda g: np.array(g, np.uint8))


def tokens_of(text: str) -> Tokens:
    codes = np.frombuffer(text.encode("utf-32-le"), "<u4")
    return Tokens(codes.astype(np.int64), np.arange(len(codes), dtype=np.int32), codes)


@given(GRADES, st.integers(5, 60), st.integers(0, 14))
def test_every_token_is_in_one_core_and_every_window_fits(grades, longest, context):
    context = min(context, (longest - 1) // 4)
    windows = cut_windows(grades, longest, context)
    cores = [position for w in windows for position in range(w.core_start, w.core_end)]
    assert cores == list(range(len(grades)))
    assert all(w.length <= longest for w in windows)
    assert len(windows) == 1 if 0 < len(grades) <= longest else True


@given(GRADES, st.integers(5, 60), st.integers(1, 14))
def test_cuts_have_context_on_both_sides_and_are_where_they_do_least_harm(grades, longest, context):
    context = min(context, (longest - 1) // 4)
    windows = cut_windows(grades, longest, context)
    for before, after in itertools.pairwise(windows):
        cut = before.core_end
        assert before.end > cut
        assert cut - context <= after.start < cut
        # With no sentence end at hand the context is whole.
        if not (grades[after.start : cut - 1] == SENTENCE_END).any() and grades[after.start - 1] != SENTENCE_END:
            assert cut - after.start == min(context, cut)
        room = before.start + longest - context
        least = before.core_start + (room - before.core_start) // 3
        candidates = grades[least:room]
        assert grades[cut - 1] == candidates.max()


def test_a_text_that_fits_is_read_whole():
    assert cut_windows(np.full(510, SENTENCE_END, np.uint8), 510, 64) == [Window(0, 0, 510, 510)]
    assert cut_windows(np.zeros(0, np.uint8), 510, 64) == []


def test_sentences_are_whole_in_core_and_context():
    grades = np.zeros(1000, np.uint8)
    grades[49::50] = SENTENCE_END
    for window in cut_windows(grades, 510, 64):
        assert {edge % 50 for edge in (window.start, window.core_start, window.core_end, window.end)} == {0}


def test_a_million_tokens_without_any_boundary():
    windows = cut_windows(np.zeros(1_000_000, np.uint8), 510, 64)
    assert windows[-1].end == windows[-1].core_end == 1_000_000
    assert len(windows) < 2700


@pytest.mark.parametrize("context", [-1, 128, 600])
def test_context_must_leave_room(context):
    with pytest.raises(ValueError, match="context"):
        cut_windows(np.zeros(9, np.uint8), 510, context)


@given(st.lists(st.text("会议，。\n", max_size=120), max_size=8), st.integers(1, 60))
def test_shards_keep_order_and_end_where_no_span_is_cut(texts, size):
    placed = list(place(map(tokens_of, texts), 20, 3))
    runs = list(shards(placed, size))
    assert [p for run in runs for p in run] == placed
    for run in runs:
        cores = [p.window.core_end - p.window.core_start for p in run]
        assert run[-1].closed or sum(cores) >= 2 * size or run is runs[-1]
        assert sum(cores[:-1]) < 2 * size
    for p in placed:
        text = texts[p.text]
        end = p.window.core_end
        assert p.closed == (end == len(text) or text[end - 1] in "。\n")


@given(st.lists(st.integers(3, 600), min_size=1, max_size=60), st.integers(1, 3000))
def test_batches_hold_every_window_once_within_the_budget(lengths, budget):
    groups = batches(lengths, budget)
    assert sorted(i for group in groups for i in group) == list(range(len(lengths)))
    for group in groups:
        assert len(group) == 1 or max(lengths[i] for i in group) * len(group) <= budget
    widths = [max(lengths[i] for i in group) for group in groups]
    assert widths == sorted(widths, reverse=True)


def test_like_lengths_go_together():
    lengths = [10, 500] * 50
    assert sum(max(lengths[i] for i in g) * len(g) for g in batches(lengths, 1000)) == sum(lengths)


def test_a_batch_is_padded_and_masked():
    ids, mask = stack([np.array([7, 8, 9]), np.array([], np.int64)], width=8)
    assert ids.tolist() == [[CLS, 7, 8, 9, SEP, PAD, PAD, PAD], [CLS, SEP, *[PAD] * 6]]
    assert mask.sum(1).tolist() == [5, 2]
