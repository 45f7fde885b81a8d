#!/usr/bin/env python3
"""Other keys at rest, with real processes: the hub's storage and token keys by two officials, killed while it
changes over; an adapter's storage key; and a signer that lost its state signs nothing until two officials have
answered for it. Documents pass before, meanwhile and after. Figures are printed as `figure: value`."""

import json
import os
import time

import realm
from restore import lianshu, official, signer
from revocation import arrives, sent


def hub_key(made):
    return ["--key", f"{made.dir}/keys/hub.key", "--passphrase-file", f"{made.dir}/keys/passphrase"]


def both(made):
    return [*official(made, "official-1"), *official(made, "official-2")]


def control(made):
    return ["--control", f"{made.dir}/run/control.sock"]


def keys(made):
    return made.ask("hub", "keys")


def refused(made, code, *arguments):
    got, out, err = realm.run([made.program("lianshu"), *arguments], env=realm.sanitizers())
    realm.check(got == 1 and code in out + err, f"{arguments[:2]}: {got} {out}{err}")


def hub(made):
    """Everything is under the new pair in the end, whenever the hub was killed."""
    before = keys(made)
    realm.check("next" not in before and not before["running"], f"{before}")
    refused(made, "E434", "hub", "rekey", *both(made), *control(made))
    lianshu(made, "key", "renew", *hub_key(made))
    refused(made, "E026", "key", "renew", *hub_key(made))
    made.stop("hub")
    made.start("hub")
    waiting = keys(made)
    realm.check(waiting["keys"] == before["keys"] and "next" in waiting, f"{waiting}")
    began = time.monotonic()
    lianshu(made, "hub", "rekey", *both(made), *control(made))
    made.processes["hub"].kill()
    made.start("hub")
    sent(made, "health", 2)
    arrives(made, "market", 2, "an application arrives meanwhile")
    watch = realm.Watch(f"{made.dir}/log")
    watch.until(lambda: not keys(made)["running"], "the keys are replaced")
    watch.close()
    print(f"rekey_ms: {(time.monotonic() - began) * 1000:.0f}")
    after = keys(made)
    realm.check(after["keys"] == waiting["next"] and after["unreadable"] == 0, f"{after}")
    lianshu(made, "key", "forget", *hub_key(made), *control(made))
    made.stop("hub")
    made.start("hub")
    done = json.loads(lianshu(made, "decision", "verify", "--all", *control(made), "--json"))
    realm.check(done["differing"] == 0 and done["checked"] > 0, f"{done}")
    events = [row["event"] for row in made.ask("log", "admin")["admin"]]
    realm.check("act.rekey" in events and "rekey.done" in events, f"{events}")


def adapter(made):
    """Of one that runs nothing changes; a stopped one has another key, and all it kept."""
    refused(made, "E", "adapter", "rekey", "--adapter", made.config("market"))
    made.processes["market"].kill()
    lianshu(made, "adapter", "rekey", "--adapter", made.config("market"))
    made.start("market")
    sent(made, "health", 3)
    arrives(made, "market", 3, "an application arrives under the new key")


def lost(made):
    """The signer's disk is gone. Its log goes on under the next number, by two officials."""
    head = f"{made.dir}/checkpoint"
    with open(head, "w", encoding="utf-8") as out:
        out.write(made.ask("log", "checkpoint")["checkpoint"])
    made.stop("hub")
    made.stop("signer")
    os.remove(f"{made.dir}/signer/signer.state")
    code, challenge, err = signer(made, "--lost")
    realm.check(code == 0 and len(challenge.strip()) == 32, f"--lost: {code} {challenge}{err}")
    code, out, err = signer(made, "-n")
    realm.check(code == 1 and "E804" in err, f"it would start: {out}{err}")
    old, file = f"{made.dir}/old.lsd", f"{made.dir}/restored.lsd"
    draft = ["restore", "draft", "--backup", f"{made.dir}/hub", "--head", head, *both(made)]
    lianshu(made, *draft, "--out", old)
    code, out, err = signer(made, "--restore", old)
    realm.check(code == 1 and "E804" in err, f"an answer to nothing is taken: {out}{err}")
    lianshu(made, *draft, "--challenge", challenge.strip(), "--out", file)
    code, out, err = signer(made, "--restore", file)
    realm.check(code == 0, f"--restore: {out}{err}")
    made.start("signer")
    made.start("hub").until("event=restored")
    sent(made, "health", 4)
    arrives(made, "market", 4, "an application arrives under the next log")


def main(binaries):
    with realm.Realm(binaries, "rekey") as made:
        made.start_all()
        sent(made, "health", 1)
        arrives(made, "market", 1, "the first application arrives")
        hub(made)
        adapter(made)
        lost(made)


if __name__ == "__main__":
    realm.main(main)
