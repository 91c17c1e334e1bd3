"""What a date means: the interval it names, how finely it was told, and what it was read from."""

import re
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Any, Literal

Relation = Literal["", "since", "after", "until", "before", "list"]
Zone = Literal["Asia/Shanghai", "local"]
DAY = re.compile(r"\d{4}-\d\d-\d\d")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?")


class Precision(Enum):
    """How finely a date was told, from coarse to fine; of the two ends of a range, the finer."""

    CENTURY = "century"
    DECADE = "decade"
    YEAR = "year"
    HALF_YEAR = "half_year"
    SEASON = "season"
    QUARTER = "quarter"
    MONTH = "month"
    HALF_MONTH = "half_month"
    TEN_DAYS = "ten_days"
    WEEK = "week"
    DAY = "day"
    PART_OF_DAY = "part_of_day"
    HOUR = "hour"
    MINUTE = "minute"
    SECOND = "second"

    def __init__(self, _: str) -> None:
        self.rank: int = len(type(self).__members__)

    @property
    def is_clock(self) -> bool:
        """Whether the ends are moments, not days."""
        return self.rank > _DAY_RANK


_DAY_RANK = Precision.DAY.rank


class Source(Enum):
    """What supplied the parts that a reading needed; of several, the last of these, which leaves most to judgement."""

    ABSOLUTE = "absolute"  # told in full
    FILLED = "filled"  # year, month or week from the date of publication
    DEICTIC = "deictic"  # 昨天, 去年: counted from the date of publication
    CHAINED = "chained"  # 当晚, 次日, a bare clock time: from a date told before in the document
    FESTIVAL = "festival"  # by the solar or lunar calendar
    PLAN = "plan"  # the years of a five-year plan
    COUNT = "count"  # 近三年, 五天前: so many units before or after publication
    RECENT = "recent"  # 近日: some day of the weeks before publication

    def __init__(self, _: str) -> None:
        self.rank: int = len(type(self).__members__)


@dataclass(frozen=True, slots=True)
class DateValue:
    """An interval of time, or null with a reason.

    `start` and `end` are both part of the interval, at the precision: days (`2022-08-12`) where that is a day or coarser,
    so that 2022年8月 is 2022-08-01 to 2022-08-31; otherwise moments (`2022-08-12T18:00`). A part of a day ends with its
    last minute (晚: 18:00 to 23:59); a clock time is one moment, start and end alike; 24时 is 00:00 of the next day. One end
    is None where the interval is open: since and after have no `end` (以来 has that of publication), before has no `start`.

    `relation`: 截至 is until, with the date itself as both ends, for that is when what is said held; the date that a since,
    after or before names is kept as the end, whether or not it belongs to the interval; `list`: several days, of which the
    interval is the hull. `vague`: the ends are a convention of ours, not told (年初, 近日, 9时许). `part`: the part of the
    day (evening). `zone`: "local" where the text tells the local time of a place abroad. A null reading has a `reason` and
    may have a `partial`: what was told, with X for what was not (XXXX-02-08, T09:30).

    Raises `ValueError` where these do not hold.
    """

    start: str | None = None
    end: str | None = None
    precision: Precision | None = None
    source: Source | None = None
    reason: str | None = None
    relation: Relation = ""
    vague: bool = False
    part: str | None = None
    zone: Zone = "Asia/Shanghai"
    partial: str | None = None

    def __post_init__(self) -> None:
        empty = self.start is None and self.end is None
        told = {empty, self.reason is not None, self.precision is None, self.source is None}
        if len(told) > 1 or (self.partial is not None and not empty):
            raise ValueError(f"a date has an end, precision and source, or else a reason and maybe a part: {self!r}")
        if self.precision is not None:
            form = MOMENT if self.precision.is_clock else DAY
            if any(end is not None and not form.fullmatch(end) for end in (self.start, self.end)):
                raise ValueError(f"an end of precision {self.precision.value} does not look like it: {self!r}")
        if self.start is not None and self.end is not None and self.start > self.end:
            raise ValueError(f"a date cannot end before it starts: {self!r}")

    def to_dict(self) -> dict[str, Any]:
        """The value as the record holds it: start, end, precision and source, or a reason; of the rest what is not usual.

        >>> DateValue("2022-08-12", "2022-08-12", Precision.DAY, Source.FILLED).to_dict()
        {'start': '2022-08-12', 'end': '2022-08-12', 'precision': 'day', 'source': 'filled'}
        >>> DateValue(reason="no published date", partial="XXXX-08-12").to_dict()
        {'start': None, 'end': None, 'reason': 'no published date', 'partial': 'XXXX-08-12'}
        """
        record: dict[str, Any] = {"start": self.start, "end": self.end}
        if self.precision is not None and self.source is not None:
            record |= {"precision": self.precision.value, "source": self.source.value}
        usual = {"reason": None, "relation": "", "vague": False, "part": None, "zone": "Asia/Shanghai", "partial": None}
        return record | {name: getattr(self, name) for name, value in usual.items() if getattr(self, name) != value}

    def covers(self, day: date) -> bool:
        """Whether a day lies in the interval, of which an open end has no bound.

        >>> DateValue("2022-08-01", "2022-08-31", Precision.MONTH, Source.ABSOLUTE).covers(date(2022, 8, 12))
        True
        """
        told = day.isoformat()
        after = self.start is None or self.start[:10] <= told
        return self.reason is None and after and (self.end is None or told <= self.end[:10])
