"""Bytes on a socket and in files: one magic, exact lengths (PROTOCOL 3)."""

from dataclasses import dataclass, field

from . import merkle
from .labels import sha256, u
from .protocol import Refused

EMPTY, VERSION, LENGTH, NESTING, WRAPS, PATH, FORM, ALGORITHM = 201, 202, 203, 216, 217, 218, 219, 301
FRAME_MAX = (1 << 20) + (64 << 10)
BATCH_MAX = CHUNKS_MAX = 1 << 20
CHUNK_TEXT, TAG = 256 << 10, 16
FOLD_RATIO = 8
KINDS = ("LSE1", "LSB1", "LSR1", "LSV1", "LSC1", "LSK1", "LSD1", "LSG1", "LSP1", "LSF1")
MEMBER, HUB, OTHER_HUB = 1, 2, 3    # forms of a receipt


class Reader:
    """Takes a frame apart; whoever takes more than is there, or leaves some, has another length."""

    def __init__(self, data: bytes):
        self.data, self.at = data, 0

    def take(self, size: int) -> bytes:
        if size > len(self.data) - self.at:
            raise Refused(LENGTH, "bytes are missing")
        self.at += size
        return self.data[self.at - size:self.at]

    def uint(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def block(self, width: int, most: int, least: int = 0) -> bytes:
        """A length of that width, and as many bytes."""
        size = self.uint(width)
        if not least <= size <= most:
            raise Refused(LENGTH, f"{size} bytes, not {least} to {most}")
        return self.take(size)

    def count(self, width: int, most: int) -> int:
        """How many follow: none is no frame, too many is too much."""
        n = self.uint(width)
        if n == 0:
            raise Refused(LENGTH, "nothing in it")
        if n > most:
            raise Refused(NESTING, f"{n}, at most {most}")
        return n

    def hashes(self, count: int) -> list[bytes]:
        return [self.take(32) for _ in range(count)]

    def end(self) -> None:
        if self.at != len(self.data):
            raise Refused(LENGTH, "bytes are left over")


def kind(frame: bytes) -> str:
    name = frame[:4].decode("latin-1")
    if name in KINDS:
        return name
    if any(name[:3] == k[:3] for k in KINDS) and len(name) == 4:
        raise Refused(VERSION, name)
    raise Refused(EMPTY)


def begin(frame: bytes, wanted: str) -> Reader:
    if kind(frame) != wanted:
        raise Refused(EMPTY, f"{frame[:4]!r} instead of {wanted}")
    reader = Reader(frame)
    reader.take(4)
    return reader


def block(width: int, data: bytes) -> bytes:
    return u(len(data), width) + data


# ---- S ----

@dataclass
class Signature:
    kid: bytes
    size: int
    index: int
    path: list[bytes]
    signature: bytes

    def bytes(self) -> bytes:
        return (u(1, 1) + self.kid + u(self.size, 8) + u(self.index, 8) + u(len(self.path), 1) +
                b"".join(self.path) + self.signature)


def parse_signature(data: bytes) -> Signature:
    r = Reader(data)
    algorithm, kid, size, index, n = r.uint(1), r.take(16), r.uint(8), r.uint(8), r.uint(1)
    if algorithm != 1:
        raise Refused(ALGORITHM, f"algorithm {algorithm}")
    if not 1 <= size <= BATCH_MAX or index >= size or n != merkle.path_len(index, size):
        raise Refused(PATH, f"index {index} of {size}, {n} hashes")
    s = Signature(kid, size, index, r.hashes(n), r.take(64))
    r.end()
    return s


def _signature(r: Reader) -> Signature:
    return parse_signature(r.block(2, 738, 98))


# ---- LSE1 ----

@dataclass
class Part:
    wraps: bytes = b""              # R
    cipher: bytes = b""             # C
    withheld: bytes = b""           # form 0: SHA-256(R) ‖ SHA-256(C)

    def hashes(self) -> bytes:
        return self.withheld or sha256(self.wraps) + sha256(self.cipher)


@dataclass
class Envelope:
    header: bytes
    parts: list[Part]
    signature: Signature

    def bytes(self) -> bytes:
        parts = (u(0, 1) + p.withheld if p.withheld else u(1, 1) + block(4, p.wraps) + block(4, p.cipher)
                 for p in self.parts)
        return (b"LSE1" + block(4, self.header) + u(len(self.parts), 1) + b"".join(parts) +
                block(2, self.signature.bytes()))


def _part(r: Reader) -> Part:
    form = r.uint(1)
    if form == 0:
        return Part(withheld=r.take(64))
    if form != 1:
        raise Refused(FORM, f"form {form}")
    wraps = r.block(4, 32 * 80)
    if not wraps or len(wraps) % 80:
        raise Refused(WRAPS, f"{len(wraps)} bytes of wraps")
    return Part(wraps, r.block(4, FRAME_MAX, 272))


def parse_envelope(frame: bytes) -> Envelope:
    r = begin(frame, "LSE1")
    header = r.block(4, 16 << 10, 1)
    parts, signature = [_part(r) for _ in range(r.count(1, 8))], r.block(2, 738, 98)
    r.end()
    return Envelope(header, parts, parse_signature(signature))


# ---- LSB1 ----

def bundle(frames: list[bytes]) -> bytes:
    return b"LSB1" + u(len(frames), 1) + b"".join(block(4, f) for f in frames)


def parse_bundle(frame: bytes) -> list[bytes]:
    r = begin(frame, "LSB1")
    if len(frame) > 256 << 10:
        raise Refused(LENGTH, "bundle is too long")
    frames = [r.block(4, FRAME_MAX) for _ in range(r.count(1, 64))]
    r.end()
    for one in frames:
        if kind(one) in ("LSB1", "LSG1", "LSP1", "LSF1"):
            raise Refused(NESTING, kind(one))
    return frames


# ---- LSR1, LSV1 ----

@dataclass
class Entry:
    form: int
    receipt: bytes                              # Q
    signature: Signature | None = None          # a member's
    path: list[bytes] = field(default_factory=list)
    checkpoint: bytes = b""                     # of another hub

    def bytes(self) -> bytes:
        out = u(self.form, 1) + block(4, self.receipt)
        if self.form == MEMBER:
            return out + block(2, self.signature.bytes())
        out += u(len(self.path), 1) + b"".join(self.path)
        return out + block(2, self.checkpoint) if self.form == OTHER_HUB else out


@dataclass
class Receipts:
    first: int
    entries: list[Entry]
    checkpoint: bytes = b""

    def bytes(self) -> bytes:
        return (b"LSR1" + u(self.first, 8) + u(len(self.entries), 2) + b"".join(e.bytes() for e in self.entries) +
                block(2, self.checkpoint))


def _log_path(r: Reader) -> list[bytes]:
    n = r.uint(1)
    if n > 63:
        raise Refused(LENGTH, f"{n} hashes")
    return r.hashes(n)


def _entry(r: Reader) -> Entry:
    form = r.uint(1)
    if form not in (MEMBER, HUB, OTHER_HUB):
        raise Refused(FORM, f"receipt of form {form}")
    q = r.block(4, 1 << 10, 1)
    if form == MEMBER:
        return Entry(form, q, _signature(r))
    path = _log_path(r)
    return Entry(form, q, path=path, checkpoint=r.block(2, 4 << 10, 1) if form == OTHER_HUB else b"")


def parse_receipts(frame: bytes) -> Receipts:
    r = begin(frame, "LSR1")
    first = r.uint(8)
    receipts = Receipts(first, [_entry(r) for _ in range(r.count(2, 1024))], r.block(2, 4 << 10))
    r.end()
    if not receipts.checkpoint and any(e.form == HUB for e in receipts.entries):
        raise Refused(LENGTH, "a hub's receipt without a checkpoint")
    return receipts


@dataclass
class Statement:
    statement: bytes                # V
    path: list[bytes]
    checkpoint: bytes

    def bytes(self) -> bytes:
        return (b"LSV1" + block(4, self.statement) + u(len(self.path), 1) + b"".join(self.path) +
                block(2, self.checkpoint))


def parse_statement(frame: bytes) -> Statement:
    r = begin(frame, "LSV1")
    s = Statement(r.block(4, 2 << 10, 1), _log_path(r), r.block(2, 4 << 10, 1))
    r.end()
    return s


# ---- LSC1 ----

@dataclass
class Chunk:
    root: bytes
    index: int
    count: int
    path: list[bytes]
    cipher: bytes

    def bytes(self) -> bytes:
        return (b"LSC1" + self.root + u(self.index, 8) + u(self.count, 8) + u(len(self.path), 1) +
                b"".join(self.path) + block(4, self.cipher))


def parse_chunk(frame: bytes) -> Chunk:
    r = begin(frame, "LSC1")
    root, index, count, n = r.take(32), r.uint(8), r.uint(8), r.uint(1)
    if not 1 <= count <= CHUNKS_MAX or index >= count or n != merkle.path_len(index, count):
        raise Refused(PATH, f"chunk {index} of {count}, {n} hashes")
    chunk = Chunk(root, index, count, r.hashes(n),
                  r.block(4, CHUNK_TEXT + TAG, TAG if index == count - 1 else CHUNK_TEXT + TAG))
    r.end()
    return chunk


# ---- LSK1, LSD1 ----

def control(message: bytes) -> bytes:
    return b"LSK1" + block(4, message)


def parse_control(frame: bytes) -> bytes:
    r = begin(frame, "LSK1")
    k = r.block(4, 20 << 10, 1)
    r.end()
    return k


@dataclass
class Document:
    document: bytes                 # D
    signatures: list[Signature]

    def bytes(self) -> bytes:
        return (b"LSD1" + block(4, self.document) + u(len(self.signatures), 1) +
                b"".join(block(2, s.bytes()) for s in self.signatures))


def parse_document(frame: bytes) -> Document:
    r = begin(frame, "LSD1")
    if len(frame) > 80 << 10:
        raise Refused(LENGTH, "document is too long")
    d = Document(r.block(4, 64 << 10, 1), [_signature(r) for _ in range(r.count(1, 8))])
    r.end()
    return d


# ---- LSF1 ----

def unfold(frame: bytes) -> bytes:
    r = begin(frame, "LSF1")
    size, out = r.uint(4), bytearray()
    if size > min(FRAME_MAX, FOLD_RATIO * len(frame)):
        raise Refused(LENGTH, f"unfolds to {size}")
    while r.at < len(frame):
        out += r.block(4, size - len(out))
        start, count = r.uint(4), r.uint(2)
        if start + count > len(out) or len(out) + count > size:
            raise Refused(LENGTH, "copies what is not there")
        out += out[start:start + count]
    if len(out) != size:
        raise Refused(LENGTH, "unfolds to another length")
    if kind(bytes(out)) not in ("LSB1", "LSR1"):
        raise Refused(NESTING, "folded frame is of another kind")
    return bytes(out)


def fold(frame: bytes, parts: list[bytes]) -> bytes:
    """Leaves out each of `parts` (proofs) where it stands again; the frame itself where that gains nothing."""
    spans = []
    for part in parts:
        first = frame.find(part)
        again = frame.find(part, first + len(part))
        while again >= 0:
            spans.append((again, first, len(part)))
            again = frame.find(part, again + len(part))
    steps, at = b"", 0
    for again, first, size in sorted(spans):
        if again >= at:
            steps += block(4, frame[at:again]) + u(first, 4) + u(size, 2)
            at = again + size
    if at < len(frame):
        steps += block(4, frame[at:]) + u(0, 4) + u(0, 2)
    folded = b"LSF1" + u(len(frame), 4) + steps
    return folded if len(folded) < len(frame) <= FOLD_RATIO * len(folded) else frame
