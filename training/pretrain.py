"""Masked-language-model pretraining of a character encoder.

    python -m training.pretrain --config training/configs/pretrain-4x256.toml [section.key=value ...]

Goes on from the last checkpoint in `output` if there is one. Writes there `checkpoint.pt` (ours, for resuming only),
`log.jsonl`, and at every checkpoint the encoder itself (`config.json`, `model.safetensors`, `vocab.txt`,
`mlm_head.safetensors`), so that a run can be stopped at any time.
"""

import argparse
import dataclasses
import json
import math
import time
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForMaskedLM, BertConfig, BertForMaskedLM

from data.unlabelled import build_vocabulary, read_vocabulary, token_array
from training import config
from training.masking import IGNORED, Masking, mask_spans

VALIDATION_SHARE = 0.003  # the tail of every source is never trained on


@dataclasses.dataclass(frozen=True, slots=True)
class Corpus:
    folder: Path
    cache: Path
    default_weight: float
    weights: dict[str, float]


@dataclasses.dataclass(frozen=True, slots=True)
class Model:
    layers: int
    hidden: int


@dataclasses.dataclass(frozen=True, slots=True)
class Optimiser:
    kind: str
    learning_rate: float
    warm_up: float
    final_share: float
    weight_decay: float
    clip: float


@dataclasses.dataclass(frozen=True, slots=True)
class Budget:
    minutes: float
    steps: int
    length: int
    batch: int
    checkpoint_minutes: float
    precision: str


@dataclasses.dataclass(frozen=True, slots=True)
class Settings:
    """Everything that decides a pretraining run."""

    output: Path
    start: str
    seed: int
    corpus: Corpus
    model: Model
    masking: Masking
    optimiser: Optimiser
    budget: Budget


class Sampler:
    """Random windows of the sources, each source as often as its weight times its length says."""

    def __init__(self, arrays: dict[str, np.ndarray], corpus: Corpus) -> None:
        self._arrays = list(arrays.values())
        sizes = np.array([len(a) * corpus.weights.get(name, corpus.default_weight) for name, a in arrays.items()])
        self._shares = sizes / sizes.sum()

    def batch(self, size: int, length: int, rng: np.random.Generator, held_out: bool = False) -> torch.Tensor:
        """Character ids, int64 (size, length)."""
        rows = []
        for source in rng.choice(len(self._arrays), size, p=self._shares):
            array = self._arrays[source]
            cut = int(len(array) * (1 - VALIDATION_SHARE))
            low, high = (cut, len(array) - length) if held_out else (0, cut - length)
            start = int(rng.integers(low, max(high, low + 1)))
            rows.append(np.resize(array[start : start + length], length))
        return torch.from_numpy(np.stack(rows).astype(np.int64))


def pretrain(settings: Settings, device: str = "cpu") -> dict[str, float]:
    """Train within the budget; returns the last validation record."""
    settings.output.mkdir(parents=True, exist_ok=True)
    config.save(settings, settings.output / "pretrain.toml")
    vocabulary, sampler = _corpus(settings)
    model = _model(settings, vocabulary, sampler)
    torch.nn.Module.to(model, device)
    optimisers = _optimisers(model, settings.optimiser)
    step, minutes = _resume(settings.output / "checkpoint.pt", model, optimisers)
    rng = np.random.default_rng([settings.seed, step])
    generator = torch.Generator().manual_seed(settings.seed * 1_000_003 + step)
    last = saved = time.monotonic()
    losses: list[float] = []
    record: dict[str, float] = {}
    while (progress := max(minutes / settings.budget.minutes, step / settings.budget.steps)) < 1:
        for optimiser in optimisers:
            for group in optimiser.param_groups:
                group["lr"] = settings.optimiser.learning_rate * _schedule(progress, settings.optimiser)
        ids = sampler.batch(settings.budget.batch, settings.budget.length, rng)
        loss, _ = _loss(model, ids, settings, generator, device)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), settings.optimiser.clip)
        for optimiser in optimisers:
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
        losses.append(loss.item())
        step += 1
        now = time.monotonic()
        minutes, last = minutes + (now - last) / 60, now
        if now - saved > settings.budget.checkpoint_minutes * 60:
            record = _validate(model, sampler, settings, device)
            record |= _progress(step, minutes, losses, settings)
            _checkpoint(settings, model, optimisers, vocabulary, step, minutes, record)
            losses, saved = [], now
            last = time.monotonic()  # validation is not training time
    record = _validate(model, sampler, settings, device) | _progress(step, minutes, losses, settings)
    _checkpoint(settings, model, optimisers, vocabulary, step, minutes, record)
    return record


