/** How the Admin UI is built: hashed files below /admin/, each with a brotli copy beside it for the gateway to serve. */
/// <reference types="node" />
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

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

/** The screens whose sizes are kept within bounds (tests/browser/test_budgets.py), by the module that begins them. */
const MEASURED = { shell: ["/index.html", "src/words/en.json"], first_list: ["/index.html", "src/words/en.json", "src/features/records/page.tsx"] };

/** Writes how many bytes a browser fetches, compressed, until each of the measured screens is there. */
function sizes(): Plugin {
  let folder = "";
  const fetched: Record<string, string[]> = {};
  return {
    name: "sizes",
    apply: "build",
    configResolved(config) {
      folder = config.build.outDir;
    },
    generateBundle(_options, bundle) {
      const chunks = Object.values(bundle).filter((each) => each.type === "chunk");
      for (const [screen, modules] of Object.entries(MEASURED)) {
        const waiting = chunks.filter((chunk) => modules.some((name) => chunk.facadeModuleId?.endsWith(name))).map((chunk) => chunk.fileName);
        const files = new Set<string>();
        for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
          const chunk = chunks.find((each) => each.fileName === name);
          if (!chunk || files.has(name)) continue;
          files.add(name);
          for (const style of chunk.viteMetadata?.importedCss ?? []) files.add(style);
          waiting.push(...chunk.imports);
        }
        fetched[screen] = [...files];
      }
    },
    closeBundle() {
      const bytes = (file: string) => (existsSync(join(folder, `${file}.br`)) ? statSync(join(folder, `${file}.br`)) : statSync(join(folder, file))).size;
      const sums = Object.fromEntries(Object.entries(fetched).map(([screen, files]) => [screen, { bytes: files.reduce((sum, file) => sum + bytes(file), 0), files }]));
      writeFileSync(join(folder, "sizes.json"), JSON.stringify(sums, null, 2));
    },
  };
}

export default defineConfig({
  base: "/admin/",
  plugins: [react(), brotliCopies(), sizes()],
  build: { target: "es2023", sourcemap: false, modulePreload: { polyfill: false } },
  server: { proxy: { "/api": SERVER } },
});
