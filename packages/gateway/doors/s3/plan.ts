/**
 * A request on a route of kind `s3`, in Cordon's words. In: head, raw headers, the route. Out: a plan: which data set, which
 * action, what a copy reads besides, whose upload it is, and what is sent on. The caller is known already; the signature
 * that its client made for the loopback has been judged there (`agent/run/s3-caller.ts`), and goes no further.
 */
import type { IncomingMessage } from "node:http";
import { CordonError } from "@cordon/core/errors";
import type { SpiffeId } from "@cordon/core/identity/spiffe-id";
import type { S3Route, SecretReference } from "@cordon/core/policy/snapshot";
import { uriEncode, writeQuery, type Pairs } from "@cordon/core/s3/sigv4";
import { readBody } from "../../listener/body.ts";
import type { Plan, PlanInput } from "../../routes/intent.ts";
import { contentChecker, headerMap } from "./content.ts";
import { readDeleteList, writeDeleteList } from "./delete-list.ts";
import { checkedKey, isBucketList, readOperation, type Operation } from "./operation.ts";

/** What is needed to send the operation to the store. */
export interface S3Sending {
  readonly region: string;
  readonly accessKeyId: SecretReference;
  readonly secretAccessKey: SecretReference;
  /** Decoded, below the upstream's base: `/bucket/key`. */
  readonly path: string;
  readonly query: Pairs;
  /** Names in lower case; without what frames or signs. */
  readonly headers: ReadonlyMap<string, string>;
  readonly hasBody: boolean;
  /** What is sent in place of what the client wrote. It must not be changed: it says what is done. */
  readonly body?: Buffer;
  /** `x-amz-content-sha256` as the client sent it. */
  readonly payload: string | undefined;
}

export function planS3(route: S3Route, { head, rest }: PlanInput, raw: readonly string[]): Plan {
  if (isBucketList(head.method, rest, head.query)) return { kind: "buckets", route };
  const headers = headerMap(raw);
  const operation = readOperation(head.method, rest, head.query, headers);
  if (operation.name === "HeadBucket") return { kind: "buckets", route, only: operation.bucket };
  if (operation.name === "DeleteObjects") return planDeletion(route, operation, headers);
  const resource =
    operation.key === undefined
      ? listedDataset(route, operation.bucket, operation.listed ?? "")
      : datasetOf(route, operation.bucket, operation.key);
  const { source, uploadId, query } = operation;
  const readBesides = source === undefined ? undefined : datasetOf(route, source.bucket, source.key);
  const upload = uploadId === undefined ? undefined : ({ type: "s3-upload", id: uploadId } as const);
  const over = operation.name === "AbortMultipartUpload" || operation.name === "CompleteMultipartUpload";
  const path = `/${operation.bucket}${operation.key === undefined ? "" : `/${operation.key}`}`;
  const { region, accessKeyId, secretAccessKey } = route;
  const sent = sentHeaders(headers, route.inspection !== undefined);
  if (source !== undefined) sent.set("x-amz-copy-source", sourceHeader(source));
  return {
    kind: "forward",
    body: operation.hasBody ? "through" : "none",
    intent: () => ({
      action: route.actions[operation.verb],
      resource,
      upstream: route.upstream,
      upstreamPath: uriEncode(path, true) + (query.length === 0 ? "" : `?${writeQuery(query)}`),
      stream: false,
      uses: upload === undefined ? [] : [upload],
      ...(operation.name === "CreateMultipartUpload" ? { creates: "s3-upload" as const } : {}),
      ...(over && upload !== undefined ? { deletes: upload } : {}),
      ...(readBesides === undefined ? {} : { also: [{ action: route.actions.read, resource: readBesides }] }),
      ...(route.inspection === undefined ? { stored: true } : {}),
      s3: {
        ...{ region, accessKeyId, secretAccessKey, path, query, headers: sent, hasBody: operation.hasBody },
        payload: headers.get("x-amz-content-sha256"),
      },
    }),
  };
}

/** Many deletes are one request: each key is decided, and all are deleted or none is. */
function planDeletion(route: S3Route, { bucket, query }: Operation, headers: ReadonlyMap<string, string>): Plan {
  const { region, accessKeyId, secretAccessKey } = route;
  const sent = new Map([["content-type", "application/xml"]]);
  return {
    kind: "forward",
    body: "through",
    whole: true,
    intent(_tree, bytes = new Uint8Array(0)) {
      const list = readDeleteList(bytes, checkedKey);
      const [resource, ...others] = new Set(list.keys.map(({ key }) => datasetOf(route, bucket, key)));
      const action = route.actions.delete;
      const path = `/${bucket}`;
      const body = writeDeleteList(list);
      return {
        ...{ action, resource: resource as SpiffeId, upstream: route.upstream, stream: false, uses: [] },
        upstreamPath: `${uriEncode(path, true)}?${writeQuery(query)}`,
        ...(others.length === 0 ? {} : { also: others.map((other) => ({ action, resource: other })) }),
        s3: {
          ...{ region, accessKeyId, secretAccessKey, path, query, headers: sent, hasBody: true, body },
          payload: headers.get("x-amz-content-sha256"),
        },
      };
    },
  };
}

