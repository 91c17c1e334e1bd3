"""`yaowen predict` as it is typed: what it reads, what it gives, how it fails. A fake extractor stands in for the model."""

import gzip
import io
import json
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.fake_extractor import FakeExtractor
from yaowen.archive.find import find
from yaowen.archive.pages import Found
from yaowen.cli.main import main
from yaowen.cli.outputs import Style
from yaowen.cli.predict import NoModel, Run, predict

MEETING = "州长召开会议。\n"
RARE = "鸞a鶴b龘c靐d齉e召开"  # of too few common characters to tell its encoding by


class Shell:
    """Runs `yaowen predict` in the process, with a fake extractor that remembers its calls."""

    def __init__(self) -> None:
        self.extractor = FakeExtractor()
        self.loaded: list[dict] = []

    def load(self, **options) -> FakeExtractor:
        self.loaded.append(options)
        return self.extractor

    def __call__(self, *arguments, stdin: bytes = b"") -> Result:
        return CliRunner().invoke(main, ["predict", *map(str, arguments)], input=stdin, obj=self.load)


@pytest.fixture
def shell() -> Shell:
    return Shell()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.txt").write_text(MEETING, "utf-8")
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "b.HTML").write_text(f"<html><body><p>{MEETING}</p></body></html>", "utf-8")
    (tmp_path / "deep" / "picture.png").write_bytes(b"\x89PNG")
    (tmp_path / ".hidden.txt").write_text(MEETING, "utf-8")
    lines = [{"text": "召开", "id": "x/1", "published": "2021-03-04", "html": False}, {"text": "无事"}]
    (tmp_path / "c.jsonl").write_text("\n".join(json.dumps(line) for line in lines) + "\n\n", "utf-8")
    return tmp_path


def records(result: Result) -> list[dict]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_directory_gives_every_readable_document_in_order(shell, folder):
    result = shell(folder, "--format", "jsonl")
    assert result.exit_code == 0, result.stderr
    assert [record["id"] for record in records(result)] == ["a", "x/1", "c-2", "deep/b"]
    assert [len(record["events"]) for record in records(result)] == [1, 1, 0, 1]
    assert result.stderr == "yaowen: passed over: 1 .png; name them to have them read.\n"


