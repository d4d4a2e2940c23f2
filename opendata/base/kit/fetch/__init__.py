"""The one guarded HTTP client: every call to an address that came from outside goes through here."""
