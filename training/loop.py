"""How a stage of fine-tuning trains: its schedule, its batches, its loss, its optimisers; weights are averaged."""

import dataclasses
import functools
import json
import time
from collections.abc import Callable
from typing import Any, cast

import numpy as np
import torch
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from training.examples import IGNORED, Example, batches, collate, windows
from training.model import Tagger
from training.precision import Muon, autocast


@dataclasses.dataclass(frozen=True, slots=True)
class Schedule:
    """How a stage trains; the learning rate follows the larger of the shares of epochs and minutes."""

    epochs: float
    minutes: float
    optimiser: str
    learning_rate: float
    layer_decay: float
    warm_up: float
    final_share: float
    weight_decay: float
    clip: float
    dropout: float
    label_smoothing: float
    consistency: float
    adversarial: float
    chain: float
    chain_speed: float
    average: float
    batch: int
    longest: int

    def __post_init__(self) -> None:
        if self.optimiser not in ("adamw", "muon"):
            raise ValueError(f"optimiser = {self.optimiser!r}: expected adamw or muon")
        if not self.minutes > 0:
            raise ValueError(f"minutes = {self.minutes}: expected more than 0; epochs = 0 leaves a stage out")


@dataclasses.dataclass(frozen=True, slots=True)
class Distillation:
    """What finished taggers say of every token, learnt in the share `weight` beside the tags (Hinton et al. 2015).

    By the heads that they have; another is taught by the tags alone.
    """

    teachers: tuple[Tagger, ...]
    weight: float
    temperature: float

    @torch.no_grad()
    def probabilities(self, ids: torch.Tensor, mask: torch.Tensor, head: str) -> torch.Tensor:
        """The teachers' mean, float32 (batch, tokens, tags), with their scores divided by the temperature."""
        read = [torch.softmax(teacher(ids, mask, head) / self.temperature, -1) for teacher in self.teachers]
        return torch.stack(read).mean(0)


class Source:
    """An endless run of batches of one data set, augmented and cut anew in every epoch."""

    def __init__(self, name: str, make: Callable[[np.random.Generator], list[Example]], schedule: Schedule) -> None:
        self.name = name
        self._make, self._schedule = make, schedule
        self._waiting: list[list[Example]] = []
        self.characters = self.steps = 0

    def next(self, rng: np.random.Generator) -> list[Example]:
        if not self._waiting:
            pieces = [w for e in self._make(rng) for w in windows(e, self._schedule.longest, rng)]
            self._waiting = batches(pieces, self._schedule.batch, rng)
            self.characters = sum(len(p.ids) for p in pieces)
            self.steps = len(self._waiting)
        return self._waiting.pop()

    def fill(self, rng: np.random.Generator) -> None:
        """Make the first epoch, so that `characters` and `steps` are known."""
        self._waiting.append(self.next(rng))


