/**
 * The demo's credit-scoring model behind HTTP. In: `--model FILE`; `POST /score` with an application. Out: the probability,
 * and what each feature added to it; `GET /model` says what the model was trained on and how good it is. A file that changes
 * is read again, as model servers do: whoever may write it decides what is answered.
 */
import { readFile, stat } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { application, featureNames, featuresOf } from "../train/credit-features.ts";
import { parseCreditModel, type CreditModel } from "../train/credit-model.ts";
import { predict } from "../train/logistic-regression.ts";
import { rounded } from "../train/metrics.ts";
import { modelArgument, readJson, sendJson } from "./http.ts";
import { runService } from "./serve.ts";

const file = modelArgument();
const reasonsShown = 4;
let held: { readonly version: string; readonly model: CreditModel } | undefined;
await currentModel();

await runService("credit scoring", handle);

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const model = await currentModel();
  switch (`${request.method} ${request.url ?? ""}`) {
    case "GET /model": {
      const { intercept: _intercept, weights: _weights, ...card } = model;
      return sendJson(response, 200, card);
    }
    case "POST /score": {
      const body = await readJson(request, application);
      if ("problem" in body) return sendJson(response, 422, { error: body.problem });
      const features = featuresOf(body.value);
      return sendJson(response, 200, {
        probability: rounded(predict(model, features)),
        accepted: predict(model, features) >= 0.5,
        because: strongest(model, features),
      });
    }
    default:
      return sendJson(response, 404, { error: "POST /score or GET /model." });
  }
}

/** The model as its file is now. */
async function currentModel(): Promise<CreditModel> {
  const { ino, size, mtimeMs, ctimeMs } = await stat(file);
  const version = [ino, size, mtimeMs, ctimeMs].join(":");
  if (held?.version !== version) held = { version, model: parseCreditModel(await readFile(file, "utf8")) };
  return held.model;
}

/** The features that moved this score most, with how far on the log-odds scale. */
function strongest(model: CreditModel, features: readonly number[]): readonly object[] {
  return featureNames
    .map((feature, at) => ({ feature, effect: rounded((model.weights[at] ?? 0) * (features[at] ?? 0)) }))
    .filter(({ effect }) => effect !== 0)
    .toSorted((left, right) => Math.abs(right.effect) - Math.abs(left.effect))
    .slice(0, reasonsShown);
}
