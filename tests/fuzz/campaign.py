"""Fuzz the decoders and loaders for long, by hand, or measure what fuzzing finds.

  python3 -B tests/fuzz/campaign.py [--seconds N] [TARGET…]    every target, or these, N seconds each (300)
  python3 -B tests/fuzz/campaign.py --planted [--seconds N] [NUMBER…]
                                                               the bugs below, planted one after the other in a
                                                               copy of the tree; N seconds each at most (120)
  python3 -B tests/fuzz/campaign.py --covered [--missing] [TARGET…]
                                                               how much of its decoder each committed corpus runs
                                                               through (covered.py); with --missing also what not

Builds with clang, libFuzzer and sanitizers beside the tree. nanopb's own sources are built with them, when
apt-get can give them; it is said when it cannot. Starts from the committed corpus and changes nothing in it.
Exit code: 0 nothing found (planted: at least 19 of 20 found; covered: at least 95 % of each decoder's edges),
1 otherwise, 2 it does not build."""

import argparse
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

import covered

ROOT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
LAUNCHER = ["-DCMAKE_C_COMPILER_LAUNCHER=ccache"] if shutil.which("ccache") else []

# Target, file, line, what stands there instead. Bounds off by one, checks left out, more accepted than one form.
PLANTED = [
    ("message", "schemas/wire_take.c", "if (count >= f->max)", "if (count > f->max)"),
    ("message", "schemas/wire_take.c", "if (len > (size_t)(end - t->at))", "if (len > (size_t)(end - t->at) + 1)"),
    ("message", "schemas/wire_take.c", "if (shift == 63 && byte > 1)", "if (shift == 70 && byte > 1)"),
    ("message", "schemas/wire_take.c", "take_block(t, end, f->size - HEAD, &block)", "take_block(t, end, f->size, &block)"),
    ("message", "schemas/wire_take.c", "if (byte == 0 && shift > 0)", "if (byte == 0 && shift > 63)"),
    ("message", "schemas/base/utf8.c", "if (n == 0 || n > left)", "if (n == 0 || n > left + 8)"),
    ("envelope", "schemas/frame_envelope.c", "if (count > FRAME_PARTS_MAX)", "if (count > FRAME_PARTS_MAX + 1)"),
    ("document", "schemas/frame.c", "if (count > FRAME_ISSUERS_MAX)", "if (count > FRAME_ISSUERS_MAX + 1)"),
    ("bundle", "schemas/frame.c",
     "if ((err = take_bundled(&frame, &one)) != OK)\n            return err;\n    }\n"
     "    return frame.len == 0 ? OK : ERR_FRAME_LENGTH;",
     "if ((err = take_bundled(&frame, &one)) != OK)\n            return err;\n    }\n    return OK;"),
    ("chunk", "schemas/frame_proof.c", "full, &out->cipher) ||\n        frame.len != 0)", "full, &out->cipher))"),
    ("receipts", "schemas/frame_proof.c", "2, 0, FRAME_CHECKPOINT_MAX, &out->checkpoint) || frame.len != 0)",
     "2, 0, FRAME_CHECKPOINT_MAX, &out->checkpoint))"),
    ("folded", "schemas/fold.c", "count > have - from ||", "count > have ||"),
    ("registry", "schemas/frame_registry.c", "out->registrars.len -= file->len;", "out->registrars.len -= 0;"),
    ("yaml", "schemas/base/yaml.c", "if (b->depth == YAML_DEPTH_MAX)", "if (b->depth == YAML_DEPTH_MAX + 1)"),
    ("yaml", "schemas/base/yaml.c", "for (size_t i = 1; i < map->count; i++)", "for (size_t i = 2; i < map->count; i++)"),
    ("yaml", "schemas/base/yaml_node.c", "if (len >= cap)", "if (len > cap)"),
    ("json", "schemas/json_map.c", "if (len >= cap)", "if (len > cap)"),
    ("note", "keys/note.c", "(size_t)(space - text) > NOTE_NAME_MAX)", "(size_t)(space - text) > NOTE_NAME_MAX + 1)"),
    ("note", "keys/note.c", "base64_decode(space + 1, out->proof, NOTE_PROOF_MAX,",
     "base64_decode(space + 1, out->proof, NOTE_PROOF_MAX * 2,"),
    ("proof", "keys/merkle.c", "path_len != merkle_path_len(index, size)", "path_len < merkle_path_len(index, size)"),
]
RECALL_MIN = 19
SHARE_MIN = 95


