import json
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.numpy import load_file, save_file
from tokenizers import Tokenizer
from transformers import AutoModelForTokenClassification, AutoTokenizer, BertForTokenClassification, pipeline

from tests.tiny_model import authored_texts, make_model, tiny_vocabulary
from training.export import TOLERANCE, export, largest_difference, main
from training.hf_tokenizer import build_tokenizer
from training.onnx_graph import bert_token_classifier, read_header
from yaowen.tagger.folder import INT8
from yaowen.tagger.int8 import eight_bits, initialisers
from yaowen.tagger.onnx_backend import OnnxBackend
from yaowen.tagger.tagger import Tagger
from yaowen.tagger.vocabulary import CLS, SEP, Vocabulary, fold
from yaowen.tagger.windows import stack

VOCABULARY = Vocabulary(tiny_vocabulary())
TOKENIZER = build_tokenizer(VOCABULARY.tokens)
ODD = "Ａ１２：… ℃ é e\u0301 ㎡ \u3000İß\t\r\n\n½각ᄀ\u1161\u200b\ue000\U0001f600⻄Ⅻ…\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_model(tmp_path_factory.mktemp("exported"), layers=3)


def expected(text: str) -> tuple[list[int], list[tuple[int, int]]]:
    tokens = VOCABULARY.encode(text)
    return [CLS, *tokens.ids.tolist(), SEP], [(i, i + 1) for i in tokens.offsets.tolist()]


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("shape", [{"layers": 1}, {"layers": 3, "hidden": 48, "heads": 4, "positions": 40}])
def test_the_graph_computes_what_transformers_computes(tmp_path, seed, shape):
    assert largest_difference(make_model(tmp_path / "model", seed=seed, **shape)) < TOLERANCE


def test_eager_attention_is_the_reference(folder):
    model = BertForTokenClassification.from_pretrained(folder.path, attn_implementation="eager").eval()
    texts = authored_texts()[:4]
    ids, mask = stack([VOCABULARY.encode(text).ids[:length] for text, length in zip(texts, (126, 80, 9, 0), strict=True)])
    with torch.inference_mode():
        theirs = model(input_ids=torch.from_numpy(ids), attention_mask=torch.from_numpy(mask)).logits.numpy()
    ours = OnnxBackend(folder, threads=1).logits(ids, mask)
    assert np.abs(ours - theirs)[mask == 1].max() < TOLERANCE


def test_padding_is_not_seen(folder):
    backend = OnnxBackend(folder, threads=1)
    ids = VOCABULARY.encode(authored_texts()[0]).ids[:50]
    narrow, wide = (backend.logits(*stack([ids], width))[0, :52] for width in (52, 120))
    np.testing.assert_allclose(narrow, wide, atol=1e-5)


def test_the_weights_are_in_one_file_only(folder):
    graph = onnx.load(folder.path / "model.onnx", load_external_data=False).graph
    outside = {t.name for t in graph.initializer if t.data_location == onnx.TensorProto.EXTERNAL}
    assert outside == set(load_file(folder.path / "model.safetensors"))
    assert sum(len(t.raw_data) for t in graph.initializer) < 300
    assert (folder.path / "model.onnx").stat().st_size < 40_000
    loaded = {t.name: onnx.numpy_helper.to_array(t) for t in onnx.load(folder.path / "model.onnx").graph.initializer}
    for name, tensor in load_file(folder.path / "model.safetensors").items():
        np.testing.assert_array_equal(loaded[name], tensor)


def test_only_standard_operators(folder):
    model = onnx.load(folder.path / "model.onnx", load_external_data=False)
    assert {node.domain for node in model.graph.node} == {""}
    assert [(i.domain, i.version) for i in model.opset_import] == [("", 17)]


def test_ids_and_offsets_are_those_of_the_vocabulary():
    for text in (*authored_texts(), ODD, "", "\n", "\n\n", "a\n\nb", "……"):
        encoding = TOKENIZER.encode(text)
        assert (encoding.ids, encoding.offsets[1:-1]) == expected(text)


