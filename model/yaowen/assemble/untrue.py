"""Triggers that tell of no event: an incident of which none was counted (新增病例0例), a post in somebody's career (曾任).

The tagger does not tell one digit from another there, and one 任 from another not always.
"""

import re
from collections.abc import Sequence
from functools import cache
from itertools import takewhile

from yaowen.assemble.holders import people_words
from yaowen.data_files import toml_table
from yaowen.schema import trigger_label
from yaowen.spans import TaggedSpan

APPOINTMENT, INCIDENT = trigger_label("appointment"), trigger_label("incident")
REACH = 80  # characters behind a trigger within which its count stands


def without_untrue(text: str, spans: Sequence[TaggedSpan]) -> tuple[TaggedSpan, ...]:
    """The spans, which are in order and apart, without the triggers that tell of no event.

    >>> spans = [TaggedSpan(0, 2, "TRIGGER:incident"), TaggedSpan(4, 6, "QUANTITY")]
    >>> len(without_untrue("新增病例0例，", spans)), len(without_untrue("新增病例9例，", spans))
    (1, 2)
    >>> without_untrue("历任县长", [TaggedSpan(0, 2, "TRIGGER:appointment")])
    ()
    """
    return tuple(s for i, s in enumerate(spans) if not _is_untrue(text, spans, i))


def _is_untrue(text: str, spans: Sequence[TaggedSpan], index: int) -> bool:
    span = spans[index]
    if span.label == APPOINTMENT:
        return text.endswith(people_words().careers, 0, span.end)
    return span.label == INCIDENT and _counts_none(text, spans, index)


def _counts_none(text: str, spans: Sequence[TaggedSpan], index: int) -> bool:
    none, ends, mark = _words()
    begin = spans[index].end
    found = mark.search(text, begin, begin + REACH)
    end = found.start() if found else min(len(text), begin + REACH)
    following = (spans[i] for i in range(index + 1, len(spans)))
    counts = [s for s in takewhile(lambda s: s.start < end and s.label != INCIDENT, following) if s.label == "QUANTITY"]
    if counts:
        return all(none.match(text, s.start) for s in counts)
    return text[begin:end].endswith(ends)


@cache
def _words() -> tuple[re.Pattern[str], tuple[str, ...], re.Pattern[str]]:
    table = toml_table("yaowen.assemble", "untrue.toml")
    return re.compile(table["none"]), tuple(table["ends"]), re.compile(f"[{re.escape(table['marks'])}]")
