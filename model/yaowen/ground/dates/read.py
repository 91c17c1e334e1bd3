"""Dates read: one alone, or all of a document in their order."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, timezone
from functools import cache
from itertools import chain

from yaowen.ground.dates.anchors import Context, Told, told_after
from yaowen.ground.dates.choose import hull
from yaowen.ground.dates.frames import Frame, Unreadable
from yaowen.ground.dates.lexer import Expression, read_tokens
from yaowen.ground.dates.narrow import hour_of_day
from yaowen.ground.dates.resolve import are_in_a_row, resolved
from yaowen.ground.dates.value import DateValue, Precision, Relation, Source, Zone
from yaowen.ground.dates.words import Token, reasons, table
from yaowen.ground.tables import any_of

REACH = 60  # characters around a date that say how it is meant
CHINA = timezone(timedelta(hours=8))
CLAUSES = re.compile("[。；;！？!?\n]")
QUOTES = "”’」』"
BESIDE = 6  # characters behind a date within which 将 may stand
Published = date | datetime | str | None


@dataclass(frozen=True, slots=True)
class DateMention:
    """The text of a DATE span and the normalised text around it, back to the DATE span before it at most.

    `lead`: the text before that, with the dates in it.
    """

    text: str
    before: str = ""
    after: str = ""
    lead: str = ""


def date_mentions(text: str, spans: Iterable[tuple[int, int]]) -> tuple[DateMention, ...]:
    """The mentions of DATE spans, which are in text order; offsets are half-open, into the (normalised) text.

    >>> date_mentions("自3月2日以来，4日已有", [(1, 5), (8, 10)])[1]
    DateMention(text='4日', before='以来，', after='已有', lead='自3月2日')
    """
    mentions, done = [], 0
    for start, end in spans:
        first = max(0, start - REACH)
        before = max(done, first)
        mentions.append(DateMention(text[start:end], text[before:start], text[end : end + REACH], text[first:before]))
        done = end
    return tuple(mentions)


def read_date(
    text: str, published: Published = None, before: str = "", after: str = "", told: Published = None
) -> DateValue:
    """What one date means, whatever the string; null with a reason where it cannot be read.

    `published`: when the text around was, as a date, a datetime or ISO 8601; `before` and `after`: the text around;
    `told`: the date told last before, to which 当晚 and 次日 refer. Raises `ValueError` for a
    `published` or `told` that is no date.

    >>> value = read_date("8月12日晚", "2022-08-20")
    >>> value.start, value.end, value.precision.value, value.part
    ('2022-08-12T18:00', '2022-08-12T23:59', 'part_of_day', 'evening')
    >>> read_date("当晚").reason, read_date("8月12日").partial
    ('no date told before that it could refer to', 'XXXX-08-12')
    """
    day, _ = _moment(told)
    known = Told() if day is None else Told(day, day.replace(day=1), day.year, is_year_said=True)
    value, _ = _read(DateMention(text, before, after), published_moment(published), known)
    return value


def read_dates(mentions: Sequence[DateMention | str], published: Published = None) -> tuple[DateValue, ...]:
    """What the dates of a document mean, one value for each mention, in text order; each may refer to those before it.

    `published` as for `read_date`. Mentions given as strings have nothing around them and count as being in one sentence.

    >>> values = read_dates(["3月2日上午", "下午", "次日", "同月15日"], "2022-03-20")
    >>> [value.start for value in values]
    ['2022-03-02T08:00', '2022-03-02T12:00', '2022-03-03', '2022-03-15']
    """
    told, values, when = Told(), [], published_moment(published)
    for mention in mentions:
        value, told = _read(mention if isinstance(mention, DateMention) else DateMention(mention), when, told)
        values.append(value)
    return tuple(values)


def published_moment(published: Published) -> tuple[datetime | None, bool]:
    """When a text was published, and whether the hour is known. Raises `ValueError` for what is no date.

    >>> published_moment("2022-08-12"), published_moment(None)
    ((datetime.datetime(2022, 8, 12, 0, 0), False), (None, False))
    """
    return _moment(published)


def _in_china(moment: datetime) -> datetime:
    """A moment as clocks in China show it, which have no summer time; one without a zone is already."""
    return moment if moment.tzinfo is None else moment.astimezone(CHINA).replace(tzinfo=None)


def _moment(given: Published) -> tuple[datetime | None, bool]:
    if given is None or given == "":
        return None, False
    if isinstance(given, str):
        try:
            return _in_china(datetime.fromisoformat(given.strip())), len(given.strip()) > len("2022-08-12")
        except ValueError:
            raise ValueError(
                f"a date of publication in ISO 8601 was expected, such as 2022-08-12, not {given!r}: give None where unknown"
            ) from None
    if isinstance(given, datetime):
        return _in_china(given), True
    return datetime(given.year, given.month, given.day), False


@dataclass(frozen=True, slots=True)
class _Surroundings:
    """What the text around a date says about it."""

    relation: str
    zone: Zone
    is_period: bool
    is_ahead: bool
    is_led_ahead: bool
    is_right_behind: bool
    is_same_line: bool
    is_same_sentence: bool


@cache
def _around() -> dict[str, re.Pattern[str]]:
    relations = table()["relations"]
    patterns = {f"before_{name}": re.compile(form) for name, form in relations["around"].items()}
    patterns |= {f"after_{name}": re.compile(form) for name, form in relations["following"].items()}
    ahead = any_of(table()["ahead"]["words"].split())
    patterns["ahead"] = re.compile(ahead)
    patterns["ahead_after"] = re.compile(rf"[，,]?.{{0,{BESIDE}}}?(?:{ahead})")
    patterns["local"] = re.compile(f"(?:{any_of(table()['zones']['local'].split())})$")
    return patterns


def _surroundings(mention: DateMention) -> _Surroundings:
    patterns = _around()
    before, after = mention.before[-REACH:], mention.after[:REACH]
    relation = ""
    if patterns["before_until"].search(before):
        relation = "until"
    else:
        relation = next(
            (name for name in ("so_far", "after", "before", "since") if patterns[f"after_{name}"].match(after)), ""
        )
    *earlier, clause = CLAUSES.split(before)
    lead = "" if earlier else CLAUSES.split(mention.lead[-REACH:])[-1]
    return _Surroundings(
        relation,
        "local" if patterns["local"].search(before) else "Asia/Shanghai",
        bool(patterns["after_period"].match(after)),
        bool(patterns["ahead"].search(clause) or patterns["ahead_after"].match(after)),
        bool(patterns["ahead"].search(lead)),
        bool(mention.lead) and not before.strip(QUOTES),
        "\n" not in before and len(mention.before) < REACH,
        not re.search("[。！？!?\n]", before) and len(mention.before) < REACH,
    )


def _read(mention: DateMention, published: tuple[datetime | None, bool], told: Told) -> tuple[DateValue, Told]:
    """The value of a mention, and what has been told after it."""
    expression = read_tokens(mention.text)
    if expression.reason is not None:
        return DateValue(reason=reasons()[expression.reason]), replace(told, last=None)
    around = _surroundings(mention)
    if around.is_period and expression.items[-1][-1].kind == "FESTIVAL":
        items = (*expression.items[:-1], (*expression.items[-1], Token("PERIOD")))
        expression = replace(expression, items=items)
    relation = expression.relation or around.relation
    is_ahead = around.is_ahead or relation == "before"
    last = told.last
    if around.is_right_behind and last is not None and last.unit is Precision.DAY and last.start == last.end:
        told = replace(told, day=last.start)  # “双十一”|当日, 春节|当晚
    context = Context(*published, told, around.is_same_line, around.is_same_sentence, is_ahead, around.is_led_ahead)
    try:
        frames = resolved(expression, context)
        frame = hull(frames)
        if frame.start > frame.end:
            raise Unreadable("backwards")
    except (Unreadable, OverflowError, ValueError) as error:  # the last two: no calendar has the day
        reason = str(error) if isinstance(error, Unreadable) else "beyond"
        return DateValue(reason=reasons()[reason], partial=_partial(expression)), _told_after_none(expression, context)
    if expression.joint == "list" and not relation and not are_in_a_row(frames):
        relation = "list"
    zone: Zone = "local" if "local" in (expression.zone, around.zone) else "Asia/Shanghai"
    value = _value(frame, relation, expression.is_approximate, zone, context)
    # 当天 behind a deadline is not the day of the deadline.
    after = told if relation == "before" else _told_after(frame, expression, told)
    if relation == "so_far":  # 4月 behind 去年9月以来 may be of either year, and no date ahead is beside 今年以来
        return value, replace(after, is_year_said=False, last=None)
    return value, replace(after, last=None if frame.source is Source.RECENT else frame)


def _value(frame: Frame, relation: str, is_approximate: bool, zone: Zone, context: Context) -> DateValue:
    start: str | None = _iso(frame.start, frame.unit)
    end: str | None = _iso(frame.end, frame.unit)
    kind: Relation = "since" if relation == "so_far" else relation  # type: ignore[assignment]
    if kind in ("since", "after"):
        until = context.published if relation == "so_far" else None
        if until is not None and frame.unit.is_clock and not context.has_hour:
            until = until + timedelta(hours=23, minutes=59)
        end = _iso(until, frame.unit) if until is not None and until >= frame.start else None
    elif kind == "before":
        start = None
    return DateValue(
        start, end, frame.unit, frame.source, None, kind, frame.vague or is_approximate, frame.part, zone
    )  # fmt: skip


def _iso(moment: datetime, unit: Precision) -> str:
    if not unit.is_clock:
        return moment.date().isoformat()
    return moment.isoformat(timespec="seconds" if unit is Precision.SECOND else "minutes")


def _told_after(frame: Frame, expression: Expression, told: Told) -> Told:
    """What has been told after a date; a vague one hides the day that 当天 would mean."""
    if frame.source in (Source.COUNT, Source.PLAN):
        return told
    if frame.source is Source.RECENT:
        return replace(told, day=None)
    kinds = {token.kind for token in chain.from_iterable(expression.items)}
    far = any(t.kind == "DEICTIC" and t.args[0] == "year" and t.args[1] for t in expression.items[0])
    said = "YEAR" in kinds or far or (told.is_year_said and frame.source is Source.CHAINED)
    last = expression.items[-1][-1]
    if last.kind == "FESTIVAL" and not last.args[3] and frame.source is Source.FESTIVAL:
        # in passing (春节是法定假日), unlike 春节当天: 当晚 behind it is that of the day told before
        return replace(told_after(frame, told, said), day=told.day) if said else replace(told, is_year_said=False)
    return told_after(frame, told, said)


def _told_after_none(expression: Expression, context: Context) -> Told:
    """What has been told after a date that could not be read: without publication 今年 and 今天 leave nothing as it was."""
    first = expression.items[0][0]
    if context.published is None and first.kind in ("DEICTIC", "SEVERAL"):
        return Told()
    return replace(context.told, day=None if first.kind == "RECENT" else context.told.day, last=None)


def _partial(expression: Expression) -> str | None:
    """What a date said of itself, with X for what it did not (EDTF): XXXX-02-08, T09:30."""
    if len(expression.items) != 1:
        return None
    said = {token.kind: token.args for token in expression.items[0]}
    kinds = set(said)
    if kinds <= {"MONTH", "DAY", "PART", "CLOCK"} and kinds & {"MONTH", "DAY"}:
        month = f"{said['MONTH'][0]:02}" if "MONTH" in said else "XX"
        day = f"-{said['DAY'][0]:02}" if "DAY" in said else ""
        return f"XXXX-{month}{day}{_partial_clock(said)}"
    return _partial_clock(said) or None if kinds <= {"PART", "CLOCK"} else None


def _partial_clock(said: dict[str, tuple[int, ...]]) -> str:
    if "CLOCK" not in said:
        return ""
    hour, *finer = said["CLOCK"][:3]
    hour = hour_of_day(hour, str(said["PART"][0]) if "PART" in said else None)
    if hour >= 24:
        return ""
    return f"T{hour:02}" + "".join(f":{number:02}" for number in finer if number is not None)
