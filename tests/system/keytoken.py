#!/usr/bin/env python3
"""The signer with its key on a token (SoftHSM), confined as in service; and passphrases that are
credentials of the service manager. What it signs is checked with openssl, not with our own code."""

import base64
import os
import re
import shutil

import realm
from token_desk import MODULE, PATHS, PIN, URI, Desk, write

def refused(done, label):
    code, out, err = done
    realm.check(code != 0 and label in err, f"{label} expected: {code} {out} {err}")
    realm.check(PIN not in out + err, "the PIN in the output")


def check_note(desk, note, public_file):
    """The signed note of a log's head, with openssl."""
    body, signature = note.split("\n\n")
    raw = base64.b64decode(signature.split()[2])
    with open(public_file, encoding="utf-8") as text:
        key = bytes.fromhex(re.search(r'public: "([0-9a-f]{64})"', text.read())[1])
    for name, data in (("key.der", bytes.fromhex("302a300506032b6570032100") + key), ("sig", raw[4:]),
                       ("note", (body + "\n").encode())):
        with open(f"{desk.dir}/{name}", "wb") as file:
            file.write(data)
    code, _, err = realm.run(["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", "key.der", "-rawin",
                              "-in", "note", "-sigfile", "sig"], cwd=desk.dir)
    realm.check(code == 0, f"openssl does not verify the head: {err}")


def on_a_token(desk):
    desk.lianshu("key", "token", URI, "--passphrase-file", "pin", "--out", "log.pub")
    desk.configure(URI, "pin", PATHS)
    code, _, err = desk.signer("--init")
    realm.check(code == 0, f"--init: {err}")
    code, out, err = desk.signer("--head")
    realm.check(code == 0, f"--head: {err}")
    check_note(desk, out, f"{desk.dir}/log.pub")
    write(f"{desk.dir}/wrong", "not-the-pin\n")
    desk.configure(URI, "wrong", PATHS)
    refused(desk.signer("--head"), "E028")
    desk.configure(URI, "pin")
    done = desk.signer("--head")
    if "files_open" not in done[2]:  # the kernel has Landlock: the token's files are not its business
        refused(done, "E438")
    desk.configure(URI.replace(MODULE, f"{desk.dir}/evil.so"), "pin", PATHS)
    refused(desk.signer("--head"), "E003")


def as_credential(desk):
    given = f"{desk.dir}/credentials"
    os.mkdir(given, 0o700)
    desk.lianshu("key", "passphrase", "signer.pass")
    desk.lianshu("key", "generate", "--member", "hub.445100", "--use", "signer", "--out", "signer.key",
                 "--passphrase-file", "signer.pass")
    shutil.move(f"{desk.dir}/signer.pass", f"{given}/signer-passphrase")
    os.chmod(f"{given}/signer-passphrase", 0o400)
    os.chmod(given, 0o500)
    desk.configure("signer.key", "credential:signer-passphrase")
    code, out, err = desk.signer("--head", CREDENTIALS_DIRECTORY=given)
    realm.check(code == 0, f"--head: {err}")
    check_note(desk, out, f"{desk.dir}/signer.key.pub")
    refused(desk.signer("--head"), "E002")
    desk.configure("signer.key", "credential:../signer-passphrase")
    refused(desk.signer("--head", CREDENTIALS_DIRECTORY=given), "E011")
    desk.configure("signer.key", "credential:signer-passphrase")
    os.chmod(f"{given}/signer-passphrase", 0o404)
    refused(desk.signer("--head", CREDENTIALS_DIRECTORY=given), "E003")


def test(binaries, *_):
    with Desk(binaries) as desk:
        on_a_token(desk)
        as_credential(desk)


realm.main(test)
