"""The plots of a report as SVG that takes its text colour from the page; needs matplotlib (extra `eval`)."""

import io
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from yaowen.schema import TRIGGER_PREFIX

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK: Final = "#010203"  # becomes the page's text colour
ACCENT: Final = "#c2564b"
SOFT: Final = "#7f8b99"
WIDTH: Final = 7.2  # inches at 72 points
FONTS: Final = "system-ui, -apple-system, 'PingFang SC', 'Noto Sans CJK SC', sans-serif"


def plots(report: Mapping[str, Any]) -> dict[str, str]:
    """Every plot that the report has figures for, by name."""
    made = {"labels": _labels(report["measures"]["spans"]["labels"])} if "spans" in report["measures"] else {}
    made["confusion"] = _confusion(report["confusion"])
    curves = {name: part for name, part in report["calibration"].items() if part}
    if curves:
        made["calibration"] = _reliability(curves)
    if len(report["lengths"]) > 1:
        made["lengths"] = _lengths(report["lengths"])
    if report.get("robustness"):
        made["forms"] = _forms(report["robustness"])
    return made


def _draw(name: str, height: float, draw: "Callable[[Axes], None]", width: float = WIDTH) -> str:
    """One plot. Text stays text, so that it can be searched; ids are told apart by the plot's name."""
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    settings: Any = {
        "svg.fonttype": "none", "svg.hashsalt": name, "font.size": 9.5, "axes.edgecolor": INK, "text.color": INK,
        "axes.labelcolor": INK, "xtick.color": INK, "ytick.color": INK, "axes.spines.top": False,
        "axes.spines.right": False, "axes.axisbelow": True, "axes.grid": False, "grid.color": SOFT, "grid.alpha": 0.3,
    }  # fmt: skip
    out = io.StringIO()
    with matplotlib.rc_context(settings):
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasSVG(figure)
        draw(figure.add_subplot())
        figure.savefig(out, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    svg = out.getvalue()
    svg = svg[svg.index("<svg") :].replace(INK, "currentColor")
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r"font: ([\d.]+px) [^;\"]*", rf"font: \1 {FONTS}", svg)
    svg = re.sub(r'(id=|href=|url\()(["#]*)', rf"\1\2{name}-", svg)
    return re.sub(r'^<svg [^>]*viewBox="([^"]*)"[^>]*>', rf'<svg role="img" aria-label="{name}" viewBox="\1">', svg)


def _whiskers(
    ax: "Axes", values: Sequence[float], places: Sequence[float], intervals: Sequence[Sequence[float] | None], across: bool
) -> None:
    """The intervals of bars that lie across or stand; a bar that has none gets none."""
    known = [(v, p, *ends) for v, p, ends in zip(values, places, intervals, strict=True) if ends]
    if known:
        tops, middles, lows, highs = zip(*known, strict=True)
        reach = [
            [max(0.0, v - low) for v, low in zip(tops, lows, strict=True)],
            [max(0.0, high - v) for v, high in zip(tops, highs, strict=True)],
        ]
        x, y = (tops, middles) if across else (middles, tops)
        error_x, error_y = (reach, None) if across else (None, reach)
        ax.errorbar(x, y, xerr=error_x, yerr=error_y, fmt="none", ecolor=INK, elinewidth=1, capsize=2)


def _bars(ax: "Axes", rows: Sequence[tuple[str, float, Sequence[float] | None]]) -> None:
    """Horizontal bars from the top, each with its interval, where it has one, and figure."""
    places = range(len(rows))
    values = [value for _, value, _ in rows]
    ax.barh(places, values, height=0.62, color=ACCENT, alpha=0.75)
    _whiskers(ax, values, places, [interval for *_, interval in rows], across=True)
    for place, (_, value, interval) in zip(places, rows, strict=True):
        ax.text(min(max(value, *(interval or [value])) + 0.015, 1.02), place, f"{value:.3f}", va="center", fontsize=8.5)
    ax.set_yticks(places, [name for name, _, _ in rows])
    ax.set_xlim(0, 1.1)
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.set_xticks([0, 0.25, 0.5, 0.75, 1])
    ax.grid(axis="x")
    ax.tick_params(length=0)


