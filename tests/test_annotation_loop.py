"""Predictions out to annotation tools and back again: nothing is lost, and every offset says what it said."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

import yaowen
from tests.fake_extractor import PAGE, page_document
from yaowen.cli.main import main
from yaowen.extractor import DEFAULT_MODEL
from yaowen.formats import annotated
from yaowen.formats.predicted import from_document
from yaowen.schema import SPAN_LABELS

needs_model = pytest.mark.skipif(not (DEFAULT_MODEL / "manifest.json").exists(), reason="no model in the package")


class PageReader:
    """Gives the hand-made document of PAGE."""

    def extract(self, text, published=None, *, id="", html=None, path=None, encoding=None, explain=False):
        if "坏" in text:
            raise ValueError("the text says 坏: take it out")
        return page_document(text, id=id)


def call(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(main, [*map(str, arguments)], obj=lambda **_: PageReader())
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "page.txt"
    path.write_text(PAGE, "utf-8", newline="\n")
    return path


def as_annotated(path: Path) -> None:
    """What Label Studio gives when somebody accepts every prediction."""
    tasks = json.loads(path.read_text("utf-8"))
    for task in tasks:
        task["annotations"] = task.pop("predictions")
    path.write_text(json.dumps(tasks, ensure_ascii=False), "utf-8")


@pytest.mark.parametrize(
    ("tool", "name"), [("doccano", "tasks.jsonl"), ("label-studio", "tasks.json"), ("yaowen", "t.jsonl")]
)
def test_predictions_come_back_as_they_went(page: Path, tmp_path: Path, tool: str, name: str) -> None:
    out = tmp_path / name
    status, said = call("export", page, "--to", tool, "--out", out)
    assert (status, said.startswith(f"1 documents to {out}")) == (0, True), said
    if tool == "label-studio":
        assert "annotations" not in json.loads(out.read_text("utf-8"))[0], "pre-annotations are not yet anybody's"
        as_annotated(out)
    status, said = call("import", out, "--out", tmp_path / "gold.jsonl")
    assert status == 0, said
    (back,) = annotated.read(tmp_path / "gold.jsonl")
    sent = from_document(page_document(PAGE))
    assert (back.text, back.spans) == (PAGE, sent.spans)
    key = lambda e: (e.start, e.type)  # noqa: E731
    events = [(e.type, e.start, e.end, frozenset(e.arguments)) for e in sorted(back.events, key=key)]
    assert events == [(e.type, e.start, e.end, frozenset(e.arguments)) for e in sorted(sent.events, key=key)]
    assert sum(m.holder is not None for m in back.spans) == 4
    assert {PAGE[m.holder : m.holder + 3] for m in back.spans if m.holder is not None} == {"贺兰川", "陆知夏", "马明川"}


def test_the_labels_of_the_tools_are_written_beside_the_tasks(page: Path, tmp_path: Path) -> None:
    call("export", page, "--to", "label-studio", "--out", tmp_path / "a.json")
    view = ElementTree.fromstring((tmp_path / "a.labels.xml").read_text("utf-8"))
    assert [e.get("value") for e in view.iter("Label")] == list(SPAN_LABELS)
    call("export", page, "--to", "doccano", "--out", tmp_path / "b.jsonl")
    assert [e["text"] for e in json.loads((tmp_path / "b.labels.json").read_text("utf-8"))] == list(SPAN_LABELS)


def test_what_cannot_be_read_is_told_and_the_rest_goes_on(page: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.txt").write_text("坏消息", "utf-8")
    status, said = call("export", page, tmp_path / "bad.txt", "--to", "doccano", "--out", tmp_path / "o.jsonl")
    assert status == 1
    assert "the text says 坏" in said
    assert len((tmp_path / "o.jsonl").read_text("utf-8").splitlines()) == 1
    status, said = call("export", tmp_path / "bad.txt", "--to", "doccano", "--out", tmp_path / "none.jsonl")
    assert status == 1
    assert not (tmp_path / "none.jsonl").exists()


def test_bad_annotations_are_not_imported(tmp_path: Path) -> None:
    record = {"id": 1, "text": "昨天来了", "label": [[0, 2, "DATE"], [1, 3, "WHEN"]]}
    (tmp_path / "a.jsonl").write_text(json.dumps(record, ensure_ascii=False), "utf-8")
    status, said = call("import", tmp_path / "a.jsonl", "--out", tmp_path / "gold.jsonl")
    assert status == 1
    assert "document '1'" in said
    assert "overlap" in said
    assert "unknown label" in said
    assert "gold.jsonl: nothing was written. Mend" in said
    assert not (tmp_path / "gold.jsonl").exists()


def test_what_nobody_has_annotated_is_not_imported_and_the_way_on_is_told(page: Path, tmp_path: Path) -> None:
    call("export", page, "--to", "label-studio", "--out", tmp_path / "tasks.json")
    status, said = call("import", tmp_path / "tasks.json", "--out", tmp_path / "gold.jsonl")
    assert status == 1
    assert "gold.jsonl: nothing was written. No annotated document was found" in said
    assert "import the file that the tool exports" in said
    assert not (tmp_path / "gold.jsonl").exists()


@pytest.mark.parametrize(
    ("tool", "name"), [("doccano", "tasks.jsonl"), ("label-studio", "tasks.json"), ("yaowen", "t.jsonl")]
)
def test_the_folders_of_what_is_written_are_made(page: Path, tmp_path: Path, tool: str, name: str) -> None:
    out, gold = tmp_path / "build" / "new" / name, tmp_path / "other" / "new" / "gold.jsonl"
    status, said = call("export", page, "--to", tool, "--out", out)
    assert (status, out.exists()) == (0, True), said
    if tool == "label-studio":
        as_annotated(out)
    status, said = call("import", out, "--out", gold)
    assert (status, gold.exists()) == (0, True), said


def test_an_output_that_cannot_be_written_is_told(page: Path, tmp_path: Path) -> None:
    call("export", page, "--to", "yaowen", "--out", tmp_path / "t.jsonl")
    status, said = call("import", tmp_path / "t.jsonl", "--out", page / "gold.jsonl")
    assert status == 1
    assert "cannot write" in said


@needs_model
def test_html_is_exported_as_a_reader_sees_it() -> None:
    html = "<html><body><h1>要闻</h1><p>3月20日，<b>县</b>委书记贺兰川主持召开会议&amp;讲话。</p><p>县长陆知夏出席。</p></body></html>"
    document = yaowen.load(threads=1).extract(html, html=True)
    sent = from_document(document)
    assert "<" not in sent.text
    assert "会议&讲话" in sent.text
    assert len(sent.spans) == len(document.spans) > 4
    assert [sent.text[m.start : m.end] for m in sent.spans] == [s.normalized for s in document.spans]


def test_what_a_directory_passes_over_is_told(page: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.docx").write_bytes(b"PK")
    code, output = call("export", tmp_path, "--to", "doccano", "--out", tmp_path / "tasks.jsonl")
    assert code == 0
    assert "passed over: 1 .docx" in output
