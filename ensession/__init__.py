"""ensession: a session database for notebooks.

``%load_ext ensession`` adds the magic ``%ens``; :func:`open` gives the read API of a store. Nothing heavy is
imported before it is used.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ensession.browse import Browser
    from ensession.session.session import Session

__all__ = ["current_session", "load_ipython_extension", "open", "unload_ipython_extension"]
__version__ = "0.1.0"


def open(path: Path | str) -> Browser:
    """Open a store for browsing; nothing of it is unpickled or run.

    Parameters
    ----------
    path : Path or str

    Returns
    -------
    Browser
        A context manager.

    Raises
    ------
    NotFoundError, SchemaError, StoreAccessError
    """
    from ensession.browse import Browser

    return Browser(Path(path))


def current_session() -> Session | None:
    """Return the session that this kernel records, or None."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    if shell is None:
        return None
    from ensession.magic.extension import session_of

    return session_of(shell)


def load_ipython_extension(shell: Any) -> None:
    """Add ``%ens`` to an IPython shell (``%load_ext ensession``)."""
    from ensession.magic.extension import load

    load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """Take ``%ens`` away again; a running session is ended (``%unload_ext ensession``)."""
    from ensession.magic.extension import unload

    unload(shell)
