#!/usr/bin/env python3
"""The systemd units parse, and are confined: `systemd-analyze verify` finds nothing to say of them, and
`systemd-analyze security` finds no more exposure than is allowed. Where there is no systemd, only that
what a unit runs is a program of ours, and that every unit has an example of its configuration."""

import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
UNITS = os.path.join(ROOT, "deploy", "systemd")
EXPOSURE_MAX = 1.1
PROGRAMS = ["lianshu", "lianshu-hub", "lianshu-signer", "lianshu-adapter"]


def analyze(*arguments):
    done = subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


def of_text(name, text):
    faults = []
    for program in re.findall(r"^Exec\w+=/usr/local/bin/(\S+)", text, re.M):
        if program not in PROGRAMS:
            faults.append(f"{name}: runs {program}")
    if not re.search(r"^ExecStart=/usr/local/bin/", text, re.M):
        faults.append(f"{name}: runs nothing of ours")
    for wanted in ("NoNewPrivileges=yes", "CapabilityBoundingSet=", "MemoryDenyWriteExecute=yes", "LimitCORE=0"):
        if not re.search(rf"^{wanted}$", text, re.M):
            faults.append(f"{name}: no {wanted}")
    kind = re.match(r"lianshu-(\w+)", name)[1]
    if not os.path.exists(os.path.join(ROOT, "deploy", "conf", f"{kind}.yaml")):
        faults.append(f"{name}: deploy/conf has no {kind}.yaml")
    return faults


def by_systemd(names, texts):
    """The programs need not be installed to see whether a unit parses."""
    faults = []
    with tempfile.TemporaryDirectory() as place:
        for name, text in zip(names, texts):
            with open(os.path.join(place, name), "w", encoding="utf-8") as out:
                out.write(re.sub(r"/usr/local/bin/\S+", "/bin/true", text))
        for name in names:
            unit = os.path.join(place, name.replace("@.", "@one."))
            if unit != os.path.join(place, name):
                shutil.copy(os.path.join(place, name), unit)
            code, said = analyze("verify", "--man=no", unit)
            if code or name in said or os.path.basename(unit) in said:
                faults.append(f"{name}: {said.strip()}")
            _, said = analyze("security", "--offline=true", unit)
            found = re.search(r"exposure level for .*: ([0-9.]+)", said)
            if found is None or float(found[1]) > EXPOSURE_MAX:
                faults.append(f"{name}: exposure {found[1] if found else said[-200:]}, at most {EXPOSURE_MAX}")
    return faults


def main():
    names = sorted(name for name in os.listdir(UNITS) if name.endswith(".service"))
    texts = [open(os.path.join(UNITS, name), encoding="utf-8").read() for name in names]
    faults = [fault for name, text in zip(names, texts) for fault in of_text(name, text)]
    if shutil.which("systemd-analyze"):
        faults += by_systemd(names, texts)
    for fault in faults:
        print(fault)
    sys.exit(1 if faults or not names else 0)


main()
