"""`yaowen export`: what a model finds, for people to correct in an annotation tool."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import click

from yaowen.archive.find import Outputs, find
from yaowen.cli.outputs import told
from yaowen.cli.predict import FAILED, NoModel, Run

TOOLS: Final = ("doccano", "label-studio", "yaowen")


@click.command("export")
@click.argument("paths", nargs=-1, required=True, metavar="FILE|DIR|GLOB…")
@click.option("--to", "tool", type=click.Choice(TOOLS), required=True, help="The tool, or our own JSON lines.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="File to write.")
@click.option("--published", metavar="DATE", help="Day of publication, YYYY-MM-DD, where an input does not say its own.")
@click.option(
    "--model", type=click.Path(path_type=Path), metavar="FOLDER", help="A model of your own instead of the built-in."
)
@click.option("--threads", type=click.IntRange(min=1), help="Processor threads; as many as there are cores without it.")
@click.pass_context
def export_command(
    ctx: click.Context, paths: tuple[str, ...], tool: str, out: Path, published: str | None, model: Path | None,
    threads: int | None,
) -> None:  # fmt: skip
    """Read documents and write what is found in them as pre-annotations, with the labels the tool needs beside them.

    \b
    yaowen export news/ --to label-studio --out tasks.json
    yaowen export news.jsonl --to doccano --out tasks.jsonl

    When they are corrected, `yaowen import` reads the tool's export.
    """

    def load() -> Any:
        if ctx.obj is not None:  # a factory given by the caller, as for `predict`
            return ctx.obj(path=model, threads=threads)
        import yaowen

        return yaowen.load(model, threads=threads)

    run = Run(load, lambda message: click.echo(told(message), err=True), published=published)
    try:
        count, labels = export(run, paths, tool, out)
    except (NoModel, OSError, ValueError) as error:
        click.echo(told(error), err=True)
        ctx.exit(FAILED)
    click.echo(f"{count} documents to {out}" + (f", labels to {labels}" if labels else ""))
    ctx.exit(FAILED if run.problems else 0)


def export(run: Run, paths: Sequence[str], tool: str, out: Path) -> tuple[int, Path | None]:
    """Write what a run finds in the form of a tool; how many documents, and the file of the tool's labels."""
    from yaowen.formats import annotated, doccano, label_studio
    from yaowen.formats.predicted import from_document

    outputs = Outputs(frozenset([out.resolve().as_posix()]))
    documents = [from_document(document) for document in run.extract_all(find(paths, outputs))]
    run.endings = outputs.endings
    run.tell_passed_over()
    if not documents:
        raise ValueError("no document was read, so nothing was written")
    writers: dict[str, Callable[..., None]] = {"doccano": doccano.write, "yaowen": annotated.write}
    if tool == "label-studio":
        label_studio.write(documents, out, as_predictions=True)
    else:
        writers[tool](documents, out)
    return len(documents), _write_labels(tool, out)


def _write_labels(tool: str, out: Path) -> Path | None:
    """The labels as the tool's set-up takes them, beside the tasks."""
    from yaowen.formats.spans import HOLDER, ROLE_NAMES
    from yaowen.schema import SPAN_LABELS

    roles = [HOLDER, *sorted(ROLE_NAMES)]
    if tool == "label-studio":
        path = out.with_suffix(".labels.xml")
        spans = "".join(f'    <Label value="{label}"/>\n' for label in SPAN_LABELS)
        relations = "".join(f'    <Relation value="{role}"/>\n' for role in roles)
        path.write_text(
            f'<View>\n  <Relations>\n{relations}  </Relations>\n  <Labels name="label" toName="text">\n{spans}  </Labels>\n'
            '  <Text name="text" value="$text"/>\n</View>\n',
            "utf-8",
        )
        return path
    if tool == "doccano":
        path = out.with_suffix(".labels.json")
        path.write_text(json.dumps([{"text": label} for label in SPAN_LABELS], indent=1) + "\n", "utf-8")
        return path
    return None
