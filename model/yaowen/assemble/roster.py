"""Who is in the text: every person with all mentions and all offices."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from yaowen.assemble.layout import Layout
from yaowen.schema import BODIES, PEOPLE
from yaowen.spans import TaggedSpan

# What may stand between two titles of one person, between a title and its name, between two names of one list.
TITLE_LINKS = frozenset(("", "、", "兼", " ", "、兼", "和"))
NAME_AFTER_TITLE = frozenset(("", "的", "“", "："))
NAME_LINKS = frozenset(("、", "和", "及", "以及", " ", ""))
# Words before a title that say it is held no longer, or not yet in full; no part of the title (guidelines, 1 and 17).
STATUS = ("原", "时任", "前", "代")
STATUS_CHARACTERS = "".join(STATUS)


@dataclass(slots=True)
class Entry:
    """Somebody of the roster: the name, and the spans that mention them and their offices, by index."""

    name: str
    mentions: list[int] = field(default_factory=list)
    offices: list[int] = field(default_factory=list)


def roster(layout: Layout) -> list[Entry]:
    """The people of a text in order of first mention."""
    held = holders(layout)
    named: dict[str, Entry] = {}
    short: list[int] = []
    for index, span in enumerate(layout.spans):
        if span.label not in PEOPLE:
            continue
        name = _name(layout.text, span)
        if len(name) == 1:
            short.append(index)
        else:
            named.setdefault(name, Entry(name)).mentions.append(index)
    for entry in named.values():
        entry.offices = [office for mention in entry.mentions for office in held[mention]]
    entries = list(named.values())
    for index in short:
        _place_surname(layout, index, held[index], entries)
    for entry in entries:
        entry.mentions.sort()
        entry.offices = _distinct(layout, entry.offices)
    return sorted(entries, key=lambda entry: entry.mentions[0])


def holders(layout: Layout) -> dict[int, list[int]]:
    """The POSITION spans that each person mention holds, by index; a title before a list of names goes to all of them."""
    held: dict[int, list[int]] = defaultdict(list)
    for titles, following in _title_runs(layout):
        preceding = titles[0] - 1
        if _stands_behind(layout, preceding, titles, following):
            held[preceding] += titles
            continue
        if following is not None:
            held[following] += titles
            # 副市长甲、乙、丙: names joined to the first share its titles, up to the next title
            name = following
            while _joined_names(layout, name):
                name += 1
                held[name] += titles
    return held


def _title_runs(layout: Layout) -> Iterator[tuple[list[int], int | None]]:
    """Coordinated titles, and the name right behind them if there is one (all by index)."""
    spans, index = layout.spans, 0
    while index < len(spans):
        if spans[index].label != "POSITION":
            index += 1
            continue
        titles, cursor = [index], index + 1
        while cursor < len(spans) and (skip := _continues(layout, cursor)) is not None:
            cursor = skip
            titles.append(cursor)
            cursor += 1
        is_name = cursor < len(spans) and spans[cursor].label in PEOPLE
        yield titles, cursor if is_name and layout.gap(cursor - 1, cursor).strip(" ") in NAME_AFTER_TITLE else None
        index = cursor


def _continues(layout: Layout, cursor: int) -> int | None:
    """The index of the next title of a run; a former office's body (公安厅原厅长) may stand before it."""
    spans = layout.spans
    if layout.text[spans[cursor - 1].end : spans[cursor].start].rstrip(STATUS_CHARACTERS) not in TITLE_LINKS:
        return None
    if spans[cursor].label == "POSITION":
        return cursor
    has_next = cursor + 1 < len(spans) and spans[cursor + 1].label == "POSITION"
    if spans[cursor].label in BODIES and has_next and layout.gap(cursor, cursor + 1) in STATUS:
        return cursor + 1
    return None


def _stands_behind(layout: Layout, preceding: int, titles: list[int], following: int | None) -> bool:
    """Whether titles belong to the name before them: 周院长, 习近平总书记, or a table's `name  title` cells."""
    spans = layout.spans
    if preceding < 0 or spans[preceding].label not in PEOPLE:
        return False
    gap = layout.gap(preceding, titles[0])
    if gap and (not gap.isspace() or "\n" in gap):
        return False
    surname = spans[preceding].end - spans[preceding].start == 1
    return following is None or (gap == "" and surname)


def _joined_names(layout: Layout, index: int) -> bool:
    spans = layout.spans
    return index + 1 < len(spans) and spans[index + 1].label in PEOPLE and layout.gap(index, index + 1) in NAME_LINKS


def _place_surname(layout: Layout, index: int, offices: Sequence[int], entries: list[Entry]) -> None:
    """Join a bare surname to the one person of that surname whose offices end like its title; else a new entry."""
    surname = _name(layout.text, layout.spans[index])
    titles = [_text(layout, office) for office in offices]
    same = [entry for entry in entries if len(entry.name) > 1 and entry.name.startswith(surname)]
    fitting = [e for e in same if any(_text(layout, o).endswith(t) for o in e.offices for t in titles)]
    known = [e for e in entries if e.name == surname and any(_text(layout, o) in titles for o in e.offices)]
    target = fitting[0] if len(fitting) == 1 else known[0] if known else None
    if target is None:
        target = Entry(surname)
        entries.append(target)
    target.mentions.append(index)
    target.offices += offices


def _distinct(layout: Layout, offices: Sequence[int]) -> list[int]:
    """Each title once, where it stands first; one that is the tail of a longer title of the person is left out."""
    first: dict[str, int] = {}
    for office in sorted(offices):
        first.setdefault(_text(layout, office), office)
    return [o for title, o in first.items() if not any(other != title and other.endswith(title) for other in first)]


def _text(layout: Layout, index: int) -> str:
    span = layout.spans[index]
    return layout.text[span.start : span.end]


def _name(text: str, span: TaggedSpan) -> str:
    """The name without the white space that pages set into two-character names."""
    return "".join(text[span.start : span.end].split())
