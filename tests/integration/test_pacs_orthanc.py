"""Echo, find, retrieve and send against Debian's Orthanc on this machine: plain, with TLS, by DICOMweb."""

from __future__ import annotations

import io
import stat
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.uid import JPEG2000Lossless, RLELossless

pytest.importorskip("pynetdicom", reason="needs the [pacs] extra")
pytest.importorskip("dicomweb_client", reason="needs the [pacs] extra")

from tests.builders import tiny_ct, write_dicom
from tests.integration.pacs_nodes import (
    Authority,
    Orthanc,
    encrypted,
    free_port,
    instances_of,
    make_authority,
    running_orthanc,
    stored_file,
)
from tests.unit.exporting.readings import phantom_reading
from umed_core.errors import NodeError, NodeRefused, NodeUntrusted
from umed_core.images.open_image import index_folder, open_series
from umed_core.pacs.nodes import Node, WebNode
from umed_core.pacs.parcels import consent_line, look_through
from umed_core.pacs.query import StudyQuery
from umed_core.pacs.secret import environment_name
from umed_core.pacs.transfer import echo, find_series, find_studies, retrieve, send

pytestmark = [
    # pynetdicom forgets to close a socket that could not connect, or that the other side closed first.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

WAYS = ("C-GET", "C-MOVE", "DICOMweb")
STUDY = "2.25.20261122.1"


@pytest.fixture(scope="module")
def orthanc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    with running_orthanc(tmp_path_factory.mktemp("orthanc"), free_port()) as server:
        yield server


@pytest.fixture(scope="module")
def ct(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five slices of one study of a patient with a name beyond ASCII."""
    folder = tmp_path_factory.mktemp("ct")
    for number in range(5):
        write_dicom(
            folder / f"{number}.dcm",
            tiny_ct(
                number, SpecificCharacterSet="ISO_IR 192", PatientName="Doe^Jané", PatientID="X1", StudyDate="20240102",
                SeriesNumber="3", AccessionNumber="A7",
            ),
        )  # fmt: skip
    return folder


@pytest.fixture(scope="module")
def filled(orthanc: Orthanc, ct: Path) -> Orthanc:
    assert send(orthanc.node(), look_through([ct]), deidentify=False).sent == 5
    return orthanc


def way_to(orthanc: Orthanc, way: str) -> Node:
    return orthanc.web() if way == "DICOMweb" else orthanc.node(moves=way == "C-MOVE")


def without_meta(path_or_bytes: Path | bytes) -> bytes:
    """The elements of a file, encoded alike whatever wrote its header."""
    source = io.BytesIO(path_or_bytes) if isinstance(path_or_bytes, bytes) else path_or_bytes
    dataset = pydicom.dcmread(source)
    out = io.BytesIO()
    pydicom.filewriter.write_dataset(_writer(out, dataset), pydicom.Dataset(dataset))
    return out.getvalue()


def _writer(out: io.BytesIO, dataset: pydicom.FileDataset) -> pydicom.filebase.DicomBytesIO:
    writer = pydicom.filebase.DicomIO(out)
    writer.is_implicit_VR, writer.is_little_endian = dataset.original_encoding
    return writer


@pytest.mark.parametrize("way", WAYS)
def test_a_node_that_is_there_says_so(orthanc: Orthanc, way: str):
    echo(way_to(orthanc, way))


@pytest.mark.parametrize("way", ["C-GET", "DICOMweb"])
@pytest.mark.parametrize(
    ("query", "count"),
    [
        (StudyQuery(patient_name="Doe*"), 1),
        (StudyQuery(patient_id="X1", modality="CT"), 1),
        (StudyQuery(patient_id="X1", modality="MR"), 0),
        (StudyQuery(date_from="20240101", date_to="20240131", patient_id="X1"), 1),
        (StudyQuery(date_to="20231231"), 0),
        (StudyQuery(accession_number="A7"), 1),
        (StudyQuery(study_uid=STUDY), 1),
    ],
)
def test_studies_are_found_by_what_is_known_of_them(filled: Orthanc, way: str, query: StudyQuery, count: int):
    rows = find_studies(way_to(filled, way), query)
    assert len(rows) == count
    for row in rows:
        assert (row.patient_name, row.patient_id, row.date, row.modalities) == ("Doe^Jané", "X1", "20240102", "CT")
        assert (row.study_uid, row.series, row.instances, row.accession_number) == (STUDY, 1, 5, "A7")


def test_a_name_beyond_ascii_is_searched_for_as_utf_8(filled: Orthanc):
    """Over DICOM; Orthanc 1.10's DICOMweb plugin does not decode what an address must encode."""
    assert [row.patient_name for row in find_studies(filled.node(), StudyQuery(patient_name="*Jané"))] == ["Doe^Jané"]


@pytest.mark.parametrize("way", ["C-GET", "DICOMweb"])
def test_series_of_a_study(filled: Orthanc, way: str):
    (row,) = find_series(way_to(filled, way), STUDY)
    assert (row.study_uid, row.series_uid, row.number, row.modality) == (STUDY, "2.25.20261122.2", "3", "CT")


@pytest.mark.parametrize("way", WAYS)
def test_a_retrieved_study_is_the_one_that_was_sent_and_opens(filled: Orthanc, ct: Path, tmp_path: Path, way: str):
    seen: list[tuple[int, int]] = []
    got = retrieve(way_to(filled, way), STUDY, tmp_path / "new" / "in", progress=lambda *at: seen.append(at))
    assert (len(got.files), got.is_complete, got.summary) == (5, True, "5 files")
    assert seen[-1][0] == 5
    assert stat.S_IMODE(got.folder.stat().st_mode) == 0o700
    sent = sorted(without_meta(path) for path in ct.iterdir())
    assert sorted(without_meta(path) for path in got.files) == sent
    (study,) = index_folder(got.folder)
    volume = open_series(study.series[0])
    assert [int(volume.pixels[number].flat[0]) for number in range(5)] == [0, 1, 2, 3, 4]  # HU, as tiny_ct makes them


@pytest.mark.parametrize("way", WAYS)
def test_one_series_by_itself(filled: Orthanc, tmp_path: Path, way: str):
    got = retrieve(way_to(filled, way), STUDY, tmp_path / "in", "2.25.20261122.2")
    assert len(got.files) == 5


@pytest.mark.parametrize("way", ["C-GET", "DICOMweb"])
def test_a_study_that_is_not_there_leaves_no_folder(filled: Orthanc, tmp_path: Path, way: str):
    with pytest.raises(NodeError, match="404" if way == "DICOMweb" else "C-GET"):
        retrieve(way_to(filled, way), "1.2.3.4", tmp_path / "in")
    assert not (tmp_path / "in").exists()


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless])
@pytest.mark.parametrize("way", ["C-GET", "DICOMweb"])
def test_what_is_compressed_travels_as_it_is(orthanc: Orthanc, tmp_path: Path, way: str, syntax: str):
    """Byte for byte, there and back: neither we nor the node recode it."""
    number = {"C-GET": 40, "DICOMweb": 50}[way] + (syntax == RLELossless)
    values = np.arange(64 * 64, dtype=np.uint16).reshape(64, 64)
    dataset = tiny_ct(number, StudyInstanceUID=f"2.25.7.{number}", PatientID=f"C{number}", Rows=64, Columns=64)
    dataset.PixelData = values.tobytes()
    dataset.compress(syntax, generate_instance_uid=False)
    path = write_dicom(tmp_path / "compressed.dcm", dataset)
    node = way_to(orthanc, way)
    assert send(node, look_through([path]), deidentify=False).sent == 1
    (got,) = retrieve(node, f"2.25.7.{number}", tmp_path / "in").files
    back = pydicom.dcmread(got)
    assert back.file_meta.TransferSyntaxUID == syntax
    assert back.PixelData == dataset.PixelData


