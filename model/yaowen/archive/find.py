"""From what a user names (files, directories, patterns, addresses, standard input) to files to read."""

import glob
import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from yaowen.archive.names import ending_of, expected, is_hidden, is_readable, split
from yaowen.archive.pages import Found, Problem

STDIN = "-"
TOLD_ENDINGS = 8
_GLOB = re.compile(r"[*?\[]")
_URL = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)


def is_url(name: str) -> bool:
    """Whether a name is an address for fsspec.

    >>> is_url("s3://bucket/a.jsonl"), is_url("C:/a.jsonl")
    (True, False)
    """
    return _URL.match(name) is not None


@dataclass(frozen=True, slots=True)
class Outputs:
    """Where output goes (by `Storage.address`), which no search below a directory or pattern reads; what was passed over.

    `endings`: when all is found, how many files were passed over for their ending, by `ending_of`.
    """

    addresses: frozenset[str] = frozenset()
    passed_over: set[str] = field(default_factory=set)
    endings: Counter[str] = field(default_factory=Counter)

    def below(self, folder: str) -> "Outputs":
        """Those that a search of the folder would meet: one that is the folder itself was asked for by name."""
        prefix = folder.rstrip("/") + "/"
        return Outputs(frozenset(one for one in self.addresses if one.startswith(prefix)), self.passed_over)

    def hold(self, address: str) -> bool:
        """Whether a file or directory is one of them, or in one."""
        place = min((one for one in self.addresses if address == one or address.startswith(one + "/")), default=None)
        if place is not None:
            self.passed_over.add(place)
        return place is not None

    def note(self) -> str:
        """What was passed over, in words; of a job's own folder nobody needs to hear."""
        told = sorted(one for one in self.passed_over if not one.endswith("/_job"))
        more = f" and {len(told) - 1} more" if len(told) > 1 else ""
        return f"{told[0]}{more}: not read, for the output goes there." if told else ""


def endings_note(endings: Counter[str]) -> str:
    """What was passed over for its ending, in words.

    >>> endings_note(Counter({".docx": 1, ".md": 1300}))
    'passed over: 1,300 .md, 1 .docx; name them to have them read.'
    """
    common = sorted(endings.items(), key=lambda pair: (-pair[1], pair[0]))
    told = [f"{count:,} {ending}" for ending, count in common[:TOLD_ENDINGS]]
    rest = sum(count for _, count in common[TOLD_ENDINGS:])
    told += [f"{rest:,} of other endings"] if rest else []
    return f"passed over: {', '.join(told)}; name them to have them read." if told else ""


@dataclass(frozen=True, slots=True)
class _Passed:
    """A file below a directory that is not read for its ending."""

    place: Path | str
    ending: str


def find(names: Sequence[str], outputs: Outputs | None = None) -> Iterator[Found | Problem]:
    """The files behind what the user named, in order and each once; nothing is opened yet, and no list of all is kept.

    With several names, or a pattern, the addresses of files are remembered, so that a file named twice is read once.
    """
    outputs = outputs or Outputs()
    seen: set[Path | str | None] = set()
    passed: dict[Path | str, str] = {}  # with several names, for one of them may be that of the file
    endings: Counter[str] = Counter()
    repeat = len(names) > 1 or any(map(_GLOB.search, names))
    empty = True
    for name in names:
        for entry in _find(name, outputs):
            if isinstance(entry, _Passed):
                if repeat:
                    passed[entry.place.resolve() if isinstance(entry.place, Path) else entry.place] = entry.ending
                else:
                    endings[entry.ending] += 1
                continue
            if isinstance(entry, Found) and repeat:
                key = entry.url or (entry.path and entry.path.resolve())
                if key in seen:
                    continue
                seen.add(key)
            empty = False
            yield entry
    outputs.endings.clear()  # of a search before this
    outputs.endings.update(endings + Counter(ending for key, ending in passed.items() if key not in seen))
    if empty:
        yield Problem(f"{', '.join(names)}: there is nothing to read beside the output. Check the name.")


