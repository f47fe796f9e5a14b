"""Pillow's images of several frames come back with all of them, and those that nobody read yet unread."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from ensession.model import Fate
from ensession.serial.look import look
from tests.notebook import Notebook
from tests.serial.worlds import World, reloaded

Image: Any = pytest.importorskip("PIL.Image")


def content(form: str, n_frames: int = 3) -> bytes:
    frames = [Image.new("L", (5, 4), 80 * n) for n in range(n_frames)]
    file = io.BytesIO()
    words = {"save_all": True, "append_images": frames[1:]} if n_frames > 1 else {}
    frames[0].save(file, form, **words)
    return file.getvalue()


def greys(image: Any) -> list[Any]:
    at, found = image.tell(), []
    for n in range(image.n_frames):
        image.seek(n)
        found.append(image.convert("L").getpixel((2, 2)))
    image.seek(at)
    return found


@pytest.mark.parametrize("form", ["GIF", "TIFF", "PNG"])
@pytest.mark.parametrize("is_on_disk", [True, False])
def test_frames_and_position_come_back(form: str, is_on_disk: bool, tmp_path: Path) -> None:
    path = tmp_path / "image"
    path.write_bytes(content(form))
    with Image.open(path if is_on_disk else io.BytesIO(path.read_bytes())) as image:
        image.seek(1)
        image.load()
        image.putpixel((0, 0), 3 if image.mode == "L" else (1, 2, 3))
        world, changed = World(), image.getpixel((0, 0))
        first = world.fingerprint({"x": image})
        found, other = reloaded({"x": image}, world)
        assert image.getpixel((0, 0)) == changed
        assert other.fingerprint({"x": found["x"]}) == first
        assert (found["x"].tell(), found["x"].n_frames, found["x"].format) == (1, 3, form)
        assert found["x"].getpixel((0, 0)) == changed
        if form != "PNG":  # Pillow itself does not go back in one
            assert greys(found["x"]) == greys(image) == [0, 80, 160]


def test_one_whose_file_was_closed_comes_back_as_the_frame_that_it_is(tmp_path: Path) -> None:
    (tmp_path / "image").write_bytes(content("GIF"))
    with Image.open(tmp_path / "image") as image:
        image.load()
    found, _ = reloaded({"x": image}, World())
    assert found["x"].tobytes() == image.tobytes()


def test_a_single_frame_that_was_read_is_stored_without_its_file() -> None:
    image = Image.open(io.BytesIO(content("TIFF", 1)))
    image.load()
    found, _ = reloaded({"x": image}, World())
    assert found["x"].tobytes() == image.tobytes()
    assert not is_unread(found["x"])


FORMS = ["PNG", "JPEG", "BMP", "DIB", "GIF", "PPM", "TIFF", "WEBP", "TGA"]
READ_AT_ONCE = {"TGA"}
"""It is not among those of which the file says it all."""


def is_unread(image: Any) -> bool:
    return image._im is None


def photograph(form: str, size: tuple[int, int] = (64, 48)) -> bytes:
    image, file = Image.linear_gradient("L").resize(size), io.BytesIO()
    (image if form in ("GIF", "TIFF") else image.convert("RGB")).save(file, form)
    return file.getvalue()


def come_back(**values: Any) -> dict[str, Any]:
    world = World()
    first = world.fingerprint(values)
    assert world.fingerprint(values) == first
    found, other = reloaded(values, world)
    assert other.fingerprint(found) == first
    return dict(found)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("is_on_disk", [True, False])
def test_an_image_that_was_only_opened_is_left_unread(form: str, is_on_disk: bool, tmp_path: Path) -> None:
    path = tmp_path / "image.dat"
    path.write_bytes(photograph(form))
    with Image.open(path if is_on_disk else io.BytesIO(path.read_bytes())) as image:
        image.info["note"] = ["first"]
        found = come_back(x=image, info=image.info)
        assert is_unread(image) is is_unread(found["x"]) is (form not in READ_AT_ONCE)
        assert found["x"].info is found["info"]
        path.write_bytes(b"something else")  # pixels are those of the file as it was
        came = found["x"]
        assert (came.format, came.filename, came.size, came.mode) == (form, image.filename, image.size, image.mode)
        assert type(came) is type(image)
        path.write_bytes(photograph(form))
        assert (came.tobytes(), came.info) == (image.tobytes(), image.info)


@pytest.mark.parametrize("form", ["PPM", "TIFF"])
def test_pixels_are_those_of_the_file_as_it_was(form: str, tmp_path: Path) -> None:
    path = tmp_path / "image.dat"
    Image.linear_gradient("L").save(path, form)
    with Image.open(path) as image:
        found = come_back(x=image)
        expected = image.tobytes()
    Image.new("L", (256, 256), 7).save(path, form)
    assert found["x"].tobytes() == expected


def test_text_behind_the_pixels_is_found_when_they_are_read() -> None:
    import zlib

    chunk = b"tEXtname\0value"
    behind = len(chunk[4:]).to_bytes(4, "big") + chunk + zlib.crc32(chunk).to_bytes(4, "big")
    whole = photograph("PNG")
    image = Image.open(io.BytesIO(whole[:-12] + behind + whole[-12:]))
    found = come_back(x=image)["x"]
    found.load()
    assert found.info["name"] == found.text["name"] == "value"


@pytest.mark.parametrize("form", ["PNG", "JPEG"])
def test_it_can_be_verified_before_and_after(form: str, tmp_path: Path) -> None:
    path = tmp_path / "image"
    path.write_bytes(photograph(form))
    with Image.open(path) as image:
        found = come_back(x=image)
        image.verify()
        found["x"].verify()


def test_a_smaller_one_can_be_asked_for_and_is_what_comes_back() -> None:
    image = Image.open(io.BytesIO(photograph("JPEG", (640, 480))))
    world = World()
    whole = world.fingerprint({"x": image})
    assert image.draft("L", (80, 60)) is not None
    assert world.fingerprint({"x": image}) != whole
    found = come_back(x=image)["x"]
    assert is_unread(image)
    assert is_unread(found)
    assert (found.mode, found.size) == (image.mode, image.size) == ("L", (80, 60))
    assert found.tobytes() == image.tobytes()


def test_a_file_in_memory_stays_the_one_that_a_variable_names() -> None:
    file = io.BytesIO(photograph("PNG"))
    image = Image.open(file)
    found = come_back(file=file, image=image)
    assert found["image"].fp is found["file"]
    assert found["image"].tobytes() == image.tobytes()


def test_whoever_opened_a_large_one_has_said_that_it_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    images = [Image.open(io.BytesIO(photograph(form))) for form in ("PNG", "GIF")]
    world = World()
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    found, _ = reloaded({"x": images}, world)
    assert [one.size for one in found["x"]] == [(64, 48)] * 2
    assert Image.MAX_IMAGE_PIXELS == 10


def test_one_whose_file_was_closed_is_unstorable() -> None:
    with Image.open(io.BytesIO(photograph("PNG"))) as image:
        file = image.fp
    file.close()
    assert look({"x": image}, World().scope).unstorable is not None


def test_reading_it_in_a_later_cell_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "image.png"
    path.write_bytes(photograph("PNG"))
    notebook = Notebook(tmp_path / "s.ens").start("--all")
    notebook.run(f"from PIL import Image\nim, other = Image.open({str(path)!r}), Image.open({str(path)!r})")
    notebook.run("images = [im, other]", "other.verify()\nimages.pop()\ndel other", "held = {'im': im}")
    assert is_unread(notebook["im"])
    read = notebook.run("pixels = im.load()\npixels[0, 0] = (1, 2, 3)\ndel pixels")
    notebook.run("x = 1")
    again = notebook.reborn()
    report = again.restore()
    assert {one.fate for one in report.variables if one.name in ("im", "images", "held")} == {Fate.LOADED}
    assert again["im"] is again["images"][0] is again["held"]["im"]
    assert again["im"].tobytes() == notebook["im"].tobytes()
    again.ens(f"checkout @{read - 1}")
    assert is_unread(again["im"])
    assert again["im"].getpixel((0, 0)) != (1, 2, 3)
    again.kill()
