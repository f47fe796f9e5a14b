"""Runs in a plain process, without ensession: is each kind of a family what it says?

Reads kinds as JSON from standard input and prints what is wrong, one line each: a modification that changes
nothing which is compared, a use that changes something, a comparison that can't be evaluated.
"""

from __future__ import annotations

import json
import sys

from corpus_form import form


def main():
    for library in json.load(sys.stdin):
        _run(library["imports"])
        for kind in library["kinds"]:
            for problem in _problems(kind):
                print(f"{library['name']}, {kind['name']}: {problem}")


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


def _run(code):
    exec(compile(code, "<corpus>", "exec"), vars(sys.modules["__main__"]))


main()
