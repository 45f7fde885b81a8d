"""Parts of envelopes: HPKE for each reader, a key and a commitment for each part, padding (PROTOCOL 4.1, RFC 9180)."""

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from .labels import X25519, expand, extract, kid, label, u
from .protocol import Refused
from .signing import raw

UNWRAP, COMMITMENT, CIPHERTEXT, PADDING = 307, 308, 311, 312    # inner codes; outwards E300
KEM, SUITE = b"KEM\x00\x20", b"HPKE\x00\x20\x00\x01\x00\x03"
WRAP_LEN = 80


class Opener:
    """One X25519 key with its secret."""

    def __init__(self, secret: bytes):
        self.secret = secret
        self.key = X25519PrivateKey.from_private_bytes(secret)
        self.public = raw(self.key.public_key())
        self.kid = kid(X25519, self.public)


# ---- HPKE, base mode ----

def _extract(salt: bytes, suite: bytes, name: bytes, ikm: bytes) -> bytes:
    return extract(salt, b"HPKE-v1" + suite + name + ikm)


def _expand(prk: bytes, suite: bytes, name: bytes, info: bytes, size: int) -> bytes:
    return expand(prk, u(size, 2) + b"HPKE-v1" + suite + name + info, size)


def _context(shared: bytes, enc: bytes, public: bytes, info: bytes) -> tuple[bytes, bytes]:
    """Key and first nonce."""
    kem = _expand(_extract(b"", KEM, b"eae_prk", shared), KEM, b"shared_secret", enc + public, 32)
    context = b"\0" + _extract(b"", SUITE, b"psk_id_hash", b"") + _extract(b"", SUITE, b"info_hash", info)
    secret = _extract(kem, SUITE, b"secret", b"")
    return _expand(secret, SUITE, b"key", context, 32), _expand(secret, SUITE, b"base_nonce", context, 12)


def hpke_seal(public: bytes, info: bytes, plain: bytes, ephemeral: bytes) -> bytes:
    """enc ‖ ct"""
    one = X25519PrivateKey.from_private_bytes(ephemeral)
    enc = raw(one.public_key())
    key, nonce = _context(one.exchange(X25519PublicKey.from_public_bytes(public)), enc, public, info)
    return enc + ChaCha20Poly1305(key).encrypt(nonce, plain, b"")


def hpke_open(own: Opener, info: bytes, wrap: bytes) -> bytes:
    try:
        shared = own.key.exchange(X25519PublicKey.from_public_bytes(wrap[:32]))
        key, nonce = _context(shared, wrap[:32], own.public, info)
        return ChaCha20Poly1305(key).decrypt(nonce, wrap[32:], b"")
    except (InvalidTag, ValueError):
        raise Refused(UNWRAP) from None


# ---- keys of a part ----

def wrap_info(realm: str, sender_kid: bytes, reader_kid: bytes) -> bytes:
    return label("wrap") + u(len(realm), 1) + realm.encode() + sender_kid + reader_kid


def dek(secret: bytes, message_id: bytes, part: int) -> bytes:
    return expand(extract(label("env"), secret), label("dek") + message_id + u(part, 1), 32)


def commitment(key: bytes) -> bytes:
    return expand(key, label("commit"), 32)


def _payload(key: bytes, header_hash: bytes, part: int) -> tuple[ChaCha20Poly1305, bytes, bytes]:
    both = expand(key, label("payload") + header_hash, 44)
    return ChaCha20Poly1305(both[:32]), both[32:], label("aead") + header_hash + u(part, 1)


def encrypt(key: bytes, header_hash: bytes, part: int, plain: bytes) -> bytes:
    cipher, nonce, aad = _payload(key, header_hash, part)
    return cipher.encrypt(nonce, pad(plain), aad)


def decrypt(key: bytes, header_hash: bytes, part: int, c: bytes) -> bytes:
    cipher, nonce, aad = _payload(key, header_hash, part)
    try:
        return unpad(cipher.decrypt(nonce, c, aad))
    except InvalidTag:
        raise Refused(CIPHERTEXT) from None


# ---- padding ----

def padded_len(size: int) -> int:
    """Of 4 + |p| bytes: multiples of 256 up to 4,096, then the lengths of Padmé."""
    if size <= 4096:
        return -(-size // 256) * 256
    exponent = size.bit_length() - 1
    free = exponent - exponent.bit_length()
    return -(-size // (1 << free)) * (1 << free)


def pad(plain: bytes) -> bytes:
    return (u(len(plain), 4) + plain).ljust(padded_len(4 + len(plain)), b"\0")


def unpad(padded: bytes) -> bytes:
    size = int.from_bytes(padded[:4], "big")
    plain = padded[4:4 + size]
    if len(padded) < 4 or len(plain) != size or pad(plain) != padded:
        raise Refused(PADDING)
    return plain
