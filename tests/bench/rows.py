"""What each row runs. A row gives figures by key; keys are stable, they go to --json."""

import json
import os
import shutil
import subprocess
import sys

from place import RECEIVER_FIRST, Failure, Place, append_times, memory_kib, work_dir

HUB = ("信封、裁决、回执叶与签名后的日志头均已 fdatasync / envelope, decision, receipt leaf (WAL, fdatasync before the head is signed) "
       "and signed log head (fdatasync)")

# Floors and goals of the design; a figure without one is information.
TARGETS = {
    "msgs_per_s_4x4": (20000, 30000), "msgs_per_s_1x1": (12000, None), "msgs_per_s_adapters": (8000, 15000),
    "lat200_p50_us": (-2000, -1500), "lat200_p99_us": (-6000, -4000),
    "hub_rss_idle_kib": (-16 * 1024, -12 * 1024), "hub_rss_loaded_kib": (-64 * 1024, -48 * 1024),
    "backlog_100k_ratio": (0.8, None), "backlog_1m_ratio": (0.8, None),
    "fairness_p99_ratio": (-1.2, None), "overload_goodput_ratio": (0.9, None),
    "mirror_checks_per_s": (500000, 2000000),
    "gate_added_us": (-20, None), "gate_added_clean_us": (-20, None), "decisions_reexecuted_per_s": (20000, None), "decisions_differing": (0, None),
    "order_nation_ms": (-1000, -500), "order_nation_other_p99_ms": (-10, None), "order_nation_ram_other_p99_ms": (-10, None), "order_nation_rss_kib": (-64 * 1024, None),
    "orders_per_s": (2000, None), "lift_nation_ms": (-1000, None), "lift_nation_other_p99_ms": (-10, None),
    "evidence_verify_per_s": (1000, None), "evidence_script_ms": (-10000, None),
    "overload_lift_us": (-1000000, None), "lift_past_backlog_us": (-5000000, -1000000),
}
# The design's machine: floors and goals are meant for it.
REFERENCE_VERIFY_NS = 55000
AT_REFERENCE = "_at_reference"
UNITS = [("bytes_per_msg", "B"), ("_us_per_msg", "µs"), ("mib_per_s", "MiB/s"), ("_per_s", "/s"), ("_per_cpu_s", "/s"), ("_ratio", "×"),
         ("_us", "µs"), ("_ms", "ms"), ("_kib", "KiB"), ("_bytes", "B"), ("_s", "s")]


def unit_of(key):
    return next((unit for part, unit in UNITS if part in key), "")


def at_reference(figures, ground):
    """Computed, not measured: each speed and each time that has a floor, on a machine that verifies a
    signature in REFERENCE_VERIFY_NS. Ratios and memory are the same on any machine."""
    slower = ground["ed25519_verify_ns"] / REFERENCE_VERIFY_NS
    computed = {}
    for key, value in figures.items():
        if key in TARGETS and "_per_s" in key:
            computed[key + AT_REFERENCE] = value * slower
        elif key in TARGETS and key.endswith(("_us", "_ms")):
            computed[key + AT_REFERENCE] = value / slower
    return computed


def judge(key, value):
    """Floor and goal beside the figure; less is better where they are negative."""
    computed = key.endswith(AT_REFERENCE)
    key = key.removesuffix(AT_REFERENCE)
    if key not in TARGETS:
        return ""
    floor, goal = TARGETS[key]
    reached = value if floor > 0 else -value
    words = [f"下限 floor {abs(floor):,} {'✓' if reached >= floor else '✗'}"]
    if goal is not None:
        words.append(f"目标 goal {abs(goal):,} {'✓' if reached >= goal else '✗'}")
    if computed:
        words.append(f"按 Ed25519 验签 {REFERENCE_VERIFY_NS // 1000} µs 换算 / computed")
    return "  ".join(words)


class Row:
    def __init__(self, zh, en, run, durable=HUB, optional=False):
        self.zh, self.en, self.run, self.durable, self.optional = zh, en, run, durable, optional


