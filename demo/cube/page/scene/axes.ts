/**
 * The axes: three thin arrows from a corner of the ground, each with its letter.
 * They say which way is which, and are quiet about it.
 */
import {
  BufferGeometry,
  CanvasTexture,
  Color,
  Float32BufferAttribute,
  Group,
  LineBasicMaterial,
  LineSegments,
  type PerspectiveCamera,
  Sprite,
  SpriteMaterial,
  SRGBColorSpace,
  Vector3,
} from "three";
import type { Theme } from "../theme.ts";
import { GROUND_Y } from "./ground.ts";

/** The axes, as a thing to put into a scene. */
export class Axes {
  readonly object: Group = new Group();

  readonly #lines = new LineSegments(
    new BufferGeometry(),
    new LineBasicMaterial({ vertexColors: true, transparent: true, opacity: 0.9 }),
  );
  readonly #letters = NAMES.map((name) => new Letter(name));

  constructor() {
    const points = WAYS.flatMap((way) => [
      ...CORNER.toArray(),
      ...CORNER.clone().addScaledVector(way, LENGTH),
    ]);
    this.#lines.geometry.setAttribute("position", new Float32BufferAttribute(points, 3));
    this.object.add(this.#lines);
    for (const [axis, letter] of this.#letters.entries()) {
      letter.sprite.position.copy(CORNER).addScaledVector(WAYS[axis] ?? CORNER, LENGTH + 1);
      letter.sprite.renderOrder = 4; // or the ground is drawn over it
      this.object.add(letter.sprite);
    }
  }

  paint(theme: Theme): void {
    const colours = NAMES.map((name) => new Color(COLOURS[name][theme.isDark ? "dark" : "light"]));
    const both = colours.flatMap((colour) => [...colour.toArray(), ...colour.toArray()]);
    this.#lines.geometry.setAttribute("color", new Float32BufferAttribute(both, 3));
    for (const [axis, letter] of this.#letters.entries()) letter.paint(`#${colours[axis]?.getHexString()}`);
  }

  /** Letters keep their size on the screen, however far the eye is. `height` is the picture's, in pixels. */
  face(camera: PerspectiveCamera, height: number): void {
    const pixelsAtOne = height / (2 * Math.tan((camera.fov * Math.PI) / 360));
    for (const { sprite } of this.#letters) {
      const away = sprite.position.distanceTo(camera.position);
      sprite.scale.setScalar((LETTER_SIZE * away) / pixelsAtOne);
    }
  }
}

/** A letter that always looks this way, drawn by the page itself. */
class Letter {
  readonly sprite: Sprite;
  readonly #name: string;
  readonly #canvas = document.createElement("canvas");
  readonly #texture = new CanvasTexture(this.#canvas);

  constructor(name: string) {
    this.#name = name;
    this.#canvas.width = this.#canvas.height = LETTER_PIXELS;
    this.#texture.colorSpace = SRGBColorSpace;
    this.sprite = new Sprite(
      new SpriteMaterial({ map: this.#texture, transparent: true, depthWrite: false }),
    );
  }

  paint(colour: string): void {
    const context = this.#canvas.getContext("2d");
    if (context === null) return; // then there are no letters
    context.clearRect(0, 0, LETTER_PIXELS, LETTER_PIXELS);
    context.fillStyle = colour;
    context.font = `600 ${LETTER_PIXELS * 0.7}px system-ui, sans-serif`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillText(this.#name, LETTER_PIXELS / 2, LETTER_PIXELS / 2);
    this.#texture.needsUpdate = true;
  }
}

const NAMES = ["x", "y", "z"] as const;
/** The usual red, green and blue, calm enough to stand beside a cube. */
const COLOURS = {
  x: { light: "#c2414b", dark: "#e5737d" },
  y: { light: "#3f8f4f", dark: "#74c088" },
  z: { light: "#3c66c4", dark: "#7fa3f0" },
} as const;
const CORNER = new Vector3(-12, GROUND_Y, -12);
const WAYS = [new Vector3(1, 0, 0), new Vector3(0, 1, 0), new Vector3(0, 0, 1)];
/** As far as the cube's sides can reach. */
const LENGTH = 24;
/** In CSS pixels, with the room around the letter. */
const LETTER_SIZE = 20;
const LETTER_PIXELS = 64;
