#!/usr/bin/env python3
"""The threat model of keys/README.md names attacks that are in the catalogue, each with a test or a reason,
and every line names some."""

import csv
import re

import source



def column(path, name):
    with open(f"{source.ROOT}/{path}", encoding="utf-8", newline="") as file:
        return {row[name] for row in csv.DictReader(file)}


def main():
    problems = []
    text = source.read("keys/README.md")
    section = text[text.index("Threat model"):text.index("Not covered")]
    named = set(re.findall(r"\b[A-Z]-\d\d\b", section))
    known = column("tests/attacks/catalogue.csv", "id")
    shown = column("tests/attacks/claims.csv", "id") | column("tests/attacks/open.csv", "id")
    problems += [f"keys/README.md: {name} is not in the catalogue" for name in sorted(named - known)]
    problems += [f"keys/README.md: {name} has neither test nor reason" for name in sorted((named & known) - shown)]
    for row in section.split("\n"):
        cells = row.split("|")
        if row.startswith("| ") and len(cells) == 6 and "---" not in row and "attacks" not in cells[4]:
            if not re.search(r"[A-Z]-\d\d", cells[4]):
                problems.append(f"keys/README.md: no attack is named: {cells[1].strip()}")
    for program in re.findall(r"`((?:test|scenario)_\w+)`", section):
        if not any(path.endswith(f"/{program}.c") for path in source.files(".c")):
            problems.append(f"keys/README.md: there is no {program}")
    source.finish(problems, "threats")


main()
