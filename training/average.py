"""The mean of several fine-tunings of one model, weight by weight (Wortsman et al. 2022, "Model soups").

    python -m training.average FOLDER FOLDER ... --out FOLDER

The folders are taggers of `training.finetune` that began from the same weights and differ by their seeds or settings: only
then is the mean of their weights a model, about as good as all of them read together, in the time of one.
"""

import argparse
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from transformers import BertConfig

from training.encoders import WEIGHTS
from yaowen.tagger.folder import TRANSITIONS

# What config.json says of where a model is from, how it is stored and how it was trained; all else says what it computes.
FREE = {
    "_name_or_path", "transformers_version", "dtype", "torch_dtype", "architectures",
    "hidden_dropout_prob", "attention_probs_dropout_prob", "classifier_dropout", "initializer_range",
}  # fmt: skip


def average(folders: Sequence[Path], output: Path) -> None:
    """Write the mean as a folder like the others. Raises `ValueError` for folders of models that differ in form."""
    for folder in folders:
        for name in ("config.json", WEIGHTS, "vocab.txt", TRANSITIONS):
            if not (folder / name).is_file():
                raise ValueError(f"{folder / name} is missing: expected a tagger of training.finetune")
    models = [load_file(folder / WEIGHTS) for folder in folders]
    shapes = [{name: tuple(tensor.shape) for name, tensor in model.items()} for model in models]
    for folder, shape in zip(folders, shapes, strict=True):
        same = shape == shapes[0] and (folder / "vocab.txt").read_bytes() == (folders[0] / "vocab.txt").read_bytes()
        if not same or _tags(folder) != _tags(folders[0]):
            raise ValueError(f"{folder} has another form, vocabulary or other tags than {folders[0]}: they have no mean")
        settings, wanted = _settings(folder), _settings(folders[0])
        if other := [name for name in wanted.keys() | settings.keys() if settings.get(name) != wanted.get(name)]:
            name = min(other)
            raise ValueError(
                f"{folder}/config.json: {name} is {settings.get(name)!r}, that of {folders[0]} is {wanted.get(name)!r}:"
                " they have no mean"
            )
    if output.exists() and not output.is_dir():
        raise ValueError(f"{output} is a file; name a folder for the mean")
    if output.exists() and any(output.iterdir()):
        raise ValueError(f"{output} holds other files: they would not belong to the mean; name another folder, or empty it")
    chains = [json.loads((folder / TRANSITIONS).read_text("utf-8")) for folder in folders]
    output.mkdir(parents=True, exist_ok=True)
    mean = {name: torch.stack([m[name].float() for m in models]).mean(0) for name in models[0]}
    save_file(mean, output / WEIGHTS, metadata={"format": "pt"})
    for name in ("config.json", "vocab.txt"):
        shutil.copyfile(folders[0] / name, output / name)
    record = {"tags": chains[0]["tags"]} | {part: _mean([c[part] for c in chains]) for part in ("start", "steps")}
    (output / TRANSITIONS).write_text(json.dumps(record) + "\n", "utf-8")


def _settings(folder: Path) -> dict[str, Any]:
    """What `config.json` says of what a model computes; what it leaves out is as transformers has it."""
    config = BertConfig.from_dict(json.loads((folder / "config.json").read_text("utf-8"))).to_dict()
    return {name: value for name, value in config.items() if name not in FREE}


def _tags(folder: Path) -> tuple[Any, Any]:
    """The classifier's tags and the chain's."""
    config, chain = (json.loads((folder / name).read_text("utf-8")) for name in ("config.json", TRANSITIONS))
    return config["id2label"], chain["tags"]


def _mean(scores: list[Any]) -> Any:
    """The mean of lists of lists of scores, null where all are."""
    if isinstance(scores[0], list):
        return [_mean(list(part)) for part in zip(*scores, strict=True)]
    return None if scores[0] is None else round(float(np.mean(scores)), 4)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+", metavar="FOLDER")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    try:
        average(arguments.folders, arguments.out)
    except ValueError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
