"""Files read unit by unit (a line, a task, a sentence): a unit that is broken is told of, and the others are still read."""

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

Unit = TypeVar("Unit")
Made = TypeVar("Made")


def read_text(path: Path) -> str:
    """The text of a UTF-8 file as it stands there, line ends too; raises `ValueError` for another encoding."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            return stream.read()
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path}: not UTF-8 (byte {error.start}); convert it first, e.g. iconv -f gb18030 -t utf-8 OLD > NEW"
        ) from None


def json_lines(lines: Iterable[str], source: str) -> Iterator[tuple[str, str]]:
    """Every line that is not empty, with where it stands."""
    return ((f"{source}, line {number}", line) for number, line in enumerate(lines, 1) if line.strip())


def attempts(units: Iterable[tuple[str, Unit]], build: Callable[[Unit], Made], expected: str) -> Iterator[Made | ValueError]:
    """What `build` makes of every unit, or the error that says where, what was found and what was expected."""
    for where, unit in units:
        try:
            yield build(unit)
        except json.JSONDecodeError as error:
            yield ValueError(f"{where}: not JSON ({error}); expected {expected}")
        except ValueError as error:
            yield ValueError(f"{where}: {error}")
        except (KeyError, TypeError, AttributeError, IndexError) as error:
            yield ValueError(f"{where}: not of the form ({type(error).__name__}: {error}); expected {expected}")


def sound(results: Iterable[Made | ValueError]) -> Iterator[Made]:
    """The results as long as they are no error; raises the first that is."""
    for result in results:
        if isinstance(result, ValueError):
            raise result
        yield result
