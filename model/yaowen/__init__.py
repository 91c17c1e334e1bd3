"""yaowen (要闻): who did what, when and where, in which office, with which measures, in Chinese official news.

import yaowen
document = yaowen.load().extract(text, published="2020-02-08")
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from yaowen.document import Document
    from yaowen.extractor import Extractor, Input, load

__all__ = ["Document", "Extractor", "Input", "load"]

_HOMES = {"Document": "yaowen.document"} | dict.fromkeys(("Extractor", "Input", "load"), "yaowen.extractor")


def __dir__() -> list[str]:
    return __all__


def __getattr__(name: str) -> Any:
    # Loaded when first asked for, so that `import yaowen` costs nothing.
    if name not in _HOMES:
        raise AttributeError(f"module 'yaowen' has no attribute {name!r}; it has {', '.join(__all__)}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
