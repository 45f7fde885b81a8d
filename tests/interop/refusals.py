#!/usr/bin/env python3
"""What is wrong both sides refuse, with the same code: faults with the code that the text names for them, then
bytes changed at random.

    refusals.py BIN [COUNT [SEED]]     COUNT random changes of each kind of frame
"""

import peer as p
from lianshu import chunks, document, envelope, frames, log, merkle, receipts, registry, wire
from lianshu import registrar as reg
from lianshu.envelope import FACTS, MANIFEST, SEALED, Batch, Draft
from lianshu.labels import u
from lianshu.protocol import FIELDS, Refused, type_number
from lianshu.signing import Signer
from lianshu.wire import new
from papers import random_message, receipt, record, write_anchor

SENDER, READER, OTHER, STRANGER = "market.445100", "police.445100", "health.445100", "tax.220100"
PATH, SIGNATURE = 310, 303      # only who has seen the batch before can tell that it is the path
ENCODING = range(210, 217)      # of several faults of one encoding any may be told


def same(code: int, several: bool = False) -> int:
    if several and code in ENCODING:
        return ENCODING[0]
    return SIGNATURE if code == PATH else code


class Both:
    """Asks Python and C the same."""

    def __init__(self, world, peer):
        self.world, self.peer = world, peer
        self.asked = 0

    def refused(self, what: str, op: str, head: bytes, frame: bytes, python, wanted=None) -> int:
        """Both say the same, `wanted` when it is given."""
        ours, theirs = p.code_of(python, frame), self.peer.code(op, head + frame)
        self.asked += 1
        several = wanted is None
        p.check(same(ours, several) == same(theirs, several),
                f"{what}: Python E{ours:03d}, C E{theirs:03d}: {frame[:3000].hex()}")
        p.check(wanted is None or same(ours) == wanted, f"{what}: E{ours:03d} instead of E{wanted}")
        return ours


# ---- envelopes ----

def plain_envelope(world):
    """A referral: facts for hub and readers, a sealed part, a manifest with one file."""
    now = world.now_ms
    h = new("Header", realm=world.realm, type=type_number("case.referral"), sender=SENDER, created_ms=now,
            message_id=envelope.message_id(now, bytes(10)), expires_ms=now + 1000, purpose="case", destination=[READER])
    for kind, members in ((FACTS, [OTHER, p.HUB, READER]), (SEALED, [OTHER, READER]), (MANIFEST, [READER])):
        part = h.parts.add(kind=kind)
        for member in members:
            part.audience.add(member=member)
    h.attachments.add(part=2, root=bytes(32), chunk_count=1, byte_count=9)
    return Draft(h, [b"facts", b"sealed" * 100, b"manifest"])


def made(world, change=None, after=None, signer=None):
    """The envelope with a change of its header before, or of its frame before the signature."""
    one = plain_envelope(world)

    def public(member):
        """Of a member that there is not: no kid, and somebody's key."""
        return world.public(member) if member in world.keys else (bytes(16), world.public(READER)[1])
    batch = Batch(signer or world.keys[SENDER]["sign"], public)
    if change:
        change(one.header)
    batch.add(one, check=False)
    if after:
        after(batch.made[0])
    return batch.finish()[0]


def python_opens(world, from_sender: bool, reader: str):
    """In the order of the C side."""
    def opens(raw: bytes) -> None:
        e, h = envelope.read(raw, from_sender)
        own = [] if from_sender else envelope.check_reader(e, h, reader)
        if h.realm != world.realm:
            raise Refused(313)
        envelope.verify(e, world.registry.key(h.sender, h.sender_kid, registry.SIGN, world.now_ms).public)
        for i in own or [i for i, part in enumerate(h.parts) if reader in [r.member for r in part.audience]]:
            envelope.open_part(e, h, reader, world.openers(reader), i)
    return opens


def set_fields(**fields):
    def change(h):
        for name, value in fields.items():
            if isinstance(value, list):
                del getattr(h, name)[:]
                getattr(h, name).extend(value)
            else:
                setattr(h, name, value)
    return change


def set_audience(part: int, *members: str):
    def change(h):
        del h.parts[part].audience[:]
        for member in members:
            h.parts[part].audience.add(member=member)
    return change


