"""Annotated documents in the formats that people have them in: one registry, one reader for all."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from yaowen.formats import annotated, brat, cec, cluener, columns, doccano, label_studio
from yaowen.formats.annotated import AnnotatedDocument
from yaowen.formats.labels import relabel
from yaowen.formats.labels import table as label_table
from yaowen.formats.units import read_text, sound

Results = Iterator[AnnotatedDocument | ValueError]
Writer = Callable[[Iterable[AnnotatedDocument], Path], None]
FIRST: Final = 20  # lines that a format is told by
BESIDE: Final = (".txt", ".tsv")  # too common a suffix for a folder's files to be taken by it


@dataclass(frozen=True, slots=True)
class Format:
    """How a format is read, how a file of it is told by name and text, and how it is written if it can be."""

    name: str
    suffixes: tuple[str, ...]
    read: Callable[[Path], Results]
    sign: Callable[[Path, str], bool]  # of a file that has one of the suffixes
    write: Writer | None = None


def _read_ours(path: Path) -> Results:
    return annotated.attempt(read_text(path).split("\n"), str(path))


def _key(text: str, *names: str) -> object:
    """The value of the first of some keys in the first line that is a JSON object with one of them, else None."""
    for line in islice(text.split("\n"), FIRST):  # the first may be broken, and shall be told of by the reader
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(record, dict) and (found := [record[name] for name in names if name in record]):
            return found[0]
    return None


_TAGGED: Final = re.compile(r"[ \t](?:O|[BIMESLU]-\S+)(?=\s|$)")
_COLUMNS: Final = (".bmes", ".bio", ".conll", ".iob2", ".train", ".dev", ".test", *BESIDE)

# In the order in which they are tried.
_ALL: Final = (
    Format("yaowen", (".jsonl",), _read_ours, lambda _, text: isinstance(_key(text, "spans"), list), annotated.write),
    Format("cluener", (".json", ".jsonl"), cluener.read, lambda _, text: isinstance(_key(text, "label"), dict)),
    Format(
        "doccano", (".jsonl", ".json"), doccano.read,
        lambda _, text: isinstance(_key(text, "entities", "label", "labels"), list), doccano.write,
    ),
    Format("label-studio", (".json",), label_studio.read, lambda _, text: text.lstrip()[:1] == "[", label_studio.write),
    Format("cec", (".xml",), cec.read, lambda _, text: "<Body" in text),
    Format("brat", (".ann", ".txt"), brat.read, lambda path, _: path.with_suffix(".ann").exists()),
    Format("columns", _COLUMNS, columns.read, lambda _, text: _TAGGED.search(text) is not None, columns.write),
)  # fmt: skip
FORMATS: Final[Mapping[str, Format]] = {f.name: f for f in _ALL}


def detect(path: Path) -> Format:
    """The format of a file by its name and text; raises `ValueError` where none fits."""
    text = read_text(path)
    for candidate in _ALL:
        if path.suffix.lower() in candidate.suffixes and candidate.sign(path, text):
            return candidate
    raise ValueError(f"{path}: of no known format by its name and text; say which: {', '.join(FORMATS)}")


def files(path: Path) -> list[Path]:
    """The path itself, or the files of a folder that may be annotated, in order of their names."""
    if not path.is_dir():
        return [path]
    suffixes = {suffix for f in _ALL for suffix in f.suffixes} - set(BESIDE)
    return sorted(p for p in path.rglob("*") if p.suffix.lower() in suffixes and p.is_file())


def attempt(path: Path, name: str = "", labels: str | Mapping[str, str] = "") -> Results:
    """The documents of a file, and an error in the place of every unit (line, task, sentence) that is broken.

    `name` of the format: found out where it is empty. `labels`: foreign labels in terms of ours, or the name of a table
    in `labels.toml`. Raises `ValueError` for an unknown name, `OSError` for a file that cannot be read.
    """
    if name and name not in FORMATS:
        raise ValueError(f"unknown format {name!r}; known: {', '.join(FORMATS)}")
    known = label_table(labels) if isinstance(labels, str) and labels else labels or {}
    for result in (FORMATS[name] if name else detect(path)).read(path):
        yield relabel(result, known) if known and isinstance(result, AnnotatedDocument) else result  # type: ignore[arg-type]


def read(path: Path, name: str = "", labels: str | Mapping[str, str] = "") -> list[AnnotatedDocument]:
    """Every document of a file; raises `ValueError` at the first unit that is broken."""
    return list(sound(attempt(path, name, labels)))
