"""A network namespace for each hub, all of them on one bridge in a namespace of its own. Needs root and
`ip`; nothing outside of the namespaces made here is touched. A hub is cut off on the bridge's side, so
that its members still reach it."""

import glob
import os
import re
import shutil
import subprocess

import realm


def ip(*arguments):
    code, out, err = realm.run(["ip", *arguments])
    realm.check(code == 0, f"ip {' '.join(arguments)}: {out}{err}")


def abandoned():
    """Namespaces that a run made which is gone: their names carry its process id."""
    code, out, _ = realm.run(["ip", "netns", "list"])
    names = [line.split()[0] for line in out.splitlines() if line.strip()] if code == 0 else []
    found = [(name, re.match(r"lianshu(\d+)-", name)) for name in names]
    return [name for name, made in found if made and not os.path.exists(f"/proc/{made.group(1)}")]


def sweep():
    for name in abandoned():
        realm.run(["ip", "netns", "del", name])


def possible():
    """Root, `ip`, and a kernel that gives namespaces and pairs of devices to us."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        return False
    sweep()
    try:
        Spaces(["try"]).close()
        return True
    except realm.Failure:
        return False


class Spaces:
    def __init__(self, regions):
        self.bridge = f"lianshu{os.getpid()}-bridge"
        self.made = []
        self.at = {region: f"10.77.0.{number}" for number, region in enumerate(regions, 1)}
        try:
            self.make(self.bridge)
            ip("-n", self.bridge, "link", "add", "bridge", "type", "bridge")
            ip("-n", self.bridge, "link", "set", "bridge", "up")
            for region in regions:
                self.join(region)
        except (realm.Failure, subprocess.TimeoutExpired):
            self.close()
            raise

    def make(self, name):
        ip("netns", "add", name)
        self.made.append(name)
        ip("-n", name, "link", "set", "lo", "up")

    def name(self, region):
        return f"lianshu{os.getpid()}-{region}"

    def join(self, region):
        own = self.name(region)
        self.make(own)
        ip("-n", self.bridge, "link", "add", f"to{region}", "type", "veth", "peer", "name", "hub", "netns", own)
        ip("-n", own, "address", "add", f"{self.at[region]}/24", "dev", "hub")
        ip("-n", own, "link", "set", "hub", "up")
        ip("-n", self.bridge, "link", "set", f"to{region}", "master", "bridge", "up")

    def close(self):
        while self.made:
            realm.run(["ip", "netns", "del", self.made.pop()])

    def inside(self, region):
        """What stands in front of a command that is to run there."""
        return ["ip", "netns", "exec", self.name(region)]

    def move(self, folder):
        """The configuration that deploy/setup wrote for loopback, with the hubs' addresses here."""
        ports = {}
        for region in self.at:
            with open(f"{folder}/{region}/hub.yaml", encoding="utf-8") as text:
                ports[re.search(r"^bind: .*127\.0\.0\.1:(\d+)", text.read(), re.M).group(1)] = self.at[region]
        for name in glob.glob(f"{folder}/*/*.yaml"):
            with open(name, encoding="utf-8") as source:
                text = source.read()
            moved = re.sub(r"127\.0\.0\.1:(\d+)", lambda found: f"{ports[found.group(1)]}:{found.group(1)}", text)
            if moved != text:
                with open(name, "w", encoding="utf-8") as target:
                    target.write(moved)

    def cut(self, region):
        ip("-n", self.bridge, "link", "set", f"to{region}", "down")

    def heal(self, region):
        ip("-n", self.bridge, "link", "set", f"to{region}", "up")
