"""What a file holds, by the ending of its name or by its first bytes."""

import re
from typing import Final

PAGE, LINES, JSON, CSV, PARQUET, ZIP, TAR, WARC = "page", "lines", "json", "csv", "parquet", "zip", "tar", "warc"
OTHER = "other"  # what is not read
GZIP, XZ, BZIP2 = "gzip", "xz", "bzip2"

ENDINGS: Final = {
    ".txt": PAGE, ".html": PAGE, ".htm": PAGE, ".shtml": PAGE,
    ".jsonl": LINES, ".ndjson": LINES, ".json": JSON, ".csv": CSV, ".tsv": CSV, ".parquet": PARQUET,
    ".zip": ZIP, ".tar": TAR, ".warc": WARC, ".wet": WARC,
}  # fmt: skip
COMPRESSIONS: Final = {".gz": GZIP, ".xz": XZ, ".bz2": BZIP2}
SHORT: Final = {".tgz": ".tar.gz", ".txz": ".tar.xz", ".tbz2": ".tar.bz2"}
HTML_ENDINGS: Final = (".html", ".htm", ".shtml")
_ENDING = re.compile(r"\.(?=.*[a-z])[a-z0-9]{1,8}")

# First bytes, for what is named otherwise or not at all. A JSON object with a name in it: JSON lines;
# what may be other JSON is a page if it is none.
MAGIC: Final = (
    (re.compile(rb"\x1f\x8b"), GZIP), (re.compile(rb"\xfd7zXZ\x00"), XZ), (re.compile(rb"BZh[1-9]1AY&SY"), BZIP2),
    (re.compile(rb"PK\x03\x04"), ZIP), (re.compile(rb"PAR1"), PARQUET), (re.compile(rb"WARC/\d"), WARC),
    (re.compile(rb'(?:\xef\xbb\xbf)?\s*\{\s*"'), LINES), (re.compile(rb"(?:\xef\xbb\xbf)?\s*[\[{]"), JSON),
)  # fmt: skip


def split(name: str) -> tuple[str, str, str | None]:
    """The name without its ending, the ending in small letters, and the compression around it, if any.

    >>> split("2020/Page.HTML.gz"), split("news.tgz"), split("notes.md"), split("dump.gz")
    (('2020/Page', '.html', 'gzip'), ('news', '.tar', 'gzip'), ('notes', '.md', None), ('dump', '', 'gzip'))
    """
    stem, ending = _cut(name)
    if ending in SHORT:
        stem, ending = _cut(stem + SHORT[ending])
    compression = COMPRESSIONS.get(ending)
    if compression:
        stem, ending = _cut(stem)
    return stem, ending, compression


def _cut(name: str) -> tuple[str, str]:
    folder, slash, last = name.rpartition("/")
    stem, dot, ending = last.rpartition(".")
    if not stem or not dot:
        return name, ""
    return folder + slash + stem, f".{ending.lower()}"


def ending_of(name: str) -> str:
    """The ending of a file's name in words: what is like no ending is told as one kind, for there may be millions.

    >>> [ending_of(name) for name in ("a.DOCX", "README", "dump.gz", "a.md.gz", "show.asp?id=7")]
    ['.docx', 'without an ending', '.gz', '.md', 'of odd endings']
    """
    ending = split(name)[1] or _cut(name)[1]
    return ending if _ENDING.fullmatch(ending) else "of odd endings" if ending else "without an ending"


def kind_by_name(name: str) -> str | None:
    """What a file of this name holds under its compression; None where the name does not say.

    >>> kind_by_name("a.warc.gz"), kind_by_name("a.HTM"), kind_by_name("a.png"), kind_by_name("a.gz")
    ('warc', 'page', None, None)
    """
    return ENDINGS.get(split(name)[1])


def kind_by_content(head: bytes) -> str:
    """What a file that begins like this holds; what is like nothing known is a page.

    >>> kind_by_content(b'{"text": "..."}'), kind_by_content(b"PK\\x03\\x04"), kind_by_content(b"<html>")
    ('lines', 'zip', 'page')
    """
    return next((kind for pattern, kind in MAGIC if pattern.match(head)), PAGE)


def is_readable(name: str) -> bool:
    """Whether a directory or archive is searched for files of this name; hidden ones are not.

    >>> is_readable("a/b.txt"), is_readable("a/.b.txt"), is_readable("__MACOSX/a.txt"), is_readable("b.png")
    (True, False, False, False)
    """
    return not is_hidden(name) and kind_by_name(name) is not None


def is_hidden(name: str) -> bool:
    """Whether a file is hidden, or made by a system beside those that people made."""
    parts = name.split("/")
    return any(part.startswith(".") and part not in (".", "..") for part in parts) or "__MACOSX" in parts


def expected() -> str:
    """The endings that are looked for, in words."""
    return f"{', '.join((*ENDINGS, *SHORT))}, each also with {', '.join(COMPRESSIONS)}"
