"""Files with many pages in them: ZIP, tar and WARC, read as streams, one member in memory at a time."""

import io
import stat
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from typing import Any, Final

from yaowen.archive.names import expected, is_readable, split
from yaowen.archive.pages import Item, Page, Problem, Skipped, too_large
from yaowen.archive.records import Entry
from yaowen.archive.streams import Arriving, Prefixed, read_limited, seekable

Read = Callable[[Entry], Iterator[Item]]  # reads a member, whatever it is

NOT_READABLE: Final = "members whose ending is not one of a page"
LINKS: Final = "links and devices in archives"
OTHER_RECORDS: Final = "WARC records that hold no page (requests, headers, repeats)"
OTHER_TYPES: Final = "WARC records of another content type"
OTHER_STATUS: Final = "WARC records of answers that are no page (redirections, errors)"
_PAGE_RECORDS: Final = ("response", "resource", "conversion")
_HTML: Final = ("text/html", "application/xhtml+xml")
_CHUNK: Final = 1 << 16
_UTF8_NAME: Final = 0x800  # the flag by which a ZIP member says that its name is UTF-8


def member(entry: Entry, name: str, stream: Any) -> Entry:
    """The entry of a member: its name goes on from that of the archive."""
    return Entry(
        stream,
        f"{entry.name}/{name}",
        f"{entry.id}/{split(name)[0]}",
        f"{entry.path}/{name}" if entry.path else None,
        entry.columns,
        entry.depth + 1,
        searched=True,
        encoding=entry.encoding,
    )


def read_zip(entry: Entry, read: Read) -> Iterator[Item]:
    """The readable members in the order of the archive's list; a damaged member does not take the others."""
    readable = 0
    with seekable(entry.stream, is_inside=entry.depth > 0) as stream:
        try:
            archive = zipfile.ZipFile(stream)
        except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError) as error:
            yield entry.problem(f"no ZIP archive that can be read ({error}): it may be cut off. Copy it again.")
            return
        with archive:
            for info in archive.infolist():
                name = _zip_name(info)
                if info.is_dir():
                    continue
                if stat.S_ISLNK(info.external_attr >> 16):
                    yield Skipped(LINKS)
                    continue
                if not is_readable(name):
                    yield Skipped(NOT_READABLE)
                    continue
                readable += 1
                yield from _read_zip_member(entry, archive, info, name, read)
    if not readable:
        yield entry.problem(f"no readable member in this archive. Looked for {expected()}.")


def _read_zip_member(entry: Entry, archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str, read: Read) -> Iterator[Item]:
    try:
        stream = archive.open(info)
    except RuntimeError:  # what zipfile raises for want of a password
        yield Problem(f"{entry.name}/{name}: encrypted. Unpack the archive with its password first.")
    except (zipfile.BadZipFile, NotImplementedError, OSError, EOFError) as error:
        yield Problem(f"{entry.name}/{name}: this member cannot be read ({error}). The archive may be damaged.")
    else:
        with stream:
            yield from read(member(entry, name, stream))


def _zip_name(info: zipfile.ZipInfo) -> str:
    """The name of a member; Chinese Windows writes GBK without saying so, and zipfile reads that as code page 437.

    >>> info = zipfile.ZipInfo("三亚.txt".encode("gbk").decode("cp437"))
    >>> _zip_name(info)
    '三亚.txt'
    """
    if info.flag_bits & _UTF8_NAME or info.filename.isascii():
        return info.filename
    try:
        raw = info.filename.encode("cp437")
    except UnicodeEncodeError:
        return info.filename
    for codec in ("utf-8", "gb18030"):
        try:
            return raw.decode(codec)
        except UnicodeDecodeError:
            continue
    return info.filename


class _Header(tarfile.TarInfo):
    """The header of a member; where it is damaged or missing, tarfile would take it for the end of the archive."""

    @classmethod
    def fromtarfile(cls, tarfile_: tarfile.TarFile) -> "_Header":
        try:
            return super().fromtarfile(tarfile_)
        except tarfile.HeaderError as error:
            if isinstance(error, tarfile.EOFHeaderError):  # type: ignore[attr-defined]  # the end, as it should be
                raise
            raise tarfile.ReadError(str(error)) from error


