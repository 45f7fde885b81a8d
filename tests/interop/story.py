#!/usr/bin/env python3
"""The Python client as a member of a real realm: market regulation and the procuratorate are Python with keys
of their own making, health is our adapter, hub and signer are our programs.

    story.py BIN
"""

import json
import os
import secrets
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))
import realm  # noqa: E402 (tests/system)

import peer as p  # noqa: E402
from lianshu import chunks, document, enrolment, envelope, wire  # noqa: E402
from lianshu.client import Client, now_ms  # noqa: E402
from lianshu.envelope import FACTS, MANIFEST, SEALED, Batch, Draft  # noqa: E402
from lianshu.protocol import TYPES, Refused, type_number  # noqa: E402
from lianshu.receipts import KINDS  # noqa: E402
from lianshu.registry import SEAL, Anchor, open_file  # noqa: E402
from lianshu.seal import Opener  # noqa: E402
from lianshu.signing import Signer  # noqa: E402
from lianshu.wire import new  # noqa: E402

HUB, MARKET, HEALTH, PROCURATORATE = "hub.445100", "market.445100", "health.445100", "procuratorate.445100"
OURS = (MARKET, PROCURATORATE)
HOUR_MS = 3600 * 1000
FORWARD = ["accepted", "delivered", "opened", "acted"]


class Desk:
    """One member in Python: it writes papers, and its client carries them."""

    def __init__(self, made, registry, member, keys, credit=64):
        self.keys, self.member, self.registry = keys, member, registry
        endpoint = realm_endpoint(made)
        self.client = Client(registry, member, HUB, endpoint, keys, credit)
        self.client.connect()

    def public(self, member):
        key = self.registry.current(member, SEAL, now_ms())
        return key.kid, key.public

    def paper(self, kind, to, body, facts=b"", conversation=b""):
        """A document of that type, signed."""
        now = now_ms()
        d = document.new(self.registry.realm, kind, [(self.member, self.keys["sign"])], salt=secrets.token_bytes(16),
                         id=envelope.message_id(now, secrets.token_bytes(10)), issued_ms=now, addressees=sorted(to),
                         body=wire.encode(body), facts=facts, conversation=conversation)
        lsd1 = document.sign(d, [self.keys["sign"]])
        return lsd1, document.sha256(wire.encode(d))

    def header(self, kind, to, **more):
        now = now_ms()
        return new("Header", **{**dict(
            realm=self.registry.realm, type=type_number(kind), sender=self.member, created_ms=now,
            message_id=envelope.message_id(now, secrets.token_bytes(10)), expires_ms=now + HOUR_MS,
            registry_version=self.registry.version, priority=2, purpose="supervision",
            destination=sorted(to)), **more})

    def alert(self, to, reference="警示1号", **more):
        """Facts that the hub reads, and a sealed part for the recipients."""
        h = self.header("risk.alert", to, **more)
        facts, facts_hash = self.paper("risk.alert", [*to, HUB], new(
            "Risk", subject=subject(), level=2, reference=reference, date=20260401), conversation=h.conversation)
        sealed, _ = self.paper("risk.alert", to, new(
            "Particulars", number=reference, title="风险警示", text="演示" * 300, date=20260401, officer="演示"),
            facts_hash, h.conversation)
        add_part(h, FACTS, [*to, HUB])
        add_part(h, SEALED, to)
        return Draft(h, [facts, sealed])

    def clue(self, to, files):
        """No facts: the hub reads nothing. With files."""
        h = self.header("clue", to)
        body = new("Clue", number="线索1号", source=5, facts="演示", date=20260401, officer="演示")
        add_part(h, SEALED, to)
        plain = [self.paper("clue", to, body)[0]]
        if files:
            add_part(h, MANIFEST, to)
            h.attachments.extend([f.header(1) for f in files])
            manifest = new("Manifest", files=[f.manifest(f"附件{i}.pdf", "application/pdf") for i, f in enumerate(files)])
            plain.append(self.paper("manifest", to, manifest)[0])
        return Draft(h, plain)

    def seal(self, *drafts, check=True):
        batch = Batch(self.keys["sign"], self.public)
        for one in drafts:
            batch.add(one, check)
        return batch.finish()

    def send(self, one, files=()):
        self.client.submit(self.seal(one)[0], one.header, files)
        return one.header.message_id

    def wait(self, message_id, *stages):
        """Until each of these (kind, by) has been said of it."""
        def said():
            return {(kind, by) for kind, by, _ in self.client.stages(message_id)} >= set(stages)
        self.client.until(said, f"{stages} of {message_id.hex()}")

    def code(self, message_id):
        """With which the hub refused it."""
        self.client.until(lambda: any(k == "rejected" for k, _, _ in self.client.stages(message_id)), "a refusal")
        return self.client.stages(message_id)[0][2]


