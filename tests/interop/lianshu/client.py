"""A member's adapter: one connection to its hub, what it sent and what it got (PROTOCOL 7, 9, 10)."""

import time
from dataclasses import dataclass, field

import zmq
from zmq.utils import z85

from . import chunks, document, envelope, frames, log, receipts, wire
from .frames import Entry, Receipts
from .labels import sha256
from .protocol import RECEIPTS_FINAL, TYPES, Refused
from .registry import LOG, SIGN, TRANSPORT, Registry
from .wire import new

FORK, POISON = 803, 220
WANTED_MAX, WANTED_S = 64, 5    # chunks asked for and not got; when they are asked for again
HEARTBEAT_MS = 5000


def control(body: str, **fields) -> bytes:
    kinds = {name.removeprefix("CONTROL_").lower(): n for n, name in wire.ENUMS["ControlKind"].items()}
    message = new("Control", kind=kinds[body])
    getattr(message, body).SetInParent()
    for name, value in fields.items():
        one = getattr(getattr(message, body), name)
        if isinstance(value, list):
            one.extend(value)
        else:
            setattr(getattr(message, body), name, value)
    return frames.control(wire.encode(message))


@dataclass
class Delivery:
    """An envelope that came, verified and opened; its files as far as they are here."""
    header: object
    env_id: bytes
    statement: object
    plain: dict[int, bytes]                             # by part
    files: dict[bytes, object] = field(default_factory=dict)        # manifest entries by root
    chunks: dict[bytes, list[bytes]] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        return all(len(self.chunks[root]) == file.chunk_count for root, file in self.files.items())

    def content(self, root: bytes) -> bytes:
        """A file, as its manifest says that it must be."""
        content = b"".join(self.chunks[root])
        if len(content) != self.files[root].byte_count or sha256(content) != self.files[root].sha256:
            raise Refused(chunks.CIPHERTEXT, "another file than the manifest says")
        return content