def test_what_a_directory_passes_over_is_counted_and_told_once(shell, tmp_path):
    for name in ("a.TXT", "b.md", "c.md", "deep/d.docx", "deep/README", "e.asp?id=1", ".f.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(MEETING, "utf-8")
    result = shell(tmp_path, "--format", "jsonl")
    assert (result.exit_code, [record["id"] for record in records(result)]) == (0, ["a"])
    told = "passed over: 2 .md, 1 .docx, 1 of odd endings, 1 without an ending; name them to have them read."
    assert result.stderr == f"yaowen: {told}\n"
    for more in ([tmp_path / "b.md", tmp_path / "c.md"], [tmp_path / "*.md"]):
        result = shell(tmp_path, *more, "--format", "jsonl")
        assert [record["id"] for record in records(result)] == ["a", "b", "c"]
        assert "md" not in result.stderr, "what is named is not passed over"


def test_json_in_a_directory_is_read_where_it_holds_json_lines(shell, tmp_path):
    (tmp_path / "lines.json").write_text('{"text": "召开"}\n{broken\n{"text": "召开"}\n', "utf-8")
    (tmp_path / "lines.json.gz").write_bytes(gzip.compress(b'{"text": "a", "id": "packed"}'))
    (tmp_path / "made.json").write_text('{"text": "召开", "id": "one"}', "utf-8")
    for name, other in (("list", '[{"text": "a"}]'), ("package", '{"name": "x"}'), ("wide", '{\n "text": "a"\n}')):
        (tmp_path / f"{name}.json").write_text(other, "utf-8")
    result = shell(tmp_path, "--format", "jsonl")
    assert [record["id"] for record in records(result)] == ["lines-1", "lines-3", "packed", "one"]
    problem, told = result.stderr.splitlines()
    assert "lines.json:2: not JSON" in problem
    assert told == "yaowen: passed over: 3 JSON files, not named but found, that hold no JSON lines with a text."
    named = shell(*sorted(tmp_path.glob("*.json")), "--format", "jsonl")
    assert [record["id"] for record in records(named)] == ["lines-1", "lines-3", "one"]
    assert [line.count(".json") for line in named.stderr.splitlines()] == [1, 1, 1, 1], "what is named is read or told why"
    shell.extractor.calls.clear()
    assert shell(tmp_path, "--columns", "text=name").exit_code == 0
    assert [call["text"] for call in shell.extractor.calls] == ["x"]


def test_what_the_extractor_is_told(shell, folder):
    shell(folder, "--format", "jsonl", "--published", "2020-02-08")
    a, first, second, b = shell.extractor.calls
    assert a == {
        "text": MEETING, "published": "2020-02-08", "id": "a", "html": None,
        "path": str(folder / "a.txt"), "encoding": "utf-8", "explain": False,
    }  # fmt: skip
    assert (first["published"], first["html"]) == ("2021-03-04", False), "the line's own date goes before the option"
    assert (second["published"], second["html"]) == ("2020-02-08", None)
    assert b["html"] is True


def test_a_file_named_twice_is_read_once(shell, folder):
    result = shell(folder, folder / "a.txt", str(folder / "*.txt"), "--format", "jsonl")
    assert [record["id"] for record in records(result)].count("a") == 1


def test_globs_that_the_shell_did_not_expand(shell, folder):
    result = shell(str(folder / "**" / "*.txt"), "--format", "jsonl")
    assert [record["id"] for record in records(result)] == ["a"]


def test_a_file_that_a_glob_finds_is_no_standard_input(shell, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("-", "a[1].txt"):
        (tmp_path / name).write_text(MEETING, "utf-8")
    result = shell("*", "--format", "jsonl", stdin="不是".encode())
    assert [record["source"]["path"] for record in records(result)] == ["-", "a[1].txt"]


@pytest.mark.parametrize("stdin", [MEETING.encode(), MEETING.encode("gb18030"), b"\xef\xbb\xbf" + MEETING.encode()])
def test_standard_input_is_one_text(shell, stdin):
    result = shell("-", "--format", "jsonl", stdin=stdin)
    (record,) = records(result)
    assert (record["id"], record["source"]["path"], len(record["events"])) == ("stdin", None, 1)


def test_standard_input_of_json_lines(shell):
    result = shell("-", "--format", "jsonl", stdin=b'{"text": "\\u53ec\\u5f00"}\nno json\n{"text": "b"}\n')
    assert [record["id"] for record in records(result)] == ["stdin-1", "stdin-3"]
    assert "standard input:2: not JSON" in result.stderr
    assert result.exit_code == 1


def test_options_reach_the_model(shell, folder):
    shell(folder / "a.txt", "--model", "own", "--threads", "3", "--backend", "torch")
    assert shell.loaded == [{"path": Path("own"), "backend": "torch", "threads": 3}]


def test_the_encoding_that_is_named_reads_pages_members_and_csv(shell, tmp_path):
    (tmp_path / "a.txt").write_bytes(RARE.encode("utf-16-be"))
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("c.html", RARE.encode("utf-16-be"))
    result = shell(tmp_path, "--format", "jsonl")
    assert result.exit_code == 1
    assert result.stderr.count("name its encoding: yaowen predict --encoding") == 2
    assert shell(tmp_path, "--encoding", "UTF-16BE").exit_code == 0
    assert [(call["text"], call["encoding"]) for call in shell.extractor.calls] == [(RARE, "utf-16-be")] * 2


def test_the_encoding_that_is_named_reads_csv_and_no_json_lines(shell, tmp_path):
    (tmp_path / "a.csv").write_bytes("id,text\n\nж,召开\n".encode("gb18030"))
    (tmp_path / "b.jsonl").write_text('{"text": "会议"}', "utf-8")
    assert shell(tmp_path, "--encoding", "gbk").exit_code == 0
    assert [(call["id"], call["text"]) for call in shell.extractor.calls] == [("ж", "召开"), ("b-1", "会议")]
    assert shell.extractor.calls[0]["encoding"] == "gb18030"
    assert shell(tmp_path, "--encoding", "latin-1").exit_code == 0
    assert shell.extractor.calls[2]["text"] == "召开".encode("gb18030").decode("latin-1")
    assert "a.csv:1: UTF-16" in shell(tmp_path, "--encoding", "utf-16-le").stderr


@pytest.mark.parametrize("name", ["utf-99", "", "rot13"])
def test_an_unknown_encoding_is_a_usage_error(shell, folder, name):
    result = shell(folder, "--encoding", name)
    assert result.exit_code == 2
    assert "utf-8, gb18030" in result.stderr
    assert shell.extractor.calls == []


def test_explain_reaches_the_extractor(shell, folder):
    shell(folder / "a.txt", "--explain")
    assert shell.extractor.calls[0]["explain"] is True


def test_progress_counts_every_byte(folder):
    (folder / "b.txt").write_bytes(b"")
    seen: list[int] = []
    inputs = list(find([str(folder)]))
    run = Run(FakeExtractor, lambda message: None, seen.append)
    assert predict(run, inputs, Style("jsonl"), lambda piece: None) == 1
    sizes = sum(found.size for found in inputs if isinstance(found, Found))
    assert sizes - 1 <= sum(seen) <= sizes  # the blank last line of the JSONL file is no document
    assert (run.documents, run.problems) == (4, 1)


def test_help_and_version():
    runner = CliRunner()
    assert "predict" in runner.invoke(main, ["-h"]).stdout
    assert "--published" in runner.invoke(main, ["predict", "-h"]).stdout
    assert runner.invoke(main, ["--version"]).stdout.startswith("yaowen ")


# What goes wrong: one paragraph on stderr, the rest is done, the status says so.

BAD = {
    "empty": (b"", "empty"),
    "binary": (b"\x00\x01\x02\xff\xfe\x00\x00" * 50, "binary"),
    "refused": ("坏".encode(), "take it out"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_among_good_ones(shell, folder, case):
    content, message = BAD[case]
    (folder / "b.txt").write_bytes(content)
    result = shell(folder, "--format", "jsonl")
    assert result.exit_code == 1
    assert [record["id"] for record in records(result)] == ["a", "x/1", "c-2", "deep/b"]
    line, _ = result.stderr.splitlines()
    assert line.startswith(f"yaowen: {folder / 'b.txt'}: ")
    assert message in line


FORGED = "a\x1b]0;PWNED\x07\x1b[31m\nyaowen: all fine.txt"


@pytest.mark.parametrize(
    "command", ["predict", "predict --out o", "predict --shards o --workers 1", "export --to yaowen --out o"]
)
def test_names_write_no_lines_and_no_escapes_on_the_terminal(tmp_path, monkeypatch, command):
    def load(**options):
        raise ValueError(f"{FORGED}: no model")

    monkeypatch.chdir(tmp_path)
    with zipfile.ZipFile("a.zip", "w") as archive:
        archive.writestr(FORGED, b"")
        archive.writestr("b.txt", MEETING)
    result = CliRunner().invoke(main, [*command.split(), "a.zip"], obj=load)
    assert result.exit_code == 1
    assert "PWNED" in result.stderr
    assert not {"\x1b", "\x07"} & set(result.stderr)
    assert not [line for line in result.stderr.splitlines() if line.startswith("yaowen: all fine")]


def test_missing_files_and_patterns(shell, folder):
    result = shell(folder / "none.txt", str(folder / "*.csv"), folder / "a.txt", "--format", "jsonl")
    assert result.exit_code == 1
    assert len(records(result)) == 1
    assert "none.txt: there is no such file" in result.stderr
    assert "*.csv: nothing matches" in result.stderr


def test_a_directory_with_nothing_readable(shell, tmp_path):
    (tmp_path / "picture.png").write_bytes(b"\x89PNG")
    result = shell(tmp_path)
    assert result.exit_code == 1
    assert "no readable file" in result.stderr
    assert ".jsonl" in result.stderr
    assert shell.loaded == [], "no model is loaded for nothing"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"{not json", "not JSON"),
        (b"[1, 2]", "a JSON list where an object"),
        (b'{"id": "3"}', 'no "text"'),
        (b'{"text": ""}', 'no "text"'),
        (b'{"text": 7}', '"text" is 7: expected a string'),
        (b'{"text": "a", "html": "<p>"}', "expected true or false"),
        (b'{"text": "\xd6\xd0"}', "not UTF-8"),
        (b"[" * 100_000, "not"),
    ],
)
def test_a_bad_json_line_is_named_by_its_number(shell, tmp_path, line, message):
    path = tmp_path / "many.jsonl"
    path.write_bytes('{"text": "召开"}\n'.encode() + line + '\n{"text": "召开"}'.encode())
    result = shell(path, "--format", "jsonl")
    assert result.exit_code == 1
    assert [record["id"] for record in records(result)] == ["many-1", "many-3"]
    assert f"{path}:2: " in result.stderr
    if line[:2] != b"[[":
        assert message in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("value", ["2月8日", "2020-02-30", 7, ["2020-02-08"], "昨天"])
def test_a_bad_date_of_a_json_line_does_not_lose_its_document(shell, tmp_path, value):
    texts = [{"text": "召开", "published": value}, {"text": "会议", "published": "2020-02-08 10:30"}]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, texts)), "utf-8")
    result = shell(tmp_path, "--format", "jsonl")
    assert (result.exit_code, result.stderr) == (0, "")
    bad, good = records(result)
    assert (bad["published"], good["published"]) == (None, "2020-02-08")
    assert [warning["kind"] for warning in bad["warnings"]] == ["published"]
    assert "expected a date, YYYY-MM-DD" in bad["warnings"][0]["message"]
    assert good["warnings"] == []
    (record, _) = records(shell(tmp_path, "--format", "jsonl", "--published", "2020-02-09"))
    assert record["published"] == "2020-02-09"


