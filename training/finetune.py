"""Fine-tuning of an encoder, or of a tagger, into the tagger.

    python -m training.finetune --config training/configs/finetune.toml [section.key=value ...]

Stage 1 (`[public]`) trains the encoder on public NER sets, a linear head for each, keeps the encoder and the heads
(`output`/encoder) and scores them on the sets' official test splits. Stage 2 (`[domain]`) trains the tagger itself on
our annotated news, scores the dev documents after every epoch with the averaged weights, and keeps the best; documents
that others annotated otherwise (`data.beside`) teach the encoder by a head of their own, which is left behind. `output` then
holds a `BertForTokenClassification` folder, `metrics.json`, the resolved `finetune.toml` and
`predictions-dev.jsonl`. A stage whose `epochs` is 0 is left out. With
`assembler` the folder is then made one that `yaowen.load` takes. A model that `output` held before stays whole until
everything that is needed has been read; from then on the folder is none until the new one is finished.
"""

import argparse
import dataclasses
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch

from data import labelled
from training import config, corpus, encoders, public_scores, sampling
from training.augment import Augmentation, Augmenter
from training.chain import Chain
from training.corpus import Corpus, Data
from training.examples import Example, encode, tag_names
from training.export import complete
from training.loop import Distillation, Schedule, Source, train
from training.model import BESIDE, DOMAIN, Tagger, load_encoder, logits, save_tagger
from training.precision import check_precision
from training.scoring import DevSet, read_spans, report
from yaowen.evaluation.spans import Key
from yaowen.formats.annotated import AnnotatedDocument
from yaowen.schema import SPAN_LABELS
from yaowen.tagger.folder import MANIFEST, ModelFolder, digest
from yaowen.tagger.posterior import Scheme
from yaowen.tagger.vocabulary import Vocabulary


@dataclasses.dataclass(frozen=True, slots=True)
class Public:
    folder: Path
    sets: tuple[str, ...]
    temperature: float
    schedule: Schedule
    scored: dict[str, str] = dataclasses.field(default_factory=dict)  # set: the split its head is scored on


@dataclasses.dataclass(frozen=True, slots=True)
class Teaching:
    """Taggers to learn from beside the annotated spans."""

    teachers: tuple[Path, ...]
    weight: float
    temperature: float


@dataclasses.dataclass(frozen=True, slots=True)
class Domain:
    share: float
    balance: float
    window: int
    teaching: Teaching
    schedule: Schedule


@dataclasses.dataclass(frozen=True, slots=True)
class Settings:
    """Everything that decides a fine-tuning run."""

    output: Path
    encoder: str
    revision: str
    assembler: str
    seed: int
    precision: str
    threads: int
    data: Data
    public: Public
    domain: Domain
    augmentation: Augmentation
    device: str = "auto"

    def __post_init__(self) -> None:
        check_precision(self.precision)
        if self.device not in ("auto", "cpu", "cuda"):
            raise ValueError(f"device = {self.device!r}: expected auto, cpu or cuda")
        if self.device == "cuda" and not torch.cuda.is_available():
            raise ValueError("device = 'cuda': torch finds no GPU here; say cpu, or auto")

    def place(self) -> torch.device:
        """Where is trained; "auto": on a GPU if there is one."""
        return torch.device("cpu" if self.device == "cpu" or not torch.cuda.is_available() else "cuda")


def finetune(settings: Settings) -> dict[str, Any]:
    """Run the stages that the settings ask for; returns what `metrics.json` says."""
    _check(settings)
    if settings.threads:
        torch.set_num_threads(settings.threads)
    if settings.assembler:
        ModelFolder.load(settings.assembler)  # what is wrong with it is told before the training, not after
    found = corpus.load(settings.data, settings.seed) if settings.domain.schedule.epochs else None  # and so here
    begun = encoders.prepare(settings.encoder, settings.revision, settings.output / "start")
    start, vocabulary = begun.folder, Vocabulary.load(begun.folder)
    metrics: dict[str, Any] = {"seed": settings.seed, "encoder": {"name": begun.name, "revision": begun.revision}}
    metrics["device"] = settings.place().type
    if settings.public.schedule.epochs:
        torch.manual_seed(settings.seed)
        metrics["public"] = train_public(settings, start, vocabulary)
        start = settings.output / "encoder"
    if found:
        torch.manual_seed(settings.seed + 1)
        metrics["domain"] = train_domain(settings, start, vocabulary, found)
    (settings.output / "metrics.json").write_text(json.dumps(metrics, ensure_ascii=False, indent=1) + "\n", "utf-8")
    if settings.assembler and "domain" in metrics:
        complete(settings.output, Path(settings.assembler), settings.domain.window)
    return metrics


def _check(settings: Settings) -> None:
    """Raises `ValueError` where no stage is asked for, and where a folder would be written that is read."""
    if not settings.public.schedule.epochs and not settings.domain.schedule.epochs:
        raise ValueError("public.schedule.epochs and domain.schedule.epochs are both 0: no stage is left to run")
    written = {settings.output.resolve()}
    if settings.public.schedule.epochs:
        written.add((settings.output / "encoder").resolve())
    teachers = (("domain.teaching.teachers", str(folder)) for folder in settings.domain.teaching.teachers)
    for name, folder in (("encoder", settings.encoder), ("assembler", settings.assembler), *teachers):
        if folder and Path(folder).resolve() in written:
            raise ValueError(
                f"output = {str(settings.output)!r}: {name} is read from {folder}; name another folder to write"
            )


def _open(settings: Settings) -> None:
    """Make the output ready to be written, once all is read: from now on it is no model, so that none is half another."""
    settings.output.mkdir(parents=True, exist_ok=True)
    (settings.output / MANIFEST).unlink(missing_ok=True)
    config.save(settings, settings.output / "finetune.toml")


