"""One name for what sockets, TLS and HTTP raise."""

import http.client
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import urllib3.exceptions
from urllib3.util.ssl_match_hostname import CertificateError

from opendata.base.kit.fetch import errors


@contextmanager
def named_failures(where: str) -> Iterator[None]:
    """Turns what goes wrong inside into FetchError; programming errors pass."""
    try:
        yield
    except errors.FetchError:
        raise
    except (OSError, http.client.HTTPException, urllib3.exceptions.HTTPError, CertificateError) as error:
        raise _named(error, where) from error


def _named(error: Exception, where: str) -> errors.FetchError:
    cause = error.__cause__ or error.__context__
    slow = (TimeoutError, urllib3.exceptions.TimeoutError)
    if isinstance(error, slow) or isinstance(cause, slow):
        return errors.TooSlow(where)
    if isinstance(error, (ssl.SSLError, CertificateError, urllib3.exceptions.SSLError)):
        return errors.TlsFailed(where, str(error)[:200])
    if isinstance(error, (urllib3.exceptions.HTTPError, http.client.IncompleteRead)):
        return errors.BodyCut(where, type(error).__name__)
    return errors.Unreachable(where, type(error).__name__)
