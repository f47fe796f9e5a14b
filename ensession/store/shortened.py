"""A text of which only a part is shown: cut off at an end, or left out in the middle. Pure."""

from __future__ import annotations

from ensession.model import PREVIEW_CHARS

PIECE_CHARS = 8
"""Fewer characters of a text are shown by chance."""
_MARKS = ("...", "…")


def is_previewed_shortened(preview: str, text: str) -> bool:
    """Whether a preview shows a part of a text; those that older versions cut off have no ellipsis there."""
    return is_shown_shortened(f"{preview}{_MARKS[0]}" if len(preview) >= PREVIEW_CHARS else preview, text)


def is_shown_shortened(shown: str, text: str) -> bool:
    """Whether a beginning of a text stands before an ellipsis, or an end of it behind one.

    Of a long password or token a preview that is cut off shows the better part.
    """
    return _begins(shown, text) or _begins(shown[::-1], text[::-1])


def _begins(shown: str, text: str) -> bool:
    piece = text[:PIECE_CHARS]
    at = shown.find(piece) if len(text) > PIECE_CHARS else -1
    while at >= 0:
        n_same = _common(shown, at, text)
        if n_same < len(text) and shown.startswith(_MARKS, at + n_same):
            return True
        at = shown.find(piece, at + 1)
    return False


def _common(shown: str, at: int, text: str) -> int:
    """Return how many characters from a place on are those of the text."""
    n_most = min(len(text), len(shown) - at)
    return next((n for n in range(PIECE_CHARS, n_most) if shown[at + n] != text[n]), n_most)
