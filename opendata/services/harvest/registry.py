"""The source types that are installed, each loaded when it is first asked for."""

from collections.abc import Callable, Mapping
from functools import cached_property
from importlib.metadata import entry_points

from opendata.base.kit.errors import N_, Invalid
from opendata.services.harvest.contract import Harvester

GROUP = "opendata.harvesters"


class UnknownType(Invalid):
    code = "unknown_harvester"
    message = N_("Chưa cài loại nguồn này.")


class HarvesterTypes:
    """Harvesters by type. `loaders` give the class or an instance of each."""

    def __init__(self, loaders: Mapping[str, Callable[[], Harvester | type[Harvester]]]) -> None:
        self._loaders = loaders
        self._made: dict[str, Harvester] = {}

    @classmethod
    def installed(cls) -> "HarvesterTypes":
        """Those that distributions on this machine name in the entry point group, ours and others' alike."""
        return cls({point.name: point.load for point in entry_points(group=GROUP)})

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(sorted(self._loaders))

    def get(self, name: str) -> Harvester:
        """Raises `UnknownType`."""
        if name not in self._loaders:
            raise UnknownType(fields={"type": UnknownType.message})
        if name not in self._made:
            loaded = self._loaders[name]()
            self._made[name] = loaded() if isinstance(loaded, type) else loaded
        return self._made[name]
