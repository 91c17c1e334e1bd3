"""`yaowen import`: annotated files of any format into ours, checked."""

from pathlib import Path

import click

from yaowen.cli.outputs import told
from yaowen.cli.predict import FAILED

MEND = "Mend what is told above, or leave those documents out, and import again."
ANNOTATE = (
    "No annotated document was found: what `yaowen export` wrote for a tool are suggestions of a model. Load that file into"
    " the tool, correct and submit the documents there, and import the file that the tool exports."
)


@click.command("import")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path), metavar="FILE|DIR…")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="File of JSON lines to write.")
@click.option("--format", "format_", metavar="NAME", default="", help="Format of the files; found out without it.")
@click.option("--labels", metavar="TABLE", default="", help="Turn labels of a public set into ours, e.g. resume.")
@click.pass_context
def import_command(ctx: click.Context, paths: tuple[Path, ...], out: Path, format_: str, labels: str) -> None:
    """Read annotated documents of doccano, Label Studio, brat, CoNLL and others into JSON lines to evaluate or train with.

    \b
    yaowen import project-1.json --out gold.jsonl

    What could not be scored or learnt from (spans over one another, unknown labels, offsets beyond the text) is refused
    with its place, and nothing is written; nor is it where no document has been annotated.
    """
    import warnings

    from yaowen import formats
    from yaowen.formats import annotated
    from yaowen.formats.form import problems

    documents, wrong = [], []
    with warnings.catch_warnings(record=True) as notes:
        warnings.simplefilter("always")
        try:
            for path in (file for given in paths for file in formats.files(given)):
                for result in formats.attempt(path, format_, labels):
                    if isinstance(result, ValueError):
                        wrong.append(str(result))
                    else:
                        documents.append(result)
                        wrong += [f"{path}, document {result.id!r}: {problem}" for problem in problems(result)]
        except (ValueError, OSError) as error:
            wrong.append(str(error))
    for message in [*dict.fromkeys(f"note: {note.message}" for note in notes), *wrong]:
        click.echo(told(message), err=True)
    if wrong or not documents:
        click.echo(told(f"{out}: nothing was written. {MEND if wrong else ANNOTATE}"), err=True)
        ctx.exit(FAILED)
    try:
        annotated.write(documents, out)
    except OSError as error:
        click.echo(
            told(f"{out}: cannot write: {error.strerror or error}. Check the place, its space and permissions."), err=True
        )
        ctx.exit(FAILED)
    spans, events = (sum(len(getattr(d, part)) for d in documents) for part in ("spans", "events"))
    click.echo(f"{len(documents)} documents, {spans} spans, {events} events to {out}")
