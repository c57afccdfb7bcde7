/** How the Admin UI is built: hashed files below /admin/, each with a brotli copy beside it for the gateway to serve. */
/// <reference types="node" />
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";
import { wordsOf } from "./src/words/parts.ts";

const SERVER = process.env["ROCKET_URL"] ?? "http://localhost:8080";
const COMPRESSIBLE = /\.(js|css|svg|html|json)$/;
const MIN_BYTES = 1024;

function brotliCopies(): Plugin {
  let folder = "";
  return {
    name: "brotli-copies",
    apply: "build",
    configResolved(config) {
      folder = config.build.outDir;
    },
    closeBundle() {
      for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
        const path = join(entry.parentPath, entry.name);
        if (!entry.isFile() || !COMPRESSIBLE.test(entry.name)) continue;
        const bytes = readFileSync(path);
        if (bytes.length >= MIN_BYTES) writeFileSync(`${path}.br`, brotliCompressSync(bytes));
      }
    },
  };
}

/** Cuts the words of a language into the two parts of src/words/parts.ts: `en.json?first` and `en.json?rest`. */
function partsOfWords(): Plugin {
  return {
    name: "parts-of-words",
    enforce: "pre",
    load(id) {
      const [path, part] = id.split("?");
      if (!path!.endsWith(".json") || (part !== "first" && part !== "rest")) return null;
      this.addWatchFile(path!);
      const words = wordsOf(part, JSON.parse(readFileSync(path!, "utf8")) as Record<string, string>);
      return { code: `export default ${JSON.stringify(words)}`, moduleType: "js" };
    },
  };
}

/** The screens whose sizes are kept within bounds (tests/browser/test_budgets.py), by the module that begins them. */
const SHELL = ["index.html", "src/words/en.json?first"];
const MEASURED = { shell: SHELL, first_list: [...SHELL, "src/features/records/page.tsx"] };

interface ManifestEntry {
  file: string;
  css?: string[];
  imports?: string[];
}

/** Writes how many bytes a browser fetches, compressed, until each of the measured screens is there. */
function sizes(): Plugin {
  let folder = "";
  return {
    name: "sizes",
    apply: "build",
    configResolved(config) {
      folder = config.build.outDir;
    },
    closeBundle() {
      const manifest = JSON.parse(readFileSync(join(folder, ".vite/manifest.json"), "utf8")) as Record<string, ManifestEntry>;
      const sums = Object.entries(MEASURED).map(([screen, modules]) => [screen, filesOf(manifest, modules).reduce((sum, file) => sum + brotliCompressSync(readFileSync(join(folder, file))).length, 0)]);
      writeFileSync(join(folder, "sizes.json"), JSON.stringify(Object.fromEntries(sums), null, 2));
    },
  };
}

/** The files of modules and of all that they import; what they import later is not among them. */
function filesOf(manifest: Record<string, ManifestEntry>, modules: string[]): string[] {
  const waiting = [...modules];
  const seen = new Set<string>();
  const files = new Set<string>();
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    const entry = manifest[name];
    if (!entry || seen.has(name)) continue;
    seen.add(name);
    for (const file of [entry.file, ...(entry.css ?? [])]) files.add(file);
    waiting.push(...(entry.imports ?? []));
  }
  return [...files];
}

export default defineConfig({
  base: "/admin/",
  plugins: [partsOfWords(), react(), brotliCopies(), sizes()],
  build: { target: "es2023", sourcemap: false, manifest: true, modulePreload: { polyfill: false } },
  server: { proxy: { "/api": SERVER } },
});
