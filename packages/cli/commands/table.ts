import type { CommandTable } from "../command.ts";

/** Every command, in the order that `cordon help` lists them. Each is loaded only when it is called. */
export const commands: CommandTable = {
  up: {
    summary: "control plane, gateway and ledger in one process; --demo with a small estate to try it on",
    load: () => import("./up.ts"),
  },
  init: {
    summary: "write a commented cordon.yaml for what runs on this machine",
    load: () => import("./init.ts"),
  },
  status: { summary: "what is enforced, by which version, and what is not", load: () => import("./status.ts") },
  doctor: {
    summary: "what is wrong on this machine, where, and what to do; who can walk round Cordon",
    load: () => import("./doctor.ts"),
  },
  run: { summary: "give a process an identity: cordon run --as COMPONENT -- CMD", load: () => import("./run.ts") },
  login: { summary: "sign the command line in as a person, by passkey", load: () => import("./login.ts") },
  delegate: { summary: "let a workload act for you, for minutes", load: () => import("./delegate.ts") },
  "grant request": {
    summary: "ask for a permission for a while, with a reason",
    load: () => import("./grant/request.ts"),
  },
  "grant list": { summary: "grants that wait or hold", load: () => import("./grant/list.ts") },
  "grant show": { summary: "everything about one grant", load: () => import("./grant/list.ts") },
  "grant approve": { summary: "say yes to a request, with a passkey", load: () => import("./grant/approve.ts") },
  "grant deny": { summary: "say no to a request, with a passkey", load: () => import("./grant/approve.ts") },
  "grant revoke": { summary: "end a grant at once", load: () => import("./grant/revoke.ts") },
  "people invite": { summary: "a code with which somebody enrols", load: () => import("./people/invite.ts") },
  "people list": { summary: "who is enrolled, and how", load: () => import("./people/list.ts") },
  "oauth list": { summary: "programs that act for people, and for whom", load: () => import("./oauth/list.ts") },
  "oauth disable": { summary: "a program acts for nobody any more", load: () => import("./oauth/disable.ts") },
  "people recover": {
    summary: "back in with a sealed recovery code: a code to enrol anew",
    load: () => import("./people/recover.ts"),
  },
  "people lock": { summary: "shut an account, or open it again", load: () => import("./people/lock.ts") },
  "incident list": {
    summary: "open incidents, and those that were closed lately",
    load: () => import("./incident/list.ts"),
  },
  "incident show": {
    summary: "everything about one incident, and what a playbook is told of it",
    load: () => import("./incident/show.ts"),
  },
  "incident open": {
    summary: "open an incident: it weighs on what it names, at once",
    load: () => import("./incident/open.ts"),
  },
  "incident close": {
    summary: "close an incident: it weighs on nothing more",
    load: () => import("./incident/close.ts"),
  },
  inspect: {
    summary: "verdicts for texts on standard input: attacks, personal data, secrets",
    load: () => import("./inspect.ts"),
  },
  agent: {
    summary: "the SPIFFE Workload API of this machine: identities for its registered processes",
    load: () => import("./agent.ts"),
  },
  "tunnel serve": {
    summary: "the server's end of a tunnel, before a database or the like",
    load: () => import("./tunnel/serve.ts"),
  },
  tunnel: {
    summary: "a local port that leads to a component: any TCP protocol, decided per connection",
    load: () => import("./tunnel/open.ts"),
  },
  "config check": {
    summary: "check a configuration, with the line of each problem",
    load: () => import("./config/check.ts"),
  },
  "config schema": {
    summary: "print the configuration's JSON Schema, for editors",
    load: () => import("./config/schema.ts"),
  },
  "policy check": { summary: "check policies against the schema", load: () => import("./policy/check.ts") },
  "policy observed": {
    summary: "when what is only observed can be enforced",
    load: () => import("./policy/observed.ts"),
  },
  "policy reach": {
    summary: "who can reach what, and what would follow from a compromise",
    load: () => import("./policy/reach.ts"),
  },
  "policy diff": { summary: "what a changed configuration would let through", load: () => import("./policy/diff.ts") },
  "policy test": { summary: "run tables of requests and expected answers", load: () => import("./policy/test.ts") },
  "policy unused": { summary: "policies that do nothing", load: () => import("./policy/unused.ts") },
  "policy replay": {
    summary: "what a configuration would have said to what the ledger holds",
    load: () => import("./policy/replay.ts"),
  },
  "policy suggest": {
    summary: "least-privilege policies from what the ledger saw",
    load: () => import("./policy/suggest.ts"),
  },
  "device list": { summary: "enrolled devices and their posture", load: () => import("./device/list.ts") },
  "device enrol": {
    summary: "enrol a device: its key stays on it; a one-time token for its agent",
    load: () => import("./device/enrol.ts"),
  },
  "device retire": {
    summary: "a device counts no more; what stood on it is cut",
    load: () => import("./device/retire.ts"),
  },
  "risk explain": {
    summary: "what the risk of a decision was made of; what each signal weighs",
    load: () => import("./risk/explain.ts"),
  },
  "risk what-if": {
    summary: "set signals: the score, each contribution, and the decision it leads to",
    load: () => import("./risk/what-if.ts"),
  },
  "mcp pins": {
    summary: "the pins of the tools that an MCP server offers now",
    load: () => import("./mcp/pins.ts"),
  },
  "mcp wrap": {
    summary: "an MCP server of standard input and output, reachable through the gateway alone",
    load: () => import("./mcp/wrap.ts"),
  },
  "identity list": { summary: "components and the identities they hold", load: () => import("./identity/list.ts") },
  "identity issue": { summary: "issue an identity to a component", load: () => import("./identity/issue.ts") },
  "identity revoke": {
    summary: "revoke an identity; its live streams are cut",
    load: () => import("./identity/revoke.ts"),
  },
  "identity bundle": {
    summary: "print the trust domain's public authorities, as JSON or PEM",
    load: () => import("./identity/bundle.ts"),
  },
  "identity join-token": {
    summary: "print a one-time token with which a node's agent enrols",
    load: () => import("./identity/join-token.ts"),
  },
  "identity nodes": {
    summary: "nodes whose agents may ask for identities; --evict puts one out",
    load: () => import("./identity/nodes.ts"),
  },
  "identity federate": {
    summary: "other trust domains: their bundles, ours, and fetching one to compare",
    load: () => import("./identity/federate.ts"),
  },
  "identity authority": {
    summary: "the trust domain's own keys: list, prepare, activate, taint, retire; export to a mesh",
    load: () => import("./identity/authority.ts"),
  },
  "console pair": {
    summary: "print a one-time code that pairs a browser with the console",
    load: () => import("./console/pair.ts"),
  },
  "console keys": { summary: "browsers that are paired with the console", load: () => import("./console/keys.ts") },
  "console revoke": {
    summary: "unpair a browser; its live view ends",
    load: () => import("./console/revoke.ts"),
  },
  "egress proxy": {
    summary: "a proxy on loopback that leads outside, as a component or as yourself",
    load: () => import("./egress/proxy.ts"),
  },
  "egress list": {
    summary: "what each principal has carried outside: bytes, requests, refusals",
    load: () => import("./egress/list.ts"),
  },
  "egress ca": {
    summary: "whom clients trust, to have their requests to the outside looked into",
    load: () => import("./egress/ca.ts"),
  },
  "flow list": {
    summary: "sessions, what each has read, and the entries that made it so",
    load: () => import("./flow/list.ts"),
  },
  "flow declassify": {
    summary: "what a session has read counts for less; recorded, with why",
    load: () => import("./flow/declassify.ts"),
  },
  "model verify": {
    summary: "is this the model that a trusted signer signed? OMS bundles, offline",
    load: () => import("./model/verify.ts"),
  },
  "model sign": { summary: "sign a model or dataset as an OMS bundle", load: () => import("./model/sign.ts") },
  "model digest": {
    summary: "hash manifest of a model that nobody signed, and its check",
    load: () => import("./model/digest.ts"),
  },
  "model verify-artifact": {
    summary: "one file against its Sigstore bundle",
    load: () => import("./model/verify-artifact.ts"),
  },
  "model scan": {
    summary: "what could these model files do when they are loaded; nothing in them is executed",
    load: () => import("./model/scan.ts"),
  },
  "model admit": {
    summary: "may this model serve? policy over all evidence; a signed admission",
    load: () => import("./model/admit.ts"),
  },
  "model rescan": {
    summary: "scan what a component serves again, by today's rules; what fails is withdrawn",
    load: () => import("./model/rescan.ts"),
  },
  "model withdraw": {
    summary: "a component's model serves no more; its streams are cut, its fallback answers",
    load: () => import("./model/withdraw.ts"),
  },
  "model card": {
    summary: "does a model's card say what it must, and does it belong to these weights",
    load: () => import("./model/card.ts"),
  },
  "model bom": { summary: "bill of materials of a model", load: () => import("./model/bom.ts") },
  "data profile": {
    summary: "learn ranges, categories and distance of a model's inputs, for inspection",
    load: () => import("./data/profile.ts"),
  },
  "data screen": {
    summary: "screen training data for poison: labels, floods, triggers, outliers",
    load: () => import("./data/screen.ts"),
  },
  "data tokenize": {
    summary: "put tokens in the place of personal data and secrets in a text, for a component",
    load: () => import("./data/tokenize.ts"),
  },
  "data detokenize": {
    summary: "put values back where tokens stand, as policy lets a component",
    load: () => import("./data/detokenize.ts"),
  },
  "bom generate": {
    summary: "bill of materials of a model, a repository or an estate (CycloneDX 1.7, SPDX 3)",
    load: () => import("./bom/generate.ts"),
  },
  "bom validate": { summary: "is this a valid CycloneDX BOM", load: () => import("./bom/validate.ts") },
  "bom score": {
    summary: "how much of the G7's minimum elements for AI does a BOM state",
    load: () => import("./bom/score.ts"),
  },
  "bom diff": { summary: "what changed between two BOMs", load: () => import("./bom/diff.ts") },
  "bom audit": {
    summary: "known vulnerabilities and malware in lock files, lists and BOMs, offline",
    load: () => import("./bom/audit.ts"),
  },
  "bom scorecard": {
    summary: "judge OpenSSF Scorecard results of the libraries by a policy",
    load: () => import("./bom/scorecard.ts"),
  },
  "bom import-osv": {
    summary: "make a vulnerability database of OSV exports",
    load: () => import("./bom/import-osv.ts"),
  },
  "ledger verify": {
    summary: "check a ledger folder offline, against its key and a checkpoint",
    load: () => import("./ledger/verify.ts"),
  },
  "ledger prove": {
    summary: "print a receipt: the proof that one entry is in the ledger",
    load: () => import("./ledger/prove.ts"),
  },
  "ledger search": { summary: "find entries", load: () => import("./ledger/search.ts") },
  "ledger export": { summary: "write entries as JSON lines", load: () => import("./ledger/export.ts") },
};
