/**
 * What every state store must do. In: how to make an empty database. Out: tests, the same for each adapter; the
 * sections are in the files beside this one.
 */
import { describe } from "node:test";
import { crashContract } from "./state-store-crash.contract.ts";
import { feedContract } from "./state-store-feed.contract.ts";
import { erasureContract } from "./state-store-erasure.contract.ts";
import type { CreateDatabase } from "./state-store-fixture.ts";
import { limitsContract } from "./state-store-limits.contract.ts";
import { recordsContract } from "./state-store-records.contract.ts";
import { modelContract } from "./state-store-model.contract.ts";
import { schemaContract } from "./state-store-schema.contract.ts";
import { shortLivedContract } from "./short-lived-records.contract.ts";
import { transactionContract } from "./state-store-transaction.contract.ts";

export function stateStoreContract(
  adapter: string,
  createDatabase: CreateDatabase,
  skip: string | false = false,
): void {
  describe(`state store on ${adapter}`, { skip }, () => {
    describe("objects and transactions", () => transactionContract(createDatabase));
    describe("working records", () => recordsContract(createDatabase));
    describe("erasure", () => erasureContract(createDatabase));
    describe("limits", () => limitsContract(createDatabase));
    describe("schema", () => schemaContract(createDatabase));
    describe("feed", () => feedContract(createDatabase));
    describe("short-lived records", () => shortLivedContract(createDatabase));
    describe("crashes", () => crashContract(createDatabase));
    describe("model", () => modelContract(createDatabase));
  });
}
