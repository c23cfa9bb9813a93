"""The data files of this package."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import yaml

__all__ = ["data_files", "read_yaml"]

# The C parser is ten times as fast, where libyaml was there when PyYAML was built.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def data_files(stem: str) -> list[str]:
    """The YAML files of that name: the rules' own, then one a language ("dosing.es.yaml")."""
    names = (f.name for f in files(__package__).iterdir())
    found = [n for n in names if n.startswith(f"{stem}.") and n.endswith(".yaml")]
    return sorted(found, key=lambda n: (n.count("."), n))


def read_yaml(name: str) -> dict[str, Any]:
    """Read one YAML file of the package."""
    data: dict[str, Any] = yaml.load(files(__package__).joinpath(name).read_bytes(), _LOADER)
    return data
