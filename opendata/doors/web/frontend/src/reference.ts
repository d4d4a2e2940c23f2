// "Try it" on the reference page: sends the call a form describes and shows what came back.
const MOST_CHARACTERS = 100_000;

interface Call {
  address: string;
  method: string;
  headers: Record<string, string>;
  body?: string;
}

const page = document.querySelector<HTMLElement>(".reference");

function read(form: HTMLFormElement): Call {
  let path = form.dataset["path"] ?? "";
  const query = new URLSearchParams();
  const call: Call = { address: "", method: form.dataset["try"] ?? "GET", headers: { Accept: "application/json" } };
  for (const control of form.querySelectorAll<HTMLInputElement>("[data-place]")) {
    const value = control.value.trim();
    if (!value) continue;
    if (control.dataset["place"] === "path") path = path.replace(`{${control.name}}`, encodeURIComponent(value));
    else if (control.dataset["place"] === "query") query.append(control.name, value);
    else if (control.dataset["place"] === "header") call.headers[control.name] = value;
    else {
      call.body = value;
      call.headers["Content-Type"] = "application/json";
    }
  }
  const text = query.toString();
  call.address = path + (text ? `?${text}` : "");
  return call;
}

// The call as a line for a terminal; quotes inside are closed and reopened as a shell wants it.
function asCurl(call: Call): string {
  const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;
  const parts = [`curl${call.method === "GET" ? "" : ` -X ${call.method}`} ${quoted((page?.dataset["server"] ?? "") + call.address)}`];
  for (const [name, value] of Object.entries(call.headers)) {
    if (name !== "Accept") parts.push(`-H ${quoted(`${name}: ${value}`)}`);
  }
  if (call.body) parts.push(`-d ${quoted(call.body)}`);
  return parts.join(" \\\n  ");
}

async function send(form: HTMLFormElement): Promise<void> {
  const output = form.querySelector("output");
  const status = output?.querySelector<HTMLElement>(".try-status");
  const code = output?.querySelector("code");
  if (!output || !status || !code) return;
  const call = read(form);
  output.hidden = false;
  status.textContent = form.dataset["busy"] ?? "…";
  code.textContent = "";
  const headers = new Headers(call.headers);
  const token = page?.dataset["token"];
  if (call.method !== "GET" && token) headers.set("X-CSRF-Token", token);
  const started = performance.now();
  try {
    const answer = await fetch(call.address, { method: call.method, headers, body: call.body ?? null });
    const text = await answer.text();
    const ms = Math.round(performance.now() - started);
    status.textContent = `${answer.status} ${answer.statusText} · ${ms} ms · ${answer.headers.get("Content-Type") ?? ""}`;
    code.textContent = pretty(text).slice(0, MOST_CHARACTERS);
  } catch {
    status.textContent = form.dataset["failed"] ?? "";
  }
}

function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

// A link to an object opens it.
function openTarget(): void {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target instanceof HTMLDetailsElement) target.open = true;
}
addEventListener("hashchange", openTarget);
openTarget();

for (const form of document.querySelectorAll<HTMLFormElement>("form[data-try]")) {
  const line = document.getElementById(form.dataset["call"] ?? "");
  form.addEventListener("input", () => {
    if (line) line.textContent = asCurl(read(form));
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void send(form);
  });
}
