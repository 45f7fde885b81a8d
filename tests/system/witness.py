#!/usr/bin/env python3
"""A hub and two offices that cosign its log, as processes; the log exported, verified by our own
program and by hashes made here, proven from, stamped by `openssl ts`; a release that goes into it and is
installed by its proof; and what is refused of each."""

import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
import time

import realm

OFFICES = ["witness.445100", "witness-b.445100"]
PATIENCE_S = 60


class Office:
    def __init__(self, made, member):
        self.made, self.member = made, member
        self.name = member.split(".")[0]
        self.config = f"{made.dir}/{self.name}.yaml"
        self.process = None
        lianshu(made, "key", "generate", "--member", member, "--use", "witness",
                "--out", f"{made.dir}/keys/{self.name}.key", "--passphrase-file", secret(made))

    def configure(self, address):
        with open(self.config, "w", encoding="utf-8") as out:
            out.write(f"realm: demo\nmember: {self.member}\nkey_file: keys/{self.name}.key\n"
                      f"passphrase_file: {secret(self.made)}\nanchor: anchor.yaml\nregistry: registry.lsg\n"
                      f"state_dir: {self.name}\nhubs:\n  - {{hub: hub.445100, address: \"{address}\"}}\n")

    def serve(self):
        self.process = realm.Process([self.made.program("lianshu"), "witness", "serve", "--config", self.config],
                                     f"{self.made.dir}/log/{self.name}.log")
        self.made.processes[self.name] = self.process
        self.process.until("event=ready")

    def held(self):
        code, out, _ = attempt(self.made, "witness", "show", "--config", self.config, "--json")
        return json.loads(out)["logs"][0]["size"] if code == 0 else None


def secret(made):
    return f"{made.dir}/keys/passphrase"


def attempt(made, *arguments):
    return realm.run([made.program("lianshu"), *arguments], env=realm.sanitizers())


def lianshu(made, *arguments):
    code, out, err = attempt(made, *arguments, "--json")
    realm.check(code == 0, f"{arguments}: exit {code}: {out}{err}")
    return json.loads(out) if out.startswith("{") else out


def refused(made, code, word, *arguments):
    status, out, err = attempt(made, *arguments)
    realm.check(status == 1 and f"E{code}" in err and word in err, f"{arguments}: {status} no E{code} {word}: {out}{err}")
    print(f"{' '.join(arguments[:2])}: E{code} {word}")


def prepare(made):
    offices = [Office(made, member) for member in OFFICES]
    with open(f"{made.dir}/keys/members.yaml", "a", encoding="utf-8") as out:
        for office in offices:
            out.write(f"  - member: {office.member}\n    name_zh: 审计\n    name_en: Audit\n"
                      f"    keys: [{office.name}.key.pub]\n    grants: []\n")
    lianshu(made, "registry", "build", "--realm", "demo", "--root", f"{made.dir}/keys/root.key",
            "--registrar", f"{made.dir}/keys/registrar.key", "--passphrase-file", secret(made),
            "--members", f"{made.dir}/keys/members.yaml", "--version", "2", "--valid-days", "90",
            "--anchor-out", f"{made.dir}/anchor.yaml", "--out", f"{made.dir}/registry.lsg", "--replace")
    with open(made.config("hub"), "r+", encoding="utf-8") as config:
        text = config.read()
        config.write("\nwitness: {needed: 2, every_s: 2, within_s: 6, start_wait_s: 30}\n")
    address = re.search(r'^bind: *"?([^"\n]+)', text, re.M).group(1)
    for office in offices:
        office.configure(address)
    return offices


def until(made, what, holds, seconds=PATIENCE_S):
    """An office writes a line for each answer: then it is looked again."""
    watch = realm.Watch(f"{made.dir}/log")
    try:
        return watch.until(holds, what, seconds)
    finally:
        watch.close()


def cosigned(made):
    answer = made.ask("log", "checkpoint")
    return answer if answer and answer["met"] and "cosigned" in answer else None


