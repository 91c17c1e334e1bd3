"""What an encoder learns from while it is pretrained: guessing masked characters, telling replaced ones, or a teacher.

All work on `BertForMaskedLM`. Replaced-token detection (Clark et al. 2020, ELECTRA) asks at every position, not at the
masked ones only; the corrective part (Meng et al. 2021, COCO-LM) asks at the replaced positions what stood there, which
keeps the head for masked characters in use. The generator is an earlier encoder, which may go on learning to guess masked
characters meanwhile. Distillation asks for what a finished tagger of any size makes of every character: its last layer
(Jiao et al. 2020, TinyBERT) and its tags.
"""

import dataclasses
import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from transformers import AttentionInterface, AttentionMaskInterface, BertConfig, BertForMaskedLM, BertForTokenClassification

from data.unlabelled import CLS, SEP, SPECIAL_TOKENS
from training.masking import IGNORED, Masking, mask_spans
from training.precision import autocast, in_bf16
from yaowen.tagger.folder import TRANSITIONS

DETECTOR = "detector.safetensors"  # beside the encoder: the head that tells replaced characters
UNPADDED = "unpadded"  # the name of our attention
GENERATOR = "generator"  # in the encoder's folder: what a generator that learns has become
TAGGER = "tagger"  # in the encoder's folder: what a pupil has become of its teacher


@dataclasses.dataclass(frozen=True, slots=True)
class Objective:
    """`kind` "mlm" (masked characters), "rtd" (replaced ones) or "distil" (a teacher); the rest is for one of them alone."""

    kind: str
    generator: str
    detection: float
    correction: float
    masked_first: float = 0.0
    teacher: str = ""
    last_layer: float = 1.0
    temperature: float = 1.0
    generator_learns: bool = False

    def __post_init__(self) -> None:
        if self.kind not in ("mlm", "rtd", "distil"):
            raise ValueError(f"objective.kind = {self.kind!r}: expected mlm, rtd or distil")
        if self.kind == "rtd" and not self.generator:
            raise ValueError("objective.generator: replaced-token detection needs the folder of a trained encoder")
        if self.kind == "distil" and not self.teacher:
            raise ValueError("objective.teacher: distillation needs the folder of a finished tagger")


Result = tuple[torch.Tensor, torch.Tensor]  # what a batch costs (nats), and how much of what was asked was right


@dataclasses.dataclass(frozen=True, slots=True)
class Batch:
    """What a step works on, drawn on the CPU: all that decides shapes is known there, so that a GPU is never waited for."""

    kind: str  # "mlm", "rtd" or "distil"
    ids: torch.Tensor  # int64 (batch, length): what stands there
    inputs: torch.Tensor  # int64 (batch, length): what is shown
    positions: torch.Tensor  # int64 (batch, length)
    where: torch.Tensor  # int64 (masked,): what is to be guessed, in the flat batch
    chances: torch.Tensor  # float32 (masked, 1): from 0 to 1, which replacement is drawn

    def to(self, device: torch.device) -> "Batch":
        """On the device, without waiting for what it still has to do; the batch must have been pinned for that."""
        return self._each(lambda tensor: tensor.to(device, non_blocking=True))

    def pinned(self) -> "Batch":
        """In memory that a GPU can read by itself."""
        return self._each(torch.Tensor.pin_memory)

    def _each(self, change: Any) -> "Batch":
        names = [field.name for field in dataclasses.fields(self) if field.name != "kind"]
        return dataclasses.replace(self, **{name: change(getattr(self, name)) for name in names})


