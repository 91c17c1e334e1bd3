"""How a measurement is kept: as JSON that a reader and a diff can follow, with the machine it was made on."""

import json
import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def keep(result: Mapping[str, Any], path: Path) -> None:
    """Write a result, making its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_text(result) + "\n", "utf-8")


def show(result: Mapping[str, Any], path: Path | None) -> None:
    """Print a result, and keep it where a path is given."""
    print(_text(result))
    if path:
        keep(result, path)


def machine() -> dict[str, Any]:
    """What the figures were measured on, and how busy it was with other things."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        processor = next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        processor = platform.processor() or "unknown"
    load = round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None
    return {"processor": processor, "cores": os.cpu_count(), "python": platform.python_version(), "load before": load}


def _text(result: Mapping[str, Any]) -> str:
    return json.dumps(result, ensure_ascii=False, indent=1)
