"""High-Throughput JPEG 2000 in DICOM: Lossless, Lossless RPCL and lossy. Source: PS3.5 A.4.4, syntaxes .4.201 to .4.203.

The three codestreams were written once by OpenJPH 0.26.3 (imagecodecs 2026.3.6, not needed here) from the ramps below;
what decodes them in umed is OpenJPEG.
"""

from __future__ import annotations

from base64 import b64decode

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.uid import HTJ2K, UID, HTJ2KLossless, HTJ2KLosslessRPCL

from tests.unit.images.dicom_files import dataset_of, file_bytes
from umed_core.errors import CorruptImage
from umed_core.images.dicom import read_dicom
from umed_core.images.limits import DecodeLimits
from umed_core.images.medical_image import MedicalImage

y, x = np.mgrid[:16, :24]
SIGNED_RAMP: NDArray[np.int16] = (x * 80 + y * 3 - 1000).astype(np.int16)
GREY_RAMP: NDArray[np.uint8] = (x * 8 + y * 3).astype(np.uint8)
RGB_RAMP: NDArray[np.uint8] = np.stack([x * 8, y * 10, x + y], axis=-1).astype(np.uint8)

SIGNED = b64decode(
    "/0//UQApQAAAAAAYAAAAEAAAAAAAAAAAAAAAGAAAABAAAAAAAAAAAAABjwEB/1AACAACAAAACv9SAAwAAgABAAUEBEAB/1wAEyCI"
    "kJCQkJCQkJCQkJCQiIiI/2QAFwABT3BlbkpQSCBWZXIgMC4yNi4zLv+QAAoAAAAAAIQAAf+TwAAmg/4CB3QAwAATALT6Awd0AMAA"
    "EsAAEwDZAId0ALb9AAI0AMAAE8AAEwDYYvuCC3QAWvUKd1QAwAAVMAAFSGZmZmbacYJ1AEyS/OT2Sey2AMAAK+AAFcAej8fj8Xg8"
    "8/p6enECeAAEAAD+/xFe/de/dey6AP/Z"
)
GREY = b64decode(
    "/0//UQApQAAAAAAYAAAAEAAAAAAAAAAAAAAAGAAAABAAAAAAAAAAAAABBwEB/1AACAACAAAAIv9SAAwAAgABAAUEBEAA/1wAIyJ3"
    "GHbqdup2vG8AbwBu4mdMZ0xnZFADUANQRlfSV9JXYf9kABcAAU9wZW5KUEggVmVyIDAuMjYuMy7/kAAKAAAAAACUAAH/k8ABML37"
    "Awd0AMABMHb8Awd0AMACWABOjQEHdABixf4AYjQAwAVUAFUAhDyP3f4AEPm1AIEX8ALvA5N+tQDAFfAFoqqUMJamhPEBJn4ArQt4"
    "AIKhgw4NHRr6QGU+Sm716jkAwBakAVZKJCYSE4mJ9HPiSv5K/kr9Fct8AALg/xfv3+/f7LkA/9k="
)
RGB = b64decode(
    "/0//UQAvQAAAAAAYAAAAEAAAAAAAAAAAAAAAGAAAABAAAAAAAAAAAAADBwEBBwEBBwEB/1AACAACAAAAA/9SAAwAAgABAQUEBEAB"
    "/1wAEyBQWFhYWFhYWFhYWFhYUFBQ/2QAFwABT3BlbkpQSCBWZXIgMC4yNi4zLv+QAAoAAAAAAX4AAf+TwBKApQEHdADAEgAAB3QA"
    "wBKA6gAHdADACUDMAId0AMAJQOAAB3QAwAlAEAGHdADACOAEwABjAF7vACI0AKAEwKOjAEI0AMAI4ATAJ3MAtbUAQjQAwAmgBOBS"
    "/oDLdACucwAkd1UAwAlgBUCIgEt0ANEo+gDkd1UAwAmgBUBI5ICLdADZLPsA5HdVAMAKyAFowAqQAIAEAAgE4aRYrbcAAAAICAgI"
    "CPYAwHkBjlStuQAAAIAMNFSttgDACaAFYPDYFPJ1AOc555zgAPYAAey4AMAKiAFYQgjx2nACdQDrWmut4AD2AAHsuADAFowBacAW"
    "2AABAMh+ShddddTT09LVVS0AUAQAAAD+f4Env2Se/ZJ7zzINAAAAAAAAAADrrrrqbrrrrqbrrrrqb9+/fvw1AcATwBaQAPPwKUvm"
    "ADEiIiIiIv7/HJ798nv3yey7AMAVcAWktm3b8/Cnp6dCeABzZmZmZmb+/xye/fJ798nsuwD/2Q=="
)


def read(codestream: bytes, pixels: NDArray[np.generic], syntax: UID, **elements: object) -> MedicalImage:
    data = file_bytes(dataset_of(pixels, **elements), syntax=syntax, fragments=[codestream])
    return read_dicom(data, "ht.dcm", DecodeLimits())


@pytest.mark.parametrize("syntax", [HTJ2KLossless, HTJ2KLosslessRPCL])
def test_lossless_gives_every_signed_value_back(syntax: UID) -> None:
    image = read(SIGNED, SIGNED_RAMP, syntax, RescaleIntercept=-24, RescaleSlope=1)
    np.testing.assert_array_equal(image.pixels[0], SIGNED_RAMP - 24)


def test_lossy_is_within_one_grey_level() -> None:
    image = read(GREY, GREY_RAMP, HTJ2K)
    np.testing.assert_allclose(image.pixels[0].astype(int), GREY_RAMP, atol=1)


def test_colour_comes_back_as_rgb() -> None:
    """The file says YBR_RCT, as its encoder transformed it; the decoder undoes that."""
    colour = {"SamplesPerPixel": 3, "PlanarConfiguration": 0, "PhotometricInterpretation": "YBR_RCT"}
    image = read(RGB, RGB_RAMP[..., 0], HTJ2KLossless, **colour)
    assert image.is_color
    np.testing.assert_array_equal(image.pixels[0], RGB_RAMP)


def test_a_truncated_codestream_is_one_clear_error() -> None:
    with pytest.raises(CorruptImage, match=r"ht\.dcm") as caught:
        read(SIGNED[:120], SIGNED_RAMP, HTJ2KLossless)
    assert caught.value.hint
