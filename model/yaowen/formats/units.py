"""Files read unit by unit (a line, a task, a sentence): a unit that is broken is told of, and the others are still read.

They are written whole or not at all.
"""

import json
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import is_dataclass
from functools import lru_cache
from pathlib import Path
from types import UnionType
from typing import Any, Final, TypeVar, get_args, get_origin, get_type_hints

Unit = TypeVar("Unit")
Made = TypeVar("Made")
CUT: Final = "unexpected end of data"  # Python's words for bytes that begin a character and end there


def read_text(path: Path) -> str:
    """The text of a UTF-8 file as it stands there, line ends too; raises `ValueError` for another encoding or a cut file."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            return stream.read()
    except UnicodeDecodeError as error:
        if error.reason == CUT:
            raise ValueError(f"{path}: ends inside a character: it was cut off; make it, or copy it, again") from None
        raise ValueError(
            f"{path}: not UTF-8 (byte {error.start}); convert it first, e.g. iconv -f gb18030 -t utf-8 OLD > NEW"
        ) from None


def write_text(text: str, path: Path) -> None:
    """Write a UTF-8 file, and make its folder; it is there whole or, if writing fails, as it was.

    A lone surrogate, which no UTF-8 can hold, is written as its escape \\udXXX, in JSON the right one.
    """
    data = text.encode("utf-8", "backslashreplace")
    if path.exists() and not path.is_file():  # a terminal or a pipe
        path.write_bytes(data)
        return
    target = path.resolve()  # a link stays one
    part = target.with_name(f".yaowen-{os.getpid()}.part")
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        part.write_bytes(data)
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)


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
        except (LookupError, TypeError, AttributeError, OverflowError, RecursionError) as error:
            yield ValueError(f"{where}: not of the form ({type(error).__name__}: {error}); expected {expected}")


def identity(value: Any) -> Any:
    """An id as text, which a whole number becomes; anything else stays for `typed` to tell of."""
    return str(value) if type(value) is int else value


def typed(made: Made) -> Made:
    """What was made of JSON, a dataclass, if every value is of the type that its field says; `True` and 2.0 are no offsets.

    Raises `ValueError` that names the first that is not.

    >>> from yaowen.formats.annotated import Mark
    >>> typed(Mark(0, 2.0, "DATE"))
    Traceback (most recent call last):
        ...
    ValueError: Mark.end is 2.0; expected int
    """
    own: Any = type(made)
    for name, kind, plain in _fields(own):
        value = getattr(made, name)
        if type(value) not in plain and not _fits(value, kind):
            expected = kind.__name__ if type(kind) is type else kind
            raise ValueError(f"{own.__name__}.{name} is {repr(value)[:60]}; expected {expected}")
    return made


def _fits(value: Any, kind: Any) -> bool:
    if isinstance(kind, UnionType):
        return any(_fits(value, one) for one in get_args(kind))
    if get_origin(kind) is tuple:
        items = get_args(kind)
        whole = isinstance(value, tuple) and (items[-1] is ... or len(value) == len(items))
        return whole and all(_fits(item, items[0]) for item in value)
    return type(value) is kind and (not is_dataclass(kind) or typed(value) is value)


@lru_cache
def _fields(own: type) -> list[tuple[str, Any, frozenset[type]]]:
    """The fields of a dataclass: name, type, and those of its types of which nothing more is to be looked at."""
    kinds = get_type_hints(own)
    either = {name: get_args(kind) if isinstance(kind, UnionType) else (kind,) for name, kind in kinds.items()}
    plain = {name: frozenset(k for k in found if type(k) is type and not is_dataclass(k)) for name, found in either.items()}
    return [(name, kind, plain[name]) for name, kind in kinds.items()]


def sound(results: Iterable[Made | ValueError]) -> Iterator[Made]:
    """The results as long as they are no error; raises the first that is."""
    for result in results:
        if isinstance(result, ValueError):
            raise result
        yield result
