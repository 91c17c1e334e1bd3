"""CLUENER's JSON lines (Xu et al. 2020, arXiv:2001.04351).

    {"text": "…", "label": {"name": {"罗一凡": [[0, 2]]}}}

Ends are inclusive and every surface is said, so every offset is checked.
"""

import json
from collections.abc import Iterator
from pathlib import Path

from yaowen.formats.annotated import AnnotatedDocument
from yaowen.formats.spans import mark
from yaowen.formats.units import attempts, identity, json_lines, read_text, typed

EXPECTED = '{"text", "label": {type: {surface: [[first, last], …]}}} a line'


def read(path: Path) -> Iterator[AnnotatedDocument | ValueError]:
    """One document a line; the id is the line's own or made of the file name and the line."""
    lines = enumerate(json_lines(read_text(path).split("\n"), str(path)))
    units = ((where, (f"{path.stem}-{number}", line)) for number, (where, line) in lines)
    return attempts(units, _document, EXPECTED)


def _document(unit: tuple[str, str]) -> AnnotatedDocument:
    name, record = unit[0], json.loads(unit[1])
    spans = [
        mark(record["text"], first, last + 1, label, surface)
        for label, surfaces in record.get("label", {}).items()  # the official test split has none
        for surface, places in surfaces.items()
        for first, last in places
    ]
    return typed(AnnotatedDocument(identity(record.get("id", name)), None, "", record["text"], tuple(sorted(spans)), ()))
