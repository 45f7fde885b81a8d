"""The hub's disk is full (reliability R11): what is new is refused with its code at once, what
waits is delivered all the same, and when there is room again the hub goes on by itself.

Mounts a small file system of its own, so it needs root."""

import json
import os
import shutil
import subprocess
import time

import realm

WAITING = 400  # envelopes that wait at the hub when its disk fills up
SMALL_MIB = 64
RESERVE_MIB = 16
REFUSED_S = 3.0  # from the file at the adapter to E703 in its log: two processes and a look per second
RECOVERED_S = 5.0

def numbered(numbers):
    rows = [dict(realm.APPLICATION, 受理号=f"演示满盘{number}号") for number in numbers]
    return json.dumps(rows, ensure_ascii=False)


def fill(small):
    with open(f"{small}/ballast", "wb", buffering=0) as file:
        for size in (1 << 20, 1 << 16, 1 << 12):
            try:
                while file.write(b"\0" * size) == size:
                    pass
            except OSError:
                continue


def move_state(made, small):
    shutil.copytree(f"{made.dir}/hub", small, dirs_exist_ok=True)
    realm.set_key(made.config("hub"), "state_dir", "small")
    realm.set_key(made.config("hub"), "disk_reserve_mib", RESERVE_MIB)


def arrived(made):
    sink = made.site("market", "sink", "licence.application")
    if not os.path.isdir(sink):
        return 0
    return len([name for name in os.listdir(sink) if name.endswith(".json")])


def waiting(made, member):
    """What a member has not taken yet: others, which never start here, have their mirrors waiting."""
    rows = (made.ask("status") or {}).get("members", [])
    return next((row["queued"] + row["leased"] for row in rows if row["member"] == member), None)


def taken(made):
    """Envelopes of members that the hub has accepted: its own are pages of mirrors here."""
    status = made.ask("status") or {"envelopes": 0, "mirror_pages": 0}
    return status["envelopes"] - status["mirror_pages"]


def full_disk(made, small):
    move_state(made, small)
    for name in ("signer", "hub", "health"):
        made.start(name)
    hub, health = made.processes["hub"], made.processes["health"]
    made.put("health", "许可申请-before.json", numbered(range(WAITING)))
    watch = realm.Watch(made.site("health", "done"), os.path.dirname(health.log))
    watch.until(lambda: taken(made) == WAITING, "the backlog is at the hub")
    realm.check(waiting(made, "market.445100") >= WAITING, "the backlog does not wait for the market")

    fill(small)
    begun = time.monotonic()
    made.put("health", "许可申请-during.json", numbered(range(WAITING, WAITING + 20)))
    watch.until(lambda: "code=703" in health.text(), "E703 is told")
    refused_s = time.monotonic() - begun
    realm.check(refused_s <= REFUSED_S, f"E703 took {refused_s:.2f} s")
    realm.check(hub.child.poll() is None, "the hub does not survive a full disk")

    made.start("market")
    os.makedirs(made.site("market", "sink", "licence.application"), exist_ok=True)
    watch.add(made.site("market", "sink", "licence.application"))
    watch.until(lambda: arrived(made) >= WAITING, "deliveries go on", 60)
    realm.check(hub.child.poll() is None, "the hub ended while it delivered on a full disk")
    realm.check(taken(made) == WAITING, "something new was taken on a full disk")

    os.unlink(f"{small}/ballast")
    begun = time.monotonic()
    watch.until(lambda: arrived(made) == WAITING + 20, "it goes on when there is room", 60)
    recovered_s = time.monotonic() - begun
    realm.check(recovered_s <= RECOVERED_S, f"the refused ones arrived {recovered_s:.1f} s after there was room")
    watch.until(lambda: waiting(made, "market.445100") == 0, "every receipt is taken")
    realm.check(os.path.exists(f"{small}/hub.db.reserve"), "the reserve is not taken back")
    watch.close()
    print(f"full disk: E703 after {refused_s:.2f} s, {WAITING} delivered meanwhile, recovered in {recovered_s:.1f} s")


def test(binaries, *_):
    with realm.Realm(binaries, "full-disk") as made:
        small = f"{made.dir}/small"
        os.mkdir(small, 0o700)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SMALL_MIB}m,mode=0700", "tmpfs", small],
                                 check=False)
        if mounted.returncode:
            print("SKIPPED LOUDLY: mounting a small file system needs root with CAP_SYS_ADMIN; full disk NOT tested")
            return
        try:
            full_disk(made, small)
        finally:
            for process in made.processes.values():
                process.kill()
            made.processes.clear()
            subprocess.run(["umount", small], check=False)


realm.main(test)