def set_attachment(**fields):
    def change(h):
        for name, value in fields.items():
            setattr(h.attachments[0], name, value)
    return change


def second_facts(h):
    h.parts[1].kind = FACTS
    set_audience(1, p.HUB)(h)


HEADERS = [
    ("another suite", set_fields(suite=2), 301),
    ("no realm", set_fields(realm="Realm"), 213),
    ("sender of no department", set_fields(sender="nobody.445100"), 213),
    ("malformed destination", set_fields(destination=["police445100"]), 213),
    ("purpose is no code", set_fields(purpose="a b"), 213),
    ("unknown type", set_fields(type=127), 215),
    ("a type that stands alone", set_fields(type=2), 215),
    ("a type of parts only", set_fields(type=type_number("manifest")), 215),
    ("a part of no kind", lambda h: setattr(h.parts[1], "kind", 0), 215),
    ("message id of another time", set_fields(message_id=bytes(16)), 221),
    ("priority 4", set_fields(priority=4), 221),
    ("half a conversation", set_fields(conversation=bytes(8)), 221),
    ("half a reply", set_fields(in_reply_to=bytes(16)), 221),
    ("a number without conversation", set_fields(sequence=1), 221),
    ("two facts parts", second_facts, 221),
    ("empty audience, and so no wrap", set_audience(1), 217),
    ("audience not rising", set_audience(1, READER, OTHER), 214),
    ("reader twice", set_audience(1, READER, READER), 214),
    ("reader of no department", set_audience(1, "nobody.445100"), 213),
    ("no destination", set_fields(destination=[]), 214),
    ("destinations not rising", set_fields(destination=[READER, OTHER]), 214),
    ("a destination that reads nothing", set_fields(destination=[STRANGER]), 214),
    ("the hub reads what is sealed", set_audience(1, OTHER, p.HUB), 214),
    ("facts without a reader of the rest", set_audience(0, OTHER, p.HUB), 650),
    ("facts without the hub", set_audience(0, OTHER, READER), 650),
    ("no facts where they must be", lambda h: setattr(h.parts[0], "kind", SEALED) or set_audience(0, READER)(h), 650),
    ("attachments where none may be", set_fields(type=type_number("risk.alert")), 221),
    ("attachment of no manifest", set_attachment(part=1), 221),
    ("attachment of no part", set_attachment(part=9), 221),
    ("no chunk", set_attachment(chunk_count=0), 221),
    ("too many chunks for its bytes", set_attachment(chunk_count=2), 221),
    ("too few chunks for its bytes", set_attachment(byte_count=frames.CHUNK_TEXT + 1), 221),
    ("another realm", set_fields(realm="other"), 313),
]


def flip(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]


def other_wraps(e):
    e.parts[1].wraps = e.parts[1].wraps[80:] + e.parts[1].wraps[:80]


def other_cipher(e):
    e.parts[1].cipher = flip(e.parts[1].cipher, 5)


def long_path(e):
    e.signature.path.append(bytes(32))


def one_more(e):
    e.signature.index = e.signature.size


AFTER = [   # change, code at the hub (None: it does not concern it), code at the reader
    ("wraps exchanged", other_wraps, 0, 300),
    ("ciphertext changed", other_cipher, 0, 300),
]
SIGNED = [  # of the finished frame
    ("path too long", long_path, 218),
    ("index beyond the batch", one_more, 218),
    ("batch of nothing", lambda e: setattr(e.signature, "size", 0), 218),
    ("batch too large", lambda e: setattr(e.signature, "size", (1 << 20) + 1), 218),
    ("signature changed", lambda e: setattr(e.signature, "signature", flip(e.signature.signature, 40)), 303),
    ("R of small order", lambda e: setattr(e.signature, "signature", bytes(64)), 303),
    ("another header", lambda e: setattr(e, "header", e.header.replace(b"case", b"cash")), 303),
    ("a part withheld from the hub", lambda e: e.parts.__setitem__(2, frames.Part(withheld=e.parts[2].hashes())), 219),
    ("fewer parts than the header says", lambda e: e.parts.pop(), 217),
    ("a wrap too few", lambda e: setattr(e.parts[1], "wraps", e.parts[1].wraps[80:]), 217),
]
RAW = [     # of its bytes
    ("nothing", lambda b: b"", 201),
    ("three bytes", lambda b: b[:3], 201),
    ("another magic", lambda b: b"XSE1" + b[4:], 201),
    ("another version", lambda b: b"LSE2" + b[4:], 202),
    ("cut off", lambda b: b[:-1], 203),
    ("a byte more", lambda b: b + b"\0", 203),
    ("header too long", lambda b: b[:4] + u((16 << 10) + 1, 4) + b[8:], 203),
    ("algorithm 2", lambda b: b[:-98] + b"\2" + b[-97:], 301),
]


