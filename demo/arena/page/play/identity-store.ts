/**
 * Who the player of this tab is: a name, and a secret that makes him the same one again, also
 * after a reload. Each tab has its own, so two tabs are two players.
 */
import { hexOf, type Identity, SECRET_BYTES, secretOf, tidyName } from "../../shared/identity.ts";

/** The tab's player, whom a new tab has made anew. */
export function identityOf(storage: Storage): Identity {
  const [name, hex] = [storage.getItem(NAME), storage.getItem(SECRET)];
  const known = secretOf(hex ?? "");
  if (known !== undefined && name !== null) return { name: tidyName(name), secret: known };
  const secret = crypto.getRandomValues(new Uint8Array(SECRET_BYTES));
  const identity = { name: NAMES[(secret[0] ?? 0) % NAMES.length] ?? "you", secret };
  storage.setItem(NAME, identity.name);
  storage.setItem(SECRET, hexOf(secret));
  return identity;
}

const NAME = "arena-name";
const SECRET = "arena-secret";
const NAMES =
  "Heron Swift Kestrel Otter Lynx Marten Finch Badger Raven Hare Falcon Vole Stoat Wren Elk Ibis".split(" ");
