/**
 * Programs that run whatever they are given. In: the path of an executable. Out: whether it is one of them. To know that
 * a process is Python says nothing of what it does, so such a program alone can be nobody's identity.
 */

const interpreters: ReadonlySet<string> = new Set([
  ...[
    "python",
    "pypy",
    "node",
    "nodejs",
    "deno",
    "bun",
    "ruby",
    "perl",
    "php",
    "lua",
    "luajit",
    "java",
    "dotnet",
    "mono",
  ],
  ...[
    "bash",
    "dash",
    "sh",
    "zsh",
    "ksh",
    "fish",
    "ash",
    "busybox",
    "toybox",
    "rscript",
    "r",
    "julia",
    "erl",
    "beam.smp",
  ],
  ...["pwsh", "tclsh", "wish", "guile", "scala", "elixir", "gawk", "mawk", "awk", "env", "gdb", "ld.so", "qemu"],
]);

/** Whether the file of this path runs other people's code: `python3.11`, `node`, `ld-linux-x86-64.so.2`. */
export function isInterpreter(path: string): boolean {
  const name = path.slice(path.lastIndexOf("/") + 1).toLowerCase();
  if (/^ld(?:-linux|-musl|64|32)?[-\w.]*\.so(?:\.\d+)?$/.test(name)) return true;
  // `python3.11`, `php8.2-fpm`, `ruby2.7`, `qemu-x86_64`
  return interpreters.has(name) || interpreters.has(name.replace(/[-\d.].*$/, ""));
}