def alarm(made):
    return made.ask("status")["log_not_cosigned"]


# ---- the folder, by hashes made here ----

def node(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_of(hashes):
    """RFC 6962, 2.1."""
    if len(hashes) == 1:
        return hashes[0]
    k = 1
    while 2 * k < len(hashes):
        k *= 2
    return node(root_of(hashes[:k]), root_of(hashes[k:]))


def entries(folder, size):
    found = []
    for number in range((size + 255) // 256):
        width = min(256, size - 256 * number)
        end = "" if width == 256 else f".p/{width}"
        with open(f"{folder}/tile/entries/{number:03d}{end}", "rb") as file:
            data = file.read()
        for _ in range(width):
            length = int.from_bytes(data[:2], "big")
            found.append(data[2:2 + length])
            data = data[2 + length:]
        realm.check(not data, f"bytes behind bundle {number}")
    return found


def own_verify(folder):
    with open(f"{folder}/checkpoint", encoding="utf-8") as file:
        lines = file.read().split("\n")
    size = int(lines[1])
    hashes = [hashlib.sha256(b"\x00" + entry).digest() for entry in entries(folder, size)]
    realm.check(root_of(hashes) == base64.b64decode(lines[2]), "the root is another")
    return size


def with_damage(path, change):
    with open(path, "rb") as file:
        good = file.read()
    with open(path, "wb") as file:
        file.write(change(good))
    return lambda: open(path, "wb").write(good)


def flip(at):
    return lambda data: data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]


def damage(made, folder, trust, size):
    verify = ["log", "verify", folder, *trust]
    width = size % 256
    bundle = f"{folder}/tile/entries/{size // 256:03d}.p/{width}"
    tile = f"{folder}/tile/0/{size // 256:03d}.p/{width}"
    entry = size // 256 * 256
    for path, change, code, word in [
            (bundle, flip(40), 801, f"entry {entry}"),
            (bundle, lambda data: data[:-10], 801, f"entry {size - 1}"),
            (tile, flip(32 * (width - 1)), 801, f"entry {size - 1}"),
            (tile, lambda data: data[:-32], 801, ""),
            (f"{folder}/checkpoint", lambda data: data.replace(b"\n", b"\r\n", 1), 807, ""),
            (f"{folder}/checkpoint", lambda data: data.replace(b"\n%d\n" % size, b"\n0%d\n" % size, 1), 807, ""),
            (f"{folder}/checkpoint", lambda data: data.split(b"\xe2\x80\x94")[0] + b"\xe2\x80\x94"
             + data.split(b"\xe2\x80\x94")[1], 812, "0 of 2")]:
        mend = with_damage(path, change)
        refused(made, code, word, *verify)
        mend()
    os.rename(bundle, bundle + ".away")
    refused(made, 802, "missing", *verify)
    os.rename(bundle + ".away", bundle)
    refused(made, 812, "2 of 3", *verify[:-2], "--needed", "3")
    lianshu(made, *verify)


def prove(made, folder, trust, size):
    proof = f"{made.dir}/one.tlog-proof"
    for index in (0, size // 2, size - 1):
        lianshu(made, "log", "prove", str(index), folder, "--out", proof)
        shown = lianshu(made, "log", "check", proof, *trust)
        realm.check(shown["index"] == index and shown["cosigners"] == 2, f"proof: {shown}")
    mend = with_damage(proof, lambda data: data.replace(b"index %d" % (size - 1), b"index %d" % (size - 2)))
    refused(made, 808, "not in this log", "log", "check", proof, *trust)
    mend()
    mend = with_damage(proof, lambda data: data.replace(b"\nindex", b"\nIndex"))
    refused(made, 808, "", "log", "check", proof, *trust)
    mend()
    refused(made, 808, "", "log", "prove", str(size), folder, "--out", proof)
    print(f"proof: {os.path.getsize(proof)} bytes")


# ---- RFC 3161 ----

TSA_CONFIG = """[tsa]
default_tsa = one
[one]
serial = {dir}/serial
crypto_device = builtin
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ess_cert_id_chain = no
[tsa_cert]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
"""


def openssl(*arguments):
    done = subprocess.run(["openssl", *arguments], capture_output=True, timeout=60, check=False)
    realm.check(done.returncode == 0, f"openssl {arguments}: {done.stderr.decode()}")


def authority(folder):
    os.mkdir(folder)
    with open(f"{folder}/tsa.cnf", "w", encoding="ascii") as out:
        out.write(TSA_CONFIG.format(dir=folder))
    with open(f"{folder}/serial", "w", encoding="ascii") as out:
        out.write("01\n")
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{folder}/ca.key", "-out",
            f"{folder}/ca.pem", "-subj", "/CN=root of the test", "-days", "30")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{folder}/tsa.key", "-out", f"{folder}/tsa.csr",
            "-subj", "/CN=authority of the test")
    openssl("x509", "-req", "-in", f"{folder}/tsa.csr", "-CA", f"{folder}/ca.pem", "-CAkey", f"{folder}/ca.key",
            "-CAcreateserial", "-days", "30", "-extfile", f"{folder}/tsa.cnf", "-extensions", "tsa_cert",
            "-out", f"{folder}/tsa.pem")
    return lambda query, answer: openssl("ts", "-reply", "-config", f"{folder}/tsa.cnf", "-section", "one",
                                         "-queryfile", query, "-signer", f"{folder}/tsa.pem", "-inkey",
                                         f"{folder}/tsa.key", "-out", answer)


