"""How a measurement is kept: as JSON that a reader and a diff can follow, with the machine it was made on."""

import argparse
import json
import os
import platform
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from yaowen.extractor import DEFAULT_MODEL


def keep(result: Mapping[str, Any], path: Path) -> None:
    """Write a result, making its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_text(result) + "\n", "utf-8")


def show(result: Mapping[str, Any], path: Path | None) -> None:
    """Print a result, and keep it where a path is given."""
    print(_text(result))
    if path:
        keep(result, path)


def of_model(measure: Callable[[Path], Mapping[str, Any]], description: str | None) -> None:
    """The command line of a measurement of one model: `--model`, `--out`."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=DEFAULT_MODEL)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    show(measure(arguments.model), arguments.out)


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
