// SPDX-License-Identifier: MIT
//
// A server of Node's http, with its timeouts as they are: node_.js FD
const http = require("http");

http.createServer((request, response) => {
    response.writeHead(200, { "Content-Type": "text/plain", "Content-Length": 13 });
    response.end("Hello, world!");
}).listen({ fd: Number(process.argv[2]) });
