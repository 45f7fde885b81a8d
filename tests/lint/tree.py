#!/usr/bin/env python3
"""What the tree may hold: its top level, sizes, words, scripts."""

import os
import re
import subprocess

import source

TOP = {"hub", "adapters", "schemas", "keys", "deploy", "tests", "CMakeLists.txt", "README.md"}
FILE_LINES_MAX = 500
TEST_LINES_MAX = 800     # tables of variations are long
FUNCTION_LINES = 60      # style.md: reported
FUNCTION_LINES_MAX = 75  # refused
BANNED = re.compile(r"\b(strcpy|strcat|sprintf|vsprintf|strncpy|strtok|atoi|atol|rand|srand|system|"
                    r"popen|signal|alloca|gets|setlocale|localtime|asctime|ctime)\s*\(")
IN_TESTS = {"strcpy", "strcat"}
WAITING = re.compile(r"\b(sleep|usleep|nanosleep|clock_nanosleep)(\s*\(|\s+[\d.$])")
LATER = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
DOCUMENT = re.compile(r"(?<![\\\w-])[\w-]+\.md\b")
FUNCTION = re.compile(r"^[A-Za-z_][^\n;{}]*\([^;{}]*\)\n\{\n(.*?)^\}", re.M | re.S)
TEXT = (".c", ".h", ".sh", ".py", ".txt", ".cmake", ".md", ".yaml", ".proto", ".options", ".sql", ".service")


def check_top(problems):
    for path in source.files():
        head = path.split("/")[0]
        if head not in TOP and not head.startswith("."):
            problems.append(f"{head}: not part of the fixed top level")
            TOP.add(head)


def check_c(path, problems):
    text = source.code(source.read(path))
    lines = text.count("\n")
    if lines > (TEST_LINES_MAX if path.startswith("tests/") else FILE_LINES_MAX) and not path.endswith("_table.h"):
        problems.append(f"{path}: {lines} lines, too many")
    for match in BANNED.finditer(text):
        if path.startswith("tests/") and match.group(1) in IN_TESTS:
            continue  # fixtures of known length, and the sanitizers watch
        problems.append(f"{path}:{source.line_of(text, match.start())}: {match.group(1)} is banned")
    for match in FUNCTION.finditer(text):
        length = match.group(1).count("\n")
        where = f"{path}:{source.line_of(text, match.start())}"
        if length > FUNCTION_LINES_MAX:
            problems.append(f"{where}: function of {length} lines, more than {FUNCTION_LINES_MAX}")
        elif length > FUNCTION_LINES:
            print(f"{where}: function of {length} lines, style says {FUNCTION_LINES}")
    if path.endswith(".c"):
        for match in re.finditer(r"^[ \t]*#[ \t]*(if|ifdef|ifndef)\b", text, re.M):
            problems.append(f"{path}:{source.line_of(text, match.start())}: a second variant is a second file")


def check_words(path, documents, problems):
    if path.startswith("tests/lint/"):
        return
    text = source.read(path)
    for match in DOCUMENT.finditer(text):
        if match.group(0) not in documents:
            problems.append(f"{path}:{source.line_of(text, match.start())}: {match.group(0)} is not in the tree")
    for number, line in enumerate(text.split("\n"), 1):
        if LATER.search(line):
            problems.append(f"{path}:{number}: left for later: {line.strip()[:60]}")
        if path.startswith(("tests/", "deploy/")) and WAITING.search(line):
            problems.append(f"{path}:{number}: wait for an event, not for time")


def check_script(path, problems):
    if subprocess.run(["bash", "-n", path], cwd=source.ROOT, capture_output=True).returncode:
        problems.append(f"{path}: bash does not parse it")
    if "set -euo pipefail" not in source.read(path) and source.is_executable(path):
        problems.append(f"{path}: set -euo pipefail is missing")


def main():
    problems = []
    documents = {os.path.basename(path) for path in source.files(".md")} | {"deploy.md"}  # as installed
    check_top(problems)
    for path in source.files():
        try:
            text = source.read(path)
        except UnicodeDecodeError:
            continue  # corpora and samples may be any bytes
        if path.startswith("tests/fuzz/corpus/"):
            continue
        if path.endswith((".c", ".h")):
            check_c(path, problems)
        script = text.startswith("#!/usr/bin/env bash")
        if path.endswith(TEXT) or script:
            check_words(path, documents, problems)
        if script or path.endswith(".sh"):
            check_script(path, problems)
    source.finish(problems, "tree")


main()
