"""What can't be made again behind the user's back: its cell wrote a file or started a program."""

from __future__ import annotations

from tests.fidelity.kind import Family, Kind, Library

IMPORTS = "import gzip, socket, subprocess, sys, tempfile, os"

_KINDS = (
    Kind(
        "file handle, writing",
        "obj = open('obj.txt', 'w')",
        "obj.name",
        ("obj.write('abc')",),
        "(obj.mode, obj.tell())",
    ),
    Kind(
        "gzip file",
        "with gzip.open('obj.gz', 'wb') as obj_w:\n    obj_w.write(b'abc')\nobj = gzip.open('obj.gz')",
        "obj.name",
        ("obj.read(1)",),
        "obj.tell()",
    ),
    Kind("TemporaryDirectory", "obj = tempfile.TemporaryDirectory()", "obj.name", (), "os.path.isdir(obj.name)"),
    Kind(
        "socket", "obj, obj_peer = socket.socketpair()", "obj.gettimeout()", ("obj.settimeout(5)",), "obj.gettimeout()"
    ),
    Kind(
        "subprocess, ended",
        "obj = subprocess.run([sys.executable, '-c', 'print(1)'], capture_output=True, text=True)",
        "obj.returncode",
        ("obj.note = 1",),
    ),
    Kind(
        "subprocess, running",
        "obj = subprocess.Popen([sys.executable, '-c', 'input()'], stdin=subprocess.PIPE)",
        "obj.poll()",
        ("obj.communicate(b'\\n')",),
        "obj.returncode",
    ),
)

FAMILY = Family("python-outside", (Library("Python", IMPORTS, _KINDS),))
