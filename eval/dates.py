"""Our dates, JioNLP's and dateparser's, on our table and on the inputs of Recognizers-Text, in one run.

    pip install 'yaowen[bench]';  python -m eval.dates [--out eval/results/dates.json]

Every system gets the text of one date and the day of publication (or, for 当晚 and bare clock times, the day told before,
which the peers get as their day of reference), and says an interval or nothing. `right`: the interval that is expected, or
nothing where nothing is; `wrong`: another; `silent`: nothing where something is expected. How answers are compared is in
eval/date_answers.py; which inputs of Recognizers-Text are no dates of the guidelines, and what is expected of those that
carry no value, in eval/recognizers.toml. What is unfair to whom is in `FAIRNESS`, and told with the results.
"""

import argparse
import json
import lzma
import os
import platform
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from eval.date_answers import DAY, Answer, Gold, days, is_right, of_timex, written
from eval.record import show
from yaowen.ground.dates import DateMention, DateValue, Precision, date_mentions, read_dates
from yaowen.ground.dates.lexer import read_tokens
from yaowen.text.normalise import normalise

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

CASES = Path("tests/cases/dates.json")
RULES = Path(__file__).parent / "recognizers.toml"
SHARED = Path(os.environ.get("YAOWEN_SHARED", "../shared"))
NEVER = datetime(2022, 8, 20)  # the day of reference of the peers where a row gives none
FAIRNESS = [
    "The table is ours: its rows were written for this reader, and it was mended until all of them came right.",
    "The inputs of Recognizers-Text are no held-out test either: they were at hand while the reader was written, and after",
    "a first run four failures were mended (07年以后, 2018/1/10-2018/7/10, 上半年, 万圣节). No peer was mended on them.",
    "Rows whose ends are conventions of ours (marked ~: 年初, 近日, 9时许) are left out for every system.",
    "Peers read one string; rows that hang on the words around them (8月12日 before 以来) are left out for every system.",
    "A peer that fills in today where no publication is known is wrong where null is expected: that is our contract.",
    "dateparser gives points in time; its period is widened to the month or year, ranges are beyond it by design.",
    "Our reader gets normalised text, as in our chain; the seconds it takes count. Peers get the text as it is written.",
    "JioNLP reads lengths of time and frequencies too, which is neither asked nor counted.",
    "An hour may be answered by its first moment or the whole of it, a part of the day by any interval that begins in it.",
    "Of dates without a year in Recognizers-Text the nearest before and after are right, as in its own results.",
]

Reader = Callable[["Question"], Answer | None]


@dataclass(frozen=True, slots=True)
class Question:
    """A date to read: its text, the text around, what is known, what is right, and the groups it is counted in."""

    text: str
    before: str
    after: str
    published: datetime | None
    told: datetime | None
    golds: tuple[Gold, ...]
    groups: tuple[str, ...]


def answer_of(value: DateValue) -> Answer | None:
    """A value of ours as an interval to the minute."""
    if value.reason is not None or value.precision is None:
        return None
    ends = [None if end is None else datetime.fromisoformat(end) for end in (value.start, value.end)]
    if ends[1] is not None and not value.precision.is_clock:
        ends[1] += timedelta(hours=23, minutes=59)
    return Answer(ends[0], ends[1])


def ours(question: Question) -> Answer | None:
    """Our answer, to the text as our chain hands it on: normalised, so that traditional characters are simplified ones."""
    published = None if question.published is None else question.published.isoformat()
    told = [] if question.told is None else [DateMention(question.told.strftime("%Y年%m月%d日"))]
    mention = DateMention(*(normalise(text).text for text in (question.text, question.before, question.after)))
    return answer_of(read_dates([*told, mention], published and published.removesuffix("T00:00:00"))[-1])


