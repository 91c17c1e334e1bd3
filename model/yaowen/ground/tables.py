"""The word tables of this folder (TOML): blocks of words parted by white space, read once."""

import re
from collections.abc import Iterable
from typing import Any

from yaowen.data_files import toml_table


def table(name: str) -> dict[str, Any]:
    """A table by its file name."""
    return toml_table("yaowen.ground", name)


def any_of(words: Iterable[str]) -> str:
    """A regular expression for one of the words, the longest that fits.

    >>> any_of(["委", "委员会"])
    '委员会|委'
    """
    return "|".join(re.escape(word) for word in sorted(set(words), key=lambda word: (-len(word), word)))
