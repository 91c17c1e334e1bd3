"""The flat tables hold what the records hold; the questions of the README are answered as they are written there."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.fake_extractor import page_document
from yaowen.archive.tables import COLUMNS, rows
from yaowen.cli.main import main
from yaowen.extractor import DEFAULT_MODEL

ROOT = Path(__file__).parent.parent
needs_model = pytest.mark.skipif(not (DEFAULT_MODEL / "manifest.json").exists(), reason="no model in the package")


def test_every_row_has_exactly_the_columns_of_its_table():
    seen = set()
    for table, row in rows(7, page_document().to_dict()):
        assert list(row) == list(COLUMNS[table]), table
        assert row["document"] == 7
        seen.add(table)
    assert seen == set(COLUMNS)


def test_rows_count_what_the_record_counts():
    record = page_document().to_dict()
    tables = [table for table, _ in rows(0, record)]
    assert tables.count("spans") == len(record["spans"])
    assert tables.count("people") == len(record["people"])
    assert tables.count("offices") == sum(len(person["offices"]) for person in record["people"])
    assert tables.count("arguments") == sum(len(event["arguments"]) for event in record["events"])


def test_dates_and_places_of_the_record_reach_the_tables():
    record = page_document().to_dict()
    event = record["events"][0]
    event["date"] = {"start": "2023-07-21T08:00", "end": "2023-07-21T11:59", "precision": "part_of_day"}
    event["place"] = {"adcode": "460203", "full_name": "海南省三亚市吉阳区", "candidates": []}
    row = next(row for table, row in rows(0, record) if table == "events")
    assert [row["date_start"].isoformat(), row["date_end"].isoformat()] == ["2023-07-21", "2023-07-21"]
    assert (row["date_precision"], row["adcode"], row["place"]) == ("part_of_day", "460203", "海南省三亚市吉阳区")
    assert row["prefecture"] == "海南省三亚市"
    event["date"] = {"start": None, "end": "2023-02-30", "reason": "a day that no calendar has"}
    row = next(row for table, row in rows(0, record) if table == "events")
    assert (row["date_start"], row["date_end"], row["date_precision"]) == (None, None, None)


@pytest.fixture(scope="module")
def tables(tmp_path_factory) -> Path:
    """The tables of the README: of our own news, read by the model that ships."""
    folder = tmp_path_factory.mktemp("job")
    paths = [ROOT / "data" / "authored" / "dev.jsonl", ROOT / "examples"]
    result = CliRunner().invoke(main, ["predict", *map(str, paths), "--tables", str(folder / "tables"), "--workers", "1"])
    assert result.exit_code == 0, result.stderr
    return folder


def questions() -> list[str]:
    text = (ROOT / "README.md").read_text("utf-8")
    return re.findall(r"```sql\n(.*?)```", text, re.DOTALL)


def ask(tables: Path, sql: str, monkeypatch) -> list[tuple]:
    duckdb = pytest.importorskip("duckdb")
    monkeypatch.chdir(tables)
    return duckdb.connect().execute(sql).fetchall()


@needs_model
def test_the_questions_of_the_readme_have_answers(tables, monkeypatch):
    hosts, measures, holders, appointed = (ask(tables, sql, monkeypatch) for sql in questions())
    assert all(isinstance(name, str) and count >= 1 for name, count, *_ in hosts)
    assert [count for _, count, *_ in hosts] == sorted((count for _, count, *_ in hosts), reverse=True)
    assert len({prefecture for prefecture, *_ in measures}) > 1, "measures of several prefectures"
    assert all(week.isoweekday() == 1 for _, week, *_ in measures), "weeks begin on Monday"
    assert all(name and office for name, _, office, _ in holders)
    assert len(holders) > 10
    assert sum(bool(posts) for *_, posts in appointed) > 5


@needs_model
def test_tables_join_without_rest(tables, monkeypatch):
    """Every key of a table is in the table that it points to."""
    orphans = """
        SELECT count(*) FROM 'tables/arguments/*.parquet' a
        LEFT JOIN 'tables/events/*.parquet' e USING (document, event)
        LEFT JOIN 'tables/documents/*.parquet' d USING (document)
        LEFT JOIN 'tables/people/*.parquet' p USING (document, person)
        WHERE e.type IS NULL OR d.id IS NULL OR (a.person IS NOT NULL AND p.name IS NULL)
    """
    assert ask(tables, orphans, monkeypatch) == [(0,)]
    duplicated = "SELECT count(*) - count(DISTINCT document) FROM 'tables/documents/*.parquet'"
    assert ask(tables, duplicated, monkeypatch) == [(0,)]


@needs_model
def test_tables_and_records_say_the_same(tables, monkeypatch, tmp_path):
    paths = [ROOT / "data" / "authored" / "dev.jsonl", ROOT / "examples"]
    CliRunner().invoke(main, ["predict", *map(str, paths), "--shards", str(tmp_path / "s"), "--workers", "1"])
    lines = [line for path in sorted(tmp_path.glob("s/records/*")) for line in path.read_text("utf-8").splitlines()]
    records = [json.loads(line) for line in lines]
    (counted,) = ask(
        tables,
        "SELECT (SELECT count(*) FROM 'tables/spans/*.parquet'), (SELECT count(*) FROM 'tables/events/*.parquet')",
        monkeypatch,
    )
    assert counted == (sum(len(r["spans"]) for r in records), sum(len(r["events"]) for r in records))
