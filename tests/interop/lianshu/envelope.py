"""What travels: a clear signed header and sealed parts (PROTOCOL 4)."""

import secrets
from dataclasses import dataclass

from . import frames, merkle, names, seal, signing, wire
from .frames import CHUNKS_MAX
from .chunks import count_of
from .labels import SUITE, label, sha256, u
from .protocol import TYPES, Refused

E_SUITE, E_TEXT, E_ENUM, E_AUDIENCE, E_HEADER, E_FACTS = 301, 213, 215, 214, 221, 650
E_WRAPS, E_FORM, E_CANNOT_OPEN, E_NOT_IN_AUDIENCE, E_WITHHELD = 217, 219, 300, 314, 315
FACTS, SEALED, MANIFEST = 1, 2, 3


def message_id(created_ms: int, random: bytes) -> bytes:
    return u(created_ms, 6) + random


# ---- the header ----

def check_header(h) -> None:
    if h.suite != SUITE:
        raise Refused(E_SUITE)
    kind = TYPES.get(h.type)
    if not names.REALM.fullmatch(h.realm) or not names.is_member(h.sender) or not names.CODE.fullmatch(h.purpose):
        raise Refused(E_TEXT)
    if kind is None or not kind.travels:
        raise Refused(E_ENUM, f"type {h.type}")
    if (h.message_id[:6] != u(h.created_ms, 8)[2:] or h.created_ms >> 48 or h.priority > 3 or
            len(h.conversation) not in (0, 16) or len(h.in_reply_to) not in (0, 32) or
            (h.sequence and not h.conversation) or not h.parts):
        raise Refused(E_HEADER)
    for part in h.parts:
        _check_part(h, part)
    _check_facts(h, kind)
    _check_members(h.destination)
    readers = {r.member for part in h.parts for r in part.audience}
    if not readers.issuperset(h.destination):
        raise Refused(E_AUDIENCE, "a destination reads no part")
    _check_attachments(h, kind)


def _check_members(members) -> None:
    if not all(map(names.is_member, members)):
        raise Refused(E_TEXT, "member id")
    if not members or not names.rising(members):
        raise Refused(E_AUDIENCE)


def _check_part(h, part) -> None:
    if part.kind == 0:
        raise Refused(E_ENUM, "part of no kind")
    members = [r.member for r in part.audience]
    _check_members(members)
    hub = any(map(names.is_hub, members))
    if part.kind == FACTS and not hub and not names.is_hub(h.sender):
        raise Refused(E_FACTS, "no hub reads the facts")
    if part.kind != FACTS and hub:
        raise Refused(E_AUDIENCE, "a hub reads what is not facts")


def _check_facts(h, kind) -> None:
    facts = [part for part in h.parts if part.kind == FACTS]
    if not facts and ("facts" in kind.properties or "gated" in kind.properties):
        raise Refused(E_FACTS)
    if len(facts) > 1:
        raise Refused(E_HEADER, "two facts parts")
    if facts:
        readers = {r.member for r in facts[0].audience}
        if any(r.member not in readers for part in h.parts for r in part.audience):
            raise Refused(E_FACTS, "somebody does not read the facts")


def _check_attachments(h, kind) -> None:
    if h.attachments and "attachments" not in kind.properties:
        raise Refused(E_HEADER, "attachments")
    for a in h.attachments:
        if (a.part >= len(h.parts) or h.parts[a.part].kind != MANIFEST or a.chunk_count > CHUNKS_MAX or
                a.chunk_count != count_of(a.byte_count)):
            raise Refused(E_HEADER, "attachment")


# ---- ids ----

def statement(frame: frames.Envelope) -> bytes:
    return (label("envelope") + sha256(frame.header) + u(len(frame.parts), 1) +
            b"".join(part.hashes() for part in frame.parts))


def env_id(frame: frames.Envelope) -> bytes:
    return merkle.leaf(statement(frame))


# ---- making ----

@dataclass
class Draft:
    """A header whose audiences have members, and the plaintext of each part."""
    header: object
    plain: list[bytes]


