"""Annotations without texts find their texts again, and tell where these have changed."""

import json
import lzma
import re
import subprocess
import sys
from pathlib import Path

import pytest

from data.standoff import attach, detach, documents

ROOT = Path(__file__).parent.parent
NEWS = "县里召开会议。\n会议强调安全。\n\n市里印发通知。\n\n\n省里派出医疗队。\n"
RECORDS = [
    {
        "id": f"news#{number}", "published": None, "title": "", "text": text,
        "spans": [{"start": 2, "end": 4, "label": label}], "events": [],
    }
    for number, text, label in ((2, "省里派出医疗队。", "TRIGGER:deployment"), (0, "县里召开会议。", "TRIGGER:meeting"))
]  # fmt: skip


@pytest.fixture(params=["news.txt", "news.txt.xz"])
def texts(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / request.param
    with (lzma.open if path.suffix == ".xz" else open)(path, "wt", encoding="utf-8") as stream:  # type: ignore[operator]
        stream.write(NEWS)
    return path


def test_documents_are_parted_by_empty_lines(texts: Path) -> None:
    assert list(documents(texts)) == ["县里召开会议。\n会议强调安全。", "市里印发通知。", "省里派出医疗队。"]


def test_what_was_detached_is_attached_again(texts: Path) -> None:
    parts = detach(RECORDS, texts.parent)
    assert [part["id"] for part in parts] == ["news#0", "news#2"]  # by place
    assert attach(parts, texts.parent) == RECORDS[::-1]


def test_what_is_kept_holds_no_word_of_the_text(texts: Path) -> None:
    kept = json.dumps(detach(RECORDS, texts.parent), ensure_ascii=False)
    assert kept.isascii()


def test_a_title_is_the_publishers_too(texts: Path) -> None:
    assert all("title" not in part for part in detach([r | {"title": "标题"} for r in RECORDS], texts.parent))


def test_a_changed_text_is_told(texts: Path) -> None:
    parts = detach(RECORDS, texts.parent)
    texts.unlink()
    texts.with_name("news.txt").write_text(NEWS.replace("召开", "举行"), "utf-8")
    with pytest.raises(ValueError, match=r"document 0: not the text that was annotated as news#0"):
        attach([part | {"source": "news.txt"} for part in parts], texts.parent)


def test_a_missing_source_is_told(texts: Path, tmp_path: Path) -> None:
    parts = detach(RECORDS, texts.parent)
    with pytest.raises(ValueError, match=r"has no news\.txt"):
        attach(parts, tmp_path / "elsewhere")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"id": "news"}, "expected SOURCE#NUMBER"),
        ({"id": "news#1"}, "not the beginning of document 1"),
        ({"id": "x#1"}, "no x.txt"),
    ],
)
def test_a_record_of_no_document_is_told(texts: Path, change: dict[str, str], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        detach([RECORDS[0] | change], texts.parent)


def test_a_number_beyond_the_file_is_told(texts: Path) -> None:
    (part, _) = detach(RECORDS, texts.parent)
    with pytest.raises(ValueError, match="document 7: not the text"):
        attach([part | {"document": 7}], texts.parent)


def test_a_record_of_another_form_is_told(texts: Path) -> None:
    with pytest.raises(ValueError, match="source, document, characters, sha256 missing"):
        attach(RECORDS, texts.parent)
    with pytest.raises(ValueError, match="text missing"):
        detach(detach(RECORDS, texts.parent), texts.parent)


@pytest.mark.parametrize(
    ("key", "value"),
    [("document", "0"), ("document", -1), ("document", True), ("characters", 4.0), ("characters", None),
     ("source", 3), ("source", ["news.txt"]), ("sha256", None), ("id", 5)],
)  # fmt: skip
def test_a_value_of_another_type_is_told(texts: Path, key: str, value: object) -> None:
    (part, _) = detach(RECORDS, texts.parent)
    with pytest.raises(ValueError, match=rf"…: {key} is {re.escape(repr(value))}; expected"):
        attach([part | {key: value}], texts.parent)
    if key == "id":
        with pytest.raises(ValueError, match="id is 5; expected text"):
            detach([RECORDS[0] | {key: value}], texts.parent)


def test_a_text_that_is_none_is_told(texts: Path) -> None:
    with pytest.raises(ValueError, match="text is 4; expected text"):
        detach([RECORDS[0] | {"text": 4}], texts.parent)


def test_the_command_goes_there_and_back(texts: Path, tmp_path: Path) -> None:
    def run(what: str, file: Path, out: Path) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "data.standoff", what, file, "--texts", texts.parent, "--out", out]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)

    whole, parts, again = (tmp_path / name for name in ("whole.jsonl", "new/parts.jsonl", "again.jsonl"))
    whole.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in RECORDS[::-1]), "utf-8")
    assert run("detach", whole, parts).returncode == run("attach", parts, again).returncode == 0
    assert again.read_bytes() == whole.read_bytes()
    (broken := tmp_path / "broken.jsonl").write_text(parts.read_text("utf-8") + '{"id":\n', "utf-8")
    for file, told in ((whole, "sha256 missing"), (broken, "broken.jsonl, line 3: not JSON")):
        failed = run("attach", file, tmp_path / "none.jsonl")
        assert (failed.returncode, told in failed.stderr, "Traceback" in failed.stderr) == (1, True, False)
    assert not (tmp_path / "none.jsonl").exists()
