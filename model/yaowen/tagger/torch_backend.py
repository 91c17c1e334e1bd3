"""The encoder as transformers runs it: for the GPU, and as the reference that the ONNX graph is tested against."""

import numpy as np
from numpy.typing import NDArray

from yaowen.tagger.folder import ModelError, ModelFolder


class TorchBackend:
    """`BertForTokenClassification` of the folder in float32, on `device` or else on a GPU if there is one."""

    __slots__ = ("_device", "_model", "_torch")

    def __init__(self, folder: ModelFolder, threads: int | None, device: str | None = None) -> None:
        try:
            import torch
            from transformers import BertForTokenClassification
        except ImportError as error:
            raise ModelError(
                f"the torch backend needs torch and transformers ({error}); pip install 'yaowen[torch]'"
            ) from error
        self._torch = torch
        self._device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        if threads:
            torch.set_num_threads(threads)
        model = BertForTokenClassification.from_pretrained(
            folder.file("model.safetensors").parent, local_files_only=True, use_safetensors=True, dtype=torch.float32
        )
        self._model = model.eval().to(self._device)

    @property
    def batch_tokens(self) -> int:
        """A GPU is idle with little to do; a CPU's caches are small."""
        return 1024 if self._device.type == "cpu" else 1 << 15

    def logits(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> NDArray[np.float32]:
        """Both arguments (batch, length), as `windows.stack` makes them; the result (batch, length, tags)."""
        torch = self._torch
        with torch.inference_mode():
            inputs = [torch.from_numpy(array).to(self._device) for array in (ids, mask)]
            return self._model(input_ids=inputs[0], attention_mask=inputs[1]).logits.float().cpu().numpy()
