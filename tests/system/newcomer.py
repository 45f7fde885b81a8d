#!/usr/bin/env python3
"""What a newcomer gets wrong: each mistake has a code, names its place, and loses nothing.

Every program's refusals are rows: what is broken, how, and the code that must come back."""

import json
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import tempfile

import realm

GOOD = realm.APPLICATION
SCRIPTS = ("deploy/demo", "deploy/install", "deploy/setup", "deploy/reproduce", "deploy/sbom", "deploy/advisories", "tests/run",
           "tests/bench/run", "hub/cli/evidence/verify.py")


def expect(what, code, wanted, outcome):
    """An exit code other than 0, the code of the error, and no sanitizer's report."""
    exit_code, out, err = outcome
    text = out + err
    realm.check(exit_code not in (0, 99) and "Sanitizer" not in text, f"{what}: exit {exit_code}: {text[-1500:]}")
    realm.check(f"E{code:03d}" in text or f"E{code}" in text, f"{what}: no E{code:03d} in: {text[-800:]}")
    for word in wanted:
        realm.check(word in text, f"{what}: does not name {word}: {text[-800:]}")
    print(f"{what}: E{code:03d}")


def without(record, *keys, **more):
    changed = {k: v for k, v in record.items() if k not in keys}
    changed.update(more)
    return changed