def subject():
    return new("Subject", kind=1, id="91445100DEMA00013Q", name="演示公司", region="445100")


def add_part(h, kind, members):
    part = h.parts.add(kind=kind)
    for member in sorted(members):
        part.audience.add(member=member)


def realm_endpoint(made):
    with open(made.config("market"), encoding="utf-8") as text:
        return next(line.split()[1] for line in text if line.startswith("endpoint:"))


class Registrar:
    """The registrar's two officials and their desk, by the commands."""

    def __init__(self, made):
        self.made, self.keys = made, f"{made.dir}/keys"
        self.officials = ["--key", f"{self.keys}/registrar.key", "--passphrase-file", f"{self.keys}/passphrase",
                          "--key", f"{self.keys}/registrar-2.key", "--passphrase-file", f"{self.keys}/registrar-2.passphrase"]
        self.desk = ["--ledger", f"{self.keys}/ledger.yaml", "--desk", f"{self.keys}/desk.key"]
        self.run("key", "generate", "--member", "registrar.445100", "--use", "enrolment", "--out", f"{self.keys}/desk.key",
                 "--passphrase-file", f"{self.keys}/passphrase")

    def run(self, *arguments):
        return p.run(self.made.program("lianshu"), *arguments)

    def trust(self):
        return ["--anchor", f"{self.made.dir}/anchor.yaml"]

    def invite(self, member):
        self.run("enrol", "invite", "--member", member, "--use", "adapter", "--adapter", "a1", "--realm", "demo", "--desk",
                 f"{self.keys}/desk.key.pub", "--ledger", f"{self.keys}/ledger.yaml", "--out", f"{self.keys}/invitation",
                 "--code-out", f"{self.keys}/code")
        with open(f"{self.keys}/invitation", encoding="utf-8") as file, open(f"{self.keys}/code", encoding="utf-8") as code:
            lines = [line for line in code.read().split("\n") if line and not line.startswith("#")]
            return enrolment.Invitation.read(file.read()), enrolment.read_code(lines[-1])

    def approve(self, lsd1, fingerprint):
        """The file of the approval; the fingerprint is the one that the member was told by its own program."""
        with open(f"{self.keys}/request.lsd", "wb") as file:
            file.write(lsd1)
        self.run("enrol", "show", f"{self.keys}/request.lsd", *self.desk, "--passphrase-file", f"{self.keys}/passphrase")
        self.run("enrol", "approve", f"{self.keys}/request.lsd", "--fingerprint", fingerprint.hex(), *self.desk,
                 "--desk-passphrase-file", f"{self.keys}/passphrase", *self.officials, *self.trust(), "--registry",
                 f"{self.made.dir}/registry.lsg", "--out", f"{self.keys}/approval.lsd")
        return f"{self.keys}/approval.lsd"

    def build(self, approval):
        signed = [word.replace("--key", "--registrar") for word in self.officials]
        self.run("registry", "build", *self.trust(), "--before", f"{self.made.dir}/registry.lsg", *signed, "--members",
                 f"{self.keys}/members.yaml", "--unproven", "--enrolment", approval, "--out", f"{self.made.dir}/registry.lsg",
                 "--replace")


