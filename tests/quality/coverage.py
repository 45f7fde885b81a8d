"""Which lines, branches and functions the tests reach, a row for each room; by hand.

  python3 -B tests/quality/coverage.py [--labels 'unit|scenario|fuzz'] [--only REGEX] [--slow] [--build DIR]
                                       [--json FILE] [--missing FOLDER] [--largest N] [--keep] [--again] [--untaken]

Builds the programs of the chosen tests, and those that are installed, with gcov (-O1) in DIR (build-coverage/ of the
tree), which is kept: the next time only what changed is built. --only takes the tests whose names fit; without
--slow those are left out that repeat one life for every fault or seed. The labels system and federation are the real
processes, which only pretend to shut themselves in (open_sandbox.c), as they could write no counters. --missing also
names a folder's lines that no test reaches, and those of which a branch is never taken; --largest the N functions with
most of either; --keep adds to what earlier runs counted; --again runs nothing and reads that. Lines of assertions are
not counted: they have a side that nobody should see. --untaken compares the branches that are never taken, in the rooms
where every one is to be tested, with untaken.txt, which says why of each; it asks for all tests, and so for --slow.
Exit code: 0 at least 90 % of all lines, 1 fewer, or a test failed, or untaken.txt is not true, 2 it does not build."""

import argparse
import collections
import concurrent.futures
import glob
import json
import os
import re
import subprocess
import sys
import typing
import unicodedata

from ground import LAUNCHER, ROOT, packages, run, scratch_dir

LINES_MIN = 0.90
ROOMS = ("schemas", "keys", "hub/policy", "hub/store", "hub/core", "hub/net", "hub/signer", "hub/cli", "adapters")
EVERY_BRANCH = ("schemas", "keys", "hub/policy")  # and no room less than LINES_MIN of its lines
PROGRAMS = ("lianshu", "lianshu-hub", "lianshu-signer", "lianshu-adapter", "lianshu-day")
REAL = {"system", "federation"}  # labels of the tests that start them
OPEN = "open_sandbox"
UNTAKEN = f"{ROOT}/tests/quality/untaken.txt"
BUILDS = {"schemas/base/make_sandbox.c"}  # run while the rest is built
SLOW = ("^(scenario_(rules_whole|faults|rekey|property|acts|gates|facts.*|evidence.*|cases_split|gate_table)"
        "|store_fault|fresh)$")
AT_ONCE = 40  # counters that one gcov is asked for
TEST_S = 900
# A test's own object; a source of the product that is compiled once more for a test counts.
TESTS_OWN = re.compile(r"/tests/(?!.*\.dir/__/)")


def configure(build):
    installed = packages()
    if installed.returncode:
        return installed
    return run(["cmake", "-G", "Ninja", "-S", ROOT, "-B", build, "-DCMAKE_BUILD_TYPE=Coverage",
                f"-DCMAKE_RUNTIME_OUTPUT_DIRECTORY={build}/bin",
                "-DCMAKE_C_FLAGS=--coverage -O1 -fprofile-update=single", *LAUNCHER])


class Test(typing.NamedTuple):
    name: str
    command: list
    place: str  # where it runs
    real: bool  # it starts the installed programs


def tests(build, select):
    """The chosen ones. Of a program that is not built yet ctest may know no more than the test's name, which is then
    the program's."""
    said = run(["ctest", "--test-dir", build, "--show-only=json-v1", *select]).stdout
    for test in json.loads(said[said.index("{"):])["tests"]:
        words = test.get("command", [f"{build}/bin/{test['name']}"])
        known = {one["name"]: one["value"] for one in test["properties"]}
        own = [at for at, word in enumerate(words)
               if word.startswith(f"{build}/bin/") and os.path.basename(word) != "reported"]
        real = not REAL.isdisjoint(known.get("LABELS", []))
        if own or real:
            yield Test(test["name"], words[own[0] if own else 0:], known.get("WORKING_DIRECTORY", build), real)


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


def test(one, env):
    """(name, what is wrong). Without ctest, whose bounds are of programs that count nothing."""
    try:
        done = run(one.command, cwd=one.place, timeout=TEST_S, env={**os.environ, **env})
    except subprocess.TimeoutExpired:
        return one.name, f"longer than {TEST_S} s"
    return one.name, "" if done.returncode == 0 else done.stdout[-300:]


def test_all(chosen, build):
    """How many failed. What starts several processes runs alone."""
    failed = 0
    with scratch_dir() as scratch:
        for real, at_once in ((False, os.cpu_count()), (True, 1)):
            env = {"TMPDIR": scratch, **({"LD_PRELOAD": f"{build}/{OPEN}.so"} if real else {})}
            those = [one for one in chosen if one.real == real]
            with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
                for number, (name, wrong) in enumerate(pool.map(lambda one: test(one, env), those), 1):
                    failed += wrong != ""
                    if wrong or real or number % 10 == 0 or number == len(those):
                        print(f"  {number} of {len(those)}: {name} {wrong}", flush=True)
    return failed


