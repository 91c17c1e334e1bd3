"""Documents that are records: JSON lines, rows of CSV and of Parquet."""

import csv
import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import IO, Any, Final

from yaowen.archive.columns import Columns, by_number, day
from yaowen.archive.pages import MAX_BYTES, Item, Noted, Page, Problem, too_large
from yaowen.archive.streams import lines, seekable

FIELDS: Final = ("text", "id", "published", "html")
_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class Entry:
    """A stream to read with the name of its file or member, the name of its document, and the columns of records."""

    stream: IO[bytes]
    name: str
    id: str
    path: str | None
    columns: Mapping[str, str]  # field -> name of the column, or its number from 1 for a CSV file without a header
    depth: int = 0
    searched: bool = False  # found in a directory or an archive, not named
    encoding: str | None = None  # of pages and CSV, as the user named it

    def problem(self, message: str, where: object = "") -> Problem:
        """A problem of this entry, or of a place in it."""
        return Problem(f"{self.name}{where and f':{where}'}: {message}", id=self.id, path=self.path)


def read_json_lines(entry: Entry) -> Iterator[Item]:
    """A JSON object a line."""
    documents = 0
    for number, line in enumerate(lines(entry.stream), 1):
        if isinstance(line, bytes) and not line.strip():
            continue
        documents += 1
        if isinstance(line, int):
            yield entry.problem(f"a line {too_large(line)}.", number)
            continue
        try:
            yield _page(entry, number, _object(line), "utf-8")
        except ValueError as error:
            yield entry.problem(str(error), number)
    if not documents:
        yield entry.problem('no line holds a document. Expected one JSON object a line, with a "text".')


def _object(line: bytes) -> dict[str, Any]:
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
    return record


def is_json(data: bytes) -> bool:
    """Whether all of it is one JSON value.

    >>> is_json(b"[1, 2]"), is_json("[三亚] 召开会议".encode())
    (True, False)
    """
    try:
        json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return False
    return True


def begins_with_record(line: bytes, columns: Mapping[str, str]) -> bool:
    """Whether the first line of a file is a record with a text.

    >>> [begins_with_record(line, {}) for line in (b'{"text": "..."}', b'{"name": "..."}', b"{", b"[")]
    [True, False, False, False]
    """
    try:
        return isinstance(_object(line).get(columns.get("text", "text")), str)
    except ValueError:
        return False


def _page(
    entry: Entry, number: int, record: Mapping[str, Any], encoding: str | None, warnings: tuple[str, ...] = ()
) -> Page:
    """The page of a record, without a date that is none; raises `ValueError` for another field that is missing or wrong."""
    name = entry.columns.get("text", "text")
    text = _field(record, name, str)
    if not text:
        raise ValueError(
            f'no "{name}" in this record, or an empty one. Expected {{"{name}": "…", "id": …, "published": …}}.'
        )
    when = entry.columns.get("published", "published")
    said = record.get(when)
    published = None if said in (None, "") else day(said)
    undated = None
    if said not in (None, "") and published is None:
        undated = f'"{when}" is {_shown(said)}, which is left out: expected a date, YYYY-MM-DD'
    identity = record.get(entry.columns.get("id", "id"))
    return Page(
        text=text,
        id=f"{entry.id}-{number}" if identity in (None, "") else str(identity),
        path=entry.path,
        published=published,
        html=_field(record, entry.columns.get("html", "html"), bool),
        encoding=encoding,
        warnings=warnings,
        undated=undated,
    )


def _field(record: Mapping[str, Any], name: str, kind: type) -> Any:
    value = record.get(name)
    if value is not None and not isinstance(value, kind):
        expected = {str: "a string", bool: "true or false"}[kind]
        raise ValueError(f'"{name}" is {_shown(value)}: expected {expected}.')
    return value


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)[:40]


def read_csv(entry: Entry) -> Iterator[Item]:
    """A row a document: comma, semicolon or tab between the columns of the header; UTF-8, GB18030 or Big5, line by line."""
    csv.field_size_limit(min(MAX_BYTES, sys.maxsize))
    decoded = _Decoded(entry.stream, entry.encoding)
    first = next(decoded, "")
    if decoded.problem:
        yield entry.problem(decoded.problem, 1)
        return
    delimiter = max("\t,;", key=first.count)
    try:
        names = next(csv.reader([first], delimiter=delimiter), [])
        columns = Columns.of(names, entry.columns, can_be_numbers=True)
    except ValueError as error:
        yield entry.problem(str(error), 1)
        return
    except csv.Error as error:
        yield entry.problem(f"not CSV ({error}). Check that its lines end in line feeds, not in carriage returns.", 1)
        return
    if by_number(names, entry.columns):  # there is no header: the first row is a document
        decoded.again(first)
    plain = Entry(entry.stream, entry.name, entry.id, entry.path, {})
    reader = csv.reader(decoded, delimiter=delimiter)
    places: dict[str, int] = {}  # not known before the first row
    while True:
        decoded.start = decoded.number + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            decoded.take_problem()
            yield entry.problem(f"not CSV ({error}). Check that quotes in this row are closed.", decoded.start)
            continue
        if decoded.ended:  # more was asked for within a row
            yield entry.problem(
                f"a quote is opened in this row and never closed: all to line {decoded.number} is in it, and not read."
                " Close the quote, or double it where it belongs to the text.",
                decoded.start,
            )
        elif row or decoded.problem:
            if not places and not decoded.problem:
                places, note = columns.fit(dict(enumerate(row)))
                if note:
                    yield Noted(note)
            yield _row(plain, decoded, row, places)


