// Two pictures, dropped or sampled: what the model makes of each, and the way from one to the other in latent space.

import { coalesced, element, pictureButton, pngUrl, seedOf, told } from "./events.js";
import { ask, decodePictures, samplePictures, signatures } from "./requests.js";

const STEPS = 9; // pictures on the way, both ends included
const LARGEST = 1024; // pixels a side of what is sent; models are far smaller
const digits = new Intl.NumberFormat("en", { maximumSignificantDigits: 5 });
const shown = (value) => (value === null ? "not finite" : digits.format(value));

// A PNG goes as it is. What else the browser can show is redrawn: upright, and in a format that the model reads.
async function fileAsPng(file) {
  const bitmap = await createImageBitmap(file).catch(() => {
    throw new Error(`${file.name} is not a picture that this browser can read.`);
  });
  const reader = new FileReader();
  if (file.type === "image/png") {
    const url = await new Promise((resolve) => {
      reader.addEventListener("load", () => resolve(reader.result));
      reader.readAsDataURL(file);
    });
    return url.split(",")[1];
  }
  const scale = Math.min(1, LARGEST / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return canvas.toDataURL("image/png").split(",")[1];
}

class Slot {
  constructor(id, seed, changed) {
    this.root = element("slot").content.firstElementChild.cloneNode(true);
    this.root.id = id;
    // The last choice counts, whether it was a file or a seed.
    this.take = told(
      coalesced(async (choose) => {
        this.show(await choose());
        await changed();
      }),
    );
    this.listen(this.find(".drop"), this.find("input[type=file]"), this.find(".seed"));
    this.find(".seed").value = seed;
  }

  listen(drop, file, seed) {
    seed.addEventListener("input", () => this.takeSeed());
    file.addEventListener("change", () => this.takeFiles(file.files));
    drop.addEventListener("dragover", () => drop.classList.add("over"));
    drop.addEventListener("dragleave", () => drop.classList.remove("over"));
    drop.addEventListener("drop", (event) => {
      drop.classList.remove("over");
      this.takeFiles(event.dataTransfer.files);
    });
  }

  takeSeed() {
    return this.take(async () => {
      const seed = seedOf(this.find(".seed"));
      return described((await samplePictures(seed, 1))[0], `sample of seed ${seed}`);
    });
  }

  takeFiles([file]) {
    if (file) this.take(async () => described(await fileAsPng(file), file.name));
  }

  find(selector) {
    return this.root.querySelector(selector);
  }

  show({ base64, caption, reconstructed, score, code, screened }) {
    this.find(".original").src = pngUrl(base64);
    this.find(".original").alt = this.find(".caption").textContent = caption;
    this.find(".reconstruction").src = pngUrl(reconstructed.image_bytes[0].b64);
    this.find(".squared-error").textContent = shown(reconstructed.squared_error[0]);
    this.find(".elbo").textContent = shown(score.elbo[0]);
    this.find(".reconstruction-term").textContent = shown(score.reconstruction[0]);
    this.find(".kl").textContent = shown(score.kl[0]);
    this.code = code.mean[0];
    for (const each of this.root.querySelectorAll(".screened")) each.hidden = !screened;
    if (screened) this.showStrangeness(screened);
  }

  showStrangeness({ strangeness, strangeness_elbo: elbo, strangeness_reconstruction: reconstruction, ...rest }) {
    const percent = ([share]) => (share === null ? "not finite" : `${(100 * share).toFixed(1)} %`);
    this.find(".strangeness").textContent = percent(strangeness);
    this.find(".strangeness").title = `by ELBO ${percent(elbo)}, by reconstruction ${percent(reconstruction)}`;
    this.find(".share").value = strangeness[0] ?? 1;
    const [map] = Object.values(rest).flat().filter((each) => each?.b64); // the only file in it
    if (map) this.find(".heat").src = pngUrl(map.b64);
  }
}

// What the model says of a picture.
async function described(base64, caption) {
  const files = { image_bytes: [{ b64: base64 }] };
  const subjects = ["reconstruct_png", "score_bytes", "encode_bytes"];
  if ("screen_bytes" in (await signatures())) subjects.push("screen_bytes");
  const answers = await Promise.all(subjects.map((signature) => ask(signature, files)));
  const [reconstructed, score, code, screened] = answers;
  return { base64, caption, reconstructed, score, code, screened };
}

export function startPictures(mixer) {
  // A browser leaves the page for a file that is dropped on it; beside the places for pictures, nothing shall happen.
  for (const type of ["dragover", "drop"]) document.addEventListener(type, (event) => event.preventDefault());
  const walk = coalesced(async () => {
    const [from, to] = [first.code, second.code];
    if (!from || !to) return;
    const shares = Array.from({ length: STEPS }, (_, step) => step / (STEPS - 1));
    const codes = shares.map((share) => from.map((value, index) => value + share * (to[index] - value)));
    const buttons = (await decodePictures(codes)).map((base64, step) =>
      pictureButton(base64, `${Math.round(100 * shares[step])} % of the way`, () => mixer.load(codes[step])),
    );
    element("strip").replaceChildren(...buttons);
  });
  const [first, second] = [new Slot("first", 0, walk), new Slot("second", 1, walk)];
  document.querySelector(".slots").append(first.root, second.root);
  first.takeSeed();
  second.takeSeed();
}
