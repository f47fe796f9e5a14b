"""A real JupyterLab that shows a notebook in a real Chromium, driven cell by cell."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium")
DRIVER = shutil.which("chromedriver")
START_S = 120
CELL_S = 120
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1000,1600",
)
THEMES = ("JupyterLab Light", "JupyterLab Dark")
# A virtual notebook draws what is on the screen only; a test looks at all of it.
SETTINGS = {
    "@jupyterlab/notebook-extension/tracker.jupyterlab-settings": {"windowingMode": "none"},
    "@jupyterlab/apputils-extension/notification.jupyterlab-settings": {"fetchNews": "false", "checkForUpdates": False},
}
_IS_READY = """
const session = window.jupyterapp?.shell.currentWidget?.sessionContext?.session;
return session?.kernel?.status === 'idle' && !!document.querySelector('.jp-Notebook .jp-Cell');
"""
_RUN = """
const [index, done] = arguments;
const panel = window.jupyterapp.shell.currentWidget;
panel.content.deselectAll();
panel.content.activeCellIndex = index;
const run = window.jupyterapp.commands.execute('notebook:run-cell');
if (done) run.then(() => done('ok'), error => done(String(error)));
"""
_THEME = """
const done = arguments[1];
window.jupyterapp.commands.execute('apputils:change-theme', {theme: arguments[0]}).then(() => done(''), done);
"""
_STATUS = "return window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.status"


class Page:
    """A notebook in a browser.

    Parameters
    ----------
    browser : selenium.webdriver.Chrome
    cells : Mapping[str, str]
        The code of each cell, by a name for it.
    """

    def __init__(self, browser: Any, cells: Mapping[str, str]) -> None:
        self.browser = browser
        self._cells = list(cells)

    def run(self, *names: str) -> None:
        """Run cells and wait for each."""
        for name in names:
            assert self.browser.execute_async_script(_RUN, self._cells.index(name)) == "ok"

    def begin(self, name: str) -> None:
        """Run a cell and don't wait."""
        self.browser.execute_script(_RUN, self._cells.index(name), None)

    def wait(self, condition: Callable[[], Any]) -> Any:
        """Wait until something holds; return it."""
        from selenium.webdriver.support.ui import WebDriverWait

        return WebDriverWait(self.browser, CELL_S, poll_frequency=0.1).until(lambda _: condition())

    def is_idle(self) -> bool:
        """Whether the kernel waits for a cell."""
        return bool(self.browser.execute_script(_STATUS) == "idle")

    def ask(self, script: str, name: str, *more: Any) -> Any:
        """Return what a script says; in it, ``cell`` is the element of a cell, ``output`` that of its outputs."""
        head = (
            "const cell = document.querySelectorAll('.jp-Notebook .jp-Cell')[arguments[0]];"
            "const output = cell.querySelector('.jp-Cell-outputArea');"
        )
        return self.browser.execute_script(head + script, self._cells.index(name), *more)

    def text(self, name: str) -> str:
        """Return the text below a cell, as it is seen."""
        return str(self.ask("return output.innerText", name))

    def theme(self, name: str) -> None:
        """Change the colours of the front end, and wait until they are there."""
        self.browser.execute_async_script(_THEME, name)
        light = str(name.endswith("Light")).lower()
        self.wait(lambda: self.browser.execute_script("return document.body.dataset.jpThemeLight") == light)
        self.wait(lambda: self.browser.execute_script("return !document.querySelector('.jp-mod-searching')"))

    def picture(self, folder: Path, name: str, label: str) -> None:
        """Save what a cell and its outputs look like."""
        folder.mkdir(parents=True, exist_ok=True)
        cell = self.browser.find_elements("css selector", ".jp-Notebook .jp-Cell")[self._cells.index(name)]
        self.browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", cell)
        cell.screenshot(str(folder / f"{name}-{label}.png"))


@contextmanager
def serve(folder: Path, cells: Mapping[str, str]) -> Iterator[str]:
    """Serve a notebook with some cells, called ``seen.ipynb``; yield its address."""
    work, home = folder / "work", folder / "home"
    work.mkdir()
    _write_settings(home / "settings")
    (work / "seen.ipynb").write_text(json.dumps(_notebook(cells)))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = (
        f"--port={port}",
        "--ServerApp.ip=127.0.0.1",
        "--ServerApp.port_retries=0",
        "--IdentityProvider.token=",
        f"--ServerApp.root_dir={work}",
        f"--LabApp.user_settings_dir={home / 'settings'}",
        "--LabApp.expose_app_in_browser=True",
    )
    own = {name: str(home / name) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")}
    program = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", *options]
    with (home / "lab.log").open("wb") as log:
        env = {**os.environ, "HOME": str(home), "IPYTHONDIR": str(home / "ipython"), **own}
        server = subprocess.Popen(program, cwd=work, env=env, stdout=log, stderr=subprocess.STDOUT)
    try:
        _wait_for(f"http://127.0.0.1:{port}/api", server, home / "lab.log")
        yield f"http://127.0.0.1:{port}/lab/tree/seen.ipynb?reset"
    finally:
        server.terminate()
        server.wait(30)


@contextmanager
def show(folder: Path, address: str, cells: Mapping[str, str]) -> Iterator[Page]:
    """Open a notebook in a browser, ready to run."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    for flag in (*FLAGS, f"--user-data-dir={folder / 'profile'}"):
        options.add_argument(flag)
    browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    try:
        browser.set_script_timeout(CELL_S)
        browser.get(address)
        page = Page(browser, cells)
        page.wait(lambda: browser.execute_script(_IS_READY))
        yield page
    finally:
        browser.quit()


def _notebook(cells: Mapping[str, str]) -> dict[str, Any]:
    made = [
        {"cell_type": "code", "id": name, "metadata": {}, "outputs": [], "execution_count": None, "source": code}
        for name, code in cells.items()
    ]
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    return {"cells": made, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}


def _write_settings(folder: Path) -> None:
    for name, values in SETTINGS.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values))


def _wait_for(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_S
    while True:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            if server.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"JupyterLab did not start:\n{log.read_text(errors='replace')}")
            time.sleep(0.2)
