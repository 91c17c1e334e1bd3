"""Scores of the heads that stage 1 of fine-tuning trains, on the official test splits of their public sets.

    python -m training.public_scores RUN_FOLDER

Scores the heads that a run kept (`encoder/heads.safetensors`) once more and writes the figures into its `metrics.json`.
A span counts only with exact start, end and label, in every official label of the set: seqeval, strict, IOB2.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from seqeval.metrics import classification_report
from seqeval.scheme import IOB2

from data import labelled
from training.chain import Chain
from training.model import Tagger, load_encoder
from yaowen.formats.annotated import Mark
from yaowen.tagger.posterior import Scheme, likely, log_softmax
from yaowen.tagger.vocabulary import Vocabulary
from yaowen.tagger.windows import Placed, batches, place, stack

WINDOW = 254  # characters that an encoder trained on windows of 256 tokens reads at once
CONTEXT = WINDOW // 8
BATCH = 4096  # tokens that go through the encoder together
HEADS = "heads"  # the files beside the encoder: heads.json, heads.safetensors


def score(
    model: Tagger, heads: Mapping[str, Sequence[str]], vocabulary: Vocabulary, folder: Path, splits: Mapping[str, str]
) -> dict[str, Any]:
    """Precision, recall and F1 of each set for which `splits` names a split and the model has a head."""
    model.eval()
    found = {}
    for name, split in splits.items():
        head = head_name(name)
        if head in heads:
            texts = list(labelled.read(folder, name, split))
            predicted = spans(model, head, heads[head], vocabulary, [t.text for t in texts])
            gold = [t.spans for t in texts]
            found[name] = {"split": split, "texts": len(texts)} | strict([len(t.text) for t in texts], gold, predicted)
    return found


def head_name(name: str) -> str:
    """The name of a set's head: a module's name has no dot."""
    return name.replace(".", "_")


def spans(model: Tagger, head: str, names: Sequence[str], vocabulary: Vocabulary, texts: Sequence[str]) -> list[list[Mark]]:
    """What a head marks in each text: the spans that its chain, over the whole text, holds more likely than not."""
    scheme = Scheme.of(names)
    chain = cast(Chain, model.chains[head]).finished(scheme)
    placed = list(place(map(vocabulary.encode, texts), WINDOW, CONTEXT))
    scores = _logits(model, head, placed)
    marks: list[list[Mark]] = [[] for _ in texts]
    for number in dict.fromkeys(p.text for p in placed):
        mine = [i for i, p in enumerate(placed) if p.text == number]
        tokens = placed[mine[0]].tokens
        ends = np.arange(len(tokens.ids)) == len(tokens.ids) - 1  # the sets' spans may reach over a sentence end
        rows = np.concatenate([scores[i] for i in mine])[:, scheme.columns]
        found = likely(log_softmax(rows), ends, chain)
        for first, last, label in zip(found.firsts, found.lasts, found.labels, strict=True):
            marks[number].append(Mark(int(tokens.offsets[first]), int(tokens.offsets[last]) + 1, scheme.labels[label]))
    return marks


@torch.no_grad()
def _logits(model: Tagger, head: str, placed: Sequence[Placed]) -> list[np.ndarray]:
    """The scores of each window's core, float32 (tokens, tags)."""
    result: list[np.ndarray] = [np.empty(0)] * len(placed)
    device = model.bert.device
    for group in batches([p.window.length + 2 for p in placed], BATCH):
        ids, mask = stack([placed[i].tokens.ids[placed[i].window.start : placed[i].window.end] for i in group])
        read = model(torch.from_numpy(ids).to(device), torch.from_numpy(mask).to(device), head).cpu().numpy()
        for row, index in enumerate(group):
            window = placed[index].window
            result[index] = read[row, 1 + window.core_start - window.start : 1 + window.core_end - window.start]
    return result


def strict(lengths: Sequence[int], gold: Sequence[Sequence[Mark]], found: Sequence[Sequence[Mark]]) -> dict[str, Any]:
    """Micro precision, recall, F1 and number of gold spans, and the F1 of each label, by seqeval.

    >>> strict([4], [[Mark(0, 2, "PER"), Mark(2, 4, "LOC")]], [[Mark(0, 2, "PER"), Mark(2, 3, "LOC")]])["f1"]
    0.5
    """
    rows = [[_tags(n, marks) for n, marks in zip(lengths, side, strict=True)] for side in (gold, found)]
    report = classification_report(*rows, mode="strict", scheme=IOB2, output_dict=True, zero_division=0)
    micro = report.pop("micro avg")
    labels = {label: round(float(row["f1-score"]), 4) for label, row in report.items() if not label.endswith(" avg")}
    figures = {
        k: round(float(micro[n]), 4) for k, n in (("precision", "precision"), ("recall", "recall"), ("f1", "f1-score"))
    }
    return figures | {"gold": int(micro["support"]), "labels": labels}


def _tags(length: int, marks: Sequence[Mark]) -> list[str]:
    tags = ["O"] * length
    for mark in marks:
        tags[mark.start : mark.end] = [f"B-{mark.label}", *[f"I-{mark.label}"] * (mark.end - mark.start - 1)]
    return tags


def save_heads(model: Tagger, heads: Mapping[str, Sequence[str]], folder: Path) -> None:
    """Write the heads and chains beside the encoder, so that they can be scored again."""
    (folder / f"{HEADS}.json").write_text(json.dumps(heads, ensure_ascii=False, indent=1) + "\n", "utf-8")
    weights = {k: v.contiguous() for k, v in model.state_dict().items() if k.startswith(("heads.", "chains."))}
    save_file(weights, str(folder / f"{HEADS}.safetensors"))


def load_heads(folder: Path) -> tuple[Tagger, dict[str, list[str]]]:
    """The encoder and heads that a run kept. Raises `ValueError` where there are none."""
    if not (folder / f"{HEADS}.json").is_file():
        raise ValueError(f"{folder}: no {HEADS}.json; the public stage of training.finetune writes it beside its encoder")
    heads = json.loads((folder / f"{HEADS}.json").read_text("utf-8"))
    model = Tagger(load_encoder(folder, 0.0), heads)
    missing = model.load_state_dict(load_file(folder / f"{HEADS}.safetensors"), strict=False)
    if missing.unexpected_keys or any(not k.startswith("bert.") for k in missing.missing_keys):
        raise ValueError(f"{folder}: {HEADS}.safetensors does not hold the heads of {HEADS}.json")
    return model.eval(), heads


def main() -> None:
    from training import config
    from training.finetune import Settings

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--config", type=Path, help="whose public.folder and public.scored count; default: the run's own")
    arguments = parser.parse_args()
    try:
        public = config.load(Settings, arguments.config or arguments.run / "finetune.toml").public
        model, heads = load_heads(arguments.run / "encoder")
        scores = score(model, heads, Vocabulary.load(arguments.run / "encoder"), public.folder, public.scored)
    except ValueError as error:
        parser.error(str(error))
    path = arguments.run / "metrics.json"
    metrics = json.loads(path.read_text("utf-8")) if path.exists() else {}
    metrics.setdefault("public", {})["scores"] = scores
    path.write_text(json.dumps(metrics, ensure_ascii=False, indent=1) + "\n", "utf-8")
    for name, figures in scores.items():
        print(f"{name:20} {figures['split']:5} {figures['f1']:.4f}")


if __name__ == "__main__":
    main()
