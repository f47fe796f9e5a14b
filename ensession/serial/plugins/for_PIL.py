"""Pillow: an image opened from a file with several frames comes back with all of them, and where it stood.

What plain pickle does: the frame that it stands at becomes all there is, and asking for another one raises.
"""

from __future__ import annotations

import io
from typing import Any

from ensession.errors import UnserializableError
from ensession.serial.rebuild import mark
from ensession.serial.registry import Registry


def opened(content: bytes, position: int) -> Any:
    """Open an image from the content of its file, at one of its frames."""
    from PIL import Image

    made = Image.open(io.BytesIO(content))
    getattr(made, "n_frames", 1)  # counting them later would read the frame anew, whatever was changed in it
    made.seek(position)
    made.load()
    return made


def set_frame(image: Any, state: list[Any]) -> None:
    """Make of the frame what it was, where somebody had changed it."""
    if image.__getstate__() != state:
        image.__setstate__(state)


def _reduce_opened(image: Any) -> Any:
    """Reduce an image that can be asked for other frames by its file; any other one as its class says."""
    from PIL import Image

    if type(image).seek is Image.Image.seek or vars(image).get("is_animated") is False:
        return NotImplemented
    content = _content(image)
    if content is None:
        if vars(image).get("is_animated"):
            raise UnserializableError("an image of several frames whose file is not open any more")
        return NotImplemented
    with Image.open(io.BytesIO(content)) as other:  # counting goes through the frames: not those of the user's
        n_frames = getattr(other, "n_frames", 1)
    if n_frames == 1:
        return NotImplemented
    return opened, (content, image.tell()), image.__getstate__(), None, None, set_frame


def _content(image: Any) -> bytes | None:
    """Return the content of the file that an image takes its frames from; None where that is closed."""
    file: Any = getattr(image, "_fp", None)
    if not hasattr(type(file), "read") or getattr(file, "closed", False):  # what stands there for a closed one raises
        return None
    at = file.tell()
    file.seek(0)
    content: bytes = file.read()
    file.seek(at)
    return content


def register(registry: Registry) -> None:
    """Register Pillow's types."""
    from PIL import ImageFile

    registry.register_line(ImageFile.ImageFile, _reduce_opened)


mark(__name__)
