"""A file that is damaged, cut off or made to do harm is told, and takes neither the others nor the machine with it."""

import io
import tarfile

import pytest

from tests.test_sources import MEETING, items, make_tar, make_zip, pages, problems
from yaowen.archive import names, sources


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
