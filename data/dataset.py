"""Documents as one table of Hugging Face `datasets`, and back."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from datasets import Dataset, Features, List, Value

from yaowen.formats.annotated import AnnotatedDocument, from_record, to_record

_PLACE: Final = {"start": Value("int32"), "end": Value("int32")}
_MEANT: Final = {"date": {"start": Value("string"), "end": Value("string")}, "place": {"adcode": Value("string")}}
FEATURES: Final = Features({
    "id": Value("string"), "published": Value("string"), "title": Value("string"), "text": Value("string"),
    "spans": List({**_PLACE, "label": Value("string"), "holder": Value("int32"), **_MEANT}),
    "events": List({
        "type": Value("string"), "trigger": _PLACE, "arguments": List({"role": Value("string"), **_PLACE}), **_MEANT,
    }),
})  # fmt: skip


def to_dataset(documents: Iterable[AnnotatedDocument]) -> Dataset:
    """One row a document, in order; the columns are the keys of our JSON lines (data/README.md), None for one unsaid."""
    return Dataset.from_list([_row(document) for document in documents], features=FEATURES)


def from_dataset(rows: Dataset) -> Iterator[AnnotatedDocument]:
    """The documents of such a table."""
    return (from_record(row) for row in rows)


def _row(document: AnnotatedDocument) -> dict[str, Any]:
    record = to_record(document)
    meant = dict.fromkeys(_MEANT)
    spans = [{"holder": None, **meant, **span} for span in record["spans"]]
    return record | {"spans": spans, "events": [{**meant, **event} for event in record["events"]]}
