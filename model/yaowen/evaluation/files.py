"""Gold and predictions from files; what cannot be scored fairly is refused, with its place and what to do."""

import hashlib
import json
import warnings
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final

from yaowen import formats
from yaowen.evaluation.reading import Reading, from_annotated, from_record
from yaowen.formats.annotated import AnnotatedDocument
from yaowen.formats.form import problems
from yaowen.formats.units import attempts, identity, json_lines, read_text
from yaowen.schema import SCHEMA

TOLD: Final = 5  # problems of a gold that are told at once
EXPECTED: Final = f"a document record of {SCHEMA}, as `yaowen predict --format jsonl` writes it"
LINE_FORMATS: Final = ("yaowen", "doccano", "cluener")  # one document a line


class BadData(ValueError):
    """Gold or predictions that cannot be scored."""


def read_gold(
    path: Path, name: str = "", labels: str | Mapping[str, str] = "", notes: list[str] | None = None
) -> list[Reading]:
    """The annotated documents of a file or folder, in any format of `yaowen.formats`; `labels` as there.

    Notes of the reader are added to `notes`. Raises `BadData` that tells the first problems, each with its document and
    line: broken units, spans outside the text or over one another, unknown labels, an id that stands twice.
    """
    documents: list[AnnotatedDocument] = []
    wrong: list[str] = []
    seen: dict[str, str] = {}
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        for where, result in _units(path, name, labels):
            if isinstance(result, ValueError):
                wrong.append(str(result))
                continue
            place = f"{where}, document {result.id!r}"
            wrong += [f"{place}: {problem}" for problem in problems(result)]
            if result.id in seen:
                wrong.append(f"{place}: the id stands at {seen[result.id]} too; give every document its own")
            seen[result.id] = where
            documents.append(result)
    if notes is not None:
        notes += dict.fromkeys(str(warning.message) for warning in said)
    if wrong:
        raise BadData(_told(wrong))
    if not documents:
        raise BadData(f"{path}: no annotated document in it; expected a file of {', '.join(formats.FORMATS)}")
    return [from_annotated(document) for document in documents]


def _units(path: Path, name: str, labels: str | Mapping[str, str]) -> Iterator[tuple[str, AnnotatedDocument | ValueError]]:
    """Every document, or error in its place, with the file and, where a document is a line, the line."""
    for file in formats.files(path):
        kind = name or formats.detect(file).name
        lines = enumerate(read_text(file).split("\n"), 1) if kind in LINE_FORMATS else ()
        numbers = [number for number, line in lines if line.strip()]
        for index, result in enumerate(formats.attempt(file, kind, labels)):
            yield f"{file}, line {numbers[index]}" if index < len(numbers) else str(file), result


def _told(wrong: Sequence[str]) -> str:
    more = f"\n… and {len(wrong) - TOLD} more" if len(wrong) > TOLD else ""
    return "\n".join(wrong[:TOLD]) + more


def read_predictions(path: Path, gold: Sequence[Reading], notes: list[str] | None = None) -> list[Reading]:
    """The predictions of a file for the documents of a gold, in its order: what `yaowen predict` writes, or any format.

    Raises `BadData` where a document has none, or where they were made of another text.
    """
    found: dict[str, Reading] = {}
    texts = {reading.id: reading.text for reading in gold}
    passed = 0
    for where, reading in _predictions(path, texts):
        if reading is None:
            passed += 1
            continue
        if reading.id in found:
            raise BadData(f"{where}: a second prediction for the document {reading.id!r}; keep one")
        found[reading.id] = reading
    missing = [reading.id for reading in gold if reading.id not in found]
    if missing:
        raise BadData(
            f"{path}: no prediction for {len(missing)} of {len(gold)} documents, the first is {missing[0]!r}."
            " Predictions are found by the document's id: predict the gold file itself, or copy its ids."
        )
    if passed and notes is not None:
        notes.append(f"{path}: {passed} predictions of documents that are not in the gold were passed over")
    return [found[reading.id] for reading in gold]


def _predictions(path: Path, texts: Mapping[str, str]) -> Iterator[tuple[str, Reading | None]]:
    """Every prediction with its place; None for a document that is not in the gold."""
    records = _records(path)
    if records is None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for where, result in _units(path, "", ""):
                if isinstance(result, ValueError):
                    raise BadData(str(result))
                if result.id not in texts:
                    yield where, None
                    continue
                if result.text != texts[result.id]:
                    raise BadData(f"{where}: {_differs(result.id, result.text, texts[result.id])}")
                yield where, from_annotated(result)
        return
    units = ((where, (where, record)) for where, record in records)
    for made in attempts(units, lambda unit: (unit[0], _checked(unit[1], texts)), EXPECTED):
        if isinstance(made, ValueError):
            raise BadData(str(made))
        yield made


def _records(path: Path) -> Sequence[tuple[str, Any]] | None:
    """The document records of a file, each line as text; None where the first is none, for it holds something else."""
    if path.is_dir():
        return None
    text = read_text(path)
    try:
        if text.lstrip().startswith("["):
            records = [(f"{path}, record {n}", r) for n, r in enumerate(json.loads(text), 1)]
        else:
            records = list(json_lines(text.split("\n"), str(path)))
        first = [_record(record) for _, record in islice(records, 1)]
    except ValueError:
        return None
    return records if first and isinstance(first[0], dict) and first[0].get("schema") == SCHEMA else None


def _record(given: Any) -> Any:
    return json.loads(given) if isinstance(given, str) else given


def _checked(given: Any, texts: Mapping[str, str]) -> Reading | None:
    """The reading of a record, None of one whose document is not in the gold. Raises what `attempts` knows."""
    record = _record(given)
    record = {**record, "id": identity(record["id"])}
    text = texts.get(record["id"])
    if text is None:
        return None
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    if record["source"]["sha256"] != digest:
        length = record["source"]["length"]
        raise BadData(
            f"the text of {record['id']!r} is not the gold's: predictions were made of {length} characters,"
            f" the gold has {len(text)}. Predict the gold file itself: yaowen predict GOLD.jsonl --format jsonl"
        )
    for span in record["spans"]:
        if text[span["start"] : span["end"]] != span["text"]:
            raise BadData(
                f"the span [{span['start']}, {span['end']}) says {span['text']!r}, the gold's text of"
                f" {record['id']!r} says {text[span['start'] : span['end']]!r} there; offsets are half-open code points"
            )
    return from_record(record, text)


def _differs(identity: str, one: str, other: str) -> str:
    at = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return (
        f"the text of {identity!r} is not the gold's: it differs from character {at} on ({one[at : at + 8]!r} instead of"
        f" {other[at : at + 8]!r}). Make the predictions of the gold's text, as it stands."
    )