class Learner(torch.nn.Module):
    """The model in training with the heads its objective needs."""

    def __init__(self, model: BertForMaskedLM, objective: Objective, precision: str) -> None:
        super().__init__()
        self.masked_lm = model
        self.objective = objective
        self.precision = precision
        self.detector: torch.nn.Module | None = None
        self.projection: torch.nn.Linear | None = None
        self.generator: BertForMaskedLM | None = None  # one that learns
        self._fixed: list[BertForMaskedLM | BertForTokenClassification] = []  # in a list: not trained and not saved
        width = model.config.hidden_size
        if objective.kind == "rtd":
            self.detector = torch.nn.Sequential(
                torch.nn.Linear(width, width), torch.nn.GELU(), torch.nn.LayerNorm(width), torch.nn.Linear(width, 1)
            )
            found = load_masked_lm(Path(objective.generator))
            if objective.generator_learns:
                self.generator = found
            else:
                self._fixed = [found.eval().requires_grad_(False)]
        if objective.kind == "distil":
            teacher = load_teacher(Path(objective.teacher))
            self.projection = torch.nn.Linear(width, teacher.config.hidden_size)
            self._fixed = [teacher]

    def prepare(self, device: torch.device, compiled: bool) -> None:
        """Put what does not learn on the device; fuse what stands between the multiplications (`torch.compile`).

        The heads, of changing size, are not compiled.
        """
        for model in (self.masked_lm, *filter(None, [self.generator]), *self._fixed):
            model.set_attn_implementation(UNPADDED)
            if in_bf16(self.precision, device):
                _norms_in_bf16(model)
            if compiled:
                model.bert.compile(dynamic=False)
        for model in self._fixed:
            model.to(device)  # type: ignore[arg-type]

    def draw(self, ids: torch.Tensor, masking: Masking, generator: torch.Generator, progress: float = 1.0) -> Batch:
        """What a step shall learn from characters, int64 (batch, length), at this share of the budget."""
        kind = self.objective.kind
        if kind == "rtd" and progress < self.objective.masked_first:
            kind = "mlm"
        # A random start below the maximum trains every position, though sequences are short.
        room = self.masked_lm.config.max_position_embeddings - ids.shape[1]
        offsets = torch.randint(0, room + 1, (len(ids), 1), generator=generator)
        inputs, where = ids, torch.empty(0, dtype=torch.int64)
        if kind == "distil":
            offsets[::2] = 0  # where a tagger reads; the teacher always does
            inputs = ids.clone()
            inputs[:, 0], inputs[:, -1] = CLS, SEP  # as a tagger reads
        else:
            how = dataclasses.replace(masking, replace=1.0, corrupt=0.0) if kind == "rtd" else masking
            inputs, targets = mask_spans(ids, self.masked_lm.config.vocab_size, how, generator)
            where = (targets.reshape(-1) != IGNORED).nonzero().squeeze(1)
        chances = torch.rand(len(where), 1, generator=generator)
        return Batch(kind, ids, inputs, offsets + torch.arange(ids.shape[1]), where, chances)

    def forward(self, drawn: Batch, device: torch.device) -> Result:
        """Loss and accuracy of a batch."""
        batch = drawn.to(device)
        with autocast(self.precision, device):
            return {"mlm": self._guess, "rtd": self._detect, "distil": self._follow}[batch.kind](batch)

    def _guess(self, batch: Batch) -> Result:
        loss, logits = _guesses(self.masked_lm, batch)
        accuracy = (logits.detach().argmax(-1) == batch.ids.reshape(-1)[batch.where]).float().mean()
        if self.generator is not None:
            loss = loss + _guesses(self.generator, batch)[0]
        if self.detector is not None:
            loss = loss + _untouched(self.detector)
        return loss, accuracy

    def _detect(self, batch: Batch) -> Result:
        if self.generator is not None:
            taught, scores = _guesses(self.generator, batch)
        else:
            with torch.no_grad():
                taught, scores = _guesses(self._fixed[0], batch)  # type: ignore[arg-type]
        with torch.no_grad():
            upto = scores.float().softmax(-1).cumsum(1)  # torch.multinomial draws a number for every entry of the vocabulary
            drawn = torch.searchsorted(upto, batch.chances * upto[:, -1:]).squeeze(1)
        flat = batch.ids.reshape(-1)
        shown = flat.index_copy(0, batch.where, drawn)
        asked = (flat >= len(SPECIAL_TOKENS)).float()
        hidden = hidden_states(self.masked_lm, shown.reshape(batch.ids.shape), batch.positions)
        assert self.detector is not None
        doubts = self.detector(hidden).float().squeeze(1)
        replaced = (shown != flat).float()
        costs = torch.nn.functional.binary_cross_entropy_with_logits(doubts, replaced, reduction="none")
        loss = self.objective.detection * (costs * asked).sum() / asked.sum()
        logits = self.masked_lm.cls(hidden[batch.where])
        loss = loss + self.objective.correction * torch.nn.functional.cross_entropy(logits.float(), flat[batch.where])
        if self.generator is not None and self.training:  # what is validated is what the encoder has learned
            loss = loss + taught
        found = (doubts.detach() > 0) & (asked > 0)
        right = 2 * (found & (replaced > 0)).sum() / (found.sum() + replaced.sum()).clamp_min(1)
        return loss, right

    def _follow(self, batch: Batch) -> Result:
        """What differs from the teacher: of the last layer the mean square, of the tags the divergence."""
        teacher = self._fixed[0]
        with torch.no_grad():
            length = batch.ids.shape[1]
            plain = torch.arange(length, device=batch.ids.device).expand(batch.ids.shape)
            told = hidden_states(teacher, batch.inputs, plain)
            tags = teacher.classifier(told).float()  # type: ignore[operator]
        assert self.projection is not None
        made = self.projection(hidden_states(self.masked_lm, batch.inputs, batch.positions))
        guessed = teacher.classifier(made).float()  # type: ignore[operator]
        heat = self.objective.temperature
        between = torch.nn.functional.kl_div(
            (guessed / heat).log_softmax(-1), (tags / heat).log_softmax(-1), reduction="batchmean", log_target=True
        )
        distance = torch.nn.functional.mse_loss(made.float(), told.float()) / told.float().var()
        agreed = (guessed.argmax(-1) == tags.argmax(-1)).float().mean()
        loss = heat**2 * between + self.objective.last_layer * distance + _untouched(self.masked_lm.cls)
        return loss, agreed

    def tagger(self) -> BertForTokenClassification | None:
        """The pupil of a tagger as a tagger: the teacher's classifier on what the pupil's last layer becomes there."""
        if self.projection is None:
            return None
        teacher = self._fixed[0]
        settings = BertConfig.from_dict(self.masked_lm.config.to_dict())
        settings.id2label, settings.label2id = teacher.config.id2label, teacher.config.label2id
        made = BertForTokenClassification(settings)
        made.bert.load_state_dict(self.masked_lm.bert.state_dict())
        head, between = teacher.classifier, self.projection
        with torch.no_grad():
            made.classifier.weight.copy_(head.weight @ between.weight)  # type: ignore[union-attr, operator]
            made.classifier.bias.copy_(head.weight @ between.bias + head.bias)  # type: ignore[union-attr, operator]
        return made


