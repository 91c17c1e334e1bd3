"""A batch job: its settings, and what of it is done.

A folder `_job` beside the output holds `job.json` (settings, inputs) and, for every finished shard, `done/SHARD.json`,
which is written last: a shard with that file is finished, and one without it is done again. Tables in a directory of their
own have a copy of `job.json` there, so that no other job writes among them.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from typing import Any, Final

from yaowen.archive.find import is_url
from yaowen.archive.shards import Unit
from yaowen.archive.sinks import FOLDER, line
from yaowen.archive.storage import Claimed, open_storage, write_bytes
from yaowen.archive.tables import COLUMNS

SCHEMA: Final = "yaowen-job/1"
JOB, DONE, LOCK, FAILURES, SUMMARY = "_job/job.json", "_job/done", "_job/lock", "failures.jsonl", "summary.json"


class CannotResume(ValueError):
    """The folder belongs to another job, or to the same with other settings or inputs."""


@dataclass(frozen=True, slots=True)
class Settings:
    """All that decides what the output is. `model` is the checksum of the model, `format` None: tables alone."""

    format: str | None
    tables: bool
    published: str | None
    explain: bool
    columns: Mapping[str, str]
    model: str
    backend: str
    threads: int
    shard_documents: int
    version: str
    encoding: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a job writes: records, tables, or both (addresses or directories)."""

    records: str | None
    tables: str | None

    @property
    def home(self) -> str:
        """Where the job's own files are."""
        return self.records or self.tables or "."

    @property
    def folders(self) -> list[str]:
        """Where anything is written, each place once; `home` is the first."""
        return list({open_storage(name).address: name for name in (self.tables, self.records) if name}.values())[::-1]

    @property
    def outputs(self) -> frozenset[str]:
        """The addresses of what is written, which no search for inputs is to read."""
        own = [*((folder, "_job") for folder in self.folders), (self.home, FAILURES), (self.home, SUMMARY)]
        written = [*own, (self.records, FOLDER), *((self.tables, name) for name in COLUMNS)]
        return frozenset(f"{open_storage(place).address.rstrip('/')}/{name}" for place, name in written if place)


@dataclass(frozen=True, slots=True)
class Done:
    """A finished shard: counts, failures, and the sizes of its files."""

    shard: str
    unit: int
    last: bool
    size: int
    documents: int
    characters: int
    events: Mapping[str, int]
    failures: tuple[Mapping[str, Any], ...]
    skipped: Mapping[str, int]
    files: Mapping[str, int]
    notes: Sequence[str] = ()


