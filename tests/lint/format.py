#!/usr/bin/env python3
"""One format for every C file, by the clang-format of Debian 12."""

import re
import subprocess

import source

PROGRAM = "clang-format-14"


def main():
    if not source.have(PROGRAM):
        source.finish([f"{PROGRAM} is missing; it is listed in deploy/packages.txt"], "format")
    paths = source.files(".c", ".h")
    run = subprocess.run([PROGRAM, "--style=file", "--dry-run", *paths], cwd=source.ROOT, capture_output=True, text=True)
    wrong = sorted({match.group(1) for match in re.finditer(r"^(\S+?):\d+:\d+: ", run.stderr, re.MULTILINE)})
    problems = [f"{path}: run {PROGRAM} -i on it" for path in wrong]
    if run.returncode != 0:
        problems.append(f"{PROGRAM}: {run.stderr.strip()[:200]}")
    source.finish(problems, "format")


main()
