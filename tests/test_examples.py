"""Texts as a tagger is trained on them: tags on the characters of spans, windows of whole sentences, batches in a budget."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from tests.training_set import DOCUMENTS, NAMES, SCHEME, TAGS, VOCABULARY
from training.chain import Chain
from training.examples import IGNORED, batches, collate, encode, windows
from training.model import logits
from training.scoring import read_spans


def test_tags_stand_on_the_characters_of_the_spans() -> None:
    document = DOCUMENTS[0]
    example = encode(VOCABULARY, document.text, document.spans, TAGS)
    for mark in document.spans:
        inside = np.flatnonzero((example.offsets >= mark.start) & (example.offsets < mark.end))
        wanted = [f"B-{mark.label}", *[f"I-{mark.label}"] * (len(inside) - 1)]
        assert [NAMES[t] for t in example.tags[inside]] == wanted
    assert (example.tags % 2 == 1).sum() == len(document.spans)
    sure = np.full((len(example.ids), len(NAMES)), -9.0, np.float32)
    sure[np.arange(len(example.ids)), example.tags] = 9.0
    keys = read_spans(document.text, example, sure, SCHEME, Chain(NAMES).finished(SCHEME))
    assert sorted(keys) == [(m.start, m.end, m.label) for m in document.spans]


def test_no_span_reaches_over_white_space_but_before_a_letter_or_digit() -> None:
    text = "罗一凡　李清 2月3日 10:05\n刘　洋"
    example = encode(VOCABULARY, text, (), {})
    after = [text[o] for o, gap in zip(example.offsets, example.gaps, strict=True) if gap]
    assert after == ["凡"]
    one_span = np.full((len(example.ids), len(NAMES)), -9.0, np.float32)
    one_span[:, TAGS["I-PERSON"]] = 9.0
    one_span[:, TAGS["B-PERSON"]] = 5.0
    keys = read_spans(text, example, one_span, SCHEME, Chain(NAMES).finished(SCHEME))
    assert [text[start:end] for start, end, _ in keys] == ["罗一凡", "李清 2月3日 10:05", "刘　洋"]


@pytest.mark.parametrize("longest", [20, 64, 256])
def test_windows_are_the_text_and_end_at_sentence_ends(longest: int) -> None:
    for seed, document in enumerate(DOCUMENTS[:20]):
        example = encode(VOCABULARY, document.text, document.spans, TAGS)
        pieces = list(windows(example, longest, np.random.default_rng(seed)))
        assert np.array_equal(np.concatenate([p.ids for p in pieces]), example.ids)
        assert all(0 < len(p.ids) <= longest for p in pieces)
        if longest == 256:
            assert all(document.text[p.offsets[-1]] in "。！？；\n" for p in pieces[:-1])


@pytest.mark.parametrize("longest", [30, 126])
def test_a_document_is_scored_in_windows_of_the_given_length(longest: int) -> None:
    widths = []

    class Counting:
        bert = SimpleNamespace(config=SimpleNamespace(max_position_embeddings=512), device=torch.device("cpu"))

        def __call__(self, ids: torch.Tensor, mask: torch.Tensor, head: str) -> torch.Tensor:
            widths.append(ids.shape[1])
            return torch.zeros(*ids.shape, 3)

    text = max((d.text for d in DOCUMENTS), key=len)
    read = logits(Counting(), encode(VOCABULARY, text, (), {}), longest)  # type: ignore[arg-type]
    assert len(read) == len(encode(VOCABULARY, text, (), {}).ids) > longest
    assert longest // 2 < max(widths) <= longest + 2  # with [CLS] and [SEP]


def test_batches_hold_every_window_once_within_the_budget() -> None:
    rng = np.random.default_rng(0)
    pieces = [w for d in DOCUMENTS[:30] for w in windows(encode(VOCABULARY, d.text, d.spans, TAGS), 128, rng)]
    groups = batches(pieces, 1000, rng)
    assert sorted(id(p) for g in groups for p in g) == sorted(map(id, pieces))
    for group in groups:
        ids, mask, tags = collate(group)
        assert ids.numel() <= 1000
        assert ids.shape == mask.shape == tags.shape
        assert ((tags == IGNORED) == ((mask == 0) | (ids == 2) | _last(mask))).all()


def _last(mask: torch.Tensor) -> torch.Tensor:
    return torch.arange(mask.shape[1]) == mask.sum(1, keepdim=True) - 1
