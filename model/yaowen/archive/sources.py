"""A file to its documents, whatever kind it is and whatever is packed in what."""

import bz2
import gzip
import io
import lzma
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import IO, Any, Final

from yaowen.archive import names
from yaowen.archive.containers import read_tar, read_warc, read_zip
from yaowen.archive.names import HTML_ENDINGS, kind_by_content, split
from yaowen.archive.pages import MAX_BYTES, Found, Item, Page, Problem, Skipped, too_large
from yaowen.archive.records import Entry, begins_with_record, is_json, read_csv, read_json_lines, read_parquet
from yaowen.archive.streams import Counted, Prefixed, TooLarge, read_limited

OTHER_JSON: Final = "JSON files, not named but found, that hold no JSON lines with a text"
DEEPEST: Final = 8  # archives in archives and compressions around them; more is no collection but a trap
_BUFFER: Final = 1 << 16
# What a stream that is cut off or damaged raises, in any of the libraries.
BROKEN: Final = (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, tarfile.TarError)
_OPEN: Final[dict[str, Callable[[IO[bytes]], Any]]] = {
    names.GZIP: lambda stream: gzip.GzipFile(fileobj=stream),
    names.XZ: lzma.LZMAFile,
    names.BZIP2: bz2.BZ2File,
}
_RECORDS: Final = {names.LINES: read_json_lines, names.CSV: read_csv, names.PARQUET: read_parquet}
_CONTAINERS: Final = {names.ZIP: read_zip, names.TAR: read_tar, names.WARC: read_warc}


def read(
    found: Found, stdin: IO[bytes] | None = None, columns: Mapping[str, str] | None = None, encoding: str | None = None
) -> Iterator[Item]:
    """The documents of a file in order and what is wrong with those that cannot be read; one in memory at a time.

    The sizes of the items add up to the bytes that were read of the file. `columns` says how the fields of records are
    named (see `records.FIELDS`), `encoding` how pages and CSV are encoded, where it is not to be found.
    """
    about = Entry(stdin or sys.stdin.buffer, found.name, found.id, None, columns or {}, 0, found.searched, encoding)
    if found.path is None and found.url is None:
        yield from _read(about)
        return
    try:
        with _open(found) as file:
            counted = Counted(file)
            entry = replace(about, stream=io.BufferedReader(counted, _BUFFER), path=found.name)
            before = 0
            for item in _read(entry):
                yield replace(item, size=counted.count - before)
                before = counted.count
    except ImportError as error:
        yield Problem(f"{found.name}: {error}. pip install 'yaowen[archives]'.", found.size)
    except OSError as error:
        yield Problem(f"{found.name}: {error.strerror or error}. Check the file and its permissions.", found.size)


def _open(found: Found) -> IO[bytes]:
    if found.path is not None:
        return found.path.open("rb", buffering=0)
    import fsspec

    return fsspec.open(found.url, "rb").open()


def _read(entry: Entry) -> Iterator[Item]:
    """The documents of an entry; a stream that breaks off is reported and what came before it stands."""
    _, ending, compression = split(entry.name)
    kind = names.ENDINGS.get(ending)
    try:
        if kind in (None, names.JSON) and compression is None:
            entry, kind = _look_inside(entry, ending)
        yield from _read_as(entry, kind, compression, ending)
    except TooLarge as error:
        yield entry.problem(str(error))
    except BROKEN as error:
        if isinstance(error, OSError) and error.errno is not None and not entry.depth:
            raise  # the file itself cannot be read
        words = str(error) or type(error).__name__
        yield entry.problem(f"cannot be read to its end ({words}): it may be cut off or damaged. What came before is read.")
    except Exception as error:  # of a library that damage surprises; it must not take the other files with it
        yield entry.problem(
            f"{type(error).__name__}: {error}. It may be damaged; what came before is read."
            " If it is not, this is a fault in yaowen: please report it with the file."
        )


def _look_inside(entry: Entry, ending: str) -> tuple[Entry, str]:
    """The same entry and what it holds, judged by its first bytes; of JSON that nobody named, lines of records are read."""
    head = entry.stream.readline(MAX_BYTES + 1)
    kind = kind_by_content(head)
    if names.ENDINGS.get(ending) == names.JSON and entry.searched and not begins_with_record(head, entry.columns):
        kind = names.OTHER
    stream: Any = Prefixed(head, entry.stream)
    if kind not in (
        names.PAGE,
        names.LINES,
        names.JSON,
    ):  # which are read whole or line by line, and as soon as a line is there
        stream = io.BufferedReader(stream, _BUFFER)
    return replace(entry, stream=stream), kind


def _read_as(entry: Entry, kind: str | None, compression: str | None, ending: str = "") -> Iterator[Item]:
    if entry.depth > DEEPEST:
        yield entry.problem(f"packed more than {DEEPEST} times over. Unpack it first.")
    elif compression is not None:
        with _OPEN[compression](entry.stream) as stream:
            inner = replace(entry, stream=stream, depth=entry.depth + 1)
            if kind in (None, names.JSON):
                inner, kind = _look_inside(inner, ending)
            yield from _read_as(inner, kind, None, ending)
    elif kind == names.OTHER:
        yield Skipped(OTHER_JSON)
    elif kind in _OPEN:
        yield from _read_as(entry, None, kind)
    elif kind in _RECORDS:
        yield from _RECORDS[kind](entry)
    elif kind in _CONTAINERS:
        yield from _CONTAINERS[kind](entry, _read)
    else:
        yield _read_page(entry, ending in HTML_ENDINGS, may_be_json=kind == names.JSON)


def _read_page(entry: Entry, is_html: bool, may_be_json: bool) -> Item:
    from yaowen.text.encoding import decode

    data = read_limited(entry.stream)
    if data is None:
        return entry.problem(f"{too_large()}.")
    if may_be_json and is_json(data):
        return entry.problem(
            'one JSON value, where JSON lines were expected: one JSON object a line, with a "text".'
            " Convert it: jq -c '.[]' for an array, jq -c . for objects over several lines."
        )
    try:
        found = decode(data, entry.encoding)
    except ValueError as error:
        return entry.problem(str(error))
    return Page(
        text=found.text,
        id=entry.id,
        path=entry.path,
        size=len(data),
        html=True if is_html else None,
        encoding=found.encoding,
        warnings=found.warnings,
    )
