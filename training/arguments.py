"""Train the argument model on gold spans.

    python -m training.arguments --config training/configs/arguments.toml [section.key=value ...]

Minutes on one core. Writes `assembler.json`, `assembler.safetensors`, the resolved configuration and the dev scores.
"""

import argparse
import dataclasses
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

from training import config
from yaowen.assemble.arguments import EPSILON, FORMAT, ROLE_NAMES, ArgumentModel
from yaowen.assemble.candidates import Candidate, anchors, candidates, response_candidate
from yaowen.assemble.features import Evidence
from yaowen.assemble.layout import Layout
from yaowen.evaluation.arguments import canonical, gold_spans, scores_on_gold_spans
from yaowen.evaluation.spans import SpanScores
from yaowen.formats.annotated import AnnotatedDocument, read
from yaowen.schema import RESPONSE
from yaowen.tagger.folder import digest

COLUMN = {name: column for column, name in enumerate(ROLE_NAMES)}


@dataclasses.dataclass(frozen=True, slots=True)
class Data:
    train: tuple[Path, ...]
    dev: tuple[Path, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Model:
    hidden: int
    min_count: int
    threshold: float
    least: float


@dataclasses.dataclass(frozen=True, slots=True)
class Optimiser:
    learning_rate: float
    epochs: int
    batch: int
    weight_decay: float
    dropout: float
    feature_dropout: float


@dataclasses.dataclass(frozen=True, slots=True)
class Settings:
    """Everything that decides a training run of the argument model."""

    output: Path
    seed: int
    seeds: int
    data: Data
    model: Model
    optimiser: Optimiser


@dataclasses.dataclass(frozen=True, slots=True)
class Pairs:
    """Feature ids of every pair, which roles are asked of it and which it fills, bool (pairs, roles)."""

    features: list[np.ndarray]
    asked: np.ndarray
    filled: np.ndarray


class Network(torch.nn.Module):
    """Sum of feature vectors, layer norm, ReLU, one linear unit a role; see `yaowen.assemble.arguments`."""

    def __init__(self, features: int, settings: Settings) -> None:
        super().__init__()
        hidden = settings.model.hidden
        self.vectors = torch.nn.EmbeddingBag(features, hidden, mode="sum")
        torch.nn.init.normal_(self.vectors.weight, std=0.05)
        self.normal = torch.nn.LayerNorm(hidden, eps=EPSILON)
        self.dropout = torch.nn.Dropout(settings.optimiser.dropout)
        self.output = torch.nn.Linear(hidden, len(ROLE_NAMES))
        torch.nn.init.constant_(self.output.bias, -2.0)  # most pairs fill no role

    def forward(self, ids: torch.Tensor, starts: torch.Tensor) -> torch.Tensor:
        """Feature ids of a batch run together, and where each pair begins; logits (pairs, roles)."""
        return self.output(self.dropout(torch.relu(self.normal(self.vectors(ids, starts)))))


def gold_pairs(document: AnnotatedDocument) -> Iterator[tuple[Candidate, frozenset[str]]]:
    """Every pair the assembler would ask about given the gold spans and events, with the roles it fills.

    Raises `ValueError` for an event with a part that is no span.
    """
    layout = Layout(document.text, gold_spans(document))
    evidence = Evidence(layout)
    place = {(s.start, s.end): index for index, s in enumerate(layout.spans)}
    filled: dict[tuple[int, int], set[str]] = {}
    responses = set()
    for event in document.events:
        for start, end in ((event.start, event.end), *((role.start, role.end) for role in event.arguments)):
            if (start, end) not in place:
                raise ValueError(
                    f"document {document.id!r}: the event {event.type} has a part at [{start}, {end}) "
                    f"{document.text[start:end]!r} that is no span; mark it as one, or take it out"
                )
        anchor = place[event.start, event.end]
        if event.type == RESPONSE:
            responses.add(anchor)
        for role in event.arguments:
            filled.setdefault((anchor, place[role.start, role.end]), set()).add(f"{event.type}.{role.role}")
    for anchor, kind in anchors(layout).items():
        if kind == RESPONSE:
            yield response_candidate(evidence, anchor), frozenset({f"{RESPONSE}.measure"} if anchor in responses else ())
            if anchor not in responses:
                continue
        for candidate in candidates(layout, evidence, anchor, kind):
            yield candidate, frozenset(filled.get((anchor, candidate.span), ()))


def train(settings: Settings) -> dict[str, object]:
    """Train, keep the best of the seeds by dev argument F1, write the model folder; returns the dev scores."""
    documents = [d for path in settings.data.train for d in read(path)]
    examples = [pair for document in documents for pair in gold_pairs(canonical(document))]
    settings.output.mkdir(parents=True, exist_ok=True)
    config.save(settings, settings.output / "arguments.toml")
    counts = Counter(name for candidate, _ in examples for name in candidate.features.names())
    features = {name: i for i, name in enumerate(sorted(n for n, c in counts.items() if c >= settings.model.min_count))}
    pairs = _pack(examples, features)
    best: dict[str, object] = {}
    for seed in range(settings.seed, settings.seed + settings.seeds):
        network = _fit(pairs, len(features), settings, seed)
        folder = settings.output if settings.seeds == 1 else settings.output / f"seed-{seed}"
        _save(network, features, settings, folder)
        scores = {"seed": seed} | _dev_scores(settings, folder)
        print(json.dumps(scores), flush=True)
        if not best or scores["dev_f1"] > best["dev_f1"]:  # type: ignore[operator]
            best = scores
            _save(network, features, settings, settings.output)
    digests = {str(p): digest(p) for p in (*settings.data.train, *settings.data.dev)}
    (settings.output / "arguments-metrics.json").write_text(json.dumps(best | {"data": digests}, indent=1) + "\n")
    return best


def _pack(examples: Sequence[tuple[Candidate, frozenset[str]]], features: dict[str, int]) -> Pairs:
    asked = np.zeros((len(examples), len(ROLE_NAMES)), bool)
    filled = np.zeros_like(asked)
    rows = []
    for row, (candidate, roles) in enumerate(examples):
        rows.append(np.array([features[name] for name in candidate.features.names() if name in features], np.int64))
        asked[row, [COLUMN[role] for role in candidate.roles]] = True
        filled[row, [COLUMN[role] for role in roles]] = True
    return Pairs(rows, asked, filled)


def _fit(pairs: Pairs, features: int, settings: Settings, seed: int) -> Network:
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    network, choice = Network(features, settings), settings.optimiser
    decay = 2 * choice.weight_decay  # Adam adds it to the gradient: that of the squares of all weights
    optimiser = torch.optim.Adam(network.parameters(), lr=choice.learning_rate, weight_decay=decay, fused=True)
    network.train()
    for epoch in range(choice.epochs):
        for group in optimiser.param_groups:
            group["lr"] = choice.learning_rate * (1 - epoch / choice.epochs)
        order = rng.permutation(len(pairs.features))
        for begin in range(0, len(order), choice.batch):
            rows = order[begin : begin + choice.batch]
            logits = network(*_bags([pairs.features[r] for r in rows], rng, choice.feature_dropout))
            asked, filled = torch.from_numpy(pairs.asked[rows]), torch.from_numpy(pairs.filled[rows])
            losses = torch.nn.functional.binary_cross_entropy_with_logits(logits, filled.float(), reduction="none")
            loss = (losses * asked).sum() / len(rows)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    return network.eval()


def _bags(rows: Sequence[np.ndarray], rng: np.random.Generator, dropout: float) -> tuple[torch.Tensor, torch.Tensor]:
    kept = [row[rng.random(len(row)) >= dropout] for row in rows]
    starts = np.cumsum([0, *(len(row) for row in kept[:-1])])
    return torch.from_numpy(np.concatenate(kept)), torch.from_numpy(starts)


def _save(network: Network, features: dict[str, int], settings: Settings, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    limits = {"threshold": settings.model.threshold, "least": settings.model.least}
    table = {"format": FORMAT, "roles": ROLE_NAMES, **limits, "features": list(features)}
    (folder / "assembler.json").write_text(json.dumps(table, ensure_ascii=False, separators=(",", ":")), "utf-8")
    arrays = {
        "vectors": network.vectors.weight.half(), "scale": network.normal.weight, "shift": network.normal.bias,
        "output": network.output.weight, "bias": network.output.bias,
    }  # fmt: skip
    save_file({name: array.detach().contiguous() for name, array in arrays.items()}, folder / "assembler.safetensors")


def _dev_scores(settings: Settings, folder: Path) -> dict[str, object]:
    model = ArgumentModel.load(folder)
    by_file = {str(path): scores_on_gold_spans(read(path), model) for path in settings.data.dev}
    total = sum(by_file.values(), SpanScores())
    rounded: dict[str, object] = {name: round(scores.micro().f1, 4) for name, scores in by_file.items()}
    return rounded | {"dev_f1": round(total.micro().f1, 4)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", type=Path, default=Path("training/configs/arguments.toml"))
    parser.add_argument("overrides", nargs="*", metavar="section.key=value")
    arguments = parser.parse_args()
    try:
        train(config.load(Settings, arguments.config, arguments.overrides))
    except (OSError, ValueError) as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
