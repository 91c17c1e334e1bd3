"""Spans to people and events: the roster by structure, the events by the argument model."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from yaowen.assemble.arguments import ROLE_NAMES, ArgumentModel
from yaowen.assemble.candidates import Candidate, anchors, candidates, response_candidate
from yaowen.assemble.features import Evidence
from yaowen.assemble.holders import runs
from yaowen.assemble.layout import Layout
from yaowen.assemble.posts import KINDS, posts
from yaowen.assemble.roster import Entry, roster
from yaowen.schema import PEOPLE, RESPONSE
from yaowen.spans import TaggedSpan

SHARED = frozenset({"meeting"})  # who hosts one or attends it also speaks; elsewhere hardly any annotated span has two roles
POSTED = frozenset({*PEOPLE, "POSITION"})
AT_ONCE = 8192  # candidates: their features take tens of MB, and enough of them share what is summed once


@dataclass(frozen=True, slots=True)
class Filler:
    """A span (by index) in a role, how likely event, span and role are all right, and the evidence if asked for."""

    role: str
    span: int
    score: float
    cues: tuple[str, ...] = ()
    posts: tuple[int, ...] = ()  # that somebody who is appointed or dismissed gets or loses


@dataclass(frozen=True, slots=True)
class FoundEvent:
    """An event: its type, its anchor by index, the probability that it is one, its fillers in text order."""

    kind: str
    anchor: int
    score: float
    fillers: tuple[Filler, ...]


@dataclass(frozen=True, slots=True)
class Assembly:
    """The spans in text order, and the people and events that refer to them by index."""

    spans: tuple[TaggedSpan, ...]
    title_runs: tuple[tuple[int, ...], ...]  # coordinated titles: 市委副书记、市长
    people: tuple[Entry, ...]
    events: tuple[FoundEvent, ...]


def assemble(text: str, spans: Sequence[TaggedSpan], model: ArgumentModel, explain: bool = False) -> Assembly:
    """People and events of a normalised text; `explain` also finds the cues of every argument."""
    layout = Layout(text, spans)
    evidence = Evidence(layout)
    kinds = _happened(layout, evidence, model)
    asked = (c for anchor, (kind, _) in kinds.items() for c in candidates(layout, evidence, anchor, kind))
    fillers: dict[int, list[Filler]] = {
        anchor: [Filler("measure", anchor, score)] if kind == RESPONSE else [] for anchor, (kind, score) in kinds.items()
    }
    for candidate, row in _judged(model, asked):
        for role in candidate.roles:
            plays = float(row[_COLUMN[role]])
            score = plays * layout.spans[candidate.span].score * kinds[candidate.anchor][1]
            if plays > model.threshold and score >= model.least:
                cues = model.cues(candidate.features, role) if explain else ()
                fillers[candidate.anchor].append(Filler(role.partition(".")[2], candidate.span, score, cues))
    title_runs = tuple(runs(layout))
    people = tuple(roster(layout, title_runs))
    person = {mention: number for number, entry in enumerate(people) for mention in entry.mentions}
    events = tuple(
        FoundEvent(kind, anchor, score, _with_posts(layout, kind, _once(kind, fillers[anchor], person)))
        for anchor, (kind, score) in kinds.items()
        if kind != RESPONSE or len(fillers[anchor]) > 1  # a measure of which nothing else is said is no event
    )
    return Assembly(layout.spans, tuple(run.titles for run in title_runs), people, events)


def _once(kind: str, fillers: Sequence[Filler], person: dict[int, int]) -> tuple[Filler, ...]:
    """The fillers in text order; of several mentions of one person in a role, and roles of one span, the surest stays."""
    kept: dict[tuple[str, int | str], Filler] = {}
    taken = set()
    for filler in sorted(fillers, key=lambda f: (-f.score, f.span)):
        place = filler.span if kind not in SHARED else (filler.span, filler.role)
        somebody = filler.role, person.get(filler.span, f"span {filler.span}")
        if place not in taken and somebody not in kept:
            kept[somebody] = filler
            taken.add(place)
    return tuple(sorted(kept.values(), key=lambda filler: (filler.span, filler.role)))


def _with_posts(layout: Layout, kind: str, fillers: tuple[Filler, ...]) -> tuple[Filler, ...]:
    """The fillers, those who are appointed or dismissed with their posts."""
    if kind not in KINDS:
        return fillers
    place = {layout.spans[f.span]: f.span for f in fillers if layout.spans[f.span].label in POSTED}
    given = posts(layout.text, list(place))
    told = {place[person]: tuple(place[post] for post in of) for person, of in given.items()}
    return tuple(replace(f, posts=told.get(f.span, ())) for f in fillers)


_COLUMN = {name: column for column, name in enumerate(ROLE_NAMES)}


def _happened(layout: Layout, evidence: Evidence, model: ArgumentModel) -> dict[int, tuple[str, float]]:
    """Type and probability of the events by anchor: every trigger, and each MEASURE that somebody acts on."""
    kinds = anchors(layout)
    measures = (response_candidate(evidence, index) for index, kind in kinds.items() if kind == RESPONSE)
    column = _COLUMN[f"{RESPONSE}.measure"]
    acted_on = {c.anchor: float(row[column]) for c, row in _judged(model, measures)}
    found = {}
    for index, kind in kinds.items():
        score = layout.spans[index].score * acted_on.get(index, 1.0)
        if kind != RESPONSE or (acted_on[index] > model.threshold and score >= model.least):
            found[index] = (kind, score)
    return found


def _judged(model: ArgumentModel, asked: Iterable[Candidate]) -> Iterator[tuple[Candidate, np.ndarray]]:
    """Each candidate with the probability of every role, float32 (roles,); in portions, so that any text fits the memory."""
    stream = iter(asked)
    while some := list(islice(stream, AT_ONCE)):
        yield from zip(some, model.probabilities([c.features for c in some]), strict=True)
