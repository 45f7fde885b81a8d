"""Every step of the proof in hub/README.md points to a line and a test that are there, once.

Also the table for tests/fault/proof.py, which makes the changes of its last column."""

import os
import re
import sys

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
FOLDERS = ["tests/scenario", "tests/unit"]


class Step:
    def __init__(self, cells):
        self.number = cells[0]
        self.file, self.line = self.pair(cells[2])
        self.program, self.test = self.pair(cells[3])
        self.change = self.code(cells[4])

    @staticmethod
    def code(cell):
        return re.fullmatch(r"`(.*)`", cell).group(1).replace("\\|", "|")

    @classmethod
    def pair(cls, cell):
        left, right = re.fullmatch(r"`(.*?)`: `(.*)`", cell).groups()
        return left, cls.code(f"`{right}`")


def steps():
    with open(f"{ROOT}/hub/README.md", encoding="utf-8") as source:
        rows = re.findall(r"^\| (\d+ \|.*) \|$", source.read(), re.M)
    return [Step([cell.strip() for cell in re.split(r"(?<!\\)\|", row)]) for row in rows]


def test_source(program):
    for folder in FOLDERS:
        path = f"{ROOT}/{folder}/{program}.c"
        if os.path.exists(path):
            with open(path, encoding="utf-8") as source:
                return source.read()
    return ""


def problems(step):
    with open(f"{ROOT}/{step.file}", encoding="utf-8") as source:
        count = source.read().count(step.line)
    if count != 1:
        yield f"the line stands {count} times in {step.file}: {step.line}"
    if not re.search(rf"^static void {step.test}\(void \*\*state\)", test_source(step.program), re.M):
        yield f"{step.program} has no test {step.test}"
    if step.change == step.line:
        yield "the change changes nothing"


def main():
    found = [f"hub/README.md, step {step.number}: {problem}" for step in steps() for problem in problems(step)]
    if len(steps()) < 10:
        found.append("hub/README.md: the table of the proof is not found")
    for line in found:
        print(line)
    print("proof: ok" if not found else f"proof: {len(found)} problem(s)")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
