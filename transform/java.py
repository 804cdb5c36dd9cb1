"""Where Java comes from: JAVA_HOME, the machine's own, else Temurin fetched through cjdk.

Spark 4 needs Java 17 or newer with the module jdk.incubator.vector, so runtimes trimmed by jlink
are passed over.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from transform.errors import TransformError

MINIMUM_MAJOR = 17
NEEDED_MODULE = "jdk.incubator.vector"
FETCHED_VENDOR = "temurin-jre"
FETCHED_MAJOR = 17


def find_java(environ: Mapping[str, str] | None = None, *, may_fetch: bool = True) -> Path:
    """The home of a Java that Spark can use; TransformError if there is none and none to fetch.

    A fetched one lands in `$SEI_HOME/java` (default ./.sei/java), and stderr says so.
    """
    environ = os.environ if environ is None else environ
    refused: list[str] = []
    for home in _candidates(environ):
        reason = why_unfit(home)
        if reason is None:
            return home
        refused.append(f"{home}: {reason}")
    if not may_fetch:
        raise TransformError(_missing(refused))
    return _fetch(Path(environ.get("SEI_HOME") or ".sei"), refused)


def why_unfit(home: Path) -> str | None:
    """Why Spark cannot use the Java of this home, None if it can."""
    java = home / "bin" / ("java.exe" if os.name == "nt" else "java")
    if not java.is_file():
        return "no bin/java there"
    major = _major_from_release_file(home)
    if major is not None and (home / "jmods" / f"{NEEDED_MODULE}.jmod").is_file():
        return None if major >= MINIMUM_MAJOR else f"Java {major}, needs {MINIMUM_MAJOR} or newer"
    try:
        answer = subprocess.run(
            [str(java), "--list-modules"], capture_output=True, text=True, timeout=60, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return "does not start"
    versions = dict(
        line.strip().partition("@")[::2] for line in answer.stdout.splitlines() if "@" in line
    )
    if answer.returncode != 0 or "java.base" not in versions:
        return f"older than Java {MINIMUM_MAJOR}"
    major = _major(versions["java.base"])
    if major < MINIMUM_MAJOR:
        return f"Java {major}, needs {MINIMUM_MAJOR} or newer"
    if NEEDED_MODULE not in versions:
        return f"has no module {NEEDED_MODULE}"
    return None


def _candidates(environ: Mapping[str, str]) -> Iterable[Path]:
    if environ.get("JAVA_HOME"):
        yield Path(environ["JAVA_HOME"])
    found = shutil.which("java", path=environ.get("PATH"))
    if found:
        yield Path(found).resolve().parent.parent
    for folder in (Path("/usr/lib/jvm"), Path("/Library/Java/JavaVirtualMachines")):
        if folder.is_dir():
            for home in sorted(folder.iterdir()):
                yield home / "Contents" / "Home" if (home / "Contents").is_dir() else home


def _major_from_release_file(home: Path) -> int | None:
    """The major version as the file `release` states it: saves starting a JVM to ask."""
    try:
        lines = (home / "release").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    for line in lines:
        if line.startswith("JAVA_VERSION="):
            return _major(line.partition("=")[2].strip().strip('"'))
    return None


def _major(version: str) -> int:
    head = version.split(".")[0].split("-")[0].split("+")[0]
    return int(head) if head.isdigit() else 0


def _missing(refused: list[str]) -> str:
    seen = f" (passed over: {'; '.join(refused)})" if refused else ""
    return (
        f"No Java {MINIMUM_MAJOR} or newer for Spark{seen}: install one "
        "(Debian: apt-get install openjdk-17-jre-headless) or set JAVA_HOME"
    )


def _fetch(home: Path, refused: list[str]) -> Path:
    import cjdk

    print(
        f"transform: no usable Java on this machine, fetching Temurin {FETCHED_MAJOR} "
        f"into {home / 'java'} (once)",
        file=sys.stderr,
        flush=True,
    )
    try:
        fetched = cjdk.java_home(
            vendor=FETCHED_VENDOR, version=str(FETCHED_MAJOR), cache_dir=(home / "java").resolve()
        )
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise TransformError(f"{_missing(refused)}; fetching it failed: {reason}") from error
    reason_unfit = why_unfit(fetched)
    if reason_unfit:
        raise TransformError(f"{_missing(refused)}; the fetched one: {reason_unfit}")
    return fetched
