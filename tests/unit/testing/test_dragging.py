"""Slow processes of tests: all of them run again afterwards."""

import subprocess
import sys
import time

import psutil

from opendata.testing.load import eventually
from opendata.testing.processes import dragging


def test_a_process_that_ends_while_it_is_dragged_leaves_the_others_running():
    line = [sys.executable, "-c", "import time; time.sleep(60)"]
    first, second = subprocess.Popen(line), subprocess.Popen(line)
    other = psutil.Process(second.pid)
    try:
        with dragging([psutil.Process(first.pid), other]):
            first.kill()
            first.wait()
            time.sleep(0.4)
            eventually(lambda: other.status() == psutil.STATUS_STOPPED, 5)
        eventually(lambda: other.status() != psutil.STATUS_STOPPED, 5)
    finally:
        second.kill()
        second.wait()
