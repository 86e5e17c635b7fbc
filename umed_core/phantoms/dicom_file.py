"""A phantom as the bytes of a DICOM file: CT, digital X-ray or VL endoscopy, marked as synthetic throughout."""

from __future__ import annotations

import io
import uuid

import numpy as np
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import UID, ExplicitVRLittleEndian

from umed_core.phantoms.phantom import Phantom

__all__ = ["dicom_bytes"]

CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
DX_FOR_PRESENTATION = "1.2.840.10008.5.1.4.1.1.1.1"
VL_ENDOSCOPIC = "1.2.840.10008.5.1.4.1.1.77.1.1"
IMPLEMENTATION = "2.25.244867186346953127461806245381087624203"

DATE, TIME = "20000101", "120000"
SYNTHETIC = "SYNTHETIC PHANTOM - NOT A PATIENT. Drawn by umed; for tests, demonstration and training only."
LOWEST_HU = -1024

AXIAL, CORONAL = [1, 0, 0, 0, 1, 0], [1, 0, 0, 0, 0, -1]
REGIONS = {"ct": ("22943007", "Trunk"), "renal": ("818983003", "Abdomen"), "cxr": ("43799004", "Chest"),
           "tb": ("43799004", "Chest"), "endoscopy": ("71854001", "Colon")}  # fmt: skip


def dicom_bytes(phantom: Phantom) -> bytes:
    """A whole Part 10 file, explicit VR little endian; the same bytes for the same phantom."""
    dataset = _common(phantom)
    if phantom.modality == "CT":
        _add_ct(dataset, phantom)
    elif phantom.modality == "DX":
        _add_dx(dataset, phantom)
    else:
        _add_endoscopy(dataset, phantom)
    buffer = io.BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def _uid(phantom: Phantom, role: str) -> UID:
    """A UID under 2.25 that depends on nothing but the phantom and what is named. Source: PS3.5 B.2."""
    return UID(f"2.25.{uuid.uuid5(uuid.NAMESPACE_OID, f'umed phantom {phantom.kind} {phantom.seed} {role}').int}")


def _common(phantom: Phantom) -> FileDataset:
    """Patient, Study, Series, Equipment, General Image, Image Pixel and SOP Common modules."""
    meta = FileMetaDataset()
    classes = {"CT": CT_IMAGE, "DX": DX_FOR_PRESENTATION, "ES": VL_ENDOSCOPIC}
    meta.MediaStorageSOPClassUID = UID(classes[phantom.modality])
    meta.MediaStorageSOPInstanceUID = _uid(phantom, "instance")
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = UID(IMPLEMENTATION)
    meta.ImplementationVersionName = "UMED_PHANTOM"
    dataset = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.SOPClassUID, dataset.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    dataset.PatientName, dataset.PatientID = "SYNTHETIC^PHANTOM", f"PHANTOM-{phantom.kind.upper()}-{phantom.seed}"
    dataset.PatientBirthDate, dataset.PatientSex = "", ""
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = _uid(phantom, "study"), _uid(phantom, "series")
    dataset.StudyDate, dataset.StudyTime, dataset.ContentDate, dataset.ContentTime = DATE, TIME, DATE, TIME
    dataset.StudyID, dataset.AccessionNumber, dataset.ReferringPhysicianName = "1", "", ""
    dataset.StudyDescription = dataset.SeriesDescription = "SYNTHETIC PHANTOM"
    dataset.Modality, dataset.SeriesNumber, dataset.InstanceNumber = phantom.modality, 1, 1
    dataset.Manufacturer, dataset.ManufacturerModelName = "umed (synthetic)", "umed phantoms"
    dataset.DeviceSerialNumber, dataset.SoftwareVersions = "0", "1"
    dataset.ImageComments = SYNTHETIC
    dataset.PatientOrientation = ""
    dataset.Rows, dataset.Columns = phantom.pixels.shape[:2]
    dataset.LossyImageCompression = "00"
    return dataset


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def _region(phantom: Phantom) -> Sequence:
    code, meaning = REGIONS[phantom.kind]
    return Sequence([_code(code, "SCT", meaning)])


