#!/usr/bin/env python3
"""Five hubs and members' adapters as real processes, each hub and its members in a network namespace of
their own where that can be made, else on loopback: nation, Guangdong, Jilin, Chaozhou, Changchun. A message goes through all five and its receipts come back; links are cut and healed, a transit
hub is killed under load, and nothing is lost or doubled; a new registry reaches every hub; an order made at
the nation takes effect everywhere. Figures are printed as `figure: value`."""

import glob
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import crossing
import netns
import realm

REGIONS = ["000000", "440000", "220000", "445100", "220100"]
ADAPTERS = [("000000", "market"), ("440000", "market"), ("445100", "market"), ("445100", "health"), ("445100", "police"),
            ("445100", "procuratorate"), ("220100", "market"), ("220100", "health")]
LOAD = 300
LOCAL = 150
ORDERS = 8
REVOKED_S = 60
APPLIED_S = 30


def price(number):
    """A record without facts: only its recipient reads it."""
    return {"type": "price.record", "to": ["health.220100"], "purpose": "monitoring",
            "sealed": {"number": str(number), "product_name": "演示药品", "approval_number": "国药准字H20067255", "unit": "盒",
                       "price_fen": 100, "from_date": "2026-04-01", "region": "445100", "source": "retail"}}


def enterprise(number):
    """A number that passes its check (GB 32100) and belongs to nobody."""
    signs = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    body = f"91445100DEMF{number:05d}"
    return body + signs[-sum(signs.index(c) * pow(3, i, 31) for i, c in enumerate(body)) % 31]


def citizen(number):
    """The same of a person (GB 11643)."""
    body = f"44510219800101{number:03d}"
    return body + "10X98765432"[sum(int(c) * pow(2, 17 - i, 11) for i, c in enumerate(body)) % 11]


def above(region):
    """The regions of the hubs above, itself first."""
    return [r for r in (region, f"{region[:4]}00", f"{region[:2]}0000", "000000") if r in REGIONS]


def hops(one, other):
    """Links between two hubs."""
    up, down = list(dict.fromkeys(above(one))), list(dict.fromkeys(above(other)))
    shared = next(r for r in up if r in down)
    return up.index(shared) + down.index(shared)


def order(number):
    """A market regulation lists an enterprise, as its own system writes it."""
    today = time.strftime("%Y年%m月%d日", time.gmtime(time.time() + 8 * 3600))
    past, later = (time.strftime("%Y年%m月%d日", time.gmtime(time.time() + days * 86400)) for days in (-40, 60))
    people = [{"姓名": f"演示{i}", "证件号码": citizen(2 * number + i), "职务": role, "本人负有责任": True}
              for i, role in enumerate(("法定代表人", "直接负责的主管人员"))]
    return {"单据类型": "惩戒决定", "主体类别": "企业", "统一社会信用代码": enterprise(number), "名称": f"演示{number}公司",
            "区划": "445100", "人员": people, "决定书文号": f"演示{number}号", "文号": f"演示{number}号", "名单": "serious_dishonesty",
            "事由": "DL116_118", "失信程度": "严重", "决定机关": "演示机关", "决定日期": today, "违法行为日期": past,
            "开始日期": today, "事先告知日期": past, "上级同意文号": "演示函1号", "送达日期": today,
            "救济途径": "六十日内申请行政复议", "救济期限": later, "事实摘要": "演示", "主体公示": True, "人员公示": False,
            "联系方式": "0", "法律依据": ["DL116", "DL118"]}


# Whatever ends the test ends what it has started.
PARTING = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []


