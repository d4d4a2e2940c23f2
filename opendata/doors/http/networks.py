"""Networks behind which many people share an address: schools, offices. Each address counts as several."""

from collections.abc import Mapping
from functools import lru_cache
from typing import cast

from flask import Flask, current_app

from opendata.base.kit.errors import Invalid
from opendata.base.kit.networks import read_factors
from opendata.doors.http import address

EXTENSION = "opendata.networks"


class Networks:
    """`listed` maps networks to factors; of several that fit, the narrowest counts. Raises `Invalid`."""

    def __init__(self, listed: Mapping[str, int]) -> None:
        try:
            self._listed = read_factors(listed)
        except ValueError as error:
            raise Invalid(fields={"network_multipliers": str(error)}) from error
        self.factor = lru_cache(maxsize=20_000)(self._factor)

    def _factor(self, remote: str | None) -> int:
        """As how many addresses this one counts."""
        here = address.canonical(remote)
        if here is None:
            return 1
        fitting = (
            factor for network, factor in self._listed if here.version == network.version and here in network
        )
        return next(fitting, 1)


def install(app: Flask, networks: Networks) -> None:
    app.extensions[EXTENSION] = networks


def factor(remote: str | None) -> int:
    """As how many addresses this one counts, in the portal that serves the request."""
    return cast("Networks", current_app.extensions[EXTENSION]).factor(remote)
