"""Every name and short form of every place, and the longest of them at each position of a text."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cache

from yaowen.ground.places.table import NATION, Division, divisions, knowledge, table_lines


class Form(Enum):
    """How a name names: the value is how much more it says than a short form of a county does."""

    OFFICIAL = 10.0  # 三亚市
    LEVELLED = 9.0  # a short form with its level word: 积石山县, 临夏州
    ALIAS = 8.0  # 申城, 人民大会堂
    SHORT = 1.0  # 三亚
    LETTER = 7.0  # 京: only alone
    COUNTRY = 6.0
    FOREIGN = 5.0  # a city or part of a country
    INITIAL = 4.5  # 俄军: only at the beginning
    AREA = 4.0  # no one division
    BLOCKED = 0.0  # bears a name and is no place of it


@dataclass(frozen=True, slots=True)
class Sense:
    """One thing a name can mean: a division by its code, a country by its ISO code, or none for a reason."""

    form: Form
    target: str
    weight: float
    level: str = ""
    weak: bool = False
    former: Division | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """A name in a text, half-open, with all that it can mean, the likeliest first."""

    start: int
    end: int
    text: str
    senses: tuple[Sense, ...]


SHORT_WEIGHTS = {"province": 20.0, "city": 6.0, "county": 2.0}
DISTRICT = 1.0  # 朝阳 is a city of Liaoning before it is a district of Beijing
PREFECTURE = 2.0  # 海南 for 海南州, 大理 for 大理州: written with 州 nearly always
FORMER = 0.25  # a former name beside one of today


@cache
def _autonomous() -> re.Pattern[str]:
    short = knowledge()["short"]
    peoples = "|".join(sorted(short["peoples"], key=len, reverse=True))
    return re.compile(f"(.{{2,}}?)(?:{peoples})+({'|'.join(short['autonomous'])})")


def short_forms(name: str) -> tuple[str | None, str | None]:
    """The short form of a division's name with its level word, where peoples stand between, and the shortest one.

    >>> [short_forms(name) for name in ("玉龙纳西族自治县", "三亚市", "文县", "鄂温克族自治旗")]
    [('玉龙县', '玉龙'), (None, '三亚'), (None, None), ('鄂温克旗', '鄂温克')]
    """
    if "族" in name or "自治" in name:
        words = knowledge()["short"]["autonomous"]
        if match := _autonomous().fullmatch(name):
            level = words[match[2]]
            return (match[1] + level if level else None), match[1]
        for word, level in words.items():
            if level and word != level and name.endswith(word):
                stem = name.removesuffix(word).removesuffix("族")
                return stem + level, stem
    match = _suffixed().fullmatch(name)
    return None, match[1] if match else None


@cache
def _suffixed() -> re.Pattern[str]:
    return re.compile(f"(.{{2,}}?)(?:{'|'.join(knowledge()['short']['suffixes'])})")


def _short_weight(division: Division) -> float:
    if division.level == "county" and division.name.endswith("区"):
        return DISTRICT
    if division.level == "city" and not division.name.endswith("市"):
        return PREFECTURE
    return SHORT_WEIGHTS[division.level]


def _division_senses() -> Iterator[tuple[str, Sense]]:
    weak = {name for block in knowledge()["weak"] for name in block["names"]}
    for division in divisions().names:
        if division.code == NATION:
            continue
        former = division if division.last is not None else None
        share = FORMER if former else 1.0
        code, level = division.code, division.level
        official = Form.OFFICIAL
        yield division.name, Sense(official, code, official.value * share, level, division.name in weak, former)
        levelled, short = short_forms(division.name)
        if levelled:
            yield levelled, Sense(Form.LEVELLED, code, Form.LEVELLED.value * share, level, former=former)
        if short:
            yield short, Sense(Form.SHORT, code, _short_weight(division) * share, level, short in weak, former)


def _other_senses() -> Iterator[tuple[str, Sense]]:
    data = knowledge()
    table = divisions()
    for kind in ("area", "blocked"):
        form = Form.AREA if kind == "area" else Form.BLOCKED
        yield from ((name, Sense(form, block["reason"], form.value)) for block in data[kind] for name in block["names"])
    for code, names in data["aliases"].items():
        level = table.by_code[code].level
        form = Form.COUNTRY if code == NATION else Form.ALIAS
        yield from ((name, Sense(form, "CN" if code == NATION else code, form.value, level)) for name in names)
    for letter, code in data["abbreviations"].items():
        yield letter, Sense(Form.LETTER, code, Form.LETTER.value, table.by_code[code].level)
    for cells in table_lines("countries.tsv"):
        iso, name, cities = cells[0], cells[1], cells[2].split(" ") if len(cells) > 2 else []
        yield name, Sense(Form.COUNTRY, iso, Form.COUNTRY.value)
        yield from ((city, Sense(Form.FOREIGN, iso, Form.FOREIGN.value)) for city in cities if len(city) > 1)
    for iso, names in data["countries"].items():
        yield from ((name, Sense(Form.FOREIGN, iso, Form.FOREIGN.value)) for name in names)


def _initial_senses(taken: Collection[str]) -> Iterator[tuple[str, Sense]]:
    """Names such as 俄军, without those that begin with a division's: 乌海军分区 is of 乌海."""
    data = knowledge()["one_character"]
    for letter, iso in data["countries"].items():
        for name in (letter + word for word in data["words"]):
            if name not in data["never"] and not any(name[:end] in taken for end in range(2, len(name))):
                yield name, Sense(Form.INITIAL, iso, Form.INITIAL.value)


