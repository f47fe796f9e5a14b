"""The flow of names through expressions: which reads may see a value from before the cell.

Pure, like its siblings. The state at a point of the code is the set of names whose old value is gone for certain,
because every way there has bound or deleted them; None where no way leads. It only ever grows along a way: a deleted
name can't show its old value again. Names of class bodies carry a prefix with a dot, which no identifier has.
"""
# The visit methods are the protocol of ast.NodeVisitor; there is nothing to say of each.
# ruff: noqa: D102

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import cast

from ensession.capture.bytecode import (
    DYNAMIC_ATTRIBUTES,
    DYNAMIC_NAMES,
    FRAME_NAMES,
    TEXT_READERS,
    CodeNames,
    analyse_nested,
    identifiers,
    names_in_text,
)
from ensession.capture.magics import MagicCall, magic_of_call

State = frozenset[str] | None
_DYNAMIC = DYNAMIC_NAMES | FRAME_NAMES
_MENTIONED = frozenset({"get_ipython", "__builtins__"})
_COMPUTED_TEXT = frozenset({"query", "eval", "sql"})
"""Readers of text whose argument, where it is computed, could name any variable."""


def join(one: State, other: State) -> State:
    """Return what is certain where two ways meet."""
    if one is None or other is None:
        return other if one is None else one
    return one & other


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a name that stands in the code belongs.

    Attributes
    ----------
    class_name : str or None
        Innermost class, for names such as ``__private``.
    prefix : str
        Of the names that the running class body binds; empty at module level.
    declared : frozenset[str]
        Names that the class body declares global.
    unsure : frozenset[str]
        Names that the class body may delete again, so that a read of them may find the global one.
    hidden : frozenset[str]
        Names of comprehensions around this point.
    """

    class_name: str | None = None
    prefix: str = ""
    declared: frozenset[str] = frozenset()
    unsure: frozenset[str] = frozenset()
    hidden: frozenset[str] = frozenset()

    def mangle(self, name: str) -> str:
        """Return the name as the compiler spells it inside a class."""
        stem = (self.class_name or "").lstrip("_")
        if stem and name.startswith("__") and not name.endswith("__") and "." not in name:
            return f"_{stem}{name}"
        return name


class ExpressionFlow(ast.NodeVisitor):
    """Walks expressions in the order in which Python evaluates them."""

    def __init__(self, transform: Callable[[str], str]) -> None:
        self.transform = transform
        self.state: State = frozenset()
        self.scope = Scope()
        self.exposed: dict[str, frozenset[str]] = {}
        self.loads: set[str] = set()
        self.stores: set[str] = set()
        self.deletes: set[str] = set()
        self.attributes: set[str] = set()
        self.imports: set[str] = set()
        self.set_attributes: set[tuple[str, ...]] = set()
        self.system: list[str] = []
        self.dynamic: str | None = None
        self.has_await = False

    # names

    def note(self, reason: str | None) -> None:
        """Remember the first reason why the cell may touch everything."""
        self.dynamic = self.dynamic or reason

    def expose(self, name: str) -> None:
        """Count a use of a global name that happens here at the earliest."""
        if self.state is None or name in self.state:
            return
        assigned = frozenset(known for known in self.state if "." not in known)
        self.exposed[name] = assigned & self.exposed.get(name, assigned)

    def read(self, name: str) -> None:
        """Read a name that stands in the code."""
        name = self.scope.mangle(name)
        if name in self.scope.hidden or self._is_bound_by_class(name):
            return
        if name in _DYNAMIC and name not in (self.state or ()):
            self.note(f"uses {name}" if name in _MENTIONED else f"calls {name}")
        self.read_global(name)

    def read_global(self, name: str) -> None:
        """Read a global name, whatever the code around it binds."""
        self.loads.add(name)
        self.expose(name)

    def bind(self, name: str) -> None:
        """Bind a name that stands in the code."""
        name = self.scope.mangle(name)
        if name in self.scope.hidden:
            return
        if not self._belongs_to_class(name):
            self.stores.add(name)
            self._settle(name)
        elif name not in self.scope.unsure:
            self._settle(self.scope.prefix + name)

    def unbind(self, name: str) -> None:
        """Delete a name that stands in the code: it has to be there, so this is a use, too."""
        name = self.scope.mangle(name)
        if not self._belongs_to_class(name):
            self.expose(name)
            self.deletes.add(name)
            self._settle(name)

    def _settle(self, name: str) -> None:
        if self.state is not None:
            self.state |= {name}

    def _belongs_to_class(self, name: str) -> bool:
        return bool(self.scope.prefix) and name not in self.scope.declared

    def _is_bound_by_class(self, name: str) -> bool:
        return self._belongs_to_class(name) and self.scope.prefix + name in (self.state or ())

    # sequences and branches

    def visit_all(self, nodes: Iterable[ast.AST | None]) -> None:
        """Walk the nodes one after the other."""
        for node in nodes:
            if node is not None:
                self.visit(node)

    def visit_perhaps(self, nodes: Iterable[ast.AST | None]) -> None:
        """Walk nodes that may be skipped from any of them on."""
        before = self.state
        self.visit_all(nodes)
        self.state = join(before, self.state)

    def deferred(self, node: ast.stmt | ast.expr) -> None:
        """Take in what a function reads and binds whenever it is called; at the earliest, that is now.

        The state only grows, so counting all its reads here is the safe side.
        """
        statement = node if isinstance(node, ast.stmt) else ast.Expr(node)
        if self.scope.class_name:
            statement = _class_around(statement, self.scope.class_name)
        module = ast.fix_missing_locations(ast.Module([statement], type_ignores=[]))
        flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        try:
            code = compile(module, "<cell>", "exec", flags=flags, dont_inherit=True)
        except (SyntaxError, ValueError):
            return  # IPython compiles statement by statement: this one will not run
        names = analyse_nested(code)
        for name in names.loads - self.scope.hidden:
            self.read_global(name)
        self.take_in(names)

    def take_in(self, names: CodeNames) -> None:
        """Count what compiled code does, its reads aside."""
        self.stores |= names.stores
        self.deletes |= names.deletes
        self.attributes |= names.attributes
        self.imports |= names.imports
        self.note(names.dynamic)

    # expressions whose fields are not in the order of evaluation, or not all evaluated

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            self.read(node.id)
        elif isinstance(node.ctx, ast.Store):
            self.bind(node.id)
        else:
            self.unbind(node.id)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self.visit_all([node.value, node.target])

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        self.visit(node.values[0])
        self.visit_perhaps(node.values[1:])

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self.visit(node.test)
        after_test = self.state
        self.visit(node.body)
        after_body, self.state = self.state, after_test
        self.visit(node.orelse)
        self.state = join(after_body, self.state)

    def visit_Compare(self, node: ast.Compare) -> None:
        if _is_main_check(node):
            return
        self.visit_all([node.left, node.comparators[0]])
        self.visit_perhaps(node.comparators[1:])

    def visit_Dict(self, node: ast.Dict) -> None:
        for key, value in zip(node.keys, node.values, strict=True):
            self.visit_all([key, value])

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self.visit_all([*node.args.defaults, *node.args.kw_defaults])
        self.deferred(node)

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> None:
        self.visit(node.generators[0].iter)
        self.deferred(node)

    def visit_ListComp(self, node: ast.ListComp) -> None:
        self._comprehension(node.generators, [node.elt])

    def visit_SetComp(self, node: ast.SetComp) -> None:
        self._comprehension(node.generators, [node.elt])

    def visit_DictComp(self, node: ast.DictComp) -> None:
        self._comprehension(node.generators, [node.key, node.value])

    def _comprehension(self, generators: list[ast.comprehension], elements: list[ast.expr]) -> None:
        self.visit(generators[0].iter)
        before, outer = self.state, self.scope
        names = (node for generator in generators for node in ast.walk(generator.target) if isinstance(node, ast.Name))
        targets = {outer.mangle(node.id) for node in names if isinstance(node.ctx, ast.Store)}
        self.scope = replace(outer, prefix="", hidden=outer.hidden | targets)
        for position, generator in enumerate(generators):
            self.has_await |= bool(generator.is_async)
            self.visit_all([generator.iter if position else None, generator.target, *generator.ifs])
        self.visit_all(elements)
        self.state, self.scope = before, outer  # it may not have gone round once

    def visit_Await(self, node: ast.Await) -> None:
        self.has_await = True
        self.visit(node.value)

    # ways to the namespace that are not names

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self.attributes.add(node.attr)
        path = dotted(node)
        if path and not isinstance(node.ctx, ast.Load):
            self.set_attributes.add(path)
        if node.attr in DYNAMIC_ATTRIBUTES:
            self.note(f"uses {node.attr}")
        self.visit(node.value)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        if isinstance(node.value, ast.Attribute) and node.value.attr == "modules" and _mentions(node.slice, "__name__"):
            self.note("mentions __main__")
        self.visit_all([node.value, node.slice])

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str):
            if "__main__" in node.value:
                self.note("mentions __main__")
            self._read_text(names_in_text(node.value))

    def visit_Call(self, node: ast.Call) -> None:
        magic = magic_of_call(node)
        if magic is not None:
            self.apply_magic(magic)
            return
        self._read_text_arguments(node)
        if isinstance(node.func, ast.Name) and node.func.id == "vars" and node.args:
            self.read_global("vars")  # of an object, not of the session
        else:
            self.visit(node.func)
        self.visit_all([*node.args, *node.keywords])

    def _read_text_arguments(self, node: ast.Call) -> None:
        function = callee(node)
        arguments = node.args[:1] or [keyword.value for keyword in node.keywords[:1]]
        if function not in TEXT_READERS or not arguments:
            return
        parts = [n.value for n in ast.walk(arguments[0]) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
        for text in parts:
            self._read_text(identifiers(text))
        computed = not parts or any(text.rstrip().endswith("@") for text in parts)
        if computed and function in _COMPUTED_TEXT and not isinstance(arguments[0], ast.Constant):
            self.note(f"passes a computed text to {function}")

    def _read_text(self, names: set[str]) -> None:
        for name in names:
            self.read_global(name)

    # magics

    def apply_magic(self, magic: MagicCall) -> None:
        """Take in a use of a magic: its Python runs at module level and may end early without stopping the cell."""
        raise NotImplementedError


def dotted(node: ast.expr) -> tuple[str, ...]:
    """Return the parts of ``a.b.c``; nothing where it does not begin with a name."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return (node.id, *reversed(parts)) if isinstance(node, ast.Name) else ()


def callee(node: ast.expr) -> str:
    """Return the last part of the name of the function that a call calls, or nothing."""
    function = node.func if isinstance(node, ast.Call) else node
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _class_around(statement: ast.stmt, name: str) -> ast.stmt:
    module = ast.parse(f"class {name}: pass")
    shell = cast(ast.ClassDef, module.body[0])
    shell.body = [statement]
    return shell


def _is_main_check(node: ast.Compare) -> bool:
    operands: Sequence[ast.expr] = [node.left, *node.comparators]
    texts = {operand.value for operand in operands if isinstance(operand, ast.Constant)}
    names = {operand.id for operand in operands if isinstance(operand, ast.Name)}
    return "__main__" in texts and names == {"__name__"}


def _mentions(node: ast.AST, name: str) -> bool:
    return any(isinstance(child, ast.Name) and child.id == name for child in ast.walk(node))
