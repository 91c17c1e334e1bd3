"""What a mention says of its place by itself, before the document is asked."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache

from yaowen.ground.places.names import Form, Gazetteer, Match, Sense
from yaowen.ground.places.table import NATION, divisions, knowledge, townships

QUOTES = "“”\"'‘’《》〈〉()（） \n"
DIVISION_FORMS = {Form.OFFICIAL, Form.LEVELLED, Form.ALIAS, Form.SHORT, Form.LETTER}
FOREIGN_FORMS = {Form.COUNTRY, Form.FOREIGN, Form.INITIAL}
TOWN_END = re.compile("街道办事处|街道|镇|乡|苏木")
LONGEST_TOWN = 12  # characters


@dataclass(frozen=True, slots=True)
class Reading:
    """The divisions a mention can mean by its own words, or what else it is.

    `iso`: the country that it is or lies in, or may (`senses` too: 德州 is Texas or 德州市), and `iso_first`, if that is
    likelier than the divisions where the document says nothing; `level`: the bare level word it begins with; `town`: the
    name of a township in it, and the codes that name can have; `local`: a village or the like; `abroad`: it ends as names
    of foreign divisions do; `sure`: its name is more than a short form with other words behind it; `area`: why it is no
    one division; `inner`: counties by short forms in the midst of it, to be believed only where the document speaks of
    them (高速公路睢阳出口).
    """

    senses: tuple[Sense, ...] = ()
    iso: str | None = None
    iso_first: bool = False
    whole: bool = False
    sure: bool = True
    level: str | None = None
    town: str | None = None
    town_codes: tuple[str, ...] = ()
    local: bool = False
    abroad: bool = False
    area: str | None = None
    inner: tuple[Sense, ...] = ()


@cache
def tails() -> re.Pattern[str]:
    """What behind a short form makes it a part of another name."""
    return re.compile("|".join(f"(?P<{kind}>{pattern})" for kind, pattern in knowledge()["tails"].items()))


@cache
def _bare_level() -> re.Pattern[str]:
    data = knowledge()
    words = "|".join(sorted(data["levels"], key=len, reverse=True))
    unless = "|".join(data["bare"]["unless"])
    return re.compile(
        f"(?:{'|'.join(data['bare']['before'])})(?!{unless})(?P<level>{words}|{'|'.join(data['local']['bare_towns'])})"
    )


@cache
def _branch() -> tuple[re.Pattern[str], re.Pattern[str]]:
    data = knowledge()["branches"]
    return re.compile(f"(?:{'|'.join(data['bodies'])})$"), re.compile(f"{'|'.join(data['heads'])}")


@cache
def _local() -> re.Pattern[str]:
    return re.compile(f"(?:{'|'.join(sorted(knowledge()['local']['ends'], key=len, reverse=True))})$")


def stands(match: Match, text: str, adjacent: bool, followed: bool = False) -> bool:
    """Whether a name in a text is used as the name of the place: not part of a road's, a lake's or a town's name.

    `adjacent`: it stands at the beginning or straight behind another name; `followed`: another stands straight behind it.
    """
    sense = match.senses[0]
    if sense.form in (Form.BLOCKED, Form.AREA) or (sense.weak and not adjacent):
        return False
    if sense.form in (Form.LEVELLED, Form.ALIAS):
        return True
    if sense.form is Form.SHORT and not followed and tails().match(text, match.end):
        return False
    if adjacent:
        return True
    return sense.level != "county" if sense.form is Form.SHORT else len(match.text) > 2


def _below(above: Sequence[Sense], match: Match) -> tuple[Sense, ...]:
    """The senses of a name that lie in a place read before it."""
    table = divisions()
    return tuple(
        replace(sense, weak=False) if sense.weak else sense  # behind its superior it is no common word
        for sense in match.senses
        if sense.form in DIVISION_FORMS
        and any(sense.target != a.target and table.inside(sense.target, a.target) for a in above if a.form in DIVISION_FORMS)
    )


def official_names(text: str) -> list[Match]:
    """The names of divisions in a text that stand there with their level words.

    >>> [match.text for match in official_names("山东聊城市委")], official_names("上海城市管理局")
    (['聊城市'], [])
    """
    return [match for match in Gazetteer.load().find(text) if match.senses[0].form in (Form.OFFICIAL, Form.LEVELLED)]


def names_at_end(text: str) -> tuple[Match, ...]:
    """The names of divisions that a text ends with, each in the one before; none where one lies elsewhere.

    >>> [[match.text for match in names_at_end(text)] for text in ("山西忻州市代县", "五台县代县", "县政府")]
    [['山西', '忻州市', '代县'], [], []]
    """
    chain: list[Match] = []
    for match in reversed(Gazetteer.load().find(text)):
        if match.end != (chain[-1].start if chain else len(text)) or match.senses[0].form not in DIVISION_FORMS:
            break
        if chain and not _below(match.senses, chain[-1]):
            return ()
        chain.append(match)
    return tuple(reversed(chain))


def _in_other_place(text: str, before: int, match: Match) -> bool:
    """Whether a name is that of a branch: 浙江省人民医院毕节医院."""
    bodies, heads = _branch()
    return bool(bodies.search(text[before : match.start]) and heads.match(text, match.end))


@dataclass(frozen=True, slots=True)
class _Chain:
    """The senses of the deepest of names in a row, where it ends, how many they are, and whether they begin the text."""

    senses: tuple[Sense, ...] = ()
    end: int = 0
    names: int = 0
    bare: bool = True

    def to(self, senses: tuple[Sense, ...], match: Match, names: int) -> "_Chain":
        return _Chain(senses, match.end, names, self.bare and match.start == self.end)


def _chain(text: str, matches: Sequence[Match]) -> _Chain:
    """The chain of a mention: 甘肃, 临夏州, 积石山县; names that lie in no name before them do not belong to it."""
    chain = _Chain()
    official = {match.start for match in matches if match.senses[0].form is Form.OFFICIAL}
    for match in matches:
        first = match.senses[0]
        followed = match.end in official  # 天津河东区: no river of Tianjin
        adjacent = match.start == chain.end
        below = _below(chain.senses, match)
        opening = not chain.senses or chain.senses[0].form in FOREIGN_FORMS
        if below and adjacent and (followed or not (first.form is Form.SHORT and tails().match(text, match.end))):
            chain = chain.to(below, match, chain.names + 1)
        elif not stands(match, text, adjacent and opening and not first.weak, followed):
            continue
        elif opening and (not chain.senses or (chain.senses[0].target == "CN" and first.form in DIVISION_FORMS)):
            chain = chain.to(match.senses, match, 1)
        elif below:
            chain = chain.to(below, match, chain.names + 1)
        elif _in_other_place(text, chain.end, match):
            chain = chain.to(match.senses, match, 1)
    return chain


def _inner(matches: Sequence[Match], text: str) -> tuple[Sense, ...]:
    """The counties that short forms in the midst of a mention can mean."""
    senses = (match.senses for match in matches if match.start and not tails().match(text, match.end))
    return next((found for found in senses if found[0].form is Form.SHORT and not found[0].weak), ())


def _town(text: str, start: int, above: Sequence[Sense]) -> tuple[str | None, tuple[str, ...]]:
    """The township whose name stands at a position: in the divisions above, if there are; the name also if it is unknown."""
    first = None
    for found in TOWN_END.finditer(text, start + 1, start + LONGEST_TOWN):
        name = text[start : found.end()].removesuffix("办事处")
        first = first or name
        codes = townships().get(name, ())
        if above:
            inside = divisions().inside
            known = divisions().lineage
            codes = tuple(c for c in codes if c[:6] in known and any(inside(c[:6], a.target) for a in above))
        if codes:
            return name, codes
    return first, ()


def town_of_stem(text: str) -> tuple[str, ...]:
    """The codes of the townships whose name a mention bears without its last word: 企水, 博鳌港.

    >>> town_of_stem("博鳌港"), town_of_stem("指挥部")
    (('469002104',), ())
    """
    local = knowledge()["local"]
    stem = next((text.removesuffix(site) for site in local["sites"] if text.endswith(site)), text)
    if not 2 <= len(stem) <= 5:
        return ()
    return tuple(code for word in local["left_out"] for code in townships().get(stem + word, ()))


def _with_town(reading: Reading, text: str, end: int) -> Reading:
    """A reading with the township behind its divisions, which can tell the county: 海口市三江镇 is in 美兰区."""
    name, codes = _town(text, end, reading.senses)
    counties = {code[:6] for code in codes}
    if name is None or not codes:
        return reading
    if len(counties) != 1:
        return replace(reading, town=name)
    county = counties.pop()
    sense = Sense(Form.OFFICIAL, county, Form.OFFICIAL.value, divisions().by_code[county].level)
    return replace(reading, senses=(sense,), sure=True, town=name, town_codes=codes)


def _nameless(text: str, areas: Sequence[Match]) -> Reading:
    """A mention without the name of a division."""
    name, codes = _town(text, 0, ()) if TOWN_END.search(text) else (None, ())
    if name and codes:
        return Reading(town=name, town_codes=codes, local=True, whole=name == text)
    if match := _bare_level().match(text):
        return Reading(level=match["level"])
    if areas:
        return Reading(area=areas[0].senses[0].target)
    if name or _local().search(text):
        return Reading(town=name, local=True)
    return Reading(abroad=text.endswith(tuple(knowledge()["local"]["foreign"])))


def _at_home_or_abroad(senses: Sequence[Sense], whole: bool, sure: bool = True, local: bool = False) -> Reading:
    """A reading of senses of which some may be foreign."""
    iso = next((sense.target for sense in senses if sense.form in FOREIGN_FORMS), None)
    divisions = tuple(sense for sense in senses if sense.form in DIVISION_FORMS)
    return Reading(divisions, iso, senses[0].form in FOREIGN_FORMS, whole, sure, local=local)


@lru_cache(maxsize=1 << 16)
def read_mention(mention: str) -> Reading:
    """What a mention's own words say of its place.

    >>> [sense.target for sense in read_mention("甘肃临夏州积石山县").senses], read_mention("市传染病医院").level
    (['622927'], '市')
    >>> read_mention("重庆路").senses, read_mention("上海合作组织").senses, read_mention("京津冀").area
    ((), (), 'a region of several divisions')
    """
    text = mention.strip(QUOTES)
    gazetteer = Gazetteer.load()
    if len(text) == 1:
        letter = knowledge()["one_character"]["countries"].get(text)
        return Reading(gazetteer.senses(text), letter if not gazetteer.senses(text) else None, whole=True)
    # by itself 中华人民共和国 is the country, blocked it is only in the names of its bodies
    whole = tuple(sense for sense in gazetteer.senses(text) if sense.form is not Form.BLOCKED)
    if whole and whole[0].form is Form.AREA:
        return Reading(whole[1:], whole=True, area=whole[0].target)
    if whole:
        return _at_home_or_abroad(whole, whole=True)
    matches = gazetteer.find(text)
    chain = _chain(text, matches)
    senses, end = chain.senses, chain.end
    if not senses:
        reading = _nameless(text, [m for m in matches if m.senses[0].form is Form.AREA])
        return replace(reading, inner=_inner(matches, text)) if not (reading.level or reading.area) else reading
    if not any(sense.form in DIVISION_FORMS for sense in senses):
        return Reading(iso=senses[0].target, whole=end == len(text))
    sure = senses[0].form is not Form.SHORT or senses[0].level != "county" or end == len(text) or chain.names > 1
    local = not sure and _local().search(text) is not None
    reading = _at_home_or_abroad(senses, whole=chain.bare and end == len(text), sure=sure, local=local)
    if end == len(text) or senses[0].target == NATION or not TOWN_END.search(text, end, end + LONGEST_TOWN):
        return reading
    if not sure and (town := _town(text, 0, ()))[1]:  # 乌兰花镇 is a name, not a town 花镇 of 乌兰
        return Reading(town=town[0], town_codes=town[1], local=True, whole=town[0] == text)
    return _with_town(reading, text, end)
