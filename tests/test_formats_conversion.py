"""Documents come back whole from every format that is written; labels, datasets and the command convert them."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data import dataset
from tests.annotated_files import jsonl, surfaces, write
from yaowen import formats
from yaowen.formats import annotated, columns, doccano, label_studio
from yaowen.formats.annotated import AnnotatedDocument, Event, Mark, Role
from yaowen.formats.labels import relabel, table

ROOT = Path(__file__).parent.parent
AUTHORED = annotated.read(ROOT / "data" / "authored" / "dev.jsonl")

# --- Out and in again


@pytest.mark.parametrize("name", ["yaowen", "doccano", "label-studio"])
def test_documents_come_back_whole(tmp_path: Path, name: str) -> None:
    path = tmp_path / ("a.json" if name == "label-studio" else "a.jsonl")
    formats.FORMATS[name].write(AUTHORED, path)  # type: ignore[misc]
    assert formats.detect(path).name == name
    again = formats.read(path)
    assert [ordered(d) for d in again] == [ordered(d) for d in AUTHORED]
    assert sum(len(d.events) for d in again) > 100


def ordered(document: AnnotatedDocument) -> dict[str, Any]:
    record = annotated.to_record(document)
    for event in record["events"]:
        event["arguments"].sort(key=lambda a: (a["start"], a["role"]))
    record["events"].sort(key=lambda e: e["trigger"]["start"])
    return record


LONE = AnnotatedDocument("x", None, "", "\ud8003月", (Mark(1, 3, "DATE"),), ())


@pytest.mark.parametrize("name", ["yaowen", "doccano", "label-studio"])
def test_a_lone_surrogate_comes_back_from_its_escape(tmp_path: Path, name: str) -> None:
    path = tmp_path / "a"
    formats.FORMATS[name].write([LONE], path)  # type: ignore[misc]
    assert formats.read(path, name) == [LONE]


def test_label_studio_finds_a_text_with_a_lone_surrogate_by_its_length(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    label_studio.write([LONE], path)
    (task,) = json.loads(path.read_text("utf-8"))
    task["data"]["content"] = task["data"].pop("text")
    assert formats.read(write(path, json.dumps([task]))) == [LONE]


@pytest.mark.parametrize("name", ["yaowen", "doccano", "label-studio"])
def test_a_file_stays_as_it_was_where_writing_fails(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path, link = write(tmp_path / "a", "kept"), tmp_path / "link"
    link.symlink_to(path)
    writer = formats.FORMATS[name].write

    def full(self: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space left"):
        writer([LONE], link)  # type: ignore[misc]
    monkeypatch.undo()
    assert path.read_text() == "kept"
    writer([LONE], link)  # type: ignore[misc]
    assert link.is_symlink()
    assert formats.read(path, name) == [LONE]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "link"]


def test_a_pipe_is_written_to_and_stays_one(tmp_path: Path) -> None:
    os.mkfifo(pipe := tmp_path / "pipe")
    reader = subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE)
    annotated.write([LONE], pipe)
    assert b"\\ud800" in reader.communicate()[0]
    assert pipe.is_fifo()


def test_a_number_is_an_id_too_and_no_id_is_told(tmp_path: Path) -> None:
    record = {"id": 1, "text": "罗一凡", "title": None, "spans": []}
    assert formats.read(jsonl(tmp_path / "a.jsonl", record))[0].id == "1"
    with pytest.raises(ValueError, match=r"line 1: AnnotatedDocument\.id is None; expected str"):
        formats.read(jsonl(tmp_path / "a.jsonl", {**record, "id": None}))


def test_columns_give_text_and_spans_again(tmp_path: Path) -> None:
    path = tmp_path / "a.conll"
    columns.write(AUTHORED, path)
    again = formats.read(path)
    assert [(d.id, d.text, surfaces(d)) for d in again] == [(d.id, d.text, surfaces(d)) for d in AUTHORED]


texts = st.text(st.sampled_from("罗一凡 \u3000\n😀aB1-，"), min_size=1, max_size=12)


@st.composite
def flat_documents(draw: st.DrawFn) -> AnnotatedDocument:
    text = draw(texts)
    edges = sorted(draw(st.sets(st.integers(0, len(text)), max_size=6)))
    labels = ("DATE", "LOCATION")
    spans = [Mark(a, b, draw(st.sampled_from(labels))) for a, b in zip(edges[::2], edges[1::2], strict=False)]
    return AnnotatedDocument("x-1", None, "", text, tuple(s for s in spans if "\n" not in text[s.start : s.end]), ())


@given(st.lists(flat_documents(), min_size=1, max_size=3))
def test_any_flat_document_comes_back_from_every_format(tmp_path_factory: pytest.TempPathFactory, made: list) -> None:
    folder = tmp_path_factory.mktemp("formats")
    writers = {"yaowen": annotated.write, "doccano": doccano.write, "label-studio": label_studio.write}
    if any(not d.text.isspace() for d in made):
        writers["columns"] = columns.write
    for name, writer in writers.items():
        writer(made, folder / "file")
        assert formats.read(folder / "file", name) == made


def test_predictions_are_no_annotations(tmp_path: Path) -> None:
    label_studio.write(AUTHORED[:1], tmp_path / "a.json", as_predictions=True)
    with pytest.warns(UserWarning, match="has not been annotated"):
        assert formats.read(tmp_path / "a.json") == []


# --- Labels, tables, the registry, the command


def test_labels_of_public_sets_become_ours() -> None:
    spans = (Mark(0, 1, "name"), Mark(1, 2, "game"), Mark(2, 3, "odd"))
    events = (Event("meeting", 0, 1, (Role("host", 1, 2), Role("host", 2, 3))), Event("action", 0, 1, ()))
    document = relabel(AnnotatedDocument("x", None, "", "一二三", spans, events), table("cluener"))
    assert document.spans == (Mark(0, 1, "PERSON"), Mark(2, 3, "odd"))
    assert document.events == (Event("meeting", 0, 1, (Role("host", 2, 3),)),)
    with pytest.raises(ValueError, match=r"no label table 'clue' .* known: cluener, resume"):
        table("clue")


def test_documents_make_one_dataset_and_come_back() -> None:
    made = dataset.to_dataset(AUTHORED)
    assert made.features == dataset.FEATURES
    assert made.num_rows == len(AUTHORED)
    assert list(dataset.from_dataset(made)) == AUTHORED


def test_what_is_of_no_format_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"a\.txt: of no known format .* yaowen, cluener, doccano"):
        formats.detect(write(tmp_path / "a.txt", "罗一凡来了。\n"))
    with pytest.raises(ValueError, match="unknown format 'excel'; known: yaowen"):
        formats.read(tmp_path / "a.txt", "excel")


def test_a_file_in_an_old_encoding_is_told_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes("罗一凡".encode("gb18030"))
    with pytest.raises(ValueError, match=r"a\.jsonl: not UTF-8 .*iconv"):
        formats.read(tmp_path / "a.jsonl")


def test_a_file_that_was_cut_off_inside_a_character_is_told_as_that(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes('{"text": "罗一凡'.encode()[:-1])
    with pytest.raises(ValueError, match=r"a\.jsonl: ends inside a character: it was cut off"):
        formats.read(tmp_path / "a.jsonl")


def test_the_command_converts_and_tells_what_it_cannot(tmp_path: Path) -> None:
    source = jsonl(
        tmp_path / "in.json", {"text": "罗一凡玩", "label": {"name": {"罗一凡": [[0, 2]]}, "game": {"玩": [[3, 3]]}}}
    )
    command = [sys.executable, "-m", "data.convert", str(source), "--labels", "cluener", "--to", "doccano", "--out"]
    environment = {"PYTHONPATH": str(ROOT / "model")}
    done = subprocess.run([*command, str(tmp_path / "o.jsonl")], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert surfaces(formats.read(tmp_path / "o.jsonl")[0]) == [("罗一凡", "PERSON")]
    write(source, "{")
    failed = subprocess.run([*command, str(tmp_path / "o")], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert failed.returncode == 1
    assert "Traceback" not in failed.stderr