def enrol(made):
    """Keys that Python made: the procuratorate's by their public halves, market regulation's by a request."""
    keys = {member: {"sign": Signer(secrets.token_bytes(32)), "seal": Opener(secrets.token_bytes(32)),
                     "transport": Opener(secrets.token_bytes(32))} for member in OURS}
    with open(f"{made.dir}/keys/procuratorate.key.pub", "w", encoding="utf-8") as out:
        out.write(p.pub_file(PROCURATORATE, "adapter", keys[PROCURATORATE], now_ms(), "a1"))
    with open(f"{made.dir}/keys/members.yaml", encoding="utf-8") as file:
        members = file.read()
    with open(f"{made.dir}/keys/members.yaml", "w", encoding="utf-8") as out:
        out.write(members.replace("keys: [market.key.pub]", "keys: []"))
    desk = Registrar(made)
    invitation, code = desk.invite(MARKET)
    now = now_ms()
    lsd1, fingerprint = enrolment.request(invitation, code, keys[MARKET], (now - HOUR_MS, now + 300 * p.DAY_MS), now,
                                          secrets.token_bytes)
    wrong = {"E430": (bytes(12), keys[MARKET]),                          # another code
             "E431": (code, {n: k for n, k in keys[MARKET].items() if n != "seal"})}   # no key to seal to
    for expected, (said, some) in wrong.items():
        spoiled, its = enrolment.request(invitation, said, some, (now, now + HOUR_MS), now, secrets.token_bytes)
        try:
            desk.approve(spoiled, its)
        except p.Failure as failure:
            realm.check(expected in str(failure), f"{expected}: {failure}")
        else:
            raise realm.Failure(f"a request that must be {expected} was approved")
    desk.build(desk.approve(lsd1, fingerprint))
    with open(f"{made.dir}/registry.lsg", "rb") as file:
        return keys, open_file(file.read(), Anchor.read(f"{made.dir}/anchor.yaml"))


def delivered(reader, sender, message, whole=False):
    """What the reader got of this message; the sender's side goes on meanwhile."""
    def there():
        sender.client.turn(0.01)
        refused = [code for kind, _, code in sender.client.stages(message) if kind == "rejected"]
        realm.check(not refused, f"refused: {refused}")
        return [d for d in reader.client.inbox.values() if d.header.message_id == message and d.whole >= whole]
    reader.client.until(there, f"{message.hex()} {sender.client.stages(message)}")
    return there()[0]


# ---- what is shown, each a promise ----

def an_envelope_goes_to_both_recipients_and_every_stage_comes_back(market, office, made):
    message = market.send(market.alert([HEALTH, PROCURATORATE]))
    got = delivered(office, market, message)
    facts, sealed = office.client.document(got, 0), office.client.document(got, 1)
    realm.check(sealed.facts == document.sha256(wire.encode(facts)), "the sealed document names its facts")
    realm.check(wire.decode("Particulars", sealed.body).text == "演示" * 300, "the text")
    office.client.receipt(got.env_id, "opened")
    office.client.receipt(got.env_id, "acted", reference="潮检 9 号")
    market.wait(message, ("accepted", HUB), ("delivered", HEALTH), *[(k, PROCURATORATE) for k in FORWARD[1:]])
    acted = [q for q in market.client.told[message] if q.kind == KINDS["acted"]]
    realm.check(acted[0].reference == "潮检 9 号", "the reference of what was done")
    realm.check(message not in market.client.sent, "it is final for both")
    return message


def a_file_travels_in_chunks_that_both_sides_verify(market, office, made):
    files = [chunks.File(os.urandom(3 * chunks.CHUNK_TEXT + 17), os.urandom(32)), chunks.File(b"", os.urandom(32))]
    message = market.send(market.clue([PROCURATORATE], files), files)
    market.wait(message, ("accepted", HUB))
    got = delivered(office, market, message, whole=True)
    for file in files:
        realm.check(got.content(file.root) == file.content, "the file is another one")
    market.wait(message, ("delivered", PROCURATORATE))


