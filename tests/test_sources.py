"""Whatever the pages are packed in, they are read as streams; what is damaged is said and the rest goes on."""

import bz2
import gzip
import io
import json
import lzma
import tarfile
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from yaowen.archive.find import Outputs, find
from yaowen.archive.pages import MAX_BYTES, Found, Item, Page, Problem, Skipped
from yaowen.archive.sources import read

MEETING = "州长主持召开会议，研究部署防汛工作。"
TEXTS = {"2020/一.txt": MEETING, "2020/b.html": f"<html><body><p>{MEETING}</p></body></html>", "c.txt": MEETING + "二"}


def items(path: Path, **options) -> list[Item]:
    (found,) = find([str(path)])
    assert isinstance(found, Found)
    return list(read(found, **options))


def pages(path: Path, **options) -> list[Page]:
    return [item for item in items(path, **options) if isinstance(item, Page)]


def problems(path: Path, **options) -> list[str]:
    return [item.message for item in items(path, **options) if isinstance(item, Problem)]


def make_zip(texts: dict[str, str], codec: str = "utf-8") -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in texts.items():
            archive.writestr(name, text.encode(codec))
    return target.getvalue()


def make_tar(members: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return target.getvalue()


def make_warc(texts: dict[str, str]) -> bytes:
    from warcio.statusandheaders import StatusAndHeaders
    from warcio.warcwriter import WARCWriter

    target = io.BytesIO()
    writer = WARCWriter(target, gzip=True)

    def add(address: str, body: bytes, kind: str, status: str = "200 OK") -> None:
        headers = StatusAndHeaders(status, [("Content-Type", kind)], protocol="HTTP/1.1")
        writer.write_record(writer.create_warc_record(address, "response", payload=io.BytesIO(body), http_headers=headers))

    for name, text in texts.items():
        address = f"http://news.example/{name}"
        writer.write_record(writer.create_warc_record(address, "request", payload=io.BytesIO(b"GET / HTTP/1.1\r\n\r\n")))
        add(address, text.encode("gb18030"), "text/html; charset=gb2312")
    add("http://news.example/logo.png", b"\x89PNG", "image/png")
    add("http://news.example/none.html", b"not found", "text/html", "404 Not Found")
    return target.getvalue()


PLAIN = {name: text.encode() for name, text in TEXTS.items()}
ARCHIVES = {
    "a.zip": make_zip(TEXTS),
    "a.tar": make_tar(PLAIN),
    "a.tar.gz": gzip.compress(make_tar(PLAIN)),
    "a.tgz": gzip.compress(make_tar(PLAIN)),
    "a.tar.xz": lzma.compress(make_tar(PLAIN)),
    "a.tar.bz2": bz2.compress(make_tar(PLAIN)),
}


@pytest.mark.parametrize("name", ARCHIVES)
def test_the_members_of_an_archive_are_documents(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(ARCHIVES[name])
    found = pages(path)
    assert [page.text for page in found] == list(TEXTS.values())
    assert [page.id for page in found] == ["a/2020/一", "a/2020/b", "a/c"]
    assert [page.path for page in found] == [f"{path}/{member}" for member in TEXTS]
    assert [page.html for page in found] == [None, True, None]
    assert 0.9 * path.stat().st_size <= sum(item.size for item in items(path)) or name == "a.zip"


def test_archives_in_archives_and_compressed_members(tmp_path):
    inner = {"deep.zip": make_zip(TEXTS), "one.html.gz": gzip.compress(PLAIN["2020/b.html"]), "picture.png": b"\x89PNG"}
    path = tmp_path / "outer.tar.xz"
    path.write_bytes(lzma.compress(make_tar(inner)))
    found = pages(path)
    assert [page.id for page in found] == ["outer/deep/2020/一", "outer/deep/2020/b", "outer/deep/c", "outer/one"]
    assert found[-1].html is True
    assert [type(item) for item in items(path)].count(Skipped) == 1


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress, bz2.compress])
@pytest.mark.parametrize("name", ["dump", "dump.gz"])
def test_a_compressed_file_without_a_telling_name(tmp_path, pack, name):
    path = tmp_path / name
    if name == "dump.gz" and pack is not gzip.compress:
        pytest.skip("its name says otherwise")
    path.write_bytes(pack('{"text": "召开"}\n{"text": "会议"}\n'.encode()))
    assert [page.text for page in pages(path)] == ["召开", "会议"]


def test_packed_again_and_again_is_a_trap(tmp_path):
    data = MEETING.encode()
    for _ in range(12):
        data = gzip.compress(data)
    (tmp_path / "trap").write_bytes(data)
    assert "packed more than" in problems(tmp_path / "trap")[0]


