// Sliders along the latent dimensions, and the picture of the code that they make up.

import { coalesced, element, pngUrl, told } from "./events.js";
import { ask, decodePictures } from "./requests.js";

const SHOWN = 16;
const REACH = 3; // standard deviations of q(z), to either side

// The mean code, [{index, mean, stddev}] of the dimensions in use, the busiest first, and how the page says so.
export async function latentTable(signatures, size) {
  const all = Array.from({ length: size }, (_, index) => index);
  if (!("latent_table" in signatures)) {
    const words = `The model does not say which of its ${size} dimensions are in use.`;
    return { mean: all.map(() => 0), dimensions: all.map((index) => ({ index, mean: 0, stddev: 1 })), words };
  }
  const { active, latent_mean: mean, latent_stddev: stddev } = await ask("latent_table", { dimension: all });
  const dimensions = all
    .filter((index) => active[index])
    .map((index) => ({ index, mean: mean[index], stddev: stddev[index] }))
    .sort((one, other) => other.stddev - one.stddev);
  const words =
    `${dimensions.length} of ${size} dimensions are in use, the busiest first; each slider reaches ` +
    `${REACH} standard deviations of q(z) to either side.`;
  return { mean, dimensions, words };
}

// A picture, and a slider for each dimension of its code.
export class Mixer {
  constructor(table) {
    this.mean = table.mean;
    this.rows = table.dimensions.map((dimension) => this.row(dimension));
    this.decode = told(
      coalesced(async () => {
        element("decoded").src = pngUrl((await decodePictures([this.code]))[0]);
      }),
    );
    element("sliders").replaceChildren(...this.rows.map((row) => row.label));
    element("average").addEventListener("click", () => this.load(this.mean));
    element("more").addEventListener("click", () => this.show(this.rows.length));
    this.show(SHOWN);
  }

  row({ index, mean, stddev }) {
    const label = document.createElement("label");
    const [name, slider, value] = ["span", "input", "output"].map((tag) => document.createElement(tag));
    name.textContent = `z${index}`;
    const [low, high] = [mean - REACH * stddev, mean + REACH * stddev];
    Object.assign(slider, { type: "range", step: "any", min: low, max: high });
    slider.addEventListener("input", () => {
      this.code[index] = Number(slider.value);
      value.textContent = this.code[index].toFixed(2);
      this.decode();
    });
    label.append(name, slider, value);
    return { index, low, high, label, slider, value };
  }

  show(count) {
    this.rows.forEach((row, place) => (row.label.hidden = place >= count));
    element("more").textContent = `Show all ${this.rows.length}`;
    element("more").hidden = count >= this.rows.length;
  }

  load(code) {
    this.code = [...code];
    for (const { index, low, high, slider, value } of this.rows) {
      slider.min = Math.min(low, code[index]);
      slider.max = Math.max(high, code[index]);
      slider.value = code[index];
      value.textContent = code[index].toFixed(2);
    }
    return this.decode();
  }
}
