"""What takes the records of a shard: a JSON-lines file, a Parquet file, the flat tables."""

import json
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final, Protocol

from yaowen.archive import tables
from yaowen.archive.storage import Storage

FORMATS: Final = ("jsonl", "parquet")
FOLDER: Final = "records"
GROUP_BYTES: Final = 2 << 20  # of rows in memory that make a group of a Parquet file
# One row a document; `record` is the line that the same shard has in JSON lines.
RECORDS: Final[Mapping[str, str]] = {
    "document": tables.INTEGER, "id": tables.TEXT, "path": tables.TEXT, "published": tables.DAY,
    "characters": tables.INTEGER, "events": tables.INTEGER, "record": tables.TEXT,
}  # fmt: skip
Keyed = tuple[int, dict[str, Any]]  # the key of a document and its record


class Sink(Protocol):
    """Takes records pool by pool; the file is complete when it is closed."""

    def write(self, records: list[Keyed]) -> None: ...

    def close(self) -> None: ...


def line(record: Mapping[str, Any]) -> bytes:
    """A record as a line of JSON; a lone surrogate, which UTF-8 cannot hold, as its escape."""
    return (json.dumps(record, ensure_ascii=False) + "\n").encode("utf-8", "backslashreplace")


class Lines:
    """JSON lines."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")

    def write(self, records: list[Keyed]) -> None:
        self._file.writelines(line(record) for _, record in records)

    def close(self) -> None:
        self._file.close()


class Records:
    """A Parquet file with a row a document."""

    def __init__(self, path: Path) -> None:
        self._table = _Table(path, RECORDS)

    def write(self, records: list[Keyed]) -> None:
        self._table.add([_summary(key, record) for key, record in records])

    def close(self) -> None:
        self._table.close()


def _summary(key: int, record: dict[str, Any]) -> dict[str, Any]:
    first = next(row for name, row in tables.rows(key, record) if name == "documents")
    row = {column: first[column] for column in ("document", "id", "path", "published", "characters")}
    return row | {"events": len(record["events"]), "record": line(record).decode("utf-8").rstrip("\n")}


class Tables:
    """A Parquet file for each flat table."""

    def __init__(self, paths: Mapping[str, Path]) -> None:
        self._tables = {name: _Table(path, tables.COLUMNS[name]) for name, path in paths.items()}

    def write(self, records: list[Keyed]) -> None:
        rows: dict[str, list[tables.Row]] = {name: [] for name in self._tables}
        for key, record in records:
            for name, row in tables.rows(key, record):
                rows[name].append(row)
        for name, table in self._tables.items():
            table.add(rows[name])

    def close(self) -> None:
        for table in self._tables.values():
            table.close()


class _Table:
    """A Parquet file that rows go to in groups: large enough for readers, small enough for the memory of a long shard."""

    def __init__(self, path: Path, columns: Mapping[str, str]) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        types = {"int64": pa.int64(), "float32": pa.float32(), "string": pa.string(), "date32": pa.date32()}
        self._schema = pa.schema([(name, types[kind]) for name, kind in columns.items()])
        self._writer = pq.ParquetWriter(path, self._schema, compression="zstd")
        self._batches: list[Any] = []

    def add(self, rows: list[dict[str, Any]]) -> None:
        import pyarrow as pa

        if not rows:
            return
        try:
            batch = pa.RecordBatch.from_pylist(rows, self._schema)
        except UnicodeEncodeError:  # a lone surrogate
            batch = pa.RecordBatch.from_pylist([_writable(row) for row in rows], self._schema)
        self._batches.append(batch)
        if sum(batch.nbytes for batch in self._batches) >= GROUP_BYTES:
            self._flush()

    def close(self) -> None:
        import pyarrow as pa

        self._flush()
        self._writer.close()
        pa.default_memory_pool().release_unused()

    def _flush(self) -> None:
        import pyarrow as pa

        table = pa.Table.from_batches(self._batches, self._schema)
        self._batches.clear()
        if len(table):
            self._writer.write_table(table, row_group_size=len(table))


def _writable(row: dict[str, Any]) -> dict[str, Any]:
    return {k: v.encode("utf-8", "backslashreplace").decode("utf-8") if isinstance(v, str) else v for k, v in row.items()}


def open_sinks(
    stack: ExitStack, shard: str, format: str | None, records: Storage | None, flat: Storage | None
) -> tuple[list[Sink], dict[str, Path]]:
    """The sinks of a shard, and what they write to by name; the files are in their places when the stack is closed."""
    opened: list[Sink] = []
    written: dict[str, Path] = {}
    if records is not None and format is not None:
        name = f"{FOLDER}/part-{shard}.{format}"
        written[name] = stack.enter_context(records.writing(name))
        opened.append(Lines(written[name]) if format == "jsonl" else Records(written[name]))
    if flat is not None:
        names = {table: f"{table}/part-{shard}.parquet" for table in tables.COLUMNS}
        written |= {name: stack.enter_context(flat.writing(name)) for name in names.values()}
        opened.append(Tables({table: written[name] for table, name in names.items()}))
    return opened, written


def check_writable(formats: Iterable[str]) -> None:
    """Raises `ValueError` where a format needs a package that is not there."""
    if "parquet" in formats:
        try:
            import pyarrow  # noqa: F401
        except ImportError as error:
            raise ValueError(f"Parquet and tables need pyarrow ({error}): pip install 'yaowen[archives]'.") from error