def train_public(settings: Settings, start: Path, vocabulary: Vocabulary) -> dict[str, Any]:
    """Stage 1: the encoder reads every public train split with a head of its own; writes `output`/encoder."""
    stage, heads, sources = settings.public, {}, []
    for name in stage.sets:
        texts = list(labelled.read(stage.folder, name, "train"))
        names = tag_names(sorted({m.label for t in texts for m in t.spans}))
        tags = {tag: i for i, tag in enumerate(names)}
        examples = [encode(vocabulary, t.text, t.spans, tags) for t in texts]
        examples = [e for e in examples if len(e.ids)]
        head = public_scores.head_name(name)
        heads[head] = names
        sources.append(Source(head, lambda rng, made=examples: made, stage.schedule))  # type: ignore[misc]
    model = Tagger(load_encoder(start, stage.schedule.dropout), heads)
    _open(settings)
    average, record = train(
        model, sources, stage.schedule, settings.seed, settings.precision, settings.place(), stage.temperature
    )
    folder = settings.output / "encoder"
    average.bert.save_pretrained(folder)
    shutil.copy(start / "vocab.txt", folder / "vocab.txt")
    public_scores.save_heads(average, heads, folder)
    scores = public_scores.score(average, heads, vocabulary, stage.folder, stage.scored)
    digests = {name: digest(stage.folder / (name + labelled.SUFFIX)) for name in stage.sets}
    return record | {"scores": scores, "data": digests, "start": digest(start / "model.safetensors")}


def train_domain(settings: Settings, start: Path, vocabulary: Vocabulary, found: Corpus) -> dict[str, Any]:
    """Stage 2: the tagger itself; writes the model folder and the predictions on the dev documents."""
    stage = settings.domain
    dev = [DevSet.of(name, documents, vocabulary) for name, documents in found.dev]
    if unmarked := found.unmarked():
        print(f"no document marks {', '.join(unmarked)}: the tagger unlearns what is not marked", flush=True)
    names = tag_names(SPAN_LABELS)
    tags = {tag: i for i, tag in enumerate(names)}
    documents = sampling.portion(found.train, stage.share, settings.seed)
    augmenter = Augmenter(settings.augmentation, [*documents, *found.beside])

    def source(head: str, documents: Sequence[AnnotatedDocument]) -> Source:
        often = sampling.weights(documents, stage.balance)

        def make(rng: np.random.Generator) -> list[Example]:
            texts = (augmenter.text(d.text, d.spans, rng) for d in sampling.draw(documents, often, rng))
            return [augmenter.ids(encode(vocabulary, text, spans, tags), rng) for text, spans in texts]

        return Source(head, make, stage.schedule)

    sources = [source(head, part) for head, part in ((DOMAIN, documents), (BESIDE, found.beside)) if part]
    model = Tagger(load_encoder(start, stage.schedule.dropout), {s.name: names for s in sources})
    encoders.take_head(model, names, start)
    scheme = Scheme.of(names)
    best: dict[str, Any] = {"f1": -1.0}

    def after_epoch(epoch: int, averaged: Tagger) -> dict[str, Any]:
        chain = cast(Chain, averaged.chains[DOMAIN]).finished(scheme)

        def spans(text: str, example: Example) -> list[Key]:
            return read_spans(text, example, logits(averaged, example, stage.window), scheme, chain)

        predictions = [[spans(d.text, e) for d, e in file.pairs()] for file in dev]
        scores = report(dev, predictions)
        f1 = scores["both"]["all"]["f1"]
        if f1 > best["f1"]:
            best.update(f1=f1, epoch=epoch, scores=scores)
            save_tagger(averaged, names, start / "vocab.txt", settings.output)
            for file, lines in zip(dev, predictions, strict=True):
                file.write(lines, settings.output / f"predictions-{file.name}.jsonl")
        return {
            name: {k: scores[name][k]["f1"] for k in ("entities", "triggers")} for name in scores
        }  # fmt: skip

    distillation = _distillation(stage.teaching, names)
    _open(settings)
    _, record = train(
        model, sources, stage.schedule, settings.seed, settings.precision, settings.place(), 1.0, after_epoch, distillation
    )
    digests = {str(path): digest(path) for path in (*settings.data.train, *settings.data.beside, *settings.data.dev)}
    return record | {
        "documents": len(documents) + len(found.beside),
        "best_epoch": best["epoch"],
        "dev": best["scores"],
        "data": digests,
        "start": digest(start / "model.safetensors"),
        "teachers": {str(t): digest(t / "model.safetensors") for t in stage.teaching.teachers},
    }


def _distillation(teaching: Teaching, names: list[str]) -> Distillation | None:
    """The teachers, in no training; `ValueError` for a folder that is no tagger with these tags."""
    taggers = []
    for folder in teaching.teachers:
        if not (folder / "model.safetensors").exists():
            raise ValueError(f"domain.teaching.teachers: {folder} has no model.safetensors; expected a model folder")
        tagger = Tagger(load_encoder(folder, 0.0), {DOMAIN: names}).requires_grad_(False).eval()
        if not encoders.take_head(tagger, names, folder):
            raise ValueError(f"domain.teaching.teachers: {folder} has other tags than these documents")
        taggers.append(tagger)
    return Distillation(tuple(taggers), teaching.weight, teaching.temperature) if taggers else None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("overrides", nargs="*", metavar="section.key=value")
    arguments = parser.parse_args()
    try:
        settings = config.load(Settings, arguments.config, arguments.overrides)
        finetune(settings)
    except (OSError, ValueError) as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