def run(arguments, **more):
    return subprocess.run(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                          check=False, **more)


def nanopb_sources(place):
    """A folder with pb_decode.c and its like of the version that is installed, or None."""
    version = run(["dpkg-query", "-W", "-f", "${source:Version}", "libnanopb-dev"]).stdout
    lists = f"{place}/sources.list"
    with open(lists, "w", encoding="utf-8") as out:
        for path in ["/etc/apt/sources.list", *glob.glob("/etc/apt/sources.list.d/*.list")]:
            if os.path.exists(path):
                with open(path, encoding="utf-8") as given:
                    out.write(re.sub(r"^deb ", "deb-src ", given.read(), flags=re.M))
        for path in glob.glob("/etc/apt/sources.list.d/*.sources"):
            with open(path, encoding="utf-8") as given:
                out.write(old_style(given.read()))
    os.makedirs(f"{place}/lists/partial")
    options = ["-o", f"Dir::Etc::sourcelist={lists}", "-o", "Dir::Etc::sourceparts=/dev/null", "-o",
               f"Dir::State::lists={place}/lists", "-o", "APT::Sandbox::User=root"]
    run(["apt-get", *options, "-q", "update"])
    run(["apt-get", *options, "-q", "--download-only", "source", f"nanopb={version}"], cwd=place)
    archives = glob.glob(f"{place}/nanopb_*.orig.tar.*")
    if not archives:
        return None
    os.mkdir(f"{place}/nanopb")
    run(["tar", "-xf", archives[0], "-C", f"{place}/nanopb", "--strip-components=1"])
    return f"{place}/nanopb" if os.path.exists(f"{place}/nanopb/pb_decode.c") else None


def old_style(text):
    """deb822 stanzas as lines of deb-src."""
    lines = []
    for stanza in re.split(r"\n\s*\n", text):
        field = dict(re.findall(r"^(\w[\w-]*):[ \t]*(.*)$", stanza, re.M))
        for uri in field.get("URIs", "").split():
            for suite in field.get("Suites", "").split():
                signed = f"[signed-by={field['Signed-By']}] " if field.get("Signed-By", "").startswith("/") else ""
                lines.append(f"deb-src {signed}{uri} {suite} {field.get('Components', '')}\n")
    return "".join(lines)


class Build:
    def __init__(self, tree, place):
        self.build = f"{place}/build"
        nanopb = nanopb_sources(place)
        print("nanopb: " + ("its own sources, instrumented" if nanopb else "the library as installed, not instrumented"))
        done = run(["cmake", "-G", "Ninja", "-S", tree, "-B", self.build, "-DCMAKE_C_COMPILER=clang",
                    "-DLIANSHU_FUZZ=ON", "-DLIANSHU_SANITIZE=ON", *LAUNCHER,
                    *([f"-DLIANSHU_NANOPB={nanopb}"] if nanopb else [])])
        if done.returncode:
            sys.exit(f"{done.stdout[-2000:]}\ndoes not configure")

    def make(self, target):
        done = run(["ninja", "-C", self.build, f"fuzz_{target}"])
        if done.returncode:
            print(done.stdout[-3000:])
        return done.returncode == 0

    def fuzz(self, target, seconds, place):
        """(clean, last line of libFuzzer's progress, what it said)"""
        found = tempfile.mkdtemp(dir=place)
        done = run([f"{self.build}/bin/fuzz_{target}", f"-max_total_time={seconds}", "-timeout=10",
                    "-rss_limit_mb=2048", f"-artifact_prefix={found}/", found, f"{ROOT}/tests/fuzz/corpus/{target}"],
                   env={**os.environ, "TMPDIR": place})
        progress = re.findall(r"^#\d+.*cov: .*$", done.stdout, re.M)
        return done.returncode == 0, progress[-1] if progress else "", done.stdout


