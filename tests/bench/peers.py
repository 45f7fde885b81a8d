"""The same load through brokers that are installed: four to four, 1 KiB, persistent, in this run.

A broker runs in a directory of its own on a free port, with and without TLS, and with and without
fsync where its version has the knob. What each had on disk when it acknowledged is printed.
"""

import json
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time

from place import MEMBERS, Failure, ended, free_port, work_dir
from rows import AT_REFERENCE, ROWS

MARK = {"nats": ("nats-server", "流存为文件，默认每两分钟落盘 / file store, flushed every two minutes by default"),
        "nats-fsync": ("nats-server", "每条落盘 / fsync of every message (sync_interval: always)"),
        "rabbitmq": ("rabbitmq-server", "仲裁队列，确认前 Raft 日志已 fsync / quorum queue, Raft log fsynced before confirming"),
        "mosquitto": ("mosquitto", "仅在内存，定时整库写出 / in memory, whole store saved at intervals"),
        "mosquitto-fsync": ("mosquitto", "每次改变即整库写出 / whole store saved on every change")}

# Their clients sign and seal each message too: the promise that ours keep.
SEALED = ["nats", "rabbitmq", "mosquitto"]

# What the design measured on its machine, messages a second; the computed ratio is to these.
REFERENCE = {"nats": 47000, "nats_fsync": 3400, "rabbitmq_tls": 14000, "mosquitto_tls": 15500,
             "nats_tls_sealed": 5900, "rabbitmq_tls_sealed": 5800, "mosquitto_tls_sealed": 6000}


def certificate(folder):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                    "-keyout", f"{folder}/key.pem", "-out", f"{folder}/cert.pem"],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.chmod(f"{folder}/key.pem", 0o644)


def write(path, text):
    with open(path, "w", encoding="utf-8") as out:
        out.write(text)


def nats(folder, port, tls, fsync):
    sync = "sync_interval: always" if fsync else ""
    cert = f'tls {{ cert_file: "{folder}/cert.pem", key_file: "{folder}/key.pem" }}' if tls else ""
    write(f"{folder}/conf", f'listen: 127.0.0.1:{port}\njetstream {{ store_dir: "{folder}/data"\n{sync} }}\n{cert}\n')
    return ["nats-server", "-c", f"{folder}/conf"], {}


def mosquitto(folder, port, tls, fsync):
    cert = f"certfile {folder}/cert.pem\nkeyfile {folder}/key.pem\n" if tls else ""
    save = "autosave_on_changes true\nautosave_interval 1\n" if fsync else "autosave_interval 1800\n"
    write(f"{folder}/conf", f"listener {port} 127.0.0.1\n{cert}allow_anonymous true\npersistence true\n"
          f"persistence_location {folder}/data/\n{save}max_queued_messages 0\nmax_inflight_messages 1024\n"
          f"user {pwd.getpwuid(os.getuid()).pw_name}\n")
    return ["mosquitto", "-c", f"{folder}/conf"], {}


def rabbitmq(folder, port, tls, fsync):
    """Its own start script changes to the user of its package when it is root."""
    del fsync  # quorum queues always do
    plain = f"listeners.tcp.1 = 127.0.0.1:{port}" if not tls else "listeners.tcp = none"
    cert = (f"listeners.ssl.1 = 127.0.0.1:{port}\nssl_options.cacertfile = {folder}/cert.pem\n"
            f"ssl_options.certfile = {folder}/cert.pem\nssl_options.keyfile = {folder}/key.pem\n"
            "ssl_options.verify = verify_none\n") if tls else ""
    write(f"{folder}/rabbitmq.conf", f"{plain}\n{cert}disk_free_limit.absolute = 200MB\n")
    return ["rabbitmq-server"], {"RABBITMQ_CONFIG_FILE": f"{folder}/rabbitmq.conf", "RABBITMQ_MNESIA_BASE": f"{folder}/data",
                                 "RABBITMQ_LOG_BASE": f"{folder}/data", "RABBITMQ_NODENAME": f"bench{port}@localhost",
                                 "RABBITMQ_PID_FILE": f"{folder}/data/pid", "RABBITMQ_DIST_PORT": str(free_port()),
                                 "ERL_EPMD_PORT": str(free_port())}


MAKE = {"nats": nats, "rabbitmq": rabbitmq, "mosquitto": mosquitto}


def listens(port):
    with socket.socket() as s:
        s.settimeout(1)
        return s.connect_ex(("127.0.0.1", port)) == 0


