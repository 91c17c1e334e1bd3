"""The encoder on ONNX Runtime's CPU kernels."""

import numpy as np
from numpy.typing import NDArray

from yaowen.data_files import read_safetensors
from yaowen.tagger import int8
from yaowen.tagger.folder import INT8, REMEDY, ModelError, ModelFolder


class OnnxBackend:
    """One session, shared by all threads: `InferenceSession.run` may be called from several at once."""

    __slots__ = ("_session",)

    def __init__(self, folder: ModelFolder, threads: int, graph: str = "model.onnx") -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1  # the graph is one chain
        # A plan of buffers is kept for every shape ever seen: with free lengths that is a leak.
        options.enable_mem_pattern = False
        # Threads that wait by spinning take the processor from others, and win nothing with batches of this size.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        if graph == INT8:
            made = dict(int8.initialisers(read_safetensors(folder.file("model.safetensors"))))
            values = [onnxruntime.OrtValue.ortvalue_from_numpy(array) for array in made.values()]
            options.add_external_initializers(list(made), values)
        try:
            self._session = onnxruntime.InferenceSession(
                str(folder.file(graph)), options, providers=["CPUExecutionProvider"]
            )
        except ModelError:
            raise
        except Exception as error:  # its exceptions share no base class
            raise ModelError(
                f"{folder.path}: onnxruntime {onnxruntime.__version__} cannot load it: {error}. {REMEDY}"
            ) from error

    @property
    def batch_tokens(self) -> int:
        """What two cores' caches hold: measured at 512 to 8,192 tokens, larger batches cost up to a fifth more."""
        return 1024

    def logits(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> NDArray[np.float32]:
        """Both arguments (batch, length), as `windows.stack` makes them; the result (batch, length, tags)."""
        return self._session.run(["logits"], {"input_ids": ids, "attention_mask": mask})[0]
