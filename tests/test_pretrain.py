"""Pretraining: token arrays, masking, the structured start, and a tiny run that is stopped and goes on."""

import dataclasses
import json
import lzma
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForTokenClassification, BertConfig, BertForTokenClassification, BertModel

from data.unlabelled import CLS, MASK, SEP, SPECIAL_TOKENS, UNK, build_vocabulary, cached, read_vocabulary, token_array
from tests.tiny_model import authored_texts
from training import config
from training.masking import IGNORED, Masking, mask_spans
from training.objectives import DETECTOR, GENERATOR, TAGGER, Objective, load_learner, load_masked_lm, load_teacher
from training.pretrain import Settings, pretrain
from training.structured_start import POSITION_DIMS, ppmi_svd, structured_start
from training.unlabelled import Ahead, Sampler
from yaowen.tagger.folder import TRANSITIONS

CONFIG = Path("training/configs/pretrain-4x256.toml")


@pytest.fixture
def corpus(tmp_path):
    folder = tmp_path / "corpus"
    folder.mkdir()
    texts = "\n\n".join(authored_texts())
    (folder / "news.txt").write_text(texts, "utf-8")
    with lzma.open(folder / "laws.txt.xz", "wt", encoding="utf-8") as stream:
        stream.write(texts[:3000])
    return folder


