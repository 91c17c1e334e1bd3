"""Who is in the text: every person with all mentions and all offices."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from yaowen.assemble.holders import Run, holders, people_words, statuses
from yaowen.assemble.layout import Layout
from yaowen.ground.offices import OfficeReading, read_office
from yaowen.ground.titles import words as title_words
from yaowen.schema import PEOPLE

# Heads of such bodies are nobody's second office who heads a place: two mentions of one name that say so are two people.
_APART = frozenset(("hospital", "school", "court", "procuratorate"))
_DOT = "·"
_BYLINE = 8  # characters before a name in which a byline's word is looked for


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


class _Roster:
    """The entries of one text while they are made: full names first, then what may be short for one of them."""

    def __init__(self, layout: Layout, title_runs: Sequence[Run]) -> None:
        self._layout = layout
        self._held = holders(layout, title_runs)
        self._status = statuses(layout, title_runs)
        self._entries: list[Entry] = []
        self._named: dict[str, list[Entry]] = defaultdict(list)

    def entries(self) -> list[Entry]:
        people = [(i, self._name(i)) for i, span in enumerate(self._layout.spans) if span.label in PEOPLE]
        names = {name for _, name in people}
        parts = {part for name in names if _DOT in name for part in _parts(name)}
        kinds = [self._is_surname(index, name) * 2 or (name in parts) * 1 for index, name in people]
        for kind, place in enumerate((self._place_name, self._place_part, self._place_surname)):
            for (index, name), own in zip(people, kinds, strict=True):
                if own == kind:
                    place(index, name)
        for entry in self._entries:
            entry.mentions.sort()
            entry.offices = self._distinct(entry.offices)
            entry.status = {office: self._status[office] for office in entry.offices if office in self._status}
        return sorted(self._entries, key=lambda entry: entry.mentions[0])

    def _place_name(self, index: int, name: str) -> None:
        """Join a full name to the last entry of that name that it can be; else a new entry."""
        fitting = (entry for entry in reversed(self._named[name]) if not self._two_people(index, entry))
        self._add(index, next(fitting, None) or self._new(name))

    def _place_part(self, index: int, name: str) -> None:
        """Join a part of a name with a dot (拜登) to the one person whose name has it; else as any name."""
        whole = [e for e in self._entries if _DOT in e.name and name in _parts(e.name) and not self._two_people(index, e)]
        if len(whole) == 1:
            self._add(index, whole[0])
        else:
            self._place_name(index, name)

    def _place_surname(self, index: int, surname: str) -> None:
        """Join a bare surname to the one person of that surname whose offices end like its title; else a new entry.

        A deputy is called by the title of the head (王市长 for 副市长王强) where there is no head of that surname.
        """
        titles = [self._text(office) for office in self._held.get(index, ())]
        same = [entry for entry in self._entries if entry.name != surname and entry.name.startswith(surname)]
        tails = [(e, deputises(t, title)) for e in same for t in self._titles(e) for title in titles if t.endswith(title)]
        heads = [entry for entry, is_deputy in tails if not is_deputy]
        fitting = list({id(entry): entry for entry in heads or [entry for entry, _ in tails]}.values())
        known = [e for e in self._entries if e.name == surname and any(self._text(o) in titles for o in e.offices)]
        if len(fitting) == 1:
            self._add(index, fitting[0], called=not heads)
        else:
            self._add(index, known[0] if known else self._new(surname))

    def _add(self, index: int, entry: Entry, called: bool = False) -> None:
        """Give a mention to an entry, with its titles; not those of a head by which a deputy is only `called`."""
        entry.mentions.append(index)
        for office in self._held.get(index, ()):
            if not (called and any(deputises(title, self._text(office)) for title in self._titles(entry))):
                entry.offices.append(office)

    def _titles(self, entry: Entry) -> list[str]:
        return [self._text(office) for office in entry.offices]

    def _new(self, name: str) -> Entry:
        self._entries.append(Entry(name))
        self._named[name].append(self._entries[-1])
        return self._entries[-1]

    def _is_surname(self, index: int, name: str) -> bool:
        """One character, or a compound surname right before its title (欧阳院长)."""
        return len(name) == 1 or (name in people_words().compound_surnames and bool(self._held.get(index)))

    def _two_people(self, index: int, entry: Entry) -> bool:
        """Whether the text says that a mention of the same name is somebody else than the entry."""
        if self._reports(index) != any(self._reports(mention) for mention in entry.mentions):
            # the reporter is not the official of the same name
            return bool(entry.offices or self._held.get(index))
        own = self._held.get(index, ())
        if not own:
            return False
        in_list = [m for m in entry.mentions if self._layout.chains[m] == self._layout.chains[index] and m != index]
        if any(_disjoint(own, self._held.get(m, ()), self._text) for m in in_list):
            return True  # one list names a person once
        return any(contradict(self._read(a), self._read(b)) for a in own for b in entry.offices)

    def _reports(self, index: int) -> bool:
        span = self._layout.spans[index]
        before = self._layout.text[max(0, span.start - _BYLINE) : span.start].rstrip(" ：:")
        return span.label == "PERSON" and before.endswith(people_words().bylines)

    def _read(self, office: int) -> OfficeReading:
        return read_office(self._text(office), before=self._status.get(office, ""))

    def _distinct(self, offices: Sequence[int]) -> list[int]:
        """Each title once, where it stands first; one that is the tail of a longer title of the person is left out.

        A deputy's title is another office than that of the head (副市长, then 市长): both stay.
        """
        first: dict[str, int] = {}
        for office in sorted(offices):
            first.setdefault(self._text(office), office)
        return [
            office
            for title, office in first.items()
            if not any(other != title and other.endswith(title) and not deputises(other, title) for other in first)
        ]

    def _text(self, index: int) -> str:
        span = self._layout.spans[index]
        return self._layout.text[span.start : span.end]

    def _name(self, index: int) -> str:
        """The name without the white space that pages set into two-character names."""
        return "".join(self._text(index).split())


def _parts(name: str) -> tuple[str, str]:
    """What a name with dots is shortened to: its first and its last part."""
    return name.partition(_DOT)[0], name.rpartition(_DOT)[2]


def _disjoint(some: Sequence[int], others: Sequence[int], text: Callable[[int], str]) -> bool:
    return bool(others) and not {text(o) for o in some} & {text(o) for o in others}


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
    if any(r.status or r.body is None or r.grade != "head" for r in (one, other)):
        return False
    heads = [r.office in title_words().places for r in (one, other)]
    if all(heads):
        bodies = (one.body or "", other.body or "")
        return one.office == other.office and not any(a.endswith(b) or b in a for a, b in (bodies, bodies[::-1]))
    return any(heads) and bool({one.kind, other.kind} & _APART)
