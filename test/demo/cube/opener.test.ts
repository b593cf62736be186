import { describe, expect, it } from "vitest";
import { openerFor, openWindows } from "../../../demo/cube/opener.ts";
import { needs } from "../../machine.ts";

const URL = "http://127.0.0.1:14901/";

describe("the opener", () => {
  it.each([
    ["darwin", {}, "open", [URL]],
    ["win32", {}, "cmd", ["/c", "start", "", URL]],
    ["linux", { DISPLAY: ":0" }, "xdg-open", [URL]],
    ["linux", { WAYLAND_DISPLAY: "wayland-0" }, "xdg-open", [URL]],
  ] as const)("on %s with %j is %s", (platform, env, command, args) => {
    expect(openerFor(URL, platform, env)).toEqual({ kind: "command", command, args });
  });

  it.each([{}, { DISPLAY: "" }, { WAYLAND_DISPLAY: "", DISPLAY: "" }])("is none with %j", (env) => {
    expect(openerFor(URL, "linux", env)).toEqual({ kind: "none", why: "no display here" });
  });

  it("opens nothing from a pipe", needs("a pipe as stdout"), async () => {
    expect(await openWindows([URL])).toBe("no terminal here");
  });
});