def test_names_that_chinese_windows_wrote(tmp_path):
    """zipfile reads GBK names as code page 437."""
    data = bytearray(make_zip({"aaaa.txt": MEETING}))
    path = tmp_path / "old.zip"
    path.write_bytes(bytes(data).replace(b"aaaa.txt", "三亚".encode("gbk") + b".txt"))
    assert [page.id for page in pages(path)] == ["old/三亚"]


def test_a_crawl_gives_its_pages_by_address(tmp_path):
    path = tmp_path / "crawl.warc.gz"
    path.write_bytes(make_warc(TEXTS))
    found = pages(path)
    assert [page.text for page in found] == list(TEXTS.values())
    assert [page.id for page in found] == [f"http://news.example/{name}" for name in TEXTS]
    assert {(page.html, page.encoding, page.path) for page in found} == {(True, "gb18030", str(path))}
    skipped = [item.reason for item in items(path) if isinstance(item, Skipped)]
    assert len(skipped) == 5
    assert len(set(skipped)) == 3


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "gb18030"])
def test_rows_of_csv(tmp_path, codec):
    path = tmp_path / "news.csv"
    path.write_bytes(f'编号,正文,published\n1,"{MEETING}\n第二行，""引""",2020-02-08\n2,{MEETING},\n'.encode(codec))
    first, second = pages(path, columns={"id": "编号"})
    assert (first.id, first.text, first.published) == ("1", MEETING + '\n第二行，"引"', "2020-02-08")
    assert (second.id, second.text, second.published) == ("2", MEETING, None)
    assert second.encoding == ("gb18030" if codec == "gb18030" else "utf-8")
    path.write_bytes(path.read_bytes().replace("编号".encode(codec.removesuffix("-sig")), b"n"))
    assert [page.id for page in pages(path)] == ["news-2", "news-4"], "the row's line, where no column is the id"


def test_csv_without_a_header_says_what_to_do(tmp_path):
    path = tmp_path / "news.csv"
    path.write_text(f"7,{MEETING}\n8,{MEETING}\n", "utf-8")
    (message,) = problems(path)
    assert f"{path}:1: no column holds the text; there are: '7', '州长" in message
    assert "--columns text=2" in message
    assert [page.id for page in pages(path, columns={"text": "2", "id": "1"})] == ["7", "8"]


def test_bad_rows_of_csv_among_good_ones(tmp_path):
    path = tmp_path / "news.csv"
    rows = ["text\tid", f"{MEETING}\ta", "\tb", f"{MEETING}", f"{MEETING}\tc"]
    path.write_bytes("\n".join(rows).encode() + b"\n\xff\x01\x02\x03\x04\x05\t\n" + f"{MEETING}\td".encode("gb18030"))
    assert [page.id for page in pages(path)] == ["a", "c", "d"]
    places = [message.split(": ")[0].rsplit(":", 1)[1] for message in problems(path)]
    assert places == ["3", "4", "6"]


def write_parquet(path: Path, **columns) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table(columns), path)


def test_rows_of_parquet(tmp_path):
    path = tmp_path / "news.parquet"
    write_parquet(path, key=["a", "b", "c"], content=[MEETING, None, MEETING], score=[1, 2, 3])
    assert [page.id for page in pages(path, columns={"id": "key"})] == ["a", "c"]
    assert f'{path}:2: no "text" in this record' in problems(path)[0]
    (tmp_path / "in.tar").write_bytes(make_tar({"news.parquet": path.read_bytes()}))
    assert [page.id for page in pages(tmp_path / "in.tar")] == ["in/news-1", "in/news-3"]


def test_parquet_of_bytes_is_decoded(tmp_path):
    path = tmp_path / "raw.parquet"
    write_parquet(path, text=[MEETING.encode("gb18030"), b"\x00\x01\x02" * 40])
    (page,) = pages(path)
    assert (page.text, page.encoding) == (MEETING, "gb18030")
    assert "binary" in problems(path)[0]


def test_parquet_without_a_text_column(tmp_path):
    path = tmp_path / "numbers.parquet"
    write_parquet(path, url=["a"], score=[1])
    (message,) = problems(path)
    assert message == f"{path}: no column holds the text; there are: 'url', 'score'. Name it: --columns text=NAME."
    (message,) = problems(path, columns={"text": "body"})
    assert "no column is called 'body'; there are: 'url', 'score'" in message
    (message,) = problems(path, columns={"text": "score"})
    assert '"text" is 1: expected a string' in message