/** The data set whose prefix is the longest that the key begins with. @throws {CordonError} `ROUTE_UNKNOWN` */
export function datasetOf({ datasets, name }: S3Route, bucket: string, key: string): SpiffeId {
  let found: S3Route["datasets"][number] | undefined;
  for (const one of datasets)
    if (one.bucket === bucket && key.startsWith(one.prefix) && one.prefix.length >= (found?.prefix.length ?? 0))
      found = one;
  if (found !== undefined) return found.resource;
  throw new CordonError("ROUTE_UNKNOWN", `the route \`${name}\` knows no data set at this place of \`${bucket}\``);
}

/** A listing lies in one data set whole, or shows names of another. */
function listedDataset(route: S3Route, bucket: string, listed: string): SpiffeId {
  const resource = datasetOf(route, bucket, listed);
  const wider = route.datasets.find(
    (one) => one.bucket === bucket && one.resource !== resource && one.prefix.startsWith(listed),
  );
  if (wider === undefined) return resource;
  throw new CordonError(
    "ROUTE_UNGOVERNED",
    "this listing would show keys of more than one data set; list with the prefix of one, such as `orders/`",
  );
}

/** Reads a body whole. On a route of kind `s3` it comes out of its chunks, and is what its hash says. */
export async function readWhole(
  request: IncomingMessage,
  maxBytes: number,
  timeoutMs: number,
  kind: string,
): Promise<Buffer> {
  const bytes = await readBody(request, maxBytes, timeoutMs);
  if (kind !== "s3") return bytes;
  const check = contentChecker(headerMap(request.rawHeaders));
  const content = Buffer.concat(check.push(bytes));
  check.end();
  return content;
}

/** What tells the store how to keep and hand out an object, and nothing that says who may have it. */
const passed: ReadonlySet<string> = new Set([
  ...["cache-control", "content-disposition", "content-language", "content-md5", "content-type", "expires"],
  ...["if-match", "if-modified-since", "if-none-match", "if-unmodified-since", "range"],
  ...["x-amz-checksum-algorithm", "x-amz-checksum-type", "x-amz-checksum-mode", "x-amz-sdk-checksum-algorithm"],
  ...["x-amz-checksum-crc32", "x-amz-checksum-crc32c", "x-amz-checksum-crc64nvme", "x-amz-checksum-sha1"],
  ...["x-amz-checksum-sha256", "x-amz-metadata-directive", "x-amz-storage-class", "x-amz-mp-object-size"],
  ...["x-amz-copy-source-if-match", "x-amz-copy-source-if-modified-since", "x-amz-copy-source-if-none-match"],
  ...["x-amz-copy-source-if-unmodified-since", "x-amz-copy-source-range"],
]);

/** Read here, and made anew. */
const replaced: ReadonlySet<string> = new Set([
  ...["x-amz-date", "x-amz-security-token", "x-amz-content-sha256", "x-amz-decoded-content-length", "x-amz-trailer"],
  ...["x-amz-user-agent", "x-amz-copy-source"],
]);

/** @throws {CordonError} `ROUTE_UNGOVERNED` for an `x-amz-` header that is not known here */
function sentHeaders(headers: ReadonlyMap<string, string>, inspected: boolean): Map<string, string> {
  const sent = new Map<string, string>();
  for (const [name, value] of headers) {
    if (passed.has(name) || name.startsWith("x-amz-meta-")) {
      if (inspected && name === "range") continue; // two pieces may hold between them what neither shows
      sent.set(name, value);
    } else if (name.startsWith("x-amz-") && !replaced.has(name))
      throw new CordonError("ROUTE_UNGOVERNED", `the header \`${name.slice(0, 64)}\` is refused: it is not governed`);
  }
  const codings = (headers.get("content-encoding") ?? "").split(",").map((one) => one.trim().toLowerCase());
  const kept = codings.filter((one) => one !== "" && one !== "aws-chunked" && one !== "identity");
  if (kept.length > 0 && inspected)
    throw new CordonError("ENCODING_UNSUPPORTED", "compressed objects are refused where content is inspected");
  if (kept.length > 0) sent.set("content-encoding", kept.join(","));
  return sent;
}

function sourceHeader({ bucket, key, version }: NonNullable<Operation["source"]>): string {
  return `/${bucket}/${uriEncode(key, true)}${version === undefined ? "" : `?versionId=${version}`}`;
}
