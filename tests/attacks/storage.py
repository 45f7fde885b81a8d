#!/usr/bin/env python3
"""What may be tried on the hub's machine and with what lies there: its database while it runs and while it
rests, its folder, the signer's socket, and what a thief of the disk or a reader of logs finds out. Cases S-03, S-04, S-06,
I-03, I-04, V-02, V-04, D-07."""

import contextlib
import hashlib
import hmac
import os
import shutil
import socket
import sqlite3
import struct
import subprocess
import time

import curve
import place
import realm
from place import case

RETURNING = 1000
RETURNING_S = 30
CONNECTION_BYTES = 160 << 10  # of the library, and kept for a while by the sanitizer
NOBODY = 65534
SUBJECT = realm.APPLICATION["统一社会信用代码"]
SECRET = "泄密标记"


def database(w, *name):
    return os.path.join(w.dir, "hub", *(name or ("hub.db",)))


def stopped_by_kill(w):
    """As a power cut leaves it: the log of SQLite is not folded into the file."""
    w.processes.pop("hub").kill()


def refuses_to_start(w, *codes):
    hub = w.start("hub", ready=False)
    code = hub.child.wait(realm.PATIENCE_S)
    text = hub.text()
    del w.processes["hub"]
    realm.check(code not in (0, 99) and any(f" {word} " in text or f"{word} " in text for word in codes),
                f"exit {code}, none of {codes}: {text[-800:]}")


def kept(w):
    """A copy of the hub's folder and the signer's, to go back to."""
    for name in ("hub", "signer"):
        shutil.rmtree(f"{w.dir}/kept-{name}", ignore_errors=True)
        shutil.copytree(f"{w.dir}/{name}", f"{w.dir}/kept-{name}", symlinks=True)


def put_back(w):
    for name in ("hub", "signer"):
        shutil.rmtree(f"{w.dir}/{name}")
        shutil.copytree(f"{w.dir}/kept-{name}", f"{w.dir}/{name}", symlinks=True)


@case("S-03")
def another_process_neither_writes_nor_folds_the_database(w):
    def attack():
        for sql in ("BEGIN IMMEDIATE", "BEGIN EXCLUSIVE", "DELETE FROM message", "PRAGMA journal_mode=DELETE",
                    "PRAGMA wal_checkpoint(TRUNCATE)", "VACUUM", "PRAGMA user_version=99"):
            other = sqlite3.connect(database(w), timeout=0, isolation_level=None)
            try:
                rows = other.execute(sql).fetchall()
                realm.check(sql.startswith("PRAGMA wal_checkpoint") and rows and rows[0][0] == 1
                            or sql.startswith("PRAGMA journal_mode") and rows == [("wal",)],
                            f"{sql} was done: {rows}")
            except sqlite3.OperationalError as problem:
                realm.check("locked" in str(problem), f"{sql}: {problem}")
            finally:
                other.close()
    w.under(attack, leaves=0)


@case("S-04")
def a_log_of_the_database_that_is_gone_at_rest_is_noticed_at_the_start(w):
    w.honest()
    stopped_by_kill(w)
    kept(w)
    os.unlink(database(w, "hub.db-wal"))
    refuses_to_start(w, "E802", "E804", "E706", "E023")
    put_back(w)
    shutil.copyfile(database(w), database(w, "hub.db-wal"))  # another file in its place
    refuses_to_start(w, "E802", "E804", "E706", "E023")
    put_back(w)
    w.start("hub")
    w.honest()


def as_nobody(function):
    """In a child without rights; its exit code."""
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            os._exit(function())
        except OSError:
            os._exit(3)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@case("I-04")
def the_signer_answers_the_hubs_user_alone_and_signs_no_other_tree(w):
    path = f"{w.dir}/run/signer.sock"

    def knock():
        peer = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        peer.settimeout(5)
        try:
            peer.connect(path)
            peer.sendall(bytes(64))
            return 0 if peer.recv(4096) else 2
        except PermissionError:
            return 3
        except OSError:
            return 2

    def attack():
        realm.check(as_nobody(knock) == 3, "another user reaches the socket")
        modes = {name: os.stat(name).st_mode & 0o7777 for name in (w.dir, f"{w.dir}/run", path)}
        try:
            for name in modes:
                os.chmod(name, 0o777)  # by mistake
            realm.check(as_nobody(knock) == 2, "another user was answered")
        finally:
            for name, mode in modes.items():
                os.chmod(name, mode)
        realm.check(knock() in (0, 2), "nonsense")  # of the right user: it costs that connection
    w.under(attack, leaves=0)
    realm.check(w.processes["signer"].child.poll() is None, "the signer ended")


