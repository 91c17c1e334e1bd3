"""What an encoder learns from while it is pretrained: guessing masked characters, or telling replaced ones.

Both work on `BertForMaskedLM`. Replaced-token detection (Clark et al. 2020, ELECTRA) asks at every position, not at the
masked ones only; the corrective part (Meng et al. 2021, COCO-LM) asks at the replaced positions what stood there, which
keeps the head for masked characters in use. The generator is an earlier encoder and does not learn.
"""

import dataclasses
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from transformers import BertConfig, BertForMaskedLM

from data.unlabelled import SPECIAL_TOKENS
from training.masking import IGNORED, Masking, mask_spans
from training.precision import autocast

DETECTOR = "detector.safetensors"  # beside the encoder: the head that tells replaced characters


@dataclasses.dataclass(frozen=True, slots=True)
class Objective:
    """`kind` "mlm" (masked characters) or "rtd" (replaced ones); the rest is for "rtd" alone."""

    kind: str
    generator: str
    detection: float
    correction: float

    def __post_init__(self) -> None:
        if self.kind not in ("mlm", "rtd"):
            raise ValueError(f"objective.kind = {self.kind!r}: expected mlm or rtd")
        if self.kind == "rtd" and not self.generator:
            raise ValueError("objective.generator: replaced-token detection needs the folder of a trained encoder")


Result = tuple[torch.Tensor, torch.Tensor]  # what a batch costs (nats), and how much of what was asked was right


class Learner(torch.nn.Module):
    """The model in training with the heads its objective needs."""

    def __init__(self, model: BertForMaskedLM, objective: Objective, precision: str) -> None:
        super().__init__()
        self.masked_lm = model
        self.objective = objective
        self.precision = precision
        self.detector: torch.nn.Module | None = None
        self._generator: list[BertForMaskedLM] = []  # in a list: no part of what is trained or saved
        if objective.kind == "rtd":
            width = model.config.hidden_size
            self.detector = torch.nn.Sequential(
                torch.nn.Linear(width, width), torch.nn.GELU(), torch.nn.LayerNorm(width), torch.nn.Linear(width, 1)
            )
            self._generator = [load_masked_lm(Path(objective.generator)).eval().requires_grad_(False)]

    def compile_encoders(self) -> None:
        """Fuse what stands between the multiplications (`torch.compile`); the heads, of changing size, stay as they are."""
        for model in (self.masked_lm, *self._generator):
            model.bert.compile()

    def forward(self, ids: torch.Tensor, masking: Masking, generator: torch.Generator, device: torch.device) -> Result:
        """Loss and accuracy of a batch of characters, `ids` int64 (batch, length) on the CPU."""
        # A random start below the maximum trains every position, though sequences are short.
        room = self.masked_lm.config.max_position_embeddings - ids.shape[1]
        offsets = torch.randint(0, room + 1, (len(ids), 1), generator=generator)
        positions = (offsets + torch.arange(ids.shape[1])).to(device)
        with autocast(self.precision, device):
            if self.objective.kind == "rtd":
                return self._detect(ids, positions, masking, generator, device)
            return self._guess(ids, positions, masking, generator, device)

    def _guess(
        self, ids: torch.Tensor, positions: torch.Tensor, masking: Masking, generator: torch.Generator, device: torch.device
    ) -> Result:
        inputs, targets = mask_spans(ids, self.masked_lm.config.vocab_size, masking, generator)
        where = (targets != IGNORED).reshape(-1).nonzero().squeeze(1).to(device)
        wanted = targets.reshape(-1).to(device)[where]
        hidden = hidden_states(self.masked_lm, inputs.to(device), positions)
        logits = self.masked_lm.cls(hidden[where])  # (masked, vocabulary)
        accuracy = (logits.detach().argmax(-1) == wanted).float().mean()
        return torch.nn.functional.cross_entropy(logits.float(), wanted), accuracy

    def _detect(
        self, ids: torch.Tensor, positions: torch.Tensor, masking: Masking, generator: torch.Generator, device: torch.device
    ) -> Result:
        hidden_all = dataclasses.replace(masking, replace=1.0, corrupt=0.0)
        inputs, targets = mask_spans(ids, self.masked_lm.config.vocab_size, hidden_all, generator)
        where = (targets != IGNORED).reshape(-1).nonzero().squeeze(1).to(device)
        flat = ids.reshape(-1).to(device)
        with torch.no_grad():
            guesser = self._generator[0].to(device)  # type: ignore[arg-type]
            chances = guesser.cls(hidden_states(guesser, inputs.to(device), positions)[where]).float().softmax(-1)
            upto = chances.cumsum(1)  # torch.multinomial draws a random number for every entry of the vocabulary
            chosen = torch.rand(len(upto), 1, generator=generator).to(device) * upto[:, -1:]
            drawn = torch.searchsorted(upto, chosen).squeeze(1)
        shown = flat.index_copy(0, where, drawn)
        asked = flat >= len(SPECIAL_TOKENS)
        hidden = hidden_states(self.masked_lm, shown.reshape(ids.shape), positions)
        assert self.detector is not None
        doubts = self.detector(hidden[asked]).float().squeeze(1)
        replaced = (shown != flat)[asked].float()
        loss = self.objective.detection * torch.nn.functional.binary_cross_entropy_with_logits(doubts, replaced)
        logits = self.masked_lm.cls(hidden[where])
        loss = loss + self.objective.correction * torch.nn.functional.cross_entropy(logits.float(), flat[where])
        found = doubts.detach() > 0
        right = 2 * (found & (replaced > 0)).sum() / (found.sum() + replaced.sum()).clamp_min(1)
        return loss, right


def hidden_states(model: BertForMaskedLM, inputs: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
    """The last layer, (batch × length, width)."""
    hidden = model.bert(inputs, position_ids=positions).last_hidden_state
    return hidden.reshape(-1, hidden.shape[-1])


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


def load_learner(folder: Path, objective: Objective, precision: str) -> Learner:
    """An encoder folder to go on from; a detector beside it is taken over."""
    learner = Learner(load_masked_lm(folder), objective, precision)
    if learner.detector is not None and (folder / DETECTOR).exists():
        learner.detector.load_state_dict(load_file(folder / DETECTOR))
    return learner


def save_learner(learner: Learner, vocabulary: list[str], folder: Path) -> None:
    """Write what `load_learner` reads: plain `BertModel` weights, the heads apart."""
    folder.mkdir(parents=True, exist_ok=True)
    model = learner.masked_lm
    model.bert.save_pretrained(folder)
    head = {k: v.contiguous() for k, v in model.cls.predictions.transform.state_dict(prefix="transform.").items()}
    save_file(head | {"decoder.bias": model.cls.predictions.bias.detach()}, folder / "mlm_head.safetensors")
    if learner.detector is not None:
        save_file(learner.detector.state_dict(), folder / DETECTOR)
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n", "utf-8")
