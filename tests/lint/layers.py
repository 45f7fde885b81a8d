#!/usr/bin/env python3
"""The house of README.md: who may include whom, and where each library lives."""

import os
import re

import source

# Layer: (folder prefix, longest first), and what it may include. Arrows point down only.
LAYERS = {
    "schemas": {"schemas"},
    "keys": {"schemas", "keys"},
    "hub/policy": {"schemas", "keys", "hub/policy"},
    "hub/store": {"schemas", "keys", "hub/store"},
    "hub/core": {"schemas", "keys", "hub/policy", "hub/store", "hub/core"},
    "hub/net": {"schemas", "keys", "hub/policy", "hub/store", "hub/core", "hub/net"},
    "hub": {"schemas", "keys", "hub/policy", "hub/store", "hub/core", "hub/net", "hub"},
    "hub/cli": {"schemas", "keys", "hub/policy", "hub/store", "hub/core", "hub/net", "hub/cli", "adapters/sdk"},
    "adapters/sdk": {"schemas", "keys", "hub/store", "adapters/sdk"},
    "adapters/runtime": {"schemas", "keys", "hub/store", "adapters/sdk", "adapters/runtime"},
    "adapters": {"schemas", "keys", "hub/store", "adapters/sdk", "adapters/runtime", "adapters"},
    "deploy": {"schemas", "keys", "adapters/sdk", "deploy"},
}
# The adapters' end of the store is the database module, nothing else of the hub.
ADAPTERS_MAY_USE_OF_STORE = re.compile(r"^store/db[a-z_]*\.h$")

# Library header: where its home is.
HOMES = {
    r"sqlite3\.h": r"hub/store/db[a-z_]*\.[ch]",
    r"sodium\.h|sodium/.*|openssl/.*": r"keys/.*",
    r"dlfcn\.h|p11-kit/.*": r"keys/pkcs11\.c",
    r"zmq\.h": r"(hub/net|adapters/sdk)/.*",
    r"pb\.h|pb_(en|de)code\.h|pb_common\.h": r"schemas/.*",
    r"jansson\.h|yaml\.h": r"schemas/.*",
    r"csv\.h": r"adapters/runtime/.*",
    r"seccomp\.h|linux/(seccomp|landlock|filter)\.h": r"schemas/base/(make_)?sandbox\.c",
}
# The core, its rules and its store take time, randomness and sockets as arguments.
PURE = {
    "hub/policy": r"\b(clock_gettime|gettimeofday|time|getrandom|socket|open|fopen|poll)\s*\(",
    "hub/core": r"\b(clock_gettime|gettimeofday|time|getrandom|socket|fopen|poll)\s*\(",
}
# How a project header's first folder names its layer.
ROOMS = {
    "base": "schemas", "keys": "keys", "policy": "hub/policy", "store": "hub/store",
    "core": "hub/core", "net": "hub/net", "cli": "hub/cli", "signer": "hub", "day": "deploy",
}
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)
USES = re.compile(r"lianshu_layer\(\s*NAME\s+(\w+)(.*?)\)", re.S)
TARGETS = {
    "schemas": "schemas", "keys": "keys", "policy": "hub/policy", "store": "hub/store",
    "core": "hub/core", "net": "hub/net", "sdk": "adapters/sdk", "runtime": "adapters/runtime",
}


def layer_of(path):
    for layer in sorted(LAYERS, key=len, reverse=True):
        if path.startswith(layer + "/"):
            return layer
    return None


def layer_of_include(name):
    if name.startswith(("adapters/", "hub/", "deploy/")):
        return layer_of(name)
    head = name.split("/")[0] if "/" in name else "schemas"
    return ROOMS.get(head, "schemas" if head == name or head == "schemas" else None)


def check_file(path, problems):
    text = source.code(source.read(path), keep_strings=True)
    layer = layer_of(path)
    for match in INCLUDE.finditer(text):
        where = f"{path}:{source.line_of(text, match.start())}"
        system, name = match.group(1) == "<", match.group(2)
        for pattern, home in HOMES.items():
            if re.fullmatch(pattern, name) and not re.fullmatch(home, path):
                problems.append(f"{where}: <{name}> has its only home in {home}")
        if name.startswith("../"):
            problems.append(f"{where}: includes are path-qualified, not {name}")
        if system:
            continue
        if "/" not in name and os.path.exists(os.path.join(source.ROOT, os.path.dirname(path), name)):
            continue  # a header of the same folder
        target = layer_of_include(name)
        if target is None:
            problems.append(f"{where}: {name} belongs to no layer")
        elif target not in LAYERS[layer]:
            problems.append(f"{where}: {layer} must not include {target} ({name})")
        elif layer.startswith("adapters") and target == "hub/store" and not ADAPTERS_MAY_USE_OF_STORE.match(name):
            problems.append(f"{where}: adapters use store/db only, not {name}")


def check_purity(path, problems):
    banned = PURE.get(layer_of(path))
    if banned is None or not path.endswith(".c"):
        return
    text = source.code(source.read(path))
    for match in re.finditer(banned, text):
        before = text[match.start() - 1]
        if before in ".>_":
            continue
        problems.append(f"{path}:{source.line_of(text, match.start())}: "
                        f"{match.group(0)}…) is an argument here, not a call")


def check_links(path, problems):
    for match in USES.finditer(source.read(path)):
        name = match.group(1)
        if name not in TARGETS:
            problems.append(f"{path}: layer {name} is not part of the house")
            continue
        for used in re.findall(r"\blianshu_(\w+)", match.group(2)):
            if used in TARGETS and TARGETS[used] not in LAYERS[TARGETS[name]]:
                problems.append(f"{path}: {name} must not link {used}")


def main():
    problems = []
    for path in source.files(".c", ".h"):
        if path.startswith("tests/"):
            continue
        if layer_of(path) is None:
            problems.append(f"{path}: belongs to no layer")
            continue
        check_file(path, problems)
        check_purity(path, problems)
    for path in source.files("CMakeLists.txt", ".cmake"):
        if not path.startswith("tests/"):
            check_links(path, problems)
    source.finish(problems, "layers")


main()
