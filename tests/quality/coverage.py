"""Which lines and branches the tests reach, by folder; by hand.

  python3 -B tests/quality/coverage.py [--labels 'unit|scenario|fuzz'] [--only REGEX] [--slow] [--build DIR]
                                       [--missing FOLDER]

Builds the programs of the chosen tests with gcov (-O1) in DIR (build-coverage/ of the tree), which is kept: the next
time only what changed is built. --only takes the tests whose names fit; without --slow those are left out that
repeat one life for every fault or seed. --missing also names a folder's lines that no test reaches, and those of
which a branch is never taken. Lines of assertions are not counted: they have a side that nobody should see.
Exit code: 0 at least 90 % of all lines, 1 fewer or a test failed, 2 it does not build."""

import argparse
import collections
import concurrent.futures
import glob
import json
import os
import re
import shutil
import subprocess
import sys

ROOT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
LAUNCHER = ["-DCMAKE_C_COMPILER_LAUNCHER=ccache"] if shutil.which("ccache") else []
LINES_MIN = 0.90
EVERY_BRANCH = ("keys", "hub/policy", "schemas")  # and no folder less than LINES_MIN of its lines
SLOW = ("^(scenario_(rules_whole|faults|rekey|property|acts|gates|facts.*|evidence.*|cases_split|gate_table)"
        "|store_fault|fresh)$")
AT_ONCE = 40  # counters that one gcov is asked for
TEST_S = 900


def run(arguments, **more):
    return subprocess.run(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                          check=False, **more)


def configure(build):
    return run(["cmake", "-G", "Ninja", "-S", ROOT, "-B", build, "-DCMAKE_BUILD_TYPE=Coverage",
                "-DCMAKE_C_FLAGS=--coverage -O1 -fprofile-update=single", *LAUNCHER])


def tests(build, select):
    """[(name, program and what it is given, where it runs)] of the chosen ones."""
    said = run(["ctest", "--test-dir", build, "--show-only=json-v1", *select]).stdout
    for test in json.loads(said[said.index("{"):])["tests"]:
        words = test["command"]
        own = [at for at, word in enumerate(words)
               if word.startswith(f"{build}/bin/") and os.path.basename(word) != "reported"]
        places = [one["value"] for one in test["properties"] if one["name"] == "WORKING_DIRECTORY"]
        if own:
            yield test["name"], words[own[0]:], (places or [build])[0]


def make(build, programs):
    """Exit code; shows every 50th step."""
    lines = collections.deque(maxlen=60)
    with subprocess.Popen(["ninja", "-C", build, *programs], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors="replace") as job:
        for number, line in enumerate(job.stdout):
            lines.append(line)
            if number % 50 == 0:
                print(f"  {line.rstrip()}", flush=True)
    if job.returncode:
        print("".join(lines))
    return job.returncode


def test(one):
    """(name, what is wrong). Without ctest, whose bounds are of programs that count nothing."""
    name, command, place = one
    try:
        done = run(command, cwd=place, timeout=TEST_S)
    except subprocess.TimeoutExpired:
        return name, f"longer than {TEST_S} s"
    return name, "" if done.returncode == 0 else done.stdout[-300:]


def test_all(chosen):
    """How many failed."""
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for number, (name, wrong) in enumerate(pool.map(test, chosen), 1):
            failed += wrong != ""
            if wrong or number % 10 == 0 or number == len(chosen):
                print(f"  {number} of {len(chosen)}: {name} {wrong}", flush=True)
    return failed


def place_of(file, build):
    """Below the tree; the flags say it so, a compiler cache from the build directory."""
    whole = os.path.normpath(os.path.join(build, file)) if file.startswith("..") else os.path.join(ROOT, file)
    return os.path.relpath(whole, ROOT)


