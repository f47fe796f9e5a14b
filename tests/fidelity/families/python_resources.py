"""What holds on to the operating system: files, locks, threads, sockets, connections, processes."""

from __future__ import annotations

from tests.fidelity.kind import Family, Kind, Library

IMPORTS = """
import concurrent.futures, contextlib, csv, ctypes, gzip, hashlib, json, logging, os, pathlib, socket, sqlite3
import subprocess, sys, tempfile, threading, zipfile, zlib
"""

_FILES = (
    Kind("file handle, reading", "obj = open(os.__file__)", "obj.name", ("obj.readline()",), "(obj.mode, obj.tell())"),
    Kind(
        "file handle, reading bytes",
        "obj = open(os.__file__, 'rb')",
        "obj.name",
        ("obj.read(4)",),
        "(obj.mode, obj.tell())",
    ),
    Kind("file handle, closed", "with open(os.__file__) as obj:\n    pass", "obj.closed", (), "(obj.closed, obj.mode)"),
    Kind("csv reader", "obj = csv.reader(['a,b', '1,2'])", "obj.line_num", ("next(obj)",), "list(obj)"),
    Kind(
        "csv writer",
        "import io\nobj_out = io.StringIO()\nobj = csv.writer(obj_out)",
        "obj_out.tell()",
        ("obj.writerow([1, 2])",),
        "(obj_out.getvalue(), type(obj).__name__)",
    ),
    Kind(
        "ZipFile",
        "import io\nobj_raw = io.BytesIO()\nobj = zipfile.ZipFile(obj_raw, 'w')",
        "obj.namelist()",
        ("obj.writestr('a', 'b')",),
        "obj.namelist()",
    ),
    Kind("hashlib hash", "obj = hashlib.sha256(b'a')", "obj.hexdigest()", ("obj.update(b'b')",), "obj.hexdigest()"),
    Kind("zlib compressor", "obj = zlib.compressobj()", "type(obj)", ("obj.compress(b'abc' * 99)",), "obj.flush()"),
)

_CONCURRENCY = (
    Kind("Lock", "obj = threading.Lock()", "obj.locked()", ("obj.acquire(blocking=False)",), "obj.locked()"),
    Kind(
        "RLock", "obj = threading.RLock()", "repr(obj)", ("obj.acquire()",), "repr(obj).split('count=')[1].split()[0]"
    ),
    Kind("Event", "obj = threading.Event()", "obj.is_set()", ("obj.set()",), "obj.is_set()"),
    Kind(
        "Thread, ended",
        "obj_seen = []\nobj = threading.Thread(target=obj_seen.append, args=(1,))",
        "obj.is_alive()",
        ("obj.start()\nobj.join()",),
        "(obj.is_alive(), obj_seen)",
    ),
    Kind("threading.local", "obj = threading.local()\nobj.a = 1", "obj.a", ("obj.b = 2",), "vars(obj)"),
    Kind(
        "ThreadPoolExecutor",
        "obj = concurrent.futures.ThreadPoolExecutor(1)",
        "obj._max_workers",
        ("obj.submit(len, 'a').result()",),
        "(obj._max_workers, len(obj._threads))",
    ),
    Kind(
        "Future",
        "obj = concurrent.futures.Future()",
        "obj.done()",
        ("obj.set_result([1])",),
        "obj.done() and obj.result()",
    ),
    Kind(
        "object that holds a lock",
        "class obj_C:\n    def __init__(self):\n        self.lock, self.n = threading.Lock(), 0\nobj = obj_C()",
        "obj.n",
        ("obj.n = 1",),
        "(obj.n, obj.lock.locked())",
    ),
)

_CONNECTIONS = (
    Kind(
        "sqlite3 connection",
        "obj = sqlite3.connect(':memory:')\nobj.execute('create table t (a)').close()",
        "obj.execute('select a from t').fetchall()",
        ("obj.execute('insert into t values (1)').close()",),
        "obj.execute('select a from t').fetchall()",
    ),
    Kind(
        "sqlite3 cursor",
        "obj_db = sqlite3.connect(':memory:')\nobj = obj_db.execute('values (1), (2), (3)')",
        "obj.description",
        ("obj.fetchone()",),
        "obj.fetchall()",
    ),
    Kind("logger", "obj = logging.getLogger('obj')", "obj.name", ("obj.setLevel(10)",), "(obj.name, obj.level)"),
    Kind("log handler", "obj = logging.StreamHandler()", "obj.level", ("obj.setLevel(20)",), "obj.level"),
    Kind("ctypes array", "obj = (ctypes.c_int * 3)(1, 2, 3)", "obj[0]", ("obj[0] = 7",), "list(obj)"),
    Kind(
        "ctypes structure",
        "class obj_S(ctypes.Structure):\n    _fields_ = [('a', ctypes.c_int)]\nobj = obj_S(1)",
        "obj.a",
        ("obj.a = 2",),
        "obj.a",
    ),
    Kind(
        "ExitStack",
        "obj = contextlib.ExitStack()",
        "type(obj)",
        ("obj.callback(len, 'a')",),
        "len(obj._exit_callbacks)",
    ),
    Kind("frame", "obj = sys._getframe()", "obj.f_lineno", (), "obj.f_code.co_name"),
    Kind(
        "traceback",
        "try:\n    1 / 0\nexcept ZeroDivisionError as error:\n    obj = error.__traceback__",
        "obj.tb_lineno",
        (),
        "obj.tb_lineno",
    ),
)

FAMILY = Family("python-resources", (Library("Python", IMPORTS, _FILES + _CONCURRENCY + _CONNECTIONS),))