def _labels(labels: Mapping[str, Any]) -> str:
    rows = [(f"{_short(name)} ({part['gold']:g})", part["f1"], part["interval"]) for name, part in labels.items()]
    return _draw("labels", 0.8 + 0.27 * len(rows), lambda ax: _bars(ax, rows))


def _short(label: str) -> str:
    return label.removeprefix(TRIGGER_PREFIX).lower() + ("" if not label.startswith(TRIGGER_PREFIX) else " ▸")


def _forms(forms: Mapping[str, Any]) -> str:
    rows = [(name, part["f1"], part["interval"]) for name, part in forms.items()]
    return _draw("forms", 0.8 + 0.3 * len(rows), lambda ax: _bars(ax, rows))


def _lengths(classes: Sequence[Mapping[str, Any]]) -> str:
    names = [f"{c['from']}–{c['below'] or ''}\n({c['documents']})" for c in classes]
    kinds = [kind for kind in ("spans", "arguments") if kind in classes[0]]

    def draw(ax: "Axes") -> None:
        for number, kind in enumerate(kinds):
            places = [i + (number - (len(kinds) - 1) / 2) * 0.36 for i in range(len(classes))]
            values = [c[kind]["f1"] for c in classes]
            ax.bar(places, values, width=0.32, color=(ACCENT, SOFT)[number], alpha=0.8, label=kind)
            _whiskers(ax, values, places, [c[kind]["interval"] for c in classes], across=False)
        ax.set_xticks(range(len(classes)), names)
        ax.set_xlabel("characters (documents)")
        ax.set_ylim(0, 1.05)
        ax.set_ylabel("F1")
        ax.grid(axis="y")
        ax.legend(frameon=False, loc="lower right", bbox_to_anchor=(1, 1), ncols=len(kinds))

    return _draw("lengths", 3.2, draw)


def _reliability(curves: Mapping[str, Any]) -> str:
    def draw(ax: "Axes") -> None:
        ax.plot([0, 1], [0, 1], color=SOFT, linestyle="--", linewidth=1)
        for color, (name, part) in zip((ACCENT, SOFT), curves.items(), strict=False):
            points = part["curve"]
            sizes = [8 + 220 * p["answers"] / part["answers"] for p in points]
            xs, ys = [p["score"] for p in points], [p["right"] for p in points]
            ax.plot(xs, ys, color=color, linewidth=1.4, label=f"{name}, ECE {part['ece']:.3f}")
            ax.scatter(xs, ys, sizes, color=color, alpha=0.55)
        ax.set_xlim(0, 1.02)
        ax.set_ylim(0, 1.02)
        ax.set_xlabel("score")
        ax.set_ylabel("share that is right")
        ax.grid()
        ax.legend(frameon=False, loc="upper left")

    return _draw("calibration", 4.4, draw, width=5.2)


def _confusion(confusion: Mapping[str, Any]) -> str:
    """Each row is a gold label; shades are shares of the row, figures are counts."""
    from matplotlib.patches import Rectangle

    labels, rows = confusion["labels"], confusion["rows"]
    names = [_short(label) for label in labels]
    size = len(labels)

    def draw(ax: "Axes") -> None:
        shares = [[count / max(1, sum(row)) for count in row] for row in rows]
        for y, row in enumerate(shares):  # rectangles: an image would be a picture in the picture
            for x, share in enumerate(row):
                if share:
                    ax.add_patch(
                        Rectangle((x - 0.5, y - 0.5), 1, 1, color=SOFT if x == y else ACCENT, alpha=share**0.5, lw=0)
                    )
        ax.set_xlim(-0.5, size - 0.5)
        ax.set_ylim(size - 0.5, -0.5)
        for y, row in enumerate(rows):
            for x, count in enumerate(row):
                if count:
                    ax.text(x, y, str(count), ha="center", va="center", fontsize=7 if size > 12 else 9)
        ax.set_xticks(range(size), names, rotation=60, ha="right", rotation_mode="anchor")
        ax.set_yticks(range(size), names)
        ax.set_xlabel("found as")
        ax.set_ylabel("gold")
        ax.tick_params(length=0)
        for side in ax.spines.values():
            side.set_visible(False)

    return _draw("confusion", 1.6 + 0.3 * size, draw)
