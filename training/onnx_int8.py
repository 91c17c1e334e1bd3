"""The ONNX graph with 8-bit weights: half the time on processors with VNNI, at a small loss that export measures.

Dynamic quantisation (Krishnamoorthi 2018): a scale for each output channel of a weight, one for each matrix of activations.
Weights keep to 7 bits, so that the 16-bit sums of AVX2 kernels cannot overflow and every processor gives the same answers.
"""

import tempfile
from pathlib import Path

import onnx
from onnxruntime.quantization import QuantType, quantize_dynamic

from training.onnx_graph import WEIGHTS, read_header


def int8_graph(folder: Path) -> onnx.ModelProto:
    """The 8-bit form of a folder's `model.onnx`; what stays float32 is still referred to in `model.safetensors`."""
    with tempfile.TemporaryDirectory() as temporary:
        whole, small = Path(temporary, "float.onnx"), Path(temporary, "int8.onnx")
        onnx.save(onnx.load(str(folder / "model.onnx")), str(whole))  # with the weights inside
        quantize_dynamic(
            whole, small, weight_type=QuantType.QInt8, per_channel=True, reduce_range=True,
            op_types_to_quantize=["MatMul", "Gemm"], extra_options={"MatMulConstBOnly": True},
        )  # fmt: skip
        model = onnx.load(str(small))
    places = read_header(folder / WEIGHTS)
    for tensor in model.graph.initializer:
        if tensor.name in places and tensor.data_type == onnx.TensorProto.FLOAT:
            _, offset, length = places[tensor.name]
            tensor.ClearField("raw_data")
            tensor.data_location = onnx.TensorProto.EXTERNAL
            for key, value in (("location", WEIGHTS), ("offset", offset), ("length", length)):
                tensor.external_data.add(key=key, value=str(value))
    return model
