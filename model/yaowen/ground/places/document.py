"""One place for each mention of a document: what the mention itself leaves open, the document's other places decide."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from yaowen.ground.places.names import Form, Gazetteer, Sense, countries
from yaowen.ground.places.place import Candidate, How, Place
from yaowen.ground.places.reading import Reading, read_mention, stands, town_of_stem
from yaowen.ground.places.table import NATION, divisions, knowledge

ANCHOR: Final = 0.85  # share of the likeliest sense from which a name says its place without the document
DECIDED: Final = 0.6  # share from which a place is told; below, there are only candidates
HEADLINE: Final = 3.0  # weight of the first place of a hint beside that of a mention close by
UNCONFIRMED: Final = 0.5  # weight of a hint's place of which no mention speaks: the head of a page may be its navigation
REACH: Final = 4.0  # mentions: at this distance a place counts half
LOCAL: Final = 0.7  # how sure a place without a name of its own can be at most
UNLIKELY: Final = 0.1  # of a weak name's weight where nothing around supports it
ABOVE: Final = 0.35  # how much a division speaks for a bare level word of one above it
MOST: Final = 30  # candidates of a township's name, more say nothing
NO_NAME: Final = "bears no name of a division, and the document does not say where it is"
UNDECIDED: Final = "several divisions bear the name, and the document does not decide"
NO_LEVEL: Final = "the document names no one division of this level"
NO_SUPPORT: Final = "a word that is also the name of a division of which the document does not speak"


@dataclass(frozen=True, slots=True)
class _Evidence:
    """A division the document speaks of, where in the order of mentions (None: in a headline or source), how much."""

    code: str
    at: int | None
    weight: float


def _nearness(at: int | None, index: int) -> float:
    if at is None:
        return 1.0
    distance = index - at if at <= index else 1.5 * (at - index)
    return 1.0 / (1.0 + distance / REACH)


def _kinship(code: str, other: str) -> float:
    """How much one division speaks for another: itself, those in it and above it, its neighbours."""
    line, other_line = divisions().lineage[code], divisions().lineage[other]
    if code == other:
        return 3.0
    if code in other_line:
        return 2.0
    if other in line:
        return 2.0 if len(other_line) > 1 else 1.0
    if len(line) > 2 and len(other_line) > 2 and line[1] == other_line[1]:
        return 1.0
    return 0.4 if line and other_line and line[-1] == other_line[-1] else 0.0


def _support(code: str, evidence: Iterable[_Evidence], index: int) -> float:
    return sum(e.weight * _nearness(e.at, index) * _kinship(code, e.code) for e in evidence if e.at != index)


def _shares(weights: dict[str, float]) -> list[tuple[str, float]]:
    total = sum(weights.values())
    return sorted(((code, weight / total) for code, weight in weights.items()), key=lambda p: (-p[1], p[0])) if total else []


def _of_the_containing(weights: dict[str, float]) -> dict[str, float]:
    """Where no sense is likely enough, but they lie in one of them: 喀什 is in 喀什地区 also if 喀什市 is meant."""
    shares = _shares(weights)
    if not shares or shares[0][1] >= DECIDED:
        return weights
    inside = divisions().inside
    for code, _ in sorted(shares, key=lambda p: -len(divisions().lineage[p[0]])):
        if sum(share for other, share in shares if inside(other, code)) >= ANCHOR:
            total = sum(weights.values())
            return weights | {code: total * DECIDED / (1 - DECIDED)}
    return weights


def _own_weights(reading: Reading, year: int | None) -> dict[str, float]:
    """The weight of each division that a mention's own words name."""
    return {sense.target: sense.weight * (4.0 if _bore(sense, year) else 1.0) for sense in reading.senses}


def _bore(sense: Sense, year: int | None) -> bool:
    return year is not None and sense.former is not None and sense.former.bears(year)


def _hint_evidence(hints: Sequence[str], spoken_of: Iterable[str]) -> list[_Evidence]:
    """The places of headlines, source lines and datelines; the first that the document speaks of counts most."""
    spoken = {code for other in spoken_of for code in divisions().lineage[other]}
    found = []
    for hint in hints:
        weight, end = HEADLINE, 0
        for match in Gazetteer.load().find(hint):
            # Amid other words a short form may be anything: 樊成华 is a person, not 成华区.
            apart = match.start == end or not "\u4e00" <= hint[match.start - 1] <= "\u9fff"
            share = match.senses[0].weight / (sum(sense.weight for sense in match.senses) or 1.0)
            if match.senses[0].form in _EVIDENT and share >= ANCHOR and stands(match, hint, apart):
                code, end = match.senses[0].target, match.end
                found.append(_Evidence(code, None, weight if code in spoken else UNCONFIRMED))
                weight = 1.0 if code in spoken else weight
    return found


_EVIDENT = (Form.OFFICIAL, Form.LEVELLED, Form.ALIAS, Form.SHORT)


