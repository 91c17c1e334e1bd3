"""What a record read from dates, places and offices, in the few words that the views have room for."""

import re
from calendar import monthrange
from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Any

ABOUT = "约"  # before a reading whose ends are a convention of ours
CANDIDATES = 3  # of the divisions that a name can mean shown; the record has them all

# Precisions that a date told in full has in its words already: a reading of it would only repeat them.
_PLAIN = frozenset(("year", "month", "day", "part_of_day", "hour", "minute", "second"))
# Relations that hold of one end; the other, if there is one, is not told in the text.
_ONE_END = {"since": "start", "after": "start", "until": "end", "before": "end"}
_LATE_DAY = re.compile(r"(\d{4})-(0[1-9]|1[0-2])-(28|29|30|31)")


def date_pieces(date: Mapping[str, Any] | None) -> tuple[str, str, str]:
    """A reading in three: how it holds (约, since, until), the day or days, the time of the day; all empty where null.

    What begins at a time of the day has the day of its start; where it ends on another, the time of the day tells both ends.

    >>> date_pieces({"start": "2020-02-08T08:00", "end": "2020-02-08T11:59", "precision": "part_of_day", "part": "forenoon"})
    ('', '2020-02-08', 'forenoon')
    >>> date_pieces({"start": None, "end": "2024-07-08T18:00", "precision": "hour", "relation": "before"})
    ('before', '2024-07-08', '18:00')
    >>> date_pieces({"start": "2022-02-24", "end": "2022-03-03", "precision": "day", "vague": True})
    ('约', '2022-02-24..03-03', '')
    >>> date_pieces({"start": "2023-07-20T08:00", "end": "2023-07-21T06:00", "precision": "hour"})
    ('', '2023-07-20', '08:00..21 06:00')
    """
    if date is None or not (date.get("start") or date.get("end")):
        return "", "", ""
    relation, precision = date.get("relation", ""), date.get("precision")
    start, end = date.get("start") or date["end"], date.get("end") or date["start"]
    if relation in _ONE_END:
        start = end = date.get(_ONE_END[relation]) or start
    how = " ".join(word for word in (ABOUT if date.get("vague") else "", relation if relation in _ONE_END else "") if word)
    local = " local time" if date.get("zone") == "local" else ""
    if precision == "part_of_day" and date.get("part"):
        return how, start[:10], date["part"].replace("_", " ") + local
    if "T" in start and start[:10] == end[:10]:
        return how, start[:10], _span(start[11:], end[11:]) + local
    days = _span(*_rounded(start, end)) + local
    if "T" not in start:
        return how, days, ""
    day, _, time = days.partition(" ")
    return how, day, time


def date_reading(date: Mapping[str, Any] | None) -> str:
    """A date as a short interval, empty where it could not be read.

    >>> date_reading({"start": "2022-03-02", "end": "2022-03-04", "precision": "day"}), date_reading(None)
    ('2022-03-02..04', '')
    >>> date_reading({"start": "2022-08-01", "end": "2022-08-31", "precision": "month"})
    '2022-08'
    """
    return " ".join(piece for piece in date_pieces(date) if piece)


def _rounded(start: str, end: str) -> tuple[str, str]:
    """Days without what a whole year or month leaves unsaid; moments with a space."""
    if start[4:] == "-01-01" and end[4:] == "-12-31":
        return start[:4], end[:4]
    last = _LATE_DAY.fullmatch(end)
    if last and start.endswith("-01") and int(last[3]) == monthrange(int(last[1]), int(last[2]))[1]:
        return start[:7], end[:7]
    return start.replace("T", " "), end.replace("T", " ")


def _span(start: str, end: str) -> str:
    """Two ends joined, the second without the fields that it shares with the first."""
    if start == end:
        return start
    ends = [re.split(r"(?<=[- ])", one) for one in (start, end)]
    shared = len(list(takewhile(lambda pair: pair[0] == pair[1], zip(*ends, strict=False))))
    return f"{start}..{''.join(ends[1][shared:])}"


def added_date(date: Mapping[str, Any] | None, words: Sequence[str]) -> str:
    """The reading of an event's date where it says more than the words of its date arguments do.

    >>> told = {"start": "2020-02-08", "end": "2020-02-08", "precision": "day", "source": "absolute"}
    >>> added_date(told, ["2020年2月8日"]), added_date(told | {"source": "filled"}, ["2月8日"])
    ('', '2020-02-08')
    """
    full = date is not None and date.get("source") == "absolute" and date.get("precision") in _PLAIN
    said = full and len(set(words)) == 1 and not (date or {}).get("vague")
    return "" if said else date_reading(date)


