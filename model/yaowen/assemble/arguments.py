"""The argument model: how likely a span fills a role of an event, from the features of the pair.

A bag of features, each with a vector; their sum is normalised, rectified and read by one linear unit a role (a deep
averaging network, Iyyer et al. 2015, over structural features instead of words). Trained by `training/arguments.py`;
kept in the model folder as `assembler.json` (features, roles, thresholds) and `assembler.safetensors` (weights).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from yaowen.assemble.features import Features
from yaowen.data_files import read_safetensors
from yaowen.schema import ROLES

FORMAT = "yaowen-arguments/1"
EPSILON = 1e-5
ROLE_NAMES = tuple(f"{kind}.{role}" for kind, roles in ROLES.items() for role in roles)


@dataclass(frozen=True, slots=True)
class ArgumentModel:
    """Feature vectors float32 (features, hidden), output weights (roles, hidden) and bias (roles,).

    A span plays a role whose probability is above `threshold`; the argument is given if event, span and role are together
    at least `least` likely.
    """

    features: dict[str, int]
    vectors: np.ndarray
    scale: np.ndarray
    shift: np.ndarray
    output: np.ndarray
    bias: np.ndarray
    threshold: float
    least: float = 0.0

    @classmethod
    def load(cls, folder: Path) -> "ArgumentModel":
        """Read the model of a folder; `ValueError` where a file is missing or of another format."""
        description = folder / "assembler.json"
        if not description.exists():
            raise ValueError(
                f"{description} is missing: the folder has a tagger but no argument model. Train one with"
                f" `python -m training.arguments --output {folder}`, or copy the two assembler files of another model."
            )
        table = json.loads(description.read_text("utf-8"))
        if table.get("format") != FORMAT or tuple(table["roles"]) != ROLE_NAMES:
            raise ValueError(f"{description}: made for another version of yaowen (expected format {FORMAT}); train it again")
        arrays = read_safetensors(folder / "assembler.safetensors")
        named = {name: array.astype(np.float32) for name, array in arrays.items()}
        features = {name: i for i, name in enumerate(table["features"])}
        return cls(features, threshold=table["threshold"], least=table.get("least", 0.0), **named)

    def probabilities(self, pairs: Sequence[Features]) -> np.ndarray:
        """Probability of every role for every pair: float32 (pairs, roles)."""
        parts = list({id(part): part for features in pairs for part in features}.values())
        place = {id(part): row for row, part in enumerate(parts)}  # what pairs share is summed once
        sums = self._sums(parts)
        rows = np.array([[place[id(part)] for part in features] for features in pairs])
        return _sigmoid(self._logits(sums[rows].sum(1)))

    def _sums(self, parts: Sequence[Sequence[str]]) -> np.ndarray:
        """The summed vectors of the known features of each part, float32 (parts, hidden)."""
        known = [[self.features[name] for name in names if name in self.features] for names in parts]
        sums = np.zeros((len(parts), self.vectors.shape[1]), np.float32)
        lengths = np.array([len(ids) for ids in known])
        filled = np.flatnonzero(lengths)
        if len(filled):
            starts = np.cumsum(lengths[filled]) - lengths[filled]
            sums[filled] = np.add.reduceat(self.vectors[np.concatenate([known[i] for i in filled])], starts)
        return sums

    def cues(self, features: Features, role: str, most: int = 4) -> tuple[str, ...]:
        """The features that spoke loudest for a role: by how much the score falls when each is left out."""
        known = [name for name in features.names() if name in self.features]
        vectors = self.vectors[[self.features[name] for name in known]]
        whole = vectors.sum(0)
        column = ROLE_NAMES.index(role)
        losses = self._logits(whole)[column] - self._logits(whole - vectors)[:, column]
        order = np.argsort(-losses, kind="stable")[:most]
        return tuple(known[i] for i in order if losses[i] > 0)

    def _logits(self, sums: np.ndarray) -> np.ndarray:
        """(…, hidden) to (…, roles)."""
        centred = sums - sums.mean(-1, keepdims=True)
        normal = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + EPSILON)
        return np.maximum(normal * self.scale + self.shift, 0) @ self.output.T + self.bias


def _sigmoid(logits: np.ndarray) -> np.ndarray:
    return (1 / (1 + np.exp(-np.clip(logits, -60, 60)))).astype(np.float32)
