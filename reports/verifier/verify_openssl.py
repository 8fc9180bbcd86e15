"""The `openssl` program, which timestamp tokens alone need."""

from __future__ import annotations

import os
import re
import shutil
import subprocess


def openssl(*arguments: str, given: bytes = b"") -> tuple[int, str] | None:
    """Exit code and output of `openssl`, None where there is none of version 3 or newer."""
    program = shutil.which("openssl")
    if program is None:
        return None
    environment = {**os.environ, "LC_ALL": "C", "OPENSSL_CONF": os.devnull}
    done = subprocess.run(  # noqa: S603 # fixed words, no shell
        [program, *arguments],
        capture_output=True,
        input=given,
        env=environment,
        check=False,
        timeout=60,
    )
    return done.returncode, (done.stdout + done.stderr).decode("utf-8", "replace")


def have_openssl() -> bool:
    """Is there an `openssl` of version 3 or newer?"""
    version = openssl("version")
    found = re.match(r"OpenSSL (\d+)\.", version[1]) if version else None
    return found is not None and int(found.group(1)) >= 3
