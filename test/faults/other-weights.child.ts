/** Preloaded (`--import`) into a process and its threads: the encoder's weights are read from `OTHER_WEIGHTS`, or are not there. */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

const read = fs.readFileSync;
const other = process.env["OTHER_WEIGHTS"] ?? "";
fs.readFileSync = ((file: fs.PathOrFileDescriptor, options: BufferEncoding) =>
  read(file instanceof URL && file.pathname.endsWith("/encoder/weights.bin") ? other : file, options)) as typeof read;
syncBuiltinESMExports();
