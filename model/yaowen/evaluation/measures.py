"""Every score that a report has of one document, as counts that add up over documents."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from yaowen.evaluation.matching import Kind, pairs
from yaowen.evaluation.reading import Reading, Span
from yaowen.evaluation.spans import Counts, SpanScores, score

ArgumentKey = tuple[tuple[int, int], tuple[int, int], str]  # trigger, filler, "type.role"


@dataclass(frozen=True, slots=True)
class Measure:
    """A way of counting: its title, what it asks of a prediction, and the counts it gives of gold and found."""

    title: str
    about: str
    count: Callable[[Reading, Reading], SpanScores]


def _strict(gold: Reading, found: Reading) -> SpanScores:
    return score((s.key for s in gold.spans), (s.key for s in found.spans))


def _lenient(gold: Reading, found: Reading) -> SpanScores:
    """Overlap with a gold span of the label is enough; each gold span is found by one span at most."""
    one, other = _once(gold.spans), _once(found.spans)
    exact = list(pairs(one, other, Kind.RIGHT))
    used = {span for pair in exact for span in pair}
    rest = pairs([s for s in one if s not in used], [s for s in other if s not in used], Kind.BOUNDARY)
    hits = Counter(a.label for a, _ in [*exact, *rest])
    return _counts(hits, Counter(s.label for s in one), Counter(s.label for s in other))


def _once(spans: Iterable[Span]) -> list[Span]:
    return list({s.key: s for s in spans}.values())


def _boundaries(gold: Reading, found: Reading) -> SpanScores:
    return score({(s.start, s.end, "all") for s in gold.spans}, {(s.start, s.end, "all") for s in found.spans})


def _triggers_identified(gold: Reading, found: Reading) -> SpanScores:
    return score({(e.start, e.end, "all") for e in gold.events}, {(e.start, e.end, "all") for e in found.events})


def _triggers_classified(gold: Reading, found: Reading) -> SpanScores:
    return score({(e.start, e.end, e.type) for e in gold.events}, {(e.start, e.end, e.type) for e in found.events})


def _arguments_identified(gold: Reading, found: Reading) -> SpanScores:
    return score(*({(a.start, a.end, e.type) for e in r.events for a in e.arguments} for r in (gold, found)))


def _arguments_classified(gold: Reading, found: Reading) -> SpanScores:
    return score(*({(a.start, a.end, f"{e.type}.{a.role}") for e in r.events for a in e.arguments} for r in (gold, found)))


def _arguments_strict(gold: Reading, found: Reading) -> SpanScores:
    return score_arguments(*(
        {((e.start, e.end), (a.start, a.end), f"{e.type}.{a.role}") for e in r.events for a in e.arguments}
        for r in (gold, found)
    ))  # fmt: skip


def score_arguments(gold: Set[ArgumentKey], found: Set[ArgumentKey]) -> SpanScores:
    """The scores of one document by `type.role`: trigger, filler, type and role must all be those of a gold argument."""
    return _counts(*(Counter(key[2] for key in keys) for keys in (gold & found, gold, found)))


def _duee(gold: Reading, found: Reading) -> SpanScores:
    """DuEE's score: a predicted argument counts as much as its characters agree with a gold one of its type and role.

    Arguments are told apart by their words, whatever their case. Gold and predicted ones are matched one to one, the best
    pair first, so that several predictions share no gold argument and neither precision nor recall can exceed 1. (The task
    lets a prediction choose the best of the wordings of one argument, of which our gold has one.)
    """
    wanted, given = (
        {(f"{e.type}.{a.role}", r.text[a.start : a.end].lower()) for e in r.events for a in e.arguments}
        for r in (gold, found)
    )
    agreeing = ((shared(one, other), role, one, other) for role, one in wanted for r, other in given if r == role)
    hits: defaultdict[str, float] = defaultdict(float)
    wanted_left, given_left = set(wanted), set(given)
    for agreement, role, one, other in sorted(agreeing, key=lambda pair: (-pair[0], *pair[1:])):
        if agreement and (role, one) in wanted_left and (role, other) in given_left:
            hits[role] += agreement
            wanted_left.remove((role, one))
            given_left.remove((role, other))
    return _counts(hits, Counter(role for role, _ in wanted), Counter(role for role, _ in given))


def shared(one: str, other: str) -> float:
    """The F1 of the characters that two strings share, each as often as it stands in both.

    >>> shared("三亚市", "海南省三亚市"), shared("三亚", "海口")
    (0.6666666666666666, 0.0)
    """
    return 2 * (Counter(one) & Counter(other)).total() / (len(one) + len(other))


def _roster(gold: Reading, found: Reading) -> SpanScores:
    hits, wanted, given = gold.offices & found.offices, gold.offices, found.offices
    return _counts(*({"all": len(pairs_)} for pairs_ in (hits, wanted, given)))


def _dates(gold: Reading, found: Reading) -> SpanScores:
    """Of the spans and events that gold says the date of: is the same said of the same place."""
    return _meant({k: v for k, v in _meanings(gold, "date").items() if v}, _meanings(found, "date"))


def _places(gold: Reading, found: Reading) -> SpanScores:
    return _meant({k: v for k, v in _meanings(gold, "adcode").items() if v}, _meanings(found, "adcode"))


def _meanings(reading: Reading, name: str) -> dict[tuple[int, int, str], object]:
    spans = {(s.start, s.end, "spans"): getattr(s, name) for s in reading.spans}
    return spans | {(e.start, e.end, "events"): getattr(e, name) for e in reading.events}


def _meant(wanted: Mapping[tuple[int, int, str], object], given: Mapping[tuple[int, int, str], object]) -> SpanScores:
    answered = {key for key in wanted if given.get(key)}
    right = Counter(key[2] for key in answered if given[key] == wanted[key])
    return _counts(right, Counter(key[2] for key in wanted), Counter(key[2] for key in answered))


def _counts(hits: Mapping[str, float], gold: Mapping[str, float], found: Mapping[str, float]) -> SpanScores:
    names = sorted({n for part in (hits, gold, found) for n in part if part[n]})
    return SpanScores({
        n: Counts(hits.get(n, 0), found.get(n, 0) - hits.get(n, 0), gold.get(n, 0) - hits.get(n, 0)) for n in names
    })  # fmt: skip


MEASURES: Final[Mapping[str, Measure]] = MappingProxyType({
    "spans": Measure("Spans, strict", "start, end and label are those of a gold span", _strict),
    "spans lenient": Measure("Spans, lenient", "the label is right and the span overlaps the gold span", _lenient),
    "spans boundaries": Measure("Spans, boundaries only", "start and end are right, whatever the label", _boundaries),
    "trigger identification": Measure("Trigger identification", "the trigger's span is right", _triggers_identified),
    "trigger classification": Measure("Trigger classification", "the trigger's span and event type are right",
                                      _triggers_classified),
    "argument identification": Measure("Argument identification", "the span is an argument of an event of this type",
                                       _arguments_identified),
    "argument classification": Measure("Argument classification", "event type, role and span are right",
                                       _arguments_classified),
    "arguments": Measure("Arguments, strict", "event type, role, span and the trigger they belong to are right",
                         _arguments_strict),
    "arguments DuEE": Measure("Arguments, DuEE", "share of characters of its gold argument of type and role, one to one",
                              _duee),
    "roster": Measure("Roster", "person and office belong together, by their words", _roster),
    "dates": Measure("Dates", "start and end of the day or days meant, where gold says them", _dates),
    "places": Measure("Places", "the division meant, where gold says it", _places),
})  # fmt: skip
SPAN_MEASURES: Final = ("spans", "spans lenient", "spans boundaries")


def askable(gold: Iterable[Reading]) -> tuple[str, ...]:
    """The measures for which a gold has something to find; the others would say zero of what nobody annotated."""
    total: Counter[str] = Counter()
    for reading in gold:
        for name, measure in MEASURES.items():
            counts = measure.count(reading, reading).micro()
            total[name] += counts.tp > 0
    return tuple(name for name in MEASURES if total[name])
