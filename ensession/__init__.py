"""ensession: a session database for notebooks.

``%load_ext ensession`` adds the magic ``%ens``; :func:`open` gives the read API of a store. Nothing heavy is
imported before it is used.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ensession.browse import Browser
    from ensession.session.session import Session

__all__ = ["current_session", "load_ipython_extension", "open", "register_reducer", "unload_ipython_extension"]
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

    return Browser(Path(os.path.expanduser(path)).absolute())  # a session may change its working directory meanwhile


def current_session() -> Session | None:
    """Return the session that this kernel records, or None."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    if shell is None:
        return None
    from ensession.magic.extension import session_of

    return session_of(shell)


def register_reducer(
    kind: type,
    reduce: Callable[[Any], Any] | None,
    fingerprint: Callable[[Any], Any] | None = None,
    *,
    memory: Callable[[Any], tuple[int, int]] | None = None,
) -> None:
    """Say how objects of a type are stored and compared.

    It holds for this process and for exactly this type, not for its subclasses. A library registers its types with a
    function under the entry-point group ``ensession.reducers`` instead, named after its top-level package.

    Parameters
    ----------
    kind : type
    reduce : callable or None
        Called with the object; returns what ``__reduce__`` may return. ``pickle.PickleBuffer`` objects in it are
        stored out of band, uncopied. An object that can't be stored raises ``TypeError`` with the reason. None: as
        pickle does it.
    fingerprint : callable, optional
        Called with the object; returns a picklable value that stands for it when two looks are compared. It **must**
        differ whenever the object has changed in any way that code could see; where that can't be known it has to
        return ``NotImplemented``, and the object counts as changed whenever it is touched. It must not change the
        object, and must be the same in every process. By default the payload itself is compared.
    memory : callable, optional
        Called with the object; returns the first address of the memory that it shares with other objects, and the one
        behind the last: what overlaps is looked at together.

    Raises
    ------
    UsageError
        It is no type.
    """
    from ensession.errors import UsageError
    from ensession.serial.registry import shared_registry

    if not isinstance(kind, type):
        raise UsageError(f"a reducer is registered for a type, not for an object of type {type(kind).__name__}")
    shared_registry().register(kind, reduce, fingerprint, memory)


def load_ipython_extension(shell: Any) -> None:
    """Add ``%ens`` to an IPython shell (``%load_ext ensession``)."""
    from ensession.capture.pausing import collector_paused

    with collector_paused():  # importing makes many objects and no rubbish: a tenth less time
        from ensession.magic.extension import load

        load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """Take ``%ens`` away again; a running session is ended (``%unload_ext ensession``)."""
    from ensession.magic.extension import unload

    unload(shell)
