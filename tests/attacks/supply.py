"""U-06: what the programs are made of, held against known faults. BINARIES: the folder bin of a build.

    supply.py BINARIES CASE..."""

import functools
import json
import os
import subprocess
import sys
import tempfile

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
COMMAND = f"{ROOT}/deploy/advisories"
CASES = {}


def case(function):
    CASES[function.__name__] = function
    return function


def need(truth, what):
    if not truth:
        raise AssertionError(what)


def check(*arguments):
    done = subprocess.run([sys.executable, "-B", COMMAND, *arguments], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def write(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


@functools.cache
def sbom(binaries):
    """The bill of this very build, made once for all cases."""
    done = subprocess.run([f"{ROOT}/deploy/sbom", os.path.dirname(binaries)], capture_output=True, text=True, check=False)
    need(done.returncode == 0, done.stderr)
    return done.stdout


def bill_of(binaries, folder):
    return write(folder, "bill.json", sbom(binaries)), json.loads(sbom(binaries))


def older(bill, package, version):
    for part in bill["packages"]:
        if part["name"] == package:
            part["versionInfo"] = version
            return bill
    raise AssertionError(f"{package} is no part of this build")


@case
def this_build_has_no_part_that_is_known_to_be_faulty(binaries, folder):
    code, said = check(bill_of(binaries, folder)[0])
    need(code == 0, said)


@case
def a_part_older_than_its_fix_is_named_and_refused(binaries, folder):
    _, bill = bill_of(binaries, folder)
    planted = (("libzmq5", "4.3.1-4", "CVE-2019-13132"), ("libsodium23", "1.0.18-1", "CVE-2025-69277"),
               ("libsqlite3-0", "3.40.1-2+deb12u1", "CVE-2025-6965"), ("libssl3", "3.0.9-1", "CVE-2024-6119"))
    for package, version, name in planted:
        path = write(folder, "old.json", json.dumps(older(json.loads(json.dumps(bill)), package, version)))
        code, said = check(path)
        need(code == 1 and name in said and package in said, said)
    for version, code in (("4.3.1-5~", 1), ("4.3.3-1~rc1", 1), ("4.3.3-1", 0), ("4.3.10-1", 0), ("1:1.0-1", 0)):
        path = write(folder, "old.json", json.dumps(older(json.loads(json.dumps(bill)), "libzmq5", version)))
        need(check(path)[0] == code, f"{version}: {check(path)}")


@case
def a_bill_or_list_that_cannot_be_read_is_no_clean_bill(binaries, folder):
    path, bill = bill_of(binaries, folder)
    head = "id,package,fixed,what\n"
    bills = ("", "{", "[]", "{}", '{"spdxVersion": "SPDX-2.3", "packages": []}', json.dumps(dict(bill, packages=[{}])),
             json.dumps(older(json.loads(json.dumps(bill)), "libzmq5", "")),
             json.dumps(older(json.loads(json.dumps(bill)), "libzmq5", "none; true")))
    for text in bills:
        code, said = check(write(folder, "bad.json", text))
        need(code == 2, f"{text[:40]}: {code} {said}")
    for text in ("", "id,package\n", head + "a,b,c\n", head + "a,b,,d\n", head + "a,b,$(id),d\n", head + "a,,1,d\n"):
        code, said = check(path, write(folder, "bad.csv", text))
        need(code == 2, f"{text}: {code} {said}")
    need(check(path, os.path.join(folder, "nowhere"))[0] == 2 and check(os.path.join(folder, "nowhere"))[0] == 2, "missing files")
    need(check(path, write(folder, "good.csv", head))[0] == 0, "an empty list knows of nothing")


def main():
    binaries, names = os.path.abspath(sys.argv[1]), sys.argv[2:] or list(CASES)
    failed = False
    for name in names:
        with tempfile.TemporaryDirectory(prefix="supply.") as folder:
            try:
                CASES[name](binaries, folder)
                print(f"ok {name}")
            except (AssertionError, KeyError, OSError) as problem:
                failed = True
                print(f"FAILED {name}: {problem}")
    sys.exit(1 if failed else 0)


main()