def stamp(made, folder, trust):
    reply = authority(f"{made.dir}/tsa")
    other = authority(f"{made.dir}/other-tsa")
    roots = f"{made.dir}/tsa/ca.pem"
    answer = f"{made.dir}/answer.tsr"
    asked = lianshu(made, "log", "anchor", folder)
    query = asked["file"]
    openssl("ts", "-query", "-in", query, "-text", "-out", "/dev/null")
    other(query, answer)
    refused(made, 813, "these roots", "log", "anchor", folder, "--answer", answer, "--roots", roots)
    elsewhere = f"{made.dir}/other.tsq"
    openssl("ts", "-query", "-data", made.config("hub"), "-sha256", "-cert", "-out", elsewhere)
    reply(elsewhere, answer)
    refused(made, 813, "", "log", "anchor", folder, "--answer", answer, "--roots", roots)
    with open(answer, "wb") as out:
        out.write(b"\x30\x03\x02\x01\x02")
    refused(made, 813, "not an answer", "log", "anchor", folder, "--answer", answer, "--roots", roots)
    reply(query, answer)
    shown = lianshu(made, "log", "anchor", folder, "--answer", answer, "--roots", roots)
    kept = query.replace(".tsq", ".tsr")
    openssl("ts", "-verify", "-in", kept, "-queryfile", query, "-CAfile", roots)
    result = lianshu(made, "log", "verify", folder, *trust, "--roots", roots)
    realm.check(result["stamps"] == 1 and result["bounds"] >= 1, f"verify: {result}")
    print(f"stamped at {shown['time']}")


# ---- a release. U-04 ----