def envelopes(both, random, count: int) -> None:
    world = both.world
    at_hub, at_reader = python_opens(world, True, p.HUB), python_opens(world, False, READER)
    hub, reader = b"\1" + p.text(p.HUB), b"\0" + p.text(READER)
    good = made(world)
    both.refused("good", "E", hub, good.bytes(), at_hub, 0)
    both.refused("good", "E", reader, good.bytes(), at_reader, 0)
    for what, change, code in HEADERS:
        both.refused(what, "E", hub, made(world, change).bytes(), at_hub, code)
    for what, after, for_hub, for_reader in AFTER:
        both.refused(what, "E", hub, made(world, after=after).bytes(), at_hub, for_hub)
        both.refused(what, "E", reader, made(world, after=after).bytes(), at_reader, for_reader)
    for what, after, code in SIGNED:
        frame = made(world)
        after(frame)
        both.refused(what, "E", hub, frame.bytes(), at_hub, code)
    for what, change, code in RAW:
        both.refused(what, "E", hub, change(good.bytes()), at_hub, code)
    both.refused("key of another member", "E", hub, made(world, signer=world.keys[OTHER]["sign"]).bytes(), at_hub, 306)
    both.refused("key of nobody", "E", hub, made(world, signer=Signer(random.randbytes(32))).bytes(), at_hub, 304)
    withheld = made(world)
    withheld.parts[1] = frames.Part(withheld=withheld.parts[1].hashes())
    both.refused("withheld from its reader", "E", reader, withheld.bytes(), at_reader, 315)
    both.refused("not in the audience", "E", b"\0" + p.text(STRANGER), good.bytes(),
                 python_opens(world, False, STRANGER), 314)
    for _ in range(count):
        both.refused("random", "E", reader, mutated(good.bytes(), random), at_reader)


def mutated(data: bytes, random) -> bytes:
    at = random.randrange(len(data))
    kind = random.randrange(6)
    if kind == 0:
        return data[:at]
    if kind == 1:
        return data[:at] + random.randbytes(1) + data[at:]
    if kind == 2:
        return data[:at] + data[at + 1:]
    if kind == 3:
        return flip(data, random.randrange(min(len(data), 400)))
    return data[:at] + bytes([data[at] ^ 1 << random.randrange(8)]) + data[at + 1:]


# ---- messages ----

def field(number: int, wire_type: int, value: bytes) -> bytes:
    return bytes([number << 3 | wire_type]) + value


