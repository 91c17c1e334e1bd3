"""`yaowen predict`: read documents, give their events as tables, JSON or a page."""

import os
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from yaowen.archive.extract import Extractor, NoModel, extract_one
from yaowen.archive.find import Outputs, endings_note, find
from yaowen.archive.job import CannotResume
from yaowen.archive.pages import Found, Noted, Page, Problem, Skipped
from yaowen.archive.sources import read
from yaowen.archive.work import Work
from yaowen.cli.archive import ArchiveOptions, Loading, archive_options, predict_archive, work_of
from yaowen.cli.outputs import ENCODING, ERRORS, FORMATS, Folder, Style, render_all, told
from yaowen.view.visible import one_line

if TYPE_CHECKING:
    from rich.console import Console

    from yaowen.document import Document
    from yaowen.tagger.tagger import BackendName

FAILED, INTERRUPTED = 1, 130  # exit statuses; click gives 2 for usage errors
PIPED_WIDTH = 120  # columns of a table that goes to no terminal, where COLUMNS does not say


@dataclass(slots=True)
class Run:
    """One prediction over many inputs: where the extractor comes from, who hears of problems and progress, the counts.

    `endings`: how many files were passed over when the inputs were found, by ending; `skipped`: parts of files, by reason.
    """

    load: Callable[[], Extractor]
    report: Callable[[str], None]
    advance: Callable[[int], None] = lambda size: None
    published: str | None = None
    explain: bool = False
    columns: Mapping[str, str] | None = None
    encoding: str | None = None  # of pages and CSV
    documents: int = 0
    problems: int = 0
    endings: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    noted: set[str] = field(default_factory=set)

    def extract_all(self, inputs: Iterable[Found | Problem], stdin: IO[bytes] | None = None) -> "Iterator[Document]":
        """The documents in order, one in memory at a time; what cannot be read is reported and passed over.

        Raises `NoModel` if the model cannot be loaded; it is loaded when the first document has been read.
        """
        extractor: Extractor | None = None
        for found in inputs:
            for page in [found] if isinstance(found, Problem) else read(found, stdin, self.columns, self.encoding):
                if isinstance(page, Page):
                    extractor = extractor or self._loaded()
                    document = self._extract(extractor, page)
                    if document is not None:
                        yield document
                elif isinstance(page, Problem):
                    self.fail(page.message)
                elif isinstance(page, Skipped):
                    self.skipped[page.reason] += 1
                elif isinstance(page, Noted):
                    self.note(page.message)
                self.advance(page.size)

    def note(self, message: str) -> None:
        """Report what may surprise, once."""
        if message not in self.noted:
            self.noted.add(message)
            self.report(message)

    def fail(self, message: str) -> None:
        """Count a problem and report it."""
        self.problems += 1
        self.report(message)

    def tell_passed_over(self) -> None:
        """Report what was not read though nothing is wrong with it."""
        if note := endings_note(self.endings):
            self.report(note)
        for reason, count in self.skipped.items():
            self.report(f"passed over: {count:,} {reason}.")

    def _loaded(self) -> Extractor:
        try:
            return self.load()
        except (ValueError, OSError, ImportError) as error:
            raise NoModel(str(error)) from error

    def _extract(self, extractor: Extractor, page: Page) -> "Document | None":
        outcome = extract_one(extractor, page, self.published, self.explain)
        if isinstance(outcome, Problem):
            self.fail(outcome.message)
            return None
        self.documents += 1
        return outcome


def predict(
    run: Run, inputs: list[Found | Problem], style: Style, write: Callable[[str], Any], out: Path | None = None
) -> int:
    """Read the inputs with a run and write what they give, into a directory if one is given; the exit status."""
    try:
        documents = run.extract_all(inputs)
        if out is None:
            for piece in render_all(documents, style):
                write(piece)
        else:
            folder = Folder(out, style, [found.path for found in inputs if isinstance(found, Found) and found.path])
            for document in documents:
                folder.write(document)
        run.tell_passed_over()
    except NoModel as error:
        run.fail(str(error))
    return FAILED if run.problems else 0


