"""Beautiful Soup's documents come back as one tree with the elements that others hold, however large it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ensession.capture.covariables import link
from ensession.capture.grouping import links_of
from ensession.serial.look import look
from tests.serial.worlds import World, reloaded

bs4 = pytest.importorskip("bs4")

PAGE = """<!DOCTYPE html><html><head><title>T</title><meta charset="latin-1"><style>p {}</style></head>
<body class="a b"><!-- said --><div id="one"><p>keep <b>this</b></p><p class="ad">ad</p><br/></div>
<script>let x = 1;</script><pre>  x
  y</pre><p>open<p>again<![CDATA[x]]></body></html>"""
LINKS = ("parent", "previous_element", "next_element", "previous_sibling", "next_sibling")


def soup(markup: str = PAGE, parser: str = "html.parser", **words: Any) -> Any:
    return bs4.BeautifulSoup(markup, parser, **words)


def form(root: Any) -> list[Any]:
    """Return all that there is to the elements of a tree, and where each leads to."""
    elements = [root, *(root.descendants if isinstance(root, bs4.Tag) else ())]
    places = {id(one): place for place, one in enumerate(elements)}
    found = []
    for one in elements:
        own = {name: value for name, value in vars(one).items() if name not in (*LINKS, "contents", "builder")}
        kept = {name: value for name, value in own.items() if not isinstance(value, bs4.PageElement)}
        links = [None if vars(one)[name] is None else places.get(id(vars(one)[name]), "?") for name in LINKS]
        inside = [places[id(each)] for each in getattr(one, "contents", [])] if isinstance(one, bs4.Tag) else str(one)
        found.append((type(one), links, inside, {name: str(value) for name, value in kept.items()}))
    return found


def back_again(**values: Any) -> Any:
    return reloaded(values, World())[0]


def a_tag(made: Any) -> Any:
    return made.new_tag("i", string="new")


CHANGES: dict[str, Callable[[Any], object]] = {
    "none": lambda made: None,
    "extracted": lambda made: made.p.extract(),
    "the last one extracted": lambda made: made.find_all("p")[-1].extract(),
    "decomposed": lambda made: made.div.decompose(),
    "inserted": lambda made: made.div.insert(1, a_tag(made)),
    "appended": lambda made: made.div.append("text"),
    "wrapped": lambda made: made.p.wrap(a_tag(made)),
    "unwrapped": lambda made: made.div.unwrap(),
    "replaced": lambda made: made.b.replace_with("these", a_tag(made)),
    "a text set": lambda made: setattr(made.p, "string", "other"),
    "smoothed": lambda made: (made.p.append("a"), made.p.append("b"), made.smooth()),
    "cleared": lambda made: made.body.clear(),
    "an attribute": lambda made: made.p.attrs.update(score=3, none=None),
    "moved": lambda made: made.body.insert(0, made.pre),
    "a copy": lambda made: made.div.append(made.p.__copy__()),
}


@pytest.mark.parametrize("parser", ["html.parser", "lxml", "html5lib", "lxml-xml"])
@pytest.mark.parametrize("change", CHANGES)
def test_a_document_comes_back_with_all_its_links(change: str, parser: str) -> None:
    if parser != "html.parser":
        pytest.importorskip(parser.partition("-")[0])
    made = soup(parser=parser)
    try:
        CHANGES[change](made)
    except AttributeError:
        pytest.skip("this parser makes no such element")
    before, world = form(made), World()
    first = world.fingerprint({"made": made})
    assert first == world.fingerprint({"made": made}) is not None
    found, other = reloaded({"made": made}, world)
    assert form(found["made"]) == before == form(made)
    assert other.fingerprint({"made": found["made"]}) == first
    assert str(found["made"]) == str(made)
    assert str(found["made"].new_tag("br")) == str(made.new_tag("br"))


def test_tags_that_others_hold_are_parts_of_the_document() -> None:
    made = soup('<div><p>keep</p><p class="ad">ad</p></div>')
    found = back_again(ads=made.select(".ad"), text=made.p.string, soup=made)
    assert found["text"] is found["soup"].p.string
    for one in found["ads"]:
        one.decompose()
    assert found["soup"].get_text() == "keep"


def test_lists_and_dictionaries_of_tags_are_theirs() -> None:
    made = soup()
    found = back_again(attributes=made.div.attrs, contents=made.div.contents, soup=made, words=made.body["class"])
    div = found["soup"].div
    assert found["attributes"] is div.attrs
    assert found["contents"] is div.contents
    assert found["words"] is found["soup"].body["class"]
    assert [one.parent for one in found["contents"]] == [div] * 3


def test_large_documents_are_stored() -> None:
    made, world = soup("<p>x</p>" * 3000), World()
    seen = look({"made": made}, world.scope)
    assert seen.unstorable is None
    assert world.fingerprint({"made": made}) == seen.fingerprint
    found, _ = reloaded({"made": made, "last": made.find_all("p")[-1]}, world)
    assert form(found["made"]) == form(made)
    assert found["last"] is found["made"].contents[-1]
    deep = soup("<i>" * 400)
    assert form(back_again(made=deep)["made"]) == form(deep)


@pytest.mark.parametrize("take", [lambda made: made.div.extract(), lambda made: made.b.string.extract()])
def test_what_was_taken_out_comes_back_alone(take: Callable[[Any], Any]) -> None:
    made = soup()
    taken = take(made)
    found = back_again(taken=taken, soup=made)
    assert form(found["taken"]) == form(taken)
    assert form(found["soup"]) == form(made)


def test_what_was_decomposed_comes_back_so() -> None:
    made = soup()
    gone = made.div
    gone.decompose()
    found = back_again(gone=gone)["gone"]
    assert found.decomposed
    assert vars(found) == vars(gone)


def test_attributes_that_a_session_gave_elements_come_back() -> None:
    made = soup()
    made.p.other, made.b.string.score = made.div, 3
    found = back_again(soup=made)["soup"]
    assert (found.p.other, found.b.string.score) == (found.div, 3)
    assert found.p.other is found.div


def test_what_the_library_keeps_for_all_documents_is_no_copy() -> None:
    made = soup()
    found = back_again(soup=made)["soup"]
    for one, other in ((made, found), (made.p, found.p), (made.builder, found.builder)):
        assert one.cdata_list_attributes is other.cdata_list_attributes
        assert one.preserve_whitespace_tags is other.preserve_whitespace_tags
    plain = back_again(soup=soup('<p class="a b">', multi_valued_attributes=None))["soup"]
    assert plain.p["class"] == "a b"
    assert plain.builder.cdata_list_attributes is None


@pytest.mark.parametrize(
    ("other", "is_linked"),
    [
        (lambda made: made.b, True),
        (lambda made: made.b.string, True),
        (lambda made: made.find_all("p"), True),
        (lambda made: made.p.attrs, True),
        (lambda made: made.body.contents, True),
        (lambda made: soup(), False),
        (lambda made: made.div.extract(), False),
        (lambda made: made.get_text(), False),
    ],
)
def test_what_is_linked_with_a_document(other: Callable[[Any], Any], is_linked: bool) -> None:
    made, scope = soup(), World().scope
    part = other(made)
    looks = [look({"v": value}, scope) for value in (made, part)]
    assert (link(links_of(looks), [None, None]) == [[0, 1]]) == is_linked


CLASSES = """
import bs4
class Mine(bs4.Tag):
    rank = 1
class Own(bs4.Tag):
    def __getstate__(self):
        return {"mine": 3}
"""


def test_tags_of_a_class_of_the_session() -> None:
    world = World(CLASSES)
    made = soup(element_classes={bs4.Tag: world.live["Mine"]})
    found = reloaded({"soup": made}, world, {"Mine": world.live["Mine"]})[0]["soup"]
    assert form(found) == form(made)
    assert type(found.p) is world.live["Mine"]


def test_a_class_of_the_session_keeps_its_own_way() -> None:
    world = World(CLASSES)
    made = world.live["Own"](name="own")
    found = reloaded({"tag": made}, world, {"Own": world.live["Own"]})[0]["tag"]
    assert dict(vars(found)) == {"mine": 3}
