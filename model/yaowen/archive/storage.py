"""Where shards are kept: a directory, or an address that fsspec opens. A file is there whole or not at all."""

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any, Final, Protocol

from filelock import FileLock, Timeout

from yaowen.archive.find import is_url

PART: Final = ".part-"  # how the names of unfinished files begin


class Storage(Protocol):
    """A place for files with names such as `documents/part-000001-0000.parquet`."""

    @property
    def address(self) -> str:
        """The one name of the place, however it was given (relative, by a link), with / between folders."""
        ...

    @contextmanager
    def writing(self, name: str) -> Iterator[Path]:
        """A local path to write to; when the block ends, the file is in its place, and if it fails, it is nowhere."""
        ...

    def read(self, name: str) -> bytes | None:
        """What a file holds; None where there is none."""
        ...

    def sizes(self, folder: str) -> dict[str, int]:
        """The finished files directly in a folder, and their sizes in bytes."""
        ...

    def clean(self, folder: str) -> None:
        """Remove what a killed writer left in a folder."""
        ...

    def claimed(self, name: str) -> AbstractContextManager[None]:
        """Nobody else has claimed the file `name` while the block lasts. Raises `Claimed` where somebody has."""
        ...


class Claimed(Exception):
    """Another process holds what was to be claimed."""


def open_storage(place: str) -> Storage:
    """The storage at a path or address. Raises `ValueError` where fsspec is missing or does not know the address."""
    if not is_url(place):
        return Directory(Path(place))
    try:
        from fsspec.core import url_to_fs

        files, path = url_to_fs(place)
    except ImportError as error:
        raise ValueError(f"{place}: {error}. pip install 'yaowen[archives]' and fsspec's package for this kind.") from error
    except ValueError as error:
        raise ValueError(f"{place}: {error}. Expected a directory or an address such as s3://bucket/folder.") from error
    return Directory(Path(path)) if "file" in files.protocol else Bucket(files, path)


def write_bytes(storage: Storage, name: str, data: bytes) -> None:
    """Write a file, whole or not at all."""
    with storage.writing(name) as path:
        path.write_bytes(data)


class Directory:
    """A folder on a disk, which machines may share: written aside, forced to the disk, renamed."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def address(self) -> str:
        return self.root.resolve().as_posix()

    @contextmanager
    def writing(self, name: str) -> Iterator[Path]:
        target = self.root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f"{PART}{os.getpid()}-{secrets.token_hex(6)}")
        try:
            yield part
            _force(part)
            os.replace(part, target)
            _force(target.parent)
        finally:
            part.unlink(missing_ok=True)

    def read(self, name: str) -> bytes | None:
        try:
            return (self.root / name).read_bytes()
        except FileNotFoundError:
            return None

    def sizes(self, folder: str) -> dict[str, int]:
        try:
            with os.scandir(self.root / folder) as entries:
                return {e.name: e.stat().st_size for e in entries if e.is_file() and not e.name.startswith(PART)}
        except FileNotFoundError:
            return {}

    def clean(self, folder: str) -> None:
        for path in (self.root / folder).glob(f"{PART}*"):
            path.unlink(missing_ok=True)

    @contextmanager
    def claimed(self, name: str) -> Iterator[None]:
        """By a lock of the system, which goes with the process: a killed job leaves none behind."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        lock: FileLock | None = FileLock(path, blocking=False)
        try:
            lock.acquire()  # type: ignore[union-attr]
        except Timeout:
            raise Claimed(f"{path} is locked") from None
        except NotImplementedError:  # a disk of the network that knows no locks
            lock = None
        try:
            yield
        finally:
            if lock:
                lock.release()


def _force(path: str | Path) -> None:
    """Make a file or a folder's list of names survive a loss of power (where the system can open a folder)."""
    if os.name == "nt" and os.path.isdir(path):
        return
    handle = os.open(path, os.O_RDWR if os.path.isfile(path) else os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class Bucket:
    """An object store or another place of fsspec's, in which a file appears when its upload is complete."""

    def __init__(self, files: Any, root: str) -> None:
        self._files, self._root = files, root.rstrip("/")

    @property
    def address(self) -> str:
        return str(self._files.unstrip_protocol(self._root))

    @contextmanager
    def writing(self, name: str) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix="yaowen-") as folder:
            part = Path(folder, "part")
            part.touch()
            yield part
            target = f"{self._root}/{name}"
            with suppress(Exception):  # object stores have no folders, other places need them
                self._files.makedirs(target.rpartition("/")[0], exist_ok=True)
            with part.open("rb") as source, self._files.open(target, "wb") as out:
                shutil.copyfileobj(source, out, 1 << 20)

    def read(self, name: str) -> bytes | None:
        try:
            return self._files.cat_file(f"{self._root}/{name}")
        except FileNotFoundError:
            return None

    def sizes(self, folder: str) -> dict[str, int]:
        self._files.invalidate_cache()
        try:
            entries = self._files.ls(f"{self._root}/{folder}".rstrip("/"), detail=True)
        except FileNotFoundError:
            return {}
        return {e["name"].rsplit("/", 1)[-1]: e["size"] or 0 for e in entries if e["type"] == "file"}

    def clean(self, folder: str) -> None:
        """Nothing: an upload that was cut off leaves no file."""

    def claimed(self, name: str) -> AbstractContextManager[None]:
        """Always: object stores have no locks."""
        return nullcontext()
