"""Precision by device, and Muon beside torch's own."""

import pytest
import torch

from training import precision
from training.precision import Muon, autocast, bf16_is_faster, orthogonal

COEFFICIENTS = (3.4445, -4.7750, 2.0315)  # of torch.optim.Muon
SHAPES = [(16, 16), (16, 16), (64, 16), (16, 64)]


def matrices(optimiser):
    generator = torch.Generator().manual_seed(1)
    found = [torch.nn.Parameter(torch.randn(shape, generator=generator)) for shape in SHAPES]
    groups = [{"params": [p], "lr": 0.01 * (n + 1)} for n, p in enumerate(found)]
    return found, optimiser(groups, weight_decay=0.1, adjust_lr_fn="match_rms_adamw")


@pytest.mark.parametrize("units", [True, False])
def test_steps_as_torch_does(monkeypatch, units):
    monkeypatch.setattr(precision, "bf16_is_faster", lambda device: units)
    (ours, our_optimiser), (theirs, their_optimiser) = matrices(Muon), matrices(torch.optim.Muon)
    before = [p.detach().clone() for p in ours]
    generator = torch.Generator().manual_seed(2)
    for _ in range(3):
        for mine, other in zip(ours[:3], theirs[:3], strict=True):  # the last has no gradient
            mine.grad = torch.randn(mine.shape, generator=generator)
            other.grad = mine.grad.clone()
        our_optimiser.step()
        their_optimiser.step()
    for start, mine, other in zip(before[:3], ours[:3], theirs[:3], strict=True):
        moved = (other - start).norm()
        assert moved > 0.05
        assert (mine - other).norm() < 0.02 * moved  # torch iterates in bf16
    assert torch.equal(before[3], ours[3])


def test_its_state_is_torchs():
    found, optimiser = matrices(Muon)
    for p in found:
        p.grad = torch.ones_like(p)
    optimiser.step()
    _, other = matrices(torch.optim.Muon)
    other.load_state_dict(optimiser.state_dict())
    assert {len(s) for s in other.state.values()} == {1}
    assert torch.equal(other.state_dict()["state"][2]["momentum_buffer"], torch.full((64, 16), 0.05))


@pytest.mark.parametrize("columns", [16, 24, 64])
def test_singular_values_come_near_one(columns):
    matrix = torch.randn(16, columns, generator=torch.Generator().manual_seed(3))
    made = orthogonal(matrix, COEFFICIENTS, 5, 1e-7)
    assert ((torch.linalg.svdvals(made) - 1).abs() < 0.5).all()
    in_bf16 = orthogonal(matrix.bfloat16(), COEFFICIENTS, 5, 1e-7).float()
    assert (made - in_bf16).norm() < 0.05 * made.norm()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("columns", [16, 64])
def test_matrices_may_be_stacked(columns, dtype):
    matrices = torch.randn(3, 16, columns, generator=torch.Generator().manual_seed(4)).to(dtype)
    stacked = orthogonal(matrices, COEFFICIENTS, 5, 1e-7)
    single = torch.stack([orthogonal(matrix, COEFFICIENTS, 5, 1e-7) for matrix in matrices])
    assert (stacked - single).float().norm() < 0.02 * single.float().norm()


@pytest.mark.parametrize("units", [True, False])
def test_matrices_of_one_shape_may_be_updated_together(monkeypatch, units):
    """As on a GPU: tall and wide ones in one stack, each with its own rate."""
    monkeypatch.setattr(precision, "bf16_is_faster", lambda device: units)
    (single, optimiser), (together, _) = matrices(Muon), matrices(Muon)
    generator = torch.Generator().manual_seed(5)
    for p in single:
        p.grad = torch.randn(p.shape, generator=generator)
    before = [p.detach().clone() for p in single]
    groups = [dict(group) for group in optimiser.param_groups]
    optimiser.step()
    for numbers in ((0, 1), (2, 3)):
        stack = []
        for n in numbers:
            grad = single[n].grad
            update = grad.lerp(0.05 * grad, groups[n]["momentum"])  # the first step of its momentum
            stack.append((together[n].detach(), groups[n], update.T if update.shape[0] > update.shape[1] else update))
        precision.update_alike(stack)
    for start, mine, other in zip(before, single, together, strict=True):
        assert (mine - start).norm() > 0.01
        assert (mine - other).norm() < 0.02 * (mine - start).norm()


def test_another_scale_of_the_steps_is_refused():
    optimiser = Muon([torch.nn.Parameter(torch.ones(2, 2))])
    with pytest.raises(ValueError, match="expected 'match_rms_adamw'"):
        optimiser.step()


@pytest.mark.parametrize(
    ("capabilities", "seconds", "expected"),
    [
        ({"amx_bf16": True}, {torch.bfloat16: 1.0, torch.float32: 4.0}, True),
        ({"avx512_bf16": True}, {torch.bfloat16: 2.0, torch.float32: 1.0}, False),  # units that are no help
        ({"avx512_bf16": False, "avx2": True}, {}, False),  # without units nothing is tried
        ({}, {}, False),
    ],
)
def test_auto_goes_by_the_processor(monkeypatch, capabilities, seconds, expected):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities, raising=False)
    monkeypatch.setattr(precision, "_seconds", seconds.__getitem__)
    device = torch.device("cpu")
    bf16_is_faster.cache_clear()
    assert bf16_is_faster(device) is expected
    for name, enabled in (("auto", expected), ("bf16", True), ("fp32", False)):
        with autocast(name, device):
            assert torch.is_autocast_enabled("cpu") is enabled
    bf16_is_faster.cache_clear()


def test_a_product_is_timed():
    assert 0 < precision._seconds(torch.float32) < 10


def test_unknown_precision_is_refused():
    with pytest.raises(ValueError, match="'fp16': expected one of auto, bf16, fp32"):
        precision.check_precision("fp16")
