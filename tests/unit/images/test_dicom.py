"""DICOM by hand: stored values in, modality values and what shows them out."""

from __future__ import annotations

import io
import zlib

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEGBaseline8Bit,
    RLELossless,
)

from tests.unit.images.dicom_files import dataset_of, dicom_bytes, file_bytes, item
from umed_core.errors import CorruptImage, ImageTooLarge, UnsupportedImage
from umed_core.images.dicom import read_dicom
from umed_core.images.dicom_file import end_of_meta
from umed_core.images.limits import DecodeLimits
from umed_core.images.medical_image import MedicalImage, Window

RAMP = np.array([[0, 1], [2, 3]], np.int16)


def read(data: bytes, limits: DecodeLimits = DecodeLimits()) -> MedicalImage:  # noqa: B008
    return read_dicom(data, "made.dcm", limits)


def made(pixels: NDArray[np.generic] = RAMP, **elements: object) -> MedicalImage:
    return read(dicom_bytes(pixels, **elements))


# ------------------------------------------------------------------------------------------- stored -> modality


def test_rescale_to_hu_stays_integer() -> None:
    image = made(RescaleSlope=1, RescaleIntercept=-1024)
    assert image.pixels.dtype == np.int16 and image.pixels[0].tolist() == [[-1024, -1023], [-1022, -1021]]
    assert image.unit == "HU"


def test_a_fractional_slope_gives_float32() -> None:
    image = made(RescaleSlope=0.5, RescaleIntercept=1)
    assert image.pixels.dtype == np.float32 and image.pixels[0].tolist() == [[1.0, 1.5], [2.0, 2.5]]


def test_a_rescaled_value_beyond_16_bits_is_not_wrapped() -> None:
    image = made(np.array([[65535, 0]], np.uint16), RescaleSlope=2, RescaleIntercept=-1)
    assert image.pixels[0].tolist() == [[131069, -1]]


def test_unsigned_values_may_become_negative() -> None:
    image = made(np.array([[0, 30000]], np.uint16), RescaleSlope=1, RescaleIntercept=-1024)
    assert image.pixels[0].tolist() == [[-1024, 28976]]


def test_a_slope_of_zero_is_read_as_one_and_noted() -> None:
    image = made(RescaleSlope=0, RescaleIntercept=0)
    assert image.pixels[0].tolist() == RAMP.tolist() and "slope of 0" in image.notes[0]


def test_a_modality_lut_replaces_the_rescale() -> None:
    lut = item(LUTDescriptor=[3, 1, 16], ModalityLUTType="OD", LUTData=np.array([100, 200, 300], "<u2").tobytes())
    image = made(RAMP.astype(np.uint16), ModalityLUTSequence=[lut])
    # first value mapped 1: 0 and 1 -> 100, 2 -> 200, 3 -> 300
    assert image.pixels[0].tolist() == [[100, 100], [200, 300]] and image.unit == "OD"


def test_rubbish_in_unused_bits_is_dropped_and_the_sign_restored() -> None:
    # 12 stored bits: 0xF001 holds 1 below an overlay's bits; 0x0FFF is -1.
    stored = np.array([[0xF001, 0x0FFF]], np.uint16).view(np.int16)
    assert made(stored, BitsStored=12, HighBit=11).pixels[0].tolist() == [[1, -1]]


def test_a_high_bit_at_the_top_is_shifted_down() -> None:
    stored = np.array([[0x7FF0, 0x0010]], np.uint16)
    assert made(stored, BitsStored=12, HighBit=15).pixels[0].tolist() == [[0x7FF, 1]]


def test_packed_12_bit_samples() -> None:
    # 0x123 and 0xABC, first sample in the low bits: bytes 23 C1 AB (PS3.5 annex D).
    dataset = dataset_of(np.zeros((1, 2), np.uint16), BitsAllocated=12, BitsStored=12, HighBit=11)
    assert read(file_bytes(dataset, b"\x23\xc1\xab")).pixels[0].tolist() == [[0x123, 0xABC]]


