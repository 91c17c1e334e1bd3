"""The tagger while it is trained: an encoder with a linear head for each data set."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

import numpy as np
import torch
from transformers import BertConfig, BertForTokenClassification, BertModel
from transformers.utils import logging

from training.chain import Chain
from training.examples import Example, collate
from yaowen.tagger.tagger import CONTEXT
from yaowen.tagger.windows import cut_windows

DOMAIN = "yaowen"  # the head that becomes the model's classifier
BESIDE = "beside"  # the head of documents whose annotators did not do alike; it is left behind
WINDOWS = 32  # of a document that are read together

logging.disable_progress_bar()
logging.set_verbosity_error()  # a head or pooler that the encoder has no use for is no news


class Tagger(torch.nn.Module):
    """An encoder with a linear head and a chain over its tags for each data set, whose tag names are given."""

    def __init__(self, encoder: BertModel, heads: Mapping[str, Sequence[str]]) -> None:
        super().__init__()
        self.bert = encoder
        width = encoder.config.hidden_size
        self.heads = torch.nn.ModuleDict({n: torch.nn.Linear(width, len(tags)) for n, tags in heads.items()})
        self.chains = torch.nn.ModuleDict({n: Chain(tags) for n, tags in heads.items()})

    def forward(self, ids: torch.Tensor, mask: torch.Tensor, head: str) -> torch.Tensor:
        """Logits, float32 (batch, tokens, tags of the head)."""
        hidden = self.bert(ids, attention_mask=mask).last_hidden_state
        dropped = torch.nn.functional.dropout(hidden, self.bert.config.hidden_dropout_prob, self.training)
        return self.heads[head](dropped).float()


@torch.no_grad()
def logits(model: Tagger, example: Example, longest: int) -> np.ndarray:
    """Tag scores of a whole document, float32 (n, tags), read in windows of at most `longest` tokens as by yaowen.tagger."""
    parts: list[np.ndarray] = []
    device = model.bert.device
    longest = min(longest, model.bert.config.max_position_embeddings - 2)
    cut = list(cut_windows(example.grades, longest, min(CONTEXT, longest // 8)))
    for begin in range(0, len(cut), WINDOWS):
        part = cut[begin : begin + WINDOWS]
        ids, mask, _ = collate([example.window(window.start, window.end) for window in part])
        read = model(ids.to(device), mask.to(device), DOMAIN).cpu().numpy()
        parts += [
            row[1 + window.core_start - window.start : 1 + window.core_end - window.start]
            for row, window in zip(read, part, strict=True)
        ]
    return np.concatenate(parts)


def load_encoder(folder: Path, dropout: float) -> BertModel:
    return BertModel.from_pretrained(
        folder, add_pooling_layer=False, attn_implementation="eager", dtype=torch.float32,
        hidden_dropout_prob=dropout, attention_probs_dropout_prob=dropout,
    )  # fmt: skip


def save_tagger(model: Tagger, names: list[str], vocabulary: Path, folder: Path) -> None:
    """Write a folder that `AutoModelForTokenClassification.from_pretrained` loads."""
    settings = BertConfig.from_dict(model.bert.config.to_dict())
    settings.id2label = dict(enumerate(names))
    settings.label2id = {name: i for i, name in enumerate(names)}
    whole = BertForTokenClassification(settings)
    weights = {f"bert.{k}": v for k, v in model.bert.state_dict().items()}
    weights |= {f"classifier.{k}": v for k, v in model.heads[DOMAIN].state_dict().items()}
    whole.load_state_dict(weights)
    whole.save_pretrained(folder)
    cast(Chain, model.chains[DOMAIN]).save(names, folder)
    shutil.copy(vocabulary, folder / "vocab.txt")
