"""Configurations: one dataclass a job, read from TOML, wrong keys and types refused in words."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from training import arguments, config, finetune, pretrain


@dataclass(frozen=True, slots=True)
class Inner:
    rate: float
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Job:
    output: Path
    inner: Inner
    fast: bool = False


TEXT = 'output = "here"\n[inner]\nrate = 1\nnames = ["a"]\n'


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "job.toml"
    path.write_text(TEXT)
    return path


def test_values_take_the_types_of_the_dataclass(file):
    assert config.load(Job, file) == Job(Path("here"), Inner(1.0, ("a",)))


def test_overrides(file):
    job = config.load(Job, file, ["inner.rate=0.5", "output=there/it is", "fast=true", 'inner.names=["b", "c"]'])
    assert job == Job(Path("there/it is"), Inner(0.5, ("b", "c")), True)


def test_what_is_saved_loads_as_it_was(file, tmp_path):
    job = config.load(Job, file)
    config.save(job, tmp_path / "saved.toml")
    assert config.load(Job, tmp_path / "saved.toml") == job


def test_a_file_that_extends_another_says_only_what_differs(file):
    child = file.with_name("child.toml")
    child.write_text('extends = "job.toml"\nfast = true\n[inner]\nrate = 2\n')
    assert config.load(Job, child) == Job(Path("here"), Inner(2.0, ("a",)), True)
    grandchild = file.with_name("grandchild.toml")
    grandchild.write_text('extends = "child.toml"\n[inner]\nnames = []\n')
    assert config.load(Job, grandchild, ["output=there"]) == Job(Path("there"), Inner(2.0, ()), True)


def test_a_single_value_is_a_list_of_one(file):
    assert config.load(Job, file, ["inner.names=b"]).inner.names == ("b",)
    with pytest.raises(ValueError, match=r"names = 3: expected str"):
        config.load(Job, file, ["inner.names=3"])


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("inner.speed=1", "unknown key 'speed'"),
        ("inner.rate=fast", "inner: rate = 'fast': expected float"),
        ("fast=1", "expected bool"),
        ("inner", "expected section.key=value"),
        ("output.x=1", "override 'output.x=1': output is a value, no section"),
    ],
)
def test_mistakes_are_told(file, override, message):
    with pytest.raises(ValueError, match=message):
        config.load(Job, file, [override])


def test_missing_keys_and_files_are_told(tmp_path):
    (tmp_path / "job.toml").write_text("[inner]\nrate = 1\n")
    with pytest.raises(ValueError, match="key 'output' is missing"):
        config.load(Job, tmp_path / "job.toml")
    with pytest.raises(ValueError, match="training/configs"):
        config.load(Job, tmp_path / "no.toml")


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        *((pretrain.Settings, n) for n in ("pretrain-4x256", "pretrain-8x512", "pretrain-6x320", "distil-6x320")),
        (finetune.Settings, "finetune"),
        (arguments.Settings, "arguments"),
    ],
)
def test_the_configurations_that_come_with_the_project_load(kind, name):
    config.load(kind, Path(f"training/configs/{name}.toml"))
