"""A realm of real processes in a directory of its own, for tests. Standard library only.

Nothing here waits for time: readiness is a line in a process's log (a pipe that is read),
changes in directories come from inotify, ends from the process itself. Every wait has a bound.
"""

import ctypes
import json
import os
import re
import select
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
PATIENCE_S = 60
MEMBERS = ["market", "health", "insurance", "police", "procuratorate"]


# An application as the health department's system writes it.
APPLICATION = {"业务种类": "许可申请", "单位类别": "企业", "统一社会信用代码": "91445100DEMA00013Q", "单位名称": "演示公司",
        "行政区划": "445100", "许可种类": "药品经营许可证", "受理号": "演示1号", "申请日期": "2026/04/01", "告知承诺": False}


class Failure(Exception):
    """What was promised did not hold."""


def check(holds, what):
    if not holds:
        raise Failure(what)


def run(arguments, **more):
    """A command to its end: (exit code, standard output, standard error)."""
    done = subprocess.run(arguments, capture_output=True, timeout=more.pop("timeout", PATIENCE_S),
                          stdin=more.pop("stdin", subprocess.DEVNULL), **more)
    return done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")


def sanitizers(environment=None):
    """A sanitizer's report is a failure of its own, told by its own exit code."""
    found = dict(os.environ if environment is None else environment)
    found["ASAN_OPTIONS"] = "exitcode=99:detect_leaks=1:abort_on_error=0"
    found["UBSAN_OPTIONS"] = "print_stacktrace=1"
    return found


class Watch:
    """Wakes up when something appears, is renamed, written or closed in a directory."""

    MASK = 0x2 | 0x8 | 0x80 | 0x100  # modify, close after write, moved to, created

    def __init__(self, *folders):
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.fd = self.libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
        self.poll = select.poll()  # also where many files are open
        self.poll.register(self.fd, select.POLLIN)
        for folder in folders:
            self.add(folder)

    def add(self, folder):
        self.libc.inotify_add_watch(self.fd, folder.encode(), self.MASK)

    def until(self, holds, what, seconds=PATIENCE_S):
        end = time.monotonic() + seconds
        while True:
            found = holds()
            if found:
                return found
            left = end - time.monotonic()
            if left <= 0:
                raise Failure(f"not within {seconds} s: {what}")
            if self.poll.poll(min(left, 1.0) * 1000):
                try:
                    os.read(self.fd, 1 << 16)
                except BlockingIOError:
                    pass

    def close(self):
        os.close(self.fd)


class Process:
    """One program of ours; its log is kept, and read for `event=ready`."""

    def __init__(self, arguments, log):
        self.log = log
        self.seen = os.path.getsize(log) if os.path.exists(log) else 0
        with open(log, "ab") as out:
            self.child = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                          env=sanitizers())

    def text(self):
        with open(self.log, "rb") as log:
            log.seek(self.seen)
            return log.read().decode(errors="replace")

    def until(self, mark, seconds=PATIENCE_S):
        """Wait until its log holds the mark, or it ends: then the log is the failure."""
        watch = Watch(os.path.dirname(self.log))
        try:
            watch.until(lambda: mark in self.text() or self.child.poll() is not None, mark, seconds)
        finally:
            watch.close()
        check(mark in self.text(), f"ended with {self.child.returncode}: {self.text()[-2000:]}")

    def stop(self):
        if self.child.poll() is None:
            self.child.terminate()
        return self.child.wait(PATIENCE_S)

    def kill(self):
        if self.child.poll() is None:
            self.child.kill()
        self.child.wait(PATIENCE_S)


class Realm:
    """deploy/setup in a new directory, and its processes."""

    def __init__(self, binaries, name):
        self.bin = os.path.abspath(binaries)
        self.dir = tempfile.mkdtemp(prefix=f"lianshu-{name}.", dir="/var/tmp")
        self.processes = {}
        self.keep = False

    def __enter__(self):
        code, out, err = run([f"{ROOT}/deploy/setup", self.dir, self.bin], env=sanitizers(), timeout=300)
        if code:
            self.close()
            raise Failure(f"deploy/setup: {out}{err}")
        return self

    def __exit__(self, kind, *_):
        self.keep = kind is not None
        self.close()

    def close(self):
        for process in reversed(list(self.processes.values())):
            process.kill()
        if self.keep:
            print(f"kept: {self.dir}")
        else:
            shutil.rmtree(self.dir, ignore_errors=True)

    def program(self, name):
        return f"{self.bin}/{name}"

    def config(self, name):
        return f"{self.dir}/{name}.yaml"

    def start(self, name, ready=True):
        program = {"hub": "lianshu-hub", "signer": "lianshu-signer"}.get(name, "lianshu-adapter")
        process = Process([self.program(program), "--config", self.config(name)], f"{self.dir}/log/{name}.log")
        self.processes[name] = process
        if ready:
            process.until("event=ready")
        return process

    def start_all(self):
        for name in ["signer", "hub", *MEMBERS]:
            self.start(name)

    def stop(self, name):
        return self.processes.pop(name).stop()

    def ask(self, *arguments, text=None):
        """`lianshu … --json` at the hub's control socket; None when it refuses."""
        done = subprocess.run([self.program("lianshu"), *arguments, "--control", f"{self.dir}/run/control.sock",
                               "--json"], capture_output=True, timeout=PATIENCE_S, env=sanitizers(),
                              input=None if text is None else text.encode())
        return json.loads(done.stdout) if done.returncode == 0 else None

    def site(self, member, *path):
        return os.path.join(self.dir, "site", member, *path)

    def put(self, member, name, content):
        """A file for the adapter, by a temporary name and a rename."""
        data = content if isinstance(content, bytes) else content.encode()
        hidden = self.site(member, "source", f".{name}.tmp")
        with open(hidden, "wb") as out:
            out.write(data)
        os.rename(hidden, self.site(member, "source", name))


def set_key(path, key, value):
    """Change one key of a configuration; it must be there."""
    with open(path, encoding="utf-8") as source:
        text = source.read()
    changed, count = re.subn(rf"^( *){key}:.*$", rf"\g<1>{key}: {value}", text, flags=re.M)
    check(count == 1, f"{path} has no key {key}")
    with open(path, "w", encoding="utf-8") as target:
        target.write(changed)


def main(test):
    """Run a test given the directory of programs; print why it failed, and tell by exit code."""
    try:
        test(sys.argv[1], *sys.argv[2:])
    except Failure as failure:
        print(f"FAILED: {failure}")
        sys.exit(1)
    print("ok")
