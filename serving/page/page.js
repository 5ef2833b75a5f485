// What a served model can do: samples, its latent dimensions, and what it makes of the user's pictures.

import { element, told } from "./events.js";
import { latentTable, Mixer } from "./mixer.js";
import { metadata, model, models, signatures as allSignatures } from "./requests.js";
import { startSamples } from "./samples.js";
import { startPictures } from "./slots.js";

// The signatures that the parts of the page ask; what a model cannot answer is left out.
const NEEDED = {
  samples: ["sample_png", "encode_bytes"],
  latent: ["decode_png"],
  pictures: ["reconstruct_png", "score_bytes", "encode_bytes", "decode_png", "sample_png"],
};

function showPicker() {
  const select = element("picker").querySelector("select");
  select.append(...models.map((name) => new Option(name, name, false, name === model)));
  select.addEventListener("change", () => (location.search = new URLSearchParams({ model: select.value })));
  element("picker").hidden = models.length < 2;
}

const sizes = (tensor) => tensor.tensor_shape.dim.slice(1).map((dim) => Number(dim.size));

async function start() {
  element("name").textContent = document.title = model;
  showPicker();
  const found = await metadata();
  const signatures = await allSignatures();
  const able = (part) => NEEDED[part].every((signature) => signature in signatures);
  element("about").textContent = `Version ${found.model_spec.version}`;
  if (!able("latent")) {
    const names = Object.keys(signatures).filter((name) => !name.startsWith("__")).sort();
    throw new Error(`This model makes no pictures, which is all that this page shows. It has: ${names.join(", ")}.`);
  }
  const [height, width] = sizes(signatures.decode.outputs.images);
  const [size] = sizes(signatures.decode.inputs.codes);
  const table = await latentTable(signatures, size);
  element("about").textContent += `, pictures of ${width} by ${height}, ${size} latent dimensions`;
  element("dimensions").textContent = table.words;
  document.documentElement.style.setProperty("--aspect", `${width} / ${height}`);
  document.documentElement.classList.toggle("small", Math.max(width, height) < 100);
  for (const part of Object.keys(NEEDED)) element(part).hidden = !able(part);
  document.querySelector("main").hidden = false;
  const mixer = new Mixer(table);
  mixer.load(table.mean);
  if (able("samples")) startSamples(mixer);
  if (able("pictures")) startPictures(mixer);
}

told(start)();
