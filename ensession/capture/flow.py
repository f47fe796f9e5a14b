"""The flow of names through statements; see :mod:`ensession.capture.expressions` for the terms.

Pure, like its siblings.
"""
# The visit methods are the protocol of ast.NodeVisitor; there is nothing to say of each.
# ruff: noqa: D102

from __future__ import annotations

import ast
from typing import cast

from ensession.capture.bytecode import analyse_nested, dynamic_import
from ensession.capture.expressions import ExpressionFlow, Scope, State, callee, join
from ensession.capture.magics import MagicCall

_NEVER_SWALLOWS = frozenset(
    {
        *("open", "closing", "nullcontext", "chdir", "redirect_stdout", "redirect_stderr", "TemporaryDirectory"),
        *("NamedTemporaryFile", "TemporaryFile", "ZipFile", "urlopen", "Pool", "ThreadPoolExecutor"),
        *("ProcessPoolExecutor", "catch_warnings", "localcontext", "errstate", "printoptions", "option_context"),
        *("ExcelWriter", "HDFStore", "rc_context", "no_grad", "inference_mode", "enable_grad", "tqdm"),
    }
)
"""Context managers known by these names let exceptions through: their body runs to its end, or the cell ends."""


class StatementFlow(ExpressionFlow):
    """Walks the statements of a cell."""

    _breaks: list[State] | None = None
    _n_classes = 0

    def visit_Expr(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant):
            self.visit(node.value)

    def visit_Assign(self, node: ast.Assign) -> None:
        self.visit_all([node.value, *node.targets])

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name):
            self.read(node.target.id)
            self.visit_all([node.value, node.target])
        else:
            self.visit_all([node.target, node.value])

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self.visit_all([node.value, node.annotation])
        if node.value is not None or not isinstance(node.target, ast.Name):
            self.visit(node.target)

    def visit_Assert(self, node: ast.Assert) -> None:
        self.visit(node.test)
        self.visit_perhaps([node.msg])

    def visit_Raise(self, node: ast.Raise) -> None:
        self.visit_all([node.exc, node.cause])
        self.state = None

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self.note(dynamic_import(alias.name))
            self.imports.add(alias.name.partition(".")[0])
            self.bind(alias.asname or alias.name.partition(".")[0])

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        module = "." * node.level + (node.module or "")
        self.imports.add(module.partition(".")[0])
        self.note(dynamic_import(module, [(alias.name, alias.asname) for alias in node.names]))
        for alias in node.names:
            if alias.name != "*":
                self.bind(alias.asname or alias.name)

    # branches

    def visit_If(self, node: ast.If) -> None:
        self.visit(node.test)
        after_test = self.state
        self.visit_all(node.body)
        after_body, self.state = self.state, after_test
        self.visit_all(node.orelse)
        self.state = join(after_body, self.state)

    def visit_Match(self, node: ast.Match) -> None:
        self.visit(node.subject)
        entry, after = self.state, None
        for case in node.cases:
            self.state = entry
            self._pattern(case.pattern)
            self.visit_all([case.guard, *case.body])
            after = join(after, self.state)
        last = node.cases[-1]
        catches_all = isinstance(last.pattern, ast.MatchAs) and last.pattern.pattern is None and last.guard is None
        self.state = after if catches_all else join(after, entry)

    def _pattern(self, pattern: ast.pattern) -> None:
        """Read all values of the pattern, then bind its captures: they are bound when all of it has matched."""
        captures = []
        for part in ast.walk(pattern):
            if isinstance(part, ast.MatchValue):
                self.visit(part.value)
            elif isinstance(part, ast.MatchClass):
                self.visit(part.cls)
            elif isinstance(part, ast.MatchMapping):
                self.visit_all(part.keys)
                captures.append(part.rest)
            elif isinstance(part, ast.MatchAs | ast.MatchStar):
                captures.append(part.name)
        for name in captures:
            if name:
                self.bind(name)

    # loops

    def visit_While(self, node: ast.While) -> None:
        self.visit(node.test)
        forever = isinstance(node.test, ast.Constant) and bool(node.test.value)
        self._loop(node, None if forever else self.state)

    def visit_For(self, node: ast.For) -> None:
        self._for(node)

    def visit_AsyncFor(self, node: ast.AsyncFor) -> None:
        self.has_await = True
        self._for(node)

    def _for(self, node: ast.For | ast.AsyncFor) -> None:
        self.visit(node.iter)
        at_end = self.state
        self.visit(node.target)
        self._loop(node, at_end)

    def _loop(self, node: ast.While | ast.For | ast.AsyncFor, at_end: State) -> None:
        """Walk the body from here; `at_end` is the state when the loop ends by itself."""
        outer, self._breaks = self._breaks, []
        self.visit_all(node.body)
        breaks, self._breaks = self._breaks, outer
        self.state = at_end
        self.visit_all(node.orelse)
        for state in breaks:
            self.state = join(self.state, state)

    def visit_Break(self, node: ast.Break) -> None:
        if self._breaks is not None:
            self._breaks.append(self.state)
        self.state = None

    def visit_Continue(self, node: ast.Continue) -> None:
        self.state = None

    # code that may stop in the middle

    def visit_With(self, node: ast.With) -> None:
        self._with(node)

    def visit_AsyncWith(self, node: ast.AsyncWith) -> None:
        self.has_await = True
        self._with(node)

    def _with(self, node: ast.With | ast.AsyncWith) -> None:
        swallowed: State = None
        for item in node.items:
            self.visit(item.context_expr)
            if swallowed is None and callee(item.context_expr) not in _NEVER_SWALLOWS:
                swallowed = self.state
            self.visit_all([item.optional_vars])
        self.visit_all(node.body)
        self.state = join(self.state, swallowed)

    def visit_Try(self, node: ast.Try) -> None:
        self._try(node)

    def visit_TryStar(self, node: ast.TryStar) -> None:
        self._try(node)

    def _try(self, node: ast.Try | ast.TryStar) -> None:
        before = self.state
        self.visit_all(node.body)
        self.visit_all(node.orelse)
        after = self.state
        for handler in node.handlers:
            self.state = before
            self._handler(handler)
            after = join(after, self.state)
        self.state = after
        if node.finalbody:
            self._finally(node.finalbody, before)

    def _handler(self, handler: ast.ExceptHandler) -> None:
        self.visit_all([handler.type])
        if handler.name:
            self.bind(handler.name)
        self.visit_all(handler.body)
        if handler.name:  # Python deletes it
            self.unbind(handler.name)

    def _finally(self, body: list[ast.stmt], entry: State) -> None:
        after = self.state
        self.state = entry
        self.visit_all(body)
        self.state = None if self.state is None or after is None else self.state | after

    # definitions

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._function(node)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        arguments = node.args
        self.visit_all([*node.decorator_list, *arguments.defaults, *arguments.kw_defaults])
        named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
        self.visit_all([*(argument.annotation for argument in named if argument), node.returns])
        self.deferred(node)
        self.bind(node.name)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        type_parameters: list[ast.AST] = getattr(node, "type_params", [])  # from Python 3.12 on
        self.visit_all([*node.decorator_list, *type_parameters, *node.bases, *node.keywords])
        outer = self.scope
        self._n_classes += 1
        self.scope = Scope(node.name, f"{self._n_classes}.", *class_body_names(node), outer.hidden)
        self.visit_all(node.body)
        prefix, self.scope = self.scope.prefix, outer
        if self.state is not None:
            self.state = frozenset(name for name in self.state if not name.startswith(prefix))
        self.bind(node.name)

    # magics

    def apply_magic(self, magic: MagicCall) -> None:
        outer, self.scope = self.scope, Scope(hidden=self.scope.hidden)
        self.note(magic.dynamic)
        for expression in magic.expressions:
            self._expression(expression)
        for name in magic.loads:
            self.read_global(name)
        if magic.python:
            self._python(magic.python)
        if magic.timed:
            self._timed(*magic.timed)
        if magic.system:
            self.system.append(magic.system)
        self.stores |= magic.stores
        self.scope = outer

    def _expression(self, text: str) -> None:
        try:
            tree = ast.parse(text.strip(), mode="eval")
        except (SyntaxError, ValueError):
            return  # IPython leaves such a line alone
        before = self.state
        self.visit(tree.body)
        self.state = before

    def _python(self, source: str) -> None:
        try:
            body = ast.parse(self.transform(source)).body
        except (SyntaxError, ValueError):
            self.note("runs Python that cannot be read")
            return
        before, breaks, self._breaks = self.state, self._breaks, None
        self.visit_all(body)
        self.state, self._breaks = before, breaks

    def _timed(self, setup: str, body: str) -> None:
        """Take in ``%timeit``: setup and body are one function, run at once."""
        try:
            statements = [*ast.parse(self.transform(setup)).body, *ast.parse(self.transform(body)).body]
            module = ast.parse("def timed(): pass")
            function = cast(ast.FunctionDef, module.body[0])
            function.body = statements or function.body
            names = analyse_nested(compile(ast.fix_missing_locations(module), "<cell>", "exec", dont_inherit=True))
        except (SyntaxError, ValueError):
            self.note("runs Python that cannot be read")
            return
        for name in names.loads:
            self.read_global(name)
        self.take_in(names)


def class_body_names(class_: ast.ClassDef) -> tuple[frozenset[str], frozenset[str]]:
    """Return the names that a class body declares global, and those that it may delete again."""
    declared: set[str] = set()
    deleted: set[str] = set()
    waiting: list[ast.AST] = list(class_.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Global):
            declared.update(node.names)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Del):
            deleted.add(node.id)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            deleted.add(node.name)
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            waiting.extend(ast.iter_child_nodes(node))
    mangle = Scope(class_.name).mangle
    return frozenset(map(mangle, declared)), frozenset(map(mangle, deleted))
