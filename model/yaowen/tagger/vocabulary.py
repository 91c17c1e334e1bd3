"""Characters to token ids: one table look-up over code points, no character ever lost."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

PAD, UNK, CLS, SEP, MASK = range(5)
SPECIAL_TOKENS: Final = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
CODE_POINTS: Final = 0x110000
_NO_TOKEN: Final = -1  # white space
# NFKC and lower-casing change nothing beyond these ranges (a test goes through all of Unicode).
FOLDED_RANGES: Final = (range(0x20000), range(0x2F800, 0x2FA20))


@dataclass(frozen=True, slots=True, eq=False)
class Tokens:
    """A text as tokens; all three have the shape (tokens,)."""

    ids: NDArray[np.int64]
    offsets: NDArray[np.int32]  # which code point of the text each token is
    codes: NDArray[np.uint32]  # that code point

    @property
    def unknown(self) -> int:
        """How many characters the vocabulary does not have."""
        return int(np.count_nonzero(self.ids == UNK))


def fold(character: str) -> str:
    """The character that stands for one in a vocabulary: NFKC, lower case; more than one where NFKC says so.

    >>> fold("Ａ"), fold("，"), fold("℃")
    ('a', ',', '°c')
    """
    return unicodedata.normalize("NFKC", character).lower()


class Vocabulary:
    """The tokens of a model and the table from code points to their ids.

    A character is looked up as it is, then folded; line feed is `[SEP]`, other white space is no token, and what is not
    in the vocabulary, or is more than one character when folded, is `[UNK]`.

    >>> Vocabulary([*SPECIAL_TOKENS, "a", "州"]).encode("Ａ 州\\n𠮷").ids.tolist()
    [5, 6, 3, 1]
    """

    __slots__ = ("_table", "tokens")

    def __init__(self, tokens: Sequence[str], source: str = "vocabulary") -> None:
        self.tokens = tuple(tokens)
        if self.tokens[:5] != SPECIAL_TOKENS:
            raise ValueError(f"{source}: the first five lines must be {' '.join(SPECIAL_TOKENS)}, found {self.tokens[:5]}")
        ids: dict[str, int] = {}
        for index, token in enumerate(self.tokens[5:], 5):
            if len(token) != 1 or token.isspace() or token in ids:
                raise ValueError(
                    f"{source}, line {index + 1}: {token!r} is not one visible character that stands there first"
                )
            ids[token] = index
        self._table = _table(ids)

    @classmethod
    def load(cls, folder: Path) -> "Vocabulary":
        """The vocabulary of a model folder (`vocab.txt`, one token a line); raises `ValueError` if it is none."""
        path = Path(folder) / "vocab.txt"
        # Not splitlines: U+0085 and its like would be lines of their own.
        tokens = path.read_text("utf-8").split("\n")
        return cls(tokens[:-1] if tokens[-1] == "" else tokens, str(path))

    def __len__(self) -> int:
        return len(self.tokens)

    def encode(self, text: str) -> Tokens:
        """The tokens of a text, without `[CLS]` and the last `[SEP]`."""
        codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")
        ids = self._table[codes]
        offsets = np.flatnonzero(ids != _NO_TOKEN)
        if len(offsets) < len(ids):
            ids, codes = ids[offsets], codes[offsets]
        return Tokens(ids.astype(np.int64), offsets.astype(np.int32), codes)


def _table(ids: dict[str, int]) -> NDArray[np.int32]:
    """Token id of every code point, int32 (0x110000,)."""
    table = np.full(CODE_POINTS, UNK, np.int32)
    for code_points in FOLDED_RANGES:
        for code in code_points:
            character = chr(code)
            folded = fold(character)
            if folded != character and (index := ids.get(folded)):
                table[code] = index
            if character.isspace():
                table[code] = _NO_TOKEN
    for token, index in ids.items():
        table[ord(token)] = index
    table[ord("\n")] = SEP
    return table
