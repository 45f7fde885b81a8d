#!/usr/bin/env python3
"""Every case of the attack catalogue: what tests claim it, that they ran and passed, and what is open.

    run.py BINARIES [--out FILE] [--case ID]... [--list]

catalogue.csv  the cases: id, attack, expected
claims.csv     id, variant, program, test: this test shows that the attack fails
open.csv       id, variant, reason: what no test shows yet, and why

A case has passed when every test that claims it ran in this very run and passed; a case with a line
in open.csv is not applicable yet, whatever else passes. The run fails when a test fails or does not
exist, when a case has neither claim nor reason, or when one id is claimed twice under one variant.

A program is a cmocka binary (of which only the claimed tests run) or NAME.py in this folder, which is given
the folder of binaries and the claimed names, and prints `ok NAME` or `FAILED NAME: why` for each.

What a program has said in this very run, and left by tests/reported in the folder LIANSHU_TEST_REPORTS that
tests/run makes for one run, is believed when the whole program ended well; any other test is run here."""

import argparse
import collections
import concurrent.futures
import csv
import glob
import os
import re
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.abspath(os.path.join(HERE, "..", ".."))
PATIENCE_S = 300
WORKERS = 2

Claim = collections.namedtuple("Claim", "id variant program test")
Result = collections.namedtuple("Result", "passed why seconds")


def table(name, columns):
    with open(os.path.join(HERE, name), encoding="utf-8", newline="") as text:
        reader = csv.reader(text)
        head = next(reader)
        rows = [row for row in reader if row]
    if head != columns:
        raise SystemExit(f"{name}: columns are {head}, not {columns}")
    for row in rows:
        if len(row) != len(columns) or not row[0] or not row[-1]:
            raise SystemExit(f"{name}: {row}")
    return rows


def doubled(rows):
    """Lines that say the same id and variant as a line before."""
    seen = set()
    for row in rows:
        if tuple(row[:2]) in seen:
            yield f"{row[0]} twice with variant '{row[1]}'"
        seen.add(tuple(row[:2]))


def source_of(program):
    """The text of a program: a script in this folder, or a file of the tree's tests."""
    places = [HERE] if program.endswith(".py") else glob.glob(os.path.join(ROOT, "tests", "*"))
    name = program if program.endswith(".py") else f"{program}.c"
    for place in places:
        if os.path.isfile(os.path.join(place, name)):
            with open(os.path.join(place, name), encoding="utf-8") as text:
                return text.read()
    return ""


def rotten(claims):
    """Claims whose test is not in the tree."""
    texts = {program: source_of(program) for program in {row[2] for row in claims}}
    for case, _, program, test in claims:
        if not re.search(rf"^(?:static void|def) {test}\(", texts[program], re.M):
            yield f"{case}: there is no {test} in {program}"


def unclaimed(claims):
    """Cases that the comments of a test program name, and that no line claims for it."""
    claimed = {(row[0], row[2]) for row in claims}
    for path in sorted(glob.glob(os.path.join(ROOT, "tests", "*", "*.c"))):
        program = os.path.basename(path)[:-2]
        if not program.startswith(("test_", "scenario_", "attacks_")):
            continue
        with open(path, encoding="utf-8") as text:
            comments = " ".join(re.findall(r"/\*.*?\*/", text.read(), re.S))
        for case in sorted(set(re.findall(r"\b[A-Z]-\d\d\b", comments))):
            if (case, program) not in claimed:
                yield f"note: {program} names {case}, and no line of claims.csv says so"


def faults(catalogue, claims, reasons):
    """What is wrong with the tables themselves."""
    known = {row[0] for row in catalogue}
    found = [f"catalogue: {row[0]} twice" for row in catalogue if sum(row[0] == other[0] for other in catalogue) > 1]
    found += [f"claims: {text}" for text in doubled(claims)] + [f"open: {text}" for text in doubled(reasons)]
    found += [f"{row[0]} is not in the catalogue" for row in claims + reasons if row[0] not in known]
    told = {row[0] for row in claims + reasons}
    found += rotten(claims)
    return found + [f"{case} has neither a test nor a reason" for case in sorted(known - told)]


