"""What makes the touch set "everything", names in strings, and compiled functions."""

from __future__ import annotations

from types import CodeType

import pytest

from ensession.capture.names import CodeNames, analyse_cell, analyse_code

DYNAMIC = {
    "exec('x')": "calls exec",
    "f = eval": "calls eval",
    "compile(s, '', 'exec')": "calls compile",
    "globals()['x'] = 1": "calls globals",
    "locals()": "calls locals",
    "vars()": "calls vars",
    "v = vars": "calls vars",
    "ip = get_ipython()": "uses get_ipython",
    "get_ipython().user_ns['x'] = 1": "uses user_ns",
    "import __main__": "imports __main__",
    "from __main__ import x": "imports __main__",
    "from m import *": "imports * from m",
    "from IPython import get_ipython as g": "imports get_ipython",
    "from builtins import exec as e": "imports exec",
    "sys.modules['__main__'].x = 1": "mentions __main__",
    "sys.modules[__name__].x = 1": "mentions __main__",
    "__import__('__main__')": "mentions __main__",
    "sys._getframe().f_globals": "uses f_globals",
    "f.__globals__['x'] = 1": "uses __globals__",
    "__builtins__.exec('x')": "uses __builtins__",
    "breakpoint()": "calls breakpoint",
    "import pdb\npdb.set_trace()": "uses set_trace",
    "df.query(text)": "passes a computed text to query",
    "df.eval('a > @' + name)": "passes a computed text to eval",
    "dill.load_session('f')": "uses load_session",
}


@pytest.mark.parametrize(("source", "reason"), DYNAMIC.items())
def test_dynamic_cells(source: str, reason: str) -> None:
    assert analyse_cell(source, str).dynamic == reason


@pytest.mark.parametrize("body", ["exec('x')", "globals()", "get_ipython()", "import __main__", "f.__globals__"])
def test_dynamic_inside_a_function(body: str) -> None:
    assert analyse_cell(f"def f():\n    {body}", str).dynamic
    assert analyse_cell(f"class A:\n    def f(self):\n        return lambda: [1 for i in x]\n    {body}", str).dynamic


@pytest.mark.parametrize(
    "source",
    [
        "vars(x)",
        "re.compile('x')",
        "app.exec()",
        "model.eval()",
        "def f():\n    return locals(), vars()",
        "if __name__ == '__main__':\n    main()",
        "from IPython import get_ipython",
        "def compile():\n    pass\ncompile()",
        "df.query(f'a > {x}')",
        "obj.__dict__",
        "'''Run this as __main__.'''",
    ],
)
def test_not_dynamic(source: str) -> None:
    assert analyse_cell(source, str).dynamic is None


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("df.query('a > @limit')", "limit"),
        ("df.query(f'a > @limit and b > {x}')", "limit"),
        ("text = 'a > @limit'", "limit"),
        ("pd.eval('one + limit')", "limit"),
        ("duckdb.sql('SELECT * FROM limit WHERE x')", "limit"),
        ("smf.ols('y ~ limit(x)', data=df)", "limit"),
        ("def f(df):\n    return df.query('a > @limit')", "limit"),
        ("def f(df):\n    return duckdb.sql('from limit')", "limit"),
    ],
)
def test_names_in_strings_that_libraries_look_up(source: str, name: str) -> None:
    names = analyse_cell(source, str)
    assert name in names.loads
    assert name in names.exposed


def test_home_directory_is_no_formula() -> None:
    assert "data" not in analyse_cell("read('~/data/x.csv')", str).loads


def function_code(source: str) -> CodeType:
    namespace: dict[str, object] = {}
    exec(source, namespace)
    code: CodeType = namespace["f"].__code__  # type: ignore[attr-defined]
    return code


def test_names_of_a_function_and_of_what_is_nested_in_it() -> None:
    code = function_code(
        "def f(a, b=outside):\n    global s, d\n    s = a + x\n    del d\n    y = [q(z) for z in a]\n"
        "    def inner():\n        return y + deep\n    class C(Base):\n        attribute = member\n"
        "        def m(self):\n            return method_name\n    return inner, (lambda: lam)\n".replace(
            "outside", "1"
        )
    )
    assert analyse_code(code) == CodeNames(
        loads=frozenset({"x", "q", "deep", "Base", "member", "method_name", "lam"}),
        stores=frozenset({"s"}),
        deletes=frozenset({"d"}),
        dynamic=None,
    )


def test_module_code_binds_global_names() -> None:
    names = analyse_code(compile("x = y\ndel z\nclass A:\n    m = n\n", "<cell>", "exec"))
    assert names.loads == {"y", "n"}
    assert names.stores == {"x", "A"}
    assert names.deletes == {"z"}


def test_dynamic_code() -> None:
    assert analyse_code(function_code("def f():\n    return [eval(x) for x in y]")).dynamic == "calls eval"
    assert analyse_code(function_code("def f(m):\n    return m.user_ns")).dynamic == "uses user_ns"
    assert analyse_code(compile("from m import *", "<cell>", "exec")).dynamic == "imports *"
    assert analyse_code(function_code("def f(sys):\n    return sys.modules['__main__']")).dynamic