def test_one_bit_segmentation() -> None:
    # The first pixel is the lowest bit (PS3.5 8.1.1).
    dataset = dataset_of(np.zeros((2, 4), np.uint8), BitsAllocated=1, BitsStored=1, HighBit=0, Modality="SEG")
    image = read(file_bytes(dataset, bytes([0b1000_0001])))
    assert image.pixels[0].tolist() == [[1, 0, 0, 0], [0, 0, 0, 1]]
    assert image.display().tolist() == [[255, 0, 0, 0], [0, 0, 0, 255]]


@pytest.mark.parametrize(
    ("keyword", "dtype", "vr"), [("FloatPixelData", "f4", "OF"), ("DoubleFloatPixelData", "f8", "OD")]
)
def test_float_pixels(keyword: str, dtype: str, vr: str) -> None:
    values = np.array([[0.25, -1.5]], dtype)
    dataset = dataset_of(values, BitsStored=None, HighBit=None, PixelRepresentation=None)
    dataset.add_new(keyword, vr, values.tobytes())
    assert read(file_bytes(dataset)).pixels[0].tolist() == [[0.25, -1.5]]


# --------------------------------------------------------------------------------------------------- encodings


def test_big_endian_implicit_and_deflated_files_hold_the_same_values() -> None:
    for syntax in (ExplicitVRBigEndian, ImplicitVRLittleEndian, DeflatedExplicitVRLittleEndian):
        order = RAMP.astype(">i2") if syntax == ExplicitVRBigEndian else RAMP
        assert read(file_bytes(dataset_of(RAMP), order.tobytes(), syntax)).pixels[0].tolist() == RAMP.tolist()


def test_a_file_without_preamble_and_meta_header_is_read() -> None:
    whole = dicom_bytes(RAMP)
    bare = whole[end_of_meta(whole)[0] :]
    assert read(bare).pixels[0].tolist() == RAMP.tolist()


def test_rle_by_hand() -> None:
    # Two segments (high bytes, then low bytes) of one literal run each: values 0, 1, 2, 3 (PS3.5 annex G).
    segments = b"\x03\x00\x00\x00\x00\x00" + b"\x03\x00\x01\x02\x03\x00"
    header = np.array([2, 64, 70] + [0] * 13, "<u4").tobytes()
    data = file_bytes(dataset_of(RAMP), syntax=RLELossless, fragments=[header + segments])
    assert read(data).pixels[0].tolist() == RAMP.tolist()


def test_jpeg_baseline() -> None:
    grey = np.full((16, 16), 77, np.uint8)
    out = io.BytesIO()
    Image.fromarray(grey).save(out, "JPEG", quality=100)
    data = file_bytes(dataset_of(grey), syntax=JPEGBaseline8Bit, fragments=[out.getvalue()])
    assert set(np.unique(read(data).pixels).tolist()) == {77}


# ------------------------------------------------------------------------------------------------------ colour


def color_dataset(model: str, planar: int = 0) -> Dataset:
    return dataset_of(
        np.zeros((1, 2), np.uint8), SamplesPerPixel=3, PhotometricInterpretation=model, PlanarConfiguration=planar
    )


def test_rgb_by_pixel_and_by_plane() -> None:
    assert read(file_bytes(color_dataset("RGB"), bytes([1, 2, 3, 4, 5, 6]))).pixels[0].tolist() == [
        [[1, 2, 3], [4, 5, 6]]
    ]
    assert read(file_bytes(color_dataset("RGB", 1), bytes([1, 4, 2, 5, 3, 6]))).pixels[0].tolist() == [
        [[1, 2, 3], [4, 5, 6]]
    ]


def test_ybr_full_by_hand() -> None:
    # Y = 128, Cb = Cr = 128 is grey; Y = 76, Cb = 85, Cr = 255 is pure red (PS3.3 C.7.6.3.1.2).
    image = read(file_bytes(color_dataset("YBR_FULL"), bytes([128, 128, 128, 76, 85, 255])))
    assert image.pixels[0, 0, 0].tolist() == [128, 128, 128]
    assert np.abs(image.pixels[0, 0, 1].astype(int) - [254, 0, 0]).max() <= 1


