"""From the report as data to Markdown and to one self-contained page; needs jinja2 and matplotlib (extra `eval`)."""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from yaowen.schema import SPAN_LABELS, TRIGGER_PREFIX
from yaowen.view.names import event_name, label_name, role_name

if TYPE_CHECKING:
    from jinja2 import Environment

MISSING: Final = 'the report needs jinja2 and matplotlib: pip install "yaowen[eval]"'
SHOWN: Final = 12  # errors in the Markdown, the surest first; the page has all


def markdown(report: Mapping[str, Any]) -> str:
    """The report as Markdown. Raises `ImportError` that says what to install."""
    shown = [error for error in report["errors"] if error["score"] is not None][:SHOWN]
    return _environment().get_template("report.md.jinja").render(r=report, shown=shown)


def page(report: Mapping[str, Any]) -> str:
    """The report as one page that loads nothing. Raises `ImportError` that says what to install."""
    try:
        from yaowen.evaluation.plots import plots

        figures = plots(report)
    except ImportError as error:
        raise ImportError(f"{error}; {MISSING}") from error
    script = _file("report.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    data = json.dumps(report["errors"], ensure_ascii=False).replace("<", "\\u003c")
    return _environment().get_template("report.html.jinja").render(
        r=report, plots=figures, style=_file("report.css"), script=script, digest=digest, data=data,
        names={error["label"]: _name(error["label"]) for error in report["errors"]},
    )  # fmt: skip


def _file(name: str) -> str:
    return (files("yaowen.evaluation") / "templates" / name).read_text("utf-8")


@cache
def _environment() -> "Environment":
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
    except ImportError as error:
        raise ImportError(f"{error}; {MISSING}") from error
    environment = Environment(
        loader=PackageLoader("yaowen.evaluation"), undefined=StrictUndefined, keep_trailing_newline=True,
        trim_blocks=True, lstrip_blocks=True, autoescape=select_autoescape(enabled_extensions=("html.jinja",)),
    )  # fmt: skip
    environment.filters |= {"f": _figure, "ends": ends, "name": _name, "cell": _cell}
    return environment


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def ends(interval: Sequence[float] | None) -> str:
    """The two ends; a dash would be taken for the sign of a negative one.

    >>> ends((0.8, 0.9)), ends((-0.1, 0.02)), ends(None)
    ('0.800–0.900', '-0.100 to +0.020', '–')
    """
    if interval is None:
        return "–"
    if min(interval) < 0:
        return f"{interval[0]:+.3f} to {interval[1]:+.3f}"
    return f"{interval[0]:.3f}–{interval[1]:.3f}"


def _cell(text: str) -> str:
    """A text that stays in one cell of a Markdown table and is no mark-up there."""
    return " ".join(text.split()).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("`", "'")


def _name(label: str) -> str:
    """A label, event type, or `type.role` in both languages; anything else as it is.

    >>> _name("DATE"), _name("meeting.host"), _name("all")
    ('时间 date', '会议 meeting · 主持 host', 'all')
    """
    kind, dot, role = label.partition(".")
    try:
        if dot:
            return f"{event_name(kind)} · {role_name(role)}"
        return label_name(label) if label in SPAN_LABELS or label.startswith(TRIGGER_PREFIX) else event_name(label)
    except KeyError:
        return label
