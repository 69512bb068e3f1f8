/** `namespace/name` of a tunnel: how messages and the ledger call it. */
export function qualifiedName(tunnel: { readonly namespace: string; readonly name: string }): string {
  return `${tunnel.namespace}/${tunnel.name}`;
}
