"""Pretraining of a character encoder on unlabelled text (training/objectives.py: what it learns from).

    python -m training.pretrain --config training/configs/pretrain-4x256.toml [section.key=value ...]

On several GPUs (or processes of a CPU): `torchrun --nproc-per-node N -m training.pretrain ...`.

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
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import broadcast
from transformers import AutoModelForMaskedLM, BertConfig, BertForMaskedLM

from data.unlabelled import build_vocabulary, cached, read_vocabulary, token_array
from training import config
from training.masking import Masking
from training.objectives import Batch, Learner, Objective, load_learner, save_learner
from training.precision import Muon, check_precision
from training.unlabelled import Ahead, Corpus, Sampler

RUNS = {"mlm": "masked characters", "rtd": "replaced characters", "distil": "a teacher"}  # of runs that got no name


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
    compile: bool

    def __post_init__(self) -> None:
        check_precision(self.precision)
        if not (self.minutes > 0 and self.steps > 0):
            raise ValueError(f"minutes = {self.minutes}, steps = {self.steps}: expected more than 0 of both")


@dataclasses.dataclass(frozen=True, slots=True)
class Settings:
    """Everything that decides a pretraining run."""

    output: Path
    run: str
    start: str
    seed: int
    corpus: Corpus
    model: Model
    objective: Objective
    masking: Masking
    optimiser: Optimiser
    budget: Budget


def pretrain(settings: Settings, device: str = "cpu", pause: float = math.inf) -> dict[str, Any]:
    """Train within the budget; returns the last validation record.

    After `pause` minutes it leaves off with a checkpoint, for another call to go on from on the same schedule.
    Started by `torchrun`, every process trains on sequences of its own and gradients are averaged.
    """
    if device != "cpu" and not torch.cuda.is_available():
        raise ValueError(f"device {device!r}: torch finds no GPU here; say --device cpu, with a budget that fits it")
    accelerator = Accelerator(cpu=device == "cpu")
    with accelerator.main_process_first():  # it makes the token arrays and the start, the others find them
        vocabulary, sampler = _corpus(settings)
        learner = _learner(settings, vocabulary, sampler).to(accelerator.device)
    optimisers = _optimisers(learner, settings.optimiser)
    step, minutes = _resume(settings.output / "checkpoint.pt", learner, optimisers)
    run = _Run(settings, accelerator, learner, optimisers, vocabulary, sampler)
    learner.prepare(accelerator.device, settings.budget.compile)
    forward = accelerator.prepare_model(learner)
    seed = settings.seed * 1_000_003 + accelerator.process_index
    rng = np.random.default_rng([seed, step])
    generator = torch.Generator().manual_seed(seed * 1_000_003 + step)

    def draw(progress: float) -> Batch:
        ids = sampler.batch(settings.budget.batch, settings.budget.length, rng)
        drawn = learner.draw(ids, settings.masking, generator, progress)
        return drawn.pinned() if accelerator.device.type == "cuda" else drawn

    batches = Ahead(draw)
    last = saved = begun = time.monotonic()
    losses: list[torch.Tensor] = []
    while True:
        progress, paused = run.agreed(step, minutes, (last - begun) / 60 >= pause)
        if progress >= 1 or paused:
            break
        for optimiser in optimisers:
            for group in optimiser.param_groups:
                group["lr"] = settings.optimiser.learning_rate * _schedule(progress, settings.optimiser)
        loss, _ = forward(batches.next(progress), accelerator.device)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learner.parameters(), settings.optimiser.clip)
        for optimiser in optimisers:
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
        losses.append(loss.detach())  # a number would be waited for
        step += 1
        now = time.monotonic()
        minutes, last = minutes + (now - last) / 60, now
        if now - saved > settings.budget.checkpoint_minutes * 60 and accelerator.is_main_process:
            run.checkpoint(step, minutes, losses)
            losses, saved = [], now
            last = time.monotonic()  # validation is not training time
    batches.close()
    record = run.checkpoint(step, minutes, losses) if accelerator.is_main_process else {}
    accelerator.wait_for_everyone()  # a process that leaves while another still writes takes the group down with it
    accelerator.end_training()
    return record


@dataclasses.dataclass(frozen=True, slots=True)
class _Run:
    """What stays the same from the first step to the last."""

    settings: Settings
    accelerator: Accelerator
    learner: Learner
    optimisers: list[torch.optim.Optimizer]
    vocabulary: list[str]
    sampler: Sampler

    def agreed(self, step: int, minutes: float, pause: bool) -> tuple[float, bool]:
        """The share of the budget that is used up and whether to pause, by the clock of the main process."""
        share = max(minutes / self.settings.budget.minutes, step / self.settings.budget.steps)
        if self.accelerator.num_processes == 1:  # a GPU would be waited for
            return share, pause
        told = broadcast(torch.tensor([share, pause], dtype=torch.float64, device=self.accelerator.device))
        return float(told[0]), bool(told[1])

    def checkpoint(self, step: int, minutes: float, losses: list[torch.Tensor]) -> dict[str, Any]:
        """Validate, and write everything that a run goes on from."""
        folder = self.settings.output
        folder.mkdir(parents=True, exist_ok=True)
        config.save(self.settings, folder / "pretrain.toml")
        name = self.settings.run or RUNS[self.settings.objective.kind]
        record: dict[str, Any] = {"run": name} | self.validate() | self.speed(step, minutes)
        record["train_loss"] = round(float(torch.stack(losses).mean()), 4) if losses else math.nan
        state = {
            "model": self.learner.state_dict(),
            "optimisers": [o.state_dict() for o in self.optimisers],
            "step": step,
            "minutes": minutes,
        }
        partial = folder / "checkpoint.partial"
        torch.save(state, partial)
        partial.replace(folder / "checkpoint.pt")
        save_learner(self.learner, self.vocabulary, folder)
        log = folder / "log.jsonl"
        if not log.exists():
            log.write_text(_history(self.settings.start), "utf-8")
        with log.open("a") as stream:
            stream.write(json.dumps(record) + "\n")
        print(json.dumps(record), flush=True)
        return record

    @torch.no_grad()
    def validate(self) -> dict[str, float]:
        """Loss on held-out text, and accuracy of the masked characters, F1 of the replaced ones, or agreement on tags.

        Of replaced characters also while masked ones are still learned: what is then said of them means nothing.
        """
        self.learner.eval()
        rng, generator = np.random.default_rng(0), torch.Generator().manual_seed(0)
        texts = [self.sampler.batch(64, 128, rng, held_out=True) for _ in range(12)]
        batches = [self.learner.draw(ids, self.settings.masking, generator) for ids in texts]
        with torch.compiler.set_stance("force_eager"):  # batches of another size would be compiled for
            results = [self.learner(batch, self.accelerator.device) for batch in batches]
        self.learner.train()
        losses, accuracies = ([float(r[part]) for r in results] for part in (0, 1))
        name = {"mlm": "masked_accuracy", "rtd": "replaced_f1", "distil": "agreement"}[self.settings.objective.kind]
        return {"validation_loss": round(float(np.mean(losses)), 4), name: round(float(np.mean(accuracies)), 4)}

    def speed(self, step: int, minutes: float) -> dict[str, float]:
        """Characters seen and their rate; the arithmetic of the layers (6 operations a weight and character), in 10¹²/s."""
        budget = self.settings.budget
        characters = step * budget.batch * budget.length * self.accelerator.num_processes
        rate = characters / max(minutes * 60, 1e-9)
        weights = sum(p.numel() for n, p in self.learner.masked_lm.named_parameters() if "encoder.layer" in n)
        return {
            "step": step, "minutes": round(minutes, 2), "characters": characters, "characters_per_second": round(rate),
            "teraflops": round(6 * weights * rate / 1e12, 4),
        }  # fmt: skip


def _history(start: str) -> str:
    """The log of the encoder that a run goes on from, as far as it tells its runs by name."""
    log = Path(start, "log.jsonl")
    lines = log.read_text("utf-8").splitlines(keepends=True) if start and log.exists() else []
    return "".join(line for line in lines if "run" in json.loads(line))


def _corpus(settings: Settings) -> tuple[list[str], Sampler]:
    if not settings.corpus.folder.is_dir():
        raise ValueError(f"corpus.folder = {str(settings.corpus.folder)!r}: there is no such folder")
    sources = sorted(p for p in settings.corpus.folder.iterdir() if p.name.endswith((".txt", ".txt.xz", ".npy")))
    if not sources:
        raise ValueError(f"{settings.corpus.folder}: no .txt, .txt.xz or .npy files to pretrain on")
    if settings.start:
        vocabulary = read_vocabulary(Path(settings.start) / "vocab.txt")
    elif (known := settings.output / "vocab.txt").exists():
        vocabulary = read_vocabulary(known)
    elif tokens := [p for p in sources if p.suffix == ".npy"]:
        raise ValueError(
            f"{tokens[0]}: for arrays of tokens, their vocabulary must be there: {settings.output / 'vocab.txt'}"
        )
    else:
        vocabulary = build_vocabulary(sources)
    needed = {"rtd": settings.objective.generator, "distil": settings.objective.teacher}.get(settings.objective.kind)
    if needed and read_vocabulary(Path(needed) / "vocab.txt") != vocabulary:
        raise ValueError(f"{needed}: its vocab.txt is another than that of the encoder; they must be the same")
    arrays = {p.name.split(".")[0]: token_array(p, vocabulary, settings.corpus.cache) for p in sources}
    return vocabulary, Sampler(arrays, settings.corpus)


def _learner(settings: Settings, vocabulary: list[str], sampler: Sampler) -> Learner:
    torch.manual_seed(settings.seed)
    if settings.start:
        return load_learner(Path(settings.start), settings.objective, settings.budget.precision)
    from training.structured_start import POSITION_DIMS, ppmi_svd, structured_start

    hidden = settings.model.hidden
    bert_config = BertConfig(
        vocab_size=len(vocabulary), hidden_size=hidden, num_hidden_layers=settings.model.layers,
        num_attention_heads=hidden // 64, intermediate_size=4 * hidden,
        hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
    )  # fmt: skip
    model: BertForMaskedLM = AutoModelForMaskedLM.from_config(bert_config, attn_implementation="eager")

    def vectors() -> np.ndarray:
        sample = sampler.batch(40_000, 256, np.random.default_rng(settings.seed)).reshape(-1).numpy()
        return ppmi_svd(sample, len(vocabulary), hidden - POSITION_DIMS)

    drawn_from = (vocabulary, sampler.digests(), settings.corpus.weights, settings.corpus.default_weight, settings.seed)
    made = cached(settings.corpus.cache, f"ppmi-{hidden - POSITION_DIMS}", drawn_from, vectors)
    structured_start(model.bert, made)
    return Learner(model, settings.objective, settings.budget.precision)


def _optimisers(learner: Learner, settings: Optimiser) -> list[torch.optim.Optimizer]:
    named = list(learner.named_parameters())
    matrices = [p for n, p in named if p.ndim == 2 and "encoder.layer" in n and settings.kind == "muon"]
    chosen = {id(p) for p in matrices}
    decayed = [p for _, p in named if p.ndim == 2 and id(p) not in chosen]
    plain = [p for _, p in named if p.ndim != 2]
    groups = [{"params": decayed, "weight_decay": settings.weight_decay}, {"params": plain, "weight_decay": 0.0}]
    rate = settings.learning_rate
    optimisers: list[torch.optim.Optimizer] = [torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.98), fused=True)]
    if matrices:
        optimisers.append(Muon(matrices, lr=rate, weight_decay=settings.weight_decay, adjust_lr_fn="match_rms_adamw"))
    return optimisers


def _schedule(progress: float, settings: Optimiser) -> float:
    if progress < settings.warm_up:
        return progress / settings.warm_up
    return 1 - (1 - settings.final_share) * (progress - settings.warm_up) / (1 - settings.warm_up)


def _resume(path: Path, learner: Learner, optimisers: list[torch.optim.Optimizer]) -> tuple[int, float]:
    if not path.exists():
        return 0, 0.0
    state = torch.load(path, weights_only=True, map_location=next(learner.parameters()).device)
    learner.load_state_dict(state["model"])
    for optimiser, saved in zip(optimisers, state["optimisers"], strict=True):
        optimiser.load_state_dict(saved)
    return state["step"], state["minutes"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--pause", type=float, default=math.inf, help="leave off after so many minutes, to go on later")
    parser.add_argument("overrides", nargs="*", metavar="section.key=value")
    arguments = parser.parse_intermixed_args()
    try:
        pretrain(config.load(Settings, arguments.config, arguments.overrides), arguments.device, arguments.pause)
    except (OSError, ValueError) as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
