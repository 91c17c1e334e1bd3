"""The titles of `offices.toml`: which one stands at the end of a text, and where the body before it ends."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from yaowen.ground.places.reading import names_at_end
from yaowen.ground.tables import any_of, table
from yaowen.schema import BODIES
from yaowen.spans import TaggedSpan


@dataclass(frozen=True, slots=True)
class Title:
    """A known title: the kind of body that has it, its grade, and what it takes before it (see `offices.toml`)."""

    kind: str
    grade: str
    takes: str


class Tail(NamedTuple):
    """The known title at the end of a text: where its modifiers begin, where the bare word stands."""

    start: int
    base_start: int
    base_end: int  # below the end of the text where an assistant's word follows (部长助理)
    title: Title


@dataclass(frozen=True, slots=True)
class Words:
    """What `offices.toml` says, ready for use; words are tried in the order of their tuples."""

    titles: dict[str, Title]
    longest: int
    modifiers: frozenset[str]
    no_modifiers: tuple[str, ...]
    modifier_lengths: tuple[int, ...]
    assistants: tuple[str, ...]
    status: tuple[str, ...]
    no_status: tuple[str, ...]
    ends: tuple[str, ...]
    no_end: re.Pattern[str]
    country_sign: re.Pattern[str]
    committees: tuple[str, ...]
    places: frozenset[str]
    units: tuple[tuple[re.Pattern[str], re.Pattern[str]], ...]
    below: tuple[tuple[re.Pattern[str], re.Pattern[str]], ...]
    party: tuple[str, ...]
    list_links: frozenset[str]


@cache
def words() -> Words:
    """The tables, read once."""
    data = table("offices.toml")
    seats, ends, countries = data["seats"], data["ends"], data["countries"]
    modifiers = data["modifiers"]["words"].split()
    titles: dict[str, Title] = {}
    for block in data["titles"]:
        for word in block["words"].split():
            if titles.setdefault(word, title := Title(block["kind"], block["grade"], block["takes"])) != title:
                raise ValueError(f"offices.toml: {word!r} stands in two blocks of titles, {titles[word]} and {title}")
    return Words(
        titles=titles, longest=max(map(len, titles)),
        modifiers=frozenset(modifiers), modifier_lengths=tuple(sorted({len(word) for word in modifiers}, reverse=True)),
        assistants=_longest_first(data["modifiers"]["assistants"]), no_modifiers=tuple(data["modifiers"]["never"].split()),
        status=_longest_first(data["status"]["words"]), no_status=_longest_first(data["status"]["never"]),
        ends=(*ends["words"].split(), *countries["words"].split()), no_end=re.compile(any_of(ends["never"].split())),
        country_sign=re.compile(any_of(countries["short"].split())), committees=tuple(seats["committees"].split()),
        places=frozenset(seats["places"].split()),
        units=tuple((re.compile(title), _at_end(unit)) for title, unit in map(str.split, seats["units"])),
        below=tuple((_unit_name(block["units"]), _at_end("|".join(block["of"].split()))) for block in data["below"]),
        party=_longest_first(seats["party"]), list_links=frozenset(data["lists"]["links"]),
    )  # fmt: skip


def _at_end(ends: str) -> re.Pattern[str]:
    return re.compile(f"(?:{ends})$")


def _unit_name(units: str) -> re.Pattern[str]:
    return re.compile("|".join(word.replace("*", "(?P<field>.{2,8})") for word in units.split()))


def _longest_first(block: str) -> tuple[str, ...]:
    return tuple(sorted(block.split(), key=lambda word: (-len(word), word)))


def tail(text: str) -> Tail | None:
    """The longest known title that the text ends with, together with its modifiers.

    >>> tail("市委常务副书记")[:3], tail("财政部部长助理")[:3], tail("三亚市")
    ((2, 5, 7), (3, 3, 5), None)
    """
    known = words()
    end, base = len(text), _base(text, len(text))
    for assistant in known.assistants:
        if text.endswith(assistant) and (inner := _base(text, len(text) - len(assistant))) is not None:
            base, end = inner, len(text) - len(assistant)
            break
    if base is None:
        return None
    start, level = base, level_of(text[base:end])
    while (word := _modifier(text, start)) is not None:
        if word in known.status and text.endswith(known.no_status, 0, start):
            break
        if ends_a_place(text[:start], word, level):
            break  # 固原市长 is no former mayor
        start -= len(word)
    return Tail(start, base, end, known.titles[text[base:end]])


def _base(text: str, end: int) -> int | None:
    known = words()
    return next((i for i in range(max(0, end - known.longest), end) if text[i:end] in known.titles), None)


def _modifier(text: str, end: int) -> str | None:
    known = words()
    if text.endswith(known.no_modifiers, 0, end):
        return None
    cuts = (text[end - length : end] for length in known.modifier_lengths if length <= end)
    return next((word for word in cuts if word in known.modifiers), None)


def body_before(text: str, spans: Sequence[TaggedSpan], title: int) -> TaggedSpan | None:
    """The body of a title, by index, that stands as a span of its own in front of the word of status (省公安厅原厅长)."""
    body = spans[title - 1] if title else None
    is_one = body is not None and body.label in BODIES and text[body.end : spans[title].start] in words().status
    return body if is_one else None


def level_of(title: str) -> str:
    """The level word of a title that is a place's; "" for any other.

    >>> level_of("副市长"), level_of("局长")
    ('市', '')
    """
    return next((place[:-1] for place in words().places if title.endswith(place)), "")


def ends_a_place(text: str, word: str, level: str = "") -> bool:
    """Whether the word that a text ends with is of a division's name, which the level word of the title may complete.

    >>> ends_a_place("固原", "原"), ends_a_place("咸阳原", "原", "市"), ends_a_place("仁和镇原", "原", "镇")
    (True, False, False)
    >>> ends_a_place("忻州市代", "代", "县"), ends_a_place("五台县代", "代", "县"), ends_a_place("代", "代", "县")
    (True, False, False)
    """
    stem = len(text) - len(word)
    if level and (names := names_at_end(text + level)):
        return len(names) > 1 or names[0].start < stem or word not in words().status
    names = names_at_end(text)
    if not names or names[-1].start >= stem or names[-1].senses[0].weak:
        return False
    # 城关镇原 is a town, not the county 镇原
    return len(names) > 1 or names[0].start == 0 or text[names[0].start : stem] + "长" not in words().places


def body_end(rest: str) -> int:
    """The end of the longest part in front of a title that may be a body by its last word; 0 where none may.

    >>> body_end("省自然资源厅地质灾害防治"), body_end("古田县食用菌科技"), body_end("林业")
    (6, 3, 0)
    """
    known = words()
    if rest.endswith(known.ends):
        return len(rest)
    inside = {i for m in known.no_end.finditer(rest) for i in range(m.start() + 1, m.end() + 1)}
    ends = (end for end in range(len(rest) - 1, 0, -1) if end not in inside and rest.endswith(known.ends, 0, end))
    return next(ends, 0)
