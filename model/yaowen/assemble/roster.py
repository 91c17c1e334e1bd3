"""Who is in the text: every person with all mentions and all offices."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from yaowen.assemble.holders import Run, holders, people_words, statuses
from yaowen.assemble.layout import Layout
from yaowen.ground.offices import OfficeReading, read_office
from yaowen.ground.titles import body_before
from yaowen.ground.titles import words as title_words
from yaowen.schema import PEOPLE

# Heads of such bodies are nobody's second office who heads a place: two mentions of one name that say so are two people.
_APART = frozenset(("hospital", "school", "court", "procuratorate"))
_DOT = "·"
_BYLINE = 8  # characters before a name in which a byline's word is looked for
_NAMESAKES = 16  # of the people of one name, so many of the last can be meant


@dataclass(slots=True)
class Entry:
    """Somebody of the roster: the name, and the spans that mention them and their offices, by index.

    `status` has the word before a title that says that it is held no longer or not yet (原, 时任, 代), by the title's index.
    """

    name: str
    mentions: list[int] = field(default_factory=list)
    offices: list[int] = field(default_factory=list)
    status: dict[int, str] = field(default_factory=dict)


def roster(layout: Layout, title_runs: Sequence[Run]) -> list[Entry]:
    """The people of a text in order of first mention."""
    return _Roster(layout, title_runs).entries()


@dataclass(slots=True)
class _Person:
    """An entry while it is made, with what each further mention is held against, so that none before it is read again."""

    name: str
    mentions: list[int] = field(default_factory=list)
    reports: bool = False  # some mention is a byline
    offices: dict[str, int] = field(default_factory=dict)  # each title, and where it stands first
    listed: dict[int, set[frozenset[str]]] = field(default_factory=dict)  # of mentions, by the first span of their list
    places: dict[str, OfficeReading] = field(default_factory=dict)  # titles held now that head a place
    apart: dict[str, OfficeReading] = field(default_factory=dict)  # and those that head a body of `_APART`

    def rivals(self, office: OfficeReading) -> Iterable[OfficeReading]:
        """The offices that can speak against one more."""
        return chain(self.places.values(), self.apart.values() if _heads_place(office) else ())


class _Roster:
    """The entries of one text while they are made: full names first, then what may be short for one of them."""

    def __init__(self, layout: Layout, title_runs: Sequence[Run]) -> None:
        self._layout = layout
        self._held = holders(layout, title_runs)
        self._titles = {index: frozenset(map(self._title, offices)) for index, offices in self._held.items()}
        self._status = statuses(layout, title_runs)
        self._people: list[_Person] = []
        self._named: dict[str, list[_Person]] = defaultdict(list)
        self._surnamed: dict[str, list[_Person]] = defaultdict(list)
        self._with_part: dict[str, list[_Person]] = defaultdict(list)
        self._fitting: dict[tuple[str, frozenset[str]], tuple[list[_Person], list[_Person]]] = {}  # until a title is added
        self._readings: dict[tuple[str, str], OfficeReading] = {}

    def entries(self) -> list[Entry]:
        people = [(i, self._name(i)) for i, span in enumerate(self._layout.spans) if span.label in PEOPLE]
        names = {name for _, name in people}
        parts = {part for name in names if _DOT in name for part in _parts(name)}
        kinds = [self._is_surname(index, name) * 2 or (name in parts) * 1 for index, name in people]
        for kind, place in enumerate((self._place_name, self._place_part, self._place_surname)):
            for (index, name), own in zip(people, kinds, strict=True):
                if own == kind:
                    place(index, name)
        return sorted(map(self._entry, self._people), key=lambda entry: entry.mentions[0])

    def _entry(self, person: _Person) -> Entry:
        tails = _tails({title: self._status.get(office) for title, office in person.offices.items()})
        offices = sorted(office for title, office in person.offices.items() if title not in tails)
        status = {office: self._status[office] for office in offices if office in self._status}
        return Entry(person.name, sorted(person.mentions), offices, status)

    def _place_name(self, index: int, name: str) -> None:
        """Join a full name to the last entry of that name that it can be; else a new entry."""
        fitting = (person for person in self._named[name][: -_NAMESAKES - 1 : -1] if not self._two_people(index, person))
        self._add(index, next(fitting, None) or self._new(name))

    def _place_part(self, index: int, name: str) -> None:
        """Join a part of a name with a dot (拜登) to the one person whose name has it; else as any name."""
        whole = [person for person in self._with_part[name][-_NAMESAKES:] if not self._two_people(index, person)]
        if len(whole) == 1:
            self._add(index, whole[0])
        else:
            self._place_name(index, name)

    def _place_surname(self, index: int, surname: str) -> None:
        """Join a bare surname to the one person of that surname whose offices end like its title; else a new entry.

        A deputy is called by the title of the head (王市长 for 副市长王强) where there is no head of that surname.
        """
        titles = self._titles.get(index, frozenset[str]())
        known = next((person for person in self._named[surname] if not titles.isdisjoint(person.offices)), None)
        if (surname, titles) not in self._fitting:
            self._fitting[surname, titles] = self._fit(surname, titles)
        heads, deputies = self._fitting[surname, titles]
        if len(heads or deputies) == 1:
            self._add(index, (heads or deputies)[0], called=not heads)
        else:
            self._add(index, known or self._new(surname))

    def _fit(self, surname: str, titles: Iterable[str]) -> tuple[list[_Person], list[_Person]]:
        """Those of a surname with an office that ends like a title: first who holds it, then whose is its deputy's."""
        heads: list[_Person] = []
        deputies: list[_Person] = []
        for person in self._surnamed[surname] if titles else ():
            fitting = [(office, title) for office in person.offices for title in titles if office.endswith(title)]
            if fitting:
                (deputies if all(deputises(*pair) for pair in fitting) else heads).append(person)
        return heads, deputies

    def _add(self, index: int, person: _Person, called: bool = False) -> None:
        """Give a mention to a person, with its titles; not those of a head by which a deputy is only `called`."""
        person.mentions.append(index)
        person.reports |= self._reports(index)
        for office in self._held.get(index, ()):
            title = self._title(office)
            if not (called and any(deputises(longer, title) for longer in person.offices)):
                if title not in person.offices:
                    self._fitting.clear()
                person.offices[title] = min(office, person.offices.get(title, office))
                self._learn(person, office, title)
        if index in self._titles:
            person.listed.setdefault(self._layout.chains[index].first, set()).add(self._titles[index])

    def _learn(self, person: _Person, office: int, title: str) -> None:
        reading = self._read(office)
        if _speaks(reading):
            if _heads_place(reading):
                person.places[title] = reading
            elif reading.kind in _APART:
                person.apart[title] = reading

    def _new(self, name: str) -> _Person:
        person = _Person(name)
        self._people.append(person)
        self._named[name].append(person)
        for length in {1, *map(len, people_words().compound_surnames)}:
            if length < len(name):
                self._surnamed[name[:length]].append(person)
        for part in set(_parts(name)) if _DOT in name else ():
            self._with_part[part].append(person)
        return person

    def _is_surname(self, index: int, name: str) -> bool:
        """One character, or a compound surname right before its title (欧阳院长)."""
        return len(name) == 1 or (name in people_words().compound_surnames and bool(self._held.get(index)))

    def _two_people(self, index: int, person: _Person) -> bool:
        """Whether the text says that a mention of the same name is somebody else than the person."""
        own = self._titles.get(index, frozenset[str]())
        if self._reports(index) != person.reports:
            return bool(person.offices or own)  # the reporter is not the official of the same name
        if not own:
            return False
        if any(own.isdisjoint(titles) for titles in person.listed.get(self._layout.chains[index].first, ())):
            return True  # one list names a person once
        readings = map(self._read, self._held[index])
        return any(contradict(reading, rival) for reading in readings for rival in person.rivals(reading))

    def _reports(self, index: int) -> bool:
        span = self._layout.spans[index]
        before = self._layout.text[max(0, span.start - _BYLINE) : span.start].rstrip(" ：:")
        return span.label == "PERSON" and before.endswith(people_words().bylines)

    def _read(self, office: int) -> OfficeReading:
        key = self._text(office), self._status.get(office, "")
        if key not in self._readings:
            self._readings[key] = read_office(key[0], before=key[1])
        return self._readings[key]

    def _text(self, index: int) -> str:
        span = self._layout.spans[index]
        return self._layout.text[span.start : span.end]

    def _title(self, index: int) -> str:
        """The title with the body in front of its status (某市委副书记 for 某市委原副书记)."""
        body = body_before(self._layout.text, self._layout.spans, index)
        return (self._layout.text[body.start : body.end] if body else "") + self._text(index)

    def _name(self, index: int) -> str:
        """The name without the white space that pages set into two-character names."""
        return "".join(self._text(index).split())


