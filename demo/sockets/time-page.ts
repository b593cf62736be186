/**
 * The pages of the time server: HTML in, nothing else known. One style for all,
 * light or dark as the reader's system has it.
 */

/** Date and time, large. */
export function timePage(now: Date): string {
  const time = now.toLocaleTimeString("en-GB", CLOCK);
  const date = now.toLocaleDateString("en-GB", { dateStyle: "full" });
  return page(
    "The time",
    `<h1><time datetime="${now.toISOString()}">${time}</time></h1>
<p>${escaped(date)}</p>
<p class="small">as it was when you asked · <a href="/time.html">ask again</a></p>`,
  );
}

/** A few words in place of a page: why there is none. */
export function wordsPage(title: string, words: string): string {
  return page(
    title,
    `<h1>${escaped(title)}</h1>
<p>${escaped(words)}</p>
<p class="small">the time is at <a href="/time.html">/time.html</a></p>`,
  );
}

function page(title: string, content: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escaped(title)}</title>
<link rel="icon" href="data:,">
<style>
:root { color-scheme: light dark; --ink: #1c2430; --soft: #5b6778; --paper: #f6f4ef; --accent: #1f5fbf; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8ecf2; --soft: #97a3b4; --paper: #14181f; --accent: #8ab8ff; }
}
body { margin: 0; min-height: 100vh; display: grid; place-content: center; padding: 1rem; text-align: center;
  box-sizing: border-box; background: var(--paper); color: var(--ink); font: 1.25rem/1.5 system-ui, sans-serif; }
h1 { margin: 0; font-size: clamp(2.5rem, 11vw, 6rem); font-weight: 300; line-height: 1.1;
  font-variant-numeric: tabular-nums; }
p { margin: .5rem 0 0; }
.small { margin-top: 2rem; font-size: .9rem; color: var(--soft); }
a { color: var(--accent); }
</style>
</head>
<body>
<main>
${content}
</main>
</body>
</html>
`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}

/** Asked for a zone and nothing else, Node leaves the hour's zero out. */
const CLOCK = { hour: "2-digit", minute: "2-digit", second: "2-digit", timeZoneName: "short" } as const;
