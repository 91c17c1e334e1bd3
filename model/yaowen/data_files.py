"""The package's knowledge of the language: TOML tables beside the code that uses them."""

import sys
from functools import cache
from importlib.resources import files
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@cache
def toml_table(package: str, *path: str) -> dict[str, Any]:
    """A TOML file of a package, parsed once; do not change what it gives, it is shared.

    >>> toml_table("yaowen.view", "names.toml")["events"]["meeting"]
    '会议'
    """
    return tomllib.loads(files(package).joinpath(*path).read_text("utf-8"))
