"""From what a user names (files, directories, globs, standard input) to documents to read, one at a time."""

import glob
import json
import os
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO, Any

STDIN = "-"
STDIN_NAME = "standard input"
READABLE = (".txt", ".html", ".htm", ".jsonl")  # what a directory is searched for; a named file may be called anything

_JSON_OBJECT = re.compile(rb'^(?:\xef\xbb\xbf)?\s*\{\s*"')
_GLOB = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class Found:
    """A file to read (None: standard input), the name of its document, its size in bytes (0: unknown)."""

    path: Path | None
    id: str
    size: int

    @property
    def name(self) -> str:
        return STDIN_NAME if self.path is None else str(self.path)


@dataclass(frozen=True, slots=True)
class Page:
    """A document to read, and how many bytes of its file it took."""

    text: str
    id: str
    path: str | None
    size: int
    published: str | None = None
    html: bool | None = None
    encoding: str | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """What could not be read, in one paragraph that says what to do; how many bytes of its file it took."""

    message: str
    size: int = 0


def find(names: Sequence[str]) -> list[Found | Problem]:
    """The files behind what the user named, in order and each once; nothing is opened yet."""
    found = chain.from_iterable(map(_find, names))
    seen: set[Path | None] = set()
    kept: list[Found | Problem] = []
    for entry in found:
        if isinstance(entry, Found):
            key = entry.path and entry.path.resolve()
            if key in seen:
                continue
            seen.add(key)
        kept.append(entry)
    return kept


def _find(name: str) -> Iterator[Found | Problem]:
    if name == STDIN:
        yield Found(None, "stdin", 0)
        return
    path = Path(name)
    if path.is_dir():
        yield from _walk(path)
    elif path.exists():
        yield Found(path, path.stem, _size(path))
    elif _GLOB.search(name):
        matches = sorted(glob.glob(name, recursive=True))
        if not matches:
            yield Problem(f"{name}: nothing matches this pattern. Check the folder and the ending.")
        for match in matches:
            yield from _find(match)
    else:
        yield Problem(f"{name}: there is no such file or directory. Check the name, or give - to read standard input.")


def _walk(folder: Path) -> Iterator[Found | Problem]:
    """Every readable file below a directory, hidden ones aside."""
    denied: list[OSError] = []
    empty = True
    for parent, folders, names in os.walk(folder, onerror=denied.append):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(parent, name)
            if path.suffix.lower() in READABLE and not name.startswith("."):
                empty = False
                yield Found(path, path.relative_to(folder).with_suffix("").as_posix(), _size(path))
    for error in denied:
        yield Problem(f"{error.filename}: {error.strerror}. Check the permissions of the directory.")
    if empty and not denied:
        yield Problem(
            f"{folder}: no readable file in this directory. Looked for {', '.join(READABLE)}, also in folders in it."
        )


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0  # reading it will say why


def read(found: Found, stdin: IO[bytes] | None = None) -> Iterator[Page | Problem]:
    """The documents of a file, and what is wrong with those that cannot be read; a JSONL file is read line by line."""
    try:
        if found.path is None:
            yield from _read_stream(found, stdin or sys.stdin.buffer)
        else:
            with found.path.open("rb") as stream:
                yield from _read_stream(found, stream)
    except OSError as error:
        yield Problem(f"{found.name}: {error.strerror or error}. Check the file and its permissions.", found.size)


def _read_stream(found: Found, stream: IO[bytes]) -> Iterator[Page | Problem]:
    suffix = found.path.suffix.lower() if found.path else ""
    first = stream.readline()
    if suffix == ".jsonl" or (suffix not in READABLE and _JSON_OBJECT.match(first)):
        yield from _read_lines(found, chain([first] if first else [], stream))
    else:
        yield _read_whole(found, first + stream.read(), is_html=suffix in (".html", ".htm"))


def _read_whole(found: Found, data: bytes, is_html: bool) -> Page | Problem:
    from yaowen.text.encoding import decode

    try:
        decoded = decode(data)
    except ValueError as error:
        return Problem(f"{found.name}: {error}", len(data))
    return Page(
        text=decoded.text,
        id=found.id,
        path=None if found.path is None else str(found.path),
        size=len(data),
        html=True if is_html else None,
        encoding=decoded.encoding,
        warnings=tuple(decoded.warnings),
    )


def _read_lines(found: Found, lines: Iterator[bytes]) -> Iterator[Page | Problem]:
    documents = 0
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        documents += 1
        try:
            yield _read_line(found, number, line)
        except ValueError as error:
            yield Problem(f"{found.name}:{number}: {error}", len(line))
    if not documents:
        yield Problem(f'{found.name}: no line holds a document. Expected one JSON object a line, with a "text".')


def _read_line(found: Found, number: int, line: bytes) -> Page:
    from yaowen.extractor import check_date

    try:
        record = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ValueError(
            f"not UTF-8 (byte {error.start + 1} of the line). JSON lines are UTF-8: convert the file."
        ) from error
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON ({error.msg}, column {error.colno}). Expected one JSON object on the line.") from error
    except RecursionError as error:
        raise ValueError("JSON that is nested too deeply. Expected one flat JSON object on the line.") from error
    if not isinstance(record, dict):
        raise ValueError(f'a JSON {type(record).__name__} where an object with a "text" was expected.')
    text = _field(record, "text", str)
    if not text:
        raise ValueError('no "text" in this object, or an empty one. Expected {"text": "…", "id": …, "published": …}.')
    published = _field(record, "published", str)
    identity = record.get("id")
    return Page(
        text=text,
        id=f"{found.id}-{number}" if identity in (None, "") else str(identity),
        path=None if found.path is None else str(found.path),
        size=len(line),
        published=check_date(published) if published else None,
        html=_field(record, "html", bool),
        encoding="utf-8",
    )


def _field(record: dict[str, Any], name: str, kind: type) -> Any:
    value = record.get(name)
    if value is not None and not isinstance(value, kind):
        expected = {str: "a string", bool: "true or false"}[kind]
        raise ValueError(f'"{name}" is {json.dumps(value, ensure_ascii=False)[:40]}: expected {expected}.')
    return value
