import assert from "node:assert/strict";
import { test } from "node:test";
import { addressProblem } from "./addresses.ts";

test("public addresses are dialled", () => {
  for (const address of ["93.184.215.14", "1.1.1.1", "2606:4700:4700::1111", "::ffff:1.1.1.1"])
    assert.equal(addressProblem(address, false), undefined, address);
});

test("inner addresses are dialled only where the destination says so", () => {
  for (const address of [
    "127.0.0.1",
    "10.0.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "::1",
    "fd12::1",
    "::ffff:10.0.0.1",
  ]) {
    assert.match(addressProblem(address, false) ?? "", /privateAddresses/, address);
    assert.equal(addressProblem(address, true), undefined, address);
  }
});

test("metadata services, link-local, multicast and what leads to IPv4 by other ways are never dialled", () => {
  for (const address of [
    ...[
      "169.254.169.254",
      "::ffff:169.254.169.254",
      "::ffff:a9fe:a9fe",
      "100.100.100.200",
      "168.63.129.16",
      "fd00:ec2::254",
    ],
    ...["fd20:ce::254", "0.0.0.0", "::", "255.255.255.255", "224.0.0.1", "240.0.0.1", "192.0.0.192", "198.18.0.1"],
    ...["fe80::1", "fe80::1%eth0", "ff02::1", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1", "2001:0:1::1", "::127.0.0.1"],
    ...["fec0::1", "4000::1", "0177.0.0.1", "localhost", ""],
  ])
    assert.notEqual(addressProblem(address, true), undefined, address);
});
