// Samples of a seed.

import { coalesced, element, pictureButton, seedOf, told } from "./events.js";
import { encodePicture, samplePictures } from "./requests.js";

export function startSamples(mixer) {
  const draw = told(
    coalesced(async () => {
      const seed = seedOf(element("seed"));
      const pictures = await samplePictures(seed, Number(element("count").value));
      const buttons = pictures.map((base64, row) =>
        pictureButton(base64, `sample ${row} of seed ${seed}`, async () => mixer.load(await encodePicture(base64))),
      );
      element("grid").replaceChildren(...buttons);
    }),
  );
  element("seed").addEventListener("input", draw);
  element("count").addEventListener("change", draw);
  element("samples").querySelector("form").addEventListener("submit", (event) => {
    event.preventDefault();
    element("seed").value = Math.floor(Math.random() * 1e6);
    draw();
  });
  draw();
}
