/**
 * The last words of a game: how they are drawn, and what must be so at the end. Whoever
 * ends as its peer has closed reads what the peer has said, and nothing else.
 */
import type { Goodbye } from "../../src/browser.ts";
import type { SeededRandom } from "../soak/seeded-random.ts";
import type { CarrierName } from "./carriers.ts";
import { must } from "./fault.ts";
import type { Party } from "./party.ts";

/** A goodbye that every carrier takes, with codes among them that tickwire itself uses. */
export function goodbyeOf(random: SeededRandom): Goodbye {
  const text = random.pick(TEXTS);
  const code = random.pick([...CODES, random.between(3_000, 4_999)]);
  if (text !== "") return { code, text };
  return { code: code === 1_000 ? 4_000 : code }; // 1000 without a text is no goodbye to a WebSocket
}

/** Holds one side to what its peer, if that is one of tickwire's, has said. */
export function mustReadGoodbye(carrier: CarrierName, party: Party): void {
  const { peer, reason } = party;
  if (peer === undefined || !party.tellsGoodbyes || !peer.tellsGoodbyes) return;
  if (reason?.kind === "local") {
    must(
      same(reason.goodbye, party.said) || reason.goodbye === undefined,
      () => `${party.told} said another goodbye`,
    );
    return;
  }
  const said = CARRYING.has(carrier) ? peer.said : undefined;
  const isCertain =
    reason?.kind === "remote" && peer.reason?.kind === "local" && !peer.aborted && !peer.endsFirst;
  const isRight = same(reason?.goodbye, said) || (!isCertain && reason?.goodbye === undefined);
  must(
    isRight,
    () =>
      `${party.told} reads ${JSON.stringify(reason?.goodbye)}, and ${peer.told} said ${JSON.stringify(said)}`,
  );
}

function same(one: Goodbye | undefined, other: Goodbye | undefined): boolean {
  return one?.code === other?.code && one?.text === other?.text;
}

const CARRYING: ReadonlySet<CarrierName> = new Set(["ws", "wss", "session", "page"]);
const CODES = [1_000, 3_000, 3_008, 4_001, 4_006, 4_007, 4_999];
const TEXTS = ["", "", "bye", "the server restarts ✓", "é".repeat(61), "a\u0000b\u001b[2J", "ticktock"];
