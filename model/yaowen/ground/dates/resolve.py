"""What an expression means where it stands: each item is narrowed from what the dates before or publication give."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

from yaowen.ground.dates.anchors import ANCHORS, Context, told_after, year_of_season
from yaowen.ground.dates.frames import ONE_DAY, Frame, Unreadable, container, finer, months, with_source, years
from yaowen.ground.dates.lexer import Expression, Item
from yaowen.ground.dates.narrow import narrowed, with_period
from yaowen.ground.dates.value import Precision, Source
from yaowen.ground.dates.words import Token

# What the first token of an item must be narrowed from, where nothing before it says it.
NEEDS = {
    "MONTH": "year", "HALF": "year", "QUARTER": "year", "SEASON": "year", "LUNAR": "year", "FESTIVAL": "year",
    "WHOLE": "year", "DAY": "month", "THIRD": "month", "HALF_MONTH": "month", "WEEKDAY": "week", "WEEKEND": "week",
    "DECADE": "century", "DECADES": "century",
    "PART": "day", "CLOCK": "day", "CLOCKS": "day",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Window:
    """How many days ahead a date may lie with a year, month or week filled in: without a word that says so, and with one."""

    silent: int
    cued: int


# News tells what was. Still, 1月20日 in a text of 15 January is in five days, not a year ago: the date ahead is taken where
# it is this near and the one behind lies far. After 将, and of the end of a term (6月底前), the one ahead is taken unless it
# is so far that 将 must belong to something else.
WINDOWS = {"year": Window(60, 330), "month": Window(3, 20), "week": Window(0, 6), "century": Window(0, 0)}
HALF_YEARS = Window(184, 184)  # 下半年 is of the year of publication,
HALF_YEARS_AGO = 60  # unless the last one ended less than so many days ago
FAR = 5  # times as far behind as the window is wide ahead
LONGEST_ROLL = timedelta(300)  # a range from one year or month into the next is no longer
ROLLS_ON = 92  # days after a date in December within which a date without a year is of the next year


def resolved(expression: Expression, context: Context) -> Frame:
    """The interval of an expression: of several items, from the first to the last. Raises `Unreadable`."""
    frames: list[Frame] = []
    for index, item in enumerate(expression.items):
        if not frames:
            frames.append(_item(item, context))
        else:
            frames.append(_later_item(item, expression.items[index - 1], frames[-1], context))
    start, end = frames[0], frames[-1]
    festivals = all(frame.source is Source.FESTIVAL for frame in frames)
    if festivals and end.start < start.start:
        start, end = end, start
    if len(frames) == 1:
        return start
    unit = finer(start.unit, end.unit)
    last = end.last_minute if unit.is_clock else end.end
    if start.start > last:
        raise Unreadable("backwards")
    return Frame(
        start.start,
        last,
        unit,
        start.part if start.part == end.part else None,
        any(frame.vague for frame in frames),
        max((frame.source for frame in frames), key=lambda source: source.rank),
        start.first_day if unit.is_clock and start.first_day == end.first_day else None,
    )


def are_days_in_a_row(expression: Expression, context: Context) -> bool:
    """Whether the items of a list follow each other without a gap (2日、3日), so that they are one interval."""
    try:
        frames = [
            resolved(replace(expression, items=expression.items[: n + 1]), context) for n in range(len(expression.items))
        ]
    except Unreadable:
        return False
    # each frame reaches from the first item to the nth: in a row if each adds one unit and no more
    ends = [container(f.end, "day" if f.unit is not Precision.MONTH else "month") for f in frames]
    return all(later.start - earlier.end <= ONE_DAY for earlier, later in pairwise(ends))


def _item(item: Item, context: Context) -> Frame:
    first, rest = item[0], item[1:]
    if first.kind == "FIRST" and first.args[1] in ("month", "quarter"):
        return _filled(item, "year", context)
    if first.kind == "EDGE":
        if first.args[1] is None:
            raise Unreadable("no_date")
        return _filled(item, first.args[1], context)
    if first.kind == "NTH_DAY":
        first = Token("CHAINED", ("day", first.args[0] - 1))
    if first.kind in NEEDS:
        return _filled(item, NEEDS[first.kind], context)
    if first.kind == "YEAR2":
        return _short_year(first, rest, context)
    if first.kind == "CYCLE":
        return _cycle_year(first, rest, context)
    if first.kind not in ANCHORS:
        raise Unreadable("no_date")
    if first.kind == "DEICTIC" and rest and rest[0].kind == "SEASON":
        return _all(year_of_season(rest[0].args[0], first.args[1], context), rest, context)
    return _all(ANCHORS[first.kind](first, context), rest, context)


def _all(frame: Frame, tokens: Sequence[Token], context: Context) -> Frame:
    """The frame narrowed by every token."""
    festival: Token | None = None
    for token in tokens:
        if token.kind == "FESTIVAL":
            festival = token
        if token.kind == "PERIOD" and festival is not None:
            frame = with_period(frame, festival)
        elif token.kind == "NTH_DAY" and festival is not None:
            day = frame.start + (token.args[0] - 1) * ONE_DAY
            frame = replace(frame, start=day, end=day)
        elif token.kind == "CHAINED" and token.args[0] == "day" and frame.unit is Precision.DAY:
            moved = container(frame.start, "day", token.args[1])
            frame = replace(moved, source=frame.source, vague=frame.vague)
        elif token.kind == "DEICTIC" and token.args[0] == "month" and frame.unit is Precision.YEAR:
            same = container(context.anchor(), "month", token.args[1])
            frame = replace(months(frame.start.year, same.start.month), source=Source.DEICTIC)
        elif token.kind == "EDGE" and token.args[1] == "month" and frame.unit is Precision.YEAR:
            raise Unreadable("no_date")
        else:
            frame = _step(frame, token)
    return frame


def _step(frame: Frame, token: Token) -> Frame:
    try:
        return narrowed(frame, token)
    except KeyError:
        raise Unreadable("no_date") from None


def _later_item(item: Item, before: Item, frame: Frame, context: Context) -> Frame:
    """An item after another: what it leaves out is as in the one before, or the next after it (30日至2日, 22时至2时)."""
    # 11日22时至次日6时: from the start of the range, whatever was told before; 前一日至当日: both from what was told
    if item[0].kind == "CHAINED" and (item[0].args[1] or before[0].kind != "CHAINED"):
        found = _item(item, replace(context, told=told_after(frame, context.told)))
        return with_source(found, frame.source) if found.source is Source.CHAINED else found
    need = NEEDS.get(item[0].kind)
    if item[0].kind == "EDGE" and item[0].args[1]:
        need = item[0].args[1]
    if need is None or need == "week" or (need == "century" and frame.unit is not Precision.DECADE):
        return _item(item, context)
    part = next((token for token in before if token.kind == "PART"), None)
    if item[0].kind == "CLOCK" and part is not None:
        ways = [(part, *item), item, *_half_a_day_later(item)]
        return min((_from_before(frame, way, need, context) for way in ways), key=lambda end: end.start)
    return _from_before(frame, item, need, context)


def _half_a_day_later(item: Item) -> Iterator[Item]:
    """上午11时至1时: the hour of a clock with twelve hours, of which none is 0时."""
    hour, *finer = item[0].args
    if 1 <= hour <= 12:
        yield (Token("CLOCK", (hour + 12, *finer)), *item[1:])


def _from_before(frame: Frame, item: Item, need: str, context: Context) -> Frame:
    for shift in (0, 1):
        found = _all(
            with_source(container(frame.end if need == "day" else frame.start, need, shift), frame.source), item, context
        )
        if item[0].kind in ("FESTIVAL", "LUNAR") or timedelta() <= found.start - frame.start <= LONGEST_ROLL:
            return found
        if found.start >= frame.start and not shift:
            return found
    raise Unreadable("backwards")


def _filled(item: Item, need: str, context: Context) -> Frame:
    """An item whose year, month, week or day is not said."""
    told = context.told
    if need == "day":
        if told.day is None:
            raise Unreadable("no_day")
        return _all(with_source(container(told.day, "day"), Source.CHAINED), item, context)
    if (found := _chained(item, need, context)) is not None:
        return found
    if context.published is None:
        raise Unreadable("no_published")
    candidates = _candidates(item, need, context.published, context)
    window = HALF_YEARS if item[0].kind == "HALF" else WINDOWS[need]
    return _chosen(candidates, window, item[0].kind in ("FESTIVAL", "LUNAR"), context)


def _chained(item: Item, need: str, context: Context) -> Frame | None:
    """The item in the year or month told before, where that holds for it as well; otherwise None."""
    told, published = context.told, context.published
    if need == "year" and told.year is not None:
        goes_on = told.is_year_said and (context.is_same_sentence or (context.is_same_line and told.month is not None))
        if published is not None and not goes_on:
            return None
        found = _all(with_source(years(told.year, told.year), Source.CHAINED), item, context)
        if told.month is not None and found.end < told.month and told.year < 9999:
            later = _all(with_source(years(told.year + 1, told.year + 1), Source.CHAINED), item, context)
            return later if (later.start - told.month).days <= ROLLS_ON else found
        return found
    if need == "month" and told.month is not None and (published is None or context.is_same_line):
        if published is not None and (published.year, published.month) == (told.month.year, told.month.month):
            return None  # the rules of publication say it better
        found = _all(with_source(container(told.month, "month"), Source.CHAINED), item, context)
        if told.day is not None and found.end < told.day:
            later = _all(with_source(container(told.month, "month", 1), Source.CHAINED), item, context)
            if published is None or timedelta() <= published - later.start <= 31 * ONE_DAY:
                return later if published is not None else found
        return found
    return None


def _candidates(item: Item, need: str, published: datetime, context: Context) -> list[Frame]:
    """The item in the years, months or weeks around publication; the reason where it fits none of them."""
    found, reason = [], "no_such_day"
    for shift in (-1, 0, 1) if need != "century" else (-1, 0):
        try:
            found.append(_all(with_source(container(published, need, shift), Source.FILLED), item, context))
        except Unreadable as error:
            reason = str(error)
    # 31日 and 29 February are not in every month and year
    for shift in (-2, -3, -4, -5, -6, -7, -8) if reason == "no_such_day" and need in ("year", "month") else ():
        try:
            found.append(_all(with_source(container(published, need, shift), Source.FILLED), item, context))
            break
        except Unreadable:
            continue
    if not found:
        raise Unreadable(reason)
    return found


def _chosen(candidates: Sequence[Frame], window: Window, is_festival: bool, context: Context) -> Frame:
    """The candidate that is meant: mostly the last one begun, of festivals the nearest."""
    today = container(context.anchor(), "day").start
    begun = [frame for frame in candidates if frame.start < today + ONE_DAY]
    behind = max(begun, key=lambda frame: frame.start, default=None)
    ahead = min((frame for frame in candidates if frame not in begun), key=lambda frame: frame.start, default=None)
    if behind is None or ahead is None:
        found = behind or ahead
        assert found is not None
        return found
    to_come, gone = (ahead.start - today).days, max(0, (today - behind.end).days)
    if is_festival:
        return ahead if to_come < gone or (context.is_ahead and gone > 0) else behind
    if context.is_ahead and gone > 0:
        return ahead if to_come <= window.cued else behind
    is_near = to_come <= window.silent and gone > FAR * window.silent
    is_next = window is HALF_YEARS and behind.end.year < today.year and gone > HALF_YEARS_AGO
    return ahead if is_near or is_next else behind


def _short_year(first: Token, rest: Item, context: Context) -> Frame:
    """07年, 98年: the year of that ending last begun at publication; 20年 alone may be a length of time."""
    ending, has_zero = first.args
    if not has_zero and not rest:
        raise Unreadable("length")
    latest = context.anchor().year + 5
    year = latest - (latest - ending) % 100
    return _all(with_source(years(year, year), Source.FILLED), rest, context)


def _cycle_year(first: Token, rest: Item, context: Context) -> Frame:
    """A year by stem and branch (壬寅): the one nearest to publication, which is at most thirty years off."""
    now = context.anchor().year
    year = min(range(now - 30, now + 30), key=lambda y: ((y - 4) % 60 != first.args[0], abs(y - now)))
    return _all(with_source(years(year, year), Source.FESTIVAL), rest, context)
