import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

/** The configuration that the documentation shows. */
export const DOCUMENTED = (() => {
  const page = readFileSync(fileURLToPath(new URL("../../docs/proxies.md", import.meta.url)), "utf8")
  const block = /```nginx\n([\s\S]*?)```/.exec(page)?.[1]
  if (block === undefined) throw new Error("docs/proxies.md shows no configuration of nginx.")
  return block
})()

/** A server with these directives, as short as people write them. */
export const server = (directives: string[], listen = "443 ssl") => `
  server {
    listen ${listen};
    server_name app.example.com;
    ${listen === "80" ? "" : "ssl_certificate /etc/ssl/app.pem; ssl_certificate_key /etc/ssl/app.key;"}
    location / { proxy_pass http://127.0.0.1:3000; ${directives.map((each) => `${each};`).join(" ")} }
  }`
export const set = (name: string, value: string) => `proxy_set_header ${name} ${value}`
/** Header lines as people write them for nginx. */
export const PROTO = set("X-Forwarded-Proto", "$scheme")
export const FOR = set("X-Forwarded-For", "$proxy_add_x_forwarded_for")
export const HOST = set("Host", "$http_host")
const FORWARDED_HOST = set("X-Forwarded-Host", "$host:$server_port")

/** Proxies from the outermost to the innermost, by how they tell the address that visitors use. */
export const TELLING: Record<string, string[]> = {
  "as documented": [DOCUMENTED],
  "HTTP/1.0 to the app": [server([HOST, PROTO, FOR])],
  unbuffered: [
    server([HOST, PROTO, FOR, "proxy_buffering off", "proxy_request_buffering off", "proxy_http_version 1.1"]),
  ],
  "X-Forwarded-Host, and Host as nginx makes it": [server([FORWARDED_HOST, PROTO, FOR])],
  "two proxies, both in one list": [
    DOCUMENTED,
    server(
      [
        HOST,
        set("X-Forwarded-Proto", '"$http_x_forwarded_proto, $scheme"'),
        set("X-Forwarded-Host", '"$http_x_forwarded_host, $http_host"'),
        FOR,
      ],
      "80",
    ),
  ],
  "two proxies, the inner one passes on": [DOCUMENTED, server([HOST, FOR], "80")],
}
export const SILENT: Record<string, string[]> = {
  nothing: [server([])],
  "Host without its port": [server([set("Host", "$host"), PROTO, FOR])],
  "X-Forwarded-Host without a port": [server([set("X-Forwarded-Host", "$host"), PROTO])],
  "two proxies, the inner one says http": [DOCUMENTED, server([HOST, PROTO, FOR], "80")],
  "Forwarded (RFC 7239) alone": [server([set("Forwarded", '"for=$remote_addr;host=$http_host;proto=$scheme"')])],
}
