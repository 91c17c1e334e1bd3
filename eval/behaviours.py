"""The sentences of the behavioural suite: marked templates, the words that fill them, and the changes of invariance.

    "[{head}|POSITION][{name}|OFFICIAL|host]主持[召开|TRIGGER:meeting]会议。"

`{slot}` is filled from words.toml. `[words|LABEL]` must be found with this label (several: `A B`, either will do), and
`[words|none]` must not be touched. `[words|LABEL|role]` must fill the role of the first trigger of the sentence, `role@2`
of the second.
"""

import random
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from yaowen.evaluation.forms import FORMS, Form
from yaowen.schema import SPAN_LABELS, TRIGGER_PREFIX

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

NONE: Final = "none"
KEYS: Final = {
    "MFT": {"name", "kind", "cases"}, "DIR": {"name", "kind", "first", "then"},
    "INV": {"name", "kind", "cases", "swap", "form", "before", "after"},
}  # fmt: skip
SWAPS: Final = 6  # changed sentences of one sentence
_TOKEN: Final = re.compile(r"(\[|\|[^\]]*\]|\{\w+\})")

Place = Callable[[int, int], tuple[Any, ...] | None]  # a range of a changed text to what does not depend on the change


@dataclass(frozen=True, slots=True)
class Mark:
    """Marked words: half-open code points, the labels that will do (none: untouched), (role, number of the trigger)."""

    start: int
    end: int
    labels: tuple[str, ...]
    roles: tuple[tuple[str, int], ...] = ()

    @property
    def untouched(self) -> bool:
        return not self.labels

    @property
    def is_trigger(self) -> bool:
        return any(label.startswith(TRIGGER_PREFIX) for label in self.labels)


@dataclass(frozen=True, slots=True)
class Case:
    """A sentence with its marks; `pieces`: where its literals and slots begin, with the slot's name or ""."""

    text: str
    marks: tuple[Mark, ...]
    pieces: tuple[tuple[int, str], ...]

    def coordinates(self, start: int, end: int, swapped: str = "") -> tuple[Any, ...] | None:
        """A range by pieces and offsets in them; in a swapped slot only its beginning and end have a name.

        >>> case = realise("{a}到{b}", {"a": "县长", "b": "望洪镇"})
        >>> case.coordinates(0, 2, "a"), case.coordinates(2, 6, "a"), case.coordinates(1, 2, "a")
        ((0, 'start', 0, 'end'), (1, 0, 2, 3), (0, 'inside', 0, 'end'))
        """
        first, low = self._at(start)
        last, high = self._at(end - 1)
        size = self._ends()[last] - self.pieces[last][0]
        begin: Any = low if not swapped or self.pieces[first][1] != swapped else "start" if low == 0 else "inside"
        finish: Any = high + 1
        if swapped and self.pieces[last][1] == swapped:
            finish = "end" if high + 1 == size else "inside"
        return first, begin, last, finish

    def _at(self, offset: int) -> tuple[int, int]:
        index = max(i for i, (start, _) in enumerate(self.pieces) if start <= offset)
        return index, offset - self.pieces[index][0]

    def _ends(self) -> list[int]:
        return [*(start for start, _ in self.pieces[1:]), len(self.text)]


@dataclass(frozen=True, slots=True)
class Words:
    """What slots can be filled with."""

    lists: Mapping[str, list[str]]

    @classmethod
    def read(cls, path: Path) -> "Words":
        return cls(tomllib.loads(path.read_text("utf-8")))

    def draw(self, dice: random.Random) -> dict[str, str]:
        """One filler for every slot."""
        return {slot: dice.choice(words) for slot, words in self.lists.items()}


def read_capabilities(folder: Path) -> Iterator[dict[str, Any]]:
    """Every capability of the folder's files; raises `ValueError` for an unknown kind or key, or a name given twice."""
    names: set[str] = set()
    for path in sorted(p for p in folder.glob("*.toml") if p.name != "words.toml"):
        for capability in tomllib.loads(path.read_text("utf-8"))["capability"]:
            name, kind = capability["name"], capability["kind"]
            where = f"{path}: capability {name!r}"
            if kind not in KEYS:
                raise ValueError(f"{where}: kind {kind!r}; expected {', '.join(KEYS)}")
            if unknown := set(capability) - KEYS[kind]:
                raise ValueError(
                    f"{where}: unknown keys {', '.join(sorted(unknown))}; {kind} has {', '.join(sorted(KEYS[kind]))}"
                )
            if name in names:
                raise ValueError(f"{where}: the name stands twice; failure rates are told by name")
            names.add(name)
            yield capability