READER_RAW = field(1, 2, b"\x01a") + field(2, 2, b"\x10" + bytes(16))
MESSAGES = [
    ("fixed bytes of zeros", "Reader", READER_RAW, 0),
    ("fixed bytes are missing", "Reader", field(1, 2, b"\x01a"), 210),
    ("another order", "Reader", field(2, 2, b"\x10" + bytes(16)) + field(1, 2, b"\x01a"), 210),
    ("twice", "Reader", field(1, 2, b"\x01a") + READER_RAW, 210),
    ("empty text is written", "Reader", field(1, 2, b"\0") + READER_RAW[3:], 210),
    ("unknown field", "Reader", READER_RAW + field(3, 0, b"\1"), 212),
    ("cut off", "Reader", READER_RAW[:-1], 210),
    ("long varint", "Credit", field(1, 0, b"\x81\0"), 210),
    ("a default is written", "Credit", field(1, 0, b"\0"), 210),
    ("more than 32 bits", "Credit", field(1, 0, b"\x80\x80\x80\x80\x10"), 211),
    ("more than 64 bits", "Ack", field(1, 0, b"\xff" * 9 + b"\x02"), 211),
    ("an integer without end", "Ack", field(1, 0, b"\xff" * 11), 211),
    ("a bool of 2", "Hello", field(8, 0, b"\2"), 210),
    ("value outside its enumeration", "Issuer", field(1, 0, b"\1"), 210),
    ("not UTF-8", "Reader", field(1, 2, b"\x01\xff") + READER_RAW[3:], 213),
    ("overlong UTF-8", "Reader", field(1, 2, b"\x02\xc1\x81") + READER_RAW[3:], 213),
    ("NUL in text", "Reader", field(1, 2, b"\x02a\0") + READER_RAW[3:], 210),
    ("a control character", "Reader", field(1, 2, b"\x02a\x07") + READER_RAW[3:], 213),
    ("direction is overridden", "Reader", field(1, 2, b"\x03" + "\u202e".encode()) + READER_RAW[3:], 213),
    ("text too long", "Reader", field(1, 2, b"\x29" + b"a" * 41) + READER_RAW[3:], 216),
    ("fixed bytes too short", "Reader", field(1, 2, b"\x01a") + field(2, 2, b"\x0f" + bytes(15)), 216),
    ("fixed bytes too long", "Reader", field(1, 2, b"\x01a") + field(2, 2, b"\x11" + bytes(17)), 216),
    ("too many elements", "Receipt", b"\x22\x10" + bytes(16) + b"\x2a\x20" + bytes(32) +
     (b"\x62\x12\x12\x10" + bytes(16)) * 5, 216),
    ("kind outside", "Receipt", b"\x10\x63\x22\x10" + bytes(16) + b"\x2a\x20" + bytes(32), 215),
    ("two of a oneof", "Control", b"\x08\x01\x12\0\x1a\0", 210),
]


def messages(both, random, count: int) -> None:
    for what, name, raw, code in MESSAGES:
        both.refused(what, "W", p.text(name), raw, lambda data, n=name: wire.decode(n, data), code)
    for _ in range(count):
        name = random.choice(list(FIELDS))
        raw = wire.encode(random_message(random, name))
        if raw:
            both.refused(name, "W", p.text(name), mutated(raw, random), lambda data, n=name: wire.decode(n, data))


# ---- documents, chunks, receipts, checkpoints, folded frames ----

def documents(both, random, count: int) -> None:
    world = both.world
    signers = [(m, world.keys[m]["sign"]) for m in (OTHER, SENDER)]

    def verify(raw):
        document.verify(raw, world.realm, world.registry.signers(world.now_ms))

    def paper(kind="joint.notice", issuers=None, realm=world.realm, **fields):
        both_sign = signers if issuers is None else issuers
        d = document.new(realm, kind, both_sign, **{**dict(salt=bytes(16), id=bytes(16), issued_ms=world.now_ms,
                                                           addressees=[READER], body=b"body"), **fields})
        return document.sign(d, [s for _, s in both_sign], check=False)
    rows = [("good", paper(), 0), ("another realm", paper(realm="other"), 313), ("no realm", paper(realm="-"), 213),
            ("a joint paper of one", paper(issuers=signers[:1]), 221), ("one issuer twice", paper(issuers=signers[:1] * 2), 221),
            ("no time", paper(issued_ms=0), 221), ("version 0", paper(version=0), 221),
            ("ends before it begins", paper(valid_until_ms=1), 221), ("half a conversation", paper(conversation=b"1"), 221),
            ("to nobody", paper(addressees=[]), 221), ("to both kinds", paper(by_rule=True), 221),
            ("not rising", paper(addressees=[READER, OTHER]), 221), ("addressee", paper(addressees=["x"]), 213),
            ("half the facts", paper(facts=b"1"), 221), ("code", paper(purpose="A"), 213),
            ("key of another", paper(issuers=[(OTHER, signers[1][1]), signers[1]]), 306),
            ("key of nobody", paper(issuers=[(OTHER, Signer(bytes(range(32)))), signers[1]]), 304)]
    for what, raw, code in rows:
        both.refused(f"document: {what}", "D", b"", raw, verify, code)
    swapped = frames.parse_document(paper())
    swapped.signatures.reverse()
    both.refused("document: signatures exchanged", "D", b"", swapped.bytes(), verify, 303)
    short = frames.parse_document(paper())
    short.signatures.pop()
    both.refused("document: a signature is missing", "D", b"", short.bytes(), verify, 203)
    for _ in range(count):
        both.refused("document", "D", b"", mutated(paper(), random), verify)


