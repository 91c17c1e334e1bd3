"""What a body is by its name: its kind, its level, and its full name where the place of the document completes it."""

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

from yaowen.ground.places.reading import official_names
from yaowen.ground.tables import any_of, table

FOREIGN: Final = ("foreign", "international", "embassy")  # kinds without a level of ours
_COMMITTEES = "省市州县区旗盟地"
_LONGEST_END = 4  # characters of a word in [ends] of bodies.toml


@dataclass(frozen=True, slots=True)
class _Kinds:
    """Patterns by the strength of what they say: how a name begins, what stands in it, how it ends."""

    begins: tuple[tuple[str, re.Pattern[str]], ...]
    decides: re.Pattern[str]
    decided: dict[str, str]
    ends: dict[str, str]
    country: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class _Levels:
    """Words of divisions and the level that each tells; words that only look like one."""

    word: re.Pattern[str]
    last: re.Pattern[str]
    level: dict[str, str]
    never: re.Pattern[str]
    national: re.Pattern[str]
    municipality: re.Pattern[str]
    prefecture: re.Pattern[str]
    full_prefecture: re.Pattern[str]
    component: re.Pattern[str]


@cache
def _kinds() -> _Kinds:
    blocks, countries = table("bodies.toml"), table("offices.toml")["countries"]["words"].split()
    decided = {
        word.replace("*", level): kind
        for kind, words in blocks["decides"].items()
        for word in words.split()
        for level in (_COMMITTEES if "*" in word else "_")
    }
    # 市委 is a committee of the Party, but not in 政协三亚市委员会
    committee = any_of(word for word in decided if word.endswith("委"))
    others = any_of(word for word in decided if not word.endswith("委"))
    return _Kinds(
        tuple((kind, re.compile("|".join(words.split()))) for kind, words in blocks["begins"].items()),
        re.compile(f"(?:{others})|(?:{committee})(?!员)"),
        decided,
        {word: kind for kind, words in blocks["ends"].items() for word in words.split()},
        re.compile(f"(?:{any_of(countries)})(?![省市县区州旗镇乡村族])"),
    )


@cache
def _levels() -> _Levels:
    blocks = table("bodies.toml")["levels"]
    level = {
        word: name
        for name in ("provincial", "prefectural", "city", "county", "township", "village")
        for word in blocks[name].split()
    }
    prefectures = any_of(blocks["prefectures"].split())
    division = r"自治区|特别行政区|自治州|自治县|自治旗|地区|街道|省|市|(?:州|盟|县|区|旗|乡|镇|村)(?![省市州县区旗])"
    return _Levels(
        re.compile(any_of(level)), re.compile(f"(?:{any_of(level)})$"), level, re.compile(any_of(blocks["never"].split())),
        re.compile(f"(?:中国|第?[一二三四五六七八九十]+届)?(?:{any_of(blocks['national'].split())})"),
        re.compile(f"(?:{any_of(blocks['municipalities'].split())})$"),
        re.compile(f"(?:^|中共|{prefectures})州$"), re.compile(f"(?:{prefectures})(?=州|.*自治州)"),
        re.compile(f".+?(?:{division})"),
    )  # fmt: skip


def body_kind(body: str, otherwise: str | None = None) -> str | None:
    """The kind of a body by its name; where no word of it decides: `otherwise`, else by how it ends, else None.

    >>> body_kind("市委宣传部"), body_kind("甘孜州人民医院ICU"), body_kind("县公安局交警大队"), body_kind("德国外交部")
    ('party', 'hospital', 'government', 'foreign')
    >>> body_kind("中国区"), body_kind("中国区", "enterprise"), body_kind("点军区"), body_kind("团风县委")
    ('government', 'enterprise', 'government', 'party')
    """
    kinds = _kinds()
    told = _without_names(body)
    if kinds.country.match(told):
        return "foreign"
    for kind, pattern in kinds.begins:
        if pattern.match(told):
            return kind
    found = kinds.decides.findall(told)
    if found:
        return kinds.decided[found[-1]]
    ends = (kinds.ends.get(body[cut:]) for cut in range(max(0, len(body) - _LONGEST_END), len(body)))
    return otherwise or next((kind for kind in ends if kind), "none").replace("none", "") or None


def body_level(body: str) -> str:
    """The level of a body by the last word for a division in its name; "" where it has none.

    One of national, provincial, prefectural, city (of whatever rank), county, township, village.

    >>> body_level("吉林省长春市朝阳区政府"), body_level("市委"), body_level("中共中央"), body_level("重庆市政府")
    ('county', 'city', 'national', 'provincial')
    >>> body_level("郑州铁路局"), body_level("凉山州公安局"), body_level("聊城市委"), body_level("三亚城市管理局")
    ('', 'prefectural', 'city', '')
    """
    levels = _levels()
    masked = _masked(body)
    for match in reversed(list(levels.word.finditer(masked))):
        before = body[: match.end()]
        if match[0] == "州" and not levels.prefecture.search(before):
            continue
        return "provincial" if match[0] == "市" and levels.municipality.search(before) else levels.level[match[0]]
    return "national" if levels.national.match(body) else ""


def _masked(name: str) -> str:
    """The name with words that only look like a level blotted out, offsets kept."""
    return _levels().never.sub(lambda match: "_" * len(match[0]), _without_names(name))


@lru_cache(maxsize=1024)
def _without_names(body: str) -> str:
    """The body with the names of divisions in it blotted out up to their level words, offsets kept.

    >>> _without_names("聊城市市场监管局"), _without_names("延边朝鲜族自治州政府")
    ('__市市场监管局', '_____自治州政府')
    """
    never = [match.span() for match in _levels().never.finditer(body)]
    for name in official_names(body):
        level = _levels().last.search(name.text)
        if level and not any(start <= name.start and name.end <= end for start, end in never):  # 新区 in 高新区
            body = body[: name.start] + "_" * level.start() + body[name.start + level.start() :]
    return body


@cache
def _bare() -> re.Pattern[str]:
    return re.compile(f"(?:中共)?(?P<word>{any_of(_levels().level)})")


def completed(body: str, place: str | None) -> str | None:
    """A body that begins with a bare level, with the division of the place that agrees put in; else None.

    `place` is a division with or without those above it.

    >>> completed("市委", "海南省三亚市"), completed("县卫健委", "共和县"), completed("州政府", "果洛藏族自治州")
    ('三亚市委', '共和县卫健委', '果洛州政府')
    >>> completed("县委", "三亚市"), completed("三亚市委", "三亚市"), completed("市场监管局", "三亚市")
    (None, None, None)
    """
    bare = _bare().match(_masked(body)) if place else None
    if place is None or bare is None:
        return None
    word, rest = bare["word"], body[bare.end() :]
    for division in reversed(_levels().component.findall(place)):
        if word == "州" and (prefecture := _levels().full_prefecture.match(division)):
            return f"{prefecture[0]}州{rest}"
        if word == "地委" and division.endswith("地区"):
            return division.removesuffix("地区") + "地委" + rest
        if division.endswith(word) and division.endswith("自治区") == (word == "自治区"):
            return division + rest
    return None
