/**
 * What an S3 request asks for. In: method, path, query, headers. Out: one of the operations that are known here, with its
 * bucket and key in their one spelling; everything else is refused, for what is not known here cannot be decided.
 *
 * @see Amazon S3 API reference, "Actions"
 */
import { bucketName, type S3Verb } from "@cordon/core/contract/s3-schema";
import { CordonError } from "@cordon/core/errors";
import { decode, presignParameters, readQuery, type Pairs } from "@cordon/core/s3/sigv4";

export interface ObjectPlace {
  readonly bucket: string;
  readonly key: string;
}

export interface Operation {
  readonly name: string;
  readonly verb: S3Verb;
  readonly bucket: string;
  /** Absent for an operation on the bucket. */
  readonly key?: string;
  /** What is sent on. */
  readonly query: Pairs;
  readonly hasBody: boolean;
  /** Of a listing: what the listed keys begin with. */
  readonly listed?: string;
  /** Of a copy: what is read, and which version of it. */
  readonly source?: ObjectPlace & { readonly version?: string };
  readonly uploadId?: string;
}

interface Known {
  readonly name: string;
  readonly verb: S3Verb;
  /** Query parameters that must be there. */
  readonly needs: readonly string[];
  /** Those that may. */
  readonly may: readonly string[];
  readonly body?: true;
  readonly copies?: true;
}

/** What a presigned address carries in place of a header. */
const checksumMode = "x-amz-checksum-mode";

const onObject: Readonly<Record<string, readonly Known[]>> = {
  GET: [
    { name: "ListParts", verb: "write", needs: ["uploadId"], may: ["max-parts", "part-number-marker"] },
    {
      name: "GetObject",
      verb: "read",
      needs: [],
      may: ["versionId", "partNumber", "response-content-type", "response-content-disposition", checksumMode],
    },
  ],
  HEAD: [{ name: "HeadObject", verb: "read", needs: [], may: ["versionId", "partNumber", checksumMode] }],
  PUT: [
    { name: "UploadPartCopy", verb: "write", needs: ["uploadId", "partNumber"], may: [], copies: true },
    { name: "UploadPart", verb: "write", needs: ["uploadId", "partNumber"], may: [], body: true },
    { name: "CopyObject", verb: "write", needs: [], may: [], copies: true },
    { name: "PutObject", verb: "write", needs: [], may: [], body: true },
  ],
  POST: [
    { name: "CreateMultipartUpload", verb: "write", needs: ["uploads"], may: [] },
    { name: "CompleteMultipartUpload", verb: "write", needs: ["uploadId"], may: [], body: true },
  ],
  DELETE: [
    { name: "AbortMultipartUpload", verb: "write", needs: ["uploadId"], may: [] },
    { name: "DeleteObject", verb: "delete", needs: [], may: ["versionId"] },
  ],
};

const listing = ["prefix", "delimiter", "max-keys", "encoding-type"];
const onBucket: Readonly<Record<string, readonly Known[]>> = {
  GET: [
    {
      name: "ListObjectsV2",
      verb: "list",
      needs: ["list-type"],
      may: [...listing, "continuation-token", "start-after", "fetch-owner"],
    },
    { name: "ListObjects", verb: "list", needs: [], may: [...listing, "marker"] },
  ],
  HEAD: [{ name: "HeadBucket", verb: "list", needs: [], may: [] }],
  POST: [{ name: "DeleteObjects", verb: "delete", needs: ["delete"], may: [], body: true }],
};

/**
 * @param rest the path below the route: `/bucket/key`
 * @param headers names in lower case
 * @throws {CordonError} `ROUTE_UNGOVERNED`, `REQUEST_MALFORMED`
 */
