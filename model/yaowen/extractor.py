"""The whole chain: raw page, normalised text, spans, people and events, document."""

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

from yaowen.assemble import ArgumentModel, Assembly, assemble, complete_mentions, without_untrue
from yaowen.document import Argument, Document, Event, Office, Person, Source, Span, Warning
from yaowen.ground.document import PLACE_ROLES, Grounding, event_date, event_place, ground
from yaowen.text.article import article_lines
from yaowen.text.boilerplate import Boilerplate, boilerplate_lines, is_furniture
from yaowen.text.html import looks_like_html, normalise_html
from yaowen.text.normalise import NormalisedText, normalise
from yaowen.text.published import DATELINE, Found, find_published

if TYPE_CHECKING:
    from yaowen.spans import TaggedSpan
    from yaowen.tagger.tagger import BackendName, Tagger, Tagging

DEFAULT_MODEL: Final = Path(__file__).parent / "weights" / "default"
POOL_CHARACTERS: Final = 20_000  # how much text `extract_many` tags together: batches of even length, bounded memory
POOL_DOCUMENTS: Final = 64
UNKNOWN_SHARE: Final = 0.02  # of the characters, from which the reading is called doubtful
_CHINESE = re.compile(r"[\u3400-\u9fff]")


@dataclass(frozen=True, slots=True)
class Input:
    """A text to read and what the caller knows of it; `html` None: found out from the text."""

    text: str
    id: str = ""
    published: str | date | None = None
    html: bool | None = None
    path: str | None = None
    encoding: str | None = None


@dataclass(frozen=True, slots=True)
class _Read:
    """An input after normalisation: its canonical text, the lines that are site furniture, what is doubtful."""

    given: Input
    published: str | None  # by the caller
    page: NormalisedText
    furniture: tuple[Boilerplate, ...]
    warnings: tuple[Warning, ...]
    is_html: bool


class Extractor:
    """Reads documents with one model; safe to use from several threads, and the same input gives the same record."""

    def __init__(self, tagger: "Tagger", arguments: ArgumentModel) -> None:
        self._tagger = tagger
        self._arguments = arguments

    def extract(
        self, text: str, published: str | date | None = None, *, id: str = "", html: bool | None = None,
        path: str | None = None, encoding: str | None = None, explain: bool = False,
    ) -> Document:  # fmt: skip
        """The document record of one text.

        `published` (a date, or YYYY-MM-DD) is the day that relative dates are read against; without it the page is
        searched for one. `html`: whether the text is HTML source (default: found out). `explain` also finds the cues of
        every argument.

        Raises `ValueError` for a text without a letter or a `published` that is no date, `TypeError` for what is no text.
        """
        return next(self._extract_pool([Input(text, id, published, html, path, encoding)], explain))

    def extract_many(self, items: Iterable[str | Input], explain: bool = False) -> Iterator[Document]:
        """Records in the order of the inputs, read in small pools so that any number of inputs fits the memory.

        Raises what `extract` does when the record of the input concerned is due, after those before it were given.
        """
        stream = iter(items)
        while pool := list(_pool(stream)):
            yield from self._extract_pool(pool, explain)

    def _extract_pool(self, inputs: list[Input], explain: bool) -> Iterator[Document]:
        read: list[_Read] = []
        problem: Exception | None = None
        for given in inputs:
            try:
                read.append(_read(given))
            except (TypeError, ValueError) as error:
                problem = error
                break
        taggings = self._tagger.tag([r.page.text for r in read])
        for r, tagging in zip(read, taggings, strict=True):
            yield self._document(r, tagging, explain)
        if problem:
            raise problem

    def _document(self, read: _Read, tagging: "Tagging", explain: bool) -> Document:
        page = read.page
        spans = without_untrue(page.text, complete_mentions(page.text, tagging.spans))
        found = find_published(page.text)
        article = [s for s in spans if not is_furniture(read.furniture, s.start, s.end) and not _is_stamp(s, found)]
        assembly = assemble(page.text, article, self._arguments, explain)
        given, told = read.given, read.published
        published = told or (found.date if found else None)
        meaning = ground(page.text, assembly.spans, assembly.title_runs, _without(page.text, read.furniture), published)
        places = {s: _span(page, s, meaning) for s in spans}
        people, person_of = _people(assembly, places, meaning)
        doubts = (*read.warnings, *_unknown(tagging), *_furniture_warnings(page, read.furniture))
        return Document(
            id=given.id or Path(given.path or "document").stem,
            source=Source(given.path, given.encoding, hashlib.sha256(page.raw.encode("utf-8", "surrogatepass")).hexdigest(),
                          len(page.raw)),
            published=published,
            published_from="caller" if told else "page" if found else None,
            raw=page.raw, spans=tuple(places[s] for s in spans), people=people,
            events=_events(assembly, places, person_of), warnings=doubts,
            trace=tuple(page.explain()) if explain else (),
            visible=_visible(page) if read.is_html else None,
        )  # fmt: skip