def our_adapter_writes_to_the_python_member(market, office, made):
    made.put("health", "application.json", json.dumps(realm.APPLICATION, ensure_ascii=False))
    market.client.until(lambda: any(d.header.sender == HEALTH for d in market.client.inbox.values()), "the application")
    got = next(d for d in market.client.inbox.values() if d.header.sender == HEALTH)
    bodies = [market.client.document(got, i) for i in got.plain]
    realm.check(TYPES[bodies[0].type].name == "licence.application", "its type")
    market.client.receipt(got.env_id, "acted", reference="潮市监 1 号")
    done = made.site("health", "done")
    watch = realm.Watch(done)
    watch.until(lambda: "acted" in receipt_of(done, "application.json"), "health sees that it was acted on")
    watch.close()


def receipt_of(folder, name):
    try:
        with open(f"{folder}/{name}.receipt.json", encoding="utf-8") as text:
            return text.read()
    except FileNotFoundError:
        return ""


def a_repeat_has_the_first_receipt_and_is_not_delivered_again(market, office, made):
    one = market.clue([PROCURATORATE], [])
    frame = market.seal(one)[0]
    market.client.submit(frame, one.header)
    message = one.header.message_id
    delivered(office, market, message)
    market.wait(message, ("accepted", HUB), ("delivered", PROCURATORATE))
    before, count = list(market.client.proven), len(office.client.inbox)
    heard = []
    market.client.settle, settle = lambda q: heard.append(q), market.client.settle
    market.client.send(frame.bytes())
    market.client.until(lambda: any(q.message_id == message and q.kind == KINDS["accepted"] for q in heard),
                        "the receipt again")
    market.client.settle = settle
    realm.check(market.client.proven == before, "another receipt than the first")
    realm.check(not office.client.turn(0.5) or len(office.client.inbox) == count, "delivered twice")


def what_is_wrong_is_refused_with_its_code(market, office, made):
    now = now_ms()
    late = dict(created_ms=now - 2 * HOUR_MS, expires_ms=now - HOUR_MS,
                message_id=envelope.message_id(now - 2 * HOUR_MS, secrets.token_bytes(10)))
    early = dict(created_ms=now + HOUR_MS, expires_ms=now + 2 * HOUR_MS,
                 message_id=envelope.message_id(now + HOUR_MS, secrets.token_bytes(10)))
    long = dict(expires_ms=now + 10 ** 10)
    rows = [("expired", late, 503), ("from the future", early, 504), ("too long a life", long, 506)]
    for what, fields, code in rows:
        message = market.send(market.alert([PROCURATORATE], **fields))
        found = market.code(message)
        realm.check(found == code, f"{what}: E{found} instead of E{code}")
        realm.check(message not in market.client.sent, "a rejection is final")
    first = market.alert([PROCURATORATE])
    message = market.send(first)
    market.wait(message, ("accepted", HUB))
    other = market.alert([PROCURATORATE], created_ms=first.header.created_ms, message_id=message)
    market.client.send(market.seal(other)[0].bytes())
    market.client.until(lambda: (message, 502) in [(b.message_id, b.code) for b in market.client.busy],
                        "E502 of one id for two")


def a_number_that_comes_early_is_busy_and_goes_once_its_turn_has_come(market, office, made):
    talk = secrets.token_bytes(16)
    first, second = (market.alert([PROCURATORATE], conversation=talk, sequence=n) for n in (1, 2))
    market.client.busy.clear()
    late = market.send(second)
    market.client.until(lambda: market.client.busy, "busy")
    told = market.client.busy[-1]
    realm.check((told.message_id, told.code) == (late, 508), f"busy E{told.code}")
    early = market.send(first)
    market.wait(early, ("accepted", HUB))
    market.client.send(market.client.sent[late])
    market.wait(late, ("accepted", HUB))
    got = [delivered(office, market, m) for m in (early, late)]
    realm.check([d.statement.delivery_number for d in got] == [1, 2], "delivery numbers of the conversation")




