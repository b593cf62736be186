/**
 * The picture: zones in the tint of the process that plays them, sparks, everybody in the ring
 * of his gateway, and a veil over what stands still, with the reason in words. Decides
 * nothing, and draws what it is given.
 */
import { ZONE_HEIGHT, ZONE_WIDTH } from "../../shared/rules.ts";
import { type Camera, onCanvas } from "./camera.ts";
import { Effects } from "./effects.ts";
import type { Figure, Spark, ZoneStand } from "./scene.ts";
import { colourOf, type Theme } from "./theme.ts";

/** All that a frame draws. */
export interface Picture {
  readonly camera: Camera;
  readonly zones: readonly ZoneStand[];
  readonly sparks: readonly Spark[];
  readonly figures: readonly Figure[];
  readonly nowMs: number;
  readonly isCalm: boolean;
}

/** A canvas with the arena. */
export class Painter {
  readonly #canvas: HTMLCanvasElement;
  readonly #effects = new Effects();
  #theme: Theme;

  constructor(canvas: HTMLCanvasElement, theme: Theme) {
    this.#canvas = canvas;
    this.#theme = theme;
  }

  paint(theme: Theme): void {
    this.#theme = theme;
  }

  draw(picture: Picture, pixelRatio: number): void {
    const { clientWidth, clientHeight } = this.#canvas;
    const context = this.#canvas.getContext("2d");
    if (context === null) return;
    const [width, height] = [Math.round(clientWidth * pixelRatio), Math.round(clientHeight * pixelRatio)];
    if (this.#canvas.width !== width) this.#canvas.width = width;
    if (this.#canvas.height !== height) this.#canvas.height = height;
    context.setTransform(pixelRatio, 0, 0, pixelRatio, 0, 0);
    context.fillStyle = this.#theme.sky;
    context.fillRect(0, 0, clientWidth, clientHeight);
    for (const zone of picture.zones) this.#drawGround(context, zone, picture.camera);
    this.#drawWall(context, picture);
    this.#drawSparks(context, picture);
    this.#effects.draw(context, picture, this.#theme);
    const self = picture.figures.find(({ isSelf }) => isSelf);
    for (const figure of picture.figures) {
      this.#drawFigure(context, figure, picture.camera);
      if (isNamed(figure, self, picture)) this.#drawName(context, figure, picture.camera);
    }
    for (const zone of picture.zones) this.#drawStand(context, zone, picture.camera);
  }

  #drawGround(context: CanvasRenderingContext2D, { zone, world }: ZoneStand, camera: Camera): void {
    const { x, y } = onCanvas(camera, { x: zone * ZONE_WIDTH, y: 0 });
    const [width, height] = [ZONE_WIDTH * camera.scale, ZONE_HEIGHT * camera.scale];
    context.fillStyle = this.#theme.ground;
    context.fillRect(x, y, width, height);
    const tint = colourOf(this.#theme.worlds, world);
    if (tint !== undefined) {
      context.fillStyle = tint;
      context.fillRect(x, y, width, height);
    }
    context.fillStyle = this.#theme.line;
    const dot = Math.max(1, camera.scale * 0.09);
    for (let across = DOTS / 2; across < ZONE_WIDTH; across += DOTS)
      for (let down = DOTS / 2; down < ZONE_HEIGHT; down += DOTS)
        context.fillRect(x + across * camera.scale - dot / 2, y + down * camera.scale - dot / 2, dot, dot);
    if (zone === 0) return;
    context.strokeStyle = this.#theme.line;
    context.lineWidth = 1;
    context.setLineDash([4, 5]);
    context.beginPath();
    context.moveTo(x, y);
    context.lineTo(x, y + height);
    context.stroke();
    context.setLineDash([]);
  }

  #drawWall(context: CanvasRenderingContext2D, { camera, zones }: Picture): void {
    context.strokeStyle = this.#theme.line;
    context.lineWidth = 1.5;
    const { scale, left, top } = camera;
    context.strokeRect(left, top, zones.length * ZONE_WIDTH * scale, ZONE_HEIGHT * scale);
  }

  #drawSparks(context: CanvasRenderingContext2D, { sparks, camera, nowMs, isCalm }: Picture): void {
    context.fillStyle = this.#theme.spark;
    for (const spark of sparks) {
      const { x, y } = onCanvas(camera, spark);
      const beat = isCalm ? 1 : 1 + 0.16 * Math.sin(nowMs / 260 + spark.id * 2.4);
      const size = camera.scale * 0.46 * beat;
      context.globalAlpha = 0.22;
      diamond(context, x, y, size * 1.9);
      context.globalAlpha = 1;
      diamond(context, x, y, size);
    }
  }

