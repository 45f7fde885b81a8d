#!/usr/bin/env python3
"""Everything but envelopes in both directions: messages, documents, files, receipts, statements, checkpoints,
folded frames, registries.

    papers.py BIN [COUNT [SEED]]     COUNT of each
"""

import peer as p
from lianshu import chunks, document, frames, log, merkle, receipts, registry, wire
from lianshu import registrar as reg
from lianshu.labels import sha256, u
from lianshu.protocol import DEPARTMENTS, ENUMS, FIELDS, TYPES, Refused
from lianshu.signing import Signer
from lianshu.wire import new

ALPHABET = "ab z9._-药监 \t\n😀"
DEPTH = 4


def random_message(random, name: str, depth: int = DEPTH):
    """Within its bounds, every field at random."""
    message, chosen = new(name), None
    oneof = [f.number for f in FIELDS[name].values() if f.oneof]
    if oneof:
        chosen = random.choice(oneof)
    for field in FIELDS[name].values():
        if field.oneof and field.number != chosen or not field.oneof and random.random() < 0.3:
            continue
        if field.repeated:
            few = random.randint(0, min(field.repeated, 3))
            values = [random_value(random, field, depth) for _ in range(few)]
            getattr(message, field.name).extend(values)
        elif field.kind == "message":
            getattr(message, field.name).CopyFrom(random_value(random, field, depth))
        else:
            setattr(message, field.name, random_value(random, field, depth))
    return message


def random_value(random, field, depth: int):
    if field.kind == "message":
        return random_message(random, field.of, depth - 1)
    if field.kind == "text":
        text = "".join(random.choice(ALPHABET) for _ in range(random.randint(0, 20)))
        return text.encode()[:field.bound].decode(errors="ignore")
    if field.kind in ("bytes", "fixed"):
        return random.randbytes(field.bound if field.kind == "fixed" else random.randint(0, min(field.bound, 64)))
    if field.kind == "enum":
        return random.choice(list(ENUMS[field.of]))
    if field.kind == "bool":
        return random.random() < 0.5
    return random.choice([0, 1, 127, 128, random.getrandbits(31), 2 ** (32 if field.kind == "uint32" else 64) - 1])


