"""How far what is found depends on how the page is written."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import numpy as np

from yaowen.evaluation.bootstrap import Floats, Table, interval, micro_f1
from yaowen.evaluation.forms import FORMS, Form
from yaowen.evaluation.reading import Reading, Span
from yaowen.evaluation.spans import Key, SpanScores, score

Read = Callable[[Sequence[Reading]], Iterable[Reading]]  # texts (with their dates) to what a model finds in them
PLAIN: Final = "as it is"


def robustness(gold: Sequence[Reading], found: Sequence[Reading], read: Read, drawn: Floats) -> dict[str, Any]:
    """For each form: the share of spans that stay the same, and the strict F1 against gold, by way of the alignment.

    The share is 2·same / (spans in the text + spans in the form). `read` is called once a form.
    """
    plain = [score(_keys(w.spans), _keys(g.spans)) for w, g in zip(gold, found, strict=True)]
    result: dict[str, Any] = {PLAIN: {"identical": 1.0} | _f1(plain, drawn)}
    for name, make in FORMS.items():
        forms = [make(reading.text, seed) for seed, reading in enumerate(gold)]
        texts = [Reading(g.id, g.published, form.raw, (), (), frozenset()) for g, form in zip(gold, forms, strict=True)]
        same, either, counts = 0, 0, []
        for form, wanted, before, after in zip(forms, gold, found, read(texts), strict=True):
            now, then, truth = _back(form, after.spans), _moved(form, before.spans), _moved(form, wanted.spans)
            same += len(now & then)
            either += len(now) + len(then)
            counts.append(score(truth, now))
        result[name] = {"identical": round(2 * same / either, 4) if either else 1.0} | _f1(counts, drawn)
    return result


def _f1(counts: Sequence[SpanScores], drawn: Floats) -> dict[str, Any]:
    table = Table.of(counts)
    return {"f1": round(float(np.asarray(micro_f1(table))), 4), "interval": interval(micro_f1(table, drawn))}


def _keys(spans: Iterable[Span]) -> set[Key]:
    return {s.key for s in spans}


def _back(form: Form, spans: Iterable[Span]) -> set[Key]:
    """Spans of the form as spans of the text; one that shows nothing of the text keeps a place of its own."""
    return {(*(form.original(s.start, s.end) or (-1 - s.start, -1 - s.end)), s.label) for s in spans}


def _moved(form: Form, spans: Iterable[Span]) -> set[Key]:
    """Spans of the text without the characters that the form lacks at their ends; none of those that it lacks whole."""
    places = ((form.original(form.starts[s.start], form.ends[s.end - 1]), s.label) for s in spans)
    return {(*place, label) for place, label in places if place}