def palette_elements(values: list[int], first: int = 0, bits: int = 16) -> dict[str, object]:
    table = np.array(values, "<u2").tobytes()
    names = [f"{name}PaletteColorLookupTable" for name in ("Red", "Green", "Blue")]
    return {f"{name}Descriptor": [len(values), first, bits] for name in names} | {
        f"{name}Data": table if name.startswith("Red") else bytes(len(table)) for name in names
    }


def test_a_16_bit_palette_gives_its_upper_bytes() -> None:
    image = made(
        np.array([[0, 1]], np.uint8), PhotometricInterpretation="PALETTE COLOR", **palette_elements([0x1200, 0xFF00])
    )
    assert image.pixels[0].tolist() == [[[0x12, 0, 0], [0xFF, 0, 0]]]


def test_a_supplemental_palette_colours_only_the_values_it_maps() -> None:
    image = made(
        np.array([[0, 50, 100, 101]], np.uint8),
        PixelPresentation="COLOR",
        WindowCenter=50,
        WindowWidth=101,
        **palette_elements([0x1200, 0xFF00], first=100),
    )
    assert image.pixels[0, 0, 2:].tolist() == [[0x12, 0, 0], [0xFF, 0, 0]]
    assert image.pixels[0, 0, :2].tolist() == [[1, 1, 1], [129, 129, 129]]  # (0 - 49.5) / 100 + .5 = .005; .505


def test_an_old_colour_model_is_named() -> None:
    with pytest.raises(UnsupportedImage, match="HSV"):
        read(file_bytes(color_dataset("HSV"), bytes(6)))


# -------------------------------------------------------------------------------------------- display and groups


def test_monochrome1_is_white_where_values_are_least() -> None:
    image = made(PhotometricInterpretation="MONOCHROME1", WindowCenter=1.5, WindowWidth=4)
    assert image.inverted and image.pixels[0].tolist() == RAMP.tolist()
    assert image.display()[0, 0] > image.display()[1, 1]


def test_all_windows_of_a_file_are_kept_with_their_names() -> None:
    image = made(
        WindowCenter=[40, -600],
        WindowWidth=[400, 1500],
        WindowCenterWidthExplanation=["ABDOMEN", "LUNG"],
        VOILUTFunction="SIGMOID",
    )
    assert image.windows == (Window(40, 400, "ABDOMEN", "sigmoid"), Window(-600, 1500, "LUNG", "sigmoid"))


def test_a_window_without_width_is_ignored_and_noted() -> None:
    image = made(WindowCenter=40, WindowWidth=0)
    assert image.windows == () and "impossible width" in image.notes[0]


def test_a_voi_lut_is_used_for_display() -> None:
    lut = item(LUTDescriptor=[4, 0, 8], LUTData=np.array([5, 6, 7, 8], "<u2").tobytes())
    assert made(RAMP.astype(np.uint16), VOILUTSequence=[lut]).display().tolist() == [[5, 6], [7, 8]]


def test_enhanced_frames_have_their_own_rescale_window_and_place() -> None:
    frames = [
        item(
            PixelValueTransformationSequence=[item(RescaleSlope=1, RescaleIntercept=10 * k, RescaleType="HU")],
            FrameVOILUTSequence=[item(WindowCenter=5 + 10 * k, WindowWidth=10)],
            PlanePositionSequence=[item(ImagePositionPatient=[0, 0, 2 * k])],
        )
        for k in range(2)
    ]
    shared = item(
        PixelMeasuresSequence=[item(PixelSpacing=[0.5, 0.25])],
        PlaneOrientationSequence=[item(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])],
    )
    image = made(
        np.stack([RAMP, RAMP]),
        NumberOfFrames=2,
        PerFrameFunctionalGroupsSequence=frames,
        SharedFunctionalGroupsSequence=[shared],
    )
    assert image.pixels[:, 0, 0].tolist() == [0, 10]
    assert image.frame_windows == (Window(5, 10), Window(15, 10))
    assert np.array_equal(image.display(0), image.display(1))
    assert image.spacing_mm == (0.5, 0.25) and image.slice_positions_mm == (0.0, 2.0)
    assert image.unit == "HU"


