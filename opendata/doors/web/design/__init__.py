"""The living page of the visual system, and every page with made-up content.

`/docs/design` shows each part of the interface in the language and theme of the visitor. The same
samples draw whole pages without a database, for looking at them while they are being drawn:

    python -m opendata.doors.web.design [port]
"""

from opendata.doors.web.design.pages import design_context

__all__ = ["design_context"]
