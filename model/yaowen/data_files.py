"""Data in files: TOML tables beside the code that uses them, and the arrays of safetensors files."""

import json
import sys
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    import numpy as np


@cache
def toml_table(package: str, *path: str) -> dict[str, Any]:
    """A TOML file of a package, parsed once; do not change what it gives, it is shared.

    >>> toml_table("yaowen.view", "names.toml")["events"]["meeting"]
    '会议'
    """
    return tomllib.loads(files(package).joinpath(*path).read_text("utf-8"))


def read_safetensors(path: Path) -> dict[str, "np.ndarray"]:
    """The arrays of a safetensors file (header length, JSON header, bytes), without the library."""
    import numpy as np  # not for tables

    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little")
    kinds = {"F32": np.float32, "F16": np.float16}
    arrays = {}
    for name, entry in json.loads(data[8 : 8 + size]).items():
        if name != "__metadata__":
            start, end = (8 + size + offset for offset in entry["data_offsets"])
            arrays[name] = np.frombuffer(data[start:end], kinds[entry["dtype"]]).reshape(entry["shape"])
    return arrays
