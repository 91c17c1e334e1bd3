"""`yaowen evaluate`: how far a model can be trusted on annotated documents, as a report."""

import sys
from pathlib import Path
from typing import Any

import click

from yaowen.cli.outputs import told

FAILED = 1


@click.command("evaluate")
@click.argument("gold", type=click.Path(exists=True, path_type=Path))
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder for the report.")
@click.option(
    "--model", type=click.Path(path_type=Path), metavar="FOLDER", help="A model of your own instead of the built-in."
)
@click.option(
    "--pred", type=click.Path(exists=True, path_type=Path), metavar="FILE",
    help="Predictions instead of a model: what `yaowen predict --format jsonl` wrote, or any format that gold may have.",
)  # fmt: skip
@click.option(
    "--against", type=click.Path(exists=True, path_type=Path), metavar="OTHER",
    help="Compare with a model folder or with predictions on the same gold.",
)  # fmt: skip
@click.option("--format", "format_", metavar="NAME", default="", help="Format of the gold; found out without it.")
@click.option("--labels", metavar="TABLE", default="", help="Turn labels of a public set into ours, e.g. resume.")
@click.option("--forms/--no-forms", default=True, help="Also read the documents in five other forms (traditional, HTML, …).")
@click.option("--samples", type=click.IntRange(min=100), default=1000, show_default=True, help="Bootstrap samples.")
@click.option("--threads", type=click.IntRange(min=1), help="Processor threads; as many as there are cores without it.")
@click.pass_context
def evaluate_command(
    ctx: click.Context, gold: Path, out: Path, model: Path | None, pred: Path | None, against: Path | None, format_: str,
    labels: str, forms: bool, samples: int, threads: int | None,
) -> None:  # fmt: skip
    """Score a model, or predictions, on annotated documents and write a report: report.json, report.md, report.html.

    GOLD is a file or folder of our JSON lines, doccano, Label Studio, brat or CoNLL.

    \b
    yaowen evaluate gold.jsonl --out report/
    yaowen evaluate gold.jsonl --pred predictions.jsonl --out report/
    yaowen evaluate gold.jsonl --model mine/ --against theirs/ --out report/

    Strict: a span counts with its exact start, end and label only. The exit status is 1 where gold or predictions
    cannot be scored.
    """
    from yaowen.evaluation import run

    def load(folder: Path | None) -> Any:
        if ctx.obj is not None:  # a factory given by the caller, as for `predict`
            return ctx.obj(path=folder, threads=threads)
        import yaowen

        return yaowen.load(folder, threads=threads)

    if model and pred:
        raise click.UsageError("--model and --pred were given: say which of them is to be judged.")
    job = run.Job(gold, model, pred, against, format_, labels, forms, samples)
    progress = (lambda message: click.echo(told(message), err=True)) if sys.stderr.isatty() else lambda message: None
    try:
        report = run.evaluate(job, load, progress)
        written = run.write(report, out)
    except (ValueError, OSError, ImportError) as error:
        click.echo(told(error), err=True)
        ctx.exit(FAILED)
    click.echo(run.summary(report))
    for path in written:
        click.echo(str(path))