def jionlp_reader() -> Reader:
    import jionlp  # a peer; prints on import

    def read(question: Question) -> Answer | None:
        at = question.told or question.published or NEVER
        base = {name: getattr(at, name) for name in ("year", "month", "day", "hour", "minute")}
        try:
            found = jionlp.parse_time(question.text, time_base=base)
        except Exception:  # it raises ValueError for what it cannot read, and other errors by mistake
            return None
        if not str(found.get("type")).startswith(("time_point", "time_span")):
            return None
        # open ends are told as -inf and inf; 二零二二 comes out as the year 22, two digits
        ends = [None if "inf" in moment else moment.rjust(len("2022-08-12 00:00:00"), "0") for moment in found["time"]]
        start, end = (None if moment is None else datetime.fromisoformat(moment).replace(second=0) for moment in ends)
        return Answer(start, end)

    return read


def dateparser_reader() -> Reader:
    from dateparser.date import DateDataParser  # a peer

    def read(question: Question) -> Answer | None:
        base = question.told or question.published or NEVER
        settings = {"RELATIVE_BASE": base, "PREFER_DATES_FROM": "past", "RETURN_TIME_AS_PERIOD": True}
        found = DateDataParser(languages=["zh"], settings=settings).get_date_data(question.text)
        if found.date_obj is None:
            return None
        at = found.date_obj.replace(tzinfo=None, second=0, microsecond=0)
        if found.period == "time":
            return Answer(at, at)
        first = at.replace(hour=0, minute=0)
        first = first.replace(day=1) if found.period in ("month", "year") else first
        first = first.replace(month=1) if found.period == "year" else first
        last = {"month": (first + 31 * DAY).replace(day=1) - DAY, "year": first.replace(month=12, day=31)}.get(
            found.period, first
        )
        return Answer(first, last + timedelta(hours=23, minutes=59))

    return read


def table_questions() -> list[Question]:
    """The rows of our table that a peer could answer."""
    cases = json.loads(CASES.read_text("utf-8"))
    rows = [(group, row) for group in ("wild", "synthetic") for row in cases[group]]
    rows += [("negative", {"text": text, "published": "2022-08-20", "expect": "null"}) for text in cases["negative"]]
    questions = []
    for group, row in rows:
        interval, *named = row["expect"].split()
        if "~" in named or "before" in row or "after" in row:
            continue
        published, told = (datetime.fromisoformat(row[key]) if key in row else None for key in ("published", "told"))
        gold = _table_gold(interval, named)
        questions.append(Question(row["text"], "", "", published, told, (gold,), (group, "all")))
    return questions


def _table_gold(interval: str, named: Sequence[str]) -> Gold:
    if interval == "null":
        return Gold("none")
    is_open = bool({"since", "after", "before"} & set(named))
    first, _, last = interval.partition("/")
    told = [end for end in (first, last or first) if end != ".."]
    start, end = (datetime.fromisoformat(at) for at in (told[0], told[-1]))
    if Precision(named[0]) is Precision.PART_OF_DAY and end - start < DAY / 2:
        names = {range(16): "morning", range(17, 24): "evening"}
        part = "afternoon" if start.hour == 12 else "noon" if start.hour == 11 else ""
        part = part or next((name for hours, name in names.items() if start.hour in hours), "morning")
        if start.hour >= 3:  # 凌晨 and 全天 begin at midnight: told as intervals
            return Gold("part", start, end, part)
    if "T" in told[0]:
        return Gold("clock", start, end, is_open=is_open)
    return days(start.date(), end.date(), is_open)


def recognizers_questions() -> tuple[list[Question], dict[str, Any]]:
    """The inputs of Recognizers-Text that have a span inside the guidelines, one question a span; and what was left out."""
    rules = tomllib.loads(RULES.read_text("utf-8"))
    path = SHARED / "corpora/labelled/recognizers_zh_time.jsonl.xz"
    questions: list[Question] = []
    outside: Counter[str] = Counter()
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    for row in rows:
        kept = []
        spans = [(span["start"], span["end"]) for span in row["spans"]]
        for span, mention in zip(row["spans"], date_mentions(row["text"], spans), strict=True):
            kind = _outside(rules, mention.text, span["label"].removeprefix("datetimeV2."))
            if kind is None:
                kept.append(_question(rules, row, span, mention))
            else:
                outside[kind] += 1
        if not spans:
            outside["an input without a date"] += 1
        questions += kept
    told = {
        "inputs": len(rows),
        "inputs_inside": len({question.groups[-1] for question in questions}),
        "spans_outside": dict(outside.most_common()),
        "reasons": {rule["kind"]: rule["reason"] for rule in rules["outside"]},
    }
    return questions, told


