"""What 8-bit weights cost in span F1 on the dev documents; recorded as JSON.

python -m eval.int8 [--model FOLDER] [--out eval/results/int8.json]
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from eval.evaluate import DEFAULT_SETS
from eval.record import of_model
from yaowen.evaluation.spans import Key, SpanScores, score
from yaowen.formats.annotated import read
from yaowen.tagger.folder import digest
from yaowen.tagger.tagger import BackendName, Tagger


def measure(folder: Path) -> dict[str, Any]:
    """Strict micro F1 over all labels of both graphs on each set and all of them, and of one graph against the other."""
    result: dict[str, Any] = {"model": digest(folder / "model.safetensors")}
    backends: tuple[BackendName, ...] = ("onnx", "onnx-int8")
    totals: dict[str, SpanScores] = dict.fromkeys((*backends, "agreement"), SpanScores())
    for name, path in DEFAULT_SETS.items():
        documents = read(path)
        gold: list[Sequence[Key]] = [[(m.start, m.end, m.label) for m in d.spans] for d in documents]
        found = {b: _spans(folder, b, [d.text for d in documents]) for b in backends}
        sums: dict[str, SpanScores] = {b: sum(map(score, gold, found[b]), SpanScores()) for b in backends}
        sums["agreement"] = sum(map(score, found["onnx"], found["onnx-int8"]), SpanScores())
        totals = {key: totals[key] + sums[key] for key in totals}
        result[name] = {key: round(s.micro().f1, 4) for key, s in sums.items()}
    return result | {"all": {key: round(s.micro().f1, 4) for key, s in totals.items()}}


def _spans(folder: Path, backend: BackendName, texts: list[str]) -> list[Sequence[Key]]:
    return [[(s.start, s.end, s.label) for s in t.spans] for t in Tagger.load(folder, backend).tag(texts)]


if __name__ == "__main__":
    of_model(measure, __doc__)
