/**
 * The ground: a disc that fades into the sky, a grid on it that is fine near
 * and far, the border of what the cube can stand on, and the soft shadow.
 */
import { Color, Group, Mesh, PlaneGeometry, ShaderMaterial, ShadowMaterial } from "three";
import type { Theme } from "../theme.ts";

/** Where the ground is, in units: under a cube that is as low as it can be. */
export const GROUND_Y = -12;

/** The ground, as a thing to put into a scene. */
export class Ground {
  readonly object: Group = new Group();

  readonly #floor = new ShaderMaterial({
    transparent: true,
    depthWrite: false,
    uniforms: { ground: { value: new Color() }, line: { value: new Color() } },
    vertexShader: VERTEX,
    fragmentShader: FRAGMENT,
  });
  readonly #shadow = new ShadowMaterial({ transparent: true, depthWrite: false });

  constructor() {
    const plane = new PlaneGeometry(SIZE, SIZE).rotateX(-Math.PI / 2);
    const floor = new Mesh(plane, this.#floor);
    const shadow = new Mesh(new PlaneGeometry(SHADOWED, SHADOWED).rotateX(-Math.PI / 2), this.#shadow);
    shadow.receiveShadow = true;
    floor.renderOrder = 0;
    shadow.renderOrder = 1;
    this.object.add(floor, shadow);
    this.object.position.y = GROUND_Y;
  }

  paint(theme: Theme): void {
    this.#floor.uniforms.ground?.value.set(theme.ground);
    this.#floor.uniforms.line?.value.set(theme.line);
    this.#shadow.color.set(theme.shadow);
    this.#shadow.opacity = theme.isDark ? 0.55 : 0.22;
  }
}

const SIZE = 160;
/** As far as the cube's shadow can fall, and no farther: each pixel of it costs. */
const SHADOWED = 48;

const VERTEX = /* glsl */ `
  varying vec2 place;
  void main() {
    place = position.xz;
    gl_Position = projectionMatrix * modelViewMatrix * vec4(position, 1.0);
  }
`;

/** Lines keep their width in pixels (fwidth), and fade where they would be finer than one. */
const FRAGMENT = /* glsl */ `
  uniform vec3 ground;
  uniform vec3 line;
  varying vec2 place;

  float grid(vec2 at, float apart, float pixels) {
    vec2 cell = at / apart;
    vec2 width = fwidth(cell);
    vec2 off = abs(fract(cell - 0.5) - 0.5);
    vec2 near = clamp(pixels * 0.5 + 0.5 - off / width, 0.0, 1.0);
    vec2 strength = near * (1.0 - smoothstep(0.15, 0.5, width));
    return max(strength.x, strength.y);
  }

  float border(vec2 at, float reach, float pixels) {
    vec2 side = abs(at) - reach;
    float off = abs(max(side.x, side.y));
    return clamp(pixels * 0.5 + 0.5 - off / fwidth(max(side.x, side.y)), 0.0, 1.0);
  }

  void main() {
    float far = length(place);
    float inside = 1.0 - smoothstep(11.9, 12.1, max(abs(place.x), abs(place.y)));
    float lines = grid(place, 2.0, 1.0) * mix(0.22, 0.55, inside);
    lines = max(lines, grid(place, 12.0, 1.2) * mix(0.4, 0.8, inside));
    lines = max(lines, border(place, 12.0, 2.2));
    float fade = 1.0 - smoothstep(14.0, 62.0, far);
    gl_FragColor = vec4(mix(ground, line, lines), fade * fade);
    #include <colorspace_fragment>
  }
`;
