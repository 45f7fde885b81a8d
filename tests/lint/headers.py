#!/usr/bin/env python3
"""Every header used outside its own folder opens with its contract: guarantees and thread rule."""

import os
import re

import source

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*"([^"]+)"', re.M)
ROOTS = ("", "schemas", "hub")
# Tables and plain vocabulary say nothing that could be held or broken.
EXEMPT = re.compile(r"_table\.h$")


def resolve(name):
    for root in ROOTS:
        path = os.path.normpath(os.path.join(root, name))
        if os.path.exists(os.path.join(source.ROOT, path)):
            return path
    return None


def public_headers():
    public = set()
    for path in source.files(".c", ".h"):
        if path.startswith("tests/"):
            continue
        for name in INCLUDE.findall(source.code(source.read(path), keep_strings=True)):
            target = resolve(name)
            if target and os.path.dirname(target) != os.path.dirname(path):
                public.add(target)
    return sorted(public)


def main():
    problems = []
    for path in public_headers():
        text = source.read(path)
        if EXEMPT.search(path):
            continue
        comment = re.match(r"\s*/\*(.*?)\*/", text, re.S)
        if not comment:
            problems.append(f"{path}: does not open with a comment that says what it is for")
            continue
        functions = re.search(r"^\w[^{}=]*\)\s*;", source.code(text), re.M)
        if functions and not re.search(r"guarantee", comment.group(1), re.I):
            problems.append(f"{path}: opens without its guarantees")
        if functions and not re.search(r"thread", comment.group(1), re.I):
            problems.append(f"{path}: opens without its thread rule")
    source.finish(problems, "headers")


main()
