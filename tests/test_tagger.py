import hashlib
import json
import shutil
import threading
import time
import tracemalloc

import numpy as np
import pytest

from tests.tiny_model import authored_texts, make_model
from yaowen.schema import SPAN_LABELS
from yaowen.tagger.folder import MANIFEST, ModelError, ModelFolder, write_manifest
from yaowen.tagger.tagger import Tagger, Tagging
from yaowen.tagger.vocabulary import UNK, Vocabulary

SENTENCE = "二月三日上午，大观县县长覃柏舟到共和镇检查疫情防控工作，要求开展核酸检测。"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_model(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def tagger(folder):
    return Tagger.load(folder.path, threads=2)


@pytest.fixture(scope="module")
def local_tagger(tmp_path_factory):
    return Tagger.load(make_model(tmp_path_factory.mktemp("local"), local=True).path, threads=1)


def keys(tagging: Tagging) -> list[tuple[int, int, str]]:
    return [(span.start, span.end, span.label) for span in tagging.spans]


def close(left: Tagging, right: Tagging) -> bool:
    """Equal but for the noise of float32 sums in another order."""
    same = keys(left) == keys(right)
    return same and np.allclose([s.score for s in left.spans], [s.score for s in right.spans], atol=1e-4)


def test_spans_are_ordered_apart_and_within_a_sentence(tagger):
    texts = authored_texts()[:12]
    for text, tagging in zip(texts, tagger.tag(texts), strict=True):
        assert tagging.characters == len(text)
        assert tagging.spans
        for span in tagging.spans:
            assert not set(text[span.start : span.end]) & set("\n。！？；")
            assert not text[span.start].isspace()
            assert not text[span.end - 1].isspace()
            assert span.label in SPAN_LABELS
            assert 0 < span.score <= 1
        assert all(a.end <= b.start for a, b in zip(tagging.spans, tagging.spans[1:], strict=False))


def test_torch_and_onnx_give_the_same_spans(folder, tagger):
    texts = [*authored_texts()[:12], SENTENCE, "州"]
    reference = Tagger.load(folder.path, backend="torch", device="cpu").tag(texts)
    for ours, theirs in zip(tagger.tag(texts), reference, strict=True):
        assert close(ours, theirs)


def test_a_text_alone_and_among_others_gives_the_same(tagger):
    texts = list(authored_texts()[:15])
    together = tagger.tag(texts)
    assert all(close(tagger.tag([text])[0], tagging) for text, tagging in zip(texts, together, strict=True))
    backwards = tagger.tag(texts[::-1])[::-1]
    assert all(close(a, b) for a, b in zip(together, backwards, strict=True))


def test_eight_threads_get_the_same_bits_in_every_run(tagger):
    # PaddlePaddle/PaddleNLP#3414, #3464, #3802: not thread-safe, other answers on each run.
    texts = authored_texts()[:2]
    expected = tagger.tag(texts)
    wrong: list[int] = []

    def work(number: int) -> None:
        for _ in range(20):
            try:
                if tagger.tag(texts) != expected:
                    wrong.append(number)
            except Exception:
                wrong.append(number)
                raise

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_windowed_is_unwindowed_where_the_model_sees_no_neighbours(local_tagger):
    # HIT-SCIR/ltp#382 cuts at 512, PaddleNLP#6029 cuts entities: a long text must be its sentences one by one.
    text = "\n".join(authored_texts()[:6])
    (whole,) = local_tagger.tag([text])
    assert whole.windows > 20
    expected, start = [], 0
    for line in text.splitlines(keepends=True):
        for sentence in line.replace("。", "。\0").split("\0"):
            (tagging,) = local_tagger.tag([sentence])
            expected += [(s + start, e + start, label) for s, e, label in keys(tagging)]
            start += len(sentence)
    assert keys(whole) == expected


def test_a_sentence_longer_than_a_window_is_read_to_its_end(local_tagger):
    text = SENTENCE.rstrip("。").replace("，", "") * 12
    (tagging,) = local_tagger.tag([text])
    assert tagging.windows > 3
    # The model answers by the character alone, so that every repetition must look like the second.
    period = len(text) // 12
    inner = [(s, e, label) for s, e, label in keys(tagging) if s >= period]
    one = [(s - period, e - period, label) for s, e, label in inner if s < 2 * period]
    assert inner == [(s + k * period, e + k * period, label) for k in range(1, 12) for s, e, label in one]


def test_texts_up_to_the_length_of_a_window_are_one(folder, tagger):
    longest = folder.positions - 2
    text = (SENTENCE * 10)[: longest + 1]
    assert [t.windows for t in tagger.tag([text[:-1], text, "", "州"])] == [1, 2, 0, 1]


def test_offsets_count_skipped_spaces(local_tagger):
    (plain,) = local_tagger.tag([SENTENCE])
    spaced = "  " + " ".join(SENTENCE)
    (wide,) = local_tagger.tag([spaced])
    assert [(2 + 2 * s, 2 + 2 * (e - 1) + 1, label) for s, e, label in keys(plain)] == keys(wide)
    assert plain.spans


@pytest.mark.parametrize("text", ["", " ", "\n", "\n\n \n", "。", "……", "\ud800", "\U0001f600", "\x00", "a" * 400])
def test_odd_texts_are_no_error(tagger, text):
    (tagging,) = tagger.tag([text])
    assert tagging.characters == len(text)
    assert all(text[s.start : s.end].strip() for s in tagging.spans)


def test_unknown_characters_are_counted(tagger):
    assert tagger.tag(["会议\U0001f600𠮷\n 会"])[0].unknown == 2


def test_no_texts_no_taggings(tagger):
    assert tagger.tag([]) == []


class TableBackend:
    """Logits from a table over token ids: as fast as the rest of the chain, so that long texts can be tried."""

    batch_tokens = 1024

    def __init__(self, folder: ModelFolder) -> None:
        rng = np.random.default_rng(0)
        self.table = rng.normal(0, 1, (folder.embeddings, len(folder.scheme.columns))).astype(np.float32)
        self.table[:, 0] += 3
        self.table[UNK, 0] += 9
        self.largest = 0

    def logits(self, ids, mask):
        self.largest = max(self.largest, ids.size)
        assert mask.shape == ids.shape
        return self.table[ids]


def test_memory_does_not_grow_with_the_text(folder):
    # PaddleNLP#4484: 20,000 characters exhaust 32 GB. Beyond the text's own ids, one shard is in memory at a time.
    tagger = Tagger(folder, TableBackend(folder))
    # Unknown characters are O here: what is measured is the machinery, not the list of spans.
    short, long = "𠮷" * 99 + "。", ("𠮷" * 99 + "。") * 2000
    tagger.tag([short])
    tracemalloc.start()
    (tagging,) = tagger.tag([long])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert tagging.windows > 1600
    assert peak < 60e6  # all tokens at once would be 300 MB
    tracemalloc.start()
    tagger.tag([short * 10] * 200)
    _, many = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert many < 60e6


def test_batches_stay_within_the_budget(folder):
    backend = TableBackend(folder)
    Tagger(folder, backend).tag(list(authored_texts()))
    assert backend.largest <= 1024


def test_a_model_may_ask_for_shorter_windows(folder, tmp_path):
    shutil.copytree(folder.path, tmp_path / "short")
    write_manifest(tmp_path / "short", "0.0.1", window=40)
    tagger = Tagger.load(tmp_path / "short", threads=1)
    assert [tagging.windows for tagging in tagger.tag(["州" * 40, "州" * 41])] == [1, 2]


def test_labels_in_another_order_of_outputs_give_the_same_spans(folder, tmp_path):
    path = tmp_path / "reversed"
    shutil.copytree(folder.path, path)
    config = json.loads((path / "config.json").read_text("utf-8"))
    names = list(config["id2label"].values())[::-1]
    (path / "config.json").write_text(json.dumps(config | {"id2label": dict(enumerate(names))}), "utf-8")
    write_manifest(path, "0.0.1")
    turned = ModelFolder.load(path)
    backend = TableBackend(folder)
    (straight,) = Tagger(folder, backend).tag([SENTENCE])
    backend.table = backend.table[:, ::-1]
    assert turned.scheme.labels == folder.scheme.labels[::-1]
    assert keys(Tagger(turned, backend).tag([SENTENCE])[0]) == keys(straight)


def damaged(name: str):
    def change(path):
        data = bytearray((path / name).read_bytes())
        data[len(data) // 2] ^= 1
        (path / name).write_bytes(bytes(data))

    return change


def edited(name: str, **fields):
    def change(path):
        record = json.loads((path / name).read_text("utf-8"))
        (path / name).write_text(json.dumps(record | fields), "utf-8")

    return change


def resealed(change):
    """The change, and then a manifest that agrees with it."""

    def both(path):
        change(path)
        files = {p.name: p for p in path.iterdir() if p.name != MANIFEST}
        record = json.loads((path / MANIFEST).read_text("utf-8"))
        record["files"] = {name: hashlib.sha256(p.read_bytes()).hexdigest() for name, p in files.items()}
        (path / MANIFEST).write_text(json.dumps(record), "utf-8")

    return both


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda path: shutil.rmtree(path), "no such model folder"),
        (lambda path: (path / MANIFEST).unlink(), "manifest.json: this file is missing"),
        (lambda path: (path / MANIFEST).write_text("{"), "not a JSON file"),
        (lambda path: (path / MANIFEST).write_text("[]"), "expected a JSON object"),
        (edited(MANIFEST, schema="yaowen-model/9"), "yaowen-model/9"),
        (edited(MANIFEST, files={}), "does not list config.json"),
        (edited(MANIFEST, files=None), "has no list of files"),
        (edited(MANIFEST, window=127), "window is 127, expected 8 to 126"),
        (edited(MANIFEST, window="126"), "window is '126'"),
        (edited(MANIFEST, labels=["DATE"]), "are not the same"),
        (damaged("model.safetensors"), "model.safetensors: this file of the model is damaged"),
        (damaged("model.onnx"), "model.onnx: this file of the model is damaged"),
        (damaged("tokenizer.json"), "tokenizer.json: this file of the model is damaged"),
        (lambda path: (path / "vocab.txt").unlink(), "vocab.txt: this file of the model is missing"),
        (resealed(lambda path: (path / "config.json").write_text("{}")), "id2label is missing"),
        (resealed(edited("config.json", id2label={"0": "O", "1": "B-DATE"})), "not a BIO scheme"),
        (resealed(edited("config.json", id2label={"0": "O", "1": "B-NAME", "2": "I-NAME"})), "unknown label 'NAME'"),
        (resealed(edited("config.json", vocab_size=7)), "vocab.txt has 600 tokens"),
        (resealed(edited("config.json", max_position_embeddings=None)), "max_position_embeddings"),
        (resealed(lambda path: (path / "model.onnx").write_bytes(b"no graph")), "cannot load it"),
    ],
)
def test_a_folder_that_cannot_be_used_says_which_file_and_what_to_do(folder, tmp_path, change, words):
    path = tmp_path / "model"
    shutil.copytree(folder.path, path)
    change(path)
    with pytest.raises(ModelError) as caught:
        Tagger.load(path)
    message = str(caught.value)
    assert words in message
    assert "install it again" in message
    assert "\n\n" not in message


