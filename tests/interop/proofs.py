#!/usr/bin/env python3
"""Inclusion and consistency proofs of RFC 6962 by two implementations: for all sizes to 512 and random ones to
LEAVES both make the same proof, each believes the other's, and both refuse a wrong one.

    proofs.py BIN [COUNT [SEED [LEAVES]]]     COUNT random pairs
"""

import struct
import sys

import peer as p
from lianshu import frames, merkle
from lianshu.labels import u
from lianshu.merkle import leaf, node, split

SMALL, AT_ONCE = 512, 4096


class Tree:
    """Leaf k is the hash of u64 k. Complete subtrees are kept by level, one hash behind the other."""

    def __init__(self, size: int):
        level = b"".join(leaf(u(k, 8)) for k in range(size))
        self.levels = [level]
        while len(level) >= 64:
            level = b"".join(node(level[i:i + 32], level[i + 32:i + 64]) for i in range(0, len(level) - 63, 64))
            self.levels.append(level)

    def root(self, first: int, size: int) -> bytes:
        """Over the leaves first … first + size - 1, as RFC 6962 cuts them."""
        if size & (size - 1) == 0:
            at = 32 * (first // size)
            return self.levels[size.bit_length() - 1][at:at + 32]
        k = split(size)
        return node(self.root(first, k), self.root(first + k, size - k))

    def path(self, index: int, size: int, first: int = 0) -> list[bytes]:
        if size == 1:
            return []
        k = split(size)
        if index < k:
            return self.path(index, k, first) + [self.root(first + k, size - k)]
        return self.path(index - k, size - k, first + k) + [self.root(first, k)]

    def consistency(self, old: int, size: int, first: int = 0, whole: bool = True) -> list[bytes]:
        if old == size:
            return [] if whole else [self.root(first, size)]
        k = split(size)
        if old <= k:
            return self.consistency(old, k, first, whole) + [self.root(first + k, size - k)]
        return self.consistency(old - k, size - k, first + k, False) + [self.root(first, k)]


def c_made(peer, op: str, leaves: int, pairs: list, roots: int):
    """What C makes of each pair: roots and hashes."""
    for begin in range(0, len(pairs), AT_ONCE):
        some = pairs[begin:begin + AT_ONCE]
        r = frames.Reader(peer.ask(op, u(leaves, 8) + u(len(some), 2) + b"".join(struct.pack(">QQ", *x) for x in some)))
        for pair in some:
            yield pair, r.hashes(roots), r.hashes(r.uint(1))
        r.end()


def inclusion(peer, tree: Tree, leaves: int, pairs: list) -> None:
    for (index, size), (root,), path in c_made(peer, "i", leaves, pairs, 1):
        p.check(path == tree.path(index, size) and root == tree.root(0, size), f"leaf {index} of {size}")
        merkle.verify(leaf(u(index, 8)), index, size, path, root)


def consistency(peer, tree: Tree, leaves: int, pairs: list) -> None:
    for (old, size), (before, root), proof in c_made(peer, "k", leaves, pairs, 2):
        p.check(proof == tree.consistency(old, size), f"{old} within {size}")
        p.check((before, root) == (tree.root(0, old), tree.root(0, size)), f"roots of {old} and {size}")
        merkle.verify_consistency(old, before, size, root, proof)


def spoiled(random, hashes: list[bytes]) -> list[bytes]:
    kind, hashes = random.randrange(4), list(hashes)
    at = random.randrange(len(hashes)) if hashes else 0
    if kind == 0 or not hashes:
        hashes.insert(at, random.randbytes(32))
    elif kind == 1:
        hashes.pop(at)
    elif kind == 2:
        hashes[at] = random.randbytes(32)
    else:
        hashes.append(hashes[at])
    return hashes


def both_say(peer, op: str, ours, question: bytes, good: bool) -> None:
    theirs = peer.code(op, question)
    p.check(ours == theirs and (theirs == 0) == good, f"{op}: Python E{ours:03d}, C E{theirs:03d}")


def shown_to_both(peer, tree: Tree, random, size_max: int, count: int) -> None:
    """Right proofs, and the same spoiled, or of another place."""
    for _ in range(count):
        size = random.randint(1, size_max)
        index, old = random.randrange(size), random.randint(1, size)
        root, before = tree.root(0, size), tree.root(0, old)
        for path, at, good in ((tree.path(index, size), index, True), (spoiled(random, tree.path(index, size)), index, False),
                               (tree.path(index, size), size, False)):
            one = leaf(u(index, 8))
            both_say(peer, "I", p.code_of(merkle.verify, one, at, size, path, root),
                     one + u(at, 8) + u(size, 8) + root + u(len(path), 1) + b"".join(path), good)
        proof = tree.consistency(old, size)
        for hashes, good in ((proof, True), (spoiled(random, proof), False)):
            both_say(peer, "K", p.code_of(merkle.verify_consistency, old, before, size, root, hashes),
                     u(old, 8) + before + u(size, 8) + root + u(len(hashes), 1) + b"".join(hashes), good)


def test(world, peer, random, count: int) -> None:
    leaves, count = int(sys.argv[4]) if len(sys.argv) > 4 else 100000, count or 1000
    small = Tree(SMALL)
    pairs = [(index, size) for size in range(1, SMALL + 1) for index in range(size)]
    inclusion(peer, small, SMALL, pairs)
    consistency(peer, small, SMALL, [(index + 1, size) for index, size in pairs])
    print(f"{len(pairs)} proofs of each kind to {SMALL} leaves", flush=True)
    shown_to_both(peer, small, random, SMALL, count)
    tree = Tree(leaves)
    sizes = [random.randint(1, leaves) for _ in range(count)]
    inclusion(peer, tree, leaves, [(random.randrange(size), size) for size in sizes])
    consistency(peer, tree, leaves, [(random.randint(1, size), size) for size in sizes])
    shown_to_both(peer, tree, random, leaves, count)
    print(f"{count} of each kind to {leaves} leaves")


if __name__ == "__main__":
    p.main(test)
