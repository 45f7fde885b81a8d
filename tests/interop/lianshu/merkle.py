"""Trees of RFC 6962, written as section 2.1 defines them."""

from .labels import sha256
from .protocol import Refused

INCLUSION, CONSISTENCY = 808, 806


def leaf(body: bytes) -> bytes:
    return sha256(b"\0", body)


def node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\1", left, right)


def split(size: int) -> int:
    """The largest power of two below size."""
    return 1 << ((size - 1).bit_length() - 1)


def root(leaves: list[bytes]) -> bytes:
    if not leaves:
        return sha256(b"")
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return node(root(leaves[:k]), root(leaves[k:]))


def path(index: int, leaves: list[bytes]) -> list[bytes]:
    """From the leaf's sibling upwards."""
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if index < k:
        return path(index, leaves[:k]) + [root(leaves[k:])]
    return path(index - k, leaves[k:]) + [root(leaves[:k])]


def path_len(index: int, size: int) -> int:
    if size == 1:
        return 0
    k = split(size)
    return 1 + (path_len(index, k) if index < k else path_len(index - k, size - k))


def path_root(one: bytes, index: int, size: int, hashes: list[bytes]) -> bytes:
    """The root that this path leads to."""
    if size == 1:
        if hashes:
            raise Refused(INCLUSION, "path is too long")
        return one
    if not hashes:
        raise Refused(INCLUSION, "path is too short")
    k = split(size)
    if index < k:
        return node(path_root(one, index, k, hashes[:-1]), hashes[-1])
    return node(hashes[-1], path_root(one, index - k, size - k, hashes[:-1]))


def verify(one: bytes, index: int, size: int, hashes: list[bytes], tree: bytes) -> None:
    if index >= size or path_root(one, index, size, hashes) != tree:
        raise Refused(INCLUSION)


def consistency(old: int, leaves: list[bytes]) -> list[bytes]:
    def sub(m: int, part: list[bytes], whole: bool) -> list[bytes]:
        if m == len(part):
            return [] if whole else [root(part)]
        k = split(len(part))
        if m <= k:
            return sub(m, part[:k], whole) + [root(part[k:])]
        return sub(m - k, part[k:], False) + [root(part[:k])]
    return sub(old, leaves, True) if 0 < old else []


def verify_consistency(old: int, old_root: bytes, size: int, tree: bytes, proof: list[bytes]) -> None:
    def sub(m: int, n: int, hashes: list[bytes], whole: bool) -> tuple[bytes, bytes]:
        """Roots of the first m and of all n leaves."""
        if m == n:
            if len(hashes) != (0 if whole else 1):
                raise Refused(CONSISTENCY, "proof has another length")
            known = old_root if whole else hashes[0]
            return known, known
        if not hashes:
            raise Refused(CONSISTENCY, "proof is too short")
        k = split(n)
        if m <= k:
            before, now = sub(m, k, hashes[:-1], whole)
            return before, node(now, hashes[-1])
        before, now = sub(m - k, n - k, hashes[:-1], False)
        return node(hashes[-1], before), node(hashes[-1], now)
    if old > size:
        raise Refused(CONSISTENCY, "the log is shorter")
    if old == 0:
        if proof or old_root != sha256(b""):
            raise Refused(CONSISTENCY, "of an empty log")
    elif sub(old, size, proof, True) != (old_root, tree):
        raise Refused(CONSISTENCY)
