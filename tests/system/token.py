#!/usr/bin/env python3
"""The signer with its key on a token (SoftHSM), confined as in service; and passphrases that are
credentials of the service manager. What it signs is checked with openssl, not with our own code."""

import base64
import os
import re
import shutil
import subprocess
import tempfile

import realm

MODULE = "/usr/lib/softhsm/libsofthsm2.so"
URI = f"pkcs11:token=log;object=hub.445100:log?module-path={MODULE}"
PIN = "CANARY-PIN-4711"


def write(path, text, mode=0o600):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, mode)


class Desk:
    """One signer's directory."""

    def __init__(self, binaries):
        self.dir = tempfile.mkdtemp(prefix="lianshu-token-")
        self.bin = binaries
        os.mkdir(f"{self.dir}/tokens", 0o700)
        os.mkdir(f"{self.dir}/own", 0o700)
        write(f"{self.dir}/softhsm2.conf",
              f"directories.tokendir = {self.dir}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n")
        self.env = realm.sanitizers()
        # SoftHSM 2.6.1 drops 37 bytes at every use of an Ed25519 key.
        write(f"{self.dir}/leaks", "leak:CRYPTO_zalloc\nleak:ASN1_STRING_set\n")
        self.env["ASAN_OPTIONS"] += ":detect_leaks=0"
        self.env["SOFTHSM2_CONF"] = f"{self.dir}/softhsm2.conf"
        code, _, err = realm.run(["softhsm2-util", "--init-token", "--free", "--label", "log", "--so-pin", "so-" + PIN,
                                  "--pin", PIN], env=self.env)
        realm.check(code == 0, f"softhsm2-util: {err}")
        write(f"{self.dir}/pin", PIN + "\n")

    def configure(self, key_file, passphrase_file, more=""):
        write(f"{self.dir}/signer.yaml",
              f'realm: demo\nmember: hub.445100\nkey_file: "{key_file}"\npassphrase_file: "{passphrase_file}"\n'
              f"state_file: own/signer.state\nsocket: own/sock\n{more}")

    def signer(self, *arguments, **environment):
        return realm.run([f"{self.bin}/lianshu-signer", "--config", f"{self.dir}/signer.yaml", *arguments],
                         env={**self.env, **environment})

    def lianshu(self, *arguments):
        code, out, err = realm.run([f"{self.bin}/lianshu", *arguments], env=self.env, cwd=self.dir)
        realm.check(code == 0, f"lianshu {arguments[:2]}: {err}")
        return out


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
    paths = "token_paths: [tokens, softhsm2.conf]\n"
    desk.configure(URI, "pin", paths)
    code, _, err = desk.signer("--init")
    realm.check(code == 0, f"--init: {err}")
    code, out, err = desk.signer("--head")
    realm.check(code == 0, f"--head: {err}")
    check_note(desk, out, f"{desk.dir}/log.pub")
    write(f"{desk.dir}/wrong", "not-the-pin\n")
    desk.configure(URI, "wrong", paths)
    refused(desk.signer("--head"), "E028")
    desk.configure(URI, "pin")
    done = desk.signer("--head")
    if "files_open" not in done[2]:  # the kernel has Landlock: the token's files are not its business
        refused(done, "E438")
    desk.configure(URI.replace(MODULE, f"{desk.dir}/evil.so"), "pin", paths)
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
    desk = Desk(binaries)
    try:
        on_a_token(desk)
        as_credential(desk)
    finally:
        subprocess.run(["chmod", "-R", "u+w", desk.dir], check=False)
        shutil.rmtree(desk.dir)


realm.main(test)
