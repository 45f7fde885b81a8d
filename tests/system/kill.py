#!/usr/bin/env python3
"""kill -9 of a random process at 50 random moments of the day loses and duplicates nothing.

The player restarts each victim at once and then holds the day to the same counts as without
kills; here everything that went in is compared with everything that came out."""

import collections
import json
import os
import random

import realm

KILLS = 50


def sink_documents(site):
    """(type, what makes the document one) of every message in a department's sink, with repeats."""
    found = collections.Counter()
    for folder, _, names in os.walk(f"{site}/sink"):
        for name in names:
            if name.endswith(".json") and ".files" not in folder:
                with open(f"{folder}/{name}", encoding="utf-8") as text:
                    document = json.load(text)
                kind = os.path.relpath(folder, f"{site}/sink")
                found[(kind, json.dumps(document.get("facts", document), sort_keys=True, ensure_ascii=False))] += 1
    return found


def test(binaries, *options):
    seed = int(options[0]) if options else random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}")
    with realm.Realm(binaries, "kill") as made:
        counts = f"{made.dir}/counts.json"
        code, out, err = realm.run([made.program("lianshu-day"), "--dir", made.dir, "--bin", made.bin, "--json", counts,
                                    "--kills", str(KILLS), "--seed", str(seed)], env=realm.sanitizers(), timeout=850)
        print(out, err, sep="\n")
        realm.check(code == 0, f"the day ended with {code}; replay: tests/system/kill.py BIN {seed}")
        with open(counts, encoding="utf-8") as text:
            got = json.load(text)
        realm.check(got["kills"] == KILLS, f"{got['kills']} kills instead of {KILLS}")
        for member in realm.MEMBERS:
            for (kind, _), times in sink_documents(made.site(member)).items():
                realm.check(times == 1, f"{member}: a {kind} arrived {times} times; seed {seed}")
            left = os.listdir(made.site(member, "source"))
            realm.check(not [n for n in left if not n.startswith(".")], f"{member}: left in source/: {left}")


realm.main(test)
