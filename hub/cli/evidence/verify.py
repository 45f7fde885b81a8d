#!/usr/bin/env python3
"""Verify an evidence bundle with the Python standard library and the `openssl` command alone.

    python3 verify.py [BUNDLE] [--anchor anchor.yaml] [--roots CA.pem]

BUNDLE is a directory or a .tar; without it, the directory of this file. The anchor says whom to
trust and has to reach you by other means; without it the copy in the bundle is used, and says so.
The roots are those of time-stamping authorities; without them a stamp is a claim.
Exit code 0: everything verifies. 1: refused, with the file and the reason.

What it does not do: make decisions again, compare report.* and *.json with the evidence, and ask of what is
signed whether a hub would take it (catalogue of types, audiences); `lianshu evidence verify` does all three.
In order below: hashes and trees, signatures, canonical protobuf, documents and registrars, opened parts,
reading, and then the bundle: whom to believe, the log, what stands in it, and what is told.
"""

import base64
import datetime
import hashlib
import hmac
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile

SUITE = 1
SIGN, LOG, WITNESS = 1, 4, 6
RECEIPT, STATEMENT, MEMBER_RECEIPT, DECISION, ORDER_STATE, OBLIGATION_STATE, OTHER_RECEIPT = 1, 2, 3, 4, 5, 6, 11
FUTURE_MS, AHEAD_S = 300 * 1000, 5
FILE_MAX, FILES_MAX, BYTES_MAX, MEMBERS_MAX = 4 << 20, 16384, 256 << 20, 512
NOTE_MAX, NOTE_NAME_MAX, NOTE_PROOF_MAX, NOTE_EXTRA_MAX = 2048, 128, 256, 7
RECORD_MAX, WRAP, CIPHER_MIN = 1024, 80, 272
NAMES = re.compile(r"""
    README\.md | verify\.py | anchor\.yaml | bundle\.json | custody\.json | manifest\.sha256 |
    checkpoint\.(txt|tsr) | report\.(html|txt) | registry/[a-z0-9.-]+\.lsp | registrars/[a-z0-9.-]+\.(lsd|version) |
    revocations/[a-z0-9.-]+-\d{8}\.lsd | seen/\d+\.(txt|path|tsr) |
    log/\d{12}\.(leaf|path) | receipts/\d{12}\.lsr | decisions/\d{12}\.(bin|json) |
    reads/\d{12}\.bin | tables/(regions|calendar)\.csv |
    envelopes/[0-9a-f]{64}\.(lse|json) | documents/[0-9a-f]{64}\.lsd |
    disclosed/[0-9a-f]{64}-\d\.dek | rules/[0-9a-f]{16}/[a-z_]+\.yaml""", re.X | re.A)


class Refused(Exception):
    """(file, reason)"""


def need(good, name, reason):
    if not good:
        raise Refused(name, reason)


# ---- hashes, labels, trees ----

def sha256(data):
    return hashlib.sha256(data).digest()


def label(name):
    return b"lianshu." + name + b".v1\0" + struct.pack(">H", SUITE)


def key_id(alg, public):
    return sha256(label(b"key") + bytes([alg]) + struct.pack(">H", len(public)) + public)[:16]


def node(left, right):
    return sha256(b"\1" + left + right)


def leaf_hash(data):
    return sha256(b"\0" + data)


def path_root(leaf, index, size, path):
    """Root that a path of RFC 6962 leads to; None when its length is not that of (index, size)."""
    if not 0 <= index < size:
        return None
    at, last, result, used = index, size - 1, leaf, 0
    while last > 0:
        if at & 1 or at == last:
            if at & 1:
                if used == len(path):
                    return None
                result, used = node(path[used], result), used + 1
        else:
            if used == len(path):
                return None
            result, used = node(result, path[used]), used + 1
        at, last = at >> 1, last >> 1
    return result if used == len(path) else None


