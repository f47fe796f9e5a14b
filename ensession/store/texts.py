"""Text that SQLite can keep: lone surrogates (undecodable file names, for example) are written as escapes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ensession.errors import UsageError
from ensession.model import ExecutionDraft, Summary


def clean(text: str) -> str:
    """Return ``text`` with lone surrogates as escapes."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def clean_optional(text: str | None) -> str | None:
    """Return ``text`` with lone surrogates as escapes."""
    return None if text is None else clean(text)


def storable(draft: ExecutionDraft) -> ExecutionDraft:
    """Return the draft with text that can be kept; what its digest covers is what is stored.

    Raises
    ------
    UsageError
        The draft contradicts itself.
    """
    _check(draft)
    return draft if all(map(str.isascii, _texts(draft))) else _cleaned(draft)


def _texts(draft: ExecutionDraft) -> Iterator[str]:
    """Yield every text of a draft that :func:`_cleaned` looks at."""
    yield draft.code
    reasons = (draft.no_replay, draft.not_captured, draft.caution)
    yield from (text for text in (draft.cell_id, draft.error, *reasons) if text is not None)
    for version in draft.versions:
        yield from version.names
        if version.unstorable is not None:
            yield version.unstorable
    for binding in draft.bindings:
        yield binding.name
        if binding.summary is not None:
            yield from (binding.summary.type_name, binding.summary.shape, binding.summary.preview)
    yield from (file.path for file in draft.files)
    yield from (file.folder for file in draft.files if file.folder is not None)
    yield from (text for module in draft.modules for text in (module.name, module.path))
    yield from (effect.detail for effect in draft.effects)


def _cleaned(draft: ExecutionDraft) -> ExecutionDraft:
    return replace(
        draft,
        code=clean(draft.code),
        cell_id=clean_optional(draft.cell_id),
        error=clean_optional(draft.error),
        no_replay=clean_optional(draft.no_replay),
        not_captured=clean_optional(draft.not_captured),
        caution=clean_optional(draft.caution),
        versions=tuple(
            replace(version, names=tuple(map(clean, version.names)), unstorable=clean_optional(version.unstorable))
            for version in draft.versions
        ),
        bindings=tuple(
            replace(binding, name=clean(binding.name), summary=_clean_summary(binding.summary))
            for binding in draft.bindings
        ),
        files=tuple(replace(file, path=clean(file.path), folder=clean_optional(file.folder)) for file in draft.files),
        modules=tuple(replace(module, name=clean(module.name), path=clean(module.path)) for module in draft.modules),
        effects=tuple(replace(effect, detail=clean(effect.detail)) for effect in draft.effects),
    )


def _clean_summary(summary: Summary | None) -> Summary | None:
    if summary is None:
        return None
    return Summary(clean(summary.type_name), clean(summary.shape), clean(summary.preview))


def _check(draft: ExecutionDraft) -> None:
    positions = range(len(draft.versions))
    bound = [binding.version for binding in draft.bindings if binding.version is not None]
    required = [index for version in draft.versions for index in version.requires_new]
    if not all(index in positions for index in [*bound, *required]):
        raise UsageError("the draft of an execution refers to a version that it does not have")
    if len({binding.name for binding in draft.bindings}) < len(draft.bindings):
        raise UsageError("the draft of an execution binds a name twice")
