"""`yaowen evaluate` without a shell: from files and models to a report, and the report to its three files."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from yaowen.evaluation.bootstrap import SAMPLES, weights
from yaowen.evaluation.compare import compare
from yaowen.evaluation.files import BadData, read_gold, read_predictions
from yaowen.evaluation.reading import Reading, from_record
from yaowen.evaluation.report import build
from yaowen.formats.units import write_text

if TYPE_CHECKING:
    from yaowen.document import Document
    from yaowen.extractor import Input


class Extractor(Protocol):
    """What evaluating needs of `yaowen.Extractor`."""

    def extract_many(self, items: "Iterable[str | Input]") -> "Iterator[Document]": ...


FEW: Final = 10  # documents below which resampling them says little
Load = Callable[[Path | None], Extractor]  # a model folder, None for the built-in one


@dataclass(frozen=True, slots=True)
class Job:
    """What to evaluate: a gold with its format and labels, predictions or a model to make them, what to compare with.

    `against` is a model folder or a file of predictions. `forms`: also read the documents in other forms.
    """

    gold: Path
    model: Path | None = None
    pred: Path | None = None
    against: Path | None = None
    format: str = ""
    labels: str = ""
    forms: bool = True
    samples: int = SAMPLES

    def __post_init__(self) -> None:
        if self.model and self.pred:
            raise ValueError("a model and predictions were given; give one of them: what should be judged?")


def predict(extractor: Extractor, texts: Iterable[Reading]) -> Iterator[Reading]:
    """What an extractor finds in texts, each read as published when its reading says."""
    from yaowen.extractor import Input

    documents = extractor.extract_many(Input(t.text, t.id, t.published) for t in texts)
    return (from_record(document.to_dict(), document.raw) for document in documents)


def evaluate(job: Job, load: Load, say: Callable[[str], None] = lambda message: None) -> dict[str, Any]:
    """The report of a job. Raises `BadData` where gold or predictions cannot be scored; `say` hears of progress."""
    notes: list[str] = []
    gold = read_gold(job.gold, job.format, job.labels, notes)
    if len(gold) < FEW:
        notes.append(f"{len(gold)} documents are few: intervals and p-values of fewer than {FEW} mean little")
    say(f"{len(gold)} documents")
    extractor = None if job.pred else load(job.model)
    found = list(predict(extractor, gold)) if extractor else read_predictions(_given(job.pred), gold, notes)
    say("scoring")
    report = build(gold, found, job.samples)
    drawn = weights(len(gold), job.samples)
    about = [_line("yaowen", _version()), _line("gold", f"{job.gold} ({_digest(job.gold)})"), _judged(job)]
    if extractor and job.forms:
        from yaowen.evaluation.robustness import robustness

        say("reading the documents in other forms")
        report["robustness"] = robustness(gold, found, lambda texts: predict(extractor, texts), drawn)
    if extractor:
        report["coverage"] = _coverage(job.model, gold)
    if job.against:
        say(f"against {job.against}")
        other = _others(job.against, load, gold, notes)
        names = list(report["measures"])
        report["comparison"] = {"other": str(job.against)} | compare(gold, found, other, names, drawn)
    empty = {"robustness": None, "coverage": None, "comparison": None}
    return {"about": about, "notes": notes} | empty | report


def _given(path: Path | None) -> Path:
    if path is None:
        raise ValueError("neither a model nor predictions were given")
    return path


def _others(path: Path, load: Load, gold: Sequence[Reading], notes: list[str]) -> list[Reading]:
    if (path / "config.json").exists():
        return list(predict(load(path), gold))
    return read_predictions(path, gold, notes)


def _coverage(model: Path | None, gold: Sequence[Reading]) -> dict[str, Any] | None:
    from yaowen.evaluation.coverage import coverage
    from yaowen.extractor import DEFAULT_MODEL

    return coverage(model or DEFAULT_MODEL, [reading.text for reading in gold])


def _judged(job: Job) -> dict[str, str]:
    if job.pred:
        return _line("predictions", f"{job.pred} ({_digest(job.pred)})")
    from yaowen.extractor import DEFAULT_MODEL

    name = str(job.model) if job.model else "built-in"
    return _line("model", f"{name} ({_digest((job.model or DEFAULT_MODEL) / 'model.onnx')})")


def _line(name: str, value: str) -> dict[str, str]:
    return {"name": name, "value": value}


def _digest(path: Path) -> str:
    """The beginning of the sha256 of a file, which says what a figure was measured on."""
    return f"sha256 {hashlib.sha256(path.read_bytes()).hexdigest()[:16]}…" if path.is_file() else "a folder"


def _version() -> str:
    try:
        return version("yaowen")
    except PackageNotFoundError:
        return "not installed: run from a source tree"


def write(report: Mapping[str, Any], folder: Path) -> list[Path]:
    """Write `report.json`, then `report.md` and `report.html` made from it; raises `ImportError` where those need more."""
    from yaowen.evaluation.render import markdown, page

    folder.mkdir(parents=True, exist_ok=True)
    written = [folder / name for name in ("report.json", "report.md", "report.html")]
    write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n", written[0])
    kept = json.loads(written[0].read_text("utf-8"))
    write_text(markdown(kept), written[1])
    write_text(page(kept), written[2])
    return written


def summary(report: Mapping[str, Any]) -> str:
    """The figures of a report in a few lines, for a terminal."""
    from yaowen.evaluation.render import ends

    rows = [f"{'':26}{'P':>8}{'R':>8}{'F1':>8}   interval"]
    for part in report["measures"].values():
        micro = part["micro"]
        figures = "".join(f"{micro[name]:8.3f}" for name in ("precision", "recall", "f1"))
        rows.append(f"{part['title']:26}{figures}   {ends(micro['interval'])}")
    if report["comparison"]:
        rows.append(f"against {report['comparison']['other']}")
        for name, part in report["comparison"]["measures"].items():
            title = report["measures"][name]["title"]
            rows.append(f"{title:26}{part['difference']:+8.3f} F1   p {part['p']:.3f}")
    return "\n".join(rows)


__all__ = ["BadData", "Extractor", "Job", "Load", "evaluate", "predict", "summary", "write"]
