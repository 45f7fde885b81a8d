#!/usr/bin/env python3
"""One random bit of a stopped realm is flipped: in the hub's database or its write-ahead log, a key file, a
configuration, the rule set, the registry or the state of the signer. Then it is started. Either the start or
the scrub of the whole log says so with a code, or the flip was harmless: the log goes on from the one that was
exported before, and every entry of it verifies. Never is something signed over.

    tests/fault/flips.py BIN [COUNT] [SEED]        # by hand; BIN: the programs, COUNT 200, SEED 1
"""

import collections
import json
import os
import random
import re
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "system"))
import realm  # noqa: E402

APPLICATIONS = 30
START_S = 60
# What is flipped, and how often of a hundred.
TARGETS = [("database", 40), ("wal", 20), ("key", 10), ("configuration", 10), ("rules", 5), ("registry", 5), ("signer", 10)]


def arrive(made, batch, wanted):
    """A file of applications; waits until so many have come to the market in all."""
    rows = [dict(realm.APPLICATION, 受理号=f"演示{batch}-{n}号") for n in range(APPLICATIONS)]
    sink = made.site("market", "sink", "licence.application")
    made.put("health", f"许可申请-{batch}.json", json.dumps(rows, ensure_ascii=False))
    os.makedirs(sink, exist_ok=True)
    watch = realm.Watch(sink, f"{made.dir}/log")
    watch.until(lambda: len([n for n in os.listdir(sink) if n.endswith(".json")]) >= wanted, "the applications arrive")
    watch.close()


def fill(made):
    """Some traffic, and an end as of the power, while the write-ahead log holds what is new."""
    for name in ("signer", "hub", "market", "health"):
        made.start(name)
    arrive(made, 1, APPLICATIONS)
    realm.check(made.ask("log", "export", f"{made.dir}/exported") is not None, "the log cannot be exported")
    arrive(made, 2, APPLICATIONS + 1)
    for name in ("hub", "signer", "market", "health"):
        made.processes.pop(name).kill()
    realm.check(os.path.getsize(f"{made.dir}/hub/hub.db-wal") > 0, "the write-ahead log is empty")


def files_of(made, target):
    at = made.dir
    rules = [os.path.join(f"{at}/rules", n) for n in sorted(os.listdir(f"{at}/rules"))]
    return {"database": [f"{at}/hub/hub.db"], "wal": [f"{at}/hub/hub.db-wal"],
            "key": [f"{at}/keys/hub.key", f"{at}/keys/signer.key"],
            "configuration": [f"{at}/hub.yaml", f"{at}/signer.yaml"],
            "rules": [path for path in rules if os.path.isfile(path)],
            "registry": [f"{at}/registry.lsg", f"{at}/anchor.yaml"],
            "signer": [f"{at}/signer/signer.state"]}[target]


KEPT = ["hub", "signer", "keys", "rules", "exported", "hub.yaml", "signer.yaml", "registry.lsg", "anchor.yaml"]


def copy(source, target):
    if os.path.isdir(source):
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(source, target)
    else:
        shutil.copy2(source, target)


def keep(made, under):
    os.mkdir(f"{made.dir}/{under}")
    for name in KEPT:
        copy(f"{made.dir}/{name}", f"{made.dir}/{under}/{name}")


def flip(path, chance):
    with open(path, "r+b") as file:
        at = chance.randrange(os.path.getsize(path))
        bit = 1 << chance.randrange(8)
        file.seek(at)
        old = file.read(1)[0]
        file.seek(at)
        file.write(bytes([old ^ bit]))
    return f"{os.path.basename(path)} byte {at} bit {bit:#04x}"


def code_of(text):
    found = re.findall(r"\bE\d{3}\b", text)
    return found[-1] if found else None


def started(made, name):
    """None, or the code that it ended with instead of being ready."""
    process = made.start(name, ready=False)
    watch = realm.Watch(f"{made.dir}/log")
    try:
        watch.until(lambda: "event=ready" in process.text() or process.child.poll() is not None, f"{name} starts", START_S)
    finally:
        watch.close()
    if process.child.poll() is None:
        return None
    text = process.text()
    realm.check(process.child.returncode in (1, 2) and code_of(text), f"{name} ended with {process.child.returncode}: {text[-800:]}")
    return code_of(text)


def scrubbed(made):
    """The whole log was read again, or the hub has ended: then its code."""
    hub = made.processes["hub"]
    while hub.child.poll() is None:
        answer = made.ask("log", "scrub")
        if answer is not None and "round_ended" in answer:
            return None
    return code_of(hub.text())


def verified(made):
    """The log goes on from what was exported before; every entry verifies."""
    code, out, err = realm.run([made.program("lianshu"), "log", "export", f"{made.dir}/exported", "--control",
                                f"{made.dir}/run/control.sock"], env=realm.sanitizers())
    if code:
        return code_of(out + err) or f"export: {out}{err}"
    code, out, err = realm.run([made.program("lianshu"), "log", "verify", f"{made.dir}/exported", "--anchor",
                                f"{made.dir}/good/anchor.yaml", "--registry", f"{made.dir}/good/registry.lsg"],
                               env=realm.sanitizers())
    realm.check(code == 0, f"signed over: {out}{err}")
    return None


def outcome(made):
    try:
        for name in ("signer", "hub"):
            code = started(made, name)
            if code:
                return f"{name} {code}"
        code = scrubbed(made)
        if code:
            return f"scrub {code}"
        code = verified(made)
        return f"export {code}" if code else "harmless"
    finally:
        for name in ("hub", "signer"):
            if name in made.processes:
                made.processes.pop(name).kill()


def test(binaries, count="200", seed="1"):
    chance = random.Random(int(seed))
    table, broken = collections.Counter(), []
    with realm.Realm(binaries, "flips") as made:
        fill(made)
        keep(made, "good")
        for name in ("signer", "hub"):
            made.start(name)
        realm.check(made.stop("hub") == 0 and made.stop("signer") == 0, "it does not stop in order")
        keep(made, "clean")
        realm.check(outcome(made) == "harmless", "the realm does not start without any flip")
        for number in range(int(count)):
            target = chance.choices([t for t, _ in TARGETS], [w for _, w in TARGETS])[0]
            for name in KEPT:  # the write-ahead log would hide most of the database
                copy(f"{made.dir}/{'clean' if target == 'database' else 'good'}/{name}", f"{made.dir}/{name}")
            where = flip(chance.choice(files_of(made, target)), chance)
            try:
                result = outcome(made)
            except realm.Failure as failure:
                result = "FAILED"
                broken.append(f"{number}: {where}: {failure}")
                print(broken[-1], flush=True)
            table[target, result] += 1
            print(f"{number + 1}/{count} {where}: {result}", flush=True)
    for (target, result), n in sorted(table.items()):
        print(f"{target:14} {result:14} {n}")
    realm.check(not broken, f"{len(broken)} flips of seed {seed}")


if __name__ == "__main__":
    realm.main(test)
