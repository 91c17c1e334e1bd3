"""What an expression means where it stands: each item is narrowed from what the dates before or publication give."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

from yaowen.ground.dates.anchors import ANCHORS, Context, told_after, year_of_season
from yaowen.ground.dates.choose import HALF_YEARS, WINDOWS, Frames, chosen, hull
from yaowen.ground.dates.frames import ONE_DAY, Frame, Unreadable, container, months, with_source, years
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
LONGEST_ROLL = timedelta(300)  # a range from one year or month into the next is no longer
ROLLS_ON = 92  # days after a date in December within which a date without a year is of the next year

Rest = Callable[[Frame], Frames]  # from the frame of the first item to those of all


def resolved(expression: Expression, context: Context) -> Frames:
    """The intervals of the items of an expression, which are read together: 1至11月 is a year's whose end is meant too.

    Raises `Unreadable`.
    """

    def rest(first: Frame) -> Frames:
        frames = [first]
        for before, item in pairwise(expression.items):
            frames.append(_later_item(item, before, frames[-1], context))
        hull(frames)  # raises where they are backwards
        return tuple(frames)

    return _item(expression.items[0], context, rest)


def are_in_a_row(frames: Frames) -> bool:
    """Whether the items of a list follow each other without a gap (2日、3日), so that they are one interval."""
    ends = [container(f.end, "day" if f.unit is not Precision.MONTH else "month") for f in frames]
    return all(later.start - earlier.end <= ONE_DAY for earlier, later in pairwise(ends))


def _item(item: Item, context: Context, rest: Rest) -> Frames:
    """The first item and the rest, which help to choose the year, month or week of one that does not say its own."""
    first = item[0]
    need = NEEDS.get(first.kind)
    if first.kind == "FIRST" and first.args[1] in ("month", "quarter"):
        need = "year"
    elif first.kind == "EDGE":
        need = first.args[1]
    if need is not None:
        return _filled(item, need, context, rest)
    return rest(_anchored(item, context))


def _anchored(item: Item, context: Context) -> Frame:
    """An item that says itself where it begins."""
    first, rest = item[0], item[1:]
    if first.kind == "NTH_DAY":
        first = Token("CHAINED", ("day", first.args[0] - 1))
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
        found = _alone(item, replace(context, told=told_after(frame, context.told)))
        return with_source(found, frame.source) if found.source is Source.CHAINED else found
    need = NEEDS.get(item[0].kind)
    if item[0].kind == "EDGE" and item[0].args[1]:
        need = item[0].args[1]
    if need is None or need == "week" or (need == "century" and frame.unit is not Precision.DECADE):
        return _alone(item, context)
    part = next((token for token in before if token.kind == "PART"), None)
    if item[0].kind == "CLOCK" and part is not None:
        ways = [(part, *item), item, *_half_a_day_later(item)]
        return min((_from_before(frame, way, need, context) for way in ways), key=lambda end: end.start)
    return _from_before(frame, item, need, context)


def _alone(item: Item, context: Context) -> Frame:
    return _item(item, context, lambda frame: (frame,))[0]


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


def _filled(item: Item, need: str, context: Context, rest: Rest) -> Frames:
    """An item whose year, month, week or day is not said, and the rest."""

    def read(outer: Frame, source: Source) -> Frames:
        return rest(_all(with_source(outer, source), item, context))

    told = context.told
    if need == "day":
        if told.day is None:
            raise Unreadable("no_day")
        return read(container(told.day, "day"), Source.CHAINED)
    if (found := _chained(need, context, lambda outer: read(outer, Source.CHAINED))) is not None:
        return found
    if context.published is None:
        raise Unreadable("no_published")
    candidates = _candidates(need, context.published, lambda outer: read(outer, Source.FILLED))
    window = HALF_YEARS if item[0].kind == "HALF" else WINDOWS[need]
    return chosen(candidates, window, item[0].kind, context)


def _chained(need: str, context: Context, read: Rest) -> Frames | None:
    """The items in the year or month told before, where that holds for them as well; otherwise None."""
    told, published = context.told, context.published
    if need == "year" and told.year is not None:
        goes_on = told.is_year_said and (context.is_same_sentence or (context.is_same_line and told.month is not None))
        if published is not None and not goes_on:
            return None
        found = read(years(told.year, told.year))
        if told.month is not None and hull(found).end < told.month and told.year < 9999:
            later = read(years(told.year + 1, told.year + 1))
            if (later[0].start - told.month).days <= ROLLS_ON:
                return later
            # a story goes on forwards: 4月 in the sentence after 去年9月 is not the April before that
            return found if published is None or context.is_same_sentence else None
        return found
    if need == "month" and told.month is not None and (published is None or context.is_same_line):
        if published is not None and (published.year, published.month) == (told.month.year, told.month.month):
            return None  # the rules of publication say it better
        found = read(container(told.month, "month"))
        if published is not None and told.month > published and not (context.is_same_sentence or context.is_ahead):
            # a month ahead does not hold in the next sentence, but for the days that follow
            days_on = None if told.day is None else (found[0].start - told.day).days
            return found if days_on is not None and 0 <= days_on <= WINDOWS["month"].near else None
        if told.day is not None and hull(found).end < told.day:
            later = read(container(told.month, "month", 1))
            if published is None or timedelta() <= published - later[0].start <= 31 * ONE_DAY:
                return later if published is not None else found
        return found
    return None


def _candidates(need: str, published: datetime, read: Rest) -> list[Frames]:
    """The items in the years, months or weeks around publication; the reason where they fit none of them."""
    found, reason = [], "no_such_day"
    for shift in (-1, 0, 1) if need != "century" else (-1, 0):
        try:
            found.append(read(container(published, need, shift)))
        except Unreadable as error:
            reason = str(error)
    # 31日 and 29 February are not in every month and year
    for shift in (-2, -3, -4, -5, -6, -7, -8) if reason == "no_such_day" and need in ("year", "month") else ():
        try:
            found.append(read(container(published, need, shift)))
            break
        except Unreadable:
            continue
    if not found:
        raise Unreadable(reason)
    return found


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
