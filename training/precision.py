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
    capabilities: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()  # torch 2.11 and newer
    return any(there for name, there in capabilities.items() if name.endswith("bf16"))


def autocast(precision: str, device: torch.device) -> torch.autocast:
    """The context in which a model is run; `precision` "auto" goes by the device."""
    enabled = precision == "bf16" or (precision == "auto" and has_bf16_units(device))
    return torch.autocast(device.type, torch.bfloat16, enabled=enabled)


class Muon(torch.optim.Muon):
    """torch's Muon, in the precision of the device and with matrices of one shape taken together.

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
        alike: dict[tuple[torch.device, tuple[int, ...]], list[tuple[torch.Tensor, torch.Tensor, dict[str, Any]]]] = {}
        for group in self.param_groups:
            if group["adjust_lr_fn"] != "match_rms_adamw":
                raise ValueError(f"adjust_lr_fn = {group['adjust_lr_fn']!r}: expected 'match_rms_adamw'")
            for matrix in group["params"]:
                if matrix.grad is None:
                    continue
                state = self.state[matrix]
                momentum = state.setdefault("momentum_buffer", torch.zeros_like(matrix.grad))
                momentum.lerp_(matrix.grad, 1 - group["momentum"])
                update = matrix.grad.lerp(momentum, group["momentum"]) if group["nesterov"] else momentum
                wide = update if update.shape[0] <= update.shape[1] else update.T
                alike.setdefault((matrix.device, tuple(wide.shape)), []).append((matrix, wide, group))
        for (device, shape), members in alike.items():
            first = members[0][2]
            flat = orthogonal(
                torch.stack([wide for _, wide, _ in members]), first["ns_coefficients"], first["ns_steps"], first["eps"],
                torch.bfloat16 if has_bf16_units(device) else torch.float32,
            )  # fmt: skip
            for update, (matrix, wide, group) in zip(flat, members, strict=True):
                matrix.mul_(1 - group["lr"] * group["weight_decay"])
                rate = group["lr"] * 0.2 * max(shape) ** 0.5
                matrix.add_(update if matrix.shape == wide.shape else update.T, alpha=-rate)
        return loss


def orthogonal(
    matrices: torch.Tensor, coefficients: tuple[float, float, float], steps: int, eps: float, dtype: torch.dtype
) -> torch.Tensor:
    """The nearly orthogonal matrices next to `matrices` (n, rows, columns ≥ rows), by Newton and Schulz's iteration."""
    a, b, c = coefficients
    x = matrices.to(dtype)
    x = x / torch.linalg.matrix_norm(x, keepdim=True).clamp_min(eps)
    for _ in range(steps):
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.to(matrices.dtype)
