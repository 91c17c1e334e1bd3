"""Who holds which title: by where titles and names stand to each other."""

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import takewhile

from yaowen.assemble.layout import Layout
from yaowen.data_files import toml_table
from yaowen.ground.offices import names_body, read_office, read_status
from yaowen.ground.precedence import PERSONAL
from yaowen.ground.titles import body_before
from yaowen.ground.titles import words as title_words
from yaowen.schema import PEOPLE

_CLAUSE_ENDS = "。！？；\n，：,:”"
_NAME_REACH = 100  # characters behind a title within which its name stands, brackets between them counted
_STATUS_REACH = 4  # characters before a title in which its status stands
_BRACKETS = re.compile(r"（[^（）\n]*）|\([^()\n]*\)")


@dataclass(frozen=True, slots=True)
class PeopleWords:
    """The words of `people.toml`."""

    title_links: frozenset[str]
    clause_links: frozenset[str]
    career_links: frozenset[str]
    name_after_title: frozenset[str]
    bracket_after_name: frozenset[str]
    name_links: frozenset[str]
    careers: tuple[str, ...]
    career_status: frozenset[str]
    former: frozenset[str]
    past: frozenset[str]
    appointments: tuple[str, ...]
    no_appointments: tuple[str, ...]
    bylines: tuple[str, ...]
    compound_surnames: frozenset[str]
    things: tuple[str, ...]
    never_last: tuple[str, ...]


