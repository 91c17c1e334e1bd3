"""`yaowen predict --shards, --tables`: the options of jobs over archives, their progress and their summary."""

import hashlib
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click
from click.core import ParameterSource

from yaowen.archive.extract import Extractor
from yaowen.archive.job import FAILURES, Place, Settings
from yaowen.archive.records import FIELDS
from yaowen.archive.run import Engine, Listener, run
from yaowen.archive.shards import SHARD_DOCUMENTS
from yaowen.archive.work import Work
from yaowen.cli.outputs import told

if TYPE_CHECKING:
    from rich.console import Console

    from yaowen.tagger.tagger import BackendName


def _columns(ctx: click.Context, param: click.Parameter, value: str | None) -> dict[str, str]:
    columns = {}
    for part in filter(None, (value or "").split(",")):
        name, _, column = part.partition("=")
        if name.strip() not in FIELDS or not column.strip():
            raise click.BadParameter(f"{part!r}: expected FIELD=COLUMN, FIELD one of {', '.join(FIELDS)}.")
        columns[name.strip()] = column.strip()
    return columns


_OPTIONS = (
    click.option("--shards", metavar="DIR", help="Directory or address to write records into, many a file, as a job."),
    click.option("--tables", metavar="DIR", help="Directory or address to write flat Parquet tables into, as a job."),
    click.option("--workers", type=click.IntRange(min=1), help="Processes of a job; one a processor without it."),
    click.option("--resume", is_flag=True, help="Go on with a job that was cut off."),
    click.option(
        "--shard-documents",
        type=click.IntRange(min=1),
        default=SHARD_DOCUMENTS,
        show_default=True,
        help="Documents a shard at most.",
    ),
    click.option(
        "--engine", type=click.Choice(["local", "ray"]), default="local", show_default=True, help="What runs a job."
    ),
    click.option("--address", metavar="HOST:PORT", help="The Ray cluster; without it the one of this machine."),
    click.option(
        "--columns",
        metavar="FIELD=COLUMN,…",
        callback=_columns,
        help="Where text, id, published and html are in CSV, Parquet and JSON lines.",
    ),
)
COMMANDLINE = ParameterSource.COMMANDLINE
_OF_JOBS = ("workers", "resume", "shard_documents", "engine", "address")


def archive_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of jobs, for a click command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@dataclass(frozen=True, slots=True)
class ArchiveOptions:
    """What the options of jobs say."""

    shards: str | None
    tables: str | None
    workers: int | None
    resume: bool
    shard_documents: int
    engine: Literal["local", "ray"]
    address: str | None

    @property
    def is_job(self) -> bool:
        return bool(self.shards or self.tables)

    def check(self, ctx: click.Context, format: str, out: Path | None) -> None:
        """Raises `click.UsageError` for options that do not go together."""
        given = [name for name in (*_OF_JOBS, "format_") if ctx.get_parameter_source(name) is COMMANDLINE]
        if not self.is_job:
            of_jobs = [f"--{name.replace('_', '-')}" for name in given if name in _OF_JOBS]
            if format == "parquet":
                raise click.UsageError("--format parquet is for --shards DIR.")
            if of_jobs:
                raise click.UsageError(
                    f"{', '.join(of_jobs)}: for jobs alone. Say where to write: --shards DIR or --tables DIR."
                )
        elif out is not None:
            raise click.UsageError("--out writes one file a document, --shards and --tables many into one: give either.")
        elif "format_" in given and format not in ("jsonl", "parquet"):
            raise click.UsageError(f"--shards holds jsonl or parquet, not {format}.")
        elif self.address is not None and self.engine != "ray":
            raise click.UsageError("--address is for --engine ray.")


@dataclass(frozen=True, slots=True)
class Loading:
    """How a worker loads the model; `factory` stands in for `yaowen.load` where a caller gave one."""

    model: Path | None
    backend: "BackendName"
    threads: int | None
    factory: Callable[..., Extractor] | None = None

    def __call__(self) -> Extractor:
        if self.factory is not None:
            return self.factory(path=self.model, backend=self.backend, threads=self.threads)
        import yaowen

        return yaowen.load(self.model, backend=self.backend, threads=self.threads)