class _Document:
    """The mentions of one document in order, and the places known of it so far."""

    def __init__(self, texts: Sequence[str], hints: Sequence[str], year: int | None) -> None:
        self.year = year
        self.readings = [read_mention(text) for text in texts]
        self.texts = texts
        self.hints = hints
        self.evidence: list[_Evidence] = []
        self.countries: list[tuple[int, str]] = []
        self.places: list[Place | None] = [None] * len(texts)

    def ground(self) -> list[Place]:
        """Surest first: names with one sense, then names with several, townships, bare levels, villages."""
        for index, reading in enumerate(self.readings):
            self._keep(index, self._by_name(index, reading, alone=True))
        self.evidence += _hint_evidence(self.hints, [e.code for e in self.evidence])
        for step in (self._by_name, self._by_town, self._by_level, self._by_surroundings):
            before = list(self.evidence)
            for index, reading in enumerate(self.readings):
                if self.places[index] is None:
                    place = step(index, reading, evidence=before)
                    self._keep(index, place)
        return [place or Place(reason=NO_NAME) for place in self.places]

    def _keep(self, index: int, place: Place | None) -> None:
        self.places[index] = place
        if place and place.iso and place.adcode != NATION:
            self.countries.append((index, place.iso))
        elif place and place.adcode and place.adcode != NATION and place.how in ("name", "part"):
            self.evidence.append(_Evidence(place.adcode, index, 1.0))

    def _by_name(
        self, index: int, reading: Reading, evidence: Sequence[_Evidence] = (), alone: bool = False
    ) -> Place | None:
        if reading.area:
            return Place(reason=reading.area, candidates=_candidates(_shares(_own_weights(reading, self.year))))
        if reading.iso:
            return self._country(index, reading)
        if not reading.senses:
            return None
        weights = _own_weights(reading, self.year)
        if alone:
            sure = reading.sure and not reading.senses[0].weak and _shares(weights)[0][1] >= ANCHOR
            return self._place(index, weights) if sure else None
        support = {code: _support(code, evidence, index) for code in weights}
        weak = {sense.target for sense in reading.senses if sense.weak}
        weights = {
            c: w * (1 + support[c]) ** 2 * (UNLIKELY if c in weak and not support[c] else 1.0) for c, w in weights.items()
        }
        doubtful = not reading.sure or len(weak) == len(weights)
        if doubtful and not max(support.values()) and (weak or evidence):
            return None if reading.local else self._undecided(index, _shares(weights), NO_SUPPORT)
        return self._place(index, _of_the_containing(weights))

    def _country(self, index: int, reading: Reading) -> Place:
        iso = reading.iso or ""
        how: How = "name" if reading.whole else "part"
        name, code = ("中国", NATION) if iso == "CN" else (countries()[iso], None)
        facility = None if reading.whole else self.texts[index]
        return Place(code, name, name, "country", 1.0, how, iso, facility)

    def _place(self, index: int, weights: dict[str, float]) -> Place:
        """The likeliest division, or none with all candidates where it is not likely enough."""
        shares = _shares(weights)
        code, score = shares[0]
        if score < DECIDED:
            return self._undecided(index, shares, UNDECIDED)
        reading, division = self.readings[index], divisions().by_code[code]
        town_code = next((c for c in reading.town_codes if c[:6] == code), None)
        former = next((s.former for s in reading.senses if s.target == code and s.former), None)
        return Place(
            adcode=code,
            name=division.name,
            full_name=divisions().full_name(code),
            level=division.level,
            score=score,
            how="name" if reading.whole else "part",
            facility=None if reading.whole else self.texts[index],
            town=reading.town,
            town_code=town_code,
            former=f"{former.name} ({former.first}–{former.last})" if former else None,
            candidates=_candidates(shares) if len(shares) > 1 else (),
        )

    def _undecided(self, index: int, shares: list[tuple[str, float]], reason: str) -> Place:
        return Place(candidates=_candidates(shares), reason=reason, town=self.readings[index].town)

    def _by_town(self, index: int, reading: Reading, evidence: Sequence[_Evidence]) -> Place | None:
        """A township without the divisions above it: the one that lies where the document is."""
        codes = [code for code in reading.town_codes if code[:6] in divisions().by_code]
        if reading.senses or not codes:
            return None
        support = {code[:6]: _support(code[:6], evidence, index) for code in codes}
        near = {code: weight**2 for code, weight in support.items() if weight > 0}
        if near:
            return self._place(index, near)
        if evidence:  # towns come and go: one of the name far away is likely another
            return self._nearby(index, evidence)
        if len(support) == 1:
            return replace(self._place(index, dict.fromkeys(support, 1.0)), score=LOCAL)
        shares = _shares(dict.fromkeys(support, 1.0)) if len(support) <= MOST else []
        return self._undecided(index, shares, UNDECIDED)

    def _by_level(self, index: int, reading: Reading, evidence: Sequence[_Evidence]) -> Place | None:
        if not reading.level:
            return None
        if reading.level in knowledge()["local"]["bare_towns"]:
            return self._nearby(index, evidence)
        weights: dict[str, float] = {}
        for e in evidence:
            for code in divisions().lineage[e.code]:
                if fits(reading.level, divisions().by_code[code].name):
                    share = 1.0 if code == e.code else ABOVE
                    weights[code] = weights.get(code, 0.0) + share * e.weight * _nearness(e.at, index)
        shares = _shares(weights)
        if not shares or shares[0][1] < DECIDED:
            return self._undecided(index, shares, NO_LEVEL)
        return replace(self._place(index, weights), how="level")

    def _by_surroundings(self, index: int, reading: Reading, evidence: Sequence[_Evidence]) -> Place | None:
        said = {e.code for e in evidence}
        if inner := [sense for sense in reading.inner if sense.target in said]:
            return self._place(index, {sense.target: sense.weight for sense in inner})
        if code := next((code for code in town_of_stem(self.texts[index]) if code[:6] in said), None):
            return replace(self._place(index, {code[:6]: 1.0}), how="part", score=LOCAL, town_code=code)
        if reading.local:
            return self._nearby(index, evidence)
        if reading.abroad and self.countries:
            at, iso = min(self.countries, key=lambda c: (abs(c[0] - index), c[0]))
            if iso != "CN" and abs(at - index) <= REACH:
                name = countries()[iso]
                return Place(None, name, name, "country", LOCAL, "context", iso, self.texts[index])
        return None

    def _nearby(self, index: int, evidence: Sequence[_Evidence]) -> Place | None:
        """The county that the surroundings speak of, or else the city, if they speak of one alone."""
        for depth in (3, 2):
            weights: dict[str, float] = {}
            for e in evidence:
                line = divisions().lineage[e.code]
                if len(line) >= depth:
                    code = line[len(line) - depth]
                    weights[code] = weights.get(code, 0.0) + e.weight * _nearness(e.at, index)
            shares = _shares(weights)
            if shares and shares[0][1] >= DECIDED:
                place = self._place(index, weights)
                return replace(place, how="context", score=LOCAL * shares[0][1])
        return None


