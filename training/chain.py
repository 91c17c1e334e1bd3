"""A linear chain over the tags of a sentence: what the encoder's scores alone do not say about neighbours.

The score of a tag sequence is the sum of the encoder's scores and of a learned score for every step from one tag to the
next (Lafferty et al. 2001); BIO's illegal steps are shut. Sentences are chains of their own, as in the finished tagger.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from yaowen.tagger import posterior
from yaowen.tagger.folder import TRANSITIONS

SHUT = -1e4
FLOOR = -37.0  # nats below the best tag of a character: no tag is less likely, so that no sentence is impossible in float32


def legal_steps(names: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Which tags may begin a sentence, bool (tags,), and which may follow which, bool (from, to).

    >>> start, step = legal_steps(["O", "B-DATE", "I-DATE"])
    >>> start.tolist(), step[:, 2].tolist()
    ([True, True, False], [False, True, True])
    """
    inside = np.array([name.startswith("I-") for name in names])
    same = np.array([[bool(a[2:]) and a[2:] == b[2:] for b in names] for a in names])
    return ~inside, ~inside | same


class Chain(torch.nn.Module):
    """Scores of the first tag (tags,) and of every step (from, to), learned with the encoder."""

    start_shut: torch.Tensor
    step_shut: torch.Tensor

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__()
        start, step = legal_steps(names)
        self.start = torch.nn.Parameter(torch.zeros(len(names)))
        self.step = torch.nn.Parameter(torch.zeros(len(names), len(names)))
        self.register_buffer("start_shut", torch.from_numpy(np.where(start, 0.0, SHUT)).float())
        self.register_buffer("step_shut", torch.from_numpy(np.where(step, 0.0, SHUT)).float())

    def forward(self, scores: torch.Tensor, tags: torch.Tensor, ends: torch.Tensor) -> torch.Tensor:
        """Negative log-likelihood of the tags, nats a character.

        `scores` float32 (characters, tags), `tags` (characters,), `ends` bool (characters,), on the CPU: the last of each
        sentence.
        """
        start, step = self.start + self.start_shut, self.step + self.step_shut
        lasts = ends.nonzero().squeeze(1)
        lengths = torch.diff(lasts, prepend=torch.tensor([-1]))
        firsts = lasts - lengths + 1
        inner = torch.ones(len(tags), dtype=torch.bool).index_fill(0, firsts, False).nonzero().squeeze(1)
        gold = scores.gather(1, tags[:, None]).sum() + start[tags[firsts]].sum() + step[tags[inner - 1], tags[inner]].sum()
        total = _LogPartition.apply(scores, start, step, firsts.numpy(), lengths.numpy())
        return (total - gold) / len(tags)

    def finished(self, scheme: posterior.Scheme) -> posterior.Chain:
        """The scores in the form in which the finished tagger takes them."""
        start, step = self.start.detach().cpu().numpy(), self.step.detach().cpu().numpy()
        return posterior.Chain(start[scheme.columns], step[np.ix_(scheme.columns, scheme.columns)])

    def save(self, names: Sequence[str], folder: Path) -> None:
        """Write the scores beside the model; the shut steps are null."""
        start, step = legal_steps(names)
        first = json.dumps(_rounded(self.start, start))
        rows = ",\n".join(json.dumps(_rounded(row, open_)) for row, open_ in zip(self.step, step, strict=True))
        text = f'{{"tags": {json.dumps(list(names))},\n"start": {first},\n"steps": [\n{rows}\n]}}\n'
        (folder / TRANSITIONS).write_text(text, "utf-8")


class _LogPartition(torch.autograd.Function):
    """The logarithm of the summed weight of all tag sequences, over all sentences; its gradient are the marginals.

    Forward-backward with scaling (Rabiner 1989), all sentences in step, longest first: a tenth of the time that
    automatic differentiation takes for it.
    """

    @staticmethod
    def forward(  # type: ignore[override]
        ctx: Any, scores: torch.Tensor, start: torch.Tensor, step: torch.Tensor, firsts: np.ndarray, lengths: np.ndarray
    ) -> torch.Tensor:
        order = np.argsort(-lengths, kind="stable")
        firsts, lengths = firsts[order], lengths[order]
        raw, steps = scores.detach().cpu().numpy(), np.exp(step.detach().cpu().numpy())
        top = raw.max(1, keepdims=True)
        weights = np.exp(np.maximum(raw - top, FLOOR))  # (characters, tags)
        reach = np.empty_like(weights)  # of a tag given what stands before and at its character
        scale = np.empty((len(raw), 1), raw.dtype)
        before = np.exp(start.detach().cpu().numpy())[None].repeat(len(firsts), 0)
        for t in range(int(lengths[0])):
            at = firsts[: int((lengths > t).sum())] + t
            here = before[: len(at)] * weights[at]
            scale[at] = here.sum(1, keepdims=True)
            reach[at] = here / scale[at]
            before = reach[at] @ steps
        ctx.saved = firsts, lengths, weights, reach, scale, steps
        return scores.new_tensor(np.log(scale).sum(dtype=np.float64) + top.sum(dtype=np.float64))

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:  # type: ignore[override]
        firsts, lengths, weights, reach, scale, steps = ctx.saved
        behind = np.ones_like(reach)  # weight of all that stands behind a tag, scaled
        pairs = np.zeros_like(steps)
        for t in range(int(lengths[0]) - 1, 0, -1):
            at = firsts[: int((lengths > t).sum())] + t
            here = weights[at] * behind[at] / scale[at]
            pairs += reach[at - 1].T @ here
            behind[at - 1] = here @ steps.T
        marginals = reach * behind
        found = (marginals, marginals[firsts].sum(0), pairs * steps)
        return (*(gradient * torch.from_numpy(part).to(gradient.device) for part in found), None, None)


def _rounded(scores: torch.Tensor, open_: np.ndarray) -> list[float | None]:
    return [round(s, 4) if o else None for s, o in zip(scores.tolist(), open_.tolist(), strict=True)]