class Federation:
    def __init__(self, binaries):
        self.bin = os.path.abspath(binaries)
        self.dir = tempfile.mkdtemp(prefix="lianshu-federation.", dir="/var/tmp")
        self.processes = {}
        self.sent = 0
        self.spaces = None
        self.orders = 0
        self.local = 0  # messages within Chaozhou
        self.took = {}  # of orders, by links between issuer and member: seconds to each duty

    def setup(self):
        code, out, err = realm.run([f"{realm.ROOT}/deploy/setup", self.dir, self.bin, "--members",
                                    "market,health,police,procuratorate", *REGIONS], env=realm.sanitizers(), timeout=300)
        realm.check(code == 0, f"deploy/setup: {out}{err}")
        if "loopback" not in os.environ.get("FEDERATION", "") and netns.possible():
            self.spaces = netns.Spaces(REGIONS)
            self.spaces.move(self.dir)

    def launch(self, region, name):
        program = {"hub": "lianshu-hub", "signer": "lianshu-signer"}.get(name, "lianshu-adapter")
        self.processes[region, name] = realm.Process(
            (self.spaces.inside(region) if self.spaces else []) + PARTING +
            [f"{self.bin}/{program}", "--config", f"{self.dir}/{region}/{name}.yaml"],
            f"{self.dir}/{region}/log/{name}.log")
        return self.processes[region, name]

    def start(self):
        """Each kind side by side: to open a key file takes most of a start."""
        for kind in ([(r, "signer") for r in REGIONS], [(r, "hub") for r in REGIONS], ADAPTERS):
            for process in [self.launch(*at) for at in kind]:
                process.until("event=ready")

    def close(self, keep):
        for process in self.processes.values():
            if process.child.poll() is None:
                process.child.send_signal(signal.SIGCONT)
        for process in reversed(list(self.processes.values())):
            process.kill()
        if self.spaces:
            self.spaces.close()
        if keep:
            print(f"kept: {self.dir}")
        else:
            shutil.rmtree(self.dir, ignore_errors=True)

    def ask(self, region, *arguments, timeout=realm.PATIENCE_S):
        done = subprocess.run([f"{self.bin}/lianshu", *arguments, "--config", f"{self.dir}/{region}/hub.yaml", "--json"],
                              capture_output=True, timeout=timeout, env=realm.sanitizers(), check=False)
        return done.returncode, json.loads(done.stdout or b"{}")

    def until(self, holds, what, seconds=realm.PATIENCE_S):
        """Wakes at anything that a hub, an adapter or a sink writes."""
        watch = realm.Watch(*glob.glob(f"{self.dir}/*/log"), *glob.glob(f"{self.dir}/*/site/*/*"),
                            *glob.glob(f"{self.dir}/*/site/*/sink/*"), *glob.glob(f"{self.dir}/*"))
        try:
            return watch.until(holds, what, seconds)
        finally:
            watch.close()

    def links(self, region):
        code, answer = self.ask(region, "topology")
        realm.check(code == 0, f"topology at {region}: {answer}")
        return {row["hub"]: row for row in answer["hubs"]}

    def linked(self):
        return all(row["state"] == "up" for region in REGIONS for row in self.links(region).values() if row.get("link"))

    def cut(self, region):
        """No link of this hub carries anything: its place in the net is down, or it stands still."""
        if self.spaces:
            self.spaces.cut(region)
        else:
            self.processes[region, "hub"].child.send_signal(signal.SIGSTOP)

    def heal(self, region):
        if self.spaces:
            self.spaces.heal(region)
        else:
            self.processes[region, "hub"].child.send_signal(signal.SIGCONT)

    # ---- messages ----

    def put(self, region, member, name, content):
        """A file for the adapter, by another name at first."""
        data = content if isinstance(content, bytes) else json.dumps(content, ensure_ascii=False).encode()
        place = f"{self.dir}/{region}/site/{member}/source"
        with open(f"{place}/{name}.tmp", "wb") as out:
            out.write(data)
        os.rename(f"{place}/{name}.tmp", f"{place}/{name}")

    def sink(self, region, member, kind):
        """What a member has received of a type, as its adapter wrote it."""
        found = []
        for name in glob.glob(f"{self.dir}/{region}/site/{member}/sink/{kind}/*.json"):
            with open(name, encoding="utf-8") as text:
                found.append(json.load(text))
        return found

    def send(self, count):
        """One file of so many records from Chaozhou's market regulation to Changchun's health."""
        numbers = range(self.sent, self.sent + count)
        self.put("445100", "market", f"price{self.sent}.json", [price(n) for n in numbers])
        self.sent += count

    def arrived(self):
        return [str(content.get("记录编号") or content.get("sealed", {}).get("number"))
                for content in self.sink("220100", "health", "price.record")]

    def receipted(self, files="price"):
        """Messages whose sender has the final receipt, of files that are named so."""
        count = 0
        for name in glob.glob(f"{self.dir}/445100/site/market/done/{files}*.receipt.json"):
            with open(name, encoding="utf-8") as text:
                count += sum(m["state"] == "final" for m in json.load(text)["messages"])
        return count

    def all_there(self, what, seconds=90):
        os.makedirs(f"{self.dir}/220100/site/health/sink/price.record", exist_ok=True)
        begun = time.monotonic()
        try:
            self.until(lambda: len(os.listdir(f"{self.dir}/220100/site/health/sink/price.record")) >= self.sent and
                       self.receipted() >= self.sent, what, seconds)
        except realm.Failure as failure:
            raise realm.Failure(f"{failure}: {len(self.arrived())} arrived and {self.receipted()} receipted "
                                f"of {self.sent}") from failure
        numbers = self.arrived()
        realm.check(sorted(numbers, key=int) == [str(n) for n in range(self.sent)],
                    f"{what}: {len(numbers)} records, {len(set(numbers))} different, of {self.sent}")
        return time.monotonic() - begun

    def registers(self):
        """Of market regulation and health outside the nation, who have duties of each order:
        {(region, member): {enterprise: [when written]}}."""
        found = {}
        for region, member in ADAPTERS:
            if region == "000000" or member not in ("market", "health"):
                continue
            mine = found.setdefault((region, member), {})
            for name in glob.glob(f"{self.dir}/{region}/site/{member}/register/**/*.json", recursive=True):
                try:
                    with open(name, encoding="utf-8") as text:
                        subject = [v for v in json.load(text).values() if isinstance(v, str) and v.startswith("91445100DEMF")]
                    mine.setdefault(subject[0], []).append(os.path.getmtime(name))
                except FileNotFoundError:
                    pass  # it has just been moved to another folder
        return found


