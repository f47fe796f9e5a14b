"""What our HTML consists of, for the tests that look at it."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import NamedTuple

TAGS = frozenset(
    "div p pre span style table thead tbody tr th td details summary progress svg g path circle rect title wbr".split()
)
ATTRIBUTES = frozenset("class style title max value width height viewbox role aria-label d cx cy r x y".split())


class Element(NamedTuple):
    """One start tag; ``text`` is what stands in it before the next tag."""

    tag: str
    attributes: dict[str, str]
    text: str


class Markup(HTMLParser):
    """All elements, in order; anything that our HTML never holds is an error."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS, tag
        assert {name for name, _ in attrs} <= ATTRIBUTES, attrs
        self.elements.append(Element(tag, {name: value or "" for name, value in attrs}, ""))
        if tag != "wbr":  # it has no end
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.elements:
            last = self.elements[-1]
            self.elements[-1] = last._replace(text=last.text + data)

    def of(self, tag: str, css: str = "") -> list[Element]:
        """Return the elements of a tag, of a class where one is given."""
        return [
            element
            for element in self.elements
            if element.tag == tag and (not css or css in element.attributes.get("class", "").split())
        ]