def place_of(file, build):
    """Below the tree; the flags say it so, a compiler cache from the build directory."""
    whole = os.path.normpath(os.path.join(build, file)) if file.startswith("..") else os.path.join(ROOT, file)
    return os.path.relpath(whole, ROOT)


class Counts:
    """What all programs together have reached, of all that was compiled: also what none of them holds."""

    def __init__(self, build):
        self.lines = collections.defaultdict(dict)  # file -> line -> [times reached, {branch: times taken}]
        self.functions = collections.defaultdict(dict)  # file -> (first line, last line, name) -> times called
        notes = [path for path in glob.glob(f"{build}/**/*.gcno", recursive=True)
                 if not TESTS_OWN.search(path.removeprefix(build))]
        for at in range(0, len(notes), AT_ONCE):
            said = subprocess.run(["gcov", "--json-format", "--stdout", "--branch-probabilities",
                                   *notes[at:at + AT_ONCE]],
                                  cwd=build, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False).stdout
            for text in said.splitlines():
                for file in json.loads(text)["files"]:
                    path = place_of(file["file"], build)
                    if path.endswith(".c") and room_of(path) and path not in BUILDS and os.path.exists(f"{ROOT}/{path}"):
                        self.add(path, file)
        for path in self.lines:
            self.forget_assertions(path)

    def add(self, path, file):
        for line in file["lines"]:
            row = self.lines[path].setdefault(line["line_number"], [0, {}])
            row[0] += line["count"]
            for number, branch in enumerate(line["branches"]):
                row[1][number] = row[1].get(number, 0) + branch["count"]
        for one in file["functions"]:
            key = (one["start_line"], one["end_line"], one["name"])
            self.functions[path][key] = self.functions[path].get(key, 0) + one["execution_count"]

    def forget_assertions(self, path):
        with open(f"{ROOT}/{path}", encoding="utf-8") as source:
            inside = False
            for number, text in enumerate(source, 1):
                inside = inside or re.match(r"\s*assert\(", text) is not None
                if inside:
                    self.lines[path].pop(number, None)
                inside = inside and not text.rstrip().endswith(";")


def room_of(path):
    return next((room for room in ROOMS if path.startswith(f"{room}/")), None)


def sums(counts):
    """room -> figures; `all` is the last."""
    rows = {room: collections.Counter() for room in (*ROOMS, "all")}
    for path, by_line in counts.lines.items():
        calls = counts.functions[path].values()
        for key in (room_of(path), "all"):
            rows[key].update(functions=len(calls), functions_called=sum(1 for called in calls if called))
            for count, branches in by_line.values():
                rows[key].update(lines=1, lines_reached=int(count > 0), branches=len(branches),
                                 branches_taken=sum(1 for taken in branches.values() if taken > 0))
    return {room: dict(row) for room, row in rows.items() if row["lines"]}


def share(row, part, whole):
    return row[part] / max(1, row[whole])


COLUMNS = [("部分", "room"), ("行", "lines"), ("已达", "reached"), ("下限", "bound"), ("分支", "branches"),
           ("已走", "taken"), ("下限", "bound"), ("未走", "never"), ("函数", "functions"), ("已调用", "called")]


def padded(text, width, left=False):
    """A Chinese character is two columns wide."""
    space = " " * (width - len(text) - sum(unicodedata.east_asian_width(one) == "W" for one in text))
    return text + space if left else space + text


def report(rows):
    def line(cells):
        print(padded(cells[0], 12, left=True) + "".join(padded(cell, 10) for cell in cells[1:]))
    for language in (0, 1):
        line([names[language] for names in COLUMNS])
    for room, row in rows.items():
        line(["全部 / all" if room == "all" else room, str(row["lines"]),
              f"{share(row, 'lines_reached', 'lines'):.1%}", f"{LINES_MIN:.0%}", str(row["branches"]), f"{share(row, 'branches_taken', 'branches'):.1%}",
              "100%" if room in EVERY_BRANCH else "-", str(row["branches"] - row["branches_taken"]),
              str(row["functions"]), f"{share(row, 'functions_called', 'functions'):.1%}"])


def missing(counts, folder):
    for path in sorted(path for path in counts.lines if path.startswith(folder)):
        never = [number for number, row in sorted(counts.lines[path].items()) if row[0] == 0]
        if never:
            print(f"{path}: never {', '.join(map(str, never))}")
    for row, number in sorted(untaken(counts, lambda path: path.startswith(folder)).items()):
        print("\t".join((row[0], row[1], str(number), row[2])))


