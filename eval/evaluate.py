"""Score a model on annotated documents and on the sample pages, whole chain, strict; record the figures as JSON.

    python -m eval.evaluate [--model FOLDER] [--set NAME=FILE ... | --tests] [--out eval/results/scores.json]

Spans count only with exact start, end and label; arguments with exact event type, trigger, role and span.
"""

import argparse
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaowen
from eval import samples
from eval.record import keep
from yaowen.assemble import ArgumentModel
from yaowen.document import Document
from yaowen.evaluation.arguments import argument_scores, gold_arguments, scores_on_gold_spans
from yaowen.evaluation.spans import SpanScores, score
from yaowen.extractor import DEFAULT_MODEL
from yaowen.formats.annotated import AnnotatedDocument, read
from yaowen.schema import ENTITY_LABELS, TRIGGER_TYPES, trigger_label
from yaowen.tagger.folder import digest

DEFAULT_SETS = {
    "authored dev": Path("data/authored/dev.jsonl"),
    "annotated dev": samples.SHARED / "corpora/annotated/dev.jsonl",
}
TEST_SETS = {"authored test": Path("data/authored/test.jsonl"), "news test": Path("build/news/test.jsonl")}
HEADLINES = ("entities", "triggers", "arguments on gold spans", "arguments end to end")
TRIGGER_LABELS = tuple(trigger_label(kind) for kind in TRIGGER_TYPES)

Place = Callable[[int, int], tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Scores:
    """Counts of one set: spans by label, arguments by `type.role` end to end and on gold spans."""

    documents: int
    characters: int
    spans: SpanScores
    arguments: SpanScores
    arguments_on_gold: SpanScores

    def __add__(self, other: "Scores") -> "Scores":
        return Scores(
            self.documents + other.documents, self.characters + other.characters, self.spans + other.spans,
            self.arguments + other.arguments, self.arguments_on_gold + other.arguments_on_gold,
        )  # fmt: skip

    def to_dict(self) -> dict[str, Any]:
        return {
            "documents": self.documents,
            "characters": self.characters,
            "entities": self.spans.micro(ENTITY_LABELS).to_dict(),
            "triggers": self.spans.micro(TRIGGER_LABELS).to_dict(),
            "arguments end to end": self.arguments.micro().to_dict(),
            "arguments on gold spans": self.arguments_on_gold.micro().to_dict(),
            "labels": self.spans.to_dict(),
            "roles end to end": self.arguments.to_dict(),
            "roles on gold spans": self.arguments_on_gold.to_dict(),
        }


def score_documents(gold: Iterable[AnnotatedDocument], extractor: yaowen.Extractor, model: ArgumentModel) -> Scores:
    """Scores of the whole chain on documents whose text is the raw text."""
    gold = list(gold)
    found = list(extractor.extract_many(d.text for d in gold))
    return _scores(gold, found, model, [(_same, _same)] * len(gold))


def score_samples(read_samples: Iterable[samples.Sample], extractor: yaowen.Extractor, model: ArgumentModel) -> Scores:
    """Scores of the whole chain on raw pages whose gold stands on a cleaned form."""
    read_samples = list(read_samples)
    found = [extractor.extract(s.raw) for s in read_samples]
    places: list[tuple[Place, Place]] = [(s.gold_places, s.raw_places) for s in read_samples]
    return _scores([s.gold for s in read_samples], found, model, places)


def _same(start: int, end: int) -> tuple[int, int]:
    return start, end


def _scores(
    gold: list[AnnotatedDocument], found: list[Document], model: ArgumentModel, places: list[tuple[Place, Place]]
) -> Scores:
    spans, arguments = SpanScores(), SpanScores()
    for annotated, document, (of_gold, of_raw) in zip(gold, found, places, strict=True):
        spans += score(
            {(*of_gold(m.start, m.end), m.label) for m in annotated.spans},
            {(*of_raw(s.start, s.end), s.label) for s in document.spans},
        )
        wanted = {(of_gold(*a), of_gold(*b), role) for a, b, role in gold_arguments(annotated)}
        predicted = {
            (of_raw(e.trigger.start, e.trigger.end), of_raw(a.span.start, a.span.end), f"{e.type}.{a.role}")
            for e in document.events
            for a in e.arguments
        }
        arguments += argument_scores([wanted], [predicted])
    characters = sum(len(d.text) for d in gold)
    return Scores(len(gold), characters, spans, arguments, scores_on_gold_spans(gold, model))


def evaluate(folder: Path, sets: dict[str, Path]) -> dict[str, Any]:
    """The figures of a model folder on named sets of annotated JSONL, on all of them, and on the samples if there."""
    extractor, model = yaowen.load(folder), ArgumentModel.load(folder)
    scores = {name: score_documents(read(path), extractor, model) for name, path in sets.items()}
    result: dict[str, Any] = {"model": digest(folder / "model.safetensors"), "sets": {}}
    result["data"] = {name: digest(path) for name, path in sets.items()}
    for name, value in scores.items():
        result["sets"][name] = value.to_dict()
    if len(scores) > 1:
        first, *others = scores.values()
        result["sets"]["all"] = sum(others, first).to_dict()
    if (samples.SHARED / "samples").is_dir():
        for sample in samples.read():
            result["sets"][f"sample {sample.name}"] = score_samples([sample], extractor, model).to_dict()
    return result


def present(sets: Mapping[str, Path]) -> dict[str, Path]:
    """Those whose file is there; what is missing, since not all of it is part of the project, is told."""
    for name, path in sets.items():
        if not path.exists():
            print(f"{name} is left out: no {path}", file=sys.stderr)
    return {name: path for name, path in sets.items() if path.exists()}


def summary(result: dict[str, Any]) -> str:
    """The headline figures as plain text, a line a set."""
    rows = [f"{'strict F1':24}{'documents':>10}" + "".join(f"{name:>25}" for name in HEADLINES)]
    for name, figures in result["sets"].items():
        values = [figures[k]["f1"] for k in HEADLINES]
        rows.append(f"{name:24}{figures['documents']:>10}" + "".join(f"{value:>25.3f}" for value in values))
    return "\n".join(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=DEFAULT_MODEL)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--set", action="append", default=[], metavar="NAME=FILE", help="instead of the dev documents")
    which.add_argument("--tests", action="store_true", help="the test documents, which choose nothing, instead")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    sets = {name: Path(path) for name, _, path in (entry.partition("=") for entry in arguments.set)}
    known = TEST_SETS if arguments.tests else DEFAULT_SETS
    result = evaluate(arguments.model, sets or present(known))
    print(summary(result))
    if arguments.out:
        keep(result, arguments.out)


if __name__ == "__main__":
    main()