def load(
    path: str | Path | None = None, *, backend: "BackendName" = "onnx", threads: int | None = None,
    least_score: float | None = None,
) -> Extractor:  # fmt: skip
    """An extractor with the built-in model, or with the model folder at `path`.

    `backend`: "onnx" (default, CPU), "onnx-int8" (8-bit weights: faster, and nearly the same) or "torch" (extra `torch`;
    uses a GPU if there is one). `threads`: of the processor. `least_score`: spans and arguments that are less sure are not
    given; the model's own are those with the best F1 on dev documents, 0 gives all that are at all likely.

    Raises `ModelError`, a `ValueError`, where a file of the folder is missing or damaged.
    """
    from yaowen.tagger.tagger import Tagger

    folder = Path(path) if path is not None else DEFAULT_MODEL
    tagger = Tagger.load(folder, backend=backend, threads=threads, least_score=least_score)
    arguments = ArgumentModel.load(folder)
    return Extractor(tagger, arguments if least_score is None else replace(arguments, least=least_score))


def _pool(stream: Iterator[str | Input]) -> Iterator[Input]:
    size = 0
    for item in islice(stream, POOL_DOCUMENTS):
        given = item if isinstance(item, Input) else Input(item)
        yield given
        size += len(given.text) if isinstance(given.text, str) else 0  # what is no text is told in its turn
        if size >= POOL_CHARACTERS:
            return


def _read(given: Input) -> _Read:
    if not isinstance(given.text, str):
        raise TypeError(
            f"a text is expected, not {type(given.text).__name__};"
            " bytes are decoded first: yaowen.text.encoding.decode(data).text"
        )
    told = None if given.published is None else check_date(given.published)
    is_html = looks_like_html(given.text) if given.html is None else given.html
    page = normalise_html(given.text) if is_html else normalise(given.text)
    if not any(c.isalnum() for c in page.text):
        raise ValueError(
            "the text is empty: nothing is left of it after mark-up and white space."
            " Check that the file holds the article itself and not a page that loads it later."
        )
    furniture, warnings = boilerplate_lines(page.text), []
    if is_html:
        answer = article_lines(given.text, page)
        marked = {line.start for line in furniture}
        furniture = sorted([*furniture, *(line for line in answer.outside if line.start not in marked)])
        warnings += [Warning("article", answer.note)] if answer.note else []
    if not _CHINESE.search(page.text):
        warnings.append(Warning("language", "no Chinese character in the text: yaowen reads Chinese only"))
    return _Read(given, told, page, tuple(furniture), tuple(warnings), is_html)


def check_date(value: str | date) -> str:
    """A date in its ISO form; `ValueError` says what was expected.

    >>> check_date("2020-02-08"), check_date(date(2020, 2, 8))
    ('2020-02-08', '2020-02-08')
    """
    if isinstance(value, date):
        return value.strftime("%Y-%m-%d")
    try:
        if date.fromisoformat(value).isoformat() == value:
            return value
    except (ValueError, TypeError):
        pass
    raise ValueError(f"published={value!r} is not a date: expected YYYY-MM-DD, such as 2020-02-08")