def test_a_manifest_cannot_name_files_elsewhere(folder, tmp_path):
    path = tmp_path / "model"
    shutil.copytree(folder.path, path)
    (tmp_path / "secret").write_text("x")
    record = json.loads((path / MANIFEST).read_text("utf-8"))
    record["files"]["../secret"] = "0"
    (path / MANIFEST).write_text(json.dumps(record), "utf-8")
    with pytest.raises(ModelError, match="not a plain file name"):
        ModelFolder.load(path)


def test_files_that_the_manifest_does_not_list_are_not_used(folder):
    assert folder.file("vocab.txt").name == "vocab.txt"
    with pytest.raises(ModelError, match=r"has no assembler\.json"):
        folder.file("assembler.json")


def test_unknown_backend(folder):
    with pytest.raises(ValueError, match="known: onnx, onnx-int8, torch"):
        Tagger.load(folder.path, backend="jax")  # type: ignore[arg-type]


def test_the_rest_of_the_chain_is_much_faster_than_the_encoder(folder):
    tagger = Tagger(folder, TableBackend(folder))
    texts = list(authored_texts())
    Vocabulary.load(folder.path)
    tagger.tag(texts[:5])
    start = time.perf_counter()
    tagger.tag(texts)
    assert sum(map(len, texts)) / (time.perf_counter() - start) > 30_000
