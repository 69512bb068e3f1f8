import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { controlGroupsOf, readStat, startTicksIn } from "./process-facts.ts";

const id = "0123456789abcdef".repeat(4);

const cases: readonly (readonly [string, string, ReturnType<typeof controlGroupsOf>])[] = [
  [
    "a system service",
    "0::/system.slice/assistant.service",
    { cgroup: "/system.slice/assistant.service", systemdUnit: "assistant.service" },
  ],
  [
    "a service of a user's own systemd proves nothing",
    "0::/user.slice/user-1000.slice/user@1000.service/app.slice/assistant.service",
    { cgroup: "/user.slice/user-1000.slice/user@1000.service/app.slice/assistant.service" },
  ],
  [
    "Docker under systemd",
    `0::/system.slice/docker-${id}.scope`,
    { cgroup: `/system.slice/docker-${id}.scope`, systemdUnit: `docker-${id}.scope`, container: id },
  ],
  [
    "containerd in Kubernetes",
    `0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-${id}.scope`,
    {
      cgroup: `/kubepods.slice/kubepods-pod1.slice/cri-containerd-${id}.scope`,
      systemdUnit: `cri-containerd-${id}.scope`,
      container: id,
    },
  ],
  [
    "Docker with cgroupfs",
    `12:memory:/docker/${id}\n1:name=systemd:/docker/${id}\n0::/`,
    { cgroup: `/docker/${id}`, container: id },
  ],
  [
    "a unit within a unit is the outer one's",
    "0::/system.slice/outer.service/inner.service",
    { cgroup: "/system.slice/outer.service/inner.service", systemdUnit: "outer.service" },
  ],
  [
    "a rootless container of a user's",
    `0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${id}.scope`,
    { cgroup: `/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${id}.scope` },
  ],
  ["a path above our namespace's root", "0::/../../assistant.service", {}],
  ["nothing", "", {}],
];

for (const [what, text, expected] of cases)
  test(`control groups: ${what}`, () => assert.deepEqual(controlGroupsOf(text), expected));

test("control groups: any text gives facts or none, never a failure", () => {
  fc.assert(fc.property(fc.string({ maxLength: 500 }), (text) => void controlGroupsOf(text)));
});

test("a program's name cannot forge the fields behind it", () => {
  const fields = ["S", "1", "2", "33", ...Array.from({ length: 15 }, () => "0"), "4711", "0"];
  assert.equal(startTicksIn(`7 (evil) S 9 9 9) ${fields.join(" ")}`), "4711");
});

test("our own facts are read, and a process that is gone is refused", async () => {
  const stat = await readStat(process.pid);
  assert.equal(stat.parent, process.ppid);
  await assert.rejects(readStat(4_194_305), { code: "ACCESS_DENIED" });
});
