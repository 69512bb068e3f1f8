import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { crc32 } from "node:zlib";
import { audit, type AuditOptions, type AuditReport } from "./audit.ts";
import { importOsv, openOsvDatabase, type OsvDatabase } from "./database.ts";
import { readPackages } from "./inputs/read-packages.ts";
import { parseVex } from "./vex.ts";

const corpus = new URL("../../../../../shared/corpora/cyclonedx/", import.meta.url).pathname;
const now = Date.parse("2026-11-25T00:00:00Z");

const records = [
  {
    id: "GHSA-53q9-r3pm-6pq6",
    modified: "2026-11-24T00:00:00Z",
    aliases: ["CVE-2025-32434"],
    summary: "torch.load runs code even with weights_only",
    severity: [{ type: "CVSS_V4", score: "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N" }],
    affected: [
      {
        package: { ecosystem: "PyPI", name: "torch" },
        ranges: [{ type: "ECOSYSTEM", events: [{ introduced: "0" }, { fixed: "2.6.0" }] }],
      },
    ],
  },
  {
    id: "PYSEC-2025-1",
    modified: "2026-11-20T00:00:00Z",
    aliases: ["CVE-2025-32434"],
    affected: [
      {
        package: { ecosystem: "PyPI", name: "torch" },
        ranges: [{ type: "ECOSYSTEM", events: [{ introduced: "0" }, { fixed: "2.6.0" }] }],
      },
    ],
  },
  {
    id: "PYSEC-2020-9",
    modified: "2026-11-20T00:00:00Z",
    withdrawn: "2026-11-21T00:00:00Z",
    affected: [{ package: { ecosystem: "PyPI", name: "torch" }, versions: ["2.5.1"] }],
  },
  {
    id: "MAL-2024-10238",
    modified: "2026-11-20T00:00:00Z",
    affected: [{ package: { ecosystem: "PyPI", name: "123bla" }, versions: ["0.0.1"] }],
  },
  {
    id: "MAL-2024-2",
    modified: "2026-11-20T00:00:00Z",
    affected: [
      { package: { ecosystem: "npm", name: "evil" }, ranges: [{ type: "SEMVER", events: [{ introduced: "0" }] }] },
    ],
  },
  {
    id: "DSA-1-1",
    modified: "2026-11-20T00:00:00Z",
    affected: [
      {
        package: { ecosystem: "Debian:12", name: "openssl" },
        ranges: [{ type: "ECOSYSTEM", events: [{ introduced: "0" }, { fixed: "3.0.15-1~deb12u1" }] }],
      },
    ],
  },
];

async function folderOf(t: TestContext, files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "cordon-osv-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(join(folder, name, ".."), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  return folder;
}

async function database(t: TestContext): Promise<OsvDatabase> {
  const folder = await folderOf(
    t,
    Object.fromEntries(records.map((record) => [`${record.id}.json`, JSON.stringify(record)])),
  );
  const opened = await importOsv([folder], ":memory:", now);
  t.after(() => opened[Symbol.dispose]());
  return opened;
}

async function judge(
  t: TestContext,
  file: string,
  text: string,
  options: Partial<AuditOptions> = {},
): Promise<AuditReport> {
  return audit([readPackages(Buffer.from(text), file)], await database(t), { now, ...options });
}

const verdicts = (report: AuditReport): string[] => report.packages.map(({ name, verdict }) => `${name} ${verdict}`);

test("names that one vulnerability goes by count once, and the withdrawn not at all", async (t) => {
  const report = await judge(t, "requirements.txt", "Torch[extra]==2.5.1+cu118 --hash=sha256:aa\nrequests==2.32.0\n");
  assert.deepEqual(verdicts(report), ["Torch affected", "requests clean"]);
  const [hit, ...more] = report.packages[0]?.hits ?? [];
  assert.deepEqual(more, []);
  assert.equal(hit?.id, "GHSA-53q9-r3pm-6pq6");
  assert.deepEqual(hit?.aliases, ["CVE-2025-32434", "PYSEC-2025-1"]);
  assert.equal(hit?.severity, "critical");
  assert.deepEqual(hit?.fixed, ["2.6.0"]);
  assert.equal(report.findings[0]?.line, 1);
});

