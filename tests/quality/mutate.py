"""Change one operator or constant of the product at a time in a copy of the tree: some test must fail.

  python3 -B tests/quality/mutate.py [--count N] [--skip N] [--seed S] [--minutes M] [--programs N] [--units]
                                     [--build DIR] [--json FILE] [WHAT…]

60 mutants of seed 1. WHAT is a folder, a file, or FILE:LINE for every mutant of that line; without it keys/,
hub/policy, hub/core and hub/store. The mutants are drawn from all possible ones by the seed (--skip leaves out the
first of them); after M minutes no further one is begun. A mutant's tests are those that reach its function, table or
constant through the fewest others (--units: of whole lives only those that the file's name tells), without sanitizers
and then the nearest of them with. A mutant that does not build (warnings aside) is not counted; one that no test sees
is printed, to be looked at: a test is missing, or the change means the same. The latter stand in equivalent.txt, each
with its reason, and are neither tried nor counted. --build keeps the build directories, and with them the tree's copy
(DIR/tree), for the next time.
Exit code: 0 at least 95 % killed, 1 fewer, 2 the tree does not configure or equivalent.txt names what is no more."""

import argparse
import collections
import filecmp
import glob
import itertools
import json
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import typing

from ground import LAUNCHER, ROOT, packages, run, scratch_dir

sys.path.insert(0, f"{ROOT}/tests/lint")
import source  # noqa: E402

FOLDERS = ["keys", "hub/policy", "hub/core", "hub/store"]
KILLED_MIN = 0.95
EQUIVALENT = os.path.join(ROOT, "tests", "quality", "equivalent.txt")
# Of one test program: what runs for longer was made to run for ever; a busy machine is no reason. Once it is known
# what the program takes, several times of that.
CPU_S = 120
CPU_LEAST_S = 10
CPU_TIMES = 5
WALL_TIMES = 6  # of the same, for one that waits
SANITIZED_MAX = 2
REAL = {"test_hub"}  # starts the installed programs
WAVE = 24  # programs; a third of them whole lives
TESTS_MAX = 48  # programs that one mutant has to outlive, unless --programs says another number
SWAPS = [(r" == ", " != "), (r" != ", " == "), (r" < ", " <= "), (r" <= ", " < "), (r" > ", " >= "), (r" >= ", " > "),
         (r" && ", " || "), (r" \|\| ", " && "), (r" \+ ", " - "), (r" - ", " + "), (r"\+ 1\b", "+ 2"),
         (r"\breturn true;", "return false;"), (r"\breturn false;", "return true;"),
         (r"if \((?=[^;\n]*\)\n)", "if (false && ("),
         (r"\bbreak;", "(void)0;")]
# A function, or what a file begins with a value of its own: a table most of all.
CHUNK = re.compile(r"^(?P<head>[a-z][^;{}#]*?\b(?P<name>\w+)(?:\([^;{}]*\)\n\{.*?^\}"
                   r"|(?:\[[^\n;{}\[\]]*\])* =\s[^;]*;))", re.M | re.S)
# The same of a table whose rows have no name of their own.
TABLE = re.compile(r"^\} (?P<name>\w+)(?:\[\w*\])+ = \{[^;]*\};", re.M)
# What else a file keeps to itself: the members of its structures, its constants.
STRUCT = re.compile(r"^struct (?P<name>\w+) \{.*?^\}", re.M | re.S)
ENUM = re.compile(r"^enum[ \w]*\{[^}]*\}", re.M)
CONSTANT = re.compile(r"\b(?P<name>[A-Z]\w+) *(?:=[^,}]*)?")
# What says something of itself, and does nothing when it holds.
ASSERTED = re.compile(r"\b(?:_Static_)?assert\([^;]*;")
# Up to the size of an array or of what is allocated: one element more changes nothing.
IN_SIZE = re.compile(r"\s*(?:(?:static|const|struct|unsigned|[A-Z]+) )*[a-z_]\w* \*?\w+(?:\[[^\]]*\])*\[[^\]]*$"
                     r"|.*\[static [^\]]*$|.*alloc\((?!.*\);)")
WORD = re.compile(r"\b[A-Za-z_]\w+\b")


