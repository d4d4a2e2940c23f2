"""`python -m opendata` is `opendata`."""

from opendata.doors.cli import main

main()
