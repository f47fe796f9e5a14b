"""What a query and a search give, good to look at and to go on with."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, overload

from ensession.display import hits_table, query_table, to_html, to_text
from ensession.errors import UsageError
from ensession.model import Hit, QueryRows


@dataclass(frozen=True, slots=True, repr=False)
class Rows(Sequence[tuple[Any, ...]]):
    """Rows of a query, as tuples.

    Attributes
    ----------
    found : QueryRows
    """

    found: QueryRows

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns."""
        return self.found.columns

    def dicts(self) -> list[dict[str, Any]]:
        """Return the rows by the names of their columns."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.found.rows]

    def frame(self) -> Any:
        """Return the rows as a pandas DataFrame.

        Raises
        ------
        UsageError
            pandas is not installed.
        """
        try:
            pandas = importlib.import_module("pandas")
        except ImportError as error:
            raise UsageError(f"a DataFrame needs pandas, which can't be imported: {error}") from error
        return pandas.DataFrame(list(self.found.rows), columns=list(self.columns))

    @overload
    def __getitem__(self, index: int) -> tuple[Any, ...]: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[tuple[Any, ...]]: ...

    def __getitem__(self, index: int | slice) -> tuple[Any, ...] | Sequence[tuple[Any, ...]]:
        return self.found.rows[index]

    def __len__(self) -> int:
        return len(self.found.rows)

    def __repr__(self) -> str:
        return to_text(query_table(self.found))

    def _repr_html_(self) -> str:
        return to_html(query_table(self.found))


@dataclass(frozen=True, slots=True, repr=False)
class Hits(Sequence[Hit]):
    """What a search found, best first.

    Attributes
    ----------
    query : str
    found : tuple[Hit, ...]
    """

    query: str
    found: tuple[Hit, ...]

    @property
    def executions(self) -> tuple[int, ...]:
        """Numbers of the executions, each once, best first."""
        return tuple(dict.fromkeys(int(hit.execution) for hit in self.found))

    @overload
    def __getitem__(self, index: int) -> Hit: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Hit]: ...

    def __getitem__(self, index: int | slice) -> Hit | Sequence[Hit]:
        return self.found[index]

    def __iter__(self) -> Iterator[Hit]:
        return iter(self.found)

    def __len__(self) -> int:
        return len(self.found)

    def __repr__(self) -> str:
        return to_text(hits_table(self.query, self.found))

    def _repr_html_(self) -> str:
        return to_html(hits_table(self.query, self.found))
