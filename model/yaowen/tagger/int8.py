"""8-bit weights, made of a model's own when it is loaded: half the time on processors with VNNI, at a small loss.

The graph for them (`model-int8.onnx`, by `training.export`) names what it needs and holds no numbers. Each matrix has a
scale an output (Krishnamoorthi 2018, "Quantizing deep convolutional networks for efficient inference"); activations get
theirs while the graph runs. Weights keep to 7 bits, so that the 16-bit sums of AVX2 kernels cannot overflow and every
processor gives the same answers.
"""

from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

LARGEST: Final = 63
QUANTISED: Final = "{}.int8"  # names in the graph, of the name of a matrix in `model.safetensors`
SCALE: Final = "{}.scale"


def eight_bits(weight: NDArray[np.floating]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """A matrix (out, in) as integers (in, out), and what they are multiplied by, (out,).

    >>> [part.tolist() for part in eight_bits(np.array([[0.5, -0.125], [0.0, 126.0]]))]
    [[[63, 0], [-16, 63]], [0.007936508394777775, 2.0]]
    """
    single = weight.astype(np.float32)
    scale = np.maximum(np.abs(single).max(1), np.finfo(np.float32).tiny) / np.float32(LARGEST)
    return np.ascontiguousarray(np.rint(single / scale[:, None]).astype(np.int8).T), scale


def initialisers(
    weights: Mapping[str, NDArray[np.floating]],
) -> Iterator[tuple[str, NDArray[np.int8] | NDArray[np.float32]]]:
    """What the graph takes of the tensors of a model, by name."""
    for name, weight in weights.items():
        if is_quantised(name) and weight.ndim == 2:
            quantised, scale = eight_bits(weight)
            yield QUANTISED.format(name), quantised
            yield SCALE.format(name), scale


def is_quantised(name: str) -> bool:
    """Whether a tensor is the matrix of a linear layer; embeddings stay as they are.

    >>> is_quantised("bert.encoder.layer.0.output.dense.weight"), is_quantised("bert.embeddings.word_embeddings.weight")
    (True, False)
    """
    return name.endswith(".weight") and (name.startswith("classifier.") or ".layer." in name)
