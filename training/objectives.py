"""What an encoder learns from while it is pretrained: guessing masked characters, telling replaced ones, or a teacher.

All work on `BertForMaskedLM`. Replaced-token detection (Clark et al. 2020, ELECTRA) asks at every position, not at the
masked ones only; the corrective part (Meng et al. 2021, COCO-LM) asks at the replaced positions what stood there, which
keeps the head for masked characters in use. The generator is an earlier encoder and does not learn. Distillation asks for
what a finished tagger of any size makes of every character: its last layer (Jiao et al. 2020, TinyBERT) and its tags.
"""

import dataclasses
import shutil
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from transformers import BertConfig, BertForMaskedLM, BertForTokenClassification

from data.unlabelled import CLS, SEP, SPECIAL_TOKENS
from training.masking import IGNORED, Masking, mask_spans
from training.precision import autocast
from yaowen.tagger.folder import TRANSITIONS

DETECTOR = "detector.safetensors"  # beside the encoder: the head that tells replaced characters
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

    def __post_init__(self) -> None:
        if self.kind not in ("mlm", "rtd", "distil"):
            raise ValueError(f"objective.kind = {self.kind!r}: expected mlm, rtd or distil")
        if self.kind == "rtd" and not self.generator:
            raise ValueError("objective.generator: replaced-token detection needs the folder of a trained encoder")
        if self.kind == "distil" and not self.teacher:
            raise ValueError("objective.teacher: distillation needs the folder of a finished tagger")


Result = tuple[torch.Tensor, torch.Tensor]  # what a batch costs (nats), and how much of what was asked was right


