"""Fine-tuning on a handful of our own documents with a very small encoder, and the laws of its parts."""

import dataclasses
import json
from itertools import pairwise, product
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from transformers import AutoModelForTokenClassification, BertConfig, BertModel

from training import config, public_scores
from training.augment import Augmentation, Augmenter, NameMaker, apply
from training.chain import Chain
from training.examples import IGNORED, batches, collate, encode, tag_names, windows
from training.finetune import Settings, finetune
from training.loop import Schedule, make_optimisers, rate
from training.model import DOMAIN, Tagger, load_encoder, logits
from training.scoring import decode
from yaowen.formats import annotated
from yaowen.formats.annotated import AnnotatedDocument, Mark
from yaowen.schema import PEOPLE, SPAN_LABELS
from yaowen.tagger import viterbi
from yaowen.tagger.folder import TRANSITIONS
from yaowen.tagger.vocabulary import SPECIAL_TOKENS, Vocabulary, fold

ROOT = Path(__file__).parent.parent
CONFIG = ROOT / "training" / "configs" / "finetune.toml"
DOCUMENTS = annotated.read(ROOT / "data" / "authored" / "train.jsonl")
NAMES = tag_names(SPAN_LABELS)
SCHEME = viterbi.Scheme.of(NAMES)
TAGS = {name: i for i, name in enumerate(NAMES)}
CHARACTERS = sorted({f for d in DOCUMENTS for c in d.text if len(f := fold(c)) == 1 and not f.isspace()})
EVERYTHING = Augmentation(
    people=0.9, places=0.9, swap=dict.fromkeys(SPAN_LABELS, 0.3),
    run_together=0.5, headline=0.5, end_mark=0.5, join_lines=0.5, denied=0.0, unknown=0.2,
)  # fmt: skip
EAGER = Augmenter(EVERYTHING, DOCUMENTS)
NOTHING = Augmentation(
    people=0, places=0, swap={}, run_together=0, headline=0, end_mark=0, join_lines=0, denied=0, unknown=0
)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small random encoder whose vocabulary has every character of the documents."""
    folder = tmp_path_factory.mktemp("encoder")
    (folder / "vocab.txt").write_text("\n".join([*SPECIAL_TOKENS, *CHARACTERS]) + "\n", "utf-8")
    torch.manual_seed(0)
    shape = BertConfig(
        vocab_size=len(CHARACTERS) + 5, hidden_size=64, num_hidden_layers=2, num_attention_heads=2, intermediate_size=128,
    )  # fmt: skip
    BertModel(shape, add_pooling_layer=False).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def vocabulary(encoder: Path) -> Vocabulary:
    return Vocabulary.load(encoder)


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
    lines = (ROOT / "data" / "authored" / "train.jsonl").read_text("utf-8").splitlines()[:count]
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


def test_the_folder_loads_in_transformers_and_says_what_was_measured(
    trained: tuple[Path, dict], vocabulary: Vocabulary
) -> None:
    folder, metrics = trained
    model = AutoModelForTokenClassification.from_pretrained(folder).eval()
    assert [model.config.id2label[i] for i in range(len(NAMES))] == NAMES
    assert model.dtype == torch.float32
    whole = Tagger(load_encoder(folder, 0.0), {DOMAIN: NAMES})
    whole.heads[DOMAIN].load_state_dict(model.classifier.state_dict())
    start, steps = saved_chain(folder)
    chain = viterbi.Chain(start[SCHEME.columns], steps[np.ix_(SCHEME.columns, SCHEME.columns)])
    (file,) = folder.glob("predictions-*.jsonl")
    longest = config.load(Settings, folder / "finetune.toml").domain.window
    for document, line in zip(DOCUMENTS[:6], file.read_text("utf-8").splitlines(), strict=True):
        example = encode(vocabulary, document.text, (), {})
        keys = decode(document.text, example, logits(whole.eval(), example, longest), SCHEME, chain)
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


def test_a_head_reads_long_texts_whole_and_its_chain_of_zeros_lets_no_broken_span_out(
    encoder: Path, vocabulary: Vocabulary
) -> None:
    torch.manual_seed(1)
    model = Tagger(load_encoder(encoder, 0.0), {"set": ["O", "B-A", "I-A", "B-B", "I-B"]}).eval()
    torch.nn.init.normal_(model.heads["set"].weight)
    long = "".join(d.text for d in DOCUMENTS[:3])
    assert len(long) > 2 * public_scores.WINDOW
    texts = ["　", DOCUMENTS[0].text[:40], long, ""]
    found = public_scores.spans(model, "set", ["O", "B-A", "I-A", "B-B", "I-B"], vocabulary, texts)
    assert [len(f) > 0 for f in found] == [False, True, True, False]
    assert found[2][-1].end > public_scores.WINDOW * 2
    assert all(a.end <= b.start for a, b in pairwise(found[2]))
    alone = public_scores.spans(model, "set", ["O", "B-A", "I-A", "B-B", "I-B"], vocabulary, texts[1:2])
    assert alone == found[1:2]
    figures = public_scores.strict([len(t) for t in texts], found, found)
    assert figures["f1"] == 1.0
    assert figures["gold"] == sum(map(len, found))


def test_dev_and_test_are_never_trained_on() -> None:
    settings = config.load(Settings, CONFIG)
    assert all(path.stem.startswith("train") for path in settings.data.train)
    assert all(path.stem == "dev" for path in settings.data.dev)


# --- Text made to vary


@pytest.mark.parametrize("document", DOCUMENTS[:40], ids=lambda d: d.id)
def test_spans_go_with_the_text(document: AnnotatedDocument) -> None:
    bank = {(m.label, d.text[m.start : m.end]) for d in DOCUMENTS for m in d.spans}
    for seed in range(5):
        text, spans = EAGER.text(document.text, document.spans, np.random.default_rng(seed))
        assert [s.label for s in spans] == [s.label for s in document.spans]
        assert all(a.end <= b.start for a, b in pairwise(spans))
        words = [text[s.start : s.end] for s in spans]
        assert all(words)
        assert not any("\n" in w for w in words)
        kept = [(s.label, w) in bank for s, w in zip(spans, words, strict=True) if s.label.startswith("TRIGGER")]
        assert all(kept), "triggers are swapped whole or stay"


def test_text_between_spans_changes_by_its_pause_marks_alone() -> None:
    for document in DOCUMENTS[:40]:
        text, spans = EAGER.text(document.text, document.spans, np.random.default_rng(3))
        between = [_between(document.text, list(document.spans)), _between(text, spans)]
        bare = ["".join(c for c in b if c not in "，、：；！。 \u3000\n") for b in between]
        assert bare[0] == bare[1]


def _between(text: str, spans: list[Mark]) -> str:
    edges = [0, *(p for s in spans for p in (s.start, s.end)), len(text)]
    return "".join(text[a:b] for a, b in zip(edges[::2], edges[1::2], strict=True))


def test_nothing_asked_for_changes_nothing(vocabulary: Vocabulary) -> None:
    augmenter, rng = Augmenter(NOTHING, DOCUMENTS), np.random.default_rng(0)
    for document in DOCUMENTS[:20]:
        text, spans = augmenter.text(document.text, document.spans, rng)
        assert text == document.text
        assert [(s.start, s.end) for s in spans] == [(s.start, s.end) for s in document.spans]
        example = encode(vocabulary, text, spans, TAGS)
        assert (augmenter.ids(example, rng).ids == example.ids).all()


def test_a_person_has_one_new_name_in_a_document_and_a_bare_surname_follows() -> None:
    text = "罗一凡讲话。罗主任强调，罗一凡来过。"
    spans = [Mark(0, 3, "OFFICIAL"), Mark(6, 7, "OFFICIAL"), Mark(12, 15, "OFFICIAL")]
    augmenter = Augmenter(dataclasses.replace(NOTHING, people=1.0), DOCUMENTS)
    seen = set()
    for seed in range(20):
        new, moved = augmenter.text(text, spans, np.random.default_rng(seed))
        first, surname, last = (new[m.start : m.end] for m in moved)
        assert first == last
        assert surname == first[0]
        seen.add(first)
    assert len(seen) > 15


def test_an_incident_that_is_denied_is_none_and_the_rest_stays() -> None:
    text = "8月3日，大关县8月4日发生山洪，罗一凡要求救援。"
    spans = [Mark(0, 4, "DATE"), Mark(5, 8, "LOCATION"), Mark(8, 12, "DATE"), Mark(12, 14, "TRIGGER:incident"),
             Mark(17, 20, "OFFICIAL"), Mark(20, 22, "TRIGGER:directive")]  # fmt: skip
    augmenter = Augmenter(dataclasses.replace(NOTHING, denied=1.0), DOCUMENTS)
    seen = set()
    for seed in range(200):
        new, moved = augmenter.text(text, spans, np.random.default_rng(seed))
        assert [(new[s.start : s.end], s.label) for s in moved] == [
            (text[s.start : s.end], s.label) for s in spans if s.label != "TRIGGER:incident"
        ]
        seen.add(new.partition("发生")[0].removeprefix("8月3日，大关县8月4日"))
    assert "" not in seen
    assert {"未", "可能", "一旦"} <= seen


def test_names_are_of_the_kind_they_replace() -> None:
    maker, rng = NameMaker(), np.random.default_rng(0)
    assert all(len(maker.name("周", rng)) == 1 for _ in range(50))
    assert sum("·" in maker.name("约翰·史密斯", rng) for _ in range(100)) > 70
    plain = [maker.name("王小明", rng) for _ in range(300)]
    assert sum(2 <= len(name) <= 3 for name in plain) > 250


def test_edits_that_overlap_are_refused() -> None:
    with pytest.raises(ValueError, match="overlaps"):
        apply("一二三四", [], [(0, 2, "x"), (1, 3, "y")])


# --- Tokens, windows, batches


def test_tags_stand_on_the_characters_of_the_spans(vocabulary: Vocabulary) -> None:
    document = DOCUMENTS[0]
    example = encode(vocabulary, document.text, document.spans, TAGS)
    for mark in document.spans:
        inside = np.flatnonzero((example.offsets >= mark.start) & (example.offsets < mark.end))
        wanted = [f"B-{mark.label}", *[f"I-{mark.label}"] * (len(inside) - 1)]
        assert [NAMES[t] for t in example.tags[inside]] == wanted
    assert (example.tags % 2 == 1).sum() == len(document.spans)
    sure = np.full((len(example.ids), len(NAMES)), -9.0, np.float32)
    sure[np.arange(len(example.ids)), example.tags] = 9.0
    keys = decode(document.text, example, sure, SCHEME, Chain(NAMES).decoder(SCHEME))
    assert sorted(keys) == [(m.start, m.end, m.label) for m in document.spans]


def test_no_span_reaches_over_white_space_but_before_a_letter_or_digit(vocabulary: Vocabulary) -> None:
    text = "罗一凡　李清 2月3日 10:05\n刘　洋"
    example = encode(vocabulary, text, (), {})
    after = [text[o] for o, gap in zip(example.offsets, example.gaps, strict=True) if gap]
    assert after == ["凡"]
    one_span = np.full((len(example.ids), len(NAMES)), -9.0, np.float32)
    one_span[:, TAGS["I-PERSON"]] = 9.0
    one_span[:, TAGS["B-PERSON"]] = 5.0
    keys = decode(text, example, one_span, SCHEME, Chain(NAMES).decoder(SCHEME))
    assert [text[start:end] for start, end, _ in keys] == ["罗一凡", "李清 2月3日 10:05", "刘　洋"]


@pytest.mark.parametrize("longest", [20, 64, 256])
def test_windows_are_the_text_and_end_at_sentence_ends(vocabulary: Vocabulary, longest: int) -> None:
    for seed, document in enumerate(DOCUMENTS[:20]):
        example = encode(vocabulary, document.text, document.spans, TAGS)
        pieces = list(windows(example, longest, np.random.default_rng(seed)))
        assert np.array_equal(np.concatenate([p.ids for p in pieces]), example.ids)
        assert all(0 < len(p.ids) <= longest for p in pieces)
        if longest == 256:
            assert all(document.text[p.offsets[-1]] in "。！？；\n" for p in pieces[:-1])


@pytest.mark.parametrize("longest", [30, 126])
def test_a_document_is_scored_in_windows_of_the_given_length(vocabulary: Vocabulary, longest: int) -> None:
    widths = []

    class Counting:
        bert = SimpleNamespace(config=SimpleNamespace(max_position_embeddings=512), device=torch.device("cpu"))

        def __call__(self, ids: torch.Tensor, mask: torch.Tensor, head: str) -> torch.Tensor:
            widths.append(ids.shape[1])
            return torch.zeros(*ids.shape, 3)

    text = max((d.text for d in DOCUMENTS), key=len)
    read = logits(Counting(), encode(vocabulary, text, (), {}), longest)  # type: ignore[arg-type]
    assert len(read) == len(encode(vocabulary, text, (), {}).ids) > longest
    assert longest // 2 < max(widths) <= longest + 2  # with [CLS] and [SEP]


def test_batches_hold_every_window_once_within_the_budget(vocabulary: Vocabulary) -> None:
    rng = np.random.default_rng(0)
    pieces = [w for d in DOCUMENTS[:30] for w in windows(encode(vocabulary, d.text, d.spans, TAGS), 128, rng)]
    groups = batches(pieces, 1000, rng)
    assert sorted(id(p) for g in groups for p in g) == sorted(map(id, pieces))
    for group in groups:
        ids, mask, tags = collate(group)
        assert ids.numel() <= 1000
        assert ids.shape == mask.shape == tags.shape
        assert ((tags == IGNORED) == ((mask == 0) | (ids == 2) | _last(mask))).all()


def _last(mask: torch.Tensor) -> torch.Tensor:
    return torch.arange(mask.shape[1]) == mask.sum(1, keepdim=True) - 1


# --- The chain over tags


def random_chain(seed: int = 0) -> tuple[Chain, torch.Tensor, torch.Tensor, torch.Tensor]:
    torch.manual_seed(seed)
    chain = Chain(["O", "B-DATE", "I-DATE", "B-PERSON", "I-PERSON"])
    torch.nn.init.normal_(chain.start)
    torch.nn.init.normal_(chain.step)
    tags = torch.tensor([1, 2, 0, 3, 0, 3, 4, 4, 1, 3])
    ends = torch.zeros(len(tags), dtype=torch.bool)
    ends[[3, 4, 7, 9]] = True
    return chain, torch.randn(len(tags), 5), tags, ends


def paths(chain: Chain, scores: torch.Tensor) -> dict[tuple[int, ...], torch.Tensor]:
    """The score of every path of a sentence, legal or not."""
    start, step = chain.start + chain.start_shut, chain.step + chain.step_shut
    return {
        path: start[path[0]] + sum(scores[i, t] for i, t in enumerate(path)) + sum(step[a, b] for a, b in pairwise(path))
        for path in product(range(scores.shape[1]), repeat=len(scores))
    }


def test_the_likelihood_is_that_of_all_paths() -> None:
    chain, scores, tags, ends = random_chain()
    expected, at = 0.0, 0
    for last in ends.nonzero().squeeze(1).tolist():
        every = paths(chain, scores[at : last + 1])
        gold = every[tuple(tags[at : last + 1].tolist())]
        expected += (torch.stack(list(every.values())).logsumexp(0) - gold).item()
        at = last + 1
    assert chain(scores, tags, ends).item() == pytest.approx(expected / len(tags), rel=1e-5)


def test_the_finished_tagger_finds_the_best_of_all_paths_of_this_chain() -> None:
    scheme = viterbi.Scheme.of(["O", "B-DATE", "I-DATE", "B-PERSON", "I-PERSON"])
    for seed in range(10):
        chain, scores, _, ends = random_chain(seed)
        found = viterbi.decode(scores.numpy()[:, scheme.columns], ends.numpy(), chain.decoder(scheme)).tags
        expected: list[int] = []
        for last in ends.nonzero().squeeze(1).tolist():
            every = paths(chain, scores[len(expected) : last + 1])
            expected += max(every, key=lambda path: every[path].item())
        assert scheme.columns[found].tolist() == expected


def test_the_chain_learns_which_tags_stand_together(trained: tuple[Path, dict]) -> None:
    start, step = saved_chain(trained[0])
    assert step[TAGS["B-DATE"], TAGS["I-DATE"]] > step[TAGS["B-DATE"], TAGS["O"]], "a date has more than one character"
    assert np.isnan([start[TAGS["I-DATE"]], step[TAGS["O"], TAGS["I-DATE"]]]).all(), "what is illegal has no score"


def test_a_sure_chain_does_not_underflow() -> None:
    chain, _, _, _ = random_chain()
    scores = torch.randn(2000, 5) * 200
    tags, ends = torch.zeros(2000, dtype=torch.long), torch.zeros(2000, dtype=torch.bool)
    ends[-1] = True
    loss = chain(scores.requires_grad_(), tags, ends)
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(scores.grad).all()


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
            peaks[names[id(group["params"][0])]] = group["peak"] / schedule.learning_rate
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
        id(group["params"][0])
        for optimiser in make_optimisers(model, schedule)
        for group in optimiser.param_groups
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


def test_schedule_has_a_row_for_every_key_in_the_config() -> None:
    settings = config.load(Settings, CONFIG)
    assert isinstance(settings.public.schedule, Schedule)
    with pytest.raises(ValueError, match="unknown key 'epoch'"):
        config.load(Settings, CONFIG, ["domain.schedule.epoch=3"])