def test_an_empty_jsonl_file(shell, tmp_path):
    (tmp_path / "none.jsonl").write_bytes(b"\n\n")
    result = shell(tmp_path)
    assert result.exit_code == 1
    assert "no line holds a document" in result.stderr


@pytest.mark.parametrize("value", ["2020/02/08", "20200208", "2020-13-01", "08.02.2020", "yesterday", ""])
def test_a_wrong_date_is_a_usage_error(shell, folder, value):
    result = shell(folder, "--published", value)
    assert result.exit_code == 2
    assert "expected YYYY-MM-DD" in result.stderr
    assert shell.extractor.calls == []


@pytest.mark.parametrize("arguments", [[], ["--format", "xml", "-"], ["--threads", "0", "-"]])
def test_usage_errors(shell, arguments):
    assert shell(*arguments).exit_code == 2


def test_a_model_that_cannot_be_loaded_stops_with_one_paragraph(folder):
    def load(**options):
        raise ValueError("weights/model.safetensors: the checksum differs: install yaowen again")

    result = CliRunner().invoke(main, ["predict", str(folder)], obj=load)
    assert result.exit_code == 1
    assert result.stderr == "yaowen: weights/model.safetensors: the checksum differs: install yaowen again\n"


def test_a_fault_of_ours_in_one_document_does_not_take_the_others(folder):
    class Faulty(FakeExtractor):
        def extract(self, text, published=None, **options):
            if options["id"] == "x/1":
                raise IndexError("index 7 is out of bounds")
            return super().extract(text, published, **options)

    result = CliRunner().invoke(main, ["predict", str(folder), "--format", "jsonl"], obj=lambda **o: Faulty())
    assert result.exit_code == 1
    assert len(records(result)) == 3
    assert "IndexError: index 7 is out of bounds. This is a fault in yaowen" in result.stderr


