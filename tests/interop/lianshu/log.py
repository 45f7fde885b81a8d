"""The hub's log: leaves, checkpoints, cosignatures of witnesses (PROTOCOL 8, C2SP tlog-checkpoint and
signed-note)."""

import base64
import re
from dataclasses import dataclass

from . import merkle, signing
from .labels import label, sha256, u
from .protocol import Refused

CHECKPOINT = 807
RECEIPT, STATEMENT = 1, 2       # kinds of leaves that travel with a proof
ED25519, COSIGNATURE = 1, 4     # types of note signatures
NOTE_MAX, LINES_MAX = 4096, 8
LINE = re.compile("— ([^ +]+) ([A-Za-z0-9+/]+={0,2})")


def leaf(kind: int, time_ms: int, body: bytes) -> bytes:
    return merkle.leaf(label("log") + u(kind, 1) + u(time_ms, 8) + u(len(body), 2) + body)


def origin(hub: str, realm: str, number: int = 1) -> str:
    return f"{hub}.{realm}/audit/{number}"


@dataclass
class Checkpoint:
    origin: str
    size: int
    root: bytes
    signatures: list[tuple[str, bytes]]     # name, key hash ‖ signature

    @property
    def body(self) -> bytes:
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n".encode()


def key_hash(name: str, kind: int, public: bytes) -> bytes:
    return sha256(name.encode(), b"\n", u(kind, 1), public)[:4]


def _b64(text: str) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError:
        raise Refused(CHECKPOINT, "base64") from None
    if base64.b64encode(raw).decode() != text:
        raise Refused(CHECKPOINT, "base64 has another form")
    return raw


def parse(note: bytes) -> Checkpoint:
    try:
        text = note.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused(CHECKPOINT, "not UTF-8") from None
    body, gap, signatures = text.partition("\n\n")
    lines = body.split("\n")
    if (len(note) > NOTE_MAX or not gap or len(lines) != 3 or not signatures.endswith("\n") or
            not re.fullmatch("0|[1-9][0-9]{0,18}", lines[1]) or not re.fullmatch(r"[!-~]+/audit/[1-9][0-9]*", lines[0])):
        raise Refused(CHECKPOINT, "not the three lines of a checkpoint")
    found = []
    for line in signatures[:-1].split("\n"):
        match = LINE.fullmatch(line)
        if match is None or len(_b64(match.group(2))) < 5:
            raise Refused(CHECKPOINT, "signature line")
        found.append((match.group(1), _b64(match.group(2))))
    root = _b64(lines[2])
    if len(root) != 32 or len(found) > LINES_MAX:
        raise Refused(CHECKPOINT)
    return Checkpoint(lines[0], int(lines[1]), root, found)


def sign(checkpoint: Checkpoint, signer) -> bytes:
    name = checkpoint.origin
    line = key_hash(name, ED25519, signer.public) + signer.sign(checkpoint.body)
    return checkpoint.body + f"\n— {name} {base64.b64encode(line).decode()}\n".encode()


def verify(note: bytes, wanted: str | None, public: bytes) -> Checkpoint:
    """A checkpoint of this log, signed by its log key under the name of its origin."""
    found = parse(note)
    if wanted is not None and found.origin != wanted:
        raise Refused(CHECKPOINT, "of another log")
    mine = [s[4:] for name, s in found.signatures
            if name == found.origin and s[:4] == key_hash(name, ED25519, public) and len(s) == 68]
    if len(mine) != 1:
        raise Refused(CHECKPOINT, "not signed once by this key")
    try:
        signing.verify(public, found.body, mine[0])
    except Refused:
        raise Refused(CHECKPOINT, "signature") from None
    return found


def cosigned(time_s: int, body: bytes) -> bytes:
    """What a witness signs: cosignature/v1 of C2SP tlog-cosignature."""
    return f"cosignature/v1\ntime {time_s}\n".encode() + body


def cosign(checkpoint: Checkpoint, name: str, signer, time_s: int) -> bytes:
    """The witness's line."""
    raw = key_hash(name, COSIGNATURE, signer.public) + u(time_s, 8) + signer.sign(cosigned(time_s, checkpoint.body))
    return f"— {name} {base64.b64encode(raw).decode()}\n".encode()


def verify_cosignature(checkpoint: Checkpoint, name: str, public: bytes) -> int:
    """The moment, in seconds, at which this witness saw the checkpoint."""
    for who, raw in checkpoint.signatures:
        if who == name and raw[:4] == key_hash(name, COSIGNATURE, public) and len(raw) == 76:
            time_s = int.from_bytes(raw[4:12], "big")
            signing.verify(public, cosigned(time_s, checkpoint.body), raw[12:])
            return time_s
    raise Refused(CHECKPOINT, f"no cosignature of {name}")
