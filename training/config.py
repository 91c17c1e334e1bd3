"""One frozen dataclass a job, read from one complete, commented TOML file."""

import dataclasses
import sys
import types
import typing
from pathlib import Path
from typing import Any, TypeVar

import tomli_w

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

T = TypeVar("T")


def load(kind: type[T], path: Path, overrides: typing.Sequence[str] = ()) -> T:
    """The settings of a TOML file as an instance of the dataclass `kind`; each override is `section.key=value`.

    A file with `extends = "OTHER.toml"` says only what differs from the file of that name beside it. Raises `ValueError`
    for an unknown or missing key and for a value of another type.
    """
    table = _read(path)
    for override in overrides:
        _override(table, override)
    return _build(kind, table, str(path))


def save(settings: Any, path: Path) -> None:
    """Write resolved settings beside what they made; `load` reads them back."""
    path.write_text(tomli_w.dumps(_plain(dataclasses.asdict(settings))), "utf-8")


def _read(path: Path) -> dict[str, Any]:
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise ValueError(
            f"{path}: no such configuration; the ones that come with the project are in training/configs/"
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path}: not valid TOML: {error}") from None
    return _merged(_read(path.with_name(table.pop("extends"))), table) if "extends" in table else table


def _merged(under: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    both = {key: _merged(under[key], over[key]) for key in under if isinstance(under[key], dict) and key in over}
    return under | over | both


def _override(table: dict[str, Any], override: str) -> None:
    name, separator, value = override.partition("=")
    if not separator:
        raise ValueError(f"override {override!r}: expected section.key=value")
    *sections, key = name.split(".")
    for section in sections:
        table = table.setdefault(section, {})
        if not isinstance(table, dict):
            raise ValueError(f"override {override!r}: {section} is a value, no section; expected section.key=value")
    try:
        table[key] = tomllib.loads(f"x = {value}")["x"]
    except tomllib.TOMLDecodeError:
        table[key] = value  # a bare word is a string: paths need no quoting in a shell


def _build(kind: type[T], table: dict[str, Any], where: str) -> T:
    hints = typing.get_type_hints(kind)
    fields = {f.name: f for f in dataclasses.fields(kind)}  # type: ignore[arg-type]
    if unknown := sorted(table.keys() - fields.keys()):
        raise ValueError(f"{where}: unknown key {unknown[0]!r}; known here: {', '.join(fields)}")
    required = [
        n for n, f in fields.items() if f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
    ]
    if missing := [n for n in required if n not in table]:
        raise ValueError(f"{where}: key {missing[0]!r} is missing")
    return kind(**{name: _convert(hints[name], value, f"{where}: {name}") for name, value in table.items()})


def _convert(hint: Any, value: Any, where: str) -> Any:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return _convert(next(a for a in arguments if a is not type(None)), value, where)
    if dataclasses.is_dataclass(hint) and isinstance(value, dict):
        return _build(typing.cast(type, hint), value, where)
    if origin is tuple and not isinstance(value, dict):
        value = value if isinstance(value, list) else [value]  # data.train=FILE needs no brackets
        return tuple(_convert(arguments[0], item, where) for item in value)
    if origin is dict and isinstance(value, dict):
        return {key: _convert(arguments[1], item, where) for key, item in value.items()}
    if hint is Path and isinstance(value, str):
        return Path(value)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(hint, type) and isinstance(value, hint) and (hint is bool or not isinstance(value, bool)):
        return value
    raise ValueError(f"{where} = {value!r}: expected {getattr(hint, '__name__', hint)}")


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, Path) else value
