/** The estate without Cordon: the same services and programs, on a network that asks nobody who they are. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Conversation } from "../assistant/converse.ts";
import { call } from "../assistant/reach.ts";
import { servicePlans } from "../estate.ts";
import { definitionsIn, placeModels, weightsOf } from "../models.ts";
import { changeTool, restoreTools } from "./change-tools.ts";
import { swapWeights } from "./swap-weights.ts";
import { startUnprotectedDemo } from "../start.ts";
import { runJob, startActor, type Actor, type StartAs } from "./actors.ts";
import { openPlainNetwork } from "./plain-network.ts";
import type { Outcome, World } from "./world.ts";

/** @param warn is told, loudly, that nothing is protected */
export async function openWorldWithoutCordon(warn: (words: string) => void): Promise<World> {
  await using opening = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "cordon-open-"));
  opening.defer(() => rm(folder, { recursive: true, force: true }));
  const listen = Object.fromEntries(servicePlans.map(({ component }) => [component, "127.0.0.1:0"]));
  const models = join(folder, "models");
  await placeModels(models);
  const demo = opening.use(await startUnprotectedDemo({ folder, models, listen, warn }));
  const network = opening.use(await openPlainNetwork(demo.description));
  const startAs: StartAs = (component, program) => ({
    command: [process.execPath, program],
    env: {
      PATH: process.env["PATH"] ?? "",
      CORDON_URL: network.url,
      CORDON_TOKEN: `static-key-of-${component}`,
      OPENAI_BASE_URL: `${network.url}/v1`,
      OPENAI_API_KEY: `static-key-of-${component}`,
    },
  });
  const urlOf = (component: string): string =>
    demo.description.find((service) => service.component === component)?.url ?? "";
  const actors = new Map<string, Promise<Actor>>();
  const actor = (component: string): Promise<Actor> => {
    const running = actors.get(component) ?? startActor(startAs, component).then((made) => owned.use(made));
    actors.set(component, running);
    return running;
  };
  const indexed = await runJob(startAs, "index");
  if (!indexed.ok) throw new Error(`the help pages could not be indexed: ${indexed.text}`);
  const owned = opening.move();
  return {
    mode: "open",
    outsideUrl: urlOf("partner"),
    ask: async (question) => (await (await actor("assistant")).obey({ ask: question })) as Conversation,
    call: async (component, request) => (await (await actor(component)).obey({ call: request })) as Outcome,
    dial: async (_component, service, request) => call({ base: urlOf(service), token: "" }, request.path, request),
    replay: async (component, _when, request) => call((await actor(component)).credential, request.path, request),
    runJob: (job) => runJob(startAs, job),
    swapWeights: (model, swap) => swapWeights(weightsOf(models, model), swap),
    changeTool: (server, tool, description) => changeTool(definitionsIn(models), server, tool, description),
    restoreTools: () => restoreTools(definitionsIn(models)),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
