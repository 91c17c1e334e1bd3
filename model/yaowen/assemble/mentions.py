"""Names that were read once are found wherever they stand: a document calls a person by one name all through, and one who is
an official in one place is one in all."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace

from yaowen.assemble.holders import people_words
from yaowen.schema import PEOPLE
from yaowen.spans import TaggedSpan

LEAST_SCORE = 0.45  # of a name's best reading, from which its other places are looked for; on dev 0.3 to 0.9 are alike
LEAST_LENGTH = 2  # characters; a surname alone stands in too many words


def complete_mentions(text: str, spans: Sequence[TaggedSpan]) -> tuple[TaggedSpan, ...]:
    """The spans with every further place of each name added, in text order; a name ends before a word that denies.

    A place is taken where nothing else was read, where a shorter person was, or where a title ran into the name; what was
    read there with another label keeps its place, but a name that was read as OFFICIAL here and as PERSON there is what its
    surest reading says. A name inside the name of a thing (雷锋精神) is not taken.

    >>> [(s.start, s.end) for s in complete_mentions("县长乔永山到场。乔永山说", [TaggedSpan(2, 5, "OFFICIAL", 0.9)])]
    [(2, 5), (8, 11)]
    """
    spans = [_without_denial(text, span) for span in spans]
    best: dict[str, TaggedSpan] = {}
    for span in spans:
        name = text[span.start : span.end]
        if span.label in PEOPLE and len(name) >= LEAST_LENGTH and span.score >= LEAST_SCORE:
            best[name] = max(best.get(name, span), span, key=lambda s: s.score)
    kept = sorted(spans)
    for name in sorted(best, key=lambda n: (-len(n), n)):
        for start in _places(text, name):
            _place(kept, replace(best[name], start=start, end=start + len(name)))
    return tuple(kept)


def _without_denial(text: str, span: TaggedSpan) -> TaggedSpan:
    """The name 王平 of 王平未."""
    is_denied = span.label in PEOPLE and text.endswith(people_words().never_last, span.start + LEAST_LENGTH, span.end)
    return replace(span, end=span.end - 1) if is_denied else span


def _places(text: str, name: str) -> Iterator[int]:
    start = text.find(name)
    while start >= 0:
        if not text.startswith(people_words().things, start + len(name)):
            yield start
        start = text.find(name, start + len(name))


def _place(spans: list[TaggedSpan], mention: TaggedSpan) -> None:
    """Set a mention among spans, which are in order and apart, or leave them where something else stands in its place."""
    low = bisect_right(spans, mention.start, key=lambda span: span.end)
    high = bisect_left(spans, mention.end, key=lambda span: span.start)
    rest: list[TaggedSpan] = []
    for span in spans[low:high]:
        if span.label in PEOPLE and mention.start <= span.start and span.end <= mention.end:
            if (span.start, span.end, span.label) == (mention.start, mention.end, mention.label):
                return
        elif span.label == "POSITION" and span.start + 1 < mention.start:
            rest.append(replace(span, end=mention.start))
        else:
            return
    spans[low:high] = [*rest, mention]
