"""Which lines and branches the tests reach, by folder; some minutes, by hand.

  python3 -B tests/quality/coverage.py [--labels 'unit|scenario|fuzz'] [--missing FOLDER]

--missing names the lines of a folder that no test reaches. Builds with gcov in a directory of its own.
Exit code: 0 at least 90 % of all lines, 1 fewer or a test failed, 2 it does not build."""

import argparse
import collections
import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
LAUNCHER = ["-DCMAKE_C_COMPILER_LAUNCHER=ccache"] if shutil.which("ccache") else []
LINES_MIN = 0.90


def run(arguments, **more):
    return subprocess.run(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                          check=False, **more)


def read(build):
    """file -> line -> [times reached, branches, branches taken], added up over all programs."""
    lines = collections.defaultdict(dict)
    for gcda in glob.glob(f"{build}/**/*.gcda", recursive=True):
        said = subprocess.run(["gcov", "--json-format", "--stdout", "--branch-probabilities", gcda], cwd=build,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False).stdout
        for text in said.splitlines():
            for file in json.loads(text)["files"]:
                path = os.path.relpath(os.path.join(ROOT, file["file"]), ROOT)
                if path.startswith(("..", "tests/")) or not path.endswith(".c"):
                    continue
                for line in file["lines"]:
                    row = lines[path].setdefault(line["line_number"], [0, {}])
                    row[0] += line["count"]
                    for number, branch in enumerate(line["branches"]):
                        row[1][number] = row[1].get(number, 0) + branch["count"]
    return lines


def folder_of(path):
    parts = path.split("/")
    return "/".join(parts[:2]) if parts[0] in ("hub", "adapters") else parts[0]


def report(lines):
    total = collections.Counter()
    rows = collections.defaultdict(collections.Counter)
    for path, by_line in lines.items():
        for count, branches in by_line.values():
            for key in (folder_of(path), "all"):
                rows[key].update(lines=1, reached=count > 0, branches=len(branches),
                                 taken=sum(1 for taken in branches.values() if taken > 0))
    print(f"{'folder':22}{'lines':>8}{'reached':>9}{'branches':>10}{'taken':>8}")
    for key in [*sorted(key for key in rows if key != "all"), "all"]:
        row = rows[key]
        print(f"{key:22}{row['lines']:>8}{row['reached'] / row['lines']:>9.1%}{row['branches']:>10}"
              f"{row['taken'] / max(1, row['branches']):>8.1%}")
    total = rows["all"]
    return total["reached"] / total["lines"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--labels", default="unit|scenario|fuzz")
    parser.add_argument("--missing", metavar="FOLDER")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lianshu-coverage.") as build:
        done = run(["cmake", "-G", "Ninja", "-S", ROOT, "-B", build, "-DCMAKE_BUILD_TYPE=Debug",
                    "-DCMAKE_C_FLAGS=--coverage -O0", *LAUNCHER])
        done = run(["ninja", "-C", build]) if done.returncode == 0 else done
        if done.returncode:
            print(done.stdout[-3000:])
            return 2
        print("built; the tests run", flush=True)
        done = run(["ctest", "--test-dir", build, "-L", given.labels, "-j", str(os.cpu_count()), "--timeout", "900"])
        print(done.stdout[-1500:] if done.returncode else "all tests passed")
        lines = read(build)
        share = report(lines)
        for path in sorted(lines):
            missing = [number for number, row in sorted(lines[path].items()) if row[0] == 0]
            if given.missing and path.startswith(given.missing) and missing:
                print(f"{path}: {', '.join(map(str, missing))}")
        return 1 if done.returncode or share < LINES_MIN else 0


if __name__ == "__main__":
    sys.exit(main())