class Batch:
    """Envelopes of one sender under one signature; one secret for each exact audience. `public` gives
    (kid, public key) of a reader; `random` is where secrets come from."""

    def __init__(self, signer, public, random=secrets.token_bytes):
        self.signer, self.public, self.random = signer, public, random
        self.secrets: dict[tuple, tuple[bytes, bytes]] = {}
        self.made: list[frames.Envelope] = []

    def _audience(self, realm: str, readers: tuple) -> tuple[bytes, bytes]:
        """Secret and R."""
        if readers not in self.secrets:
            secret, wraps = self.random(32), b""
            for member, key in readers:
                info = seal.wrap_info(realm, self.signer.kid, key)
                wraps += seal.hpke_seal(self.public(member)[1], info, secret, self.random(32))
            self.secrets[readers] = secret, wraps
        return self.secrets[readers]

    def add(self, draft: Draft, check: bool = True) -> list[bytes]:
        """Fills in kids and commitments, seals; the key of each part."""
        h, deks, wraps = draft.header, [], []
        h.suite, h.sender_kid = h.suite or SUITE, self.signer.kid
        for i, part in enumerate(h.parts):
            for reader in part.audience:
                reader.kid = self.public(reader.member)[0]
            secret, r = self._audience(h.realm, tuple((x.member, x.kid) for x in part.audience))
            deks.append(seal.dek(secret, h.message_id, i))
            wraps.append(r)
            part.commitment = seal.commitment(deks[i])
        if check:
            check_header(h)
        raw = wire.encode(h)
        parts = [frames.Part(r, seal.encrypt(deks[i], sha256(raw), i, draft.plain[i])) for i, r in enumerate(wraps)]
        self.made.append(frames.Envelope(raw, parts, None))
        return deks

    def finish(self) -> list[frames.Envelope]:
        for frame, s in zip(self.made, self.signer.batch([env_id(f) for f in self.made])):
            frame.signature = s
        return self.made


def forward(frame: frames.Envelope, h, reader: str) -> frames.Envelope:
    """What a hub hands to this reader: parts of others as form 0."""
    parts = [p if reader in [r.member for r in part.audience] else frames.Part(withheld=p.hashes())
             for p, part in zip(frame.parts, h.parts)]
    return frames.Envelope(frame.header, parts, frame.signature)


# ---- opening ----

def read(frame: bytes, from_sender: bool = False) -> tuple[frames.Envelope, object]:
    """The frame and its header, as far as they need no keys."""
    e = frames.parse_envelope(frame)
    h = wire.decode("Header", e.header)
    check_header(h)
    if len(e.parts) != len(h.parts):
        raise Refused(E_WRAPS, "parts")
    for part, said in zip(e.parts, h.parts):
        if not part.withheld and len(part.wraps) != len(said.audience) * seal.WRAP_LEN:
            raise Refused(E_WRAPS, "wraps")
        if part.withheld and from_sender:
            raise Refused(E_FORM, "a sender's frame is whole")
    return e, h


def verify(e: frames.Envelope, public: bytes) -> bytes:
    """env_id, when the sender signed it."""
    one = env_id(e)
    signing.verify_leaf(public, one, e.signature)
    return one


def check_reader(e: frames.Envelope, h, reader: str) -> list[int]:
    """The parts that this reader is in the audience of."""
    own = [i for i, part in enumerate(h.parts) if reader in [r.member for r in part.audience]]
    if not own:
        raise Refused(E_NOT_IN_AUDIENCE)
    if any(e.parts[i].withheld for i in own):
        raise Refused(E_WITHHELD)
    return own


def open_part(e: frames.Envelope, h, reader: str, keys: dict, part: int) -> tuple[bytes, bytes]:
    """Plaintext and key of the part; `keys` are the reader's Openers by kid. Why it does not open stays inside."""
    members = [r.member for r in h.parts[part].audience]
    if reader not in members:
        raise Refused(E_NOT_IN_AUDIENCE)
    at = members.index(reader)
    own = keys.get(h.parts[part].audience[at].kid)
    try:
        if own is None:
            raise Refused(seal.UNWRAP, "not our key")
        info = seal.wrap_info(h.realm, h.sender_kid, own.kid)
        secret = seal.hpke_open(own, info, e.parts[part].wraps[at * seal.WRAP_LEN:(at + 1) * seal.WRAP_LEN])
        key = seal.dek(secret, h.message_id, part)
        if seal.commitment(key) != h.parts[part].commitment:
            raise Refused(seal.COMMITMENT)
        return seal.decrypt(key, sha256(e.header), part, e.parts[part].cipher), key
    except Refused as inner:
        raise Refused(E_CANNOT_OPEN) from inner
