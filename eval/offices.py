"""Offices and people by the figures: how titles are split, and who is found to hold which; recorded as JSON.

    python -m eval.offices [--out eval/results/offices.json]

Splits are compared with those made by hand (tests/cases/offices_dev.json); the county suite joins every county-level name
with 30 titles; holders are compared with those that the annotators gave, on their own spans.
"""

import argparse
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from eval import samples
from eval.record import show
from yaowen.assemble.holders import holders, runs
from yaowen.assemble.layout import Layout
from yaowen.evaluation.arguments import canonical, gold_spans
from yaowen.evaluation.spans import Counts
from yaowen.formats.annotated import AnnotatedDocument, read
from yaowen.ground.offices import read_office

AUTHORED = Path("data/authored")
ANNOTATED = samples.SHARED / "corpora/annotated"
SPLITS = Path("tests/cases/offices_dev.json")
DIVISIONS = Path("model/yaowen/ground/places/data/divisions.tsv")

# A name of a county goes before each; its last character stays the level word: 共和县 + 委|书记, 共和县 + |县长.
COUNTY_TITLES = (
    "委|书记", "委|副书记", "委|常务副书记", "|委常委", "委宣传部|部长", "委组织部|副部长", "委政法委|书记",
    "委办公室|主任", "纪委|书记", "监委|副主任", "|区长", "|副县长", "|常务副市长", "人民政府|县长", "政府|副县长",
    "政府党组|成员", "人大常委会|主任", "人大常委会|副主任", "政协|主席", "政协|副主席", "人民法院|院长",
    "人民检察院|检察长", "公安局|局长", "教育局党组|书记", "卫健委|二级调研员", "应急管理局|副局长", "人武部|政委",
    "人民医院|院长", "疾控中心|主任", "总工会|主席",
)  # fmt: skip


def positions(documents: Iterable[AnnotatedDocument]) -> list[str]:
    """The text of every POSITION span."""
    return [d.text[m.start : m.end] for d in documents for m in d.spans if m.label == "POSITION"]


def split(title: str) -> str:
    """The parts of a title as the case files write them: body|office."""
    reading = read_office(title)
    return f"{reading.body or ''}|{reading.office}"


def dev_splits() -> tuple[int, list[tuple[str, str]]]:
    """How many POSITION spans of the authored dev documents are split right; the others, as by hand and as read."""
    by_hand = {row.replace("|", ""): row for row in json.loads(SPLITS.read_text("utf-8"))["rows"]}
    titles = positions(read(AUTHORED / "dev.jsonl"))
    wrong = [(by_hand[title], split(title)) for title in titles if split(title) != by_hand[title]]
    return len(titles) - len(wrong), wrong


def county_names() -> list[str]:
    """Today's county-level divisions by the table of places; none where the table is not there."""
    if not DIVISIONS.exists():
        return []
    rows = [line.split("\t") for line in DIVISIONS.read_text("utf-8").splitlines() if not line.startswith("#")]
    return sorted({row[1] for row in rows if not row[0].endswith("00") and not (len(row) > 3 and row[3])})


def county_suite(names: Iterable[str]) -> tuple[int, list[tuple[str, str]]]:
    """How many of all names with all titles are split by the one pattern; the others, as they should be and as read."""
    right, wrong = 0, []
    for name in names:
        for title in COUNTY_TITLES:
            # 县委常委 is one title
            expected = f"|{name}{title[1:]}" if title == "|委常委" else name + title
            found = split(expected.replace("|", ""))
            right += found == expected
            if found != expected:
                wrong.append((expected, found))
    return right, wrong


def pairs(document: AnnotatedDocument) -> tuple[set[tuple[int, str]], set[tuple[int, str]]]:
    """Gold and found links of a POSITION (by its start) to the name of its holder, on the annotators' spans.

    By the guidelines a title that several names share is linked to the first of them only; so are ours for the comparison.
    """
    document = canonical(document)
    names = {m.start: "".join(document.text[m.start : m.end].split()) for m in document.spans}
    gold = {(m.start, names[m.holder]) for m in document.spans if m.label == "POSITION" and m.holder is not None}
    layout = Layout(document.text, gold_spans(document))
    first: dict[int, int] = {}
    for person, titles in holders(layout, tuple(runs(layout))).items():
        for title in titles:
            first[title] = min(person, first.get(title, person))
    return gold, {(layout.spans[t].start, names[layout.spans[p].start]) for t, p in first.items()}


def _wherever_told(compared: Iterable[tuple[set[tuple[int, str]], set[tuple[int, str]]]]) -> float:
    """Of the links that both have for a POSITION, the share that name one person: annotators passed over many careers."""
    both = same = 0
    for gold, found in compared:
        shared = dict(gold).keys() & dict(found).keys()
        both += len(shared)
        same += sum(dict(gold)[p] == dict(found)[p] for p in shared)
    return round(same / both, 4) if both else 0.0


def _counts(compared: Iterable[tuple[set[tuple[int, str]], set[tuple[int, str]]]]) -> Counts:
    counts = Counts()
    for gold, found in compared:
        counts += Counts(len(gold & found), len(found - gold), len(gold - found))
    return counts


def evaluate() -> dict[str, Any]:
    """All figures; those on corpora that are not part of the project only where they are at hand."""
    right, wrong = dev_splits()
    result: dict[str, Any] = {"dev splits": {"spans": right + len(wrong), "right": right, "wrong": wrong}}
    if names := county_names():
        right, wrong = county_suite(names)
        result["county suite"] = {"names": len(names), "titles": len(COUNTY_TITLES), "right": right, "wrong": wrong[:20]}
    train = {"authored train": AUTHORED / "train.jsonl", "annotated train": ANNOTATED / "train.jsonl"}
    dev = {"authored dev": AUTHORED / "dev.jsonl", "annotated dev": ANNOTATED / "dev.jsonl"}
    result["read"] = {}
    for name, path in train.items():
        if path.exists():
            readings = [read_office(title) for title in positions(read(path))]
            unread = sorted({r.title for r in readings if r.office is None})
            known = sum(r.office is not None for r in readings)
            result["read"][name] = {
                "spans": len(readings),
                "read": known,
                "kind told": sum(r.kind is not None for r in readings),
            }
            result["read"][name]["unread titles"] = unread
    result["holders"] = {}
    for name, path in {**dev, **train}.items():
        if path.exists():
            compared = [pairs(document) for document in read(path)]
            result["holders"][name] = _counts(compared).to_dict() | {"same person where both tell": _wherever_told(compared)}
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    show(evaluate(), arguments.out)


if __name__ == "__main__":
    main()
