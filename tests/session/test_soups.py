"""Documents of Beautiful Soup, and tags that other variables hold, through a notebook's life."""

from __future__ import annotations

import pytest

from ensession.model import Fate
from tests.notebook import Notebook

pytest.importorskip("bs4")
MAKE = """soup = BeautifulSoup('<div><p>keep</p><p class="ad">ad</p></div>', 'html.parser')"""


def test_a_tag_and_its_document_are_changed_together(notebook: Notebook) -> None:
    notebook.run("from bs4 import BeautifulSoup", MAKE, "ads = soup.select('.ad')", "first = soup.p", "x = 1")
    notebook.run("first['id'] = 'one'")
    assert notebook.changed() == {"ads", "first", "soup"}
    notebook.run("len(ads), str(soup)")
    assert notebook.changed() == set()
    again = notebook.reborn()
    report = again.restore()
    assert {one.fate for one in report.variables} == {Fate.LOADED}
    again.run("assert soup.p is first and soup.p['id'] == 'one'")
    again.run("[one.decompose() for one in ads]", "assert soup.get_text() == 'keep'")
    again.kill()


def test_large_documents_are_stored(notebook: Notebook) -> None:
    notebook.run("from bs4 import BeautifulSoup", "soup = BeautifulSoup('<p>x</p>' * 3000, 'html.parser')", "soup.p")
    assert notebook.changed() == set()
    graph = notebook.session.graph()
    assert graph.versions[graph.state["soup"]].unstorable is None
