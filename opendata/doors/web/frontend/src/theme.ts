// Runs before the first paint, so that a chosen theme never flashes; the choice stays in this browser.
const chosen = (() => {
  try {
    return localStorage.getItem("theme");
  } catch {
    return null;
  }
})();
const root = document.documentElement;
if (chosen === "light" || chosen === "dark") root.dataset["theme"] = chosen;
root.classList.add("scripted");