@pytest.mark.parametrize("way", ["C-GET", "DICOMweb"])
def test_an_exported_report_is_stored_and_read_back_equal(orthanc: Orthanc, tmp_path: Path, way: str):
    pytest.importorskip("highdicom", reason="needs the [dicom] extra")
    from umed_core.exporting.export import export_reading

    (report,) = export_reading(phantom_reading(tmp_path), "sr", tmp_path, "finding")
    stated = pydicom.dcmread(report)
    node = way_to(orthanc, way)
    assert send(node, look_through([report]), deidentify=False).summary == "1 file sent"
    got = retrieve(node, stated.StudyInstanceUID, tmp_path / way, stated.SeriesInstanceUID)
    (path,) = got.files
    assert pydicom.dcmread(path) == stated


@pytest.mark.parametrize("way", ["C-GET", "DICOMweb"])
def test_deidentified_first_no_name_arrives(orthanc: Orthanc, tmp_path: Path, way: str):
    path = write_dicom(
        tmp_path / "named.dcm", tiny_ct(90 + len(way), PatientName="Secret^Sam", PatientID="S9", StudyDate="20240103")
    )
    before = set(instances_of(orthanc))
    manifest = look_through([path])
    assert "without names" in consent_line(way_to(orthanc, way), manifest, deidentify=True)
    assert send(way_to(orthanc, way), manifest, deidentify=True).is_complete
    (new,) = set(instances_of(orthanc)) - before
    content = stored_file(orthanc, new)
    for telling in (b"Secret", b"S9", b"20240103", tiny_ct(90 + len(way)).SOPInstanceUID.encode()):
        assert telling not in content
    assert b"Basic Application Confidentiality Profile" in content