@case("V-02")
def what_lies_on_the_disk_answers_no_guess(w):
    """Whoever has the disk and guesses every number: neither it nor any hash of it without a key is there."""
    w.honest()
    guesses = [SUBJECT.encode(), realm.APPLICATION["单位名称"].encode()]
    for text in (SUBJECT, f"1{SUBJECT}", f"enterprise {SUBJECT}"):
        for name in ("md5", "sha1", "sha256", "sha512"):
            guesses.append(hashlib.new(name, text.encode()).digest())
        for label in (b"lianshu.token.v1\0\x00\x01", b""):
            for kind in (b"", b"\x01"):
                guesses.append(hashlib.sha256(label + kind + text.encode()).digest())
                guesses.append(hmac.new(bytes(32), label + kind + text.encode(), "sha256").digest())
    guesses += [guess[:16] for guess in guesses[2:]] + [guess.hex().encode()[:32] for guess in guesses[2:]]
    seen = 0
    for folder in ("hub", "signer", "log", "run"):
        for at, _, names in os.walk(f"{w.dir}/{folder}"):
            for name in names:
                if not os.path.isfile(f"{at}/{name}") or (folder == "log" and name != "hub.log"):
                    continue
                with open(f"{at}/{name}", "rb") as file:
                    data = file.read()
                seen += len(data)
                found = [guess[:16] for guess in guesses if guess in data]
                realm.check(not found, f"{folder}/{name} holds {found}")
    realm.check(seen > 100000, f"only {seen} bytes looked through")


@case("V-01", "V-04")
def nothing_of_what_is_sent_is_said_again(w):
    """In no answer and in no log."""
    marked = SECRET.encode()
    frames = [marked * 10, b"LSE1" + marked * 20, b"LSK1" + struct.pack(">I", len(marked)) + marked,
              b"LSE1" + struct.pack(">I", 40) + marked.ljust(40, b"x") + marked]

    def attack():
        said = b""
        with w.inside() as peer:
            for frame in frames:
                peer.send(frame)
                peer.socket.settimeout(2)
                try:
                    said += peer.receive()
                except curve.Refused:
                    break
        realm.check(marked not in said, "an answer repeats what was sent")
    w.under(attack, leaves=len(frames))
    w.put("health", "bad.json", realm.json.dumps(dict(realm.APPLICATION, 统一社会信用代码=SECRET, 单位名称=SECRET),
                                                 ensure_ascii=False))
    refused = w.site("health", "refused")
    watch = realm.Watch(refused)
    watch.until(lambda: [name for name in os.listdir(refused) if name.endswith(".reason.json")], "a refusal")
    watch.close()
    for name in [*os.listdir(f"{w.dir}/log"), *(f"../site/health/refused/{name}" for name in os.listdir(refused)
                                                if name.endswith(".reason.json"))]:
        with open(f"{w.dir}/log/{name}", encoding="utf-8", errors="replace") as text:
            realm.check(SECRET not in text.read(), f"{name} repeats what was sent")


def digest(path):
    with open(path, "rb") as program:
        return hashlib.sha256(program.read()).hexdigest()


def release(w, path):
    """Two officials sign the list of this program alone."""
    file = f"{w.dir}/release.txt"
    with open(file, "w", encoding="utf-8") as out:
        out.write(f"{digest(path)}  lianshu-hub\n")
    for name in ("official-1", "official-2"):
        code, out, err = realm.run([w.program("lianshu"), "release", "sign", file, "--realm", "demo", "--key",
                                    f"{w.dir}/keys/{name}.key", "--passphrase-file",
                                    f"{w.dir}/keys/{name}.passphrase"], env=realm.sanitizers())
        realm.check(code == 0, f"release sign: {out}{err}")
    with open(w.config("hub"), "a", encoding="utf-8") as out:
        out.write("\nrelease: release.txt\n")


def enter(w):
    """The list goes into the hub's log, its proof comes to lie beside it, and the hub looks again."""
    for command in (["release", "log", f"{w.dir}/release.txt"], ["hub", "reload"]):
        code, out, err = realm.run([w.program("lianshu"), *command, "--control", f"{w.dir}/run/control.sock"],
                                   env=realm.sanitizers())
        realm.check(code == 0, f"{command}: {out}{err}")
    w.processes["hub"].until("event=registry_loaded")


@case("I-03")
def a_program_that_nobody_has_released_stands_in_the_log_and_is_told(w):
    good = w.program("lianshu-hub")
    realm.check(w.stop("hub") == 0, "the hub ended badly")
    release(w, good)
    w.start("hub")
    realm.check(w.status()["program"]["why"] == "E443", "a list that is no entry of the log will do")
    enter(w)
    realm.check(not w.status()["program_unlisted"], "the released program counts as another")
    realm.check(w.stop("hub") == 0, "the hub ended badly")

    other = f"{w.dir}/lianshu-hub"  # it does the same, and is another file
    shutil.copyfile(good, other)
    with open(other, "ab") as program:
        program.write(b"\0")
    os.chmod(other, 0o700)
    process = realm.Process([other, "--config", w.config("hub")], f"{w.dir}/log/hub.log")
    w.processes["hub"] = process
    process.until("event=ready")
    realm.check(w.status()["program"]["why"] == "E442", "no alarm")
    rows = w.ask("log", "admin")["admin"]
    starts = [row["program_sha256"] for row in rows if row["event"] == "start"]
    realm.check(starts[-2:] == [digest(good), digest(other)], f"measured: {starts}")
    realm.check(any(row["event"] == "program.unlisted" for row in rows), "no leaf of it")
    realm.check(w.stop("hub") == 0, "the other program ended badly")
    w.start("hub")
    w.honest()


