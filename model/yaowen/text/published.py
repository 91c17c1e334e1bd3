"""When a page says it was published; the date that 昨日 and 2月8日 in it are read against."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from yaowen.text.tables import read_data

DIGITS = "〇零一二三四五六七八九"
_FULL = re.compile(
    r"(?<![\d.])(?P<year>\d{4}) ?(?:年|[-/.]) ?(?P<month>\d{1,2}) ?(?:月|[-/.]) ?(?P<day>\d{1,2})(?!\d|[-.]\d)(?: ?日)?"
    rf"|(?P<cyear>[{DIGITS}]{{4}})年(?P<cmonth>[{DIGITS}十]{{1,2}})月(?P<cday>[{DIGITS}十]{{1,3}})日"
)
_COMPACT = re.compile(r"(?<!\d)(?P<year>\d{4})[-/]?(?P<month>\d{2})[-/]?(?P<day>\d{2})(?!\d)")
_GAP = r"[ \n]{0,3}[:：]?[ \n]{0,3}[\[【(（]? ?"
_CLOCK = r"\d{1,2}[:：]\d{2}(?:[:：]\d{2})?"
_WEEKDAY = r"(?:星期|周)[一二三四五六日天]"


DATELINE = "dateline"  # the cue of a date such as 新华社北京2月8日电


@dataclass(frozen=True, slots=True)
class Found:
    """A date of publication, ISO; where it stands in the normalised text; the label or kind of place that says so."""

    date: str
    start: int
    end: int
    cue: str


def _number(text: str) -> int:
    """A small number in digits or Chinese numerals.

    >>> [_number(n) for n in ("08", "八", "十", "二十一", "三十", "二〇二二")]
    [8, 8, 10, 21, 30, 2022]
    """
    if text.isascii():
        return int(text)
    value = {c: max(0, i - 1) for i, c in enumerate(DIGITS)}
    if "十" in text:
        tens, _, ones = text.partition("十")
        return (value[tens] if tens else 1) * 10 + (value[ones] if ones else 0)
    return int("".join(str(value[c]) for c in text))


def _date(match: re.Match[str]) -> date | None:
    """The date that a match says, if there is such a day and a page can have been published on it."""
    groups = match.groupdict()
    parts = [groups[name] or groups.get("c" + name) for name in ("year", "month", "day")]
    low, high = read_data("published.toml")["years"]
    try:
        said = date(*(_number(part) for part in parts if part))
    except (ValueError, KeyError, TypeError):
        return None
    return said if low <= said.year <= high else None


@cache
def _label_patterns() -> tuple[tuple[re.Pattern[str], re.Pattern[str] | None], ...]:
    patterns = []
    for block in read_data("published.toml")["labels"]:
        words = "|".join(sorted(block["words"], key=len, reverse=True))
        alone = r"(?<![\u4e00-\u9fff])" if block["alone"] else ""
        colon = r" ?[:：]" if block["alone"] else ""
        unless = block.get("unless_followed_by")
        patterns.append(
            (re.compile(f"{alone}(?P<cue>{words}){colon}{_GAP}"), re.compile("|".join(unless)) if unless else None)
        )
    return tuple(patterns)


def _labelled(text: str) -> Iterator[Found]:
    """Dates right after a label, the surest kind of label first."""
    for label, unless in _label_patterns():
        for match in label.finditer(text):
            for form in (_FULL, _COMPACT):
                found = form.match(text, match.end())
                said = _date(found) if found else None
                if found and said and not (unless and unless.search(text, found.end(), found.end() + 60)):
                    yield Found(said.isoformat(), found.start(), found.end(), match["cue"])
                    break


def _by_line(text: str) -> Iterator[Found]:
    """Dates on a line with the source, or on a line of their own."""
    source: dict[str, Any] = read_data("published.toml")["source"]
    words = re.compile("|".join(sorted(source["words"], key=len, reverse=True)))
    # Each part takes the spaces after it: a run of them is tried in one way.
    rest = re.compile(rf" *(?:{_WEEKDAY} *)?(?:(?:T *)?{_CLOCK} *)?(?:{_WEEKDAY} *)?(?:\n|$)")
    for found in _FULL.finditer(text):
        said = _date(found)
        if said is None:
            continue
        line_start = text.rfind("\n", 0, found.start()) + 1
        line_end = text.find("\n", found.end())
        line_end = len(text) if line_end < 0 else line_end
        near = words.search(text, max(line_start, found.start() - source["within"]), found.start())
        near = near or words.search(text, found.end(), min(line_end, found.end() + source["within"]))
        if near:
            yield Found(said.isoformat(), found.start(), found.end(), near.group())
        elif not text[line_start : found.start()].strip() and rest.match(text, found.end()):
            yield Found(said.isoformat(), found.start(), found.end(), "line")


def _by_dateline(head: str, text: str) -> Iterator[Found]:
    """The day of a dateline, if the dateline or some full date of the text says its year; years are not guessed."""
    ends = "|".join(read_data("published.toml")["dateline"]["ends_with"])
    full: set[date] | None = None  # the full dates of the text, read at the first dateline that needs them
    for match in re.finditer(rf"(?:(?P<year>\d{{4}})年)?(?P<month>\d{{1,2}})月(?P<day>\d{{1,2}})日 ?(?:{ends})", head):
        end = match.end("day") + 1
        if match["year"]:
            said = _date(match)
            if said:
                yield Found(said.isoformat(), match.start(), end, DATELINE)
            continue
        day = (int(match["month"]), int(match["day"]))
        if full is None:
            full = {said for form in (_FULL, _COMPACT) for found in form.finditer(text) if (said := _date(found))}
        dates = {d for d in full if (d.month, d.day) == day}
        if len(dates) == 1:
            yield Found(dates.pop().isoformat(), match.start(), end, DATELINE)


def find_published(text: str) -> Found | None:
    """The date of publication that a normalised text states, or None; a date without a year is not completed by guess.

    >>> find_published("要闻\\n发布时间：2022年3月3日 14:17\\n会议于2022-02-01召开。")
    Found(date='2022-03-03', start=8, end=17, cue='发布时间')
    >>> find_published("新华社北京2月8日电") is None
    True
    """
    head = text[: read_data("published.toml")["first_part"]]
    for candidates in (_labelled(head), _by_line(head), _by_dateline(head, text)):
        for found in candidates:
            return found
    return None