@pytest.mark.parametrize("way", ["C-GET", "DICOMweb"])
def test_text_burned_into_the_pixels_is_not_sent_as_deidentified(orthanc: Orthanc, tmp_path: Path, way: str):
    path = write_dicom(tmp_path / "burned.dcm", tiny_ct(99, BurnedInAnnotation="YES"))
    sent = send(way_to(orthanc, way), look_through([path]), deidentify=True)
    ((reason, count),) = sent.failed
    assert (sent.sent, count) == (0, 1)
    assert reason.startswith("says that text is burned into its pixels")


def test_a_wrong_title_is_said(orthanc: Orthanc):
    from dataclasses import replace

    with pytest.raises(NodeRefused, match="is not called WRONG"):
        echo(replace(orthanc.node(), ae_title="WRONG"))


def test_a_destination_that_the_node_does_not_know(filled: Orthanc, tmp_path: Path):
    from dataclasses import replace

    stranger = replace(filled.node(moves=True), own_ae_title="NOBODY")
    with pytest.raises(NodeError) as refused:
        retrieve(stranger, STUDY, tmp_path / "in")
    assert "for C-MOVE" in refused.value.hint
    assert not (tmp_path / "in").exists()


# ------------------------------------------------------------------------------------------------------------- TLS
@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("authority"), "server", "umed")


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Iterator[Orthanc]:
    """DICOM over TLS with certificates on both sides, and DICOMweb with a password."""
    folder = tmp_path_factory.mktemp("secure")
    certificate, key = authority.pair("server")
    move_port = free_port()
    with running_orthanc(
        folder,
        move_port,
        DicomTlsEnabled=True,
        DicomTlsCertificate=certificate,
        DicomTlsPrivateKey=key,
        DicomTlsTrustedCertificates=authority.ca_file,
        DicomTlsRemoteCertificateRequired=True,
        DicomModalities={"umed": {"AET": "UMED", "Host": "127.0.0.1", "Port": move_port, "UseDicomTls": True}},
        AuthenticationEnabled=True,
        RegisteredUsers={"ann": "right-word"},
    ) as server:
        yield server


def test_a_study_there_and_back_over_tls(secure: Orthanc, authority: Authority, ct: Path, tmp_path: Path):
    node = secure.node(tls=authority.tls("umed"))
    assert send(node, look_through([ct]), deidentify=False).sent == 5
    got = retrieve(node, STUDY, tmp_path / "in")
    assert sorted(map(without_meta, got.files)) == sorted(without_meta(path) for path in ct.iterdir())
    moved = retrieve(secure.node(tls=authority.tls("umed"), moves=True), STUDY, tmp_path / "moved")
    assert len(moved.files) == 5


def test_tls_the_other_way_round_fails_in_words(secure: Orthanc, authority: Authority, tmp_path: Path):
    other = make_authority(tmp_path / "other", "umed")
    with pytest.raises(NodeUntrusted, match="cannot prove who it is"):
        echo(secure.node(tls=other.tls("umed")))
    with pytest.raises(NodeRefused) as nameless:
        echo(secure.node(tls=authority.tls()))
    assert "certificate of ours" in nameless.value.hint
    with pytest.raises(NodeRefused) as plain:
        echo(secure.node())
    assert "TLS" in plain.value.hint


@pytest.fixture
def https(secure: Orthanc, authority: Authority) -> Iterator[WebNode]:
    with encrypted(secure.http_port, *authority.pair("server")) as port:
        yield WebNode("web", f"https://localhost:{port}/dicom-web", "ann", False, authority.tls())


def test_https_with_a_password(https: WebNode, ct: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(environment_name(https.name), "right-word")
    assert send(https, look_through([ct]), deidentify=False).sent == 5
    assert len(retrieve(https, STUDY, tmp_path / "in").files) == 5
    monkeypatch.setenv(environment_name(https.name), "wrong-word")
    with pytest.raises(NodeRefused) as refused:
        echo(https)
    assert "HTTP 401" in refused.value.message
    assert "wrong-word" not in str(refused.value)


def test_https_by_an_unknown_authority_is_refused(https: WebNode):
    with pytest.raises(NodeUntrusted, match="cannot prove who it is"):
        echo(WebNode("web", https.url))


def test_nothing_of_a_patient_is_logged(
    filled: Orthanc, ct: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
):
    caplog.set_level("DEBUG")
    for way in WAYS:
        node = way_to(filled, way)
        find_studies(node, StudyQuery(patient_name="Doe*"))
        retrieve(node, STUDY, tmp_path / way)
        send(node, look_through([ct]), deidentify=False)
    said = caplog.text + "".join(capfd.readouterr())
    for telling in ("Doe", "doe", "X1", STUDY):
        assert telling not in said