def release(made, trust):
    """From two officials into the log, cosigned, and by its proof into an installation."""
    folder, into = f"{made.dir}/release", f"{made.dir}/installed"
    text = f"{folder}/release.txt"
    os.makedirs(f"{folder}/bin")
    os.mkdir(into)
    with open(f"{folder}/bin/lianshu-hub", "wb") as out:
        out.write(b"a program")
    with open(text, "w", encoding="ascii") as out:
        out.write(f"version 1\n{hashlib.sha256(b'a program').hexdigest()}  bin/lianshu-hub\n")
    hub = ["--control", f"{made.dir}/run/control.sock"]
    install = ["release", "install", folder, "--into", into, "--hub", "hub.445100", *trust]

    def sign(name):
        lianshu(made, "release", "sign", text, "--realm", "demo", "--key", f"{made.dir}/keys/{name}.key",
                "--passphrase-file", f"{made.dir}/keys/{name}.passphrase")
    sign("official-1")
    refused(made, 421, "", "release", "log", text, *hub)
    sign("official-2")
    refused(made, 443, "missing", *install)
    began = time.monotonic()
    entered = lianshu(made, "release", "log", text, *hub)
    realm.check(entered["cosigned"] and not entered["repeated"], f"release log: {entered}")
    print(f"a release is cosigned after {time.monotonic() - began:.1f} s")
    refused(made, 812, "2 of 3", *install[:-1], "3")
    done = lianshu(made, *install)
    realm.check(done["version"] == 1 and done["cosigners"] == 2 and done["index"] == entered["index"], f"install: {done}")
    again = lianshu(made, "release", "log", text, *hub)
    realm.check(again["repeated"] and again["index"] == entered["index"], f"release log: {again}")
    lianshu(made, "log", "check", f"{text}.tlog-proof", *trust)
    with open(f"{into}/current/bin/lianshu-hub", "rb") as program:
        realm.check(program.read() == b"a program", "another program is installed")


# ---- the test ----

def faults_of_offices(made, offices):
    first = offices[0]
    code, _, err = attempt(made, "witness", "serve", "--config", first.config)
    realm.check(code == 1 and "witness init" in err, f"served without a folder: {code} {err}")
    for office in offices:
        lianshu(made, "witness", "init", "--config", office.config)
    code, _, err = attempt(made, "witness", "init", "--config", first.config)
    realm.check(code == 1, f"a folder was made twice: {err}")
    for office in offices:
        office.serve()
    code, _, err = attempt(made, "witness", "serve", "--config", first.config)
    realm.check(code == 1 and "another process" in err, f"two processes on one folder: {code} {err}")


def test(binaries):
    with realm.Realm(binaries, "witness") as made:
        offices = prepare(made)
        for name in ("signer", "hub"):
            made.start(name)
        faults_of_offices(made, offices)
        began = time.monotonic()
        until(made, "two cosignatures", lambda: cosigned(made))
        print(f"cosigned after {time.monotonic() - began:.1f} s")

        offices[0].process.kill()
        until(made, "the alarm", lambda: alarm(made), 30)
        size = made.ask("log", "checkpoint")["cosigned"]["size"]
        realm.check(offices[0].held() >= size, "a killed office has forgotten what it cosigned")
        offices[0].serve()
        until(made, "the end of the alarm", lambda: not alarm(made), 30)

        folder = f"{made.dir}/export"
        trust = ["--anchor", f"{made.dir}/anchor.yaml", "--registry", f"{made.dir}/registry.lsg", "--needed", "2"]
        first = lianshu(made, "log", "export", folder, "--control", f"{made.dir}/run/control.sock")
        own_verify(folder)
        shutil.copy(f"{folder}/checkpoint", f"{made.dir}/older")
        made.stop("hub")
        made.start("hub")
        began = time.monotonic()
        until(made, "a longer log", lambda: (cosigned(made) or {"cosigned": {"size": 0}})["cosigned"]["size"] > first["size"])
        print(f"a restarted hub's first entry is cosigned after {time.monotonic() - began:.1f} s")
        second = lianshu(made, "log", "export", folder, "--control", f"{made.dir}/run/control.sock")
        realm.check(second["added"] == second["size"] - first["size"] > 0, f"export: {first} {second}")
        realm.check(own_verify(folder) == second["size"], "the size is another")
        lianshu(made, "log", "verify", folder, *trust)
        shown = lianshu(made, "log", "consistency", f"{made.dir}/older", folder, *trust)
        realm.check((shown["old_size"], shown["size"]) == (first["size"], second["size"]), f"consistency: {shown}")
        damage(made, folder, trust, second["size"])
        prove(made, folder, trust, second["size"])
        stamp(made, folder, trust)
        release(made, trust)
        for office in offices:
            realm.check(office.process.stop() == 0, f"{office.name} did not end in order")


if __name__ == "__main__":
    realm.main(test)
