"""Beautiful Soup: the elements of a document come back as one tree, each in its place.

What plain pickle does: a document is written as markup, and parsed again when it is loaded, so that the tags that
variables hold are no part of it any more; and each element leads to the next one, too deep for documents of real size.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ensession.serial.constructible import NEW_OBJECT, WAYS, has_slots
from ensession.serial.kinds import key_of
from ensession.serial.rebuild import mark
from ensession.serial.registry import Registry, module_of

_LINKS = ("parent", "previous_element", "next_element", "previous_sibling", "next_sibling")
_OF_LIBRARY = ("cdata_list_attributes", "preserve_whitespace_tags", "interesting_string_types")
"""Attributes of tags that most often are a constant of the library."""
_OF_BUILDER = (
    *_OF_LIBRARY,
    "empty_element_tags",
    "string_containers",
    "store_line_numbers",
    "attribute_dict_class",
    "attribute_value_list_class",
)
"""What a builder was told; the rest of it are the means of its parser."""
_GONE = object()

Place = tuple["_Tree", int]


def tree(kinds: Sequence[Any], texts: Sequence[str | None]) -> list[Any]:
    """Make the elements of a tree, in the order of the document, without any attributes."""
    pairs = zip(kinds, texts, strict=True)
    return [object.__new__(kind) if text is None else str.__new__(kind, text) for kind, text in pairs]


def element(elements: Sequence[Any], place: int) -> Any:
    """Return an element of a tree."""
    return elements[place]


def set_tree(elements: Sequence[Any], state: Sequence[Any]) -> None:
    """Give elements their attributes, and lead each to its neighbours.

    Parameters
    ----------
    elements : sequence of PageElement
    state : sequence
        The root; for each element the place of its parent (-1: none), and its attributes; and by the places of those
        whose neighbours are others than their places say, these.
    """
    _, parents, attributes, others = state
    for place, links in enumerate(_links(elements, parents)):
        own = vars(elements[place])
        own.update(others[place] if place in others else zip(_LINKS, links, strict=True))
        own.update((sys.intern(name), value) for name, value in attributes[place].items())  # as attributes' names are


def set_items(target: Any, items: Mapping[Any, Any]) -> None:
    """Give a tag's dictionary items past what its class makes of being given one."""
    dict.update(target, items)


def builder(kind: Any) -> Any:
    """Make a builder whose parser can't be stored."""
    return kind()


def _links(elements: Sequence[Any], parents: Sequence[int]) -> Iterator[tuple[Any, ...]]:
    """Iterate over what each element leads to, in the order of :data:`_LINKS`, where a tree is as it should be."""
    before: list[Any] = [None] * len(elements)
    after: list[Any] = [None] * len(elements)
    latest: dict[int, int] = {}
    for place, parent in enumerate(parents):
        if parent in latest:
            before[place], after[latest[parent]] = elements[latest[parent]], elements[place]
        latest[parent] = place
    above = (None if parent < 0 else elements[parent] for parent in parents)
    return zip(above, [None, *elements[:-1]], [*elements[1:], None], before, after, strict=True)


class _Tree:
    """The elements of a tree, in the order of the document: each of them is reduced to its place among them."""

    def __init__(self, root: Any) -> None:
        self.elements: list[Any] = []
        self.parents: list[int] = []
        self.is_sound = self._grows_from(root) and all(map(_is_plain, set(map(type, self.elements))))

    def _grows_from(self, root: Any) -> bool:
        """Take up all elements; whether they are a tree, which is left to plain pickle otherwise."""
        of_tree, seen = sys.modules["bs4.element"].PageElement, set()
        waiting = [(root, -1)]
        while waiting:
            one, parent = waiting.pop()
            key = key_of(one)
            if key in seen or not issubclass(type(one), of_tree):
                return False
            seen.add(key)
            contents = vars(one).get("contents", [])
            if type(contents) is not list:
                return False
            waiting += [(child, len(self.elements)) for child in reversed(contents)]
            self.elements.append(one)
            self.parents.append(parent)
        return True

    def __reduce__(self) -> Any:
        """Reduce it to the classes and texts of its elements, and their attributes: they may lead to elements again."""
        known: dict[str, str] = {}
        kinds = list(map(type, self.elements))
        texts = [str.__str__(one) if issubclass(type(one), str) else None for one in self.elements]
        same = [None if text is None else known.setdefault(text, text) for text in texts]
        attributes, others = [], {}
        for place, links in enumerate(_links(self.elements, self.parents)):
            own = dict(vars(self.elements[place]))
            found = [own.pop(name, _GONE) for name in _LINKS]
            if any(one is not link for one, link in zip(found, links, strict=True)):
                others[place] = {name: one for name, one in zip(_LINKS, found, strict=True) if one is not _GONE}
            attributes.append(_with_names(own, _OF_LIBRARY))
        return tree, (kinds, same), (self.elements[0], self.parents, attributes, others), None, None, set_tree