@settings(deadline=None)
@given(st.text())
def test_any_text_is_read_as_the_vocabulary_reads_it(text):
    encoding = TOKENIZER.encode(text.replace("[", ""))
    assert (encoding.ids, encoding.offsets[1:-1]) == expected(text.replace("[", ""))


def test_the_one_difference_is_known():
    assert TOKENIZER.encode("会[SEP]议").ids == TOKENIZER.encode("会\n议").ids != expected("会[SEP]议")[0]


def test_auto_tokenizer_reads_the_folder_unchanged(folder, tmp_path):
    tokenizer = AutoTokenizer.from_pretrained(folder.path)
    for text in (*authored_texts()[:10], ODD):
        encoding = tokenizer(text[:120], return_offsets_mapping=True)
        assert (encoding["input_ids"], encoding["offset_mapping"][1:-1]) == expected(text[:120])
    tokenizer.save_pretrained(tmp_path)
    again = Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    assert again.encode(ODD).ids == expected(ODD)[0]
    assert (tokenizer.pad_token_id, tokenizer.unk_token_id, tokenizer.mask_token_id) == (0, 1, 4)


def test_pipeline_runs_unchanged(folder):
    assert isinstance(AutoModelForTokenClassification.from_pretrained(folder.path), BertForTokenClassification)
    tag = pipeline("token-classification", model=str(folder.path), aggregation_strategy="simple", device="cpu")
    text = authored_texts()[0][:100]
    groups = tag(text)
    assert groups
    for group in groups:
        assert group["entity_group"] in {"O", *folder.scheme.labels}
        # Tokens are joined by spaces there: without them a group says what the text says, in folded characters.
        said = group["word"].replace(" ", "").lower().replace("[sep]", "\n")
        assert fold(said) == fold(text[group["start"] : group["end"]])


def test_the_manifest_lists_everything_else(folder):
    manifest = json.loads((folder.path / "manifest.json").read_text("utf-8"))
    assert set(manifest["files"]) == {p.name for p in folder.path.iterdir()} - {"manifest.json"}
    assert all(p.stat().st_mode & 0o044 == 0o044 for p in folder.path.iterdir())


def test_exporting_twice_gives_the_same_bytes(folder, tmp_path):
    shutil.copytree(folder.path, tmp_path / "again")
    export(tmp_path / "again", "0.0.1")
    assert {p.name: p.read_bytes() for p in (tmp_path / "again").iterdir()} == {
        p.name: p.read_bytes() for p in folder.path.iterdir()
    }


@pytest.mark.parametrize(
    ("key", "value"), [("hidden_act", "relu"), ("model_type", "roberta"), ("position_embedding_type", "relative_key")]
)
def test_what_the_graph_does_not_compute_is_refused(folder, tmp_path, key, value):
    shutil.copytree(folder.path, tmp_path / "other")
    config = json.loads((tmp_path / "other" / "config.json").read_text("utf-8"))
    (tmp_path / "other" / "config.json").write_text(json.dumps(config | {key: value}), "utf-8")
    with pytest.raises(ValueError, match=r"config\.json"):
        bert_token_classifier(tmp_path / "other")


def test_other_types_and_missing_weights_are_refused(folder, tmp_path):
    shutil.copytree(folder.path, tmp_path / "other")
    path = tmp_path / "other" / "model.safetensors"
    weights = load_file(path)
    save_file(weights | {"classifier.bias": weights["classifier.bias"].astype(np.float64)}, path)
    with pytest.raises(ValueError, match=r"classifier\.bias is F64"):
        read_header(path)
    save_file({name: w for name, w in weights.items() if name != "classifier.bias"}, path)
    with pytest.raises(ValueError, match=r"no tensor classifier\.bias"):
        bert_token_classifier(tmp_path / "other")


