"""`umed ask`: what a model says about images, streamed, with its boxes."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from umed_cli.terminal import complain, note, plain, remaining, say, waiting_line
from umed_core.errors import ConfigError, UmedError, UnsupportedImage
from umed_core.prompts import DEFAULT_QUESTION, RESEARCH_USE_ONLY

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from umed_core.vlm.client import WorkerClient
    from umed_core.vlm.conversation import Reply
    from umed_core.vlm.messages import Loaded

__all__ = ["ask"]


@dataclass(frozen=True, slots=True)
class Wish:
    """What the person asked for, once for all images."""

    questions: tuple[str, ...]
    save: Path | None
    json: bool
    frame: int
    together: bool
    max_new_tokens: int
    grammar: bool
    timeout_s: float


def ask(
    images: Annotated[
        list[Path], typer.Argument(metavar="IMAGE...", help="Image files, folders or ZIP archives of them, a DICOMDIR.")
    ],
    question: Annotated[
        list[str] | None, typer.Option("--question", "-q", help="Repeat it to ask on, each time about the same image.")
    ] = None,
    model: Annotated[
        Path | None, typer.Option(metavar="DIR", help="A model folder; default: the built-in one.")
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    save: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Also draw boxes and attention, as PNG files in this folder.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one line of JSON an image and nothing else.")] = False,
    together: Annotated[
        bool, typer.Option("--together", help="One question about all the images, where the model takes several.")
    ] = False,
    frame: Annotated[int, typer.Option(min=1, help="Which frame of a multi-frame image, from 1.")] = 1,
    max_new_tokens: Annotated[int, typer.Option(min=1, help="The longest answer, in the model's tokens.")] = 256,
    no_grammar: Annotated[
        bool, typer.Option("--no-grammar", help="Let the model write freely; its boxes may then not parse.")
    ] = False,
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds of silence after which to give up.")] = 300.0,
) -> None:
    """Ask a model what it sees in medical images, and where. Research use only.

    Reads DICOM, PNG, JPEG, TIFF and NIfTI, judged by content. The model runs on this machine; nothing leaves it. The
    answer appears as it is written, with each box in pixels and in fractions of the image: x, y, width, height from
    the top left corner.

    Examples:

      umed ask chest.dcm

      umed ask kidney.png -q "Is there a stone?" -q "Where is it?"

      umed ask before.dcm after.dcm --together --model qwen/ -q "What has changed?"

      umed ask study/ --save pictures/

      umed ask study/ --json > answers.jsonl

    An image that can't be read is reported on stderr and the rest go on; with --together nothing is asked then. The
    exit code is 0, or that of the first error: 3 an image, 4 more images than the model takes or a frame that is not
    there, 6 the model, 7 the model's process, 9 saving, 130 Ctrl-C.
    """
    wish = Wish(
        tuple(question or [DEFAULT_QUESTION]), save, json, frame, together, max_new_tokens, not no_grammar, timeout
    )  # fmt: skip
    raise typer.Exit(_ask_all(images, model, device, wish))


def _ask_all(images: Sequence[Path], folder: Path | None, device: str, wish: Wish) -> int:
    """Asks about every image that can be read, or about all at once; the exit code is that of the first error."""
    from umed_assets import embedded_model
    from umed_core.drawing.saving import picture_stems
    from umed_core.vlm.client import WorkerClient

    model_folder = folder or embedded_model()
    files, exit_codes = _readable(images)
    stems = picture_stems(files, wish.save) if wish.save is not None else {}
    if not files or (wish.together and exit_codes):
        return exit_codes[0]
    groups = [tuple(files)] if wish.together else [(path,) for path in files]
    with WorkerClient() as client:
        model = client.load(model_folder, device, waiting=waiting_line("loading the model"))
        note(f"model: {model.model} on {model.device} ({model.engine})")
        started = time.monotonic()
        for done, paths in enumerate(groups):
            if len(groups) > 1 and sys.stderr.isatty():
                note(f"{remaining(done, len(groups), time.monotonic() - started)} {paths[0]}")
            try:
                _ask_once(client, model, paths, stems, wish)
            except UmedError as error:
                complain(error, str(paths[0]) if len(paths) == 1 else "")
                exit_codes.append(error.exit_code)
    (note if wish.json else say)(RESEARCH_USE_ONLY)
    return exit_codes[0] if exit_codes else 0


def _readable(paths: Sequence[Path]) -> tuple[list[Path], list[int]]:
    """The image files among files and folders, each once, and the exit codes of what was reported on the way."""
    from umed_core.images.open_image import find_images

    files: dict[Path, None] = {}
    exit_codes: list[int] = []
    for path in paths:
        try:
            listing = find_images([path])
        except UmedError as error:
            complain(error)
            exit_codes.append(error.exit_code)
            continue
        files.update(dict.fromkeys(listing.images))
        for refused, why in listing.refused:
            if isinstance(why, UnsupportedImage):
                # It merely lay in the folder; nobody asked about it.
                note(f"skipped: {why.message}")
            else:
                complain(why, str(refused))
                exit_codes.append(why.exit_code)
    return list(files), exit_codes


def _ask_once(
    client: WorkerClient, model: Loaded, paths: Sequence[Path], stems: Mapping[Path, str], wish: Wish
) -> None:
    """All questions about one image, or about several together."""
    from umed_core.vlm.conversation import Reply, converse
    from umed_core.vlm.messages import AskOptions

    _check_count(len(paths), model)
    pixels = [_display_pixels(path, wish.frame) for path in paths]
    if not wish.json:
        say(f"\n{paths[0]}" if len(paths) == 1 else "")
        for number, path in enumerate(paths if len(paths) > 1 else (), 1):
            say(f"image {number}: {path}")
    replies: list[Reply] = []
    speaking = False
    try:
        options = AskOptions(max_new_tokens=wish.max_new_tokens, grammar=wish.grammar)
        for event in converse(client, pixels, wish.questions, options, wish.timeout_s):
            speaking = not isinstance(event, Reply) and not wish.json
            if isinstance(event, Reply):
                replies.append(event)
                if not wish.json:
                    _tell(event, pixels)
                _save(event, len(replies), [stems.get(path, "") for path in paths], pixels, model, wish)
            elif speaking:
                say(event.text if event.index else f"  {event.text.lstrip()}", end="")
    finally:
        if speaking:
            say("")
    if wish.json:
        say(_json_line(paths, replies, model))


def _check_count(count: int, model: Loaded) -> None:
    if count > model.max_images:
        takes = "one image" if model.max_images == 1 else f"{model.max_images} images"
        raise ConfigError(
            f"{model.model} answers about {takes} at a time, not {count}.",
            "Leave out --together to ask about each alone, or choose a model that takes more with --model.",
        )


def _save(
    reply: Reply, number: int, stems: Sequence[str], pixels: Sequence[NDArray[np.uint8]], model: Loaded, wish: Wish
) -> None:
    """The pictures of a reply, for each of its images."""
    from umed_core.drawing.saving import save_reply

    if wish.save is None:
        return
    for image, (stem, shown) in enumerate(zip(stems, pixels, strict=True)):
        saved = save_reply(wish.save, stem, number, shown, reply, model, image, len(pixels))
        (note if wish.json else say)(f"  saved {', '.join(str(file) for file in saved)}")


def _display_pixels(path: Path, frame: int) -> NDArray[np.uint8]:
    from umed_core.images.open_image import open_image

    image = open_image(path)
    if frame > image.frame_count:
        count = f"{image.frame_count} frame{'s' if image.frame_count > 1 else ''}"
        raise ConfigError(f"{path} has {count}; there is no frame {frame}.", f"Give --frame 1 to {image.frame_count}.")
    return image.display(frame - 1)


def _tell(reply: Reply, pixels: Sequence[NDArray[np.uint8]]) -> None:
    from umed_core.vlm.answer import attention_on, class_span, share_in_box

    say("")
    if len(reply.answer.boxes) == 0:
        say("  no box")
    for number, box in enumerate(reply.answer.boxes, 1):
        height, width = pixels[box.image].shape[:2]
        corners = box.box.pixels(width, height)
        attention = attention_on(reply.deltas, *class_span(reply.answer.text, box, len(pixels)), image=box.image)
        on = f"on image {box.image + 1}, " if len(pixels) > 1 else ""
        there = " on that image" if len(pixels) > 1 else ""
        share = f"{share_in_box(attention, box.box):.0%}" if attention.size else ""
        looked = f", {share} of the word's attention{there} in it" if share else ""
        say(
            f"  box {number}: {box.label or 'no class'}, {on}"
            f"x {corners.x0:.0f} to {corners.x1:.0f}, y {corners.y0:.0f} to {corners.y1:.0f} of {width} x {height} px "
            f"({box.box.x:.3f}, {box.box.y:.3f}, {box.box.w:.3f}, {box.box.h:.3f}){looked}"
        )


def _json_line(paths: Sequence[Path], replies: Sequence[Reply], model: Loaded) -> str:
    """`image` for one, `images` for several; a box then says on which it lies."""
    import msgspec

    answers = [
        {
            "text": plain(reply.answer.text),
            "boxes": [
                {"x": b.box.x, "y": b.box.y, "w": b.box.w, "h": b.box.h, "label": b.label}
                | ({"image": str(paths[b.image])} if len(paths) > 1 else {})
                for b in reply.answer.boxes
            ],
            "seconds": round(reply.answer.seconds, 3),
        }
        for reply in replies
    ]
    about = {"image": str(paths[0])} if len(paths) == 1 else {"images": [str(path) for path in paths]}
    line: dict[str, object] = {**about, **answers[-1], "model": model.model}
    if len(replies) > 1:
        line["seconds"] = round(sum(reply.answer.seconds for reply in replies), 3)
        line["turns"] = [{"question": r.question, **a} for r, a in zip(replies, answers, strict=True)]
    return msgspec.json.encode(line).decode()
