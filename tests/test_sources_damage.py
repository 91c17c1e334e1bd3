"""A file that is damaged, cut off or made to do harm is told, and takes neither the others nor the machine with it."""

import gzip
import io
import json
import random
import re
import stat
import tarfile
import tracemalloc
import zipfile
import zlib

import pytest

from tests.test_sources import MEETING, items, make_tar, make_warc, make_zip, pages, problems, write_parquet
from yaowen.archive import containers, names, sources, streams
from yaowen.archive.find import find
from yaowen.archive.pages import MAX_BYTES, Page, Skipped
from yaowen.archive.sources import read


def sparse_tar() -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, headers in (("a.txt", {}), ("b.txt", {"GNU.sparse.map": "a,b", "GNU.sparse.size": "9"})):
            info = tarfile.TarInfo(name)
            info.size, info.pax_headers = len(MEETING.encode()), headers
            archive.addfile(info, io.BytesIO(MEETING.encode()))
    return target.getvalue()


def newer_zip() -> bytes:
    data = bytearray(make_zip({"a.txt": MEETING}))
    data[data.index(b"PK\x01\x02") + 6] = 99  # the version that is needed to unpack it
    return bytes(data)


DAMAGED = {
    "mac.csv": f"id,text\r1,{MEETING}\r".encode(),
    "newer.zip": newer_zip(),
    "sparse.tar": sparse_tar(),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_what_a_library_does_not_expect_is_a_problem_of_its_file(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(DAMAGED[name])
    (message,) = problems(path)
    assert message.startswith(str(path))
    assert len(pages(path)) == (name == "sparse.tar"), "what came before is read"


def test_a_fault_in_a_member_does_not_take_the_others(tmp_path, monkeypatch):
    def fail(entry):
        raise AttributeError("none of that")
        yield

    monkeypatch.setitem(sources._RECORDS, names.CSV, fail)
    (tmp_path / "a.tar").write_bytes(make_tar({"a.txt": b"a", "b.csv": b"text\nb", "c.txt": b"c"}))
    first, problem, last = items(tmp_path / "a.tar")
    assert (first.text, last.text) == ("a", "c")
    assert "a.tar/b.csv: AttributeError: none of that." in problem.message


@pytest.mark.parametrize("end", ["", "\n"])
def test_a_quote_that_is_never_closed_is_told_with_its_row(tmp_path, end):
    path = tmp_path / "news.csv"
    path.write_text(f'id,text\n0,"{MEETING}\n{MEETING}"\n1,"{MEETING}\n2,{MEETING}\n3,{MEETING}{end}', "utf-8")
    assert [page.id for page in pages(path)] == ["0"]
    (message,) = problems(path)
    assert message.startswith(f"{path}:4: a quote is opened in this row and never closed: all to line 6 is in it")


def test_a_quote_that_is_closed_in_the_last_line_is_no_problem(tmp_path):
    path = tmp_path / "news.csv"
    path.write_text(f'id,text\n1,"{MEETING}\n{MEETING}"', "utf-8")
    assert [page.id for page in pages(path)] == ["1"]
    assert not problems(path)


def test_the_row_after_one_that_is_no_csv_is_read(tmp_path):
    path = tmp_path / "news.csv"
    rows = [b"id,text", b'1,"a', b"\xff\x01\x02\x03\x04\x05", b'b\r"c\rd', f"2,{MEETING}".encode()]
    path.write_bytes(b"\n".join(rows))
    assert [page.id for page in pages(path)] == ["2"]
    (message,) = problems(path)
    assert "not CSV" in message


def many_texts(count: int) -> dict[str, str]:
    """Pages that are not the same, so that compression leaves something of each."""
    rng = random.Random(0)
    return {f"{n}.txt": "".join(rng.choices(MEETING, k=200)) for n in range(count)}


def cut_gzip(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=31)
    return packer.compress(data) + packer.flush(zlib.Z_SYNC_FLUSH)


@pytest.mark.parametrize("name", ["a.warc", "a.warc.gz", "a"])
def test_a_crawl_that_is_cut_off_anywhere_is_told_and_read_to_there(tmp_path, name):
    texts = many_texts(8)
    data = gzip.decompress(make_warc(texts))
    ends = [data.index(text.encode("gb18030")) + len(text.encode("gb18030")) for text in texts.values()]
    for cut in range(9, len(data), 37):
        (tmp_path / name).write_bytes(data[:cut] if name == "a.warc" else cut_gzip(data[:cut]))
        read = sum(end <= cut for end in ends)
        assert [page.text for page in pages(tmp_path / name)] == list(texts.values())[:read], cut
        if name != "a.warc" or data[:cut].rstrip(b"\r\n") == data[:cut]:  # a cut between two records cannot be seen
            assert problems(tmp_path / name), cut


def test_a_tar_archive_that_is_cut_off_is_read_to_the_last_whole_page(tmp_path):
    texts = many_texts(40)
    data = make_tar({name: text.encode() for name, text in texts.items()})
    (tmp_path / "a.tar.gz").write_bytes(cut_gzip(data[: data.index(b"31.txt") + 700]))
    assert [page.text for page in pages(tmp_path / "a.tar.gz")] == list(texts.values())[:31]
    assert "cut off" in problems(tmp_path / "a.tar.gz")[-1]


@pytest.mark.parametrize("cut", [0, 100, 512, 700])
def test_a_tar_archive_that_is_cut_off_within_a_header_or_before_it_is_told(tmp_path, cut):
    data = make_tar({name: text.encode() for name, text in many_texts(8).items()})
    (tmp_path / "a.tar").write_bytes(data[: data.index(b"4.txt") + cut])
    assert len(pages(tmp_path / "a.tar")) == 4
    assert "cut off" in problems(tmp_path / "a.tar")[-1]


def test_a_tar_archive_with_a_damaged_header_is_told(tmp_path):
    data = make_tar({name: text.encode() for name, text in many_texts(8).items()})
    (tmp_path / "a.tar").write_bytes(data.replace(b"4.txt", b"5.txt"))
    assert len(pages(tmp_path / "a.tar")) == 4
    (message,) = problems(tmp_path / "a.tar")
    assert "no tar archive that can be read to its end (bad checksum)" in message


def test_a_record_without_an_address_is_a_page_of_its_crawl(tmp_path):
    data = gzip.decompress(make_warc({"a": MEETING, "b": MEETING}))
    (tmp_path / "crawl.warc").write_bytes(re.sub(rb"WARC-Target-URI: http://news.example/a\r\n", b"", data))
    first, second = pages(tmp_path / "crawl.warc")
    assert first.id.startswith("urn:uuid:")
    assert second.id == "http://news.example/b"
    assert not problems(tmp_path / "crawl.warc")


def test_a_value_of_parquet_that_cannot_be_read_is_a_problem_of_its_row(tmp_path):
    import pyarrow as pa

    texts = [MEETING.encode(), MEETING.encode("gb18030"), b"\xff\x00\x01\x02" * 40, MEETING.encode()]
    strings = pa.array(texts, pa.binary()).view(pa.string())
    path = tmp_path / "news.parquet"
    write_parquet(path, text=strings, id=pa.array(["a", "b", "c", "d"]).dictionary_encode())
    assert [(page.id, page.encoding) for page in pages(path)] == [("a", "utf-8"), ("b", "gb18030"), ("d", "utf-8")]
    (message,) = problems(path)
    assert message.startswith(f"{path}:3: ")


def test_a_time_zone_of_parquet_that_nobody_knows_is_told(tmp_path):
    import pyarrow as pa

    path = tmp_path / "news.parquet"
    write_parquet(path, text=[MEETING, MEETING], published=pa.array([0, None], pa.timestamp("s", tz="Mars/X")))
    assert [page.id for page in pages(path)] == ["news-2"]
    (message,) = problems(path)
    assert message.startswith(f'{path}:1: "published" cannot be read (')
    assert "Mars/X" in message


def test_large_texts_of_parquet_are_in_memory_one_at_a_time(tmp_path):
    import pyarrow as pa

    path = tmp_path / "news.parquet"
    write_parquet(path, text=["x" * 4_000_000] * 32 + ["x" * (MAX_BYTES + 1), MEETING])
    before = pa.total_allocated_bytes()
    peak = 0
    tracemalloc.start()
    (found,) = find([str(path)])
    count = 0
    for item in read(found):
        count += isinstance(item, Page)
        peak = max(peak, pa.total_allocated_bytes() - before)
    assert tracemalloc.get_traced_memory()[1] < 2 * MAX_BYTES
    tracemalloc.stop()
    assert count == 33
    assert peak < 5 * MAX_BYTES


def test_links_in_archives_are_counted(tmp_path):
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        for name, kind in (("a.txt", tarfile.LNKTYPE), ("b.txt", tarfile.SYMTYPE), ("c", tarfile.DIRTYPE)):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "x.txt"
            archive.addfile(info)
        archive.addfile(tarfile.TarInfo("d.csv"))
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        info = zipfile.ZipInfo("b.txt")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "x.txt")
    assert [item.reason for item in items(tmp_path / "a.tar") if isinstance(item, Skipped)] == [containers.LINKS] * 2
    assert [item.reason for item in items(tmp_path / "a.zip") if isinstance(item, Skipped)] == [containers.LINKS]
    assert not pages(tmp_path / "a.zip")


@pytest.mark.parametrize("name", ["b.zip", "b.parquet"])
@pytest.mark.parametrize("outer", ["bomb.zip", "bomb.tar.gz"])
def test_an_archive_in_an_archive_does_not_fill_the_disk(tmp_path, monkeypatch, outer, name):
    monkeypatch.setattr(streams, "MAX_COPY", 3 << 20)
    texts = {"a.txt": "a", name: "\0" * (30 << 20), "d.txt": "d"}
    packed = gzip.compress(make_tar({name: text.encode() for name, text in texts.items()}))
    (tmp_path / outer).write_bytes(make_zip(texts) if outer == "bomb.zip" else packed)
    first, problem, last = items(tmp_path / outer)
    assert isinstance(first, Page)
    assert isinstance(last, Page)
    assert f"{outer}/{name}: larger than 3 MB, which is as much as is copied out of" in problem.message


def test_an_archive_in_an_archive_is_unpacked_once(tmp_path, monkeypatch):
    """In a member of a ZIP file one can go back, but each time all before it is unpacked again."""
    seeks = []
    monkeypatch.setattr(zipfile.ZipExtFile, "seek", lambda *arguments: seeks.append(arguments))
    inner = make_zip({f"{n}.txt": MEETING for n in range(5)})
    (tmp_path / "a.zip").write_bytes(make_zip({"b.zip": inner.decode("latin-1")}, "latin-1"))
    assert len(pages(tmp_path / "a.zip")) == 5
    assert not seeks


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("value", [{"text": MEETING}, [{"text": MEETING}] * 2])
def test_json_that_is_not_json_lines_is_told_and_not_read_as_text(tmp_path, value, indent):
    path = tmp_path / "news.json"
    path.write_text(json.dumps(value, ensure_ascii=False, indent=indent), "utf-8")
    if isinstance(value, dict) and indent is None:
        assert [page.text for page in pages(path)] == [MEETING]
        return
    (message,) = problems(path)
    assert message.startswith(f"{path}: one JSON value, where JSON lines were expected")
    assert not pages(path)


@pytest.mark.parametrize("text", [f"[三亚] {MEETING}", f"{{{{公告}}}}\n{MEETING}", "[" * 100_000 + MEETING])
def test_a_page_that_begins_with_a_bracket_is_a_page(tmp_path, text):
    (tmp_path / "page").write_text(text, "utf-8")
    assert [page.text for page in pages(tmp_path / "page")] == [text]