test("malware blocks, pinned or not, and no statement clears it", async (t) => {
  const vex = parseVex(
    JSON.stringify({
      "@context": "https://openvex.dev/ns/v0.2.0",
      timestamp: "2026-11-24T00:00:00Z",
      statements: [
        {
          vulnerability: { name: "MAL-2024-10238" },
          products: [{ "@id": "pkg:pypi/123bla@0.0.1" }],
          status: "not_affected",
          justification: "component_not_present",
        },
      ],
    }),
    "vex.json",
  );
  const report = await judge(t, "requirements.txt", "123bla==0.0.1\n", { vex });
  assert.deepEqual(verdicts(report), ["123bla malicious"]);
  assert.equal(report.findings[0]?.rule, "vulnerability/malicious-package");
  const lock = JSON.stringify({ lockfileVersion: 3, packages: { "": {}, "node_modules/evil": { version: "9.9.9" } } });
  assert.deepEqual(verdicts(await judge(t, "package-lock.json", lock)), ["evil malicious"]);
});

test("what is not pinned, not covered or not readable is unknown, and said", async (t) => {
  const report = await judge(t, "requirements.txt", "torch>=2\nrequests\n-r other.txt\nhttps://example.com/x.whl\n");
  assert.deepEqual(verdicts(report), ["torch unknown", "requests unknown"]);
  assert.equal(report.findings.filter(({ rule }) => rule === "vulnerability/unread").length, 2);
  const bom = JSON.stringify({
    bomFormat: "CycloneDX",
    components: [
      { type: "library", name: "serde", purl: "pkg:cargo/serde@1.0.0" },
      { type: "machine-learning-model", name: "m", purl: "pkg:huggingface/a/m@abc" },
      { type: "library", name: "nameless" },
    ],
  });
  const other = await judge(t, "bom.json", bom);
  assert.deepEqual(verdicts(other), ["serde unknown", "a/m unknown"]);
  assert.match(other.packages[0]?.why ?? "", /nothing about crates.io/);
});

test("a statement with a reason clears a vulnerability for that package and version only", async (t) => {
  const statement = (over: object): string =>
    JSON.stringify({
      "@context": "https://openvex.dev/ns/v0.2.0",
      timestamp: "2026-11-24T00:00:00Z",
      statements: [
        {
          vulnerability: { name: "CVE-2025-32434" },
          products: [{ "@id": "pkg:pypi/torch@2.5.1" }],
          status: "not_affected",
          justification: "vulnerable_code_not_in_execute_path",
          ...over,
        },
      ],
    });
  const text = "torch==2.5.1\n";
  const verdictWith = async (over: object): Promise<string | undefined> =>
    (await judge(t, "requirements.txt", text, { vex: parseVex(statement(over), "vex.json") })).packages[0]?.verdict;
  assert.equal(await verdictWith({}), "clean");
  assert.equal(await verdictWith({ products: ["pkg:pypi/torch"] }), "clean");
  assert.equal(await verdictWith({ products: ["pkg:pypi/torch@2.5.0"] }), "affected");
  assert.equal(await verdictWith({ products: ["pkg:npm/torch@2.5.1"] }), "affected");
  assert.equal(await verdictWith({ justification: undefined }), "affected");
  assert.equal(await verdictWith({ status: "under_investigation" }), "affected");
  assert.equal(await verdictWith({ vulnerability: "CVE-2025-1" }), "affected");
});

