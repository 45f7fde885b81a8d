"""Files in chunks, each sealed under the key of its file (PROTOCOL 4.2)."""

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from . import merkle
from .frames import CHUNK_TEXT, Chunk
from .labels import expand, label, sha256, u
from .protocol import Refused
from .wire import new

CIPHERTEXT = 311


def count_of(size: int) -> int:
    return max(1, -(-size // CHUNK_TEXT))


def _cipher(file_key: bytes, index: int, count: int) -> tuple[ChaCha20Poly1305, bytes, bytes]:
    return (ChaCha20Poly1305(expand(file_key, label("chunk"), 32)), u(0, 4) + u(index, 8),
            label("chunk") + u(index, 8) + u(count, 8))


class File:
    """What a sender gives: its manifest entry and its chunks."""

    def __init__(self, content: bytes, file_key: bytes):
        self.content, self.file_key, self.count = content, file_key, count_of(len(content))
        self.chunks = []
        for i in range(self.count):
            cipher, nonce, aad = _cipher(file_key, i, self.count)
            self.chunks.append(cipher.encrypt(nonce, content[i * CHUNK_TEXT:(i + 1) * CHUNK_TEXT], aad))
        self.leaves = [merkle.leaf(c) for c in self.chunks]
        self.root = merkle.root(self.leaves)

    def chunk(self, index: int) -> Chunk:
        return Chunk(self.root, index, self.count, merkle.path(index, self.leaves), self.chunks[index])

    def manifest(self, name: str, media_type: str, role: str = ""):
        return new("ManifestFile", name=name, media_type=media_type, byte_count=len(self.content),
                   sha256=sha256(self.content), file_key=self.file_key, chunk_count=self.count, root=self.root, role=role)

    def header(self, part: int):
        return new("AttachmentHeader", part=part, root=self.root, chunk_count=self.count, byte_count=len(self.content))


def verify(chunk: Chunk) -> None:
    merkle.verify(merkle.leaf(chunk.cipher), chunk.index, chunk.count, chunk.path, chunk.root)


def decrypt(file_key: bytes, chunk: Chunk) -> bytes:
    cipher, nonce, aad = _cipher(file_key, chunk.index, chunk.count)
    try:
        return cipher.decrypt(nonce, chunk.cipher, aad)
    except InvalidTag:
        raise Refused(CIPHERTEXT) from None
