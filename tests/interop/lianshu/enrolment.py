"""How a member's own keys come into the registry: an invitation, a code told another way, a request that proves
possession of every key (PROTOCOL 17)."""

import re
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

from . import document, wire
from .labels import expand, extract, hmac256, label, sha256, u
from .protocol import Refused
from .seal import Opener
from .signing import Signer
from .wire import new

CODE = 430
SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
READ_AS = str.maketrans({"O": "0", "I": "1", "L": "1", " ": "", "-": ""})
USES = {"sign": 1, "seal": 2, "transport": 3, "log": 4, "official": 5, "witness": 6}


@dataclass
class Invitation:
    realm: str
    invitation: bytes
    member: str
    adapter: str
    use: str
    desk: bytes
    expires_ms: int

    @staticmethod
    def read(text: str) -> "Invitation":
        found = dict(re.findall(r'^(\w+): *"?([^"\n]*)"?$', re.sub(r"^#.*$", "", text, flags=re.M), re.M))
        return Invitation(found["realm"], bytes.fromhex(found["invitation"]), found["member"], found.get("adapter", ""),
                          found["use"], bytes.fromhex(found["desk"]), int(found["expires_ms"]))


def read_code(text: str) -> bytes:
    """The 12 bytes, when the check is theirs."""
    signs = text.strip().upper().translate(READ_AS)
    if len(signs) != 24 or any(sign not in SIGNS for sign in signs):
        raise Refused(CODE, "length or sign")
    value = 0
    for sign in signs:
        value = value << 5 | SIGNS.index(sign)
    raw = u(value, 15)
    if sha256(label("enrol.check"), raw[:12])[:3] != raw[12:]:
        raise Refused(CODE, "check")
    return raw[:12]


def named(text: str) -> bytes:
    return u(len(text), 1) + text.encode()


def code_signer(code: bytes, to: Invitation) -> Signer:
    info = label("enrol.code") + named(to.realm) + to.invitation + named(to.member)
    return Signer(expand(extract(label("enrol.code"), code), info, 32))


def possession(own: Opener, use: int, to: Invitation, code_key: bytes) -> bytes:
    """That we hold the secret of an X25519 key: only the desk could have made it besides."""
    shared = own.key.exchange(X25519PublicKey.from_public_bytes(to.desk))
    return hmac256(extract(label("enrol.proof"), shared), label("enrol.proof"), named(to.realm), to.invitation, code_key,
                   to.desk, u(use, 1), own.public, named(to.member))


def request(to: Invitation, code: bytes, keys: dict, valid: tuple[int, int], now_ms: int, random) -> tuple[bytes, bytes]:
    """LSD1, and its fingerprint. `keys` are Signers and Openers by the name of their use."""
    by_code = code_signer(code, to)
    body = new("Enrolment", member=to.member, adapter=to.adapter, use=to.use, invitation=to.invitation,
               code_key=by_code.public)
    signers = [by_code]
    for name, own in keys.items():
        row = body.keys.add()
        row.key.use, row.key.public_key = USES[name], own.public
        row.key.valid_from_ms, row.key.valid_until_ms = valid
        if isinstance(own, Opener):
            row.proof = possession(own, USES[name], to, by_code.public)
        else:
            signers.append(own)
    d = document.new(to.realm, "enrolment.request", [(to.member, s) for s in signers], salt=random(16),
                     id=u(now_ms, 6) + random(10), issued_ms=now_ms, valid_until_ms=to.expires_ms, body=wire.encode(body))
    return document.sign(d, signers), sha256(wire.encode(d))