class Newcomer:
    def __init__(self, made):
        self.made = made

    def copy(self, name, *changes):
        """A second configuration beside the first, with keys changed."""
        path = f"{self.made.dir}/{name}-wrong.yaml"
        shutil.copy(self.made.config(name), path)
        for key, value in changes:
            realm.set_key(path, key, value)
        return path

    def run(self, program, *arguments):
        return realm.run([self.made.program(program), *arguments], env=realm.sanitizers())

    # ---- command lines ----

    def arguments(self):
        for program in ("lianshu", "lianshu-hub", "lianshu-signer", "lianshu-adapter"):
            for wrong in (["--no-such-option"], [], ["--config"], ["one", "too", "many"]):
                code, out, err = self.run(program, *wrong)
                realm.check(code == 2, f"{program} {wrong}: exit {code}, not 2")
                realm.check(re.search(r"E001 .*[。] / .*--help", out + err), f"{program} {wrong}: {out + err}")
            code, out, err = self.run(program, "--help")
            realm.check(code == 0 and out, f"{program} --help: exit {code}")
            code, out, err = self.run(program, "--version")
            realm.check(code == 0 and re.search(r"\d+\.\d+", out + err), f"{program} --version")
        for script in SCRIPTS:
            python = ["python3", "-B", "-I"] if script.endswith(".py") else []
            code, out, err = realm.run([*python, f"{realm.ROOT}/{script}", "--help"])
            realm.check(code == 0 and re.search("[\u4e00-\u9fff]", out) and re.search("[A-Za-z]{4}", out),
                        f"{script} --help: exit {code}: {out + err}")
        print(f"{len(SCRIPTS)} scripts explain themselves in both languages")
        expect("unknown member", 2, [], self.run("lianshu", "registry", "show", f"{self.made.dir}/none.lsg",
                                                 "--anchor", f"{self.made.dir}/anchor.yaml"))
        expect("no hub running", 24, [], self.run("lianshu", "status", "--control", f"{self.made.dir}/run/none.sock"))

    # ---- configuration and keys ----

    def configuration(self):
        for name, program in (("hub", "lianshu-hub"), ("signer", "lianshu-signer"), ("market", "lianshu-adapter")):
            wrong = self.copy(name)
            with open(wrong, "a", encoding="utf-8") as text:
                text.write("no_such_key: 1\n")
            lines = sum(1 for _ in open(wrong, encoding="utf-8"))
            outcome = self.run(program, "--config", wrong)
            expect(f"{name}: unknown key", 9, [f"{name}-wrong.yaml:{lines}", "no_such_key"], outcome)
            realm.check(outcome[0] == 2, f"{name}: unknown key: exit {outcome[0]}, not 2")
            expect(f"{name}: no such file", 2, ["none.yaml"], self.run(program, "--config", f"{self.made.dir}/none.yaml"))
            with open(wrong, "wb") as text:
                text.write(b"realm: \xff\xfe\n")
            outcome = self.run(program, "--config", wrong)
            realm.check(outcome[0] == 2 and re.search(r"E0(08|13)", outcome[1] + outcome[2]), f"{name}: bad UTF-8")
            expect(f"{name}: missing key file", 2, ["none.key"],
                   self.run(program, "--config", self.copy(name, ("key_file", "keys/none.key"))))
            self.levels(name, program)

    def levels(self, name, program):
        """The words for log_level that the example names are those that the program takes."""
        with open(self.made.config(name), encoding="utf-8") as text:
            words = re.search(r"^# (\w+(?:、\w+)*) 或 (\w+)。.*\n(?:#.*\n)*log_level:", text.read(), re.M)
        for word in [*words.group(1).split("、"), words.group(2)]:
            outcome = self.run(program, "--config", self.copy(name, ("log_level", word)), "-n")
            realm.check(outcome[0] == 0, f"{name}: log_level: {word}: {outcome}")

    def keys(self):
        made = self.made
        loose = f"{made.dir}/keys/loose.key"
        shutil.copy(f"{made.dir}/keys/market.key", loose)
        os.chmod(loose, 0o644)
        expect("key file for all to read", 3, ["loose.key"],
               self.run("lianshu-adapter", "--config", self.copy("market", ("key_file", "keys/loose.key"))))
        with open(f"{made.dir}/keys/wrong", "w", encoding="ascii") as text:
            text.write("not the passphrase\n")
        os.chmod(f"{made.dir}/keys/wrong", 0o600)
        expect("wrong passphrase", 28, [],
               self.run("lianshu-adapter", "--config", self.copy("market", ("passphrase_file", "keys/wrong"))))
        os.chmod(loose, 0o600)
        with open(loose, "r+b") as file:
            file.truncate(40)
        expect("truncated key file", 434, [],
               self.run("lianshu-adapter", "--config", self.copy("market", ("key_file", "keys/loose.key"))))
        with open(f"{made.dir}/registry.lsg", "rb") as file:
            data = bytearray(file.read())
        data[len(data) // 2] ^= 1
        with open(f"{made.dir}/wrong.lsg", "wb") as file:
            file.write(data)
        for name, program in (("hub", "lianshu-hub"), ("market", "lianshu-adapter")):
            outcome = self.run(program, "--config", self.copy(name, ("registry", "wrong.lsg")))
            realm.check(outcome[0] not in (0, 99) and re.search(r"E(2\d\d|3\d\d|4\d\d)", outcome[2] + outcome[1]),
                        f"{name}: altered registry: {outcome}")
        print("altered registry: refused")

    # ---- the hub's ground ----

    def ground(self):
        made = self.made
        os.chmod(f"{made.dir}/hub", 0o755)
        expect("state directory for all to read", 3, [], self.run("lianshu-hub", "--config", made.config("hub")))
        os.chmod(f"{made.dir}/hub", 0o700)
        expect("log begun twice", 26, [], self.run("lianshu-signer", "--config", made.config("signer"), "--init"))

        made.start("signer")
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            expect("occupied port", 20, [str(port)],
                   self.run("lianshu-hub", "--config", self.copy("hub", ("bind", f"tcp://127.0.0.1:{port}"))))
        made.start("hub")
        expect("second hub on one database", 21, [],
               self.run("lianshu-hub", "--config", self.copy("hub", ("bind", "tcp://127.0.0.1:1"))))
        realm.check(made.stop("hub") == 0, "the hub does not stop orderly")

        database = f"{made.dir}/hub/hub.db"
        with sqlite3.connect(database) as db:
            version = db.execute("PRAGMA user_version").fetchone()[0]
            db.execute("PRAGMA user_version = 9999")
        db.close()
        expect("database of a newer version", 22, [], self.run("lianshu-hub", "--config", made.config("hub")))
        with sqlite3.connect(database) as db:
            db.execute(f"PRAGMA user_version = {version}")
        db.close()
        os.mkdir(f"{made.dir}/foreign", 0o700)
        with open(f"{made.dir}/foreign/hub.db", "w", encoding="ascii") as file:
            file.write("this is a letter, not a database\n" * 200)
        os.chmod(f"{made.dir}/foreign/hub.db", 0o600)
        expect("not a database of ours", 23, [],
               self.run("lianshu-hub", "--config", self.copy("hub", ("state_dir", "foreign"))))
        made.start("hub")
        made.stop("hub")
        made.stop("signer")

    # ---- files a department puts in ----

    def files(self):
        made = self.made
        good = json.dumps(GOOD, ensure_ascii=False)
        rows = [
            # file, content, codes that are right, words the reason must hold
            ("许可申请-syntax.json", good[:-1], ["E008"], ["line"]),
            ("许可申请-unknown.json", json.dumps(without(GOOD, 不存在的字段="x"), ensure_ascii=False), ["E009"], ["不存在的字段"]),
            ("许可申请-missing.json", json.dumps(without(GOOD, "受理号"), ensure_ascii=False), ["E010"], ["受理号"]),
            ("许可申请-digit.json", json.dumps(without(GOOD, 统一社会信用代码="91445100DEMA00014Q"), ensure_ascii=False),
             ["E014", "E015"], ["统一社会信用代码"]),
            ("许可申请-long.json", json.dumps(without(GOOD, 单位名称="长" * 2000), ensure_ascii=False), ["E012"], ["单位名称"]),
            ("许可申请-date.json", json.dumps(without(GOOD, 申请日期="2026/13/45"), ensure_ascii=False), ["E011"], ["申请日期"]),
            ("许可申请-region.json", json.dumps(without(GOOD, 行政区划="999999"), ensure_ascii=False), ["E016", "E011"], []),
            ("许可申请-utf8.json", good.encode().replace("演示公司".encode(), b"\xff\xfe\xfd"), ["E013", "E008"], []),
            ("许可申请-kind.json", json.dumps(without(GOOD, 业务种类="没有这种"), ensure_ascii=False), ["E017", "E011"], []),
            ("许可申请-empty.json", "", ["E008"], []),
            ("异常反应-heading.csv", "报告编号,没有这列\n1,2\n", ["E009", "E010"], []),
            ("异常反应-short.csv", "报告编号,疫苗名称\n1\n", ["E008", "E010", "E009"], []),
        ]
        made.start_all()
        refused, done = made.site("health", "refused"), made.site("health", "done")
        watch = realm.Watch(refused, done, made.site("health", "source"))
        for name, content, _, _ in rows:
            made.put("health", name, content)
        made.put("health", "许可申请-good.json", good)
        watch.until(lambda: os.path.exists(f"{done}/许可申请-good.json"), "the good file among the bad ones is done")
        for name, content, codes, words in rows:
            reason = f"{refused}/{name}.reason.json"
            watch.until(lambda r=reason: os.path.exists(r), f"{name} is refused")
            with open(reason, encoding="utf-8") as file:
                text = file.read()
            told = json.loads(text)
            found = {told["code"]} | {p.get("code") for p in told.get("problems", [])}
            realm.check(found & set(codes), f"{name}: {found} instead of {codes}: {text}")
            for word in words:
                realm.check(word in text, f"{name}: does not name {word}: {text}")
            with open(f"{refused}/{name}", "rb") as file:
                kept = file.read()
            realm.check(kept == (content if isinstance(content, bytes) else content.encode()), f"{name} is not kept whole")
            print(f"{name}: {told['code']}")
        self.attachment()
        watch.close()

    def attachment(self):
        """A referral whose papers are not there."""
        made = self.made
        referral = {"单据类型": "案件移送", "案件编号": "演示9号", "移送文号": "演示9号", "移送时间": "2026年04月01日 10:00",
                    "案由": "演示", "涉嫌罪名": "演示", "涉嫌主体代码": "91445100DEMA00013Q", "涉嫌主体名称": "演示公司",
                    "涉嫌主体区划": "445100", "案件事实": "演示", "承办人": "演示", "移送书": "none-1.pdf",
                    "调查报告": "none-2.pdf", "物品清单": "none-3.pdf", "检验报告": "none-4.pdf"}
        made.put("market", "no-papers.json", json.dumps(referral, ensure_ascii=False))
        reason = made.site("market", "refused", "no-papers.json.reason.json")
        watch = realm.Watch(made.site("market", "refused"))
        watch.until(lambda: os.path.exists(reason), "the referral without papers is refused")
        with open(reason, encoding="utf-8") as file:
            text = file.read()
        realm.check("E018" in text and "none-" in text, f"missing attachment: {text}")
        watch.close()
        print("missing attachment: E018")

    # ---- what README.md shows, at the running hub ----

    def looking(self):
        made = self.made
        order = f"{made.dir}/order.json"
        with open(order, "w", encoding="utf-8") as text:
            json.dump({"member": "market.445100", "basis": ["DL116"], "order": {
                "subject": {"kind": "enterprise", "id": "91445100DEMA00013Q", "region": "445102"},
                "order_id": "a1" * 16, "version": 1, "list": "serious_dishonesty", "trigger": "DL116_118",
                "severity": "serious", "decision_body": "b", "decision_number": "1", "decision_date": "2023-04-20",
                "start_date": "2023-04-20", "prior_notice_date": "2023-04-01", "consent_number": "7",
                "remedy": "r", "remedy_deadline_date": "2023-06-19", "served_date": "2023-04-20",
                "facts_summary": "f", "contact": "c"}}, text)
        rows = [
            # command, a key that its answer has
            (["status"], "members"),
            (["order", "list"], "orders"),
            (["obligation", "list"], "obligations"),
            (["obligation", "list", "--overdue"], "obligations"),
            (["parked", "list"], "parked"),
            (["held", "list"], "held"),
            (["log", "checkpoint"], "checkpoint"),
            (["decision", "verify", "--all"], "same"),
            (["rule", "try", "--order", order], "code"),
            (["rule", "replay", "--rules", f"{made.dir}/rules", "--since", "2026-04-01"], "differences"),
        ]
        for words, key in rows:
            answer = made.ask(*words)
            realm.check(answer is not None and key in answer, f"lianshu {' '.join(words)}: {answer}")
        realm.check(made.ask("decision", "verify", "--all")["differing"] == 0, "a decision made again is another")
        subject = "enterprise 91445100DEMA00013Q\n"
        answer = made.ask("restriction", "list", "-", text=subject)
        realm.check(answer is not None and answer["restrictions"] == [], f"restriction list: {answer}")
        with tempfile.TemporaryDirectory(prefix="lianshu-rules.") as elsewhere:
            expect("rules that the hub may not read", 3, [elsewhere, "beside the hub's own rules"],
                   self.run("lianshu", "rule", "replay", "--rules", elsewhere, "--since", "2026-04-01", "--config",
                            made.config("hub")))
        expect("no such envelope", 2, [], self.run("lianshu", "trace", "0" * 64, "--config", made.config("hub")))
        expect("no such decision", 2, [], self.run("lianshu", "explain", "0" * 64, "--config", made.config("hub")))
        print(f"{len(rows) + 1} commands of README.md answered")

    # ---- two officials, at the running hub ----

    def officials(self):
        made, message = self.made, "0123456789abcdef0123456789abcdef"
        keys = [(f"{made.dir}/keys/official-{i}.key", f"{made.dir}/keys/official-{i}.passphrase") for i in (1, 2)]

        def key(i, passphrase=None):
            return ["--key", keys[i][0], "--passphrase-file", keys[passphrase if passphrase is not None else i][1]]

        def release(*more):
            return self.run("lianshu", "parked", "release", message, "--for", "market.445100", "--sender",
                            "health.445100", "--reason", "E025", *more)

        hub = ["--config", made.config("hub")]
        for group in ("held", "parked"):
            realm.check(made.ask(group, "list") == {group: []}, f"{group} list of a quiet hub is not empty")
        expect("nothing waits under that id", 2, ["held or parked"], release(*key(0), *key(1), *hub))
        expect("one official", 421, ["--key"], release(*key(0), *hub))
        expect("one official twice", 421, ["official-1"], release(*key(0), *key(0), *hub))
        expect("the other's passphrase", 28, ["official-2"], release(*key(0), *key(1, 0), *hub))
        stranger = f"{made.dir}/keys/stranger.key"
        code, out, err = self.run("lianshu", "key", "generate", "--member", "hub.445100", "--use", "official", "--out",
                                  stranger, "--passphrase-file", keys[0][1])
        realm.check(code == 0, f"key generate: {out}{err}")
        expect("a key that is not registered", 304, [],
               release(*key(0), "--key", stranger, "--passphrase-file", keys[0][1], *hub))
        act = f"{made.dir}/act.lsd"
        code, out, err = release(*key(0), "--second", f"{keys[1][0]}.pub", "--out", act, *hub)
        realm.check(code == 0 and "未签" in out, f"half an act: {out}{err}")
        expect("half an act", 421, ["act.lsd"], self.run("lianshu", "act", "submit", act, *hub))
        code, out, err = self.run("lianshu", "act", "sign", act, *key(1))
        realm.check(code == 0 and "未签" not in out, f"act sign: {out}{err}")
        expect("nothing waits, from two desks", 2, ["held or parked"], self.run("lianshu", "act", "submit", act, *hub))


def test(binaries, *_):
    with realm.Realm(binaries, "newcomer") as made:
        newcomer = Newcomer(made)
        for part in (newcomer.arguments, newcomer.configuration, newcomer.keys, newcomer.ground, newcomer.files,
                     newcomer.looking, newcomer.officials):
            part()


realm.main(test)
