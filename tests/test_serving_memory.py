"""Memory of the server's allocator: threads share two arenas."""

import ctypes
import os
import subprocess
import sys

import pytest

from tests.scripts import ROOT

PROGRAM = """
import ctypes, sys, threading
from serving import memory
memory.share_arenas()
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.fopen.restype = ctypes.c_void_p, ctypes.c_void_p
meet = threading.Barrier(8)
def work():
    libc.malloc(50_000)
    meet.wait()
threads = [threading.Thread(target=work) for _ in range(8)]
for each in threads: each.start()
for each in threads: each.join()
file = ctypes.c_void_p(libc.fopen(sys.argv[1].encode(), b"w"))
libc.malloc_info(0, file)
libc.fclose(file)
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_info"), reason="another allocator than glibc's")
@pytest.mark.parametrize("variable, arenas", [(None, 2), ("3", 3)])
def test_threads_share_two_arenas_or_as_many_as_the_environment_says(tmp_path, variable, arenas):
    environment = {key: value for key, value in os.environ.items() if key != "MALLOC_ARENA_MAX"}
    environment |= {"MALLOC_ARENA_MAX": variable} if variable else {}
    subprocess.run([sys.executable, "-c", PROGRAM, tmp_path / "arenas.xml"], cwd=ROOT, env=environment, check=True)
    assert (tmp_path / "arenas.xml").read_text().count("<heap nr=") == arenas
