"""A compromised child process: `python -m lying_child <fd> <parent pid> <lie>`.

The lie is raw bytes in hex, sent at once; afterwards the process stays silent.
"""

from __future__ import annotations

import os
import sys
import time

if __name__ == "__main__":
    os.write(int(sys.argv[1]), bytes.fromhex(sys.argv[3]))
    time.sleep(60)
