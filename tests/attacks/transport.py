#!/usr/bin/env python3
"""What may be tried at the hub's port: strangers, other versions and mechanisms of the protocol, frames that
claim anything, recorded sessions, metadata of one's own. Cases T-01 to T-16 of the catalogue, as far as
they need a wire; the rest is in attacks_door.c."""

import ctypes
import hashlib
import select
import socket
import struct
import time

import curve
import place
import realm
from place import case

ROUTERS, SQUATTERS = 3, 100
HALF_OPEN = 5000
HALF_OPEN_S = 2.5 + 5.0  # of the handshake, and for a machine that does other things
PARTS = 100000
FRAME_MAX = (1 << 20) + (64 << 10)
DEALER = ((b"Socket-Type", b"DEALER"), (b"Identity", b""))


def refused(what, function):
    try:
        function()
    except curve.Refused:
        return
    raise realm.Failure(f"{what} was let in")


def hello(member):
    """Control{kind: hello, hello{member, realm, registry_version 1, credit}} as it stands on the wire."""
    inside = b"\x0a" + bytes([len(member)]) + member + b"\x12\x04demo\x18\x01\x28\x08\x30\x80\x80\x40"
    body = b"\x08\x01\x12" + bytes([len(inside)]) + inside
    return b"LSK1" + struct.pack(">I", len(body)) + body


def connected(w, member):
    return next(row["connected"] for row in w.status()["members"] if row["member"] == member)


@case("T-01")
def a_key_that_nobody_enrolled_is_dropped(w):
    def attack():
        public, secret = curve.keypair()
        with w.peer() as peer:
            refused("a stranger", lambda: peer.shake_hands(w.server, public, secret, DEALER))
        with w.peer() as peer:  # an enrolled key, without its secret
            refused("a thief of a public key",
                    lambda: peer.shake_hands(w.server, w.attacker_public, secret, DEALER))
        with w.peer() as peer:  # for another server
            refused("who means another server",
                    lambda: peer.shake_hands(public, w.attacker_public, w.attacker, DEALER))
    w.under(attack, leaves=0)


def numbers_of_the_library():
    """How it numbers connections when nobody seeds rand(): each of its routers begins with two of its values."""
    library = ctypes.CDLL(None)
    library.srandom(1)
    for _ in range(ROUTERS):
        low, high = library.rand(), library.rand()
        begins = (high << 31 | low) & 0xFFFFFFFF
        for number in range(SQUATTERS):
            yield b"\0" + struct.pack(">I", (begins + number) & 0xFFFFFFFF)


@case("T-07")
def connections_named_as_others_may_be_harm_nobody(w):
    """The library ends its process when it gives a connection a number that another took for a name."""
    names = [*numbers_of_the_library(), b"market.445100", b"health.445100", b"hub.445100", b"\0", b"\0" * 5,
             b"\xff" * 255]

    def attack():
        peers = [w.inside(DEALER[:1] + ((b"Identity", name),)) for name in names]
        for _ in range(SQUATTERS):
            with w.inside() as peer:  # one more number is given
                peer.send(hello(b"police.445100"))
                realm.check(peer.receive()[:4] == b"LSK1", "no welcome")
        w.stop("market")
        w.start("market")
        for peer in peers:
            peer.socket.close()
    w.under(attack, leaves=0)


@case("T-08")
def thousands_of_half_open_connections_hold_up_nobody_and_are_closed(w):
    def attack():
        began = time.monotonic()
        open_ones = {}
        waiting = select.epoll()
        for number in range(HALF_OPEN):
            one = socket.create_connection(("127.0.0.1", w.port), curve.ANSWER_S)
            if number % 2:
                one.sendall(b"\xff" + bytes(number % 8))  # a greeting that does not go on
            open_ones[one.fileno()] = one
            waiting.register(one.fileno(), select.EPOLLIN | select.EPOLLHUP)
        took = time.monotonic() - began
        first = time.monotonic()
        w.honest()
        told = time.monotonic() - first
        end = time.monotonic() + HALF_OPEN_S
        while open_ones and time.monotonic() < end:
            for number, _ in waiting.poll(1.0):
                try:
                    gone = not open_ones[number].recv(4096)
                except OSError:
                    gone = True
                if gone:
                    waiting.unregister(number)
                    open_ones.pop(number).close()
        for one in open_ones.values():
            one.close()
        realm.check(not open_ones, f"{len(open_ones)} of {HALF_OPEN} still open; opening took {took:.1f} s")
        print(f"{HALF_OPEN} half-open connections in {took:.1f} s; an honest message {told:.2f} s")
    before = w.status()["envelopes"]
    memory = w.memory()
    attack()
    realm.check(w.status()["envelopes"] == before + 1, "one honest envelope and no other")
    realm.check(w.memory() - memory <= place.MEMORY_MAX, f"{(w.memory() - memory) // place.MIB} MiB more")
    w.honest()


