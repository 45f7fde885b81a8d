#!/usr/bin/env python3
"""The demo's day, by deploy/demo itself with the sanitized programs; its counts, by hand.

The derivation of each number stands in deploy/day/expected.h and in the rule it names; the
numbers are written here a second time on purpose."""

import json
import os
import tempfile

import realm

EXPECTED = {
    "orders": 1,
    "obligations": 22,
    "obligations_executed": 22,
    "unassigned": 3,
    "restrictions_at_end": 0,
    "undelivered": 0,
    "parked": 0,
    "failures": 0,
}
AT_LEAST = {"envelopes": 3 * 1740, "refused_by_gate": 2, "refused_attacks": 6}


def test(binaries, *options):
    with tempfile.TemporaryDirectory(prefix="lianshu-day.", dir="/var/tmp") as folder:
        counts = f"{folder}/counts.json"
        code, out, err = realm.run([f"{realm.ROOT}/deploy/demo", "--bin", binaries, "--dir", f"{folder}/realm",
                                    "--json", counts], env=realm.sanitizers(), timeout=600)
        print(out, err, sep="\n")
        realm.check(code == 0, f"deploy/demo ended with {code}")
        with open(counts, encoding="utf-8") as text:
            got = json.load(text)
        for key, value in EXPECTED.items():
            realm.check(got.get(key) == value, f"{key} is {got.get(key)}, by hand it is {value}")
        for key, value in AT_LEAST.items():
            realm.check(got.get(key, 0) >= value, f"{key} is {got.get(key)}, must be {value} at least")
        for key in ("order_to_last_execution_ms", "duration_ms"):
            realm.check(got.get(key, 0) > 0, f"{key} is missing")
        for folder_name, _, names in os.walk(f"{folder}/realm/log"):
            for name in names:
                with open(f"{folder_name}/{name}", encoding="utf-8", errors="replace") as log:
                    realm.check("Sanitizer" not in log.read(), f"a sanitizer reports in {name}")


realm.main(test)