def _find(name: str, outputs: Outputs) -> Iterator[Found | Problem | _Passed]:
    if name == STDIN:
        yield Found(None, "stdin", 0)
    elif is_url(name):
        yield from _find_remote(name, outputs)
    elif os.path.exists(name):
        yield from _find_path(Path(name), outputs)
    elif pattern := _GLOB.search(name):
        within = outputs.below(_address(Path(name[: pattern.start()] + "*").parent))
        matches = sorted(glob.glob(name, recursive=True))
        if not matches:
            yield Problem(f"{name}: nothing matches this pattern. Check the folder and the ending.")
        for path in map(Path, matches):  # a file of the name - is one
            if not within.hold(_address(path)):
                yield from _find_path(path, outputs)
    else:
        yield Problem(f"{name}: there is no such file or directory. Check the name, or give - to read standard input.")


def _address(path: Path) -> str:
    return path.resolve().as_posix()


def _find_path(path: Path, outputs: Outputs) -> Iterator[Found | Problem | _Passed]:
    if path.is_dir():
        yield from _walk(path, outputs.below(_address(path)))
    else:
        yield _found(path, split(path.name)[0])


def _walk(folder: Path, outputs: Outputs) -> Iterator[Found | Problem | _Passed]:
    """Every file below a directory, those that are read and those that are not; hidden ones and outputs aside."""
    denied: list[OSError] = []
    empty = True
    last_names = {one.rpartition("/")[2] for one in outputs.addresses}
    for parent, folders, names in os.walk(folder, onerror=denied.append):
        passed = {n for n in (*folders, *names) if n in last_names and outputs.hold(_address(Path(parent, n)))}
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in passed)
        empty = empty and not passed
        for name in sorted(set(names) - passed):
            path = Path(parent, name)
            if is_readable(name):
                empty = False
                yield _found(path, split(path.relative_to(folder).as_posix())[0], searched=True)
            elif not is_hidden(name):
                yield _Passed(path, ending_of(name))
    for error in denied:
        yield Problem(f"{error.filename}: {error.strerror}. Check the permissions of the directory.")
    if empty and not denied:
        yield Problem(f"{folder}: no readable file in this directory. Looked for {expected()}, also in folders in it.")


def _found(path: Path, identity: str, searched: bool = False) -> Found:
    try:
        status = path.stat()
    except OSError:
        return Found(path, identity, 0, searched=searched)  # reading it will say why
    return Found(path, identity, status.st_size, modified=status.st_mtime_ns, searched=searched)


def _find_remote(name: str, outputs: Outputs) -> Iterator[Found | Problem | _Passed]:
    try:
        from fsspec.core import url_to_fs

        files, path = url_to_fs(name)
        paths, is_folder = _remote_paths(files, path, outputs)
    except ImportError as error:
        yield Problem(f"{name}: {error}. For addresses: pip install 'yaowen[archives]' and fsspec's package for this kind.")
        return
    except Exception as error:  # every kind of storage has its own
        yield Problem(f"{name}: cannot be listed: {type(error).__name__}: {error}. Check the address and the access to it.")
        return
    if is_folder:
        below = {one: one[len(path) :].lstrip("/") for one in paths}
        yield from (
            _Passed(files.unstrip_protocol(one), ending_of(name))
            for one, name in below.items()
            if not is_hidden(name) and not is_readable(name)
        )
        paths = [one for one, name in below.items() if is_readable(name)]
    if not paths:
        yield Problem(f"{name}: there is nothing to read here. Looked for {expected()}.")
    for one in paths:
        about = files.info(one)
        modified = str(about.get("ETag") or about.get("mtime") or about.get("LastModified") or about.get("created") or "")
        age = int.from_bytes(modified.encode(), "big") % 2**63
        identity = split(one.rsplit("/", 1)[-1])[0]
        yield Found(None, identity, about.get("size") or 0, files.unstrip_protocol(one), age, searched=is_folder)


def _remote_paths(files: Any, path: str, outputs: Outputs) -> tuple[list[str], bool]:  # fsspec has no types
    """What is at an address, outputs aside, and whether that is a directory."""

    def address(one: str) -> str:
        return _address(Path(one)) if "file" in files.protocol else files.unstrip_protocol(one)

    is_folder = False
    if pattern := _GLOB.search(path):
        folder, paths = path[: pattern.start()].rpartition("/")[0], sorted(files.glob(path))
    elif files.isdir(path):
        folder, paths, is_folder = path, sorted(files.find(path)), True
    else:
        return ([path] if files.exists(path) else []), False
    within = outputs.below(address(folder))
    return [one for one in paths if not within.hold(address(one))], is_folder
