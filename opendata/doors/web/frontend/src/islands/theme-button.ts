// Light or dark by hand; choosing what the system says anyway forgets the choice.
export function enableThemeButton(): void {
  const button = document.querySelector<HTMLButtonElement>(".theme-button");
  const system = matchMedia("(prefers-color-scheme: dark)");
  button?.addEventListener("click", () => {
    const root = document.documentElement;
    const dark = root.dataset["theme"] ? root.dataset["theme"] === "dark" : system.matches;
    const next = dark ? "light" : "dark";
    root.dataset["theme"] = next;
    try {
      if (system.matches === (next === "dark")) localStorage.removeItem("theme");
      else localStorage.setItem("theme", next);
    } catch {
      // A browser that stores nothing keeps the choice for this page.
    }
  });
}