def _row(entry: Entry, decoded: "_Decoded", row: list[str], places: Mapping[str, int]) -> Item:
    try:
        if decoded.problem:
            raise ValueError(decoded.take_problem())
        if max(places.values()) >= len(row):
            raise ValueError(f"a row of {len(row)} columns where {max(places.values()) + 1} were expected.")
        record: dict[str, Any] = {field: row[place] for field, place in places.items()}
        record["html"] = {"": None, "true": True, "false": False}.get(
            str(record.get("html") or "").lower(), record.get("html")
        )
        return _page(entry, decoded.start, record, decoded.encoding, decoded.warnings)
    except ValueError as error:
        return entry.problem(str(error), decoded.start)


class _Decoded:
    """The lines of a CSV file as text, each in its own encoding; where a row starts, and what was wrong in it."""

    def __init__(self, stream: IO[bytes], named: str | None) -> None:
        self._named = named
        self._lines = lines(stream)
        self._again: list[str] = []
        self.number = self.start = 0
        self.encoding: str | None = None
        self.warnings: tuple[str, ...] = ()  # of the last line that was not UTF-8
        self.problem = ""
        self.ended = False

    def __iter__(self) -> "_Decoded":
        return self

    def __next__(self) -> str:
        line = self._again.pop() if self._again else next(self._lines, None)
        if line is None:
            self.ended = True
            raise StopIteration
        self.number += 1
        if isinstance(line, str):
            return line
        if isinstance(line, int):
            self.problem = f"a line {too_large(line)}."
            return "\n"
        if self.number == 1 and (line.startswith(_UTF16) or (self._named or "").lower().startswith(("utf-16", "utf-32"))):
            self.problem = "UTF-16. Save the table as CSV in UTF-8."
            return "\n"
        return self._decode(line)

    def again(self, line: str) -> None:
        """Give a line a second time."""
        self._again.append(line)
        self.number -= 1

    def take_problem(self) -> str:
        problem, self.problem = self.problem, ""
        return problem

    def _decode(self, line: bytes) -> str:
        from yaowen.text.encoding import decode

        if not self._named or not line.strip():
            try:
                text, self.encoding, self.warnings = line.decode("utf-8-sig"), "utf-8", ()
                return text
            except UnicodeDecodeError:
                pass
        try:
            if self.number == 1 and not self._named:  # a few words of a header are too few to guess from
                return line.decode("gb18030")
            found = decode(line, self._named)
            self.encoding, self.warnings = found.encoding, found.warnings
            return found.text
        except ValueError as error:  # a UnicodeDecodeError too
            self.problem = f"no encoding of Chinese fits this line ({error})."
            return "\n"


def read_parquet(entry: Entry) -> Iterator[Item]:
    """A row a document, one row at a time; only the columns that are needed are read."""
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import ParquetFile
    except ImportError:
        yield entry.problem("Parquet needs pyarrow: pip install 'yaowen[archives]'.")
        return
    with seekable(entry.stream, is_inside=entry.depth > 0) as stream:
        try:
            file = ParquetFile(stream)
            names = file.schema_arrow.names
            columns = Columns.of(names, entry.columns)
            places, note = columns.fit(_first_row(file, columns))
            if note:
                yield Noted(note)
            rows = file.iter_batches(1, columns=[names[place] for place in places.values()])
            for number, row in enumerate(rows, 1):
                yield _parquet_row(entry, number, {field: row[names[place]][0] for field, place in places.items()})
        except (ArrowException, OSError) as error:
            yield entry.problem(f"no Parquet file that can be read ({_first_line(error)}). It may be cut off or damaged.")
        except ValueError as error:
            yield entry.problem(str(error))


def _first_row(file: Any, columns: Columns) -> dict[int, Any]:
    """The first values of the columns that may be an id or a date; what cannot be read is told with its row."""
    wanted = [place for field, places in columns.usual.items() if field != "text" for place in places]
    first = {}
    for row in islice(file.iter_batches(1, columns=[columns.names[place] for place in wanted]), 1 if wanted else 0):
        for place in wanted:
            with suppress(ValueError):
                first[place] = _python("", row[columns.names[place]][0])
    return first


def _parquet_row(entry: Entry, number: int, values: Mapping[str, Any]) -> Item:
    from yaowen.text.encoding import decode

    plain = Entry(entry.stream, entry.name, entry.id, entry.path, {})
    encoding: str | None = "utf-8"
    warnings: tuple[str, ...] = ()
    try:
        record = {field: _python(field, value) for field, value in values.items()}
        if isinstance(record.get("text"), bytes):
            found = decode(record["text"], entry.encoding)
            record["text"], encoding, warnings = found.text, found.encoding, found.warnings
        published = record.get("published")
        if published is not None and not isinstance(published, str):
            record["published"] = str(published)[:10]  # a date or a time of Arrow
        return _page(plain, number, record, encoding, warnings)
    except ValueError as error:
        return entry.problem(str(error), number)


def _python(field: str, value: Any) -> Any:
    """A value of Arrow as one of Python, a string that is not UTF-8 as its bytes; its size is looked at before."""
    from pyarrow import BinaryScalar, DictionaryScalar

    if isinstance(value, DictionaryScalar):
        value = value.value
    data = value.as_buffer() if isinstance(value, BinaryScalar) and value.is_valid else b""
    if len(data) > MAX_BYTES:
        raise ValueError(f"a {field} {too_large(len(data))}.")
    try:
        return value.as_py()
    except UnicodeDecodeError:
        return bytes(data)
    except Exception as error:  # of a time zone that nobody knows, of a time that Python cannot say
        raise ValueError(f'"{field}" cannot be read ({type(error).__name__}: {error}).') from error


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
