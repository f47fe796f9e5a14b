# ruff: noqa: S608 - the queries are joined from constants of this room; values are always parameters
"""Where content is in a store: of a variable, of an execution, or a text wherever it stands. Unpickles nothing."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from typing import Any

from ensession.errors import IntegrityError
from ensession.model import ExecutionId, VersionId
from ensession.model.upkeep import Erasure
from ensession.store.engine import Database
from ensession.store.history import output_text
from ensession.store.modules import plain_source
from ensession.store.reading import StoredPart
from ensession.store.shortened import is_previewed_shortened, is_shown_shortened

ENCODINGS = ("utf-8", "utf-16-le", "utf-32-le", "latin-1")
"""How texts stand in payloads: in pickles, and in arrays of texts."""

_ELLIPSIS = json.dumps("…")[1:-1]
_WANTED = "(SELECT value FROM json_each(?))"
_NAMES = "SELECT DISTINCT name FROM binding ORDER BY name"
_OF_NAMES = f"SELECT DISTINCT version FROM binding WHERE version IS NOT NULL AND name IN {_WANTED}"
_OF_EXECUTIONS = f"SELECT id FROM version WHERE execution IN {_WANTED}"
_USERS = (
    f"SELECT execution FROM binding WHERE version IN {_WANTED}"
    f" UNION SELECT execution FROM read WHERE version IN {_WANTED}"
)
_OUTPUTS = f"SELECT execution, seq FROM output WHERE execution IN {_WANTED}"
_TEXT = "instr(coalesce({0}, ''), ?)"
_REMARKS = "SELECT id FROM execution WHERE " + " OR ".join(
    _TEXT.format(column) for column in ("error", "not_captured", "no_replay", "caution")
)
_OUTSIDE = (
    f"SELECT execution FROM file_access WHERE {_TEXT.format('path')} OR {_TEXT.format('folder')}"
    f" UNION SELECT execution FROM effect WHERE {_TEXT.format('detail')}"
    f" UNION SELECT execution FROM module WHERE {_TEXT.format('path')}"
)
_PREVIEWS = (
    f"SELECT b.version FROM binding b WHERE b.version IS NOT NULL AND {_TEXT.format('b.preview')}"
    f" UNION SELECT v.id FROM version v WHERE {_TEXT.format('v.unstorable')}"
)
_UNSTORED_PREVIEWS = (
    "SELECT b.version, b.preview FROM binding b LEFT JOIN payload p ON p.version = b.version"
    " WHERE b.version IS NOT NULL AND b.preview <> '' AND p.version IS NULL"
)
_IMPORTERS = "SELECT execution FROM module WHERE source = ?"
_CODES = "SELECT id, code FROM execution WHERE instr(code, ?)"
_PARTS = "SELECT payload, part, mode, n_bytes FROM payload_part ORDER BY payload, part"


class ContentReader:
    """Looks for content.

    Parameters
    ----------
    database : Database
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def names(self) -> list[str]:
        """Return all names that were ever bound."""
        return [row[0] for row in self._database.rows(_NAMES)]

    def versions_of(self, names: Collection[str]) -> set[VersionId]:
        """Return all versions that some names were ever bound to."""
        return self._ids(_OF_NAMES, names)

    def versions_made_by(self, executions: Collection[ExecutionId]) -> set[VersionId]:
        """Return all versions that some executions made."""
        return self._ids(_OF_EXECUTIONS, executions)

    def users_of(self, versions: Collection[VersionId]) -> set[ExecutionId]:
        """Return the executions that bound or read some versions."""
        wanted = json.dumps(sorted(versions))
        return {row[0] for row in self._database.rows(_USERS, (wanted, wanted))}

    def outputs_of(self, executions: Collection[ExecutionId]) -> set[tuple[ExecutionId, int]]:
        """Return the places of all outputs of some executions."""
        return {(id_, seq) for id_, seq in self._database.rows(_OUTPUTS, (json.dumps(sorted(executions)),))}

    def holding(self, texts: Collection[str]) -> Erasure:
        """Return everything in which one of some texts stands: values, previews, outputs, remarks, files, code.

        Values are searched as they are serialised, without unpickling them: what is compressed or encrypted
        inside a value is not found.

        Raises
        ------
        IntegrityError
            Something is damaged, and can't be searched.
        """
        with self._database.read():
            return Erasure(
                values=frozenset(
                    {*self._texts(_PREVIEWS, texts), *self._payloads(texts), *self._shortened_previews(texts)}
                ),
                outputs=frozenset(self._outputs(texts)),
                remarks=frozenset(self._texts(_REMARKS, texts)),
                outside=frozenset(self._texts(_OUTSIDE, texts) | set(self._sources(texts))),
                codes={id_: code for text in texts for id_, code in self._database.rows(_CODES, (text,))},
            )

    def _texts(self, sql: str, texts: Collection[str]) -> set[Any]:
        return {row[0] for text in texts for row in self._database.rows(sql, (text,) * sql.count("?"))}

    def _ids(self, sql: str, wanted: Collection[object]) -> set[VersionId]:
        return {row[0] for row in self._database.rows(sql, (json.dumps(list(wanted)),))}

    def _shortened_previews(self, texts: Collection[str]) -> Iterator[VersionId]:
        """Yield versions that are known by a preview alone, which shows a part; a stored value is searched itself."""
        for version, preview in self._database.rows(_UNSTORED_PREVIEWS):
            if any(is_previewed_shortened(preview, text) for text in texts):
                yield version

    def _outputs(self, texts: Collection[str]) -> Iterator[tuple[ExecutionId, int]]:
        dumped = {json.dumps(text)[1:-1] for text in texts}
        needles = {*(text.encode() for text in texts), *(text.encode() for text in dumped)}
        for id_, seq, n_bytes, data in self._database.rows("SELECT execution, seq, n_bytes, data FROM output"):
            plain = output_text(id_, n_bytes, data)
            shown = plain.decode(errors="replace").replace(_ELLIPSIS, "…")
            if any(needle in plain for needle in needles) or any(is_shown_shortened(shown, text) for text in dumped):
                yield id_, seq

    def _sources(self, texts: Collection[str]) -> Iterator[ExecutionId]:
        for id_, *row in self._database.rows("SELECT id, digest, n_bytes, data FROM module_source"):
            plain = plain_source(*row)
            if any(text.encode() in plain for text in texts):
                yield from (one for (one,) in self._database.rows(_IMPORTERS, (id_,)))

    def _payloads(self, texts: Collection[str]) -> Iterator[VersionId]:
        needles = list({text.encode(name) for text in texts for name in ENCODINGS if _fits(text, name)})
        longest = max(map(len, needles))
        for version, part, mode, n_bytes in self._database.rows(_PARTS):
            if _holds(StoredPart(self._database, version, part, mode, n_bytes), needles, longest):
                yield version


def _holds(part: StoredPart, needles: Collection[bytes], longest: int) -> bool:
    tail = b""
    try:
        for piece in part.pieces():
            window = tail + piece
            if any(needle in window for needle in needles):
                return True
            tail = window[max(0, len(window) - longest + 1) :]
    except IntegrityError as error:
        raise IntegrityError(f"a value can't be searched: {error}; mend the store first with ens repair") from error
    return False


def _fits(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
