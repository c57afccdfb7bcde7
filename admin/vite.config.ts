/** How the Admin UI is built: hashed files below /admin/, each with a brotli copy beside it for the gateway to serve. */
/// <reference types="node" />
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
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

export default defineConfig({
  base: "/admin/",
  plugins: [react(), brotliCopies()],
  build: { target: "es2023", sourcemap: false, modulePreload: { polyfill: false } },
  server: { proxy: { "/api": SERVER } },
});