def _corpus(settings: Settings) -> tuple[list[str], Sampler]:
    sources = sorted(p for p in settings.corpus.folder.iterdir() if p.name.endswith((".txt", ".txt.xz")))
    if not sources:
        raise ValueError(f"{settings.corpus.folder}: no .txt or .txt.xz files to pretrain on")
    if settings.start:
        vocabulary = read_vocabulary(Path(settings.start) / "vocab.txt")
    elif (known := settings.output / "vocab.txt").exists():
        vocabulary = read_vocabulary(known)
    else:
        vocabulary = build_vocabulary(sources)
    arrays = {p.name.split(".")[0]: token_array(p, vocabulary, settings.corpus.cache) for p in sources}
    return vocabulary, Sampler(arrays, settings.corpus)


def _model(settings: Settings, vocabulary: list[str], sampler: Sampler) -> BertForMaskedLM:
    torch.manual_seed(settings.seed)
    if settings.start:
        return load_masked_lm(Path(settings.start))
    from training.structured_start import POSITION_DIMS, ppmi_svd, structured_start

    hidden = settings.model.hidden
    bert_config = BertConfig(
        vocab_size=len(vocabulary), hidden_size=hidden, num_hidden_layers=settings.model.layers,
        num_attention_heads=hidden // 64, intermediate_size=4 * hidden,
        hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
    )  # fmt: skip
    model: BertForMaskedLM = AutoModelForMaskedLM.from_config(bert_config, attn_implementation="eager")
    sample = sampler.batch(40_000, 256, np.random.default_rng(settings.seed)).reshape(-1).numpy()
    structured_start(model.bert, ppmi_svd(sample, len(vocabulary), hidden - POSITION_DIMS))
    return model


def load_masked_lm(folder: Path) -> BertForMaskedLM:
    """An encoder folder (`BertModel` weights and `mlm_head.safetensors`) as a masked-language model."""
    model = BertForMaskedLM(BertConfig.from_pretrained(folder, attn_implementation="eager"))
    weights = {f"bert.{k}": v for k, v in load_file(folder / "model.safetensors").items() if not k.startswith("pooler")}
    head = load_file(folder / "mlm_head.safetensors")
    weights |= {f"cls.predictions.{k}": v for k, v in head.items() if k != "decoder.bias"}
    weights["cls.predictions.bias"] = head["decoder.bias"]
    missing, unexpected = model.load_state_dict(weights, strict=False)
    if unexpected or any("decoder" not in name for name in missing):
        raise ValueError(f"{folder}: weights do not fit BertForMaskedLM (missing {missing}, unexpected {unexpected})")
    model.tie_weights()
    return model


def save_encoder(model: BertForMaskedLM, vocabulary: list[str], folder: Path) -> None:
    """Write what `load_masked_lm` reads: plain `BertModel` weights, the head apart."""
    folder.mkdir(parents=True, exist_ok=True)
    model.bert.save_pretrained(folder)
    head = {k: v.contiguous() for k, v in model.cls.predictions.transform.state_dict(prefix="transform.").items()}
    save_file(head | {"decoder.bias": model.cls.predictions.bias.detach()}, folder / "mlm_head.safetensors")
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n", "utf-8")


def _optimisers(model: BertForMaskedLM, settings: Optimiser) -> list[torch.optim.Optimizer]:
    named = list(model.named_parameters())
    matrices = [p for n, p in named if p.ndim == 2 and "encoder.layer" in n and settings.kind == "muon"]
    chosen = {id(p) for p in matrices}
    decayed = [p for _, p in named if p.ndim == 2 and id(p) not in chosen]
    plain = [p for _, p in named if p.ndim != 2]
    groups = [{"params": decayed, "weight_decay": settings.weight_decay}, {"params": plain, "weight_decay": 0.0}]
    rate = settings.learning_rate
    optimisers: list[torch.optim.Optimizer] = [torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.98), fused=True)]
    if matrices:
        optimisers.append(
            torch.optim.Muon(matrices, lr=rate, weight_decay=settings.weight_decay, adjust_lr_fn="match_rms_adamw")
        )
    return optimisers


