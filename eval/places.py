"""Grounded places against labels, and cpca and JioNLP on the same mentions in the same run.

    pip install 'yaowen[bench]';  python -m eval.places [--out eval/results/places.json]

Every system gives a national code, a country or nothing for each labelled mention. `right`: what the label says, also where
that is nothing; `wrong`: another place is told; `silent`: nothing is told although there is something. The peers get a
mention alone, which is all that their interfaces take; ours is therefore run that way too ("alone") beside the way it is
meant to be used ("in document", with the other mentions and the headline). Neither peer knows foreign countries, and they
are made for addresses; `divisions` leaves out countries and nulls, `named` further leaves out mentions that share no two
characters with the name of their division or of one above it (市委, villages), which nobody could read alone. JioNLP's names
are put to codes by our table; a county that it has and the table of today lacks counts as the city above it.
"""

import argparse
import json
import platform
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from eval.record import show
from yaowen.ground.places import Place, ground_places
from yaowen.ground.places.reading import read_mention
from yaowen.ground.places.table import NATION, divisions

Reader = Callable[[Sequence[str]], list[str | None]]
CASES = Path("tests/cases/places.json")


@dataclass(frozen=True, slots=True)
class Case:
    """A labelled mention: the half it is in, its text, and a code of six digits, an ISO code, or None."""

    part: str
    text: str
    expected: str | None

    def kinds(self) -> set[str]:
        """The groups that it is counted in."""
        found = {"all"}
        if self.expected and self.expected.isdigit():
            found.add("divisions")
            name = divisions().full_name(self.expected)
            pieces = {self.text[i : i + 2] for i in range(len(self.text) - 1)}
            found |= {"named"} if any(name[i : i + 2] in pieces for i in range(len(name) - 1)) else set()
        return found


def read_cases(path: Path = CASES) -> list[dict[str, Any]]:
    """The labelled documents: hints, mentions, and what some of the mentions are."""
    documents: list[dict[str, Any]] = json.loads(path.read_text("utf-8"))["documents"]
    return documents


def code_of(place: Place) -> str | None:
    """A place as labels write it."""
    return place.iso if place.iso and place.adcode in (None, NATION) else place.adcode


def in_document(documents: Sequence[dict[str, Any]]) -> list[tuple[Case, Place]]:
    """The labelled mentions with the places that they get in their documents."""
    pairs = []
    for document in documents:
        places = ground_places([text for _, text in document["mentions"]], document["hints"], document["year"])
        for (start, text), place in zip(document["mentions"], places, strict=True):
            if str(start) in document["expected"]:
                pairs.append((Case(document["part"], text, document["expected"][str(start)]), place))
    return pairs


def judge(case: Case, said: str | None) -> str:
    if said == case.expected:
        return "right"
    return "silent" if said is None else "wrong"


def score(cases: Sequence[Case], said: Sequence[str | None]) -> dict[str, dict[str, Any]]:
    """Counts and the share that is right, for each half and group."""
    counts: dict[str, Counter[str]] = {}
    for case, answer in zip(cases, said, strict=True):
        for group in case.kinds():
            for part in (case.part, "all parts"):
                counts.setdefault(f"{part}: {group}", Counter())[judge(case, answer)] += 1
    return {
        name: {
            "cases": c.total(),
            **{k: c[k] for k in ("right", "wrong", "silent")},
            "exact": round(c["right"] / c.total(), 4),
        }
        for name, c in sorted(counts.items())
    }


def _code_by_names() -> dict[tuple[str, ...], str]:
    """Names from the province down to codes; municipalities also with their name as a city, as the peers write them."""
    table: dict[tuple[str, ...], str] = {}
    for code, line in divisions().lineage.items():
        if code == NATION:
            continue
        names = [divisions().by_code[c].name for c in reversed(line)]
        table[tuple(names)] = code
        if names[0].endswith("市"):
            table[(names[0], names[0], *names[1:])] = code
    return table


def cpca_reader() -> Reader:
    import cpca

    def read(texts: Sequence[str]) -> list[str | None]:  # one table of many texts is what it is made for
        return [code if isinstance(code, str) else None for code in cpca.transform(list(texts))["adcode"]]

    return read


def jionlp_reader() -> Reader:
    import jionlp

    codes = _code_by_names()

    def read_one(text: str) -> str | None:
        found = jionlp.parse_location(text)
        names = [found[level] for level in ("province", "city", "county") if found[level]]
        while names and tuple(names) not in codes:  # a county that the table of today does not have
            names.pop()
        return codes.get(tuple(names))

    return lambda texts: [read_one(text) for text in texts]


def run(name: str, package: str, read: Reader, cases: Sequence[Case]) -> dict[str, Any]:
    """The scores of a reader of mentions without their documents, and its speed after a first pass loaded its tables."""
    texts = [case.text for case in cases]
    said = read(texts)
    read_mention.cache_clear()  # ours remembers mentions, which would be no reading
    start = time.perf_counter()
    read(texts)
    seconds = time.perf_counter() - start
    return {
        "system": name,
        "version": version(package),
        "mentions_per_second": round(len(cases) / seconds),
        "scores": score(cases, said),
    }


def measure() -> dict[str, Any]:
    """All systems on the labelled mentions."""
    documents = read_cases()
    pairs = in_document(documents)
    cases = [case for case, _ in pairs]
    read_mention.cache_clear()
    start = time.perf_counter()
    in_document(documents)
    seconds = time.perf_counter() - start
    grounded = sum(len(document["mentions"]) for document in documents)
    systems = [
        {
            "system": "yaowen, in document",
            "version": version("yaowen"),
            "mentions_per_second": round(grounded / seconds),
            "scores": score(cases, [code_of(place) for _, place in pairs]),
        },
        run("yaowen, alone", "yaowen", lambda texts: [code_of(ground_places([text])[0]) for text in texts], cases),
    ]
    for name, package, reader in (("cpca", "cpca", cpca_reader), ("JioNLP", "jionlp", jionlp_reader)):
        try:
            systems.append(run(name, package, reader(), cases))
        except (ImportError, PackageNotFoundError):
            systems.append({"system": name, "missing": "not installed: pip install 'yaowen[bench]'"})
    return {"machine": platform.processor() or platform.machine(), "python": platform.python_version(), "systems": systems}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    show(measure(), arguments.out)


if __name__ == "__main__":
    main()