def realise(template: str, words: Mapping[str, str]) -> Case:
    """A sentence of a template. Raises `ValueError` for an unknown slot or label, or brackets that do not close.

    >>> case = realise("[{head}|POSITION]到了[现场|none]", {"head": "县长"})
    >>> case.text, [(m.start, m.end, m.labels) for m in case.marks]
    ('县长到了现场', [(0, 2, ('POSITION',)), (4, 6, ())])
    """
    text, opened, marks, pieces = "", -1, [], []
    for token in _TOKEN.split(template):
        if token == "[":
            opened = len(text)
        elif token.startswith("|") and token.endswith("]"):
            if opened < 0:
                raise ValueError(f"{template}: {token} closes nothing; expected [words|LABEL]")
            marks.append(_mark(opened, len(text), token[1:-1], template))
            opened = -1
        elif token.startswith("{"):
            slot = token[1:-1]
            if slot not in words:
                raise ValueError(f"{template}: unknown slot {token}; known: {', '.join(sorted(words))}")
            pieces.append((len(text), slot))
            text += words[slot]
        elif token:
            pieces.append((len(text), ""))
            text += token
    if opened >= 0:
        raise ValueError(f"{template}: a bracket is not closed; expected [words|LABEL]")
    return Case(text, tuple(marks), tuple(pieces))


def _mark(start: int, end: int, spec: str, template: str) -> Mark:
    labels, _, roles = spec.partition("|")
    names = () if labels == NONE else tuple(labels.split())
    if strange := [name for name in names if name not in SPAN_LABELS]:
        raise ValueError(f"{template}: unknown label {strange[0]!r}; known: {', '.join(SPAN_LABELS)} and {NONE}")
    pairs = (role.partition("@") for role in roles.split(",") if role)
    return Mark(start, end, names, tuple((role, int(number or 1)) for role, _, number in pairs))


def changed(
    capability: Mapping[str, Any], base: Case, given: Mapping[str, str], words: Words, dice: random.Random, template: str
) -> list[tuple[str, Place]]:
    """The changed texts of a sentence, each with the way from its ranges to those of the sentence."""
    if "swap" in capability:
        return _swapped(capability["swap"], given, words, dice, template)
    if "form" in capability:
        form = {**FORMS, **OWN_FORMS}[capability["form"]](base.text, dice.randrange(1 << 16))
        return [(form.raw, lambda start, end: _of_form(form, base, start, end))]
    before, after = capability.get("before", ""), capability.get("after", "")

    def place(start: int, end: int) -> tuple[Any, ...] | None:
        low, high = start - len(before), end - len(before)
        return base.coordinates(low, high) if 0 <= low < high <= len(base.text) else None

    return [(before + base.text + after, place)]


def _swapped(
    slot: str, given: Mapping[str, str], words: Words, dice: random.Random, template: str
) -> list[tuple[str, Place]]:
    others = [word for word in words.lists[slot] if word != given[slot]]
    texts: list[tuple[str, Place]] = []
    for word in dice.sample(others, min(SWAPS, len(others))):
        case = realise(template, {**given, slot: word})
        texts.append((case.text, lambda start, end, case=case: case.coordinates(start, end, slot)))  # type: ignore[misc]
    return texts


def _of_form(form: Form, base: Case, start: int, end: int) -> tuple[Any, ...] | None:
    at = form.original(start, end)
    return base.coordinates(*at) if at else None


def zero_width(text: str, seed: int = 0) -> Form:
    """With characters of no width in it."""
    dice = random.Random(seed)
    return Form.of((dice.choice(("\u200b", "\ufeff", "\u00ad")) if dice.randrange(6) == 0 else "", 1, c) for c in text)


def indented(text: str, seed: int = 0) -> Form:
    """With two wide spaces at the beginning of every line, as Chinese pages have."""
    before = ["\n", *text]
    return Form.of(("\u3000\u3000" if last == "\n" else "", 1, c) for last, c in pairwise(before))


def half_width(text: str, seed: int = 0) -> Form:
    """With the punctuation of Western keyboards."""
    return Form.of(("", 1, c.translate(_HALF)) for c in text)


_HALF: Final = str.maketrans("，：；（）！？", ",:;()!?")
OWN_FORMS: Final[Mapping[str, Callable[[str, int], Form]]] = {
    "zero width": zero_width, "indented": indented, "half-width": half_width,
}  # fmt: skip
