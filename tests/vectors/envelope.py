#!/usr/bin/env python3
"""Makes envelope.txt: one envelope and one document, composed from the text of the protocol
alone, with none of our code. Curves and AEAD come from libsodium through ctypes, hashes from
Python. Run it anywhere; the output is the same every time.

    tests/vectors/envelope.py > tests/vectors/envelope.txt
"""
import ctypes
import ctypes.util
import hashlib
import hmac

sodium = ctypes.CDLL(ctypes.util.find_library("sodium"))
assert sodium.sodium_init() >= 0


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def u(value, size):
    return value.to_bytes(size, "big")


def label(name):
    return b"lianshu." + name.encode() + b".v1\0" + u(1, 2)


def extract(salt, ikm):
    return hmac.new(salt if salt else bytes(32), ikm, hashlib.sha256).digest()


def expand(prk, info, size):
    out = block = b""
    while len(out) < size:
        block = hmac.new(prk, block + info + bytes([len(out) // 32 + 1]), hashlib.sha256).digest()
        out += block
    return out[:size]


def ed25519(seed):
    public, secret = ctypes.create_string_buffer(32), ctypes.create_string_buffer(64)
    sodium.crypto_sign_seed_keypair(public, secret, seed)
    return public.raw, secret.raw


def sign(secret, message):
    out = ctypes.create_string_buffer(64)
    sodium.crypto_sign_detached(out, None, message, ctypes.c_ulonglong(len(message)), secret)
    return out.raw


def x25519_public(secret):
    out = ctypes.create_string_buffer(32)
    sodium.crypto_scalarmult_base(out, secret)
    return out.raw


def x25519(secret, public):
    out = ctypes.create_string_buffer(32)
    assert sodium.crypto_scalarmult(out, secret, public) == 0
    return out.raw


def aead(key, nonce, aad, text):
    out, size = ctypes.create_string_buffer(len(text) + 16), ctypes.c_ulonglong()
    sodium.crypto_aead_chacha20poly1305_ietf_encrypt(
        out, ctypes.byref(size), text, ctypes.c_ulonglong(len(text)), aad,
        ctypes.c_ulonglong(len(aad)), None, nonce, key)
    return out.raw


def hpke_seal(public, info, text, ephemeral):
    kem, suite = b"KEM\x00\x20", b"HPKE\x00\x20\x00\x01\x00\x03"

    def lextract(salt, sid, name, ikm):
        return extract(salt, b"HPKE-v1" + sid + name + ikm)

    def lexpand(prk, sid, name, info, size):
        return expand(prk, u(size, 2) + b"HPKE-v1" + sid + name + info, size)

    enc = x25519_public(ephemeral)
    shared = lexpand(lextract(b"", kem, b"eae_prk", x25519(ephemeral, public)), kem,
                     b"shared_secret", enc + public, 32)
    context = b"\0" + lextract(b"", suite, b"psk_id_hash", b"") + lextract(b"", suite, b"info_hash",
                                                                          info)
    secret = lextract(shared, suite, b"secret", b"")
    return enc + aead(lexpand(secret, suite, b"key", context, 32),
                      lexpand(secret, suite, b"base_nonce", context, 12), b"", text)


def kid(alg, public):
    return sha(label("key"), u(alg, 1), u(32, 2), public)[:16]


def varint(n):
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def number(tag, value):
    return varint(tag << 3) + varint(value) if value else b""


def data(tag, value):
    value = value.encode() if isinstance(value, str) else value
    return varint(tag << 3 | 2) + varint(len(value)) + value


def pad(text):
    size = 4 + len(text)
    if size <= 4096:
        size = -(-size // 256) * 256
    else:
        exponent = size.bit_length() - 1
        mask = (1 << (exponent - exponent.bit_length())) - 1
        size = (size + mask) & ~mask
    return (u(len(text), 4) + text).ljust(size, b"\0")


def batch(secret, key_id, leaf, before, after):
    """S of `leaf`, the middle one of three."""
    root = sha(b"\1", sha(b"\1", before, leaf), after)
    statement = label("batch") + key_id + u(3, 8) + root
    return (u(1, 1) + key_id + u(3, 8) + u(1, 8) + u(2, 1) + before + after +
            sign(secret, statement))


def seed(name):
    return sha(b"lianshu test vector ", name.encode())


REALM, NOW = "test", 1764000000000
sender_public, sender_secret = ed25519(seed("market sign"))
sender_kid = kid(1, sender_public)
readers = {}
for member in ("hub.445100", "police.445100"):
    secret = seed(member + " seal")
    readers[member] = (secret, x25519_public(secret), kid(2, x25519_public(secret)))

# A document.
D = (data(1, REALM) + data(2, seed("salt")[:16]) + number(3, 40) + number(4, 1) +
     data(5, data(1, "market.445100") + data(2, sender_kid)) +
     data(6, u(NOW, 6) + seed("document id")[:10]) + number(7, NOW) +
     data(9, "police.445100") + data(16, b"the body"))
leaf = sha(b"\0", label("document"), sha(D))
S = batch(sender_secret, sender_kid, leaf, seed("left"), seed("right"))
LSD1 = b"LSD1" + u(len(D), 4) + D + u(1, 1) + u(len(S), 2) + S

# An envelope with facts for hub and police, and that document for police.
message_id = u(NOW, 6) + seed("message id")[:10]
plain = [b"facts", LSD1]
audiences = [["hub.445100", "police.445100"], ["police.445100"]]
secrets, R, deks, part_headers = [], [], [], []
for i, audience in enumerate(audiences):
    secret = seed("secret %d" % i)
    wraps = b""
    for member in audience:
        _, public, reader_kid = readers[member]
        info = label("wrap") + u(len(REALM), 1) + REALM.encode() + sender_kid + reader_kid
        wraps += hpke_seal(public, info, secret, seed("ephemeral %d %s" % (i, member)))
    dek = expand(extract(label("env"), secret), label("dek") + message_id + u(i, 1), 32)
    R.append(wraps)
    deks.append(dek)
    part_headers.append(number(1, 1 + i) +
                        b"".join(data(2, data(1, m) + data(2, readers[m][2])) for m in audience) +
                        data(3, expand(dek, label("commit"), 32)))
H = (number(1, 1) + data(2, REALM) + number(3, 40) + data(4, "market.445100") +
     data(5, sender_kid) + data(6, message_id) + number(7, NOW) + number(8, NOW + 86400000) +
     number(10, 2) + data(11, "police.445100") + number(16, 1) +
     b"".join(data(17, p) for p in part_headers))
C = []
for i, text in enumerate(plain):
    key_nonce = expand(deks[i], label("payload") + sha(H), 44)
    C.append(aead(key_nonce[:32], key_nonce[32:], label("aead") + sha(H) + u(i, 1), pad(text)))
E = label("envelope") + sha(H) + u(len(C), 1) + b"".join(sha(r) + sha(c) for r, c in zip(R, C))
env_id = sha(b"\0", E)
S = batch(sender_secret, sender_kid, env_id, seed("left envelope"), seed("right envelope"))
LSE1 = (b"LSE1" + u(len(H), 4) + H + u(len(C), 1) +
        b"".join(u(1, 1) + u(len(r), 4) + r + u(len(c), 4) + c for r, c in zip(R, C)) +
        u(len(S), 2) + S)

print("# Made by envelope.py from the text of the protocol; do not edit.")
for name, value in (("sender.public", sender_public), ("sender.kid", sender_kid),
                    ("police.secret", readers["police.445100"][0]),
                    ("police.kid", readers["police.445100"][2]),
                    ("document", LSD1), ("document.hash", sha(D)),
                    ("envelope", LSE1), ("envelope.id", env_id), ("dek1", deks[1])):
    print(name, "=", value.hex())