# What comes out.


def test_json_is_one_array_of_all_records(shell, folder):
    assert [record["id"] for record in json.loads(shell(folder, "--format", "json").stdout)] == ["a", "x/1", "c-2", "deep/b"]
    (folder / "a.txt").write_text("坏", "utf-8")
    assert json.loads(shell(folder / "a.txt", "--format", "json").stdout) == []


def test_lone_surrogates_stay_valid_json(shell):
    result = shell("-", "--format", "jsonl", stdin=b'{"text": "a", "id": "\\ud800"}')
    assert result.exit_code == 0
    assert json.loads(result.stdout)["id"] == "\ud800"


@pytest.mark.parametrize(("form", "ending"), [("table", ".txt"), ("jsonl", ".jsonl"), ("json", ".json"), ("html", ".html")])
def test_one_file_a_document(shell, folder, tmp_path_factory, form, ending):
    out = tmp_path_factory.mktemp("out") / "new"
    result = shell(folder, "--format", form, "--out", out)
    assert result.exit_code == 0
    assert result.stdout == ""
    assert sorted(path.name for path in out.iterdir()) == sorted(f"{n}{ending}" for n in ("a", "x_1", "c-2", "deep_b"))
    if form == "json":
        assert json.loads((out / "a.json").read_text("utf-8"))["id"] == "a"


def test_running_again_gives_the_same_files(shell, folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    for _ in range(2):
        shell(folder, "--format", "json", "--out", out)
    assert len(list(out.iterdir())) == 4


def test_what_is_written_below_the_input_is_not_read_the_next_time(shell, folder):
    for told in (0, 1):
        result = shell(folder, "--out", folder / "out")
        assert result.exit_code == 0
        assert result.stderr.count("not read, for the output goes there") == told
        assert len(list((folder / "out").iterdir())) == 4
    shell.extractor.calls.clear()
    assert shell(folder / "out", "--format", "jsonl", "--out", folder / "out").stderr == "", "what is named is read"
    assert len(shell.extractor.calls) == 4
    assert shell(str(folder / "*.txt"), "--out", folder).exit_code == 0
    assert (folder / "a-2.txt").exists()


def test_out_that_cannot_be_written(shell, folder):
    result = shell(folder / "a.txt", "--out", folder / "a.txt" / "below")
    assert result.exit_code == 1
    assert "cannot write" in result.stderr
    assert "Traceback" not in result.stderr


def test_no_model_is_its_own_error():
    def load():
        raise ImportError("no torch: pip install 'yaowen[torch]'")

    run = Run(load, lambda message: None)
    with pytest.raises(NoModel, match="pip install"):
        list(run.extract_all([Found(None, "stdin", 0)], io.BytesIO(b"abc")))


@pytest.mark.parametrize(("columns", "width"), [("60", 60), ("200", 200), ("", 120), ("wide", 120)])
def test_a_table_in_a_pipe_is_as_wide_as_columns_says(shell, folder, monkeypatch, columns, width):
    monkeypatch.setenv("COLUMNS", columns)
    styles = []
    monkeypatch.setattr("yaowen.cli.predict.Style", lambda *given: styles.append(given) or Style(*given))
    assert shell(folder / "a.txt").exit_code == 0
    assert [style[2] for style in styles] == [width]
