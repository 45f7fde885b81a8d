"""Ed25519, and many statements under one signature (PROTOCOL 3.1)."""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from . import merkle
from .frames import Signature
from .labels import ED25519, kid, label, u
from .protocol import Refused

SIGNATURE = 303
P = 2 ** 255 - 19
D = -121665 * pow(121666, P - 2, P) % P


def small_order_y() -> frozenset:
    """The y of every point of order 1, 2, 4 or 8 on edwards25519.

    -x² + y² = 1 + d x² y². Order 1 and 2: x = 0. Order 4: y = 0. Order 8: doubling gives y = 0, which is
    x² + y² = 0; so x² = -y², and d y⁴ + 2 y² - 1 = 0: y² = (-1 ± √(1 + d)) / d."""
    root = pow(1 + D, (P + 3) // 8, P)
    if root * root % P != (1 + D) % P:
        root = root * pow(2, (P - 1) // 4, P) % P
    found = {0, 1, P - 1}
    for sign in (1, -1):
        square = (-1 + sign * root) * pow(D, P - 2, P) % P
        y = pow(square, (P + 3) // 8, P)
        if y * y % P != square:
            y = y * pow(2, (P - 1) // 4, P) % P
        if y * y % P == square:
            found |= {y, P - y}
    return frozenset(found)


SMALL_ORDER_Y = small_order_y()


def is_small(point: bytes) -> bool:
    return (int.from_bytes(point, "little") & (2 ** 255 - 1)) % P in SMALL_ORDER_Y


def raw(public) -> bytes:
    return public.public_bytes(Encoding.Raw, PublicFormat.Raw)


class Signer:
    """One Ed25519 key with its secret."""

    def __init__(self, seed: bytes):
        self.seed = seed
        self.key = Ed25519PrivateKey.from_private_bytes(seed)
        self.public = raw(self.key.public_key())
        self.kid = kid(ED25519, self.public)

    def sign(self, message: bytes) -> bytes:
        return self.key.sign(message)

    def batch(self, leaves: list[bytes]) -> list[Signature]:
        """One signature for all: S of each leaf."""
        signature = self.sign(statement(self.kid, len(leaves), merkle.root(leaves)))
        return [Signature(self.kid, len(leaves), i, merkle.path(i, leaves), signature) for i in range(len(leaves))]


def statement(key: bytes, size: int, root: bytes) -> bytes:
    return label("batch") + key + u(size, 8) + root


def verify(public: bytes, message: bytes, signature: bytes) -> None:
    if is_small(public) or is_small(signature[:32]):
        raise Refused(SIGNATURE, "point of small order")
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        raise Refused(SIGNATURE) from None


def verify_leaf(public: bytes, leaf: bytes, s: Signature) -> None:
    root = merkle.path_root(leaf, s.index, s.size, s.path)
    verify(public, statement(s.kid, s.size, root), s.signature)
