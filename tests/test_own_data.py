"""A user's own annotated files: what the README says about them is run, word for word, on a small budget."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import yaowen
from tests.tiny_model import make_model
from training import config, corpus
from training.corpus import Data
from training.export import ASSEMBLER
from training.finetune import Settings, finetune
from yaowen import formats
from yaowen.formats import annotated
from yaowen.formats.annotated import AnnotatedDocument, Mark
from yaowen.tagger.folder import ModelError, ModelFolder, write_manifest

ROOT = Path(__file__).parent.parent
CONFIG = ROOT / "training" / "configs" / "own-data.toml"
EXAMPLE = ROOT / "examples" / "own-data.jsonl"
SECTION = re.search(r"## Your own data\n(.*?)\n## ", (ROOT / "README.md").read_text("utf-8"), re.S)


def data(*train: Path, dev: tuple[Path, ...] = (), labels: dict[str, str] | None = None) -> Data:
    return Data(train, dev, 0.25, "", labels or {})


def commands() -> list[list[str]]:
    assert SECTION, "README.md has a section on own data"
    lines = re.findall(r"^\$ (.*?)(?:\s+#.*)?$", SECTION[1], re.M)
    assert len(lines) >= 3
    return [shlex.split(line) for line in lines]


def test_the_commands_of_the_readme_run_and_their_model_is_used(tmp_path: Path) -> None:
    said = 0
    for words in commands():
        program = {".venv/bin/python": [sys.executable], ".venv/bin/yaowen": [sys.executable, "-m", "yaowen.cli.main"]}
        line = [*program[words[0]], *(w.replace("build/own-data", str(tmp_path / "own-data")) for w in words[1:])]
        if "training.finetune" in line:
            line += [f"output={tmp_path / 'own-data'}", "domain.schedule.epochs=1", "threads=1"]
        environment = {
            "PYTHONPATH": str(ROOT / "model"),
            "HF_HUB_OFFLINE": "1",
            "OMP_NUM_THREADS": "1",
            "PATH": "/usr/bin:/bin",
        }
        done = subprocess.run(line, cwd=ROOT, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, f"{shlex.join(words)}\n{done.stderr}"
        said += len(done.stdout) > 0
    assert said >= 2
    metrics = json.loads((tmp_path / "own-data" / "metrics.json").read_text("utf-8"))
    assert list(metrics["domain"]["data"]) == ["examples/own-data.jsonl"]
    assert metrics["encoder"]["name"] == "model/yaowen/weights/default"
    for code in re.findall(r"```python\n(.*?)```", SECTION[1], re.S):  # type: ignore[index]
        exec(code.replace("build/own-data", str(tmp_path / "own-data")), {})
    extractor = yaowen.load(tmp_path / "own-data")
    assert any(event.arguments for event in extractor.extract((ROOT / "examples" / "visit.txt").read_text("utf-8")).events)


def test_the_example_is_sound_and_marks_events() -> None:
    documents = annotated.read(EXAMPLE)
    assert len(documents) >= 8
    assert all(d.events for d in documents)


@pytest.mark.parametrize("name", ["doccano", "label-studio", "columns"])
def test_any_format_teaches_the_same_documents(tmp_path: Path, name: str) -> None:
    path = tmp_path / {"doccano": "a.jsonl", "label-studio": "a.json", "columns": "a.conll"}[name]
    documents = annotated.read(EXAMPLE)
    formats.FORMATS[name].write(documents, path)  # type: ignore[misc]
    found = corpus.load(data(path, dev=(path,)), seed=1)
    assert [(d.text, [(m.start, m.end, m.label) for m in d.spans]) for d in found.train] == [
        (d.text, [(m.start, m.end, m.label) for m in d.spans]) for d in documents
    ]


def test_documents_are_held_out_where_there_is_no_dev_file_always_the_same() -> None:
    first, again, other = (corpus.load(data(EXAMPLE), seed) for seed in (1, 1, 2))
    ((name, held),) = first.dev
    assert name == "held-out"
    assert len(held) == 2
    assert {d.id for d in held}.isdisjoint(d.id for d in first.train)
    assert len(held) + len(first.train) == len(annotated.read(EXAMPLE))
    assert first == again != other


def test_labels_that_nobody_marked_are_told() -> None:
    missing = corpus.load(data(EXAMPLE, dev=(EXAMPLE,)), 1).unmarked()
    assert missing == [], "the example has every label"
    few = corpus.Corpus((AnnotatedDocument("x", None, "", "一", (Mark(0, 1, "DATE"),), ()),), ())
    assert "OFFICIAL" in few.unmarked()
    assert "DATE" not in few.unmarked()


def wrong(tmp_path: Path, *marks: Mark) -> Path:
    path = tmp_path / "mine.jsonl"
    annotated.write([AnnotatedDocument(f"d{i}", None, "", "罗一凡来了", marks, ()) for i in range(8)], path)
    return path


def test_what_cannot_be_learnt_from_is_told_with_the_remedy(tmp_path: Path) -> None:
    path = wrong(tmp_path, Mark(0, 3, "人名"))
    with pytest.raises(ValueError, match=r"\(d0\): .*人名.* unknown label(.|\n)*and 3 more(.|\n)*data\.labels\.NAME"):
        corpus.load(data(path), 1)
    assert corpus.load(data(path, labels={"人名": "PERSON"}), 1).train[0].spans == (Mark(0, 3, "PERSON"),)
    with pytest.raises(ValueError, match="overlap"):
        corpus.load(data(wrong(tmp_path, Mark(0, 3, "PERSON"), Mark(2, 4, "DATE"))), 1)
    with pytest.raises(ValueError, match="is not inside the text"):
        corpus.load(data(wrong(tmp_path, Mark(0, 9, "PERSON"))), 1)


def test_too_little_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"data\.train names no file: add data\.train=FILE"):
        corpus.load(data(), 1)
    with pytest.raises(ValueError, match=r"nowhere\.jsonl: cannot be read"):
        corpus.load(data(tmp_path / "nowhere.jsonl"), 1)
    annotated.write(annotated.read(EXAMPLE)[:1], tmp_path / "one.jsonl")
    with pytest.raises(ValueError, match="holds 1 documents; expected one more"):
        corpus.load(data(tmp_path / "one.jsonl"), 1)


def test_an_assembler_that_is_none_is_told_before_the_training(tmp_path: Path) -> None:
    settings = config.load(Settings, CONFIG, [f"data.train={EXAMPLE}", f"output={tmp_path}/out", f"assembler={tmp_path}"])
    with pytest.raises(ValueError, match=r"manifest\.json: this file is missing"):
        finetune(settings)
    assert not (tmp_path / "out").exists()


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A very small model with the assembler of the one that ships."""
    folder = make_model(tmp_path / "model").path
    for name in ASSEMBLER:
        shutil.copy(ROOT / "model" / "yaowen" / "weights" / "default" / name, folder)
    write_manifest(folder, "0.0.1")
    return folder


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def retrained(model: Path, output: Path, *overrides: str) -> Settings:
    chosen = [f"encoder={model}", f"assembler={model}", f"output={output}", f"data.train={EXAMPLE}", "threads=1"]
    return config.load(Settings, CONFIG, [*chosen, "domain.schedule.epochs=1", "domain.window=60", *overrides])


