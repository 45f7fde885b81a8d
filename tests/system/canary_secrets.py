#!/usr/bin/env python3
"""Where a one-time code of enrolment, the PIN of a token and a passphrase may be, and where not.

They are planted, used, and looked for while the program that used them still runs:
  - `lianshu enrol request`, stopped by a full pipe after its work: neither the code as it is written,
    nor its bytes, nor the seed that follows from it are in its memory, environment or files;
  - `lianshu-signer` with its key on a token, and with a passphrase: neither is in its memory,
    environment, log or state, and a crash leaves no core.
That the search finds what is there is shown on names that the programs do hold."""

import hashlib
import hmac
import os
import re
import resource
import select
import signal
import subprocess

import canary
import realm
import token_desk

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def code_bytes(text):
    value = 0
    for sign in text.replace("-", ""):
        value = value << 5 | ALPHABET.index(sign)
    return value.to_bytes(15, "big")[:12]


def label(name):
    return b"lianshu." + name + b".v1\0\0\1"


def seed_of(code, realm_name, invitation, member):
    prk = hmac.new(label(b"enrol.code"), code, hashlib.sha256).digest()
    info = (label(b"enrol.code") + bytes([len(realm_name)]) + realm_name + invitation + bytes([len(member)]) + member)
    return hmac.new(prk, info + b"\1", hashlib.sha256).digest()


def environment(pid):
    with open(f"/proc/{pid}/environ", "rb") as file:
        return file.read()


def look(pid, marks, known, folder, what):
    """The marks are nowhere, the known name is where it should be."""
    realm.check(canary.search_memory(pid, [known]), f"{what}: its memory cannot be searched")
    found = canary.search_memory(pid, marks)
    realm.check(not found, f"{what}: in memory: {found}")
    realm.check(not any(mark in environment(pid) for mark in marks), f"{what}: in the environment")
    found = canary.search_files(folder, marks)
    realm.check(not found, f"{what}: in files: {found}")


def full_pipe():
    """A pipe that takes nothing more: whoever writes, waits."""
    read_end, write_end = os.pipe()
    os.set_blocking(write_end, False)
    try:
        while True:
            os.write(write_end, b"x" * 4096)
    except BlockingIOError:
        os.set_blocking(write_end, True)
    return read_end, write_end


def stopped_in_write(pid):
    with open(f"/proc/{pid}/syscall", encoding="ascii") as text:
        return text.read().split()[0] in ("1", "20")  # write, writev


def request_holds_no_code(desk):
    os.mkdir(f"{desk.dir}/member", 0o700)
    for name, member, use in (("desk", "registrar.445100", "enrolment"), ("member/own", "market.445100", "adapter")):
        desk.lianshu("key", "passphrase", f"{name}.pass")
        desk.lianshu("key", "generate", "--member", member, "--use", use, "--out", f"{name}.key", "--passphrase-file",
                     f"{name}.pass")
    desk.lianshu("enrol", "invite", "--member", "market.445100", "--use", "adapter", "--realm", "demo", "--desk",
                 "desk.key.pub", "--ledger", "member/ledger", "--out", "member/invitation", "--code-out", "code")
    with open(f"{desk.dir}/code", encoding="ascii") as file:
        text = file.read().strip()
    with open(f"{desk.dir}/member/invitation", encoding="utf-8") as file:
        invitation = bytes.fromhex(re.search(r'invitation: "([0-9a-f]{32})"', file.read())[1])
    code = code_bytes(text)
    marks = [text.encode(), text.replace("-", "").encode(), code, seed_of(code, b"demo", invitation, b"market.445100")]

    read_end, write_end = full_pipe()
    child = subprocess.Popen(
        [f"{desk.bin}/lianshu", "enrol", "request", "invitation", "--code-file", "-", "--key", "own.key",
         "--passphrase-file", "own.pass", "--out", "request", "--json"],
        cwd=f"{desk.dir}/member", env=desk.env, stdin=subprocess.PIPE, stdout=write_end, stderr=subprocess.DEVNULL)
    os.close(write_end)
    child.stdin.write(text.encode() + b"\n")
    child.stdin.flush()
    watch = realm.Watch(f"{desk.dir}/member")
    try:
        watch.until(lambda: os.path.exists(f"{desk.dir}/member/request") and stopped_in_write(child.pid), "a request")
        look(child.pid, marks, b"market.445100", f"{desk.dir}/member", "enrol request")
    finally:
        watch.close()
        poll = select.poll()
        poll.register(read_end)
        while poll.poll(1000) and os.read(read_end, 1 << 16):
            pass
        os.close(read_end)
    realm.check(child.wait(realm.PATIENCE_S) == 0, "enrol request did not end well")


def signer_holds_no_secret(desk, secrets, what):
    with open(f"{desk.dir}/own/log", "wb") as log:
        child = subprocess.Popen([f"{desk.bin}/lianshu-signer", "--config", f"{desk.dir}/signer.yaml"],
                                 cwd=f"{desk.dir}/own", env=desk.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                 preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (1 << 30, 1 << 30)))
    watch = realm.Watch(f"{desk.dir}/own")
    try:
        watch.until(lambda: b"event=ready" in open(f"{desk.dir}/own/log", "rb").read() or child.poll() is not None, what)
        realm.check(child.poll() is None, f"{what}: ended with {child.returncode}")
        look(child.pid, secrets, b"hub.445100", f"{desk.dir}/own", what)
        child.send_signal(signal.SIGABRT)
        child.wait(realm.PATIENCE_S)
        cores = [name for name in os.listdir(f"{desk.dir}/own") if "core" in name]
        realm.check(not cores, f"{what}: a crash left {cores}")
    finally:
        watch.close()
        child.kill()
        child.wait()


def test(binaries, *_):
    with token_desk.Desk(binaries) as desk:
        request_holds_no_code(desk)
        desk.lianshu("key", "token", token_desk.URI, "--passphrase-file", "pin", "--out", "log.pub")
        desk.configure(token_desk.URI, "pin", token_desk.PATHS)
        realm.check(desk.signer("--init")[0] == 0, "--init")
        signer_holds_no_secret(desk, [token_desk.PIN.encode()], "signer with a token")
        desk.lianshu("key", "passphrase", "signer.pass")
        desk.lianshu("key", "generate", "--member", "hub.445100", "--use", "signer", "--out", "signer.key",
                     "--passphrase-file", "signer.pass")
        desk.configure("signer.key", "signer.pass")
        with open(f"{desk.dir}/signer.pass", "rb") as file:
            signer_holds_no_secret(desk, [file.read().strip()], "signer with a key file")


realm.main(test)
