"""Which characters of a batch the encoder must guess (span masking: Joshi et al. 2020, SpanBERT)."""

import dataclasses

import torch

from data.unlabelled import MASK, SPECIAL_TOKENS

IGNORED = -100


@dataclasses.dataclass(frozen=True, slots=True)
class Masking:
    """Shares of masked characters and what stands in their place."""

    share: float
    longest_span: int
    replace: float
    corrupt: float


def mask_spans(
    ids: torch.Tensor, vocabulary_size: int, masking: Masking, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Inputs with spans masked, and the targets (`IGNORED` where nothing is to be guessed); all (batch, length) int64.

    Special tokens are never masked. Span lengths are uniform from 1 to `longest_span`.
    """
    batch, length = ids.shape
    mean_span = (1 + masking.longest_span) / 2
    starts = torch.rand(batch, length, generator=generator) < masking.share / mean_span
    spans = torch.randint(1, masking.longest_span + 1, (batch, length), generator=generator)
    chosen = torch.zeros(batch, length, dtype=torch.bool)
    for shift in range(masking.longest_span):
        covered = starts & (spans > shift)
        chosen[:, shift:] |= covered[:, : length - shift]
    chosen &= ids >= len(SPECIAL_TOKENS)
    targets = torch.where(chosen, ids, IGNORED)
    dice = torch.rand(batch, length, generator=generator)
    random_ids = torch.randint(len(SPECIAL_TOKENS), vocabulary_size, (batch, length), generator=generator)
    inputs = torch.where(chosen & (dice < masking.replace), MASK, ids)
    noisy = chosen & (dice >= masking.replace) & (dice < masking.replace + masking.corrupt)
    return torch.where(noisy, random_ids, inputs), targets
