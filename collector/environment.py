"""What the program runs on: the installed packages, pinned by name and version, with a digest."""

import hashlib
from functools import cache
from importlib import metadata


@cache
def dependencies() -> dict[str, object]:
    """`{packages: [name==version …], sha256}`; the digest is over the sorted lines with LF."""
    # The metadata of a package is parsed anew at each access: once is enough.
    found = (one.metadata for one in metadata.distributions())
    names = {
        f"{one['Name'].lower().replace('_', '-')}=={one['Version']}" for one in found if one["Name"]
    }
    packages = sorted(names)
    text = "".join(f"{line}\n" for line in packages)
    return {"packages": packages, "sha256": hashlib.sha256(text.encode()).hexdigest()}
