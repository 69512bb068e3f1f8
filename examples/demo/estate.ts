/** What the demo estate consists of: which processes there are, what each is, and where it listens. */

export interface ServicePlan {
  /** The component that the service is. */
  readonly component: string;
  readonly what: string;
  readonly file: URL;
  /** The upstream of `cordon.yaml` that names its address. */
  readonly upstream: string;
  /** The address in `cordon.yaml` beside this file. */
  readonly listen: string;
  /** Outside the trust domain: has no identity, and no peer to accept. */
  readonly outside: boolean;
  /** The model that it serves: its folder among the demo's models. */
  readonly model?: string;
  /** It offers tools, and reads what it says of them from a file beside the models. */
  readonly offersTools?: true;
  /** The paths on the gateway that lead to it, and where they begin at the service. */
  readonly paths: Readonly<Record<string, string>>;
}

export const servicePlans: readonly ServicePlan[] = [
  {
    component: "chat",
    what: "the support model: follows instructions, uses tools, embeds (OpenAI's API)",
    file: new URL("./services/chat-endpoint.ts", import.meta.url),
    upstream: "chat",
    listen: "127.0.0.1:9411",
    outside: false,
    paths: { "/v1": "/v1" },
  },
  {
    component: "customer-store",
    what: "the customer data store: 5,000 synthetic customers",
    file: new URL("./services/customer-store.ts", import.meta.url),
    upstream: "training-data",
    listen: "127.0.0.1:9412",
    outside: false,
    paths: { "/customers": "/customers", "/training-data": "/training-data" },
  },
  {
    component: "help-pages",
    what: "the document store: the bank's help pages",
    file: new URL("./services/help-pages.ts", import.meta.url),
    upstream: "help-pages",
    listen: "127.0.0.1:9413",
    outside: false,
    paths: { "/help-pages": "/help-pages" },
  },
  {
    component: "help-index",
    what: "the vector index over the help pages",
    file: new URL("./services/help-index.ts", import.meta.url),
    upstream: "help-index",
    listen: "127.0.0.1:9414",
    outside: false,
    paths: { "/help-index": "/help-index" },
  },
  {
    component: "credit-model",
    what: "the credit-scoring model",
    file: new URL("./services/credit-scoring.ts", import.meta.url),
    upstream: "credit-model",
    listen: "127.0.0.1:9415",
    outside: false,
    model: "credit-model",
    paths: { "/credit": "" },
  },
  {
    component: "credit-model-1",
    what: "the credit-scoring model before that one, which answers where it may not",
    file: new URL("./services/credit-scoring.ts", import.meta.url),
    upstream: "credit-model-1",
    listen: "127.0.0.1:9418",
    outside: false,
    model: "credit-model-1",
    paths: {},
  },
  {
    component: "bank-tools",
    what: "the MCP tool server: tickets, exchange rates",
    file: new URL("./services/bank-tools.ts", import.meta.url),
    upstream: "bank-tools",
    listen: "127.0.0.1:9416",
    outside: false,
    offersTools: true,
    paths: { "/mcp": "/mcp" },
  },
  {
    component: "swift-tools",
    what: "another team's MCP tool server: SWIFT codes",
    file: new URL("./services/swift-tools.ts", import.meta.url),
    upstream: "swift-tools",
    listen: "127.0.0.1:9419",
    outside: false,
    offersTools: true,
    paths: { "/mcp-swift": "/mcp" },
  },
  {
    component: "partner",
    what: "the world outside: a partner's site; keeps what it is sent",
    file: new URL("./services/outside.ts", import.meta.url),
    upstream: "partner",
    listen: "127.0.0.1:9417",
    outside: true,
    paths: { "/web": "" },
  },
];
