"""What reading gives: a page to extract from, a problem in words, or something that is no page."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

MAX_BYTES: Final = 16 << 20  # of one document; more than a long novel, and what bounds the memory of everything here
STDIN_NAME: Final = "standard input"


@dataclass(frozen=True, slots=True)
class Found:
    """A file to read (neither path nor url: standard input), the name of its document, its bytes and its age (0: unknown).

    `url` is an address that fsspec opens, such as s3://bucket/pages.warc.gz. `searched`: it was found below a directory,
    where a user may not know of it.
    """

    path: Path | None
    id: str
    size: int
    url: str | None = None
    modified: int = 0
    searched: bool = False

    @property
    def name(self) -> str:
        return self.url or (STDIN_NAME if self.path is None else str(self.path))


@dataclass(frozen=True, slots=True)
class Page:
    """A document to read, and how many bytes of its file it took; `undated`: what is wrong with the date that it gives."""

    text: str
    id: str
    path: str | None
    size: int = 0
    published: str | None = None
    html: bool | None = None
    encoding: str | None = None
    warnings: tuple[str, ...] = ()
    undated: str | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """What could not be read, in one paragraph that says what to do; how many bytes of its file it took."""

    message: str
    size: int = 0
    id: str | None = None
    path: str | None = None


@dataclass(frozen=True, slots=True)
class Skipped:
    """A member of an archive that is no page, and why: counted, so that nothing is left out in silence."""

    reason: str
    size: int = 0


@dataclass(frozen=True, slots=True)
class Noted:
    """How a file is read, where that was guessed: told once, however many files say it."""

    message: str
    size: int = 0


Item = Page | Problem | Skipped | Noted


def too_large(size: int | None = None) -> str:
    """The words for a document beyond `MAX_BYTES`."""
    found = "" if size is None else f" ({size / 2**20:,.0f} MB)"
    return (
        f"larger than one document may be{found}: at most {MAX_BYTES >> 20} MB."
        " If it holds many documents, split it, for example into JSON lines"
    )