def work_of(
    options: ArchiveOptions, load: Loading, format: str, published: str | None, explain: bool, columns: Mapping[str, str]
) -> Work:
    """The job that the options describe."""
    settings = Settings(
        format=("parquet" if format == "parquet" else "jsonl") if options.shards else None,
        tables=bool(options.tables),
        published=published,
        explain=explain,
        columns=columns,
        model=_digest(load.model),
        backend=load.backend,
        threads=load.threads or 1,
        shard_documents=options.shard_documents,
        version=_version(),
    )
    return Work(load, settings, Place(options.shards, options.tables))


def _digest(model: Path | None) -> str:
    """The checksum of a model's manifest, which has those of all its files."""
    from yaowen.extractor import DEFAULT_MODEL

    try:
        return hashlib.sha256(((model or DEFAULT_MODEL) / "manifest.json").read_bytes()).hexdigest()[:16]
    except OSError:
        return ""  # loading it will say why


def _version() -> str:
    try:
        return version("yaowen")
    except PackageNotFoundError:
        return "not installed"


def predict_archive(paths: tuple[str, ...], work: Work, options: ArchiveOptions, console: "Console") -> bool:
    """Do a job and sum it up on the console; whether everything was read. Raises what `run` raises."""
    automatic = 0 if options.engine == "ray" else 1 if work.settings.backend == "torch" else _processors()
    engine = Engine(options.engine, options.workers or automatic, options.address)
    heard = _Told(console)
    begin = time.monotonic()
    with heard.progress() as listener:
        summary = run(paths, work, engine, options.resume, listener)
    seconds = max(time.monotonic() - begin, 1e-9)
    for line in summary_lines(summary, heard.documents, seconds, f"{work.place.home.rstrip('/')}/{FAILURES}"):
        console.print(told(line))
    return not summary["failures"] and not heard.problems


def _processors() -> int:
    affinity = getattr(os, "sched_getaffinity", None)  # Linux only; counts what a container leaves
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def summary_lines(summary: Mapping[str, Any], now: int, seconds: float, failures: str) -> Iterator[str]:
    """What a job did, in a few lines; `now` documents were read in this run.

    >>> counts = {"documents": 2, "characters": 900, "failures": 1, "events": {"talks": 1, "meeting": 3}, "skipped": {}}
    >>> for line in summary_lines(counts, 2, 0.5, "out/failures.jsonl"): print(line)
    2 documents, 900 characters, 4 events: 3 meeting, 1 talks
    2 of them now, in 0.5 s: 4.0 documents/s
    1 could not be read: the reasons are in out/failures.jsonl
    """
    events = sorted(summary["events"].items(), key=lambda pair: -pair[1])
    listed = ": " + ", ".join(f"{count:,} {kind}" for kind, count in events) if events else ""
    total = sum(count for _, count in events)
    yield f"{summary['documents']:,} documents, {summary['characters']:,} characters, {total:,} events{listed}"
    yield f"{now:,} of them now, in {seconds:,.1f} s: {now / seconds:,.1f} documents/s"
    for reason, count in summary["skipped"].items():
        yield f"{count:,} passed over: {reason}"
    if summary["failures"]:
        yield f"{summary['failures']:,} could not be read: the reasons are in {failures}"


@dataclass(slots=True)
class _Told:
    """What was heard of a job, shown on a terminal while it goes on."""

    console: "Console"
    documents: int = 0
    failures: int = 0
    problems: int = 0
    begin: float = field(default_factory=time.monotonic)

    @contextmanager
    def progress(self) -> Iterator[Listener]:
        if not self.console.is_terminal:
            yield Listener(lambda size: None, self._advance, self._problem, self._note)
            return
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
        with Progress(*columns, console=self.console, transient=True, redirect_stdout=False) as bar:
            task = bar.add_task("beginning")

            def advance(size: int, documents: int, failures: int) -> None:
                self._advance(size, documents, failures)
                bar.update(task, advance=size, description=self._words())

            yield Listener(lambda size: bar.update(task, total=size or None), advance, self._problem, self._note)

    def _advance(self, size: int, documents: int, failures: int) -> None:
        self.documents += documents
        self.failures += failures

    def _problem(self, message: str) -> None:
        self.problems += 1
        self._note(message)

    def _note(self, message: str) -> None:
        self.console.print(told(message))

    def _words(self) -> str:
        rate = self.documents / max(time.monotonic() - self.begin, 1e-9)
        failed = f", {self.failures:,} not read" if self.failures else ""
        return f"{self.documents:,} documents, {rate:,.1f}/s{failed}"
