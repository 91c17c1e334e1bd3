"""How much text the tagger should read at one time: span F1 on the dev documents for windows of several sizes, as JSON.

python -m eval.windows [--model FOLDER] [--out eval/results/windows.json]
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

from eval.evaluate import DEFAULT_SETS
from eval.record import of_model
from yaowen.evaluation.arguments import canonical
from yaowen.evaluation.spans import SpanScores, score
from yaowen.formats.annotated import read
from yaowen.tagger.folder import ModelFolder, digest
from yaowen.tagger.onnx_backend import OnnxBackend
from yaowen.tagger.tagger import Tagger

SIZES = (94, 126, 190, 254, 382, 510)  # tokens; with [CLS] and [SEP] they are even widths


def measure(path: Path) -> dict[str, Any]:
    """Strict F1 of entities, triggers and both, of the tagger alone, by size of the window."""
    folder = ModelFolder.load(path)
    documents = [canonical(d) for file in DEFAULT_SETS.values() for d in read(file)]
    texts = [d.text for d in documents]
    rows = {}
    for size in (s for s in SIZES if s <= folder.positions - 2):
        tagger = Tagger(replace(folder, window=size), OnnxBackend(folder, threads=1))
        total = SpanScores()
        for document, tagging in zip(documents, tagger.tag(texts), strict=True):
            gold = [(m.start, m.end, m.label) for m in document.spans]
            total += score(gold, [(s.start, s.end, s.label) for s in tagging.spans])
        triggers = [label for label in total.labels if label.startswith("TRIGGER")]
        entities = [label for label in total.labels if label not in triggers]
        named = (("entities", entities), ("triggers", triggers), ("all", None))
        rows[str(size)] = {name: round(total.micro(labels).f1, 4) for name, labels in named}
    return {"model": digest(path / "model.safetensors"), "window": folder.window, "sizes": rows}


if __name__ == "__main__":
    of_model(measure, __doc__)
