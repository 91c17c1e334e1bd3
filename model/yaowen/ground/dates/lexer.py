"""The text of a date taken apart: items (the ends of a range, the members of a list) of tokens."""

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Literal

from yaowen.ground.dates.forms import BUILD, MANY, PATTERNS, UNIT, NoDate, is_year, number_as
from yaowen.ground.dates.numerals import NUMERAL
from yaowen.ground.dates.value import Relation, Zone
from yaowen.ground.dates.words import Token, part_words, short_words, table, words
from yaowen.ground.tables import any_of

LONGEST = 60  # characters; a date is shorter
Item = tuple[Token, ...]
_A_YEAR = Token("YEAR")


@dataclass(frozen=True, slots=True)
class Expression:
    """A date taken apart: its items, how they are joined, and what is said about the whole."""

    items: tuple[Item, ...] = ()
    joint: Literal["", "range", "list"] = ""
    relation: Relation = ""
    is_approximate: bool = False
    zone: Zone = "Asia/Shanghai"
    reason: str | None = None  # a key of the reasons: then there are no items


@cache
def _lexer() -> re.Pattern[str]:
    fillers = table()["fillers"]
    known = any_of(words())
    part, season = any_of(part_words()), any_of(word for block in table()["seasons"].values() for word in block.split())
    short = short_words()
    forms = [
        *PATTERNS[:-1],
        ("SHORT_PART", rf"(?!{part})({any_of(short['part'])})(?={part})"),  # 前半夜 is no 半夜 of the day before
        ("SHORT_SEASON", rf"({any_of(short['season'])})(?={season})"),
        ("TODAY", r"今$"),
        ("APPROXIMATE", any_of(fillers["approximate"].split() + fillers["approximately"].split())),
        ("WORD", known),
        ("EDGE", rf"({any_of([*table()['edges']['century'], '底'])})"),
        ("FILLER", rf"(?<=日){NUMERAL}天|" + any_of(fillers["after"].split() + fillers["between"].split())),
        PATTERNS[-1],
        ("NUMBER", MANY),
    ]
    return re.compile("|".join(f"(?P<{name}>{form})" for name, form in _renumbered(forms)))


