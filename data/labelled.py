"""Reader of the public NER sets in one uniform form: `.jsonl.xz`, one text a line with its spans and its official split.

The sets keep their owners' terms: they are read where they lie and never become part of the project.
"""

import json
import lzma
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from yaowen.formats.annotated import Mark

SUFFIX = ".jsonl.xz"


@dataclass(frozen=True, slots=True)
class LabelledText:
    """A sentence of a public set with its spans; labels are the set's own."""

    id: str
    split: str
    text: str
    spans: tuple[Mark, ...]


def read(folder: Path, name: str, split: str) -> Iterator[LabelledText]:
    """The texts of one official split ("train", "dev" or "test") of a set.

    Raises `ValueError` where the set is not in the folder, a line is not of the form, or the split holds nothing.
    """
    path = folder / (name + SUFFIX)
    if not path.exists():
        known = ", ".join(sorted(p.name.removesuffix(SUFFIX) for p in folder.glob("*" + SUFFIX))) or "none"
        raise ValueError(f"{path}: no such labelled set; in this folder: {known}")
    found = False
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                record = json.loads(line)
                if record["split"] != split:
                    continue
                marks = tuple(sorted(Mark(s["start"], s["end"], s["label"]) for s in record["spans"]))
                yield LabelledText(record["id"], split, record["text"], marks)
                found = True
            except (json.JSONDecodeError, KeyError, TypeError) as error:
                raise ValueError(f"{path}, line {number}: not a labelled text ({type(error).__name__}: {error})") from None
    if not found:
        raise ValueError(f"{path}: no text of the split {split!r}")
