/**
 * Which buckets may I list? Answered from the registry: a bucket is one of them where policy lets the caller list one of its
 * data sets now. In: a plan. Out: the list as S3 says it, or whether one bucket is in it. On record as what was seen.
 */
import type { ServerResponse } from "node:http";
import { CordonError } from "@cordon/core/errors";
import type { Instant } from "@cordon/core/instant";
import type { Signals } from "@cordon/core/policy/decision";
import type { S3Route, Snapshot } from "@cordon/core/policy/snapshot";
import { accessRequestOf, decideHere, namespaceOf } from "../../admission.ts";
import { answerJson, receiptHeaders } from "../../answer.ts";
import { personBehind } from "../../listener/acting-for.ts";
import type { Caller } from "../../listener/caller.ts";
import type { GatewayLedger } from "../../ports.ts";

export interface BucketsQuestion {
  readonly id: string;
  readonly response: ServerResponse;
  readonly caller: Caller;
  readonly route: S3Route;
  readonly only: string | undefined;
}

/** @throws {CordonError} `ACCESS_DENIED` where the one bucket is not the caller's to list */
export async function listBuckets(
  ledger: GatewayLedger,
  { id, response, caller, route, only }: BucketsQuestion,
  snapshot: Snapshot,
  signals: Signals,
  now: Instant,
): Promise<void> {
  const visible = route.datasets.filter(({ bucket, resource }) => {
    if (only !== undefined && bucket !== only) return false;
    const { upstream } = route;
    const intent = { action: route.actions.list, resource, upstream, upstreamPath: "", stream: false, uses: [] };
    return decideHere(snapshot, accessRequestOf(caller, intent, route, "GET"), signals, now).effect === "allow";
  });
  const index = await ledger.append({
    ...{ v: 1, kind: "discovery", at: now, id, namespace: namespaceOf(snapshot, caller.id) },
    ...{ revision: snapshot.revision, principal: caller.id, ...personBehind(caller), route: route.name },
    visible: visible.map(({ resource }) => resource),
  });
  const receipt = receiptHeaders(id, index, ledger.latestCheckpoint());
  if (only !== undefined) {
    if (visible.length === 0) throw new CordonError("ACCESS_DENIED", `\`${only}\` is no bucket of yours to list`);
    response.writeHead(200, ["x-amz-bucket-region", route.region, "content-length", "0", ...receipt]);
    response.end();
    return;
  }
  const names = [...new Set(visible.map(({ bucket }) => bucket))].toSorted();
  const buckets = names.map(
    (name) => `<Bucket><Name>${name}</Name><CreationDate>1970-01-01T00:00:00.000Z</CreationDate></Bucket>`,
  );
  const body = `<?xml version="1.0" encoding="UTF-8"?><ListAllMyBucketsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Owner><ID>cordon</ID></Owner><Buckets>${buckets.join("")}</Buckets></ListAllMyBucketsResult>`;
  answerJson(response, 200, body, receipt, "application/xml");
}
