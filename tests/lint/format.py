#!/usr/bin/env python3
"""One format for every C file, by the clang-format of Debian 12."""

import subprocess

import source

PROGRAM = "clang-format-14"


def main():
    if not source.have(PROGRAM):
        source.finish([f"{PROGRAM} is missing; it is listed in deploy/packages.txt"], "format")
    paths = source.files(".c", ".h")
    problems = []
    for path in paths:
        run = subprocess.run([PROGRAM, "--style=file", path], cwd=source.ROOT, capture_output=True, text=True)
        if run.stdout != source.read(path):
            problems.append(f"{path}: run {PROGRAM} -i on it")
    source.finish(problems, "format")


main()