def no_more_comes_than_the_credit_allows(market, office, made):
    office.client.credit = 1
    office.client.receipt, receipt = lambda *_: None, office.client.receipt     # reads, and says nothing
    office.client.connect()
    messages = [market.send(market.clue([PROCURATORATE], [])) for _ in range(3)]
    for message in messages:
        market.wait(message, ("accepted", HUB))
    new_ones = lambda: [d for d in office.client.inbox.values() if d.header.message_id in messages]  # noqa: E731
    office.client.until(lambda: len(new_ones()) == 1, "the first")
    realm.check(not office.client.turn(1) and len(new_ones()) == 1, "more than one is out")
    office.client.receipt = receipt
    for n in (1, 2, 3):
        office.client.until(lambda: len(new_ones()) == n, f"envelope {n}")
        office.client.receipt(new_ones()[n - 1].env_id, "delivered")
    for message in messages:
        market.wait(message, ("delivered", PROCURATORATE))
    office.client.credit = 64
    office.client.connect()


def a_hub_that_restarts_has_lost_nothing(market, office, made):
    message = market.send(market.alert([PROCURATORATE]))
    market.wait(message, ("accepted", HUB))
    stream, proven = market.client.stream, list(market.client.proven)
    office.client.disconnect()
    made.processes.pop("hub").kill()
    made.start("hub")
    market.client.connect()
    office.client.connect()
    delivered(office, market, message)
    market.wait(message, ("delivered", PROCURATORATE))
    realm.check(market.client.stream > stream and market.client.proven[:len(proven)] == proven, "the stream goes on")


def what_was_acknowledged_comes_again_when_it_is_unfinished(market, office, made):
    """A receipt that was stored and acknowledged, and lost at the member all the same."""
    office.client.receipt, receipt = lambda *_: None, office.client.receipt
    message = market.send(market.alert([PROCURATORATE]))
    market.wait(message, ("accepted", HUB))
    del market.client.told[message]
    market.client.proven.pop()
    market.client.connect()
    market.wait(message, ("accepted", HUB))
    got = delivered(office, market, message)
    office.client.receipt = receipt
    office.client.receipt(got.env_id, "returned", 10)
    market.wait(message, ("returned", PROCURATORATE))
    realm.check(message not in market.client.sent, "returned is final")


def nobody_speaks_for_another_member(market, office, made):
    """A connection of the procuratorate's key that carries an envelope of market regulation."""
    one = market.alert([HEALTH])
    office.client.busy.clear()
    office.client.send(market.seal(one)[0].bytes())
    office.client.until(lambda: office.client.busy, "busy")
    realm.check(office.client.busy[-1].code == 103, f"busy E{office.client.busy[-1].code}")


STORY = [an_envelope_goes_to_both_recipients_and_every_stage_comes_back, a_file_travels_in_chunks_that_both_sides_verify,
         our_adapter_writes_to_the_python_member, a_repeat_has_the_first_receipt_and_is_not_delivered_again,
         what_is_wrong_is_refused_with_its_code, a_number_that_comes_early_is_busy_and_goes_once_its_turn_has_come,
         no_more_comes_than_the_credit_allows, a_hub_that_restarts_has_lost_nothing,
         what_was_acknowledged_comes_again_when_it_is_unfinished, nobody_speaks_for_another_member]


def test(binaries, *only):
    with realm.Realm(binaries, "interop") as made:
        keys, registry = enrol(made)
        for name in ("signer", "hub", "health"):
            made.start(name)
        desks = [Desk(made, registry, member, keys[member]) for member in OURS]
        try:
            for part in STORY:
                if not only or part.__name__ in only:
                    begun = time.monotonic()
                    part(*desks, made)
                    print(f"{part.__name__}: {time.monotonic() - begun:.1f} s", flush=True)
        except (Refused, TimeoutError) as failure:
            raise realm.Failure(f"{part.__name__}: {failure}") from failure
        finally:
            for desk in desks:
                desk.client.close()


if __name__ == "__main__":
    realm.main(test)
