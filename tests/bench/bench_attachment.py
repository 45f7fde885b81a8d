#!/usr/bin/env python3
"""One attachment of --size through real processes: adapter -> hub -> adapter, all on this machine.

    bench_attachment.py BIN --size 200M [--json FILE]

BIN holds release programs. Prints one JSON object: bytes, seconds (from the record's appearance in
source/ to the record's appearance in sink/, everything fsynced on the way), mib_per_s, the seconds of
its phases, ratio_to_cp (seconds through cp + fsync of the same file), the highest resident memory of
the three processes, and the bytes that each wrote.
"""

import argparse
import json
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))
import attached  # noqa: E402
import realm     # noqa: E402


def size_of(text):
    units = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
    return int(float(text[:-1]) * units[text[-1]]) if text[-1] in units else int(text)


def copy_seconds(source, target):
    """cp and fsync of the same bytes, the source as warm as it was for the adapter."""
    began = time.monotonic()
    subprocess.run(["cp", "--reflink=never", source, target], check=True)
    with open(target, "rb+") as out:
        os.fsync(out.fileno())
    took = time.monotonic() - began
    os.unlink(target)
    return took


def peak_kib(process):
    with open(f"/proc/{process.child.pid}/status", encoding="ascii") as text:
        return next(int(line.split()[1]) for line in text if line.startswith("VmHWM"))


def forget_peak(process):
    """The peak so far is that of unlocking the keys (argon2id)."""
    with open(f"/proc/{process.child.pid}/clear_refs", "w", encoding="ascii") as out:
        out.write("5")


def cpu_seconds(process):
    with open(f"/proc/{process.child.pid}/stat", encoding="ascii") as text:
        fields = text.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def written(process):
    with open(f"/proc/{process.child.pid}/io", encoding="ascii") as text:
        return next(int(line.split()[1]) for line in text if line.startswith("write_bytes"))


def measure(binaries, size):
    with realm.Realm(binaries, "bench") as made:
        for name in ["signer", "hub", "market", "health"]:
            forget_peak(made.start(name))
        source = f"{made.dir}/source.bin"
        attached.make(source, size)
        cp = copy_seconds(source, f"{made.dir}/copy.bin")
        os.rename(source, made.site("health", "source", "file.bin"))
        began = time.monotonic()
        attached.send(made, "health", "market", "bench", ["file.bin"])
        taken = attached.taken(made, "health", "bench", 3600)
        accepted = attached.accepted(made, "health", "bench", 3600)
        sink = attached.arrived(made, "market", 1, 3600)
        ended = time.monotonic()
        realm.check(attached.same(made, sink[0], made.site("health", "done", "bench.json.files", "file.bin")),
                    "what came is not what was sent")
        parts = {"hub": "hub", "sender": "health", "receiver": "market"}
        result = {"bytes": size, "seconds": round(ended - began, 3), "mib_per_s": round(size / (ended - began) / (1 << 20), 1),
                  "ratio_to_cp": round((ended - began) / cp, 2), "cp_seconds": round(cp, 3),
                  "sealed_seconds": round(taken - began, 3), "accepted_seconds": round(accepted - taken, 3),
                  "fetched_seconds": round(ended - accepted, 3)}
        for part, name in parts.items():
            process = made.processes[name]
            result[f"{part}_rss_kib"] = peak_kib(process)
            result[f"{part}_cpu_seconds"] = round(cpu_seconds(process), 2)
            result[f"{part}_written_bytes"] = written(process)
        return result


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bin")
    parser.add_argument("--size", default="200M")
    parser.add_argument("--json")
    options = parser.parse_args()
    result = measure(options.bin, size_of(options.size))
    text = json.dumps(result)
    print(text)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as out:
            out.write(text + "\n")


if __name__ == "__main__":
    try:
        main()
    except realm.Failure as failure:
        sys.exit(f"FAILED: {failure}")
