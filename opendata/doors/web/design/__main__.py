"""Serves every sample page on this machine alone."""

import sys

from opendata.doors.web.design.site import sample_site

sample_site().run(port=int(sys.argv[1]) if len(sys.argv) > 1 else 8099)
