"""The OAuth2 authorization server, on Authlib and without a web framework.

Every endpoint is a function from a `Request` to an `Answer`; a door carries both over HTTP.
"""
