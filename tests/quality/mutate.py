"""Change one operator or constant of the product at a time in a copy of the tree: some test must fail.

  python3 -B tests/quality/mutate.py [--count N] [--seed S] [--minutes M] [--build DIR] [WHAT…]   60 mutants of seed 1

WHAT is a folder, a file, or FILE:LINE for every mutant of that line; without it keys/, hub/policy, hub/core and
hub/store. The mutants are drawn from all possible ones by the seed; after M minutes no further one is begun. A
mutant's tests are those that reach its function through the fewest others. A mutant that does not build is not
counted; one that no test sees is printed, to be looked at: a test is missing, or the change means the same.
--build keeps the build directory, and with it the tree's copy (DIR/tree), for the next time.
Exit code: 0 at least 95 % killed, 1 fewer, 2 the tree does not configure."""

import argparse
import collections
import glob
import itertools
import os
import random
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
sys.path.insert(0, f"{ROOT}/tests/lint")
import source  # noqa: E402

LAUNCHER = ["-DCMAKE_C_COMPILER_LAUNCHER=ccache"] if shutil.which("ccache") else []
FOLDERS = ["keys", "hub/policy", "hub/core", "hub/store"]
KILLED_MIN = 0.95
CPU_S = 120  # of one test program: what runs for longer was made to run for ever
WALL_S = 1800  # the same for one that waits; a busy machine is no reason
TESTS_MAX = 24  # programs that one mutant has to outlive
SWAPS = [(r" == ", " != "), (r" != ", " == "), (r" < ", " <= "), (r" <= ", " < "), (r" > ", " >= "), (r" >= ", " > "),
         (r" && ", " || "), (r" \|\| ", " && "), (r" \+ ", " - "), (r" - ", " + "), (r"\+ 1\b", "+ 2"),
         (r"\breturn true;", "return false;"), (r"\breturn false;", "return true;"),
         (r"if \((?=[^;\n]*\)\n)", "if (false && ("),
         (r"\bbreak;", "(void)0;")]
# A function or a table, from the first column on; what stands in it up to the brace in the first column.
CHUNK = re.compile(r"^(?P<head>[a-z][^;{}#]*?\b(?P<name>\w+)(?:\([^;{}]*\)\n|\[[^\n;{}]*\] = |(?:\[\w*\])* = ))"
                   r"\{.*?^\}", re.M | re.S)
WORD = re.compile(r"\b[A-Za-z_]\w+\b")


def bounded():
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S + 5))


def run(arguments, **more):
    try:
        return subprocess.run(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                              check=False, timeout=WALL_S, **more)
    except subprocess.TimeoutExpired as late:
        return subprocess.CompletedProcess(late.cmd, 124, "", "")


def mutants(texts):
    for path, text in texts.items():
        code = source.TOKEN.sub(lambda match: re.sub(r"[^\n]", " ", match.group(0)), text)  # places stay
        for pattern, other in SWAPS:
            for match in re.finditer(pattern, code):
                line = code.count("\n", 0, match.start()) + 1
                begin = code.rfind("\n", 0, match.start()) + 1
                if re.match(r"\s*(#|_Static_assert|assert|enum\b)", code[begin:match.end()]):
                    continue
                changed = text[:match.start()] + other + text[match.end():]
                if other.startswith("if (false"):
                    end = text.find(")\n", match.end())
                    changed = text[:match.start()] + other + text[match.end():end] + "))\n" + text[end + 2:]
                yield path, line, match.group(0).strip(), other.strip(), changed


class Reach:
    """Which test programs reach a function, and through how many others: by the names that stand in it."""

    def __init__(self):
        self.where = collections.defaultdict(list)  # path -> [(first line, last line, name)]
        self.users = collections.defaultdict(set)  # (path of a static one or None, name) -> chunks that name it
        said = []
        for path in source.files(".c", ".h"):
            text = source.code(source.read(path))
            own = set()
            for match in CHUNK.finditer(text):
                first = text.count("\n", 0, match.start()) + 1
                chunk = (path, match["name"])
                self.where[path].append((first, first + match.group(0).count("\n"), match["name"]))
                if path.endswith(".c") and match["head"].startswith("static "):
                    own.add(match["name"])
                said.append((chunk, set(WORD.findall(match.group(0))) - {match["name"]}, own))
        for chunk, words, own in said:
            for word in words:
                self.users[chunk[0] if word in own else None, word].add((chunk, chunk[1] in own))

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


