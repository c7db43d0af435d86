"""`python -m gradcheck`, and the command `gradcheck`."""

import os
import sys
import threading
from contextlib import suppress

from gradcheck.app.cli import main


def run() -> None:
    """Run the command line as a process. Threads that a checked program has left do not keep it from ending."""
    try:
        main(prog_name="gradcheck")
    except SystemExit as end:
        others = set(threading.enumerate()) - {threading.main_thread()}
        if any(not thread.daemon for thread in others):
            for stream in (sys.stdout, sys.stderr):
                with suppress(Exception):
                    stream.flush()
            os._exit(end.code if isinstance(end.code, int) else 0)
        raise


if __name__ == "__main__":
    run()