def ends_well(arguments, bound_s, **more):
    """In a group of its own, so that what it has started ends with it."""
    def bounded():
        resource.setrlimit(resource.RLIMIT_CPU, (bound_s, bound_s + 5))

    with subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
                          preexec_fn=bounded, **more) as job:
        try:
            return job.wait(bound_s * WALL_TIMES) == 0
        except subprocess.TimeoutExpired:
            return False
        finally:
            try:
                os.killpg(job.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass


def cpu_s():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Mutant(typing.NamedTuple):
    path: str
    line: int
    before: str
    after: str
    nth: int  # of its kind in the line
    whole: str  # the line
    text: str  # what the file becomes

    def name(self):
        """It stays the same when the line moves."""
        return self.path, self.before, self.after, str(self.nth), self.whole


def blank(match):
    """Places stay."""
    return re.sub(r"[^\n]", " ", match.group(0))


def mutants(texts):
    for path, text in texts.items():
        code = ASSERTED.sub(blank, source.TOKEN.sub(blank, text))
        for pattern, other in SWAPS:
            for match in re.finditer(pattern, code):
                line = code.count("\n", 0, match.start()) + 1
                begin = code.rfind("\n", 0, match.start()) + 1
                if re.match(r"\s*#", code[begin:match.end()]):
                    continue
                if other == "+ 2" and IN_SIZE.match(code[begin:match.start()]):
                    continue
                whole = text[begin:code.find("\n", match.end())].strip()
                changed = text[:match.start()] + other + text[match.end():]
                if other.startswith("if (false"):
                    end = text.find(")\n", match.end())
                    changed = text[:match.start()] + other + text[match.end():end] + "))\n" + text[end + 2:]
                nth = len(re.findall(pattern, code[begin:match.start()])) + 1
                yield Mutant(path, line, match.group(0).strip(), other.strip(), nth, whole, changed)


def equivalents():
    """The names of those that were reviewed; a line of the file has a reason besides."""
    known, gone = set(), []
    with open(EQUIVALENT, encoding="utf-8") as file:
        for text in file:
            if text.startswith("#") or not text.strip():
                continue
            path, before, after, nth, whole, _ = (cell.strip() for cell in text.split("\t"))
            known.add((path, before, after, nth, whole))
            if not os.path.exists(f"{ROOT}/{path}") or whole not in source.read(path):
                gone.append(f"{path}: {whole}")
    if gone:
        print("equivalent.txt names what is no more:", *gone, sep="\n  ")
        sys.exit(2)
    return known


class Reach:
    """Which test programs reach a function, and through how many others: by the names that stand in it."""

    def __init__(self):
        self.where = collections.defaultdict(list)  # path -> [(first line, last line, name)]
        self.users = collections.defaultdict(set)  # (path of a static one or None, name) -> chunks that name it
        said = []
        for path in source.files(".c", ".h"):
            text = source.code(source.read(path))
            own = set()
            for match in self.chunks(text, path.endswith(".c")):
                first = text.count("\n", 0, match.start()) + 1
                chunk = (path, match["name"])
                self.where[path].append((first, first + match.group(0).count("\n"), match["name"]))
                if path.endswith(".c") and match.groupdict().get("head", "static ").startswith("static "):
                    own.add(match["name"])
                said.append((chunk, set(WORD.findall(match.group(0))) - {match["name"]}, own))
        for chunk, words, own in said:
            for word in words:
                self.users[chunk[0] if word in own else None, word].add((chunk, chunk[1] in own))

    @staticmethod
    def chunks(text, with_own):
        yield from CHUNK.finditer(text)
        yield from TABLE.finditer(text)
        if with_own:
            yield from STRUCT.finditer(text)
            for one in ENUM.finditer(text):
                yield from CONSTANT.finditer(text, *one.span())

    def names_at(self, path, line):
        return [name for first, last, name in self.where[path] if first <= line <= last]

    def programs(self, path, line):
        """[(steps, program)], the nearest first."""
        steps = {}
        edge = [(owner, name) for name in self.names_at(path, line) for owner in (None, path)]
        seen = set(edge)
        depth = 0
        while edge:
            depth += 1
            further = set()
            for node in edge:
                for (user_path, user), own in self.users[node]:
                    program = re.fullmatch(r"tests/(?:unit|scenario)/((?:test|scenario)_\w+)\.c", user_path)
                    if program:
                        steps.setdefault(program[1], depth)
                    further.add((user_path if own else None, user))
            edge = sorted(further - seen, key=str)
            seen.update(edge)
        return sorted((depth, program) for program, depth in steps.items())


def copy_changed(source_path, copy):
    """With the time of now, as what was built of another text must be built again."""
    if not os.path.exists(copy) or not filecmp.cmp(source_path, copy, shallow=False):
        shutil.copy(source_path, copy)


class Build:
    """Of the tree's copy, with sanitizers or, in a third of the time, without."""

    def __init__(self, place, scratch, sanitize):
        self.tree, self.build = f"{place}/tree", f"{place}/{'sanitized' if sanitize else 'plain'}"
        done = run(["cmake", "-G", "Ninja", "-S", self.tree, "-B", self.build, "-DCMAKE_BUILD_TYPE=Mutants",
                    "-DCMAKE_C_FLAGS=-O1 -w", f"-DLIANSHU_SANITIZE={'ON' if sanitize else 'OFF'}", *LAUNCHER])
        if done.returncode:
            print(done.stdout[-3000:])
            sys.exit(2)
        self.scratch = scratch
        self.linked = {}  # program -> what is linked into it
        self.sound = {}  # program -> whether it passes without any change
        self.takes_s = {}  # program -> CPU seconds of the longest run that passed

    def holds(self, program, path):
        """Whether what path becomes is a part of the program."""
        if program not in self.linked:
            self.linked[program] = run(["ninja", "-C", self.build, "-t", "inputs", f"bin/{program}"]).stdout
        return f"/{os.path.basename(path)}.o" in self.linked[program]

    def write(self, path, text):
        with open(f"{self.tree}/{path}", "w", encoding="utf-8") as file:
            file.write(text)

    def make(self, program):
        return run(["ninja", "-C", self.build, program]).returncode == 0

    def passes(self, program):
        known = self.takes_s.get(program)
        bound = CPU_S if known is None else min(CPU_S, CPU_LEAST_S + int(CPU_TIMES * known))
        before = cpu_s()
        passed = ends_well([f"{self.build}/bin/{program}"], bound, cwd=self.tree,
                           env={**os.environ, "TMPDIR": self.scratch})
        if passed:
            self.takes_s[program] = max(known or 0, cpu_s() - before)
        return passed

    def is_sound(self, program, path, before, after):
        if program not in self.sound:
            self.write(path, before)
            self.sound[program] = self.make(program) and self.passes(program)
            self.write(path, after)
            if not self.sound[program]:
                print(f"{program} does not pass without any change, and is left out", flush=True)
        return self.sound[program]

    def verdict(self, programs, path, before, after):
        """'killed by …, the nth', 'SURVIVED …', or None when it does not build."""
        self.write(path, after)
        tried = 0
        try:
            for program in programs:
                if self.sound.get(program) is False:
                    continue
                if not self.make(program):
                    if self.is_sound(program, path, before, after):
                        return None
                    continue
                tried += 1
                if not self.passes(program) and self.is_sound(program, path, before, after):
                    return f"killed by {program}, {tried}"
        finally:
            self.write(path, before)
        return f"SURVIVED {tried} programs"


class Both:
    """Without sanitizers first; what outlives that meets the nearest programs once more with them."""

    def __init__(self, place, scratch):
        done = packages()
        if done.returncode:
            print(done.stdout[-3000:])
            sys.exit(2)
        shutil.copytree(ROOT, f"{place}/tree", dirs_exist_ok=True, copy_function=copy_changed,
                        ignore=shutil.ignore_patterns(".git", "build*"))
        self.plain = Build(place, scratch, sanitize=False)
        self.sanitized = Build(place, scratch, sanitize=True)

    def verdict(self, programs, mutant, before):
        outcome = self.plain.verdict(programs, mutant.path, before, mutant.text)
        if outcome and outcome.startswith("SURVIVED"):
            units = [program for program in programs if not program.startswith("scenario")]
            again = self.sanitized.verdict((units or programs)[:SANITIZED_MAX], mutant.path, before, mutant.text)
            outcome = again if again and again.startswith("killed") else outcome
        return outcome or "does not build"


def tests_of(reach, build, mutant, killers, given):
    """In waves, each of units and of whole lives for a third of them; in a wave and of each kind who has killed in that
    file first, then who has a word of its name in theirs, then the nearest."""
    words = set(os.path.basename(mutant.path)[:-2].split("_"))

    def known(name):
        return -killers[mutant.path][name], -len(words & set(name.split("_")))

    ordered = sorted(reach.programs(mutant.path, mutant.line), key=lambda one: (known(one[1]), one))
    held = [name for _, name in ordered if name not in REAL and build.holds(name, mutant.path)]
    lives = [name for name in held if name.startswith("scenario")]
    units = [name for name in held if not name.startswith("scenario")]
    if given.units and units:
        lives = [name for name in lives if words & set(name.split("_"))]
    waves = []
    while (units or lives) and len(waves) < given.programs:
        room = min(WAVE, given.programs - len(waves))
        part = lives[:room // 3]
        part = units[:room - len(part)] + part
        waves += sorted(part, key=known)
        units, lives = [name for name in units if name not in part], [name for name in lives if name not in part]
    return waves


def chosen_of(given):
    wanted = collections.defaultdict(set)  # path -> lines; none: all
    for word in given.what or FOLDERS:
        path, _, line = word.partition(":")
        inside = glob.glob(f"{ROOT}/{path}/*.c") if os.path.isdir(f"{ROOT}/{path}") else [f"{ROOT}/{path}"]
        for one in sorted(inside):
            wanted[os.path.relpath(one, ROOT)].update({int(line)} if line else set())
    texts = {path: source.read(path) for path in wanted}
    known = equivalents()
    everything = [one for one in mutants(texts) if not wanted[one.path] or one.line in wanted[one.path]]
    count = len(everything) if any(wanted.values()) else min(given.count, len(everything))
    drawn = random.Random(given.seed).sample(everything, len(everything))[given.skip:given.skip + count]
    chosen = [one for one in drawn if one.name() not in known]
    print(f"{len(drawn)} of {len(everything)} mutants, seed {given.seed}; {len(drawn) - len(chosen)} of them are known "
          "to mean the same", flush=True)
    return texts, chosen


def report(counted, killed, given):
    rows = {folder: {"mutants": counted[folder], "killed": killed[folder]} for folder in sorted(counted)}
    rows["all"] = {"mutants": counted.total(), "killed": killed.total()}
    print(f"{'部分':10}{'变异':>8}{'杀死':>8}{'比例':>8}{'下限':>8}")
    print(f"{'room':12}{'mutants':>10}{'killed':>10}{'share':>10}{'bound':>10}")
    for folder, row in rows.items():
        print(f"{folder:12}{row['mutants']:>10}{row['killed']:>10}{row['killed'] / max(1, row['mutants']):>10.1%}"
              f"{KILLED_MIN:>10.0%}")
    if given.json:
        with open(given.json, "w", encoding="utf-8") as file:
            json.dump({"seed": given.seed, "skip": given.skip, "killed_min": KILLED_MIN, "rooms": rows}, file, indent=2)
            file.write("\n")
    return rows["all"]["killed"] / max(1, rows["all"]["mutants"])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--skip", type=int, default=0)
    parser.add_argument("--programs", type=int, default=TESTS_MAX)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=1e9)
    parser.add_argument("--units", action="store_true")
    parser.add_argument("--build", metavar="DIR")
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("what", nargs="*")
    given = parser.parse_args()
    until = time.monotonic() + given.minutes * 60
    texts, chosen = chosen_of(given)
    reach = Reach()
    counted, killed = collections.Counter(), collections.Counter()
    killers = collections.defaultdict(collections.Counter)  # path -> program -> mutants
    with tempfile.TemporaryDirectory(prefix="lianshu-mutants.") as place, scratch_dir() as scratch:
        build = Both(given.build or place, scratch)
        for mutant in chosen:
            if time.monotonic() > until:
                print("the time is over", flush=True)
                break
            programs = tests_of(reach, build.plain, mutant, killers, given)
            outcome = build.verdict(programs, mutant, texts[mutant.path])
            killers[mutant.path].update(program for program in programs if outcome.startswith(f"killed by {program}, "))
            print(f"{mutant.path}:{mutant.line}: {mutant.before} became {mutant.after}: {outcome}", flush=True)
            if outcome.startswith("SURVIVED"):
                print("\t".join(mutant.name()), flush=True)
            if outcome != "does not build":
                folder = os.path.dirname(mutant.path)
                counted[folder] += 1
                killed[folder] += outcome.startswith("killed")
    return 0 if report(counted, killed, given) >= KILLED_MIN else 1


if __name__ == "__main__":
    sys.exit(main())
