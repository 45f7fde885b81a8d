"""A second of everything: the measurements still run, and what they count is right.

    smoke.py BIN      with any build of the programs, sanitizers included
"""

import sys

from place import Failure, Place


def check(holds, what):
    if not holds:
        raise Failure(what)


def main():
    with Place(sys.argv[1], "smoke") as place:
        out = place.client(senders=2, receivers=2, count=200, run_ms=20000, window=64)
        check(out["final"] == out["sent"] >= 200, f"not every message was receipted: {out}")
        check(out["opened"] == out["sent"], f"not every message was opened once: {out}")
        check(out["lost"] == 0 and out["failed"] == 0, f"lost or refused: {out}")
        late = place.client(senders=1, receivers=1, rate=50, run_ms=500)
        check(late["opened_us"]["n"] > 0 and late["final_us"]["p99_us"] > 0, f"no latency was taken: {late}")
        absent = place.client(senders=1, sender_first=8, receivers=0, targets=1, target_first=100, count=100,
                              until_accepted=True, run_ms=20000)
        check(absent["accepted"] == 100 and absent["final"] == 0, f"nobody was there to receive: {absent}")
    print("ok")


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        sys.exit(f"FAILED: {failure}")