def files(both, random, count: int) -> None:
    file = chunks.File(random.randbytes(2 * frames.CHUNK_TEXT + 5), random.randbytes(32))

    def read(raw):
        chunk = frames.parse_chunk(raw)
        chunks.verify(chunk)
        chunks.decrypt(file.file_key, chunk)
    good = file.chunk(2)
    wrong = file.chunk(2)
    wrong.cipher = flip(wrong.cipher, 3)
    rows = [("good", good, 0), ("another content", wrong, 808),
            ("another place", frames.Chunk(file.root, 1, 3, file.chunk(2).path, file.chunk(1).cipher), 218),
            ("another root", frames.Chunk(bytes(32), 2, 3, good.path, good.cipher), 808),
            ("beyond the end", frames.Chunk(file.root, 3, 3, good.path, good.cipher), 218),
            ("short, and not the last", frames.Chunk(file.root, 0, 3, file.chunk(0).path, good.cipher), 203)]
    for what, chunk, code in rows:
        both.refused(f"chunk: {what}", "C", file.file_key, chunk.bytes(), read, code)
    for _ in range(count):
        both.refused("chunk", "C", file.file_key, mutated(good.bytes(), random), read)


def words(both, random, count: int) -> None:
    """Members' receipts, and what a hub says."""
    world = both.world
    find = world.registry.signers(world.now_ms)

    def verify(raw):
        for entry in frames.parse_receipts(raw).entries:
            if entry.form != frames.MEMBER:
                raise Refused(frames.FORM)
            receipts.verify_member(entry, world.realm, find)
    entries = receipts.make(world.keys[READER]["sign"], [receipt(world, random, READER, 5) for _ in range(3)])
    other = receipts.make(world.keys[READER]["sign"], [receipt(world, random, OTHER, 5)])
    good = frames.Receipts(0, entries).bytes()
    both.refused("receipts", "R", b"", good, verify, 0)
    both.refused("receipt of another member", "R", b"", frames.Receipts(0, other).bytes(), verify, 306)
    both.refused("no receipt", "R", b"", frames.Receipts(0, []).bytes(), verify, 203)
    for what, fields in (("a hub's kind", dict(kind=2)), ("a place in a log", dict(log_index=1))):
        q = receipt(world, random, READER, 5)
        q.MergeFrom(new("Receipt", **fields))
        entry = receipts.make(world.keys[READER]["sign"], [q])
        both.refused(f"receipt of {what}", "R", b"", frames.Receipts(0, entry).bytes(), verify, 521)
    for _ in range(count):
        both.refused("receipts", "R", b"", mutated(good, random), verify)
    hubs_words(both, random, count)
    for _ in range(count):
        folded = frames.fold(good, [entries[0].signature.signature])
        both.refused("folded", "F", b"", mutated(folded, random), frames.unfold)


