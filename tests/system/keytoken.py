#!/usr/bin/env python3
"""The signer, a hub and an adapter with signing keys on a token (SoftHSM), confined as in service; and
passphrases that are credentials of the service manager. What it signs is checked with openssl, not with our own code."""

import base64
import json
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


def lianshu(made, *arguments):
    code, out, err = realm.run([made.program("lianshu"), *arguments], env=realm.sanitizers(), cwd=made.dir)
    realm.check(code in (0, 99), f"lianshu {arguments[:2]}: {out} {err[:800]}")  # 99: what SoftHSM leaks
    return out


def sign_on_token(made, desk, name, member, *use):
    """The member's key file anew, with the signing key on the token."""
    uri = f"pkcs11:token=log;object={member}:sign?module-path={MODULE}"
    lianshu(made, "key", "token", uri, "--passphrase-file", f"{desk.dir}/pin", "--out", f"keys/{name}.sign.pub")
    for path in (f"{made.dir}/keys/{name}.key", f"{made.dir}/keys/{name}.key.pub"):
        os.remove(path)
    lianshu(made, "key", "generate", "--member", member, *use, "--out", f"keys/{name}.key", "--passphrase-file",
            "keys/passphrase", "--sign-token", uri, "--sign-pin-file", f"{desk.dir}/pin")
    with open(made.config(name), "a", encoding="utf-8") as text:
        text.write(f'\ntoken_paths: ["{desk.dir}/tokens", "{desk.dir}/softhsm2.conf"]\n')


def next_registry(made):
    """Version 2, by both officials."""
    shutil.copy(f"{made.dir}/registry.lsg", f"{made.dir}/before.lsg")
    lianshu(made, "registry", "draft", "--anchor", "anchor.yaml", "--appointment", "keys/registrar.lsd", "--registrar",
            "keys/registrar.key", "--passphrase-file", "keys/passphrase", "--with", "keys/registrar-2.key.pub",
            "--members", "keys/members.yaml", "--unproven", "--version", "2", "--out", "registry.lsg", "--replace")
    sign = ["registry", "sign", "registry.lsg", "--anchor", "anchor.yaml", "--before", "before.lsg", "--json", "--key", "keys/registrar-2.key",
            "--passphrase-file", "keys/registrar-2.passphrase"]
    agree = re.search(r'"agree":"([0-9a-f]+)"', lianshu(made, *sign))[1]
    lianshu(made, *sign, "--agree", agree)


def in_service(binaries, desk):
    """A hub and an adapter that sign with keys on a token, confined; a document passes between them."""
    os.environ["SOFTHSM2_CONF"] = desk.env["SOFTHSM2_CONF"]
    with realm.Realm(binaries, "keytoken") as made:
        sign_on_token(made, desk, "hub", "hub.445100", "--use", "hub")
        sign_on_token(made, desk, "health", "health.445100", "--use", "adapter", "--adapter", "a1")
        next_registry(made)
        for name in ("signer", "hub", "health"):
            made.start(name)
        watch = realm.Watch(made.site("health", "done"), made.site("health", "refused"))
        made.put("health", "application.json", json.dumps(realm.APPLICATION))
        watch.until(lambda: os.listdir(made.site("health", "done")), "a document signed on a token is accepted")
        watch.close()
        realm.check(not os.listdir(made.site("health", "refused")), "refused")


def test(binaries, *_):
    with Desk(binaries) as desk:
        on_a_token(desk)
        as_credential(desk)
        in_service(binaries, desk)


realm.main(test)
