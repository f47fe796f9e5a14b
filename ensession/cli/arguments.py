"""The command itself, and what its parts have in common: arguments, names of states."""

from __future__ import annotations

from pathlib import Path

import click
from click.shell_completion import CompletionItem

from ensession.cli.parts import Parts
from ensession.config import Config
from ensession.errors import EnsessionError
from ensession.model import ExecutionId
from ensession.store import Store


@click.group(cls=Parts, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="ensession", prog_name="ens", message="%(prog)s %(version)s")
def ens() -> None:
    """Look into the session stores that notebooks leave behind.

    Nothing from a store is run, but for diff --deep and run.
    """


def complete_state(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer the tags and branches of the store that was named before."""
    del parameter
    file = context.params.get("file")
    if file is None:
        return []
    sign = "@" if incomplete.startswith("@") else ""
    try:
        with Store.open_read_only(Path(file), Config()) as store:
            refs = store.refs.all()
    except EnsessionError:  # no store to offer anything from
        return []
    names = (sign + ref.name for ref in refs)
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


def resolve(store: Store, state: str | None) -> ExecutionId | None:
    """Return the execution whose state is meant, by default the latest; None is state 0, the empty one."""
    from ensession.browse.source import Source
    from ensession.trust import Keyring

    return Source(store, Keyring.present).resolve(state)


FILE = click.argument("file", type=click.Path(path_type=Path))
STATE = click.argument("state", required=False, shell_complete=complete_state)
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