@cache
def people_words() -> PeopleWords:
    """The table, read once."""
    data = toml_table("yaowen.assemble", "people.toml")
    links = data["links"]
    return PeopleWords(
        frozenset(links["titles"]), frozenset(links["titles_of_clause"]), frozenset(links["titles_of_career"]),
        frozenset(links["name_after_title"]), frozenset(links["bracket_after_name"]), frozenset(links["names"]),
        tuple(data["careers"]["words"].split()), frozenset(data["careers"]["status"].split()),
        frozenset(data["careers"]["former"].split()), frozenset(data["careers"]["past"].split()),
        tuple(data["appointments"]["words"].split()), tuple(data["appointments"]["never"].split()),
        tuple(data["bylines"]["words"].split()),
        frozenset(data["surnames"]["compound"].split()),
        tuple(data["things"]["after"].split()), tuple(data["names"]["never_last"].split()),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Run:
    """Coordinated titles, and the name right behind them if there is one, by index."""

    titles: tuple[int, ...]
    following: int | None


def holders(layout: Layout, found: Sequence[Run]) -> dict[int, list[int]]:
    """The POSITION spans that each person mention holds, by index; a title before a list of names goes to all of them."""
    held: dict[int, list[int]] = defaultdict(list)
    people = [index for index, span in enumerate(layout.spans) if span.label in PEOPLE]
    for run in found:
        if _stands_behind(layout, run):
            held[run.titles[0] - 1] += run.titles
        elif run.following is not None:
            # 副市长甲、乙、丙: names joined to the first share its titles, up to the next title
            for name in _name_list(layout, run.following):
                held[name] += _without_appointed(layout, run)
        elif (subject := _career_of(layout, run, people)) is not None:
            held[subject] += run.titles
        elif (given := _made(layout, run)) is not None:
            for name in given:
                held[name] += run.titles
    return held


def statuses(layout: Layout, found: Sequence[Run]) -> dict[int, str]:
    """The word that says that a title is held no longer, or not yet (原, 时任, 代), by the title's index.

    曾任 and its like speak of all titles of a run, 原 and its like (原党组书记、局长) of those that go on with the one
    behind them, the others of that one.
    """
    told: dict[int, str] = {}
    for run in found:
        spread = None
        for title in run.titles:
            span = layout.spans[title]
            reading = read_office(layout.text[span.start : span.end])
            status = read_status(layout.text[max(0, span.start - _STATUS_REACH) : span.start])
            if status is None and reading.status is None:
                if spread in people_words().former and reading.grade in PERSONAL:
                    continue
                status = spread if spread not in people_words().former or not names_body(reading) else None
            if status is not None:
                told[title] = status
            spread = _spread(status or reading.status)
    return told


def _spread(status: str | None) -> str | None:
    """A status that the titles behind may have, too."""
    return status if status in people_words().career_status | people_words().former else None


def runs(layout: Layout) -> Iterator[Run]:
    """The runs of coordinated titles in text order: what `holders` and `statuses` take."""
    spans, index = layout.spans, 0
    while index < len(spans):
        if spans[index].label != "POSITION":
            index += 1
            continue
        titles, cursor = [index], index + 1
        links = _links(layout, index)
        while cursor < len(spans) and (skip := _continues(layout, cursor, links)) is not None:
            cursor = skip
            titles.append(cursor)
            cursor += 1
        yield Run(tuple(titles), _name_behind(layout, titles[-1]))
        index = cursor


def _links(layout: Layout, first: int) -> frozenset[str]:
    """What may stand between the titles of a run, by where its first one stands."""
    words, start = people_words(), layout.spans[first].start
    if layout.text.endswith(words.careers, 0, start):
        return words.title_links | words.career_links
    opens = start == 0 or layout.text[start - 1] in _CLAUSE_ENDS
    return words.title_links | words.clause_links if opens else words.title_links


def _continues(layout: Layout, cursor: int, links: frozenset[str]) -> int | None:
    """The index of the next title of a run; a former office's body (公安厅原厅长) may stand before it."""
    spans = layout.spans
    gap = layout.gap(cursor - 1, cursor)
    if _without_status(gap) not in links or _appoints(gap, len(gap)):
        return None
    if spans[cursor].label == "POSITION":
        return cursor
    has_next = cursor + 1 < len(spans) and spans[cursor + 1].label == "POSITION"
    return cursor + 1 if has_next and body_before(layout.text, spans, cursor + 1) else None


def _without_status(gap: str) -> str:
    status = next((word for word in title_words().status if gap.endswith(word)), "")
    return gap.removesuffix(status)


def _name_behind(layout: Layout, title: int) -> int | None:
    """The name behind a title; what a bracket between them says is passed over (副县长（挂职）某某)."""
    spans, end = layout.spans, layout.spans[title].end + _NAME_REACH
    near = takewhile(lambda index: spans[index].start <= end, range(title + 1, len(spans)))
    name = next((index for index in near if spans[index].label in PEOPLE), None)
    if name is None:
        return None
    gap = layout.gap(title, name)
    plain = _BRACKETS.sub("", gap).strip(" ")
    return name if plain in people_words().name_after_title and (name == title + 1 or plain != gap) else None


def _stands_behind(layout: Layout, run: Run) -> bool:
    """Whether titles belong to the name before them: 周院长, 某某（县长）, or a table's `name  title` cells."""
    spans, first = layout.spans, run.titles[0]
    if first == 0 or spans[first - 1].label not in PEOPLE:
        return False
    gap = layout.gap(first - 1, first)
    if _without_status(gap) in people_words().bracket_after_name:
        return layout.text.startswith(("）", ")"), spans[run.titles[-1]].end)
    if gap and (not gap.isspace() or "\n" in gap):
        return False
    if run.following is None:
        return True
    behind = layout.gap(run.titles[-1], run.following)
    if gap and behind.isspace():
        return len(gap) < len(behind)  # cells: a title is nearer to its own name
    return gap == "" and spans[first - 1].end - spans[first - 1].start == 1


def _name_list(layout: Layout, first: int) -> list[int]:
    """A name and those joined to it, by index."""
    names, spans = [first], layout.spans
    while (
        (index := names[-1]) + 1 < len(spans)
        and spans[index + 1].label in PEOPLE
        and layout.gap(index, index + 1) in people_words().name_links
    ):
        names.append(index + 1)
    return names


def _without_appointed(layout: Layout, run: Run) -> tuple[int, ...]:
    """The titles of a run before a name, less a first one that is given to somebody before (某某任组长、县长某某)."""
    start = layout.spans[run.titles[0]].start
    return run.titles[1:] if len(run.titles) > 1 and _appoints(layout.text, start) else run.titles


def _appoints(text: str, end: int) -> bool:
    """Whether the last word before a title gives it to somebody."""
    words = people_words()
    return text.endswith(words.appointments, 0, end) and not text.endswith(words.no_appointments, 0, end)


def _career_of(layout: Layout, run: Run, people: Sequence[int]) -> int | None:
    """The person whose career it is (某某，男，现任甲、乙): the last one named before, on this line or the one before."""
    first = run.titles[0]
    if not layout.text.endswith(people_words().careers, 0, layout.spans[first].start):
        return None
    place = bisect_left(people, first) - 1
    return people[place] if place >= 0 and layout.lines[first] - layout.lines[people[place]] <= 1 else None


def _made(layout: Layout, run: Run) -> list[int] | None:
    """The names of 以甲、乙为副组长, by index."""
    first, spans = run.titles[0], layout.spans
    if first == 0 or spans[first - 1].label not in PEOPLE or layout.gap(first - 1, first) != "为":
        return None
    names = [first - 1]
    while (
        names[0] > 0
        and spans[names[0] - 1].label in PEOPLE
        and layout.gap(names[0] - 1, names[0]) in people_words().name_links
    ):
        names.insert(0, names[0] - 1)
    return names if layout.text.endswith("以", 0, spans[names[0]].start) else None