def _add_grey(dataset: Dataset, phantom: Phantom, offset: int) -> None:
    """Twelve unsigned bits, whose stored value is the phantom's plus `offset`, and the window."""
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 12, 11, 0
    stored = (phantom.pixels.astype(np.int32) + offset).astype("<u2")
    dataset.PixelData = stored.tobytes()
    dataset.RescaleIntercept, dataset.RescaleSlope = -offset, 1
    if phantom.window is not None:
        dataset.WindowCenter, dataset.WindowWidth = phantom.window.center, phantom.window.width
        dataset.WindowCenterWidthExplanation = phantom.window.name


def _add_ct(dataset: Dataset, phantom: Phantom) -> None:
    """CT Image, Image Plane and Frame of Reference modules. Source: PS3.3 A.3."""
    coronal = phantom.kind == "renal"
    dataset.ImageType = ["DERIVED", "SECONDARY", "REFORMATTED" if coronal else "AXIAL"]
    dataset.RescaleType = "HU"
    dataset.KVP, dataset.AcquisitionNumber, dataset.SliceThickness = 120, 1, 5
    dataset.PatientPosition, dataset.PositionReferenceIndicator = "HFS", ""
    dataset.FrameOfReferenceUID = _uid(phantom, "frame of reference")
    row_mm, column_mm = phantom.spacing_mm or (1.0, 1.0)
    dataset.PixelSpacing = [row_mm, column_mm]
    height, width = phantom.pixels.shape[:2]
    across, down = round(-column_mm * (width - 1) / 2, 3), round(row_mm * (height - 1) / 2, 3)
    dataset.ImageOrientationPatient = CORONAL if coronal else AXIAL
    dataset.ImagePositionPatient = [across, 0, down] if coronal else [across, -down, 0]
    dataset.BodyPartExamined = "ABDOMEN" if coronal else "CHESTABDPELVIS"
    _add_grey(dataset, phantom, -LOWEST_HU)


def _add_dx(dataset: Dataset, phantom: Phantom) -> None:
    """DX Series, Anatomy Imaged, Image, Detector, Positioning and Acquisition Context modules. Source: PS3.3 A.26."""
    dataset.ImageType = ["DERIVED", "PRIMARY"]
    dataset.PresentationIntentType = "FOR PRESENTATION"
    dataset.PatientOrientation = ["L", "F"]
    dataset.BodyPartExamined, dataset.ImageLaterality, dataset.ViewPosition = "CHEST", "U", "PA"
    view = _code("272479007", "SCT", "postero-anterior")
    view.ViewModifierCodeSequence = Sequence([])
    dataset.ViewCodeSequence, dataset.PositionerType = Sequence([view]), "NONE"
    dataset.AnatomicRegionSequence = _region(phantom)
    dataset.AcquisitionContextSequence = Sequence([])
    dataset.PixelIntensityRelationship, dataset.PixelIntensityRelationshipSign = "LOG", -1
    dataset.RescaleType, dataset.PresentationLUTShape = "US", "IDENTITY"
    dataset.BurnedInAnnotation = "NO"
    dataset.DetectorType = "DIRECT"
    dataset.ImagerPixelSpacing = list(phantom.spacing_mm or (1.0, 1.0))
    dataset.PixelSpacing, dataset.PixelSpacingCalibrationType = dataset.ImagerPixelSpacing, "GEOMETRY"
    dataset.PixelSpacingCalibrationDescription = "SYNTHETIC"
    _add_grey(dataset, phantom, 0)


def _add_endoscopy(dataset: Dataset, phantom: Phantom) -> None:
    """VL Image and Acquisition Context modules. Source: PS3.3 A.32.1."""
    dataset.ImageType = ["DERIVED", "SECONDARY"]
    dataset.AcquisitionContextSequence = Sequence([])
    dataset.AnatomicRegionSequence = _region(phantom)
    dataset.BurnedInAnnotation = "YES"  # many frames carry a made-up date at the left
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation, dataset.PlanarConfiguration = 3, "RGB", 0
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 8, 8, 7, 0
    data = phantom.pixels.astype(np.uint8, copy=False).tobytes()
    dataset.PixelData = data + b"\0" * (len(data) % 2)