test("CycloneDX statements count the same way, by reference into their own document or the judged one", async (t) => {
  const serialNumber = "urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79";
  const link = "urn:cdx:3E671687-395b-41f5-a30f-a58921a69b79/1#t";
  const component = { "bom-ref": "t", name: "torch", purl: "pkg:pypi/torch@2.5.1" };
  const document = (state: string, ref: string, over: object = {}): string =>
    JSON.stringify({
      bomFormat: "CycloneDX",
      vulnerabilities: [
        {
          id: "X",
          references: [{ id: "CVE-2025-32434" }],
          analysis: { state, justification: "code_not_reachable" },
          affects: [{ ref }],
        },
      ],
      ...over,
    });
  const own = { serialNumber, components: [component] };
  const verdict = async (text: string, refs?: ReadonlyMap<string, string>): Promise<string | undefined> =>
    (await judge(t, "requirements.txt", "torch==2.5.1\n", { vex: parseVex(text, "vex.json", refs) })).packages[0]
      ?.verdict;
  for (const [state, expected] of [
    ["not_affected", "clean"],
    ["false_positive", "clean"],
    ["exploitable", "affected"],
    ["in_triage", "affected"],
  ] as const)
    for (const ref of ["t", link]) assert.equal(await verdict(document(state, ref, own)), expected, `${state} ${ref}`);
  const bom = readPackages(
    Buffer.from(JSON.stringify({ bomFormat: "CycloneDX", serialNumber, components: [component] })),
    "bom.json",
  );
  const refs = new Map(
    bom.packages.flatMap(({ bomLink, purl }) =>
      bomLink === undefined || purl === undefined ? [] : [[bomLink, purl] as const],
    ),
  );
  assert.equal(await verdict(document("not_affected", link), refs), "clean");
  assert.equal(
    await verdict(document("not_affected", link.replace("/1#", "/2#")), refs),
    "affected",
    "another version of the document",
  );
  assert.equal(
    await verdict(document("not_affected", "t"), refs),
    "affected",
    "a bare reference leads into its own document only",
  );
});

test("what is said of a product holds for its parts, and for no other product's", async (t) => {
  const statement = (product: string): string =>
    JSON.stringify({
      "@context": "https://openvex.dev/ns/v0.2.0",
      statements: [
        {
          vulnerability: "CVE-2025-32434",
          products: [product],
          status: "not_affected",
          justification: "component_not_present",
        },
      ],
    });
  const verdict = async (
    file: string,
    text: string,
    product: string,
    options: Partial<AuditOptions> = {},
  ): Promise<string | undefined> =>
    (await judge(t, file, text, { vex: parseVex(statement(product), "vex.json"), ...options })).packages[0]?.verdict;
  const bom = JSON.stringify({
    bomFormat: "CycloneDX",
    metadata: { component: { type: "application", name: "app", "bom-ref": "app", purl: "pkg:oci/app@sha256:aa" } },
    components: [{ name: "torch", purl: "pkg:pypi/torch@2.5.1" }],
  });
  assert.equal(await verdict("bom.json", bom, "pkg:oci/app@sha256:aa"), "clean");
  assert.equal(await verdict("bom.json", bom, "pkg:oci/app@sha256:bb"), "affected");
  assert.equal(await verdict("requirements.txt", "torch==2.5.1\n", "acme-product"), "affected");
  assert.equal(
    await verdict("requirements.txt", "torch==2.5.1\n", "acme-product", { product: "acme-product" }),
    "clean",
  );
});

test(
  "every public VEX example is read",
  { skip: existsSync(corpus) ? false : `the corpus is not at ${corpus}` },
  (t) => {
    const files = ["bom-examples", "vex-guac"].flatMap((folder) =>
      ["dev", "heldout"].flatMap((half) => {
        const path = join(corpus, half, folder);
        return existsSync(path)
          ? readdirSync(path)
              .filter((name) => /vex\.json$|vex-|open-vex/.test(name))
              .map((name) => join(path, name))
          : [];
      }),
    );
    let statements = 0;
    for (const file of files) statements += parseVex(readFileSync(file, "utf8"), file).length;
    t.diagnostic(`VEX documents: ${files.length} read, ${statements} statements`);
    assert.ok(files.length >= 10 && statements > 50);
  },
);

test("a database that is old says so", async (t) => {
  const fresh = await judge(t, "requirements.txt", "requests==2.32.0\n");
  assert.deepEqual(fresh.findings, []);
  const later = await judge(t, "requirements.txt", "requests==2.32.0\n", { now: now + 30 * 86_400_000 });
  assert.deepEqual(
    later.findings.map(({ rule }) => rule),
    ["vulnerability/stale-database"],
  );
});