def _parts(name: str) -> tuple[str, str]:
    """What a name with dots is shortened to: its first and its last part."""
    return name.partition(_DOT)[0], name.rpartition(_DOT)[2]


def _tails(titles: Mapping[str, str | None]) -> set[str]:
    """Of titles with their status, those left out beside a longer one they end.

    A deputy's is another office than that of the head, and one that is said to be held no longer than one that is held.

    >>> sorted(_tails(dict.fromkeys(["市长", "三亚市市长", "县委副书记", "书记", "副书记"])))
    ['副书记', '市长']
    >>> _tails({"副书记": "原", "乡党委副书记": None}), _tails({"副书记": "原", "乡党委副书记": "曾任"})
    (set(), {'副书记'})
    """
    found = set()
    backwards = sorted(title[::-1] for title in titles)
    for place, tail in enumerate(backwards):
        for longer in map(backwards.__getitem__, range(place + 1, len(backwards))):
            if not longer.startswith(tail):
                break
            statuses = titles[tail[::-1]], titles[longer[::-1]]
            if not (deputises(longer[::-1], tail[::-1]) or _two_times(*statuses)):
                found.add(tail[::-1])
                break
    return found


def _two_times(status: str | None, longer: str | None) -> bool:
    """Whether a title's own status tells another time than that of a longer one; without one it can be the same office."""
    past = people_words().past
    return status is not None and (status in past) != (longer in past)