@case("D-07")
def a_thousand_adapters_that_come_back_at_once_are_served_soon(w):
    """Their key is one here; the door does the same work for each."""
    def attack():
        began = time.monotonic()
        there = []
        for _ in range(RETURNING):
            there.append(w.inside())
            if len(there) == RETURNING // 2:
                w.honest()
        took = time.monotonic() - began
        for peer in there:
            peer.socket.close()
        realm.check(took <= RETURNING_S, f"{took:.0f} s")
        print(f"{RETURNING} connections in {took:.1f} s")
    before = w.status()["envelopes"]
    memory = w.memory()
    attack()
    w.honest()
    realm.check(w.status()["envelopes"] == before + 2, "other envelopes than the two honest ones")
    more = w.memory() - memory
    realm.check(more <= RETURNING * CONNECTION_BYTES, f"{more // place.MIB} MiB more")


@case("S-06")
def a_folder_that_is_a_link_or_open_to_others_is_refused(w):
    realm.check(w.stop("hub") == 0, "the hub ended badly")
    os.rename(f"{w.dir}/hub", f"{w.dir}/elsewhere")
    os.symlink(f"{w.dir}/elsewhere", f"{w.dir}/hub")
    refuses_to_start(w, "E002", "E003")
    os.unlink(f"{w.dir}/hub")
    os.rename(f"{w.dir}/elsewhere", f"{w.dir}/hub")
    for mode in (0o755, 0o770, 0o777):
        os.chmod(f"{w.dir}/hub", mode)
        refuses_to_start(w, "E003")
    os.chmod(f"{w.dir}/hub", 0o700)
    os.rename(database(w), database(w, "real.db"))
    os.symlink(database(w, "real.db"), database(w))
    refuses_to_start(w, "E003")
    os.unlink(database(w))
    os.rename(database(w, "real.db"), database(w))
    os.chmod(database(w), 0o644)
    refuses_to_start(w, "E003")
    os.chmod(database(w), 0o600)
    w.start("hub")
    w.honest()


@case("S-06")
def the_memory_of_a_command_with_keys_belongs_to_nobody(w):
    """Not even to its own user, by whom a debugger or another program of his could read it."""
    place_of_keys = f"{w.dir}/nobody"
    os.mkdir(place_of_keys, 0o700)
    with open(f"{place_of_keys}/pass", "w", encoding="utf-8", opener=lambda path, how: os.open(path, how, 0o600)) as out:
        out.write("correct horse battery\n")
    user = NOBODY if os.geteuid() == 0 else os.geteuid()
    if os.geteuid() == 0:
        os.chmod(w.dir, 0o711)
        for path in (place_of_keys, f"{place_of_keys}/pass"):
            os.chown(path, NOBODY, NOBODY)
    made = subprocess.Popen([w.program("lianshu"), "key", "generate", "--member", "market.445100", "--use", "adapter",
                             "--out", f"{place_of_keys}/key", "--passphrase-file", f"{place_of_keys}/pass"],
                            env=realm.sanitizers(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                            **({"user": NOBODY, "group": NOBODY, "extra_groups": []} if user == NOBODY else {}))
    owners = set()
    while made.poll() is None:
        with contextlib.suppress(FileNotFoundError):
            owners.add(os.stat(f"/proc/{made.pid}/mem").st_uid)
    realm.check(made.returncode == 0, f"key generate ends with {made.returncode}")
    realm.check(0 in owners and owners <= {0, user}, f"its memory belongs to {owners}")
    os.chmod(w.dir, 0o700)


@case("S-04")
def a_log_that_is_taken_away_while_it_runs_is_noticed_at_the_start(w):
    """The last case: the place is broken behind it, and only two officials begin a new log."""
    w.honest()
    before = w.status()["log_signed"]
    for name in ("hub.db-wal", "hub.db-shm"):
        if os.path.exists(database(w, name)):
            os.unlink(database(w, name))
    try:
        w.honest()  # it writes into a file that has no name
    except realm.Failure:
        pass
    hub = w.processes["hub"].child
    if hub.poll() is None:
        stopped_by_kill(w)
    else:
        del w.processes["hub"]
    kept(w)
    refuses_to_start(w, "E802", "E804", "E706", "E023")
    realm.check(before > 0, "nothing was signed before")


class Machine(place.Place):
    def __enter__(self):
        super().__enter__()
        self.prepare()
        self.honest()
        return self


place.main(lambda binaries: Machine(binaries, "storage"))
