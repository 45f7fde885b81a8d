#!/usr/bin/env python3
"""A joint notice from end to end: one department drafts it, another signs it at its own site, one of
them sends it, and its reader sees who issued it. What is not signed by everybody goes nowhere."""

import json
import os
import shutil

import realm

NOTICE = {"type": "joint.notice", "to": ["insurance.445100"], "basis": ["POLICY000-4"],
          "facts": {"title": "联合告诫", "text": "关于规范药品经营行为的联合告诫", "reference": "潮联〔2026〕1号", "date": "2026-04-01"}}


class Desks:
    def __init__(self, made):
        self.made = made
        self.file = f"{made.dir}/notice.lsd"
        with open(f"{made.dir}/notice.json", "w", encoding="utf-8") as out:
            json.dump(NOTICE, out, ensure_ascii=False)

    def joint(self, *arguments):
        return realm.run([self.made.program("lianshu"), "joint", *arguments], env=realm.sanitizers())

    def draft(self, out, *others):
        named = [word for other in others for word in ("--with", other)]
        return self.joint("draft", f"{self.made.dir}/notice.json", *named, "--adapter", self.made.config("market"),
                          "--out", out)

    def sign(self, member, file=None):
        return self.joint("sign", file or self.file, "--adapter", self.made.config(member))

    def send(self, member, file=None):
        return realm.run([self.made.program("lianshu"), "send", file or self.file, "--adapter",
                          self.made.config(member), "--json"], env=realm.sanitizers())


def refused(outcome, code, *words):
    exit_code, out, err = outcome
    text = out + err
    realm.check(exit_code == 1 and "Sanitizer" not in text, f"exit {exit_code}: {text[-800:]}")
    for word in (code, *words):
        realm.check(word in text, f"does not say {word}: {text[-800:]}")


def agreed(outcome):
    realm.check(outcome[0] == 0, f"exit {outcome[0]}: {(outcome[1] + outcome[2])[-800:]}")
    return outcome[1]


def joint(made):
    desks = Desks(made)
    made.start_all()
    agreed(desks.draft(desks.file, "health.445100"))
    shown = json.loads(agreed(desks.joint("show", desks.file, "--adapter", made.config("police"), "--json")))
    realm.check([row["signed"] for row in shown["signers"]] == [True, False] and not shown["complete"],
                f"after the draft: {shown['signers']}")

    # One signature is missing; a stranger signs nothing; nobody signs twice.
    refused(desks.send("market"), "E303", "health.445100")
    refused(desks.sign("police"), "E316", "police.445100")
    refused(desks.sign("market"), "E026", "market.445100")
    half = f"{made.dir}/half.lsd"
    shutil.copy(desks.file, half)

    agreed(desks.sign("health"))
    refused(desks.sign("health"), "E026")
    refused(desks.send("police"), "E316")  # it did not issue it
    sent = json.loads(agreed(desks.send("health")).strip().splitlines()[-1])
    realm.check(sent["messages"][0]["type"] == "joint.notice", f"{sent}")

    sink = made.site("insurance", "sink", "joint.notice")
    os.makedirs(sink, exist_ok=True)
    watch = realm.Watch(sink)
    name = watch.until(lambda: next((n for n in os.listdir(sink) if n.endswith(".json")), None), "the notice arrives")
    watch.close()
    with open(os.path.join(sink, name), encoding="utf-8") as text:
        record = json.load(text)
    realm.check(record["lianshu"]["sender"] == "health.445100", f"{record['lianshu']}")
    realm.check(record["lianshu"]["issuers"] == ["market.445100", "health.445100"], f"{record['lianshu']}")
    realm.check(NOTICE["facts"]["text"] in json.dumps(record, ensure_ascii=False), "the text is not in it")

    # A byte changed after a signature: nobody signs it any more, and it is not sent.
    with open(half, "rb") as file:
        data = bytearray(file.read())
    data[data.index("联合告诫".encode())] ^= 1
    with open(half, "wb") as file:
        file.write(data)
    outcome = desks.sign("health", half)
    realm.check(outcome[0] == 1, f"a changed text was signed: {outcome}")
    print("drafted, signed, sent, read; refusals as they should be")


def main(binaries):
    with realm.Realm(binaries, "joint") as made:
        joint(made)


realm.main(main)
