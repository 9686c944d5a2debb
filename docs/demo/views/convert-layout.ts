import type { ConvertLayout } from "authjs-lazy/pages"

/** What the convert page has around it: the same as our own pages. */
export const convertLayout: ConvertLayout = ({ title, content, head, nonce }) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} · Notes</title>
<link rel="icon" href="/icon.svg">
${head}
<link rel="stylesheet" href="/styles.css" nonce="${nonce}">
</head>
<body>
<header><a class="brand" href="/"><img src="/icon.svg" alt="" width="24" height="24"> Notes</a></header>
<main>${content}</main>
</body>
</html>
`
