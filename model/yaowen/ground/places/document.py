"""One place for each mention of a document: what the mention itself leaves open, the document's other places decide."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from yaowen.ground.places.evidence import ANCHOR, REACH, Evidence, Heard, hint_evidence, nearness, shares_of, support_for
from yaowen.ground.places.names import Sense, countries
from yaowen.ground.places.place import Candidate, How, Place
from yaowen.ground.places.reading import Reading, read_mention, town_of_stem
from yaowen.ground.places.table import NATION, divisions, knowledge

DECIDED: Final = 0.6  # share from which a place is told; below, there are only candidates
LOCAL: Final = 0.7  # how sure a place without a name of its own can be at most
UNLIKELY: Final = 0.1  # of a weak name's weight where nothing around supports it
ABOVE: Final = 0.35  # how much a division speaks for a bare level word of one above it
MOST: Final = 30  # candidates of a township's name, more say nothing
NO_NAME: Final = "bears no name of a division, and the document does not say where it is"
UNDECIDED: Final = "several divisions bear the name, and the document does not decide"
NO_LEVEL: Final = "the document names no one division of this level"
NO_SUPPORT: Final = "a word that is also the name of a division of which the document does not speak"


def _of_the_containing(weights: dict[str, float]) -> dict[str, float]:
    """Where no sense is likely enough, but they lie in one of them: 喀什 is in 喀什地区 also if 喀什市 is meant."""
    shares = shares_of(weights)
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


class _Document:
    """The mentions of one document in order, and the places known of it so far."""

    def __init__(self, texts: Sequence[str], hints: Sequence[str], year: int | None) -> None:
        self.year = year
        self.readings = [read_mention(text) for text in texts]
        self.texts = texts
        self.hints = hints
        self.evidence: list[Evidence] = []
        self.countries: dict[int, str] = {}
        self.places: list[Place | None] = [None] * len(texts)

    def ground(self) -> list[Place]:
        """Surest first: names with one sense, then names with several, townships, bare levels, villages."""
        for index, reading in enumerate(self.readings):
            self._keep(index, self._by_name(index, reading, alone=True))
        self.evidence += hint_evidence(self.hints, [e.code for e in self.evidence])
        for step in (self._by_name, self._by_town, self._by_level, self._by_surroundings):
            heard = Heard(self.evidence)
            for index, reading in enumerate(self.readings):
                if self.places[index] is None:
                    self._keep(index, step(index, reading, evidence=heard.around(index)))
        return [place or Place(reason=NO_NAME) for place in self.places]

    def _keep(self, index: int, place: Place | None) -> None:
        self.places[index] = place
        if place and place.iso and place.adcode != NATION:
            self.countries[index] = place.iso
        elif place and place.adcode and place.adcode != NATION and place.how in ("name", "part"):
            self.evidence.append(Evidence(place.adcode, index, 1.0))

    def _by_name(self, index: int, reading: Reading, evidence: Sequence[Evidence] = (), alone: bool = False) -> Place | None:
        if reading.area:
            return Place(reason=reading.area, candidates=_candidates(shares_of(_own_weights(reading, self.year))))
        if reading.iso and not reading.senses:
            return self._country(index, reading)
        if not reading.senses or (alone and reading.iso):
            return None
        weights = _own_weights(reading, self.year)
        if alone:
            sure = reading.sure and not reading.senses[0].weak and shares_of(weights)[0][1] >= ANCHOR
            return self._place(index, weights) if sure else None
        support = {code: support_for(code, evidence, index) for code in weights}
        if reading.iso and not max(support.values()) and (reading.iso_first or reading.iso in self.countries.values()):
            return self._country(index, reading)
        weak = {sense.target for sense in reading.senses if sense.weak}
        weights = {
            c: w * (1 + support[c]) ** 2 * (UNLIKELY if c in weak and not support[c] else 1.0) for c, w in weights.items()
        }
        doubtful = not reading.sure or len(weak) == len(weights)
        if doubtful and not max(support.values()) and (weak or evidence):
            return None if reading.local else self._undecided(index, shares_of(weights), NO_SUPPORT)
        return self._place(index, _of_the_containing(weights))

    def _country(self, index: int, reading: Reading) -> Place:
        iso = reading.iso or ""
        how: How = "name" if reading.whole else "part"
        name, code = ("中国", NATION) if iso == "CN" else (countries()[iso], None)
        facility = None if reading.whole else self.texts[index]
        return Place(code, name, name, "country", 1.0, how, iso, facility)

    def _place(self, index: int, weights: dict[str, float]) -> Place:
        """The likeliest division, or none with all candidates where it is not likely enough."""
        shares = shares_of(weights)
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

    def _by_town(self, index: int, reading: Reading, evidence: Sequence[Evidence]) -> Place | None:
        """A township without the divisions above it: the one that lies where the document is."""
        codes = [code for code in reading.town_codes if code[:6] in divisions().by_code]
        if reading.senses or not codes:
            return None
        support = {code[:6]: support_for(code[:6], evidence, index) for code in codes}
        near = {code: weight**2 for code, weight in support.items() if weight > 0}
        if near:
            return self._place(index, near)
        if evidence:  # towns come and go: one of the name far away is likely another
            return self._nearby(index, evidence)
        if len(support) == 1:
            return replace(self._place(index, dict.fromkeys(support, 1.0)), score=LOCAL)
        shares = shares_of(dict.fromkeys(support, 1.0)) if len(support) <= MOST else []
        return self._undecided(index, shares, UNDECIDED)

    def _by_level(self, index: int, reading: Reading, evidence: Sequence[Evidence]) -> Place | None:
        if not reading.level:
            return None
        if reading.level in knowledge()["local"]["bare_towns"]:
            return self._nearby(index, evidence)
        weights: dict[str, float] = {}
        for e in evidence:
            for code in divisions().lineage[e.code]:
                if fits(reading.level, divisions().by_code[code].name):
                    share = 1.0 if code == e.code else ABOVE
                    weights[code] = weights.get(code, 0.0) + share * e.weight * nearness(e.at, index)
        shares = shares_of(weights)
        if not shares or shares[0][1] < DECIDED:
            return self._undecided(index, shares, NO_LEVEL)
        return replace(self._place(index, weights), how="level")

    def _by_surroundings(self, index: int, reading: Reading, evidence: Sequence[Evidence]) -> Place | None:
        said = {e.code for e in evidence}
        if inner := [sense for sense in reading.inner if sense.target in said]:
            return self._place(index, {sense.target: sense.weight for sense in inner})
        if code := next((code for code in town_of_stem(self.texts[index]) if code[:6] in said), None):
            return replace(self._place(index, {code[:6]: 1.0}), how="part", score=LOCAL, town_code=code)
        if reading.local:
            return self._nearby(index, evidence)
        if reading.abroad and (iso := self._country_around(index)):
            name = countries()[iso]
            return Place(None, name, name, "country", LOCAL, "context", iso, self.texts[index])
        return None

    def _country_around(self, index: int) -> str | None:
        """The nearest foreign country within reach, the one before if two are as near."""
        around = (at for distance in range(1, int(REACH) + 1) for at in (index - distance, index + distance))
        iso = next((self.countries[at] for at in around if at in self.countries), None)
        return iso if iso != "CN" else None

    def _nearby(self, index: int, evidence: Sequence[Evidence]) -> Place | None:
        """The county that the surroundings speak of, or else the city, if they speak of one alone."""
        for depth in (3, 2):
            weights: dict[str, float] = {}
            for e in evidence:
                line = divisions().lineage[e.code]
                if len(line) >= depth:
                    code = line[len(line) - depth]
                    weights[code] = weights.get(code, 0.0) + e.weight * nearness(e.at, index)
            shares = shares_of(weights)
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
