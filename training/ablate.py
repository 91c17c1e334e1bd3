"""Variants of fine-tuning beside each other: which setting helps, and what more documents would bring.

    python -m training.ablate --config training/configs/ablate.toml [key=value ...] [--only NAME ...]

Every variant is a list of overrides of one fine-tuning configuration and runs with every seed, in a folder of its own below
`output`. Variants that leave the public stage alone start from one public stage a seed. A run that is finished, with the
settings and data it has now, is not repeated: start the command again after an interruption, or twice, and the second takes
the runs that the first has not begun. `record` is written after each run: dev F1 of each seed, the means, and the difference
to the first variant, seed by seed, with its standard error.
"""

import argparse
import dataclasses
import json
import shutil
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock, Timeout
from transformers import BertConfig, BertModel

from training import config
from training.finetune import Settings, finetune
from yaowen.tagger.folder import digest

KINDS = ("entities", "triggers", "all")
RANDOM = "random"  # in place of an encoder: one of the same shape that learnt nothing
WEIGHTS = "model.safetensors"
PAUSE = 5.0  # seconds between looks at what another process is running


@dataclasses.dataclass(frozen=True, slots=True)
class Variant:
    """A name for tables and folders, what is different in words, and the overrides that make it so."""

    name: str
    says: str
    overrides: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Ablation:
    """A table of variants, the first of which is what the others are compared with."""

    finetune: Path
    output: Path
    record: Path
    seeds: tuple[int, ...]
    public_minutes: float
    domain_minutes: float
    keep_weights: bool
    overrides: tuple[str, ...]
    variants: tuple[Variant, ...]

    def __post_init__(self) -> None:
        names = [v.name for v in self.variants]
        if not names or len(set(names)) < len(names) or not self.seeds:
            raise ValueError(f"variants {names}, seeds {self.seeds}: expected at least one of both, each name once")

    def settings(self, variant: Variant, seed: int) -> Settings:
        """The resolved settings of a run, both stages in it."""
        overrides = [
            f"output={self.output / variant.name / f'seed-{seed}'}", f"seed={seed}",
            f"public.schedule.minutes={self.public_minutes}", f"domain.schedule.minutes={self.domain_minutes}",
        ]  # fmt: skip
        return config.load(Settings, self.finetune, [*overrides, *self.overrides, *variant.overrides])


def run(ablation: Ablation, variant: Variant, seed: int) -> dict[str, Any]:
    """Fine-tune one variant with one seed where that is not done yet; returns its metrics.

    Raises `filelock.Timeout` if another process is at it.
    """
    settings = ablation.settings(variant, seed)
    with _lock(settings.output, timeout=0):
        return _run(ablation, settings, seed)


def _lock(folder: Path, timeout: float = -1) -> FileLock:
    folder.parent.mkdir(parents=True, exist_ok=True)
    return FileLock(folder.with_name(folder.name + ".lock"), timeout=timeout)


def _run(ablation: Ablation, settings: Settings, seed: int) -> dict[str, Any]:
    if settings.encoder == RANDOM:
        plain = config.load(Settings, ablation.finetune, [*ablation.overrides])
        settings = dataclasses.replace(settings, encoder=str(random_encoder(Path(plain.encoder), ablation.output, seed)))
    if settings.public.schedule.epochs:
        settings = dataclasses.replace(
            settings,
            encoder=str(public_stage(settings, ablation.output)),
            public=dataclasses.replace(settings.public, schedule=dataclasses.replace(settings.public.schedule, epochs=0.0)),
        )
    metrics = finished(settings) or finetune(settings)
    if not ablation.keep_weights:
        (settings.output / WEIGHTS).unlink(missing_ok=True)
    return metrics


def public_stage(settings: Settings, output: Path) -> Path:
    """The encoder after the public stage of a run; runs whose public stages are alike share one."""
    alone = dataclasses.replace(
        settings,
        domain=dataclasses.replace(settings.domain, schedule=dataclasses.replace(settings.domain.schedule, epochs=0.0)),
    )
    for number in range(1000):
        folder = output / "public" / f"{number}-seed-{settings.seed}"
        begun = dataclasses.replace(alone, output=folder)
        with _lock(folder):
            if not (folder / "finetune.toml").exists() or _stage(folder) == _stage_of(begun):
                if not finished(begun, _stage_of):
                    finetune(begun)
                return folder / "encoder"
    raise ValueError(f"{output / 'public'}: a thousand public stages; remove what is not needed")


def _stage_of(settings: Settings) -> tuple[Any, ...]:
    return settings.encoder, settings.revision, settings.seed, settings.precision, settings.public


def _stage(folder: Path) -> tuple[Any, ...] | None:
    try:
        return _stage_of(config.load(Settings, folder / "finetune.toml"))
    except ValueError:  # made by another version of the settings
        return None


