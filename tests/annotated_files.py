"""Files of annotated documents as tests write them, and the spans that are read from them."""

import json
from pathlib import Path
from typing import Any

from yaowen.formats.annotated import AnnotatedDocument


def surfaces(document: AnnotatedDocument) -> list[tuple[str, str]]:
    return [(document.text[m.start : m.end], m.label) for m in document.spans]


def write(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path


def jsonl(path: Path, *records: Any) -> Path:
    return write(path, "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records))
