"""Functions and classes, compared by their source. Pure."""

from __future__ import annotations

import ast
import inspect
import linecache
import types
import warnings
from typing import Any

from ensession.diff.text import text_diff
from ensession.model import ValueDiff


def diff_definitions(before: Any, after: Any) -> ValueDiff:
    """Compare two functions or two classes by source; where that is not at hand, by what was compiled from it."""
    left, right = source_of(before), source_of(after)
    if left is None or right is None:
        return _compiled(before, after)
    if left != right:
        return ValueDiff(False, "source changed", text_diff(left, right))
    if isinstance(before, types.FunctionType) and isinstance(after, types.FunctionType):
        return _bound(before, after)
    return ValueDiff(True, "equal source")


def source_of(definition: Any) -> str | None:
    """Return the source of a function or class of the session, None where it is not at hand."""
    code = _code_of(definition)
    if code is None:
        return None
    lines = linecache.getlines(code.co_filename)
    if not lines:
        return None
    if isinstance(definition, types.FunctionType):
        try:
            return inspect.getsource(code).rstrip()
        except (OSError, TypeError, SyntaxError):
            return None
    return _class_source("".join(lines), definition.__qualname__)


def _code_of(definition: Any) -> types.CodeType | None:
    if isinstance(definition, types.FunctionType):
        return definition.__code__
    for value in vars(definition).values():
        inner = getattr(value, "__func__", getattr(value, "fget", value))
        if isinstance(inner, types.FunctionType) and inner.__module__ == definition.__module__:
            return inner.__code__
    return None


def _class_source(text: str, qualname: str) -> str | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            body: list[ast.stmt] = ast.parse(text).body
    except (SyntaxError, ValueError):
        return None
    found: ast.ClassDef | None = None
    for name in qualname.split("."):
        inner = [node for node in body if isinstance(node, ast.ClassDef) and node.name == name]
        if not inner:
            return None
        found = inner[-1]
        body = found.body
    return None if found is None else ast.get_source_segment(text, found)


def _compiled(before: Any, after: Any) -> ValueDiff:
    left, right = _code_of(before), _code_of(after)
    if left is None or right is None:
        return ValueDiff(None, "their source is not at hand")
    if isinstance(before, type):
        return ValueDiff(None, "the source of the class is not at hand")
    if (left.co_code, left.co_names, left.co_varnames) != (right.co_code, right.co_names, right.co_varnames):
        return ValueDiff(False, "code changed; its source is not at hand")
    return _bound(before, after)


def _bound(before: types.FunctionType, after: types.FunctionType) -> ValueDiff:
    """Compare what belongs to a function besides its code."""
    for what in ("__defaults__", "__kwdefaults__", "__dict__"):
        if repr(getattr(before, what)) != repr(getattr(after, what)):
            return ValueDiff(False, f"equal source, other {what.strip('_')}")
    return ValueDiff(True, "equal source")
