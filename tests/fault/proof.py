"""Make each change of the proof in hub/README.md in a copy of the tree: its test must fail.

  python3 -B tests/fault/proof.py [STEP…]     all steps, or these; some minutes, by hand

Exit code: 0 every change was found, 1 one was not, 2 the unchanged tree does not pass."""

import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lint"))
import proof  # noqa: E402

LAUNCHER = ["-DCMAKE_C_COMPILER_LAUNCHER=ccache"] if shutil.which("ccache") else []
BOUND_S = 600


def run(arguments, **more):
    return subprocess.run(arguments, capture_output=True, timeout=BOUND_S, check=False, **more)


def passes(tree, build, step):
    """True, False, or None when it does not build; what it said is kept beside the tree."""
    made = run(["ninja", "-C", build, step.program])
    done = run([f"{build}/bin/{step.program}"], cwd=tree) if made.returncode == 0 else made
    with open(f"{tree}/said", "wb") as said:
        said.write((done.stdout + done.stderr)[-4000:])
    return None if made.returncode else done.returncode == 0


def replace(path, before, after):
    with open(path, encoding="utf-8") as source:
        text = source.read()
    with open(path, "w", encoding="utf-8") as target:
        target.write(text.replace(before, after))


def main(chosen):
    table = [step for step in proof.steps() if not chosen or step.number in chosen]
    missed = 0
    with tempfile.TemporaryDirectory(prefix="lianshu-proof.") as place:
        tree, build = f"{place}/tree", f"{place}/build"
        shutil.copytree(proof.ROOT, tree, ignore=shutil.ignore_patterns(".git", "build-*"))
        run(["cmake", "-G", "Ninja", "-S", tree, "-B", build, *LAUNCHER])
        for step in table:
            if passes(tree, build, step) is not True:
                print(f"{step.number}: {step.program} does not pass without any change")
                with open(f"{tree}/said", encoding="utf-8", errors="replace") as said:
                    print(said.read())
                return 2
            replace(f"{tree}/{step.file}", step.line, step.change)
            found = passes(tree, build, step)
            shutil.copyfile(f"{proof.ROOT}/{step.file}", f"{tree}/{step.file}")  # with a new time
            word = {None: "does not build", False: "found", True: "NOT FOUND"}[found]
            missed += found is not False
            print(f"{step.number:>2}  {step.file}  {word} by {step.program}", flush=True)
    print(f"{len(table) - missed} of {len(table)} changes found")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
