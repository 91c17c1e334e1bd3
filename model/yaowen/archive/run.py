"""A whole job: survey the inputs, begin or resume, do the shards, sum up."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from yaowen.archive.find import STDIN, Outputs, endings_note, find
from yaowen.archive.job import CannotResume, Finished, Inputs, alone, finish, start
from yaowen.archive.shards import Shard, Unit, cut, units
from yaowen.archive.sinks import check_writable
from yaowen.archive.work import Advance, Work


@dataclass(frozen=True, slots=True)
class Engine:
    """What does the work: processes of this machine, or actors of a Ray cluster (`address` None: one on this machine)."""

    kind: Literal["local", "ray"] = "local"
    workers: int = 1
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Listener:
    """Who hears how a job goes: its size in bytes of input when it is known, progress, what went wrong beside documents.

    `note` is told what did not go wrong and may yet surprise.
    """

    begin: Callable[[int], None]
    advance: Advance
    problem: Callable[[str], None]
    note: Callable[[str], None] = lambda message: None


def run(names: Sequence[str], work: Work, engine: Engine, resume: bool, listener: Listener) -> dict[str, Any]:
    """Do a job over the named inputs; its summary, as it is in `summary.json`.

    Raises `CannotResume` for a folder that is another job's or that another is writing to, `NoModel`, `ValueError` for a
    package that is missing, and `OSError` where the output cannot be written.
    """
    if STDIN in names and (resume or engine.kind == "ray"):
        raise CannotResume("standard input can be read once only: neither --resume nor --engine ray can take it.")
    settings = work.settings
    check_writable(["parquet"] if settings.tables or settings.format == "parquet" else [])
    with alone(work.place):
        return _run(names, work, engine, resume, listener)


def _run(names: Sequence[str], work: Work, engine: Engine, resume: bool, listener: Listener) -> dict[str, Any]:
    outputs = Outputs(work.place.outputs)
    inputs = Inputs.survey(_units(names, work, outputs))
    finished = start(work.place, work.settings, inputs, resume)
    listener = replace(listener, note=_once(listener.note))
    if note := outputs.note():
        listener.note(note)
    listener.begin(inputs.bytes)
    if engine.kind == "ray":
        from yaowen.archive.cluster import run_ray

        run_ray(work, _units(names, work, outputs), finished, engine.workers, engine.address, listener)
    else:
        from yaowen.archive.workers import run_here, run_workers

        shards = pending(_units(names, work, outputs), work, finished, listener.advance, listener.note)
        if engine.workers == 1:
            run_here(work, shards, listener.advance)
        else:
            run_workers(work, shards, engine.workers, listener.advance, listener.problem)
    if note := endings_note(outputs.endings):
        listener.note(note)
    summary = finish(work.place, outputs.endings)
    for note in summary["notes"]:  # those of readers on other machines, and of shards that were done before
        listener.note(note)
    return summary


def _once(note: Callable[[str], None]) -> Callable[[str], None]:
    """The same, for any message once."""
    told: set[str] = set()

    def tell(message: str) -> None:
        if message not in told:
            told.add(message)
            note(message)

    return tell


def _units(names: Sequence[str], work: Work, outputs: Outputs) -> Iterator[Unit]:
    return units(find(names, outputs), work.settings.shard_documents)


def pending(
    todo: Iterator[Unit],
    work: Work,
    finished: Finished,
    advance: Advance,
    note: Callable[[str], None] = lambda message: None,
) -> Iterator[Shard]:
    """The shards that are not done, read as they are asked for; what is done counts as progress at once."""
    settings = work.settings
    for unit in todo:
        if unit.number in finished.units:
            advance(unit.size, 0, 0)
            continue
        for shard in cut(unit, settings.shard_documents, settings.columns, finished.shards, settings.encoding):
            for message in shard.notes:
                note(message)
            if shard.name in finished.shards:
                advance(shard.size, 0, 0)
            else:
                yield shard
