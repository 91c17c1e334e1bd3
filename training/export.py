"""Make a yaowen model of a fine-tuned folder.

    python -m training.export FOLDER [--half] [--version 0.1.0] [--window 510]

FOLDER holds a `BertForTokenClassification` (`config.json`, `model.safetensors` in float32 or float16) and `vocab.txt`. With
`--half` its weights are first rewritten in half precision, half the size; all computes in float32 either way. Written there:
`tokenizer.json` and `tokenizer_config.json` for transformers, `model.onnx` (the graph; its weights are those in
`model.safetensors`), `model-int8.onnx` (the one for 8-bit weights, which are made of them when it is loaded), and last
`manifest.json` with the sha256 of every file. Run it again after any change to the folder. A `calibration.json` that was
fitted to other weights is removed.
"""

import argparse
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto
from safetensors.numpy import load_file, save_file

from training.hf_tokenizer import write_tokenizer
from training.onnx_graph import WEIGHTS, bert_token_classifier, check_config, read_header
from yaowen.tagger.folder import CALIBRATION, INT8, ModelFolder, digest, write_manifest

ASSEMBLER = ("assembler.json", "assembler.safetensors")
OWN = "own"  # the version of a model that is none of the project's
HALF_RANGE = float(np.finfo(np.float16).max)
TOLERANCE = 1e-4  # largest difference of a logit between the graph and transformers


def export(
    folder: Path,
    version: str,
    window: int | None = None,
    half: bool = False,
) -> ModelFolder:
    """Write everything that is derived from a fine-tuned model, and load it as a user would.

    `half`: rewrite the weights in half precision first. Raises `ValueError` for a folder that is not of the form above, and
    for weights that half precision cannot hold.
    """
    for name in ("config.json", "model.safetensors", "vocab.txt"):
        if not (folder / name).is_file():
            raise ValueError(f"{folder / name} is missing: export takes the folder that training.finetune wrote")
    config = json.loads((folder / "config.json").read_text("utf-8"))
    check_config(config, folder)  # before anything is rewritten
    if half:
        _halve(folder / WEIGHTS)
    _compute_in_float32(folder, config)
    write_tokenizer(folder, int(config["max_position_embeddings"]))
    for name, eight_bits in (("model.onnx", False), (INT8, True)):
        onnx.save(bert_token_classifier(folder, eight_bits), str(folder / name))
        onnx.checker.check_model(str(folder / name))
    # Umask and temporary files leave saved weights readable by their owner alone: no use in a package.
    for path in folder.iterdir():
        if path.is_file():
            path.chmod(0o644)
    _drop_calibration_of_others(folder)
    write_manifest(folder, version, window)
    return ModelFolder.load(folder)


def _halve(path: Path) -> None:
    """Rewrite a safetensors file in float16. Raises `ValueError`, with the file as it was, for a value beyond its range."""
    read_header(path)  # refuses what is neither float32 nor float16
    weights = load_file(path)
    for name, tensor in weights.items():
        if not (largest := np.abs(tensor).max(initial=0)) <= HALF_RANGE:  # not-a-number neither
            raise ValueError(
                f"{path}: tensor {name} holds {largest:g}, half precision ends at {HALF_RANGE:g}; export without --half"
            )
    save_file({name: tensor.astype(np.float16) for name, tensor in weights.items()}, path, {"format": "pt"})


def _compute_in_float32(folder: Path, config: dict[str, Any]) -> None:
    """Let `config.json` of half-precision weights say float32: what it says transformers computes in, else as stored."""
    stored = {place.kind for place in read_header(folder / WEIGHTS).values()}
    if TensorProto.FLOAT16 not in stored or (config.get("dtype") == "float32" and "torch_dtype" not in config):
        return
    config = {key: value for key, value in config.items() if key != "torch_dtype"} | {"dtype": "float32"}
    (folder / "config.json").write_text(json.dumps(config, ensure_ascii=False, indent=2) + "\n", "utf-8")


def _drop_calibration_of_others(folder: Path) -> None:
    """Remove a calibration that was fitted to other weights."""
    path = folder / CALIBRATION
    if path.exists() and json.loads(path.read_text("utf-8")).get("weights") != digest(folder / "model.safetensors"):
        path.unlink()


def complete(folder: Path, base: Path, window: int) -> ModelFolder:
    """Make a fine-tuned folder a whole model with what `base`, a model, says about arguments and scores.

    Raises `ValueError` where `base` is not a model with an assembler.
    """
    model = ModelFolder.load(base)
    for name in ASSEMBLER:
        shutil.copy(model.file(name), folder / name)
    if CALIBRATION in model.files:  # of the base: closer than none; `python -m eval.calibrate` fits one of its own
        record = json.loads(model.file(CALIBRATION).read_text("utf-8"))
        record |= {"weights": digest(folder / "model.safetensors")}
        (folder / CALIBRATION).write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n", "utf-8")
    positions = json.loads((folder / "config.json").read_text("utf-8"))["max_position_embeddings"]
    return export(folder, OWN, min(window, positions - 2))


def largest_difference(folder: ModelFolder, seed: int = 0) -> float:
    """Between the logits of the ONNX graph and those of transformers, over random padded batches."""
    from yaowen.tagger.onnx_backend import OnnxBackend
    from yaowen.tagger.torch_backend import TorchBackend

    rng = np.random.default_rng(seed)
    backends = OnnxBackend(folder, threads=1), TorchBackend(folder, threads=None, device="cpu")
    largest = 0.0
    for rows, width in ((1, 5), (3, folder.positions // 3), (2, folder.positions)):
        ids = rng.integers(5, folder.embeddings, (rows, width))
        mask = (np.arange(width) < rng.integers(2, width + 1, (rows, 1))).astype(np.int64)
        ours, theirs = (backend.logits(ids, mask) for backend in backends)
        largest = max(largest, float(np.abs(ours - theirs)[mask == 1].max()))
    return largest


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--version", default="0.1.0")
    parser.add_argument("--window", type=int, help="characters read at once; default: as many as the model can")
    parser.add_argument("--half", action="store_true", help="rewrite the weights in half precision: half the size on disk")
    arguments = parser.parse_args()
    try:
        folder = export(arguments.folder, arguments.version, arguments.window, arguments.half)
    except ValueError as error:
        parser.error(str(error))
    difference = largest_difference(folder)
    size = sum((folder.path / name).stat().st_size for name in folder.files)
    print(f"{folder.path}: {size / 1e6:.1f} MB in {len(folder.files)} files, logits within {difference:.1e} of transformers")
    if difference > TOLERANCE:
        parser.exit(1, f"that is more than {TOLERANCE:g}: the graph does not compute this model\n")


if __name__ == "__main__":
    main()
