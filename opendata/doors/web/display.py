"""What templates call to show things: texts in two languages, numbers, dates, addresses, icons.

`install` puts the functions into a Jinja environment once. They read the language of the page from a
context variable rather than from an argument, so that macros can be imported without context and
Jinja keeps them compiled.
"""

import datetime as dt
import gettext as gettext_module
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from jinja2 import Environment
from markupsafe import Markup, escape

from opendata.base.i18n.catalogue import pick, translations
from opendata.base.kit.clock import CITY_ZONE
from opendata.base.kit.vocabularies import Vocabularies
from opendata.doors.web import forms
from opendata.doors.web.drawing import histogram, share_bar, sparkline
from opendata.doors.web.static_files import StaticFiles

NO_BREAK = "\N{NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"

PATHS = {
    "home": "/",
    "datasets": "/datasets",
    "dataset": "/dataset/{}",
    "history": "/dataset/{}/history",
    "resource": "/dataset/{}/resource/{}",
    "organizations": "/organizations",
    "organization": "/organization/{}",
    "topics": "/topics",
    "topic": "/topic/{}",
    "about": "/about",
    "api": "/docs/api",
    "design": "/docs/design",
    "sign-in": "/sign-in",
    "sign-in-code": "/sign-in/code",
    "sign-in-provider": "/sign-in/provider",
    "sign-out": "/sign-out",
    "account": "/account",
    "security": "/account/security",
    "consents": "/account/apps",
    "sign-up": "/sign-up",
    "embedded-sign-up": "/embed/signup",
    "confirm": "/confirm",
    "forgot": "/forgot",
    "reset": "/reset",
    "invitation": "/invitation",
    "developers": "/developers",
    "apps": "/developers/apps",
    "app": "/developers/apps/{}",
    "client": "/developers/apps/{}/client",
    "usage": "/developers/apps/{}/usage",
    "subscriptions": "/developers/apps/{}/subscriptions",
    "webhooks": "/developers/apps/{}/webhooks",
    "transfers": "/developers/apps/transfers",
    "notices": "/account/notices",
    "products": "/products",
    "product": "/products/{}",
    "desk-usage": "/desk/usage",
    "requests": "/desk/requests",
    "edit-product": "/desk/products/{}",
    "blocks": "/operator/blocks",
    "operator-usage": "/operator/usage",
    "team": "/developers/organizations/{}",
    "new-team": "/developers/organizations",
    "desk": "/desk",
    "new-dataset": "/desk/datasets/new",
    "edit": "/desk/datasets/{}/edit",
    "files": "/desk/datasets/{}/files",
    "file": "/desk/datasets/{}/files/{}",
    "workflow": "/desk/datasets/{}/workflow",
    "sources": "/operator/harvest",
    "new-source": "/operator/harvest/new",
    "source": "/operator/harvest/{}",
    "preview": "/operator/harvest/{}/preview/{}",
    "run": "/operator/harvest/{}/runs/{}",
    "quarantine": "/operator/harvest/{}/quarantine",
}
"""Page kinds to paths: the one place where the addresses of pages are written for templates."""

_language: ContextVar[str] = ContextVar("page_language", default="vi")


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Everything shown inside is in `language`."""
    token = _language.set(language)
    try:
        yield
    finally:
        _language.reset(token)


def speak(language: str) -> None:
    """Set the language of the page for the rest of this request."""
    _language.set(language)


def language() -> str:
    return _language.get()


def install(env: Environment, *, vocabularies: Vocabularies, static: StaticFiles) -> None:
    """Give `env` the functions below and gettext in the language of the page."""
    env.trim_blocks = True
    env.lstrip_blocks = True
    env.add_extension("jinja2.ext.i18n")
    env.add_extension("jinja2.ext.do")
    env.install_gettext_callables(  # type: ignore[attr-defined]  # comes with the extension
        lambda text: _catalogue().gettext(text),
        lambda one, many, n: _catalogue().ngettext(one, many, n),
        newstyle=True,
    )
    env.globals.update(
        t=t,
        language=language,
        url=url,
        to=to,
        in_language=in_language,
        number=number,
        date=date,
        moment=moment,
        iso=iso,
        filesize=filesize,
        percent=percent,
        vocab=vocabularies,
        static=static.address,
        icon=static.icon,
        icon_names=lambda: sorted(static.icons),
        sparkline=sparkline,
        histogram=histogram,
        share_bar=share_bar,
    )
    env.globals.update(
        term_pairs=forms.term_choices(vocabularies),
        column_types=lambda: forms.column_types(_catalogue().gettext),
        replaceable=lambda resources: forms.replaceable(resources, language()),
    )
    env.filters["attr_text"] = attr_text
    env.filters["said"] = said


def said(text: str) -> str:
    """A text that may be a message id, in the language of the page. Unlike `_(…)` in a template it trusts
    nothing: people write reasons, sources write remarks."""
    return _catalogue().gettext(text)


def _catalogue() -> gettext_module.NullTranslations:
    return translations(language())


@dataclass(frozen=True, slots=True)
class Said:
    """A text and the language it is in; shown, it carries `lang` where that is not the page's."""

    text: str
    lang: str

    def __html__(self) -> str:
        return str(self.around(escape(self.text)))

    def around(self, shown: Markup) -> Markup:
        """`shown`, a form of this text, carrying `lang` where it is needed."""
        if self.lang == language() or not self.text:
            return shown
        return Markup('<span lang="{}">{}</span>').format(self.lang, shown)

    def __str__(self) -> str:
        return self.text

    def __bool__(self) -> bool:
        return bool(self.text)


