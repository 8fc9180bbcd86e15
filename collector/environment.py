"""What the program runs on: the installed packages, pinned by name and version, with a digest."""

import hashlib
from functools import cache
from importlib import metadata


@cache
def dependencies() -> dict[str, object]:
    """`{packages: [name==version …], sha256}`; the digest is over the sorted lines with LF."""
    names = {
        f"{one.metadata['Name'].lower().replace('_', '-')}=={one.version}"
        for one in metadata.distributions()
        if one.metadata["Name"]
    }
    packages = sorted(names)
    text = "".join(f"{line}\n" for line in packages)
    return {"packages": packages, "sha256": hashlib.sha256(text.encode()).hexdigest()}
