"""Foreign labels in terms of ours."""

from collections.abc import Mapping
from dataclasses import replace

from yaowen.data_files import toml_table
from yaowen.formats.annotated import AnnotatedDocument
from yaowen.schema import EVENT_TYPES


def table(name: str) -> Mapping[str, str]:
    """The label table of a public set, from `labels.toml` here; raises `ValueError` for a name that is not there."""
    tables = toml_table("yaowen.formats", "labels.toml")
    if name not in tables:
        raise ValueError(f"no label table {name!r} in labels.toml; known: {', '.join(tables)}")
    return tables[name]


def relabel(document: AnnotatedDocument, labels: Mapping[str, str]) -> AnnotatedDocument:
    """The document with its labels changed as the table says; a label that it does not name stays.

    Spans whose label becomes "" go, and with them the events and arguments that they are; so do events of types that
    are not ours.
    """
    spans = tuple(replace(m, label=name) for m in document.spans if (name := labels.get(m.label, m.label)))
    kept = {(m.start, m.end) for m in spans}
    events = tuple(
        replace(e, arguments=tuple(a for a in e.arguments if (a.start, a.end) in kept))
        for e in document.events
        if e.type in EVENT_TYPES and (e.start, e.end) in kept
    )
    return replace(document, spans=spans, events=events)
