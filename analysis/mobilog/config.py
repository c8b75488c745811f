# SPDX-License-Identifier: Apache-2.0
"""The resolved configuration of a run as a dictionary."""


def parse_config(text):
    """{"run.seed": "1", "device.jetson_tx2.memory": "8 GiB", ...} from the text of /config.

    Keys are those of `--set`: section, point, key.  Values stay text, with their units.  `#` begins a
    comment, as for the program; the text was written by the program, so that nothing is checked here.
    """
    values = {}
    section = ""
    for line in text.splitlines():
        line = line.split("#", 1)[0].strip()
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1].strip()
        elif "=" in line:
            key, value = (part.strip() for part in line.split("=", 1))
            values[f"{section}.{key}" if section else key] = value
    return values
