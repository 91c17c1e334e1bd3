"""The word table of dates, read once, and turned into what the lexer looks words up in."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from yaowen.data_files import toml_table
from yaowen.ground.dates.calendars import TERMS


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a date: what kind it is, and its numbers or words, whose meaning goes with the kind."""

    kind: str
    args: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the day: minutes from midnight, and from which hour on the clock twelve are added."""

    name: str
    start: int
    end: int
    afternoon: int


def table() -> dict[str, Any]:
    """The whole table."""
    return toml_table("yaowen.ground.dates", "words.toml")


@cache
def reasons() -> dict[str, str]:
    """Why there is no reading, in words."""
    told: dict[str, str] = table()["reasons"]
    return told


@cache
def parts() -> dict[str, Part]:
    """The parts of the day by their names (`evening`)."""
    return {
        name: Part(name, block["from"] * 60, block["to"] * 60, block.get("afternoon", 13))
        for name, block in table()["parts"].items()
    }


@cache
def part_words() -> dict[str, str]:
    """The names of the parts of the day by their words (晚上: `evening`)."""
    return {word: name for name, block in table()["parts"].items() for word in block["words"].split()}


@cache
def words() -> dict[str, tuple[Token, ...]]:
    """Every word of the table that is a date or a piece of one, with what it means."""
    found: dict[str, tuple[Token, ...]] = {}
    for pairs in (_counted(), _shifted(), _several(), _festivals(), _rest()):
        for word, tokens in pairs:
            found.setdefault(word, tokens)
    return found


@cache
def short_words() -> dict[str, dict[str, Token]]:
    """The words of one character, by what must follow them: `part` or `season`."""
    short = table()["short"]
    day = {word: Token("DEICTIC", ("day", int(n))) for n, block in short["day"].items() for word in block.split()}
    chained = {word: Token("CHAINED", ("day", int(n))) for n, block in short["chained"].items() for word in block.split()}
    year = {word: Token("DEICTIC", ("year", int(n))) for n, block in short["year"].items() for word in block.split()}
    return {"part": chained | day, "season": year}


def _counted() -> Iterator[tuple[str, tuple[Token, ...]]]:
    for kind, units in (("DEICTIC", table()["deictic"]), ("CHAINED", table()["chained"])):
        for unit, shifts in units.items():
            for shift, block in shifts.items():
                for word in block.split():
                    yield word, (Token(kind, (unit, int(shift))),)
    for word in table()["notice"]["words"].split():
        yield word, (Token("NOTICE"),)


def _shifted() -> Iterator[tuple[str, tuple[Token, ...]]]:
    units = [(word, unit) for unit, block in table()["shifted"]["units"].items() for word in block.split()]
    for shift, block in table()["shifted"]["before"].items():
        for before in block.split():
            for word, unit in units:
                # 上半年 and 下半年 are halves of the year, 上个半年 is the one before this; 下一月 may be the first month
                if unit != "half_year" or "个" in before:
                    yield before + word, (Token("DEICTIC", (unit, int(shift))),)
                for day, token in _weekdays() if unit == "week" else ():
                    yield before + word + day, (Token("DEICTIC", (unit, int(shift))), token)


def _weekdays() -> Iterator[tuple[str, Token]]:
    """What may stand behind 周, with or without 上 or 下 before it."""
    yield from ((day, Token("WEEKDAY", (index,))) for index, day in enumerate("一二三四五六日"))
    yield from (("天", Token("WEEKDAY", (6,))), ("末", Token("WEEKEND")))


def _several() -> Iterator[tuple[str, tuple[Token, ...]]]:
    for unit, block in table()["several"].items():
        for word, (first, last) in block.items():
            yield word, (Token("SEVERAL", (unit, first, last)),)


def _festivals() -> Iterator[tuple[str, tuple[Token, ...]]]:
    festivals = table()["festivals"]
    dates = {word: (kind, tuple(args)) for kind in ("solar", "lunar", "weekday") for word, args in festivals[kind].items()}
    dates |= {term: ("term", (term,)) for term in TERMS}
    for word, (kind, args) in dates.items():
        period = next((tuple(days) for name, days in festivals["periods"].items() if word.endswith(name)), None)
        stems = (word, f"农历{word}") if kind == "lunar" else (word,)
        token = Token("FESTIVAL", (kind, args, period, word in festivals["told"]["words"].split()))
        for name in (stem + ending for stem in stems for ending in ("", *festivals["endings"]["day"].split())):
            yield name, (token,)
            for ending in festivals["endings"]["period"].split():
                yield name + ending, (token, Token("PERIOD"))
    for word in festivals["unfixed"]["words"].split():
        yield word, (Token("UNFIXED"),)


def _rest() -> Iterator[tuple[str, tuple[Token, ...]]]:
    for word, name in part_words().items():
        yield word, (Token("PART", (name,)),)
    for month, block in table()["seasons"].items():
        for word in block.split():
            yield word, (Token("SEASON", (int(month),)),)
    for days, block in table()["recent"].items():
        for word in block.split():
            yield word, (Token("RECENT", (int(days),)),)
    for word, (unit, which) in table()["edges"]["words"].items():
        yield word, (Token("EDGE", (which, unit)),)
    for word in ("全年", "年内"):
        yield word, (Token("WHOLE", ("year",)),)
    yield from (("周末", (Token("WEEKEND"),)), ("双休日", (Token("WEEKEND"),)))
