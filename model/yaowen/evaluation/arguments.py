"""Strict argument scores: type, trigger, role and span of an argument must all be those of a gold argument."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from yaowen.assemble import ArgumentModel, Assembly, assemble
from yaowen.evaluation.measures import ArgumentKey, score_arguments
from yaowen.evaluation.spans import SpanScores
from yaowen.formats.annotated import AnnotatedDocument
from yaowen.spans import TaggedSpan
from yaowen.text.normalise import normalise


def gold_arguments(document: AnnotatedDocument) -> set[ArgumentKey]:
    """The arguments that the annotators gave."""
    return {
        ((event.start, event.end), (role.start, role.end), f"{event.type}.{role.role}")
        for event in document.events
        for role in event.arguments
    }


def canonical(document: AnnotatedDocument) -> AnnotatedDocument:
    """The document on its normalised text, which is what the assembler reads."""
    page = normalise(document.text)
    if page.text == document.text:
        return document

    def moved(item: Any) -> Any:
        start, end = page.normalised_span(item.start, item.end)
        return replace(item, start=start, end=end)

    events = tuple(replace(moved(e), arguments=tuple(map(moved, e.arguments))) for e in document.events)
    return replace(document, text=page.text, spans=tuple(map(moved, document.spans)), events=events)


def gold_spans(document: AnnotatedDocument) -> tuple[TaggedSpan, ...]:
    """The annotators' spans as the assembler takes them."""
    return tuple(TaggedSpan(mark.start, mark.end, mark.label) for mark in document.spans)


def assembled_arguments(assembly: Assembly) -> set[ArgumentKey]:
    """The arguments that the assembler found."""
    places = [(span.start, span.end) for span in assembly.spans]
    return {
        (places[event.anchor], places[filler.span], f"{event.kind}.{filler.role}")
        for event in assembly.events
        for filler in event.fillers
    }


def argument_scores(gold: Iterable[set[ArgumentKey]], predicted: Iterable[set[ArgumentKey]]) -> SpanScores:
    """Counts for each `type.role`, summed over documents."""
    return sum((score_arguments(wanted, found) for wanted, found in zip(gold, predicted, strict=True)), SpanScores())


def scores_on_gold_spans(documents: Iterable[AnnotatedDocument], model: ArgumentModel) -> SpanScores:
    """Argument scores of the assembler alone: spans and triggers are the annotators'."""
    documents = [canonical(d) for d in documents]
    found = [assembled_arguments(assemble(d.text, gold_spans(d), model)) for d in documents]
    return argument_scores(map(gold_arguments, documents), found)
