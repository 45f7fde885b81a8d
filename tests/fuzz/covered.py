"""How much of each decoder its committed corpus runs through: edges, that is both ways of every condition, by
clang's source coverage. campaign.py --covered prints it.

A target answers for the files and functions of its row in DECODERS: what reads input it did not write. The
other half of such a file (what writes, prints or works on what was read) is no decoder's and is not counted.
Nor are the ways that no input can take: EXCUSED says which and why; they are counted by the side."""

import collections
import json
import os
import re
import subprocess

TAKE = ("schemas/frame_take.h", "frame_take_(magic|sized)")
TAKE_PATH = ("schemas/frame_take.h", "frame_take_.*")

DECODERS = {
    "bundle": [("schemas/frame.c", "frame_kind|frame_parse_bundle|frame_bundle_next|take_bundled"), TAKE],
    "chunk": [("schemas/frame_proof.c", "frame_parse_chunk"), TAKE],
    "control": [("schemas/frame.c", "frame_parse_control|frame_read_control|control_check"), TAKE],
    "document": [("schemas/frame.c", "frame_parse_document"), TAKE,
                 ("schemas/check.c", "document_check|realm_valid|length_is|check_issuers|same_issuer|check_members"),
                 ("schemas/validate.c", ".*"), ("schemas/validate_rule.c", ".*")],
    "envelope": [("schemas/frame_envelope.c", "frame_parse_envelope|take_part|frame_matches_header|frame_all_here"),
                 TAKE,
                 ("schemas/check.c", "header_.*|realm_valid|part_reader|length_is|check_parts?|audience_has_hub|"
                                     "check_facts|check_destination|check_attachments|check_members")],
    "folded": [("schemas/fold.c", ".*")],
    "json": [("schemas/json_map.c", ".*"), ("schemas/json.c", "json_parse|parse_refusal|json_kind|json_count|json_uint"),
             ("schemas/base/hex.c", ".*decode|.*_value"),
             ("schemas/base/clock.c", "clock_parse|take_.*|date_valid|month_days")],
    # keyfile_read only tells a file from the URI of a token, and the target's is a file.
    "keyfile": [("keys/keyfile.c", "keyfile_read_again|read_file|read_all|open_ring|parse_.*|take_name|stretch")],
    "message": [("schemas/wire_take.c", ".*"), ("schemas/wire.c", "wire_decode|wire_clear|has_unknown_field"),
                ("schemas/base/utf8.c", "utf8_next|utf8_allowed|allowed_run|is_common|character_allowed|word_of")],
    "note": [("keys/note.c", "note_line|note_parse|note_open|take_line|parse|name_valid|parse_size")],
    "proof": [("keys/merkle.c", "merkle_path_.*|merkle_verify.*|power_of_two|fold_consistency|frontier_(read|count)")],
    "receipts": [("schemas/frame_proof.c", "frame_parse_receipts|frame_receipts_next|take_receipt"), TAKE_PATH],
    "registry": [("schemas/frame_registry.c", "frame_parse_.*|frame_registry_(registrar|next)|take_.*|check_registrar"),
                 TAKE_PATH, ("schemas/check.c", "record_check|types_known")],
    "rules": [("hub/policy/load.*[.]c", "load_.*|add_.*|find_group|word_index|enum_.*|values_of|known_.*|"
                                        "check_.*|maybe_clock|too_many|class_of|type_of|.*_open"),
              ("hub/policy/check(_cases)?[.]c", ".*"),
              ("hub/policy/ruleset.c", "ruleset_open|check_strays|file_known|read_one|build"),
              ("hub/policy/term.c", "term_parse|parse_word|take_number|counted|term_compare|length_of")],
    "settings": [("hub/net/config.c", "hub_config_read|read_.*"), ("hub/signer/config.c", ".*"),
                 ("hub/net/place.c", "place_resolve|place_read|place_list_read"),
                 ("hub/net/federation.c", "federation_read|add.*|read_quota"),
                 ("adapters/runtime/config.c", ".*"), ("adapters/runtime/map_load.c", ".*"),
                 ("adapters/runtime/map.c", "map_open|map_close|open_tree|free_records"),
                 ("keys/anchor.c", "anchor_read|read_.*"),
                 ("keys/cosign.c", "cosign_policy_read|read_.*"),
                 ("schemas/base/calendar.c", "calendar_parse|parse_day"),
                 ("schemas/base/yaml_node.c", "yaml_need|yaml_only_keys|label")],
    "signature": [("schemas/frame.c", "frame_parse_signature|frame_path_len")],
    "statement": [("schemas/frame_proof.c", "frame_parse_statement"), TAKE_PATH],
    "yaml": [("schemas/base/yaml.c", "(?!yaml_open).*"),
             ("schemas/base/yaml_node.c", "(?!yaml_need|yaml_only_keys|yaml_fault|label).*")],
}