@cache
def countries() -> dict[str, str]:
    """The name of every country by its ISO code."""
    table = {cells[0]: cells[1] for cells in table_lines("countries.tsv")}
    return {"CN": "中国"} | table | knowledge()["country_names"]


def _without_repeats(senses: list[Sense]) -> tuple[Sense, ...]:
    """The heaviest sense of each target, the heaviest first; before them, that the name is no one division's if it is so."""
    if len(senses) == 1:
        return tuple(senses)
    best: dict[str, Sense] = {}
    for sense in sorted(senses, key=lambda s: (s.form not in (Form.AREA, Form.BLOCKED), -s.weight, s.target)):
        best.setdefault(sense.target, sense)
    return tuple(best.values())


class Gazetteer:
    """Names of places; `find` gives the longest at each position. Build it once, by `load`; it is never changed."""

    __slots__ = ("_longest", "_names")

    def __init__(self, names: dict[str, tuple[Sense, ...]]) -> None:
        self._names = names
        self._longest: dict[str, int] = {}
        for name in names:
            self._longest[name[0]] = max(len(name), self._longest.get(name[0], 0))

    @classmethod
    def load(cls) -> "Gazetteer":
        """The gazetteer of the tables in the package; built at the first call, the same one ever after."""
        return _load()

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def senses(self, name: str) -> tuple[Sense, ...]:
        """All that a name can mean, the likeliest first; nothing for a string that is no name.

        >>> [divisions().full_name(sense.target) for sense in Gazetteer.load().senses("朝阳区")]
        ['北京市朝阳区', '吉林省长春市朝阳区']
        """
        return self._names.get(name, ())

    def find(self, text: str) -> list[Match]:
        """The longest names from the left, whatever stands around them; single characters are no names here.

        >>> [[match.text for match in Gazetteer.load().find(text)] for text in ("甘肃临夏州积石山县", "济南市中区")]
        [['甘肃', '临夏州', '积石山县'], ['济南', '市中区']]
        """
        matches = []
        names, longest = self._names, self._longest
        start, length = 0, len(text)
        while start < length:
            for end in range(min(start + longest.get(text[start], 0), length), start + 1, -1):
                if (senses := names.get(text[start:end])) and (start == 0 or senses[0].form is not Form.INITIAL):
                    end = self._parted(text, start, end)
                    name = text[start:end]
                    matches.append(Match(start, end, name, names[name]))
                    start = end - 1
                    break
            start += 1
        return matches

    def _parted(self, text: str, start: int, end: int) -> int:
        """Where a name ends whose last characters begin the name of a division in it: 济南 in 济南市中区, not 济南市."""
        names = self._names
        for cut in range(end - 1, start + 1, -1):
            if above := names.get(text[start:cut]):
                for stop in range(min(cut + self._longest.get(text[cut], 0), len(text)), end, -1):
                    if _any_inside(names.get(text[cut:stop], ()), above):
                        return cut
        return end


def _any_inside(senses: tuple[Sense, ...], above: tuple[Sense, ...]) -> bool:
    """Whether a name can be that of a division, with its level word, in one that another name can mean."""
    inside = divisions().inside
    return any(
        sense.form is Form.OFFICIAL and sense.target != other.target and inside(sense.target, other.target)
        for sense in senses
        for other in above
    )


@cache
def _load() -> Gazetteer:
    names: dict[str, list[Sense]] = defaultdict(list)
    for name, sense in _division_senses():
        names[name].append(sense)
    for name, sense in (*_initial_senses(frozenset(names)), *_other_senses()):
        names[name].append(sense)
    return Gazetteer({name: _without_repeats(senses) for name, senses in names.items()})