class Learner(torch.nn.Module):
    """The model in training with the heads its objective needs."""

    def __init__(self, model: BertForMaskedLM, objective: Objective, precision: str) -> None:
        super().__init__()
        self.masked_lm = model
        self.objective = objective
        self.precision = precision
        self.detector: torch.nn.Module | None = None
        self.projection: torch.nn.Linear | None = None
        self._fixed: list[BertForMaskedLM | BertForTokenClassification] = []  # in a list: not trained and not saved
        width = model.config.hidden_size
        if objective.kind == "rtd":
            self.detector = torch.nn.Sequential(
                torch.nn.Linear(width, width), torch.nn.GELU(), torch.nn.LayerNorm(width), torch.nn.Linear(width, 1)
            )
            self._fixed = [load_masked_lm(Path(objective.generator)).eval().requires_grad_(False)]
        if objective.kind == "distil":
            teacher = load_teacher(Path(objective.teacher))
            self.projection = torch.nn.Linear(width, teacher.config.hidden_size)
            self._fixed = [teacher]

    def prepare(self, device: torch.device, compiled: bool) -> None:
        """Put what does not learn on the device; fuse what stands between the multiplications (`torch.compile`).

        The heads, of changing size, are not compiled.
        """
        for model in (self.masked_lm, *self._fixed):
            if device.type == "cuda":
                model.set_attn_implementation("sdpa")
            if compiled:
                model.bert.compile()
        for model in self._fixed:
            model.to(device)  # type: ignore[arg-type]

    def forward(
        self, ids: torch.Tensor, masking: Masking, generator: torch.Generator, device: torch.device, progress: float = 1.0
    ) -> Result:
        """Loss and accuracy of a batch of characters, `ids` int64 (batch, length) on the CPU.

        All that decides shapes is drawn there, so that a GPU is never waited for. `progress`: the share of the budget
        that is used up.
        """
        # A random start below the maximum trains every position, though sequences are short.
        room = self.masked_lm.config.max_position_embeddings - ids.shape[1]
        offsets = torch.randint(0, room + 1, (len(ids), 1), generator=generator)
        if self.objective.kind == "distil":
            offsets[::2] = 0  # where a tagger reads; the teacher always does
        positions = _send(offsets + torch.arange(ids.shape[1]), device)
        with autocast(self.precision, device):
            if self.objective.kind == "distil":
                return self._follow(ids, positions, device)
            if self.objective.kind == "rtd" and progress >= self.objective.masked_first:
                return self._detect(ids, positions, masking, generator, device)
            return self._guess(ids, positions, masking, generator, device)

    def _guess(
        self, ids: torch.Tensor, positions: torch.Tensor, masking: Masking, generator: torch.Generator, device: torch.device
    ) -> Result:
        inputs, targets = mask_spans(ids, self.masked_lm.config.vocab_size, masking, generator)
        where, wanted = _asked(targets, device)
        hidden = hidden_states(self.masked_lm, _send(inputs, device), positions)
        logits = self.masked_lm.cls(hidden[where])  # (masked, vocabulary)
        accuracy = (logits.detach().argmax(-1) == wanted).float().mean()
        loss = torch.nn.functional.cross_entropy(logits.float(), wanted)
        if self.detector is not None:
            loss = loss + _untouched(self.detector)
        return loss, accuracy

    def _detect(
        self, ids: torch.Tensor, positions: torch.Tensor, masking: Masking, generator: torch.Generator, device: torch.device
    ) -> Result:
        hidden_all = dataclasses.replace(masking, replace=1.0, corrupt=0.0)
        inputs, targets = mask_spans(ids, self.masked_lm.config.vocab_size, hidden_all, generator)
        where, wanted = _asked(targets, device)
        chances = _send(torch.rand(len(where), 1, generator=generator), device)
        flat = _send(ids.reshape(-1), device)
        with torch.no_grad():
            guesser = self._fixed[0]
            scores = guesser.cls(hidden_states(guesser, _send(inputs, device), positions)[where])  # type: ignore[operator]
            upto = scores.float().softmax(-1).cumsum(1)  # torch.multinomial draws a number for every entry of the vocabulary
            drawn = torch.searchsorted(upto, chances * upto[:, -1:]).squeeze(1)
        shown = flat.index_copy(0, where, drawn)
        asked = (flat >= len(SPECIAL_TOKENS)).float()
        hidden = hidden_states(self.masked_lm, shown.reshape(ids.shape), positions)
        assert self.detector is not None
        doubts = self.detector(hidden).float().squeeze(1)
        replaced = (shown != flat).float()
        costs = torch.nn.functional.binary_cross_entropy_with_logits(doubts, replaced, reduction="none")
        loss = self.objective.detection * (costs * asked).sum() / asked.sum()
        logits = self.masked_lm.cls(hidden[where])
        loss = loss + self.objective.correction * torch.nn.functional.cross_entropy(logits.float(), wanted)
        found = (doubts.detach() > 0) & (asked > 0)
        right = 2 * (found & (replaced > 0)).sum() / (found.sum() + replaced.sum()).clamp_min(1)
        return loss, right

    def _follow(self, ids: torch.Tensor, positions: torch.Tensor, device: torch.device) -> Result:
        """What differs from the teacher: of the last layer the mean square, of the tags the divergence."""
        framed = ids.clone()
        framed[:, 0], framed[:, -1] = CLS, SEP  # as a tagger reads
        inputs = _send(framed, device)
        teacher = self._fixed[0]
        with torch.no_grad():
            told = hidden_states(teacher, inputs, torch.arange(ids.shape[1], device=device).expand(ids.shape))
            tags = teacher.classifier(told).float()  # type: ignore[operator]
        assert self.projection is not None
        made = self.projection(hidden_states(self.masked_lm, inputs, positions))
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


def _send(tensor: torch.Tensor, device: torch.device) -> torch.Tensor:
    """The tensor on the device, without waiting for what the device still has to do."""
    return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor.to(device)


def _asked(targets: torch.Tensor, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """Where something is to be guessed in a flat batch, and what stands there."""
    flat = targets.reshape(-1)
    where = (flat != IGNORED).nonzero().squeeze(1)
    return _send(where, device), _send(flat[where], device)


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
    folder.mkdir(parents=True, exist_ok=True)
    model = learner.masked_lm
    model.bert.save_pretrained(folder)
    head = {k: v.contiguous() for k, v in model.cls.predictions.transform.state_dict(prefix="transform.").items()}
    save_file(head | {"decoder.bias": model.cls.predictions.bias.detach()}, folder / "mlm_head.safetensors")
    if learner.detector is not None:
        save_file(learner.detector.state_dict(), folder / DETECTOR)
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n", "utf-8")
    if tagger := learner.tagger():
        tagger.save_pretrained(folder / TAGGER)
        shutil.copy(folder / "vocab.txt", folder / TAGGER / "vocab.txt")
        if (chain := Path(learner.objective.teacher, TRANSITIONS)).is_file():
            shutil.copy(chain, folder / TAGGER / TRANSITIONS)
