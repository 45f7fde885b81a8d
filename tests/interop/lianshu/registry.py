"""Who the members are, their keys and what they may send (PROTOCOL 3.9, 5.1): LSG1 and LSP1."""

import re
from dataclasses import dataclass, field

from . import document, frames, merkle, names, wire
from .labels import ED25519, X25519, kid, sha256
from .protocol import DEPARTMENTS, TYPES, Refused, type_number

CHAIN, DELEGATION, REGISTRY, REALM, ROLLBACK, REUSED = 407, 409, 410, 313, 433, 435
KID_UNKNOWN, NOT_SENDERS, EXPIRED, NOT_YET, USE, REVOKED, MEMBER_UNKNOWN = 304, 306, 405, 406, 408, 411, 19
NO_RIGHT, REGION_RIGHT, RECIPIENT_RIGHT = 401, 402, 403
SIGN, SEAL, TRANSPORT, LOG = 1, 2, 3, 4
SEND, RECEIVE = 1, 2
OUTSIDE, WEAK, PUBLISHED = 215, 305, 436
OWN_CODES = {CHAIN, DELEGATION, REALM, ROLLBACK, REUSED, WEAK, PUBLISHED}
CHAIN_MAX, RECORD_MAX, MEMBERS_MAX, PATH_MAX, DOCUMENT_MAX = 3, 1024, 65536, 16, 80 << 10


@dataclass
class Anchor:
    """anchor.yaml: what is believed to begin with."""
    realm: str
    threshold: int
    roots: list[bytes]

    @staticmethod
    def read(path: str) -> "Anchor":
        with open(path, encoding="utf-8") as file:
            text = re.sub(r"#.*", "", file.read())
        return Anchor(re.search(r"^realm: *\"?([a-z0-9-]+)", text, re.M).group(1),
                      int(re.search(r"^threshold: *(\d+)", text, re.M).group(1)),
                      [bytes.fromhex(key) for key in re.findall(r"[0-9a-f]{64}", text)])

    def find(self, member: str, key: bytes) -> bytes:
        for n, public in enumerate(self.roots, 1):
            if member == ("root.000000" if n == 1 else f"root-{n}.000000") and kid(ED25519, public) == key:
                return public
        raise Refused(KID_UNKNOWN, f"{member} is no root of the anchor")


@dataclass(frozen=True)
class Key:
    member: str
    use: int
    public: bytes
    kid: bytes
    valid_from_ms: int
    valid_until_ms: int
    revoked_ms: int = 0     # not valid from here on; 0: not revoked


@dataclass
class Registrar:
    """One link of the chain: what it may register, and where it stands."""
    said: object            # Registrar
    depth: int              # 1: signed by the root

    def find(self, member: str, key: bytes) -> bytes:
        for public in self.said.public_keys:
            if member == self.said.member and kid(ED25519, public) == key:
                return public
        raise Refused(KID_UNKNOWN, f"{member} signs with no key of its registrar")

    def holds(self, time_ms: int) -> bool:
        return self.said.valid_from_ms <= time_ms < self.said.valid_until_ms


