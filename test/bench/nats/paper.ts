/**
 * What a broker carries for a large game, on paper: arithmetic with what was measured.
 * Decides nothing; a reader can do each line again by hand.
 */

/** What was measured of a broker, in microseconds of one core for a delivery. */
export interface BrokerCost {
  /** A message of some 100 bytes. */
  readonly smallUs: number;
  /** A world's state, or the inputs of a gateway's frame: 12 to 27 KB. */
  readonly largeUs: number;
}

/** A large game. */
export interface Game {
  readonly title: string;
  readonly players: number;
  readonly gateways: number;
  readonly worlds: number;
  /** At how many gateways the players of one world are. */
  readonly gatewaysOfWorld: number;
  readonly rateHz: number;
  /** Whether a gateway sends the inputs of a frame to a world as one message. */
  readonly bundles: boolean;
}

/** What the broker carries of it in a second. */
export interface Carried {
  readonly inputs: number;
  readonly states: number;
  readonly outMegabytes: number;
  readonly cores: number;
}

export function carried(game: Game, { smallUs, largeUs }: BrokerCost): Carried {
  const { players, worlds, gatewaysOfWorld, rateHz, bundles } = game;
  const pairs = worlds * gatewaysOfWorld; // of a gateway and a world that have something to say
  const inputs = (bundles ? pairs : players) * rateHz;
  const states = pairs * rateHz;
  const inputBytes = players * rateHz * INPUT_BYTES + inputs * HEAD_BYTES;
  const stateBytes = states * ((players / worlds) * PLAYER_BYTES + HEAD_BYTES);
  const isLarge = bundles && players / pairs >= LARGE_FROM_PLAYERS;
  const busyUs = inputs * (isLarge ? largeUs : smallUs) + states * largeUs;
  return { inputs, states, outMegabytes: (inputBytes + stateBytes) / 1e6, cores: busyUs / 1e6 };
}

export function paperTable(cost: BrokerCost): string {
  const rows = GAMES.map((game) => {
    const { inputs, states, outMegabytes, cores } = carried(game, cost);
    const cells = [
      game.title,
      whole(inputs),
      whole(states),
      `${whole(outMegabytes)} MB`,
      `${((outMegabytes * 8) / 1_000).toFixed(1)} Gbit`,
      cores.toFixed(1),
    ];
    return `| ${cells.join(" | ")} |`;
  });
  return [
    "| 100,000 players, 100 gateways, 100 worlds | inputs/s | states/s | out/s | out/s | cores |",
    "|---|--:|--:|--:|--:|--:|",
    ...rows,
  ].join("\n");
}

function whole(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

const LARGE = { players: 100_000, gateways: 100, worlds: 100, rateHz: 60, bundles: true };

export const GAMES: readonly Game[] = [
  { ...LARGE, title: "players anywhere, a message for each input", gatewaysOfWorld: 100, bundles: false },
  { ...LARGE, title: "players anywhere, a message for each frame", gatewaysOfWorld: 100 },
  { ...LARGE, title: "a world's players at 2 gateways", gatewaysOfWorld: 2 },
  { ...LARGE, title: "the same at 20 Hz", gatewaysOfWorld: 2, rateHz: 20 },
];

/** A player's input in a message, with who it is. */
const INPUT_BYTES = 27;
/** A player in a world's state. */
const PLAYER_BYTES = 12;
/** What a message has around it: two subjects, two numbers. */
const HEAD_BYTES = 100;
/** Inputs of so many players in one message cost as much as a state. */
const LARGE_FROM_PLAYERS = 100;
