"""Which of the years, months or weeks around publication a date means that does not say its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from yaowen.ground.dates.anchors import Context
from yaowen.ground.dates.frames import ONE_DAY, Frame, Unreadable, container, finer
from yaowen.ground.dates.value import Source

Frames = tuple[Frame, ...]  # of the items of an expression


@dataclass(frozen=True, slots=True)
class Window:
    """How many days ahead a date may lie with a year, month or week filled in: without a word that says so, and with one.

    `days`: how long that year, month or week is; `near`: how many days off a date ahead, told in the sentence before.
    """

    silent: int
    cued: int
    days: int = 0
    near: int = 0


# News tells what was. Still, 1月20日 in a text of 15 January is in five days, not a year ago: the date ahead is taken where
# it is this near and the one behind lies far. After 将, and of the end of a term (6月底前), the one ahead is taken unless it
# is so far that 将 must belong to something else.
WINDOWS = {"year": Window(60, 330, 366, 31), "month": Window(3, 20, 31, 3), "week": Window(0, 6, 7), "century": Window(0, 0)}
HALF_YEARS = Window(184, 184, 366)  # 下半年 is of the year of publication,
HALF_YEARS_AGO = 60  # unless the last one ended less than so many days ago
FAR = 5  # times as far behind as the window is wide ahead
NEARER = 2  # times as near to a date ahead as the reading that publication alone would give, where no 将 stands before both


def hull(frames: Sequence[Frame]) -> Frame:
    """The interval from the first item to the last. Raises `Unreadable` where that ends before it starts."""
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


def chosen(candidates: Sequence[Frames], window: Window, kind: str, context: Context) -> Frames:
    """The candidate that is meant: mostly the last one begun, of festivals the nearest; `kind`: of the first token."""
    today = container(context.anchor(), "day").start
    begun = sorted((c for c in candidates if c[0].start < today + ONE_DAY), key=lambda c: c[0].start)
    ahead = min((c for c in candidates if c not in begun), key=lambda c: c[0].start, default=None)
    if not begun or ahead is None:
        found = begun[-1] if begun else ahead
        assert found is not None
        return found
    behind = begun[-1]
    to_come, gone = (ahead[0].start - today).days, max(0, (today - hull(behind).end).days)
    is_festival, is_ahead = kind in ("FESTIVAL", "LUNAR"), context.is_ahead and gone > 0
    if is_ahead and (is_festival or to_come <= window.cued):
        return ahead
    if is_festival:
        usual = ahead if to_come < gone else behind
    elif is_ahead:
        usual = behind
    else:
        # of a range the whole has to lie nearer ahead than behind: 1至11月 told in December are those just gone
        is_near = to_come <= window.silent and (today - behind[0].end).days > FAR * window.silent
        is_next = window is HALF_YEARS and hull(behind).end.year < today.year and gone > HALF_YEARS_AGO
        usual = ahead if (is_near and gone > (hull(ahead).end - today).days) or is_next else behind
    if usual is behind and len(behind) > 1 and len(begun) > 1 and not context.is_ahead:
        # 1至12月 told in January are those of the year before, not of the one just begun
        still, since = hull(behind).end - today, today - hull(begun[-2]).end
        usual = begun[-2] if timedelta() < FAR * since < still else usual
    # 年初 is of the year of publication, whatever was told of its end
    return usual if kind == "EDGE" else _nearest_to_told(candidates, usual, window, is_festival, context)


def _nearest_to_told(
    candidates: Sequence[Frames], usual: Frames, window: Window, is_festival: bool, context: Context
) -> Frames:
    """The candidate nearest to the date before it, where that lies ahead and is told beside it; otherwise the usual one."""
    last = context.told.last
    if last is None or not context.is_same_line:
        return usual
    length = (last.end - last.start).days
    if length >= window.days or (length > window.near and not context.is_same_sentence):
        return usual
    if last.end < container(context.anchor(), "day", 0 if context.is_led_ahead else 1).start:
        return usual

    def days_off(frames: Frames) -> int:
        found = hull(frames)
        return max(0, (last.start - found.end).days, (found.start - last.end).days)

    best = min(candidates, key=days_off)
    reach = window.days if context.is_same_sentence and not is_festival else window.near
    times = 1 if context.is_led_ahead else NEARER
    return best if days_off(best) <= reach and times * days_off(best) < days_off(usual) else usual