def train(
    model: Tagger, sources: list[Source], schedule: Schedule, seed: int, precision: str, device: torch.device,
    temperature: float, after_epoch: Callable[[int, Tagger], dict[str, Any]] | None = None,
    distillation: Distillation | None = None,
) -> tuple[Tagger, dict[str, Any]]:  # fmt: skip
    """Train until the epochs or the minutes are over; returns the model with averaged weights and a record of the run."""
    rng = np.random.default_rng(seed)
    for source in sources:
        source.fill(rng)
    sizes = np.array([s.characters for s in sources], np.float64) ** temperature
    epoch_steps = sum(s.steps for s in sources)
    model.to(device)
    for teacher in distillation.teachers if distillation else ():
        teacher.to(device)
    optimisers = make_optimisers(model, schedule)
    averaged = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(schedule.average))

    def average() -> Tagger:
        return cast(Tagger, averaged.module.eval())

    def report_epoch() -> None:
        epoch = -(-step // epoch_steps)
        loss = float(torch.stack(losses).mean())
        line = {"epoch": epoch, "step": step, "minutes": round(minutes, 2), "loss": round(loss, 4)}
        losses.clear()
        log.append(line | (after_epoch(epoch, average()) if after_epoch else {}))
        print(json.dumps(log[-1]), flush=True)

    step, minutes = 0, 0.0
    losses: list[torch.Tensor] = []
    log: list[dict[str, Any]] = []
    begun = time.monotonic()
    while (progress := max(step / (schedule.epochs * epoch_steps), minutes / schedule.minutes)) < 1:
        for optimiser in optimisers:
            for group in optimiser.param_groups:
                group["lr"] = group["peak"] * rate(progress, schedule)
        source = sources[rng.choice(len(sources), p=sizes / sizes.sum())]
        model.train()
        batch = source.next(rng)
        loss_now = functools.partial(loss_of, model, batch, source.name, schedule, precision, distillation)
        loss = loss_now()
        loss.backward()
        if schedule.adversarial:
            perturbed(model, schedule.adversarial, loss_now)
        torch.nn.utils.clip_grad_norm_(model.parameters(), schedule.clip)
        for optimiser in optimisers:
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
        averaged.update_parameters(model)
        losses.append(loss.detach())  # a number would be waited for
        step += 1
        minutes = (time.monotonic() - begun) / 60
        if step % epoch_steps == 0:
            pause = time.monotonic()
            report_epoch()
            begun += time.monotonic() - pause  # scoring is not training time
    if losses:
        report_epoch()
    return average(), {"steps": step, "minutes": round(minutes, 2), "log": log}


def loss_of(
    model: Tagger,
    batch: list[Example],
    head: str,
    schedule: Schedule,
    precision: str,
    distillation: Distillation | None = None,
) -> torch.Tensor:
    """Nats a character: cross-entropy of each tag and, in the share `chain`, likelihood of whole sentences.

    With `consistency` the batch is read twice and disagreement is charged too (R-Drop, Liang et al. 2021), with
    `distillation` what differs from its teachers.
    """
    device = next(model.parameters()).device
    ids, mask, tags = (part.to(device) for part in collate(batch))
    if schedule.consistency:
        ids, mask, tags = ids.repeat(2, 1), mask.repeat(2, 1), tags.repeat(2, 1)
    with autocast(precision, ids.device):
        outputs = model(ids, mask, head)
    known = tags.reshape(-1) != IGNORED
    flat = outputs.reshape(-1, outputs.shape[-1])[known]
    wanted = tags.reshape(-1)[known]
    loss = torch.nn.functional.cross_entropy(flat, wanted, label_smoothing=schedule.label_smoothing)
    if schedule.chain:
        ends = torch.from_numpy(np.concatenate([e.ends() for e in batch] * (2 if schedule.consistency else 1)))
        loss = (1 - schedule.chain) * loss + schedule.chain * model.chains[head](flat, wanted, ends)
    if schedule.consistency:
        first, second = torch.log_softmax(flat, -1).chunk(2)
        between = torch.nn.functional.kl_div(first, second, reduction="batchmean", log_target=True)
        back = torch.nn.functional.kl_div(second, first, reduction="batchmean", log_target=True)
        loss = loss + schedule.consistency * (between + back) / 2
    if distillation and head in distillation.teachers[0].heads:
        with autocast(precision, ids.device):
            told = distillation.probabilities(ids, mask, head)
        heat = distillation.temperature
        guesses = torch.log_softmax(flat / heat, -1)
        distance = torch.nn.functional.kl_div(guesses, told.reshape(-1, told.shape[-1])[known], reduction="batchmean")
        loss = (1 - distillation.weight) * loss + distillation.weight * heat**2 * distance
    return loss


def perturbed(model: Tagger, distance: float, loss: Callable[[], torch.Tensor]) -> None:
    """Add the gradient of the loss where the character embeddings stand `distance` further up its slope (FGM).

    The fast gradient method of Miyato et al. 2017; the embeddings are afterwards what they were.
    """
    weight = model.bert.embeddings.word_embeddings.weight
    assert weight.grad is not None
    kept = weight.detach().clone()
    with torch.no_grad():
        weight += distance * weight.grad / weight.grad.norm().clamp_min(1e-12)
    loss().backward()
    with torch.no_grad():
        weight.copy_(kept)


def make_optimisers(model: Tagger, schedule: Schedule) -> list[torch.optim.Optimizer]:
    """AdamW, or Muon for the matrices of the layers and AdamW for the rest.

    Each layer below the top learns `layer_decay` times as fast as the one above; vectors do not decay. The learning rate
    of a group at the height of the schedule is its `peak`.
    """
    depth = model.bert.config.num_hidden_layers
    alike: dict[tuple[str, float, float], list[torch.nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        layer = depth + 1 if name.startswith(("heads", "chains")) else 0
        if ".layer." in name:
            layer = int(name.split(".layer.")[1].split(".")[0]) + 1
        peak = schedule.learning_rate * schedule.layer_decay ** (depth + 1 - layer)
        if name.startswith("chains"):
            peak = schedule.learning_rate * schedule.chain_speed
        decay = schedule.weight_decay if parameter.ndim == 2 and not name.startswith("chains") else 0.0
        kind = schedule.optimiser if parameter.ndim == 2 and 1 <= layer <= depth else "adamw"
        alike.setdefault((kind, peak, decay), []).append(parameter)
    groups: dict[str, list[dict[str, Any]]] = {"adamw": [], "muon": []}
    for (kind, peak, decay), parameters in alike.items():
        groups[kind].append({"params": parameters, "peak": peak, "lr": 0.0, "weight_decay": decay})
    optimisers: list[torch.optim.Optimizer] = [torch.optim.AdamW(groups["adamw"], betas=(0.9, 0.98), fused=True)]
    if groups["muon"]:
        optimisers.append(Muon(groups["muon"], adjust_lr_fn="match_rms_adamw"))
    return optimisers


def rate(progress: float, schedule: Schedule) -> float:
    """The share of the peak learning rate: a linear rise, then a linear fall to `final_share`."""
    if progress < schedule.warm_up:
        return max(progress, 1e-3) / schedule.warm_up
    return 1 - (1 - schedule.final_share) * (progress - schedule.warm_up) / (1 - schedule.warm_up)
