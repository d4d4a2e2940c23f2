// Builds the static files of the pages: `node build.mjs <out>`.
// Every file name carries a hash of its content, so a page and its style sheet can never disagree and
// everything may be cached for ever; manifest.json maps plain names to hashed ones, icons.json holds
// the drawings of the icons for the templates.
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { basename, join, parse } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";

const here = import.meta.dirname;
const out = process.argv[2];
const entries = ["src/site.ts", "src/theme.ts", "src/reference.ts", "styles/site.css", "styles/design.css", "styles/reference.css"];

await mkdir(out, { recursive: true });
const result = await build({
  absWorkingDir: here,
  entryPoints: entries,
  outdir: out,
  bundle: true,
  minify: true,
  format: "iife",
  target: ["es2022", "chrome119", "firefox121", "safari17"],
  charset: "utf8",
  entryNames: "[name]-[hash]",
  assetNames: "[name]-[hash]",
  loader: { ".woff2": "file", ".svg": "file" },
  legalComments: "linked",
  metafile: true,
  logLevel: "warning",
});

const manifest = {};
for (const [path, made] of Object.entries(result.metafile.outputs)) {
  const source = made.entryPoint ?? Object.keys(made.inputs)[0];
  if (!source || path.endsWith(".LEGAL.txt")) continue;
  manifest[basename(source).replace(/\.ts$/, ".js")] = basename(path);
}

for (const file of await readdir(join(here, "public"))) {
  const bytes = await readFile(join(here, "public", file));
  const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 8).toUpperCase();
  const { name, ext } = parse(file);
  manifest[file] = `${name}-${hash}${ext}`;
  await writeFile(join(out, manifest[file]), bytes);
}

const icons = {};
for (const [name, drawing] of Object.entries(JSON.parse(await readFile(join(here, "icons.json"), "utf8")))) {
  const svg = await readFile(join(here, `node_modules/heroicons/24/outline/${drawing}.svg`), "utf8");
  icons[name] = svg.replace(/^[^>]*>|<\/svg>\s*$/g, "").replace(/\s+/g, " ").replace(/ stroke="[^"]*"/g, "").trim();
}

// Compressed once here instead of at each request.
for (const file of Object.values(manifest).filter((name) => /\.(css|js|svg)$/.test(name))) {
  const bytes = await readFile(join(out, file));
  await writeFile(join(out, `${file}.br`), brotliCompressSync(bytes));
  await writeFile(join(out, `${file}.gz`), gzipSync(bytes, { level: 9 }));
}

const before = await readFile(join(out, "manifest.json"), "utf8").then(JSON.parse, () => ({}));
await writeFile(join(out, "icons.json"), JSON.stringify(icons));
await writeFile(join(out, "manifest.json"), JSON.stringify(manifest, null, 1));

// The build before this one stays: a page opened before an upgrade still finds its files.
const kept = new Set([...Object.values(manifest), ...Object.values(before), "manifest.json", "icons.json", "built"]);
for (const file of await readdir(out)) {
  if (!kept.has(file.replace(/\.(LEGAL\.txt|br|gz)$/, ""))) await rm(join(out, file), { recursive: true });
}
