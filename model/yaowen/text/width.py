"""Which width a punctuation mark should have: judged from its surroundings alone, never from the width it has."""

import numpy as np
from numpy.typing import NDArray

from yaowen.text.edits import Codes
from yaowen.text.tables import FULL_WIDTH, Kind

KEEP, ASCII, CHINESE = 0, 1, 2  # in this order: of two verdicts the greater holds
COMMA, COLON, OPEN, CLOSE, LINE_FEED = map(ord, ",:()\n")

Positions = NDArray[np.intp]
Verdicts = NDArray[np.uint8]


def wanted_width(codes: Codes, kinds: NDArray[np.uint16], marks: Positions) -> Codes:
    """The code points that the marks at these positions should have, shape (marks,)."""
    plain = np.where(codes[marks] > FULL_WIDTH, codes[marks] - FULL_WIDTH, codes[marks]).astype(np.uint32)
    first = np.append(True, np.diff(marks) > 1)  # marks side by side are judged as one
    runs = np.flatnonzero(first)
    starts, ends = marks[runs], marks[np.append(runs[1:], len(marks)) - 1] + 1
    verdicts = _beside_chinese(kinds, starts, ends)
    open_ = np.flatnonzero(verdicts == KEEP)
    verdicts[open_] = _further_off(kinds, starts[open_], ends[open_])
    _judge_numbers(kinds, plain[runs], starts, ends, verdicts)
    owner = np.cumsum(first) - 1
    _agree(codes, marks, plain, owner, verdicts)
    verdict = verdicts[owner]
    return np.where(verdict == KEEP, codes[marks], np.where(verdict == ASCII, plain, plain + FULL_WIDTH)).astype(np.uint32)


def _beside_chinese(kinds: NDArray[np.uint16], starts: Positions, ends: Positions) -> Verdicts:
    """Chinese where the character before or after is."""
    padded = np.concatenate(([0], kinds, [0]))  # character i stands at i + 1
    beside = padded[starts] | padded[ends + 1]
    return np.where(beside & (Kind.HAN | Kind.CHINESE), CHINESE, KEEP).astype(np.uint8)


def _further_off(kinds: NDArray[np.uint16], starts: Positions, ends: Positions) -> Verdicts:
    """By what stands on either side of the numbers around: Chinese (and no Latin) or Latin (and no Chinese)."""
    verdicts = np.zeros(len(starts), np.uint8)
    if not len(starts):
        return verdicts
    telling = np.flatnonzero((kinds & (Kind.DIGIT | Kind.NUMERAL)) == 0)
    padded = np.concatenate(([0], kinds[telling], [0]))
    # In `padded`, the last telling character before `starts`, and the first one from `ends` on.
    around = padded[np.searchsorted(telling, starts)], padded[np.searchsorted(telling, ends) + 1]
    chinese, latin = (
        sum(((side & kind) > 0).astype(np.uint8) for side in around) for kind in (Kind.HAN | Kind.CHINESE, Kind.LETTER)
    )
    verdicts[(chinese > 0) & (latin == 0)] = CHINESE
    verdicts[(latin > 0) & (chinese == 0)] = ASCII
    return verdicts


def _judge_numbers(kinds: NDArray[np.uint16], plain: Codes, starts: Positions, ends: Positions, verdicts: Verdicts) -> None:
    """24:00 and 3,000 are ASCII: a single colon between digits; a comma with three digits after it."""
    pad = [False] * 4
    digit = np.concatenate((pad, (kinds & Kind.DIGIT) > 0, pad))  # character i stands at i + 4
    between = (ends - starts == 1) & digit[starts + 3] & digit[ends + 4]
    three = digit[ends + 5] & digit[ends + 6] & ~digit[ends + 7]
    year = digit[starts + 2] & digit[starts + 1] & digit[starts]  # four digits before are no thousands
    verdicts[between & ((plain == COLON) | ((plain == COMMA) & three & ~year))] = ASCII


def _agree(codes: Codes, marks: Positions, plain: Codes, owner: Positions, verdicts: Verdicts) -> None:
    """The two brackets of a pair get the greater verdict of both, and with them the marks beside them."""
    runs, verdict = owner.tolist(), verdicts.tolist()
    leader = list(range(len(verdict)))  # of the runs that must agree, by steps that end at one which leads itself

    def lead(run: int) -> int:
        while leader[run] != run:
            leader[run] = run = leader[leader[run]]  # halved, so that the steps stay few
        return run

    for a, b in _pairs(codes, marks, plain):
        first, second = lead(runs[a]), lead(runs[b])
        leader[second] = first
        verdict[first] = max(verdict[first], verdict[second])
    verdicts[:] = [verdict[lead(run)] for run in range(len(verdict))]


def _pairs(codes: Codes, marks: Positions, plain: Codes) -> list[tuple[int, int]]:
    """The pairs of brackets, as indices into `marks`; a pair does not reach over a line end."""
    brackets = np.flatnonzero((plain == OPEN) | (plain == CLOSE))
    if not len(brackets):
        return []
    lines = np.searchsorted(np.flatnonzero(codes == LINE_FEED), marks[brackets])
    pairs: list[tuple[int, int]] = []
    opened: list[int] = []
    line = -1
    for index, current, opens in zip(brackets.tolist(), lines.tolist(), (plain[brackets] == OPEN).tolist(), strict=True):
        if current != line:
            opened, line = [], current
        if opens:
            opened.append(index)
        elif opened:
            pairs.append((opened.pop(), index))
    return pairs
