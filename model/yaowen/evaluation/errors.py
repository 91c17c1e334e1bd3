"""Every wrong span and argument with the sentence that it stands in, as plain data for reports."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from yaowen.evaluation.matching import Kind, match
from yaowen.evaluation.reading import Event, Reading

CONTEXT: Final = 90  # characters shown on each side of what is wrong, at most
NOTHING: Final = "—"  # stands for no span in the confusion of labels
_SENTENCE_END: Final = re.compile(r"[。！？；\n]")


@dataclass(frozen=True, slots=True)
class Filler:
    """An argument together with its event."""

    type: str
    trigger: tuple[int, int]
    role: str
    start: int
    end: int
    score: float | None = None

    @property
    def key(self) -> tuple[str, tuple[int, int], str, int, int]:
        return self.type, self.trigger, self.role, self.start, self.end


def span_errors(gold: Reading, found: Reading) -> Iterator[dict[str, Any]]:
    """The spans that are not in both readings."""
    for one in match(gold.spans, found.spans):
        if one.kind is Kind.RIGHT:
            continue
        parts = [s for s in (one.gold, one.found) if s is not None]
        start, end = min(s.start for s in parts), max(s.end for s in parts)
        yield {
            "document": gold.id, "what": "span", "kind": one.kind.value, "label": parts[0].label,
            "gold": _shown(gold.text, one.gold, "label"), "found": _shown(gold.text, one.found, "label"),
            "score": one.found.score if one.found else None, "contexts": [context(gold.text, start, end)],
        }  # fmt: skip


def argument_errors(gold: Reading, found: Reading) -> Iterator[dict[str, Any]]:
    """The arguments that are not in both readings; `event` says where the whole event is missed or spurious."""
    wanted, given = ({f.key: f for f in _fillers(r.events)} for r in (gold, found))
    left = [f for key, f in wanted.items() if key not in given]
    right = [f for key, f in given.items() if key not in wanted]
    pairs: list[tuple[Kind, Filler | None, Filler | None]] = []
    for kind in (Kind.LABEL, Kind.BOUNDARY):
        for one in list(left):
            if other := next((f for f in right if _differ(one, f) is kind), None):
                pairs.append((kind, one, other))
                left.remove(one)
                right.remove(other)
    pairs += [(Kind.MISSED, f, None) for f in left] + [(Kind.SPURIOUS, None, f) for f in right]
    triggers = [{(e.type, e.start, e.end) for e in r.events} for r in (gold, found)]
    for kind, wants, gives in pairs:
        yield _argument(gold, kind, wants, gives, triggers)


def _argument(
    gold: Reading, kind: Kind, one: Filler | None, other: Filler | None, triggers: Sequence[set[tuple[str, int, int]]]
) -> dict[str, Any]:
    parts = [f for f in (one, other) if f is not None]
    start, end = min(f.start for f in parts), max(f.end for f in parts)
    low, high = parts[0].trigger
    contexts = [context(gold.text, start, end)]
    if not contexts[0]["start"] <= low < contexts[0]["start"] + len(contexts[0]["text"]):
        contexts = sorted([context(gold.text, low, high), *contexts], key=lambda c: c["start"])
    event = (parts[0].type, low, high)
    whole = "missed" if event not in triggers[1] else "spurious" if event not in triggers[0] else None
    return {
        "document": gold.id, "what": "argument", "kind": kind.value, "label": f"{parts[0].type}.{parts[0].role}",
        "gold": _shown(gold.text, one, "role"), "found": _shown(gold.text, other, "role"),
        "score": other.score if other else None, "contexts": contexts, "event": whole,
        "trigger": {"start": low, "end": high, "text": gold.text[low:high], "label": parts[0].type},
    }  # fmt: skip


def _fillers(events: Iterable[Event]) -> Iterator[Filler]:
    for event in events:
        for a in event.arguments:
            yield Filler(event.type, (event.start, event.end), a.role, a.start, a.end, a.score)


def _differ(one: Filler, other: Filler) -> Kind | None:
    if (one.type, one.trigger) != (other.type, other.trigger):
        return None
    if (one.start, one.end) == (other.start, other.end):
        return Kind.LABEL
    overlap = one.start < other.end and other.start < one.end
    return Kind.BOUNDARY if overlap and one.role == other.role else None


def _shown(text: str, item: Any, label: str) -> dict[str, Any] | None:
    if item is None:
        return None
    return {"start": item.start, "end": item.end, "text": text[item.start : item.end], "label": getattr(item, label)}


def context(text: str, start: int, end: int) -> dict[str, Any]:
    """The sentence around a range, cut where it is long: `start` in the text, and `text`.

    >>> context("会议结束。县长罗一凡讲话。散会。", 7, 10)
    {'start': 5, 'text': '县长罗一凡讲话。'}
    """
    low, high = max(0, start - CONTEXT), min(len(text), end + CONTEXT)
    before = [m.end() for m in _SENTENCE_END.finditer(text, low, start)]
    after = _SENTENCE_END.search(text, max(start, end - 1), high)
    low = before[-1] if before else low
    return {"start": low, "text": text[low : after.end() if after else high].rstrip("\n")}


def confusion(gold: Iterable[Reading], found: Iterable[Reading]) -> dict[str, Any]:
    """How often a gold label (row) was found as a label (column): paired spans, whatever their edges; "—": by no span."""
    counts: Counter[tuple[str, str]] = Counter()
    for wanted, given in zip(gold, found, strict=True):
        for one in match(wanted.spans, given.spans):
            counts[one.gold.label if one.gold else NOTHING, one.found.label if one.found else NOTHING] += 1
    labels = [*sorted({label for pair in counts for label in pair} - {NOTHING}), NOTHING]
    return {"labels": labels, "rows": [[counts[row, column] for column in labels] for row in labels]}
