"""Puts the built static files of the pages into a wheel. An editable install leaves them alone."""

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class StaticFiles(BuildHookInterface):  # type: ignore[misc,type-arg,unused-ignore]
    """Calls the same build as `python tools/build_static.py`."""

    def dependencies(self) -> list[str]:
        """Node as a Python package where neither built files nor a system Node are at hand."""
        static = load_build(Path(self.root))
        return [] if static.is_fresh() or static.system_node() else [static.NODE_PACKAGE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        if version != "editable":
            load_build(Path(self.root)).build()


def load_build(root: Path) -> ModuleType:
    """`tools/` is no package: load the file itself."""
    spec = importlib.util.spec_from_file_location("build_static", root / "tools/build_static.py")
    if spec is None or spec.loader is None:
        raise FileNotFoundError(root / "tools/build_static.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