def consistent(old_size, old_root, size, root, proof):
    """RFC 9162, 2.1.4.2."""
    if old_size == 0 or old_size == size:
        return not proof and (old_size == 0 or old_root == root)
    if old_size > size or not proof:
        return False
    proof = ([old_root] if old_size & (old_size - 1) == 0 else []) + proof
    at, last = old_size - 1, size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    first = second = proof[0]
    for item in proof[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            first, second = node(item, first), node(item, second)
            while not at & 1 and at != 0:
                at, last = at >> 1, last >> 1
        else:
            second = node(second, item)
        at, last = at >> 1, last >> 1
    return last == 0 and first == old_root and second == root


def base64_bytes(text, name):
    data = base64.b64decode(text, validate=True)
    need(base64.b64encode(data) == text, name, "base64 that is not the one of its bytes")
    return data


def hashes(data, name):
    need(len(data) % 32 == 0, name, "not a list of hashes")
    return [data[i:i + 32] for i in range(0, len(data), 32)]


# ---- Ed25519 by the openssl command ----

OPENSSL = shutil.which("openssl", path=os.environ.get("PATH") or os.defpath)
ORDER = 2**252 + 27742317777372353535851937790883648493
# Points of small order, without the bit of the sign: OpenSSL accepts such an R, this does not.
SMALL = {int(x, 16) for x in (
    "0", "1",
    "05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826",
    "7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7",
    "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffec",
    "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed",
    "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffee")}
DER_HEAD = bytes.fromhex("302a300506032b6570032100")
known_signatures = {}


def small(point):
    return int.from_bytes(point, "little") & (2**255 - 1) in SMALL


def openssl(arguments, **files):
    """What it says, or None when it fails; the files lie beside it."""
    with tempfile.TemporaryDirectory() as place:
        for name, data in files.items():
            with open(os.path.join(place, name), "wb") as out:
                out.write(data)
        run = subprocess.run([OPENSSL] + arguments, cwd=place, capture_output=True, check=False)
        return run.stdout.decode("utf-8", "replace") if run.returncode == 0 else None


def signed(public, message, signature):
    """Is this the Ed25519 signature of the message by this key?"""
    known = known_signatures.get((public, message, signature))
    if known is not None:
        return known
    good = len(public) == 32 and len(signature) == 64 and not small(public) and \
        int.from_bytes(public, "little") & (2**255 - 1) < 2**255 - 19 and \
        not small(signature[:32]) and int.from_bytes(signature[32:], "little") < ORDER
    if good:
        good = openssl(["pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER", "-inkey", "k", "-in", "m",
                        "-sigfile", "s"], k=DER_HEAD + public, m=message, s=signature) is not None
    known_signatures[public, message, signature] = good
    return good


def signature_kid(s, name):
    need(len(s) >= 98 and s[0] == 1, name, "signature: algorithm or length")
    return s[1:17]


def batch_signed(public, leaf, s, name):
    """S of PROTOCOL 3.1 over this leaf."""
    kid = signature_kid(s, name)
    size, index, count = struct.unpack(">QQB", s[17:34])
    need(len(s) == 98 + 32 * count and 1 <= size <= 2**20, name, "signature: shape")
    root = path_root(leaf, index, size, hashes(s[34:34 + 32 * count], name))
    need(root is not None, name, "signature: path")
    need(kid == key_id(1, public), name, "signature: key")
    message = label(b"batch") + kid + struct.pack(">Q", size) + root
    need(signed(public, message, s[-64:]), name, "the signature does not verify (E303)")


# ---- canonical protobuf, of what is read here ----

# number:[most*]kind: n64 n32 an integer of so many bits, e7 one up to 7, t40 b40 text and bytes of at most 40, f32 of 32
# and always there, or another message.
SHAPES = """
Issuer 1:t40 2:f16
Document 1:t16 2:f16 3:n32 4:n32 5:8*Issuer 6:f16 7:n64 8:n64 9:32*t40 10:e1 11:16*t48 12:t16 13:b16 14:b16 15:b32
    16:b61440 1000:b256
Registrar 1:t40 2:7*f32 3:t6 4:n64 5:n64 6:n32 7:b16 8:n64
RegistryVersion 1:n64 2:n64 3:n32 4:f32 5:254*f32 6:n64 7:n32
MemberKey 1:e6 2:f32 3:n64 4:n64 5:n32 6:n64 7:e4
Grant 1:f16 2:e2 3:n32 4:t6
MemberRecord 1:t40 2:t96 3:t64 4:12*MemberKey 5:64*Grant 6:n64 1000:b64
Revocation 1:n64 2:t40 3:f16 4:e4 5:n64
Reader 1:t40 2:f16
PartHeader 1:e3 2:32*Reader 3:f32
AttachmentHeader 1:n32 2:f32 3:n64 4:n64
Header 1:n32 2:t16 3:n32 4:t40 5:f16 6:f16 7:n64 8:n64 9:n64 10:n32 11:32*t40 12:b16 13:n64 14:b32 15:t16 16:n64
    17:8*PartHeader 18:16*AttachmentHeader 1000:b256
Ground 1:t4 2:f16 3:n32 4:t16 5:t48
Receipt 1:t16 2:e14 3:t40 4:f16 5:f32 6:t40 7:t40 8:n32 9:n64 10:n64 11:t64 12:4*Ground
Tombstone 1:n64 2:e14 3:n32
Statement 1:t16 2:t40 3:b32 4:n64 5:b16 6:n64 7:16*Tombstone 8:4*Ground 9:8*t40 10:n64 11:n32 12:n32
StateChange 1:f16 2:n32 3:n32 4:t40 5:b32 6:t4 7:t40 8:n64 9:n64 10:n64
RuleTrace 1:t16 2:e1 3:t32
Outcome 1:t4 2:e3 3:t16 4:t48 5:n32 6:n32 7:n32 8:t8
DecisionRecord 1:f32 2:n32 3:f32 4:n64 5:n64 6:f32 7:n32 8:64*RuleTrace 9:64*Outcome 10:t6 11:t6 12:n64 13:t40 14:n32 15:n32 16:e1
"""


def read_shapes(text):
    shapes, name = {}, ""
    for word in text.split():
        field = re.fullmatch(r"(\d+):(?:(\d+)\*)?([A-Z]\w+|[netbf])(\d*)", word)
        if field:
            number, most, kind, bound = field.groups()
            shapes[name][int(number)] = int(most or 1), bool(most), kind, int(bound or 0)
        else:
            name = word
            shapes[name] = {}
    return shapes


SHAPES = read_shapes(SHAPES)
HIDDEN = re.compile("[\0-\b\v\f\x0e-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060\u2066-\u2069"
                    "\ufdd0-\ufdef\ufeff\ufff9-\ufffb]")


class Message:
    """Fields of a message in its one encoding: rising, known, within their bounds, shortest integers, no defaults."""

    def __init__(self, data, shape, name):
        fields, self.values, at, before = SHAPES[shape], {}, 0, 0
        while at < len(data):
            tag, at = self.varint(data, at, name)
            number, form = tag >> 3, tag & 7
            need(number in fields, name, "a field that it has not (E212)")
            most, repeated, kind, bound = fields[number]
            values = self.values.setdefault(number, [])
            need(form == (0 if kind in "ne" else 2) and (number > before or repeated and number == before), name,
                 "not canonical (E210)")
            value, at = self.varint(data, at, name)
            if form == 0:
                need(0 < value <= (bound if kind == "e" else 2**bound - 1), name, "an integer beyond its bounds (E210)")
            else:
                length, at = value, at + value
                value = data[at - length:at]
                need(at <= len(data), name, "truncated")
                self.check(value, repeated, kind, bound, name)
            values.append(value)
            need(len(values) <= most, name, "too many of them (E216)")
            before = number
        need(all(number in self.values or repeated or kind != "f" for number, (_, repeated, kind, _) in fields.items()),
             name, "a field is missing (E210)")

    @staticmethod
    def check(value, repeated, kind, bound, name):
        if kind in SHAPES:
            Message(value, kind, name)
            return
        need(len(value) == bound if kind == "f" else len(value) <= bound and (value or repeated), name,
             "bytes beyond their bounds (E210)")
        if kind == "t":
            text = value.decode("utf-8")
            need(not HIDDEN.search(text) and not any(ord(c) & 0xfffe == 0xfffe for c in text), name,
                 "characters that are not allowed (E213)")

    @staticmethod
    def varint(data, at, name):
        value = shift = 0
        while True:
            need(at < len(data) and shift < 64, name, "truncated")
            byte, at = data[at], at + 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                need((byte != 0 or shift == 7) and value < 2**64, name, "not canonical (E210)")
                return value, at

    def all(self, number):
        return self.values.get(number, [])

    def number(self, number):
        value = self.values.get(number, [0])[0]
        return value if isinstance(value, int) else 0

    def bytes(self, number):
        value = self.values.get(number, [b""])[0]
        return value if isinstance(value, bytes) else b""

    def text(self, number):
        return self.bytes(number).decode("utf-8")


class Reader:
    """Fields of a frame."""

    def __init__(self, data, name):
        self.data, self.at, self.name = data, 0, name

    def take(self, count):
        need(self.at + count <= len(self.data), self.name, "truncated (E203)")
        self.at += count
        return self.data[self.at - count:self.at]

    def uint(self, count):
        return int.from_bytes(self.take(count), "big")

    def sized(self, count):
        return self.take(self.uint(count))

    def end(self):
        need(self.at == len(self.data), self.name, "bytes are left over (E203)")


# ---- documents ----

class Document:
    def __init__(self, data, name):
        r = Reader(data, name)
        need(r.take(4) == b"LSD1", name, "no document (E201)")
        self.raw = r.sized(4)
        self.signatures = [r.sized(2) for _ in range(r.uint(1))]
        r.end()
        self.name, self.hash = name, sha256(self.raw)
        self.fields = Message(self.raw, "Document", name)
        self.realm, self.type = self.fields.text(1), self.fields.number(3)
        self.issued, self.body = self.fields.number(7), self.fields.bytes(16)
        self.issuers = []
        for raw in self.fields.all(5):
            issuer = Message(raw, "Issuer", name)
            self.issuers.append((issuer.text(1), issuer.bytes(2)))
        need(len(self.issuers) == len(self.signatures) > 0, name, "issuers and signatures")

    def keys(self):
        return len({kid for _, kid in self.issuers})

    def verify(self, realm, find):
        """find(member, kid) answers the public key."""
        need(self.realm == realm, self.name, "another realm (E313)")
        leaf = leaf_hash(label(b"document") + self.hash)
        for (member, kid), s in zip(self.issuers, self.signatures):
            need(signature_kid(s, self.name) == kid, self.name, "signature: key")
            batch_signed(find(member, kid), leaf, s, self.name)


def region_within(inner, outer):
    """Regions are six digits; pairs of zeros at the end stand for all of them."""
    return re.fullmatch("[0-9]{6}", inner) is not None and inner.startswith(re.sub("(00){0,3}$", "", outer))


class Registrar:
    """k of n officials, from the document that appoints them."""

    def __init__(self, document):
        name, body = document.name, Message(document.body, "Registrar", document.name)
        need(document.type == 1, name, "no appointment of a registrar (E410)")
        self.member, self.region, self.depth, self.known = body.text(1), body.text(3), 1, 0
        self.officials = {key_id(1, k): k for k in body.all(2)}
        need(len(self.officials) == len(body.all(2)), name, "one key for two officials (E435)")
        self.threshold, self.types = body.number(6), body.bytes(7)
        self.since, self.until = body.number(4), body.number(5)
        need(self.member == f"registrar.{self.region}" and 0 < self.threshold <= len(self.officials), name,
             "no registrar (E410)")

    def verify(self, document, kind, realm):
        name = document.name
        document.verify(realm, lambda m, kid: self.officials[kid] if m == self.member and kid in self.officials
                        else Bundle.refuse(name, "not signed by the registrar"))
        need(document.type == kind and document.keys() >= self.threshold, name,
             "not signed by the registrar's threshold of officials (E410, E421)")
        need(self.since <= document.issued < self.until, name, "the registrar's time was over")

    def within(self, other):
        return region_within(self.region, other.region) and other.since <= self.since and self.until <= other.until \
            and (not other.types or (bool(self.types) and other.grants(self.types)))

    def grants(self, types):
        """May it grant all of these? Bit sets; none: any."""
        return not self.types or int.from_bytes(types, "little") & ~int.from_bytes(self.types, "little") == 0


# ---- a part opened with its key: HKDF, ChaCha20-Poly1305 (RFC 5869, RFC 8439) ----

def expand(key, info, length):
    out = block = b""
    for i in range(1, length // 32 + 2):
        block = hmac.new(key, block + info + bytes([i]), "sha256").digest()
        out += block
    return out[:length]


def chacha_block(key, counter, nonce):
    state = list(struct.unpack("<4I", b"expand 32-byte k")) + list(struct.unpack("<8I", key)) + \
        [counter] + list(struct.unpack("<3I", nonce))
    x = state[:]

    def quarter(a, b, c, d):
        for i, j, k, turn in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            x[i] = (x[i] + x[j]) & 0xffffffff
            x[k] ^= x[i]
            x[k] = (x[k] << turn | x[k] >> (32 - turn)) & 0xffffffff

    for _ in range(10):
        for i in range(4):
            quarter(i, i + 4, i + 8, i + 12)
        for i in range(4):
            quarter(i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4)
    return struct.pack("<16I", *((a + b) & 0xffffffff for a, b in zip(x, state)))


def poly1305(key, data):
    r = int.from_bytes(key[:16], "little") & 0x0ffffffc0ffffffc0ffffffc0fffffff
    total = 0
    for i in range(0, len(data), 16):
        total = (total + int.from_bytes(data[i:i + 16] + b"\1", "little")) * r % (2**130 - 5)
    return ((total + int.from_bytes(key[16:], "little")) & (2**128 - 1)).to_bytes(16, "little")


def aead_open(key, nonce, aad, data, name):
    text, tag = data[:-16], data[-16:]
    fill = lambda b: b + bytes(-len(b) % 16)
    mac = poly1305(chacha_block(key, 0, nonce)[:32],
                   fill(aad) + fill(text) + struct.pack("<QQ", len(aad), len(text)))
    need(hmac.compare_digest(mac, tag), name, "the ciphertext does not open (E311)")
    out = bytearray()
    for i in range(0, len(text), 64):
        block = chacha_block(key, 1 + i // 64, nonce)
        out += bytes(a ^ b for a, b in zip(text[i:i + 64], block))
    return bytes(out)


def padded_len(length):
    """Multiples of 256 up to 4,096, then Padmé."""
    length += 4
    if length <= 4096:
        return max(256, -(-length // 256) * 256)
    exponent = length.bit_length() - 1
    low = exponent - exponent.bit_length()
    return (length + (1 << low) - 1) >> low << low


def open_part(dek, header, part, commitment, cipher, name):
    need(expand(dek, label(b"commit"), 32) == commitment, name,
         "not the key that the sender committed to (E308)")
    both = expand(dek, label(b"payload") + sha256(header), 44)
    plain = aead_open(both[:32], both[32:], label(b"aead") + sha256(header) + bytes([part]), cipher, name)
    length = int.from_bytes(plain[:4], "big")
    need(length + 4 <= len(plain) == padded_len(length) and not any(plain[4 + length:]), name,
         "padding (E312)")
    return plain[4:4 + length]


# ---- reading ----

def read_files(path):
    """The files of a directory, or of an archive; no links, and no more than a bundle has."""
    files, room = {}, BYTES_MAX
    if not os.path.isdir(path):
        need(os.path.getsize(path) <= BYTES_MAX, path, "larger than a bundle is (E027)")
        with open(path, "rb") as tar:
            return read_tar(tar.read(), path)
    for folder, folders, names in os.walk(path):
        for name in folders + names:
            need(not os.path.islink(os.path.join(folder, name)), name, "not a plain file")
        for name in names:
            full = os.path.join(folder, name)
            need(os.path.isfile(full), name, "not a plain file")
            need(os.path.getsize(full) <= min(FILE_MAX, room) and len(files) < FILES_MAX, name, "larger than a bundle is (E027)")
            with open(full, "rb") as data:
                data = data.read()
            files[os.path.relpath(full, path)], room = data, room - len(data)
    return files


def tar_head(name, size):
    head = struct.pack("100s8s8s8s12s12s8sc100s6s2s247s", name, b"0000644", b"0000000", b"0000000", b"%011o" % size, b"0" * 11,
                       b" " * 8, b"0", b"", b"ustar", b"00", b"")
    return head[:148] + b"%06o\0 " % sum(head) + head[156:]


def read_tar(tar, path):
    """PROTOCOL 16: headers have one form, so that nobody reads other files out of it."""
    files, at, last = {}, 0, b""
    while len(tar) - at > 1024:
        name, size = tar[at:at + 100].rstrip(b"\0"), tar[at + 124:at + 135]
        need(re.fullmatch(b"[0-7]{11}", size) and int(size, 8) <= FILE_MAX and last < name and len(files) < FILES_MAX and
             tar[at:at + 512] == tar_head(name, int(size, 8)), path, "it is not an archive of this form")
        begin, at = at + 512, at + 512 + -(-int(size, 8) // 512) * 512
        files[name.decode("ascii")], last = tar[begin:begin + int(size, 8)], name
        need(at <= len(tar) and not any(tar[begin + int(size, 8):at]), path, "it is not an archive of this form")
    need(len(tar) - at == 1024 and not any(tar[at:]), path, "its end is missing")
    return files


def read_anchor(text, name):
    """One key a line, the roots one below the other: as `lianshu root create` writes it."""
    found, roots = {}, []
    for line in text.splitlines():
        row = re.fullmatch(r"""(?:(realm|number|threshold):\ *"?([a-z0-9-]+)"?|(roots):|\ *-\ *"?([0-9a-f]{64})"?)?
                           \ *(?:\#.*)?""", line, re.X)
        need(row, name, "a line of no anchor")
        key, root = row[1] or row[3], row[4]
        need(key not in found and (not root or list(found)[-1:] == ["roots"]), name, "a key twice, or no place for a root")
        if key:
            found[key] = row[2]
        if root:
            roots.append(bytes.fromhex(root))
    need({"realm", "threshold", "roots"} <= found.keys(), name, "no realm, threshold or roots")
    need(1 <= int(found["threshold"]) <= len(roots) == len(set(roots)) and int(found.get("number", 1)) > 0, name,
         "not as many roots as must sign, or one twice")
    return found["realm"], int(found["threshold"]), roots


def once(pairs):
    """A JSON object that has each key once."""
    found = dict(pairs)
    need(len(found) == len(pairs), "bundle.json", "a key twice")
    return found


# ---- the bundle ----

class Bundle:
    def __init__(self, files, anchor, roots):
        self.stamp_roots = roots  # path, or None
        self.files, (self.realm, self.threshold, self.roots) = files, anchor
        self.keys = {}       # (member, use) -> [(kid, public, from, until)]
        self.grants = {}     # member -> [types]
        self.revoked = {}    # (member, kid) -> (from when on, by which document)
        self.registrars = {}  # name -> Registrar
        self.doubts = {}     # file -> [sentence]
        self.leaves = {}     # index -> (kind, time, body)
        self.accepted = {}   # env id -> when the hub took it
        self.referred = {}   # hash of a document -> when the hub first took what refers to it
        self.about = set()   # (kind, id) that entries of the log speak of
        self.counts = dict.fromkeys(("members", "receipts", "signed", "other", "statements", "records",
                                     "states", "envelopes", "documents", "opened", "seen", "witnesses",
                                     "hidden", "rules", "revoked", "reads", "stamps", "stamped"), 0)

    def folder(self, folder, ending):
        return sorted(n for n in self.files if n.startswith(folder + "/") and n.endswith(ending))

    # -- files --

    def check_files(self):
        name, want = "manifest.sha256", ""
        need(name in self.files, name, "it is missing")
        for file in sorted(self.files):
            need(NAMES.fullmatch(file), file, "no such file belongs to a bundle")
            if file != name:
                want += f"{hashlib.sha256(self.files[file]).hexdigest()}  {file}\n"
        have = self.files[name].decode("ascii", "replace")
        if have != want:
            listed = dict(reversed(row.split("  ", 1)) for row in have.splitlines() if "  " in row)
            for row in want.splitlines():
                digest, file = row.split("  ", 1)
                need(listed.get(file) == digest, file, "its bytes are not those of the list")
            raise Refused(name, "its names are not those of the files")

    def check_about(self):
        name = "bundle.json"
        need(name in self.files, name, "it is missing")
        about = json.loads(self.files[name].decode("utf-8"), object_pairs_hook=once)
        kinds = {"format": int, "kind": str, "id": str, "hub": str, "realm": str, "exported_ms": int}
        need(isinstance(about, dict) and {key: type(value) for key, value in about.items()} == kinds, name, "its fields")
        self.hub, self.kind, self.id = about["hub"], about["kind"], about["id"]
        self.exported = about["exported_ms"]
        need(about["format"] == 1 and about["realm"] == self.realm and 0 <= self.exported < 2**63 and
             re.fullmatch(r"hub(-[a-z0-9]+)*\.[0-9]{6}", self.hub), name, "format, realm, time or hub")
        need(re.fullmatch({"envelope": "[0-9a-f]{64}", "order": "[0-9a-f]{32}", "case": "[0-9a-f]{32}"}.get(self.kind, "$"),
                          self.id), name, "kind or id")

    # -- keys --

    # -- whom to believe: anchor, registrars, members, revocations --

    def chain(self, data, name):
        r = Reader(data, name)
        need(r.take(4) == b"LSP1", name, "no proof (E201)")
        head = r.sized(4), r.sized(4)
        index = r.uint(8)
        path = hashes(r.take(32 * r.uint(1)), name)
        record = r.sized(2)
        r.end()
        need(len(record) <= RECORD_MAX, name, "longer than a record is (E203)")
        if self.head is None:
            self.check_head(*head, name)
        need(head == self.head, name, "of another version of the registry than the rest")
        root = path_root(leaf_hash(record), index, self.version.number(3), path)
        need(root == self.version.bytes(4), name, "the record is not in the registry (E410)")
        return record

    def check_head(self, registrar, version, name):
        roots = {key_id(1, k): k for k in self.roots}
        document = Document(registrar, name)
        document.verify(self.realm, lambda m, kid: re.fullmatch(r"root(-[a-z0-9]+)*\.\d{6}", m) and roots.get(kid) or
                        self.refuse(name, "no root of the anchor"))
        need(document.keys() >= self.threshold, name, "not signed by the anchor's threshold of roots (E410)")
        self.top = first = Registrar(document)
        need(not roots.keys() & first.officials.keys(), name, "an official, and the root (E435)")
        first.verify(Document(version, name), 2, self.realm)
        self.version = Message(Document(version, name).body, "RegistryVersion", name)
        first.known = self.version.number(6)
        self.registrars[first.member] = first
        self.head = registrar, version

    @staticmethod
    def refuse(name, reason):
        raise Refused(name, reason)

    def check_members(self):
        self.head = None
        names = self.folder("registry", ".lsp")
        need(names, "registry", "no member is proven")
        need(len(names) <= MEMBERS_MAX, "registry", "more members than one bundle names (E027)")
        for name in names:
            record = Message(self.chain(self.files[name], name), "MemberRecord", name)
            member = record.text(1)
            need(name == f"registry/{member}.lsp", name, "it is of another member")
            for item in record.all(4):
                key = Message(item, "MemberKey", name)
                use, public = key.number(1), key.bytes(2)
                kid = key_id(2 if use in (2, 3) else 1, public)
                self.keys.setdefault((member, use), []).append((kid, public, key.number(3), key.number(4)))
                if key.number(6):
                    self.revoked[member, kid] = key.number(6), "registry"
            self.grants[member] = [Message(grant, "Grant", name).bytes(1) for grant in record.all(5)]
            need(region_within(member.rpartition(".")[2], self.top.region) and all(map(self.top.grants, self.grants[member])),
                 name, "not for its registrar to register (E409)")
            self.counts["members"] += 1

    def check_registrars(self):
        """Those below the realm's: whoever appointed one sorts before it."""
        for name in self.folder("registrars", ".lsd"):
            document, other = Document(self.files[name], name), name.replace(".lsd", ".version")
            by = self.registrars.get(document.issuers[0][0])
            need(by, name, "by no registrar that is here (E407)")
            by.verify(document, 1, self.realm)
            own = Registrar(document)
            own.depth = by.depth + 1
            need(own.depth <= 3, name, "too far below the root (E407)")
            need(name == f"registrars/{own.member}.lsd" and own.member not in self.registrars, name,
                 "it is of another registrar")
            need(own.within(by), name, "wider than who appointed it (E409)")
            need(other in self.files, name, "the other half is missing")
            need(sha256(self.files[other]) in self.version.all(5), other, "the version names no such part (E410)")
            part = Document(self.files[other], other)
            need(part.issuers[0][0] == own.member, other, "part of another registrar")
            own.known = Message(part.body, "RegistryVersion", other).number(6)
            self.registrars[own.member] = own
        for name in self.folder("registrars", ".version"):
            need(name.replace(".version", ".lsd") in self.files, name, "the other half is missing")

    def check_revocations(self):
        for name in self.folder("revocations", ".lsd"):
            document = Document(self.files[name], name)
            by = self.registrars.get(document.issuers[0][0])
            need(by, name, "by no registrar that is here (E410)")
            by.verify(document, 3, self.realm)
            body = Message(document.body, "Revocation", name)
            number, member, kid, since = body.number(1), body.text(2), body.bytes(3), body.number(5)
            need(re.fullmatch(r"[a-z]{2,16}(-[a-z0-9]{1,8})?\.[0-9]{6}", member), name, "of no member (E221)")
            need(region_within(member.rpartition(".")[2], by.region), name, "outside its region (E402)")
            need(all(by.grants(types) for types in self.grants.get(member, [])), name, "beyond its types (E409)")
            need(since <= document.issued, name, "doubted since after its issue")
            need(name == f"revocations/{by.member}-{number:08}.lsd", name, "it has another number or registrar")
            need(number == by.known + 1, name, "one before it is missing (E439)")
            by.known = number
            found = since or document.issued, f"{by.member} {number}"
            if found[0] < self.revoked.get((member, kid), found)[0] or (member, kid) not in self.revoked:
                self.revoked[member, kid] = found
            self.counts["revoked"] += 1

    def key(self, member, kid, at, taken, name):
        """The signing key with this id that was good at that time; a doubt when it was revoked before the hub took it."""
        for have, public, since, until in self.keys.get((member, SIGN), []):
            if have == kid:
                need(since <= at < until, name, f"the key of {member} was not valid then (E405, E406)")
                if (member, kid) in self.revoked and self.revoked[member, kid][0] <= taken:
                    self.doubts.setdefault(name, []).append((member, *self.revoked[member, kid], taken))
                return public
        raise Refused(name, f"no proven key of {member} (E304)")

    def end(self, member, kid):
        return self.revoked.get((member, kid), (2**64,))[0]

    # -- checkpoints --

    # -- the log: checkpoints, cosignatures, time stamps, entries --

    @staticmethod
    def parse_note(data, name):
        """A signed note (C2SP) in its one form: origin, size, root, text and [(who, proof)], that of the log first."""
        text, _, rest = data.partition(b"\n\n")
        rows, lines = text.split(b"\n"), rest.split(b"\n")
        need(len(data) <= NOTE_MAX and len(rows) == 3 and lines.pop() == b"" and 1 <= len(lines) <= 1 + NOTE_EXTRA_MAX, name,
             "no checkpoint (E807)")
        origin, size = rows[0].decode("ascii"), int(rows[1])
        need(rows[1] == b"%d" % size and 0 <= size < 2**64, name, "no checkpoint (E807)")
        signers = []
        for line in lines:
            row = line.split(b" ")
            need(len(row) == 3 and row[0] == "\u2014".encode() and 0 < len(row[1]) <= NOTE_NAME_MAX and b"\0" not in row[1], name,
                 "no checkpoint (E807)")
            signers.append((row[1].decode("utf-8", "replace"), base64_bytes(row[2], name)))
            need(4 < len(signers[-1][1]) <= NOTE_PROOF_MAX, name, "no checkpoint (E807)")
        # A second line of the log would leave open which one counts.
        need([who for who, _ in signers].count(origin) == 1 and signers[0][0] == origin, name, "no checkpoint (E807)")
        root = base64_bytes(rows[2], name)
        need(len(root) == 32, name, "no checkpoint (E807)")
        return origin, size, root, text + b"\n", signers

    def note(self, data, hub, at, name, taken=2**64 - 2):
        """taken: by the log; without it nobody but the bundle says when, and a revoked key signs nothing."""
        origin, size, root, text, signers = self.parse_note(data, name)
        number = re.fullmatch(re.escape(f"{hub}.{self.realm}/audit/") + r"([1-9][0-9]*)", origin)
        need(number and int(number.group(1)) < 2**32, name, "another log (E807)")
        proof = signers[0][1]
        for kid, public, since, until in self.keys.get((hub, LOG), []):
            tag = sha256(origin.encode() + b"\n\1" + public)[:4]
            if proof[:4] == tag and since <= at < until and taken < self.end(hub, kid) and signed(public, text, proof[4:]):
                return origin, size, root, text, signers[1:]
        raise Refused(name, f"not signed by the log key of {hub} (E807)")

    def check_checkpoints(self):
        name = "checkpoint.txt"
        need(name in self.files, name, "it is missing")
        self.origin, self.size, self.root, text, rows = self.note(self.files[name], self.hub, self.exported, name)
        self.count_witnesses(text, rows)
        for name in self.folder("seen", ".txt"):
            origin, size, root, text, rows = self.note(self.files[name], self.hub, self.exported, name)
            proof = name.replace(".txt", ".path")
            need(name == f"seen/{size}.txt" and origin == self.origin and proof in self.files, name,
                 "another size or log")
            need(consistent(size, root, self.size, self.root, hashes(self.files[proof], proof)), proof,
                 "the log was not only continued (E806)")
            self.count_witnesses(text, rows)
            self.counts["seen"] += 1
        for name in self.folder("seen", ".path"):
            need(name.replace(".path", ".txt") in self.files, name, "it is about nothing here")

    def count_witnesses(self, text, signers):
        witnesses = set()
        for who, data in signers:
            member = who.removesuffix(f".{self.realm}/witness")
            time_s = int.from_bytes(data[4:12], "big")
            for kid, public, since, until in self.keys.get((member, WITNESS), []):
                tag = sha256(who.encode() + b"\n\4" + public)[:4]
                # The time of a line has whole seconds; a key may begin within one.
                if member != self.hub and len(data) == 76 and data[:4] == tag and time_s <= self.exported // 1000 + AHEAD_S and \
                        since - 999 <= time_s * 1000 < min(until, self.end(member, kid)) and \
                        signed(public, b"cosignature/v1\ntime %d\n" % time_s + text, data[12:]):
                    witnesses.add(member)
        self.counts["witnesses"] = max(len(witnesses), self.counts["witnesses"])

    # -- time stamps --

    def check_stamps(self):
        """RFC 3161, over the bytes of a checkpoint: PROTOCOL 8.2."""
        for name in self.folder("seen", ".tsr") + ["checkpoint.tsr"] * ("checkpoint.tsr" in self.files):
            note, answer = name.replace(".tsr", ".txt"), self.files[name]
            need(note in self.files, name, "the stamp of nothing here")
            # What the status says is signed by nobody: only the token that follows it is read.
            text = (openssl(["ts", "-reply", "-text", "-in", "a"], a=answer) or "").rpartition("\nTST info:\n")[2]
            time = re.search(r"^Time stamp: (\w+ +\d+ \d\d:\d\d:\d\d)(?:\.\d+)? (\d{4}) GMT$", text, re.M)
            about = re.search(r"^Hash Algorithm: sha256\nMessage data:\n((?: +[0-9a-f]{4} - .*\n)+)", text, re.M)
            digits = "".join(re.findall(r"^ +[0-9a-f]{4} - ((?:[0-9a-f]{2}[ -]){16})", about.group(1), re.M)) if about else ""
            need(time and re.sub("[ -]", "", digits) == sha256(self.files[note]).hex(), name,
                 "not a stamp, or about other bytes (E813)")
            self.counts["stamps"] += 1
            if not self.stamp_roots:
                continue
            time = datetime.datetime.strptime(" ".join(time.groups()) + " +0000", "%b %d %H:%M:%S %Y %z")
            accuracy = re.search(r"^Accuracy: (?:0x([0-9A-Fa-f]+)|unspecified) seconds, (?:0x([0-9A-Fa-f]+)|unspecified) millis",
                                 text, re.M)
            seconds, millis = (int(value or "0", 16) for value in accuracy.groups()) if accuracy else (0, 0)
            with open(self.stamp_roots, "rb") as roots:
                need(openssl(["ts", "-verify", "-in", "a", "-data", "n", "-CAfile", "r", "-attime",
                              str(int(time.timestamp()))], a=answer, n=self.files[note], r=roots.read()) is not None,
                     name, "about other bytes, or not signed under these roots (E813)")
            size = self.size if note == "checkpoint.txt" else int(note[5:-4])
            until = (int(time.timestamp()) + seconds + 120) * 1000 + millis
            for index, (_, claimed, _) in sorted(self.leaves.items()):
                need(index >= size or claimed <= until, f"log/{index:012}.leaf",
                     "it claims a later time than the stamp of its checkpoint (E809)")
            self.counts["stamped"] += 1

    # -- leaves --

    def check_leaves(self):
        for name in self.folder("log", ".leaf"):
            index, data = int(name[4:16]), self.files[name]
            path = name.replace(".leaf", ".path")
            need(path in self.files, name, "its path is missing (E808)")
            root = path_root(leaf_hash(data), index, self.size, hashes(self.files[path], path))
            need(root == self.root, name, "it is not under the checkpoint (E808)")
            r = Reader(data, name)
            need(r.take(len(label(b"log"))) == label(b"log"), name, "no leaf")
            kind, time = r.uint(1), r.uint(8)
            body = r.sized(2)
            r.end()
            need(kind > 0, name, "no leaf")
            need(time <= self.exported, name, "it is later than the export, as of which the log's key is judged (E809)")
            self.leaves[index] = (kind, time, body)
            self.check_leaf(index, kind, time, body, name)
        need((self.kind, self.id) in self.about or self.kind == "case", "bundle.json",
             "no entry of the log here is about that id")
        for folder, kinds in (("log", None), ("receipts", (MEMBER_RECEIPT, OTHER_RECEIPT)), ("decisions", (DECISION,)),
                              ("reads", (DECISION,))):
            for name in self.folder(folder, ""):
                leaf = self.leaves.get(int(re.search(r"\d{12}", name).group()))
                need(leaf and (kinds is None or leaf[0] in kinds), name, "no leaf commits to it")

    def check_leaf(self, index, kind, time, body, name):
        if kind == RECEIPT:
            q = Message(body, "Receipt", name)
            need(q.text(1) == self.realm and q.text(6) == self.hub and q.number(9) == time and
                 q.number(10) == index, name, "the receipt is of another place, time or hub")
            self.accepted.setdefault(q.bytes(5), time)
            self.about.add(("envelope", q.bytes(5).hex()))
            self.counts["receipts"] += 1
        elif kind == STATEMENT:
            v = Message(body, "Statement", name)
            need(v.text(1) == self.realm and v.number(4) == time and v.number(10) == index, name,
                 "the statement is of another place or time")
            self.accepted.setdefault(v.bytes(3), time)
            self.counts["statements"] += 1
        elif kind in (MEMBER_RECEIPT, OTHER_RECEIPT):
            self.check_receipt(f"receipts/{index:012}.lsr", kind, time, body)
        elif kind == DECISION:
            record = f"decisions/{index:012}.bin"
            need((record in self.files) == (record.replace(".bin", ".json") in self.files), record, "it or its .json is missing")
            if record in self.files:
                need(sha256(self.files[record]) == body, record, "the leaf commits to another record")
                fields = Message(self.files[record], "DecisionRecord", record)
                self.refer(fields.bytes(1), time)
                self.check_reads(f"reads/{index:012}.bin", fields.bytes(6))
                self.counts["records"] += 1
            else:
                need(f"reads/{index:012}.bin" not in self.files, record, "it is missing")
        elif kind in (ORDER_STATE, OBLIGATION_STATE):
            change = Message(body, "StateChange", name)
            self.refer(change.bytes(5), time)
            if kind == ORDER_STATE:
                self.about.add(("order", change.bytes(1).hex()))
            self.counts["states"] += 1

    def refer(self, document, time):
        if document:
            self.referred[document] = min(time, self.referred.get(document, time))

    def check_reads(self, name, digest):
        """What a decision read, behind the tokens that it was given: PROTOCOL 16.1."""
        if name not in self.files:
            return
        r = Reader(self.files[name], name)
        r.take(16 * r.uint(2))
        need(sha256(label(b"readset") + r.data[r.at:]) == digest, name, "the record commits to something else that was read")
        self.counts["reads"] += 1

    # -- what stands in it: receipts, envelopes, documents, rules --

    def check_receipt(self, name, kind, time, body):
        need(name in self.files, name, "it is missing")
        r = Reader(self.files[name], name)
        need(r.take(4) == b"LSR1" and r.uint(8) == 0 and r.uint(2) == 1, name, "no receipt")
        form = r.uint(1)
        need(form == (1 if kind == MEMBER_RECEIPT else 3), name, "another form of receipt")
        raw = r.sized(4)
        q = Message(raw, "Receipt", name)
        need(q.text(1) == self.realm, name, "another realm (E313)")
        if form == 1:
            s = r.sized(2)
            need(sha256(raw + s) == body, name, "the leaf commits to another receipt")
            need(q.number(9) <= time + FUTURE_MS and q.number(10) == 0, name, "what a member cannot say")
            public = self.key(q.text(6), signature_kid(s, name), q.number(9), time, name)
            batch_signed(public, leaf_hash(label(b"receipt") + sha256(raw)), s, name)
            self.counts["signed"] += 1
        else:
            path = hashes(r.take(32 * r.uint(1)), name)
            checkpoint = r.sized(2)
            need(sha256(raw) == body, name, "the leaf commits to another receipt")
            try:
                _, size, root, _, _ = self.note(checkpoint, q.text(6), q.number(9), name, time)
            except Refused:
                _, size, root, _, _ = self.note(checkpoint, q.text(6), self.exported, name, time)
            leaf = label(b"log") + b"\1" + struct.pack(">QH", q.number(9), len(raw)) + raw
            need(path_root(leaf_hash(leaf), q.number(10), size, path) == root, name, "not in that hub's log (E808)")
            self.counts["other"] += 1
        need(r.sized(2) == b"", name, "a checkpoint too many")
        r.end()

    # -- envelopes, documents, rules --

    def check_envelopes(self):
        self.parts = {}
        for name in self.folder("envelopes", ".lse"):
            r = Reader(self.files[name], name)
            need(r.take(4) == b"LSE1", name, "no envelope (E201)")
            header = r.sized(4)
            parts, joined = [], b""
            for _ in range(r.uint(1)):
                form = r.uint(1)
                need(form in (0, 1), name, "form of a part (E219)")
                if form == 1:
                    wraps, cipher = r.sized(4), r.sized(4)
                    need(len(cipher) >= CIPHER_MIN, name, "shorter than a part is (E203)")
                    joined += sha256(wraps) + sha256(cipher)
                    parts.append((len(wraps), cipher))
                else:
                    joined += r.take(64)
                    parts.append(None)
            s = r.sized(2)
            r.end()
            leaf = leaf_hash(label(b"envelope") + sha256(header) + bytes([len(parts)]) + joined)
            need(name == f"envelopes/{leaf.hex()}.lse", name, "it is another envelope")
            need(leaf in self.accepted, name, "no leaf here speaks of it")
            h = Message(header, "Header", name)
            need(h.text(2) == self.realm and h.number(1) == SUITE, name, "realm or suite")
            public = self.key(h.text(4), h.bytes(5), self.accepted[leaf], self.accepted[leaf], name)
            batch_signed(public, leaf, s, name)
            of = [Message(p, "PartHeader", name) for p in h.all(17)]
            need(len(of) == len(parts) > 0 and all(part is None or part[0] == WRAP * len(p.all(2)) for p, part in zip(of, parts)),
                 name, "parts, or who may open them")
            self.parts[leaf.hex()] = (header, [p.bytes(3) for p in of], [part and part[1] for part in parts])
            self.counts["envelopes"] += 1
            self.counts["hidden"] += len(parts)
        for name in self.folder("envelopes", ""):
            other = name.replace(".lse", ".json") if name.endswith(".lse") else name.replace(".json", ".lse")
            need(other in self.files, name, "its frame or its .json is missing")

    def find_signer(self, document, taken):
        return lambda member, kid: self.key(member, kid, document.issued, taken, document.name)

    def check_documents(self):
        for name in self.folder("disclosed", ".dek"):
            env_id, part, dek = name[10:74], int(name[75]), self.files[name]
            need(env_id in self.parts and part < len(self.parts[env_id][2]) and len(dek) == 32, name,
                 "the key of no part that is here")
            header, commitments, parts = self.parts[env_id]
            need(parts[part] is not None, name, "its part is here by hash only")
            plain = open_part(dek, header, part, commitments[part], parts[part], name)
            document = Document(plain, name)
            taken = self.accepted[bytes.fromhex(env_id)]
            document.verify(self.realm, self.find_signer(document, taken))
            self.refer(document.hash, taken)
            self.refer(document.fields.bytes(15), taken)
            self.counts["opened"] += 1
            self.counts["hidden"] -= 1
        for name in self.folder("documents", ".lsd"):
            document = Document(self.files[name], name)
            need(name == f"documents/{document.hash.hex()}.lsd", name, "it is another document")
            need(document.hash in self.referred, name, "nothing here refers to it")
            document.verify(self.realm, self.find_signer(document, self.referred[document.hash]))
            self.counts["documents"] += 1

    def check_rules(self):
        named = {Message(self.files[n], "DecisionRecord", n).bytes(3) for n in self.folder("decisions", ".bin")}
        for folder in sorted({n[:23] for n in self.folder("rules", ".yaml")}):
            joined = b""
            for name in self.folder(folder[:-1], ".yaml"):
                base = name[23:].encode()
                joined += struct.pack(">H", len(base)) + base + struct.pack(">I", len(self.files[name])) + \
                    self.files[name]
            digest = sha256(joined)
            need(digest in named and folder == f"rules/{digest.hex()[:16]}/", folder,
                 "not the rule set that a decision names")
            self.counts["rules"] += 1

    # -- all of it --

    def verify(self):
        self.check_files()
        self.check_about()
        self.check_members()
        self.check_registrars()
        self.check_revocations()
        self.check_checkpoints()
        self.check_leaves()
        self.check_stamps()
        self.check_envelopes()
        self.check_documents()
        self.check_rules()


# ---- what is told ----

def doubted(b, folder):
    return sum(name.startswith(folder + "/") for name in b.doubts)


def tell(b, own_anchor):
    c = b.counts
    sure = {"signed": c["signed"] - doubted(b, "receipts"), "envelopes": c["envelopes"] - doubted(b, "envelopes"),
            "documents": c["documents"] - doubted(b, "documents"), "opened": c["opened"] - doubted(b, "disclosed")}
    rows = [
        (True, f"全部文件与清单一致；{c['members']} 个成员的密钥由信任锚证明",
         f"all files are those of the list; the keys of {c['members']} members are proven under the anchor"),
        (True, f"日志 {b.origin}（{b.size} 条）由枢纽签署，其或其所延续者由 {c['witnesses']} 个见证方联署，延续 {c['seen']} 个先前检查点",
         f"log {b.origin} ({b.size} entries) is signed by the hub, cosigned (it or one it continues) by {c['witnesses']} witnesses, "
         f"and continues {c['seen']} earlier checkpoints"),
        (True, f"{len(b.leaves)} 条日志在其中：{c['receipts']} 份枢纽回执、{c['statements']} 份投递说明、{c['states']} 次状态变更",
         f"{len(b.leaves)} entries are under it: {c['receipts']} receipts of the hub, {c['statements']} "
         f"statements, {c['states']} changes of state"),
        (True, f"{sure['signed']} 份回执由成员签署，{c['other']} 份在其他枢纽日志中",
         f"{sure['signed']} receipts are signed by members, {c['other']} stand in logs of other hubs"),
        (True, f"{sure['envelopes']} 个信封由发送方签署；{sure['documents']} 份文书、{sure['opened']} 个打开的部分由签发方签署",
         f"{sure['envelopes']} envelopes are signed by their senders; {sure['documents']} documents and {sure['opened']} "
         "opened parts by their issuers"),
        (True, f"{c['records']} 份决定记录即日志所记者；{c['rules']} 个规则集即其所依据者",
         f"{c['records']} decision records are those of the log; {c['rules']} rule sets are those they name"),
        (False, f"{c['hidden']} 个密封部分未披露", f"{c['hidden']} sealed parts are not disclosed"),
        (False, f"导出时间 {b.exported}（毫秒）为导出方所称；日志密钥以该时刻核验",
         f"that it was exported at {b.exported} (milliseconds) is the exporter's word; the log's key is judged as of then"),
        (False, f"未重演决定（有当时所读各行者 {c['reads']} 份，由 lianshu evidence verify 重演）；report.*、*.json 仅供阅读",
         f"decisions were not made again here (of {c['reads']} what they read is here: lianshu evidence verify does); report.* "
         "and *.json are for reading only"),
        (False, "时间、完整性、操作密钥之人、所述事实是否属实",
         "times, completeness, who used a key, and whether what was said is so"),
    ]
    if b.kind == "case":
        rows.append((False, "这些报文属于该案件：为枢纽所述，案件编号在密封文书之中",
                     "that these messages belong to the case is the hub's word: its id stands in sealed documents"))
    if not c["witnesses"]:
        rows.append((False, "无见证方联署：仅凭枢纽一方，不排除其向他人出示另一份日志",
                     "no witness has cosigned: by the hub's word alone, it may show others another log"))
    if c["stamped"]:
        rows.append((True, f"{c['stamped']} 个时间戳有效：其检查点于所称时间已存在",
                     f"{c['stamped']} time stamps are good: their checkpoints existed at the times they state"))
    if c["stamps"] > c["stamped"]:
        rows.append((False, f"{c['stamps'] - c['stamped']} 个时间戳未以机构根证书核验（--roots）",
                     f"{c['stamps'] - c['stamped']} time stamps were not verified with their authority's roots (--roots)"))
    for name in sorted(b.doubts):
        for member, since, by, taken in b.doubts[name]:
            rows.append((False, f"{name}：{member} 的密钥自 {since} 起已吊销（{by}），早于枢纽登记之时 {taken}（毫秒）：此签名不能证明",
                         f"{name}: the key of {member} is revoked from {since} ({by}), before the hub took it at {taken} "
                         "(milliseconds): NOT proven by that signature"))
    for name in sorted(b.registrars):
        known = b.registrars[name].known
        rows.append((True, f"{name} 至第 {known} 号为止的吊销均已计入", f"revocations by {name} up to number {known} are taken "
                     "into account"))
        rows.append((False, f"{name} 第 {known} 号之后的吊销", f"revocations by {name} after number {known} are not known here"))
    elsewhere = len(b.version.all(5)) + 1 - len(b.registrars)
    if elsewhere:
        rows.append((False, f"另 {elsewhere} 个登记机构在登记册第 {b.version.number(1)} 版之后的吊销",
                     f"revocations by {elsewhere} other registrars after version {b.version.number(1)} are not known here"))
    if own_anchor:
        rows.append((False, "信任锚取自本包：须另行核对", "the anchor is the bundle's own: compare it by other means"))
    for good, zh, en in rows:
        print(("+ 已证明 proven: " if good else "- 未证明 not proven: ") + zh + " / " + en)


def main():
    arguments, given = sys.argv[1:], {}
    if "-h" in arguments or "--help" in arguments:
        print("仅凭 Python 标准库与 openssl 命令核验证据包。退出码 0：全部成立；1：拒绝，并指出文件与理由。", __doc__, sep="\n")
        return 0
    for option in ("--anchor", "--roots"):
        if option in arguments[:-1]:
            at = arguments.index(option)
            given[option] = arguments[at + 1]
            del arguments[at:at + 2]
    anchor_path = given.get("--anchor")
    path = arguments[0] if arguments else os.path.dirname(os.path.abspath(__file__))
    try:
        need(OPENSSL, "openssl", "the command is missing")
        files = read_files(path)
        if anchor_path is None:
            need("anchor.yaml" in files, "anchor.yaml", "it is missing; give --anchor")
            anchor = read_anchor(files["anchor.yaml"].decode(), "anchor.yaml")
        else:
            with open(anchor_path, encoding="utf-8") as text:
                anchor = read_anchor(text.read(), anchor_path)
        bundle = Bundle(files, anchor, given.get("--roots"))
        bundle.verify()
    except Refused as why:
        print(f"拒绝 / refused: {why.args[0]}: {why.args[1]}", file=sys.stderr)
        return 1
    except Exception as why:  # whatever else a file brings about, it is no evidence
        print(f"拒绝 / refused: {path}: {type(why).__name__}", file=sys.stderr)
        return 1
    print(f"已验证 / verified: {bundle.kind} {bundle.id}")
    tell(bundle, anchor_path is None)
    return 0


sys.exit(main())
