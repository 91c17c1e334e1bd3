"""Fine-tuning on a handful of our own documents with a very small encoder: what is learnt, saved, scored and refused."""

import dataclasses
import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModelForTokenClassification, BertConfig, BertModel

from tests.tiny_model import AUTHORED
from tests.training_set import DOCUMENTS, NAMES, SCHEME, TAGS, VOCABULARY
from training import config, public_scores
from training.augment import Augmentation
from training.examples import encode
from training.finetune import Settings, finetune
from training.loop import Schedule, make_optimisers, rate
from training.model import DOMAIN, Tagger, load_encoder, logits
from training.scoring import read_spans
from yaowen.schema import PEOPLE, SPAN_LABELS
from yaowen.tagger import posterior
from yaowen.tagger.folder import TRANSITIONS
from yaowen.tagger.vocabulary import Vocabulary

CONFIG = Path(__file__).parent.parent / "training" / "configs" / "finetune.toml"


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small random encoder whose vocabulary has every character of the documents."""
    folder = tmp_path_factory.mktemp("encoder")
    (folder / "vocab.txt").write_text("\n".join(VOCABULARY.tokens) + "\n", "utf-8")
    torch.manual_seed(0)
    shape = BertConfig(
        vocab_size=len(VOCABULARY), hidden_size=64, num_hidden_layers=2, num_attention_heads=2, intermediate_size=128,
    )  # fmt: skip
    BertModel(shape, add_pooling_layer=False).save_pretrained(folder)
    return folder


def some_settings(encoder: Path, output: Path, data: Path, *overrides: str) -> Settings:
    return config.load(
        Settings, CONFIG,
        [
            f"output={output}", f"encoder={encoder}", "precision=fp32", "threads=1", "public.schedule.epochs=0",
            f"data.train={data}", f"data.dev={data}", "domain.schedule.layer_decay=1.0",
            "domain.schedule.epochs=12", "domain.schedule.learning_rate=4e-3", "domain.schedule.dropout=0.0",
            "domain.schedule.batch=600", "domain.schedule.average=0.5", "domain.schedule.warm_up=0.1",
            *(f"augmentation.{f.name}=0.0" for f in dataclasses.fields(Augmentation) if f.name != "swap"),
            *(f"augmentation.swap.{label}=0.0" for label in SPAN_LABELS), *overrides,
        ],
    )  # fmt: skip


def few(path: Path, count: int = 6) -> Path:
    lines = (AUTHORED / "train.jsonl").read_text("utf-8").splitlines()[:count]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


@pytest.fixture(scope="module")
def trained(encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, object]]:
    folder = tmp_path_factory.mktemp("trained")
    return folder, finetune(some_settings(encoder, folder, few(folder.parent / "few.jsonl")))


def test_a_small_model_learns_a_few_documents(trained: tuple[Path, dict]) -> None:
    _, metrics = trained
    log = metrics["domain"]["log"]
    assert len(log) == 12
    assert log[-1]["loss"] < log[0]["loss"] / 2
    assert metrics["domain"]["dev"]["both"]["all"]["f1"] > 0.2


def test_a_tagger_teaches_another_what_no_document_marks(trained: tuple[Path, dict], encoder: Path, tmp_path: Path) -> None:
    teacher, _ = trained
    marked = few(tmp_path / "marked.jsonl")
    bare = [{**json.loads(line), "spans": [], "events": []} for line in marked.read_text("utf-8").splitlines()]
    plain = tmp_path / "bare.jsonl"
    plain.write_text("".join(json.dumps(record) + "\n" for record in bare), "utf-8")
    teaching = [f"data.dev={marked}", f"domain.teaching.teachers={teacher}"]
    pupil = finetune(some_settings(encoder, tmp_path / "pupil", plain, *teaching, "domain.teaching.weight=1.0"))
    assert pupil["domain"]["dev"]["both"]["all"]["f1"] > 0.2
    assert list(pupil["domain"]["teachers"]) == [str(teacher)]

    alone = finetune(some_settings(encoder, tmp_path / "alone", plain, f"data.dev={marked}", "domain.schedule.epochs=2"))
    assert alone["domain"]["dev"]["both"]["all"]["f1"] == 0
    with pytest.raises(ValueError, match=r"teachers: .*nowhere has no model.safetensors"):
        finetune(some_settings(encoder, tmp_path / "none", plain, f"domain.teaching.teachers={tmp_path / 'nowhere'}"))
    with pytest.raises(ValueError, match="has other tags"):
        finetune(some_settings(encoder, tmp_path / "none", plain, f"domain.teaching.teachers={encoder}"))


def test_documents_beside_get_a_head_of_their_own_that_is_left_behind(encoder: Path, tmp_path: Path) -> None:
    """The same texts without any marks: whoever learns them with the same head learns to mark less."""
    marked = few(tmp_path / "marked.jsonl")
    bare = tmp_path / "bare.jsonl"
    records = [{**json.loads(line), "spans": [], "events": []} for line in marked.read_text("utf-8").splitlines()]
    bare.write_text("".join(json.dumps(record) + "\n" for record in records), "utf-8")
    dev = f"data.dev={marked}"
    both = finetune(some_settings(encoder, tmp_path / "both", marked, dev, f'data.train=["{marked}","{bare}"]'))
    beside = finetune(some_settings(encoder, tmp_path / "beside", marked, dev, f"data.beside={bare}"))
    assert beside["domain"]["documents"] == both["domain"]["documents"] == 12
    assert beside["domain"]["steps"] == both["domain"]["steps"]
    assert set(beside["domain"]["data"]) == {str(marked), str(bare)}
    assert beside["domain"]["dev"]["both"]["all"]["f1"] > both["domain"]["dev"]["both"]["all"]["f1"] + 0.1
    taught = ["domain.schedule.epochs=2", f"domain.teaching.teachers={tmp_path / 'both'}", f"data.beside={bare}"]
    assert finetune(some_settings(encoder, tmp_path / "taught", marked, dev, *taught))["domain"]["documents"] == 12
    model = AutoModelForTokenClassification.from_pretrained(tmp_path / "beside")
    assert [model.config.id2label[i] for i in range(len(NAMES))] == NAMES


def test_a_device_that_is_not_there_is_refused(encoder: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected auto, cpu or cuda"):
        some_settings(encoder, tmp_path, tmp_path / "x.jsonl", "device=gpu")
    if not torch.cuda.is_available():
        with pytest.raises(ValueError, match="torch finds no GPU here"):
            some_settings(encoder, tmp_path, tmp_path / "x.jsonl", "device=cuda")


def saved_chain(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    record = json.loads((folder / TRANSITIONS).read_text("utf-8"))
    assert record["tags"] == NAMES
    start, steps = (np.array(record[key], np.float32) for key in ("start", "steps"))
    return start, steps


def test_the_folder_loads_in_transformers_and_says_what_was_measured(trained: tuple[Path, dict]) -> None:
    folder, metrics = trained
    model = AutoModelForTokenClassification.from_pretrained(folder).eval()
    assert [model.config.id2label[i] for i in range(len(NAMES))] == NAMES
    assert model.dtype == torch.float32
    whole = Tagger(load_encoder(folder, 0.0), {DOMAIN: NAMES})
    whole.heads[DOMAIN].load_state_dict(model.classifier.state_dict())
    start, steps = saved_chain(folder)
    chain = posterior.Chain(start[SCHEME.columns], steps[np.ix_(SCHEME.columns, SCHEME.columns)])
    (file,) = folder.glob("predictions-*.jsonl")
    longest = config.load(Settings, folder / "finetune.toml").domain.window
    for document, line in zip(DOCUMENTS[:6], file.read_text("utf-8").splitlines(), strict=True):
        example = encode(VOCABULARY, document.text, (), {})
        keys = read_spans(document.text, example, logits(whole.eval(), example, longest), SCHEME, chain)
        saved = json.loads(line)
        assert {(s, e, label) for s, e, label, _ in saved["right"] + saved["wrong"]} == set(keys)
    assert metrics == json.loads((folder / "metrics.json").read_text("utf-8"))
    assert len(next(iter(metrics["domain"]["data"].values()))) == 64


def test_the_saved_settings_make_the_same_model_again(trained: tuple[Path, dict], tmp_path: Path) -> None:
    folder, _ = trained
    again = config.load(Settings, folder / "finetune.toml", [f"output={tmp_path}"])
    finetune(again)
    first, second = ((f / "model.safetensors").read_bytes() for f in (folder, tmp_path))
    assert first == second


def test_public_sets_come_first_where_they_are_asked_for(encoder: Path, tmp_path: Path) -> None:
    import lzma

    with lzma.open(tmp_path / "small.jsonl.xz", "wt", encoding="utf-8") as out:
        for i, document in enumerate(DOCUMENTS[:8]):
            names = [{"start": m.start, "end": m.end, "label": "NAME"} for m in document.spans if m.label in PEOPLE]
            out.write(json.dumps({"id": str(i), "split": "train", "text": document.text, "spans": names}) + "\n")
    output = tmp_path / "out"
    metrics = finetune(
        some_settings(
            encoder, output, few(tmp_path / "few.jsonl", 2), f"public.folder={tmp_path}", 'public.sets=["small"]',
            "public.scored.small=train", "public.schedule.epochs=2", "domain.schedule.epochs=1",
        )
    )  # fmt: skip
    assert [line["epoch"] for line in metrics["public"]["log"]] == [1, 2]
    kept, begun = (BertModel.from_pretrained(f).state_dict() for f in (output / "encoder", encoder))
    assert any(not torch.equal(kept[name], begun[name]) for name in begun)
    assert (output / "encoder" / "vocab.txt").read_bytes() == (encoder / "vocab.txt").read_bytes()
    scores = metrics["public"]["scores"]
    assert list(scores) == ["small"], "sets without a head of this run are not scored"
    model, heads = public_scores.load_heads(output / "encoder")
    again = public_scores.score(model, heads, Vocabulary.load(encoder), tmp_path, {"small": "train"})
    assert again == scores, "the heads that were kept are those that were scored"


def test_a_head_reads_long_texts_whole_and_its_chain_of_zeros_lets_no_broken_span_out(encoder: Path) -> None:
    torch.manual_seed(1)
    model = Tagger(load_encoder(encoder, 0.0), {"set": ["O", "B-A", "I-A", "B-B", "I-B"]}).eval()
    torch.nn.init.normal_(model.heads["set"].weight)
    long = "".join(d.text for d in DOCUMENTS[:3])
    assert len(long) > 2 * public_scores.WINDOW
    texts = ["　", DOCUMENTS[0].text[:40], long, ""]
    found = public_scores.spans(model, "set", ["O", "B-A", "I-A", "B-B", "I-B"], VOCABULARY, texts)
    assert [len(f) > 0 for f in found] == [False, True, True, False]
    assert found[2][-1].end > public_scores.WINDOW * 2
    assert all(a.end <= b.start for a, b in pairwise(found[2]))
    alone = public_scores.spans(model, "set", ["O", "B-A", "I-A", "B-B", "I-B"], VOCABULARY, texts[1:2])
    assert alone == found[1:2]
    figures = public_scores.strict([len(t) for t in texts], found, found)
    assert figures["f1"] == 1.0
    assert figures["gold"] == sum(map(len, found))


def test_dev_and_test_are_never_trained_on() -> None:
    settings = config.load(Settings, CONFIG)
    assert all(path.stem.startswith("train") for path in settings.data.train)
    assert all(path.stem == "dev" for path in settings.data.dev)


def test_the_chain_learns_which_tags_stand_together(trained: tuple[Path, dict]) -> None:
    start, step = saved_chain(trained[0])
    assert step[TAGS["B-DATE"], TAGS["I-DATE"]] > step[TAGS["B-DATE"], TAGS["O"]], "a date has more than one character"
    assert np.isnan([start[TAGS["I-DATE"]], step[TAGS["O"], TAGS["I-DATE"]]]).all(), "what is illegal has no score"


# --- Schedule


def test_the_learning_rate_rises_then_falls_and_lower_layers_learn_slower(encoder: Path) -> None:
    schedule = dataclasses.replace(
        config.load(Settings, CONFIG).domain.schedule, warm_up=0.1, final_share=0.02, layer_decay=0.5
    )
    rates = [rate(p, schedule) for p in (0.0, 0.05, 0.1, 0.55, 1.0)]
    assert rates == pytest.approx([0.01, 0.5, 1.0, 0.51, 0.02])
    model = Tagger(load_encoder(encoder, 0.0), {DOMAIN: NAMES[:3]})
    peaks = {}
    names = {id(p): n for n, p in model.named_parameters()}
    for optimiser in make_optimisers(model, schedule):
        for group in optimiser.param_groups:
            peaks |= {names[id(p)]: group["peak"] / schedule.learning_rate for p in group["params"]}
    assert set(peaks) == set(names.values()), "every parameter is trained"
    assert peaks["heads.yaowen.weight"] == 1.0
    assert peaks["bert.encoder.layer.1.output.dense.weight"] == 0.5
    assert peaks["bert.encoder.layer.0.output.dense.weight"] == 0.25
    assert peaks["bert.embeddings.word_embeddings.weight"] == 0.125


@pytest.mark.parametrize("kind", ["adamw", "muon"])
def test_muon_takes_the_matrices_of_the_layers_alone(encoder: Path, kind: str) -> None:
    schedule = dataclasses.replace(config.load(Settings, CONFIG).domain.schedule, optimiser=kind)
    model = Tagger(load_encoder(encoder, 0.0), {DOMAIN: NAMES[:3]})
    of_layers = {id(p) for n, p in model.named_parameters() if ".layer." in n and p.ndim == 2}
    taken = {
        id(parameter)
        for optimiser in make_optimisers(model, schedule)
        for group in optimiser.param_groups
        for parameter in group["params"]
        if isinstance(optimiser, torch.optim.Muon)
    }
    assert taken == (of_layers if kind == "muon" else set())
    with pytest.raises(ValueError, match="expected adamw or muon"):
        dataclasses.replace(schedule, optimiser="sgd")


def test_minutes_end_a_stage(encoder: Path, tmp_path: Path) -> None:
    settings = some_settings(encoder, tmp_path, few(tmp_path / "few.jsonl"), "domain.schedule.minutes=0.0001")
    metrics = finetune(settings)
    assert metrics["domain"]["steps"] < 12 * 3
    assert (tmp_path / "model.safetensors").exists()
    with pytest.raises(ValueError, match=r"minutes = 0\.0: expected more than 0; epochs = 0 leaves a stage out"):
        some_settings(encoder, tmp_path, tmp_path / "few.jsonl", "domain.schedule.minutes=0")


def test_schedule_has_a_row_for_every_key_in_the_config() -> None:
    settings = config.load(Settings, CONFIG)
    assert isinstance(settings.public.schedule, Schedule)
    with pytest.raises(ValueError, match="unknown key 'epoch'"):
        config.load(Settings, CONFIG, ["domain.schedule.epoch=3"])
