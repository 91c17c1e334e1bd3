"""How sure an argument must be to be given: strict argument F1 on the dev documents, for several limits, as JSON.

    python -m eval.limits [--model FOLDER] [--out eval/results/limits.json]

The limits are `threshold`, of a span in a role, and `least`, of event, span and role together (`[model]` of
training/configs/arguments.toml, which says what ships).
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

from eval.evaluate import DEFAULT_SETS, score_documents
from eval.record import of_model
from yaowen.assemble import ArgumentModel
from yaowen.extractor import Extractor
from yaowen.formats.annotated import read
from yaowen.tagger.folder import ModelFolder, digest
from yaowen.tagger.onnx_backend import OnnxBackend
from yaowen.tagger.tagger import Backend, Tagger, Tagging

THRESHOLDS = (0.3, 0.4, 0.5)
LEAST = (0.0, 0.1, 0.2, 0.25, 0.3, 0.35, 0.4)


class Remembered(Tagger):
    """A tagger that reads every text once: only what becomes of the spans is asked for with several limits."""

    __slots__ = ("_known",)

    def __init__(self, folder: ModelFolder, backend: Backend) -> None:
        super().__init__(folder, backend)
        self._known: dict[str, Tagging] = {}

    def tag(self, texts: Sequence[str]) -> list[Tagging]:
        if new := [text for text in dict.fromkeys(texts) if text not in self._known]:
            self._known |= zip(new, super().tag(new), strict=True)
        return [self._known[text] for text in texts]


def measure(path: Path) -> dict[str, Any]:
    """F1, precision and recall of the arguments end to end, and F1 on gold spans, by limits."""
    model, folder = ArgumentModel.load(path), ModelFolder.load(path)
    tagger = Remembered(folder, OnnxBackend(folder, threads=1))
    documents = [d for file in DEFAULT_SETS.values() for d in read(file)]
    rows = []
    for threshold, least in product(sorted({*THRESHOLDS, model.threshold}), sorted({*LEAST, model.least})):
        limited = replace(model, threshold=threshold, least=least)
        scores = score_documents(documents, Extractor(tagger, limited), limited)
        found = scores.arguments.micro().to_dict()
        rows.append(
            {"threshold": threshold, "least": least}
            | {figure: found[figure] for figure in ("f1", "precision", "recall")}
            | {"f1 on gold spans": scores.arguments_on_gold.micro().to_dict()["f1"]}
        )
    chosen = {"threshold": model.threshold, "least": model.least}
    return {
        "model": digest(path / "model.safetensors"), "arguments": digest(path / "assembler.safetensors"),
        "data": {name: digest(file) for name, file in DEFAULT_SETS.items()}, "chosen": chosen, "limits": rows,
    }  # fmt: skip


if __name__ == "__main__":
    of_model(measure, __doc__)