def test_padding_is_given_as_a_modality_value() -> None:
    image = made(PixelPaddingValue=-2000, RescaleSlope=1, RescaleIntercept=-1024)
    assert image.padding == -3024


def test_spacing_at_the_detector_is_not_spacing_in_the_patient() -> None:
    image = made(ImagerPixelSpacing=[0.1, 0.1])
    assert image.spacing_mm is None and "detector" in image.notes[0]


def test_a_dose_grid_is_scaled() -> None:
    image = made(RAMP.astype(np.uint16), Modality="RTDOSE", DoseGridScaling="0.5", DoseUnits="GY")
    assert image.pixels[0].tolist() == [[0.0, 0.5], [1.0, 1.5]] and image.unit == "GY"


def test_who_and_what_is_kept_in_any_alphabet() -> None:
    image = made(
        SpecificCharacterSet="ISO_IR 192", PatientName="Müller^Jörg", PatientOrientation=["L", "F"], Laterality="R"
    )
    assert image.tags.patient_name == "Müller^Jörg" and image.tags.patient_id == "P1"
    assert image.tags.patient_orientation == "L\\F" and image.tags.laterality == "R"


# ------------------------------------------------------------------------------------------------------ refusals


def test_pixels_cut_off() -> None:
    with pytest.raises(CorruptImage, match="is cut off: its pixels take 8 bytes, 4 are there"):
        read(dicom_bytes(RAMP)[:-4])


def test_a_size_that_the_file_cannot_hold() -> None:
    with pytest.raises(CorruptImage, match="30000 x 30000 pixels, 1800000000 bytes, but holds 8"):
        made(Rows=30000, Columns=30000)


def test_an_rle_claim_that_no_run_length_can_reach() -> None:
    fragment = np.array([1, 64] + [0] * 14, "<u4").tobytes() + b"\x81\x00"
    data = file_bytes(dataset_of(RAMP, Rows=30000, Columns=30000), syntax=RLELossless, fragments=[fragment])
    with pytest.raises(CorruptImage, match=rf"says 30000 x 30000 pixels but holds {len(data)} bytes") as caught:
        read(data)
    assert "hostile" in caught.value.hint


def test_a_deflate_bomb_is_refused_while_it_inflates() -> None:
    harmless = file_bytes(dataset_of(RAMP), RAMP.tobytes(), DeflatedExplicitVRLittleEndian)
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    bomb = b"".join(squeeze.compress(bytes(1 << 20)) for _ in range(3)) + squeeze.flush()
    with pytest.raises(ImageTooLarge, match="inflate"):
        read(harmless[: end_of_meta(harmless)[0]] + bomb, DecodeLimits(inflated_bytes=1 << 20))


def test_a_report_is_named() -> None:
    report = Dataset()
    report.SOPClassUID, report.SOPInstanceUID, report.Modality = "1.2.840.10008.5.1.4.1.1.88.11", "1.2", "SR"
    with pytest.raises(UnsupportedImage, match="holds no pixels: it is a Basic Text SR Storage"):
        read(file_bytes(report))


def test_an_image_whose_pixels_are_gone() -> None:
    with pytest.raises(CorruptImage, match="its pixels are missing"):
        read(file_bytes(dataset_of(RAMP)))


def test_frames_beyond_the_limit() -> None:
    with pytest.raises(ImageTooLarge, match="in 2 frames"):
        read(dicom_bytes(np.zeros((2, 64, 64), np.int16), NumberOfFrames=2), DecodeLimits(pixel_bytes=10_000))


def test_a_lookup_table_without_data_is_corrupt() -> None:
    with pytest.raises(CorruptImage, match="lookup table"):
        made(VOILUTSequence=[item(LUTDescriptor=[4, 0, 8])])
