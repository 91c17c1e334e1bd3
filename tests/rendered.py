"""What a terminal and a browser make of a view: the columns of a line, the elements and marks of a page."""

import unicodedata
from html.parser import HTMLParser


def width_of(line: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)


class Page(HTMLParser):
    """What a browser would find in a page: elements with attributes, the text of the article."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.paragraphs: list[str] = []
        self.marks: dict[str, str] = {}
        self._mark: str | None = None
        self._inside = False
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        attributes = {name: value or "" for name, value in attrs}
        self.elements.append((tag, attributes))
        if tag == "article":
            self._inside = True
        elif tag == "p" and self._inside:
            self.paragraphs.append("")
        elif tag == "mark":
            self._mark = attributes["data-at"]
            self.marks[self._mark] = ""

    def handle_endtag(self, tag):
        if tag == "article":
            self._inside = False
        if tag == "mark":
            self._mark = None

    def handle_data(self, data):
        if self._inside and self.paragraphs:
            self.paragraphs[-1] += data
        if self._mark:
            self.marks[self._mark] += data

    def all(self, tag: str, name: str = "") -> list[dict[str, str]]:
        return [attributes for found, attributes in self.elements if found == tag and name in attributes.get("class", "")]
