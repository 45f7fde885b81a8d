"""What is said about envelopes: members' receipts, the hub's, its statements (PROTOCOL 7)."""

from . import log, merkle, signing, wire
from .frames import HUB, MEMBER, Entry, Statement
from .labels import label, sha256
from .protocol import ENUMS, RECEIPTS_BY_HUB, Refused

KINDS = {name.removeprefix("RECEIPT_").lower(): number for number, name in ENUMS["ReceiptKind"].items()}
WRONG_REALM, BY = 313, 521


def leaf(q: bytes) -> bytes:
    return merkle.leaf(label("receipt") + sha256(q))


def make(signer, receipts: list) -> list[Entry]:
    """A member's receipts, under one signature."""
    said = [wire.encode(r) for r in receipts]
    return [Entry(MEMBER, q, s) for q, s in zip(said, signer.batch([leaf(q) for q in said]))]


def verify_member(entry: Entry, realm: str, find):
    q = wire.decode("Receipt", entry.receipt)
    if q.realm != realm:
        raise Refused(WRONG_REALM)
    if q.kind in RECEIPTS_BY_HUB or q.log_index:
        raise Refused(BY, "what a hub says stands in its log")
    signing.verify_leaf(find(q.by, entry.signature.kid), leaf(entry.receipt), entry.signature)
    return q


def verify_hub(entry: Entry, checkpoint: log.Checkpoint, realm: str, hub: str):
    """Q is a leaf of the log under a checkpoint that was verified."""
    q = wire.decode("Receipt", entry.receipt)
    if q.realm != realm:
        raise Refused(WRONG_REALM)
    if entry.form == HUB and q.by != hub:
        raise Refused(BY)
    merkle.verify(log.leaf(log.RECEIPT, q.time_ms, entry.receipt), q.log_index, checkpoint.size, entry.path,
                  checkpoint.root)
    return q


def verify_statement(frame: Statement, checkpoint: log.Checkpoint, realm: str):
    v = wire.decode("Statement", frame.statement)
    if v.realm != realm:
        raise Refused(WRONG_REALM)
    merkle.verify(log.leaf(log.STATEMENT, v.accepted_ms, frame.statement), v.log_index, checkpoint.size, frame.path,
                  checkpoint.root)
    return v
