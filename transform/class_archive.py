"""Spark's classes kept in a file between runs, so that the JVM need not load and verify them anew.

About a quarter of a small computation's time is saved (docs/benchmarks.md). JEP 350, "Dynamic CDS
Archives": a JVM writes the file when it ends, the next ones map it into memory and fall back to
the jars if it does not fit.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyspark

# Warnings of either are about classes that stay outside the archive: nothing is wrong then.
_QUIET = "-Xlog:cds=error,cds+dynamic=error,class+path=off"
_SETTLED_SECONDS = 5


def options(
    java_home: Path, others: Sequence[str], environ: Mapping[str, str], kind: str = "spark"
) -> list[str]:
    """The JVM's options that read the archive, or have it written if there is none; none at all
    without SEI_HOME or where this Java can't.

    `others`: the JVM's other options; an archive serves only a JVM with the same ones. `kind`: of
    each one archive is kept.
    """
    home = environ.get("SEI_HOME")
    base = java_home / "lib" / "server" / "classes.jsa"
    if not home or not base.is_file():
        return []
    folder = Path(home).absolute() / "cache"
    archive = folder / f"{kind}-{_key(java_home, base, others)}.jsa"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _adopt(folder, archive, kind)
    except OSError:
        return []
    if archive.is_file():
        return [f"-XX:SharedArchiveFile={archive}", "-Xshare:auto", _QUIET]
    return [f"-XX:ArchiveClassesAtExit={archive}.{os.getpid()}", _QUIET]


def _key(java_home: Path, base: Path, others: Sequence[str]) -> str:
    known = base.stat()
    parts = [java_home.resolve(), known.st_size, known.st_mtime_ns, pyspark.__version__, *others]
    parts.append(Path(pyspark.__file__).resolve().parent)
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()[:16]


def _adopt(folder: Path, archive: Path, kind: str) -> None:
    """Gives an archive that a JVM has finished its name, and clears away what no longer serves.

    The JVM goes on writing for some seconds after its Python has ended, the header last: a torn
    file is refused by the next JVM, which then reads the jars.
    """
    for found in folder.glob(f"{kind}-*.jsa*"):
        if found == archive or time.time() - found.stat().st_mtime < _SETTLED_SECONDS:
            continue
        if found.name.startswith(f"{archive.name}.") and not archive.exists():
            found.rename(archive)
        else:
            found.unlink()
