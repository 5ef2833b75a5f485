// The requests that this page sends: those of TensorFlow Serving's REST protocol, like any other client's.

// The server writes the names into the page, for the protocol has no request that lists them.
function servedModels() {
  try {
    return JSON.parse(document.getElementById("models").textContent);
  } catch {
    return [];
  }
}

export const models = servedModels();
export const model = new URLSearchParams(location.search).get("model") ?? models[0] ?? "vae";
const modelUrl = `v1/models/${encodeURIComponent(model)}`;

// JSON with whole numbers beyond 2^53, as the seeds of rows are: BigInt, which JSON.stringify refuses.
function toJson(value) {
  if (typeof value === "bigint") return String(value);
  if (Array.isArray(value)) return `[${value.map(toJson)}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  return `{${Object.entries(value).map(([key, each]) => `${JSON.stringify(key)}: ${toJson(each)}`)}}`;
}

// The server writes NaN and Infinity as such, which JSON.parse refuses. Strings are passed over.
function fromJson(text) {
  const tokens = /"(?:[^"\\]|\\.)*"|-?(?:NaN|Infinity)/g;
  return JSON.parse(text.replace(tokens, (found) => (found[0] === '"' ? found : "null")));
}

async function request(url, options) {
  let response;
  try {
    response = await fetch(url, options);
  } catch {
    throw new Error("The server does not answer.");
  }
  let answer;
  try {
    answer = fromJson(await response.text());
  } catch {
    throw new Error(`The server answered ${response.status} ${response.statusText}, without words.`);
  }
  if (!response.ok) throw new Error(`The server says: ${answer.error}`);
  return answer;
}

// The outputs of a signature; a single output comes without its name.
export async function ask(signature, inputs) {
  const body = toJson({ signature_name: signature, inputs });
  return (await request(`${modelUrl}:predict`, { method: "POST", body })).outputs;
}

const rowSeed = (seed, row) => (BigInt(seed) << 32n) + BigInt(row);

export async function samplePictures(seed, count) {
  const answer = await ask("sample_png", { seed: Array.from({ length: count }, (_, row) => rowSeed(seed, row)) });
  return answer.map((each) => each.b64);
}

export async function decodePictures(codes) {
  return (await ask("decode_png", { codes })).map((each) => each.b64);
}

export async function encodePicture(base64) {
  return (await ask("encode_bytes", { image_bytes: [{ b64: base64 }] })).mean[0];
}

let known = null;

// What the model is and can do, asked once.
export function metadata() {
  known ??= request(`${modelUrl}/metadata`);
  return known;
}

export const signatures = async () => (await metadata()).metadata.signature_def.signature_def;