def deputises(longer: str, title: str) -> bool:
    """Whether a title that ends like another is that of its deputy, and so another office.

    >>> deputises("三亚市副市长", "市长"), deputises("集团副总经理", "经理"), deputises("副教授", "教授")
    (True, True, True)
    >>> deputises("三亚市市长", "市长"), deputises("县委副书记", "副书记"), deputises("副市长", "副市长")
    (False, False, False)
    """
    if longer == title or not longer.endswith(title):
        return False
    grades = (read_office(longer).grade, read_office(title).grade)
    return grades == ("deputy", "head") or longer.removesuffix(title).endswith("副")


def contradict(one: OfficeReading, other: OfficeReading) -> bool:
    """Whether nobody holds both offices: two places headed, or a place and a hospital, school, court or procuratorate.

    Only offices that are held now and name their body can speak of two people.

    >>> county, town = read_office("共和县县长"), read_office("贵德县县长")
    >>> contradict(county, town), contradict(county, read_office("海南州人民医院院长"))
    (True, True)
    >>> contradict(county, read_office("共和县委副书记")), contradict(county, read_office("县长"))
    (False, False)
    """
    if not (_speaks(one) and _speaks(other)):
        return False
    heads = [_heads_place(one), _heads_place(other)]
    if all(heads):
        bodies = (one.body or "", other.body or "")
        return one.office == other.office and not any(a.endswith(b) or b in a for a, b in (bodies, bodies[::-1]))
    return any(heads) and bool({one.kind, other.kind} & _APART)


def _speaks(reading: OfficeReading) -> bool:
    """Whether an office can speak of two people: the head of a body that is named, now."""
    return not reading.status and reading.body is not None and reading.grade == "head"


def _heads_place(reading: OfficeReading) -> bool:
    return reading.office in title_words().places
