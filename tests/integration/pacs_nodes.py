"""Archives on this machine to try the PACS room against: Debian's Orthanc as an ordinary process, and authorities for TLS."""

from __future__ import annotations

import datetime
import json
import shutil
import socket
import ssl
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from umed_core.pacs.nodes import DicomNode, Tls, WebNode

PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
STARTS_WITHIN_S = 60


@dataclass(frozen=True)
class Orthanc:
    """A running server. `process_id` is of it; `folder` its storage and log."""

    dicom_port: int
    http_port: int
    folder: Path
    process_id: int
    move_port: int

    def node(self, name: str = "orthanc", tls: Tls | None = None, moves: bool = False) -> DicomNode:
        return DicomNode(
            name, "ORTHANC", "127.0.0.1", self.dicom_port, "UMED", tls, move_port=self.move_port if moves else 0
        )

    def web(self) -> WebNode:
        return WebNode("web", f"http://127.0.0.1:{self.http_port}/dicom-web")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running_orthanc(folder: Path, move_port: int = 0, **options: object) -> Iterator[Orthanc]:
    """Orthanc on loopback ports, from a configuration in `folder`; skips where it is not installed."""
    program = shutil.which("Orthanc")
    if program is None or not PLUGIN.is_file():
        pytest.skip("needs Orthanc with its DICOMweb plugin: apt-get install orthanc orthanc-dicomweb")
    folder.mkdir(parents=True, exist_ok=True)
    dicom_port, http_port = free_port(), free_port()
    configuration = {
        "Name": "umed-test",
        "StorageDirectory": str(folder / "db"),
        "IndexDirectory": str(folder / "db"),
        "DicomPort": dicom_port,
        "HttpPort": http_port,
        "DicomAet": "ORTHANC",
        "DicomCheckCalledAet": True,
        "DicomAlwaysAllowEcho": True,
        "DicomModalities": {"umed": ["UMED", "127.0.0.1", move_port or 1]},
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "Plugins": [str(PLUGIN)],
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
        "StorageCompression": False,
        "OverwriteInstances": True,
        "ConcurrentJobs": 2,
        **options,
    }
    path = folder / "orthanc.json"
    path.write_text(json.dumps(configuration))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([program, str(path)], stdout=log, stderr=subprocess.STDOUT)
    try:
        _await(dicom_port, process, folder / "log")
        _await(http_port, process, folder / "log")
        yield Orthanc(dicom_port, http_port, folder, process.pid, move_port)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def encrypted(port: int, certificate: str, key: str) -> Iterator[int]:
    """TLS in front of a plain port, as a hospital's reverse proxy (Debian 12's Orthanc crashes when it does it itself)."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    ended = threading.Event()

    def pump(source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def serve(line: socket.socket) -> None:
        try:
            with line, context.wrap_socket(line, server_side=True) as front, socket.socket() as back:
                back.connect(("127.0.0.1", port))
                thread = threading.Thread(target=pump, args=(back, front), daemon=True)
                thread.start()
                pump(front, back)
                thread.join(10)
        except OSError:  # a client that does not trust us
            pass

    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        server.settimeout(0.1)

        def accept() -> None:
            while not ended.is_set():
                try:
                    line, _ = server.accept()
                except TimeoutError:
                    continue
                line.settimeout(20)
                threading.Thread(target=serve, args=(line,), daemon=True).start()

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield int(server.getsockname()[1])
        finally:
            ended.set()
            thread.join()


def instances_of(orthanc: Orthanc) -> list[str]:
    """Orthanc's own numbers of what it holds."""
    with urllib.request.urlopen(f"http://127.0.0.1:{orthanc.http_port}/instances", timeout=10) as answer:
        found: list[str] = json.loads(answer.read())
        return found


def stored_file(orthanc: Orthanc, number: str) -> bytes:
    """The file as Orthanc keeps it."""
    address = f"http://127.0.0.1:{orthanc.http_port}/instances/{number}/file"
    with urllib.request.urlopen(address, timeout=10) as answer:
        content: bytes = answer.read()
        return content


def _await(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    ends = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < ends:
        if process.poll() is not None:
            break
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    pytest.fail(f"Orthanc did not start: {log.read_text(errors='replace')[-2000:]}")


@dataclass(frozen=True)
class Authority:
    """A certificate authority of one test, and certificates by it, as PEM files in `folder`."""

    folder: Path

    @property
    def ca_file(self) -> str:
        return str(self.folder / "ca.pem")

    def pair(self, name: str) -> tuple[str, str]:
        """(certificate, key)"""
        return str(self.folder / f"{name}.pem"), str(self.folder / f"{name}.key")

    def tls(self, name: str = "", check_host_name: bool = True) -> Tls:
        certificate, key = self.pair(name) if name else ("", "")
        return Tls(self.ca_file, certificate, key, check_host_name)


def make_authority(folder: Path, *names: str, host: str = "localhost") -> Authority:
    """Certificates for `names`, each valid for `host` and 127.0.0.1, or for `host` alone where it is another."""
    x509 = pytest.importorskip("cryptography.x509", reason="makes certificates")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    folder.mkdir(parents=True, exist_ok=True)
    now = datetime.datetime.now(datetime.UTC)

    def subject(name: str):
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])

    def begun(name: str, key):
        return (
            x509.CertificateBuilder()
            .subject_name(subject(name))
            .issuer_name(subject("test authority"))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=2))
        )

    ca_key = ec.generate_private_key(ec.SECP256R1())
    usage = {
        "digital_signature": True, "content_commitment": False, "key_encipherment": False, "data_encipherment": False,
        "key_agreement": False, "encipher_only": False, "decipher_only": False,
    }  # fmt: skip
    ca = (
        begun("test authority", ca_key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(key_cert_sign=True, crl_sign=True, **usage), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key()), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    (folder / "ca.pem").write_bytes(ca.public_bytes(serialization.Encoding.PEM))
    import ipaddress

    places = [x509.DNSName(host)]
    if host == "localhost":
        places.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
    for name in names:
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = (
            begun(name, key)
            .add_extension(x509.SubjectAlternativeName(places), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
            .sign(ca_key, hashes.SHA256())
        )
        (folder / f"{name}.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        (folder / f"{name}.key").write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
    return Authority(folder)