def read_tar(entry: Entry, read: Read) -> Iterator[Item]:
    """The readable members in order, read as one stream that never goes back."""
    readable = 0
    try:
        with tarfile.open(fileobj=Arriving(entry.stream), mode="r|", tarinfo=_Header) as archive:
            for info in archive:
                archive.members = []  # type: ignore[attr-defined]  # or every header ever read is kept
                if info.isdir():
                    continue
                if not info.isfile():
                    yield Skipped(LINKS)
                    continue
                if not is_readable(info.name):
                    yield Skipped(NOT_READABLE)
                    continue
                readable += 1
                name = info.name.removeprefix("./").encode("utf-8", "surrogateescape").decode("utf-8", "replace")
                # Behind a Prefixed: that file claims to know whether it can go back, and fails when asked.
                stream = io.BufferedReader(Prefixed(b"", archive.extractfile(info)))
                yield from read(member(entry, name, stream))
    except tarfile.TarError as error:
        yield entry.problem(
            f"no tar archive that can be read to its end ({error}): it may be cut off. What came before is read."
        )
        return
    if not readable:
        yield entry.problem(f"no readable member in this archive. Looked for {expected()}.")


def read_warc(entry: Entry, read: Read) -> Iterator[Item]:
    """The pages of a web crawl: HTML and plain text that a server gave with success, named by their addresses."""
    try:
        from warcio.archiveiterator import ArchiveIterator
        from warcio.exceptions import ArchiveLoadFailed
    except ImportError:
        yield entry.problem("WARC needs warcio: pip install 'yaowen[archives]'.")
        return
    records = 0
    try:
        archive = ArchiveIterator(Arriving(entry.stream), no_record_parse=True)
        for record in archive:
            records += 1
            item = _warc_page(entry, record, archive.loader)
            if _is_cut_off(record):
                where = _address(record, str(records))
                yield entry.problem(f"cut off or damaged in the record {where}. What came before is read.")
            else:
                yield item
    except ArchiveLoadFailed as error:
        yield entry.problem(f"no WARC file that can be read to its end ({str(error).strip()}). What came before is read.")
        return
    if not records:
        yield entry.problem("no record in this WARC file. It may be cut off.")


def _warc_page(entry: Entry, record: Any, loader: Any) -> Item:
    from yaowen.text.encoding import decode

    if record.rec_type not in _PAGE_RECORDS:
        return Skipped(OTHER_RECORDS)
    if record.rec_type == "response":  # not in warcio, which needs an address for it and stops where there is none
        address = record.rec_headers.get_header("WARC-Target-URI") or "http://"
        record.http_headers = loader.load_http_headers(record.rec_type, address, record.raw_stream, record.length)
    headers = record.http_headers if record.rec_type == "response" else record.rec_headers
    status = record.http_headers.get_statuscode() if record.rec_type == "response" and record.http_headers else "200"
    if not status.startswith("2"):
        return Skipped(OTHER_STATUS)
    kind = ((headers and headers.get_header("Content-Type")) or "").split(";")[0].strip().lower()
    if kind not in _HTML and kind != "text/plain":
        return Skipped(OTHER_TYPES)
    address = _address(record, entry.id)
    data = read_limited(record.content_stream())
    try:
        if data is None:
            raise ValueError(f"{too_large()}.")
        found = decode(data, entry.encoding)
    except ValueError as error:
        return Problem(f"{entry.name}: {address}: {error}", id=address, path=entry.path)
    return Page(found.text, address, entry.path, html=kind in _HTML, encoding=found.encoding, warnings=found.warnings)


def _is_cut_off(record: Any) -> bool:
    """Whether bytes of a record are missing, or the header that counts them."""
    while record.raw_stream.read(_CHUNK):
        pass
    told = record.rec_headers.get_header("Content-Length") or ""
    return getattr(record.raw_stream, "limit", 1) > 0 or (record.format == "warc" and not told.isdigit())


def _address(record: Any, default: str) -> str:
    headers = record.rec_headers
    return (headers.get_header("WARC-Target-URI") or headers.get_header("WARC-Record-ID") or default).strip("<>")
