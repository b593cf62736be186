/**
 * The player's page: wires the link to the arena, what is known of it, the inputs and
 * the picture to one loop, which runs with the screen.
 *
 *     poll ──▶ told ──▶ scene ──▶ wish ──▶ steer ──▶ picture, panel ──▶ flush
 */
import { Poller, runLoop, session, websocket } from "../../../../src/browser.ts";
import { playerCodec, type Told } from "../../shared/play-wire.ts";
import { PlayerLink } from "../../shared/player-link.ts";
import { REST, type Wish, zoneAt } from "../../shared/rules.ts";
import { type Area, type Camera, cameraFor, onCanvas } from "./camera.ts";
import { Painter } from "./draw.ts";
import { BEST, Hud } from "./hud.ts";
import { identityOf } from "./identity-store.ts";
import { Input } from "./input.ts";
import { type Figure, Scene, type ZoneStand } from "./scene.ts";
import { onThemeChange, readTheme } from "./theme.ts";
import { Changes, linkWords, tripWords } from "./words.ts";

/** The page of one player. */
class ArenaPage {
  readonly poller: Poller = new Poller();
  readonly #identity = identityOf(sessionStorage);
  readonly #link = new PlayerLink({
    dial: (place) => this.poller.connect(session(websocket(`ws://${place}/link`), HOLDING), playerCodec()),
    identity: this.#identity,
    looksHz: LOOKS_HZ,
    places: [location.host],
  });
  readonly #canvas = partOf("arena", HTMLCanvasElement);
  readonly #painter = new Painter(this.#canvas, readTheme(window));
  readonly #input = new Input(window, this.#canvas);
  readonly #scene = new Scene();
  readonly #hud = new Hud(document);
  readonly #changes = new Changes();
  readonly #calm = matchMedia("(prefers-reduced-motion: reduce)");
  #camera: Camera = cameraFor({ left: 0, top: 0, width: 1, height: 1 }, 1, undefined);
  #gateway: string | undefined;
  #isBusLinked = true;
  #told: Wish = REST;
  #toldMs = 0;
  #seq = 0;

  constructor() {
    onThemeChange(window, (theme) => this.#painter.paint(theme));
  }

  /** One frame, between `poll()` and `flush()`. */
  frame(nowMs: number, dtMs: number): void {
    for (const told of this.#link.frame(nowMs)) this.#receive(told, nowMs);
    const self = this.#scene.self;
    const wish = this.#input.wish(self && onCanvas(this.#camera, self), this.#camera.scale);
    this.#steer(wish, nowMs);
    const serverMs = this.#link.connection?.clock?.serverNowMs;
    const isHere = this.#link.state.kind === "open";
    const figures = this.#scene.figures(serverMs, nowMs, dtMs, isHere ? wish : REST);
    const zones = this.#scene.stands(serverMs, nowMs);
    this.#camera = cameraFor(areaOf(this.#canvas), this.#scene.zones, this.#scene.self);
    const { sparks } = this.#scene;
    const picture = { camera: this.#camera, zones, sparks, figures, nowMs, isCalm: this.#calm.matches };
    this.#painter.draw(picture, devicePixelRatio);
    this.#show(figures, zones, nowMs);
  }

  #receive(told: Told, nowMs: number): void {
    switch (told.kind) {
      case "welcome": {
        this.#scene.greet(told.id, told.zones);
        this.#scene.forgetTimes();
        this.#gateway = told.gateway;
        this.#tell(this.#changes.welcomed(told.gateway), nowMs);
        this.#toldMs = Number.NEGATIVE_INFINITY; // it does not know what he wishes
        document.documentElement.dataset.player = String(told.id);
        break;
      }
      case "state":
        this.#scene.receive(told, nowMs);
        break;
      case "names":
        this.#scene.learn(told.names);
        break;
      case "bus":
        this.#isBusLinked = told.linked;
    }
  }

  /** Says at once what has changed. */
  #steer(wish: Wish, nowMs: number): void {
    const isSame = wish.dx === this.#told.dx && wish.dy === this.#told.dy;
    if (isSame && nowMs - this.#toldMs < STEER_EVERY_MS) return;
    const seq = (this.#seq + 1) % 65_536;
    const move = { dx: Math.round(wish.dx * 100), dy: Math.round(wish.dy * 100), seq };
    if (!this.#link.trySteer(move)) return;
    this.#seq = seq;
    this.#told = wish;
    this.#toldMs = nowMs;
  }

  #show(figures: readonly Figure[], zones: readonly ZoneStand[], nowMs: number): void {
    this.#tell(this.#changes.stands(zones), nowMs);
    const { connection, state } = this.#link;
    const { self, score } = this.#scene;
    const at = self === undefined ? undefined : zoneAt(self.x, Math.max(1, zones.length));
    const best = [...figures].sort((one, other) => other.score - one.score).slice(0, BEST);
    this.#hud.show(
      {
        name: this.#identity.name,
        score,
        link: linkWords(state, { gateway: this.#gateway, isBusLinked: this.#isBusLinked }),
        lineTrip: tripWords(connection?.rttMs),
        frameTrip: tripWords(connection?.frameRttMs),
        zone: at === undefined ? "–" : `${at + 1}, of ${zones[at]?.world ?? "nobody"}`,
        players: figures.length,
        best,
      },
      nowMs,
    );
    // For whoever drives this page from outside.
    const { dataset } = document.documentElement;
    dataset.at = self === undefined ? "" : `${self.x.toFixed(2)} ${self.y.toFixed(2)}`;
    dataset.zone = at === undefined ? "" : String(at);
    dataset.gateway = this.#gateway ?? "";
    dataset.link = state.kind;
    dataset.still = zones
      .filter(({ silentMs }) => silentMs > 450)
      .map(({ zone }) => zone)
      .join(" ");
    dataset.epochs = zones.map(({ epoch }) => epoch).join(" ");
  }

  #tell(words: string | undefined, nowMs: number): void {
    if (words !== undefined) this.#hud.tell(words, nowMs);
  }
}

/** What the panel leaves free. */
function areaOf(canvas: HTMLCanvasElement): Area {
  const { clientWidth, clientHeight } = canvas;
  const panel = partOf("panel", HTMLElement);
  const { right, bottom } = panel.getBoundingClientRect();
  if (clientWidth >= WIDE)
    return {
      left: right + MARGIN,
      top: MARGIN,
      width: clientWidth - right - 2 * MARGIN,
      height: clientHeight - 2 * MARGIN,
    };
  return { left: 0, top: bottom, width: clientWidth, height: clientHeight - bottom };
}

/** A part of the page, of the kind that it must be. */
function partOf<Kind extends HTMLElement>(id: string, kind: new () => Kind): Kind {
  const part = document.getElementById(id);
  if (part instanceof kind) return part;
  throw new Error(`the page has no ${kind.name} ${id}`);
}

/** Somebody looks at it: a line counts as dead soon. The other side says something thirty times a second. */
const HOLDING = { deadPeerMs: 1_500, pingIntervalMs: 500 } as const;
/** Each state of each zone. */
const LOOKS_HZ = 30;
/** A wish may be lost between the gateway and a world; the gateway says it again, and this one is for another gateway. */
const STEER_EVERY_MS = 1_000;
/** From here on the panel is beside the arena, and not over it; as in the style sheet. */
const WIDE = 720;
const MARGIN = 16;
/** After a hidden tab or a stall he goes on; he does not leap. */
const LONGEST_STEP_MS = 100;

const arena = new ArenaPage();
await runLoop({
  poller: arena.poller,
  pace: "animation",
  tick: (dtMs, frame) => arena.frame(frame.nowMs, Math.min(dtMs, LONGEST_STEP_MS)),
});
