"""Which documents an epoch reads, and the adversarial step."""

import dataclasses
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertModel

from training import config, sampling
from training.chain import Chain
from training.examples import encode, tag_names, windows
from training.finetune import Settings
from training.loop import loss_of, perturbed
from training.model import DOMAIN, Tagger
from yaowen.formats import annotated
from yaowen.schema import SPAN_LABELS
from yaowen.tagger.vocabulary import SPECIAL_TOKENS, Vocabulary

ROOT = Path(__file__).parent.parent
DOCUMENTS = annotated.read(ROOT / "data" / "authored" / "train.jsonl")
NAMES = tag_names(SPAN_LABELS)


def test_a_smaller_share_is_part_of_a_larger_one() -> None:
    ids = [{d.id for d in sampling.portion(DOCUMENTS, share, seed=3)} for share in (0.001, 0.125, 0.25, 0.5, 1.0)]
    assert all(less < more for less, more in pairwise(ids))
    assert [len(i) for i in ids] == [1, *(round(len(DOCUMENTS) * s) for s in (0.125, 0.25, 0.5)), len(DOCUMENTS)]
    assert sampling.portion(DOCUMENTS, 1.0, 3) == tuple(DOCUMENTS)
    assert ids[1] != {d.id for d in sampling.portion(DOCUMENTS, 0.125, seed=4)}
    with pytest.raises(ValueError, match="share"):
        sampling.portion(DOCUMENTS, 0.0, 1)


def test_balance_reads_rare_labels_more_often_and_all_of_it_reads_as_much() -> None:
    counts = Counter(m.label for d in DOCUMENTS for m in d.spans)
    rare = min(counts, key=lambda label: counts[label])
    often = sampling.weights(DOCUMENTS, 1.0)
    with_rare = np.array([any(m.label == rare for m in d.spans) for d in DOCUMENTS])
    assert often.mean() == pytest.approx(1.0)
    assert often[with_rare].mean() > 1.2 * often[~with_rare].mean()
    drawn = [sampling.draw(DOCUMENTS, often, np.random.default_rng(seed)) for seed in range(30)]
    assert np.mean([len(d) for d in drawn]) == pytest.approx(len(DOCUMENTS), rel=0.05)
    assert sampling.draw(DOCUMENTS, sampling.weights(DOCUMENTS, 0.0), np.random.default_rng(0)) == list(DOCUMENTS)


def test_an_adversarial_step_is_harder_and_leaves_the_embeddings_alone() -> None:
    vocabulary = Vocabulary([*SPECIAL_TOKENS, *sorted(set("".join(DOCUMENTS[0].text.split())))])
    torch.manual_seed(0)
    shape = BertConfig(
        vocab_size=len(vocabulary), hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=64
    )
    model = Tagger(BertModel(shape, add_pooling_layer=False), {DOMAIN: NAMES}).eval()
    assert isinstance(model.chains[DOMAIN], Chain)
    tags = {name: i for i, name in enumerate(NAMES)}
    batch = list(windows(encode(vocabulary, DOCUMENTS[0].text, DOCUMENTS[0].spans, tags), 64))
    schedule = dataclasses.replace(
        config.load(Settings, ROOT / "training/configs/finetune.toml").domain.schedule, adversarial=3.0
    )
    weight = model.bert.embeddings.word_embeddings.weight
    before = weight.detach().clone()
    loss = loss_of(model, batch, DOMAIN, schedule, "fp32")
    loss.backward()
    clean = weight.grad.clone()
    perturbed(model, schedule.adversarial, lambda: loss_of(model, batch, DOMAIN, schedule, "fp32"))
    assert torch.equal(weight, before)
    assert not torch.equal(weight.grad, clean)
    with torch.no_grad():
        weight += schedule.adversarial * clean / clean.norm()
        assert loss_of(model, batch, DOMAIN, schedule, "fp32") > loss
