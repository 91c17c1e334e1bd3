"""Files read unit by unit; the code is the package's: `yaowen.formats.units`."""

from yaowen.formats.units import attempts, json_lines, read_text, sound

__all__ = ["attempts", "json_lines", "read_text", "sound"]
