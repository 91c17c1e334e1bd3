"""Annotations without their texts: of news that is its publishers', only what we say about it is kept here.

    python -m data.standoff attach data/news/train.jsonl --texts ../shared/corpora/unlabelled --out build/news/train.jsonl
    python -m data.standoff detach build/news/train.jsonl --texts ../shared/corpora/unlabelled --out data/news/train.jsonl

A line of the annotated form (README.md here) has, instead of `text`, where the text stands: `source`, a `.txt` or `.txt.xz`
file with a paragraph a line and an empty line between documents; `document`, its number there from 0; `characters` from
its beginning, lines parted by line feeds; and their `sha256`. The `id` of an annotated document is `SOURCE#NUMBER`. Titles,
which are the publishers' too, are left out.
"""

import argparse
import hashlib
import itertools
import json
import lzma
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from yaowen.formats.units import attempts, json_lines, read_text, sound

PLACE = ("source", "document", "characters", "sha256")
ALL = ("id", "published", "spans", "events")  # what both forms have
WORDS, NUMBERS = ("id", "text", "source", "sha256"), ("document", "characters")


def documents(source: Path) -> Iterator[str]:
    """The documents of a file of unlabelled text, their paragraphs parted by line feeds."""
    opened = lzma.open if source.suffix == ".xz" else open
    with opened(source, "rt", encoding="utf-8") as stream:  # type: ignore[operator]
        for filled, lines in itertools.groupby((line.rstrip("\n") for line in stream), key=bool):
            if filled:
                yield "\n".join(lines)


def attach(records: Iterable[dict[str, Any]], texts: Path) -> list[dict[str, Any]]:
    """The records with their texts, in the order given.

    Raises `ValueError` for a record of another form, and where a source is missing or holds another text than the one that
    was annotated.
    """
    records = [_complete(record, (*ALL, *PLACE)) for record in records]
    wanted = {name: {r["document"] for r in records if r["source"] == name} for name in {r["source"] for r in records}}
    found = {name: _some(_file(texts, name), numbers) for name, numbers in wanted.items()}
    whole = []
    for record in records:
        text = found[record["source"]].get(record["document"], "")[: record["characters"]]
        if _digest(text) != record["sha256"]:
            place = f"{texts / record['source']}, document {record['document']}"
            raise ValueError(f"{place}: not the text that was annotated as {record['id']}")
        head = {"id": record["id"], "published": record["published"], "title": "", "text": text}
        whole.append(head | {key: value for key, value in record.items() if key not in (*PLACE, *head)})
    return whole


def detach(records: Iterable[dict[str, Any]], texts: Path) -> list[dict[str, Any]]:
    """The records without their texts, ordered by place.

    Raises `ValueError` for a record of another form, for an id that is not `SOURCE#NUMBER` and for a text that is not the
    beginning of that document.
    """
    places = [(_name(record["id"]), record) for record in (_complete(r, (*ALL, "text")) for r in records)]
    files = {name: _file(texts, f"{name}.txt.xz", f"{name}.txt") for name in {name for (name, _), _ in places}}
    found = {name: _some(file, {number for (n, number), _ in places if n == name}) for name, file in files.items()}
    parts = []
    for (name, number), record in sorted(places, key=lambda item: item[0]):
        text = record["text"]
        if not found[name].get(number, "").startswith(text):
            raise ValueError(f"{record['id']}: its text is not the beginning of document {number} of {files[name]}")
        place = dict(zip(PLACE, (files[name].name, number, len(text), _digest(text)), strict=True))
        head = {"id": record["id"], "published": record["published"]} | place
        parts.append(head | {key: value for key, value in record.items() if key not in ("text", "title", *head)})
    return parts


def _records(path: Path) -> Iterator[Any]:
    lines = json_lines(read_text(path).split("\n"), str(path))
    return sound(attempts(lines, json.loads, "a record a line, as data/README.md says"))


def _complete(record: Any, keys: tuple[str, ...]) -> dict[str, Any]:
    missing = [key for key in keys if not isinstance(record, dict) or key not in record]
    if missing:
        raise ValueError(f"{str(record)[:60]}…: {', '.join(missing)} missing; data/README.md has the form")
    for key in keys:
        value = record[key]
        if key in WORDS and not isinstance(value, str):
            raise ValueError(f"{str(record)[:60]}…: {key} is {value!r}; expected text")
        if key in NUMBERS and (type(value) is not int or value < 0):
            raise ValueError(f"{str(record)[:60]}…: {key} is {value!r}; expected a whole number from 0")
    return dict(record)


def _name(identity: str) -> tuple[str, int]:
    source, _, number = identity.partition("#")
    if not source or not number.isdecimal():
        raise ValueError(f"the id {identity!r}: expected SOURCE#NUMBER, the number of the document in its file")
    return source, int(number)


def _file(texts: Path, *names: str) -> Path:
    for name in names:
        if (texts / name).is_file():
            return texts / name
    raise ValueError(f"{texts} has no {' or '.join(names)}: --texts is the folder of the unlabelled news")


def _some(source: Path, numbers: set[int]) -> dict[int, str]:
    return {n: text for n, text in enumerate(itertools.islice(documents(source), max(numbers) + 1)) if n in numbers}


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("attach", "detach"))
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--texts", type=Path, required=True, help="folder of the unlabelled news")
    parser.add_argument("--out", type=Path, required=True, help="JSON lines to write")
    arguments = parser.parse_args()
    try:
        records = [record for path in arguments.files for record in _records(path)]
        made = (attach if arguments.what == "attach" else detach)(records, arguments.texts)
    except (OSError, ValueError, EOFError, lzma.LZMAError) as error:
        print(error, file=sys.stderr)
        return 1
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in made), "utf-8")
    print(f"{len(made)} documents to {arguments.out}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