export function readOperation(
  method: string,
  rest: string,
  query: string,
  headers: ReadonlyMap<string, string>,
): Operation {
  const { bucket, key } = placeOf(rest);
  // `x-id` says again which operation is meant; the store does not need it.
  const asked = readQuery(query).filter(([name]) => !presignParameters.has(name) && name !== "x-id");
  const names = new Map(asked);
  if (names.size < asked.length) throw malformed("a query parameter is sent twice");
  const copySource = headers.get("x-amz-copy-source");
  const table = key === undefined ? onBucket : onObject;
  const known = table[method]?.find(
    ({ needs, may, copies }) =>
      (copySource !== undefined) === (copies === true) &&
      needs.every((name) => names.has(name)) &&
      [...names.keys()].every((name) => needs.includes(name) || may.includes(name)),
  );
  if (known === undefined) throw ungoverned(method, key, [...names.keys()], copySource !== undefined);
  const { name, verb } = known;
  const uploadId = names.get("uploadId");
  return {
    ...{ name, verb, bucket, query: asked, hasBody: known.body === true },
    ...(key === undefined ? { listed: names.get("prefix") ?? "" } : { key }),
    ...(uploadId === undefined ? {} : { uploadId }),
    ...(copySource === undefined ? {} : { source: sourceOf(copySource) }),
  };
}

/** Whether a request asks which buckets there are: the route's own path, and nothing else. */
export function isBucketList(method: string, rest: string, query: string): boolean {
  const asked = readQuery(query).filter(([name]) => !presignParameters.has(name) && name !== "x-id");
  return method === "GET" && (rest === "" || rest === "/") && asked.length === 0;
}

function placeOf(rest: string): { readonly bucket: string; readonly key: string | undefined } {
  const [, bucket = "", key] = /^\/([^/]*)(?:\/(.*))?$/s.exec(rest) ?? [];
  if (bucket === "") throw new CordonError("ROUTE_UNGOVERNED", "name a bucket, by path");
  if (!bucketName.test(bucket))
    throw malformed("its bucket's name is not one; buckets are named by path, in plain letters");
  return { bucket, key: key === undefined || key === "" ? undefined : checkedKey(decode(key)) };
}

/** `/bucket/key` or `bucket/key`, percent-encoded, perhaps with a version. */
function sourceOf(header: string): ObjectPlace & { readonly version?: string } {
  const [, path = "", version] = /^\/?([^?]*)(?:\?versionId=([A-Za-z0-9._-]{1,1024}))?$/.exec(header) ?? [];
  const text = decode(path);
  const slash = text.indexOf("/");
  const [bucket, key] = [text.slice(0, Math.max(0, slash)), text.slice(slash + 1)];
  if (!bucketName.test(bucket) || key === "")
    throw malformed("its `x-amz-copy-source` is not `/bucket/key`, percent-encoded");
  return { bucket, key: checkedKey(key), ...(version === undefined ? {} : { version }) };
}

/**
 * A key that no two readers take differently: stores on file systems and proxies resolve dots and empty segments, and S3
 * itself does not.
 */
export function checkedKey(key: string): string {
  if (Buffer.byteLength(key) > 1024) throw malformed("its key is longer than 1024 bytes");
  if (/[\p{Cc}\\]/u.test(key)) throw malformed("its key holds a backslash or a control character");
  const segments = key.replace(/\/$/, "").split("/");
  if (segments.some((one) => one === "" || one === "." || one === ".."))
    throw malformed("its key holds an empty or a dot segment");
  if (/%(?:2f|5c|2e|00|25)/i.test(key)) throw malformed("its key is percent-encoded twice");
  return key;
}

function ungoverned(method: string, key: string | undefined, names: readonly string[], copies: boolean): CordonError {
  const what = `${method} of ${key === undefined ? "a bucket" : "an object"}`;
  const how =
    names.length === 0
      ? ""
      : ` with ${names
          .slice(0, 6)
          .map((name) => `\`${name.slice(0, 40)}\``)
          .join(", ")}`;
  const copy = copies ? " and `x-amz-copy-source`" : "";
  return new CordonError("ROUTE_UNGOVERNED", `${what}${how}${copy} is refused: this operation of S3 is not governed`);
}

function malformed(why: string): CordonError {
  return new CordonError("REQUEST_MALFORMED", `the request is refused: ${why}`);
}