  #drawFigure(context: CanvasRenderingContext2D, figure: Figure, camera: Camera): void {
    const { x, y } = onCanvas(camera, figure);
    const radius = camera.scale * (figure.isSelf ? 0.95 : 0.66);
    const ring = colourOf(this.#theme.gateways, figure.gateway) ?? this.#theme.faint;
    if (figure.isSelf) {
      context.globalAlpha = 0.2;
      context.fillStyle = ring;
      circle(context, x, y, radius * 2);
      context.fill();
      context.globalAlpha = 1;
    }
    context.fillStyle = figure.isSelf ? ring : this.#theme.ground;
    context.strokeStyle = ring;
    context.lineWidth = Math.max(2, camera.scale * 0.24);
    circle(context, x, y, radius);
    context.fill();
    context.stroke();
    const { dx, dy } = figure.heading;
    context.fillStyle = figure.isSelf ? this.#theme.ground : ring;
    circle(context, x + dx * radius * 0.45, y + dy * radius * 0.45, radius * 0.3);
    context.fill();
  }

  #drawName(context: CanvasRenderingContext2D, figure: Figure, camera: Camera): void {
    const { x, y } = onCanvas(camera, figure);
    const radius = camera.scale * (figure.isSelf ? 0.95 : 0.66);
    context.fillStyle = figure.isSelf ? this.#theme.ink : this.#theme.faint;
    context.font = `${figure.isSelf ? "600 13px" : "11px"} ${FONT}`;
    context.textAlign = "center";
    const name = figure.isSelf ? `${figure.name} (you)` : figure.name;
    const half = context.measureText(name).width / 2 + 4;
    context.fillText(name, Math.min(this.#canvas.clientWidth - half, Math.max(half, x)), y - radius - 7);
  }

  /** Who plays a zone; and, when nobody does, for how long not. */
  #drawStand(context: CanvasRenderingContext2D, stand: ZoneStand, camera: Camera): void {
    const { zone, epoch, world, silentMs } = stand;
    const at = onCanvas(camera, { x: zone * ZONE_WIDTH, y: 0 });
    const [width, height] = [ZONE_WIDTH * camera.scale, ZONE_HEIGHT * camera.scale];
    context.textAlign = "left";
    context.fillStyle = this.#theme.faint;
    context.font = `12px ${FONT}`;
    const parts = [`zone ${zone + 1}`, world, camera.scale < NAMES_FROM ? undefined : `epoch ${epoch}`];
    const label = parts
      .slice(0, world === undefined ? 1 : 3)
      .filter((part) => part !== undefined)
      .join(" · ");
    context.fillText(label, Math.max(at.x, 0) + 10, at.y + 20);
    if (silentMs < VEILED_MS) return;
    context.fillStyle = this.#theme.veil;
    context.fillRect(at.x, at.y, width, height);
    context.textAlign = "center";
    context.fillStyle = this.#theme.ink;
    context.font = `600 16px ${FONT}`;
    const middle = { x: at.x + width / 2, y: at.y + height / 2 };
    context.fillText(`zone ${zone + 1} stands still`, middle.x, middle.y);
    context.font = `13px ${FONT}`;
    const seconds = Number.isFinite(silentMs)
      ? `no word from its world for ${(silentMs / 1_000).toFixed(1)} s`
      : "no world has it yet";
    context.fillText(seconds, middle.x, middle.y + 22);
  }
}

/** Where many are, only those around the player have names, or these would cover the arena. */
function isNamed(figure: Figure, self: Figure | undefined, { camera, figures }: Picture): boolean {
  if (figure.isSelf || figure.name === "") return figure.isSelf;
  if (camera.scale < NAMES_FROM) return false;
  if (figures.length <= MOST_NAMES || self === undefined) return figures.length <= MOST_NAMES;
  return Math.hypot(figure.x - self.x, figure.y - self.y) < NAMES_WITHIN;
}

function diamond(context: CanvasRenderingContext2D, x: number, y: number, size: number): void {
  context.beginPath();
  context.moveTo(x, y - size);
  context.lineTo(x + size, y);
  context.lineTo(x, y + size);
  context.lineTo(x - size, y);
  context.fill();
}

function circle(context: CanvasRenderingContext2D, x: number, y: number, radius: number): void {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
}

const FONT = "system-ui, sans-serif";
/** Units between two dots of the ground. */
const DOTS = 2.5;
/** Below so many pixels a unit, names would cover the arena. */
const NAMES_FROM = 11;
const MOST_NAMES = 50;
/** Units around the player. */
const NAMES_WITHIN = 9;
/** A zone is behind by a frame or two now and then. */
const VEILED_MS = 450;
