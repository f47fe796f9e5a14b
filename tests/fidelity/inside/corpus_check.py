"""Runs in a plain process, without ensession: is each kind of a family what it says?

Reads kinds as JSON from standard input and writes JSON: ``wrong``, one line for a modification that changes nothing
which is compared, a use that changes something, a comparison that can't be evaluated; and ``changed``, for each kind
and each of its modifications, what follows ``obj`` in the names of the variables that became others.
"""

from __future__ import annotations

import json
import os
import sys

from corpus_form import form

OWN = "k1"


def main():
    report = os.fdopen(os.dup(1), "w")  # what a kind prints is no part of it
    os.dup2(2, 1)
    wrong, changed = [], []
    for library in json.load(sys.stdin):
        _run(library["imports"])
        for kind in library["kinds"]:
            wrong += [f"{library['name']}, {kind['name']}: {problem}" for problem in _problems(kind)]
            changed.append(_changed(kind))
    json.dump({"wrong": wrong, "changed": changed}, report)
    report.close()


def _problems(kind):
    try:
        first = _form_after(kind, [])
        if _form_after(kind, []) == first != _form_after(kind, [kind["use"]]):
            yield f"using it changes it: {kind['use']}"
        forms = [first]
        for number, code in enumerate(kind["modify"]):
            forms.append(_form_after(kind, kind["modify"][: number + 1]))
            if forms[-1] == forms[-2]:
                yield f"nothing that is compared changes: {code} ({forms[-1]})"
    except Exception as error:  # noqa: BLE001  (whatever is wrong with it)
        yield f"{type(error).__name__}: {error}"


def _form_after(kind, steps):
    for code in (kind["make"], *steps):
        _run(code)
    return form(eval(kind["same"], vars(sys.modules["__main__"])))


def _changed(kind):
    """Return, by modification, which variables of a kind have another form after it than before."""
    try:
        _run(kind["make"])
        _run(kind["use"])
        found, before = [], _forms()
        for code in kind["modify"]:
            _run(code)
            after = _forms()
            found.append(sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name)))
            before = after
    except Exception:  # noqa: BLE001  (it is among what is wrong)
        return [[] for _ in kind["modify"]]
    return found


def _forms():
    live = dict(vars(sys.modules["__main__"]))
    return {n.removeprefix(OWN): form(value) for n, value in live.items() if n == OWN or n.startswith(f"{OWN}_")}


def _run(code):
    exec(compile(code, "<corpus>", "exec"), vars(sys.modules["__main__"]))


main()
