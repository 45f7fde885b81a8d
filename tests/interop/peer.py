"""Our C code as the counterpart (peer.h), and a realm whose keys the Python client made itself."""

import os
import random
import struct
import subprocess
import sys
import tempfile
import time

from lianshu.labels import ED25519, X25519, kid, sha256
from lianshu.protocol import Refused
from lianshu.registry import Anchor, open_file
from lianshu.seal import Opener
from lianshu.signing import Signer

DAY_MS = 24 * 3600 * 1000
HUB = "hub.445100"
DEPARTMENTS = ["market", "health", "insurance", "police", "procuratorate", "court", "customs", "tax", "education"]
REGIONS = ["000000", "220100", "440000", "445100"]
MEMBERS = sorted(f"{d}.{r}" for d in DEPARTMENTS for r in REGIONS)
USES = {"sign": Signer, "seal": Opener, "transport": Opener, "log": Signer, "official": Signer}
GRANTS = """    grants:
      - types: [all]
        direction: {direction}
        departments: [all]
        region: "000000"
"""


class Failure(Exception):
    """What was promised did not hold."""


def check(holds, what):
    if not holds:
        raise Failure(what)


def secret_of(member: str, use: str) -> bytes:
    """The same every time; nobody uses these keys for anything but tests."""
    return sha256(b"lianshu interop ", member.encode(), b" ", use.encode())


def pub_file(member: str, kind: str, keys: dict, now_ms: int, adapter: str = "") -> str:
    """What a member sends to its registrar."""
    lines = [f"member: {member}"] + ([f"adapter: {adapter}"] if adapter else []) + [f"use: {kind}", "keys:"]
    for use, key in keys.items():
        algorithm = X25519 if use in ("seal", "transport") else ED25519
        lines += [f"  - use: {use}", f'    public: "{key.public.hex()}"', f'    kid: "{kid(algorithm, key.public).hex()}"',
                  f"    valid_from_ms: {now_ms - DAY_MS}", f"    valid_until_ms: {now_ms + 300 * DAY_MS}"]
    return "\n".join(lines) + "\n"


def sanitizers() -> dict:
    return dict(os.environ, ASAN_OPTIONS="exitcode=99:detect_leaks=1", UBSAN_OPTIONS="print_stacktrace=1")


def run(*arguments) -> str:
    done = subprocess.run(arguments, capture_output=True, timeout=60, env=sanitizers(), stdin=subprocess.DEVNULL)
    check(done.returncode == 0, f"{' '.join(arguments)}: {done.stdout.decode()}{done.stderr.decode()}")
    return done.stdout.decode()


class World:
    """36 members and a hub in a directory of their own; `registry` is the file as Python reads it."""

    def __init__(self, binaries: str):
        self.bin = os.path.abspath(binaries)
        self.folder = tempfile.TemporaryDirectory(prefix="lianshu-interop.", dir="/var/tmp")
        self.dir = self.folder.name
        self.now_ms = int(time.time() * 1000)
        self.keys = {m: {use: USES[use](secret_of(m, use)) for use in ("sign", "seal")} for m in [HUB, *MEMBERS]}
        self.keys[HUB]["log"] = Signer(secret_of(HUB, "log"))
        self._build()
        self.anchor = Anchor.read(f"{self.dir}/anchor.yaml")
        with open(f"{self.dir}/registry.lsg", "rb") as file:
            self.file = file.read()
        self.registry = open_file(self.file, self.anchor)
        self.realm = self.anchor.realm

    def _write(self, name: str, text: str) -> str:
        with open(f"{self.dir}/{name}", "w", encoding="utf-8") as file:
            file.write(text)
        return f"{self.dir}/{name}"

    def _build(self) -> None:
        lianshu, secret = f"{self.bin}/lianshu", f"{self.dir}/passphrase"
        members, secrets = "members:\n", ""
        for member, keys in self.keys.items():
            self._write(f"{member}.pub", pub_file(member, "adapter", keys, self.now_ms))
            members += (f"  - member: {member}\n    name_zh: 演示{member}\n    name_en: {member}\n    keys: [{member}.pub]\n" +
                        GRANTS.format(direction="send") + GRANTS.format(direction="receive").split("\n", 1)[1])
            secrets += "".join(f"{member} {use} {secret_of(member, use).hex()}\n" for use in keys)
        self._write("members.yaml", members)
        self.secrets = self._write("secrets", secrets)
        run(lianshu, "key", "passphrase", secret)
        for member, use in (("root.000000", "root"), ("registrar.000000", "registrar")):
            run(lianshu, "key", "generate", "--member", member, "--use", use, "--out", f"{self.dir}/{use}.key",
                "--passphrase-file", secret)
        run(lianshu, "registry", "build", "--realm", "interop", "--root", f"{self.dir}/root.key", "--registrar",
            f"{self.dir}/registrar.key", "--passphrase-file", secret, "--members", f"{self.dir}/members.yaml",
            "--version", "1", "--valid-days", "90", "--anchor-out", f"{self.dir}/anchor.yaml", "--out",
            f"{self.dir}/registry.lsg")

    def public(self, member: str) -> tuple[bytes, bytes]:
        key = self.keys[member]["seal"]
        return key.kid, key.public

    def openers(self, member: str) -> dict:
        key = self.keys[member]["seal"]
        return {key.kid: key}

    def close(self) -> None:
        self.folder.cleanup()


class Peer:
    def __init__(self, world: World):
        self.child = subprocess.Popen(
            [f"{world.bin}/interop_peer", f"{world.dir}/anchor.yaml", f"{world.dir}/registry.lsg", world.secrets,
             str(world.now_ms)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=sanitizers())

    def ask(self, op: str, body: bytes) -> bytes:
        """The answer, or Refused with the code of the C side."""
        self.child.stdin.write(op.encode() + struct.pack(">I", len(body)) + body)
        self.child.stdin.flush()
        head = self.child.stdout.read(6)
        check(len(head) == 6, "the counterpart has ended")
        code, size = struct.unpack(">HI", head)
        answer = self.child.stdout.read(size)
        if code:
            raise Refused(code, "of the C side")
        return answer

    def code(self, op: str, body: bytes) -> int:
        try:
            self.ask(op, body)
        except Refused as refused:
            return refused.code
        return 0

    def close(self) -> None:
        self.child.stdin.close()
        check(self.child.wait(60) == 0, f"the counterpart ended with {self.child.returncode}")


def text(value: str) -> bytes:
    return bytes([len(value)]) + value.encode()


def code_of(action, *arguments) -> int:
    """0, or the code with which Python refuses."""
    try:
        action(*arguments)
    except Refused as refused:
        return refused.code
    return 0


def main(test) -> None:
    """test(world, peer, random, count); arguments: BIN [COUNT [SEED]]."""
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else int.from_bytes(os.urandom(4), "big")
    print(f"seed {seed}")
    begun = time.monotonic()
    world = World(sys.argv[1])
    peer = Peer(world)
    try:
        test(world, peer, random.Random(seed), count)
        peer.close()
    except (Failure, Refused) as failure:
        print(f"FAILED: {failure}")
        sys.exit(1)
    finally:
        peer.child.kill()
        world.close()
    print(f"ok, {time.monotonic() - begun:.1f} s")
