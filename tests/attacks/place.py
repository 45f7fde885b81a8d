"""A hub under attack: real processes on loopback, what must not move, and a bound for memory.

Cases are functions under @case; a script ends with main(), and prints `ok NAME` or `FAILED NAME: why`."""

import os
import sys
import time
import traceback

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))

import realm

import curve

MIB = 1 << 20
MEMORY_MAX = 64 * MIB  # more than that no attack may leave behind; sanitizers keep freed memory for a while
HONEST_S = 20
FIXED = ["envelopes", "orders", "obligations", "restrictions", "undelivered", "parked", "held", "decisions"]

cases = {}


def case(*ids):
    """This function shows that these attacks fail."""
    def keep(function):
        function.ids = ids
        cases[function.__name__] = function
        return function
    return keep


class Place(realm.Realm):
    """One hub; health applies, market receives, and the second adapter of police is the attacker's."""

    def __enter__(self):
        super().__enter__()
        self.applied = 0
        with open(self.config("hub"), encoding="utf-8") as text:
            self.port = int(next(line for line in text if line.startswith("bind:")).rsplit(":", 1)[1])
        self.passphrase = f"{self.dir}/keys/passphrase"
        for name in ("signer", "hub", "market", "health"):
            self.start(name)
        return self

    def secret(self, name, use=3):
        return curve.secrets_of(f"{self.dir}/keys/{name}.key", self.passphrase)[use]

    def prepare(self):
        """The keys of the door, read once: that takes a while."""
        self.server = curve.public_of(self.secret("hub"))
        self.attacker = self.secret("police-2")
        self.attacker_public = curve.public_of(self.attacker)

    def peer(self):
        return curve.Peer(self.port)

    def inside(self, metadata=((b"Socket-Type", b"DEALER"), (b"Identity", b""))):
        """The attacker with its enrolled key, past the handshake."""
        return self.peer().shake_hands(self.server, self.attacker_public, self.attacker, metadata)

    def status(self):
        return self.ask("status")

    def unverified(self, code):
        return self.status().get("unverified", {}).get(str(code), 0)

    def until_unverified(self, code, count):
        """Refusals of a second are counted when it is over."""
        end = time.monotonic() + HONEST_S
        while (found := self.unverified(code)) < count and time.monotonic() < end:
            continue
        realm.check(found == count, f"E{code} counted {found} times, not {count}")

    def memory(self):
        with open(f"/proc/{self.processes['hub'].child.pid}/status", encoding="utf-8") as text:
            return next(int(line.split()[1]) * 1024 for line in text if line.startswith("VmRSS:"))

    def honest(self):
        """An application of the health commission reaches the market regulator."""
        self.applied += 1
        sink = self.site("market", "sink", "licence.application")
        os.makedirs(sink, exist_ok=True)

        def arrived():
            return len([name for name in os.listdir(sink) if name.endswith(".json")]) >= self.applied
        watch = realm.Watch(sink)
        try:
            self.put("health", f"a{self.applied}.json",
                     realm.json.dumps(dict(realm.APPLICATION, 受理号=f"演示{self.applied}号"), ensure_ascii=False))
            watch.until(arrived, "an honest application arrives", HONEST_S)
        finally:
            watch.close()

    def under(self, attack, leaves=1):
        """The attack changes nothing but so many leaves at most; hub and honest members go on."""
        before, memory, hub = self.status(), self.memory(), self.processes["hub"].child
        answer = attack()
        realm.check(hub.poll() is None, f"the hub ended: {self.processes['hub'].text()[-1500:]}")
        after = self.status()
        moved = {key: (before[key], after[key]) for key in FIXED if before[key] != after[key]}
        realm.check(not moved, f"state moved: {moved}")
        realm.check(after["log_size"] - before["log_size"] <= leaves,
                    f"{after['log_size'] - before['log_size']} leaves")
        self.honest()
        realm.check(self.memory() - memory <= MEMORY_MAX, f"{(self.memory() - memory) // MIB} MiB more")
        return answer


def main(make):
    """Run the named cases, or all, in one place; make(binaries) is its context."""
    wanted = [name for name in cases if name in sys.argv[2:] or len(sys.argv) == 2]  # in their order here
    failed = 0
    with make(sys.argv[1]) as place:
        for name in wanted:
            try:
                cases[name](place)
                print(f"ok {name}", flush=True)
            except Exception as problem:  # each case is told, whatever breaks it
                failed += 1
                text = " ".join(str(problem).split())
                print(f"FAILED {name}: {type(problem).__name__} {text}", flush=True)
                traceback.print_exc()
    sys.exit(1 if failed else 0)
