// What happens when something is clicked, typed or dropped.

export const element = (id) => document.getElementById(id);

function say(message) {
  element("trouble").textContent = message;
  element("trouble").hidden = !message;
}

for (const type of ["input", "change", "click", "drop"]) {
  document.addEventListener(type, () => say(""), { capture: true }); // before the handlers of this new attempt
}

// An event's handler: what goes wrong is said on the page, until something else is tried.
export function told(work) {
  return async (...args) => {
    try {
      await work(...args);
    } catch (error) {
      say(error.message);
    }
  };
}

// At most one run of `work` at a time; calls that come meanwhile become one, the last of them.
export function coalesced(work) {
  let running = false;
  let next = null;
  return async (...args) => {
    next = args;
    if (running) return;
    running = true;
    try {
      while (next) {
        const now = next;
        next = null;
        try {
          await work(...now);
        } catch (error) {
          if (!next) throw error; // else it is out of date
        }
      }
    } finally {
      running = false;
    }
  };
}

export function seedOf(input) {
  if (!input.checkValidity()) throw new Error("A seed is a whole number between -2147483648 and 2147483647.");
  return Number(input.value);
}

export const pngUrl = (base64) => `data:image/png;base64,${base64}`;

export function pictureButton(base64, description, use) {
  const button = document.createElement("button");
  const image = document.createElement("img");
  image.src = pngUrl(base64);
  image.alt = description;
  button.type = "button";
  button.title = description;
  button.append(image);
  button.addEventListener("click", told(use));
  return button;
}