# A way not taken counts aside when its line, with the one behind it, says one of these …
EXCUSED = {
    # Argon2 and an empty ring fail for that alone.
    "no memory": r"ERR_NO_MEMORY|crypto_pwhash\(|keyring_open\(",
    "our own invariant": r"\bassert\(|ERR_INTERNAL",
    "the disk fails": r"ERR_IO\b|EINTR|private_file_open|file_read\(",
    "no token": r"parse_link\(plain|keyring_link\(\*out\)",
    # replay.c and libFuzzer read no more than a frame may have; a test of the module writes them.
    "no input is so long": r"> (YAML_FILE_MAX|JSON_TEXT_MAX)\b",
}
# … or when it asks whether the call in the line before it failed, for which that is the only reason.
EXCUSED_CALLS = {
    "no memory": r"= (guard_alloc|take_from)\(",
    "the disk fails": r"= private_file_open\(",
}
ASKS = r"\s*if \((err != OK|\w+ == NULL)\)"


def branches_of(exported, rows):
    """{(file, line, column, function): [true count, false count]} of the target's decoder."""
    seen = {}
    for function in exported["data"][0]["functions"]:
        file = re.sub(r"^(build/)?(\./)+", "", function["filenames"][0])
        name = function["name"].split(":")[-1]
        if not any(re.fullmatch(path, file) and re.fullmatch(names, name) for path, names in rows):
            continue
        for branch in function.get("branches", []):
            ways = seen.setdefault((file, branch[0], branch[1], name), [0, 0])
            ways[0] += branch[4]
            ways[1] += branch[5]
    return seen


def excuse_of(root, file, line):
    with open(f"{root}/{file}", encoding="utf-8") as source:
        before, asks, *behind = source.readlines()[line - 2:line + 1]
    why = next((why for why, pattern in EXCUSED.items() if re.search(pattern, "".join([asks, *behind]))), None)
    if why is None and re.match(ASKS, asks):
        why = next((why for why, pattern in EXCUSED_CALLS.items() if re.search(pattern, before)), None)
    return why


Tools = collections.namedtuple("Tools", "folder place")  # where llvm-cov is, where it may write


def measure(root, tools, binary, target):
    """(edges taken, edges, {excuse: count}, [what is not taken])"""
    raw, profile = f"{tools.place}/raw", f"{tools.place}/profile"
    subprocess.run([binary, f"{root}/tests/fuzz/corpus/{target}"], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, env={**os.environ, "LLVM_PROFILE_FILE": raw, "TMPDIR": tools.place})
    subprocess.run([f"{tools.folder}/llvm-profdata", "merge", "-o", profile, raw], check=True)
    said = subprocess.run([f"{tools.folder}/llvm-cov", "export", "-format=text", f"-instr-profile={profile}", binary],
                          check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    taken, excused, missing = 0, collections.Counter(), []
    for (file, line, column, name), ways in sorted(branches_of(json.loads(said), DECODERS[target]).items()):
        for way, count in zip(("true", "false"), ways):
            why = None if count else excuse_of(root, file, line)
            taken += count > 0
            if why is not None:
                excused[why] += 1
            elif not count:
                missing.append(f"{file}:{line}:{column} {name} is never {way}")
    return taken, taken + len(missing), excused, missing


def report(target, measured, told):
    taken, edges, excused, missing = measured
    aside = ", ".join(f"{count} {why}" for why, count in sorted(excused.items()))
    share = 100 * taken / edges if edges else 0
    print(f"{target:10} {share:5.1f} %  {taken:5} of {edges:5} edges" + (f"  (aside: {aside})" if aside else ""),
          flush=True)
    if told:
        print("".join(f"    {line}\n" for line in missing), end="", flush=True)
    return share
