"""Change one operator or constant of keys/ and hub/policy/ at a time in a copy of the tree: some test must fail.

  python3 -B tests/quality/mutate.py [--count N] [--seed S] [FILE…]    60 mutants of seed 1; by hand

The mutants are drawn from all possible ones by the seed. A mutant that does not build is not counted; one that no
test sees is printed, to be looked at: either a test is missing or the change means the same.
Exit code: 0 at least 95 % killed, 1 fewer, 2 the unchanged tree does not build or pass."""

import argparse
import glob
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
sys.path.insert(0, f"{ROOT}/tests/lint")
import source  # noqa: E402

LAUNCHER = ["-DCMAKE_C_COMPILER_LAUNCHER=ccache"] if shutil.which("ccache") else []
KILLED_MIN = 0.95
BOUND_S = 120
SWAPS = [(r" == ", " != "), (r" != ", " == "), (r" < ", " <= "), (r" <= ", " < "), (r" > ", " >= "), (r" >= ", " > "),
         (r" && ", " || "), (r" \|\| ", " && "), (r" \+ ", " - "), (r" - ", " + "), (r"\+ 1\b", "+ 2"),
         (r"\breturn true;", "return false;"), (r"\breturn false;", "return true;"), (r"if \((?=[^;\n]*\)\n)", "if (false && ("),
         (r"\bbreak;", "(void)0;")]
# Beside the tests that bear a file's name and those that call it: those that reach it through others,
BESIDE = {"evidence": ["test_bundle", "scenario_evidence", "scenario_evidence_realm"],
          "key_token": ["test_pkcs11", "test_cli_token"], "keyfile": ["test_cli_token", "test_cli_key"],
          "verifier": ["test_batch"], "enrol": ["test_cli_enrol"], "registrar": ["test_registry_chain", "test_cli_registry"]}
# and those that see the whole.
WIDE = {"keys": ["test_envelope", "test_document", "test_registry", "test_receipt", "test_vectors", "test_cosign",
                 "test_registry_chain", "test_amend", "test_certificate", "scenario_delivery", "scenario_attacks"],
        "hub/policy": ["test_decide", "test_decide_refusals", "test_ruleset", "test_event", "test_gate", "test_check",
                       "test_explain", "test_casebook", "test_rulesets", "scenario_rules", "scenario_decisions"]}


def run(arguments, **more):
    try:
        return subprocess.run(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                              check=False, timeout=BOUND_S, **more)
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


def callers(text):
    """Tests that call a function which this text defines."""
    names = re.findall(r"^(?!static)[a-z][^;={}()]*?\*?(\w+)\([^;{}]*\)\n\{", text, re.MULTILINE)
    called = re.compile(r"\b(%s)\(" % "|".join(names)) if names else None
    found = []
    for path in sorted(glob.glob(f"{ROOT}/tests/unit/test_*.c") + glob.glob(f"{ROOT}/tests/scenario/scenario_*.c")):
        with open(path, encoding="utf-8") as file:
            if called and called.search(file.read()):
                found.append(os.path.basename(path)[:-2])
    return found


def tests_of(path, build, text=""):
    stem = os.path.basename(path)[:-2]
    parts = [stem, *(stem.rsplit("_", cut)[0] for cut in (1, 2) if "_" in stem)]
    named = [f"test_{part}" for part in parts] + [name for part in parts for name in BESIDE.get(part, [])]
    folder = "keys" if path.startswith("keys/") else "hub/policy"
    known = subprocess.run(["ninja", "-C", build, "-t", "targets", "all"], stdout=subprocess.PIPE, text=True,
                           check=True).stdout
    return [name for name in dict.fromkeys(named + callers(text) + WIDE[folder]) if f"bin/{name}:" in known]


def verdict(tree, build, path, text):
    """'killed by …', 'survived', or None when it does not build."""
    for number, name in enumerate(tests_of(path, build, text)):
        made = run(["ninja", "-C", build, name])
        if made.returncode:
            return None if number == 0 else f"killed by the build of {name}"
        if run([f"{build}/bin/{name}"], cwd=tree).returncode:
            return f"killed by {name}"
    return "survived"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("files", nargs="*")
    given = parser.parse_args()
    files = given.files or sorted(os.path.relpath(path, ROOT) for folder in ("keys", "hub/policy")
                                  for path in glob.glob(f"{ROOT}/{folder}/*.c"))
    texts = {}
    for path in files:
        with open(f"{ROOT}/{path}", encoding="utf-8") as file:
            texts[path] = file.read()
    everything = list(mutants(texts))
    chosen = random.Random(given.seed).sample(everything, min(given.count, len(everything)))
    print(f"{len(chosen)} of {len(everything)} mutants, seed {given.seed}", flush=True)
    counted = killed = 0
    with tempfile.TemporaryDirectory(prefix="lianshu-mutants.") as place:
        tree, build = f"{place}/tree", f"{place}/build"
        shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns(".git", "build-*"))
        if run(["cmake", "-G", "Ninja", "-S", tree, "-B", build, "-DCMAKE_BUILD_TYPE=Debug",
                "-DLIANSHU_SANITIZE=ON", *LAUNCHER]).returncode:
            return 2
        for folder, names in WIDE.items():
            subprocess.run(["ninja", "-C", build, *tests_of(f"{folder}/x.c", build)], stdout=subprocess.DEVNULL,
                           check=True)
            for name in tests_of(f"{folder}/x.c", build):
                if run([f"{build}/bin/{name}"], cwd=tree).returncode:
                    print(f"{name} does not pass without any change")
                    return 2
        for path, line, before, after, text in chosen:
            with open(f"{tree}/{path}", "w", encoding="utf-8") as file:
                file.write(text)
            outcome = verdict(tree, build, path, texts[path])
            with open(f"{tree}/{path}", "w", encoding="utf-8") as file:
                file.write(texts[path])
            if outcome is None:
                continue
            counted += 1
            killed += outcome != "survived"
            if outcome == "survived":
                print(f"SURVIVED {path}:{line}: {before} became {after}", flush=True)
    print(f"{killed} of {counted} mutants killed ({killed / max(1, counted):.1%})")
    return 0 if killed >= counted * KILLED_MIN else 1


if __name__ == "__main__":
    sys.exit(main())
