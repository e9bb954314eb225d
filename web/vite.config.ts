// Builds one HTML file with everything in it; explore.py puts title, data and the still picture where the comments
// `mobility:...` stand. The content security policy names the script and the style by their hashes.
import { createHash } from "node:crypto";
import { readFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { defineConfig, type Plugin } from "vite";

const root = import.meta.dirname;

function hash(text: string): string {
  return `'sha256-${createHash("sha256").update(text, "utf8").digest("base64")}'`;
}

/** Texts of the licences of what is bundled; they have to travel with it. */
function licences(): string {
  const seen = new Set<string>();
  const texts: string[] = [];
  const visit = (name: string): void => {
    const folder = join(root, "node_modules", name);
    if (seen.has(name) || name.startsWith("@types/") || !existsSync(folder)) return;
    seen.add(name);
    const about = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const file = ["LICENSE.txt", "LICENSE", "LICENSE.md", "LICENCE"].find((f) => existsSync(join(folder, f)));
    const text = file ? readFileSync(join(folder, file), "utf8").trim() : "";
    texts.push(`${about.name} ${about.version} (${about.license})\n\n${text}`);
    Object.keys(about.dependencies ?? {}).sort().forEach(visit);
  };
  visit("maplibre-gl");
  return texts.join("\n\n----------\n\n");
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function onePage(): Plugin {
  return {
    name: "one-page",
    enforce: "post",
    generateBundle(_, bundle) {
      let script = "";
      let style = "";
      for (const [name, item] of Object.entries(bundle)) {
        if (item.type === "chunk") script += item.code;
        else if (name.endsWith(".css")) style += item.source;
        else this.error(`unexpected file ${name}: the page must be whole`);
        delete bundle[name];
      }
      // neither may end its element early
      script = script.replaceAll("</script", "<\\/script").replaceAll("<!--", "<\\!--").trim();
      style = style.replaceAll("</style", "<\\/style").trim();
      const policy = [
        "default-src 'none'",
        `script-src ${hash(script)}`,
        `style-src ${hash(style)}`,
        "worker-src blob:",
        "connect-src blob:",
        "img-src data: blob:",
        "base-uri 'none'",
        "form-action 'none'",
      ].join("; ");
      const parts: Record<string, string> = { policy, style, script, licences: escape(licences()) };
      const page = readFileSync(join(root, "page.html"), "utf8");
      const source = page.replace(/<!--build:(\w+)-->/g, (_all, part: string) => parts[part] ?? this.error(part));
      this.emitFile({ type: "asset", fileName: "explore.html", source });
    },
  };
}

export default defineConfig({
  root,
  plugins: [onePage()],
  build: {
    target: "es2022",
    outDir: join(root, "../src/mobility/web"),
    emptyOutDir: false,
    assetsInlineLimit: Number.MAX_SAFE_INTEGER,
    cssCodeSplit: false,
    modulePreload: false,
    reportCompressedSize: false,
    chunkSizeWarningLimit: 4000,
    rolldownOptions: { input: join(root, "src/main.ts"), output: { codeSplitting: false } },
  },
});
