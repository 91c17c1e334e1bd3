"""A linear chain over the tags of a sentence: what the encoder's scores alone do not say about neighbours.

The score of a tag sequence is the sum of the encoder's scores and of a learned score for every step from one tag to the
next (Lafferty et al. 2001); BIO's illegal steps are shut. Sentences are chains of their own, as in the finished tagger.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from yaowen.tagger import viterbi
from yaowen.tagger.folder import TRANSITIONS

SHUT = -1e4


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

        `scores` float32 (characters, tags), `tags` (characters,), `ends` bool (characters,): the last of each sentence.
        """
        start, step = self.start + self.start_shut, self.step + self.step_shut
        lasts = ends.nonzero().squeeze(1)
        lengths = torch.diff(lasts, prepend=torch.tensor([-1]))
        firsts = lasts - lengths + 1
        order = lengths.argsort(descending=True, stable=True)
        firsts, lengths = firsts[order], lengths[order]
        inner = torch.ones(len(tags), dtype=torch.bool).index_fill(0, firsts, False).nonzero().squeeze(1)
        gold = scores.gather(1, tags[:, None]).sum() + start[tags[firsts]].sum() + step[tags[inner - 1], tags[inner]].sum()
        reach = start + scores[firsts]  # (sentences, tags), logarithms
        total = scores.new_zeros(())
        steps = step.exp()
        for t in range(1, int(lengths[0]) + 1):
            going = int((lengths > t).sum())  # longest first
            total = total + reach[going:].logsumexp(1).sum()
            reach = reach[:going]
            top = reach.max(1, keepdim=True).values.detach()
            reach = (
                ((reach - top).exp() @ steps).clamp_min(1e-30).log() + top + scores[firsts[:going] + t] if going else reach
            )
        return (total - gold) / len(tags)

    def decoder(self, scheme: viterbi.Scheme) -> viterbi.Chain:
        """The scores in the form in which the finished tagger decodes."""
        start, step = self.start.detach().numpy(), self.step.detach().numpy()
        return viterbi.Chain(start[scheme.columns], step[np.ix_(scheme.columns, scheme.columns)])

    def save(self, names: Sequence[str], folder: Path) -> None:
        """Write the scores beside the model; the shut steps are null."""
        start, step = legal_steps(names)
        first = json.dumps(_rounded(self.start, start))
        rows = ",\n".join(json.dumps(_rounded(row, open_)) for row, open_ in zip(self.step, step, strict=True))
        text = f'{{"tags": {json.dumps(list(names))},\n"start": {first},\n"steps": [\n{rows}\n]}}\n'
        (folder / TRANSITIONS).write_text(text, "utf-8")


def _rounded(scores: torch.Tensor, open_: np.ndarray) -> list[float | None]:
    return [round(s, 4) if o else None for s, o in zip(scores.tolist(), open_.tolist(), strict=True)]
