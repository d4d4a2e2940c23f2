// "Add another": copies the last group of a repeated field, emptied, with the next number in its names.
export function enableRepeating(): void {
  document.addEventListener("click", (event) => {
    const button = (event.target as Element).closest<HTMLButtonElement>("button[data-repeat]");
    const list = button && document.getElementById(button.dataset["repeat"] ?? "");
    const last = list?.lastElementChild;
    if (!list || !last) return;
    const copy = last.cloneNode(true) as HTMLElement;
    const next = list.children.length;
    for (const element of copy.querySelectorAll<HTMLElement>("[name], [id], [for], [aria-describedby]")) {
      for (const name of ["name", "id", "for", "aria-describedby"]) {
        const value = element.getAttribute(name);
        if (value) element.setAttribute(name, value.replace(/\.\d+\./, `.${next}.`));
      }
      if (element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement) element.value = "";
    }
    list.append(copy);
    copy.querySelector<HTMLElement>("input, select, textarea")?.focus();
  });
}