def place_reading(place: Mapping[str, Any] | None) -> str:
    """The division or country in full, or those it can be, with a question mark; empty where nothing is known.

    >>> place_reading({"adcode": "460200", "name": "三亚市", "full_name": "海南省三亚市"})
    '海南省三亚市'
    >>> place_reading({"adcode": None, "candidates": [{"full_name": "北京市朝阳区"}, {"full_name": "吉林省长春市朝阳区"}]})
    '北京市朝阳区 / 吉林省长春市朝阳区 ?'
    """
    if place is None:
        return ""
    if place.get("adcode") or place.get("iso"):
        return place.get("full_name") or place.get("name") or ""
    names = [candidate["full_name"] for candidate in place.get("candidates", ())]
    more = " / …" if len(names) > CANDIDATES else ""
    return " / ".join(names[:CANDIDATES]) + f"{more} ?" if names else ""


def added_place(place: Mapping[str, Any] | None, words: Sequence[str]) -> str:
    """The reading of an event's place where its words do not say it.

    >>> added_place({"adcode": "460200", "full_name": "海南省三亚市"}, ["海南省三亚市吉阳区"])
    ''
    """
    reading = place_reading(place)
    return "" if any(reading in word for word in words) else reading


def meaning(span: Mapping[str, Any]) -> list[str]:
    """What a span was read as, line by line, with the other candidates, or why it could not be read."""
    lines = []
    if date := span.get("date"):
        partial = f" ({date['partial']})" if date.get("partial") else ""
        said = [date_reading(date) or f"? {date.get('reason', '')}{partial}", date.get("source") or ""]
        lines.append("= " + " · ".join(word for word in said if word))
    if place := span.get("place"):
        known = place_reading(place) if place.get("adcode") or place.get("iso") else ""
        said = [known + (place.get("town") or "") if known else "", place.get("adcode") or place.get("iso") or ""]
        lines.append("= " + (" ".join(word for word in said if word) if known else f"? {place.get('reason', '')}"))
        if len(candidates := place.get("candidates", ())) > 1:
            shown = ", ".join(f"{one['full_name']} {one['score']:.2f}" for one in candidates[:CANDIDATES])
            lines.append(f"可能 candidates: {shown}" + (" …" if len(candidates) > CANDIDATES else ""))
    return lines


def titles(person: Mapping[str, Any]) -> list[str]:
    """The offices of somebody as written, each once, with a word of status that stands apart from the title (原).

    >>> titles({"offices": [{"title": "副市长", "status": "原"}, {"title": "原厅长", "status": "原"}]})
    ['原副市长', '原厅长']
    """
    shown = []
    for office in person["offices"]:
        status, title = office.get("status") or "", " ".join(office["title"].split())
        shown.append(title if status in title else status + title)
    return list(dict.fromkeys(shown))


def completed_titles(person: Mapping[str, Any]) -> list[str]:
    """The offices of somebody with their bodies in full, where that says more than the title.

    >>> completed_titles({"offices": [
    ...     {"title": "市委副书记", "office": "副书记", "completed_body": "三亚市委"},
    ...     {"title": "市长", "office": "市长", "completed_body": "三亚市"},
    ...     {"title": "省委常委", "office": "省委常委", "completed_body": "海南省委"},
    ...     {"title": "昭通市委书记", "office": "书记", "completed_body": None},
    ... ]})
    ['三亚市委副书记', '三亚市市长', '海南省委常委']
    """
    shown = []
    for office in person["offices"]:
        body, seat = office.get("completed_body"), office.get("office")
        if body and seat:
            # 海南省委 and 省委常委 share 省委; 三亚市 and 市长 only the word of the level, which both keep.
            shared = next((n for n in range(len(seat), 1, -1) if body.endswith(seat[:n])), 0)
            full = body + seat[shared:]
            if full != office["title"]:
                shown.append((office.get("status") or "") + full)
    return list(dict.fromkeys(shown))


def posts(arguments: Sequence[Mapping[str, Any]]) -> dict[tuple[int, int], str]:
    """The posts of those who are appointed or dismissed, in words by the place of the person; none where it is one alone.

    >>> row = {"start": 0, "end": 1, "positions": [[2, 4]], "normalized": "甲"}
    >>> post = {"start": 2, "end": 4, "normalized": "局长"}
    >>> posts([row, post]), posts([row, row | {"start": 5, "end": 6}, post])
    ({}, {(0, 1): '局长', (5, 6): '局长'})
    """
    words = {(a["start"], a["end"]): a["normalized"] for a in arguments}
    found = {
        (a["start"], a["end"]): "、".join(words[start, end] for start, end in a["positions"])
        for a in arguments
        if a.get("positions")
    }
    return found if len(found) > 1 else {}
