#!/usr/bin/env python3
"""Test vectors for every construction of the protocol, from the Python client: files of lines `name = hex` in
schemas/vectors. The same bytes every time; tests/unit/test_vectors.c reads them.

    vectors.py write        writes them
    vectors.py              refuses when what is committed is not what would be written
"""

import os
import sys

import peer as p
from lianshu import chunks, document, envelope, frames, log, merkle, receipts, registrar, registry, seal, wire
from lianshu.envelope import FACTS, SEALED, Batch, Draft
from lianshu.labels import ED25519, X25519, hmac256, kid, label, sha256, u
from lianshu.protocol import ROOT, type_number
from lianshu.seal import Opener
from lianshu.signing import Signer
from lianshu.wire import new

FOLDER = f"{ROOT}/schemas/vectors"
REALM, NOW, DAY_MS = "test", 1764000000000, 24 * 3600 * 1000
MARKET, POLICE, HUB = "market.445100", "police.445100", "hub.445100"
LABELS = ("key document envelope receipt batch wrap env dek commit payload aead chunk log release token mirror.key "
          "mirror.page enrol.check enrol.code enrol.proof rest.key").split()


def seed(name: str) -> bytes:
    return sha256(b"lianshu test vector ", name.encode())


class Stream:
    """Bytes that are the same every time."""

    def __init__(self, name: str):
        self.name, self.drawn = name, 0

    def __call__(self, size: int) -> bytes:
        self.drawn += 1
        return b"".join(seed(f"{self.name} {self.drawn} {i}") for i in range(size // 32 + 1))[:size]


SIGNER = {m: Signer(seed(f"{m} sign")) for m in (MARKET, POLICE, HUB)}
OPENER = {m: Opener(seed(f"{m} seal")) for m in (MARKET, POLICE, HUB)}


def label_vectors() -> dict:
    found = {f"label.{name}": label(name) for name in LABELS}
    for name, algorithm, public in (("ed25519", ED25519, SIGNER[MARKET].public), ("x25519", X25519, OPENER[MARKET].public)):
        found |= {f"kid.{name}.public": public, f"kid.{name}": kid(algorithm, public)}
    return found


def batch_vectors() -> dict:
    found = {"public": SIGNER[MARKET].public}
    for size in (1, 2, 3, 7):
        leaves = [merkle.leaf(seed(f"leaf {i}")) for i in range(size)]
        for i, s in enumerate(SIGNER[MARKET].batch(leaves)):
            found |= {f"{size}.{i}.leaf": leaves[i], f"{size}.{i}": s.bytes()}
    return found


def seal_vectors() -> dict:
    own, secret, header_hash, message = OPENER[POLICE], seed("secret"), seed("header hash"), seed("message id")[:16]
    info = seal.wrap_info(REALM, SIGNER[MARKET].kid, own.kid)
    key = seal.dek(secret, message, 2)
    found = {"reader": own.secret, "info": info, "secret": secret, "ephemeral": seed("ephemeral"),
             "wrap": seal.hpke_seal(own.public, info, secret, seed("ephemeral")), "message": message, "dek": key,
             "commitment": seal.commitment(key), "header": header_hash}
    for size in (0, 1, 252, 253, 4092, 4093, 4800):
        plain = Stream(f"plain {size}")(size)
        found |= {f"plain.{size}": plain, f"cipher.{size}": seal.encrypt(key, header_hash, 2, plain)}
    for size in (0, 252, 253, 4092, 4093, 5000, 65536, 1000000, (1 << 20) - 4):
        found[f"padded.{size}"] = u(seal.padded_len(4 + size), 4)
    return found


def paper(kind: str, issuers: list, **fields) -> tuple[bytes, bytes]:
    d = document.new(REALM, kind, [(m, SIGNER[m]) for m in issuers], **{**dict(
        salt=seed("salt")[:16], id=u(NOW, 6) + seed("document id")[:10], issued_ms=NOW), **fields})
    return document.sign(d, [SIGNER[m] for m in issuers]), sha256(wire.encode(d))


def envelope_vectors() -> dict:
    """A document; facts for hub and police, and that document for police, the middle one of three envelopes."""
    lsd1, d_hash = paper("case.referral", [MARKET], addressees=[POLICE], body=b"the body")
    joint, joint_hash = paper("joint.notice", [MARKET, POLICE], addressees=[HUB, POLICE], basis=["药品管理法第116条"],
                              valid_until_ms=NOW + DAY_MS, conversation=seed("talk")[:16], body=b"two of us")
    batch, made = Batch(SIGNER[MARKET], lambda m: (OPENER[m].kid, OPENER[m].public), Stream("envelope")), []
    for n in range(3):
        h = new("Header", realm=REALM, type=type_number("case.referral"), sender=MARKET, created_ms=NOW, purpose="case",
                message_id=u(NOW, 6) + seed(f"message id {n}")[:10], expires_ms=NOW + DAY_MS, priority=2,
                destination=[POLICE], registry_version=1)
        for kind, members in ((FACTS, [HUB, POLICE]), (SEALED, [POLICE])):
            part = h.parts.add(kind=kind)
            for member in members:
                part.audience.add(member=member)
        made.append((h, batch.add(Draft(h, [b"facts", lsd1]))))
    frame, (h, deks) = batch.finish()[1], made[1]
    return {"sender.public": SIGNER[MARKET].public, "sender.kid": SIGNER[MARKET].kid, "police.secret": OPENER[POLICE].secret,
            "police.kid": OPENER[POLICE].kid, "police.public": SIGNER[POLICE].public, "document": lsd1,
            "document.hash": d_hash, "joint": joint, "joint.hash": joint_hash, "envelope": frame.bytes(),
            "envelope.id": envelope.env_id(frame), "dek1": deks[1],
            "forwarded": envelope.forward(frame, h, HUB).bytes()}


def receipt_vectors() -> dict:
    said = [new("Receipt", realm=REALM, kind=kind, sender=MARKET, message_id=seed("message")[:16], env_id=seed("env"),
                by=POLICE, about=POLICE, time_ms=NOW + kind, reference="潮公 9 号") for kind in (5, 6, 7)]
    entries = receipts.make(SIGNER[POLICE], said)
    lsr1 = frames.Receipts(0, entries).bytes()
    found = {"public": SIGNER[POLICE].public, "receipts": lsr1,
             "folded": frames.fold(lsr1, [entries[0].signature.signature])}
    for n, entry in enumerate(entries):
        found |= {f"{n}.q": entry.receipt, f"{n}.leaf": receipts.leaf(entry.receipt), f"{n}.s": entry.signature.bytes()}
    return found


def log_vectors() -> dict:
    """A log of five leaves: a hub's receipt, a statement, and others."""
    signer, witness = Signer(seed("log")), Signer(seed("witness"))
    q = wire.encode(new("Receipt", realm=REALM, kind=1, sender=MARKET, message_id=seed("message")[:16], env_id=seed("env"),
                        by=HUB, time_ms=NOW, log_index=1))
    v = wire.encode(new("Statement", realm=REALM, recipient=POLICE, env_id=seed("env"), accepted_ms=NOW, log_index=3,
                        delivery_number=1, conversation=seed("talk")[:16]))
    leaves = [log.leaf(5, NOW, seed(f"body {i}")) for i in range(5)]
    leaves[1], leaves[3] = log.leaf(log.RECEIPT, NOW, q), log.leaf(log.STATEMENT, NOW, v)
    head = log.Checkpoint(log.origin(HUB, REALM), 5, merkle.root(leaves), [])
    note = log.sign(head, signer)
    name = f"hub.440000.{REALM}/witness"
    line = log.cosign(head, name, witness, NOW // 1000)
    p.check(log.verify_cosignature(log.parse(note + line), name, witness.public) == NOW // 1000, "cosignature")
    found = {"public": signer.public, "origin": head.origin.encode(), "checkpoint": note, "root": head.root,
             "root.3": merkle.root(leaves[:3]), "consistency.3": b"".join(merkle.consistency(3, leaves)),
             "witness": witness.public, "witness.name": name.encode(),
             "cosignature": line, "q": q, "v": v,
             "receipts": frames.Receipts(7, [frames.Entry(frames.HUB, q, path=merkle.path(1, leaves))], note).bytes(),
             "statement": frames.Statement(v, merkle.path(3, leaves), note).bytes(),
             "relayed": frames.Receipts(8, [frames.Entry(frames.OTHER_HUB, q, path=merkle.path(1, leaves), checkpoint=note)],
                                        ).bytes()}
    return found | {f"leaf.{i}": leaf for i, leaf in enumerate(leaves)}


def record(member: str):
    r = new("MemberRecord", member=member, name_zh=f"演示{member}", name_en=member)
    for use, key in ((registry.SIGN, Signer), (registry.SEAL, Opener), (registry.TRANSPORT, Opener)):
        r.keys.add(use=use, public_key=key(seed(f"{member} {use}")).public, valid_from_ms=NOW - DAY_MS,
                   valid_until_ms=NOW + 80 * DAY_MS)
    r.grants.add(types=u(1 << 107, 16), direction=registry.SEND, departments=8, region="445100")
    return r


def registry_vectors() -> dict:
    """Two of three roots; two registrars, the second one with two officials of three; a revocation and a key record."""
    roots = [Signer(seed(f"root {i}")) for i in range(3)]
    first = registrar.Office("registrar.000000", "000000", [Signer(seed("official a"))], 1)
    second = registrar.Office("registrar.440000", "440000", [Signer(seed(f"official {i}")) for i in range(3)], 2, first)
    records = {first.member: [record("police.220100")], second.member: [record(MARKET), record(POLICE)]}
    file = registrar.make(REALM, roots, [first, second], records, 3, NOW, Stream("registry"))
    opened = registry.open_file(file, registry.Anchor(REALM, 2, [r.public for r in roots]))
    links = frames.Reader(file)
    links.take(5)
    pair = [links.block(4, 1 << 17), links.block(4, 1 << 17)]
    transport = opened.members[MARKET].keys[2].public_key
    revocation = registrar.paper(REALM, "key.revocation", registrar.issuers(second, roots), new(
        "Revocation", number=1, member=MARKET, kid=kid(X25519, transport), reason=1), NOW, Stream("revocation"))
    fresh = new("KeyRecord", number=1)
    fresh.keys.add(use=registry.SEAL, public_key=Opener(seed("fresh seal")).public, valid_from_ms=NOW,
                   valid_until_ms=NOW + 60 * DAY_MS)
    key_record = registrar.paper(REALM, "key.record", [(POLICE, Signer(seed(f"{POLICE} {registry.SIGN}")))], fresh, NOW,
                                 Stream("key record"))
    found = {"file": file, "proof": registrar.prove(pair, opened.raw, 1), "record": opened.raw[1],
             "revocation": revocation, "key.record": key_record}
    return found | {f"root.{i}": r.public for i, r in enumerate(roots)}


def chunk_vectors() -> dict:
    file = chunks.File(b"a short file", seed("file key"))
    large = chunks.File(b"\x5a" * (2 * frames.CHUNK_TEXT + 5), seed("large file key"))
    return {"file.key": file.file_key, "content": file.content, "chunk": file.chunk(0).bytes(),
            "manifest": wire.encode(file.manifest("附件.pdf", "application/pdf", "D04")),
            "large.key": large.file_key, "large.root": large.root, "large.last": large.chunk(2).bytes()}


def mirror_vectors() -> dict:
    token_key, adapter, code = seed("token key"), seed("adapter")[:8], b"91445100DEMA00013Q"
    named = bytes([len(MARKET)]) + MARKET.encode() + adapter + u(NOW, 8)
    key = hmac256(token_key, label("mirror.key"), named)
    page = new("MirrorUpdate", member=MARKET, generation=NOW, to_size=9, page=1, last=True, count=1, as_of_ms=NOW,
               fresh_until_ms=NOW + 2 * 3600 * 1000, valid_until_ms=NOW + DAY_MS, key=key, adapter=adapter)
    page.rows.add(number=1, token=hmac256(key, label("token"), b"\1", code)[:16], measure="M01", force=1,
                  order_id=seed("order")[:16], order_version=1, list="serious_dishonesty", rule="R01", scope="445100",
                  start_date=20260401)
    plain = wire.encode(page)
    page.head = sha256(label("mirror.page"), plain)
    return {"token.key": token_key, "member": MARKET.encode(), "adapter": adapter, "generation": u(NOW, 8), "key": key,
            "code": code, "token": page.rows[0].token, "hub.token": hmac256(token_key, label("token"), b"\1", code)[:16],
            "conversation": adapter + sha256(label("mirror.page"), named)[:8], "page": wire.encode(page), "head": page.head}


FILES = {"labels": label_vectors, "batch": batch_vectors, "seal": seal_vectors, "envelope": envelope_vectors,
         "receipts": receipt_vectors, "log": log_vectors, "registry": registry_vectors, "chunk": chunk_vectors,
         "mirror": mirror_vectors}


def text_of(name: str) -> str:
    lines = [f"{key} = {value.hex()}".rstrip() for key, value in FILES[name]().items()]
    return "\n".join(["# Made by tests/interop/vectors.py from the text of the protocol; do not edit.", *lines]) + "\n"


def main() -> None:
    p.check(set(LABELS) == set(labels_of_the_text()), "the labels of section 1 are others")
    for name in FILES:
        path, wanted = f"{FOLDER}/{name}.txt", text_of(name)
        if sys.argv[1:] == ["write"]:
            os.makedirs(FOLDER, exist_ok=True)
            with open(path, "w", encoding="utf-8") as file:
                file.write(wanted)
        else:
            with open(path, encoding="utf-8") as file:
                p.check(file.read() == wanted, f"{path} is not what vectors.py writes")
        print(f"{name}: {wanted.count(' =')}")


def labels_of_the_text() -> list[str]:
    """First column of the table of labels."""
    with open(f"{ROOT}/schemas/PROTOCOL.md", encoding="utf-8") as file:
        table = file.read().split("| label | what it opens |")[1].split("\n\n")[0]
    return [word.strip("` ") for row in table.split("\n")[2:] for word in row.split("|")[1].split("` `")]


if __name__ == "__main__":
    main()
