"""Reports of a model on the dev documents and on the sample pages, as `yaowen evaluate` makes them for users.

    python -m eval.reports [--model FOLDER] [--out build/reports]

The samples' gold stands on a cleaned form of the pages; here it is carried to the raw pages, which are what is read. Reports
hold sentences of their documents, so they are for looking at here and never part of the repository.
"""

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path

import yaowen
from eval import samples
from eval.evaluate import DEFAULT_SETS
from yaowen.evaluation import run
from yaowen.formats import annotated
from yaowen.formats.annotated import AnnotatedDocument, Event, Mark, Role


def on_raw(sample: samples.Sample) -> AnnotatedDocument:
    """The gold of a sample with offsets into its raw page; what the page does not say is left out."""

    def place(item: Mark | Event | Role) -> tuple[int, int] | None:
        first, last = sample.gold_places(item.start, item.end)
        return sample.raw_places.raw_range(first, last) if 0 <= first < last else None

    spans = [(m, at) for m in sample.gold.spans if (at := place(m))]
    starts = {m.start: at[0] for m, at in spans}
    marks = [
        replace(m, start=a, end=b, holder=starts.get(m.holder) if m.holder is not None else None) for m, (a, b) in spans
    ]
    events = []
    for event in sample.gold.events:
        at, roles = place(event), [(r, spot) for r in event.arguments if (spot := place(r))]
        if at:
            events.append(Event(event.type, *at, tuple(Role(r.role, *spot) for r, spot in roles)))
    return replace(sample.gold, id=sample.name, text=sample.raw, spans=tuple(marks), events=tuple(events))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--out", type=Path, default=Path("build/reports"))
    chosen = parser.parse_args()
    golds = {name: path for name, path in DEFAULT_SETS.items() if path.exists()}
    with tempfile.TemporaryDirectory() as folder:
        if (samples.SHARED / "samples").is_dir():
            golds["samples"] = Path(folder) / "samples.jsonl"
            annotated.write(map(on_raw, samples.read()), golds["samples"])
        for name, gold in golds.items():
            report = run.evaluate(run.Job(gold, chosen.model), lambda model: yaowen.load(model))
            *_, page = run.write(report, chosen.out / name.replace(" ", "-"))
            print(f"{name}: {page}\n{run.summary(report)}\n")


if __name__ == "__main__":
    main()
