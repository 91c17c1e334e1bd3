"""Incidents that were counted and did not happen: 新增确诊病例0例. The tagger does not tell one digit from another there."""

import re
from collections.abc import Sequence
from functools import cache
from itertools import takewhile

from yaowen.data_files import toml_table
from yaowen.schema import trigger_label
from yaowen.spans import TaggedSpan

INCIDENT = trigger_label("incident")
REACH = 80  # characters behind a trigger within which its count stands


def without_counts_of_none(text: str, spans: Sequence[TaggedSpan]) -> tuple[TaggedSpan, ...]:
    """The spans, which are in order and apart, without the triggers of incidents of which the clause counts none.

    >>> spans = [TaggedSpan(0, 2, "TRIGGER:incident"), TaggedSpan(4, 6, "QUANTITY")]
    >>> len(without_counts_of_none("新增病例0例，", spans)), len(without_counts_of_none("新增病例9例，", spans))
    (1, 2)
    """
    return tuple(s for i, s in enumerate(spans) if s.label != INCIDENT or not _counts_none(text, spans, i))


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
    table = toml_table("yaowen.assemble", "counts.toml")
    return re.compile(table["none"]), tuple(table["ends"]), re.compile(f"[{re.escape(table['marks'])}]")
