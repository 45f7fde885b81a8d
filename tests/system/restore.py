#!/usr/bin/env python3
"""A hub loses its disk under load and is set back to a copy (reliability: restore). It does not start by
itself (L-05); two officials, one of them the security officer, state what was lost, and the signer opens
the next log by their statement and by nothing less. Then nothing that was accepted is lost, nothing is
applied twice, old receipts still verify under the old log, and mirrors begin anew by the same statement."""

import collections
import hashlib
import json
import os
import shutil
import signal
import subprocess

import logproof
import realm

BATCH = 40  # applications of each phase
FIRM = "91445100DEMA00021K"
ORDER = {"type": "sanction.order", "to": ["hub"], "basis": ["DL116", "DL118"], "facts": {
    "subject": {"kind": "enterprise", "id": FIRM, "name": "演示公司", "region": "445100"},
    "persons": [{"role": "legal_representative", "id": "999999199001010016", "name": "演示人员", "responsible": True}],
    "order_id": "00112233445566778899aabbccddeeff", "version": 1, "list": "serious_dishonesty", "trigger": "DL116_118",
    "severity": "serious", "decision_body": "潮州市市场监督管理局", "decision_number": "潮市监罚〔2026〕1号",
    "decision_date": "2026-04-01", "start_date": "2026-04-01", "max_date": "2029-04-01", "served_date": "2026-04-01",
    "prior_notice_date": "2026-03-10", "consent_number": "粤市监〔2026〕9号", "remedy": "60日内可申请复议",
    "remedy_deadline_date": "2026-05-31", "facts_summary": "销售假药", "contact": "0768-0000000", "act_date": "2026-01-15", "public_subject": True}}


def check(made, member):
    """What the member's own mirror says of the firm: (exit code, answer)."""
    done = subprocess.run([made.program("lianshu"), "check", "-", "--adapter", made.config(member), "--json"],
                          capture_output=True, input=f"enterprise {FIRM}".encode(), timeout=realm.PATIENCE_S,
                          env=realm.sanitizers())
    return done.returncode, json.loads(done.stdout) if done.stdout else {}


def until_known(made, member, wanted):
    watch = realm.Watch(f"{made.dir}/adapter/{member}", f"{made.dir}/log")
    watch.until(lambda: check(made, member)[0] == wanted, f"{member}'s mirror answers {wanted}")
    watch.close()
    return check(made, member)[1]


def order(made):
    """The market imposes it; it is accepted."""
    path = f"{made.dir}/order.json"
    with open(path, "w", encoding="utf-8") as out:
        json.dump(ORDER, out, ensure_ascii=False)
    code, out, err = realm.run([made.program("lianshu"), "send", path, "--adapter", made.config("market")],
                               env=realm.sanitizers())
    realm.check(code == 0, f"order: {out}{err}")


# ---- load ----

def apply(made, phase):
    """One file of applications from health to the market; what makes each of them one."""
    numbers = [f"演示{phase}{n}号" for n in range(BATCH)]
    rows = [dict(realm.APPLICATION, 受理号=number) for number in numbers]
    made.put("health", f"许可申请-{phase}.json", json.dumps(rows, ensure_ascii=False))
    return set(numbers)


def arrived(made):
    """How often the market's system was given each application."""
    found = collections.Counter()
    sink = made.site("market", "sink", "licence.application")
    for name in os.listdir(sink) if os.path.isdir(sink) else []:
        if name.endswith(".json"):
            with open(os.path.join(sink, name), encoding="utf-8") as text:
                found[json.load(text)["申请号"]] += 1
    return found


def accepted(made):
    status = made.ask("status") or {"envelopes": 0, "mirror_pages": 0}
    return status["envelopes"] - status["mirror_pages"]


def until(made, holds, what):
    watch = realm.Watch(f"{made.dir}/log", made.site("health", "done"))
    watch.until(holds, what)
    watch.close()


# ---- the copy, the loss, the statement ----

def copy(made):
    """As a snapshot of the disk has it: whatever the hub was doing just then."""
    hub = made.processes["hub"].child
    os.kill(hub.pid, signal.SIGSTOP)
    shutil.copytree(f"{made.dir}/hub", f"{made.dir}/copy")
    os.kill(hub.pid, signal.SIGCONT)


