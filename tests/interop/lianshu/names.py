"""Names that stand in messages: realms, members, regions, codes (PROTOCOL 1)."""

import re

from .protocol import DEPARTMENTS

MEMBER = re.compile(r"([a-z]{2,16})(?:-[a-z0-9]{1,8})?\.([0-9]{6})")
REALM = re.compile(r"[a-z0-9][a-z0-9-]{0,15}")
CODE = re.compile(r"[a-z0-9_.-]*")


def is_member(text: str) -> bool:
    found = MEMBER.fullmatch(text)
    return found is not None and found.group(1) in DEPARTMENTS


def department(member: str) -> str:
    return MEMBER.fullmatch(member).group(1)


def region(member: str) -> str:
    return MEMBER.fullmatch(member).group(2)


def is_hub(member: str) -> bool:
    return is_member(member) and department(member) == "hub"


def lies_in(inner: str, outer: str) -> bool:
    return inner.startswith(re.sub(r"(00)+$", "", outer))


def rising(texts) -> bool:
    """Sorted by their bytes, none twice."""
    raw = [t.encode() for t in texts]
    return all(a < b for a, b in zip(raw, raw[1:]))
