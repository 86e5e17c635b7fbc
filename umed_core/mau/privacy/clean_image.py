"""One case's image as it may leave the machine: pixels, and nothing that says whose they are.

    file -> pixels, decoded in a limited child -> 8-bit display values -> burned-in text painted over -> PNG or JPEG

A JPEG or plain PNG in which nothing had to change keeps its coded picture bit for bit, without its metadata.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from umed_core.errors import CorruptImage, DataError, ImageTooLarge, InputError, MissingFile, UnsupportedImage
from umed_core.geometry import NormalizedBox, PixelBox
from umed_core.images.decode import read_bounded
from umed_core.images.limits import DecodeLimits
from umed_core.images.medical_image import MedicalImage
from umed_core.images.open_image import open_image
from umed_core.images.sniff import sniff
from umed_core.images.windowing import apply_window
from umed_core.mau.cases import Case
from umed_core.mau.privacy.burned_in_text import OcrScan, TextScan, ocr_is_installed, overlap, paint_over
from umed_core.mau.privacy.coded_picture import BarePicture, bare_picture, exif_turn

__all__ = ["CleanImage", "clean_image"]

_MIB = 1 << 20
_LIMITS = DecodeLimits(file_bytes=512 * _MIB, pixel_bytes=256 * _MIB, inflated_bytes=256 * _MIB)
"""One picture for a dataset, not a study on a screen: the build holds several at a time in little memory."""

_PNG_EFFORT = 4
"""zlib level. On CT and endoscopy 6 takes twice as long for 2% less."""

_ROUNDS = 2
"""Paintings before an image is given up: a second scan may find a faint line that a strong one outshone."""

_REASONS: tuple[tuple[type[InputError], str], ...] = (
    (MissingFile, "There is no file at the annotated path."),
    (UnsupportedImage, "The file is of a kind that is not read, or holds no picture."),
    (ImageTooLarge, "The file is beyond the limits of what is decoded for a dataset."),
    (CorruptImage, "The file is damaged or cut off."),
)


@dataclass(frozen=True, slots=True)
class CleanImage:
    """A picture file without identifiers.

    `suffix` is ".png" or ".jpg". `removed` names what was taken away: DICOM keywords, "EXIF", "ICC", "text chunk".
    `blanked` are the places that were painted over, `notes` sentences for the person. None of them quotes the file.
    """

    content: bytes
    suffix: str
    width: int
    height: int
    removed: tuple[str, ...] = ()
    blanked: tuple[NormalizedBox, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def sha256(self) -> str:
        """Of `content`, in hexadecimal."""
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True, slots=True)
class _Original:
    """What the file was: names of what its header held, and two facts that decide what happens to it."""

    bare: BarePicture
    is_turned: bool = False
    says_burned_in: bool = False


def clean_image(case: Case, text_scan: TextScan) -> CleanImage:
    """The image of `case`, cleaned; boxes stay where they are. Any thread may call it.

    An object that states BurnedInAnnotation is scanned also where `text_scan` looks for nothing.
    Raises: InputError and its kinds for a file that cannot be used, DataError for a picture that may not leave; neither
        quotes the file or its name. ConfigError where a package that the person's choice needs is missing.
    """
    image, original = _read(case)
    image = _one_frame(image, case.frame)
    if original.is_turned and case.findings:
        raise DataError(
            "EXIF says that the picture is to be turned, and its boxes may refer to either side of that.",
            "Save the picture upright, check its boxes, and build again.",
        )
    shown = _display(image, case)
    clean, blanked = _without_text(shown, case, _scan_for(original, text_scan))
    is_as_stored = not blanked and not original.is_turned and _same_pixels(shown, image)
    content = original.bare.content if is_as_stored else b""
    return CleanImage(
        content=content or _png(clean),
        suffix=original.bare.suffix if content else ".png",
        width=image.width,
        height=image.height,
        removed=original.bare.removed,
        blanked=tuple(box.normalized(image.width, image.height) for box in blanked),
        notes=_notes(original, len(blanked)),
    )


def _read(case: Case) -> tuple[MedicalImage, _Original]:
    """Decoded in a child first, then looked at here: what would harm a decoder never reaches this process."""
    try:
        image = open_image(case.image, _LIMITS)
        return image, _original(read_bounded(case.image, _LIMITS))
    except InputError as problem:
        kind = type(problem)
    # Outside the handler: messages of the decoders quote names and values, and a chained error would carry them along.
    raise kind(
        next((reason for known, reason in _REASONS if issubclass(kind, known)), "The file cannot be used."),
        "Open it in umed to see more.",
    )


def _one_frame(image: MedicalImage, frame: int | None) -> MedicalImage:
    """The frame that the annotations are about. Raises: DataError where they name none of several, or one beyond the last."""
    if frame is None and image.frame_count != 1:
        raise DataError(
            f"The file holds {image.frame_count} frames, and the annotations do not say which is meant.",
            "Export the annotated frame as a file of its own.",
        )
    if frame is None:
        return image
    if not 0 <= frame < image.frame_count:
        raise DataError(
            f"The file holds {image.frame_count} frames, and frame {frame + 1} is none of them.",
            "Check that image and annotations belong together.",
        )
    return replace(
        image,
        pixels=image.pixels[frame : frame + 1],
        frame_windows=image.frame_windows[frame : frame + 1],
        slice_positions_mm=image.slice_positions_mm[frame : frame + 1],
    )


def _original(data: bytes) -> _Original:
    kind = sniff(data[:4096])
    if kind == "dicom":
        return _dicom_original(data)
    if kind == "raster":
        return _Original(bare_picture(data), is_turned=exif_turn(data))
    return _Original(BarePicture(b"", "", ("NIfTI header",)))


def _dicom_original(data: bytes) -> _Original:
    from umed_core.images.deidentify import telling_keywords
    from umed_core.images.dicom_file import read_dataset

    dataset = read_dataset(data, "The file", _LIMITS)
    raw = dataset.get_item("BurnedInAnnotation") if "BurnedInAnnotation" in dataset else None
    stated = b"" if raw is None else raw.value if isinstance(raw.value, bytes) else str(raw.value).encode()
    bare = BarePicture(b"", "", ("DICOM header", *telling_keywords(dataset)))
    return _Original(bare, says_burned_in=stated.strip(b" \x00").upper() == b"YES")


def _scan_for(original: _Original, text_scan: TextScan) -> TextScan:
    """`text_scan`, unless it skips a file that states burned-in text. Raises: DataError where nothing can look."""
    if not original.says_burned_in or text_scan.policy != "skip":
        return text_scan
    if not ocr_is_installed():
        raise DataError(
            "The file states burned-in text in its pixels, and nothing is installed that could look for it.",
            'Run: pip install "umed[mau]".',
        )
    return OcrScan()


def _display(image: MedicalImage, case: Case) -> NDArray[np.uint8]:
    """(H, W) or (H, W, 3) as a screen shows it."""
    if case.grey is None:
        return image.display()
    if image.is_color:
        raise DataError(
            "The annotations give a grey-level window, but the picture is in colour.",
            "Check that the annotations belong to these pictures.",
        )
    values = image.pixels[0].astype(np.float32) + np.float32(case.grey.offset)
    return apply_window(values, case.grey.window)


def _without_text(
    shown: NDArray[np.uint8], case: Case, text_scan: TextScan
) -> tuple[NDArray[np.uint8], tuple[PixelBox, ...]]:
    """The picture with its burned-in text painted over, and where. Raises: DataError where that cannot be done."""
    painted: tuple[PixelBox, ...] = ()
    for _ in range(_ROUNDS):
        found = text_scan(shown)
        if not found:
            return shown, painted
        if text_scan.policy == "refuse":
            raise DataError(
                f"The picture shows burned-in text in {len(found)} place(s).",
                "Leave it out, or choose to have such text painted over.",
            )
        _require_findings_untouched(found, case, shown)
        shown, painted = paint_over(shown, found), painted + found
    if text_scan(shown):
        raise DataError(
            f"Text is still found in the picture after {_ROUNDS} attempts to paint it over.",
            "Remove the text by hand, or leave the picture out.",
        )
    return shown, painted


def _require_findings_untouched(found: tuple[PixelBox, ...], case: Case, shown: NDArray[np.uint8]) -> None:
    height, width = shown.shape[:2]
    findings = [finding.box.pixels(width, height) for finding in case.findings]
    if any(overlap(text, box) for text in found for box in findings):
        raise DataError(
            "Burned-in text touches the box of a finding: painting it over would hide the finding.",
            "Remove the text by hand, or leave the picture out.",
        )


def _same_pixels(shown: NDArray[np.uint8], image: MedicalImage) -> bool:
    return image.pixels.dtype == np.uint8 and bool(np.array_equal(shown, image.pixels[0]))


def _png(picture: NDArray[np.uint8]) -> bytes:
    out = io.BytesIO()
    Image.fromarray(picture).save(out, "PNG", compress_level=_PNG_EFFORT)
    return out.getvalue()


def _notes(original: _Original, blanked: int) -> tuple[str, ...]:
    notes = []
    if original.says_burned_in:
        notes.append("The file states that text is burned into its pixels; the picture was searched for it.")
    if blanked:
        notes.append(f"Burned-in text was painted over in {blanked} place(s).")
    if original.is_turned:
        notes.append("The turn that EXIF states was applied.")
    return tuple(notes)