def test_tokens_of_a_source(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("甲 Ａ乙\n乙甲\n\n丙甲\n", "utf-8")
    vocabulary = build_vocabulary([path], min_count=2)
    assert vocabulary[5:] == ["甲", "乙"]
    ids = token_array(path, vocabulary, tmp_path / "cache").tolist()
    assert ids == [CLS, 5, UNK, 6, SEP, 6, 5, SEP, CLS, UNK, 5, SEP]
    assert token_array(path, vocabulary, tmp_path / "cache").tolist() == ids, "the cache says something else"


def test_a_vocabulary_without_special_tokens_is_refused(tmp_path):
    (tmp_path / "vocab.txt").write_text("甲\n乙\n", "utf-8")
    with pytest.raises(ValueError, match=r"\[PAD\]"):
        read_vocabulary(tmp_path / "vocab.txt")


def test_an_array_of_tokens_is_a_source_too(corpus, tmp_path):
    tokens = tmp_path / "tokens"
    tokens.mkdir()
    vocabulary = build_vocabulary(sorted(corpus.iterdir()))
    for source in corpus.iterdir():
        np.save(tokens / f"{source.name.split('.')[0]}.npy", token_array(source, vocabulary))
    records = []
    for folder in (corpus, tokens):
        output = tmp_path / f"from-{folder.name}"
        output.mkdir()
        (output / "vocab.txt").write_text("\n".join(vocabulary) + "\n", "utf-8")
        records.append(pretrain(settings(folder, output, "budget.steps=2")))
    assert records[0]["train_loss"] == records[1]["train_loss"]
    np.save(tokens / "news.npy", np.array([5, len(vocabulary)], np.uint16))
    with pytest.raises(ValueError, match=f"a vocabulary of {len(vocabulary)}"):
        token_array(tokens / "news.npy", vocabulary)
    with pytest.raises(ValueError, match="their vocabulary must be there"):
        pretrain(settings(tokens, tmp_path / "none"))


def test_what_is_cached_is_made_once(tmp_path):
    made = []

    def make():
        made.append(1)
        return np.arange(3)

    for cache, made_of in ((tmp_path, "a"), (tmp_path, "a"), (tmp_path, "b"), (None, "a")):
        assert cached(cache, "name", made_of, make).tolist() == [0, 1, 2]
    assert len(made) == 3


def test_masking_asks_for_what_it_hides_and_leaves_special_tokens():
    ids = torch.randint(0, 500, (64, 128), generator=torch.Generator().manual_seed(1))
    masking = Masking(share=0.15, longest_span=4, replace=0.8, corrupt=0.1)
    inputs, targets = mask_spans(ids, 500, masking, torch.Generator().manual_seed(2))
    asked = targets != IGNORED
    assert (targets[asked] == ids[asked]).all()
    assert (inputs[~asked] == ids[~asked]).all()
    assert not asked[ids < 5].any()
    assert 0.11 < asked.float().mean() < 0.17
    assert 0.75 < (inputs[asked] == MASK).float().mean() < 0.85


def test_the_structured_start_looks_at_its_offsets():
    torch.manual_seed(0)
    hidden = 128
    settings = BertConfig(
        vocab_size=80, hidden_size=hidden, num_hidden_layers=2, num_attention_heads=2, intermediate_size=256,
        max_position_embeddings=128, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
    )  # fmt: skip
    bert = BertModel(settings, add_pooling_layer=False).eval()
    bert.set_attn_implementation("eager")
    ids = np.random.default_rng(0).integers(5, 80, 20_000)
    vectors = ppmi_svd(ids, 80, hidden - POSITION_DIMS)
    assert np.array_equal(vectors, ppmi_svd(ids, 80, hidden - POSITION_DIMS)), "the same text, the same start"
    structured_start(bert, vectors)
    attention = bert(torch.from_numpy(ids[None, :64]), output_attentions=True).attentions[0][0]  # (heads, 64, 64)
    inner = torch.arange(8, 56)
    for head, offset in enumerate((-1, 1)):
        assert (attention[head, inner].argmax(-1) == inner + offset).float().mean() > 0.95


def settings(corpus: Path, output: Path, *overrides: str) -> Settings:
    return config.load(Settings, CONFIG, [
        f"output={output}", "start=''", f"corpus.folder={corpus}", f"corpus.cache={output}/tokens", "model.layers=1",
        "model.hidden=128", "budget.length=32", "budget.batch=8", "budget.precision=fp32", "budget.steps=6", "budget.compile=false",
        *overrides,
    ])  # fmt: skip


@pytest.mark.parametrize("kind", ["muon", "adamw"])
def test_a_run_goes_on_where_it_stopped(corpus, tmp_path, kind):
    output = tmp_path / kind
    first = pretrain(settings(corpus, output, "budget.steps=3", f"optimiser.kind={kind}"))
    assert first["step"] == 3
    second = pretrain(settings(corpus, output, f"optimiser.kind={kind}"))
    assert second["step"] == 6
    assert [json.loads(line)["step"] for line in (output / "log.jsonl").read_text().splitlines()] == [3, 6]
    model = load_masked_lm(output)
    encoder = BertModel.from_pretrained(output, add_pooling_layer=False)
    for name, weights in encoder.named_parameters():
        assert torch.equal(weights, model.bert.get_parameter(name)), name


def test_a_pause_leaves_a_checkpoint_to_go_on_from(corpus, tmp_path):
    whole = settings(corpus, tmp_path / "run", "optimiser.learning_rate=1e-2", "optimiser.warm_up=0.0")
    paused = pretrain(whole, pause=1e-9)
    assert paused["step"] == 1
    # Nothing is learned at this rate: what is found is what the pause left.
    found = pretrain(dataclasses.replace(whole, optimiser=dataclasses.replace(whole.optimiser, learning_rate=1e-12)))
    assert found["step"] == 6
    assert found["validation_loss"] == pytest.approx(paused["validation_loss"], abs=1e-3)
    fresh = pretrain(settings(corpus, tmp_path / "fresh", "budget.steps=1", "optimiser.learning_rate=1e-12"))
    assert abs(fresh["validation_loss"] - paused["validation_loss"]) > 0.01


def test_a_compiled_encoder_reads_the_same(corpus, tmp_path):
    one_step = "budget.steps=1"  # what is learned from it amplifies what is rounded
    plain = pretrain(settings(corpus, tmp_path / "plain", one_step))
    fused = pretrain(settings(corpus, tmp_path / "fused", one_step, "budget.compile=true"))
    assert fused["train_loss"] == pytest.approx(plain["train_loss"], abs=1e-3)
    names = [list(load_file(tmp_path / name / "model.safetensors")) for name in ("plain", "fused")]
    assert names[0] == names[1], "what compiling adds to the names is in the file"


def test_learning_lowers_the_loss(corpus, tmp_path):
    output = tmp_path / "run"
    start = pretrain(settings(corpus, output, "budget.steps=1", "optimiser.learning_rate=1e-9"))
    end = pretrain(settings(corpus, tmp_path / "longer", "budget.steps=60", "optimiser.learning_rate=3e-3"))
    assert end["validation_loss"] < start["validation_loss"] - 0.3


def test_a_corpus_of_nothing_is_refused(tmp_path):
    (tmp_path / "corpus").mkdir()
    with pytest.raises(ValueError, match=r"no \.txt"):
        pretrain(settings(tmp_path / "corpus", tmp_path / "out"))
    with pytest.raises(ValueError, match=r"corpus\.folder = '.*nowhere': there is no such folder"):
        pretrain(settings(tmp_path / "nowhere", tmp_path / "out"))


@pytest.mark.parametrize("override", ["budget.minutes=0", "budget.steps=0"])
def test_a_budget_of_nothing_is_refused(corpus, tmp_path, override):
    with pytest.raises(ValueError, match="expected more than 0 of both"):
        settings(corpus, tmp_path / "out", override)


def test_replaced_characters_are_told_and_the_generator_stays(corpus, tmp_path):
    generator = tmp_path / "generator"
    pretrain(settings(corpus, generator, "budget.steps=20", "optimiser.learning_rate=3e-3"))
    before = (generator / "model.safetensors").read_bytes()
    rtd = [f"start={generator}", "objective.kind=rtd", f"objective.generator={generator}"]
    start = pretrain(settings(corpus, tmp_path / "start", *rtd, "budget.steps=1", "optimiser.learning_rate=1e-9"))
    output = tmp_path / "longer"
    first = pretrain(settings(corpus, output, *rtd, "budget.steps=30", "optimiser.learning_rate=3e-3"))
    end = pretrain(settings(corpus, output, *rtd, "budget.steps=60", "optimiser.learning_rate=3e-3"))
    assert (first["step"], end["step"]) == (30, 60)
    assert end["validation_loss"] < start["validation_loss"] - 1
    assert (generator / "model.safetensors").read_bytes() == before
    detector = load_file(output / DETECTOR)
    again = pretrain(
        settings(corpus, tmp_path / "again", *rtd, f"start={output}", "budget.steps=1", "optimiser.learning_rate=0")
    )
    assert abs(again["validation_loss"] - end["validation_loss"]) < 1e-3, "the detector was not taken over"
    assert detector.keys() == load_file(tmp_path / "again" / DETECTOR).keys()
    runs = [json.loads(line)["run"] for line in (tmp_path / "again" / "log.jsonl").read_text().splitlines()]
    assert runs == ["masked characters", *["replaced characters"] * 3], "the log begins with what was learned before"


def test_a_generator_that_learns_guesses_better(corpus, tmp_path):
    folder, output = tmp_path / "generator", tmp_path / "encoder"
    made = settings(corpus, folder, "budget.steps=2")
    pretrain(made)
    rtd = [f"start={folder}", "objective.kind=rtd", f"objective.generator={folder}", "objective.generator_learns=true"]
    for steps in (20, 40):  # of which the second half goes on where the first stopped
        pretrain(settings(corpus, output, *rtd, "optimiser.learning_rate=3e-3", f"budget.steps={steps}"))

    def loss(generator):
        learner = load_learner(generator, Objective("mlm", "", 50.0, 1.0), "fp32")
        ids = Sampler({"news": token_array(corpus / "news.txt", read_vocabulary(folder / "vocab.txt"))}, made.corpus).batch(
            64, 32, np.random.default_rng(1)
        )
        drawn = learner.draw(ids, made.masking, torch.Generator().manual_seed(2))
        return float(learner(drawn, torch.device("cpu"))[0].detach())

    assert loss(output / GENERATOR) < loss(folder) - 0.5


def test_replaced_characters_may_wait_for_masked_ones(corpus, tmp_path):
    made = settings(corpus, tmp_path / "masked", "budget.steps=2")
    pretrain(made)
    folder = tmp_path / "masked"
    later = Objective("rtd", str(folder), 50.0, 1.0, masked_first=0.5)
    ids = torch.randint(5, 60, (4, 32), generator=torch.Generator().manual_seed(1))

    def loss(objective, progress):
        learner = load_learner(folder, objective, "fp32")
        torch.manual_seed(0)
        drawn = learner.draw(ids, made.masking, torch.Generator().manual_seed(2), progress)
        return float(learner(drawn, torch.device("cpu"))[0].detach())

    guessing = loss(Objective("mlm", "", 50.0, 1.0), 0.4)
    assert loss(later, 0.4) == pytest.approx(guessing, rel=1e-5)
    assert loss(later, 0.6) > 2 * guessing  # 50 times the cost of telling


@pytest.fixture
def teacher(corpus, tmp_path):
    """A random tagger with the vocabulary of the corpus, and chain scores beside it."""
    folder = tmp_path / "teacher"
    torch.manual_seed(3)
    vocabulary = build_vocabulary(sorted(corpus.iterdir()))
    made = BertConfig(
        vocab_size=len(vocabulary), hidden_size=64, num_hidden_layers=1, num_attention_heads=1, intermediate_size=64,
        hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, num_labels=5, initializer_range=0.2,
    )  # fmt: skip
    BertForTokenClassification(made).save_pretrained(folder)
    (folder / TRANSITIONS).write_text("{}", "utf-8")
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n", "utf-8")
    return folder


def test_a_pupil_reads_as_its_teacher(corpus, tmp_path, teacher):
    choices = ["objective.kind=distil", f"objective.teacher={teacher}", "optimiser.learning_rate=3e-3"]
    choices.append("objective.generator=none")  # of a configuration for replaced characters, which it extends
    first = pretrain(settings(corpus, tmp_path / "first", *choices, "budget.steps=1"))
    last = pretrain(settings(corpus, tmp_path / "pupil", *choices, "budget.steps=80"))
    assert last["validation_loss"] < 0.7 * first["validation_loss"]
    assert last["agreement"] > first["agreement"] + 0.1
    folder = tmp_path / "pupil" / TAGGER
    assert (folder / TRANSITIONS).read_text("utf-8") == "{}"
    ids = torch.randint(5, 60, (4, 32), generator=torch.Generator().manual_seed(1))
    ids[:, 0], ids[:, -1] = CLS, SEP
    tags = []
    for tagger in (teacher, folder):
        model = AutoModelForTokenClassification.from_pretrained(tagger).eval()
        with torch.no_grad():
            tags.append(model(ids).logits.argmax(-1))
    assert (tags[0] == tags[1]).float().mean() > 0.45  # of five tags; on text it is `agreement`
    body = load_masked_lm(folder, fresh_head=True).bert.state_dict()  # to go on from
    taught = load_file(folder / "model.safetensors")
    assert all(torch.equal(weights, taught[f"bert.{name}"]) for name, weights in body.items())
    with pytest.raises(FileNotFoundError, match="mlm_head"):
        load_masked_lm(folder)


def test_distillation_needs_a_teacher_of_the_same_vocabulary(corpus, teacher, tmp_path):
    with pytest.raises(ValueError, match=r"objective.teacher: distillation needs"):
        Objective("distil", "", 50.0, 1.0)
    with pytest.raises(ValueError, match=r"nowhere has no model.safetensors"):
        load_teacher(tmp_path / "nowhere")
    (teacher / "vocab.txt").write_text("\n".join([*SPECIAL_TOKENS, "甲"]) + "\n", "utf-8")
    for kind, role in (("distil", "teacher"), ("rtd", "generator")):
        with pytest.raises(ValueError, match=r"its vocab\.txt is another than that of the encoder"):
            pretrain(settings(corpus, tmp_path / "out", f"objective.kind={kind}", f"objective.{role}={teacher}"))


@pytest.mark.parametrize("kind", ["mlm", "rtd"])
def test_layer_norms_in_bf16_change_little(corpus, tmp_path, kind):
    folder = tmp_path / "encoder"
    made = settings(corpus, folder, "budget.steps=2")
    pretrain(made)
    ids = torch.randint(5, 60, (16, 32), generator=torch.Generator().manual_seed(1))
    losses, widths = [], []
    for precision in ("fp32", "bf16"):
        torch.manual_seed(0)
        learner = load_learner(folder, Objective(kind, str(folder), 50.0, 1.0), precision)
        learner.prepare(torch.device("cpu"), compiled=False)
        norm = learner.masked_lm.bert.embeddings.LayerNorm
        norm.register_forward_hook(lambda _module, _inputs, made: widths.append(made.dtype))
        drawn = learner.draw(ids, made.masking, torch.Generator().manual_seed(2))
        losses.append(float(learner(drawn, torch.device("cpu"))[0].detach()))
    assert widths == [torch.float32, torch.bfloat16]
    assert losses[0] == pytest.approx(losses[1], rel=0.03)


def test_what_the_next_step_needs_is_made_in_order_and_its_errors_are_told():
    def make(progress):
        if progress > 2:
            raise ValueError("no more")
        return progress

    ahead = Ahead(make)
    assert [ahead.next(p) for p in (0, 1, 2, 3)] == [0, 0, 1, 2], "one step ahead"
    with pytest.raises(ValueError, match="no more"):
        ahead.next(4)
    ahead.close()


def test_a_gpu_that_is_not_there_is_refused(corpus, tmp_path):
    if not torch.cuda.is_available():
        with pytest.raises(ValueError, match="torch finds no GPU here"):
            pretrain(settings(corpus, tmp_path / "out"), device="cuda")


def test_replaced_token_detection_needs_a_generator():
    with pytest.raises(ValueError, match="generator"):
        Objective("rtd", "", 50.0, 1.0)
    with pytest.raises(ValueError, match="mlm, rtd or distil"):
        Objective("clm", "", 50.0, 1.0)


def test_two_processes_train_one_encoder(corpus, tmp_path):
    made = settings(corpus, tmp_path / "out", "budget.steps=4")
    config.save(made, tmp_path / "two.toml")
    command = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc-per-node=2",
        "-m",
        "training.pretrain",
        "--config",
        str(tmp_path / "two.toml"),
        "--device",
        "cpu",
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=os.environ | {"OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stderr[-3000:]
    record = json.loads((tmp_path / "out" / "log.jsonl").read_text())
    assert (record["step"], record["characters"]) == (4, 4 * 8 * 32 * 2)