def untaken(counts, wanted):
    """(file, function, line) -> how many branches of lines with that text are never taken there."""
    found = collections.Counter()
    for path, by_line in counts.lines.items():
        if not wanted(path):
            continue
        with open(f"{ROOT}/{path}", encoding="utf-8") as source:
            texts = source.read().split("\n")
        for number, (_, branches) in by_line.items():
            never = sum(1 for taken in branches.values() if taken == 0)
            if never:
                # A function that the compiler has put apart has the name of the whole one first.
                function = next((name.split(".")[0] for (first, last, name) in sorted(counts.functions[path])
                                 if first <= number <= last), "")
                found[path, function, texts[number - 1].strip()] += never
    return found


def listed():
    """The rows of untaken.txt: (file, function, line) -> how many."""
    rows = {}
    with open(UNTAKEN, encoding="utf-8") as file:
        for number, row in enumerate(file, 1):
            if row.startswith("#") or not row.strip():
                continue
            cells = row.rstrip("\n").split("\t")
            if len(cells) != 5 or not cells[2].isdigit() or not cells[4]:
                raise SystemExit(f"{UNTAKEN}:{number}: file, function, number, line and reason, parted by tabs")
            rows[cells[0], cells[1], cells[3]] = int(cells[2])
    return rows


def differences(counts):
    """How many rows are not true, each said."""
    found = untaken(counts, lambda path: room_of(path) in EVERY_BRANCH)
    known = listed()
    wrong = [(row, found.get(row, 0), known.get(row, 0)) for row in sorted({*found, *known})
             if found.get(row, 0) != known.get(row, 0)]
    for (path, function, text), there, said in wrong:
        print(f"未走 / never taken {there}, 已列 / listed {said}: {path} {function}: {text}")
    return len(wrong)


def largest(counts, number):
    found = []
    for path, functions in counts.functions.items():
        for (first, last, name), called in functions.items():
            inside = [row for at, row in counts.lines[path].items() if first <= at <= last]
            never = sum(1 for row in inside if row[0] == 0)
            half = sum(1 for row in inside if row[0] for taken in row[1].values() if taken == 0)
            found.append((never + half, never, half, f"{path}:{first}", name, called))
    for _, never, half, where, name, called in sorted(found, key=lambda one: (-one[0], one[3]))[:number]:
        print(f"{never:5} 行 / lines {half:5} 分支 / branches  {where} {name}{'' if called else ' (never called)'}")


def counted(given, build):
    """(exit code, how many tests there were, how many failed) of a run."""
    done = configure(build)
    if done.returncode:
        print(done.stdout[-3000:])
        return 2, 0, 0
    select = ["-L", f"^({given.labels})$", *(["-R", given.only] if given.only else []),
              *([] if given.slow else ["-E", SLOW])]
    named = tests(build, select)
    programs = {os.path.basename(one.command[0]) for one in named if one.command[0].startswith(f"{build}/bin/")}
    if make(build, sorted({*PROGRAMS, *programs})):
        return 2, 0, 0
    shim = run(["cc", "-shared", "-fPIC", "-D_GNU_SOURCE", "-o", f"{build}/{OPEN}.so",
                f"{ROOT}/tests/quality/{OPEN}.c", "-ldl"])
    if shim.returncode:
        print(shim.stdout)
        return 2, 0, 0
    chosen = list(tests(build, select))
    for counters in [] if given.keep else glob.glob(f"{build}/**/*.gcda", recursive=True):
        os.remove(counters)
    print("built; the tests run", flush=True)
    failed = test_all(chosen, build)
    return int(failed > 0), len(chosen), failed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--labels", default="unit|scenario|fuzz")
    parser.add_argument("--only", metavar="REGEX")
    parser.add_argument("--slow", action="store_true")
    parser.add_argument("--build", metavar="DIR", default=f"{ROOT}/build-coverage")
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--missing", metavar="FOLDER")
    parser.add_argument("--largest", metavar="N", type=int, default=0)
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--untaken", action="store_true")
    given = parser.parse_args()
    build = os.path.realpath(given.build)
    code, number, failed = (0, 0, 0) if given.again else counted(given, build)
    if code == 2:
        return 2
    counts = Counts(build)
    if not counts.lines:
        return 2
    rows = sums(counts)
    report(rows)
    if given.json:
        with open(given.json, "w", encoding="utf-8") as file:
            json.dump({"tests": number, "failed": failed, "lines_min": LINES_MIN, "rooms": rows}, file, indent=2)
            file.write("\n")
    if given.missing:
        missing(counts, given.missing)
    largest(counts, given.largest)
    if given.untaken and differences(counts):
        code = 1
    return 1 if code or share(rows["all"], "lines_reached", "lines") < LINES_MIN else 0


if __name__ == "__main__":
    sys.exit(main())