def _candidates(shares: Iterable[tuple[str, float]]) -> tuple[Candidate, ...]:
    return tuple(Candidate(code, divisions().full_name(code), score) for code, score in shares)


def fits(level: str, name: str) -> bool:
    """Whether a bare level word can mean a division of this name: 区 is no 自治区, 县 may be an 自治县.

    >>> fits("区", "朝阳区"), fits("区", "宁夏回族自治区"), fits("区", "喀什地区"), fits("县", "玉龙纳西族自治县")
    (True, False, False, True)
    """
    ends = tuple(knowledge()["levels"][level])
    return name.endswith(ends) and not (level == "区" and name.endswith(("自治区", "地区", "特别行政区")))


def ground_places(mentions: Sequence[str], hints: Sequence[str] = (), year: int | None = None) -> list[Place]:
    """One place for each mention of a document, in the order of the text.

    `mentions`: the normalised texts of the LOCATION and ORGANIZATION spans in text order; POSITION spans too, if at hand,
    since 三亚市委书记 tells what 市委 is (their places are then in the answer as well). `hints`: strings that say where the
    document is from or about, the first place of each counting most: headline, source, dateline (`place_hints` finds them).
    `year`: of publication, for names that were changed. Nothing that is no string of a place is an error: such a mention
    gets a `Place` without a code that says why in `reason`.

    >>> [place.adcode for place in ground_places(["三亚市人民医院", "市委", "吉阳区"], hints=["三亚召开会议"])]
    ['460200', '460200', '460203']
    """
    return _Document(mentions, hints, year).ground()


_DATELINE = re.compile(r"(?:新华社|新华网|中新社|中新网|人民网|本报)([\u4e00-\u9fff]{2,8}?)(?:\d{1,2}月)?\d{1,2}日[电讯]")
_SOURCE = re.compile(r"(?:来源|稿源|主办|发布机构|编辑部)[:：] ?(\S{2,20})")


def place_hints(text: str, title: str = "") -> list[str]:
    """The strings of a normalised text that say where it is from or about: headline, first line, source, dateline.

    `text` is best given without the furniture of its page, which may name other places.

    >>> place_hints("三亚召开会议\\n来源：三亚日报\\n新华社海口2月8日电 记者获悉")
    ['三亚召开会议', '三亚日报', '海口']
    """
    first = next((line.strip() for line in text.split("\n", 20) if line.strip()), "")
    found = [title, first[:60], *(m[1] for m in _SOURCE.finditer(text)), *(m[1] for m in _DATELINE.finditer(text[:400]))]
    return list(dict.fromkeys(hint for hint in found if hint))
