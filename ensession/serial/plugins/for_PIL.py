"""Pillow: an image opened from a file with several frames comes back with all of them, and where it stood.

What plain pickle does: the frame that it stands at becomes all there is, and asking for another one raises. And of an
image that was opened, and not read yet, it reads the pixels: there is nothing left then to verify, to take smaller
(``draft``) or to leave unread, of a thousand photographs. Such a one is stored as its file.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator, Mapping
from typing import Any

from ensession.errors import LoadFailedError, UnserializableError
from ensession.serial.rebuild import mark
from ensession.serial.registry import Registry

_AS_FILES = frozenset({"AVIF", "BMP", "DIB", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP"})
"""Formats of which the file says all that an unread image is, but for what is stored with it."""


class Content(io.BytesIO):
    """What was in the file of an image; the image has it to itself."""


def opened(content: bytes, position: int) -> Any:
    """Open an image from the content of its file, at one of its frames."""
    made = _open(io.BytesIO(content))
    getattr(made, "n_frames", 1)  # counting them later would read the frame anew, whatever was changed in it
    made.seek(position)
    made.load()
    return made


def set_frame(image: Any, state: list[Any]) -> None:
    """Make of the frame what it was, where somebody had changed it."""
    if image.__getstate__() != state:
        image.__setstate__(state)


def unread(source: Any, filename: Any) -> Any:
    """Open an image whose pixels are not read, from the content of its file or from a file in memory."""
    file = Content(source) if isinstance(source, bytes) else source
    at = file.tell()
    made = _open(file)
    if file is source:
        file.seek(at)
    made.filename, made._exclusive_fp = filename, file is not source
    if filename and not hasattr(made, "load_read") and not hasattr(made, "load_seek"):
        made.load_seek = file.seek  # without a way of its own it would map the file of that name, whatever is there now
    return made


def set_unread(image: Any, state: Mapping[str, Any]) -> None:
    """Give an image that is not read yet what somebody may have changed in it."""
    for name in ("info", "palette"):
        _exchange(image, getattr(image, name), state[name])
        setattr(image, name, state[name])
    if "draft" in state:
        tiles, image.decoderconfig = state["draft"]
        image.tile = [type(tile)(*one) for tile, one in zip(image.tile, tiles, strict=True)]
        vars(image).update({"_mode" if "_mode" in vars(image) else "mode": state["mode"], "_size": state["size"]})
    if (image.mode, image.size) != (state["mode"], state["size"]):
        raise LoadFailedError(f"this Pillow opens its file as {image.mode} {image.size}")


def _exchange(image: Any, old: Any, new: Any) -> None:
    """Put an object in the place of another one, wherever an image and what reads it have that."""
    for holder in (image, vars(image).get("png")):
        places = getattr(holder, "__dict__", {})
        places.update({name: new for name, value in places.items() if value is old and value is not None})


def _reduce_opened(image: Any) -> Any:
    """Reduce an image that is unread, or can be asked for other frames, by its file; any other as its class says."""
    reduced = _reduce_unread(image) if _is_unread(image) else None
    if reduced is not None:
        return reduced
    if _has_no_other(image):
        return NotImplemented
    content = _content(getattr(image, "_fp", None))
    if content is None:
        if vars(image).get("is_animated"):
            raise UnserializableError("an image of several frames whose file is not open any more")
        return NotImplemented
    if _n_frames(content) == 1:
        return NotImplemented
    return opened, (content, image.tell()), image.__getstate__(), None, None, set_frame


def _reduce_unread(image: Any) -> Any | None:
    """Reduce an unread image of one frame by its file, where that can be read again."""
    file = image.fp
    content = _content(file)
    if content is None or not (_has_no_other(image) or _n_frames(content) == 1):
        return None
    state = {"mode": image.mode, "size": image.size, "info": image.info, "palette": image.palette}
    if image.decoderconfig:  # only those that can be taken smaller have this before they are read
        state["draft"] = ([tuple(tile) for tile in image.tile], image.decoderconfig)
    # A file in memory may be a variable too, through which the image can be changed until it is read.
    source = file if type(file) is io.BytesIO else content
    return unread, (source, image.filename), state, None, None, set_unread


def _is_unread(image: Any) -> bool:
    """Whether an image was opened, and its pixels were not read; in Pillow before 11, these have another name."""
    own = vars(image)
    is_known = image.format in _AS_FILES and type(image).__module__.startswith("PIL.")
    return is_known and own.get("_im" if "_im" in own else "im") is None and own.get("fp") is not None


def _has_no_other(image: Any) -> bool:
    """Whether an image can't be asked for another frame, as far as that is known without looking for one."""
    from PIL import Image

    return type(image).seek is Image.Image.seek or vars(image).get("is_animated") is False


def _n_frames(content: bytes) -> int:
    """Count the frames in a file; counting goes through them: not those of the user's."""
    with _open(io.BytesIO(content)) as other:
        return int(getattr(other, "n_frames", 1))


def _content(file: Any) -> bytes | None:
    """Return the content of the file that an image takes its frames from; None where that is closed."""
    if not hasattr(type(file), "read") or getattr(file, "closed", False):  # what stands there for a closed one raises
        return None
    try:
        at = file.tell()
        file.seek(0)
    except (OSError, ValueError):
        return None
    content: bytes = file.read()
    file.seek(at)
    return content


def _open(file: Any) -> Any:
    """Open an image that was opened before, however large: whoever did it then has said that it may be."""
    from PIL import Image

    with _without_limit():
        return Image.open(file)


@contextlib.contextmanager
def _without_limit() -> Iterator[None]:
    from PIL import Image

    before, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
    try:
        yield
    finally:
        Image.MAX_IMAGE_PIXELS = before


def register(registry: Registry) -> None:
    """Register Pillow's types."""
    from PIL import ImageFile

    registry.register_line(ImageFile.ImageFile, _reduce_opened)


mark(__name__)
