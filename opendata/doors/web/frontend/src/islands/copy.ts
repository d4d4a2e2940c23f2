// A copy button names the element whose text it takes; the answer is said in its own label.
export function enableCopying(): void {
  document.addEventListener("click", async (event) => {
    const button = (event.target as Element).closest<HTMLButtonElement>("button[data-copy]");
    if (!button) return;
    const source = document.getElementById(button.dataset["copy"] ?? "");
    const label = button.querySelector("span");
    if (!source || !label) return;
    const text = source instanceof HTMLInputElement ? source.value : (source.textContent ?? "");
    try {
      await navigator.clipboard.writeText(text.trim());
    } catch {
      select(source);
      return;
    }
    const before = label.textContent;
    label.textContent = button.dataset["done"] ?? before;
    setTimeout(() => (label.textContent = before), 2000);
  });
}

// Without a clipboard (plain http), the text is at least marked for Ctrl-C.
function select(element: Element): void {
  const range = document.createRange();
  range.selectNodeContents(element);
  const selection = getSelection();
  selection?.removeAllRanges();
  selection?.addRange(range);
}