def to_json(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode("utf-8", "backslashreplace")


@dataclass(frozen=True, slots=True)
class Finished:
    """The shards that are done, and the units of which all are."""

    shards: frozenset[str] = frozenset()
    units: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a job reads, in a few figures; nothing of it is kept."""

    files: int
    bytes: int
    fingerprint: str

    @classmethod
    def survey(cls, units: Iterable[Unit]) -> "Inputs":
        """Go through all units once."""
        digest, files, size = hashlib.sha256(), 0, 0
        for unit in units:
            digest.update(unit.fingerprint.encode())
            files, size = files + len(unit.files), size + unit.size
        return cls(files, size, digest.hexdigest()[:32])


@contextmanager
def alone(place: Place) -> Iterator[None]:
    """No other job writes to the place while the block lasts (in an object store: not looked after).

    Raises `CannotResume` where one does.
    """
    with ExitStack() as held:
        for folder in place.folders:
            try:
                held.enter_context(open_storage(folder).claimed(LOCK))
            except Claimed:
                raise CannotResume(
                    f"{folder}: another job is writing here. Wait for its end, or give another directory."
                ) from None
        yield


def start(place: Place, settings: Settings, inputs: Inputs, resume: bool) -> Finished:
    """Begin a job or go on with it: what of it is done.

    A job that has not finished a shard, for it failed or was cut off before, is nothing to keep. Raises `CannotResume`
    where a folder has a job that is not to be resumed, or another than this.
    """
    this = {"schema": SCHEMA, "settings": asdict(settings), "inputs": asdict(inputs)}
    taken = [folder for folder in place.folders if _is_taken(folder)]
    if not taken:
        for folder in place.folders:
            write_bytes(open_storage(folder), JOB, to_json(this))
        return Finished()
    found = {folder: open_storage(folder).read(JOB) for folder in place.folders}
    if found[place.home] is None:
        raise CannotResume(_whose(taken[0], place))
    if not resume:
        raise CannotResume(
            f"{taken[0]}: there is a job's output here already. Go on with it with --resume, or give an empty directory."
        )
    for folder, job in found.items():
        if job is not None:
            _check_same(folder, json.loads(job), this)
    for folder in (folder for folder, job in found.items() if job is None):  # tables of a job before there were copies
        write_bytes(open_storage(folder), JOB, to_json(this))
    _clean(place)
    return _finished(place)


def _whose(folder: str, place: Place) -> str:
    """Why a folder with shards is not ours, where ours begins."""
    if folder != place.home:  # so the tables are apart from the records
        return (
            f"{folder}: the tables of another job are here; {place.home} has begun none. Give --tables an empty directory,"
            " or, to go on with that job, --shards its directory of records (or no --shards, if it had none) and --resume."
        )
    return f"{folder}: there are shards here, but no {JOB} in it that says of what. Give an empty directory."


def _is_taken(folder: str) -> bool:
    """Whether a folder has shards, whatever job they are of; in an object store, which knows no locks, also one begun."""
    storage = open_storage(folder)
    if is_url(folder) and storage.read(JOB) is not None:
        return True
    has_shards = any(name.startswith("part-") for one in (FOLDER, *COLUMNS) for name in storage.sizes(one))
    return has_shards or bool(storage.sizes(DONE))


def _check_same(home: str, then: dict[str, Any], now: dict[str, Any]) -> None:
    if then.get("schema") != SCHEMA:
        raise CannotResume(f"{home}/{JOB}: {then.get('schema')!r} where {SCHEMA!r} was expected. Give an empty directory.")
    changed = [
        f"{name.replace('_', ' ')} was {then['settings'].get(name)!r} and is {value!r}"
        for name, value in now["settings"].items()
        if then["settings"].get(name) != value
    ]
    if changed:
        raise CannotResume(
            f"{home}: cannot resume with other settings, for the output would be a mixture: {'; '.join(changed)}."
            " Give the settings that the job began with, or an empty directory."
        )
    before, after = then["inputs"], now["inputs"]
    if before != after:
        raise CannotResume(
            f"{home}: cannot resume with other inputs: the job began with {before['files']:,} files of {before['bytes']:,}"
            f" bytes, now there are {after['files']:,} of {after['bytes']:,} bytes, or some were changed or renamed."
            " Put the inputs back, or give an empty directory."
        )


def _clean(place: Place) -> None:
    for folder in place.folders:
        storage = open_storage(folder)
        for name in ("", DONE, "_job", FOLDER, *COLUMNS):
            storage.clean(name)


def _finished(place: Place) -> Finished:
    """The shards whose files are all there in full; others are done again."""
    present: dict[str, int] = {}
    for home, folders in ((place.records, [FOLDER]), (place.tables, list(COLUMNS))):
        for folder in folders if home else []:
            listed = open_storage(home or "").sizes(folder)
            present |= {f"{folder}/{name}": size for name, size in listed.items()}
    shards, counts, expected = set(), Counter[int](), {}
    for done in read_done(place):
        if all(present.get(name) == size for name, size in done.files.items()):
            shards.add(done.shard)
            counts[done.unit] += 1
            if done.last:
                expected[done.unit] = int(done.shard.rpartition("-")[2]) + 1
    return Finished(frozenset(shards), frozenset(unit for unit, number in expected.items() if counts[unit] == number))


def read_done(place: Place) -> Iterator[Done]:
    """What is told of the finished shards, in order."""
    home = open_storage(place.home)
    for name in sorted(home.sizes(DONE)):
        data = home.read(f"{DONE}/{name}")
        if data is not None:
            record = json.loads(data)
            yield Done(**(record | {"failures": tuple(record["failures"])}))


def finish(place: Place, passed_over: Mapping[str, int]) -> dict[str, Any]:
    """Write `failures.jsonl` and `summary.json` of the finished shards; remove what killed workers left. The summary.

    `passed_over`: how many files below directories were not read, by ending.
    """
    _clean(place)
    home = open_storage(place.home)
    events: Counter[str] = Counter()
    skipped: Counter[str] = Counter()
    notes: set[str] = set()
    totals: Counter[str] = Counter(dict.fromkeys(("shards", "documents", "characters", "failures", "bytes"), 0))
    with home.writing(FAILURES) as path, path.open("wb") as stream:
        for done in read_done(place):
            stream.writelines(line(failure) for failure in done.failures)
            events.update(done.events)
            skipped.update(done.skipped)
            notes.update(done.notes)
            totals.update(
                shards=1, documents=done.documents, characters=done.characters, failures=len(done.failures), bytes=done.size
            )
    counts = {"events": events, "skipped": skipped, "passed_over": passed_over}
    told: dict[str, Any] = {name: dict(sorted(found.items())) for name, found in counts.items()}
    summary = dict(totals) | told | {"notes": sorted(notes)}
    write_bytes(home, SUMMARY, to_json(summary))
    return summary
