"""The registrars' side: appointing officials and signing a registry (PROTOCOL 3.9, 5.1)."""

import secrets
from dataclasses import dataclass

from . import document, merkle, wire
from .frames import block
from .labels import sha256, u
from .wire import new

DAY_MS, VERSION_DAYS = 24 * 3600 * 1000, 90


@dataclass
class Office:
    """Signers that issue as one member: officials of a registrar; `above` appoints it, None: the roots."""
    member: str
    region: str
    signers: list
    threshold: int
    above: "Office | None" = None
    types: bytes = b""
    days: int = 300


def root_issuers(roots: list) -> list:
    return [("root.000000" if n == 1 else f"root-{n}.000000", root) for n, root in enumerate(roots, 1)]


def issuers(office: "Office | None", roots: list) -> list:
    return root_issuers(roots) if office is None else [(office.member, s) for s in office.signers[:office.threshold]]


def paper(realm: str, kind: str, by: list, body, now_ms: int, random=secrets.token_bytes) -> bytes:
    """A registry document by these (member, signer)."""
    d = document.new(realm, kind, by, salt=random(16), id=u(now_ms, 6) + random(10),
                     issued_ms=now_ms, body=wire.encode(body))
    return document.sign(d, [signer for _, signer in by], check=False)


def appoint(realm: str, office: Office, roots: list, now_ms: int, random=secrets.token_bytes) -> bytes:
    return paper(realm, "registry.registrar", issuers(office.above, roots), new(
        "Registrar", member=office.member, public_keys=[s.public for s in office.signers], region=office.region,
        valid_from_ms=now_ms - DAY_MS, valid_until_ms=now_ms + office.days * DAY_MS, threshold=office.threshold,
        types=office.types), now_ms, random)


def version(realm: str, office: Office, records: list[bytes], number: int, now_ms: int, parts=(),
            random=secrets.token_bytes) -> bytes:
    return paper(realm, "registry.version", issuers(office, []), new(
        "RegistryVersion", version=number, valid_until_ms=now_ms + VERSION_DAYS * DAY_MS, member_count=len(records),
        root=merkle.root([merkle.leaf(r) for r in records]), parts=list(parts)), now_ms, random)


def make(realm: str, roots: list, offices: list[Office], records: dict[str, list], number: int, now_ms: int,
         random=secrets.token_bytes) -> bytes:
    """LSG1: `records` by the member id of the registrar that vouches for them."""
    vouched = {name: [wire.encode(r) for r in sorted(some, key=lambda r: r.member.encode())]
               for name, some in records.items()}
    by_member = sorted((r.member.encode(), n, wire.encode(r)) for n, o in enumerate(offices)
                       for r in records.get(o.member, []))
    versions = [version(realm, o, vouched.get(o.member, []), number, now_ms, (), random) for o in offices[1:]]
    versions.insert(0, version(realm, offices[0], [raw for _, _, raw in by_member], number, now_ms,
                               [sha256(v) for v in versions], random))
    pairs = (block(4, appoint(realm, o, roots, now_ms, random)) + block(4, v) for o, v in zip(offices, versions))
    return (b"LSG1" + u(len(offices), 1) + b"".join(pairs) + u(len(by_member), 4) +
            b"".join(u(n, 1) + block(2, raw) for _, n, raw in by_member))


def prove(file_links: list[bytes], records: list[bytes], index: int) -> bytes:
    """LSP1 of the record at that index; `file_links` are L_0 and G_0."""
    path = merkle.path(index, [merkle.leaf(r) for r in records])
    return (b"LSP1" + block(4, file_links[0]) + block(4, file_links[1]) + u(index, 8) + u(len(path), 1) + b"".join(path) +
            block(2, records[index]))


def anchor_yaml(realm: str, threshold: int, roots: list) -> str:
    return f"realm: {realm}\nthreshold: {threshold}\nroots:\n" + "".join(f'  - "{r.public.hex()}"\n' for r in roots)
