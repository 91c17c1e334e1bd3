"""Annotated documents in the formats that people have them in; the code is the package's: `yaowen.formats`."""

from yaowen.formats import FORMATS, Format, attempt, detect, files, read

__all__ = ["FORMATS", "Format", "attempt", "detect", "files", "read"]
