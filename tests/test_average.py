"""The mean of several taggers, weight by weight."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from training.average import average
from yaowen.tagger.folder import TRANSITIONS


def tagger(folder: Path, value: float, *, half: bool = False, tags: str = "O", width: int = 2, said: Any = ()) -> Path:
    folder.mkdir()
    weights = torch.full((3, width), value, dtype=torch.float16 if half else torch.float32)
    save_file({"weight": weights}, folder / "model.safetensors")
    config = {"id2label": {"0": tags}, "_name_or_path": folder.name, "dtype": "float16" if half else "float32"}
    (folder / "config.json").write_text(json.dumps(config | dict(said)), "utf-8")
    (folder / "vocab.txt").write_text("甲\n", "utf-8")
    steps = {"tags": [tags], "start": [value, None], "steps": [[value, None], [None, 2 * value]]}
    (folder / TRANSITIONS).write_text(json.dumps(steps), "utf-8")
    return folder


def test_the_mean_is_of_weights_and_of_steps(tmp_path: Path) -> None:
    folders = [tagger(tmp_path / "a", 1.0), tagger(tmp_path / "b", 4.0, half=True), tagger(tmp_path / "c", -0.5)]
    average(folders, tmp_path / "out")
    made = load_file(tmp_path / "out" / "model.safetensors")["weight"]
    assert made.dtype == torch.float32
    assert torch.equal(made, torch.full((3, 2), 1.5))
    record = json.loads((tmp_path / "out" / TRANSITIONS).read_text("utf-8"))
    assert record == {"tags": ["O"], "start": [1.5, None], "steps": [[1.5, None], [None, 3.0]]}
    assert (tmp_path / "out" / "config.json").read_bytes() == (tmp_path / "a" / "config.json").read_bytes()
    assert (tmp_path / "out" / "vocab.txt").read_text("utf-8") == "甲\n"


def test_models_that_differ_in_form_have_no_mean(tmp_path: Path) -> None:
    first = tagger(tmp_path / "a", 1.0)
    for other in (tagger(tmp_path / "wide", 1.0, width=3), tagger(tmp_path / "tags", 1.0, tags="B-DATE")):
        with pytest.raises(
            ValueError, match=f"{other.name} has another form, vocabulary or other tags than .*a: they have no"
        ):
            average([first, other], tmp_path / "out")
    words = tagger(tmp_path / "words", 1.0)
    (words / "vocab.txt").write_text("乙\n", "utf-8")
    with pytest.raises(ValueError, match="words has another form"):
        average([first, words], tmp_path / "out")
    chain = tagger(tmp_path / "chain", 1.0)
    (chain / TRANSITIONS).write_text('{"tags": ["B-DATE"], "start": [0, 0], "steps": [[0, 0], [0, 0]]}', "utf-8")
    with pytest.raises(ValueError, match="chain has another form"):
        average([first, chain], tmp_path / "out")
    with pytest.raises(ValueError, match="a holds other files"):
        average([first, first], first)
    with pytest.raises(ValueError, match=r"words/vocab\.txt is a file; name a folder"):
        average([first, first], words / "vocab.txt")
    (words / TRANSITIONS).unlink()
    with pytest.raises(ValueError, match=rf"words/{TRANSITIONS} is missing"):
        average([first, words], tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("name", "value"), [("num_attention_heads", 4), ("hidden_act", "relu"), ("layer_norm_eps", 1e-6)])
def test_models_that_compute_otherwise_have_no_mean(tmp_path: Path, name: str, value: object) -> None:
    folders = [tagger(tmp_path / "a", 1.0), tagger(tmp_path / "b", 1.0, said={name: value})]
    with pytest.raises(ValueError, match=rf"b/config\.json: {name} is {value!r}, that of .*a is .*: they have no mean"):
        average(folders, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_models_that_were_only_trained_or_saved_otherwise_have_one(tmp_path: Path) -> None:
    other = {"hidden_dropout_prob": 0.3, "transformers_version": "4.0.0", "hidden_act": "gelu", "dtype": "float16"}
    average([tagger(tmp_path / "a", 1.0), tagger(tmp_path / "b", 2.0, said=other)], tmp_path / "out")
    assert (tmp_path / "out" / "model.safetensors").exists()