def _schedule(progress: float, settings: Optimiser) -> float:
    if progress < settings.warm_up:
        return progress / settings.warm_up
    return 1 - (1 - settings.final_share) * (progress - settings.warm_up) / (1 - settings.warm_up)


def _loss(
    model: BertForMaskedLM, ids: torch.Tensor, settings: Settings, generator: torch.Generator, device: str
) -> tuple[torch.Tensor, float]:
    """Cross-entropy (nats) over the masked characters, and the share of them guessed right."""
    vocabulary_size = model.config.vocab_size
    inputs, targets = mask_spans(ids, vocabulary_size, settings.masking, generator)
    # A random start below the maximum trains every position, though sequences are short.
    room = model.config.max_position_embeddings - ids.shape[1]
    offsets = torch.randint(0, room + 1, (len(ids), 1), generator=generator)
    positions = offsets + torch.arange(ids.shape[1])
    where = (targets != IGNORED).reshape(-1).nonzero().squeeze(1).to(device)
    wanted = targets.reshape(-1).to(device)[where]
    with torch.autocast(device, torch.bfloat16, enabled=settings.budget.precision == "bf16"):
        hidden = model.bert(inputs.to(device), position_ids=positions.to(device)).last_hidden_state
        logits = model.cls(hidden.reshape(-1, hidden.shape[-1])[where])  # (masked, vocabulary)
    accuracy = (logits.detach().argmax(-1) == wanted).float().mean().item()
    return torch.nn.functional.cross_entropy(logits.float(), wanted), accuracy


@torch.no_grad()
def _validate(model: BertForMaskedLM, sampler: Sampler, settings: Settings, device: str) -> dict[str, float]:
    model.eval()
    rng, generator = np.random.default_rng(0), torch.Generator().manual_seed(0)
    batches = [sampler.batch(64, 128, rng, held_out=True) for _ in range(12)]
    pairs = [_loss(model, ids, settings, generator, device) for ids in batches]
    model.train()
    losses, hits = zip(*((loss.item(), accuracy) for loss, accuracy in pairs), strict=True)
    return {"validation_loss": round(float(np.mean(losses)), 4), "masked_accuracy": round(float(np.mean(hits)), 4)}


def _progress(step: int, minutes: float, losses: list[float], settings: Settings) -> dict[str, float]:
    characters = step * settings.budget.batch * settings.budget.length
    return {
        "step": step, "minutes": round(minutes, 2), "characters": characters,
        "characters_per_second": round(characters / max(minutes * 60, 1e-9)),
        "train_loss": round(float(np.mean(losses)), 4) if losses else math.nan,
    }  # fmt: skip


def _checkpoint(
    settings: Settings, model: BertForMaskedLM, optimisers: list[torch.optim.Optimizer], vocabulary: list[str],
    step: int, minutes: float, record: dict[str, float],
) -> None:  # fmt: skip
    state = {
        "model": model.state_dict(),
        "optimisers": [o.state_dict() for o in optimisers],
        "step": step,
        "minutes": minutes,
    }
    partial = settings.output / "checkpoint.partial"
    torch.save(state, partial)
    partial.replace(settings.output / "checkpoint.pt")
    save_encoder(model, vocabulary, settings.output)
    with (settings.output / "log.jsonl").open("a") as log:
        log.write(json.dumps(record) + "\n")
    print(json.dumps(record), flush=True)


def _resume(path: Path, model: BertForMaskedLM, optimisers: list[torch.optim.Optimizer]) -> tuple[int, float]:
    if not path.exists():
        return 0, 0.0
    state = torch.load(path, weights_only=True)
    model.load_state_dict(state["model"])
    for optimiser, saved in zip(optimisers, state["optimisers"], strict=True):
        optimiser.load_state_dict(saved)
    return state["step"], state["minutes"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("overrides", nargs="*", metavar="section.key=value")
    arguments = parser.parse_args()
    pretrain(config.load(Settings, arguments.config, arguments.overrides), arguments.device)


if __name__ == "__main__":
    main()
