"""Public encoders: small random BERT folders of each kind, made here, read character by character. No network."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertModel, BertTokenizerFast

import yaowen
from training import config, encoders
from training.finetune import Settings, finetune
from training.model import DOMAIN, Tagger, load_encoder
from yaowen.formats import annotated
from yaowen.tagger.folder import TRANSITIONS
from yaowen.tagger.vocabulary import CLS, SEP, SPECIAL_TOKENS, Vocabulary

ROOT = Path(__file__).parent.parent
CONFIGS = ROOT / "training" / "configs"
DOCUMENTS = annotated.read(ROOT / "data" / "authored" / "dev.jsonl")[:4]
CHARACTERS = sorted({c.lower() for d in DOCUMENTS for c in d.text if not c.isspace()} - set("0ab"))
# In the order of the public Chinese vocabularies: [PAD], unused places, the other special tokens, then the pieces. "0", "a"
# and "b" stand here only behind others, and capitals are rubbish left over from another tokenizer.
PIECES = [
    "[PAD]", "[unused1]", "[unused2]", *SPECIAL_TOKENS[1:], *CHARACTERS, "2020", "##20", "##2", "20", "##年", "covid",
    "##0", "##a", "##b", "##vid", "A",
]  # fmt: skip
TEXT = "2020年2月3日，COVID在清河县。"


def bert(folder: Path, pieces: list[str], *, kind: str = "vocab.txt", cased: bool = False, seed: int = 0) -> Path:
    """A random encoder; its vocabulary is a `vocab.txt` or a `tokenizer.json`."""
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(seed)
    shape = BertConfig(
        vocab_size=len(pieces), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
        max_position_embeddings=140,
    )  # fmt: skip
    BertModel(shape).save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(pieces) + "\n", "utf-8")
    tokenizer = BertTokenizerFast(vocab=str(folder / "vocab.txt"), do_lower_case=not cased)
    if kind == "tokenizer.json":
        tokenizer.save_pretrained(folder)
        (folder / "vocab.txt").unlink(missing_ok=True)
    elif cased:
        (folder / "tokenizer_config.json").write_text('{"do_lower_case": false}')
    return folder


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bert(tmp_path_factory.mktemp("public"), PIECES)


@pytest.fixture(scope="module")
def ours(public: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return encoders.prepare(str(public), "main", tmp_path_factory.mktemp("ours") / "start").folder


def wordpiece(folder: Path) -> BertTokenizerFast:
    return BertTokenizerFast(vocab=str(folder / "vocab.txt"), do_lower_case=True)


def states(folder: Path, ids: list[int]) -> torch.Tensor:
    with torch.no_grad():
        return load_encoder(folder, 0.0).eval()(torch.tensor([ids])).last_hidden_state[0]


def test_where_every_piece_is_a_character_the_encoder_gives_the_same_states(public: Path, ours: Path) -> None:
    text = "，".join(d.text.split("。")[0] for d in DOCUMENTS)[:100]
    text = "".join(c for c in text if not c.isascii())
    theirs = wordpiece(public)(text, return_offsets_mapping=True)
    tokens = Vocabulary.load(ours).encode(text)
    assert theirs["offset_mapping"][1:-1] == [(i, i + 1) for i in tokens.offsets.tolist()]
    torch.testing.assert_close(states(ours, [CLS, *tokens.ids.tolist(), SEP]), states(public, theirs["input_ids"]))


def test_every_piece_is_a_run_of_our_characters_by_its_offsets(public: Path, ours: Path) -> None:
    for text in (TEXT, *(d.text for d in DOCUMENTS)):
        read = wordpiece(public)(text, return_offsets_mapping=True, add_special_tokens=False)
        at = set(Vocabulary.load(ours).encode(text).offsets.tolist())
        covered = [i for start, end in read["offset_mapping"] for i in range(start, end)]
        assert sorted(at - set(covered)) == [i for i, c in enumerate(text) if c == "\n"], "a line feed is [SEP] here"
        assert set(covered) <= at


def test_a_character_has_the_embedding_of_its_own_piece_or_of_that_which_goes_on_a_word(public: Path, ours: Path) -> None:
    old, new = (load_encoder(f, 0.0).get_input_embeddings().weight for f in (public, ours))
    vocabulary = Vocabulary.load(ours)
    wanted = {"年": "年", "2": "2", "0": "##0", "a": "##a", "Ａ": "##a", "A": "##a"}
    for character, piece in wanted.items():
        (index,) = vocabulary.encode(character).ids.tolist()
        torch.testing.assert_close(new[index], old[PIECES.index(piece)])
    for index, token in enumerate(SPECIAL_TOKENS):
        torch.testing.assert_close(new[index], old[PIECES.index(token)])
    assert {"2020", "covid", "[unused1]", "A"}.isdisjoint(vocabulary.tokens), "the rest is dropped"


def test_a_cased_vocabulary_keeps_its_capitals(tmp_path: Path) -> None:
    start = encoders.prepare(str(bert(tmp_path / "cased", PIECES, cased=True)), "main", tmp_path / "start")
    assert "A" in Vocabulary.load(start.folder).tokens


def test_a_vocabulary_in_tokenizer_json_is_the_same_one(public: Path, ours: Path, tmp_path: Path) -> None:
    source = bert(tmp_path / "json", PIECES, kind="tokenizer.json")
    assert not (source / "vocab.txt").exists()
    start = encoders.prepare(str(source), "main", tmp_path / "start")
    assert (start.folder / "vocab.txt").read_bytes() == (ours / "vocab.txt").read_bytes()


def test_a_folder_of_ours_is_taken_as_it_is(ours: Path, tmp_path: Path) -> None:
    start = encoders.prepare(str(ours), "main", tmp_path / "start")
    assert start == encoders.Start(ours, str(ours), "")
    assert not (tmp_path / "start").exists()


def test_what_reading_by_characters_changes_is_measured(public: Path) -> None:
    marks = tuple(annotated.Mark(*place, "DATE") for place in ((0, 5), (0, 2), (5, 9)))
    found = encoders.measure(public, [annotated.AnnotatedDocument("x", None, "", TEXT, marks, ())])
    # 2020 and covid are pieces of several characters; the span [0, 2) ends inside of the first
    assert found == encoders.Alignment(len(TEXT), 9, found.unknown_pieces, found.unknown, 3, 1)


# --- What cannot be used


def test_pickled_weights_are_refused_with_the_way_out(public: Path, tmp_path: Path) -> None:
    shutil.copytree(public, tmp_path / "pickled", ignore=shutil.ignore_patterns("*.safetensors"))
    (tmp_path / "pickled" / "pytorch_model.bin").write_bytes(b"never read")
    with pytest.raises(ValueError, match=r"no model\.safetensors, and pickled weights .* not loaded.*save_pretrained"):
        encoders.prepare(str(tmp_path / "pickled"), "main", tmp_path / "start")


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"model_type": "xlm-roberta"}, "model_type is 'xlm-roberta', this export knows only 'bert'"),
        ({"hidden_act": "relu"}, "hidden_act"),
    ],
)
def test_other_architectures_are_refused_before_they_are_trained(
    public: Path, tmp_path: Path, change: dict[str, str], complaint: str
) -> None:
    shutil.copytree(public, tmp_path / "other")
    path = tmp_path / "other" / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | change), "utf-8")
    with pytest.raises(ValueError, match=complaint):
        encoders.prepare(str(tmp_path / "other"), "main", tmp_path / "start")


def test_a_vocabulary_of_another_model_is_refused(tmp_path: Path) -> None:
    source = bert(tmp_path / "long", PIECES)
    (source / "vocab.txt").write_text("\n".join([*PIECES, "多"]) + "\n", "utf-8")
    with pytest.raises(ValueError, match="not of one model"):
        encoders.prepare(str(source), "main", tmp_path / "start")
    (source / "vocab.txt").write_text("\n".join(p for p in PIECES if p != "[MASK]") + "\n", "utf-8")
    with pytest.raises(ValueError, match=r"the vocabulary lacks \[MASK\]"):
        encoders.prepare(str(source), "main", tmp_path / "start")


@pytest.mark.parametrize("name", ["hfl/no-such-model-here", "no/such/folder"])
def test_what_is_neither_folder_nor_to_be_had_is_told(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(ValueError, match="there is no such folder") as told:
        encoders.prepare(name, "main", tmp_path / "start")
    assert ("hf download" in str(told.value)) == (name == "hfl/no-such-model-here")


def test_a_hub_name_is_fetched_at_its_revision_without_code_or_pickles(
    public: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = {}

    def fetch(name: str, **how: object) -> str:
        asked.update(name=name, **how)
        return str(shutil.copytree(public, tmp_path / "snapshots" / "0a1b2c", dirs_exist_ok=True))

    monkeypatch.setattr("huggingface_hub.snapshot_download", fetch)
    start = encoders.prepare("hfl/rbt3", "v1", tmp_path / "start")
    assert (asked["name"], asked["revision"]) == ("hfl/rbt3", "v1")
    assert all(p.endswith((".json", ".txt", ".safetensors")) for p in asked["allow_patterns"])  # type: ignore[attr-defined]
    assert (start.name, start.revision) == ("hfl/rbt3", "0a1b2c")


# --- Whole runs


def test_the_configurations_name_a_hub_model_and_a_revision() -> None:
    for name in ("chinese-roberta-wwm-ext", "chinese-macbert-base", "rbt3"):
        settings = config.load(Settings, CONFIGS / f"{name}.toml")
        assert (settings.encoder, settings.revision) == (f"hfl/{name}", "main")
        assert settings.domain.schedule.learning_rate < 1e-4


@pytest.mark.parametrize("kind", ["vocab.txt", "tokenizer.json"])
def test_a_tagger_on_a_public_encoder_reads_the_same_spans_in_torch_and_onnx(tmp_path: Path, kind: str) -> None:
    data = tmp_path / "data.jsonl"
    annotated.write(DOCUMENTS, data)
    source, output = bert(tmp_path / "source", PIECES, kind=kind), tmp_path / "out"
    overrides = [
        f"output={output}", f"encoder={source}", f"assembler={ROOT}/model/yaowen/weights/default", "precision=fp32", "threads=1",
        "public.schedule.epochs=0", f"data.train={data}", f"data.dev={data}", "domain.schedule.epochs=6",
        "domain.schedule.average=0.5", "domain.schedule.learning_rate=1e-2", "domain.schedule.longest=120",
    ]  # fmt: skip
    metrics = finetune(config.load(Settings, CONFIGS / "rbt3.toml", overrides))
    assert metrics["encoder"] == {"name": str(source), "revision": ""}
    read = [yaowen.load(output, backend=backend) for backend in ("onnx", "torch")]  # type: ignore[arg-type]
    for document in DOCUMENTS:
        onnx, torch_ = ([(s.start, s.end, s.label) for s in r.extract(document.text).spans] for r in read)
        assert onnx == torch_
        assert onnx, "it has learnt something"


def test_a_tagger_that_is_gone_on_with_keeps_its_head_and_chain(public: Path, tmp_path: Path) -> None:
    shipped = ROOT / "model" / "yaowen" / "weights" / "default"
    names = list(json.loads((shipped / "config.json").read_text("utf-8"))["id2label"].values())
    model = Tagger(load_encoder(shipped, 0.0), {DOMAIN: names})
    assert encoders.take_head(model, names, shipped)
    record = json.loads((shipped / TRANSITIONS).read_text("utf-8"))
    saved = np.array(record["steps"], np.float32)
    kept = model.chains[DOMAIN].step.detach().numpy()  # type: ignore[union-attr]
    np.testing.assert_array_equal(kept[~np.isnan(saved)], saved[~np.isnan(saved)])
    assert np.isfinite(kept).all()
    assert not encoders.take_head(model, names[:3], shipped), "another set of tags"
    assert not encoders.take_head(model, names, public), "no tagger"
