"""The certificates that this machine trusts, as a store that Java reads.

A Java that pip brought knows only the public authorities. Behind a company's inspecting proxy the
machine trusts one more, and without it every download by Java fails ("PKIX path building failed").
"""

from __future__ import annotations

import hashlib
import os
import ssl
import struct
from collections.abc import Iterable, Mapping
from pathlib import Path

BUNDLE_VARIABLES = ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
USUAL_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Arch
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora, RHEL, Amazon Linux
    "/etc/ssl/ca-bundle.pem",  # openSUSE
    "/etc/ssl/cert.pem",  # macOS, Alpine
)
END = "-----END CERTIFICATE-----"
BEGIN = "-----BEGIN CERTIFICATE-----"
# Java's own format "JKS": no secret, the word only seals the file against accidents.
PASSWORD = "changeit"  # noqa: S105
SALT = b"Mighty Aphrodite"


def machine_bundle(environment: Mapping[str, str] = os.environ) -> Path | None:
    """The file of certificates that other programs of this machine use."""
    named = (environment.get(variable) for variable in BUNDLE_VARIABLES)
    usual = (ssl.get_default_verify_paths().cafile, *USUAL_BUNDLES)
    for candidate in (*named, *usual):
        if candidate and Path(candidate).is_file():
            return Path(candidate)
    return None


def certificates(bundle: str) -> list[bytes]:
    """The certificates of a PEM text, each in DER."""
    blocks = (block.partition(BEGIN)[2] for block in bundle.split(END)[:-1])
    return [ssl.PEM_cert_to_DER_cert(f"{BEGIN}{block}{END}\n") for block in blocks]


def java_store(trusted: Iterable[bytes]) -> bytes:
    """A Java key store of trusted certificates."""
    entries = [
        b"".join((struct.pack(">i", 2), _text(f"ca{i}"), struct.pack(">q", 0), _blob(der)))
        for i, der in enumerate(trusted)
    ]
    body = struct.pack(">Iii", 0xFEEDFEED, 2, len(entries)) + b"".join(entries)
    # The format asks for SHA-1.
    return body + hashlib.sha1(PASSWORD.encode("utf-16-be") + SALT + body).digest()  # noqa: S324


def java_options(store: Path) -> str:
    """What makes a Java use such a store, as words of SPARK_SUBMIT_OPTS."""
    return (
        f'"-Djavax.net.ssl.trustStore={store}" -Djavax.net.ssl.trustStoreType=JKS '
        f"-Djavax.net.ssl.trustStorePassword={PASSWORD}"
    )


def _text(word: str) -> bytes:
    data = word.encode()
    return struct.pack(">H", len(data)) + data


def _blob(der: bytes) -> bytes:
    return _text("X.509") + struct.pack(">i", len(der)) + der
