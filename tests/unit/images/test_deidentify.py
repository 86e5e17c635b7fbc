"""The confidentiality profile: what goes, what is emptied, what is replaced, and that references still hold."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import UID

from tests.builders import tiny_dicom, write_dicom

pytest.importorskip("dicomanonymizer", reason="needs the [mau] extra")

from umed_core.images.deidentify import PRIVATE, UNKNOWN, deidentified, replaced_uid, telling_keywords

KEY = b"one key for these tests"


def test_each_action_of_the_table_does_what_its_letter_says():
    dataset = tiny_dicom(
        PatientName="DOE^JOHN",  # Z
        PatientAge="062Y",  # X
        InstitutionName="St. Elsewhere",  # X/Z/D
        StudyDate="20240131",  # Z
        InstanceCreationDate="20240131",  # X/D
    )
    clean, acted = deidentified(dataset, KEY)
    assert clean.PatientName == "" and clean.StudyDate == ""
    assert "PatientAge" not in clean
    assert clean.InstitutionName == "ANONYMIZED"
    assert clean.InstanceCreationDate == "19000101"
    assert {"PatientName", "PatientAge", "InstitutionName", "StudyDate", "InstanceCreationDate"} <= set(acted)


def test_what_the_picture_needs_stays():
    dataset = tiny_dicom(WindowCenter="40", WindowWidth="400")
    clean, acted = deidentified(dataset, KEY)
    assert clean.PixelData == dataset.PixelData
    assert (clean.Rows, clean.Columns, clean.WindowCenter) == (4, 6, 40)
    assert clean.SOPClassUID == dataset.SOPClassUID  # a class of objects names nobody
    assert not {"PixelData", "Rows", "SOPClassUID", "Modality"} & set(acted)


def test_the_file_says_that_and_how_it_was_deidentified():
    clean, _ = deidentified(tiny_dicom(), KEY)
    assert clean.PatientIdentityRemoved == "YES"
    assert clean.DeidentificationMethodCodeSequence[0].CodeValue == "113100"
    assert clean.LongitudinalTemporalInformationModified == "REMOVED"


def test_the_original_is_left_as_it_was():
    dataset = tiny_dicom(PatientName="DOE^JOHN", ReferencedImageSequence=Sequence([_reference("1.2.3")]))
    deidentified(dataset, KEY)
    assert dataset.PatientName == "DOE^JOHN"
    assert dataset.ReferencedImageSequence[0].ReferencedSOPInstanceUID == "1.2.3"
    assert "PatientIdentityRemoved" not in dataset


def test_equal_uids_stay_equal_also_in_references():
    dataset = tiny_dicom()
    dataset.ReferencedImageSequence = Sequence([_reference(dataset.SOPInstanceUID)])
    clean, _ = deidentified(dataset, KEY)
    assert clean.SOPInstanceUID != dataset.SOPInstanceUID
    assert clean.ReferencedImageSequence[0].ReferencedSOPInstanceUID == clean.SOPInstanceUID
    assert clean.file_meta.MediaStorageSOPInstanceUID == clean.SOPInstanceUID


def test_another_key_gives_other_uids():
    assert replaced_uid("1.2.3", b"a") != replaced_uid("1.2.3", b"b")


@given(st.from_regex(r"[0-2](\.(0|[1-9][0-9]{0,8})){1,6}", fullmatch=True), st.binary(min_size=1, max_size=64))
def test_a_replaced_uid_is_a_valid_uid(uid: str, key: bytes):
    assert replaced_uid(uid, key).is_valid
    assert replaced_uid(uid, key) == replaced_uid(uid, key)


def test_identifiers_three_sequences_deep_go_too():
    inner = Dataset()
    inner.PatientName = "DOE^JOHN"
    inner.add_new(0x00091001, "LO", "private DOE")
    middle = Dataset()
    middle.RequestAttributesSequence = Sequence([inner])  # X: goes with all it holds
    middle.DerivationCodeSequence = Sequence([inner])  # not in the table: stays, cleaned
    outer = tiny_dicom(SharedFunctionalGroupsSequence=Sequence([middle]))
    clean, acted = deidentified(outer, KEY)
    kept = clean.SharedFunctionalGroupsSequence[0]
    assert "RequestAttributesSequence" not in kept
    assert kept.DerivationCodeSequence[0].PatientName == ""
    assert (0x0009, 0x1001) not in kept.DerivationCodeSequence[0]
    assert PRIVATE in acted


def test_private_unknown_and_unlisted_telling_elements_go():
    dataset = tiny_dicom()
    dataset.private_block(0x0011, "ACME 1", create=True).add_new(1, "LO", "DOE^JOHN")
    dataset.add_new(0x00080F0F, "LO", "DOE^JOHN")  # an even group, but in no edition of the dictionary
    dataset.SecondaryReviewDate = "20240131"  # a date that the table does not list
    clean, acted = deidentified(dataset, KEY)
    assert not list(clean.group_dataset(0x0011))
    assert (0x0008, 0x0F0F) not in clean
    assert "SecondaryReviewDate" not in clean
    assert {PRIVATE, UNKNOWN, "SecondaryReviewDate"} <= set(acted)


def test_overlays_and_curves_of_any_number_go():
    dataset = tiny_dicom()
    dataset.add_new(0x60023000, "OW", b"DOE!")  # the second overlay
    dataset.add_new(0x50043000, "OW", b"DOE!")  # the third curve
    clean, _ = deidentified(dataset, KEY)
    assert 0x60023000 not in clean and 0x50043000 not in clean


def test_the_written_file_holds_none_of_it_and_opens_again(tmp_path: Path):
    dataset = tiny_dicom(PatientName="DOE^JOHN", PatientComments="Call John DOE at home")
    dataset.preamble = b"DOE preamble".ljust(128, b"\0")
    dataset.file_meta.SourceApplicationEntityTitle = "DOE_STATION"
    clean, _ = deidentified(dcmread(write_dicom(tmp_path / "in.dcm", dataset)), KEY)
    written = write_dicom(tmp_path / "out.dcm", clean).read_bytes()
    assert b"DOE" not in written
    again = dcmread(io.BytesIO(written))
    assert again.PixelData == dataset.PixelData
    assert UID(again.SOPInstanceUID).is_valid


def test_nothing_is_left_to_do_the_second_time():
    once, _ = deidentified(tiny_dicom(PatientName="DOE^JOHN", PatientAge="062Y"), KEY)
    twice, acted = deidentified(once, KEY)
    uids = {"SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"}
    assert set(acted) <= uids  # a replaced UID is replaced again: nobody can tell it from an original
    assert [e for e in twice if e.keyword not in uids] == [e for e in once if e.keyword not in uids]


def test_telling_keywords_names_what_a_header_held_without_reading_it():
    dataset = tiny_dicom(PatientName="DOE^JOHN", WindowCenter="40", WindowWidth="400")
    dataset.private_block(0x0011, "ACME 1", create=True).add_new(1, "LO", "DOE^JOHN")
    found = telling_keywords(dataset)
    assert {"PatientName", "PatientID", "SOPInstanceUID", PRIVATE} <= set(found)
    assert not {"WindowCenter", "Rows", "PixelData"} & set(found)


def _reference(uid: str) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
    item.ReferencedSOPInstanceUID = uid
    return item
