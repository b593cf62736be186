/**
 * Opens addresses in the user's browser, where there is one to see. Never
 * fails: what could not be opened is a reason in words.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";

/** A command that opens a window, or why there is none. */
export type Opener =
  | { readonly kind: "command"; readonly command: string; readonly args: readonly string[] }
  | { readonly kind: "none"; readonly why: string };

/** Opens all of `urls`. Answers why it could not; `undefined` when it could. */
export async function openWindows(urls: readonly string[]): Promise<string | undefined> {
  if (!process.stdout.isTTY) return "no terminal here";
  for (const url of urls) {
    const opener = openerFor(url, process.platform, process.env);
    if (opener.kind === "none") return opener.why;
    try {
      const child = spawn(opener.command, opener.args, { detached: true, stdio: "ignore" });
      child.unref(); // the browser stays when this program ends
      await once(child, "spawn");
    } catch (error) {
      return `${opener.command} does not run: ${(error as Error).message}`;
    }
  }
  return undefined;
}

/** How `url` is opened on this kind of machine. */
export function openerFor(
  url: string,
  platform: NodeJS.Platform,
  env: Readonly<Record<string, string | undefined>>,
): Opener {
  if (platform === "darwin") return { kind: "command", command: "open", args: [url] };
  if (platform === "win32") return { kind: "command", command: "cmd", args: ["/c", "start", "", url] };
  const display = env.WAYLAND_DISPLAY ?? env.DISPLAY ?? "";
  if (display === "") return { kind: "none", why: "no display here" };
  return { kind: "command", command: "xdg-open", args: [url] };
}