def _outside(rules: dict[str, Any], text: str, label: str) -> str | None:
    for rule in rules["outside"]:
        if label in rule.get("labels", ()) or re.fullmatch(rule.get("pattern", "(?!)"), text):
            return str(rule["kind"])
    return None


def _question(rules: dict[str, Any], row: dict[str, Any], span: dict[str, Any], mention: DateMention) -> Question:
    number = row["id"].rpartition("-")[2]
    published = datetime.fromisoformat(row["ref"] or rules["extractors"]["published"])
    expected = rules["corrected"].get(number) or (None if row["ref"] else rules["extractors"][number])
    label = span["label"].removeprefix("datetimeV2.")
    golds = written(expected) if expected else of_timex(span["timex"], mention.text, published)
    told = published if label.startswith(("time", "datetime")) else None
    told = told and told.replace(hour=0, minute=0)
    return Question(mention.text, mention.before, mention.after, published, told, tuple(golds), ("all", label, row["id"]))


def judge(question: Question, answer: Answer | None) -> str:
    if is_right(answer, question.golds):
        return "right"
    return "silent" if answer is None else "wrong"


def score(questions: Sequence[Question], verdicts: Sequence[str]) -> dict[str, Any]:
    """Counts and the share that is right by group; inputs are right where all their spans are."""
    counts: dict[str, Counter[str]] = {}
    inputs: dict[str, bool] = {}
    for question, verdict in zip(questions, verdicts, strict=True):
        for group in question.groups:
            if "-" in group:
                inputs[group] = inputs.get(group, True) and verdict == "right"
            else:
                counts.setdefault(group, Counter())[verdict] += 1
    scores: dict[str, Any] = {
        group: {
            "dates": c.total(),
            **{k: c[k] for k in ("right", "wrong", "silent")},
            "share": round(c["right"] / c.total(), 4),
        }
        for group, c in sorted(counts.items())
    }
    if inputs:
        right = sum(inputs.values())
        scores["inputs"] = {"inputs": len(inputs), "right": right, "share": round(right / len(inputs), 4)}
        scores["inputs_not_right"] = sorted(
            (name for name, ok in inputs.items() if not ok), key=lambda n: int(n.split("-")[1])
        )
    return scores


def run(name: str, package: str, reader: Reader, sets: dict[str, list[Question]]) -> dict[str, Any]:
    result: dict[str, Any] = {"system": name, "version": version(package)}
    for what, questions in sets.items():
        read_tokens.cache_clear()
        start = time.perf_counter()
        answers = [reader(question) for question in questions]
        seconds = time.perf_counter() - start
        verdicts = [judge(question, answer) for question, answer in zip(questions, answers, strict=True)]
        result[what] = {"dates_per_second": round(len(questions) / seconds), "scores": score(questions, verdicts)}
    return result


def measure() -> dict[str, Any]:
    """All systems on both sets."""
    recognizers, told = recognizers_questions()
    sets = {"table": table_questions(), "recognizers": recognizers}
    systems = [run("yaowen", "yaowen", ours, sets)]
    for name, package, reader in (("JioNLP", "jionlp", jionlp_reader), ("dateparser", "dateparser", dateparser_reader)):
        try:
            systems.append(run(name, package, reader(), sets))
        except (ImportError, PackageNotFoundError):
            systems.append({"system": name, "missing": "not installed: pip install 'yaowen[bench]'"})
    return {
        "machine": platform.processor() or platform.machine(),
        "python": platform.python_version(),
        "fairness": FAIRNESS,
        "recognizers": told,
        "systems": systems,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    show(measure(), arguments.out)


if __name__ == "__main__":
    main()