def read(build):
    """file -> line -> [times reached, {branch: times taken}], added up over all programs."""
    lines = collections.defaultdict(dict)
    counters = [path for path in glob.glob(f"{build}/**/*.gcda", recursive=True) if "/tests/" not in path]
    for at in range(0, len(counters), AT_ONCE):
        said = subprocess.run(["gcov", "--json-format", "--stdout", "--branch-probabilities",
                               *counters[at:at + AT_ONCE]],
                              cwd=build, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False).stdout
        for text in said.splitlines():
            for file in json.loads(text)["files"]:
                path = place_of(file["file"], build)
                if path.endswith(".c") and not path.startswith(("..", "tests/")) and os.path.exists(f"{ROOT}/{path}"):
                    add(lines[path], file["lines"])
    for path in lines:
        with open(f"{ROOT}/{path}", encoding="utf-8") as source:
            for number, text in enumerate(source, 1):
                if re.match(r"\s*assert\(", text):
                    lines[path].pop(number, None)
    return lines


def add(known, lines):
    for line in lines:
        row = known.setdefault(line["line_number"], [0, {}])
        row[0] += line["count"]
        for number, branch in enumerate(line["branches"]):
            row[1][number] = row[1].get(number, 0) + branch["count"]


def folder_of(path):
    parts = path.split("/")
    return "/".join(parts[:2]) if parts[0] in ("hub", "adapters") else parts[0]


def report(lines):
    rows = collections.defaultdict(collections.Counter)
    for path, by_line in lines.items():
        for count, branches in by_line.values():
            for key in (folder_of(path), "all"):
                rows[key].update(lines=1, reached=count > 0, branches=len(branches),
                                 taken=sum(1 for taken in branches.values() if taken > 0))
    print(f"{'folder':20}{'lines':>8}{'reached':>9}{'bound':>7}{'branches':>10}{'taken':>8}{'bound':>7}{'never':>7}")
    for key in [*sorted(key for key in rows if key != "all"), "all"]:
        row = rows[key]
        print(f"{key:20}{row['lines']:>8}{row['reached'] / row['lines']:>9.1%}{LINES_MIN:>7.0%}{row['branches']:>10}"
              f"{row['taken'] / max(1, row['branches']):>8.1%}{'100%' if key in EVERY_BRANCH else '-':>7}"
              f"{row['branches'] - row['taken']:>7}")
    return rows["all"]["reached"] / rows["all"]["lines"]


def missing(lines, folder):
    for path in sorted(path for path in lines if path.startswith(folder)):
        never = [number for number, row in sorted(lines[path].items()) if row[0] == 0]
        half = [number for number, row in sorted(lines[path].items()) if row[0] and not all(row[1].values())]
        if never or half:
            print(f"{path}: never {', '.join(map(str, never)) or '-'}; a branch {', '.join(map(str, half)) or '-'}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--labels", default="unit|scenario|fuzz")
    parser.add_argument("--only", metavar="REGEX")
    parser.add_argument("--slow", action="store_true")
    parser.add_argument("--build", metavar="DIR", default=f"{ROOT}/build-coverage")
    parser.add_argument("--missing", metavar="FOLDER")
    given = parser.parse_args()
    build = os.path.realpath(given.build)
    select = ["-L", f"^({given.labels})$", *(["-R", given.only] if given.only else []),
              *([] if given.slow else ["-E", SLOW])]
    done = configure(build)
    if done.returncode:
        print(done.stdout[-3000:])
        return 2
    chosen = list(tests(build, select))
    if make(build, sorted({os.path.relpath(command[0], build) for _, command, _ in chosen})):
        return 2
    for counters in glob.glob(f"{build}/**/*.gcda", recursive=True):
        os.remove(counters)
    print("built; the tests run", flush=True)
    failed = test_all(chosen)
    lines = read(build)
    if not lines:
        return 2
    share = report(lines)
    if given.missing:
        missing(lines, given.missing)
    return 1 if failed or share < LINES_MIN else 0


if __name__ == "__main__":
    sys.exit(main())
