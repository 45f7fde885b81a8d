"""What the lint checks share: the list of files, and C source without comments and strings."""

import os
import re
import subprocess
import sys

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
SKIPPED = re.compile(r"^(\.git|build[^/]*)(/|$)")


def files(*suffixes):
    """Paths of the tree relative to its root, sorted; build directories are no part of it."""
    found = []
    for folder, folders, names in os.walk(ROOT):
        inside = os.path.relpath(folder, ROOT)
        folders[:] = [d for d in folders if not SKIPPED.match(os.path.normpath(os.path.join(inside, d)))]
        for name in names:
            path = os.path.normpath(os.path.join(inside, name))
            if (not suffixes or name.endswith(suffixes)) and not ignored(path):
                found.append(path)
    return sorted(found)


def ignored(path):
    """Leftovers that no commit holds: editors' and interpreters' files."""
    return path.endswith((".swp", ".pyc", "~"))


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as f:
        return f.read()


TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def code(text, keep_strings=False):
    """C source with comments (and strings) blanked; line numbers stay."""

    def blank(match):
        token = match.group(0)
        if token[0] in "\"'":
            return token if keep_strings else token[0] * 2
        return re.sub(r"[^\n]", " ", token)

    return TOKEN.sub(blank, text)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def is_executable(path):
    return os.access(os.path.join(ROOT, path), os.X_OK)


def have(program):
    return subprocess.call(["sh", "-c", 'command -v "$1" >/dev/null', "sh", program]) == 0


def finish(problems, what):
    """Print every problem and leave with the exit code that tells."""
    for problem in problems:
        print(problem)
    print(f"{what}: {len(problems)} problem(s)" if problems else f"{what}: ok")
    sys.exit(1 if problems else 0)
