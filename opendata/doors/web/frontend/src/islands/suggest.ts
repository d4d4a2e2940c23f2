// Suggestions under the search box: a combobox after the ARIA pattern. The answer of
// /api/v1/suggest is {"data": [{"kind", "text", "slug"}]}; whatever else comes is ignored. The form
// says how the kinds are called and what stands before paths in the language of the page.
interface Suggestion {
  label: string;
  note: string;
  url?: string;
}

const PAGES: Record<string, string> = { dataset: "/dataset/", organization: "/organization/", topic: "/topic/" };

const PAUSE_MS = 120;

export function enableSuggestions(form: HTMLFormElement): void {
  const found = form.querySelector<HTMLInputElement>("input[type=search]");
  const address = form.dataset["suggest"];
  if (!found || !address) return;
  const input = found;
  const list = document.createElement("ul");
  list.id = `${input.id}-list`;
  list.className = "suggestions";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", form.dataset["suggestLabel"] ?? "");
  form.append(list);
  input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-controls", list.id);
  input.setAttribute("aria-expanded", "false");
  input.setAttribute("autocomplete", "off");

  let current = -1;
  let shown: Suggestion[] = [];
  let asked: AbortController | undefined;
  let timer = 0;

  function close(): void {
    asked?.abort();
    clearTimeout(timer);
    list.replaceChildren();
    shown = [];
    current = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function mark(next: number): void {
    list.children[current]?.setAttribute("aria-selected", "false");
    current = next;
    const option = list.children[current];
    option?.setAttribute("aria-selected", "true");
    option?.scrollIntoView({ block: "nearest" });
    if (option) input.setAttribute("aria-activedescendant", option.id);
    else input.removeAttribute("aria-activedescendant");
  }

  function choose(suggestion: Suggestion): void {
    if (suggestion.url) {
      location.assign(suggestion.url);
      return;
    }
    input.value = suggestion.label;
    close();
    form.requestSubmit();
  }

  function show(suggestions: Suggestion[]): void {
    shown = suggestions;
    current = -1;
    list.replaceChildren(...suggestions.map(option));
    input.setAttribute("aria-expanded", String(suggestions.length > 0));
    input.removeAttribute("aria-activedescendant");
  }

  function option(suggestion: Suggestion, index: number): HTMLLIElement {
    const item = document.createElement("li");
    item.id = `${list.id}-${index}`;
    item.setAttribute("role", "option");
    item.setAttribute("aria-selected", "false");
    const label = document.createElement("span");
    label.textContent = suggestion.label;
    const note = document.createElement("span");
    note.textContent = suggestion.note;
    item.append(label, note);
    item.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      choose(suggestion);
    });
    return item;
  }

  async function ask(): Promise<void> {
    const typed = input.value.trim();
    asked?.abort();
    if (typed.length < 2) return close();
    asked = new AbortController();
    try {
      const query = new URLSearchParams({ q: typed, lang: document.documentElement.lang });
      const answer = await fetch(`${address}?${query}`, { signal: asked.signal, headers: { Accept: "application/json" } });
      if (answer.ok && input.value.trim() === typed) show(read(await answer.json(), form.dataset));
    } catch {
      // Typing on, or no network: the box still searches by Enter.
    }
  }

  input.addEventListener("input", (event) => {
    // While an input method composes a word the text is not yet what the person means.
    if ((event as InputEvent).isComposing) return;
    clearTimeout(timer);
    timer = setTimeout(ask, PAUSE_MS);
  });
  input.addEventListener("compositionend", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, PAUSE_MS);
  });
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) {
      if (event.key === "Enter") event.preventDefault();
      return;
    }
    if (event.key === "Escape" && shown.length) {
      event.preventDefault();
      close();
    } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && shown.length) {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      const places = shown.length + 1;
      mark(((current + 1 + step + places) % places) - 1);
    } else if (event.key === "Enter") {
      const suggestion = shown[current];
      if (!suggestion) return close();
      event.preventDefault();
      choose(suggestion);
    }
  });
  input.addEventListener("blur", () => setTimeout(close, 150));
}

function read(answer: unknown, words: DOMStringMap): Suggestion[] {
  const data = (answer as { data?: unknown }).data;
  if (!Array.isArray(data)) return [];
  return data.slice(0, 8).flatMap((entry: unknown) => {
    if (typeof entry !== "object" || entry === null) return [];
    const { kind, text, slug } = entry as Record<string, unknown>;
    if (typeof text !== "string" || typeof kind !== "string") return [];
    const place = PAGES[kind];
    const url = place && typeof slug === "string" ? `${words["base"] ?? ""}${place}${encodeURIComponent(slug)}` : undefined;
    return [{ label: text, note: words[kind] ?? "", url }];
  });
}