def cmocka(binary, test):
    """One test of a cmocka program, judged by the report that cmocka writes."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="attacks.") as folder:
        report = f"{folder}/report.xml"
        environment = dict(os.environ, LIANSHU_TEST_ONLY=test, CMOCKA_MESSAGE_OUTPUT="xml", CMOCKA_XML_FILE=report)
        try:
            done = subprocess.run([binary], cwd=ROOT, env=environment, capture_output=True, timeout=PATIENCE_S,
                                  stdin=subprocess.DEVNULL)
        except (OSError, subprocess.TimeoutExpired) as problem:
            return Result(False, str(problem), time.monotonic() - began)
        output = (done.stdout + done.stderr).decode(errors="replace")
        seconds = time.monotonic() - began
        try:
            with open(report, encoding="utf-8", errors="replace") as text:
                suites = re.findall("<testsuites>.*?</testsuites>", text.read(), re.S)  # one a group
            cases = [case for suite in suites for case in xml.etree.ElementTree.fromstring(suite).iter("testcase")]
        except (OSError, xml.etree.ElementTree.ParseError):
            return Result(False, f"no report, exit {done.returncode}: {output[-1500:]}", seconds)
    ran = [case for case in cases if case.get("name") == test]
    if not ran:
        return Result(False, "there is no such test", seconds)
    if done.returncode or any(len(case) for case in ran):
        told = " ".join(part.text or part.tag for case in ran for part in case)
        return Result(False, f"exit {done.returncode}: {told} {output[-1500:]}", seconds)
    return Result(True, "", seconds)


def script(path, binaries, tests):
    """Several tests of a script: it says of each whether it passed."""
    began = time.monotonic()
    try:
        done = subprocess.run([sys.executable, "-B", path, binaries, *tests], cwd=ROOT, capture_output=True,
                              timeout=PATIENCE_S, stdin=subprocess.DEVNULL)
        output = (done.stdout + done.stderr).decode(errors="replace")
        code = done.returncode
    except subprocess.TimeoutExpired as late:
        output, code = f"{(late.stdout or b'').decode(errors='replace')}\nnot within {PATIENCE_S} s", 1
    seconds = time.monotonic() - began
    said = dict(re.findall(r"^(?:ok|FAILED) (\w+)(.*)$", output, re.M))
    good = set(re.findall(r"^ok (\w+)", output, re.M))
    bad = f"exit {code}: {output[-1500:]}"
    if code and good == set(tests):
        good = set()  # all said ok, and then something went wrong
    return {test: Result(test in good, "" if test in good else said.get(test, "").strip(": ") or bad,
                         seconds / len(tests)) for test in tests}


def reported(binaries, program):
    """The tests that have passed already, by what the program said in this run."""
    folder = os.environ.get("LIANSHU_TEST_REPORTS")
    if not folder:
        return set()
    report = os.path.join(folder, program)
    source = os.path.join(HERE if program.endswith(".py") else binaries, program)
    try:
        if os.path.getmtime(report) < os.path.getmtime(source):
            return set()
        with open(report, encoding="utf-8", errors="replace") as text:
            return set(re.findall(r"^(?:\[ +OK \]|ok) (\w+)$", text.read(), re.M))
    except OSError:
        return set()


def run(binaries, claims):
    """The claimed tests, each once: {(program, test): Result}."""
    wanted = {}
    results = {}
    for program in sorted({claim.program for claim in claims}):
        passed = reported(binaries, program)
        tests = {claim.test: None for claim in claims if claim.program == program}
        results.update({(program, test): Result(True, "", None) for test in tests if test in passed})
        wanted[program] = {test: None for test in tests if test not in passed}
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        waiting = {}
        for program, tests in wanted.items():
            if program.endswith(".py") and tests:
                waiting[pool.submit(script, os.path.join(HERE, program), binaries, list(tests))] = (program, None)
        for program, tests in wanted.items():
            if not program.endswith(".py"):
                for test in tests:
                    waiting[pool.submit(cmocka, os.path.join(binaries, program), test)] = (program, test)
        for future in concurrent.futures.as_completed(waiting):
            program, test = waiting[future]
            if test is None:
                results.update({(program, name): result for name, result in future.result().items()})
            else:
                results[(program, test)] = future.result()
    return results


def verdict(case, claims, reasons, results):
    if not all(results[(claim.program, claim.test)].passed for claim in claims if claim.id == case):
        return "failed"
    return "open" if any(row[0] == case for row in reasons) else "passed"


def lines_of(case, claims, reasons, results):
    """Where it ran, variant by variant."""
    for claim in claims:
        if claim.id == case:
            result = results[(claim.program, claim.test)]
            sign = " " if result.passed else "!"
            variant = f" [{claim.variant}]" if claim.variant else ""
            yield f"        {sign} {claim.program}: {claim.test}{variant}"
            if not result.passed:
                yield f"          {result.why.strip()}"
    for row in reasons:
        if row[0] == case:
            yield f"        - not yet{f' [{row[1]}]' if row[1] else ''}: {row[2]}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binaries")
    parser.add_argument("--out")
    parser.add_argument("--case", action="append")
    parser.add_argument("--list", action="store_true", help="check the tables, run nothing")
    options = parser.parse_args()
    catalogue = table("catalogue.csv", ["id", "attack", "expected"])
    claims = table("claims.csv", ["id", "variant", "program", "test"])
    reasons = table("open.csv", ["id", "variant", "reason"])
    wrong = faults(catalogue, claims, reasons)
    for text in [*unclaimed(claims), *wrong]:
        print(text)
    if wrong or options.list:
        sys.exit(1 if wrong else 0)
    if options.case:
        catalogue, claims, reasons = ([row for row in rows if row[0] in options.case]
                                      for rows in (catalogue, claims, reasons))
    claims = [Claim(*row) for row in claims]
    began = time.monotonic()
    results = run(os.path.abspath(options.binaries), claims)
    count = collections.Counter()
    said = []
    for case, attack, expected in catalogue:
        answer = verdict(case, claims, reasons, results)
        count[answer] += 1
        said.append(f"{case}  {answer:6}  {attack} => {expected}")
        said += lines_of(case, claims, reasons, results)
    here = {name: result for name, result in results.items() if result.seconds is not None}
    slowest = sorted(here.items(), key=lambda entry: -entry[1].seconds)[:5]
    said.append(f"{len(results)} tests, {len(here)} of them run here in {time.monotonic() - began:.0f} s; slowest: "
                + ", ".join(f"{program} {test} {result.seconds:.1f} s" for (program, test), result in slowest))
    said.append(f"attacks: {count['passed']} passed, {count['failed']} failed, {count['open']} not applicable yet")
    text = "\n".join(said)
    print(text)
    if options.out:
        with open(options.out, "w", encoding="utf-8") as out:
            out.write(text + "\n")
    sys.exit(1 if count["failed"] else 0)


main()