class Context:
    """One run: its programs, how long to measure, and what was measured already."""

    def __init__(self, binaries, quick, ground):
        self.bin, self.quick, self.ground = binaries, quick, ground
        self.figures = {}
        self.raw = {}

    def times(self, run_ms=10000, warm_ms=3000):
        return {"run_ms": run_ms // 4 if self.quick else run_ms, "warm_ms": 1000 if self.quick else warm_ms}

    def measure(self, name):
        figures = ROWS[name].run(self)
        figures.update(at_reference(figures, self.ground))
        self.figures.update(figures)
        return figures

    def full_load(self):
        """4→4 at full speed, measured once for the rows that look at it from several sides."""
        if "4x4" not in self.raw:
            with Place(self.bin, "4x4") as place:
                idle = memory_kib(place.pid("hub"))
                self.raw["4x4"] = place.client(**self.times())
                self.raw["4x4"]["idle_kib"] = idle
        return self.raw["4x4"]

    def one_pair(self):
        """1→1 at full speed, and what its latency is measured at half of."""
        if "1x1" not in self.raw:
            with Place(self.bin, "1x1") as place:
                self.raw["1x1"] = place.client(senders=1, receivers=1, window=2048, **self.times())
        return self.raw["1x1"]

    def close(self):
        self.raw.clear()


def in_primitives(context, per_s):
    """Messages per second × one Ed25519 verification: stays the same on a faster machine."""
    return per_s * context.ground["ed25519_verify_ns"] / 1e9


def msgs_4x4(context):
    out = context.full_load()
    return {"msgs_per_s_4x4": out["per_s"], "msgs_4x4_in_verifies_ratio": in_primitives(context, out["per_s"])}


def msgs_1x1(context):
    out = context.one_pair()
    return {"msgs_per_s_1x1": out["per_s"], "msgs_1x1_in_verifies_ratio": in_primitives(context, out["per_s"])}


def linked(context):
    """Messages that stay at the hub, beside a link: adding hubs must not slow them."""
    alone = context.full_load()
    with Place(context.bin, "linked", linked=True) as place:
        out = place.client(**context.times())
    return {"linked_ratio": out["per_s"] / alone["per_s"],
            "linked_hub_cpu_ratio": out["hub_cpu_us"] / alone["hub_cpu_us"]}


def latency(context, rate, key):
    """And what the disk alone did just before and just after: its own tail is in every p99."""
    alone = append_times()
    with Place(context.bin, "lat") as place:
        out = place.client(senders=1, receivers=1, rate=rate, **context.times(run_ms=20000))
    alone = sorted(alone + append_times())
    appends = out["opened_us"]["p50_us"] * 1000 / context.ground["append_fdatasync_ns"]
    return {f"{key}_p50_us": out["opened_us"]["p50_us"], f"{key}_p99_us": out["opened_us"]["p99_us"],
            f"{key}_final_p50_us": out["final_us"]["p50_us"], f"{key}_final_p99_us": out["final_us"]["p99_us"],
            f"{key}_p50_in_appends_ratio": appends,
            f"{key}_append_p99_us": alone[len(alone) * 99 // 100], f"{key}_append_max_us": alone[-1]}


def lat200(context):
    return latency(context, 200, "lat200")


def lat_half(context):
    return latency(context, int(context.one_pair()["per_s"] / 2), "lat_half")


def hub_rss(context):
    out = context.full_load()
    return {"hub_rss_idle_kib": out["idle_kib"], "hub_rss_loaded_kib": out["hub_rss_peak_kib"]}


def hub_cpu(context):
    out = context.full_load()
    return {"hub_cpu_us_per_msg": out["hub_cpu_us"] + out["signer_cpu_us"],
            "signer_cpu_us_per_msg": out["signer_cpu_us"], "client_cpu_us_per_msg": out["client_cpu_us"]}


def written(context):
    return {"written_bytes_per_msg": context.full_load()["written_bytes"]}


def backlog(context, count, key):
    """Fresh traffic beside a backlog that nobody takes, and the backlog's own way out."""
    if context.quick:
        count //= 20
    limits = {}
    with Place(context.bin, "backlog", limits) as place:
        empty = place.client(senders=2, receivers=2, **context.times(5000))
        loaded = place.client(senders=2, sender_first=8, receivers=0, targets=2,
                              target_first=RECEIVER_FIRST + 8, count=count, window=4096, until_accepted=True)
        beside = place.client(senders=2, receivers=2, **context.times(5000))
    return {f"{key}_ratio": beside["per_s"] / empty["per_s"], f"{key}_empty_msgs_per_s": empty["per_s"],
            f"{key}_beside_msgs_per_s": beside["per_s"],
            f"{key}_accepted_msgs_per_s": loaded["accepted"] / max(loaded["seconds"], 0.001)}


def backlog_100k(context):
    return backlog(context, 100000, "backlog_100k")


def backlog_1m(context):
    return backlog(context, 1000000, "backlog_1m")


POLICE = 900  # number of police.445100 in lianshu-bench-client: obliged by the bench's order


def fairness(context):
    """R12: fifty consumers, one of which never reads and one that reads a message a second."""
    load = {"senders": 2, "receivers": 50, "spread": True, "rate": 1000, "window": 16384, **context.times(20000)}
    with Place(context.bin, "fair") as place:
        base = place.client(**load)
        hard = place.client(deaf=1, slow=1, **load)
    return {"fairness_p99_ratio": hard["opened_us"]["p99_us"] / max(1, base["opened_us"]["p99_us"]),
            "fairness_baseline_p99_us": base["opened_us"]["p99_us"], "fairness_p99_us": hard["opened_us"]["p99_us"],
            "fairness_rss_kib": hard["hub_rss_peak_kib"],
            "fairness_rss_ratio": hard["hub_rss_peak_kib"] / base["hub_rss_peak_kib"]}


def order_first(place):
    """The order whose end is timed later: its notice is at the police before anything is in the way."""
    out = place.client(senders=1, receivers=1, receiver_first=POLICE, rate=10, order=True, run_ms=3000)
    if out["notices"] == 0:
        raise Failure("the order's notice did not arrive")


def lifted_us(out):
    if out["notice_us"]["n"] == 0:
        raise Failure("the lift's notice did not arrive")
    return out["notice_us"]["p99_us"]


def overload(context):
    """R13: five times of what goes; what goes before and after must stay, and a lift must get through."""
    times = {**context.times(), "warm_ms": 4000}
    with Place(context.bin, "over") as place:
        order_first(place)
        peak = place.client(senders=2, receivers=1, receiver_first=POLICE, **times)
        hard = place.client(senders=2, receivers=1, receiver_first=POLICE, rate=int(5 * peak["per_s"]),
                            window=max(2048, int(peak["per_s"] / 2)), lift=True, official_ms=times["warm_ms"] + times["run_ms"] // 2, **times)
        again = place.client(senders=2, receivers=1, receiver_first=POLICE, **times)
    peak_per_s = (peak["per_s"] + again["per_s"]) / 2
    return {"overload_goodput_ratio": hard["per_s"] / peak_per_s, "overload_peak_msgs_per_s": peak_per_s,
            "overload_msgs_per_s": hard["per_s"], "overload_busy": hard["busy"], "overload_lift_us": lifted_us(hard)}


def lift_past_backlog(context):
    """J2: the one who is obliged comes back to a hundred thousand messages, and the lift is first."""
    count = 5000 if context.quick else 100000
    with Place(context.bin, "lift") as place:
        order_first(place)
        place.client(senders=2, receivers=0, targets=1, target_first=POLICE, count=count, window=4096,
                     until_accepted=True)
        out = place.client(senders=1, receivers=1, receiver_first=POLICE, rate=10, lift=True, official_ms=200,
                           run_ms=6000)
    return {"lift_past_backlog_us": lifted_us(out)}


ADAPTERS = ("信封在枢纽、发件箱、收件箱与应用的表中均已提交 / committed at the hub, in the sender's outbox, the "
            "recipient's inbox and its application's own row")


def usage(pid):
    """CPU microseconds of a process so far."""
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * 1000000 // os.sysconf("SC_CLK_TCK")


def start_adapter(place, role, number, count, target=None, facts=False):
    _, config = place.adapter(number)
    command = [place.program("bench_adapter"), role, "--config", config, "--count", str(count)]
    if facts:
        command.append("--facts")
    if target is not None:
        command += ["--to", place.adapter(target)[0]]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def through_adapters(context, facts):
    """Four senders and four receivers, each a process with its own database."""
    pairs, count = 4, 5000 if context.quick else 25000
    with Place(context.bin, "adapters") as place:
        receivers = [start_adapter(place, "receive", RECEIVER_FIRST + i, count) for i in range(pairs)]
        for child in receivers:
            child.stderr.readline()  # `ready`
        before = usage(place.pid("hub")) + usage(place.pid("signer"))
        senders = [start_adapter(place, "send", i, count, RECEIVER_FIRST + i, facts) for i in range(pairs)]
        results = []
        for child in senders + receivers:
            out, err = child.communicate(timeout=600)
            if child.returncode != 0:
                raise Failure(f"bench_adapter: {err.decode(errors='replace')[-600:]}{place.log('hub')}")
            results.append(json.loads(out))
        hub = usage(place.pid("hub")) + usage(place.pid("signer")) - before
    sent = results[:pairs]
    seconds = (max(r["ended_ms"] for r in sent) - min(r["began_ms"] for r in sent)) / 1000
    return {"per_s": pairs * count / seconds,
            "adapter_cpu": sum(r["cpu_us_per_msg"] for r in results) / pairs,
            "hub_cpu": hub / (pairs * count),
            "rss_kib": max(r["max_rss_kib"] for r in results)}


def adapters(context):
    """The documents of 4→4: sealed to one reader."""
    out = through_adapters(context, facts=False)
    return {"msgs_per_s_adapters": out["per_s"], "adapter_cpu_us_per_msg": out["adapter_cpu"],
            "adapters_hub_cpu_us_per_msg": out["hub_cpu"], "adapter_rss_kib": out["rss_kib"]}


def adapters_facts(context):
    """Documents that the hub opens, decides by rule, keeps and records."""
    out = through_adapters(context, facts=True)
    return {"facts_msgs_per_s_adapters": out["per_s"], "facts_adapter_cpu_us_per_msg": out["adapter_cpu"],
            "facts_adapters_hub_cpu_us_per_msg": out["hub_cpu"]}


def attachment(context):
    """One file from adapter to adapter, its bytes on disk at every station."""
    size = "32M" if context.quick else "512M"
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "bench_attachment.py")
    done = subprocess.run([sys.executable, "-B", script, context.bin, "--size", size], stdout=subprocess.PIPE, check=True)
    out = json.loads(done.stdout)
    return {"attachment_mib_per_s": out["mib_per_s"], "attachment_to_cp_ratio": out["ratio_to_cp"],
            "attachment_rss_kib": max(out[key] for key in out if key.endswith("_rss_kib"))}


def mirror(context):
    """A check in the adapter's own mirror; half of those asked about are restricted."""
    folder = work_dir("mirror")
    try:
        done = subprocess.run([os.path.join(context.bin, "bench_mirror"), folder, "100000" if context.quick else "1000000"],
                              stdout=subprocess.PIPE, check=True)
    finally:
        shutil.rmtree(folder)
    out = json.loads(done.stdout)
    return {"mirror_checks_per_s": out["checks_per_s"], "mirror_memory_kib": out["memory_kib"],
            "mirror_load_s": out["loaded_s"], "mirror_bytes_per_row": out["memory_kib"] * 1024 / out["rows"]}


def program(context, name, *counts, place=None):
    """A program of the core alone; it reads the rule set beside the sources."""
    root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
    env = dict(os.environ, **({"TMPDIR": place} if place else {}))
    done = subprocess.run([os.path.join(context.bin, name), *map(str, counts)], cwd=root, env=env, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def store_cycle(context):
    """The hub's store alone: put, lease, done and settle, beside a plain row that is inserted and deleted."""
    folder = work_dir("store")
    try:
        done = subprocess.run([os.path.join(context.bin, "lianshu-bench-store"), folder, "100" if context.quick else "800"],
                              stdout=subprocess.PIPE, check=True)
    finally:
        shutil.rmtree(folder)
    return json.loads(done.stdout)


def log_cost(context):
    """What the log costs a message, and a proof of one entry who verifies it."""
    folder = work_dir("log")
    try:
        done = subprocess.run([os.path.join(context.bin, "lianshu-bench-log"), folder],
                              stdout=subprocess.PIPE, check=True)
    finally:
        shutil.rmtree(folder)
    return json.loads(done.stdout)


def gate(context):
    return program(context, "bench_gate", *([4000, 20] if context.quick else []))


RAM_DISK = "/dev/shm"


def in_memory(out):
    """The same order with the database in memory: what is left is the order's own part of a delay."""
    keys = ("order_nation_ms", "order_nation_other_p50_ms", "order_nation_other_p99_ms", "lift_nation_ms",
            "lift_nation_other_p99_ms", "order_none_other_p99_ms")
    return {key.replace("_nation", "_nation_ram").replace("_none", "_none_ram"): out[key] for key in keys}


def orders(context):
    """An order of the nation and its end, other messages flowing; then ordinary orders."""
    out = program(context, "bench_orders", *([1, 500] if context.quick else []))
    out.update(in_memory(program(context, "bench_orders", 1 if context.quick else 5, 0, place=RAM_DISK)))
    verify_ms = context.ground["ed25519_verify_ns"] / 1e6
    for key in ("order_nation", "lift_nation"):
        out[f"{key}_cpu_in_verifies_ratio"] = out[f"{key}_cpu_ms"] / out["order_nation_obligations"] / verify_ms
    out["orders_in_verifies_ratio"] = in_primitives(context, out["orders_per_s"])
    return out


def evidence(context):
    """Evidence bundles, verified by ours and by the script in them."""
    return program(context, "bench_evidence")


def decisions(context):
    return program(context, "bench_decisions", *([20000] if context.quick else []))


# Delays come first: a disk that has just written gigabytes answers late for a while.
ROWS = {
    "lat200": Row("每秒 200 条时的时延", "latency at 200 a second", lat200),
    "orders": Row("全国性惩戒及其撤销、普通惩戒", "an order of the whole nation and its end; ordinary orders", orders,
                  "全部义务、通知与日志叶 WAL 已 fdatasync，日志头已签名（模拟签名者，内存） / every obligation, notice and leaf "
                  "(WAL, fdatasync) and the log head signed (a simulated signer, in memory)"),
    "msgs_per_s_1x1": Row("一对一吞吐", "throughput, one sender to one receiver", msgs_1x1),
    "msgs_per_s_4x4": Row("四对四吞吐", "throughput, four senders to four receivers", msgs_4x4),
    "msgs_per_s_adapters": Row("经完整适配器四对四", "four to four through whole adapters", adapters, ADAPTERS),
    "facts_msgs_per_s_adapters": Row("同上，枢纽裁决的单据", "the same with documents that the hub decides", adapters_facts, ADAPTERS),
    "linked": Row("有互联时的本地四对四", "four to four at a hub that has a link", linked),
    "lat_half": Row("一对一峰值一半时的时延", "latency at half of the peak of one to one", lat_half),
    "hub_rss": Row("枢纽内存", "resident memory of the hub", hub_rss),
    "hub_cpu_us_per_msg": Row("每条 CPU", "CPU per message of hub and signer", hub_cpu),
    "written_bytes_per_msg": Row("每条写盘字节", "bytes written to disk per message, hub and signer", written),
    "store_cycle": Row("枢纽存储的一个循环", "a message through the hub's store alone", store_cycle),
    "log_cost": Row("每报文的日志开销，证明的大小与验证", "the log's cost of a message; a proof's size and verification", log_cost),
    "backlog_100k": Row("十万条积压", "beside a backlog of 100,000", backlog_100k),
    "fairness": Row("五十个消费者中一死一慢（R12）", "one dead and one slow consumer among fifty (R12)", fairness),
    "overload": Row("五倍过载（R13）", "overload ×5 (R13)", overload),
    "lift_past_backlog": Row("越过积压的解除（J2）", "a lift past a backlog of 100,000 (J2)", lift_past_backlog),
    "attachment": Row("附件", "an attachment from adapter to adapter", attachment,
                      "文件各块与清单在各站均已 fsync / every chunk and the manifest, at every station"),
    "mirror": Row("本地镜像核查（一百万条限制）", "checks in the local mirror, one million restrictions", mirror,
                  "镜像各页均已提交 / every page of the mirror is committed"),
    "gate": Row("百万条限制下的关口", "a gate among a million restrictions", gate),
    "decisions": Row("重演百万条决定", "a million recorded decisions made again", decisions,
                     "不写盘 / reads only"),
    "evidence": Row("离线验证证据包", "evidence bundles verified offline", evidence,
                    "不写盘 / reads only"),
    "backlog_1m": Row("百万条积压", "beside a backlog of 1,000,000", backlog_1m),
}
