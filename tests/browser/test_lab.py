"""What %ens shows, seen in a real JupyterLab in a real Chromium, light and dark."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.kit import CHROMIUM, DRIVER, THEMES, Page, serve, show

pytest.importorskip("selenium", reason="selenium is not installed: make test-browser brings it")
pytest.importorskip("jupyterlab", reason="JupyterLab is not installed: make test-browser brings it")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None or DRIVER is None, reason="there is no chromium with chromedriver here"),
]

WORK = {
    "start": "%load_ext ensession\n%ens start",
    "data": "import random\nimport numpy as np\nimport pandas as pd\ndata = [random.gauss(20, 2) for _ in range(9999)]",
    "frame": "readings_of_the_first_week = pd.DataFrame({'temperature': data[:500], 'station': ['n', 's'] * 250})",
    "function": "def alarms(limit):\n    return [x for x in data if x > limit]",
    "high": "high = alarms(25)\nopened = iter(high)",
    "tag": "%ens tag before-the-mistake",
    "mistake": "try:\n    share = len(high) / len(missing)\nexcept NameError as error:\n    what = str(error)",
    "undo": "%ens undo 2",
    "again": "spread = np.std(data)\nreadings_of_the_first_week.loc[3:5, 'temperature'] = 0.0",
    "slow": "import time\ntime.sleep(2.5)\nlines = (str(x) for x in alarms(24))",
}
LOOKS = {
    "log": "%ens log",
    "graph": "%ens log --graph",
    "vars": "%ens vars",
    "plan": "%ens plan",
    "diff": "%ens diff before-the-mistake --deep",
    "status": "%ens status",
    "config": "%ens config",
}
RESTORE = {"restore": "%ens restore", "checkout": "%ens checkout before-the-mistake"}
CELLS = {**WORK, **LOOKS, **RESTORE}
SHOWN = (*LOOKS, "restore")
PICTURES = os.environ.get("ENSESSION_PICTURES")
"""A folder for pictures of everything that the tests look at."""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """Return the notebook, run up to the restore."""
    folder = tmp_path_factory.mktemp("lab")
    with serve(folder, CELLS) as address, show(folder, address, CELLS) as shown:
        shown.run(*WORK, *LOOKS)
        yield shown
        if PICTURES is not None:
            for theme in THEMES:
                shown.theme(theme)
                for name in ("start", "tag", "undo", *SHOWN, "checkout"):
                    shown.picture(Path(PICTURES), name, theme.split()[-1].lower())


def test_the_notebook_s_name_is_the_store_s(page: Page) -> None:
    assert "Recording into seen.ens" in page.text("start")


ELEMENTS = {
    "log": "table.ens",
    "graph": "svg.ens-graph",
    "vars": "table.ens",
    "plan": "svg.ens-plan",
    "diff": "table.ens",
    "status": "table.ens",
    "config": "table.ens",
}


@pytest.mark.parametrize(("name", "css"), ELEMENTS.items(), ids=ELEMENTS)
def test_what_a_command_shows_is_there_and_has_a_size(page: Page, name: str, css: str) -> None:
    boxes = page.ask(
        "return [...output.querySelectorAll(arguments[1])].map(one => one.getBoundingClientRect().toJSON())", name, css
    )
    assert boxes
    assert all(box["width"] > 10 and box["height"] > 10 for box in boxes)
    assert page.ask("return output.querySelectorAll('script').length", name) == 0
    assert (
        page.ask("return output.querySelectorAll('[data-mime-type=\"application/vnd.jupyter.stderr\"]').length", name)
        == 0
    )


HOVER = """
const found = [...output.querySelectorAll('svg title')].map(title => title.textContent);
return [found, [...output.querySelectorAll('.ens-row')].map(row => row.title)];
"""


def test_hovering_shows_the_code_of_a_node_and_of_its_row(page: Page) -> None:
    for places in page.ask(HOVER, "graph"):
        assert any(CELLS["function"] in title for title in places)
    nodes, rows = page.ask(HOVER, "plan")
    assert any(CELLS["slow"] in title for title in nodes)
    assert any(CELLS["slow"] in title for title in rows)


UNDER = """
const shape = output.querySelectorAll('svg.ens-graph g .ens-hit')[0];
shape.scrollIntoView({block: 'center'});
const box = shape.getBoundingClientRect();
const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
return top.closest('g')?.querySelector('title')?.textContent ?? top.outerHTML;
"""


def test_nothing_lies_over_a_node(page: Page) -> None:
    assert page.ask(UNDER, "graph").startswith("Execution 1,")


# What ends in an ellipsis is meant to: all of it shows on hovering.
CUT = """
const found = [];
for (const one of output.querySelectorAll('.ensession *')) {
    if (one.closest('svg, style') || one.closest('.ens-cut, .ens-code')?.closest('[title]')) continue;
    const style = getComputedStyle(one);
    if (style.overflowX === 'hidden' && one.scrollWidth > one.clientWidth + 1) found.push(one.outerHTML);
}
for (const one of output.querySelectorAll('.ensession')) {
    if (one.scrollWidth > one.clientWidth + 1) found.push(`wider than the notebook: ${one.scrollWidth}`);
}
return found;
"""
# A word that is broken in the middle stands on two lines.
BROKEN = """
const found = [], walker = document.createTreeWalker(output, NodeFilter.SHOW_TEXT);
for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (!node.parentElement.closest('.ensession') || node.parentElement.closest('style, title')) continue;
    for (const match of node.data.matchAll(/[^\\s.,/_-]{2,40}/g)) {
        const range = document.createRange();
        range.setStart(node, match.index);
        range.setEnd(node, match.index + match[0].length);
        const tops = new Set([...range.getClientRects()].filter(box => box.width > 0).map(box => Math.round(box.top)));
        if (tops.size > 1) found.push(match[0]);
    }
}
return found;
"""


@pytest.mark.parametrize("name", LOOKS)
def test_no_text_is_cut_or_broken(page: Page, name: str) -> None:
    assert page.ask(CUT, name) == []
    assert page.ask(BROKEN, name) == []


def test_a_long_restore_shows_how_far_it_is_and_then_accounts_for_everything(page: Page) -> None:
    page.begin("restore")
    bar = page.wait(
        lambda: page.ask("return output.querySelector('progress')?.getBoundingClientRect().width", "restore")
    )
    assert bar > 50
    page.wait(page.is_idle)
    assert page.ask("return output.querySelectorAll('progress').length", "restore") == 0
    text = page.text("restore")
    assert "Restored state" in text
    assert "loaded" in text
    assert page.ask(CUT, "restore") == page.ask(BROKEN, "restore") == []
    page.run("checkout")
    assert "before-the-mistake" in page.text("checkout") or "as they were" in page.text("checkout")


CONTRASTS = """
function light(color) {
    const [r, g, b] = color.map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function parse(text) {
    const canvas = new OffscreenCanvas(1, 1).getContext('2d');
    canvas.fillStyle = text;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
}
function ground(element) {
    for (let one = element; one; one = one.parentElement) {
        const color = parse(getComputedStyle(one).backgroundColor);
        if (color[3] === 255) return color.slice(0, 3);
    }
    return [255, 255, 255];
}
const found = {}, walker = document.createTreeWalker(output, NodeFilter.SHOW_TEXT);
for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!node.data.trim() || !element.closest('.ensession') || element.closest('style, svg')) continue;
    const style = getComputedStyle(element);
    const [a, b] = [light(parse(style.color).slice(0, 3)), light(ground(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < arguments[1]) found[element.className || element.tagName] = [node.data.trim().slice(0, 30), ratio];
}
return found;
"""
LEGIBLE = 4.5
"""The contrast that WCAG 2 (1.4.3, level AA) asks of text."""


@pytest.mark.parametrize("theme", THEMES)
def test_text_is_legible(page: Page, theme: str) -> None:
    page.theme(theme)
    faint: dict[str, Any] = {name: page.ask(CONTRASTS, name, LEGIBLE) for name in SHOWN}
    assert {name: found for name, found in faint.items() if found} == {}


def test_the_browser_has_nothing_to_complain_of(page: Page) -> None:
    log = page.browser.get_log("browser")
    assert [entry["message"] for entry in log if entry["level"] == "SEVERE"] == []