def _is_stamp(span: "TaggedSpan", found: Found | None) -> bool:
    """Whether a date is the page's date of publication; a dateline's may be an event's as well."""
    return found is not None and found.cue != DATELINE and span.start < found.end and found.start < span.end


def _without(text: str, lines: tuple[Boilerplate, ...]) -> str:
    """The text without the lines that are site furniture."""
    kept, at = [], 0
    for line in lines:
        kept.append(text[at : line.start])
        at = max(at, line.end)
    return "".join([*kept, text[at:]])


def _span(page: NormalisedText, span: "TaggedSpan", meaning: Grounding) -> Span:
    start, end = page.raw_span(span.start, span.end)
    words = page.text[span.start : span.end]
    return Span(
        start, end, page.raw[start:end], span.label, span.score, words, meaning.dates.get(span), meaning.places.get(span)
    )


def _people(
    assembly: Assembly, places: dict["TaggedSpan", Span], meaning: Grounding
) -> tuple[tuple[Person, ...], dict[int, str]]:
    """The roster, and the id of the person behind each mention (by index of its span)."""
    people: list[Person] = []
    person_of: dict[int, str] = {}
    for number, entry in enumerate(assembly.people, 1):
        name = f"p{number}"
        person_of |= dict.fromkeys(entry.mentions, name)
        mentions = tuple((places[s].start, places[s].end) for s in (assembly.spans[m] for m in entry.mentions))
        offices = tuple(_office(assembly.spans[o], places, meaning, entry.status.get(o)) for o in entry.offices)
        people.append(Person(name, entry.name, mentions, offices))
    return tuple(people), person_of


def _office(title: "TaggedSpan", places: dict["TaggedSpan", Span], meaning: Grounding, status: str | None) -> Office:
    span, reading = places[title], meaning.offices[title]
    place = meaning.places[title]
    return Office(span.normalized, span.start, span.end, reading, status or reading.status, place.adcode)


def _events(assembly: Assembly, places: dict["TaggedSpan", Span], person_of: dict[int, str]) -> tuple[Event, ...]:
    events = []
    span_of = [places[span] for span in assembly.spans]
    for number, found in enumerate(assembly.events, 1):
        arguments = tuple(
            Argument(
                f.role, span_of[f.span], f.score, person_of.get(f.span), f.cues, tuple(span_of[post] for post in f.posts)
            )
            for f in found.fillers
        )
        where = event_place([a.span.place for a in arguments if a.role in PLACE_ROLES and a.span.place])
        when = event_date([a.span.date for a in arguments if a.role == "date" and a.span.date])
        anchor = span_of[found.anchor]
        events.append(Event(f"e{number}", found.kind, anchor, found.score, arguments, when, where))
    return tuple(events)


def _unknown(tagging: "Tagging") -> list[Warning]:
    if tagging.unknown <= UNKNOWN_SHARE * tagging.characters:
        return []
    return [
        Warning(
            "unknown characters",
            f"{tagging.unknown} of {tagging.characters} characters are not in the model's vocabulary:"
            " the text may be damaged or in another language",
        )
    ]


def _furniture_warnings(page: NormalisedText, lines: tuple[Boilerplate, ...]) -> list[Warning]:
    """The marked lines with their raw offsets; their spans are in the record, but take no part in events."""
    return [Warning("boilerplate", line.reason, *page.raw_span(line.start, line.end)) for line in lines]


def _visible(page: NormalisedText) -> tuple[tuple[int, int], ...]:
    """The raw ranges that show, neighbours joined; a line feed that a tag gave is no part of them."""
    ranges: list[tuple[int, int]] = []
    for character, start, end in zip(page.text, page.starts.tolist(), page.ends.tolist(), strict=True):
        if character == "\n" or start == end:
            continue
        if ranges and ranges[-1][1] == start:
            ranges[-1] = (ranges[-1][0], end)
        elif not ranges or start > ranges[-1][1]:
            ranges.append((start, end))
    return tuple(ranges)
