"""A tiny random model folder, made when a test needs one."""

import json
from functools import cache
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from training.export import export
from yaowen.formats.annotated import read
from yaowen.schema import SPAN_LABELS
from yaowen.tagger.folder import ModelFolder
from yaowen.tagger.vocabulary import SPECIAL_TOKENS, fold

AUTHORED = Path(__file__).resolve().parent.parent / "data" / "authored"
TAGS = ["O", *(f"{kind}-{label}" for label in SPAN_LABELS for kind in "BI")]


@cache
def authored_texts() -> tuple[str, ...]:
    """The texts of the authored development articles."""
    return tuple(document.text for document in read(AUTHORED / "dev.jsonl"))


def tiny_vocabulary(size: int = 600) -> list[str]:
    """The characters of the authored articles; some are left out, so that there are unknown ones."""
    counts: dict[str, int] = {}
    for text in authored_texts():
        for character in text:
            if len(folded := fold(character)) == 1 and not folded.isspace():
                counts[folded] = counts.get(folded, 0) + 1
    # "…" has a token though NFKC takes it apart: so it is in the real vocabulary.
    frequent = sorted(counts, key=lambda c: (-counts[c], c))
    return [*SPECIAL_TOKENS, "…", *(c for c in frequent if c != "…")][:size]


def make_model(
    folder: Path,
    *,
    layers: int = 2,
    hidden: int = 64,
    heads: int = 2,
    positions: int = 128,
    seed: int = 0,
    local: bool = False,
) -> ModelFolder:
    """Write a complete random model into an empty folder and load it.

    A `local` model sees nothing but the character itself: no position, no neighbours. What it says about a text cannot
    depend on where the text is cut.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tokens = tiny_vocabulary()
    (folder / "vocab.txt").write_text("".join(f"{token}\n" for token in tokens), "utf-8")
    config = {
        "architectures": ["BertForTokenClassification"], "model_type": "bert", "vocab_size": len(tokens),
        "hidden_size": hidden, "num_hidden_layers": layers, "num_attention_heads": heads, "intermediate_size": 2 * hidden,
        "hidden_act": "gelu", "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0,
        "max_position_embeddings": positions, "type_vocab_size": 2, "layer_norm_eps": 1e-12, "pad_token_id": 0,
        "id2label": dict(enumerate(TAGS)), "label2id": {tag: index for index, tag in enumerate(TAGS)},
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config), "utf-8")
    save_file(_weights(config, np.random.default_rng(seed), local), folder / "model.safetensors", {"format": "pt"})
    return export(folder, "0.0.1")


def _weights(config: dict, rng: np.random.Generator, local: bool) -> dict[str, np.ndarray]:
    hidden, inner = config["hidden_size"], config["intermediate_size"]
    weights: dict[str, np.ndarray] = {}

    def tensor(name: str, *shape: int, scale: float) -> None:
        weights[name] = (rng.standard_normal(shape) * scale).astype(np.float32)

    def linear(name: str, size_in: int, size_out: int, scale: float) -> None:
        tensor(f"{name}.weight", size_out, size_in, scale=scale * size_in**-0.5)
        tensor(f"{name}.bias", size_out, scale=0.1 * scale)

    def norm(name: str) -> None:
        tensor(f"{name}.weight", hidden, scale=0.1)
        weights[f"{name}.weight"] += 1
        tensor(f"{name}.bias", hidden, scale=0.1)

    tensor("bert.embeddings.word_embeddings.weight", config["vocab_size"], hidden, scale=1.0)
    tensor(
        "bert.embeddings.position_embeddings.weight", config["max_position_embeddings"], hidden, scale=0 if local else 0.5
    )
    tensor("bert.embeddings.token_type_embeddings.weight", 2, hidden, scale=0.5)
    norm("bert.embeddings.LayerNorm")
    for index in range(config["num_hidden_layers"]):
        layer = f"bert.encoder.layer.{index}"
        for part in ("query", "key", "value"):
            linear(f"{layer}.attention.self.{part}", hidden, hidden, 1.5)
        linear(f"{layer}.attention.output.dense", hidden, hidden, 0 if local else 1.0)
        norm(f"{layer}.attention.output.LayerNorm")
        linear(f"{layer}.intermediate.dense", hidden, inner, 1.0)
        linear(f"{layer}.output.dense", inner, hidden, 1.0)
        norm(f"{layer}.output.LayerNorm")
    linear("classifier", hidden, len(config["id2label"]), 4.0)
    return weights
