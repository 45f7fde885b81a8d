"""Rows of the table: what is measured, how, and what was durable when it was acknowledged."""

import argparse
import json
import os
import subprocess
import sys
import time

import peers
import place
import rows

ALL = rows.ROWS


def arguments():
    parser = argparse.ArgumentParser(prog="tests/bench/run", add_help=False)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--bin", metavar="DIR")
    parser.add_argument("names", nargs="*")
    found = parser.parse_args()
    unknown = [name for name in found.names if name not in ALL]
    if unknown:
        print(f"没有这一行：{unknown[0]} / no such row: {unknown[0]}\n  " + "\n  ".join(ALL), file=sys.stderr)
        sys.exit(2)
    return found


def wide(text):
    """Columns on a terminal: Chinese characters take two."""
    return sum(2 if ord(c) > 0x2E7F else 1 for c in text)


def pad(text, columns):
    return text + " " * max(0, columns - wide(text))


def primitives(binaries):
    folder = place.work_dir("primitives")
    try:
        done = subprocess.run([os.path.join(binaries, "lianshu-bench-primitives"), folder],
                              stdout=subprocess.PIPE, check=True)
        return json.loads(done.stdout)
    finally:
        os.rmdir(folder)


def print_machine(ground):
    print("本机此刻的原语 / primitives on this machine now")
    for name, ns in ground.items():
        print(f"  {pad(name, 26)} {ns / 1000:12.2f} µs")


def print_row(row, figures):
    print(f"\n{row.zh} / {row.en}")
    print(f"  应答时已持久 / durable when acknowledged: {row.durable}")
    for key, value in figures.items():
        unit = rows.unit_of(key)
        text = f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.2f}"
        goal = rows.judge(key, value)
        print(f"  {pad(key, 34)} {text:>14} {pad(unit, 8)} {goal}")


def machine():
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as f:
        names = [line.split(":", 1)[1].strip() for line in f if line.startswith("model name")]
    return f"{len(os.sched_getaffinity(0))} × {names[0] if names else os.uname().machine}, {os.uname().release}"


def main():
    args = arguments()
    if args.check:
        return 0
    if args.list:
        for name, row in ALL.items():
            print(f"{pad(name, 28)} {row.zh} / {row.en}")
        return 0
    if args.peers and not peers.built(args.bin):
        return 1
    wanted = args.names or [name for name, row in ALL.items() if not row.optional]
    print(f"{time.strftime('%Y-%m-%d %H:%M')}  {machine()}")
    ground = primitives(args.bin)
    print_machine(ground)
    context = rows.Context(args.bin, args.quick, ground)
    failed = 0
    for name in wanted:
        try:
            print_row(ALL[name], context.measure(name))
        except (place.Failure, subprocess.CalledProcessError, OSError) as failure:
            failed += 1
            print(f"\n{name}: 未能测得 / not measured: {failure}", file=sys.stderr)
        sys.stdout.flush()
    if args.peers:
        failed += peers.run(context, print_row)
    context.close()
    if args.json:
        with open(args.json, "w", encoding="utf-8") as out:
            json.dump({"machine": machine(), "primitives": ground, **context.figures}, out, indent=1)
            out.write("\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
