"""What stands between the shell and variables that are still to come (``%ens restore --lazy``).

Everything that reads the namespace goes through here while something is awaited: cells, silent ones too, expressions
that a front end asks for, completion, inspection. IPython is left exactly as it was once everything is there.
"""

from __future__ import annotations

import ast
import asyncio
import re
from collections.abc import Callable
from typing import Any

from IPython.core.error import InputRejected

from ensession.session.awaiting import Awaited

Prepare = Callable[[str], str | None]
Fetch = Callable[[str], None]

_LEADS_ON = re.compile(r"(?<![\w.])([^\W\d]\w*)\s*[.\[(]")
_PAUSE_S = 0.05
"""Between two loads while nothing runs, so that a cell that came meanwhile goes first."""


class CellRefused(InputRejected):
    """A cell does not run, since what it may use can't be brought in."""

    def _render_traceback_(self) -> list[str]:
        """Show one sentence; there is nothing in the user's code to point at."""
        return [str(self)]


class Gate:
    """Lets cells pass once what they may use is there.

    Parameters
    ----------
    shell : InteractiveShell
    awaited : callable
        Returns what the session awaits; None without a session.
    prepare : callable
        Brings in what some code may use; returns why it must not run, if so.
    fetch : callable
        Brings in what an expression may use that is only looked at, as far as that works.
    """

    def __init__(self, shell: Any, awaited: Callable[[], Awaited | None], prepare: Prepare, fetch: Fetch) -> None:
        self._shell = shell
        self._awaited = awaited
        self._prepare = prepare
        self._fetch = fetch
        self._verdict: str | None = None
        self._is_judged = False
        self._n_running = 0
        self._is_shut = False

    def shut(self) -> None:
        """Begin to watch; called by a cell that runs."""
        if self._is_shut:
            return
        self._is_shut = True
        self._n_running = 1
        self._shell.ast_transformers.insert(0, self)
        completer = self._shell.Completer
        completer.custom_matchers.append(self._offer)
        completer.completions, completer.complete = self._completions, self._complete
        self._shell.events.register("pre_execute", self._something_begins)
        self._shell.events.register("post_execute", self._something_ended)
        self._shell.object_inspect_mime, self._shell.object_inspect = self._inspect, self._inspect_by_parts
        self._shell.user_expressions = self._evaluate

    def open(self) -> None:
        """Leave the shell as it was."""
        if not self._is_shut:
            return
        self._is_shut = False
        self._shell.ast_transformers.remove(self)
        completer = self._shell.Completer
        completer.custom_matchers.remove(self._offer)
        del completer.completions, completer.complete
        self._shell.events.unregister("pre_execute", self._something_begins)
        self._shell.events.unregister("post_execute", self._something_ended)
        del self._shell.object_inspect_mime, self._shell.object_inspect
        del self._shell.user_expressions

    def judge(self, verdict: str | None) -> None:
        """Take note of what is to become of the cell that is about to run: None lets it pass."""
        self._is_judged, self._verdict = True, verdict

    def settle(self) -> bool:
        """Take note that a cell ended; say whether it was refused."""
        was_refused = self._verdict is not None
        self._is_judged, self._verdict = False, None
        return was_refused

    def visit(self, node: ast.AST) -> ast.AST:
        """Let a cell pass, or refuse it (IPython's protocol for transformers of a cell's syntax tree).

        Raises
        ------
        CellRefused
        """
        awaited = self._awaited()
        if awaited is None or awaited.is_bringing:  # a cell of the past runs again
            return node
        verdict = self._verdict if self._is_judged else self._prepare(ast.unparse(node))  # else a silent one
        self._is_judged = False
        if verdict is not None:
            raise CellRefused(f"ensession: the cell did not run: {verdict}")
        return node

    def _something_begins(self) -> None:
        self._n_running += 1

    def _something_ended(self) -> None:
        self._n_running = max(0, self._n_running - 1)
        self._come_back()

    def _come_back(self) -> None:
        """Look again soon, where there is a loop that runs while no cell does."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # a terminal: the rest comes on demand
            return
        loop.call_later(_PAUSE_S, self._use_the_pause)

    def _use_the_pause(self) -> None:
        """Bring in a little while nothing runs; in the thread that runs cells, since unpickling runs code."""
        awaited = self._awaited()
        if awaited is None or not self._is_shut or self._n_running:
            return
        if awaited.bring_a_quick_one():
            self._come_back()
        if not awaited.names():
            self.open()

    def _offer(self, text: str) -> list[str]:
        """Complete the names themselves, as one of the completer's matchers."""
        awaited = self._awaited()
        return [] if awaited is None else [name for name in awaited.names() if name.startswith(text)]

    def _completions(self, text: str, offset: int) -> Any:
        """Bring in what is about to be looked into: before any matcher, since jedi's comes first in an old IPython."""
        self._fetch_looked_into(text[:offset].rpartition("\n")[2])
        completer = self._shell.Completer
        return type(completer).completions(completer, text, offset)

    def _complete(self, text: Any = None, line_buffer: Any = None, cursor_pos: Any = None) -> Any:
        """Do the same for those who complete without types."""
        self._fetch_looked_into((line_buffer or text or "")[:cursor_pos])
        completer = self._shell.Completer
        return type(completer).complete(completer, text, line_buffer, cursor_pos)

    def _fetch_looked_into(self, line: str) -> None:
        awaited = self._awaited()
        if awaited is None:
            return
        for name in _LEADS_ON.findall(line):
            if name in awaited.names():
                self._fetch(name)

    def _inspect(self, oname: str, *args: Any, **kwargs: Any) -> Any:
        self._fetch(oname)
        return type(self._shell).object_inspect_mime(self._shell, oname, *args, **kwargs)

    def _inspect_by_parts(self, oname: str, *args: Any, **kwargs: Any) -> Any:
        """Colab's kernel asks in this way first."""
        self._fetch(oname)
        return type(self._shell).object_inspect(self._shell, oname, *args, **kwargs)

    def _evaluate(self, expressions: Any) -> Any:
        for expression in expressions.values():
            self._fetch(str(expression))
        return type(self._shell).user_expressions(self._shell, expressions)