def _is_plain(kind: Any) -> bool:
    """Whether objects of a class are their attributes, and their text, and no more."""
    own = [vars(base) for base in kind.__mro__ if module_of(base).partition(".")[0] not in ("bs4", "builtins")]
    return not any(name in known for known in own for name in WAYS) and not has_slots(kind, "builtins")


def _reduce_element(notes: dict[Any, Any], one: Any) -> Any:
    """Reduce an element to its place in its tree."""
    places: dict[int, Place] = notes.setdefault(__name__, {})
    if key_of(one) not in places:
        grown = _Tree(_root_of(one))
        places.update((key_of(each), (grown, place)) for place, each in enumerate(grown.elements))
    found = places.get(key_of(one))  # the root of some does not know of them
    return NotImplemented if found is None or not found[0].is_sound else (element, found)


def _root_of(one: Any) -> Any:
    seen: set[int] = set()
    while key_of(one) not in seen:
        seen.add(key_of(one))
        above = vars(one).get("parent")  # asked for what it has not, a tag looks for a tag of that name
        if not issubclass(type(above), sys.modules["bs4.element"].PageElement):
            break
        one = above
    return one


def _reduce_attributes(attributes: Any) -> Any:
    """Reduce a tag's dictionary, where it holds what its class would make something else of."""
    if vars(attributes) or all(issubclass(type(value), str | list) for value in dict.values(attributes)):
        return NotImplemented
    return NEW_OBJECT, (type(attributes),), dict(attributes), None, None, set_items


def _reduce_builder(one: Any) -> Any:
    """Reduce what made a document, and makes new tags for it: what the library keeps for all of them by name."""
    kind = type(one)
    if module_of(kind).partition(".")[0] != "bs4":
        return NotImplemented
    if one.picklable:
        return NEW_OBJECT, (kind,), _with_names(dict(vars(one)), _OF_BUILDER)
    told = {name: value for name, value in vars(one).items() if name in _OF_BUILDER}
    return builder, (kind,), _with_names(told, _OF_BUILDER)


class _Constant:
    """Stands for a constant of the library in the attributes of others."""

    def __init__(self, value: Any, kind: Any, name: str) -> None:
        self.value = value
        self._place = kind, name

    def __reduce__(self) -> Any:
        return getattr, self._place


def _with_names(attributes: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Name constants among attributes."""
    known = _constants()
    for name in names:
        found = known.get(key_of(attributes.get(name)))
        if found is not None:
            attributes[name] = found
    return attributes


@functools.cache
def _constants() -> Mapping[int, _Constant]:
    """Return what the library's classes keep for all of their kind, by key."""
    kinds = [sys.modules["bs4.element"].Tag]
    for module in [one for name, one in sys.modules.items() if name.startswith("bs4.builder")]:
        kinds += [one for one in vars(module).values() if isinstance(one, type) and one.__module__ == module.__name__]
    listed = [(value, kind, name) for kind in kinds for name, value in vars(kind).items() if name.isupper()]
    return {key_of(value): _Constant(value, *place) for value, *place in listed if isinstance(value, dict | set | list)}


@functools.cache
def _by_id() -> Mapping[int, Any]:
    values = [one.value for one in _constants().values()]
    inside = [part for value in values if isinstance(value, dict) for part in value.values()]
    return {id(one): one for one in (*values, *inside) if isinstance(one, dict | set | list)}


def register(registry: Registry) -> None:
    """Register elements, and what makes them."""
    elements = sys.modules["bs4.element"]
    registry.register_parts(elements.PageElement, _reduce_element)
    if hasattr(elements, "AttributeDict"):
        registry.register_line(elements.AttributeDict, _reduce_attributes)
    registry.register_line(sys.modules["bs4.builder"].TreeBuilder, _reduce_builder)
    registry.register_immutable(_Constant)
    registry.register_constants(_by_id)


mark(__name__)
