"""Documents pass one at a time from a file to a whole output under a safe name; pipes and signals end it quietly."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from tests.fake_extractor import FakeExtractor, page_document
from yaowen.archive.pages import Found
from yaowen.cli.outputs import Folder, Style, render_all, safe_name
from yaowen.cli.predict import Run


class Lines:
    """A stream of JSON lines that notes each line it is asked for."""

    def __init__(self, lines: list[bytes], log: list[str]) -> None:
        self.lines, self.log = iter(lines), log

    def readline(self, size: int = -1) -> bytes:
        self.log.append("read")
        return next(self.lines, b"")

    def __iter__(self):
        return iter(self.readline, b"")


@pytest.mark.parametrize("form", ["table", "jsonl", "json", "html"])
def test_each_document_is_given_before_the_next_is_read(form):
    log: list[str] = []
    stdin = Lines([f'{{"text": "召开{n}"}}\n'.encode() for n in range(3)], log)
    run = Run(FakeExtractor, log.append)
    for piece in render_all(run.extract_all([Found(None, "stdin", 0)], stdin), Style(form)):
        if "召开" in piece:
            log.append("write")
    assert log == ["read", "write"] * 3 + ["read"]


# What is written.


def test_explain_reaches_the_record():
    record = json.loads("".join(render_all([page_document()], Style("jsonl", explain=True))))
    assert record["trace"]
    assert record["events"][0]["arguments"][0]["cues"]
    assert "trace" not in json.loads("".join(render_all([page_document()], Style("jsonl"))))


def test_names_that_clash_or_would_overwrite_an_input(tmp_path):
    page = tmp_path / "page.html"
    page.write_text("the input", "utf-8")
    folder = Folder(tmp_path, Style("html"), [page])
    names = [folder.write(page_document(id=identity)).name for identity in ("page", "PAGE", "../page", "a/b", "a b")]
    assert names == ["page-2.html", "PAGE-3.html", "page-4.html", "a_b.html", "a_b-2.html"]
    assert page.read_text("utf-8") == "the input"


@pytest.mark.parametrize(
    "identity",
    ["", "..", "/etc/passwd", "nul", "COM1.txt", "a" * 500, "三" * 500, "𠮷" * 60, "a三" + "𠮷" * 60, "a\x00\n\u202eb", "."],
)
def test_safe_names(identity, tmp_path):
    name = safe_name(identity)
    assert (tmp_path / name).resolve().parent == tmp_path.resolve()
    assert len(f".{name}-999999.jsonl.{2**22}.part".encode()) <= 255
    assert name.lower().split(".")[0] not in ("nul", "com1")
    (tmp_path / name).write_text("", "utf-8")


def test_long_names_of_rare_characters_are_written(tmp_path):
    folder = Folder(tmp_path, Style("jsonl"))
    names = [folder.write(page_document(id="𠮷" * 60)).name for _ in range(2)]
    assert names == ["𠮷" * 45 + ".jsonl", "𠮷" * 45 + "-2.jsonl"]


def test_a_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    def full(source, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("yaowen.cli.outputs.os.replace", full)
    with pytest.raises(OSError, match="No space left"):
        Folder(tmp_path, Style("json")).write(page_document())
    assert list(tmp_path.iterdir()) == []


# A process of its own: pipes and signals.

ROOT = Path(__file__).parent.parent
PROGRAM = """
    import sys, time
    sys.path[:0] = [{root!r}, {model!r}]
    from tests.fake_extractor import FakeExtractor
    from yaowen.cli.main import main

    class Slow(FakeExtractor):
        def extract(self, *arguments, **options):
            time.sleep({pause})
            return super().extract(*arguments, **options)

    main(obj=lambda **options: Slow())
"""


def program(*arguments: str, pause: float = 0, **options) -> subprocess.Popen:
    code = textwrap.dedent(PROGRAM.format(root=str(ROOT), model=str(ROOT / "model"), pause=pause))
    return subprocess.Popen([sys.executable, "-c", code, *arguments], stderr=subprocess.PIPE, **options)


@pytest.mark.skipif(os.name == "nt", reason="POSIX pipes")
def test_a_reader_that_has_seen_enough(tmp_path):
    path = tmp_path / "many.jsonl"
    path.write_text('{"text": "召开会议"}\n' * 5000, "utf-8")
    process = program("predict", str(path), "--format", "jsonl", stdout=subprocess.PIPE)
    assert json.loads(process.stdout.readline())["id"] == "many-1"
    process.stdout.close()
    assert process.wait(60) == 1
    assert process.stderr.read() == b""


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_control_c_is_quiet(tmp_path):
    path = tmp_path / "many.jsonl"
    path.write_text('{"text": "召开会议"}\n' * 5000, "utf-8")
    process = program("predict", str(path), "--format", "jsonl", pause=0.05, stdout=subprocess.PIPE)
    assert process.stdout.readline()
    time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