def _renumbered(forms: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The forms with back references that count the groups of the forms before them."""
    done, groups = [], 0
    for name, form in forms:
        own = re.compile(form.replace(r"\2", "")).groups
        done.append((name, form.replace(r"\2", rf"\{groups + 3}")))
        groups += own + 1
    return done


@cache
def _affixes() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    fillers, inside = table()["fillers"], table()["relations"]["inside"]
    after = "|".join(f"(?P<{name}>{form})" for name, form in inside.items())
    zones = table()["zones"]
    return (
        re.compile(rf"(?:{any_of(fillers['before'].split())})+"),
        re.compile(rf"(?:{after})$"),
        re.compile(
            rf"(?P<local>(?:^[\u4e00-\u9fff]{{2,8}})?(?:{any_of(zones['local'].split())}))|{any_of(zones['ours'].split())}"
        ),
    )


_PLAIN = {0xFEE0 + code: chr(code) for code in range(0x21, 0x7F)} | {ord("　"): " "}
_PLAIN |= dict.fromkeys(map(ord, "“”\"'「」『』‘’【】[]《》"), "")
_TODAY = re.compile(r"(?:[今昨明]|次|当)\((\d{1,2})\)日")  # 今（19）日
_SPACES = re.compile(r"(?<!\d) +| +(?!\d)")


def plain(text: str) -> str:
    """The text without quotation marks, with ASCII forms, and with spaces only between digits.

    >>> plain("“五一” 期间"), plain("２０２２年 ８月"), plain("2022-08-12 09：30")
    ('五一期间', '2022年8月', '2022-08-12 09:30')
    """
    return _SPACES.sub("", " ".join(text.translate(_PLAIN).split()))


@lru_cache(maxsize=8192)
def read_tokens(text: str) -> Expression:
    """A date taken apart; an expression with a reason where it is none.

    >>> [[t.kind for t in item] for item in read_tokens("10月1日至7日").items]
    [['MONTH', 'DAY'], ['DAY']]
    >>> read_tokens("4/5G").reason
    'no_date'
    """
    if len(text) > LONGEST:
        return Expression(reason="no_date")
    try:
        return _expression(plain(text))
    except NoDate as error:
        return Expression(reason=str(error))


def _expression(text: str) -> Expression:
    if not text:
        raise NoDate("no_text")
    if re.fullmatch(r"\d{1,2}[/.]\d{1,2}(?:[/.]\d{2,4})?", text):
        raise NoDate("ambiguous_slash")
    if re.fullmatch(r"[一二两三四五六七八九]千年[前后]", text):  # 两千年以后 are those after the year 2000
        raise NoDate("length")
    if "公元前" in text:
        raise NoDate("before_era")
    text = _TODAY.sub(r"\1日", text)
    before, inside, zones = _affixes()
    zone: Zone = "Asia/Shanghai"
    if found := zones.search(text):
        zone = "local" if found["local"] else zone
        text = text[: found.start()] + text[found.end() :]
    start, until = 0, False
    if found := before.match(text):
        start, until = found.end(), "截" in found.group()
    since = text[:start].startswith("自")
    end, relation = len(text), "until" if until else ""
    if text[start:] not in words() and (found := inside.search(text, start)) and not _is_count(text[start:]):
        end, relation = found.start(), found.lastgroup or ""
    items, joint, is_approximate = _items(text[start:end])
    if not items:
        raise NoDate("no_date")
    is_approximate |= bool(re.match(any_of(table()["fillers"]["approximately"].split()), text))
    if since and not relation and not joint:
        relation = "since"
    return Expression(items, joint, relation, is_approximate, zone)  # type: ignore[arg-type]


def _is_count(text: str) -> bool:
    """Whether 前 or 后 at the end counts back or on (三年前), and does not bound (2018年前)."""
    return bool(re.fullmatch(rf"(?!\d{{4}}|0\d){MANY}个?半?(?:{UNIT})(?:以|之)?[前后]", text))


def _items(text: str) -> tuple[tuple[Item, ...], Any, bool]:
    """The items of a text, how they are joined, and whether they are approximate."""
    items: list[list[Token]] = [[]]
    joint, at, is_approximate = "", 0, False
    while at < len(text):
        if text[at] == "(":
            close = text.find(")", at)
            if close < 0:
                raise NoDate("no_date")
            items[-1] = _restated(items[-1], text[at + 1 : close])
            at = close + 1
            continue
        match = _lexer().match(text, at)
        if match is None or not match.group():
            raise NoDate("no_date")
        at, kind = match.end(), match.lastgroup or ""
        if kind == "JOINT":
            if not items[-1] or at == len(text):
                raise NoDate("no_date")
            joint = "list" if match.group() in "、和及与或" and joint != "range" else "range"
            items.append([])
        elif kind == "APPROXIMATE":
            is_approximate = True
        elif kind not in ("SPACE", "FILLER"):
            tokens = _tokens(kind, match)
            if items[-1] and _starts_anew(items[-1], tokens[0]):
                joint = joint or "range"
                items.append([])
            items[-1] += tokens
    if text.endswith(("之间", "间")) and joint == "list":
        joint = "range"
    return tuple(tuple(item) for item in _completed(items)), joint, is_approximate


def _restated(item: list[Token], inner: str) -> list[Token]:
    """The tokens before a bracket with what it says: a day in full replaces 今天, a weekday or festival adds nothing."""
    told, _, _ = _items(inner)
    if len(told) != 1:
        raise NoDate("no_date")
    first = told[0][0].kind
    parts = [token for token in item if token.kind == "PART"]
    if first in ("MONTH", "YEAR", "DAY") and all(t.kind in ("DEICTIC", "CHAINED", "WEEKDAY", "PART") for t in item):
        return [*told[0], *parts]  # 昨晚（4月2日）
    if first in ("WEEKDAY", "LUNAR", "FESTIVAL") and item:
        return item
    raise NoDate("no_date")


def _starts_anew(item: list[Token], token: Token) -> bool:
    """Whether a token cannot go on after these, so that it begins a second date: 元旦|春节, 昨夜|今晨, 6月底|7月初."""
    last = item[-1].kind
    if token.kind in ("DEICTIC", "SEVERAL"):
        return (
            not (token.args[0] in ("month", "week", "quarter", "half_year") and last == "DEICTIC")
            and item[-1].kind != "NOTICE"
        )
    if token.kind == "FESTIVAL":
        return last == "FESTIVAL"
    return token.kind in ("CENTURY", "YEAR", "MONTH") and last == "EDGE"


def _completed(items: list[list[Token]]) -> list[list[Token]]:
    """The items with the unit of the next one where they end in a bare number (10至12月), or of the one before (2日、3)."""
    for index in range(len(items) - 2, -1, -1):
        *rest, last = items[index] or [Token("NONE")]
        if last.kind == "NUMBER" and not rest and is_year(last) and items[index + 1][0].kind == "NUMBER":
            items[index], items[index + 1] = (
                [number_as(last.args[0], _A_YEAR)],
                [number_as(items[index + 1][0].args[0], _A_YEAR)],
            )
        elif last.kind == "NUMBER":
            following = next((t for t in items[index + 1] if t.kind in ("YEAR", "MONTH", "DAY", "CLOCK", "DECADE")), None)
            if following is None:
                raise NoDate("no_date")
            items[index] = [*rest, number_as(last.args[0], following)]
    if not items[-1] or any(token.kind == "NUMBER" for item in items for token in item):
        raise NoDate("no_date")
    return items


def _tokens(kind: str, match: re.Match[str]) -> tuple[Token, ...]:
    """The tokens that a match of the lexer stands for."""
    if kind == "WORD":
        return words()[match.group()]
    groups = match.groups()[(match.lastindex or 1) :]
    own = groups[: _group_counts()[kind]]
    return BUILD[kind](match.group(), own)


@cache
def _group_counts() -> dict[str, int]:
    indices = sorted(_lexer().groupindex.items(), key=lambda pair: pair[1])
    bounds = [index for _, index in indices] + [_lexer().groups + 1]
    return {name: bounds[at + 1] - index - 1 for at, (name, index) in enumerate(indices)}
