"""Columns of tables that nobody named: taken by their usual names where the values fit, and told."""

import json
from datetime import date, datetime, timezone

import pytest

from tests.test_archive import invoke
from tests.test_sources import MEETING, items, make_tar, pages, write_parquet
from yaowen.archive.columns import day
from yaowen.archive.pages import Noted
from yaowen.archive.shards import Shard, Unit, cut

HEADER = "编号,标题,正文,日期"


def table(path, *rows: str, header: str = HEADER):
    path.write_text("\n".join([header, *rows]) + "\n", "utf-8")
    return path


def notes(path, **options) -> list[str]:
    return [item.message for item in items(path, **options) if isinstance(item, Noted)]


def test_all_columns_of_usual_names_are_taken_and_told_before_the_first_document(tmp_path):
    path = table(tmp_path / "a.csv", f"甲1,会议,{MEETING},2020-02-08 10:30:00", f"甲2,会议,{MEETING},2020年3月1日")
    note, first, second = items(path)
    assert [(page.id, page.text, page.published) for page in (first, second)] == [
        ("甲1", MEETING, "2020-02-08"), ("甲2", MEETING, "2020-03-01"),
    ]  # fmt: skip
    assert (
        note.message
        == "columns: text from 正文, id from 编号, published from 日期. Name others with --columns FIELD=COLUMN."
    )


def test_names_are_compared_without_case_spaces_and_lines(tmp_path):
    path = table(tmp_path / "a.csv", f"x,{MEETING},2020/2/8", header="Article ID,CONTENT,Publish_Date")
    (page,) = pages(path)
    assert (page.id, page.text, page.published) == ("x", MEETING, "2020-02-08")


@pytest.mark.parametrize("columns", [None, {"text": "text"}])
def test_nothing_is_told_where_nothing_is_guessed(tmp_path, columns):
    path = table(tmp_path / "a.csv", f"x,{MEETING},2020-02-08", header="id,text,published")
    assert notes(path, columns=columns) == []
    assert pages(path)[0].id == "x"


def test_what_the_user_named_is_not_guessed(tmp_path):
    path = table(tmp_path / "a.csv", f"甲1,a/b,{MEETING},2020-02-08")
    (page,) = pages(path, columns={"id": "标题", "published": "日期"})
    assert (page.id, page.published) == ("a/b", "2020-02-08")
    assert notes(path, columns={"id": "标题", "published": "日期", "text": "正文"}) == []


@pytest.mark.parametrize("value", ["第3期", "2月8日", "2020-02-30", "1581120000", "2020-02-08 至 2020-02-10"])
def test_a_column_of_other_values_than_dates_is_not_taken_for_one(tmp_path, value):
    path = table(tmp_path / "a.csv", f"甲1,会议,{MEETING},{value}")
    (page,) = pages(path)
    assert (page.id, page.published, page.undated) == ("甲1", None, None)
    assert "id from 编号; 日期 is not taken for published, as its first value does not fit." in notes(path)[0]


def test_of_two_columns_that_may_be_the_date_the_one_that_holds_one_is_taken(tmp_path):
    for first, wanted in (("", "2020-02-08"), ("昨天", "2020-02-08"), ("2020-02-07", "2020-02-07")):
        path = table(tmp_path / "a.csv", f"{MEETING},2020-02-08,{first}", header="text,日期,发布时间")
        assert pages(path)[0].published == wanted


def test_a_long_text_is_no_id(tmp_path):
    path = table(tmp_path / "a.csv", f"{MEETING * 20},{MEETING}", header="编号,text")
    assert pages(path)[0].id == "a-2"


def test_a_later_value_that_is_no_date_loses_no_document(tmp_path):
    path = table(tmp_path / "a.csv", f"1,会议,{MEETING},2020-02-08", f"2,会议,{MEETING},不详", f"3,会议,{MEETING},")
    first, second, third = pages(path)
    assert [page.published for page in (first, second, third)] == ["2020-02-08", None, None]
    assert '"不详", which is left out' in second.undated
    assert first.undated is third.undated is None


def test_parquet_is_guessed_too(tmp_path):
    when = [datetime(2020, 2, 8, 10, tzinfo=timezone.utc), None]
    write_parquet(tmp_path / "a.parquet", 编号=[7, 8], 内容=[MEETING] * 2, 发布时间=when, 日期=["x", "y"])
    assert [(page.id, page.published) for page in pages(tmp_path / "a.parquet")] == [("7", "2020-02-08"), ("8", None)]
    write_parquet(tmp_path / "b.parquet", text=[MEETING], date=[date(2020, 2, 8)])
    assert pages(tmp_path / "b.parquet")[0].published == "2020-02-08"
    write_parquet(tmp_path / "c.parquet", text=[], date=[])
    assert items(tmp_path / "c.parquet")[1:] == []


@pytest.mark.parametrize(
    "value", ["2020-2-8", "2020.02.08", "2020-02-08T10:00:00+08:00", "2020年2月8日10时", "20200208", " 2020/02/08 "]
)
def test_days_as_tables_write_them(value):
    assert day(value) == "2020-02-08"


@pytest.mark.parametrize("value", ["", "2020", "2020-02", "08.02.2020", "2020-02-08x", "20201301", None, True, 3.5])
def test_what_is_no_day(value):
    assert day(value) is None


@pytest.mark.parametrize("more", [(), ("--shards", "out", "--workers", 1)])
def test_what_was_taken_is_told_once(tmp_path, monkeypatch, more):
    monkeypatch.chdir(tmp_path)
    for name in ("a.csv", "b.csv"):
        table(tmp_path / name, f"1,会议,{MEETING},2020-02-08")
    (tmp_path / "c.tar").write_bytes(make_tar({"d.csv": (tmp_path / "a.csv").read_bytes()}))
    result = invoke("a.csv", "b.csv", "c.tar", *more)
    assert result.exit_code == 0, result.stderr
    assert result.stderr.count("text from 正文, id from 编号, published from 日期") == 1
    if more:
        assert json.loads((tmp_path / "out" / "summary.json").read_text("utf-8"))["notes"] == notes(tmp_path / "a.csv")
        again = invoke("a.csv", "b.csv", "c.tar", *more, "--resume")
        assert again.stderr.count("published from 日期") == 1


def test_a_note_is_no_document_of_a_shard(tmp_path):
    from yaowen.archive.find import find

    path = table(tmp_path / "a.csv", *(f"{n},会议,{MEETING},2020-02-08" for n in range(3)))
    first, second = cut(Unit(0, tuple(find([str(path)]))), 2)
    assert [[page.id for page in shard.items] for shard in (first, second)] == [["0", "1"], ["2"]]
    assert (first.notes, second.notes) == (tuple(notes(path)), ())
    assert Shard.from_json(first.to_json()) == first
