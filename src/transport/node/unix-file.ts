/**
 * The file of a unix socket: how it comes to its path and leaves it, without ever
 * doing so to a file of somebody else.
 *
 *     bind ──▶ temporary name ── link ──▶ path ── rename, compare, unlink ──▶ gone
 *
 * What lies at a path may change between a look and a deed. So a file is put in
 * place by link(2), which fails where there is one, and is taken away by rename(2)
 * to a name of its own, where it can be looked at once more. All calls throw the
 * system's errors. Knows no sockets.
 */
import { linkSync, lstatSync, renameSync, unlinkSync } from "node:fs";

/** What lies at a path. */
export interface FileAt {
  /** Device and inode, which no other file has while this one exists, or is bound. */
  readonly id: string;
  readonly isSocket: boolean;
}

/** Returns what lies at `path`; `undefined` if there is nothing. A symbolic link is looked at itself. */
export function fileAt(path: string): FileAt | undefined {
  const stats = lstatSync(path, { throwIfNoEntry: false, bigint: true });
  return stats && { id: `${stats.dev}-${stats.ino}`, isSocket: stats.isSocket() };
}

/** Moves the file at `from` to `path`; returns `false` if there is a file already. */
export function tryPlace(from: string, path: string): boolean {
  try {
    linkSync(from, path);
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return false;
    if (!NO_HARD_LINKS.has(code)) throw error;
    if (fileAt(path) !== undefined) return false;
    renameSync(from, path); // the best that this file system can do: a file of this very moment is replaced
    return true;
  }
  try {
    unlinkSync(from);
  } catch {
    // libuv tries again when it closes the socket that was bound to this name
  }
  return true;
}

/** Removes the file at `path` if it is the one with this id; returns whether it was. */
export function tryRemove(path: string, id: string): boolean {
  if (fileAt(path)?.id !== id) return false; // leaves another one where it is
  const aside = temporaryName(path, Infinity);
  renameSync(path, aside);
  const isOwn = fileAt(aside)?.id === id;
  if (isOwn || !tryPlace(aside, path)) unlinkSync(aside); // else it was put there just now, and is back
  return isOwn;
}

/** A name that nothing has, in the folder of `path`, of at most `limitBytes` bytes if that is possible. */
export function temporaryName(path: string, limitBytes: number): string {
  const folder = path.substring(0, path.lastIndexOf("/") + 1);
  const random = Math.random().toString(36).substring(2, 10).padEnd(8, "0");
  const telling = `${folder}.${path.substring(folder.length)}.${random}`;
  const room = limitBytes - Buffer.byteLength(folder);
  if (Buffer.byteLength(telling) <= limitBytes) return telling;
  const short = folder + random.substring(0, Math.max(1, room));
  return short === path ? temporaryName(path, limitBytes) : short;
}

/** The codes of file systems without hard links, or that forbid them. */
const NO_HARD_LINKS: ReadonlySet<string> = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"]);
