"""Who got or lost which post, where one trigger appoints or dismisses several (任命：甲为局长；乙、丙为副局长)."""

from collections.abc import Sequence
from itertools import groupby

from yaowen.schema import PEOPLE
from yaowen.spans import TaggedSpan

KINDS = frozenset({"appointment", "dismissal"})
DEPUTY = "副"


def posts(text: str, spans: Sequence[TaggedSpan]) -> dict[TaggedSpan, tuple[TaggedSpan, ...]]:
    """The posts of each person, of the persons and posts of one event in text order.

    Persons and the posts behind them belong together, or posts and the persons behind them where a post comes first. Of two
    persons and 主任、副主任 each gets one; other lists get all.

    >>> text = "任命甲为局长，乙为科长"
    >>> found = posts(text, [TaggedSpan(2, 3, "OFFICIAL"), TaggedSpan(4, 6, "POSITION"),
    ...                      TaggedSpan(7, 8, "OFFICIAL"), TaggedSpan(9, 11, "POSITION")])
    >>> [(text[p.start : p.end], [text[s.start : s.end] for s in given]) for p, given in found.items()]
    [('甲', ['局长']), ('乙', ['科长'])]
    """
    lists = [list(group) for _, group in groupby(spans, key=lambda span: span.label in PEOPLE)]
    found: dict[TaggedSpan, tuple[TaggedSpan, ...]] = {}
    for first, second in zip(lists[::2], lists[1::2], strict=False):
        people, given = (first, second) if first[0].label in PEOPLE else (second, first)
        each = _one_each(text, given) if len(people) == len(given) else None
        found |= zip(people, each or [tuple(given)] * len(people), strict=True)
    return found


def _one_each(text: str, given: Sequence[TaggedSpan]) -> list[tuple[TaggedSpan, ...]] | None:
    """The posts one by one, if they are a head and a deputy of one office (组长、副组长)."""
    titles = [text[span.start : span.end] for span in given]
    is_pair = len(titles) == 2 and titles[1] == DEPUTY + titles[0][1 - len(titles[1]) :]
    return [(span,) for span in given] if is_pair else None
