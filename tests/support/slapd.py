"""A real directory: OpenLDAP's slapd, with people, groups, a referral to itself, and TLS."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from deploy.embedded.ports import is_free
from libs.shared.testing.polling import eventually
from tests.support.oidc_provider import free_port

SLAPD = shutil.which("slapd") or ("/usr/sbin/slapd" if os.path.exists("/usr/sbin/slapd") else None)
BASE = "dc=example,dc=org"
SERVICE = (f"cn=service,{BASE}", "service-secret")
SCHEMAS = ("core", "cosine", "inetorgperson")
CONF = """{schemas}
pidfile {folder}/slapd.pid
modulepath /usr/lib/ldap
moduleload back_mdb
TLSCertificateFile {folder}/cert.pem
TLSCertificateKeyFile {folder}/key.pem
database mdb
suffix "{base}"
rootdn "cn=root,{base}"
directory {folder}/db
access to attrs=userPassword by anonymous auth by * none
access to * by users read by anonymous auth
"""
LDIF = """dn: {base}
objectClass: dcObject
objectClass: organization
o: Example
dc: example

dn: cn=service,{base}
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: service
userPassword: service-secret

dn: ou=people,{base}
objectClass: organizationalUnit
ou: people

dn: ou=groups,{base}
objectClass: organizationalUnit
ou: groups

dn: uid=ann,ou=people,{base}
objectClass: inetOrgPerson
uid: ann
cn: Ann (Sales)
sn: A
mail: ann@example.org
employeeNumber: 17
userPassword: anns-secret

dn: uid=a*(b)\\5cc,ou=people,{base}
objectClass: inetOrgPerson
uid: a*(b)\\c
cn: Odd
sn: O
mail: odd@example.org
userPassword: odds-secret

dn: uid=bob,ou=people,{base}
objectClass: inetOrgPerson
uid: bob
cn: Bob
sn: B
mail: bob@example.org
userPassword: bobs-secret

dn: cn=sales,ou=groups,{base}
objectClass: groupOfNames
cn: sales
member: uid=ann,ou=people,{base}
member: uid=a*(b)\\5cc,ou=people,{base}

dn: ou=elsewhere,{base}
objectClass: referral
objectClass: extensibleObject
ou: elsewhere
ref: ldap://127.0.0.1:{port}/{base}
"""


@dataclass(frozen=True, slots=True)
class RunningDirectory:
    """The URLs of a directory, and the certificate that it shows."""

    plain: str
    tls: str
    certificate: str
    process: asyncio.subprocess.Process

    def stop(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGKILL)


def needed() -> None:
    """Skip, and say so, where slapd is absent; where it is wanted, that is a failure."""
    if SLAPD is None:
        if os.environ.get("ROCKET_REQUIRE_BROWSER"):
            pytest.fail("slapd is needed: apt-get install slapd")
        pytest.skip("no slapd is installed: apt-get install slapd")


@contextlib.asynccontextmanager
async def directory(folder: Path) -> AsyncIterator[RunningDirectory]:
    """A running directory with its data in `folder`."""
    needed()
    assert SLAPD is not None
    (folder / "db").mkdir()
    certificate = _certificate(folder)
    port, tls_port = free_port(), free_port()
    schemas = "\n".join(f"include /etc/ldap/schema/{name}.schema" for name in SCHEMAS)
    (folder / "slapd.conf").write_text(CONF.format(schemas=schemas, folder=folder, base=BASE))
    (folder / "data.ldif").write_text(LDIF.format(base=BASE, port=port))
    loading = await asyncio.create_subprocess_exec(
        SLAPD, "-T", "add", "-f", folder / "slapd.conf", "-l", folder / "data.ldif", stderr=asyncio.subprocess.PIPE
    )
    _, problem = await loading.communicate()
    assert loading.returncode == 0, problem.decode()
    urls = f"ldap://127.0.0.1:{port}/ ldaps://127.0.0.1:{tls_port}/"
    process = await asyncio.create_subprocess_exec(
        SLAPD, "-f", folder / "slapd.conf", "-h", urls, "-d", "0", stderr=asyncio.subprocess.DEVNULL
    )
    await eventually(lambda: not is_free(port) and not is_free(tls_port), within=20)
    running = RunningDirectory(f"ldap://localhost:{port}", f"ldaps://localhost:{tls_port}", certificate, process)
    try:
        yield running
    finally:
        running.stop()
        await process.wait()


def _certificate(folder: Path) -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")]), datetime.now(UTC)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(7).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=9))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True).sign(key, hashes.SHA256())
    )  # fmt: skip
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(key.private_bytes(*form))
    text = made.public_bytes(serialization.Encoding.PEM).decode()
    (folder / "cert.pem").write_text(text)
    return text