def t(text: Mapping[str, str] | str | None) -> Said:
    """A language map in the language of the page, else in the one there is."""
    if isinstance(text, str):
        return Said(text, language())
    shown = pick(text, language())
    spoken = next((lang for lang, said in (text or {}).items() if said == shown), language())
    return Said(shown, language() if (text or {}).get(language()) == shown else spoken)


def attr_text(value: Said | str) -> str:
    """The bare text, for attributes."""
    return value.text if isinstance(value, Said) else str(value)


# --- addresses ------------------------------------------------------------------------------------


def url(path: str) -> str:
    """A path of this site in the language of the page."""
    return in_language(language(), path)


def in_language(lang: str, path: str) -> str:
    """Vietnamese addresses have no prefix, English ones stand under /en."""
    if lang == "vi":
        return path
    return f"/{lang}" if path == "/" else f"/{lang}{path}"


def to(page: str, *parts: str) -> str:
    """The address of a page by its kind: `to("dataset", slug)`."""
    return url(PATHS[page].format(*(quote(str(part), safe="") for part in parts)))


# --- numbers and dates ----------------------------------------------------------------------------


def with_query(address: str, pairs: Iterable[tuple[str, str]]) -> str:
    """`address` with a query string, or as it is when there are no pairs."""
    query = urlencode(list(pairs))
    return f"{address}?{query}" if query else address


def number(value: float | str | None, decimals: int | None = None) -> str:
    """Grouped as the page's language does it: 1.234.567,5 in Vietnamese, 1,234,567.5 in English."""
    if value is None or isinstance(value, str):
        return value or ""
    text = f"{abs(value):,}" if decimals is None else f"{abs(value):,.{decimals}f}"
    if language() == "vi":
        text = text.translate(str.maketrans(",.", ".,"))
    return f"{MINUS}{text}" if value < 0 else text


def percent(value: float, decimals: int = 0) -> str:
    return f"{number(value, decimals)}{NO_BREAK}%"


def filesize(size: int | None) -> str:
    """Bytes in the unit that leaves at most three digits before the decimal sign."""
    if size is None:
        return ""
    amount, unit = float(size), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if amount < 1000:
            break
        amount, unit = amount / 1000, larger
    return f"{number(amount, 0 if unit == 'B' or amount >= 100 else 1)}{NO_BREAK}{unit}"


def date(value: str | dt.date | None) -> str:
    """A date with the precision it came with: year, month or day. Instants become the city's day."""
    if not value:
        return ""
    parts = _local(value)[:10].split("-")
    if not all(part.isascii() and part.isdigit() for part in parts) or not 1 <= int((*parts, "1")[1]) <= 12:
        return str(value)
    if language() == "vi":
        return "/".join(reversed(parts))
    if len(parts) == 1:
        return parts[0]
    month = MONTHS[int(parts[1]) - 1]
    return f"{month} {parts[0]}" if len(parts) == 2 else f"{int(parts[2])} {month} {parts[0]}"


MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def moment(value: str | dt.date | None) -> str:
    """Day and minute in the city's time."""
    if not value:
        return ""
    local = _local(value)
    return f"{date(local[:10])} {local[11:16]}".rstrip()


def iso(value: str | dt.date | None) -> str:
    """For the `datetime` attribute."""
    if isinstance(value, dt.date):
        return value.isoformat()
    return value or ""


def _local(value: str | dt.date) -> str:
    """ISO text; instants in the city's zone."""
    if isinstance(value, str) and "T" in value:
        try:
            value = dt.datetime.fromisoformat(value)
        except ValueError:
            return str(value)
    if isinstance(value, dt.datetime) and value.tzinfo is not None:
        with suppress(OverflowError):  # at the ends of the calendar
            value = value.astimezone(CITY_ZONE)
    return value if isinstance(value, str) else value.isoformat()