test("reads every kind of list", async (t) => {
  const cases: Readonly<Record<string, string>> = {
    "poetry.lock": '[[package]]\nname = "torch"\nversion = "2.5.1"\n',
    "uv.lock":
      'version = 1\n[[package]]\nname = "me"\nversion = "1"\nsource = { editable = "." }\n[[package]]\nname = "torch"\nversion = "2.5.1"\nsource = { registry = "https://pypi.org/simple" }\n',
    "pylock.toml": 'lock-version = "1.0"\n[[packages]]\nname = "torch"\nversion = "2.5.1"\n',
    "Pipfile.lock": JSON.stringify({ default: { torch: { version: "==2.5.1" } } }),
    "bom.json": JSON.stringify({
      bomFormat: "CycloneDX",
      components: [{ name: "app", components: [{ name: "torch", purl: "pkg:pypi/torch@2.5.1" }] }],
    }),
  };
  for (const [file, text] of Object.entries(cases))
    assert.deepEqual(verdicts(await judge(t, file, text)), ["torch affected"], file);
  const status =
    "Package: libssl3\nStatus: install ok installed\nSource: openssl (3.0.14-1~deb12u2)\nVersion: 3.0.14-1~deb12u2\n\nPackage: gone\nStatus: deinstall ok config-files\nVersion: 1\n";
  const debian = audit([readPackages(Buffer.from(status), "status", "Debian:12")], await database(t), { now });
  assert.deepEqual(verdicts(debian), ["openssl affected"]);
  assert.deepEqual(
    verdicts(audit([readPackages(Buffer.from(status), "status", "Debian:11")], await database(t), { now })),
    ["openssl clean"],
  );
  assert.throws(() => readPackages(Buffer.from("hello"), "notes.txt"), { code: "SUPPLY_INPUT_INVALID" });
});

test("imports a zip, keeps it in a file with its digest, and takes newer records over older ones", async (t) => {
  const folder = await folderOf(t, {});
  const [first] = records;
  const zip = join(folder, "all.zip");
  await writeFile(zip, storedZip({ "a.json": JSON.stringify(first), "readme.txt": "no record" }));
  const file = join(folder, "osv.sqlite");
  (await importOsv([zip], file, now))[Symbol.dispose]();
  const older = await folderOf(t, {
    "b.json": JSON.stringify({ ...first, modified: "2020-01-01T00:00:00Z", affected: [] }),
  });
  (await importOsv([older], file, now))[Symbol.dispose]();
  using opened = await openOsvDatabase(file);
  assert.equal(opened.info.records, 1);
  assert.equal(opened.recordsOf("PyPI", "TORCH").length, 1);
  assert.equal(opened.info.sources.length, 2);
  assert.match(opened.info.sources[0]?.digest ?? "", /^[0-9a-f]{64}$/);
  await assert.rejects(openOsvDatabase(zip), { code: "SUPPLY_INPUT_INVALID" });
});

test("refuses a zip that lies about its sizes, and leaves the database as it was", async (t) => {
  const folder = await folderOf(t, {});
  const zip = join(folder, "all.zip");
  const honest = storedZip({ "a.json": JSON.stringify(records[0]) });
  await writeFile(zip, honest);
  const file = join(folder, "osv.sqlite");
  (await importOsv([zip], file, now))[Symbol.dispose]();
  const lying = Buffer.from(honest);
  lying.writeUInt32LE(5, lying.lastIndexOf(Buffer.from("PK\u0001\u0002", "latin1")) + 24);
  await writeFile(join(folder, "lying.zip"), lying);
  await assert.rejects(importOsv([join(folder, "lying.zip")], file, now), { code: "SUPPLY_INPUT_INVALID" });
  await writeFile(join(folder, "cut.zip"), honest.subarray(0, honest.length - 30));
  await assert.rejects(importOsv([join(folder, "cut.zip")], file, now), { code: "SUPPLY_INPUT_INVALID" });
  using opened = await openOsvDatabase(file);
  assert.equal(opened.info.records, 1);
  assert.ok((await readFile(file)).length > 0);
});

/** A zip without compression. */
function storedZip(files: Readonly<Record<string, string>>): Buffer {
  const locals: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const [name, text] of Object.entries(files)) {
    const [data, label] = [Buffer.from(text), Buffer.from(name)];
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt32LE(crc32(data), 10);
    common.writeUInt32LE(data.length, 14);
    common.writeUInt32LE(data.length, 18);
    common.writeUInt16LE(label.length, 22);
    const local = Buffer.concat([Buffer.from("PK\u0003\u0004", "latin1"), common, label, data]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    central.push(Buffer.concat([Buffer.from("PK\u0001\u0002", "latin1"), Buffer.from([20, 0]), common, tail, label]));
    locals.push(local);
    offset += local.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.write("PK\u0005\u0006", "latin1");
  end.writeUInt16LE(central.length, 8);
  end.writeUInt16LE(central.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, directory, end]);
}