@pytest.mark.parametrize("name", [*ARCHIVES, "a.warc.gz", "a.parquet", "a.jsonl.gz"])
def test_a_file_that_is_cut_off_is_read_to_there(tmp_path, name):
    path = tmp_path / name
    whole = dict(ARCHIVES)
    write_parquet(tmp_path / "whole", text=[MEETING])
    whole |= {"a.warc.gz": make_warc(TEXTS), "a.parquet": (tmp_path / "whole").read_bytes()}
    whole["a.jsonl.gz"] = gzip.compress(b"".join(json.dumps({"text": text}).encode() + b"\n" for text in TEXTS.values()))
    cut = len(whole[name]) * 2 // 3 if name != "a.tar" else whole[name].index(b"<html>") + 9
    path.write_bytes(whole[name][:cut])
    messages = problems(path)
    assert messages
    assert all(message.startswith(str(path)) for message in messages)
    assert any("cut off" in message or "to its end" in message for message in messages)
    texts = list(TEXTS.values())
    assert [page.text for page in pages(path)] == texts[: len(pages(path))]


def test_a_damaged_member_does_not_take_the_others(tmp_path):
    data = bytearray(make_zip({f"{n}.txt": MEETING * 50 + str(n) for n in range(3)}))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        start = archive.getinfo("1.txt").header_offset
    data[start + 40 : start + 60] = b"\xff" * 20
    path = tmp_path / "bad.zip"
    path.write_bytes(bytes(data))
    assert [page.id for page in pages(path)] == ["bad/0", "bad/2"]
    (message,) = problems(path)
    assert message.startswith(f"{path}/1.txt: ")


def test_an_encrypted_member_is_said(tmp_path):
    data = bytearray(make_zip({"a.txt": MEETING}))
    for offset in (6, data.index(b"PK\x01\x02") + 8):  # the flag of encryption, in both headers
        data[offset] |= 1
    (tmp_path / "secret.zip").write_bytes(bytes(data))
    assert "encrypted" in problems(tmp_path / "secret.zip")[0]


def test_an_archive_with_nothing_readable(tmp_path):
    (tmp_path / "p.zip").write_bytes(make_zip({"a.png": "x", "__MACOSX/a.txt": "x"}))
    assert "no readable member" in problems(tmp_path / "p.zip")[0]


@pytest.mark.parametrize("name", ["line.jsonl", "line.csv", "line.txt"])
def test_a_line_of_200_megabytes_is_passed_over_in_little_memory(tmp_path, name):
    path = tmp_path / name
    head = b"text\n" if name.endswith("csv") else b""
    good = json.dumps({"text": MEETING}).encode() if name.endswith("jsonl") else MEETING.encode()
    with path.open("wb") as stream:
        stream.write(head + good + b"\n")
        for _ in range(200):
            stream.write(b"x" * (1 << 20))
        stream.write(b"\n" + good + b"\n")
    tracemalloc.start()
    found = items(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * MAX_BYTES
    (message,) = [item.message for item in found if isinstance(item, Problem)]
    assert "larger than one document may be" in message
    if name != "line.txt":
        assert "(200 MB)" in message
        assert len([item for item in found if isinstance(item, Page)]) == 2, "what stands before and after it is read"


def test_a_directory_finds_archives_and_takes_their_sizes(tmp_path):
    for name, data in ARCHIVES.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "page.html.gz").write_bytes(gzip.compress(b"x"))
    (tmp_path / "other.gz").write_bytes(gzip.compress(b"x"))
    found = list(find([str(tmp_path)]))
    assert [entry.path.name for entry in found] == sorted([*ARCHIVES, "page.html.gz"])
    assert all(entry.size == entry.path.stat().st_size and entry.modified for entry in found)


def test_addresses_are_read_through_fsspec(tmp_path):
    import fsspec

    files = fsspec.filesystem("memory")
    files.pipe("/news/a.zip", ARCHIVES["a.zip"])
    files.pipe("/news/b.txt", MEETING.encode())
    found = list(find(["memory://news"]))
    assert [entry.name for entry in found] == ["memory:///news/a.zip", "memory:///news/b.txt"]
    assert [len(list(read(entry))) for entry in found] == [3, 1]
    files.pipe("/news/c.docx", b"x")
    files.pipe("/news/d.json", b'{"text": "a"}')
    files.pipe("/news/e.json", b"{}")
    outputs = Outputs()
    *_, lines, other = find(["memory://news"], outputs)
    assert outputs.endings == {".docx": 1}
    assert [type(item) for entry in (lines, other) for item in read(entry)] == [Page, Skipped]
    (problem,) = find(["memory://none"])
    assert isinstance(problem, Problem)
    assert "nothing to read" in problem.message


def test_unreadable_file_is_a_problem(tmp_path):
    (problem,) = read(Found(tmp_path, "folder", 0))  # a directory cannot be read as a file
    assert isinstance(problem, Problem)
    assert str(tmp_path) in problem.message


def test_a_named_file_may_have_any_ending(tmp_path):
    path = tmp_path / "notes.md"
    path.write_text(MEETING, "utf-8")
    (page,) = pages(path)
    assert (page.id, page.text) == ("notes", MEETING)