@pytest.mark.parametrize(
    ("override", "complaint"),
    [
        ("data.train=typo.jsonl", r"typo\.jsonl: cannot be read"),
        ("encoder=nowhere", "no such folder"),
        ("domain.teaching.teachers=nowhere", r"nowhere has no model\.safetensors"),
        ("public.schedule.epochs=1", r"small"),
    ],
)
def test_what_cannot_be_read_leaves_the_model_of_the_output_whole(
    tmp_path: Path, model: Path, override: str, complaint: str
) -> None:
    output = make_model(tmp_path / "own").path
    before = files(output)
    public = [f"public.folder={tmp_path}", 'public.sets=["small"]']
    with pytest.raises((ValueError, OSError), match=complaint):
        finetune(retrained(model, output, override, *public))
    assert files(output) == before
    ModelFolder.load(output)


@pytest.mark.parametrize(
    ("override", "name"),
    [("encoder", "encoder"), ("assembler", "assembler"), ("domain.teaching.teachers", r"domain\.teaching\.teachers")],
)
def test_a_model_is_not_written_over_while_it_is_read(tmp_path: Path, model: Path, override: str, name: str) -> None:
    output = make_model(tmp_path / "own").path
    before = files(output)
    with pytest.raises(ValueError, match=f"output = .*: {name} is read from .*; name another folder to write"):
        finetune(retrained(model, output, f"{override}={tmp_path / 'model' / '..' / 'own'}"))
    with pytest.raises(ValueError, match="no stage is left to run"):
        finetune(retrained(model, output, "domain.schedule.epochs=0"))
    assert files(output) == before


def test_a_model_that_is_being_replaced_is_none_until_the_new_one_is_whole(
    tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = make_model(tmp_path / "own").path
    settings = retrained(model, output)

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("training.finetune.complete", stop)
    with pytest.raises(KeyboardInterrupt):
        finetune(settings)
    monkeypatch.undo()
    with pytest.raises(ModelError, match=r"manifest\.json: this file is missing"):
        ModelFolder.load(output)
    finetune(settings)
    assert ModelFolder.load(output).version == "own"


def test_one_file_needs_no_brackets_and_the_rest_is_as_in_the_default() -> None:
    settings = config.load(Settings, CONFIG, ["data.train=my.jsonl", 'data.labels.人名="PERSON"'])
    assert settings.data == Data((Path("my.jsonl"),), (), 0.1, "", {"人名": "PERSON"})
    default = config.load(Settings, ROOT / "training" / "configs" / "finetune.toml")
    assert settings.augmentation == default.augmentation
    assert settings.public.schedule.epochs == 0