def test_the_command_says_what_is_missing(tmp_path):
    run = subprocess.run(
        [sys.executable, "-m", "training.export", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert run.returncode == 2
    assert "config.json is missing" in run.stderr
    assert "Traceback" not in run.stderr


def test_eight_bit_weights_compute_nearly_the_same(folder):
    ids, mask = stack([VOCABULARY.encode(text).ids[:126] for text in authored_texts()[:4]])
    whole, small = OnnxBackend(folder, threads=1), OnnxBackend(folder, threads=1, graph=INT8)
    exact, near = (backend.logits(ids, mask)[mask == 1] for backend in (whole, small))
    assert 0 < (exact - near).std() < 0.1 * exact.std()
    assert (exact.argmax(-1) == near.argmax(-1)).mean() > 0.9  # of random weights, whose scores are close together


def test_eight_bit_weights_are_those_of_the_model_rounded():
    weight = np.random.default_rng(0).normal(0, [[1.0], [100.0], [0.0]], (3, 50)).astype(np.float32)
    quantised, scale = eight_bits(weight)
    assert quantised.shape == (50, 3)
    assert np.abs(quantised).max(0).tolist() == [63, 63, 0]
    assert (np.abs(quantised * scale - weight.T) <= scale / 2 + 1e-6).all()


def test_the_graph_of_eight_bits_holds_no_weights(folder):
    graph = onnx.load(folder.path / INT8, load_external_data=False).graph
    inside = [t for t in graph.initializer if t.data_location != onnx.TensorProto.EXTERNAL]
    assert sum(len(t.raw_data) for t in inside) < 1000
    given = dict(initialisers(load_file(folder.path / "model.safetensors")))
    outside = {t.name: tuple(t.dims) for t in graph.initializer if t.name in given}
    assert outside == {name: array.shape for name, array in given.items()}


def test_eight_bit_products_run_on_integer_kernels(folder, tmp_path):
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "optimised.onnx")
    options.log_severity_level = 3
    made = dict(initialisers(load_file(folder.path / "model.safetensors")))
    options.add_external_initializers(list(made), [onnxruntime.OrtValue.ortvalue_from_numpy(a) for a in made.values()])
    onnxruntime.InferenceSession(str(folder.path / INT8), options, providers=["CPUExecutionProvider"])
    kinds = Counter(n.op_type for n in onnx.load(tmp_path / "optimised.onnx", load_external_data=False).graph.node)
    fused = kinds["DynamicQuantizeMatMul"] + kinds["MatMulIntegerToFloat"]
    assert fused == sum(name.endswith(".int8") for name in made)


@pytest.fixture(scope="module")
def halved(folder, tmp_path_factory):
    """A model with its weights in half precision."""
    path = Path(shutil.copytree(folder.path, tmp_path_factory.mktemp("halved") / "model"))
    return export(path, "0.0.1", half=True)


@pytest.fixture(scope="module")
def rounded(folder, halved, tmp_path_factory):
    """A model with the very same weights in float32."""
    path = Path(shutil.copytree(folder.path, tmp_path_factory.mktemp("rounded") / "model"))
    weights = load_file(halved.path / "model.safetensors")
    save_file({name: w.astype(np.float32) for name, w in weights.items()}, path / "model.safetensors", {"format": "pt"})
    return export(path, "0.0.1")


def test_half_precision_is_half_the_file(halved, rounded):
    small, large = (f.path / "model.safetensors" for f in (halved, rounded))
    assert small.stat().st_size < 0.55 * large.stat().st_size
    assert {w.dtype for w in load_file(small).values()} == {np.dtype(np.float16)}
    with safe_open(small, "numpy") as opened:
        assert opened.metadata() == {"format": "pt"}
    for name in ("model.onnx", INT8):  # no second copy of them
        assert (halved.path / name).stat().st_size < (rounded.path / name).stat().st_size + 20_000


@pytest.mark.parametrize("graph", ["model.onnx", INT8])
def test_half_precision_is_computed_in_float32(folder, halved, rounded, graph):
    ids, mask = stack([VOCABULARY.encode(text).ids[:126] for text in authored_texts()[:4]])
    ours, same, other = (
        OnnxBackend(f, 1, g).logits(ids, mask)[mask == 1]
        for f, g in ((halved, graph), (rounded, graph), (folder, "model.onnx"))
    )
    assert np.abs(ours - same).max() < 1e-5 < np.abs(ours - other).max()


def test_half_precision_runs_on_the_same_kernels(halved, rounded, tmp_path):
    def kernels(model: Path) -> Counter[str]:
        options = onnxruntime.SessionOptions()
        options.optimized_model_filepath = str(tmp_path / "optimised.onnx")
        options.log_severity_level = 3
        onnxruntime.InferenceSession(str(model / "model.onnx"), options, providers=["CPUExecutionProvider"])
        nodes = onnx.load(tmp_path / "optimised.onnx", load_external_data=False).graph.node
        return Counter(node.op_type for node in nodes)

    # Casts of constants are gone; what is left is that of the embeddings that were looked up.
    assert kernels(halved.path) == kernels(rounded.path) + Counter({"Cast": 1})


def test_transformers_reads_the_same_spans_in_half_precision(halved):
    assert largest_difference(halved) < TOLERANCE
    texts = authored_texts()[:4]
    onnx_spans, torch_spans = (
        [[(s.start, s.end, s.label) for s in tagging.spans] for tagging in Tagger.load(halved.path, backend).tag(texts)]
        for backend in ("onnx", "torch")
    )
    assert onnx_spans == torch_spans != [[]] * 4


@pytest.mark.parametrize("said", [{}, {"dtype": "float16"}, {"torch_dtype": "float16"}, {"dtype": "float32"}])
@pytest.mark.parametrize("half", [True, False])
def test_transformers_computes_half_weights_in_float32(halved, tmp_path, said, half):
    other = Path(shutil.copytree(halved.path, tmp_path / "other"))
    config = json.loads((other / "config.json").read_text("utf-8"))
    (other / "config.json").write_text(json.dumps({k: v for k, v in config.items() if k != "dtype"} | said), "utf-8")
    export(other, "0.0.1", half=half)
    model = AutoModelForTokenClassification.from_pretrained(other)
    assert {p.dtype for p in model.parameters()} == {torch.float32}


def test_half_precision_once_more_changes_nothing(halved, tmp_path):
    again = Path(shutil.copytree(halved.path, tmp_path / "again"))
    export(again, "0.0.1", half=True)
    assert {p.name: p.read_bytes() for p in again.iterdir()} == {p.name: p.read_bytes() for p in halved.path.iterdir()}


@pytest.mark.parametrize("value", [65600.0, -1e6, float("nan")])
def test_what_half_precision_cannot_hold_is_refused(folder, tmp_path, value):
    other = Path(shutil.copytree(folder.path, tmp_path / "other"))
    weights = load_file(other / "model.safetensors")
    weights["classifier.bias"][3] = value
    save_file(weights, other / "model.safetensors")
    before = (other / "model.safetensors").read_bytes()
    with pytest.raises(ValueError, match=r"classifier\.bias holds .* half precision ends at 65504"):
        export(other, "0.0.1", half=True)
    assert (other / "model.safetensors").read_bytes() == before


def test_weights_of_what_is_refused_are_not_rewritten(folder, tmp_path):
    other = Path(shutil.copytree(folder.path, tmp_path / "other"))
    config = json.loads((other / "config.json").read_text("utf-8"))
    (other / "config.json").write_text(json.dumps(config | {"hidden_act": "relu"}), "utf-8")
    with pytest.raises(ValueError, match="hidden_act"):
        export(other, "0.0.1", half=True)
    assert (other / "model.safetensors").read_bytes() == (folder.path / "model.safetensors").read_bytes()


def test_half_precision_is_an_option_of_the_command(folder, tmp_path, monkeypatch, capsys):
    other = Path(shutil.copytree(folder.path, tmp_path / "other"))
    monkeypatch.setattr(sys, "argv", ["training.export", str(other), "--half"])
    main()
    assert "of transformers" in capsys.readouterr().out
    assert load_file(other / "model.safetensors")["classifier.bias"].dtype == np.float16
