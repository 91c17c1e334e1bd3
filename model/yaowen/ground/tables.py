"""The word tables of this folder (TOML): blocks of words parted by white space, read once."""

import re
import sys
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@cache
def table(name: str) -> dict[str, Any]:
    """A table by its file name; do not change what it gives, it is shared."""
    return tomllib.loads((files("yaowen.ground") / name).read_text("utf-8"))


def any_of(words: Iterable[str]) -> str:
    """A regular expression for one of the words, the longest that fits.

    >>> any_of(["委", "委员会"])
    '委员会|委'
    """
    return "|".join(re.escape(word) for word in sorted(set(words), key=lambda word: (-len(word), word)))
