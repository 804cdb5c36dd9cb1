"""Which Java is taken, and what is said when there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from transform import java
from transform.errors import TransformError


def fake_java(home: Path, modules: list[str], release: str | None = None) -> Path:
    (home / "bin").mkdir(parents=True)
    program = home / "bin" / "java"
    lines = "\n".join(f"echo {module}" for module in modules)
    program.write_text(f"#!/bin/sh\n{lines}\n")
    program.chmod(0o755)
    if release:
        (home / "release").write_text(f'JAVA_VERSION="{release}"\n')
    return home


def test_java_home_is_taken_if_it_is_fit(tmp_path):
    home = fake_java(tmp_path / "j", ["java.base@21.0.2", "jdk.incubator.vector@21.0.2"])
    assert java.find_java({"JAVA_HOME": str(home), "PATH": ""}) == home


@pytest.mark.parametrize(
    ("modules", "reason"),
    [
        (["java.base@11.0.1", "jdk.incubator.vector@11.0.1"], "Java 11"),
        (["java.base@21"], "no module jdk.incubator.vector"),
        ([], "older than Java 17"),
    ],
)
def test_what_does_not_fit_is_told(tmp_path, modules, reason):
    assert reason in (java.why_unfit(fake_java(tmp_path / "j", modules)) or "")


def test_a_folder_without_java_does_not_fit(tmp_path):
    assert java.why_unfit(tmp_path) == "no bin/java there"


def test_the_release_file_spares_a_start_where_the_module_can_be_seen(tmp_path):
    home = fake_java(tmp_path / "j", [], "17.0.15")
    (home / "jmods").mkdir()
    (home / "jmods" / "jdk.incubator.vector.jmod").touch()
    assert java.why_unfit(home) is None


def test_without_any_java_one_line_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(java, "_candidates", lambda environ: [tmp_path / "none"])
    with pytest.raises(TransformError, match="apt-get install openjdk-17") as error:
        java.find_java({}, may_fetch=False)
    assert "\n" not in str(error.value)


def test_fetching_says_so_and_uses_what_came(tmp_path, monkeypatch, capsys):
    import cjdk

    home = fake_java(tmp_path / "t", ["java.base@17.0.9", "jdk.incubator.vector@17.0.9"])
    monkeypatch.setattr(java, "_candidates", lambda environ: [])
    monkeypatch.setattr(cjdk, "java_home", lambda **options: home)
    assert java.find_java({"SEI_HOME": str(tmp_path)}) == home
    assert "fetching Temurin" in capsys.readouterr().err


def test_a_fetch_that_fails_is_one_line(tmp_path, monkeypatch):
    import cjdk

    def fail(**options):
        raise cjdk.CjdkError("no network\nand more")

    monkeypatch.setattr(java, "_candidates", lambda environ: [])
    monkeypatch.setattr(cjdk, "java_home", fail)
    with pytest.raises(TransformError, match="fetching it failed: no network") as error:
        java.find_java({"SEI_HOME": str(tmp_path)})
    assert "\n" not in str(error.value)
