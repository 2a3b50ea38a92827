// Compile the styles: amana.scss → ../static/amana/amana.css and amana.rtl.css, both minified.
// Run by `npm run build`; the results are not in git.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import rtlcss from "rtlcss";
import * as sass from "sass";

const here = dirname(fileURLToPath(import.meta.url));
const modules = resolve(here, "../../../../node_modules");
const out = resolve(here, "../static/amana");

const { css } = sass.compile(resolve(here, "amana.scss"), {
  style: "compressed",
  loadPaths: [modules],
  quietDeps: true,
});
// GOV.UK Frontend is MIT licensed: its notice travels with the style sheet.
const licence = readFileSync(resolve(modules, "govuk-frontend/package.json"), "utf8");
const { version } = JSON.parse(licence);
const notice = `/* Amana, Apache-2.0. Parts from GOV.UK Frontend ${version}, MIT, Crown copyright (GDS). */\n`;

mkdirSync(out, { recursive: true });
writeFileSync(resolve(out, "amana.css"), notice + css.replace(/^\uFEFF/, ""));
writeFileSync(resolve(out, "amana.rtl.css"), notice + rtlcss.process(css.replace(/^\uFEFF/, "")));
console.log(`amana.css ${Math.round(css.length / 1024)} KiB, and its right-to-left twin`);
