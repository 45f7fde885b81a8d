"""What the scripts of this folder share: the tree, how programs are run, where tests have their scratch files."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile

ROOT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
LAUNCHER = ["-DCMAKE_C_COMPILER_LAUNCHER=ccache"] if shutil.which("ccache") else []
signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # scratch files go also then
MEMORY = "/dev/shm"
MEMORY_KIB = 2 << 20  # as in tests/run: scratch files of tests are in memory if there is room


def run(arguments, **more):
    return subprocess.run(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                          check=False, **more)


def packages():
    """Installs what building and testing need and is missing."""
    script = f'source "{ROOT}/deploy/lib.sh" && ensure_packages "{ROOT}" build test'
    return run(["bash", "-c", script])


def scratch_dir():
    """A temporary directory, to be used with `with`."""
    room = os.statvfs(MEMORY) if os.access(MEMORY, os.W_OK) else None
    in_memory = room is not None and room.f_bavail * room.f_frsize >> 10 >= MEMORY_KIB
    place = tempfile.TemporaryDirectory(prefix="lianshu.", dir=MEMORY if in_memory else None)
    os.chmod(place.name, 0o711)  # tests become other users below it
    return place
