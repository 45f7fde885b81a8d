"""A directory with SoftHSM in it, and a signer's configuration: for tests of keys on tokens."""

import os
import shutil
import subprocess
import tempfile

import realm

MODULE = "/usr/lib/softhsm/libsofthsm2.so"
URI = f"pkcs11:token=log;object=hub.445100:log?module-path={MODULE}"
PIN = "CANARY-PIN-4711"
PATHS = "token_paths: [tokens, softhsm2.conf]\n"


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

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run(["chmod", "-R", "u+w", self.dir], check=False)
        shutil.rmtree(self.dir)
