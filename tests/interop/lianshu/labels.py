"""Hashes, labels and key derivation (PROTOCOL 1, RFC 5869)."""

import hashlib
import hmac

ED25519, X25519 = 1, 2
SUITE = 1


def u(value: int, size: int) -> bytes:
    return value.to_bytes(size, "big")


def sha256(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def label(name: str) -> bytes:
    return b"lianshu." + name.encode() + b".v1\0" + u(SUITE, 2)


def kid(alg: int, public: bytes) -> bytes:
    return sha256(label("key"), u(alg, 1), u(len(public), 2), public)[:16]


def hmac256(key: bytes, *parts: bytes) -> bytes:
    return hmac.new(key, b"".join(parts), hashlib.sha256).digest()


def extract(salt: bytes, ikm: bytes) -> bytes:
    return hmac256(salt or bytes(32), ikm)


def expand(prk: bytes, info: bytes, size: int) -> bytes:
    out = block = b""
    while len(out) < size:
        block = hmac256(prk, block, info, bytes([len(out) // 32 + 1]))
        out += block
    return out[:size]
