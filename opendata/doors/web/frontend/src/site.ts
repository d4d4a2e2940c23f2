// Everything here makes a page quicker; no page needs it to be read, searched or downloaded.
import "htmx.org/dist/htmx.esm.js";
import { enableCopying } from "./islands/copy";
import { enableSearchKeys } from "./islands/focus";
import { enableSuggestions } from "./islands/suggest";
import { enableThemeButton } from "./islands/theme-button";
import { enableRepeating } from "./islands/repeat";

enableCopying();
enableSearchKeys();
enableThemeButton();
enableRepeating();
for (const form of document.querySelectorAll<HTMLFormElement>("form[data-suggest]")) enableSuggestions(form);
