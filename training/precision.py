"""In which numbers a model is multiplied: bf16 where the device is faster at it, else fp32.

Every processor multiplies bf16, but without units for it several times slower than fp32, and with some units slower too.
"""

import time
from collections.abc import Callable
from functools import cache
from typing import Any

import torch

PRECISIONS = ("auto", "bf16", "fp32")


def check_precision(name: str) -> None:
    """Raise ValueError if there is no such precision."""
    if name not in PRECISIONS:
        raise ValueError(f"precision = {name!r}: expected one of {', '.join(PRECISIONS)}")


@cache
def bf16_is_faster(device: torch.device) -> bool:
    """Whether the device multiplies bf16 matrices faster than fp32 ones. A processor with units for it is tried once."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type != "cpu":
        return False
    capabilities: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()  # older releases of torch do not tell
    units = any(there for name, there in capabilities.items() if name.endswith("bf16"))
    return units and _seconds(torch.bfloat16) < _seconds(torch.float32)


def _seconds(dtype: torch.dtype) -> float:
    """What one product of a layer's size takes on the processor, at best."""
    rows, columns = torch.ones(1024, 320, dtype=dtype), torch.ones(320, 1280, dtype=dtype)
    taken = []
    for _ in range(10):
        begin = time.perf_counter()
        rows @ columns
        taken.append(time.perf_counter() - begin)
    return min(taken)


def autocast(precision: str, device: torch.device) -> torch.autocast:
    """The context in which a model is run."""
    return torch.autocast(device.type, torch.bfloat16, enabled=in_bf16(precision, device))


def in_bf16(precision: str, device: torch.device) -> bool:
    """Whether a model is run in bf16 there; `precision` "auto" goes by the device."""
    return precision == "bf16" or (precision == "auto" and bf16_is_faster(device))


class Muon(torch.optim.Muon):
    """torch's Muon, whose iteration is in the precision of the device: torch's is in bf16 everywhere.

    Of torch's it keeps the arguments, the state and the update rule (Jordan et al. 2024, "Muon: An optimizer for hidden
    layers"); `adjust_lr_fn` must be "match_rms_adamw" (Liu et al. 2025).
    """

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:  # type: ignore[override]
        """One update of every matrix that has a gradient."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        alike: dict[tuple[int, ...], list[tuple[torch.Tensor, dict[str, Any], torch.Tensor]]] = {}
        for group in self.param_groups:
            if group["adjust_lr_fn"] != "match_rms_adamw":
                raise ValueError(f"adjust_lr_fn = {group['adjust_lr_fn']!r}: expected 'match_rms_adamw'")
            for matrix in group["params"]:
                if matrix.grad is not None:
                    update = self._momentum(matrix, group)
                    wide = update.T if update.shape[0] > update.shape[1] else update
                    alike.setdefault(tuple(wide.shape), []).append((matrix, group, wide))
        for matrices in alike.values():
            together = len(matrices) if matrices[0][0].device.type == "cuda" else 1  # it is idle between small products
            for begin in range(0, len(matrices), together):
                update_alike(matrices[begin : begin + together])
        return loss

    def _momentum(self, matrix: torch.Tensor, group: dict[str, Any]) -> torch.Tensor:
        assert matrix.grad is not None
        state = self.state[matrix]
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = torch.zeros_like(matrix.grad)
        momentum = state["momentum_buffer"]
        momentum.lerp_(matrix.grad, 1 - group["momentum"])
        return matrix.grad.lerp(momentum, group["momentum"]) if group["nesterov"] else momentum


def update_alike(matrices: list[tuple[torch.Tensor, dict[str, Any], torch.Tensor]]) -> None:
    """Update, all at once, matrices with their groups and their updates, which have one shape when they are laid wide."""
    first, group, _ = matrices[0]
    dtype = torch.bfloat16 if bf16_is_faster(first.device) else torch.float32
    stacked = torch.stack([wide for _, _, wide in matrices]).to(dtype)
    made = orthogonal(stacked, group["ns_coefficients"], group["ns_steps"], group["eps"]).to(torch.float32)
    for (matrix, group, wide), update in zip(matrices, made, strict=True):
        matrix.mul_(1 - group["lr"] * group["weight_decay"])
        turned = update.T if wide.shape != matrix.shape else update
        matrix.add_(turned, alpha=-group["lr"] * 0.2 * max(matrix.shape) ** 0.5)


def orthogonal(matrix: torch.Tensor, coefficients: tuple[float, float, float], steps: int, eps: float) -> torch.Tensor:
    """The nearly orthogonal matrix next to each of `matrix` (..., rows, columns ≥ rows), by Newton and Schulz's iteration.

    Each step multiplies by a polynomial of x·xᵀ. In fp32 the polynomials of a wide matrix are multiplied first, in the
    smaller square (bf16 is too coarse for that).
    """
    a, b, c = coefficients
    x = matrix.reshape(-1, *matrix.shape[-2:])
    x = x / x.norm(dim=(-2, -1), keepdim=True).clamp_min(eps)
    if x.dtype != torch.float32 or x.shape[-1] < 2 * x.shape[-2]:
        for _ in range(steps):
            gram = x @ x.mT
            x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
        return x.reshape(matrix.shape)
    gram, product = x @ x.mT, None
    for step in range(steps):
        factor = torch.baddbmm(gram, gram, gram, beta=b, alpha=c)
        factor.diagonal(dim1=-2, dim2=-1).add_(a)
        product = factor if product is None else factor @ product
        if step + 1 < steps:
            gram = factor @ (factor @ gram)
    return (x if product is None else product @ x).reshape(matrix.shape)
