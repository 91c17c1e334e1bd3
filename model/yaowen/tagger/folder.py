"""A model folder: what is in it, and that nothing in it is damaged, before anything is loaded from it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from yaowen.schema import SPAN_LABELS
from yaowen.tagger.confidence import Confidence
from yaowen.tagger.posterior import Chain, Scheme

SCHEMA: Final = "yaowen-model/1"
MANIFEST: Final = "manifest.json"
INT8: Final = "model-int8.onnx"  # optional: the graph with 8-bit weights
TRANSITIONS: Final = "transitions.json"  # optional
CALIBRATION: Final = "calibration.json"  # optional
REQUIRED: Final = ("config.json", "vocab.txt", "model.safetensors", "model.onnx")
REMEDY: Final = (
    "If this is the model that came with yaowen, install it again (pip install --force-reinstall yaowen); if it is a model "
    "of your own, export it again (python -m training.export FOLDER, in yaowen's repository)."
)


class ModelError(ValueError):
    """A model folder that cannot be used; the message says which file, why, and what to do."""


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """A folder whose files are those of its manifest."""

    path: Path
    version: str
    scheme: Scheme
    chain: Chain  # learned scores of neighbouring tags; free where the model has none
    confidence: Confidence | None  # from how likely a span is to its score; None: that is its score
    positions: int  # tokens the encoder reads at once, with [CLS] and [SEP]
    window: int  # tokens of a text it is given at once, without those two
    embeddings: int  # tokens the encoder knows
    files: frozenset[str]

    @classmethod
    def load(cls, path: Path | str) -> "ModelFolder":
        """Read and check a folder: form of the manifest, sha256 of every file, labels. Raises `ModelError`."""
        path = Path(path)
        if not path.is_dir():
            raise ModelError(f"{path}: there is no such model folder. {REMEDY}")
        manifest = _object(path / MANIFEST)
        if manifest.get("schema") != SCHEMA:
            raise ModelError(
                f"{path / MANIFEST}: schema is {manifest.get('schema')!r}, this yaowen reads {SCHEMA!r}. {REMEDY}"
            )
        files = manifest.get("files")
        if not isinstance(files, dict) or (lacking := [name for name in REQUIRED if name not in files]):
            what = f"does not list {lacking[0]}" if isinstance(files, dict) else "has no list of files"
            raise ModelError(f"{path / MANIFEST}: the manifest {what}. {REMEDY}")
        for name, wanted in files.items():
            _verify(path, name, wanted)
        config = _object(path / "config.json")
        scheme = _scheme(config, path)
        if list(scheme.labels) != manifest.get("labels"):
            raise ModelError(f"{path}: the labels of {MANIFEST} and of config.json are not the same. {REMEDY}")
        positions, embeddings = config.get("max_position_embeddings"), config.get("vocab_size")
        if not isinstance(positions, int) or not isinstance(embeddings, int) or positions < 16:
            raise ModelError(f"{path}/config.json: expected vocab_size and at least 16 max_position_embeddings. {REMEDY}")
        window = manifest.get("window", positions - 2)
        if not isinstance(window, int) or not 8 <= window <= positions - 2:
            raise ModelError(f"{path / MANIFEST}: window is {window!r}, expected 8 to {positions - 2} tokens. {REMEDY}")
        version = str(manifest.get("version", ""))
        chain = _chain(path / TRANSITIONS, scheme, config) if TRANSITIONS in files else Chain.free(len(scheme.labels))
        confidence = _confidence(path / CALIBRATION, scheme) if CALIBRATION in files else None
        listed = frozenset(files)
        return cls(path, version, scheme, chain, confidence, positions, window, embeddings, listed)

    def file(self, name: str) -> Path:
        """The path of a checked file; raises `ModelError` for one that the manifest does not list."""
        if name not in self.files:
            raise ModelError(f"{self.path}: the model has no {name}. {REMEDY}")
        return self.path / name


def write_manifest(folder: Path, version: str, window: int | None = None) -> Path:
    """Write the manifest for the files that a folder has now; sub-folders and hidden files are no part of a model.

    `window`: tokens of a text the model is given at once; by default as many as it has positions for.
    """
    names = sorted(p.name for p in folder.iterdir() if p.is_file() and p.name != MANIFEST and not p.name.startswith("."))
    record = {
        "schema": SCHEMA,
        "version": version,
        "labels": list(_scheme(_object(folder / "config.json"), folder).labels),
        **({} if window is None else {"window": window}),
        "files": {name: digest(folder / name) for name in names},
    }
    path = folder / MANIFEST
    path.write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n", "utf-8")
    return path


def _verify(folder: Path, name: str, wanted: Any) -> None:
    if Path(name).name != name or "\\" in name:
        raise ModelError(f"{folder / MANIFEST}: {name!r} is not a plain file name. {REMEDY}")
    path = folder / name
    try:
        found = digest(path)
    except FileNotFoundError:
        raise ModelError(f"{path}: this file of the model is missing. {REMEDY}") from None
    except OSError as error:
        raise ModelError(f"{path}: this file of the model cannot be read ({error.strerror}). {REMEDY}") from None
    if found != wanted:
        raise ModelError(
            f"{path}: this file of the model is damaged or was changed (sha256 {found[:12]}…, the manifest says "
            f"{str(wanted)[:12]}…). {REMEDY}"
        )


def digest(path: Path) -> str:
    """The sha256 of a file, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _object(path: Path) -> Mapping[str, Any]:
    try:
        record = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise ModelError(f"{path}: this file is missing, so the folder is not a model of yaowen. {REMEDY}") from None
    except ValueError as error:
        raise ModelError(f"{path}: not a JSON file ({error}). {REMEDY}") from None
    if not isinstance(record, dict):
        raise ModelError(f"{path}: expected a JSON object. {REMEDY}")
    return record


def _scheme(config: Mapping[str, Any], folder: Path) -> Scheme:
    names = config.get("id2label")
    if not isinstance(names, dict):
        raise ModelError(f"{folder}/config.json: id2label is missing, so this is not a token classifier. {REMEDY}")
    try:
        scheme = Scheme.of([names[str(index)] for index in range(len(names))])
    except (KeyError, ValueError) as error:
        raise ModelError(f"{folder}/config.json: id2label is not a BIO scheme: {error}. {REMEDY}") from None
    if unknown := [label for label in scheme.labels if label not in SPAN_LABELS]:
        raise ModelError(f"{folder}/config.json: unknown label {unknown[0]!r}; known: {', '.join(SPAN_LABELS)}. {REMEDY}")
    return scheme


def _confidence(path: Path, scheme: Scheme) -> Confidence:
    record = _object(path)
    try:
        return Confidence.of(record, scheme.labels)
    except ValueError as error:
        raise ModelError(f"{path}: {error}. {REMEDY}") from None


def _chain(path: Path, scheme: Scheme, config: Mapping[str, Any]) -> Chain:
    """The learned scores `{"tags", "start", "steps"}`, null where a step is not legal, in the order of the scheme."""
    record, names = _object(path), config["id2label"]
    if record.get("tags") != [names[str(index)] for index in range(len(names))]:
        raise ModelError(f"{path}: its tags are not those of config.json. {REMEDY}")
    try:
        start = np.array(record["start"], np.float32)[scheme.columns]  # null becomes not-a-number
        step = np.array(record["steps"], np.float32)[np.ix_(scheme.columns, scheme.columns)]
        return Chain(start, step)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise ModelError(f"{path}: not the scores of a chain of tags ({error}). {REMEDY}") from None
