"""Which function makes which dataset."""

from opendata.demo.making import ports
from opendata.demo.making.city import Maker

MAKERS: dict[str, Maker] = {
    "D10": ports.cargo,
    "D12": ports.berths,
}
