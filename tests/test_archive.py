"""Jobs over archives: nothing lost, nothing twice, the same output whoever does the work and however often it is killed."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests import job_program
from tests.test_cli import RARE
from tests.test_sources import MEETING, make_tar
from yaowen.archive.find import find
from yaowen.archive.job import Place, alone
from yaowen.archive.shards import UNIT_KEYS, Shard, cut, units
from yaowen.archive.storage import PART, Directory, open_storage, write_bytes
from yaowen.archive.tables import COLUMNS
from yaowen.cli.main import main

ROOT = Path(__file__).parent.parent
DOCUMENTS = 60


@pytest.fixture
def news(tmp_path: Path) -> Path:
    """Sixty documents in three files, four of which cannot be read."""
    folder = tmp_path / "news"
    folder.mkdir()
    lines = [json.dumps({"text": f"{MEETING}{n}", "id": f"j{n}"}) for n in range(DOCUMENTS - 14)]
    lines[7], lines[20] = "{broken", json.dumps({"text": "坏"})
    (folder / "a.jsonl").write_text("\n".join(lines), "utf-8")
    members = {f"{n}.txt": f"{MEETING}{n}".encode() for n in range(12)} | {"bad.html": b"", "p.png": b"x"}
    (folder / "b.tar").write_bytes(make_tar(members))
    (folder / "c.txt").write_bytes(b"\x00\x01\x02\xff" * 50)
    return folder


def invoke(*arguments, load=job_program.load) -> Result:
    return CliRunner().invoke(main, ["predict", *map(str, arguments)], obj=load)


def job(news: Path, out: Path, *arguments, **options) -> Result:
    return invoke(news, "--shards", out, "--shard-documents", 7, "--workers", 1, *arguments, **options)


def output(folder: Path) -> dict[str, bytes]:
    """What a job gave, without its own notes."""
    files = [path for path in folder.rglob("*") if path.is_file() and "_job" not in path.parts]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def records(folder: Path) -> list[dict]:
    return [
        json.loads(line) for path in sorted(folder.glob("records/part-*.jsonl")) for line in path.read_bytes().splitlines()
    ]


@pytest.fixture
def whole(news: Path, tmp_path: Path) -> dict[str, bytes]:
    """The output of an uninterrupted run."""
    assert job(news, tmp_path / "whole").exit_code == 1
    return output(tmp_path / "whole")


def test_every_document_is_there_once_and_in_order(news, tmp_path):
    result = job(news, tmp_path / "out")
    assert result.exit_code == 1, "some could not be read"
    ids = [record["id"] for record in records(tmp_path / "out")]
    assert ids == [*(f"j{n}" for n in range(46) if n not in (7, 20)), *(f"b/{n}" for n in range(12))]
    failures = [json.loads(line) for line in (tmp_path / "out" / "failures.jsonl").read_text("utf-8").splitlines()]
    assert [failure["document"] for failure in failures] == [7, 20, 58, 59]
    assert [failure["reason"].split(": ")[0] for failure in failures] == [
        f"{news}/a.jsonl:8", f"{news}/a.jsonl", f"{news}/b.tar/bad.html", f"{news}/c.txt",
    ]  # fmt: skip
    summary = json.loads((tmp_path / "out" / "summary.json").read_text("utf-8"))
    assert (summary["documents"], summary["failures"], summary["events"]) == (56, 4, {"meeting": 56})
    assert summary["bytes"] == sum(path.stat().st_size for path in news.iterdir())
    assert list(summary["skipped"].values()) == [1]
    assert "56 documents, " in result.stderr
    assert "4 could not be read: the reasons are in" in result.stderr
    assert result.stdout == ""


def test_what_a_job_passes_over_is_in_its_summary(tmp_path):
    (tmp_path / "in").mkdir()
    for name in ("a.txt", "b.docx", "c.docx", "d"):
        (tmp_path / "in" / name).write_text(MEETING, "utf-8")
    (tmp_path / "in" / "e.json").write_text("[1]", "utf-8")
    arguments = (tmp_path / "in", "--shards", tmp_path / "in" / "out", "--workers", 1)
    for more in ((), ("--resume",)):
        result = invoke(*arguments, *more)
        assert result.exit_code == 0, result.stderr
        assert result.stderr.count("passed over: 2 .docx, 1 without an ending; name them to have them read.") == 1
        summary = json.loads((tmp_path / "in" / "out" / "summary.json").read_text("utf-8"))
        assert summary["passed_over"] == {".docx": 2, "without an ending": 1}
        assert list(summary["skipped"].values()) == [1]


def test_a_job_reads_in_the_encoding_that_was_named(tmp_path):
    (tmp_path / "a.txt").write_bytes(RARE.encode("utf-16-le"))
    for more, count in (((), 0), (("--encoding", "utf-16-le"), 1)):
        invoke(tmp_path / "a.txt", "--shards", tmp_path / f"out{count}", "--workers", 1, *more)
        assert [len(record["events"]) for record in records(tmp_path / f"out{count}")] == [1] * count


def test_all_read_is_status_zero(tmp_path):
    (tmp_path / "a.txt").write_text(MEETING, "utf-8")
    assert invoke(tmp_path / "a.txt", "--tables", tmp_path / "t", "--workers", 1).exit_code == 0


def test_more_processes_give_the_same(news, tmp_path, whole):
    assert job(news, tmp_path / "out", "--workers", 3).exit_code == 1
    assert output(tmp_path / "out") == whole


def test_a_finished_job_is_not_overwritten_and_resuming_it_does_nothing(news, tmp_path, whole):
    result = job(news, tmp_path / "whole")
    assert result.exit_code == 2
    assert "there is a job's output here already" in result.stderr
    assert "--resume" in result.stderr

    def load(**options):
        raise ValueError("no model is needed where nothing is to be done")

    assert job(news, tmp_path / "whole", "--resume", load=load).exit_code == 1
    assert output(tmp_path / "whole") == whole


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--published", "2020-02-08"], "published was None and is '2020-02-08'"),
        (["--explain"], "explain was False and is True"),
        (["--format", "parquet"], "format was 'jsonl' and is 'parquet'"),
        (["--shard-documents", "8"], "shard documents was 7 and is 8"),
        (["--encoding", "gbk"], "encoding was None and is 'gb18030'"),
        (["--threads", "2"], "threads was 1 and is 2"),
        (["--columns", "text=body"], "columns was {} and is {'text': 'body'}"),
    ],
)
def test_other_settings_are_refused(news, tmp_path, whole, arguments, words):
    result = job(news, tmp_path / "whole", "--resume", *arguments)
    assert result.exit_code == 2
    assert words in result.stderr
    assert output(tmp_path / "whole") == whole


def test_other_inputs_are_refused(news, tmp_path, whole):
    (news / "d.txt").write_text(MEETING, "utf-8")
    result = job(news, tmp_path / "whole", "--resume")
    assert result.exit_code == 2
    assert "began with 3 files" in result.stderr
    assert "now there are 4" in result.stderr
    (news / "d.txt").unlink()
    os.utime(news / "a.jsonl", (1, 1))
    assert "changed or renamed" in job(news, tmp_path / "whole", "--resume").stderr


def test_a_shard_that_is_missing_or_cut_is_done_again(news, tmp_path, whole):
    (tmp_path / "whole" / "records" / "part-000000-0001.jsonl").unlink()
    (tmp_path / "whole" / "records" / "part-000000-0003.jsonl").write_bytes(b"{")
    (tmp_path / "whole" / "records" / f"{PART}123").write_bytes(b"left by a killed writer")
    assert job(news, tmp_path / "whole", "--resume").exit_code == 1
    assert output(tmp_path / "whole") == whole


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_killed_again_and_again_it_ends_with_the_same_output(news, tmp_path, whole):
    out, rng = tmp_path / "out", random.Random(6)
    command = [sys.executable, "-m", "tests.job_program", "predict", news, "--shards", out, "--shard-documents", "7"]
    environment = os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'model'}", "YAOWEN_TEST_PAUSE": "0.15"}
    kills = 0
    for attempt in range(30):
        process = subprocess.Popen(
            [*map(str, command), "--workers", "2", "--resume"], env=environment, cwd=ROOT, stderr=subprocess.PIPE
        )
        try:
            process.wait(rng.uniform(0.4, 1.6) if kills < 3 or attempt < 4 else 120)
            break
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            kills += 1
    assert process.returncode == 1, process.stderr.read()
    assert kills >= 2
    assert output(out) == whole


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_a_document_that_kills_its_worker_is_told_and_the_rest_goes_on(tmp_path):
    lines = [json.dumps({"text": MEETING, "id": str(n)}) for n in range(12)]
    lines[4] = json.dumps({"text": "杀", "id": "killer"})
    (tmp_path / "a.jsonl").write_text("\n".join(lines), "utf-8")
    result = invoke(tmp_path / "a.jsonl", "--shards", tmp_path / "out", "--shard-documents", 3, "--workers", 2)
    assert result.exit_code == 1
    assert "shard 000000-0001" in result.stderr
    assert "ended 3 times" in result.stderr
    assert not list((tmp_path / "out").rglob(f"{PART}*")), "what the killed processes had begun is gone"
    assert [record["id"] for record in records(tmp_path / "out")] == ["0", "1", "2", *map(str, range(6, 12))]


def killed(**options):
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_a_killed_worker_with_a_shard_of_no_documents_is_told(tmp_path):
    members = {f"{n}.txt": MEETING.encode() for n in range(2)} | {f"{n}.png": b"x" for n in range(3)}
    (tmp_path / "a.tar").write_bytes(make_tar(members))
    arguments = ("--shards", tmp_path / "out", "--shard-documents", 2, "--workers", 2)
    result = invoke(tmp_path / "a.tar", *arguments, load=killed)
    assert result.exit_code == 1
    assert "shard 000000-0000 (" in result.stderr
    assert "shard 000000-0001 (no document): the process that read it ended 3 times" in result.stderr


def no_model(**options):
    raise ValueError("weights: the checksum differs: install yaowen again")


@pytest.mark.parametrize("workers", [1, 2])
def test_a_model_that_cannot_be_loaded_stops_the_job(news, tmp_path, workers):
    result = invoke(news, "--shards", tmp_path / "out", "--workers", workers, load=no_model)
    assert result.exit_code == 1
    assert result.stderr == "yaowen: weights: the checksum differs: install yaowen again\n"


def test_a_place_that_cannot_be_written(news):
    result = invoke(news, "--shards", news / "c.txt" / "below", "--workers", 1)
    assert result.exit_code == 1
    assert "cannot write" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--workers", "2"], "--shards DIR or --tables DIR"),
        (["--resume"], "--resume: for jobs alone"),
        (["--format", "parquet"], "--format parquet is for --shards"),
        (["--shards", "x", "--out", "y"], "give either"),
        (["--shards", "x", "--format", "html"], "jsonl or parquet, not html"),
        (["--shards", "x", "--address", "auto"], "--address is for --engine ray"),
        (["--columns", "body=x"], "expected FIELD=COLUMN"),
    ],
)
def test_options_that_do_not_go_together(news, tmp_path, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    result = invoke(news, *arguments)
    assert result.exit_code == 2
    assert words in " ".join(result.stderr.split())
    assert not (tmp_path / "x").exists()


def test_standard_input_makes_shards_but_cannot_be_resumed(tmp_path):
    data = "".join(json.dumps({"text": MEETING}) + "\n" for _ in range(9))
    arguments = ["predict", "-", "--shards", str(tmp_path / "out"), "--shard-documents", "4", "--workers", "1"]
    assert CliRunner().invoke(main, arguments, input=data, obj=job_program.load).exit_code == 0
    assert len(records(tmp_path / "out")) == 9
    result = CliRunner().invoke(main, [*arguments, "--resume"], input=data, obj=job_program.load)
    assert "standard input can be read once only" in result.stderr


# Shards and tables.


def test_parquet_shards_hold_the_same_records(news, tmp_path, whole):
    import pyarrow.parquet as pq

    assert job(news, tmp_path / "out", "--format", "parquet").exit_code == 1
    rows = pq.read_table(tmp_path / "out" / "records").to_pylist()
    rows.sort(key=lambda row: row["document"])
    assert [json.loads(row["record"]) for row in rows] == records(tmp_path / "whole")
    assert [row["document"] for row in rows][:8] == [0, 1, 2, 3, 4, 5, 6, 8]


def test_units_and_shards_do_not_depend_on_who_reads(news):
    (unit,) = units(find([str(news)]), 7)
    shards = list(cut(unit, 7))
    assert [shard.last for shard in shards] == [False] * (len(shards) - 1) + [True]
    assert [shard.first for shard in shards] == list(range(0, 60, 7))
    assert sum(shard.size for shard in shards) == unit.size
    assert [Shard.from_json(shard.to_json()) for shard in shards] == shards
    again = list(cut(unit, 7, finished={shards[1].name}))
    assert again[1].items == ()
    assert [s.first for s in again] == [s.first for s in shards]


def test_small_files_are_read_together_and_large_ones_alone(tmp_path):
    for n in range(10):
        (tmp_path / f"{n}.txt").write_bytes(b"x" * 10)
    (tmp_path / "5.txt").write_bytes(b"x" * (9 << 20))
    assert [len(unit.files) for unit in units(find([str(tmp_path)]), 4)] == [4, 1, 1, 4]


def test_a_lone_surrogate_passes_every_format(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"text": "召开\\ud800", "id": "\\ud800"}', "utf-8")
    for form in ("jsonl", "parquet"):
        result = invoke(tmp_path / "a.jsonl", "--shards", tmp_path / form, "--tables", tmp_path / f"t-{form}",
                        "--format", form, "--workers", 1)  # fmt: skip
        assert result.exit_code == 0, result.stderr
    assert records(tmp_path / "jsonl")[0]["id"] == "\ud800"


def test_every_table_is_there_though_it_is_empty(tmp_path):
    import pyarrow.parquet as pq

    (tmp_path / "a.txt").write_text("坏", "utf-8")
    invoke(tmp_path / "a.txt", "--tables", tmp_path / "t", "--workers", 1)
    for name, columns in COLUMNS.items():
        table = pq.read_table(tmp_path / "t" / name)
        assert (table.column_names, table.num_rows) == (list(columns), 0)


def test_keys_of_documents_are_unique_over_units():
    assert UNIT_KEYS * 10**9 < 2**63


# Storage.


def test_an_unfinished_file_is_nowhere(tmp_path):
    storage = Directory(tmp_path)

    def fail() -> None:
        with storage.writing("a/b") as path:
            path.write_bytes(b"half")
            raise OSError("no space")

    with pytest.raises(OSError, match="no space"):
        fail()
    assert storage.sizes("a") == {}
    assert list((tmp_path / "a").iterdir()) == []


def test_records_and_tables_may_share_a_directory(news, tmp_path, whole):
    assert job(news, tmp_path / "out", "--tables", tmp_path / "out").exit_code == 1
    files = output(tmp_path / "out")
    assert {name: data for name, data in files.items() if name.split("/")[0] not in COLUMNS} == whole
    assert job(news, tmp_path / "out", "--tables", tmp_path / "out", "--resume").exit_code == 1
    assert output(tmp_path / "out") == files


def test_object_stores_take_a_job(news, whole):
    place = f"memory://jobs-{time.monotonic_ns()}/out"
    assert job(news, place, "--tables", place + "-tables").exit_code == 1
    storage = open_storage(place)
    names = [*storage.sizes(""), *(f"records/{name}" for name in storage.sizes("records"))]
    assert {name: storage.read(name) for name in names} == whole
    assert set(open_storage(place + "-tables").sizes("events")) == {f"part-000000-{n:04d}.parquet" for n in range(9)}
    assert job(news, place, "--tables", place + "-tables", "--resume").exit_code == 1
    assert Place(None, "t").home == "t"


def test_addresses_that_are_unknown_are_told(news):
    result = job(news, "nowhere://bucket/out")
    assert result.exit_code == 1
    assert "nowhere" in result.stderr
    write_bytes(open_storage("memory://x"), "y/z", b"1")
    assert open_storage("memory://x").read("y/z") == b"1"
    assert open_storage("memory://x").read("y/none") is None


# The page on archives.


def test_the_page_says_what_was_recorded():
    from eval.archives import PAGE, RESULTS, render

    assert json.loads((RESULTS / "resume.json").read_text("utf-8"))["equal"] is True
    assert (ROOT / PAGE).read_text("utf-8") == render()


def test_two_jobs_do_not_write_to_one_folder(news: Path, tmp_path: Path) -> None:
    with alone(Place(str(tmp_path / "out"), None)):
        for arguments in ((), ("--resume",), ("--tables", tmp_path / "out")):
            refused = job(news, tmp_path / ("other" if "--tables" in arguments else "out"), *arguments)
            assert refused.exit_code == 2
            assert "another job is writing here" in refused.output
        assert job(news, tmp_path / "elsewhere").exit_code == 1, "four documents cannot be read, the rest is done"
    assert job(news, tmp_path / "out").exit_code == 1
    assert output(tmp_path / "out") == output(tmp_path / "elsewhere")


# Whose a directory is.


def lines(path: Path, name: str, count: int) -> Path:
    path.write_text("".join(json.dumps({"text": MEETING, "id": f"{name}{n}"}) + "\n" for n in range(count)), "utf-8")
    return path


@pytest.mark.parametrize("resume", [(), ("--resume",)])
@pytest.mark.parametrize("first", [("--shards", "o1", "--tables", "t"), ("--tables", "t")])
def test_tables_of_another_job_are_not_mixed_with_ours(tmp_path, monkeypatch, first, resume):
    monkeypatch.chdir(tmp_path)
    shape = ("--shard-documents", 2, "--workers", 1)
    assert invoke(lines(tmp_path / "one.jsonl", "a", 6), *first, *shape).exit_code == 0
    before = output(tmp_path / "t")
    two = lines(tmp_path / "two.jsonl", "b", 4)
    for place in (("--shards", "o2", "--tables", "t"), ("--shards", "t", "--tables", "o2"), ("--tables", "t")):
        result = invoke(two, *place, *shape, *resume)
        assert result.exit_code == 2, place
        assert "t: " in result.stderr
    told = " ".join(invoke(two, "--shards", "o2", "--tables", "t", *shape, *resume).stderr.split())
    assert "t: the tables of another job are here; o2 has begun none. Give --tables an empty directory, or" in told
    assert "job.json" not in told
    assert invoke(two, "--shards", "o3", "--tables", "t3", *shape).exit_code == 0
    result = invoke(two, "--shards", "o3", "--tables", "t", *shape, "--resume")
    assert result.exit_code == 2, "a job that goes on does not take the tables of another"
    assert "t: cannot resume with other" in result.stderr
    assert output(tmp_path / "t") == before


def test_shards_of_which_nothing_says_whose_they_are_are_left_alone(news, tmp_path, whole):
    (tmp_path / "whole" / "_job" / "job.json").unlink()
    for resume in ((), ("--resume",)):
        result = job(news, tmp_path / "whole", *resume)
        assert result.exit_code == 2
        assert "there are shards here, but no _job/job.json in it" in " ".join(result.stderr.split())
    assert output(tmp_path / "whole") == whole


def test_a_job_from_before_tables_had_a_copy_of_its_settings_goes_on(news, tmp_path):
    arguments = (news, tmp_path / "out", "--tables", tmp_path / "t")
    assert job(*arguments).exit_code == 1
    before = output(tmp_path / "t")
    (tmp_path / "t" / "_job" / "job.json").unlink()
    (tmp_path / "t" / "events" / "part-000000-0001.parquet").unlink()
    assert job(*arguments, "--resume").exit_code == 1
    assert output(tmp_path / "t") == before
    assert (tmp_path / "t" / "_job" / "job.json").read_bytes() == (tmp_path / "out" / "_job" / "job.json").read_bytes()


def test_a_job_that_failed_before_it_did_anything_leaves_the_directory_free(news, tmp_path, whole):
    for model in ("none", "nothing"):
        assert job(news, tmp_path / "out", "--model", tmp_path / model, load=no_model).exit_code == 1
    assert job(news, tmp_path / "out").exit_code == 1
    assert output(tmp_path / "out") == whole
    assert job(news, tmp_path / "out").exit_code == 2