def lose(made):
    made.processes.pop("hub").kill()
    shutil.rmtree(f"{made.dir}/hub")
    shutil.copytree(f"{made.dir}/copy", f"{made.dir}/hub")
    hub = made.start("hub", ready=False)
    realm.check(hub.child.wait(realm.PATIENCE_S) != 0 and "E804" in hub.text(), f"it started: {hub.text()[-800:]}")
    made.processes.pop("hub")


def official(made, name):
    return ["--key", f"{made.dir}/keys/{name}.key", "--passphrase-file", f"{made.dir}/keys/{name}.passphrase"]


def lianshu(made, *arguments):
    code, out, err = realm.run([made.program("lianshu"), *arguments], env=realm.sanitizers())
    realm.check(code == 0, f"{arguments[:2]}: {out}{err}")
    return out


def signer(made, *arguments):
    return realm.run([made.program("lianshu-signer"), "--config", made.config("signer"), *arguments],
                     env=realm.sanitizers())


def refused(made, code, file, what):
    got, out, err = signer(made, "--restore", file)
    realm.check(got == 1 and code in err and "Sanitizer" not in err, f"{what}: {got} {out}{err}")


def state(made):
    """The statement of two officials, drafted by one and signed by the other."""
    file, head = f"{made.dir}/restored.lsd", f"{made.dir}/head"
    code, note, err = signer(made, "--head")
    realm.check(code == 0, f"--head: {err}")
    with open(head, "w", encoding="utf-8") as out:
        out.write(note)
    lianshu(made, "restore", "draft", "--backup", f"{made.dir}/hub", "--head", head,
            *official(made, "official-1"), "--second", f"{made.dir}/keys/official-2.key.pub", "--out", file)
    refused(made, "E421", file, "one official alone")
    lianshu(made, "restore", "sign", file, *official(made, "official-2"))
    with open(f"{file}.frontier", "rb") as tree:
        whole = tree.read()
    with open(f"{file}.frontier", "wb") as tree:
        tree.write(whole[:-1] + bytes([whole[-1] ^ 1]))
    refused(made, "E806", file, "another tree than the officials have signed")
    with open(f"{file}.frontier", "wb") as tree:
        tree.write(whole)
    return file, json.loads(lianshu(made, "act", "show", file, "--json"))


def release(made, name):
    lianshu(made, "release", "sign", f"{made.dir}/release.txt", "--realm", "demo", *official(made, name))


def audit(made):
    """What was done to the hub stands in its log; the program that runs is one that officials have released."""
    with open(made.program("lianshu-hub"), "rb") as program:
        digest = hashlib.sha256(program.read()).hexdigest()
    rows = made.ask("log", "admin")["admin"]
    of = {row["event"]: row for row in rows}
    realm.check(len(of["restored"]["officials"]) == 2 and of["start"]["program_sha256"] == digest, f"{rows[-3:]}")
    realm.check(made.ask("status")["program"]["why"] == "E421" and "program.unlisted" in of, "a list of one official will do")
    release(made, "official-2")
    control = ["--control", f"{made.dir}/run/control.sock"]
    lianshu(made, "release", "log", f"{made.dir}/release.txt", *control)
    lianshu(made, "hub", "reload", *control)
    watch = realm.Watch(f"{made.dir}/log")
    watch.until(lambda: not made.ask("status")["program_unlisted"], "the program is released")
    watch.close()
    done = json.loads(lianshu(made, "log", "scrub", "--offline", f"{made.dir}/copy", "--json"))
    realm.check(0 < done["checked"] <= of["restored"]["log_size"], f"{done}")


def open_log(made, file):
    with open(made.program("lianshu-hub"), "rb") as program, open(f"{made.dir}/release.txt", "w", encoding="utf-8") as out:
        out.write(f"{hashlib.sha256(program.read()).hexdigest()}  lianshu-hub\n")
    release(made, "official-1")
    with open(made.config("hub"), "a", encoding="utf-8") as out:
        out.write("\nrelease: release.txt\n")
    code, out, err = signer(made, "--restore", file)
    realm.check(code == 0, f"--restore: {out}{err}")
    realm.check(os.path.exists(f"{made.dir}/signer/signer.state.audit-1"), "the old head is not kept")
    refused(made, "E804", file, "the same statement twice")
    made.start("signer")
    made.start("hub").until("event=restored")
    audit(made)


