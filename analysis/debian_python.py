# SPDX-License-Identifier: Apache-2.0
"""What a script does when its Python lacks the packages it needs; needs none itself."""
import os
import pathlib
import sys

DEBIAN_PYTHON = "/usr/bin/python3"  # has the packages where the first Python on the path has not


def go_on(missing, name, file, packages):
    """Starts a script again with Debian's Python, or ends it with a line that says what to install.

    missing   the ImportError
    name      __name__ of the script: one that is imported is not started again
    file      __file__ of the script
    packages  Debian's, between blanks
    """
    if name == "__main__" and sys.executable != DEBIAN_PYTHON and os.access(DEBIAN_PYTHON, os.X_OK):
        os.execv(DEBIAN_PYTHON, [DEBIAN_PYTHON, *sys.argv])
    sys.exit(f"{pathlib.Path(file).name}: {missing}; install it (apt-get install {packages})")
