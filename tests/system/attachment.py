#!/usr/bin/env python3
"""An attachment of 64 MiB arrives whole although sender, hub and reader are killed three times each
while it is under way, and each goes on where it was. The same file again for the same readers is
not sent a second time while it is still there; nothing of either is left once they have ended."""

import os

import attached
import realm

SIZE = 64 << 20
CHUNK = 256 << 10
SLACK = 24 << 20  # what a process reads of other things: itself, its libraries, keys, tables


def largest(folder, ending=""):
    """Bytes of the largest file there; files come and go meanwhile."""
    most = 0
    for name in os.listdir(folder):
        try:
            if name.endswith(ending):
                most = max(most, os.path.getsize(os.path.join(folder, name)))
        except FileNotFoundError:
            pass
    return most


def kill_at(made, name, watched, share, ending=""):
    """Kill it as soon as the watched file has that share of the attachment, and start it again."""
    watch = realm.Watch(watched)
    watch.until(lambda: largest(watched, ending) >= share * SIZE, f"{share} of {watched}")
    watch.close()
    made.processes[name].kill()
    realm.check(largest(watched, ending) < SIZE, f"{name} was killed too late to show anything")
    made.start(name, ready=name != "health")  # the sender may be on its way before the hub is


def bytes_read(process):
    with open(f"/proc/{process.child.pid}/io", encoding="ascii") as text:
        return next(int(line.split()[1]) for line in text if line.startswith("rchar"))


def killed_under_way(made, source):
    hub, market = f"{made.dir}/hub/chunks", f"{made.dir}/adapter/market/files"
    attached.send(made, "health", "market", "first", ["file.bin"])
    for share, victim in [(0.1, "health"), (0.2, "hub"), (0.3, "health"), (0.4, "hub"), (0.55, "health")]:
        kill_at(made, victim, hub, share)
    for share, victim in [(0.1, "market"), (0.25, "market"), (0.4, "hub"), (0.55, "market")]:
        kill_at(made, victim, market, share, ".in")
    found = attached.arrived(made, "market", 1, 60)
    realm.check(len(found) == 1 and attached.same(made, found[0], source), "what came is not what was sent")
    again = bytes_read(made.processes["health"])
    realm.check(again < SIZE * 0.45 + SLACK, f"the sender read {again} bytes after its last kill")


def sent_once(made, source):
    """The reader is away, so the first message stays; the second one's chunks are there already."""
    made.processes.pop("market").kill()
    for name in ["second", "third"]:
        with open(made.site("health", "source", f"{name}.bin"), "wb") as copy, open(source, "rb") as bytes_of:
            copy.write(bytes_of.read())
        attached.send(made, "health", "market", name, [f"{name}.bin"])
        attached.accepted(made, "health", name, 60)
    chunks = os.listdir(f"{made.dir}/hub/chunks")
    realm.check(len(chunks) == 1, f"the same file for the same readers lies here {len(chunks)} times")
    made.start("market")
    found = attached.arrived(made, "market", 3, 60)
    realm.check(all(attached.same(made, one, source) for one in found), "what came is not what was sent")


def nothing_is_left(made):
    folders = [f"{made.dir}/hub/chunks", f"{made.dir}/adapter/health/files", f"{made.dir}/adapter/market/files"]
    watch = realm.Watch(*folders)
    watch.until(lambda: not any(os.listdir(folder) for folder in folders), "files of attachments are gone")
    watch.close()


def test(binaries):
    with realm.Realm(binaries, "attachment") as made:
        for name in ["signer", "hub", "market", "health"]:
            made.start(name)
        file = made.site("health", "source", "file.bin")
        attached.make(file, SIZE)
        source = f"{made.dir}/source.bin"
        os.link(file, source)
        killed_under_way(made, source)
        sent_once(made, source)
        nothing_is_left(made)


realm.main(test)