@case("T-09")
def older_versions_and_other_mechanisms_are_hung_up_on(w):
    null = curve.properties(DEALER)
    rows = [
        ("ZMTP 1.0", lambda p: p.write(b"\x01\x00" + b"\x05\x00LSK1")),
        ("ZMTP 2.0", lambda p: p.write(b"\xff" + bytes(8) + b"\x7f\x01\x05" + b"\x00\x00" + b"\x00\x04LSK1")),
        ("NULL", lambda p: (p.greet(mechanism=b"NULL"), p.frame(b"\x05READY" + null, curve.COMMAND))),
        ("PLAIN", lambda p: (p.greet(mechanism=b"PLAIN"),
                             p.frame(b"\x05HELLO\x05admin\x05admin", curve.COMMAND))),
        ("GSSAPI", lambda p: p.greet(mechanism=b"GSSAPI")),
        ("no mechanism", lambda p: p.greet(mechanism=b"")),
        ("curve in small letters", lambda p: p.greet(mechanism=b"curve")),
        ("HTTP", lambda p: p.write(b"GET / HTTP/1.1\r\nHost: hub\r\n\r\n" + bytes(64))),
        ("NULL after CURVE", lambda p: (p.greet(), p.frame(b"\x05READY" + null, curve.COMMAND))),
        ("a message before the handshake", lambda p: (p.greet(), p.frame(hello(b"insurance.445100")))),
    ]

    def attack():
        for what, speak in rows:
            with w.peer() as peer:
                try:
                    speak(peer)
                except curve.Refused:
                    continue
                realm.check(peer.hung_up(), f"{what}: the connection stays")
    w.under(attack, leaves=0)
    realm.check(connected(w, "insurance.445100") == 0, "somebody was let in")


@case("T-10")
def frames_that_claim_too_much_end_their_connection(w):
    def claim(peer, size):
        peer.write(bytes([curve.LARGE]) + struct.pack(">Q", size) + bytes(64))
        realm.check(peer.hung_up(), f"{size} bytes claimed: the connection stays")

    def attack():
        for size in (1 << 63, (1 << 63) - 1, (1 << 64) - 1, 1 << 32):
            with w.peer() as peer:
                peer.greet()
                claim(peer, size)
            with w.inside() as peer:
                claim(peer, size)
        with w.inside() as peer:
            try:
                peer.send(bytes(FRAME_MAX + 1))
            except curve.Refused:
                pass
            realm.check(peer.hung_up(), "a frame of one byte too many: the connection stays")
    w.under(attack, leaves=0)


@case("T-10")
def a_message_of_very_many_parts_is_dropped_whole(w):
    def attack():
        with w.inside() as peer:
            for _ in range(PARTS // 1000):
                try:
                    peer.write(b"".join(peer.sealed(b"LSK1", more=True) for _ in range(1000)))
                except curve.Refused:
                    return
            peer.send(b"LSK1")
            peer.send(hello(b"police.445100"))
            realm.check(peer.receive()[:4] == b"LSK1", "no welcome behind them")
    w.under(attack, leaves=1)


@case("T-12", "T-16")
def who_it_is_cannot_be_said_in_the_metadata(w):
    public = curve.public_of(w.secret("market"))
    kid = hashlib.sha256(b"lianshu.key.v1\0\x00\x01\x02\x00\x20" + public).hexdigest()[:16]
    name = f"market.445100/{kid}".encode()
    spoofed = DEALER + ((b"User-Id", name), (b"X-User-Id", name), (b"user-id", name), (b"Peer-Address", b"127.0.0.2"))

    def attack():
        for metadata in (spoofed, ((b"User-Id", name),) + DEALER):
            with w.inside(metadata) as peer:
                peer.send(hello(b"market.445100"))
                answer = peer.receive()  # busy, and why
                realm.check(answer[8:10] == b"\x08\x04" and b"\x67" in answer, f"answered {answer}")
    before = w.unverified(103)
    w.under(attack, leaves=3)
    w.until_unverified(103, before + 2)


@case("T-13")
def a_recorded_session_is_not_played_again(w):
    recorded = b""
    with w.inside() as peer:
        peer.send(hello(b"police.445100"))
        realm.check(peer.receive()[:4] == b"LSK1", "no welcome")
        recorded = peer.sent

    def attack():
        with w.peer() as peer:  # all at once
            peer.write(recorded)
            realm.check(peer.hung_up(), "played at once: the connection stays")
        with w.peer() as peer:  # step by step, as it was
            peer.write(recorded[:64])
            peer.read(64)
            peer.write(recorded[64:64 + 2 + 200])
            _, welcome = peer.read_frame()
            realm.check(welcome[:8] == b"\x07WELCOME", "no welcome of the handshake")
            peer.write(recorded[64 + 2 + 200:])
            realm.check(peer.hung_up(), "played step by step: the connection stays")
    w.under(attack, leaves=0)


@case("T-15")
def sockets_of_other_kinds_are_refused(w):
    def attack():
        for kind in (b"SUB", b"XSUB", b"PUB", b"XPUB", b"PUSH", b"PULL", b"PAIR", b"STREAM", b"SERVER", b"", b"X" * 200):
            with w.peer() as peer:
                try:
                    peer.shake_hands(w.server, w.attacker_public, w.attacker, ((b"Socket-Type", kind),))
                    for number in range(64):
                        peer.send(b"\x01" + bytes([number]) * (1 << 16))  # subscriptions
                except curve.Refused:
                    continue
                realm.check(peer.hung_up(), f"{kind}: the connection stays")
    w.under(attack, leaves=0)


class Door(place.Place):
    def __enter__(self):
        super().__enter__()
        self.prepare()
        self.honest()
        return self


place.main(lambda binaries: Door(binaries, "transport"))
