"""Lines of a page that are furniture of its site (counters, navigation, licences): marked with a reason, never dropped."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from yaowen.text.tables import read_data

DECORATION: Final = " \t\u00a0\u3000|•·*★■□◆>-"


@dataclass(frozen=True, slots=True, order=True)
class Boilerplate:
    """A line, half-open code points of the normalised text without its line feed, and in words what kind of furniture."""

    start: int
    end: int
    reason: str


@dataclass(frozen=True, slots=True)
class _Rule:
    pattern: re.Pattern[str]
    match: str
    longest: int
    reason: str

    def holds(self, line: str) -> bool:
        if len(line) > self.longest:
            return False
        if self.match == "whole":
            return self.pattern.fullmatch(line) is not None
        found = self.pattern.match(line) if self.match == "start" else self.pattern.search(line)
        return found is not None and "。" not in line[: found.start()]


def line_ranges(text: str) -> list[tuple[int, int]]:
    """Half-open ranges of the lines that are not blank.

    >>> line_ranges("甲\\n\\n乙丙")
    [(0, 1), (3, 5)]
    """
    ranges = []
    start = 0
    for line in text.split("\n"):
        if line.strip():
            ranges.append((start, start + len(line)))
        start += len(line) + 1
    return ranges


def boilerplate_lines(text: str) -> list[Boilerplate]:
    """The furniture among the lines of a normalised text, in text order.

    >>> [(line.start, line.reason) for line in boilerplate_lines("县委召开会议。\\n上一篇：县城新貌")]
    [(8, 'link to the next or previous page')]
    """
    ranges = line_ranges(text)
    lines = [text[start:end] for start, end in ranges]
    reasons = [_reason(line) for line in lines]
    _mark_title(lines, reasons)
    _mark_links(lines, reasons)
    _fill_between(lines, reasons)
    return [Boilerplate(*line, reason) for line, reason in zip(ranges, reasons, strict=True) if reason]


def is_furniture(lines: Sequence[Boilerplate], start: int, end: int) -> bool:
    """Whether a range is inside one of these lines, which are in text order.

    >>> lines = boilerplate_lines("县委召开会议。\\n上一篇：县城新貌")
    >>> is_furniture(lines, 12, 14), is_furniture(lines, 0, 2)
    (True, False)
    """
    line = bisect_right(lines, start, key=lambda line: line.start) - 1
    return line >= 0 and end <= lines[line].end


def _knowledge() -> dict[str, Any]:
    return read_data("boilerplate.toml")


@lru_cache(maxsize=1)
def _rules() -> tuple[_Rule, ...]:
    rules = []
    for entry in _knowledge()["rule"]:
        flags = re.IGNORECASE if any("(?i)" in pattern for pattern in entry["patterns"]) else re.RegexFlag(0)
        joined = "|".join(f"(?:{pattern.replace('(?i)', '')})" for pattern in entry["patterns"])
        rules.append(_Rule(re.compile(joined, flags), entry["match"], entry["longest"], entry["reason"]))
    return tuple(rules)


def _reason(line: str) -> str | None:
    """Why a line is furniture by itself, or None."""
    knowledge = _knowledge()
    if re.fullmatch(knowledge["marks"]["pattern"], line):
        return str(knowledge["marks"]["reason"])
    bare = line.strip(DECORATION)
    if reason := next((rule.reason for rule in _rules() if rule.holds(bare)), None):
        return reason
    return str(knowledge["navigation"]["reason"]) if _is_navigation(line, knowledge["navigation"]) else None


def _is_navigation(line: str, limits: dict[str, Any]) -> bool:
    if re.search(limits["sentence"], line):
        return False
    items = [item for item in re.split(limits["separators"], line) if item]
    if len(items) < limits["items"] or max(map(len, items)) > limits["longest_item"]:
        return False
    return sum(any(word in item for word in limits["words"]) for item in items) >= limits["share"] * len(items)


def _mark_title(lines: list[str], reasons: list[str | None]) -> None:
    """Mark a first line that is a later line, the headline, with the name of the site behind it."""
    limits = _knowledge()["title"]
    for line in lines[1 : limits["within"]]:
        if lines[0].startswith(line.strip()) and re.fullmatch(limits["behind"], lines[0][len(line.strip()) :]):
            reasons[0] = reasons[0] or limits["reason"]


def _mark_links(lines: list[str], reasons: list[str | None]) -> None:
    """Mark the lines below a heading of other articles, as far as they are no sentences."""
    limits = _knowledge()["links"]
    below = False
    for i, line in enumerate(lines):
        if below and reasons[i] is None and len(line) <= limits["longest"] and not re.search(limits["sentence"], line):
            reasons[i] = limits["reason"]
        below = reasons[i] == limits["reason"] and (below or len(line.strip(DECORATION)) <= limits["heading"])


def _fill_between(lines: list[str], reasons: list[str | None]) -> None:
    """Mark short lines between furniture, and between furniture and the end of the page."""
    limits = _knowledge()["between"]
    previous = -1  # index of the furniture line before, -1 for none: the head of a page is its headline
    for i in [*(i for i, reason in enumerate(reasons) if reason), len(lines)]:
        between = range(previous + 1, i)
        if previous >= 0 and all(
            len(lines[k]) <= limits["longest"] and not re.search(limits["sentence"], lines[k]) for k in between
        ):
            for k in between:
                reasons[k] = limits["reason"]
        previous = i
