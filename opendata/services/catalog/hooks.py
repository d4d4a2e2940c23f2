"""What plugins can hook into. Found through the entry point group `opendata.plugins`."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import pluggy

from opendata.base.runtime import Work

GROUP = "opendata.plugins"
hookspec = pluggy.HookspecMarker("opendata")
hookimpl = pluggy.HookimplMarker("opendata")


@dataclass(frozen=True, slots=True)
class Visit:
    """One reading request: who asks stands in `work.caller`; `parts` are the values of the path's
    placeholders, `args` those of its query; `base_url` has no slash at its end."""

    work: Work
    parts: Mapping[str, str]
    args: Mapping[str, str]
    language: str
    base_url: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent; caching and security headers are the portal's."""

    body: bytes
    content_type: str


@dataclass(frozen=True, slots=True)
class Route:
    """A page or file for readers. `path` begins with a slash and may hold `<name>` placeholders.

    The view sees what its caller may see; errors of the portal pass through it.
    """

    path: str
    view: Callable[[Visit], Answer]


class Specs:
    """The hooks; each is optional."""

    @hookspec
    def opendata_routes(self) -> Iterable[Route]:
        """Routes to add, asked for once at start."""
        raise NotImplementedError


@dataclass(slots=True)
class Plugins:
    """The installed plugins. `names` in order of installation."""

    manager: pluggy.PluginManager
    names: list[str] = field(default_factory=list)

    @classmethod
    def installed(cls) -> "Plugins":
        manager = pluggy.PluginManager("opendata")
        manager.add_hookspecs(Specs)
        manager.load_setuptools_entrypoints(GROUP)
        return cls(manager, [name for name, _ in manager.list_name_plugin()])

    def routes(self) -> list[Route]:
        return [route for routes in self.manager.hook.opendata_routes() for route in routes]
