"""Which module holds which command: only the one that is asked for is imported, and ``ens`` answers sooner."""

from __future__ import annotations

from importlib import import_module

import click

PARTS = {
    "browsing": ("dependents", "diff", "lineage", "search", "sql", "state", "versions"),
    "commands": ("check", "copy", "log", "plan", "show", "trust", "vars"),
    "mending": ("repair",),
    "packing": ("pack",),
    "running": ("run",),
    "syncing": ("pull", "push", "serve-stdio", "sync"),
    "upkeep": ("forget", "gc", "stats"),
    "writing": ("branch", "completion", "export", "tag"),
}
"""Modules of this room, and their commands; importing one adds them to ``ens``."""


class Parts(click.Group):
    """A group of commands whose modules are imported when they are needed."""

    def list_commands(self, context: click.Context) -> list[str]:
        """Return the names of all commands, in order."""
        _load(*PARTS)
        return super().list_commands(context)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """Return a command; None where there is none of that name."""
        _load(*(part for part, names in PARTS.items() if name in names))
        return super().get_command(context, name)


def _load(*parts: str) -> None:
    for part in parts:
        import_module(f"ensession.cli.{part}")
