"""In which numbers a model is multiplied: bf16 where the device has units for it, else fp32.

A processor without such units multiplies bf16 as well, but several times slower than fp32.
"""

from collections.abc import Callable
from typing import Any

import torch

PRECISIONS = ("auto", "bf16", "fp32")


def check_precision(name: str) -> None:
    """Raise ValueError if there is no such precision."""
    if name not in PRECISIONS:
        raise ValueError(f"precision = {name!r}: expected one of {', '.join(PRECISIONS)}")


def has_bf16_units(device: torch.device) -> bool:
    """Whether the device multiplies bf16 matrices at least as fast as fp32 ones."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type != "cpu":
        return False
    capabilities: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()  # older releases of torch do not tell
    return any(there for name, there in capabilities.items() if name.endswith("bf16"))


def autocast(precision: str, device: torch.device) -> torch.autocast:
    """The context in which a model is run; `precision` "auto" goes by the device."""
    enabled = precision == "bf16" or (precision == "auto" and has_bf16_units(device))
    return torch.autocast(device.type, torch.bfloat16, enabled=enabled)


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
        for group in self.param_groups:
            if group["adjust_lr_fn"] != "match_rms_adamw":
                raise ValueError(f"adjust_lr_fn = {group['adjust_lr_fn']!r}: expected 'match_rms_adamw'")
            for matrix in group["params"]:
                if matrix.grad is not None:
                    self._update(matrix, group)
        return loss

    def _update(self, matrix: torch.Tensor, group: dict[str, Any]) -> None:
        assert matrix.grad is not None
        state = self.state[matrix]
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = torch.zeros_like(matrix.grad)
        momentum = state["momentum_buffer"]
        momentum.lerp_(matrix.grad, 1 - group["momentum"])
        update = matrix.grad.lerp(momentum, group["momentum"]) if group["nesterov"] else momentum
        tall = update.shape[0] > update.shape[1]
        dtype = torch.bfloat16 if has_bf16_units(matrix.device) else torch.float32
        wide = orthogonal(
            (update.T if tall else update).to(dtype), group["ns_coefficients"], group["ns_steps"], group["eps"]
        )
        matrix.mul_(1 - group["lr"] * group["weight_decay"])
        matrix.add_(wide.T if tall else wide, alpha=-group["lr"] * 0.2 * max(matrix.shape) ** 0.5)


def orthogonal(matrix: torch.Tensor, coefficients: tuple[float, float, float], steps: int, eps: float) -> torch.Tensor:
    """The nearly orthogonal matrix next to `matrix` (rows, columns ≥ rows), by Newton and Schulz's iteration.

    Each step multiplies by a polynomial of x·xᵀ. In fp32 the polynomials of a wide matrix are multiplied first, in the
    smaller square (bf16 is too coarse for that).
    """
    a, b, c = coefficients
    x = matrix / matrix.norm().clamp_min(eps)
    if x.dtype != torch.float32 or x.shape[1] < 2 * x.shape[0]:
        for _ in range(steps):
            gram = x @ x.T
            x = torch.addmm(x, torch.addmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
        return x
    gram, product = x @ x.T, torch.eye(len(x), device=x.device)
    for _ in range(steps):
        factor = torch.addmm(gram, gram, gram, beta=b, alpha=c)
        factor.diagonal().add_(a)
        product = factor @ product
        gram = factor @ (factor @ gram)
    return product @ x
