"""Pages in, documents out, and of those that cannot be read the reason; in pools, which the model reads fastest."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from yaowen.archive.pages import Page, Problem

if TYPE_CHECKING:
    from yaowen.document import Document
    from yaowen.extractor import Input

NOT_READ = (ValueError, OSError)  # what an extractor raises for a text that cannot be read; all else is a fault of ours


class Extractor(Protocol):
    """What predicting needs of `yaowen.Extractor`."""

    def extract(
        self, text: str, published: str | None = None, *, id: str, html: bool | None, path: str | None,
        encoding: str | None, explain: bool,
    ) -> "Document": ...  # fmt: skip

    def extract_many(self, items: "Iterable[Input]", explain: bool = False) -> "Iterator[Document]": ...


class NoModel(ValueError):
    """The model could not be loaded, so that no document can be read."""


def extract_one(extractor: Extractor, page: Page, published: str | None, explain: bool) -> "Document | Problem":
    """The document of a page; `published` where the page itself does not say it."""
    try:
        document = extractor.extract(
            page.text,
            page.published or published,
            id=page.id,
            html=page.html,
            path=page.path,
            encoding=page.encoding,
            explain=explain,
        )
    except NOT_READ as error:
        return Problem(f"{page.path or page.id}: {error}", id=page.id, path=page.path)
    except Exception as error:  # it must not take the other thousands with it
        return Problem(
            f"{page.path or page.id}: {type(error).__name__}: {error}."
            " This is a fault in yaowen: please report it with the document.",
            id=page.id,
            path=page.path,
        )
    return _with_warnings(document, page)


def extract_pool(extractor: Extractor, pool: list[Page], published: str | None, explain: bool) -> "list[Document | Problem]":
    """The documents of a pool in order. If one of them cannot be read, each is read alone: the others are not lost."""
    from yaowen.extractor import Input

    inputs = [Input(p.text, p.id, p.published or published, p.html, p.path, p.encoding) for p in pool]
    try:
        documents = list(extractor.extract_many(inputs, explain))
    except Exception:  # found again, and told, when its document is read alone
        return [extract_one(extractor, page, published, explain) for page in pool]
    return [_with_warnings(document, page) for document, page in zip(documents, pool, strict=True)]


def pools(items: Iterable[Page | Problem]) -> Iterator[list[Page | Problem]]:
    """Neighbours to extract together: as many as `Extractor.extract_many` would take; problems keep their places."""
    from yaowen.extractor import POOL_CHARACTERS, POOL_DOCUMENTS

    pool: list[Page | Problem] = []
    size = 0
    for item in items:
        pool.append(item)
        size += len(item.text) if isinstance(item, Page) else 0
        if len(pool) >= POOL_DOCUMENTS or size >= POOL_CHARACTERS:
            yield pool
            pool, size = [], 0
    if pool:
        yield pool


def _with_warnings(document: "Document", page: Page) -> "Document":
    from yaowen.document import Warning

    added = [Warning("encoding", message) for message in page.warnings]
    added += [Warning("published", page.undated)] if page.undated else []
    return replace(document, warnings=(*document.warnings, *added)) if added else document