# ---- the test ----

def load_and_lose(made):
    """Copy under load; load goes on, some of it to its end, some not; then the disk is lost."""
    for name in ("signer", "hub", "market", "health"):
        made.start(name)
    until_known(made, "health", 0)
    wanted = apply(made, "甲")
    until(made, lambda: len(arrived(made)) >= BATCH // 4, "the load is under way")
    copy(made)
    made.start("police")
    wanted |= apply(made, "乙")
    order(made)
    ahead = until_known(made, "health", 3)
    before = until_known(made, "police", 3)
    realm.check(made.stop("police") == 0, "the adapter does not stop in good order")
    until(made, lambda: len(arrived(made)) == 2 * BATCH, "what the copy lacks has come to its end")
    realm.check(made.stop("market") == 0, "the adapter does not stop in good order")
    taken = accepted(made)
    wanted |= apply(made, "丙")
    until(made, lambda: accepted(made) == taken + BATCH, "what nobody has yet is accepted")
    size = made.ask("status")["log_size"]
    lose(made)
    return wanted, (ahead, before), size


def renew(made, member, file):
    return realm.run([made.program("lianshu-adapter"), "--config", made.config(member), "--renew-mirror", file],
                     env=realm.sanitizers())


def mirrors(made, ahead, file):
    """Ahead of the copy it takes nothing of it, and answers as it did; by the statement it begins anew, once."""
    made.processes["hub"].until("event=mirror_refused member=health.445100")
    code, still = check(made, "health")
    realm.check(code == 3 and still["log_size"] == ahead[0]["log_size"], f"it went back by itself: {still}")
    code, out, err = renew(made, "police", file)
    realm.check(code == 0, f"--renew-mirror: {out}{err}")
    realm.check(check(made, "police")[0] == 4, "something is known before the snapshot has come")
    code, out, err = renew(made, "police", file)
    realm.check(code == 2 and "Sanitizer" not in err, f"a statement was taken twice: {out}{err}")
    made.start("police")
    after = until_known(made, "police", 3)  # the order was lost with the disk, and has come again
    realm.check(after["generation"] != ahead[1]["generation"], f"not a new generation: {after}")


def restore(made):
    wanted, ahead, lost_size = load_and_lose(made)
    realm.check(made.stop("signer") == 0, "the signer does not stop in good order")
    key = logproof.public_key(f"{made.dir}/keys/signer.key.pub", "log")
    old = logproof.verify_all(f"{made.dir}/adapter/health/adapter.db", key)
    file, said = state(made)
    realm.check(said["log_number"] == 2 and said["log_size"] < lost_size <= said["signed_size"], f"{said}")
    open_log(made, file)

    # What was accepted and had no end comes again, to whoever lacks it and to nobody twice.
    made.start("market")
    until(made, lambda: len(arrived(made)) == len(wanted), "everything that was accepted has arrived")
    realm.check(set(arrived(made)) == wanted and set(arrived(made).values()) == {1}, f"{arrived(made)}")
    made.processes["health"].until("event=hub_restored")
    until(made, lambda: not (made.ask("status") or {"queued": 1}).get("queued"), "nothing waits any more")

    # Life goes on. Old receipts are proven by the old log, new ones by the new.
    wanted |= apply(made, "丁")
    until(made, lambda: len(arrived(made)) == len(wanted), "what is new arrives")
    until(made, lambda: not os.path.exists(made.site("health", "source", "许可申请-丁.json")), "and is answered")
    origin = "hub.445100.demo/audit/"
    now = logproof.verify_all(f"{made.dir}/adapter/health/adapter.db", key)
    realm.check(list(old) == [origin + "1"] and now[origin + "1"] == old[origin + "1"] and now.get(origin + "2", 0) >= BATCH,
                f"{old} {now}")
    mirrors(made, ahead, file)
    print(f"log of {lost_size} entries set back to {said['log_size']}; {len(wanted)} applications, each once; "
          f"{now[origin + '1']} receipts of the old log and {now[origin + '2']} of the new one verify")


def main(binaries):
    with realm.Realm(binaries, "restore") as made:
        restore(made)


if __name__ == "__main__":
    realm.main(main)
