/**
 * A file that comes to its path and leaves it, while somebody else does something there:
 * another's file is never replaced, nor lost.
 */
import fs, { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { fileAt, tryPlace, tryRemove } from "../../../src/transport/node/unix-file.ts";
import { needs } from "../../machine.ts";

/** What comes before a call of the system, and may throw instead of it. */
const first = vi.hoisted(
  (): {
    link?: () => void;
    rename?: () => void;
    lstat?: (options: { readonly bigint: boolean }) => object;
  } => ({}),
);

vi.mock("node:fs", async (original) => {
  const real = await original<typeof fs>();
  const changed = {
    linkSync(from: string, to: string) {
      first.link?.();
      real.linkSync(from, to);
    },
    renameSync(from: string, to: string) {
      const { rename } = first;
      delete first.rename;
      rename?.();
      real.renameSync(from, to);
    },
    lstatSync(path: string, options: { readonly bigint: true }) {
      if (first.lstat === undefined) return real.lstatSync(path, options);
      return { ...first.lstat(options), isSocket: () => true };
    },
  };
  return { ...real, ...changed, default: { ...real, ...changed } };
});

let folder = "";
let path = "";
let from = "";
const folders: string[] = [];

beforeEach(() => {
  folder = mkdtempSync(`${tmpdir()}/tickwire-file-`);
  folders.push(folder);
  [path, from] = [`${folder}/game`, `${folder}/new`];
  writeFileSync(from, "mine");
});

afterEach(() => {
  for (const call of ["link", "rename", "lstat"] as const) delete first[call];
});

afterAll(() => {
  for (const one of folders) rmSync(one, { recursive: true });
});

function throwing(code: string): () => never {
  return () => {
    throw Object.assign(new Error(code), { code });
  };
}

describe("a file that is placed", needs("unix sockets"), () => {
  test("has moved to the path, and leaves alone what lies there", () => {
    expect(tryPlace(from, path)).toBe(true);
    expect([existsSync(from), readFileSync(path, "utf8")]).toEqual([false, "mine"]);
    writeFileSync(from, "another");
    expect(tryPlace(from, path)).toBe(false);
    expect([existsSync(from), readFileSync(path, "utf8")]).toEqual([true, "mine"]);
  });

  test.each(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"])(
    "moves also where there are no hard links (%s), and leaves alone what lies there",
    (code) => {
      first.link = throwing(code);
      expect(tryPlace(from, path)).toBe(true);
      expect([existsSync(from), readFileSync(path, "utf8")]).toEqual([false, "mine"]);
      writeFileSync(from, "another");
      expect(tryPlace(from, path)).toBe(false);
      expect([existsSync(from), readFileSync(path, "utf8")]).toEqual([true, "mine"]);
    },
  );

  test("stays where it is when the system does not allow it", () => {
    first.link = throwing("EACCES");
    expect(() => tryPlace(from, path)).toThrow("EACCES");
    expect([existsSync(from), existsSync(path)]).toEqual([true, false]);
  });
});

describe("a file that is removed", needs("unix sockets"), () => {
  /** Puts another file at the path, made before the one there is gone: a number may be given again. */
  const replace = (text: string) => {
    writeFileSync(`${folder}/${text}`, text);
    fs.renameSync(`${folder}/${text}`, path);
  };

  test("is gone when it is the one, and stays when it is another, or none", () => {
    const id = fileAt(from)?.id ?? "";
    expect(tryRemove(path, id)).toBe(false);
    replace("another");
    expect(tryRemove(path, id)).toBe(false);
    expect(readFileSync(path, "utf8")).toBe("another");
    expect(tryRemove(from, id)).toBe(true);
    expect(readdirSync(folder)).toEqual(["game"]);
  });

  test("is put back when it came at the last moment, and another one's", () => {
    replace("old");
    const id = fileAt(path)?.id ?? "";
    first.rename = () => replace("another");
    expect(tryRemove(path, id)).toBe(false);
    expect([readFileSync(path, "utf8"), readdirSync(folder)]).toEqual(["another", ["game", "new"]]);
  });

  test("is lost to a third one that has come meanwhile, and leaves no name behind", () => {
    replace("old");
    const id = fileAt(path)?.id ?? "";
    first.rename = () => {
      replace("another");
      first.link = () => replace("third");
    };
    expect(tryRemove(path, id)).toBe(false);
    expect([readFileSync(path, "utf8"), readdirSync(folder)]).toEqual(["third", ["game", "new"]]);
  });
});

test("files are told apart whose numbers are larger than a double has", () => {
  let ino = 2n ** 60n;
  first.lstat = ({ bigint }) => (bigint ? { dev: 1n, ino } : { dev: 1, ino: Number(ino) });
  const before = fileAt("/x")?.id;
  ino++;
  expect([before, fileAt("/x")?.id]).toEqual(["1-1152921504606846976", "1-1152921504606846977"]);
});
