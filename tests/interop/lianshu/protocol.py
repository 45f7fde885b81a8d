"""What PROTOCOL.md gives as tables is read from it, not written down again."""

import os
import re
from dataclasses import dataclass

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))


class Refused(Exception):
    """Something is not as the protocol wants it; `code` is that of section 12."""

    def __init__(self, code: int, why: str = ""):
        super().__init__(f"E{code:03d} {why}")
        self.code = code


@dataclass(frozen=True)
class Field:
    number: int
    name: str
    kind: str           # text, bytes, fixed, uint32, uint64, bool, enum, message
    of: str             # name of the enumeration or message
    bound: int          # bytes; of fixed: exactly
    repeated: int       # most elements; 0: a singular field
    oneof: bool


@dataclass(frozen=True)
class Type:
    number: int
    name: str
    facts: str
    sealed: str
    properties: frozenset
    life_ms: int

    @property
    def alone(self) -> bool:
        """In no part of an envelope."""
        return self.number < 10 or self.name == "official.act"

    @property
    def travels(self) -> bool:
        """May be the type of an envelope."""
        return not self.alone and "part only" not in self.properties


FORM = re.compile(r"^(?:≤ (\d+) × )?(one of: )?(\w+)(?: ([≤=]) (\d+))?$")


def _rows(lines: list[str], at: int) -> list[list[str]]:
    """Cells of the table that begins at or after line `at`."""
    while not lines[at].startswith("|"):
        at += 1
    rows = []
    while at < len(lines) and lines[at].startswith("|"):
        rows.append([cell.strip() for cell in re.split(r"(?<!\\)\|", lines[at])[1:-1]])
        at += 1
    return rows[2:]


def _field(row: list[str], enums: dict) -> Field:
    most, oneof, kind, relation, bound = FORM.match(row[2]).groups()
    of = ""
    if kind == "bytes" and relation == "=":
        kind = "fixed"
    elif kind[0].isupper():
        kind, of = ("enum" if kind in enums else "message"), kind
    return Field(int(row[0]), row[1].strip("`"), kind, of, int(bound or 0), int(most or 0), bool(oneof))


def _read():
    with open(f"{ROOT}/schemas/PROTOCOL.md", encoding="utf-8") as text:
        whole = text.read()
    lines = whole.split("\n")
    tables, types, departments, by_hub, final = {}, {}, {}, set(), set()
    enums = {name: {int(v): n for n, v in re.findall(r"`([A-Z0-9_]+)` (\d+)", values)}
             for name, values in re.findall(r"^([A-Z]\w+): (`[A-Z0-9_]+` 0,.*?)\n\n", whole, re.M | re.S)}
    for at, line in enumerate(lines):
        found = re.match(r"^\*\*(\w+)\*\*$", line)
        if found and lines[at + 2].startswith("| # | field | form |"):
            tables[found.group(1)] = {int(row[0]): row for row in _rows(lines, at)}
        elif line.startswith("| number | name | 名称 | meaning | facts |"):
            for row in _rows(lines, at):
                properties = frozenset(p.strip() for p in row[6].split(",") if p.strip())
                types[int(row[0])] = Type(int(row[0]), row[1].strip("`"), row[4].strip("–"), row[5].strip("–"),
                                          properties, int(row[8].split()[0]) * 3600 * 1000)
        elif line.startswith("| kind | name | 名称 | means | by |"):
            by_hub = {int(row[0]) for row in _rows(lines, at) if row[4] == "hub"}
            final = {int(row[0]) for row in _rows(lines, at) if row[5] == "final"}
        elif line.startswith("| bit | word |"):
            departments = {row[1].strip("`"): int(row[0]) for row in _rows(lines, at)}
    fields = {name: {n: _field(row, enums) for n, row in rows.items()} for name, rows in tables.items()}
    return fields, enums, types, departments, frozenset(by_hub), frozenset(final)


FIELDS, ENUMS, TYPES, DEPARTMENTS, RECEIPTS_BY_HUB, RECEIPTS_FINAL = _read()


def type_number(name: str) -> int:
    return next(t.number for t in TYPES.values() if t.name == name)
