"""Byte streams: counted, looked into, and read by lines that have a limit."""

import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, Final

from yaowen.archive.pages import MAX_BYTES

MAX_COPY: Final = 4 << 30  # of an archive inside another: what a ZIP file may have; a bomb would fill the disk
_CHUNK: Final = 1 << 20


class TooLarge(ValueError):
    """A file inside an archive that would take too much of the disk."""


class Counted(io.RawIOBase):
    """A binary file that counts the bytes that were read from it, wherever in it they are."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self.count = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._file.seekable()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def readinto(self, buffer: Any) -> int:
        data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        self.count += len(data)
        return len(data)


class Prefixed(io.RawIOBase):
    """A stream whose first bytes were read already, to look at them, and are given again."""

    def __init__(self, first: bytes, rest: Any) -> None:
        self._first, self._rest = first, rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._take(len(buffer)) or self._rest.read1(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def readline(self, size: int | None = -1) -> bytes:
        # Not RawIOBase's, which reads byte by byte; and a line of a pipe is given as soon as it is there.
        if not self._first:
            line: bytes = self._rest.readline(-1 if size is None else size)
            return line
        end = self._first.find(b"\n") + 1
        return self._take(min(end or len(self._first), size if size and size > 0 else len(self._first)))

    def _take(self, count: int) -> bytes:
        data, self._first = self._first[:count], self._first[count:]
        return data


class Arriving(io.RawIOBase):
    """A stream that gives what there is before it says that the rest is missing, which `read` of a compressed one loses."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._stream.read1(len(buffer))
        except EOFError as error:  # which means something else to those that read records
            raise OSError(str(error)) from error
        buffer[: len(data)] = data
        return len(data)


def lines(stream: IO[bytes], limit: int = MAX_BYTES) -> Iterator[bytes | int]:
    """The lines of a stream; for one beyond the limit its size in bytes, found without keeping it.

    >>> list(lines(io.BytesIO(b"ab\\n12345\\nc"), limit=3))
    [b'ab\\n', 6, b'c']
    """
    while line := stream.readline(limit + 1):
        if len(line) <= limit or line.endswith(b"\n"):
            yield line
            continue
        size = len(line)
        while not line.endswith(b"\n") and (line := stream.readline(_CHUNK)):
            size += len(line)
        yield size


def read_limited(stream: IO[bytes], limit: int = MAX_BYTES) -> bytes | None:
    """All of a stream, or None where it is beyond the limit (what is beyond stays unread)."""
    pieces, size = [], 0
    while data := stream.read(min(_CHUNK, limit + 1 - size)):
        pieces.append(data)
        size += len(data)
        if size > limit:
            return None
    return b"".join(pieces)


@contextmanager
def seekable(stream: IO[bytes], is_inside: bool = False) -> Iterator[IO[bytes]]:
    """The stream itself if one can go back in it, otherwise a copy on disk for as long as it is needed.

    What is inside another file is always copied: to go back in it, a library would unpack it again from its start. Raises
    `TooLarge` for a copy beyond `MAX_COPY`.
    """
    if not is_inside and stream.seekable():
        yield stream
        return
    with tempfile.TemporaryFile() as copy:
        while data := stream.read(_CHUNK):
            copy.write(data)
            if is_inside and copy.tell() > MAX_COPY:
                raise TooLarge(
                    f"larger than {MAX_COPY >> 20:,} MB, which is as much as is copied out of another archive."
                    " Unpack that archive first."
                )
        copy.seek(0)
        yield copy
