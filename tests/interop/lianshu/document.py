"""One typed statement, signed by each of its issuers (PROTOCOL 5)."""

from typing import Callable

from . import frames, merkle, names, signing, wire
from .labels import label, sha256
from .protocol import TYPES, Refused, type_number

MALFORMED_TEXT, UNKNOWN_TYPE, CONTRADICTION, WRONG_REALM = 213, 215, 221, 313
SIGNATURE, NOT_ADDRESSED = 303, 316

Find = Callable[[str, bytes], bytes]    # public key of a member's kid, or Refused


def leaf(d: bytes) -> bytes:
    return merkle.leaf(label("document") + sha256(d))


def new(realm: str, kind: str, issuers: list, **fields):
    """A document whose issuers are (member, signer)."""
    made = wire.new("Document", **{**dict(realm=realm, type=type_number(kind), version=1), **fields})
    for member, signer in issuers:
        made.issuers.add(member=member, kid=signer.kid)
    return made


def sign(message, signers: list, check: bool = True) -> bytes:
    if check:
        check_document(message)
    d = wire.encode(message)
    return frames.Document(d, [signer.batch([leaf(d)])[0] for signer in signers]).bytes()


def check_document(d) -> None:
    """What a document must be before anybody asks for keys."""
    if not names.REALM.fullmatch(d.realm) or not names.CODE.fullmatch(d.purpose):
        raise Refused(MALFORMED_TEXT)
    if not all(map(names.is_member, [*d.addressees, *(i.member for i in d.issuers)])):
        raise Refused(MALFORMED_TEXT, "member id")
    kind = TYPES.get(d.type)
    if kind is None:
        raise Refused(UNKNOWN_TYPE, f"type {d.type}")
    issuers = [(i.member, i.kid) if "officials" in kind.properties else i.member for i in d.issuers]
    addressed = bool(d.addressees) != d.by_rule if not kind.alone else not (d.addressees and d.by_rule)
    if not (d.version and d.issued_ms and (not d.valid_until_ms or d.valid_until_ms > d.issued_ms) and
            len(d.conversation) in (0, 16) and len(d.in_reply_to) in (0, 16) and len(d.facts) in (0, 32) and
            len(issuers) >= (2 if "joint" in kind.properties else 1) and len(set(issuers)) == len(issuers) and
            names.rising(d.addressees) and addressed):
        raise Refused(CONTRADICTION)


def verify(lsd1: bytes, realm: str, find: Find):
    """The Document, and SHA-256(D)."""
    frame = frames.parse_document(lsd1)
    d = wire.decode("Document", frame.document)
    check_document(d)
    if d.realm != realm:
        raise Refused(WRONG_REALM)
    if len(frame.signatures) != len(d.issuers):
        raise Refused(frames.LENGTH, "as many signatures as issuers")
    one = leaf(frame.document)
    for issuer, s in zip(d.issuers, frame.signatures):
        public = find(issuer.member, issuer.kid)
        if s.kid != issuer.kid:
            raise Refused(SIGNATURE, "by another key than the issuer's")
        signing.verify_leaf(public, one, s)
    return d, sha256(frame.document)


def check_addressed(d, reader: str, sender: str) -> None:
    relayable = "relayable" in TYPES[d.type].properties
    if not d.by_rule and reader not in d.addressees:
        raise Refused(NOT_ADDRESSED, "to the reader")
    if not relayable and sender not in [i.member for i in d.issuers]:
        raise Refused(NOT_ADDRESSED, "by the sender")
