"""`python -IS watched.py FD COMMAND...`: runs a command, tells on FD what the system accounts for.

A process inherits the peak of the one that started it, and the benchmarks hold 150 MB: this one is
small.
"""

from __future__ import annotations

import json
import os
import sys

if __name__ == "__main__":
    descriptor, *command = sys.argv[1:]
    process = os.posix_spawnp(command[0], command, os.environ)
    _, status, usage = os.wait4(process, 0)
    figures = [usage.ru_utime + usage.ru_stime, usage.ru_maxrss]
    os.write(int(descriptor), json.dumps(figures).encode())
    sys.exit(abs(os.waitstatus_to_exitcode(status)))
