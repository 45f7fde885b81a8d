#!/usr/bin/env python3
"""Random envelopes in both directions: Python makes and C opens, C makes and Python opens.

    envelopes.py BIN [COUNT [SEED]]     COUNT envelopes each way
"""

import peer as p
from lianshu import envelope, frames, names
from lianshu.envelope import FACTS, MANIFEST, SEALED, Batch, Draft
from lianshu.labels import u
from lianshu.protocol import TYPES
from lianshu.wire import new

KINDS = [t for t in TYPES.values() if t.travels]
READERS_TRIED = 2


# ---- made by Python ----

def add_parts(h, random, kind) -> None:
    facts = bool({"facts", "gated"} & kind.properties) or random.random() < 0.5
    most = random.choice([1, 2, 4, 31 if facts else 32])
    whole = sorted(random.sample(p.MEMBERS, random.randint(1, most)), key=str.encode)
    for i in range(random.randint(1, 8)):
        readers = whole if i == 0 else sorted(random.sample(whole, random.randint(1, len(whole))), key=str.encode)
        if facts and i == 0:
            readers = sorted([*whole, p.HUB], key=str.encode)
        part = h.parts.add(kind=FACTS if facts and i == 0 else SEALED)
        for member in readers:
            part.audience.add(member=member)
    h.destination.extend(sorted(random.sample(whole, random.randint(1, len(whole))), key=str.encode))


def add_attachments(h, random) -> None:
    if h.parts[-1].kind != SEALED:
        return
    h.parts[-1].kind = MANIFEST
    for _ in range(random.randint(1, 16)):
        size = random.choice([0, 1, frames.CHUNK_TEXT, frames.CHUNK_TEXT + 1, random.randrange(1 << 30)])
        h.attachments.add(part=len(h.parts) - 1, root=random.randbytes(32), byte_count=size,
                          chunk_count=max(1, -(-size // frames.CHUNK_TEXT)))


def draft(world, random, sender: str) -> Draft:
    kind = random.choice(KINDS)
    created = world.now_ms - random.randrange(3600 * 1000)
    h = new("Header", realm=world.realm, type=kind.number, sender=sender, created_ms=created,
            message_id=envelope.message_id(created, random.randbytes(10)), registry_version=1,
            expires_ms=created + random.randrange(1, kind.life_ms), priority=random.randrange(4),
            purpose=random.choice(["", "case", "x-1_2.y"]), ext=random.randbytes(random.choice([0, 0, 1, 256])))
    if random.random() < 0.5:
        h.conversation, h.sequence = random.randbytes(16), random.randrange(1000)
    if random.random() < 0.3:
        h.in_reply_to = random.randbytes(32)
    add_parts(h, random, kind)
    if "attachments" in kind.properties and random.random() < 0.5:
        add_attachments(h, random)
    edge = 256 * random.randint(1, 17) - 4 + random.randint(-2, 2)
    return Draft(h, [random.randbytes(random.choice([0, random.randrange(300), edge, random.randrange(20000)]))
                     for _ in h.parts])


def readers_of(h, random) -> list[str]:
    members = sorted({r.member for part in h.parts for r in part.audience})
    return random.sample(members, min(READERS_TRIED, len(members)))


def c_opens(peer, world, random, frame, one: Draft, deks) -> None:
    for reader in readers_of(one.header, random):
        whole = random.random() < 0.3
        sent = frame if whole else envelope.forward(frame, one.header, reader)
        r = frames.Reader(peer.ask("E", u(whole, 1) + p.text(reader) + sent.bytes()))
        p.check(r.take(32) == envelope.env_id(frame), "env_id")
        own = [i for i, part in enumerate(one.header.parts) if reader in [x.member for x in part.audience]]
        for i in own:
            p.check(r.uint(1) == i and r.block(4, 1 << 24) == one.plain[i] and r.take(32) == deks[i],
                    f"{reader} reads part {i} otherwise")
        r.end()


def python_makes(world, peer, random, count: int) -> int:
    made = 0
    while made < count:
        sender = random.choice(p.MEMBERS)
        batch = Batch(world.keys[sender]["sign"], world.public, random.randbytes)
        drafts = [draft(world, random, sender) for _ in range(random.choice([1, 2, 3, random.randint(1, 256)]))]
        deks = [batch.add(one) for one in drafts]
        for frame, one, keys in zip(batch.finish(), drafts, deks):
            if len(frame.bytes()) > frames.FRAME_MAX:
                continue
            c_opens(peer, world, random, frame, one, keys)
            made += 1
    return made


# ---- made by C ----

def python_opens(world, random, raw: bytes, one_id: bytes, plains: list, deks: list) -> None:
    e, h = envelope.read(raw, from_sender=True)
    p.check(e.bytes() == raw, "the frame is written otherwise")
    p.check(names.is_member(h.sender) and h.realm == world.realm, "sender")
    key = world.registry.key(h.sender, h.sender_kid, 1, world.now_ms)
    p.check(envelope.verify(e, key.public) == one_id, "env_id")
    for reader in readers_of(h, random):
        forwarded, again = envelope.read(envelope.forward(e, h, reader).bytes())
        p.check(envelope.verify(forwarded, key.public) == one_id, "env_id of what is forwarded")
        for i in envelope.check_reader(forwarded, again, reader):
            plain, dek = envelope.open_part(forwarded, again, reader, world.openers(reader), i)
            p.check(plain == plains[i] and dek == deks[i], f"{reader} reads part {i} otherwise")


def c_makes(world, peer, random, count: int) -> int:
    made = 0
    while made < count:
        sender = random.choice(p.MEMBERS)
        batch = random.choice([1, 2, 3, random.randint(1, 256)])
        r = frames.Reader(peer.ask("e", random.randbytes(8) + u(batch, 2) + p.text(sender)))
        while r.at < len(r.data):
            parts = r.uint(1)
            raw, one_id = r.block(4, 1 << 24), r.take(32)
            both = [(r.block(4, 1 << 24), r.take(32)) for _ in range(parts)]
            python_opens(world, random, raw, one_id, [b[0] for b in both], [b[1] for b in both])
            made += 1
    return made


def test(world, peer, random, count: int) -> None:
    count = count or 200
    print(f"Python made, C opened: {python_makes(world, peer, random, count)}")
    print(f"C made, Python opened: {c_makes(world, peer, random, count)}")


if __name__ == "__main__":
    p.main(test)
