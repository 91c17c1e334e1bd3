"""A start for small encoders: an n-gram network written into a `transformers.BertModel`.

Two matrices carry the prior knowledge. Most dimensions of a character's embedding are its PPMI-SVD vector (co-occurrence
within a few characters, weight 1/distance; Levy & Goldberg 2014); the last 64 dimensions of a position's embedding are
sinusoids, wavelengths 3.3 to 300 in geometric steps. A head whose query and key both project those 64 dimensions, the query
rotated by an angle of `offset`, attends to the character `offset` places away. So the lower layers begin as relative-offset
heads and the rest learns from there; all weights stay trainable and the class stays plain BertModel.
"""

from typing import Any, cast

import numpy as np
import torch
from transformers import BertModel

POSITION_DIMS = 64
OFFSETS = ((-1, 1, -2, 2), (-1, 1, 0, 3), (-1, 1, -3, 4))  # by layer, by head; further layers start at random
SHARPNESS = 1.6  # size of the rotated query and key projections: how sharply a head looks at its offset
SCALE = 0.3  # standard deviation of the embeddings before layer normalisation


def ppmi_svd(ids: np.ndarray, vocabulary_size: int, dims: int, window: int = 4) -> np.ndarray:
    """Character vectors, float32 (vocabulary_size, dims), unit standard deviation; `ids` is one array of character ids."""
    from scipy.sparse import csr_matrix
    from scipy.sparse.linalg import svds

    counts = np.zeros((vocabulary_size, vocabulary_size), np.float32)
    ids = ids.astype(np.int64)
    for distance in range(1, window + 1):
        pairs = np.bincount(ids[:-distance] * vocabulary_size + ids[distance:], minlength=vocabulary_size**2)
        pairs = pairs.reshape(counts.shape)
        counts += (pairs + pairs.T) / distance
    counts[:5] = counts[:, :5] = 0  # special tokens
    total, rows, columns = counts.sum(), counts.sum(1, keepdims=True), counts.sum(0, keepdims=True) ** 0.75
    with np.errstate(divide="ignore", invalid="ignore"):
        ppmi = np.log(counts * total / (rows * columns / columns.sum() * total))
    begin = np.random.default_rng(0).random(vocabulary_size)  # else ARPACK begins elsewhere in every run
    u, s, _ = svds(csr_matrix(np.maximum(np.where(np.isfinite(ppmi), ppmi, 0), 0)), k=dims, v0=begin)
    vectors = (u * np.sqrt(s)).astype(np.float32)
    return vectors / vectors.std()


@torch.no_grad()
def structured_start(bert: BertModel, vectors: np.ndarray) -> None:
    """Write the start into a fresh model with heads of 64 dimensions; `vectors`: (vocabulary, hidden - 64)."""
    words, embeddings = bert.config.hidden_size - POSITION_DIMS, bert.embeddings
    wavelengths = np.geomspace(3.3, 300, POSITION_DIMS // 2)
    embeddings.word_embeddings.weight.zero_()
    embeddings.word_embeddings.weight[:, :words] = torch.from_numpy(vectors * SCALE)
    embeddings.word_embeddings.weight[:5, :words].normal_(0, 0.1)
    embeddings.position_embeddings.weight.zero_()
    embeddings.position_embeddings.weight[:, words:] = torch.from_numpy(
        _sinusoids(bert.config.max_position_embeddings, wavelengths) * SCALE
    )
    embeddings.token_type_embeddings.weight.zero_()
    for index, layer in enumerate(cast(Any, bert.encoder.layer)):  # modules whose names torch's types do not know
        layer.attention.self.value.weight.normal_(0, 0.05)
        layer.attention.output.dense.weight.normal_(0, 0.05)
        layer.intermediate.dense.weight.normal_(0, 0.04)
        layer.output.dense.weight.normal_(0, 0.03)
        if index < len(OFFSETS):
            _relative_heads(layer.attention.self, OFFSETS[index], wavelengths, words, keep=0.1 if index else 0.0)


def _sinusoids(positions: int, wavelengths: np.ndarray) -> np.ndarray:
    """(positions, 2 x wavelengths), unit variance."""
    angles = np.arange(positions)[:, None] * (2 * np.pi / wavelengths)
    waves = np.empty((positions, 2 * len(wavelengths)), np.float32)
    waves[:, 0::2], waves[:, 1::2] = np.sin(angles), np.cos(angles)
    return waves * np.float32(2**0.5)


def _relative_heads(
    attention: torch.nn.Module, offsets: tuple[int, ...], wavelengths: np.ndarray, words: int, keep: float
) -> None:
    query, key = attention.get_parameter("query.weight"), attention.get_parameter("key.weight")
    for head, offset in enumerate(offsets[: len(query) // POSITION_DIMS]):
        rows = slice(head * POSITION_DIMS, (head + 1) * POSITION_DIMS)
        turn = np.zeros((POSITION_DIMS, POSITION_DIMS), np.float32)
        for pair, angle in enumerate(offset * 2 * np.pi / wavelengths):
            block = slice(2 * pair, 2 * pair + 2)
            turn[block, block] = [[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]
        query[rows] *= keep
        key[rows] *= keep
        query[rows, words:] += torch.from_numpy(turn * SHARPNESS)
        key[rows, words:] += torch.eye(POSITION_DIMS) * SHARPNESS
