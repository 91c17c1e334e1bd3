"""The ONNX graph with 8-bit weights: half the time on processors with VNNI, at a small loss that export measures.

Dynamic quantisation (Krishnamoorthi 2018): a scale for each output channel of a weight, one for each matrix of activations.
Weights keep to 7 bits, so that the 16-bit sums of AVX2 kernels cannot overflow and every processor gives the same answers.
"""

import tempfile
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic

from training.onnx_graph import WEIGHTS, read_header


def int8_graph(folder: Path) -> onnx.ModelProto:
    """The 8-bit form of a folder's `model.onnx`; what stays as it was is still referred to in `model.safetensors`."""
    with tempfile.TemporaryDirectory() as temporary:
        whole, small = Path(temporary, "float.onnx"), Path(temporary, "int8.onnx")
        model = onnx.load(str(folder / "model.onnx"))  # with the weights inside
        _cast_matrices(model.graph)
        onnx.save(model, str(whole))
        quantize_dynamic(
            whole, small, weight_type=QuantType.QInt8, per_channel=True, reduce_range=True,
            op_types_to_quantize=["MatMul", "Gemm"], extra_options={"MatMulConstBOnly": True},
        )  # fmt: skip
        model = onnx.load(str(small))
    places = read_header(folder / WEIGHTS)
    for tensor in model.graph.initializer:
        if tensor.name in places and tensor.data_type == places[tensor.name].kind:
            places[tensor.name].refer(tensor)
    return model


def _cast_matrices(graph: onnx.GraphProto) -> None:
    """Float32 in the place of half-precision matrices and their casts: only constants are quantised."""
    stored = {tensor.name: tensor for tensor in graph.initializer}
    matrices = {node.input[1] for node in graph.node if node.op_type == "Gemm"}
    for cast in [node for node in graph.node if node.op_type == "Cast" and node.output[0] in matrices]:
        tensor = stored[cast.input[0]]
        tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float32), cast.output[0]))
        graph.node.remove(cast)