class Client:
    def __init__(self, registry: Registry, member: str, hub: str, endpoint: str, keys: dict, credit: int = 64):
        """keys: sign (Signer), seal and transport (Openers)."""
        self.registry, self.member, self.hub, self.endpoint, self.keys = registry, member, hub, endpoint, keys
        self.realm, self.credit = registry.realm, credit
        self.context, self.socket = zmq.Context(), None
        self.stream = 0                                 # highest contiguous receipt number stored
        self.sent: dict[bytes, bytes] = {}              # frames without a final receipt, by message id
        self.waits: dict[bytes, set] = {}               # for whose final receipt
        self.files: dict[bytes, chunks.File] = {}       # that we give, by root
        self.told: dict[bytes, list] = {}               # receipts about what we sent, by message id
        self.proven: list[bytes] = []                   # every Q that came, in its order
        self.inbox: dict[bytes, Delivery] = {}          # by env_id
        self.said: dict[bytes, bytes] = {}              # our last LSR1 about an envelope
        self.busy: list = []
        self.acks = 0
        self.heads: dict[tuple, bytes] = {}             # checkpoints seen
        self.pending = None                             # a statement that waits for its envelope
        self.wanted_until, self.wanted_end = None, 0    # when, and up to which chunk, we have asked

    # ---- the connection ----

    def connect(self) -> None:
        """A new connection: hello first."""
        self.disconnect()
        now = now_ms()
        s = self.context.socket(zmq.DEALER)
        s.setsockopt(zmq.LINGER, 0)
        s.setsockopt(zmq.IMMEDIATE, 1)
        s.setsockopt(zmq.MAXMSGSIZE, frames.FRAME_MAX)
        s.setsockopt(zmq.HEARTBEAT_IVL, HEARTBEAT_MS)
        s.curve_serverkey = z85.encode(self.registry.current(self.hub, TRANSPORT, now).public)
        s.curve_publickey = z85.encode(self.keys["transport"].public)
        s.curve_secretkey = z85.encode(self.keys["transport"].secret)
        s.connect(self.endpoint)
        self.socket, self.welcome, self.pending = s, None, None
        self.send(control("hello", member=self.member, realm=self.realm, registry_version=self.registry.version,
                          receipt_stream=self.stream, credit_messages=self.credit, credit_bytes=16 << 20,
                          unfinished=list(self.sent)[:256]))
        self.until(lambda: self.welcome is not None, "welcome")

    def disconnect(self) -> None:
        if self.socket is not None:
            self.socket.close()
            self.socket = None

    def close(self) -> None:
        self.disconnect()
        self.context.term()

    def send(self, frame: bytes) -> None:
        if not self.socket.poll(20000, zmq.POLLOUT):
            raise TimeoutError(f"{self.member}: nobody takes it")
        self.socket.send(frame)

    def until(self, holds, what: str, seconds: float = 30) -> None:
        """Handle what comes until it holds."""
        end = time.monotonic() + seconds
        while not holds():
            left = end - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"{self.member}: not within {seconds} s: {what}")
            self.turn(min(left, 0.1))

    def turn(self, seconds: float) -> bool:
        """The next frame; False when none comes."""
        if self.wanted_until is not None and time.monotonic() > self.wanted_until:
            self.want()
        if not self.socket.poll(int(seconds * 1000)):
            return False
        parts = self.socket.recv_multipart()
        if len(parts) == 1:
            self.take(parts[0])
        return True

    # ---- what comes ----

    def take(self, frame: bytes) -> None:
        kind = frames.kind(frame)
        if kind == "LSF1":
            self.take(frames.unfold(frame))
        elif kind == "LSB1":
            for one in frames.parse_bundle(frame):
                self.take(one)
        elif kind == "LSR1":
            self.take_receipts(frames.parse_receipts(frame))
        elif kind == "LSV1":
            self.pending = frames.parse_statement(frame)
        elif kind == "LSE1":
            statement, self.pending = self.pending, None
            self.take_envelope(frame, statement)
        elif kind == "LSC1":
            self.take_chunk(frames.parse_chunk(frame))
        elif kind == "LSK1":
            self.take_control(wire.decode("Control", frames.parse_control(frame)))

    def take_control(self, k) -> None:
        body = k.WhichOneof("body")
        if wire.ENUMS["ControlKind"][k.kind] != f"CONTROL_{(body or 'none').upper()}":
            raise Refused(221, "kind and body of a control")
        if body == "welcome":
            if k.welcome.hub != self.hub or k.welcome.realm != self.realm:
                raise Refused(313, "another hub")
            self.welcome = k.welcome
        elif body == "busy":
            self.busy.append(k.busy)
        elif body == "ack":
            self.acks += 1
        elif body == "chunk_wanted":
            self.give_chunks(k.chunk_wanted)

    def checkpoint(self, note: bytes, hub: str) -> log.Checkpoint:
        """By a log key of that hub, and never two trees of one size."""
        now = now_ms()
        valid = [k.public for k in self.registry.keys.values()
                 if k.member == hub and k.use == LOG and k.valid_from_ms <= now < k.valid_until_ms]
        found = None
        for public in valid:
            try:
                found = log.verify(note, None, public)
            except Refused as refused:
                fault = refused
        if found is None:
            raise fault
        if not found.origin.startswith(f"{hub}.{self.realm}/audit/"):
            raise Refused(log.CHECKPOINT, found.origin)
        if self.heads.setdefault((found.origin, found.size), found.root) != found.root:
            raise Refused(FORK)
        return found

    def take_receipts(self, r: Receipts) -> None:
        head = self.checkpoint(r.checkpoint, self.hub) if r.checkpoint else None
        for number, entry in enumerate(r.entries, r.first):
            q = self.verify_receipt(entry, head)
            if number > self.stream + 1:
                raise Refused(frames.LENGTH, f"receipt {number} after {self.stream}")
            if number == self.stream + 1:
                self.stream = number
            if entry.receipt not in self.proven:
                self.proven.append(entry.receipt)
                self.told.setdefault(q.message_id, []).append(q)
            self.settle(q)
        self.send(control("ack", receipt_stream=self.stream))

    def settle(self, q) -> None:
        """A frame is kept until each recipient has an end."""
        if q.kind in RECEIPTS_FINAL and q.message_id in self.sent:
            self.waits[q.message_id] -= {q.about} if q.about else self.waits[q.message_id]
            if not self.waits[q.message_id]:
                del self.sent[q.message_id]

    def verify_receipt(self, entry: Entry, head):
        if entry.form == frames.MEMBER:
            return receipts.verify_member(entry, self.realm, self.registry.signers(now_ms()))
        if entry.form == frames.OTHER_HUB:
            by = wire.decode("Receipt", entry.receipt).by
            return receipts.verify_hub(entry, self.checkpoint(entry.checkpoint, by), self.realm, by)
        return receipts.verify_hub(entry, head, self.realm, self.hub)

    def take_envelope(self, frame: bytes, said) -> None:
        """Verified as of the hub's statement; what we have had is answered with the same receipt."""
        e, h = envelope.read(frame)
        head = self.checkpoint(said.checkpoint, self.hub)
        v = receipts.verify_statement(said, head, self.realm)
        key = self.registry.key(h.sender, h.sender_kid, SIGN, v.accepted_ms)
        one = envelope.verify(e, key.public)
        if v.env_id != one or v.recipient != self.member:
            raise Refused(520, "the statement is about another envelope")
        if one in self.said:
            self.send(self.said[one])
            return
        own = envelope.check_reader(e, h, self.member)
        plain = {i: envelope.open_part(e, h, self.member, {self.keys["seal"].kid: self.keys["seal"]}, i)[0] for i in own}
        self.inbox[one] = Delivery(h, one, v, plain)
        self.read_manifests(self.inbox[one])
        if self.inbox[one].whole:
            self.receipt(one, "delivered")

    def document(self, one: Delivery, part: int):
        """The document of a part, signed as of its acceptance."""
        d, _ = document.verify(one.plain[part], self.realm, self.registry.signers(one.statement.accepted_ms))
        document.check_addressed(d, self.member, one.header.sender)
        kind = TYPES[d.type]
        if kind.name != "manifest" and d.type != one.header.type:
            raise Refused(POISON, "document of another type than the envelope")
        return d

    # ---- attachments ----

    def read_manifests(self, one: Delivery) -> None:
        for i in one.plain:
            if one.header.parts[i].kind != envelope.MANIFEST:
                continue
            manifest = wire.decode("Manifest", self.document(one, i).body)
            told = [a for a in one.header.attachments if a.part == i]
            for file, a in zip(manifest.files, told, strict=True):
                if (file.root, file.chunk_count, file.byte_count) != (a.root, a.chunk_count, a.byte_count):
                    raise Refused(POISON, "manifest and header differ")
                one.files[file.root], one.chunks[file.root] = file, []
        self.want()

    def want(self) -> None:
        """The rest of the first file that is not complete: the hub serves one at a time."""
        missing = [(one, root) for one in self.inbox.values() for root, file in one.files.items()
                   if len(one.chunks[root]) < file.chunk_count]
        self.wanted_until = time.monotonic() + WANTED_S if missing else None
        if missing:
            one, root = missing[0]
            have = len(one.chunks[root])
            self.wanted_end = min(have + WANTED_MAX, one.files[root].chunk_count)
            self.send(control("chunk_wanted", root=root, first=have, count=self.wanted_end - have, have=have,
                              message_id=one.header.message_id))

    def take_chunk(self, chunk: frames.Chunk) -> None:
        chunks.verify(chunk)
        for one in self.inbox.values():
            if chunk.root not in one.files or chunk.index != len(one.chunks[chunk.root]):
                continue
            one.chunks[chunk.root].append(chunks.decrypt(one.files[chunk.root].file_key, chunk))
            if len(one.chunks[chunk.root]) == self.wanted_end:
                self.want()
            if one.whole:
                self.receipt(one.env_id, "delivered")

    def give_chunks(self, wanted) -> None:
        """The hub lacks them; behind the last one the envelope goes again."""
        file = self.files[wanted.root]
        end = min(wanted.first + wanted.count, file.count)
        for i in range(wanted.first, end):
            self.send(file.chunk(i).bytes())
        if end == file.count:
            self.send(self.sent[wanted.message_id])

    # ---- what goes ----

    def submit(self, frame: frames.Envelope, h, files=()) -> None:
        """Kept until each destination has a final receipt."""
        self.files.update({f.root: f for f in files})
        self.sent[h.message_id] = frame.bytes()
        self.waits[h.message_id] = set(h.destination)
        self.send(self.sent[h.message_id])

    def receipt(self, env_id: bytes, kind: str, code: int = 0, reference: str = "") -> None:
        h = self.inbox[env_id].header
        q = new("Receipt", realm=self.realm, kind=receipts.KINDS[kind], sender=h.sender, message_id=h.message_id,
                env_id=env_id, by=self.member, about=self.member, code=code, time_ms=now_ms(), reference=reference)
        self.said[env_id] = Receipts(0, receipts.make(self.keys["sign"], [q])).bytes()
        self.send(self.said[env_id])

    # ---- what is known ----

    def stages(self, message_id: bytes) -> list[tuple[str, str, int]]:
        """(kind, by, code) of each receipt about it."""
        names = {number: name for name, number in receipts.KINDS.items()}
        return [(names[q.kind], q.by, q.code) for q in self.told.get(message_id, [])]


def now_ms() -> int:
    return int(time.time() * 1000)
