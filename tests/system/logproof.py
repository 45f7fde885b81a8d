"""Receipts of a hub as an adapter keeps them, verified from the protocol's text alone: inclusion path,
checkpoint, and the log key's signature by openssl."""

import base64
import hashlib
import re
import sqlite3
import subprocess
import tempfile

RECEIPT_TIME, RECEIPT_INDEX = 9, 10  # fields of Receipt
PREFIX = bytes.fromhex("302a300506032b6570032100")  # SubjectPublicKeyInfo of an Ed25519 key


class Take:
    def __init__(self, data):
        self.data = data

    def bytes(self, count):
        head, self.data = self.data[:count], self.data[count:]
        assert len(head) == count
        return head

    def number(self, width):
        return int.from_bytes(self.bytes(width), "big")

    def sized(self, width):
        return self.bytes(self.number(width))


def receipts(frame):
    """Yields (Q, path, checkpoint) of every entry of the hub that sent this LSR1."""
    take = Take(frame)
    assert take.bytes(4) == b"LSR1"
    take.number(8)
    found = []
    for _ in range(take.number(2)):
        form = take.number(1)
        q = take.sized(4)
        if form == 1:
            take.sized(2)
            continue
        path = [take.bytes(32) for _ in range(take.number(1))]
        if form == 3:
            take.sized(2)
        else:
            found.append((q, path))
    checkpoint = take.sized(2)
    return [(q, path, checkpoint) for q, path in found]


def fields(message):
    """Number → value of a protobuf message's varint and bytes fields."""
    take = Take(message)

    def varint():
        value = shift = 0
        while True:
            byte = take.number(1)
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    found = {}
    while take.data:
        tag = varint()
        found[tag >> 3] = varint() if tag & 7 == 0 else take.bytes(varint())
    return found


def node(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


def included(leaf, index, size, path, root):
    """RFC 9162, 2.1.3.2."""
    fn, sn, r = index, size - 1, leaf
    for p in path:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            r = node(p, r)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = node(r, p)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and r == root


def public_key(path, use):
    with open(path, encoding="utf-8") as text:
        found = re.search(rf"use: {use}\n +public: \"([0-9a-f]{{64}})", text.read(), re.S)
    return bytes.fromhex(found.group(1))


def signed(checkpoint, key):
    """(origin, size, root) of a checkpoint that this key has signed."""
    body, lines = checkpoint.decode().split("\n\n", 1)
    body += "\n"
    origin, size, root = body.splitlines()
    mark, name, proof = lines.splitlines()[0].split(" ")
    assert mark == "\u2014" and name == origin
    proof = base64.b64decode(proof)
    assert proof[:4] == hashlib.sha256(origin.encode() + b"\n\1" + key).digest()[:4]
    with tempfile.NamedTemporaryFile() as pub, tempfile.NamedTemporaryFile() as text, \
            tempfile.NamedTemporaryFile() as signature:
        for file, data in ((pub, PREFIX + key), (text, body.encode()), (signature, proof[4:])):
            file.write(data)
            file.flush()
        subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", pub.name, "-rawin",
                        "-in", text.name, "-sigfile", signature.name], check=True, capture_output=True)
    return origin, int(size), base64.b64decode(root)


def verify_all(database, key):
    """Every receipt of the hub in an adapter's database; counts by origin of the log."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as db:
        frames = [row[0] for row in db.execute("SELECT frame FROM outbox_proof ORDER BY id")]
    heads, counts = {}, {}
    for frame in frames:
        for q, path, checkpoint in receipts(frame):
            if checkpoint not in heads:
                heads[checkpoint] = signed(checkpoint, key)
            origin, size, root = heads[checkpoint]
            f = fields(q)
            label = b"lianshu.log.v1\0\0\1"
            leaf = label + b"\1" + f[RECEIPT_TIME].to_bytes(8, "big") + len(q).to_bytes(2, "big") + q
            assert included(hashlib.sha256(b"\0" + leaf).digest(), f.get(RECEIPT_INDEX, 0), size, path, root), origin
            counts[origin] = counts.get(origin, 0) + 1
    return counts