def hidden_states(
    model: BertForMaskedLM | BertForTokenClassification, inputs: torch.Tensor, positions: torch.Tensor
) -> torch.Tensor:
    """The last layer, (batch × length, width)."""
    hidden = model.bert(inputs, position_ids=positions).last_hidden_state
    return hidden.reshape(-1, hidden.shape[-1])


def _guesses(model: BertForMaskedLM, batch: Batch) -> Result:
    """What guessing the masked characters costs, and the scores, (masked, vocabulary)."""
    scores = model.cls(hidden_states(model, batch.inputs, batch.positions)[batch.where])
    return torch.nn.functional.cross_entropy(scores.float(), batch.ids.reshape(-1)[batch.where]), scores


def _attend(
    module: torch.nn.Module, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, *_: Any, scaling: float, **__: Any
) -> tuple[torch.Tensor, None]:
    """Attention to every token; (batch, heads, length, width of a head) to (batch, length, heads, width)."""
    made = torch.nn.functional.scaled_dot_product_attention(query, key, value, scale=scaling)
    return made.transpose(1, 2).contiguous(), None


# No text is padded here. Any mask, of ones alone too, would keep a GPU from its fast kernels.
AttentionInterface.register(UNPADDED, _attend)
AttentionMaskInterface.register(UNPADDED, lambda *_, **__: None)