def _types(bits: bytes) -> set:
    return {t for t in range(8 * len(bits)) if bits[t // 8] >> t % 8 & 1}


def _may(registrar) -> set:
    return _types(registrar.types or b"\xff" * 16)


def _body(lsd1: bytes, realm: str, find, kind: str, message: str, threshold: int):
    """Document and body of a registry document that enough different keys have signed."""
    try:
        d, _ = document.verify(lsd1, realm, find)
        body = wire.decode(message, d.body) if d.type == type_number(kind) else None
    except Refused as refused:
        raise (refused if refused.code == REALM else Refused(REGISTRY, str(refused))) from None
    if body is None:
        raise Refused(REGISTRY, f"no {kind}")
    if len({i.kid for i in d.issuers}) < threshold:
        raise Refused(REGISTRY, f"{len(d.issuers)} signatures of {threshold}")
    return d, body


def _issuer(lsd1: bytes) -> str:
    """Who says that it signed."""
    try:
        issuers = wire.decode("Document", frames.parse_document(lsd1).document).issuers
    except Refused as refused:
        raise Refused(REGISTRY, str(refused)) from None
    return issuers[0].member if issuers else ""


def _appoint(lsd1: bytes, anchor: Anchor, above: list[Registrar]) -> Registrar:
    """A registrar document: the first is signed by the root, the others by one that came before."""
    if not above:
        _, said = _body(lsd1, anchor.realm, anchor.find, "registry.registrar", "Registrar", anchor.threshold)
        link = Registrar(said, 1)
    else:
        up = next((r for r in above if r.said.member == _issuer(lsd1)), None)
        if up is None:
            raise Refused(CHAIN, "its issuer has not been appointed")
        d, said = _body(lsd1, anchor.realm, up.find, "registry.registrar", "Registrar", up.said.threshold)
        link = Registrar(said, up.depth + 1)
        if link.depth > CHAIN_MAX:
            raise Refused(CHAIN, "chain is too long")
        if not up.holds(d.issued_ms):
            raise Refused(REGISTRY, "issued when its registrar was not valid")
        if (not names.lies_in(said.region, up.said.region) or not _may(said) <= _may(up.said) or
                said.valid_from_ms < up.said.valid_from_ms or said.valid_until_ms > up.said.valid_until_ms or
                said.valid_until_ms < above[0].said.valid_until_ms):
            raise Refused(DELEGATION, f"{said.member} is wider than {up.said.member}")
    keys = list(said.public_keys)
    if (not names.is_member(said.member) or names.department(said.member) != "registrar" or
            said.member in [r.said.member for r in above] or not 1 <= said.threshold <= len(keys) <= 7 or
            said.valid_from_ms >= said.valid_until_ms):
        raise Refused(REGISTRY, "registrar document")
    taken = [*anchor.roots, *(k for r in above for k in r.said.public_keys)]
    if len({*taken, *keys}) != len(taken) + len(keys):
        raise Refused(REUSED, said.member)
    return link


@dataclass
class Registry:
    realm: str
    version: int
    valid_until_ms: int
    records: list = field(default_factory=list)     # MemberRecord
    raw: list = field(default_factory=list)
    members: dict = field(default_factory=dict)
    keys: dict = field(default_factory=dict)        # by kid
    taken: set = field(default_factory=set)         # public keys of roots and registrars

    # ---- keys ----

    def key(self, member: str, key: bytes, use: int, at_ms: int) -> Key:
        found = self.keys.get(key)
        if found is None:
            raise Refused(KID_UNKNOWN)
        if found.member != member:
            raise Refused(NOT_SENDERS)
        if found.use != use:
            raise Refused(USE)
        if found.revoked_ms and at_ms >= found.revoked_ms:
            raise Refused(REVOKED)
        if at_ms < found.valid_from_ms:
            raise Refused(NOT_YET)
        if at_ms >= found.valid_until_ms:
            raise Refused(EXPIRED)
        return found

    def signers(self, at_ms: int, use: int = SIGN):
        return lambda member, key: self.key(member, key, use, at_ms).public

    def current(self, member: str, use: int, at_ms: int) -> Key:
        """The member's newest key of that use that is valid then."""
        if member not in self.members:
            raise Refused(MEMBER_UNKNOWN, member)
        valid = [k for k in self.keys.values()
                 if k.member == member and k.use == use and k.valid_from_ms <= at_ms < k.valid_until_ms and
                 not (k.revoked_ms and at_ms >= k.revoked_ms)]
        if not valid:
            raise Refused(EXPIRED, f"{member} has no key of use {use}")
        return max(valid, key=lambda k: k.valid_from_ms)

    # ---- rights ----

    def may(self, sender: str, kind: int, recipient: str) -> None:
        """Default deny: a grant to send and one to receive, each naming type, department and region."""
        sends = [g for g in self.members[sender].grants if g.direction == SEND and kind in _types(g.types)]
        if not sends:
            raise Refused(NO_RIGHT)
        to = [g for g in sends if g.departments >> _bit(recipient) & 1]
        if not to:
            raise Refused(RECIPIENT_RIGHT)
        if not any(names.lies_in(names.region(recipient), g.region) for g in to):
            raise Refused(REGION_RIGHT)
        for grant in self.members[recipient].grants:
            if (grant.direction == RECEIVE and kind in _types(grant.types) and grant.departments >> _bit(sender) & 1 and
                    names.lies_in(names.region(sender), grant.region)):
                return
        raise Refused(RECIPIENT_RIGHT)


def _bit(member: str) -> int:
    return DEPARTMENTS[names.department(member)]


def _add_record(registry: Registry, raw: bytes, by: Registrar) -> None:
    record = wire.decode("MemberRecord", raw)
    if registry.records and record.member.encode() <= registry.records[-1].member.encode():
        raise Refused(REGISTRY, "records do not rise")
    check_record(record)
    if not names.lies_in(names.region(record.member), by.said.region):
        raise Refused(DELEGATION, f"{record.member} outside {by.said.region}")
    if any(not _types(g.types) <= _may(by.said) for g in record.grants):
        raise Refused(DELEGATION, f"{record.member} has types that its registrar lacks")
    registry.records.append(record)
    registry.raw.append(raw)
    registry.members[record.member] = record
    for key in record.keys:
        one = Key(record.member, key.use, key.public_key, kid(algorithm(key.use), key.public_key), key.valid_from_ms,
                  key.valid_until_ms, key.revoked_ms)
        known = registry.keys.get(one.kid)
        if known is not None or key.public_key in registry.taken:
            raise Refused(REUSED, record.member)
        registry.keys[one.kid] = one


def algorithm(use: int) -> int:
    return X25519 if use in (SEAL, TRANSPORT) else ED25519


def check_record(record) -> None:
    if not names.is_member(record.member):
        raise Refused(213, "member id")
    if any(key.use == 0 for key in record.keys):
        raise Refused(215, "key of no use")
    if any(key.valid_from_ms >= key.valid_until_ms for key in record.keys):
        raise Refused(221, "key without life")
    for grant in record.grants:
        types = _types(grant.types)
        if grant.direction == 0 or not types or any(t not in TYPES for t in types):
            raise Refused(215, "grant")
        if not re.fullmatch("[0-9]{6}", grant.region) or not grant.departments:
            raise Refused(221, "grant")


def _version(lsd1: bytes, anchor: Anchor, by: Registrar):
    """The version that officials of this registrar signed, and when it was issued."""
    d, said = _body(lsd1, anchor.realm, by.find, "registry.version", "RegistryVersion", by.said.threshold)
    if not by.holds(d.issued_ms):
        raise Refused(REGISTRY, "issued when its registrar was not valid")
    return said, d.issued_ms


def _check_versions(versions: list, parts: list[bytes]) -> None:
    """G_0 names the others, which were there before it and end no earlier."""
    whole, issued = versions[0]
    if list(whole.parts) != parts[1:] or any(said.parts for said, _ in versions[1:]):
        raise Refused(REGISTRY, "other parts than the first registrar names")
    if any(at > issued or said.valid_until_ms < whole.valid_until_ms for said, at in versions[1:]):
        raise Refused(DELEGATION, "a part is later than the whole, or ends before it")


def open_file(file: bytes, anchor: Anchor, min_version: int = 0) -> Registry:
    """What has no code of its own here is E410."""
    try:
        return _open(file, anchor, min_version)
    except Refused as refused:
        if refused.code in OWN_CODES:
            raise
        raise Refused(REGISTRY, str(refused)) from None


def _open(file: bytes, anchor: Anchor, min_version: int) -> Registry:
    r = frames.begin(file, "LSG1")
    count = r.uint(1)
    if count == 0:
        raise Refused(frames.NESTING, "no registrar")
    links: list[Registrar] = []
    versions, parts = [], []
    for _ in range(count):
        links.append(_appoint(r.block(4, DOCUMENT_MAX), anchor, links))
        said = r.block(4, DOCUMENT_MAX)
        versions.append(_version(said, anchor, links[-1]))
        parts.append(sha256(said))
    _check_versions(versions, parts)
    whole = versions[0][0]
    registry = Registry(anchor.realm, whole.version, whole.valid_until_ms)
    for public in [*anchor.roots, *(k for link in links for k in link.said.public_keys)]:
        registry.taken.add(public)
    leaves: list[list[bytes]] = [[] for _ in range(count)]
    for _ in range(_members(r)):
        by, raw = r.uint(1), r.block(2, RECORD_MAX)
        if by >= count:
            raise Refused(OUTSIDE, f"registrar {by} of {count}")
        _add_record(registry, raw, links[by])
        leaves[by].append(merkle.leaf(raw))
    r.end()
    leaves[0] = [merkle.leaf(raw) for raw in registry.raw]
    for (said, _), under in zip(versions, leaves):
        if said.member_count != len(under) or said.root != merkle.root(under):
            raise Refused(REGISTRY, "records are not those that were signed")
    if whole.version < min_version:
        raise Refused(ROLLBACK)
    return registry


def _members(r: frames.Reader) -> int:
    n = r.uint(4)
    if n > MEMBERS_MAX:
        raise Refused(frames.NESTING, f"{n} members")
    return n


def open_proof(lsp1: bytes, anchor: Anchor):
    """The record of one member, and the version that vouches for it, by the anchor alone."""
    r = frames.begin(lsp1, "LSP1")
    first = _appoint(r.block(4, DOCUMENT_MAX), anchor, [])
    version, _ = _version(r.block(4, DOCUMENT_MAX), anchor, first)
    index, n = r.uint(8), r.uint(1)
    if index >= MEMBERS_MAX or n > PATH_MAX:
        raise Refused(frames.PATH)
    path, raw = r.hashes(n), r.block(2, RECORD_MAX)
    r.end()
    try:
        merkle.verify(merkle.leaf(raw), index, version.member_count, path, version.root)
    except Refused:
        raise Refused(REGISTRY, "path") from None
    record = wire.decode("MemberRecord", raw)
    check_record(record)
    return record, version
