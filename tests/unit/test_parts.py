"""Each command of ``ens`` is where it is looked for, and only what it needs is imported for it."""

from __future__ import annotations

import subprocess
import sys

import click

from ensession.cli.arguments import ens
from ensession.cli.parts import PARTS


def test_every_command_is_where_it_is_looked_for() -> None:
    context = click.Context(ens)
    held: dict[str, tuple[str, ...]] = {}
    for name in ens.list_commands(context):
        command = ens.get_command(context, name)
        assert command is not None
        assert command.callback is not None
        part = command.callback.__module__.removeprefix("ensession.cli.")
        held[part] = (*held.get(part, ()), name)
    assert held == PARTS
    assert ens.get_command(context, "no-such-command") is None


def test_a_command_imports_no_other_part() -> None:
    code = (
        "import sys\nfrom ensession.cli.entry import run\nrun(['serve-stdio', '-h'])\n"
        "print(*[name for name in sys.modules if name.startswith('ensession.')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.splitlines()[-1].split())
    assert "ensession.cli.syncing" in loaded
    assert not loaded & {"ensession.session", "ensession.browse", "ensession.planner", "ensession.cli.commands"}
