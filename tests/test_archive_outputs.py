"""Output below the input: what a job writes is not read as input, and what else is there is."""

import json
import time

import pytest

from tests.test_archive import invoke, lines, output, records
from yaowen.archive.storage import open_storage, write_bytes


@pytest.mark.parametrize("names", [("crawl",), ("crawl/*",), ("crawl/**",), ("crawl/a.jsonl", "crawl/**/*.jsonl"), (".",)])
@pytest.mark.parametrize(
    ("shards", "tables"), [("crawl/events", "crawl/events"), ("crawl/o", "crawl/t"), ("crawl", "crawl")]
)
def test_output_below_the_input_is_not_read(tmp_path, monkeypatch, names, shards, tables):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "crawl").mkdir()
    lines(tmp_path / "crawl" / "a.jsonl", "a", 10)
    arguments = (*names, "--shards", shards, "--tables", tables, "--shard-documents", 2, "--workers", 1)
    assert invoke(*arguments).exit_code == 0
    assert [record["id"] for record in records(tmp_path / shards)] == [f"a{n}" for n in range(10)]
    before = output(tmp_path / "crawl")
    next((tmp_path / shards).glob("records/part-*")).unlink()
    again = invoke(*arguments, "--resume")
    assert again.exit_code == 0, again.stderr
    assert "not read, for the output goes there" in again.stderr
    assert output(tmp_path / "crawl") == before


def test_output_below_the_input_that_the_shell_named_is_not_read(tmp_path):
    lines(tmp_path / "a.jsonl", "a", 4)
    arguments = ("--shards", tmp_path / "out", "--shard-documents", 2, "--workers", 1)
    assert invoke(tmp_path / "a.jsonl", *arguments).exit_code == 0
    assert invoke(tmp_path / "a.jsonl", tmp_path / "out", *arguments, "--resume").exit_code == 0
    assert len(records(tmp_path / "out")) == 4


@pytest.mark.parametrize("pattern", ["", "/**/*.jsonl"])
def test_output_below_an_input_in_an_object_store_is_not_read(tmp_path, pattern):
    place = f"memory://below-{time.monotonic_ns()}"
    write_bytes(open_storage(place), "a.jsonl", lines(tmp_path / "a.jsonl", "a", 4).read_bytes())
    arguments = (place + pattern, "--shards", f"{place}/out/", "--shard-documents", 2, "--workers", 1)
    assert invoke(*arguments).exit_code == 0
    assert set(open_storage(f"{place}/out").sizes("records")) == {f"part-000000-{n:04d}.jsonl" for n in range(2)}
    assert invoke(*arguments, "--resume").exit_code == 0


def test_what_else_is_where_the_output_goes_is_read(tmp_path):
    for folder in ("crawl/out/records", "crawl/deep/events", "crawl/events", "crawl/events/documents"):
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        lines(tmp_path / folder / "a.jsonl", f"{folder}-", 1)
    place = tmp_path / "crawl" / "events"
    result = invoke(tmp_path / "crawl", "--shards", place, "--tables", place, "--workers", 1)
    assert result.exit_code == 0
    assert {record["id"] for record in records(place)} == {f"crawl/{n}-0" for n in ("deep/events", "events", "out/records")}
    assert f"{place / 'documents'}: not read" in result.stderr, "what is left out is told"


@pytest.mark.parametrize("below", ["", "out"])
def test_an_input_that_holds_the_output_alone_is_told(tmp_path, below):
    (tmp_path / "crawl").mkdir()
    for more in ((), ("--resume",)):
        result = invoke(tmp_path / "crawl", "--shards", tmp_path / "crawl" / below, "--workers", 1, *more)
        assert result.exit_code == 1
        assert json.loads((tmp_path / "crawl" / below / "summary.json").read_text())["failures"] == 1
