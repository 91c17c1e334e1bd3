import sys
import time
import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tiny_model import authored_texts, tiny_vocabulary
from yaowen.tagger.vocabulary import SEP, SPECIAL_TOKENS, UNK, Vocabulary

VOCABULARY = Vocabulary(tiny_vocabulary())


def slow_encode(text: str, tokens: tuple[str, ...]) -> list[tuple[int, int]]:
    """(id, offset) pairs, by the words of the convention and one character at a time."""
    ids = {token: index for index, token in enumerate(tokens)}
    found = []
    for offset, character in enumerate(text):
        if character == "\n":
            found.append((SEP, offset))
        elif not character.isspace():
            folded = unicodedata.normalize("NFKC", character).lower()
            found.append((ids.get(character, ids.get(folded, UNK)), offset))
    return found


def encoded(text: str) -> list[tuple[int, int]]:
    tokens = VOCABULARY.encode(text)
    return list(zip(tokens.ids.tolist(), tokens.offsets.tolist(), strict=True))


def test_every_code_point_of_unicode_has_the_token_of_the_convention():
    text = "".join(map(chr, range(sys.maxunicode + 1)))
    assert encoded(text) == slow_encode(text, VOCABULARY.tokens)


def test_authored_articles_are_read_as_one_character_after_the_other_would_be():
    for text in authored_texts():
        assert encoded(text) == slow_encode(text, VOCABULARY.tokens)


@given(st.text())
def test_tokens_are_the_visible_characters_in_order(text):
    tokens = VOCABULARY.encode(text)
    assert [text[i] for i in tokens.offsets] == [c for c in text if c == "\n" or not c.isspace()]
    assert "".join(map(chr, tokens.codes)) == "".join(text[i] for i in tokens.offsets)
    assert (tokens.ids.dtype, tokens.offsets.dtype) == (np.int64, np.int32)


def test_no_code_point_is_dropped_without_a_word():
    # huggingface/tokenizers#1077: BERT's tokenizer silently removes controls, private use and unassigned code points.
    tokens = VOCABULARY.encode("州\ue000\u200b\ufffe\U0010ffff\ud800委")
    assert tokens.offsets.tolist() == list(range(7))
    assert tokens.unknown == 5


@pytest.mark.parametrize(
    ("written", "read_as"),
    [("２０２４年", "2024年"), ("，。：；！", ",。:;!"), ("ＡＢＣabc", "abcabc"), ("⻄安", "⻄安"), ("⼭东", "山东")],
)
def test_forms_of_one_character_share_a_token(written, read_as):
    assert VOCABULARY.encode(written).ids.tolist() == VOCABULARY.encode(read_as).ids.tolist()


def test_spaces_are_no_tokens_and_line_feeds_are_separators():
    tokens = VOCABULARY.encode(" 市\u3000委\t\r\n\u2028会")
    assert tokens.offsets.tolist() == [1, 3, 6, 8]
    assert tokens.ids[2] == SEP


def test_nothing_gives_nothing():
    assert len(VOCABULARY.encode("").ids) == len(VOCABULARY.encode(" \t　").ids) == 0


def test_twenty_million_characters_a_second():
    text = ("".join(authored_texts()) * 100)[:1_000_000]
    fastest = min(_seconds(text) for _ in range(8))
    assert len(text) / fastest > 20e6


def _seconds(text: str) -> float:
    start = time.perf_counter()
    VOCABULARY.encode(text)
    return time.perf_counter() - start


@pytest.mark.parametrize(
    ("tokens", "message"),
    [
        (["[PAD]", "[UNK]", "[SEP]", "[CLS]", "[MASK]", "州"], "first five lines"),
        ([], "first five lines"),
        ([*SPECIAL_TOKENS, "州", "州"], "line 7"),
        ([*SPECIAL_TOKENS, "##州"], "line 6"),
        ([*SPECIAL_TOKENS, ""], "line 6"),
        ([*SPECIAL_TOKENS, " "], "line 6"),
    ],
)
def test_a_list_that_is_no_vocabulary_says_where(tokens, message):
    with pytest.raises(ValueError, match=message):
        Vocabulary(tokens)


def test_a_vocabulary_file_may_end_with_or_without_a_line_end(tmp_path):
    for end in ("", "\n"):
        (tmp_path / "vocab.txt").write_text("\n".join([*SPECIAL_TOKENS, "州", "\x7f"]) + end, "utf-8")
        assert len(Vocabulary.load(tmp_path)) == 7