class Broker:
    def __init__(self, kind, tls, fsync):
        self.kind, self.folder, self.port = kind, work_dir(kind), free_port()
        os.chmod(self.folder, 0o755)
        os.mkdir(f"{self.folder}/data")
        if kind == "rabbitmq" and os.getuid() == 0:
            shutil.chown(f"{self.folder}/data", "rabbitmq", "rabbitmq")
        if tls:
            certificate(self.folder)
        command, self.more = MAKE[kind](self.folder, self.port, tls, fsync)
        self.log = open(f"{self.folder}/log", "wb")  # pylint: disable=consider-using-with
        self.child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
                                      env={**os.environ, **self.more}, start_new_session=True)

    def __enter__(self):
        end = time.monotonic() + 90
        while not listens(self.port):
            if ended(self.child, 0.05) or time.monotonic() > end:
                with open(f"{self.folder}/log", encoding="utf-8", errors="replace") as log:
                    text = log.read()[-400:]
                self.__exit__()
                raise Failure(f"{self.kind}: {text}")
        return self

    def stop_rabbitmq(self):
        """Its script leaves our process group; it says its process id, and epmd listens to a port of ours."""
        try:
            with open(self.more["RABBITMQ_PID_FILE"], encoding="ascii") as text:
                os.kill(int(text.read()), signal.SIGTERM)
        except (OSError, ValueError):
            pass  # it never came so far
        if self.child.poll() is None:
            try:
                self.child.wait(30)
            except subprocess.TimeoutExpired:
                pass  # its group is ended below
        if shutil.which("epmd") is not None:
            subprocess.run(["epmd", "-port", self.more["ERL_EPMD_PORT"], "-kill"], check=False,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def __exit__(self, *_):
        """What was started here, and nothing else."""
        if self.kind == "rabbitmq":
            self.stop_rabbitmq()
        for number in [signal.SIGTERM, signal.SIGKILL]:
            try:
                os.killpg(self.child.pid, number)
                self.child.wait(20)
            except (ProcessLookupError, PermissionError, subprocess.TimeoutExpired):
                continue
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def make_realm(context):
    """Keys for the clients that sign and seal."""
    folder = work_dir("realm")
    write(f"{folder}/passphrase", secrets.token_hex(16) + "\n")
    os.chmod(f"{folder}/passphrase", 0o600)
    subprocess.run([os.path.join(context.bin, "lianshu-bench-realm"), folder, str(MEMBERS)], check=True)
    return folder


def measure(context, kind, tls, fsync, realm=None):
    with Broker(kind, tls, fsync) as broker:
        command = [os.path.join(context.bin, "lianshu-bench-peers"), kind, "localhost" if tls else "127.0.0.1",
                   str(broker.port), str(3000 if context.quick else 10000)]
        command += ["--ca", f"{broker.folder}/cert.pem"] if tls else []
        command += ["--seal", realm] if realm else []
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120, check=False)
        if done.returncode != 0:
            raise Failure(f"{kind}: {done.stderr.decode(errors='replace')[-300:]}")
        return json.loads(done.stdout)["per_s"]


class Shown:
    def __init__(self, name, tls, durable, sealed):
        self.zh = f"{name}{' + TLS' if tls else ''}{'，客户端逐条签名加密' if sealed else ''}"
        self.en = f"{name}{' + TLS' if tls else ''}{', clients sign and seal each message' if sealed else ''}"
        self.durable = durable


def built(binaries):
    """Were their client libraries there when the programs were built? Asked before anything is measured."""
    if os.path.exists(os.path.join(binaries, "lianshu-bench-peers")):
        return True
    print("缺少客户端库 / client libraries are missing: "
          "apt-get install nats-server rabbitmq-server mosquitto librabbitmq-dev libmosquitto-dev", file=sys.stderr)
    return False


def run(context, print_row):
    """How many could not be measured though they are installed."""
    if "msgs_per_s_4x4" not in context.figures:
        print_row(ROWS["msgs_per_s_4x4"], context.measure("msgs_per_s_4x4"))
    ours = context.figures["msgs_per_s_4x4"]
    computed = context.figures["msgs_per_s_4x4" + AT_REFERENCE]
    realm = make_realm(context)
    try:
        for mark, (program, durable) in MARK.items():
            kind, _, fsync = mark.partition("-")
            if shutil.which(program) is None:
                print(f"\n{mark}: 未安装 / not installed: {program}")
                continue
            for tls, sealed in [(False, False), (True, False), (True, True)]:
                if sealed and mark not in SEALED:
                    continue
                shown = Shown(mark, tls, durable, sealed)
                try:
                    theirs = measure(context, kind, tls, bool(fsync), realm if sealed else None)
                except (Failure, subprocess.TimeoutExpired) as failure:
                    print(f"\n{shown.zh} / {shown.en}: 此版本不能 / not with this version: {str(failure).strip()}")
                    continue
                which = f"{mark.replace('-', '_')}{'_tls' if tls else ''}{'_sealed' if sealed else ''}"
                figures = {f"peer_{which}_msgs_per_s": theirs, f"peer_{which}_ratio": ours / theirs}
                if which in REFERENCE:
                    figures[f"peer_{which}_ratio{AT_REFERENCE}"] = computed / REFERENCE[which]
                context.figures.update(figures)
                print_row(shown, figures)
    finally:
        shutil.rmtree(realm, ignore_errors=True)
    return 0
