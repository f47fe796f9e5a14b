"""The branch that a session works on."""

from __future__ import annotations

from ensession.errors import ConflictError, UsageError
from ensession.model import Ref, RefKind
from ensession.session.recorder import Recorder
from ensession.store import Store


class Naming:
    """Begins and deletes branches for one session."""

    def __init__(self, store: Store, recorder: Recorder) -> None:
        self._refs = store.refs
        self._recorder = recorder

    @property
    def branch(self) -> str | None:
        """The branch that moves with the next cell; None where the next cell grows a new one."""
        found = self._refs.find(self._recorder.branch)
        is_here = found is not None and found.kind is RefKind.BRANCH and found.execution == self._recorder.head
        return self._recorder.branch if is_here else None

    def describe(self) -> str:
        """Say where work goes on, for the user's eyes."""
        branch = self.branch
        return f"on branch {branch}" if branch is not None else "on no branch; the next cell grows a new one"

    def begin(self, name: str) -> Ref:
        """Begin a branch at the present state and work on it from now on.

        Raises
        ------
        UsageError
            There is no state yet, or the name can't be one.
        ConflictError
            The name is taken.
        """
        if self._recorder.head is None:
            raise UsageError("there is no state to begin a branch at; run a cell first")
        made = self._refs.add_branch(name, self._recorder.head)
        self._recorder.branch = name
        return made

    def delete(self, name: str) -> Ref:
        """Take a branch's name away; its states stay.

        Raises
        ------
        ConflictError
            It is the one that is worked on.
        NotFoundError
            There is none of that name.
        """
        if name == self.branch:
            raise ConflictError(f"work is on branch {name}; go to another state first: %ens checkout")
        return self._refs.delete(name, RefKind.BRANCH)