def _published(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    from yaowen.extractor import check_date

    try:
        return None if value is None else check_date(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def _encoding(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    from yaowen.text.encoding import codec_of

    try:
        return None if value is None else codec_of(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@click.command("predict")
@click.argument("paths", nargs=-1, required=True, metavar="FILE|DIR|GLOB|-…")
@click.option(
    "--format", "format_", type=click.Choice([*FORMATS, "parquet"]), default="table",
    show_default=True, help="What to give; --shards takes jsonl (without this option) and parquet.",
)  # fmt: skip
@click.option(
    "--published", metavar="DATE", callback=_published,
    help="Day of publication, YYYY-MM-DD; a JSON line's own goes before it. Without one, the page is searched.",
)  # fmt: skip
@click.option(
    "--encoding", metavar="NAME", callback=_encoding,
    help="Encoding of text, HTML and CSV, where what is found is wrong; JSON lines are UTF-8.",
)  # fmt: skip
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Directory to write one file a document into.")
@click.option("--explain", is_flag=True, help="Say what spoke for every argument and what normalisation did.")
@click.option(
    "--model", type=click.Path(path_type=Path), metavar="FOLDER", help="A model of your own instead of the built-in."
)
@click.option("--threads", type=click.IntRange(min=1), help="Processor threads; all without it, in jobs 1 a worker.")
@click.option(
    "--backend",
    type=click.Choice(["onnx", "onnx-int8", "torch"]),
    default="onnx",
    show_default=True,
    help="What runs the model; onnx-int8 is faster and reads nearly the same.",
)
@archive_options
@click.pass_context
def predict_command(
    ctx: click.Context, paths: tuple[str, ...], format_: str, published: str | None, encoding: str | None,
    out: Path | None, explain: bool, model: Path | None, threads: int | None, backend: "BackendName",
    columns: dict[str, str], **archive: Any,
) -> None:  # fmt: skip
    """Read Chinese official news and show who, in which office, did what, when and where.

    Takes text, HTML pages, JSON lines ({"text": …, "id": …, "published": …}), CSV, Parquet, WARC, and .zip, .tar, .gz, .xz
    and .bz2 of them; a directory is searched for all of these; - is standard input.

    \b
    yaowen predict page.html
    yaowen predict news/ --format jsonl > events.jsonl
    yaowen predict 'news/2020*.txt' --published 2020-02-08 --format html --out pages/
    yaowen predict crawl.warc.gz --shards events/ --tables tables/ --workers 8 --resume

    The exit status is 0 if everything was read, 1 if some of it was not, 2 if the command was not understood.
    """
    from rich.console import Console

    options = ArchiveOptions(**archive)
    options.check(ctx, format_, out)
    errors = Console(stderr=True, markup=False, highlight=False, soft_wrap=True, emoji=False)
    if options.is_job:
        load = Loading(model, backend, threads or 1, ctx.obj)
        work = work_of(options, load, format_, published, explain, columns)
        work = replace(work, settings=replace(work.settings, encoding=encoding))
        ctx.exit(_job(paths, work, options, errors))
    load = Loading(model, backend, threads, ctx.obj)
    terminal = sys.stdout.isatty()
    asked = shutil.get_terminal_size((PIPED_WIDTH, 0)).columns  # of COLUMNS, else of the terminal
    width = asked if out is None else PIPED_WIDTH
    color = terminal and out is None and not os.environ.get("NO_COLOR")
    style = Style(format_, explain, width, color)
    outputs = Outputs(frozenset([out.resolve().as_posix()] if out else []))
    inputs = list(find(paths, outputs))
    if note := outputs.note():
        errors.print(told(note))
    run = Run(load, lambda message: errors.print(told(message)), published=published, explain=explain, columns=columns)
    run.encoding, run.endings = encoding, outputs.endings
    terminal_encoding = sys.stdout.encoding if terminal else ENCODING

    def write(piece: str) -> None:
        sys.stdout.buffer.write(piece.encode(terminal_encoding, ERRORS))
        sys.stdout.buffer.flush()

    try:
        with _progress(inputs, run, errors, shown=out is not None or not terminal):
            status = predict(run, inputs, style, write, out)
    except KeyboardInterrupt:
        status = INTERRUPTED
    except BrokenPipeError:  # the reader, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = FAILED
    except OSError as error:
        place = error.filename or out or "standard output"
        errors.print(told(f"{place}: cannot write: {error.strerror or error}. Check the place, its space and permissions."))
        status = FAILED
    ctx.exit(status)


def _job(paths: tuple[str, ...], work: Work, options: ArchiveOptions, errors: "Console") -> int:
    """Do a job over archives; the exit status."""
    try:
        return 0 if predict_archive(paths, work, options, errors) else FAILED
    except KeyboardInterrupt:
        errors.print(told("interrupted. Nothing finished is lost: the same command with --resume goes on."))
        return INTERRUPTED
    except CannotResume as error:
        raise click.UsageError(one_line(str(error))) from error
    except ValueError as error:  # no model, no package
        errors.print(told(error))
    except OSError as error:
        place = error.filename or work.place.home
        errors.print(told(f"{place}: cannot write: {error.strerror or error}. Check the place, its space and permissions;"
                          " --resume goes on from what is finished."))  # fmt: skip
    return FAILED


def _progress(inputs: list[Found | Problem], run: Run, console: "Console", shown: bool) -> Any:
    """A progress bar on stderr while a run goes on: for more than one document, and where no result scrolls beside it."""
    many = len(inputs) > 1 or any(isinstance(f, Found) and f.path and f.path.suffix.lower() == ".jsonl" for f in inputs)
    if not (shown and many and console.is_terminal):
        return nullcontext()
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    progress = Progress(*columns, console=console, transient=True, redirect_stdout=False)
    task = progress.add_task("0 documents", total=sum(found.size for found in inputs) or None)

    def advance(size: int) -> None:
        progress.update(task, advance=size, description=f"{run.documents:,} documents")

    run.advance = advance
    return progress
