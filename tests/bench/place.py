"""A hub and its signer as real processes in a directory of their own, for measuring.

Standard library only. A port that the system gives, keys of lianshu-bench-realm, configuration
written here; the database lies on a disk (TMPDIR, else /var/tmp), because what is measured is
what is forced to disk before it is acknowledged.
"""

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
MEMBERS = 120  # bench members of a realm: senders from 0, receivers from 64
RECEIVER_FIRST = 64
PATIENCE_S = 60


class Failure(Exception):
    """What was promised did not hold, or could not be measured."""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def work_dir(name):
    return tempfile.mkdtemp(prefix=f"lianshu-bench-{name}.", dir=os.environ.get("TMPDIR", "/var/tmp"))


def append_times(count=2000):
    """Microseconds that an append of 4 KiB and its fdatasync take, one after the other."""
    folder = work_dir("appends")
    path = os.path.join(folder, "appends")
    fd = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600)
    times = []
    try:
        for _ in range(count):
            begun = time.monotonic()
            os.write(fd, bytes(4096))
            os.fdatasync(fd)
            times.append((time.monotonic() - begun) * 1e6)
    finally:
        os.close(fd)
        os.unlink(path)
        os.rmdir(folder)
    return times


def ended(child, seconds):
    """Wait so long for the end of a process."""
    try:
        child.wait(seconds)
        return True
    except subprocess.TimeoutExpired:
        return False


def memory_kib(pid):
    """Resident memory now."""
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as f:
        for line in f:
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
    raise Failure(f"no memory of process {pid}")


class Place:
    """Open in a `with`: keys are made, signer and hub run, all is removed at the end."""

    def __init__(self, binaries, name, limits=None, linked=False):
        self.bin = binaries
        self.dir = work_dir(name)
        self.linked = linked  # with a hub above, which nobody runs
        self.limits = dict({"rate_per_s": 1000000}, **(limits or {}))
        self.port = free_port()
        self.processes = {}

    def path(self, *parts):
        return os.path.join(self.dir, *parts)

    def program(self, name):
        return os.path.join(self.bin, name)

    def write(self, name, lines):
        with open(self.path(name), "w", encoding="utf-8") as f:
            f.write("\n".join(lines) + "\n")
        os.chmod(self.path(name), 0o600)

    def make(self):
        for folder in ["hub", "signer", "run"]:
            os.mkdir(self.path(folder), 0o700)
        self.write("passphrase", [secrets.token_hex(16)])
        subprocess.run([self.program("lianshu-bench-realm"), self.dir, str(MEMBERS)], check=True)
        common = ["realm: bench", "member: hub.445100", "passphrase_file: passphrase", "log_level: warn"]
        self.write("signer.yaml", common + ["key_file: signer.key", "state_file: signer/signer.state",
                                            "socket: run/signer.sock", f"client_user: {os.getuid()}"])
        self.write("hub.yaml", common + [
            f"bind: tcp://127.0.0.1:{self.port}", "state_dir: hub", "key_file: hub.key",
            "anchor: anchor.yaml", "registry: registry.lsg", f"rules: {ROOT}/hub/policy/rules",
            f"regions: {ROOT}/schemas/data/regions.csv", f"calendar: {ROOT}/schemas/data/calendar.csv",
            "signer_socket: run/signer.sock", "control_socket: run/control.sock", "limits:", "  rule_signatures: 0"]
            + [f"  {key}: {value}" for key, value in self.limits.items()]
            + (["federation:", f'  superior: {{hub: hub.440000, address: "tcp://127.0.0.1:{free_port()}"}}']
               if self.linked else []))
        subprocess.run([self.program("lianshu-signer"), "--config", self.path("signer.yaml"), "--init"],
                       check=True, stderr=subprocess.DEVNULL)

    def adapter(self, number):
        """Configuration of a whole adapter of the bench's member of this number."""
        member = f"education-{number:03d}.445100"
        state = f"adapter-{number:03d}"
        for folder in [self.path(state), self.path(state, "site")]:
            os.makedirs(folder, mode=0o700, exist_ok=True)
        self.write(f"{state}.yaml", [
            "realm: bench", f"member: {member}", "adapter: a1", "hub: hub.445100",
            f"endpoint: tcp://127.0.0.1:{self.port}", f"key_file: {member}.key", "passphrase_file: passphrase",
            "anchor: anchor.yaml", "registry: registry.lsg", f"regions: {ROOT}/schemas/data/regions.csv",
            f"state_dir: {state}", f"directory: {state}/site", f"department: {ROOT}/adapters/directory",
            "window_messages: 1024", "log_level: warn"])
        return member, self.path(f"{state}.yaml")

    def start(self, name, answers):
        log = open(self.path(f"{name}.log"), "ab")
        with log:
            child = subprocess.Popen([self.program(f"lianshu-{name}"), "--config", self.path(f"{name}.yaml")],
                                     stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.processes[name] = child
        end = time.monotonic() + PATIENCE_S
        while not answers():
            if ended(child, 0.01) or time.monotonic() > end:
                raise Failure(f"lianshu-{name}: {self.log(name)}")
        return child

    def log(self, name):
        with open(self.path(f"{name}.log"), encoding="utf-8", errors="replace") as f:
            return f.read()[-2000:]

    def ask(self, *request):
        """One question on the control socket; None when nobody answers."""
        try:
            with socket.socket(socket.AF_UNIX) as s:
                s.settimeout(10)
                s.connect(self.path("run", "control.sock"))
                s.sendall(json.dumps(dict(request)).encode() + b"\n")
                with s.makefile("rb") as lines:
                    return json.loads(lines.readline())
        except (OSError, ValueError):
            return None

    def start_all(self):
        self.start("signer", lambda: os.path.exists(self.path("run", "signer.sock")))
        self.start("hub", lambda: self.ask(("cmd", "ping")) is not None)

    def stop(self, name):
        child = self.processes.pop(name, None)
        if child is None or child.poll() is not None:
            return
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()

    def pid(self, name):
        return self.processes[name].pid

    def client_command(self, **options):
        """Flags by keyword: run_ms=5000 is --run-ms 5000, spread=True is --spread."""
        options = {"senders": 4, "receivers": 4, "receiver_first": RECEIVER_FIRST, **options}
        command = [self.program("lianshu-bench-client"), "--dir", self.dir,
                   "--endpoint", f"tcp://127.0.0.1:{self.port}",
                   "--hub-pid", str(self.pid("hub")), "--signer-pid", str(self.pid("signer"))]
        for key, value in options.items():
            flag = "--" + key.replace("_", "-")
            command += [flag] if value is True else [flag, str(value)]
        return command

    def client(self, **options):
        done = subprocess.run(self.client_command(**options), stdout=subprocess.PIPE, check=False)
        return self.result(done.stdout, done.returncode)

    def result(self, out, code):
        if code != 0:
            raise Failure(f"lianshu-bench-client: exit {code} {out.decode(errors='replace')[-600:]}\n"
                          f"{self.log('hub')}{self.log('signer')}")
        return json.loads(out)

    def __enter__(self):
        try:
            self.make()
            self.start_all()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        for name in ["hub", "signer"]:
            self.stop(name)
        shutil.rmtree(self.dir, ignore_errors=True)
