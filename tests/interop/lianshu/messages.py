"""Messages of schemas/proto, by the official runtime: protoc generates the classes when this is imported."""

import glob
import importlib
import subprocess
import sys
import tempfile

from .protocol import ROOT


def _generate() -> dict:
    sources = sorted(glob.glob(f"{ROOT}/schemas/proto/*.proto"))
    found = {}
    with tempfile.TemporaryDirectory(prefix="lianshu-proto.") as folder:
        subprocess.run(["protoc", f"-I{ROOT}/schemas/proto", f"--python_out={folder}", *sources], check=True)
        sys.path.insert(0, folder)
        for source in sources:
            name = source.rsplit("/", 1)[1].removesuffix(".proto")
            module = importlib.import_module(f"{name}_pb2")
            found.update({n: getattr(module, n) for n in module.DESCRIPTOR.message_types_by_name})
        sys.path.remove(folder)
    return found


CLASSES = _generate()