# ---- what must hold ----

def a_message_goes_through_five_hubs(f):
    f.send(1)
    f.all_there("one message from Chaozhou to Changchun")
    name, = glob.glob(f"{f.dir}/445100/site/market/done/price*.receipt.json")
    with open(name, encoding="utf-8") as text:
        receipts = json.load(text)["messages"][0]["receipts"]
    spoke = {(r["kind"], r["by"]) for r in receipts}
    wanted = {("accepted", "hub.445100"), ("delivered", "health.220100")}
    realm.check(wanted <= spoke, f"receipts {spoke}, wanted {wanted}")
    f.until(lambda: {("relayed", f"hub.{r}") for r in REGIONS if r != "445100"} <= {
        (r["kind"], r["by"]) for r in json.load(open(name, encoding="utf-8"))["messages"][0]["receipts"]},
            "a receipt of every hub on the way")


def a_probe_shows_each_step(f):
    took = []
    for _ in range(10):
        code, answer = f.ask("445100", "probe", "market.220100")
        realm.check(code == 0, f"probe: {answer}")
        steps = [(s["stage"], s["hub"]) for s in answer["steps"]]
        realm.check(answer["way"] == [f"hub.{r}" for r in ("445100", "440000", "000000", "220000", "220100")],
                    f"way {answer['way']}")
        realm.check(steps[0] == ("accepted", "hub.445100") and ("delivered", "hub.220100") in steps, f"steps {steps}")
        took.append(answer["ms"])
    print(f"probe across four links, ms: median {sorted(took)[5]}, most {max(took)}")
    realm.check(f.ask("445100", "probe", "110000")[0] == 0, "a region without a hub is the nation's")
    for wrong in (["probe", "nobody"], ["probe"], ["probe", "220100", "--timeout", "0"], ["topology", "x"]):
        code, answer = f.ask("445100", *wrong)
        realm.check(code == 2 and answer["error"]["code"] == "E001", f"{wrong}: {code} {answer}")