class Build:
    def __init__(self, place):
        self.tree, self.build = f"{place}/tree", f"{place}/build"
        shutil.copytree(ROOT, self.tree, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".git", "build*"))
        done = run(["cmake", "-G", "Ninja", "-S", self.tree, "-B", self.build, "-DLIANSHU_SANITIZE=ON", *LAUNCHER])
        if done.returncode:
            sys.exit(2)
        self.linked = {}  # program -> what is linked into it
        self.sound = {}  # program -> whether it passes without any change

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
        return run([f"{self.build}/bin/{program}"], cwd=self.tree, preexec_fn=bounded).returncode == 0

    def is_sound(self, program, path, before, after):
        if program not in self.sound:
            self.write(path, before)
            self.sound[program] = self.make(program) and self.passes(program)
            self.write(path, after)
            if not self.sound[program]:
                print(f"{program} does not pass without any change, and is left out", flush=True)
        return self.sound[program]

    def verdict(self, programs, path, before, after):
        """'killed by …', 'survived …', or None when it does not build."""
        self.write(path, after)
        tried = 0
        try:
            for program in programs:
                if self.sound.get(program) is False:
                    continue
                if not self.make(program):
                    return None
                tried += 1
                if not self.passes(program) and self.is_sound(program, path, before, after):
                    return f"killed by {program}"
        finally:
            self.write(path, before)
        return f"SURVIVED {tried} programs"


def tests_of(reach, build, path, line):
    """Those that have a word of the file's name in theirs first, and then by nearness."""
    words = set(os.path.basename(path)[:-2].split("_"))
    ordered = sorted(reach.programs(path, line), key=lambda one: (-len(words & set(one[1].split("_"))), one))
    return list(itertools.islice((name for _, name in ordered if build.holds(name, path)), TESTS_MAX))


def chosen_of(given):
    wanted = collections.defaultdict(set)  # path -> lines; none: all
    for word in given.what or FOLDERS:
        path, _, line = word.partition(":")
        inside = glob.glob(f"{ROOT}/{path}/*.c") if os.path.isdir(f"{ROOT}/{path}") else [f"{ROOT}/{path}"]
        for one in sorted(inside):
            wanted[os.path.relpath(one, ROOT)].update({int(line)} if line else set())
    texts = {path: source.read(path) for path in wanted}
    everything = [one for one in mutants(texts) if not wanted[one[0]] or one[1] in wanted[one[0]]]
    count = len(everything) if any(wanted.values()) else min(given.count, len(everything))
    print(f"{count} of {len(everything)} mutants, seed {given.seed}", flush=True)
    return texts, random.Random(given.seed).sample(everything, count)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=1e9)
    parser.add_argument("--build", metavar="DIR")
    parser.add_argument("what", nargs="*")
    given = parser.parse_args()
    until = time.monotonic() + given.minutes * 60
    texts, chosen = chosen_of(given)
    reach = Reach()
    counted, killed = collections.Counter(), collections.Counter()
    with tempfile.TemporaryDirectory(prefix="lianshu-mutants.") as place:
        build = Build(given.build or place)
        for path, line, before, after, text in chosen:
            if time.monotonic() > until:
                print("the time is over", flush=True)
                break
            programs = tests_of(reach, build, path, line)
            outcome = build.verdict(programs, path, texts[path], text) or "does not build"
            print(f"{path}:{line}: {before} became {after}: {outcome}", flush=True)
            if outcome != "does not build":
                counted[os.path.dirname(path)] += 1
                killed[os.path.dirname(path)] += outcome.startswith("killed")
    for folder in sorted(counted):
        print(f"{folder:12} {killed[folder]} of {counted[folder]}")
    share = killed.total() / max(1, counted.total())
    print(f"{killed.total()} of {counted.total()} mutants killed ({share:.1%})")
    return 0 if share >= KILLED_MIN else 1


if __name__ == "__main__":
    sys.exit(main())
