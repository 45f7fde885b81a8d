#!/usr/bin/env python3
"""The hub is set back to an older copy of itself (reliability: restore): it does not start by itself;
with a new log it does; an adapter's mirror, which has seen more, takes nothing from it until two
officials say that the hub was restored; then it begins anew."""

import json
import os
import shutil
import subprocess

import realm

FIRM = "91445100DEMA00013Q"
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


def order(made, number, facts):
    """The market imposes it; it is accepted."""
    path = f"{made.dir}/order-{number}.json"
    with open(path, "w", encoding="utf-8") as out:
        json.dump(facts, out, ensure_ascii=False)
    code, out, err = realm.run([made.program("lianshu"), "send", path, "--adapter", made.config("market")],
                               env=realm.sanitizers())
    realm.check(code == 0, f"order {number}: {out}{err}")


def until_known(made, member, wanted):
    watch = realm.Watch(f"{made.dir}/adapter/{member}", f"{made.dir}/log")
    watch.until(lambda: check(made, member)[0] == wanted, f"{member}'s mirror answers {wanted}")
    watch.close()
    return check(made, member)[1]


def stop_hub(made):
    for name in ("hub", "signer"):
        realm.check(made.stop(name) == 0, f"{name} does not stop in good order")


def statement(made, size):
    out = f"{made.dir}/restored.lsd"
    keys = [word for name in ("official-1", "official-2") for word in
            ("--key", f"{made.dir}/keys/{name}.key", "--passphrase-file", f"{made.dir}/keys/{name}.passphrase")]
    code, text, err = realm.run([made.program("lianshu"), "mirror", "restored", "--log-number", "2", "--log-size", str(size),
                                 "--realm", "demo", *keys, "--out", out], env=realm.sanitizers())
    realm.check(code == 0, f"mirror restored: {text}{err}")
    return out


def renew(made, member, file):
    return realm.run([made.program("lianshu-adapter"), "--config", made.config(member), "--renew-mirror", file],
                     env=realm.sanitizers())


def new_log(made):
    """Number 2; the old state of the signer is kept as evidence."""
    realm.check(made.stop("signer") == 0, "the signer does not stop in good order")
    os.rename(f"{made.dir}/signer/signer.state", f"{made.dir}/signer/signer.state.1")
    realm.set_key(made.config("signer"), "log_number", 2)
    code, out, err = realm.run([made.program("lianshu-signer"), "--config", made.config("signer"), "--init"],
                               env=realm.sanitizers())
    realm.check(code == 0, f"--init: {out}{err}")
    made.start("signer")
    made.start("hub")


def set_back(made):
    """The copy does not start under the old log: what was signed is more than it holds."""
    shutil.rmtree(f"{made.dir}/hub")
    shutil.move(f"{made.dir}/copy", f"{made.dir}/hub")
    made.start("signer")
    hub = made.start("hub", ready=False)
    realm.check(hub.child.wait(realm.PATIENCE_S) != 0 and "E804" in hub.text(), f"it started: {hub.text()[-800:]}")
    made.processes.pop("hub")


def restore(made):
    for name in ("signer", "hub", "market", "health"):
        made.start(name)
    until_known(made, "health", 0)
    size = made.ask("status")["log_size"]
    stop_hub(made)
    shutil.copytree(f"{made.dir}/hub", f"{made.dir}/copy")

    # The hub goes on, and mirrors see more than the copy holds.
    for name in ("signer", "hub", "police"):
        made.start(name)
    order(made, "1", ORDER)
    before = until_known(made, "police", 3)
    ahead = until_known(made, "health", 3)
    realm.check(made.stop("police") == 0, "the adapter does not stop in good order")
    stop_hub(made)
    set_back(made)
    new_log(made)
    realm.check(made.ask("status")["log_size"] >= size, "the copy's log is not there")

    # The order was lost with the disk and is imposed again. A mirror that has seen more takes nothing
    # of it, and answers as it did.
    order(made, "2", dict(ORDER, facts=dict(ORDER["facts"], order_id="0f112233445566778899aabbccddeeff",
                                            decision_number="潮市监罚〔2026〕2号")))
    made.processes["hub"].until("event=mirror_refused member=health.445100")
    code, still = check(made, "health")
    realm.check(code == 3 and still["log_size"] == ahead["log_size"], f"it went back by itself: {still}")

    # With the officials' statement it begins anew, once; until the snapshot has come nothing is known.
    file = statement(made, size)
    code, out, err = renew(made, "police", file)
    realm.check(code == 0, f"--renew-mirror: {out}{err}")
    realm.check(check(made, "police")[0] == 4, "something is known before the snapshot has come")
    code, out, err = renew(made, "police", file)
    realm.check(code == 2 and "Sanitizer" not in err, f"a statement was taken twice: {out}{err}")
    made.start("police")
    after = until_known(made, "police", 3)
    realm.check(after["generation"] != before["generation"], f"not a new generation: {after}")
    print(f"log of {before['log_size']} entries set back to {size}, mirror anew at {after['log_size']}")


def main(binaries):
    with realm.Realm(binaries, "restore") as made:
        restore(made)


realm.main(main)