def hubs_words(both, random, count: int) -> None:
    world, signer = both.world, both.world.keys[p.HUB]["log"]
    v = wire.encode(new("Statement", realm=world.realm, recipient=READER, env_id=bytes(32), accepted_ms=world.now_ms,
                        log_index=2))
    leaves = [merkle.leaf(u(i, 8)) for i in range(5)]
    leaves[2] = log.leaf(log.STATEMENT, world.now_ms, v)
    head = log.Checkpoint(log.origin(p.HUB, world.realm), 5, merkle.root(leaves), [])
    note = log.sign(head, signer)

    def verify(raw):
        frame = frames.parse_statement(raw)
        receipts.verify_statement(frame, log.verify(frame.checkpoint, None, signer.public), world.realm)

    def checkpoint(raw):
        log.verify(raw, head.origin, signer.public)
    good = frames.Statement(v, merkle.path(2, leaves), note).bytes()
    both.refused("statement", "H", p.text(p.HUB), good, verify, 0)
    other = frames.Statement(v, merkle.path(3, leaves), note).bytes()
    both.refused("path of another", "H", p.text(p.HUB), other, verify, 808)
    named = p.text(head.origin) + signer.public
    both.refused("checkpoint", "N", named, note, checkpoint, 0)
    forged = log.sign(head, world.keys[OTHER]["sign"])
    both.refused("checkpoint of another key", "N", named, forged, checkpoint, 807)
    for _ in range(count):
        both.refused("statement", "H", p.text(p.HUB), mutated(good, random), verify)
        both.refused("checkpoint", "N", named, mutated(note, random), checkpoint)


# ---- registries ----

def registries(both, random, count: int) -> None:
    world, now = both.world, both.world.now_ms
    roots = [Signer(random.randbytes(32)) for _ in range(3)]
    path = write_anchor(world, roots, 2)
    anchor = registry.Anchor.read(path)

    def office(region, above=None, threshold=2, **more):
        officials = [Signer(random.randbytes(32)) for _ in range(3)]
        return reg.Office(f"registrar.{region}", region, officials, threshold, above, **more)

    def ask(what, offices, records, wanted, signers=roots):
        file = reg.make("interop", signers, offices, records, 3, now)
        both.refused(f"registry: {what}", "G", p.text(path), file, lambda raw: registry.open_file(raw, anchor), wanted)
        return file

    def some(region, types=(20,)):
        return [record(f"market.{region}", random, list(types)), record(f"health.{region}", random, list(types))]
    whole = office("000000")
    province = office("440000", whole)
    city = office("445100", province)
    good = ask("three registrars", [whole, province, city],
               {city.member: some("445100"), whole.member: some("220100")}, 0)
    ask("one root of two", [whole], {whole.member: some("220100")}, 410, roots[:1])
    ask("a fourth in the chain", [whole, province, city, office("445102", city)], {}, 407)
    ask("issuer that was never appointed", [whole, office("445100", office("440000"))], {}, 407)
    ask("region beyond its issuer's", [whole, province, office("220000", province)], {}, 409)
    ask("record beyond its registrar's region", [whole, province], {province.member: some("220100")}, 409)
    few = bytearray(16)
    few[20 // 8] |= 1 << 20 % 8
    narrow = office("440000", whole, types=bytes(few))
    ask("types within", [whole, narrow], {narrow.member: some("440100")}, 0)
    ask("types beyond its registrar's", [whole, narrow], {narrow.member: some("440100", (20, 21))}, 409)
    ask("types beyond its issuer's", [whole, narrow, office("445100", narrow)], {}, 409)
    ask("longer than its issuer", [whole, office("440000", whole, days=301)], {}, 409)
    again = reg.Office(province.member, "440000", [Signer(random.randbytes(32))], 1, whole)
    ask("twice", [whole, province, again], {}, 410)
    shared = reg.Office("registrar.440000", "440000", whole.signers[:1], 1, whole)
    ask("a key of two registrars", [whole, shared], {}, 435)
    ask("a root's key for a registrar", [reg.Office("registrar.000000", "000000", roots[:1], 1)], {}, 435)
    mine = some("445100")
    mine[1].keys[0].public_key = mine[0].keys[0].public_key
    ask("a key of two members", [whole], {whole.member: mine}, 435)
    lone = office("000000", threshold=3)
    lone.signers = lone.signers[:2]
    ask("more must sign than there are", [lone], {}, 410)
    for _ in range(count):
        both.refused("registry", "G", p.text(path), mutated(good, random), lambda raw: registry.open_file(raw, anchor))


PARTS = [envelopes, messages, documents, files, words, registries]


def test(world, peer, random, count: int) -> None:
    both = Both(world, peer)
    for part in PARTS:
        before = both.asked
        part(both, random, count or 200)
        print(f"{part.__name__}: {both.asked - before} refused alike", flush=True)


if __name__ == "__main__":
    p.main(test)