def campaign(build, targets, seconds, place):
    failed = 0
    for target in targets:
        if not build.make(target):
            return 2
        clean, progress, said = build.fuzz(target, seconds, place)
        print(f"{target:10} {'nothing found' if clean else 'FOUND'}  {progress}", flush=True)
        if not clean:
            print(said[-3000:])
            failed += 1
    return 1 if failed else 0


def plant(path, before, after):
    """What the file was."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    if text.count(before) != 1:
        sys.exit(f"{path}: {text.count(before)} times in it: {before}")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text.replace(before, after))
    return text


def recall(build, tree, numbers, seconds, place):
    found = 0
    for number in numbers:
        target, file, before, after = PLANTED[number - 1]
        text = plant(f"{tree}/{file}", before, after)
        if not build.make(target):
            return 2
        clean, progress, _ = build.fuzz(target, seconds, place)
        found += not clean
        print(f"{number:>2}  {target:9} {file}  {'NOT FOUND' if clean else 'found'}  {progress}", flush=True)
        with open(f"{tree}/{file}", "w", encoding="utf-8") as back:
            back.write(text)
    print(f"{found} of {len(numbers)} planted bugs found")
    return 0 if found >= len(numbers) * RECALL_MIN / len(PLANTED) else 1


def llvm(place):
    """A folder that has llvm-cov and llvm-profdata of the clang that is installed, or None: it is on the way."""
    major = re.search(r"version (\d+)", run(["clang", "--version"]).stdout).group(1)
    folders = [f"/usr/lib/llvm-{major}/bin", f"{place}/usr/lib/llvm-{major}/bin"]
    if not any(os.path.exists(f"{folder}/llvm-cov") for folder in folders):
        run(["apt-get", "-q", "download", f"llvm-{major}"], cwd=place)
        for package in glob.glob(f"{place}/llvm-{major}_*.deb"):
            run(["dpkg-deb", "-x", package, place])
    return next((folder for folder in folders if os.path.exists(f"{folder}/llvm-cov")), None)


def coverage(targets, missing, place):
    folder = llvm(place)
    build = f"{place}/build"
    done = run(["cmake", "-G", "Ninja", "-S", ROOT, "-B", build, "-DCMAKE_C_COMPILER=clang", "-DLIANSHU_SANITIZE=ON",
                "-DCMAKE_C_FLAGS=-fprofile-instr-generate -fcoverage-mapping", *LAUNCHER])
    if folder is None or done.returncode:
        sys.exit(f"{done.stdout[-2000:]}\ndoes not configure, or there are no llvm-cov and llvm-profdata")
    below = 0
    for target in targets:
        done = run(["ninja", "-C", build, f"fuzz_{target}"])
        if done.returncode:
            print(done.stdout[-3000:])
            return 2
        measured = covered.measure(ROOT, covered.Tools(folder, place), f"{build}/bin/fuzz_{target}", target)
        below += covered.report(target, measured, missing) < SHARE_MIN
    return 1 if below else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--planted", action="store_true")
    parser.add_argument("--covered", action="store_true")
    parser.add_argument("--missing", action="store_true")
    parser.add_argument("--seconds", type=int)
    parser.add_argument("what", nargs="*")
    given = parser.parse_args()
    targets = sorted(os.path.basename(path)[5:-2] for path in glob.glob(f"{ROOT}/tests/fuzz/fuzz_*.c"))
    with tempfile.TemporaryDirectory(prefix="lianshu-fuzz.") as place:
        if not given.planted:
            unknown = set(given.what) - set(targets)
            if unknown:
                parser.error(f"no target {', '.join(unknown)}; there are {', '.join(targets)}")
            if given.covered:
                return coverage(given.what or targets, given.missing, place)
            return campaign(Build(ROOT, place), given.what or targets, given.seconds or 300, place)
        tree = f"{place}/tree"
        shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns(".git", "build-*"))
        numbers = [int(word) for word in given.what] or list(range(1, len(PLANTED) + 1))
        return recall(Build(tree, place), tree, numbers, given.seconds or 120, place)


if __name__ == "__main__":
    sys.exit(main())
