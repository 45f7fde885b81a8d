"""A ZeroMQ peer made by hand: ZMTP 3.1 with CURVE, whose greeting, metadata and frames say what an
attacker likes. Only libsodium is asked, for its boxes; libzmq would refuse to speak so."""

import ctypes
import ctypes.util
import os
import select
import socket
import struct
import time

MECHANISM = b"CURVE"
ANSWER_S = 10.0
COMMAND, LARGE = 4, 2

sodium = ctypes.CDLL(ctypes.util.find_library("sodium"))
sodium.sodium_init()


class Refused(Exception):
    """The other side hung up, or said what is no answer."""


def keypair():
    public, secret = ctypes.create_string_buffer(32), ctypes.create_string_buffer(32)
    sodium.crypto_box_keypair(public, secret)
    return public.raw, secret.raw


def public_of(secret):
    out = ctypes.create_string_buffer(32)
    sodium.crypto_scalarmult_base(out, secret)
    return out.raw


def box(text, nonce, public, secret):
    out = ctypes.create_string_buffer(len(text) + 16)
    sodium.crypto_box_easy(out, text, ctypes.c_ulonglong(len(text)), nonce, public, secret)
    return out.raw


def unbox(text, nonce, public, secret):
    out = ctypes.create_string_buffer(max(len(text) - 16, 1))
    if len(text) < 16 or sodium.crypto_box_open_easy(out, text, ctypes.c_ulonglong(len(text)), nonce, public, secret):
        raise Refused("a box that does not open")
    return out.raw[:len(text) - 16]


def secrets_of(path, passphrase_path):
    """The secrets of a key file by their use: keys/keyfile.h."""
    with open(passphrase_path, "rb") as text:
        passphrase = text.readline().rstrip(b"\n")
    with open(path, "rb") as file:
        data = file.read()
    operations, memory = struct.unpack(">IQ", data[6:18])
    salt, nonce, head, cipher = data[18:34], data[34:58], data[:62], data[62:]
    key = ctypes.create_string_buffer(32)
    plain = ctypes.create_string_buffer(len(cipher))
    size = ctypes.c_ulonglong(0)
    sodium.crypto_pwhash(key, ctypes.c_ulonglong(32), passphrase, ctypes.c_ulonglong(len(passphrase)), salt,
                         ctypes.c_ulonglong(operations), ctypes.c_size_t(memory), 2)
    if sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(plain, ctypes.byref(size), None, cipher,
                                                         ctypes.c_ulonglong(len(cipher)), head,
                                                         ctypes.c_ulonglong(len(head)), nonce, key):
        raise Refused(f"{path} does not open")
    rest = plain.raw[:size.value]
    for _ in range(2):  # owner, name
        rest = rest[1 + rest[0]:]
    rest = rest[2:]
    return {struct.unpack(">H", rest[i:i + 2])[0]: rest[i + 10:i + 42] for i in range(0, len(rest), 42)}


def greeting(mechanism=MECHANISM, signature=b"\xff" + bytes(8) + b"\x7f", version=b"\x03\x01"):
    return signature + version + mechanism.ljust(20, b"\0") + bytes(32)


def properties(pairs):
    return b"".join(bytes([len(name)]) + name + struct.pack(">I", len(value)) + value for name, value in pairs)


class Peer:
    """One TCP connection. `sent` is what went out on it, for a replay."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), ANSWER_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sent = b""
        self.nonce = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def write(self, data):
        self.sent += data
        try:
            self.socket.sendall(data)
        except OSError as problem:
            raise Refused(str(problem)) from problem

    def read(self, count):
        data = b""
        while len(data) < count:
            try:
                got = self.socket.recv(count - len(data))
            except OSError as problem:
                raise Refused(str(problem)) from problem
            if not got:
                raise Refused("hung up")
            data += got
        return data

    def hung_up(self, seconds=ANSWER_S):
        """Reads away what comes; true when the other side ends the connection in time."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if not select.select([self.socket], [], [], left)[0]:
                return False
            try:
                if not self.socket.recv(1 << 16):
                    return True
            except OSError:
                return True
        return False

    def frame(self, body, flags=0):
        if len(body) < 256:
            self.write(bytes([flags, len(body)]) + body)
        else:
            self.write(bytes([flags | LARGE]) + struct.pack(">Q", len(body)) + body)

    def read_frame(self):
        flags = self.read(1)[0]
        size = struct.unpack(">Q", self.read(8))[0] if flags & LARGE else self.read(1)[0]
        return flags, self.read(size)

    def greet(self, **said):
        self.write(greeting(**said))
        return self.read(64)

    def shake_hands(self, server, public, secret, metadata):
        """The whole handshake; Refused when the server does not end it with READY."""
        self.greet()
        self.own, own_secret = keypair()
        short = self.next()
        self.frame(b"\x05HELLO\x01\x00" + bytes(72) + self.own + short
                   + box(bytes(64), b"CurveZMQHELLO---" + short, server, own_secret), COMMAND)
        _, welcome = self.read_frame()
        if welcome[:8] != b"\x07WELCOME":
            raise Refused(f"no welcome: {welcome[:16]}")
        inside = unbox(welcome[24:], b"WELCOME-" + welcome[8:24], server, own_secret)
        theirs, cookie = inside[:32], inside[32:]
        vouch = os.urandom(16)
        short = self.next()
        inside = public + vouch + box(self.own + server, b"VOUCH---" + vouch, theirs, secret) + properties(metadata)
        self.frame(b"\x08INITIATE" + cookie + short
                   + box(inside, b"CurveZMQINITIATE" + short, theirs, own_secret), COMMAND)
        _, ready = self.read_frame()
        if ready[:6] != b"\x05READY":
            raise Refused(f"not ready: {ready[:16]}")
        unbox(ready[14:], b"CurveZMQREADY---" + ready[6:14], theirs, own_secret)
        self.shared = ctypes.create_string_buffer(32)
        sodium.crypto_box_beforenm(self.shared, theirs, own_secret)
        return self

    def next(self):
        self.nonce += 1
        return struct.pack(">Q", self.nonce)

    def sealed(self, body, more=False):
        """One message part as it goes over the wire."""
        short = self.next()
        text = bytes([1 if more else 0]) + body
        out = ctypes.create_string_buffer(len(text) + 16)
        sodium.crypto_box_easy_afternm(out, text, ctypes.c_ulonglong(len(text)), b"CurveZMQMESSAGEC" + short, self.shared)
        inside = b"\x07MESSAGE" + short + out.raw
        if len(inside) < 256:
            return bytes([0, len(inside)]) + inside
        return bytes([LARGE]) + struct.pack(">Q", len(inside)) + inside

    def send(self, body, more=False):
        self.write(self.sealed(body, more))

    def receive(self):
        """The next message of one part; pings of the library are passed over."""
        while True:
            _, inside = self.read_frame()
            if inside[:8] != b"\x07MESSAGE":
                continue
            out = ctypes.create_string_buffer(len(inside))
            body = inside[16:]
            if sodium.crypto_box_open_easy_afternm(out, body, ctypes.c_ulonglong(len(body)),
                                                   b"CurveZMQMESSAGES" + inside[8:16], self.shared):
                raise Refused("a message that does not open")
            text = out.raw[:len(body) - 16]
            if text[0] & 4 == 0:  # no command
                return text[1:]
