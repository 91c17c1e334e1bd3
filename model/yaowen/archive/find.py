"""From what a user names (files, directories, patterns, addresses, standard input) to files to read."""

import glob
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from yaowen.archive.names import expected, is_readable, split
from yaowen.archive.pages import Found, Problem

STDIN = "-"
_GLOB = re.compile(r"[*?\[]")
_URL = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)


def is_url(name: str) -> bool:
    """Whether a name is an address for fsspec.

    >>> is_url("s3://bucket/a.jsonl"), is_url("C:/a.jsonl")
    (True, False)
    """
    return _URL.match(name) is not None


def find(names: Sequence[str]) -> Iterator[Found | Problem]:
    """The files behind what the user named, in order and each once; nothing is opened yet, and no list of all is kept.

    With several names the addresses of files are remembered, so that a file named twice is read once.
    """
    seen: set[Path | str | None] = set()
    for name in names:
        for entry in _find(name):
            if isinstance(entry, Found) and len(names) > 1:
                key = entry.url or (entry.path and entry.path.resolve())
                if key in seen:
                    continue
                seen.add(key)
            yield entry


def _find(name: str) -> Iterator[Found | Problem]:
    if name == STDIN:
        yield Found(None, "stdin", 0)
    elif is_url(name):
        yield from _find_remote(name)
    elif (path := Path(name)).is_dir():
        yield from _walk(path)
    elif path.exists():
        yield _found(path, split(path.name)[0])
    elif _GLOB.search(name):
        matches = sorted(glob.glob(name, recursive=True))
        if not matches:
            yield Problem(f"{name}: nothing matches this pattern. Check the folder and the ending.")
        yield from find(matches)
    else:
        yield Problem(f"{name}: there is no such file or directory. Check the name, or give - to read standard input.")


def _walk(folder: Path) -> Iterator[Found | Problem]:
    """Every readable file below a directory, hidden ones aside."""
    denied: list[OSError] = []
    empty = True
    for parent, folders, names in os.walk(folder, onerror=denied.append):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(filter(is_readable, names)):
            empty = False
            path = Path(parent, name)
            yield _found(path, split(path.relative_to(folder).as_posix())[0])
    for error in denied:
        yield Problem(f"{error.filename}: {error.strerror}. Check the permissions of the directory.")
    if empty and not denied:
        yield Problem(f"{folder}: no readable file in this directory. Looked for {expected()}, also in folders in it.")


def _found(path: Path, identity: str) -> Found:
    try:
        status = path.stat()
    except OSError:
        return Found(path, identity, 0)  # reading it will say why
    return Found(path, identity, status.st_size, modified=status.st_mtime_ns)


def _find_remote(name: str) -> Iterator[Found | Problem]:
    try:
        from fsspec.core import url_to_fs

        files, path = url_to_fs(name)
        paths = _remote_paths(files, path)
    except ImportError as error:
        yield Problem(f"{name}: {error}. For addresses: pip install 'yaowen[archives]' and fsspec's package for this kind.")
        return
    except Exception as error:  # every kind of storage has its own
        yield Problem(f"{name}: cannot be listed: {type(error).__name__}: {error}. Check the address and the access to it.")
        return
    if not paths:
        yield Problem(f"{name}: there is nothing to read here. Looked for {expected()}.")
    for one in paths:
        about = files.info(one)
        modified = str(about.get("ETag") or about.get("mtime") or about.get("LastModified") or about.get("created") or "")
        age = int.from_bytes(modified.encode(), "big") % 2**63
        yield Found(None, split(one.rsplit("/", 1)[-1])[0], about.get("size") or 0, files.unstrip_protocol(one), age)


def _remote_paths(files, path: str) -> Iterable[str]:  # type: ignore[no-untyped-def]  # fsspec has no types
    if _GLOB.search(path):
        return sorted(files.glob(path))
    if files.isdir(path):
        return [one for one in sorted(files.find(path)) if is_readable(one[len(path) :].lstrip("/"))]
    return [path] if files.exists(path) else []
