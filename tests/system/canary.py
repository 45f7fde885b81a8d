#!/usr/bin/env python3
"""Where the words of the day may be, and where they must not.

The day plants them: every person has a citizen id that begins with 999999, every company a
credit code with DEMA and a name with 演示 (facts), and every sealed part and attachment holds
CANARY-SEALED. After the day, with everything still running:
  - the hub's database files and all logs hold none of them;
  - the hub's memory holds nothing of a sealed part.
That the search finds what is there is shown on the sinks and on the hub's own name."""

import os
import re
import subprocess

import realm

FACTS = [re.compile(rb"999999(19|20)\d{9}[\dX]"), re.compile(rb"DEMA\d{4}"), "演示".encode(), "示安".encode()]
SEALED = [b"CANARY-SEALED"]
MAPPING_MAX = 1 << 30  # a sanitizer's shadow is larger, sparse, and holds no text


def holds(data, mark):
    return mark.search(data) is not None if isinstance(mark, re.Pattern) else mark in data


def search_files(folder, marks):
    found = []
    for place, _, names in os.walk(folder):
        for name in names:
            if not os.path.isfile(os.path.join(place, name)):
                continue  # sockets
            with open(os.path.join(place, name), "rb") as file:
                data = file.read()
            found += [f"{name}: {mark}" for mark in marks if holds(data, mark)]
    return found


def memory(pid):
    """The readable, writable memory of a process, mapping by mapping (as root)."""
    with open(f"/proc/{pid}/maps", encoding="ascii", errors="replace") as maps, \
            open(f"/proc/{pid}/mem", "rb", buffering=0) as mem:
        for line in maps:
            fields = line.split()
            begin, end = (int(x, 16) for x in fields[0].split("-"))
            if "r" not in fields[1] or end - begin > MAPPING_MAX or fields[-1] in ("[vvar]", "[vsyscall]"):
                continue
            try:
                mem.seek(begin)
                yield mem.read(end - begin)
            except OSError:
                continue  # guard pages, and what sodium_mprotect closed


def search_memory(pid, marks):
    return [str(mark) for block in memory(pid) for mark in marks if holds(block, mark)]


def pids(folder):
    with open(f"{folder}/pids", encoding="ascii") as text:
        return {name: int(pid) for pid, name in (line.split() for line in text)}


def look(made):
    realm.check(search_files(made.site("police", "sink"), SEALED), "the search does not find what is there")
    realm.check(search_files(made.site("market"), FACTS[1:3]), "the search does not find what is there")
    for folder in ("hub", "log", "signer"):
        found = search_files(f"{made.dir}/{folder}", FACTS + SEALED)
        realm.check(not found, f"in clear in {folder}/: {found[:5]}")
    running = pids(made.dir)
    realm.check(search_memory(running["hub"], [b"hub.445100"]), "the memory of the hub cannot be searched")
    found = search_memory(running["hub"], SEALED)
    realm.check(not found, f"in the hub's memory: {found[:5]}")
    found = search_memory(running["signer"], FACTS + SEALED)
    realm.check(not found, f"in the signer's memory: {found[:5]}")


def test(binaries, *_):
    with realm.Realm(binaries, "canary") as made:
        code, out, err = realm.run([made.program("lianshu-day"), "--dir", made.dir, "--bin", made.bin, "--keep"],
                                   env=realm.sanitizers(), timeout=600)
        realm.check(code == 0, f"the day ended with {code}: {out[-3000:]} {err[-2000:]}")
        try:
            look(made)
        finally:
            subprocess.run([f"{realm.ROOT}/deploy/demo", "--stop", made.dir], check=False,
                           stdout=subprocess.DEVNULL, timeout=realm.PATIENCE_S)


if __name__ == "__main__":
    realm.main(test)