def _norms_in_bf16(model: torch.nn.Module) -> None:
    """Let layer norms give bf16, which is what is multiplied next: autocast makes float32 of them, twice as much to move."""
    for module in model.modules():
        if isinstance(module, torch.nn.LayerNorm):
            module.register_forward_hook(lambda _module, _inputs, made: made.to(torch.bfloat16))


def _untouched(module: torch.nn.Module) -> torch.Tensor:
    """Zero, by weights that a loss does not use: several processes wait for a gradient of every weight."""
    return 0.0 * torch.stack([p.sum() for p in module.parameters()]).sum()


def load_masked_lm(folder: Path, fresh_head: bool = False) -> BertForMaskedLM:
    """An encoder folder (weights of a `BertModel` or a tagger, `mlm_head.safetensors`) as a masked-language model.

    `fresh_head`: where there is no head, a random one will do.
    """
    model = BertForMaskedLM(BertConfig.from_pretrained(folder, attn_implementation="eager"))
    body = {k.removeprefix("bert."): v for k, v in load_file(folder / "model.safetensors").items()}
    weights = {f"bert.{k}": v for k, v in body.items() if not k.startswith(("pooler", "classifier"))}
    fresh = "decoder"  # what is tied to weights that are there
    if fresh_head and not (folder / "mlm_head.safetensors").exists():
        fresh = "cls."
    else:
        head = load_file(folder / "mlm_head.safetensors")
        weights |= {f"cls.predictions.{k}": v for k, v in head.items() if k != "decoder.bias"}
        weights["cls.predictions.bias"] = head["decoder.bias"]
    missing, unexpected = model.load_state_dict(weights, strict=False)
    if unexpected or any(fresh not in name for name in missing):
        raise ValueError(f"{folder}: weights do not fit BertForMaskedLM (missing {missing}, unexpected {unexpected})")
    model.tie_weights()
    return model


def load_teacher(folder: Path) -> BertForTokenClassification:
    """A finished tagger, in no training. Raises `ValueError` for a folder that is none."""
    if not (folder / "model.safetensors").is_file():
        raise ValueError(f"objective.teacher: {folder} has no model.safetensors; expected a tagger's folder")
    found = BertForTokenClassification.from_pretrained(folder, attn_implementation="eager", dtype=torch.float32)
    return found.eval().requires_grad_(False)


def load_learner(folder: Path, objective: Objective, precision: str) -> Learner:
    """An encoder folder to go on from; a detector beside it is taken over."""
    learner = Learner(load_masked_lm(folder, fresh_head=objective.kind == "distil"), objective, precision)
    if learner.detector is not None and (folder / DETECTOR).exists():
        learner.detector.load_state_dict(load_file(folder / DETECTOR))
    return learner


def save_learner(learner: Learner, vocabulary: list[str], folder: Path) -> None:
    """Write what `load_learner` reads: plain `BertModel` weights, the heads apart; a pupil's tagger in `tagger`."""
    _save_masked_lm(learner.masked_lm, vocabulary, folder)
    if learner.detector is not None:
        save_file(learner.detector.state_dict(), folder / DETECTOR)
    if learner.generator is not None:
        _save_masked_lm(learner.generator, vocabulary, folder / GENERATOR)
    if tagger := learner.tagger():
        tagger.save_pretrained(folder / TAGGER)
        shutil.copy(folder / "vocab.txt", folder / TAGGER / "vocab.txt")
        if (chain := Path(learner.objective.teacher, TRANSITIONS)).is_file():
            shutil.copy(chain, folder / TAGGER / TRANSITIONS)


def _save_masked_lm(model: BertForMaskedLM, vocabulary: list[str], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    model.bert.save_pretrained(folder)
    head = {k: v.contiguous() for k, v in model.cls.predictions.transform.state_dict(prefix="transform.").items()}
    save_file(head | {"decoder.bias": model.cls.predictions.bias.detach()}, folder / "mlm_head.safetensors")
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n", "utf-8")
