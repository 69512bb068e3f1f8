import assert from "node:assert/strict";
import { test } from "node:test";
import { emptyRoot, GrowingTree, leafHash, nodeHash, rootOf } from "./merkle.ts";

/** The inputs and roots of the RFC 6962 reference implementation's test suite, the one other logs are checked against. */
const leaves = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
const roots = [
  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
  "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
  "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
  "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
  "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
  "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
  "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
  "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

test("roots are those of the RFC 6962 reference tests, at every size from 0 to 8", () => {
  const tree = new GrowingTree();
  assert.equal(hex(tree.root()), roots[0]);
  assert.equal(hex(emptyRoot), roots[0]);
  for (const [i, leaf] of leaves.entries()) {
    tree.push(leafHash(Buffer.from(leaf, "hex")));
    assert.equal(hex(tree.root()), roots[i + 1], `size ${i + 1}`);
  }
});

test("a leaf that spells a node does not hash as one", () => {
  const [left, right] = [leafHash(Buffer.from("a")), leafHash(Buffer.from("b"))];
  assert.notDeepEqual(leafHash(Buffer.concat([left, right])), nodeHash(left, right));
  assert.notDeepEqual(leafHash(Buffer.concat([Buffer.of(1), left, right])), nodeHash(left, right));
});

test("a tree grown from subtrees has the root of one grown from leaves", () => {
  const hashes = Array.from({ length: 13 }, (_, i) => leafHash(Buffer.from([i])));
  const tree = new GrowingTree();
  tree.push(rootOf(hashes.slice(0, 8)), 3);
  tree.push(rootOf(hashes.slice(8, 12)), 2);
  tree.push(hashes[12] as Uint8Array);
  assert.equal(tree.size, 13);
  assert.deepEqual(tree.root(), rootOf(hashes));
});

test("swapping, dropping or repeating an entry changes the root", () => {
  const [a, b, c] = ["a", "b", "c"].map((text) => leafHash(Buffer.from(text))) as [Buffer, Buffer, Buffer];
  const all = [[a, b, c], [b, a, c], [a, b], [a, b, c, c], [a, b, b], [c]].map((each) => hex(rootOf(each)));
  assert.equal(new Set(all).size, all.length);
});
