"""Which lines of a web page are its article: trafilatura's answer (extra `html`), matched back to our lines."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from yaowen.text.boilerplate import Boilerplate, line_ranges
from yaowen.text.normalise import NormalisedText, normalise

REASON: Final = "outside the article"
LONGEST: Final = 1_000_000  # characters of source; trafilatura takes some 3 seconds for so many
HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
NOT_WORD = re.compile(r"[\W_]+")
SENTENCE_MARK = re.compile(r"[。；！？]")
TRUSTED_SHARE: Final = 0.30  # of the page's Han characters that an answer must hold
SHORT: Final = 6  # characters: shorter lines must be lines of the answer, longer ones may be part of one
GAP: Final = 3  # lines in a row inside the article that the answer may lack (subheadings, captions)


@dataclass(frozen=True, slots=True)
class ArticleLines:
    """The lines outside the article, in text order, and in words why there is no answer, if there is none."""

    outside: tuple[Boilerplate, ...] = ()
    note: str | None = None


def article_lines(source: str, page: NormalisedText) -> ArticleLines:
    """The lines of `page.text` that are not the article of the HTML `source`; they are marked, never dropped."""
    if len(source) > LONGEST:
        return ArticleLines(note=f"page of more than {LONGEST:,} characters: its article was not told from its navigation")
    try:
        from trafilatura import bare_extraction
    except ImportError as error:
        missing = str(error).splitlines()[0]
        return ArticleLines(
            note="the article was not told from the navigation around it: trafilatura cannot be imported "
            f"({missing}). Install the extra: pip install 'yaowen[html]'"
        )
    answer = bare_extraction(source, include_comments=False, include_tables=True, favor_recall=True, with_metadata=True)
    text, title = getattr(answer, "text", None) or "", getattr(answer, "title", None) or ""  # None where it finds nothing
    inside = _inside(page.text, normalise(text).text, normalise(title).text)
    if inside is None:
        return ArticleLines(note="no article was found among the blocks of the page: all of its lines count")
    ranges = line_ranges(page.text)
    return ArticleLines(tuple(Boilerplate(*line, REASON) for line, kept in zip(ranges, inside, strict=True) if not kept))


def _key(line: str) -> str:
    """What is compared of a line: letters and digits."""
    return NOT_WORD.sub("", line)


def _inside(text: str, answer: str, title: str) -> list[bool] | None:
    """For each non-blank line of `text` whether it is in the article; None if the answer holds too little of the page."""
    lines = [text[start:end] for start, end in line_ranges(text)]
    keys = [_key(line) for line in lines]
    answer_keys = {_key(line) for line in answer.split("\n")} - {""}
    joined = _key(answer)
    found = [key in answer_keys or (len(key) >= SHORT and key in joined) for key in keys]
    han = [len(HAN.findall(line)) for line in lines]
    if sum(n for n, is_in in zip(han, found, strict=True) if is_in) < TRUSTED_SHARE * sum(han) or not any(found):
        return None
    first, last = found.index(True), len(found) - found[::-1].index(True)
    inside = [first <= i < last for i in range(len(found))]
    for low, high in _runs(found, first, last):
        if high - low > GAP:
            for i in range(low, high):
                inside[i] = SENTENCE_MARK.search(lines[i]) is not None
    headline = _key(title)
    for i in range(first):  # the headline stands above the article, often outside its block
        inside[i] = len(keys[i]) >= SHORT and (keys[i] in headline or (headline != "" and headline in keys[i]))
    return inside


def _runs(found: Sequence[bool], first: int, last: int) -> list[tuple[int, int]]:
    """Half-open index ranges of lines in a row that were not found."""
    runs = []
    start = first
    for i in range(first, last):
        if found[i]:
            if i > start:
                runs.append((start, i))
            start = i + 1
    return runs