def a_killed_transit_hub_loses_nothing(f):
    begun = time.monotonic()
    f.send(LOAD)
    f.until(lambda: len(f.arrived()) >= 1 + LOAD // 10, "the load is under way")
    f.processes["000000", "hub"].kill()
    f.launch("000000", "hub").until("event=ready")
    f.all_there("all of it after a kill of the nation's hub")
    print(f"{LOAD} messages with a kill of the transit hub among them, s: {time.monotonic() - begun:.1f}")


def a_link_that_is_cut_and_healed_drains(f):
    begun = time.monotonic()
    f.cut("440000")
    f.send(LOAD // 3)
    f.until(lambda: f.links("445100")["hub.440000"]["state"] == "down", "the cut is seen")
    print(f"a dead link is seen, s: {time.monotonic() - begun:.1f}")
    f.heal("440000")
    took = f.all_there("what waited while Guangdong's hub was cut off")
    print(f"{LOAD // 3} messages after the link healed, s: {took:.1f}")


def orders_reach_all(f, region):
    """ORDERS of a region's market regulation: at every member that has duties of them, and at every hub."""
    begun = {}
    for number in range(f.orders, f.orders + ORDERS):
        subject = enterprise(number)
        begun[subject] = time.time()
        f.put(region, "market", f"order{number}.json", order(number))
        f.until(lambda: all(subject in mine for mine in f.registers().values()), f"order {number} at every member",
                APPLIED_S)
    f.orders += ORDERS
    f.until(lambda: all(len({len(mine[subject]) for subject in begun}) == 1 for mine in f.registers().values()),
            "as many duties of each order")
    f.until(lambda: all(len(f.ask(r, "order", "list")[1]["orders"]) == f.orders for r in REGIONS),
            "each order at every hub")
    for (place, _), mine in f.registers().items():
        f.took.setdefault(hops(region, place), []).extend(at - begun[subject] for subject in begun for at in mine[subject])


def orders_of_nation_province_and_city_reach_all(f):
    for region in ("000000", "440000", "445100"):
        orders_reach_all(f, region)
    for count, took in sorted(f.took.items()):
        took.sort()
        p99 = took[int(len(took) * 0.99)]
        print(f"order applied in the members' registers across {count} links, s: median {took[len(took) // 2]:.2f}, "
              f"p99 {p99:.2f}, {len(took)} duties")
        realm.check(p99 <= APPLIED_S, f"{count} links: p99 {p99:.2f} s")
    realm.check({1, 2, 3, 4} <= set(f.took), f"hops {sorted(f.took)}")


def the_issuers_hub_counts_what_was_done_elsewhere(f):
    """Numbers by hub with their age, whoever answered."""
    orders = f.ask("445100", "order", "list")[1]["orders"]
    own = [o["order"] for o in orders if o["issuer"] == "market.445100"][0]

    def told():
        rows = {row["hub"]: row for row in f.ask("445100", "order", "show", own)[1]["hubs"]}
        return rows if set(rows) == {f"hub.{r}" for r in REGIONS} and rows["hub.220100"]["executed"] > 0 else None
    rows = f.until(told, "the numbers of every hub", 150)
    for hub, row in sorted(rows.items()):
        print(f"{own[:8]} at {hub}: " + ", ".join(f"{word} {row[word]}" for word in ("delivered", "accepted", "executed",
                                                                                    "lifted", "overdue", "age_s")))


def a_killed_run_leaves_no_namespace(f):
    """What a run that was killed has left goes with the next one; of one that lives nothing is touched."""
    if not f.spaces:
        return
    made = "import netns, sys; netns.Spaces(['left']); print('made', flush=True); sys.stdin.read()"
    child = subprocess.Popen([sys.executable, "-B", "-c", made], cwd=os.path.dirname(os.path.abspath(__file__)),
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    realm.check(child.stdout.readline() == b"made\n", "namespaces of another run")
    realm.check(not netns.abandoned(), "a run that lives has abandoned nothing")
    child.kill()
    child.communicate()
    left = [name for name in netns.abandoned() if name.startswith(f"lianshu{child.pid}-")]
    realm.check(len(left) == 2, f"left by a killed run: {left}")
    netns.sweep()
    realm.check(not netns.abandoned(), "swept")
    realm.check(f.linked(), "our own stand")


def build_registry(f, version):
    code, out, err = realm.run([f"{f.bin}/lianshu", "registry", "build", "--realm", "demo", "--root", f"{f.dir}/keys/root.key",
                                "--registrar", f"{f.dir}/keys/registrar.key", "--passphrase-file", f"{f.dir}/keys/passphrase",
                                "--members", f"{f.dir}/keys/members.yaml", "--version", str(version), "--valid-days", "90",
                                "--anchor-out", f"{f.dir}/keys/anchor.yaml", "--out", f"{f.dir}/keys/registry.lsg", "--replace"],
                               env=realm.sanitizers())
    realm.check(code == 0, f"registry build: {out}{err}")


def versions(f):
    return [f.ask(region, "status")[1]["registry_version"] for region in REGIONS]


def a_revocation_reaches_every_hub(f):
    members = f"{f.dir}/keys/members.yaml"
    with open(members, encoding="utf-8") as text:
        before = text.read()
    key = "../220100/keys/market.key.pub"
    realm.check(before.count(key) == 1, "the key of Changchun's market regulation is listed")
    with open(members, "w", encoding="utf-8") as text:
        text.write(before.replace(key, ""))
    shutil.copy(f"{f.dir}/registry.lsg", f"{f.dir}/keys/old.lsg")
    build_registry(f, 2)
    shutil.copy(f"{f.dir}/keys/registry.lsg", f"{f.dir}/440000/registry.lsg")
    begun = time.monotonic()
    realm.check(f.ask("440000", "hub", "reload")[0] == 0, "reload")
    f.until(lambda: versions(f) == [2] * len(REGIONS), "every hub uses the new registry", REVOKED_S)
    print(f"a revocation at every hub, s: {time.monotonic() - begun:.2f}")
    for region in REGIONS:
        with open(f"{f.dir}/{region}/registry.lsg", "rb") as here, open(f"{f.dir}/keys/registry.lsg", "rb") as there:
            realm.check(here.read() == there.read(), f"{region}: the file is the new one")
    # The old one again: refused, and the new one stays.
    shutil.copy(f"{f.dir}/keys/old.lsg", f"{f.dir}/445100/registry.lsg")
    realm.check(f.ask("445100", "hub", "reload")[0] == 0, "reload")
    f.until(lambda: "code=E433" in f.processes["445100", "hub"].text(), "E433 is logged")
    realm.check(versions(f) == [2] * len(REGIONS), "an older registry is not used")
    shutil.copy(f"{f.dir}/keys/registry.lsg", f"{f.dir}/445100/registry.lsg")


def a_stranger_hub_is_refused(f):
    """hub.220100 takes Guangdong for its superior: the tree says otherwise."""
    with open(f"{f.dir}/220100/hub.yaml", encoding="utf-8") as text:
        right = text.read()
    wrong = f"{f.dir}/220100/wrong.yaml"
    with open(wrong, "w", encoding="utf-8") as text:
        text.write(right.replace("hub: hub.220000", "hub: hub.440000"))
    code, out, err = realm.run([f"{f.bin}/lianshu-hub", "--config", wrong, "-n"], env=realm.sanitizers())
    line = right[:right.rindex("superior: {hub")].count("\n") + 1
    realm.check(code == 1 and "E904" in err and f"wrong.yaml:{line}" in err, f"{code} {out}{err}")


def a_change_of_links_waits_for_the_next_start(f):
    """`hub reload` says with E906 that it does not take it, and the links in use stay; a quota it takes."""
    file = f"{f.dir}/440000/hub.yaml"
    with open(file, encoding="utf-8") as text:
        before = text.read()
    code, answer = f.ask("440000", "hub", "reload")
    realm.check(code == 0 and "federation" not in answer, f"nothing was changed: {answer}")
    with open(file, "w", encoding="utf-8") as text:
        text.write(before.replace("subordinates: [hub.445100]", "subordinates: []"))
    code, answer = f.ask("440000", "hub", "reload")
    told = answer.get("federation", {})
    realm.check(code == 0 and told.get("code") == "E906" and "hub.445100" in told["detail"], f"a link was taken out: {answer}")
    realm.check(f.linked(), "the links in use stay")
    quota = re.sub(r"(?m)^  quota_per_s: \d+", "  quota_per_s: 4000", before)
    realm.check(quota != before, "a quota is configured")
    for said, text_of in (("another quota", quota), ("put back", before)):
        with open(file, "w", encoding="utf-8") as text:
            text.write(text_of)
        code, answer = f.ask("440000", "hub", "reload")
        realm.check(code == 0 and "federation" not in answer, f"{said}: {answer}")


def busy_s(process):
    """Seconds of processor that a process has used."""
    used = 0
    for name in glob.glob(f"/proc/{process.child.pid}/task/*/schedstat"):
        with open(name, encoding="utf-8") as stat:
            used += int(stat.read().split()[0])
    return used / 1e9


def local_messages_cost_the_same_with_and_without_other_hubs(f):
    """Processor time of Chaozhou's hub for messages between its own members: linked with the others, and
    cut off from them, in turn. On loopback the hub that its only link leads to stands still."""
    spent = {True: [], False: []}
    end = "445100" if f.spaces else "440000"
    for linked in (True, False) * 3:
        if linked:
            f.heal(end)
            f.until(f.linked, "every link is up")
        else:
            f.cut(end)
        before = busy_s(f.processes["445100", "hub"])
        numbers = range(f.local, f.local + LOCAL)
        f.local += LOCAL
        f.put("445100", "market", f"local{f.local}.json",
              [dict(price(n), to=["health.445100"]) for n in numbers])
        f.until(lambda: f.receipted("local") >= f.local, "local messages arrive")
        spent[linked].append((busy_s(f.processes["445100", "hub"]) - before) * 1000 / LOCAL)
    f.heal(end)
    f.until(f.linked, "every link is up")
    with_others, alone = (sorted(spent[linked])[1] for linked in (True, False))
    print(f"hub's processor time for a local message, ms: linked with others {with_others:.2f}, cut off {alone:.2f}")
    realm.check(with_others <= 1.5 * alone + 0.1, f"linked {spent[True]}, cut off {spent[False]}")


STEPS = [a_message_goes_through_five_hubs, a_probe_shows_each_step, orders_of_nation_province_and_city_reach_all,
         a_killed_transit_hub_loses_nothing, a_link_that_is_cut_and_healed_drains,
         local_messages_cost_the_same_with_and_without_other_hubs, a_change_of_links_waits_for_the_next_start,
         a_killed_run_leaves_no_namespace, crossing.a_case_of_chaozhou_ends_with_assistance_from_changchun,
         crossing.a_recall_crosses_provinces, a_revocation_reaches_every_hub, a_stranger_hub_is_refused,
         the_issuers_hub_counts_what_was_done_elsewhere]  # numbers are told within a minute: others pass meanwhile


def no_sanitizer_reports(f):
    for name in glob.glob(f"{f.dir}/*/log/*.log"):
        with open(name, encoding="utf-8", errors="replace") as log:
            realm.check("Sanitizer" not in log.read(), f"a sanitizer reports in {name}")


def ended(number, _):
    """An end from outside is an end like others: what was made is taken away."""
    raise realm.Failure(f"ended by signal {number}")


def test(binaries, *options):
    f = Federation(binaries)
    good = False
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, ended)
    try:
        begun = time.monotonic()
        f.setup()
        f.start()
        f.until(f.linked, "every link is up")
        print(f"five hubs set up and linked {'in network namespaces' if f.spaces else 'on loopback'}, s: "
              f"{time.monotonic() - begun:.1f}")
        for step in STEPS:
            if not options or step.__name__ in options:
                at = time.monotonic()
                step(f)
                print(f"{step.__name__.replace('_', ' ')}: ok, s: {time.monotonic() - at:.1f}", flush=True)
        no_sanitizer_reports(f)
        good = True
    finally:
        f.close(not good and "keep" in os.environ.get("FEDERATION", ""))
        print(f"whole test, s: {time.monotonic() - begun:.1f}")


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    realm.main(test)
