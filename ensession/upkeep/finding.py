"""What ``ens forget`` is told, as what it means in a store."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import reduce

from ensession.errors import NotFoundError, UsageError
from ensession.model import HIDDEN_PREFIX, ExecutionId, VersionId
from ensession.model.upkeep import Erasure
from ensession.store import Store
from ensession.upkeep.spellings import SHORTEST, spellings

_MARK = "[forgotten]"


@dataclass(frozen=True, slots=True)
class Find:
    """What is to be forgotten.

    Attributes
    ----------
    erasure : Erasure
    also : tuple[str, ...]
        Other variables whose values go too, because they share objects with those that were named.
    left : tuple[ExecutionId, ...]
        Executions whose code uses or holds it and stays, unless it is asked for.
    nowhere : tuple[str, ...]
        Texts that stand in no row. Their bytes may still be in the file, where forgetting them was interrupted.
    """

    erasure: Erasure
    also: tuple[str, ...] = ()
    left: tuple[ExecutionId, ...] = ()
    nowhere: tuple[str, ...] = ()


def find(store: Store, words: Sequence[str], texts: Sequence[str], *, code: bool) -> Find:
    """Return what words mean.

    Parameters
    ----------
    store : Store
    words : sequence of str
        Names of variables, patterns of names (``api_*``), or states (``@12``, ``@tag``): the execution that made it.
    texts : sequence of str
        Texts, wherever they stand.
    code : bool
        Whether code goes too: all of it of what words name, the text itself out of the rest.

    Raises
    ------
    NotFoundError
        Nothing in the store is called so.
    UsageError
    """
    if not words and not texts:
        raise UsageError("say what is to be forgotten: a variable, @N, a pattern such as 'api_*', or --text TEXT")
    finds = [_execution(store, word) if word.startswith("@") else _names(store, word) for word in words]
    finds += [_texts(store, texts)] if texts else []
    erasure = reduce(_joined, (one.erasure for one in finds))
    left = sorted(erasure.codes)
    return Find(
        erasure if code else Erasure(erasure.values, erasure.outputs, erasure.remarks, erasure.outside),
        tuple(sorted({name for one in finds for name in one.also})),
        () if code else tuple(left),
        tuple(text for one in finds for text in one.nowhere),
    )


def _execution(store: Store, word: str) -> Find:
    id_ = store.refs.resolve(word)
    only = frozenset([id_])
    values = frozenset(store.contents.versions_made_by(only))
    return Find(Erasure(values, frozenset(store.contents.outputs_of(only)), only, only, {id_: ""}))


def _names(store: Store, word: str) -> Find:
    known = [name for name in store.contents.names() if not name.startswith(HIDDEN_PREFIX)]
    names = [name for name in known if name == word] or [name for name in known if fnmatchcase(name, word)]
    if not names:
        raise NotFoundError(
            f"{store.path}: no variable was ever called {word!r}; @N means an execution, --text TEXT any text"
        )
    values = frozenset(store.contents.versions_of(names))
    users = frozenset(store.contents.users_of(values))
    outputs = frozenset(store.contents.outputs_of(users))
    return Find(Erasure(values, outputs, users, codes=dict.fromkeys(users, "")), _sharing(store, values, names))


def _texts(store: Store, texts: Sequence[str]) -> Find:
    for text in texts:
        if len(text) < SHORTEST:
            raise UsageError(
                f"{text!r} is too short: it would be found everywhere; give at least {SHORTEST} characters"
            )
    written = {text: spellings(text) for text in texts}
    found = [store.contents.holding(written[text]) for text in texts]
    every = reduce(_joined, found)
    # All at once: a text may be a part of another one.
    every_form = {form for forms in written.values() for form in forms}
    pattern = re.compile("|".join(map(re.escape, sorted(every_form, key=len, reverse=True))))
    codes = {id_: pattern.sub(_MARK, code) for id_, code in every.codes.items()}
    nowhere = tuple(text for text, one in zip(texts, found, strict=True) if one.is_empty)
    return Find(Erasure(every.values, every.outputs, every.remarks, every.outside, codes), nowhere=nowhere)


def _sharing(store: Store, values: Iterable[VersionId], names: Iterable[str]) -> tuple[str, ...]:
    shared = {name for version in values for name in store.history.version(version).names}
    return tuple(sorted(shared.difference(names)))


def _joined(one: Erasure, other: Erasure) -> Erasure:
    codes = {**one.codes, **other.codes}
    for id_ in one.codes.keys() & other.codes.keys():
        codes[id_] = min(one.codes[id_], other.codes[id_], key=len)
    return Erasure(
        one.values | other.values,
        one.outputs | other.outputs,
        one.remarks | other.remarks,
        one.outside | other.outside,
        codes,
    )
