/** A model server whose streams begin and never end. In: nothing. Out: its port, by message. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

const server = createServer((request, response) => {
  request.resume();
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.write("data: begun\n\n");
});
server.keepAliveTimeout = 0;
server.requestTimeout = 0;
server.timeout = 0;
server.listen(0, "127.0.0.1", 8192, () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.on("disconnect", () => process.exit(0));
