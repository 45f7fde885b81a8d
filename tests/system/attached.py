"""Messages with attachments through real processes: made, sent, waited for, compared."""

import filecmp
import json
import os
import time

import realm

BLOCK = 1 << 20


def make(path, size):
    """A file of that size whose blocks all differ, on disk."""
    block = os.urandom(BLOCK)
    with open(path, "wb") as out:
        for number in range((size + BLOCK - 1) // BLOCK):
            left = min(BLOCK, size - number * BLOCK)
            out.write((number.to_bytes(8, "big") + block[8:])[:left])
        out.flush()
        os.fsync(out.fileno())


def record(to, name, attachments):
    today = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 8 * 3600))
    return {"type": "aefi.report", "to": [f"{to}.445100"],
            "facts": {"subject": {"kind": "batch", "id": f"国药准字S20200001/{name}", "name": "演示疫苗"},
                      "product_name": "演示疫苗", "approval_number": "国药准字S20200001", "batch_number": name,
                      "report_date": today},
            "sealed": {"report_number": name, "classification": "一般反应", "severity": "轻", "patient_name": "演示",
                       "vaccination_date": today, "onset_ms": f"{today}T00:30:00+08:00", "symptoms": "发热",
                       "site": "演示接种门诊", "reporter": "演示医生"},
            "attachments": [{"file": attachment} for attachment in attachments]}


def send(made, sender, to, name, attachments):
    """The record; its attachments lie in source/ already."""
    made.put(sender, f"{name}.json", json.dumps(record(to, name, attachments), ensure_ascii=False))


def receipts(made, sender, name):
    path = made.site(sender, "done", f"{name}.json.receipt.json")
    if not os.path.exists(path):
        return ""
    with open(path, encoding="utf-8") as text:
        return text.read()


def refused(made, sender, name):
    path = made.site(sender, "refused", f"{name}.json.reason.json")
    if os.path.exists(path):
        with open(path, encoding="utf-8") as text:
            raise realm.Failure(f"refused: {text.read()}")


def taken(made, sender, name, seconds):
    """When the record was signed, its attachments sealed (monotonic seconds)."""
    watch = realm.Watch(made.site(sender, "done"), made.site(sender, "refused"))
    watch.until(lambda: refused(made, sender, name) or os.path.exists(made.site(sender, "done", f"{name}.json")),
                "taken", seconds)
    watch.close()
    return time.monotonic()


def accepted(made, sender, name, seconds):
    """When the hub's receipt was shown (monotonic seconds)."""
    watch = realm.Watch(made.site(sender, "done"))
    watch.until(lambda: '"accepted"' in receipts(made, sender, name), "accepted", seconds)
    watch.close()
    return time.monotonic()


def sink(made, member):
    """The records that came with attachments."""
    found = []
    for folder, _, names in os.walk(made.site(member, "sink", "aefi.report")):
        if not folder.endswith(".files"):
            found += [os.path.join(folder, name) for name in sorted(names) if name.endswith(".json")]
    return found


def arrived(made, member, count, seconds):
    folder = made.site(member, "sink", "aefi.report")
    os.makedirs(folder, exist_ok=True)
    watch = realm.Watch(folder)
    watch.until(lambda: len(sink(made, member)) >= count, f"{count} messages", seconds)
    watch.close()
    return sink(made, member)


def same(_, record_path, source):
    """Every attachment of the record that came holds the bytes of the source."""
    folder = record_path[: -len(".json")] + ".files"
    names = os.listdir(folder)
    return bool(names) and all(filecmp.cmp(os.path.join(folder, name), source, shallow=False) for name in names)