def finished(settings: Settings, what: Callable[[Settings], Any] = lambda settings: settings) -> dict[str, Any] | None:
    """The metrics of a run that was finished with this encoder, these data and these settings; else None, and none stay.

    `what`: which of the settings count.
    """
    path = settings.output / "metrics.json"
    if not path.exists():
        return None
    metrics: dict[str, Any] = json.loads(path.read_text("utf-8"))
    try:
        same = what(config.load(Settings, settings.output / "finetune.toml")) == what(settings)
    except ValueError:
        same = False
    stage = metrics.get("domain") or metrics.get("public") or {}
    files = {str(p): p for p in (*settings.data.train, *settings.data.dev)} if "domain" in metrics else {}
    if (weights := Path(settings.encoder) / WEIGHTS).exists():  # an encoder of the hub has its revision in the settings
        same = same and stage.get("start") == digest(weights)
    if same and all(stage["data"].get(name) == digest(file) for name, file in files.items()):
        return metrics
    path.unlink()
    return None


def random_encoder(like: Path, output: Path, seed: int) -> Path:
    """A folder with an encoder of the same shape and vocabulary whose weights are those of BERT before it learns."""
    folder = output / f"{RANDOM}-encoder" / f"seed-{seed}"
    with _lock(folder):
        if not (folder / WEIGHTS).exists():
            torch.manual_seed(seed)
            BertModel(BertConfig.from_pretrained(like), add_pooling_layer=False).save_pretrained(folder)
            shutil.copy(like / "vocab.txt", folder / "vocab.txt")
    return folder


def table(ablation: Ablation, done: dict[str, dict[int, dict[str, Any]]]) -> dict[str, Any]:
    """What is recorded: every variant with its seeds, means and paired differences to the first variant."""
    rows: dict[str, Any] = {}
    base = done.get(ablation.variants[0].name, {})
    for variant in ablation.variants:
        runs = done.get(variant.name, {})
        if not runs:
            continue
        row: dict[str, Any] = {"says": variant.says, "overrides": list(variant.overrides)}
        row["documents"] = next(iter(runs.values()))["domain"]["documents"]
        row["seeds"] = {
            str(seed): _f1(m) | {k: m["domain"][k] for k in ("steps", "minutes", "best_epoch")}
            for seed, m in sorted(runs.items())
        }
        row["mean"] = {kind: round(statistics.mean(_f1(m)[kind] for m in runs.values()), 4) for kind in KINDS}
        if variant is not ablation.variants[0]:
            row["difference"] = {kind: _paired(base, runs, kind) for kind in KINDS}
        rows[variant.name] = row
    metrics = [m["domain"] for runs in done.values() for m in runs.values()]
    return {
        "finetune": str(ablation.finetune), "overrides": list(ablation.overrides), "seeds": list(ablation.seeds),
        "minutes": {"public": ablation.public_minutes, "domain": ablation.domain_minutes},
        "data": metrics[0]["data"] if metrics else {}, "variants": rows,
    }  # fmt: skip


def _f1(metrics: dict[str, Any]) -> dict[str, float]:
    return {kind: metrics["domain"]["dev"]["both"][kind]["f1"] for kind in KINDS}


def _paired(base: dict[int, Any], runs: dict[int, Any], kind: str) -> dict[str, float | None] | None:
    """Mean and standard error of the differences to the base over the seeds that both have."""
    found = [_f1(runs[seed])[kind] - _f1(base[seed])[kind] for seed in runs if seed in base]
    if not found:
        return None
    error = statistics.stdev(found) / len(found) ** 0.5 if len(found) > 1 else None
    return {"mean": round(statistics.mean(found), 4), "error": None if error is None else round(error, 4)}


def ablate(ablation: Ablation, only: Sequence[str] = ()) -> dict[str, Any]:
    """Run what is not finished, seed by seed, so that an interrupted table has whole columns; returns the record.

    Raises `ValueError` for a name in `only` that is no variant's.
    """
    if unknown := set(only) - {v.name for v in ablation.variants}:
        raise ValueError(f"--only {sorted(unknown)[0]}: known are {', '.join(v.name for v in ablation.variants)}")
    for variant in ablation.variants:
        ablation.settings(variant, ablation.seeds[0])  # a wrong override is told before hours of work
    chosen = [v for v in ablation.variants if not only or v.name in only or v is ablation.variants[0]]
    todo = [(variant, seed) for seed in ablation.seeds for variant in chosen]
    done: dict[str, dict[int, dict[str, Any]]] = {}
    while todo:
        elsewhere = []
        for variant, seed in todo:
            try:
                metrics = run(ablation, variant, seed)
            except Timeout:
                elsewhere.append((variant, seed))
                continue
            done.setdefault(variant.name, {})[seed] = metrics
            _write(ablation.record, table(ablation, done))
            print(variant.name, seed, _f1(metrics), flush=True)
        if len(elsewhere) == len(todo):
            time.sleep(PAUSE)
        todo = elsewhere
    return table(ablation, done)


def _write(path: Path, record: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n", "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="these variants and the first one")
    parser.add_argument("overrides", nargs="*", metavar="key=value")
    arguments = parser.parse_args()
    try:
        ablate(config.load(Ablation, arguments.config, arguments.overrides), arguments.only)
    except ValueError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