def messages(world, peer, random, count: int) -> None:
    for name in FIELDS:
        for _ in range(max(1, count // 10)):
            raw = wire.encode(random_message(random, name))
            p.check(peer.ask("W", p.text(name) + raw) == raw, f"{name}: {raw.hex()}")
            wire.decode(name, raw)


def documents(world, peer, random, count: int) -> None:
    kinds = [t for t in TYPES.values() if not t.alone]
    for _ in range(count):
        kind, by_rule = random.choice(kinds), random.random() < 0.5
        signers = random.sample(p.MEMBERS, random.randint(2, 8))
        d = document.new(world.realm, kind.name, [(m, world.keys[m]["sign"]) for m in signers],
                         salt=random.randbytes(16), id=random.randbytes(16), issued_ms=world.now_ms, by_rule=by_rule,
                         addressees=[] if by_rule else sorted(random.sample(p.MEMBERS, random.randint(1, 32))),
                         basis=["药品管理法第116条"] * random.randint(0, 16), body=random.randbytes(random.randint(0, 3000)))
        lsd1 = document.sign(d, [world.keys[m]["sign"] for m in signers])
        p.check(peer.ask("D", lsd1) == sha256(wire.encode(d)), "hash of a document")
    r = frames.Reader(peer.ask("d", random.randbytes(8) + u(count, 2)))
    while r.at < len(r.data):
        document.verify(r.block(4, 80 << 10), world.realm, world.registry.signers(world.now_ms))


def files(world, peer, random, count: int) -> None:
    edges = [0, 1, frames.CHUNK_TEXT - 1, frames.CHUNK_TEXT, frames.CHUNK_TEXT + 1, 3 * frames.CHUNK_TEXT]
    for size in edges + [random.randrange(1 << 20) for _ in range(count // 20)]:
        content = random.randbytes(size)
        file = chunks.File(content, random.randbytes(32))
        got = b"".join(peer.ask("C", file.file_key + file.chunk(i).bytes()) for i in range(file.count))
        p.check(got == content, f"C reads another file of {size}")
        r = frames.Reader(peer.ask("c", random.randbytes(8) + content))
        entry = wire.decode("ManifestFile", r.block(4, 1 << 10))
        got = b""
        while r.at < len(r.data):
            chunk = frames.parse_chunk(r.block(4, 1 << 20))
            chunks.verify(chunk)
            p.check(chunk.root == entry.root, "root")
            got += chunks.decrypt(entry.file_key, chunk)
        p.check((got, len(got), sha256(got)) == (content, entry.byte_count, entry.sha256), f"another file of {size}")


def receipt(world, random, by: str, kind: int, index: int = 0):
    return new("Receipt", realm=world.realm, kind=kind, sender=random.choice(p.MEMBERS), message_id=random.randbytes(16),
               env_id=random.randbytes(32), by=by, about=random.choice(["", by]), time_ms=world.now_ms, log_index=index,
               code=random.randrange(900), reference=random.choice(["", "潮市监 9 号"]))


def members_receipts(world, peer, random, count: int) -> None:
    for size in [1, 2, 3, 1024] + [random.randint(1, 100) for _ in range(count // 10)]:
        by = random.choice(p.MEMBERS)
        made = receipts.make(world.keys[by]["sign"], [receipt(world, random, by, random.randint(5, 8)) for _ in range(size)])
        lsr1 = frames.Receipts(0, made).bytes()
        p.check(peer.ask("R", lsr1) == u(size, 2), "receipts")
        fold_both_ways(peer, lsr1, [made[0].signature.signature, *made[0].signature.path])
        found = frames.parse_receipts(peer.ask("r", random.randbytes(8) + u(size, 2) + p.text(by)))
        p.check(len(found.entries) == size, "as many receipts")
        for entry in found.entries:
            receipts.verify_member(entry, world.realm, world.registry.signers(world.now_ms))


def fold_both_ways(peer, frame: bytes, proofs: list[bytes]) -> None:
    if len(frame) > frames.FRAME_MAX:
        return
    folded = frames.fold(frame, proofs)
    if folded != frame:
        p.check(peer.ask("F", folded) == frame, "C unfolds otherwise")
    theirs = peer.ask("f", frame)
    p.check(not theirs or frames.unfold(theirs) == frame, "Python unfolds otherwise")


def hubs_word(world, peer, random, count: int) -> None:
    """Receipts and statements of a hub: leaves of a log that Python keeps."""
    signer = world.keys[p.HUB]["log"]
    for size in [1, 2, 7, 64] + [random.randint(1, 300) for _ in range(count // 20)]:
        said, leaves = {}, []
        for index in range(size):
            if random.random() < 0.5:
                q = wire.encode(receipt(world, random, p.HUB, random.choice([1, 2, 9]), index))
                said[index], leaf = ("Q", q), log.leaf(log.RECEIPT, world.now_ms, q)
            else:
                v = wire.encode(new("Statement", realm=world.realm, recipient=random.choice(p.MEMBERS), log_index=index,
                                    env_id=random.randbytes(32), accepted_ms=world.now_ms))
                said[index], leaf = ("V", v), log.leaf(log.STATEMENT, world.now_ms, v)
            leaves.append(leaf)
        head = log.Checkpoint(log.origin(p.HUB, world.realm), size, merkle.root(leaves), [])
        note = log.sign(head, signer)
        p.check(peer.ask("N", p.text(head.origin) + signer.public + note) == u(size, 8) + head.root, "checkpoint")
        p.check(log.verify(peer.ask("n", p.text(p.HUB) + u(size, 8) + head.root), head.origin, signer.public).body ==
                head.body, "checkpoint of C")
        entries = [frames.Entry(frames.HUB, raw, path=merkle.path(i, leaves)) for i, (k, raw) in said.items() if k == "Q"]
        if entries:
            lsr1 = frames.Receipts(random.randrange(1, 1000), entries, note).bytes()
            peer.ask("H", p.text(p.HUB) + lsr1)
            fold_both_ways(peer, lsr1, [h for h in entries[0].path[-3:]])
        for i, (k, raw) in said.items():
            if k == "V":
                peer.ask("H", p.text(p.HUB) + frames.Statement(raw, merkle.path(i, leaves), note).bytes())


# ---- registries that Python signs ----

def record(member: str, random, types: list[int]):
    bits = bytearray(16)
    for t in types:
        bits[t // 8] |= 1 << t % 8
    r = new("MemberRecord", member=member, name_zh=f"演示{member}", name_en=member)
    for use, maker in ((1, Signer), (2, p.Opener), (3, p.Opener)):
        r.keys.add(use=use, public_key=maker(random.randbytes(32)).public, valid_from_ms=1, valid_until_ms=2 ** 40)
    r.grants.add(types=bytes(bits), direction=random.choice([1, 2]), departments=(1 << len(DEPARTMENTS)) - 1,
                 region=random.choice(p.REGIONS))
    return r


def offices(random) -> tuple[list, list[reg.Office]]:
    """Roots, and registrars of the realm, of a province, of a city, with k of n officials each."""
    roots = [Signer(random.randbytes(32)) for _ in range(random.randint(1, 4))]
    made: list[reg.Office] = []
    for region in ("000000", "440000", "445100"):
        n = random.randint(1, 7)
        made.append(reg.Office(f"registrar.{region}", region, [Signer(random.randbytes(32)) for _ in range(n)],
                               random.randint(1, n), made[-1] if made else None))
    return roots, made


def write_anchor(world, roots: list, threshold: int) -> str:
    path = f"{world.dir}/anchor-python.yaml"
    with open(path, "w", encoding="utf-8") as file:
        file.write(reg.anchor_yaml("interop", threshold, roots))
    return path


def registries(world, peer, random, count: int) -> None:
    for _ in range(max(2, count // 20)):
        roots, made = offices(random)
        path = write_anchor(world, roots, random.randint(1, len(roots)))
        records = {o.member: [record(f"{d}.{o.region}", random, random.sample(list(TYPES), 5)) for d in
                              random.sample(p.DEPARTMENTS, random.randint(0, 9))] for o in made}
        file = reg.make("interop", roots, made, records, 7, world.now_ms)
        members = sum(map(len, records.values()))
        p.check(peer.ask("G", p.text(path) + file) == u(7, 8) + u(members, 4), "registry")
        ours = registry.open_file(file, registry.Anchor.read(path))
        p.check(len(ours.records) == members and ours.version == 7, "registry in Python")
        if members:
            links = [reg.appoint("interop", made[0], roots, world.now_ms),
                     reg.version("interop", made[0], ours.raw, 7, world.now_ms)]
            at = random.randrange(members)
            proof = reg.prove(links, ours.raw, at)
            p.check(peer.ask("P", p.text(path) + proof) == ours.raw[at], "proven record")
            p.check(registry.open_proof(proof, registry.Anchor.read(path))[0] == ours.records[at], "proven to Python")
    our_registry_says_the_same_rights(world, random)


def our_registry_says_the_same_rights(world, random) -> None:
    """What everybody is granted in this world is granted; the hub, which is granted nothing else, included."""
    for _ in range(50):
        sender, recipient = random.sample(p.MEMBERS, 2)
        world.registry.may(sender, 20, recipient)
    try:
        world.registry.may(p.MEMBERS[0], 1, p.MEMBERS[1])
    except Refused as refused:
        p.check(refused.code == registry.NO_RIGHT, "a type that nobody is granted")


PARTS = [messages, documents, files, members_receipts, hubs_word, registries]


def test(world, peer, random, count: int) -> None:
    for part in PARTS:
        part(world, peer, random, count or 100)
        print(part.__name__, flush=True)


if __name__ == "__main__":
    p.main(test)
