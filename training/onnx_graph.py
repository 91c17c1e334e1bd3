"""The ONNX graph of a BERT token classifier, whose weights stay where they are: in `model.safetensors`.

Only standard operators (opset 17), written so that ONNX Runtime's optimiser finds its fused kernels: matrix products are
two-dimensional `Gemm` (weights as PyTorch stores them, [out, in]), GELU is the Erf formula, normalisation is one operator.
Weights stored in half precision are cast first, which ONNX Runtime does once, when a session is made: all is float32.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from yaowen.tagger import int8

OPSET: Final = 17
IR_VERSION: Final = 8  # the one of opset 17: runtimes from ONNX Runtime 1.12 on read it
WEIGHTS: Final = "model.safetensors"
STORED: Final = {"F32": TensorProto.FLOAT, "F16": TensorProto.FLOAT16}  # what safetensors call them
MASKED: Final = float(np.finfo(np.float32).min)  # what transformers adds to the attention scores of padding


def bert_token_classifier(folder: Path, eight_bits: bool = False) -> onnx.ModelProto:
    """The graph for the `config.json` and `model.safetensors` of a folder.

    Inputs `input_ids` and `attention_mask`, int64 (batch, length); output `logits`, float32 (batch, length, labels). With
    `eight_bits` it multiplies the matrices that `yaowen.tagger.int8` makes when the model is loaded. Raises `ValueError`
    for a configuration that this graph does not compute.
    """
    config = json.loads((folder / "config.json").read_text("utf-8"))
    check_config(config, folder)
    graph = _Graph(read_header(folder / WEIGHTS), eight_bits)
    heads, width = int(config["num_attention_heads"]), int(config["hidden_size"])
    epsilon = float(config["layer_norm_eps"])
    shape = graph.add("Shape", "input_ids")
    split = graph.add("Concat", shape, graph.constant([heads, width // heads]), axis=0)  # batch, length, heads, head size
    flat = graph.constant([-1, width])
    mask = _additive_mask(graph)
    hidden = graph.add("Reshape", _embeddings(graph, shape, epsilon), flat)
    for index in range(int(config["num_hidden_layers"])):
        name = f"bert.encoder.layer.{index}"
        context = _attention(graph, hidden, mask, split, flat, f"{name}.attention.self", width // heads)
        attended = graph.add("Add", _linear(graph, context, f"{name}.attention.output.dense"), hidden)
        attended = _norm(graph, attended, f"{name}.attention.output.LayerNorm", epsilon)
        inner = _gelu(graph, _linear(graph, attended, f"{name}.intermediate.dense"))
        hidden = graph.add("Add", _linear(graph, inner, f"{name}.output.dense"), attended)
        hidden = _norm(graph, hidden, f"{name}.output.LayerNorm", epsilon)
    logits = _linear(graph, hidden, "classifier")
    graph.add("Reshape", logits, graph.add("Concat", shape, graph.constant([-1]), axis=0), output="logits")
    return graph.model(len(config["id2label"]))


@dataclass(frozen=True, slots=True)
class Stored:
    """Where a tensor is in a safetensors file: its ONNX type, its shape, offset and length in bytes."""

    kind: int
    shape: list[int]
    offset: int
    length: int

    def refer(self, tensor: TensorProto) -> None:
        """Make it one whose data is in that file."""
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in (("location", WEIGHTS), ("offset", self.offset), ("length", self.length)):
            tensor.external_data.add(key=key, value=str(value))


def read_header(path: Path) -> dict[str, Stored]:
    """The tensors of a safetensors file.

    Format: 8 bytes little-endian length of a JSON header, the header, the data that its offsets count from. Raises
    `ValueError` for a tensor that is neither float32 nor float16.
    """
    with path.open("rb") as stream:
        size = int.from_bytes(stream.read(8), "little")
        header = json.loads(stream.read(size))
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        if entry["dtype"] not in STORED:
            expected = f"expected {' or '.join(STORED)}; save the model in float32 first (model.float())"
            raise ValueError(f"{path}: tensor {name} is {entry['dtype']}, {expected}")
        low, high = entry["data_offsets"]
        tensors[name] = Stored(STORED[entry["dtype"]], entry["shape"], 8 + size + low, high - low)
    return tensors


@dataclass(slots=True)
class _Graph:
    """Nodes and initialisers as they are added; a value is named after the operator that made it."""

    weights: Mapping[str, Stored]
    eight_bits: bool
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    initialisers: dict[str, onnx.TensorProto] = field(default_factory=dict)

    def add(self, operator: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        output = output or f"{operator.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [output], name=output, **attributes))
        return output

    def weight(self, name: str) -> str:
        """A tensor of the safetensors file, in float32; each is asked for once."""
        return self._float(self._stored(name), name)

    def rows(self, name: str, indices: str) -> str:
        """Rows of a tensor of the safetensors file; only what is looked up is made float32, a half table stays half."""
        return self._float(self.add("Gather", self._stored(name), indices), name)

    def quantised(self, name: str) -> tuple[str, str]:
        """The 8-bit form of a matrix and its scales, which are given when the graph is loaded."""
        rows, columns = self.weights[name].shape
        names = int8.QUANTISED.format(name), int8.SCALE.format(name)
        for given, kind, shape in zip(names, (TensorProto.INT8, TensorProto.FLOAT), ([columns, rows], [rows]), strict=True):
            size = int(np.prod(shape)) * (4 if kind == TensorProto.FLOAT else 1)
            self.initialisers[given] = TensorProto(name=given, data_type=kind, dims=shape)
            Stored(kind, shape, 0, size).refer(self.initialisers[given])  # to a file that is there, not to be read
        return names

    def rounded(self, value: str) -> tuple[str, str, str]:
        """A value in 8 bits, its scale and its zero, found while the graph runs; once for all that multiply it."""
        names = f"{value}_int8", f"{value}_scale", f"{value}_zero"
        if not any(names[0] in node.output for node in self.nodes):
            self.nodes.append(helper.make_node("DynamicQuantizeLinear", [value], names, name=names[0]))
        return names

    def _stored(self, name: str) -> str:
        """A tensor as the safetensors file has it, referred to by its place there."""
        if name not in self.weights:
            raise ValueError(f"{WEIGHTS} has no tensor {name}: expected the weights of a BertForTokenClassification")
        place = self.weights[name]
        self.initialisers[name] = TensorProto(name=name, data_type=place.kind, dims=place.shape)
        place.refer(self.initialisers[name])
        return name

    def _float(self, value: str, name: str) -> str:
        if self.weights[name].kind == TensorProto.FLOAT:
            return value
        return self.add("Cast", value, output=f"{name}_float32", to=TensorProto.FLOAT)

    def constant(self, value: list[int] | float) -> str:
        array = np.array(value, np.int64 if isinstance(value, list) else np.float32)
        name = f"constant_{array.tolist()}"
        self.initialisers[name] = numpy_helper.from_array(array, name)
        return name

    def model(self, labels: int) -> onnx.ModelProto:
        names = ("input_ids", "attention_mask")
        inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "length"]) for name in names]
        output = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", "length", labels])
        graph = helper.make_graph(self.nodes, "yaowen_tagger", inputs, [output], list(self.initialisers.values()))
        return helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION, producer_name="yaowen"
        )


def check_config(config: Mapping[str, Any], folder: Path) -> None:
    """Raises `ValueError` for the configuration of a model that this graph does not compute."""
    wanted = {"model_type": "bert", "hidden_act": "gelu"}
    for key, value in wanted.items():
        if config.get(key) != value:
            raise ValueError(f"{folder}/config.json: {key} is {config.get(key)!r}, this export knows only {value!r}")
    if config.get("position_embedding_type", "absolute") != "absolute":
        raise ValueError(f"{folder}/config.json: only absolute position embeddings can be exported")


def _additive_mask(graph: _Graph) -> str:
    """0 where a token is, a very low number where padding is; float32 (batch, 1, 1, length)."""
    tokens = graph.add("Cast", "attention_mask", to=TensorProto.FLOAT)
    padding = graph.add("Mul", graph.add("Sub", graph.constant(1.0), tokens), graph.constant(MASKED))
    return graph.add("Unsqueeze", padding, graph.constant([1, 2]))


def _embeddings(graph: _Graph, shape: str, epsilon: float) -> str:
    """float32 (batch, length, hidden)."""
    length = graph.add("Slice", shape, graph.constant([1]), graph.constant([2]))
    places = graph.add("Slice", graph.weight("bert.embeddings.position_embeddings.weight"), graph.constant([0]), length)
    kind = graph.add(
        "Slice", graph.weight("bert.embeddings.token_type_embeddings.weight"), graph.constant([0]), graph.constant([1])
    )
    words = graph.rows("bert.embeddings.word_embeddings.weight", "input_ids")
    summed = graph.add("Add", words, graph.add("Add", places, kind))
    return _norm(graph, summed, "bert.embeddings.LayerNorm", epsilon)


def _attention(graph: _Graph, hidden: str, mask: str, split: str, flat: str, name: str, size: int) -> str:
    """Multi-head attention over float32 (batch * length, hidden), which is also the shape of the result."""
    query, key, value = (
        graph.add("Transpose", graph.add("Reshape", _linear(graph, hidden, f"{name}.{part}"), split), perm=order)
        for part, order in (("query", [0, 2, 1, 3]), ("key", [0, 2, 3, 1]), ("value", [0, 2, 1, 3]))
    )
    scores = graph.add("MatMul", graph.add("Mul", query, graph.constant(size**-0.5)), key)  # (batch, heads, length, length)
    weights = graph.add("Softmax", graph.add("Add", scores, mask), axis=-1)
    context = graph.add("Transpose", graph.add("MatMul", weights, value), perm=[0, 2, 1, 3])
    return graph.add("Reshape", context, flat)


def _linear(graph: _Graph, hidden: str, name: str) -> str:
    if graph.eight_bits:
        value, scale, zero = graph.rounded(hidden)
        weight, scales = graph.quantised(f"{name}.weight")
        sums = graph.add("Cast", graph.add("MatMulInteger", value, weight, zero), to=TensorProto.FLOAT)
        product = graph.add("Mul", sums, graph.add("Mul", scale, scales))
        return graph.add("Add", product, graph.weight(f"{name}.bias"))
    return graph.add("Gemm", hidden, graph.weight(f"{name}.weight"), graph.weight(f"{name}.bias"), transB=1)


def _norm(graph: _Graph, hidden: str, name: str, epsilon: float) -> str:
    return graph.add(
        "LayerNormalization", hidden, graph.weight(f"{name}.weight"), graph.weight(f"{name}.bias"), axis=-1, epsilon=epsilon
    )


def _gelu(graph: _Graph, hidden: str) -> str:
    """0.5 x (1 + erf(x / sqrt 2)), in the form that ONNX Runtime fuses."""
    erf = graph.add("Erf", graph.add("Div", hidden, graph.constant(float(np.sqrt(2.0)))))
    scaled = graph.add("Mul", hidden, graph.add("Add", erf, graph.constant(1.0)))
    return graph.add("Mul", scaled, graph.constant(0.5))
